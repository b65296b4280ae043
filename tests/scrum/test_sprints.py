"""Sprints: planned, started, filled, closed with a reason, and taken back."""

import datetime as dt

import pytest
from django.core.exceptions import ValidationError

from headway.lib import clock
from headway.live.history import CannotUndo, undo
from headway.live.models import Change
from headway.people.access import Forbidden
from headway.scrum import actions
from headway.scrum.models import Category, Item, Sprint, SprintStay
from tests.world import World, make_item, make_sprint, make_world

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> World:
    return make_world()


def last_change(name: str) -> Change:
    return Change.objects.filter(name=name).latest("pk")


def test_the_next_sprint_follows_the_last_and_is_as_long_as_the_teams_are(world: World) -> None:
    first = actions.create_sprint(world.team, by=world.ana)
    second = actions.create_sprint(world.team, by=world.bo, goal=" One tap ")
    assert (first.number, first.name, first.starts_on) == (1, "Sprint 1", clock.today())
    assert second.starts_on == first.starts_on + dt.timedelta(days=14)
    assert (second.number, second.goal, (second.ends_on - second.starts_on).days) == (2, "One tap", 13)


def test_dates_in_the_wrong_order_are_refused(world: World) -> None:
    day = dt.date(2026, 3, 2)
    with pytest.raises(ValidationError) as caught:
        actions.create_sprint(world.team, by=world.ana, starts_on=day, ends_on=day - dt.timedelta(days=1))
    assert "ends_on" in caught.value.message_dict


def test_planning_is_for_scrum_master_and_product_owner(world: World) -> None:
    sprint = actions.create_sprint(world.team, by=world.ana)
    for actor in (world.cy, world.di, world.eve):
        with pytest.raises(Forbidden):
            actions.create_sprint(world.team, by=actor)
        with pytest.raises(Forbidden):
            actions.start_sprint(sprint, by=actor)
        with pytest.raises(Forbidden):
            actions.close_sprint(sprint, by=actor)


def test_edit_and_back(world: World) -> None:
    sprint = make_sprint(world.team)
    actions.edit_sprint(sprint, by=world.bo, goal="One tap", ends_on=sprint.ends_on + dt.timedelta(days=1))
    actions.edit_sprint(sprint, by=world.bo, goal="One tap")
    assert Change.objects.count() == 1
    change = last_change("sprint.edited")
    undo(change, by=world.bo)
    sprint.refresh_from_db()
    assert sprint.goal == ""
    actions.edit_sprint(sprint, by=world.bo, goal="Two taps")
    again = last_change("sprint.edited")
    actions.edit_sprint(sprint, by=world.ana, goal="Three taps")
    with pytest.raises(CannotUndo, match="Ana Abel"):
        undo(again, by=world.bo)


def test_one_sprint_runs_at_a_time(world: World) -> None:
    first, second = (actions.create_sprint(world.team, by=world.ana) for _ in range(2))
    assert actions.start_sprint(first, by=world.ana).started_at is not None
    actions.start_sprint(first, by=world.ana)
    assert Change.objects.filter(name="sprint.started").count() == 1
    with pytest.raises(ValidationError, match="Sprint 1 still runs"):
        actions.start_sprint(second, by=world.ana)
    undo(last_change("sprint.started"), by=world.ana)
    assert actions.start_sprint(second, by=world.ana).started_at is not None


def test_a_new_sprint_is_taken_back_while_it_is_empty(world: World) -> None:
    sprint = actions.create_sprint(world.team, by=world.ana)
    change = last_change("sprint.created")
    item = actions.add_to_sprint(make_item(world.team), sprint, by=world.ana)
    with pytest.raises(CannotUndo):
        undo(change, by=world.ana)
    undo(last_change("item.planned"), by=world.ana)
    item.refresh_from_db()
    assert item.sprint is None


def test_a_new_sprint_without_items_goes(world: World) -> None:
    actions.create_sprint(world.team, by=world.ana)
    undo(last_change("sprint.created"), by=world.ana)
    assert not Sprint.objects.exists()


def test_planning_fills_and_from_the_start_the_developers_too(world: World) -> None:
    sprint = actions.create_sprint(world.team, by=world.ana)
    item = make_item(world.team)
    with pytest.raises(Forbidden):
        actions.add_to_sprint(item, sprint, by=world.cy)
    actions.start_sprint(sprint, by=world.ana)
    item = actions.add_to_sprint(item, sprint, by=world.cy)
    assert item.sprint == sprint
    actions.add_to_sprint(item, sprint, by=world.cy)
    assert Change.objects.filter(name="item.planned").count() == 1
    item = actions.take_out_of_sprint(item, by=world.cy)
    stay = SprintStay.objects.get()
    assert item.sprint is None
    assert stay.removed_at is not None
    undo(last_change("item.unplanned"), by=world.cy)
    item.refresh_from_db()
    assert item.sprint == sprint
    assert SprintStay.objects.filter(removed_at=None).count() == 1


def test_many_into_a_sprint_is_one_change(world: World) -> None:
    first, second = make_sprint(world.team, 1), make_sprint(world.team, 2, starts_in=10)
    items = [make_item(world.team, str(n)) for n in range(3)]
    actions.add_to_sprint(items[0], first, by=world.ana)
    change = actions.add_items_to_sprint(items, second, by=world.ana)
    assert change is not None
    assert set(Item.objects.values_list("sprint", flat=True)) == {second.pk}
    assert SprintStay.objects.filter(removed_at=None).count() == 3
    undo(change, by=world.ana)
    assert list(Item.objects.in_order().values_list("sprint", flat=True)) == [first.pk, None, None]
    assert list(SprintStay.objects.filter(removed_at=None).values_list("sprint", flat=True)) == [first.pk]


def test_undo_of_planning_is_refused_by_name(world: World) -> None:
    sprint = make_sprint(world.team)
    item = make_item(world.team)
    actions.add_to_sprint(item, sprint, by=world.cy)
    change = last_change("item.planned")
    actions.take_out_of_sprint(item, by=world.bo)
    with pytest.raises(CannotUndo, match="Bo Berg changed ANT-1"):
        undo(change, by=world.cy)


def test_close_asks_what_becomes_of_open_items(world: World) -> None:
    sprint = make_sprint(world.team)
    following = actions.create_sprint(world.team, by=world.ana)
    open_item, done_item = make_item(world.team, "Open"), make_item(world.team, "Ready", category=Category.DONE)
    actions.add_items_to_sprint([open_item, done_item], sprint, by=world.ana)
    with pytest.raises(ValidationError, match="ANT-1"):
        actions.close_sprint(sprint, by=world.ana, carry_to=following)
    actions.close_sprint(sprint, by=world.ana, carry_to=following, reason="The contract came late")
    open_item.refresh_from_db()
    done_item.refresh_from_db()
    assert (open_item.sprint, done_item.sprint) == (following, sprint)
    change = last_change("sprint.closed")
    assert change.after["reason"] == "The contract came late"
    assert change.after["carried"] == [open_item.pk]
    undo(change, by=world.ana)
    open_item.refresh_from_db()
    sprint.refresh_from_db()
    assert (open_item.sprint, sprint.closed_at) == (sprint, None)
    assert list(SprintStay.objects.filter(item=open_item).values_list("sprint", "removed_at")) == [(sprint.pk, None)]


def test_close_sends_open_items_back_to_the_backlog(world: World) -> None:
    sprint = make_sprint(world.team)
    item = actions.add_to_sprint(make_item(world.team), sprint, by=world.ana)
    actions.close_sprint(sprint, by=world.bo, reason="No longer wanted")
    item.refresh_from_db()
    assert item.sprint is None
    actions.close_sprint(sprint, by=world.bo)
    assert Change.objects.filter(name="sprint.closed").count() == 1


def test_a_sprint_with_nothing_open_needs_no_reason(world: World) -> None:
    assert actions.close_sprint(make_sprint(world.team), by=world.ana).closed_at is not None


def test_undo_of_closing_is_refused_where_the_carried_items_went_on(world: World) -> None:
    sprint = make_sprint(world.team)
    following = actions.create_sprint(world.team, by=world.ana)
    item = actions.add_to_sprint(make_item(world.team), sprint, by=world.ana)
    actions.close_sprint(sprint, by=world.ana, carry_to=following, reason="Late")
    actions.take_out_of_sprint(item, by=world.bo)
    with pytest.raises(CannotUndo, match="Bo Berg"):
        undo(last_change("sprint.closed"), by=world.ana)


def test_what_is_over_keeps_its_items(world: World) -> None:
    sprint = make_sprint(world.team)
    done = actions.add_to_sprint(make_item(world.team, category=Category.DONE), sprint, by=world.ana)
    actions.close_sprint(sprint, by=world.ana)
    with pytest.raises(ValidationError, match="is over"):
        actions.take_out_of_sprint(done, by=world.ana)
    with pytest.raises(ValidationError, match="is over"):
        actions.add_to_sprint(make_item(world.team), sprint, by=world.ana)
    with pytest.raises(ValidationError, match="is over"):
        actions.edit_sprint(sprint, by=world.ana, goal="Late")


def test_carry_over_only_into_an_open_sprint_of_the_team(world: World) -> None:
    sprint = make_sprint(world.team)
    for other in (sprint, make_sprint(world.other_team)):
        with pytest.raises(ValidationError) as caught:
            actions.close_sprint(sprint, by=world.ana, carry_to=other)
        assert "carry_to" in caught.value.message_dict
