"""A Sprint saved with its aim leaves one Change, whose undo takes both back."""

import datetime as dt

import pytest
from django.test import Client

from headway.live.history import CannotUndo, undo
from headway.live.models import Change
from headway.people.access import Forbidden
from headway.scrum.actions import close_sprint, edit_sprint
from headway.scrum.models import Sprint
from headway.value.actions import plan_sprint, replan_sprint, set_sprint_aim
from headway.value.models import SprintAim
from tests.world import World, make_key_result, make_sprint, make_world

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> World:
    return make_world()


def changes() -> list[str]:
    return list(Change.objects.filter(name__startswith="sprint.").order_by("pk").values_list("name", flat=True))


def aim_of(sprint: Sprint) -> int | None:
    return SprintAim.objects.filter(sprint=sprint).values_list("key_result", flat=True).first()


def test_fields_and_aim_are_one_change_and_one_undo(world: World) -> None:
    sprint = make_sprint(world.team, goal="Old")
    change = replan_sprint(sprint, world.key_result, by=world.ana, goal="New", ends_on=sprint.ends_on)
    assert change is not None
    assert changes() == ["sprint.replanned"]
    assert aim_of(sprint) == world.key_result.pk
    back = undo(change, by=world.bo)
    sprint.refresh_from_db()
    assert (sprint.goal, aim_of(sprint)) == ("Old", None)
    undo(back, by=world.bo)
    sprint.refresh_from_db()
    assert (sprint.goal, aim_of(sprint)) == ("New", world.key_result.pk)
    assert changes() == ["sprint.replanned"] * 3


def test_what_alone_changed_is_named_alone_and_nothing_is_nothing(world: World) -> None:
    sprint = make_sprint(world.team, goal="Old")
    replan_sprint(sprint, None, by=world.ana, goal="New")
    replan_sprint(sprint, world.key_result, by=world.ana, goal="New")
    assert replan_sprint(sprint, world.key_result, by=world.ana, goal="New") is None
    assert changes() == ["sprint.edited", "sprint.aimed"]


def test_it_is_not_taken_back_over_what_another_wrote_since(world: World) -> None:
    sprint = make_sprint(world.team, goal="Old")
    for act in (
        lambda: edit_sprint(sprint, by=world.bo, goal="Bo's"),
        lambda: set_sprint_aim(sprint, make_key_result(world.objective, "Other"), by=world.bo),
    ):
        change = replan_sprint(sprint, world.key_result, by=world.ana, goal="New")
        assert change is not None
        act()
        wrote = (Sprint.objects.get(pk=sprint.pk).goal, aim_of(sprint))
        with pytest.raises(CannotUndo, match="Bo "):
            undo(change, by=world.ana)
        assert (Sprint.objects.get(pk=sprint.pk).goal, aim_of(sprint)) == wrote
        set_sprint_aim(sprint, None, by=world.bo)


def test_a_sprint_that_is_over_stays_as_it_is(world: World) -> None:
    sprint = make_sprint(world.team, goal="Old")
    change = replan_sprint(sprint, world.key_result, by=world.ana, goal="New")
    assert change is not None
    close_sprint(sprint, by=world.ana)
    with pytest.raises(CannotUndo, match="is over"):
        undo(change, by=world.ana)


def test_who_does_not_plan_changes_neither(world: World) -> None:
    sprint = make_sprint(world.team, goal="Old")
    for actor in (world.cy, world.di):
        with pytest.raises(Forbidden):
            replan_sprint(sprint, world.key_result, by=actor, goal="New")
        with pytest.raises(Forbidden):
            plan_sprint(world.team, world.key_result, by=actor)
    assert changes() == []


def test_a_new_sprint_with_an_aim_is_taken_back_whole_from_its_page(world: World) -> None:
    client = Client()
    client.force_login(world.people["ana"])
    day = dt.date(2026, 11, 2)
    form = {"goal": "Ship", "aim": world.key_result.pk, "starts_on": day, "ends_on": day + dt.timedelta(days=11)}
    answer = client.post("/t/ANT/sprints/", form)
    assert answer.status_code == 302
    assert changes() == ["sprint.created"]
    change = Change.objects.get(name="sprint.created")
    assert f"/changes/{change.pk}/undo/" in client.get(answer["Location"]).content.decode()
    client.post(answer["Location"], {**form, "name": "First", "goal": "Ship it", "aim": ""})
    assert changes() == ["sprint.created", "sprint.replanned"]
    undo(Change.objects.latest("pk"), by=world.ana)
    undo(change, by=world.ana)
    assert not Sprint.objects.exists()
    assert not SprintAim.objects.exists()
