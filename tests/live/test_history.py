"""record() and undo(): one Change in the action's transaction, or nothing."""

import pytest
from django.db import transaction

from headway.live.history import CannotUndo, is_undoable, record, undo
from headway.live.models import Change
from headway.people import actions
from tests.world import World, make_world

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> World:
    return make_world()


@pytest.mark.django_db(transaction=True)
def test_record_outside_a_transaction_is_a_mistake_of_the_program() -> None:
    world = make_world()
    with pytest.raises(RuntimeError, match="transaction"):
        record("team.poked", by=world.ana, subject=world.team)


@pytest.mark.django_db(transaction=True)
def test_a_failed_action_leaves_no_change() -> None:
    world = make_world()

    def fail() -> None:
        with transaction.atomic():
            record("team.poked", by=world.ana, subject=world.team)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert not Change.objects.exists()


def test_a_change_says_who_what_and_where(world: World) -> None:
    change = record("team.poked", by=world.cy, subject=world.team, team_id=world.team.pk, label="x" * 400)
    assert change.actor_id == world.people["cy"].pk
    assert change.organisation_id == world.organisation.pk
    assert (change.subject_type, change.subject_id) == ("people.team", world.team.pk)
    assert len(change.subject_label) == 300


def test_a_change_without_inverse_says_so(world: World) -> None:
    change = record("team.poked", by=world.ana, subject=world.team)
    assert not is_undoable(change)
    with pytest.raises(CannotUndo, match="cannot be taken back"):
        undo(change, by=world.ana)


def test_undoing_is_itself_a_change_that_can_be_undone(world: World) -> None:
    actions.edit_team(world.team, by=world.ana, name="Ants")
    change = Change.objects.get(name="team.edited")
    back = undo(change, by=world.ana)
    assert back.undoes == change
    assert not is_undoable(Change.objects.get(pk=change.pk))
    undo(back, by=world.ana)
    world.team.refresh_from_db()
    assert world.team.name == "Ants"
