"""The lines of OKRs in the table of the access walk."""

from headway.agreements.models import Decision
from headway.lib import clock
from headway.okr.models import CheckIn
from tests.api.walk import Op
from tests.world import World, make_cycle, make_key_result, make_measurement, make_objective

NUMBERS = {"baseline": 30, "target": 50}

OPERATIONS = {
    "list_objectives": Op("read"),
    "get_objective": Op("read"),
    "create_objective": Op("write_okr", {"cycle_id": "{cycle_id}", "title": "Easy", "team_key": "{team_key}"}),
    "edit_objective": Op("write_okr", {"title": "Easier"}),
    "move_objective": Op("write_okr", {"to": 0}),
    "archive_objective": Op("write_okr"),
    "restore_objective": Op("write_okr"),
    "list_key_results": Op("read"),
    "get_key_result": Op("read"),
    "get_key_result_outlook": Op("read"),
    "create_key_result": Op("write_okr", {"objective_id": "{objective_id}", "title": "Calls", **NUMBERS}),
    "edit_key_result": Op("write_okr", {"title": "Calls a day", "owner_id": None}),
    "move_key_result": Op("write_okr", {"to": 0}),
    "archive_key_result": Op("write_okr"),
    "restore_key_result": Op("write_okr"),
    "align_key_result": Op("write_okr"),
    "unalign_key_result": Op("write_okr"),
    "list_measurements": Op("read"),
    "measure": Op("measure", {"value": 35}),
    "get_measurement": Op("read"),
    "correct_measurement": Op("measure", {"value": 36}),
    "withdraw_measurement": Op("measure"),
    "list_check_ins": Op("read"),
    "check_in": Op("measure", {"confidence": 6, "text": "Steady"}),
    "check_in_all": Op("measure", {"check_ins": [{"key_result_id": "{key_result_id}", "value": 3}]}),
    "get_check_in": Op("read"),
}


def places(world: World) -> dict[str, object]:
    above = make_key_result(make_objective(make_cycle(world.organisation, "Above"), "Loved by shops"), "Shops")
    check_in = CheckIn.objects.create(key_result=world.key_result, on=clock.today(), text="Begun")
    decision = Decision.objects.create(
        organisation=world.organisation,
        team=world.team,
        title="Phone first",
        because="Fewer calls",
        decided_on=clock.today(),
    )
    return {
        "objective_id": world.objective.pk,
        "key_result_id": world.key_result.pk,
        "upper_id": above.pk,
        "measurement_id": make_measurement(world.key_result, 33).pk,
        "check_in_id": check_in.pk,
        "decision_id": decision.pk,
    }
