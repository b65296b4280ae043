import datetime as dt

import pytest
from django.core.exceptions import ValidationError

from headway.live.history import CannotUndo, undo
from headway.live.models import Change
from headway.okr import actions
from headway.okr.models import Cycle
from headway.okr.queries import current_cycle, cycle_choices
from headway.people.access import Forbidden
from tests.world import make_cycle, make_objective, make_world

pytestmark = pytest.mark.django_db

FIRST, LAST = dt.date(2026, 10, 1), dt.date(2026, 12, 31)


def last_change() -> Change:
    return Change.objects.latest("id")


def test_a_cycle_is_made_recorded_and_taken_back():
    world = make_world()
    cycle = actions.create_cycle(world.organisation, by=world.ana, name=" Q4 2026 ", starts_on=FIRST, ends_on=LAST)
    assert cycle.name == "Q4 2026"
    assert last_change().name == "cycle.created"
    undo(last_change(), by=world.ana)
    assert not Cycle.objects.filter(pk=cycle.pk).exists()


def test_a_cycle_with_objectives_is_not_taken_back():
    world = make_world()
    cycle = actions.create_cycle(world.organisation, by=world.ana, name="Q4", starts_on=FIRST, ends_on=LAST)
    change = last_change()
    make_objective(cycle)
    with pytest.raises(CannotUndo, match="Archive"):
        undo(change, by=world.ana)


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"name": " "}, "name"),
        ({"name": "This quarter"}, "name"),
        ({"ends_on": FIRST}, "ends_on"),
    ],
)
def test_what_is_wrong_is_said_by_field(fields, field):
    world = make_world()
    with pytest.raises(ValidationError) as refused:
        actions.create_cycle(
            world.organisation, by=world.ana, **{"name": "Q4", "starts_on": FIRST, "ends_on": LAST, **fields}
        )
    assert list(refused.value.message_dict) == [field]


def test_developers_readers_and_strangers_make_no_cycle():
    world = make_world()
    for actor in (world.cy, world.di, world.eve):
        with pytest.raises(Forbidden):
            actions.create_cycle(world.organisation, by=actor, name="Q4", starts_on=FIRST, ends_on=LAST)


def test_an_edit_is_put_back_unless_somebody_edited_since():
    world = make_world()
    actions.edit_cycle(world.cycle, by=world.ana, name="Autumn")
    first = last_change()
    actions.edit_cycle(world.cycle, by=world.bo, name="Fall")
    with pytest.raises(CannotUndo, match="name"):
        undo(first, by=world.ana)
    undo(last_change(), by=world.bo)
    undo(first, by=world.ana)
    world.cycle.refresh_from_db()
    assert world.cycle.name == "This quarter"


def test_nothing_is_recorded_where_nothing_changes():
    world = make_world()
    actions.edit_cycle(world.cycle, by=world.ana, name="This quarter")
    actions.restore_cycle(world.cycle, by=world.ana)
    assert not Change.objects.filter(name__startswith="cycle.").exists()


def test_an_archived_cycle_leaves_the_choices_and_comes_back():
    world = make_world()
    today = world.cycle.starts_on
    actions.archive_cycle(world.cycle, by=world.ana)
    assert cycle_choices(world.organisation, today=today) == []
    assert [c.is_archived for c in cycle_choices(world.organisation, today=today, archived=True)] == [True]
    actions.restore_cycle(world.cycle, by=world.ana)
    assert [c.name for c in cycle_choices(world.organisation, today=today)] == ["This quarter"]


def test_the_current_cycle_is_the_shortest_that_runs_then_the_last_then_the_next():
    world = make_world()
    today = world.cycle.starts_on + dt.timedelta(days=10)
    make_cycle(
        world.organisation, "The year", starts_on=today - dt.timedelta(days=200), ends_on=today + dt.timedelta(160)
    )
    assert current_cycle(world.organisation, today) == world.cycle
    assert current_cycle(world.organisation, today + dt.timedelta(days=500)).name == "The year"
    assert current_cycle(world.organisation, today - dt.timedelta(days=900)).name == "The year"
    Cycle.objects.all().delete()
    assert current_cycle(world.organisation, today) is None
