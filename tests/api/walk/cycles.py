"""The cycles' lines in the table of the access walk."""

from tests.api.walk import Op
from tests.world import World, make_cycle

OPERATIONS = {
    "list_cycles": Op("read"),
    "get_cycle": Op("read"),
    "create_cycle": Op("manage_cycles", {"name": "Next", "starts_on": "2027-01-01", "ends_on": "2027-03-31"}),
    "edit_cycle": Op("manage_cycles", {"name": "Other"}),
    "archive_cycle": Op("manage_cycles"),
    "restore_cycle": Op("manage_cycles"),
}


def places(world: World) -> dict[str, object]:
    return {"cycle_id": make_cycle(world.organisation, "Walked").pk}
