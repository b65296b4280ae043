import pytest
from django.core.exceptions import ValidationError

from headway.agreements.models import Decision
from headway.lib import clock
from headway.live.history import CannotUndo, undo
from headway.live.models import Change
from headway.okr import actions
from headway.okr.models import KeyResult
from headway.okr.queries import key_result_page
from headway.people.access import Forbidden
from headway.value.models import Serves
from tests.world import make_item, make_key_result, make_measurement, make_world

pytestmark = pytest.mark.django_db


def last_change() -> Change:
    return Change.objects.latest("id")


def write(world, **fields):
    fields = {"title": "New patients who finish their first order", "unit": "%", "baseline": 44, "target": 60} | fields
    return actions.create_key_result(world.objective, by=world.bo, **fields)


def test_a_key_result_is_written_with_a_short_name_of_two_words():
    world = make_world()
    key_result = write(world)
    assert (key_result.short_name, key_result.position) == ("New patients", 1)
    assert last_change().name == "key_result.created"
    undo(last_change(), by=world.bo)
    assert not KeyResult.objects.filter(pk=key_result.pk).exists()


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"title": ""}, "title"),
        ({"target": 44}, "target"),
        ({"target": 30}, "direction"),
        ({"direction": "decrease"}, "direction"),
        ({"baseline": float("nan")}, "baseline"),
        ({"upper": 3}, "upper"),
        ({"direction": "stay_within"}, "target"),
        ({"direction": "stay_within", "target": None}, "upper"),
        ({"direction": "stay_within", "target": None, "lower": 5, "upper": 2}, "upper"),
        ({"klass": "guardrail"}, "direction"),
        ({"short_name": "x" * 41}, "short_name"),
        ({"worth": -1}, "worth"),
        ({"type": "wish"}, "type"),
    ],
)
def test_faults_are_named_by_field(fields, field):
    world = make_world()
    with pytest.raises(ValidationError) as refused:
        write(world, **fields)
    assert list(refused.value.message_dict) == [field]


def test_a_guardrail_needs_one_limit_only():
    world = make_world()
    guardrail = write(
        world, klass="guardrail", direction="stay_within", baseline=None, target=None, upper=2.5, title="Sent back"
    )
    assert guardrail.is_guardrail


def test_an_owner_of_another_organisation_is_refused():
    world = make_world()
    with pytest.raises(ValidationError) as refused:
        write(world, owner=world.people["eve"])
    assert list(refused.value.message_dict) == ["owner"]


def test_developers_readers_and_strangers_write_none():
    world = make_world()
    for actor in (world.cy, world.di, world.eve):
        with pytest.raises(Forbidden):
            actions.create_key_result(world.objective, by=actor, title="Mine")
        with pytest.raises(Forbidden):
            actions.edit_key_result(world.key_result, by=actor, title="Mine")


def test_before_it_is_measured_a_target_changes_freely():
    world = make_world()
    actions.edit_key_result(world.key_result, by=world.bo, target=55)
    assert not Decision.objects.exists()
    assert last_change().after["target"] == 55


def test_after_it_is_measured_a_target_changes_by_a_decision_only():
    world = make_world()
    make_measurement(world.key_result, 40)
    with pytest.raises(ValidationError) as refused:
        actions.edit_key_result(world.key_result, by=world.bo, target=45.0)
    assert list(refused.value.message_dict) == ["reason"]

    actions.edit_key_result(world.key_result, by=world.bo, target=45.0, reason="Half of the shops closed.")
    decision = Decision.objects.get()
    assert decision.because == "Half of the shops closed."
    assert "50 %" in decision.title
    assert "45 %" in decision.title
    assert decision.subject_id == world.key_result.pk
    page = key_result_page(world.key_result, today=clock.today())
    assert page.row.progress.score == pytest.approx(10 / 15)
    assert [(e.terms.target, e.score) for e in page.earlier] == [(50.0, pytest.approx(0.5))]


def test_taking_back_a_changed_target_takes_its_decision_back_unless_measured_since():
    world = make_world()
    make_measurement(world.key_result, 40)
    actions.edit_key_result(world.key_result, by=world.bo, target=45, reason="Half of the shops closed.")
    change = last_change()
    undo(change, by=world.bo)
    world.key_result.refresh_from_db()
    assert world.key_result.target == 50
    assert not Decision.objects.exists()
    with pytest.raises(CannotUndo, match="reason"):  # taking that back would be a silent change
        undo(last_change(), by=world.bo)

    actions.edit_key_result(world.key_result, by=world.bo, target=45, reason="Half of the shops closed.")
    change = last_change()
    make_measurement(world.key_result, 41)
    with pytest.raises(CannotUndo, match="measured"):
        undo(change, by=world.bo)


def test_words_change_without_a_reason():
    world = make_world()
    make_measurement(world.key_result, 40)
    actions.edit_key_result(world.key_result, by=world.bo, title="Repeat orders, no call", owner=world.people["cy"])
    undo(last_change(), by=world.bo)
    world.key_result.refresh_from_db()
    assert (world.key_result.title, world.key_result.owner) == ("Repeat orders without a call", None)


def test_a_missing_baseline_is_filled_in_without_a_reason():
    world = make_world()
    learning = make_key_result(world.objective, baseline=None, target=None)
    make_measurement(learning, 12)
    actions.edit_key_result(learning, by=world.bo, baseline=12, target=20)
    learning.refresh_from_db()
    assert (learning.baseline, learning.target) == (12, 20)


def test_one_that_work_serves_is_not_taken_back():
    world = make_world()
    key_result = write(world)
    change = last_change()
    Serves.objects.create(item=make_item(world.team), key_result=key_result, at=clock.now())
    with pytest.raises(CannotUndo, match="Archive"):
        undo(change, by=world.bo)


def test_it_moves_among_its_siblings():
    world = make_world()
    second = write(world)
    actions.move_key_result(second, by=world.bo, to=0)
    assert list(KeyResult.objects.filter(objective=world.objective)) == [second, world.key_result]
    undo(last_change(), by=world.bo)
    assert list(KeyResult.objects.filter(objective=world.objective)) == [world.key_result, second]


def test_it_is_archived_and_restored():
    world = make_world()
    actions.archive_key_result(world.key_result, by=world.bo)
    assert not KeyResult.objects.active().exists()
    actions.restore_key_result(world.key_result, by=world.bo)
    assert KeyResult.objects.active().exists()


def test_alignment_goes_up_only():
    world = make_world()
    above = make_key_result(actions.create_objective(world.cycle, by=world.bo, title="Above"), "Upper")
    actions.align(world.key_result, by=world.bo, upper=above)
    changes = Change.objects.count()
    actions.align(world.key_result, by=world.bo, upper=above)
    assert Change.objects.count() == changes
    for low, up in [(above, world.key_result), (above, above)]:
        with pytest.raises(ValidationError):
            actions.align(low, by=world.bo, upper=up)
    undo(last_change(), by=world.bo)
    assert not world.key_result.contributes_to.exists()
    undo(last_change(), by=world.bo)
    assert world.key_result.contributes_to.exists()
    actions.unalign(world.key_result, by=world.bo, upper=above)
    assert not world.key_result.contributes_to.exists()
