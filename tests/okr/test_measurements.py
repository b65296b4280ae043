import datetime as dt

import pytest
from django.core.exceptions import ValidationError

from headway.lib import clock
from headway.live.history import CannotUndo, undo
from headway.live.models import Change
from headway.okr import actions
from headway.okr.models import CheckIn, Measurement
from headway.okr.queries import key_result_page, progress_of
from headway.people.access import Forbidden
from tests.world import make_world

pytestmark = pytest.mark.django_db


def last_change() -> Change:
    return Change.objects.latest("id")


def now(world):
    return progress_of([world.key_result], clock.today())[world.key_result.pk].now


def test_a_developer_measures_and_takes_it_back():
    world = make_world()
    measurement = actions.measure(world.key_result, by=world.cy, value=35.5, source="order log")
    assert (measurement.measured_on, measurement.by) == (clock.today(), world.people["cy"])
    assert now(world) == 35.5
    undo(last_change(), by=world.cy)
    assert now(world) is None
    undo(last_change(), by=world.cy)  # and back again
    assert now(world) == 35.5


def test_readers_and_strangers_do_not_measure():
    world = make_world()
    for actor in (world.di, world.eve):
        with pytest.raises(Forbidden):
            actions.measure(world.key_result, by=actor, value=35)
        with pytest.raises(Forbidden):
            actions.check_in(world.key_result, by=actor, confidence=5)


def test_a_day_to_come_and_no_number_are_refused_and_a_day_before_the_cycle_is_history():
    world = make_world()
    with pytest.raises(ValidationError) as refused:
        actions.measure(world.key_result, by=world.cy, value=float("inf"), on=clock.today() + dt.timedelta(days=1))
    assert set(refused.value.message_dict) == {"value", "on"}
    actions.measure(world.key_result, by=world.cy, value=29, on=world.cycle.starts_on - dt.timedelta(days=1))
    progress = progress_of([world.key_result], clock.today())[world.key_result.pk]
    assert (progress.now, progress.is_history, progress.moved, progress.score) == (29, True, None, None)


def test_an_archived_key_result_is_not_measured():
    world = make_world()
    actions.archive_key_result(world.key_result, by=world.bo)
    world.key_result.refresh_from_db()
    with pytest.raises(ValidationError):
        actions.measure(world.key_result, by=world.cy, value=35)


def test_a_correction_counts_and_keeps_the_old_value():
    world = make_world()
    wrong = actions.measure(world.key_result, by=world.cy, value=350)
    right = actions.correct_measurement(wrong, by=world.bo, value=35.0)
    assert now(world) == 35
    page = key_result_page(world.key_result, today=clock.today())
    assert [(m.value, m.counts) for m in page.measurements] == [(350, False), (35, True)]
    with pytest.raises(ValidationError):
        actions.correct_measurement(wrong, by=world.bo, value=36)
    undo(Change.objects.get(name="measurement.corrected"), by=world.bo)
    assert now(world) == 350
    again = actions.correct_measurement(wrong, by=world.bo, value=36)
    assert now(world) == 36
    right.refresh_from_db()
    assert (right.corrects_id, again.corrects_id) == (None, wrong.pk)


def test_a_corrected_value_is_not_taken_back_before_its_correction():
    world = make_world()
    wrong = actions.measure(world.key_result, by=world.cy, value=350)
    change = last_change()
    actions.correct_measurement(wrong, by=world.cy, value=35)
    with pytest.raises(CannotUndo, match="correct"):
        undo(change, by=world.cy)


def test_the_same_value_is_no_correction():
    world = make_world()
    measurement = actions.measure(world.key_result, by=world.cy, value=35)
    assert actions.correct_measurement(measurement, by=world.cy, value=35) == measurement
    assert Measurement.objects.count() == 1


def test_a_withdrawn_value_counts_no_more_but_stays():
    world = make_world()
    measurement = actions.measure(world.key_result, by=world.cy, value=35)
    actions.withdraw_measurement(measurement, by=world.cy)
    assert now(world) is None
    assert Measurement.objects.count() == 1
    with pytest.raises(ValidationError):
        actions.withdraw_measurement(measurement, by=world.cy)
    undo(last_change(), by=world.cy)
    assert now(world) == 35


def test_a_check_in_measures_and_says_how_sure_we_are():
    world = make_world()
    actions.check_in(world.key_result, by=world.cy, value=34, confidence=5, next_step="Watch five people")
    progress = progress_of([world.key_result], clock.today())[world.key_result.pk]
    assert (progress.now, progress.confidence) == (34, 5)
    assert last_change().name == "key_result.checked_in"


def test_a_changed_confidence_needs_a_sentence():
    world = make_world()
    actions.check_in(world.key_result, by=world.cy, confidence=5)
    actions.check_in(world.key_result, by=world.cy, confidence=5)
    with pytest.raises(ValidationError) as refused:
        actions.check_in(world.key_result, by=world.cy, confidence=3)
    assert list(refused.value.message_dict) == ["text"]
    actions.check_in(world.key_result, by=world.cy, confidence=3, text="The form was not the problem.")
    progress = progress_of([world.key_result], clock.today())[world.key_result.pk]
    assert (progress.confidence, progress.confidence_before) == (3, 5)


@pytest.mark.parametrize(
    ("fields", "field"),
    [({}, "confidence"), ({"confidence": 11}, "confidence"), ({"confidence": 5, "next_step": "x" * 301}, "next_step")],
)
def test_faults_of_a_check_in_are_named_by_field(fields, field):
    world = make_world()
    with pytest.raises(ValidationError) as refused:
        actions.check_in(world.key_result, by=world.cy, **fields)
    assert list(refused.value.message_dict) == [field]


def test_a_check_in_is_taken_back_with_its_value_unless_that_was_corrected():
    world = make_world()
    actions.check_in(world.key_result, by=world.cy, value=34, confidence=5)
    undo(last_change(), by=world.cy)
    assert now(world) is None
    assert not CheckIn.objects.exists()
    checked = actions.check_in(world.key_result, by=world.cy, value=340, confidence=5)
    change = last_change()
    actions.correct_measurement(checked.measurement, by=world.cy, value=34)
    with pytest.raises(CannotUndo):
        undo(change, by=world.cy)
    page = key_result_page(world.key_result, today=clock.today())
    assert page.check_ins[0].confidence == 5
