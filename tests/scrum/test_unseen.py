"""What another did to an item meanwhile is not overwritten unseen."""

import pytest

from headway.live.history import undo
from headway.live.models import Change
from headway.people.access import Forbidden
from headway.people.actor import actor_for
from headway.people.models import Role, TeamRole
from headway.scrum import actions
from headway.scrum.actions import Meanwhile
from headway.scrum.models import Category, Column, Item
from tests.world import World, make_item, make_sprint, make_world

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> World:
    return make_world()


def now() -> int:
    return Change.objects.order_by("-pk").values_list("pk", flat=True).first() or 0


def order() -> list[str]:
    return list(Item.objects.in_order().values_list("title", flat=True))


def three(world: World) -> list[Item]:
    return [make_item(world.team, title) for title in "abc"]


def test_a_place_that_another_gave_meanwhile_stays(world: World) -> None:
    a, b, c = three(world)
    seen = now()
    actions.rank_item(c, by=world.bo, before=a)
    actions.rank_item(c, by=world.bo, after=b, seen=seen)  # one's own doing is no surprise
    actions.rank_item(c, by=world.bo, before=a, seen=seen)
    add_product_owner(world)
    with pytest.raises(Meanwhile) as caught:
        actions.rank_item(c, by=world.cy, after=a, seen=seen)
    assert (caught.value.change.actor_id, caught.value.is_done) == (world.bo.person_id, False)
    assert order() == ["c", "a", "b"]


def test_where_another_did_the_same_nothing_is_left_to_do(world: World) -> None:
    a, _b, c = three(world)
    add_product_owner(world)
    seen = now()
    actions.rank_items([c], by=world.bo, team=world.team, before=a)
    made = now()
    with pytest.raises(Meanwhile) as caught:
        actions.rank_item(c, by=world.cy, before=a, seen=seen)
    assert caught.value.is_done
    assert caught.value.change.pk == made == now()


@pytest.mark.parametrize("seen_then", [True, False])
def test_what_was_seen_or_taken_back_or_is_about_another_is_no_clash(world: World, seen_then: bool) -> None:
    a, b, c = three(world)
    add_product_owner(world)
    seen = now()
    actions.rank_item(b, by=world.bo, before=a)
    actions.edit_item(c, by=world.bo, title="c!")
    actions.rank_item(c, by=world.bo, before=a)
    if seen_then:
        seen = now()
    else:
        undo(Change.objects.get(pk=now()), by=world.bo)
    actions.rank_item(c, by=world.cy, after=a, seen=seen)
    assert order() == ["b", "a", "c!"]


def test_without_being_told_what_was_seen_it_does_as_it_is_asked(world: World) -> None:
    a, _b, c = three(world)
    add_product_owner(world)
    actions.rank_item(c, by=world.bo, before=a)
    actions.rank_item(c, by=world.cy, after=a)
    assert order() == ["a", "c", "b"]


def test_a_card_that_another_put_elsewhere_stays_there(world: World) -> None:
    item = three(world)[0]
    todo, doing, done = Column.objects.filter(team=world.team)
    actions.move_item(item, to=done, by=world.bo)
    for to, is_done in ((doing, False), (done, True)):
        with pytest.raises(Meanwhile) as caught:
            actions.move_item(item, to=to, by=world.cy, seen_in=todo.pk)
        assert caught.value.is_done is is_done
    item.refresh_from_db()
    assert item.category == Category.DONE
    assert actions.move_item(item, to=doing, by=world.cy, seen_in=done.pk).column == doing


def test_plans_of_two_do_not_overwrite_each_other(world: World) -> None:
    item, other, _c = three(world)
    running = make_sprint(world.team)
    later = actions.create_sprint(world.team, by=world.ana)
    seen = now()
    actions.add_items_to_sprint([item, other], running, by=world.bo)
    with pytest.raises(Meanwhile) as caught:
        actions.add_to_sprint(item, later, by=world.ana, seen=seen)
    assert not caught.value.is_done
    with pytest.raises(Meanwhile) as caught:
        actions.add_to_sprint(item, running, by=world.ana, seen=seen)
    assert caught.value.is_done
    item.refresh_from_db()
    assert item.sprint == running
    with pytest.raises(Meanwhile):
        actions.take_out_of_sprint(item, by=world.ana, seen=seen)
    assert actions.take_out_of_sprint(item, by=world.ana, seen=now()).sprint is None


def test_of_many_those_that_another_planned_elsewhere_are_told(world: World) -> None:
    a, b, c = three(world)
    running = make_sprint(world.team)
    later = actions.create_sprint(world.team, by=world.ana)
    seen = now()
    actions.add_items_to_sprint([a, b], running, by=world.bo)
    with pytest.raises(Meanwhile) as caught:
        actions.add_items_to_sprint([c, b, a], later, by=world.ana, seen=seen)
    assert (caught.value.is_done, caught.value.others) == (False, 1)
    assert caught.value.item in (a, b)
    assert Item.objects.filter(sprint=later).count() == 0
    assert actions.add_items_to_sprint([a, b, c], running, by=world.ana, seen=seen).name == "item.planned"  # c alone
    with pytest.raises(Meanwhile) as caught:
        actions.add_items_to_sprint([a, b], running, by=world.ana, seen=seen)
    assert caught.value.is_done
    with pytest.raises(Meanwhile):
        actions.take_items_out_of_sprint([a, c], by=world.ana, team=world.team, seen=seen)
    assert actions.take_items_out_of_sprint([c], by=world.ana, team=world.team, seen=seen)  # one's own doing
    assert actions.add_items_to_sprint([a, b, c], later, by=world.ana, seen=now())


def test_of_many_those_that_another_moved_elsewhere_are_told(world: World) -> None:
    a, b, c = three(world)
    _todo, doing, done = Column.objects.filter(team=world.team)
    seen = now()
    actions.move_items([a, b], to=done, by=world.bo, team=world.team)
    actions.edit_item(c, by=world.bo, title="c!")
    with pytest.raises(Meanwhile) as caught:
        actions.move_items([b, c], to=doing, by=world.cy, team=world.team, seen=seen)
    assert (caught.value.item, caught.value.others, caught.value.is_done) == (b, 0, False)
    actions.move_items([b, c], to=done, by=world.cy, team=world.team, seen=seen)
    assert set(Item.objects.values_list("category", flat=True)) == {Category.DONE}


def test_a_place_of_many_that_another_gave_stays_and_the_same_is_told(world: World) -> None:
    a, b, c = three(world)
    add_product_owner(world)
    seen = now()
    actions.rank_items([c, b], by=world.bo, team=world.team, before=a)
    for where, is_done in (({"after": a}, False), ({"before": a}, True), ({"at_top": True}, True)):
        with pytest.raises(Meanwhile) as caught:
            actions.rank_items([c, b], by=world.cy, team=world.team, seen=seen, **where)
        assert caught.value.is_done is is_done
    assert order() == ["c", "b", "a"]
    actions.rank_items([c, b], by=world.cy, team=world.team, seen=now())
    assert order() == ["a", "c", "b"]


def test_a_reader_is_refused_before_anything_is_said(world: World) -> None:
    a, _b, c = three(world)
    sprint = make_sprint(world.team)
    seen = now()
    actions.rank_item(c, by=world.bo, before=a)
    with pytest.raises(Forbidden):
        actions.rank_item(c, by=world.di, after=a, seen=seen)
    with pytest.raises(Forbidden):
        actions.add_to_sprint(c, sprint, by=world.di, seen=seen)


def add_product_owner(world: World) -> None:
    """Give Cy the Product Owner's role too: two can order."""
    TeamRole.objects.create(team=world.team, person=world.people["cy"], role=Role.PRODUCT_OWNER)
    world.cy = actor_for(world.people["cy"], world.organisation)
