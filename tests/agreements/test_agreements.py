import datetime as dt

import pytest
from django.core.exceptions import ValidationError

from headway.agreements import actions
from headway.agreements.models import Decision, Impediment
from headway.agreements.queries import decisions_on, open_impediments
from headway.lib import clock
from headway.live.history import CannotUndo, undo
from headway.live.models import Change
from headway.people.access import Forbidden
from tests.world import make_world

pytestmark = pytest.mark.django_db


def last_change() -> Change:
    return Change.objects.latest("id")


def decide(world, **fields):
    fields = {"title": "Stop part two", "because": "Six in a hundred used part one."} | fields
    return actions.record_decision(world.team, by=world.bo, **fields)


def test_a_decision_is_recorded_about_something_and_taken_back():
    world = make_world()
    decision = decide(world, subject=world.key_result, review_on=clock.today() + dt.timedelta(days=30))
    assert [d.title for d in decisions_on(world.key_result)] == ["Stop part two"]
    assert (decision.organisation, decision.team, last_change().name) == (
        world.organisation,
        world.team,
        "decision.recorded",
    )
    undo(last_change(), by=world.bo)
    assert not Decision.objects.exists()


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"title": " "}, "title"),
        ({"because": ""}, "because"),
        ({"decided_on": dt.date(2999, 1, 1)}, "decided_on"),
        ({"decided_on": dt.date(2020, 1, 2), "review_on": dt.date(2020, 1, 1)}, "review_on"),
    ],
)
def test_faults_of_a_decision_are_named_by_field(fields, field):
    world = make_world()
    with pytest.raises(ValidationError) as refused:
        decide(world, **fields)
    assert list(refused.value.message_dict) == [field]


def test_developers_readers_and_strangers_do_not_decide():
    world = make_world()
    for actor in (world.cy, world.di, world.eve):
        with pytest.raises(Forbidden):
            actions.record_decision(world.team, by=actor, title="Mine", because="So")


def test_its_outcome_is_said_in_a_sentence_and_stays():
    world = make_world()
    decision = decide(world)
    change = last_change()
    with pytest.raises(ValidationError):
        actions.set_outcome(decision, by=world.ana, held=True, outcome="")
    actions.set_outcome(decision, by=world.ana, held=True, outcome="Nobody missed it.")
    with pytest.raises(CannotUndo):
        undo(change, by=world.bo)
    undo(last_change(), by=world.ana)
    decision.refresh_from_db()
    assert (decision.held, decision.outcome) == (None, "")


def test_an_impediment_is_raised_held_and_resolved():
    world = make_world()
    week_ago = clock.today() - dt.timedelta(days=7)
    impediment = actions.raise_impediment(
        world.team, by=world.cy, title="No contract", asked="Legal", raised_on=week_ago
    )
    actions.own_impediment(impediment, by=world.ana, owner_id=world.people["ana"].pk)
    [row] = open_impediments(world.team, today=clock.today())
    assert (row.title, row.owner, row.age_days) == ("No contract", "Ana Abel", 7)
    actions.resolve_impediment(impediment, by=world.ana)
    assert open_impediments(world.team, today=clock.today()) == []
    for _step in range(2):
        undo(Change.objects.filter(undone_by=None, undoes=None).latest("id"), by=world.ana)
    impediment.refresh_from_db()
    assert (impediment.owner, impediment.resolved_on) == (None, None)
    undo(Change.objects.get(name="impediment.raised"), by=world.cy)
    assert not Impediment.objects.exists()


def test_one_that_somebody_took_up_is_not_taken_back():
    world = make_world()
    impediment = actions.raise_impediment(world.team, by=world.cy, title="No contract")
    change = last_change()
    actions.own_impediment(impediment, by=world.ana, owner_id=world.people["ana"].pk)
    with pytest.raises(CannotUndo):
        undo(change, by=world.cy)


def test_faults_of_an_impediment():
    world = make_world()
    today = clock.today()
    with pytest.raises(ValidationError):
        actions.raise_impediment(world.team, by=world.cy, title="  ")
    with pytest.raises(ValidationError):
        actions.raise_impediment(world.team, by=world.cy, title="Soon", raised_on=today + dt.timedelta(days=1))
    impediment = actions.raise_impediment(world.team, by=world.cy, title="No contract")
    with pytest.raises(ValidationError):
        actions.own_impediment(impediment, by=world.cy, owner_id=world.people["eve"].pk)
    with pytest.raises(ValidationError):
        actions.resolve_impediment(impediment, by=world.cy, on=today - dt.timedelta(days=1))
    for actor in (world.di, world.eve):
        with pytest.raises(Forbidden):
            actions.raise_impediment(world.team, by=actor, title="No")
