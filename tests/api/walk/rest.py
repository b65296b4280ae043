"""The lines of agreements, Changes, search and imports of OKRs in the table of the access walk."""

from headway.agreements.models import Impediment
from headway.lib import clock
from headway.live.models import Change
from headway.okr.actions import create_objective
from headway.sync.models import Import
from tests.api.walk import Op
from tests.world import World

OKRS = b"Objective,Key Result,From,To\nEasy orders,Repeat orders without a call,30,50\n"

OPERATIONS = {
    "list_decisions": Op("read"),
    "get_decision": Op("read"),
    "record_decision": Op("decide", {"title": "Phone", "because": "Calls", "team_key": "{team_key}"}),
    "set_outcome": Op("decide", {"held": True, "outcome": "It held"}),
    "list_impediments": Op("read"),
    "get_impediment": Op("read"),
    "raise_impediment": Op("raise_impediment", {"title": "No test phone"}),
    "own_impediment": Op("raise_impediment", {"owner_id": "{cy_id}"}),
    "resolve_impediment": Op("raise_impediment", {}),
    "list_changes": Op("read"),
    "get_change": Op("read"),
    "undo_change": Op("write_okr", scope="read"),
    "search": Op("read", query="?q=easy"),
    "list_okr_imports": Op("read"),
    "get_okr_import": Op("read"),
    "import_okrs": Op("write_okr", form={"file": OKRS, "dry_run": "true"}),
    "undo_okr_import": Op("write_okr", can_do=False),
}


def places(world: World) -> dict[str, object]:
    impediment = Impediment.objects.create(team=world.team, title="Slow tests", raised_on=clock.today())
    create_objective(world.cycle, by=world.ana, title="Walked", team=world.team)
    run = Import.objects.create(
        organisation=world.organisation,
        team=world.team,
        provider="okrs",
        file_name="a.md",
        state="undone",
        created_at=clock.now(),
    )
    return {
        "impediment_id": impediment.pk,
        "change_id": Change.objects.filter(name="objective.created").latest("pk").pk,
        "import_id": run.pk,
    }
