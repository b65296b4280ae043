import pytest
from django.core.exceptions import ValidationError

from headway.live.history import CannotUndo, undo
from headway.live.models import Change
from headway.okr import actions
from headway.okr.models import Objective
from headway.people.access import Forbidden
from headway.people.models import Unit
from tests.world import make_cycle, make_key_result, make_objective, make_world

pytestmark = pytest.mark.django_db


def last_change() -> Change:
    return Change.objects.latest("id")


def test_an_objective_is_written_after_the_others_and_taken_back():
    world = make_world()
    objective = actions.create_objective(world.cycle, by=world.bo, title="  Orders are right ", team=world.team)
    assert (objective.title, objective.position) == ("Orders are right", 1)
    change = last_change()
    assert (change.name, change.team_id) == ("objective.created", world.team.pk)
    undo(change, by=world.ana)
    assert not Objective.objects.filter(pk=objective.pk).exists()


def test_one_that_has_key_results_is_not_taken_back():
    world = make_world()
    objective = actions.create_objective(world.cycle, by=world.bo, title="Orders are right", team=world.team)
    make_key_result(objective)
    with pytest.raises(CannotUndo):
        undo(Change.objects.get(name="objective.created"), by=world.bo)


def test_the_organisation_and_a_unit_have_their_own():
    world = make_world()
    unit = Unit.objects.create(organisation=world.organisation, name="Care")
    above = actions.create_objective(world.cycle, by=world.bo, title="Nobody runs out")
    middle = actions.create_objective(world.cycle, by=world.bo, title="Care answers", unit=unit)
    assert (above.team, above.unit, middle.unit, middle.position) == (None, None, unit, 0)


def test_faults_are_named_by_field():
    world = make_world()
    foreign = make_cycle(world.other_team.organisation)
    with pytest.raises(ValidationError) as refused:
        actions.create_objective(world.cycle, by=world.bo, title="", team=world.team)
    assert list(refused.value.message_dict) == ["title"]
    with pytest.raises(ValidationError) as refused:
        actions.edit_objective(world.objective, by=world.bo, cycle=foreign)
    assert list(refused.value.message_dict) == ["cycle"]


def test_developers_readers_and_strangers_write_none():
    world = make_world()
    for actor in (world.cy, world.di, world.eve):
        with pytest.raises(Forbidden):
            actions.create_objective(world.cycle, by=actor, title="Mine", team=world.team)
        with pytest.raises(Forbidden):
            actions.edit_objective(world.objective, by=actor, title="Mine")


def test_the_order_moves_and_comes_back_unless_it_moved_since():
    world = make_world()
    second, third = (
        make_objective(world.cycle, title, team=world.team, position=n) for n, title in [(1, "b"), (2, "c")]
    )

    def order() -> list[str]:
        return [o.title[0] for o in Objective.objects.filter(team=world.team)]

    actions.move_objective(third, by=world.bo, to=0)
    assert order() == ["c", "O", "b"]
    first = last_change()
    actions.move_objective(second, by=world.bo, to=0)
    with pytest.raises(CannotUndo):
        undo(first, by=world.bo)
    undo(last_change(), by=world.bo)
    undo(first, by=world.bo)
    assert order() == ["O", "b", "c"]
    actions.move_objective(world.objective, by=world.bo, to=0)
    assert last_change().undoes == first


def test_archiving_takes_it_and_its_key_results_away_and_back():
    world = make_world()
    actions.archive_objective(world.objective, by=world.bo)
    assert not world.key_result.__class__.objects.active().exists()
    undo(last_change(), by=world.bo)
    assert world.key_result.__class__.objects.active().exists()
    actions.archive_objective(world.objective, by=world.bo)
    actions.restore_objective(world.objective, by=world.bo)
    assert Objective.objects.active().filter(pk=world.objective.pk).exists()
