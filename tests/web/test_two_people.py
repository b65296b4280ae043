"""Two people change one thing in the settings: fields merge, and the second is told who wrote what in the same one."""

import html
import json
import re
from dataclasses import replace

import pytest
from django.test import Client
from django.utils.html import escape

from headway.live.history import undo
from headway.live.models import Change
from headway.okr.models import Cycle
from headway.people.actions import create_unit, edit_organisation, edit_person, edit_team, edit_unit, set_roles
from headway.people.models import Role, TeamRole
from headway.scrum.actions import edit_column, edit_columns
from headway.scrum.models import Column
from tests.web.test_shared_form import client_of, seen_in
from tests.world import World, make_world

pytestmark = pytest.mark.django_db

COLUMNS = "/t/ANT/settings/columns/"


@pytest.fixture
def world() -> World:
    found = make_world()
    return replace(found, bo=replace(found.bo, is_administrator=True))


def opened(client: Client, address: str, holding: str) -> dict[str, list[str]]:
    """Return what a browser sends of the form on a page that has a field of this name, untouched."""
    page = client.get(address).content.decode()
    for found in re.findall(r'name="seen" value="([^"]*)"', page):
        seen = html.unescape(found)
        if holding in json.loads(seen):
            return json.loads(seen) | {"seen": [seen]}
    raise AssertionError(f"no form with {holding} on {address}")


def test_the_organisation_s_fields_merge_and_the_same_one_is_told(world: World) -> None:
    ana = client_of(world, "ana")
    address = "/settings/organisation/"
    mine = opened(ana, address, "strategy")
    edit_organisation(world.organisation, by=world.bo, currency="CHF")
    assert ana.post(address, mine | {"strategy": "Fewer calls"}).status_code == 302
    world.organisation.refresh_from_db()
    assert (world.organisation.currency, world.organisation.strategy) == ("CHF", "Fewer calls")

    mine = opened(ana, address, "strategy") | {"currency": "USD"}
    edit_organisation(world.organisation, by=world.bo, currency="GBP")
    answer = ana.post(address, mine)
    assert answer.status_code == 422
    assert escape("Bo Berg changed this meanwhile to “GBP") in answer.content.decode()
    world.organisation.refresh_from_db()
    assert world.organisation.currency == "GBP"
    assert ana.post(address, mine | {"seen": seen_in(answer.content.decode())}).status_code == 302
    world.organisation.refresh_from_db()
    assert world.organisation.currency == "USD"


def test_a_team_s_fields_merge(world: World) -> None:
    ana = client_of(world, "ana")
    mine = opened(ana, "/t/ANT/settings/", "sprint_days")
    edit_team(world.team, by=world.bo, working_days=[0, 1, 2])
    assert ana.post("/t/ANT/settings/", mine | {"reserve": "25"}).status_code == 302
    world.team.refresh_from_db()
    assert (world.team.working_days, world.team.reserve) == ([0, 1, 2], 0.25)
    mine = opened(ana, "/t/ANT/settings/", "sprint_days") | {"sprint_days": "7"}
    edit_team(world.team, by=world.bo, sprint_days=21)
    answer = ana.post("/t/ANT/settings/", mine)
    assert escape("Bo Berg changed this meanwhile to “21”") in answer.content.decode()


def test_a_unit_a_cycle_and_a_name_merge(world: World) -> None:
    ana = client_of(world, "ana")
    above = create_unit(world.organisation, by=world.bo, name="Trade")
    unit = create_unit(world.organisation, by=world.bo, name="Shops")
    address = f"/settings/units/{unit.pk}/"
    mine = opened(ana, address, "parent") | {"name": "Markets"}
    edit_unit(unit, by=world.bo, name="Shops", parent=above)
    assert ana.post(address, mine).status_code == 302
    unit.refresh_from_db()
    assert (unit.name, unit.parent) == ("Markets", above)

    cycle = Cycle.objects.get(pk=world.objective.cycle_id)
    address = f"/settings/cycles/{cycle.pk}/"
    mine = opened(ana, address, "starts_on") | {"name": "Spring"}
    Cycle.objects.filter(pk=cycle.pk).update(ends_on=cycle.ends_on.replace(day=20))
    assert ana.post(address, mine).status_code == 302
    was, cycle = cycle, Cycle.objects.get(pk=cycle.pk)
    assert (cycle.name, cycle.ends_on) == ("Spring", was.ends_on.replace(day=20))

    mine = opened(ana, "/settings/me/", "name") | {"kind": "name", "name": "Ana A."}
    edit_person(world.people["ana"], by=world.ana, name="Ana B.")
    answer = ana.post("/settings/me/", mine)
    assert escape("changed this meanwhile to “Ana B.”") in answer.content.decode()


def test_columns_merge_cell_by_cell_as_one_step(world: World) -> None:
    ana = client_of(world, "ana")
    todo, doing, done = Column.objects.filter(team=world.team)
    mine = opened(ana, "/t/ANT/settings/", f"name-{todo.pk}") | {"do": "save", f"limit-{doing.pk}": "3"}
    edit_column(doing, by=world.bo, name="Doing")
    edit_column(done, by=world.bo, name="Delivered")
    assert ana.post(COLUMNS, mine | {f"name-{todo.pk}": "Ready"}).status_code == 302
    assert columns_of(world) == [("Ready", None), ("Doing", 3), ("Delivered", None)]
    change = Change.objects.latest("pk")
    assert (change.name, sorted(change.after)) == ("columns.edited", sorted([str(todo.pk), str(doing.pk)]))
    undo(change, by=world.ana)
    assert columns_of(world) == [("To do", None), ("Doing", None), ("Delivered", None)]
    undo(Change.objects.latest("pk"), by=world.ana)
    assert columns_of(world)[0] == ("Ready", None)


def test_one_cell_of_a_column_that_both_wrote_is_told_by_who_wrote_it(world: World) -> None:
    ana = client_of(world, "ana")
    doing = Column.objects.get(team=world.team, name="In progress")
    mine = opened(ana, "/t/ANT/settings/", f"name-{doing.pk}") | {"do": "save", f"name-{doing.pk}": "Busy"}
    edit_columns(world.team, [(doing, {"name": "Doing"})], by=world.bo)
    edit_column(doing, by=world.ana, limit=2)
    answer = ana.post(COLUMNS, mine)
    page = answer.content.decode()
    assert answer.status_code == 422
    assert escape("Bo Berg changed this meanwhile to “Doing”") in page
    assert 'value="Busy"' in page
    now = next(one for one in re.findall(r'name="seen" value="([^"]*)"', page) if f"name-{doing.pk}" in one)
    again = {**mine, **json.loads(html.unescape(now)), "seen": html.unescape(now), f"name-{doing.pk}": "Busy"}
    assert ana.post(COLUMNS, again).status_code == 302
    doing.refresh_from_db()
    assert (doing.name, doing.limit) == ("Busy", 2)


def test_columns_may_swap_their_names(world: World) -> None:
    todo, doing, _done = Column.objects.filter(team=world.team)
    change = edit_columns(world.team, [(todo, {"name": doing.name}), (doing, {"name": todo.name})], by=world.ana)
    assert change is not None
    assert [name for name, _limit in columns_of(world)] == ["In progress", "To do", "Done"]
    undo(change, by=world.ana)
    assert [name for name, _limit in columns_of(world)] == ["To do", "In progress", "Done"]


def test_each_one_s_change_of_roles_is_kept(world: World) -> None:
    ana = client_of(world, "ana")
    shown = ["developer"]
    set_roles(world.team, world.people["cy"], [Role.DEVELOPER, Role.STAKEHOLDER], by=world.bo)
    sent = {"kind": "set", "person": world.people["cy"].pk, "was": shown, "roles": ["developer", "scrum_master"]}
    assert ana.post("/t/ANT/people/", sent).status_code == 302
    held = TeamRole.objects.filter(team=world.team, person=world.people["cy"]).values_list("role", flat=True)
    assert sorted(held) == ["developer", "scrum_master", "stakeholder"]


def columns_of(world: World) -> list[tuple[str, int | None]]:
    return list(Column.objects.filter(team=world.team).values_list("name", "limit"))
