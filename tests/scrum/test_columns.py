"""Columns: created, edited, ordered, deleted, and taken back."""

import pytest
from django.core.exceptions import ValidationError

from headway.live.history import CannotUndo, undo
from headway.live.models import Change
from headway.people.access import Forbidden
from headway.people.models import Team
from headway.scrum import actions
from headway.scrum.models import Category, Column
from tests.world import World, make_item, make_world

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> World:
    return make_world()


def names(world: World) -> list[str]:
    return [column.name for column in Column.objects.filter(team=world.team)]


def column(world: World, name: str) -> Column:
    return Column.objects.get(team=world.team, name=name)


def last_change(name: str) -> Change:
    return Change.objects.filter(name=name).latest("pk")


def test_a_new_team_gets_the_three_usual_columns_once(world: World) -> None:
    team = Team.objects.create(organisation=world.organisation, key="NEW", name="New")
    assert [(c.name, c.category) for c in actions.ensure_columns(team)] == [
        ("To do", "todo"),
        ("In progress", "doing"),
        ("Done", "done"),
    ]
    assert len(actions.ensure_columns(team)) == 3
    assert team.columns.count() == 3


def test_a_new_column_stands_last_in_its_category(world: World) -> None:
    review = actions.create_column(world.team, by=world.ana, name=" Review ", category=Category.DOING, limit=2)
    assert names(world) == ["To do", "In progress", "Review", "Done"]
    assert review.limit == 2
    undo(last_change("column.created"), by=world.ana)
    assert names(world) == ["To do", "In progress", "Done"]


def test_a_column_with_items_is_not_taken_back(world: World) -> None:
    review = actions.create_column(world.team, by=world.ana, name="Review", category=Category.DOING)
    actions.move_item(make_item(world.team), to=review, by=world.cy)
    with pytest.raises(CannotUndo, match="Review"):
        undo(last_change("column.created"), by=world.ana)


@pytest.mark.parametrize(("name", "category"), [("To do", "todo"), ("", "todo"), ("New", "later")])
def test_a_column_that_does_not_do_is_refused(world: World, name: str, category: str) -> None:
    with pytest.raises(ValidationError):
        actions.create_column(world.team, by=world.ana, name=name, category=category)


def test_columns_are_for_the_scrum_master(world: World) -> None:
    for actor in (world.bo, world.cy, world.di, world.eve):
        with pytest.raises(Forbidden):
            actions.create_column(world.team, by=actor, name="Review", category=Category.DOING)
        with pytest.raises(Forbidden):
            actions.edit_column(column(world, "Done"), by=actor, name="Finished")
        with pytest.raises(Forbidden):
            actions.delete_column(column(world, "Done"), by=actor)


def test_rename_and_limit(world: World) -> None:
    doing = actions.edit_column(column(world, "In progress"), by=world.ana, name="Doing", limit=3)
    assert (doing.name, doing.limit) == ("Doing", 3)
    doing = actions.edit_column(doing, by=world.ana, limit=None)
    assert doing.limit is None
    actions.edit_column(doing, by=world.ana, name="Doing")
    assert Change.objects.count() == 2
    undo(last_change("column.edited"), by=world.ana)
    doing.refresh_from_db()
    assert (doing.name, doing.limit) == ("Doing", 3)


def test_items_follow_a_new_category_and_come_back(world: World) -> None:
    review = actions.create_column(world.team, by=world.ana, name="Released", category=Category.DOING)
    item = actions.move_item(make_item(world.team), to=review, by=world.cy)
    started = item.started_at
    actions.edit_column(review, by=world.ana, category=Category.DONE)
    item.refresh_from_db()
    assert (item.category, item.started_at) == ("done", started)
    assert item.done_at is not None
    undo(last_change("column.edited"), by=world.ana)
    item.refresh_from_db()
    assert (item.category, item.started_at, item.done_at) == ("doing", started, None)


def test_a_category_keeps_its_last_column(world: World) -> None:
    with pytest.raises(ValidationError, match="last column"):
        actions.edit_column(column(world, "Done"), by=world.ana, category=Category.DOING)
    with pytest.raises(ValidationError, match="last column"):
        actions.delete_column(column(world, "Done"), by=world.ana)


def test_order_columns_and_back(world: World) -> None:
    a, b, c = Column.objects.filter(team=world.team)
    change = actions.order_columns(world.team, [b, a, c], by=world.ana)
    assert names(world) == ["In progress", "To do", "Done"]
    assert actions.order_columns(world.team, [b, a, c], by=world.ana) is None
    assert change is not None
    undo(change, by=world.ana)
    assert names(world) == ["To do", "In progress", "Done"]
    with pytest.raises(ValidationError, match="meanwhile"):
        actions.order_columns(world.team, [a, b], by=world.ana)


def test_delete_moves_the_items_and_comes_back_with_them(world: World) -> None:
    review = actions.create_column(world.team, by=world.ana, name="Review", category=Category.DOING)
    items = [actions.move_item(make_item(world.team, str(n)), to=review, by=world.cy) for n in range(2)]
    with pytest.raises(ValidationError, match="Review"):
        actions.delete_column(review, by=world.ana)
    change = actions.delete_column(review, by=world.ana, move_to=column(world, "To do"))
    items[0].refresh_from_db()
    assert (names(world), items[0].category) == (["To do", "In progress", "Done"], "todo")
    actions.move_item(items[1], to=column(world, "Done"), by=world.cy)
    undo(change, by=world.ana)
    assert names(world) == ["To do", "In progress", "Review", "Done"]
    assert [item.title for item in column(world, "Review").items.all()] == ["0"]
    assert column(world, "Review").items.get().started_at is not None
