"""The tree of units, and roles that change hands."""

import pytest
from django.core.exceptions import ValidationError

from headway.live.history import CannotUndo, undo
from headway.live.models import Change
from headway.people import actions, queries
from headway.people.access import Forbidden
from headway.people.models import Role, TeamRole, Unit
from tests.world import World, make_objective, make_world

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> World:
    return make_world()


def unit(world: World, name: str, parent: Unit | None = None) -> Unit:
    return actions.create_unit(world.organisation, name, by=world.ana, parent=parent)


def shown(world: World) -> list[tuple[str, int]]:
    return [(row.unit.name, row.depth) for row in queries.units_and_teams(world.ana) if row.unit]


def test_units_stand_in_their_order_and_the_order_is_undone(world: World) -> None:
    one, two = unit(world, "One"), unit(world, "Two")
    unit(world, "Under", one)
    change = actions.order_unit(two, by=world.ana, to=0)
    assert shown(world) == [("Two", 0), ("One", 0), ("Under", 1)]
    assert actions.order_unit(two, by=world.ana, to=0) is None
    assert change
    undo(change, by=world.ana)
    assert shown(world) == [("One", 0), ("Under", 1), ("Two", 0)]


def test_an_empty_unit_is_deleted_and_comes_back_under_its_number(world: World) -> None:
    one = unit(world, "One")
    two = unit(world, "Two", one)
    with pytest.raises(ValidationError, match="hang in it"):
        actions.delete_unit(one, by=world.ana)
    number = two.pk
    change = actions.delete_unit(two, by=world.ana)
    assert shown(world) == [("One", 0)]
    undo(change, by=world.ana)
    assert Unit.objects.get(pk=number).parent == one


def test_a_unit_that_holds_a_team_or_an_objective_stays(world: World) -> None:
    one, two = unit(world, "One"), unit(world, "Two")
    actions.edit_team(world.team, by=world.ana, unit=one)
    make_objective(world.cycle, unit=two)
    for row in (one, two):
        with pytest.raises(ValidationError):
            actions.delete_unit(row, by=world.ana)


def test_no_undo_makes_a_circle(world: World) -> None:
    top = unit(world, "Top")
    low = unit(world, "Low", top)
    actions.edit_unit(low, by=world.ana, parent=None)
    moved = Change.objects.filter(name="unit.edited").latest("pk")
    actions.edit_unit(top, by=world.ana, parent=low)
    with pytest.raises(CannotUndo, match="under itself"):
        undo(moved, by=world.ana)


def test_a_tree_is_not_endlessly_deep(world: World) -> None:
    above = None
    for level in range(12):
        above = unit(world, f"Level {level}", above)
    with pytest.raises(ValidationError, match="12 levels"):
        unit(world, "Too deep", above)


def test_units_of_others_are_no_parents(world: World) -> None:
    foreign = actions.create_unit(world.other_team.organisation, "Theirs", by=world.eve)
    with pytest.raises(ValidationError):
        unit(world, "Ours", foreign)
    with pytest.raises(ValidationError):
        actions.edit_team(world.team, by=world.ana, unit=foreign)
    with pytest.raises(Forbidden):
        actions.delete_unit(foreign, by=world.ana)


def test_di_moves_no_unit(world: World) -> None:
    one = unit(world, "One")
    for act in (lambda: actions.order_unit(one, by=world.di, to=0), lambda: actions.delete_unit(one, by=world.di)):
        with pytest.raises(Forbidden):
            act()


# Roles change hands


def owners(world: World) -> list[str]:
    return [person.name for person in queries.holders(world.team, Role.PRODUCT_OWNER)]


def hand_over(world: World, *, by: str = "ana", giver: str = "bo", to: str = "cy") -> Change:
    people = world.people
    return actions.hand_over_role(
        world.team, Role.PRODUCT_OWNER, giver=people[giver], to=people[to], by=getattr(world, by)
    )


def test_a_role_changes_hands_with_one_change_and_comes_back(world: World) -> None:
    change = hand_over(world)
    assert owners(world) == ["Cy Cole"]
    assert Change.objects.filter(team_id=world.team.pk).count() == 1
    assert TeamRole.objects.filter(team=world.team, person=world.people["cy"], role=Role.DEVELOPER).exists()
    undo(change, by=world.ana)
    assert owners(world) == ["Bo Berg"]


def test_who_holds_a_role_hands_it_on_and_others_do_not(world: World) -> None:
    hand_over(world, by="bo")
    assert owners(world) == ["Cy Cole"]
    with pytest.raises(Forbidden):
        hand_over(world, by="di", giver="cy", to="di")
    with pytest.raises(Forbidden):
        hand_over(world, by="eve", giver="cy", to="bo")


def test_a_role_that_is_not_held_is_not_handed_over(world: World) -> None:
    with pytest.raises(ValidationError) as caught:
        hand_over(world, giver="cy", to="di")
    assert "giver" in caught.value.message_dict
    actions.set_roles(world.team, world.people["cy"], [Role.PRODUCT_OWNER], by=world.ana)
    with pytest.raises(ValidationError) as caught:
        hand_over(world)
    assert "to" in caught.value.message_dict
    with pytest.raises(ValidationError):
        hand_over(world, to="eve")


def test_a_handover_is_not_undone_over_a_later_one(world: World) -> None:
    first = hand_over(world)
    hand_over(world, giver="cy", to="di")
    with pytest.raises(CannotUndo):
        undo(first, by=world.ana)
    assert owners(world) == ["Di Dorn"]


def test_administrators_are_made_and_unmade_with_undo(world: World) -> None:
    bo = world.people["bo"].memberships.get()
    change = actions.set_administrator(bo, True, by=world.ana)
    assert change
    undo(change, by=world.ana)
    bo.refresh_from_db()
    assert not bo.is_administrator
    actions.set_administrator(bo, True, by=world.ana)
    taken = actions.set_administrator(world.people["ana"].memberships.get(), False, by=world.ana)
    assert taken
    made = Change.objects.filter(name="member.edited", subject_id=bo.pk).latest("pk")
    with pytest.raises(CannotUndo, match="last administrator"):
        undo(made, by=world.system)
