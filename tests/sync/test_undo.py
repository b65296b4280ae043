"""Take an import back, and leave by name what people changed since."""

from pathlib import Path

import pytest

from headway.live.history import CannotUndo, undo
from headway.live.models import Change
from headway.people.access import Forbidden
from headway.scrum.actions import create_item, edit_item, move_item, rank_items
from headway.scrum.models import Category, Column, Item, Sprint, SprintStay, Transition
from headway.sync.actions import decide_conflicts, undo_import
from headway.sync.models import Conflict, Import, TrackedItem
from headway.value.actions import link_item
from tests.sync.test_import import FIRST, FLOW, bring, counts, item, state
from tests.world import World, make_world

pytestmark = pytest.mark.django_db

NEWER = (
    FIRST.replace("Buy a stamp", "Buy two stamps")
    .replace("Task,In Progress,", "Task,Done,")
    .replace("Sprint 10,,", "Sprint 11,5,")
    .replace("FER-2,Sprint 2,3,FER-1", ",Sprint 2,3,")
)


@pytest.fixture
def world() -> World:
    return make_world()


def test_what_was_created_goes(world: World, tmp_path: Path) -> None:
    before = state()
    run = bring(world, tmp_path, FIRST)
    result = undo_import(run, by=world.ana)
    assert (result.taken_back, result.left) == (3, ())
    assert state() == before
    run.refresh_from_db()
    assert run.state == Import.State.UNDONE
    assert Change.objects.latest("pk").name == "import.undone"
    assert counts(bring(world, tmp_path, FIRST)) == {"created": 3}


def test_what_was_changed_gets_its_old_values(world: World, tmp_path: Path) -> None:
    bring(world, tmp_path, FIRST)
    before = [row for row in state() if "last_seen_id" not in row]
    run = bring(world, tmp_path, NEWER)
    assert counts(run) == {"changed": 2, "unchanged": 1}
    assert undo_import(run, by=world.bo).taken_back == 2
    after = [row for row in state() if "last_seen_id" not in row]
    assert [row for row in after if "added_at" not in row] == [row for row in before if "added_at" not in row]
    assert SprintStay.objects.filter(item=item("FER-2"), removed_at=None).get().sprint.name == "Sprint 10"
    assert not Sprint.objects.filter(name="Sprint 11").exists()
    assert counts(bring(world, tmp_path, FIRST)) == {"unchanged": 3}


def steps() -> list[tuple[object, ...]]:
    return list(Transition.objects.order_by("item", "at", "status").values_list("item", "status", "category", "at"))


def test_a_whole_history_comes_back(world: World, tmp_path: Path) -> None:
    bring(world, tmp_path, FLOW, provider="csv")
    before = steps()
    run = bring(world, tmp_path, FLOW.replace("2026-01-05", "2026-01-06"), provider="csv")
    undo_import(run, by=world.ana)
    assert steps() == before
    assert counts(bring(world, tmp_path, FLOW, provider="csv")) == {"unchanged": 2}


def test_marks_of_what_is_missing_go(world: World, tmp_path: Path) -> None:
    bring(world, tmp_path, FIRST)
    run = bring(world, tmp_path, "Issue key,Summary\nFER-1,Ferry\n")
    assert counts(run) == {"unchanged": 1, "missing": 2}
    undo_import(run, by=world.ana)
    assert not Item.objects.exclude(missing_since=None).exists()


def test_what_people_changed_since_stays_and_is_named(world: World, tmp_path: Path) -> None:
    bring(world, tmp_path, FIRST)
    run = bring(world, tmp_path, NEWER + "".join(f"FER-{n},New,,,,,,,,,,,,,,\n" for n in (4, 5, 6)))
    assert counts(run) == {"changed": 2, "created": 3, "unchanged": 1}
    doing = Column.objects.get(team=world.team, category=Category.DOING)
    move_item(item("FER-2"), to=doing, by=world.cy)
    rank_items([item("FER-5")], by=world.bo, team=world.team, at_top=True)
    link_item(item("FER-6"), by=world.cy, key_result=world.key_result)
    result = undo_import(run, by=world.ana)
    assert {(row.key, row.who, row.what) for row in result.left} == {
        ("FER-2", "Cy Cole", "moved"),
        ("FER-5", "Bo Berg", "put elsewhere in the order"),
        ("FER-6", "Cy Cole", "linked"),
    }
    assert result.taken_back == 2
    assert not Item.objects.filter(tracker_key="FER-4").exists()
    assert item("FER-2").title == "Buy two stamps"
    run.refresh_from_db()
    assert {row["key"] for row in run.left} == {"FER-2", "FER-5", "FER-6"}


def test_a_change_that_was_taken_back_does_not_count(world: World, tmp_path: Path) -> None:
    run = bring(world, tmp_path, FIRST)
    edit_item(item("FER-2"), by=world.cy, title="Else")
    undo(Change.objects.latest("pk"), by=world.cy)
    assert undo_import(run, by=world.ana).left == ()


def test_an_item_with_a_child_of_our_own_stays(world: World, tmp_path: Path) -> None:
    run = bring(world, tmp_path, FIRST)
    create_item(world.team, by=world.cy, title="Ours", parent=item("FER-1"))
    assert [row.key for row in undo_import(run, by=world.ana).left] == ["FER-1"]


def test_what_a_later_import_changed_stays(world: World, tmp_path: Path) -> None:
    first = bring(world, tmp_path, FIRST)
    later = bring(world, tmp_path, FIRST.replace("Buy a stamp", "Buy two stamps"))
    (left,) = undo_import(first, by=world.ana).left
    assert (left.key, left.what) == ("FER-2", f"changed by import {later.pk}")


def test_open_conflicts_go_with_their_import(world: World, tmp_path: Path) -> None:
    bring(world, tmp_path, FIRST)
    edit_item(item("FER-2"), by=world.cy, title="Else")
    run = bring(world, tmp_path, FIRST.replace("Buy a stamp", "Buy two stamps"))
    assert Conflict.objects.count() == 1
    undo_import(run, by=world.ana)
    assert not Conflict.objects.exists()
    assert item("FER-2").title == "Else"


def test_a_decision_can_be_taken_back(world: World, tmp_path: Path) -> None:
    bring(world, tmp_path, FIRST)
    doing = Column.objects.get(team=world.team, category=Category.DOING)
    move_item(item("FER-3"), to=doing, by=world.cy)
    edit_item(item("FER-3"), by=world.cy, title="Else")
    bring(world, tmp_path, FIRST)
    before = list(Transition.objects.values()), item("FER-3").category, item("FER-3").done_at
    change = decide_conflicts(list(Conflict.objects.all()), "theirs", by=world.ana)
    assert change is not None
    assert (item("FER-3").title, item("FER-3").category) == ("Pay by card", "done")
    undo(change, by=world.ana)
    assert (list(Transition.objects.values()), item("FER-3").category, item("FER-3").done_at) == before
    assert item("FER-3").title == "Else"
    assert Conflict.objects.filter(decided="").count() == 2


def test_the_toast_takes_it_back_too(world: World, tmp_path: Path) -> None:
    run = bring(world, tmp_path, FIRST)
    undo(Change.objects.get(pk=run.change_id), by=world.ana)
    assert not Item.objects.exists()
    assert not TrackedItem.objects.exists()


def test_not_twice_and_not_before_it_is_in(world: World, tmp_path: Path) -> None:
    run = bring(world, tmp_path, FIRST)
    undo_import(run, by=world.ana)
    with pytest.raises(CannotUndo, match="already"):
        undo_import(run, by=world.ana)


def test_refused_for_di_and_eve(world: World, tmp_path: Path) -> None:
    run = bring(world, tmp_path, FIRST)
    for actor in (world.di, world.cy, world.eve):
        with pytest.raises(Forbidden):
            undo_import(run, by=actor)
    assert Item.objects.count() == 3
