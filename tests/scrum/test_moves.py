"""Moves over the board and places in the order."""

import datetime as dt
import random

import pytest
from django.core.exceptions import ValidationError
from django.test import override_settings

from headway.live.history import CannotUndo, undo
from headway.live.models import Change
from headway.people.access import Forbidden
from headway.scrum import actions
from headway.scrum.actions import ranking
from headway.scrum.models import Category, Column, Item, Transition
from tests.world import World, make_item, make_sprint, make_world

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> World:
    return make_world()


def column(world: World, name: str) -> Column:
    return Column.objects.get(team=world.team, name=name)


def titles(world: World) -> list[str]:
    return list(Item.objects.filter(team=world.team).in_order().values_list("title", flat=True))


def last_change(name: str) -> Change:
    return Change.objects.filter(name=name).latest("pk")


def at(text: str) -> override_settings:
    return override_settings(TEST_NOW=text)


def test_a_move_sets_category_times_and_history(world: World) -> None:
    item = actions.create_item(world.team, by=world.cy, title="One")
    with at("2026-03-02T09:00:00Z"):
        item = actions.move_item(item, to=column(world, "In progress"), by=world.cy)
    with at("2026-03-04T09:00:00Z"):
        item = actions.move_item(item, to=column(world, "Done"), by=world.cy)
    assert item.category == Category.DONE
    assert item.started_at == dt.datetime(2026, 3, 2, 9, tzinfo=dt.UTC)
    assert item.done_at == dt.datetime(2026, 3, 4, 9, tzinfo=dt.UTC)
    told = Transition.objects.filter(item=item).order_by("pk").values_list("status", "category")
    assert list(told) == [("To do", "todo"), ("In progress", "doing"), ("Done", "done")]
    assert Change.objects.filter(name="item.moved").count() == 2


def test_reopening_clears_done_and_keeps_history_and_start(world: World) -> None:
    item = make_item(world.team, category=Category.DONE)
    started = item.started_at
    item = actions.move_item(item, to=column(world, "In progress"), by=world.cy)
    assert (item.done_at, item.started_at) == (None, started)
    item = actions.move_item(item, to=column(world, "Done"), by=world.cy)
    assert item.done_at is not None
    assert Transition.objects.filter(item=item).count() == 2


def test_a_move_to_where_it_is_changes_nothing(world: World) -> None:
    item = make_item(world.team)
    actions.move_item(item, to=item.column, by=world.cy)
    assert not Change.objects.exists()
    assert not Transition.objects.exists()


def test_a_move_is_refused_for_di_eve_and_into_a_strange_column(world: World) -> None:
    item = make_item(world.team)
    for actor in (world.di, world.eve):
        with pytest.raises(Forbidden):
            actions.move_item(item, to=column(world, "Done"), by=actor)
    with pytest.raises(ValidationError, match="another team"):
        actions.move_item(item, to=world.other_team.columns.all()[0], by=world.cy)


def test_undo_of_a_move_restores_the_times_exactly(world: World) -> None:
    item = make_item(world.team, category=Category.DONE)
    done_at = item.done_at
    actions.move_item(item, to=column(world, "To do"), by=world.cy)
    undo(last_change("item.moved"), by=world.cy)
    item.refresh_from_db()
    assert (item.column.name, item.category, item.done_at) == ("Done", "done", done_at)
    fresh = make_item(world.team)
    actions.move_item(fresh, to=column(world, "In progress"), by=world.cy)
    undo(last_change("item.moved"), by=world.cy)
    fresh.refresh_from_db()
    assert (fresh.category, fresh.started_at) == ("todo", None)


def test_undo_of_a_move_is_refused_by_name(world: World) -> None:
    item = make_item(world.team)
    actions.move_item(item, to=column(world, "In progress"), by=world.cy)
    change = last_change("item.moved")
    actions.move_item(item, to=column(world, "Done"), by=world.ana)
    with pytest.raises(CannotUndo, match="Ana Abel"):
        undo(change, by=world.cy)


def test_undo_of_a_move_lives_with_a_new_rank(world: World) -> None:
    item, other = make_item(world.team, "One"), make_item(world.team, "Two")
    actions.move_item(item, to=column(world, "In progress"), by=world.cy)
    change = last_change("item.moved")
    actions.rank_item(item, after=other, by=world.bo)
    undo(change, by=world.cy)
    item.refresh_from_db()
    assert item.category == Category.TODO
    assert titles(world) == ["Two", "One"]


def test_many_moves_are_one_change(world: World) -> None:
    items = [make_item(world.team, str(n)) for n in range(3)]
    change = actions.move_items(items, to=column(world, "Done"), by=world.cy, team=world.team)
    assert change is not None
    assert Change.objects.count() == 1
    assert set(Item.objects.values_list("category", flat=True)) == {"done"}
    assert Transition.objects.count() == 3
    assert actions.move_items(items, to=column(world, "Done"), by=world.cy, team=world.team) is None
    undo(change, by=world.cy)
    assert set(Item.objects.values_list("category", "done_at")) == {("todo", None)}


def test_undo_of_many_moves_is_all_or_nothing(world: World) -> None:
    items = [make_item(world.team, str(n)) for n in range(3)]
    change = actions.move_items(items, to=column(world, "Done"), by=world.cy, team=world.team)
    assert change is not None
    actions.move_item(items[2], to=column(world, "In progress"), by=world.bo)
    with pytest.raises(CannotUndo, match="Bo Berg changed ANT-3"):
        undo(change, by=world.cy)
    assert Item.objects.filter(category="done").count() == 2


def test_rank_before_after_top_and_end(world: World) -> None:
    a, b, c, d = (make_item(world.team, name) for name in "abcd")
    actions.rank_item(d, before=b, by=world.bo)
    assert titles(world) == ["a", "d", "b", "c"]
    actions.rank_item(a, after=b, by=world.bo)
    assert titles(world) == ["d", "b", "a", "c"]
    actions.rank_item(c, at_top=True, by=world.bo)
    assert titles(world) == ["c", "d", "b", "a"]
    actions.rank_item(d, by=world.bo)
    assert titles(world) == ["c", "b", "a", "d"]


def test_a_rank_it_has_already_records_nothing(world: World) -> None:
    a, b = make_item(world.team, "a"), make_item(world.team, "b")
    actions.rank_item(a, before=b, by=world.bo)
    actions.rank_item(b, after=a, by=world.bo)
    actions.rank_item(a, at_top=True, by=world.bo)
    actions.rank_item(b, by=world.bo)
    assert not Change.objects.exists()


def test_the_order_is_the_product_owners(world: World) -> None:
    a, b = make_item(world.team, "a"), make_item(world.team, "b")
    for actor in (world.ana, world.cy, world.di, world.eve):
        with pytest.raises(Forbidden):
            actions.rank_item(b, before=a, by=actor)
        with pytest.raises(Forbidden):
            actions.rank_items([b], before=a, by=actor, team=world.team)


def test_on_the_board_of_a_running_sprint_the_developers_order_too(world: World) -> None:
    a, b = make_item(world.team, "a"), make_item(world.team, "b")
    with pytest.raises(Forbidden):
        actions.move_item(b, to=b.column, before=a, by=world.cy)
    sprint = make_sprint(world.team)
    actions.add_items_to_sprint([a, b], sprint, by=world.ana)
    actions.move_item(b, to=b.column, before=a, by=world.cy)
    assert titles(world) == ["b", "a"]
    undo(last_change("item.ranked"), by=world.cy)
    assert titles(world) == ["a", "b"]


def test_undo_of_a_rank_finds_its_place_though_another_took_it(world: World) -> None:
    a, b, c = (make_item(world.team, name) for name in "abc")
    actions.rank_item(b, at_top=True, by=world.bo)
    change = last_change("item.ranked")
    d = make_item(world.team, "d")
    actions.rank_item(d, after=a, by=world.bo)
    undo(change, by=world.bo)
    assert titles(world)[0] == "a"
    assert titles(world)[-1] == "c"
    assert len(set(Item.objects.values_list("rank", flat=True))) == 4
    assert c


def test_undo_of_a_rank_is_refused_by_name(world: World) -> None:
    a, b, c = (make_item(world.team, name) for name in "abc")
    actions.rank_item(c, before=a, by=world.bo)
    change = last_change("item.ranked")
    actions.rank_item(c, after=b, by=world.bo)
    with pytest.raises(CannotUndo, match="Bo Berg changed ANT-3"):
        undo(change, by=world.bo)


def test_a_block_of_items_moves_in_the_order_given(world: World) -> None:
    items = {name: make_item(world.team, name) for name in "abcdef"}
    change = actions.rank_items([items["f"], items["d"]], before=items["b"], by=world.bo, team=world.team)
    assert titles(world) == ["a", "f", "d", "b", "c", "e"]
    assert change is not None
    assert Change.objects.count() == 1
    undo(change, by=world.bo)
    assert titles(world) == list("abcdef")


def test_next_to_itself_or_to_another_teams_item_is_refused(world: World) -> None:
    item = make_item(world.team)
    with pytest.raises(ValidationError, match="itself"):
        actions.rank_item(item, before=item, by=world.bo)
    with pytest.raises(ValidationError, match="another team"):
        actions.rank_item(item, before=make_item(world.other_team), by=world.bo)


def test_equal_ranks_are_put_right_on_the_way(world: World) -> None:
    a, b, c = (make_item(world.team, name, rank="a0") for name in "abc")
    actions.rank_item(c, before=b, by=world.bo)
    assert titles(world) == ["a", "c", "b"]
    assert len(set(Item.objects.values_list("rank", flat=True))) == 3
    assert a


def test_a_thousand_items_into_one_gap_keep_ranks_short(world: World) -> None:
    first, last = make_item(world.team, "first"), make_item(world.team, "last")
    movers = [make_item(world.team, "x"), make_item(world.team, "y")]
    for turn in range(800):
        actions.rank_item(movers[turn % 2], after=first, by=world.system)
    assert max(len(rank) for rank in Item.objects.values_list("rank", flat=True)) <= ranking.LONGEST_RANK
    assert titles(world) == ["first", "y", "x", "last"]
    assert last


def test_random_ranks_match_a_list(world: World) -> None:
    dice = random.Random(7)
    items = {name: make_item(world.team, name) for name in "abcdefgh"}
    model = list(items)
    for _turn in range(60):
        mover, other = dice.sample(model, 2)
        model.remove(mover)
        if dice.random() < 0.5:
            actions.rank_item(items[mover], before=items[other], by=world.bo)
            model.insert(model.index(other), mover)
        else:
            actions.rank_item(items[mover], after=items[other], by=world.bo)
            model.insert(model.index(other) + 1, mover)
    assert titles(world) == model
