"""Items: created, edited, blocked, removed, and each of it taken back."""

import datetime as dt

import pytest
from django.core.exceptions import ValidationError

from headway.live.history import CannotUndo, undo
from headway.live.models import Change
from headway.people.access import Forbidden
from headway.scrum import actions
from headway.scrum.models import Category, Item, SprintStay, Transition
from tests.world import World, make_item, make_sprint, make_team, make_world

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> World:
    return make_world()


def last_change(name: str) -> Change:
    return Change.objects.filter(name=name).latest("pk")


def test_create_gives_numbers_in_turn_at_the_end_of_the_order(world: World) -> None:
    first = actions.create_item(world.team, by=world.cy, title="  One ")
    second = actions.create_item(world.team, by=world.cy, title="Two", kind=Item.Kind.BUG, size=3)
    assert (first.key, first.title, second.key) == ("ANT-1", "One", "ANT-2")
    assert list(Item.objects.in_order()) == [first, second]
    assert first.category == Category.TODO
    assert Transition.objects.get(item=first).status == "To do"
    assert Change.objects.filter(name="item.created").count() == 2


def test_a_number_is_never_given_twice(world: World) -> None:
    first = actions.create_item(world.team, by=world.cy, title="One")
    actions.remove_item(first, by=world.cy)
    assert actions.create_item(world.team, by=world.cy, title="Two").number == 2


def test_only_the_product_owner_creates_at_the_top(world: World) -> None:
    first = actions.create_item(world.team, by=world.cy, title="One")
    with pytest.raises(Forbidden):
        actions.create_item(world.team, by=world.cy, title="Two", at_top=True)
    top = actions.create_item(world.team, by=world.bo, title="Two", at_top=True)
    assert list(Item.objects.in_order()) == [top, first]


@pytest.mark.parametrize(
    ("fields", "at"),
    [
        ({"title": "   "}, "title"),
        ({"title": "x" * 501}, "title"),
        ({"title": "One", "size": -1}, "size"),
        ({"title": "One", "size": float("nan")}, "size"),
        ({"title": "One", "kind": "wish"}, "kind"),
    ],
)
def test_create_refuses_at_the_field(world: World, fields: dict[str, object], at: str) -> None:
    with pytest.raises(ValidationError) as caught:
        actions.create_item(world.team, by=world.cy, **fields)  # type: ignore[arg-type]
    assert at in caught.value.message_dict
    assert not Item.objects.exists()
    assert not Change.objects.exists()


def test_create_is_not_for_those_who_read_nor_for_strangers(world: World) -> None:
    for actor in (world.di, world.eve):
        with pytest.raises(Forbidden):
            actions.create_item(world.team, by=actor, title="One")


def test_create_into_the_running_sprint(world: World) -> None:
    sprint = make_sprint(world.team)
    item = actions.create_item(world.team, by=world.cy, title="One", sprint=sprint)
    assert item.sprint == sprint
    assert SprintStay.objects.filter(sprint=sprint, item=item, removed_at=None).exists()


def test_undo_of_create_removes_unless_somebody_went_on(world: World) -> None:
    item = actions.create_item(world.team, by=world.cy, title="One")
    undo(last_change("item.created"), by=world.cy)
    item.refresh_from_db()
    assert item.removed_at is not None
    other = actions.create_item(world.team, by=world.cy, title="Two")
    change = last_change("item.created")
    actions.edit_item(other, by=world.bo, title="Better")
    with pytest.raises(CannotUndo, match="Bo Berg"):
        undo(change, by=world.cy)


def test_edit_records_only_what_differs(world: World) -> None:
    item = make_item(world.team, "One", size=2)
    day = dt.date(2026, 3, 1)
    actions.edit_item(item, by=world.cy, title="One", size=None, due_on=day, assignees=[world.people["cy"]])
    change = last_change("item.edited")
    assert change.before == {"size": 2.0, "due_on": None, "assignees": []}
    assert change.after == {"size": None, "due_on": "2026-03-01", "assignees": [world.people["cy"].pk]}
    item.refresh_from_db()
    assert (item.size, item.due_on) == (None, day)


def test_edit_of_nothing_records_nothing(world: World) -> None:
    item = make_item(world.team, "One")
    actions.edit_item(item, by=world.cy, title="One ")
    assert not Change.objects.exists()


def test_undo_of_edit_puts_all_back(world: World) -> None:
    item = make_item(world.team, "One", size=2)
    actions.edit_item(
        item, by=world.cy, title="Two", size=5, due_on=dt.date(2026, 3, 1), assignees=[world.people["bo"]]
    )
    done = undo(last_change("item.edited"), by=world.cy)
    item.refresh_from_db()
    assert (item.title, item.size, item.due_on, item.assignees.count()) == ("One", 2, None, 0)
    undo(done, by=world.cy)
    item.refresh_from_db()
    assert (item.title, item.size, item.due_on, item.assignees.count()) == ("Two", 5, dt.date(2026, 3, 1), 1)


def test_undo_of_edit_is_refused_by_name_where_the_same_field_was_changed(world: World) -> None:
    item = make_item(world.team, "One", size=2)
    actions.edit_item(item, by=world.cy, title="Two")
    change = last_change("item.edited")
    actions.edit_item(item, by=world.ana, size=8)
    actions.edit_item(item, by=world.bo, title="Three")
    with pytest.raises(CannotUndo, match="Bo Berg changed ANT-1"):
        undo(change, by=world.cy)


def test_undo_of_edit_lives_with_a_change_of_another_field(world: World) -> None:
    item = make_item(world.team, "One", size=2)
    actions.edit_item(item, by=world.cy, title="Two")
    change = last_change("item.edited")
    actions.edit_item(item, by=world.ana, size=8)
    undo(change, by=world.cy)
    item.refresh_from_db()
    assert (item.title, item.size) == ("One", 8)


def test_parents_are_of_the_same_team_and_never_in_a_circle(world: World) -> None:
    top, middle, low = (make_item(world.team, title) for title in ("Top", "Middle", "Low"))
    actions.edit_item(middle, by=world.cy, parent=top)
    actions.edit_item(low, by=world.cy, parent=middle)
    for parent in (low, top, make_item(world.other_team)):
        with pytest.raises(ValidationError) as caught:
            actions.edit_item(top, by=world.cy, parent=parent)
        assert "parent" in caught.value.message_dict


def test_assignees_are_members(world: World) -> None:
    item = make_item(world.team)
    with pytest.raises(ValidationError, match="Eve Eder"):
        actions.edit_item(item, by=world.cy, assignees=[world.people["eve"]])


def test_edit_is_refused_for_di_and_eve(world: World) -> None:
    item = make_item(world.team)
    for actor in (world.di, world.eve):
        with pytest.raises(Forbidden):
            actions.edit_item(item, by=actor, title="Mine")


def test_a_blocked_item_says_why_and_since_when(world: World) -> None:
    item = make_item(world.team, category=Category.DOING)
    item = actions.block_item(item, because=" Contract not signed ", by=world.cy)
    since = item.blocked_since
    item = actions.block_item(item, because="Contract lost", by=world.cy)
    assert (item.blocked_because, item.blocked_since) == ("Contract lost", since)
    undo(last_change("item.blocked"), by=world.cy)
    item.refresh_from_db()
    assert item.blocked_because == "Contract not signed"
    item = actions.unblock_item(item, by=world.cy)
    assert item.blocked_since is None
    undo(last_change("item.unblocked"), by=world.cy)
    item.refresh_from_db()
    assert (item.blocked_because, item.blocked_since) == ("Contract not signed", since)


def test_a_block_needs_its_reason_and_an_open_item(world: World) -> None:
    with pytest.raises(ValidationError):
        actions.block_item(make_item(world.team), because="  ", by=world.cy)
    with pytest.raises(ValidationError, match="is done"):
        actions.block_item(make_item(world.team, category=Category.DONE), because="Wait", by=world.cy)
    with pytest.raises(Forbidden):
        actions.block_item(make_item(world.team), because="Wait", by=world.di)


def test_unblock_of_what_is_free_records_nothing(world: World) -> None:
    actions.unblock_item(make_item(world.team), by=world.cy)
    assert not Change.objects.exists()


def test_remove_takes_out_of_the_sprint_and_undo_puts_back(world: World) -> None:
    sprint = make_sprint(world.team)
    item = actions.create_item(world.team, by=world.cy, title="One", sprint=sprint)
    item = actions.remove_item(item, by=world.cy)
    assert (item.sprint, Item.objects.active().count()) == (None, 0)
    assert not SprintStay.objects.filter(item=item, removed_at=None).exists()
    undo(last_change("item.removed"), by=world.cy)
    item.refresh_from_db()
    assert (item.sprint, item.removed_at) == (sprint, None)
    assert SprintStay.objects.filter(item=item, removed_at=None).count() == 1


def test_a_removed_item_is_not_edited_but_can_be_restored(world: World) -> None:
    item = actions.remove_item(make_item(world.team), by=world.cy)
    with pytest.raises(ValidationError, match="Bring it back"):
        actions.edit_item(item, by=world.cy, title="Two")
    assert actions.restore_item(item, by=world.bo).removed_at is None
    assert last_change("item.restored")
    undo(last_change("item.restored"), by=world.bo)
    item.refresh_from_db()
    assert item.removed_at is not None


def test_remove_many_is_one_change_and_comes_back_whole(world: World) -> None:
    items = [make_item(world.team, str(n)) for n in range(3)]
    stranger = make_item(make_team(world.organisation, "BEE", "Bee"))
    change = actions.remove_items([*items, stranger], by=world.cy, team=world.team)
    assert change is not None
    assert Change.objects.count() == 1
    assert list(Item.objects.active()) == [stranger]
    undo(change, by=world.cy)
    assert Item.objects.active().count() == 4
    with pytest.raises(Forbidden):
        actions.remove_items(items, by=world.di, team=world.team)
