"""Bring a file in: works · the same again · a newer one · conflicts · waiting · refused · absent."""

import datetime as dt
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from headway.lib import clock
from headway.live.models import Change
from headway.people.access import Forbidden
from headway.people.actor import Actor
from headway.scrum.actions import edit_item, move_item, remove_item
from headway.scrum.models import Category, Column, Item, ItemLink, Sprint, SprintStay, Transition
from headway.sync.actions import answer_statuses, begin_import, decide_conflicts, import_file
from headway.sync.models import Conflict, Import, ImportedRow, TrackedItem
from headway.sync.rows import NotThisFormat
from headway.sync.survey import Answers
from tests.world import World, make_item, make_team, make_world

pytestmark = pytest.mark.django_db

HEADING = (
    "Issue key,Summary,Issue Type,Status,Resolution,Created,Updated,Resolved,Due date,Description,Labels,"
    "Outward issue link (Blocks),Sprint,Story Points,Parent key,Priority\n"
)
FIRST = HEADING + (
    "FER-3,Pay by card,Story,Done,Done,10/Jan/26 11:19 AM,14/Jan/26 4:00 PM,14/Jan/26 4:00 PM,,Why,money,FER-2,"
    "Sprint 2,3,FER-1,High\n"
    "FER-2,Buy a stamp,Task,In Progress,,11/Jan/26 9:00 AM,12/Jan/26 9:00 AM,,20/Jan/26 12:00 AM,,,,Sprint 10,,"
    "FER-1,Low\n"
    "FER-1,Ferry,Epic,To Do,,01/Jan/26 9:00 AM,02/Jan/26 9:00 AM,,,,,,,,,\n"
)


@pytest.fixture
def world() -> World:
    return make_world()


def bring(
    world: World,
    folder: Path,
    text: str,
    *,
    by: Actor | None = None,
    provider: str = "jira",
    may_wait: bool = False,
    statuses: Mapping[str, str] | None = None,
    columns: Mapping[str, str] | None = None,
) -> Import:
    path = folder / "export.csv"
    path.write_text(text, encoding="utf-8")
    actor = by or world.ana
    run = begin_import(world.team, by=actor, provider=provider, file_name=path.name)
    answers = Answers.from_json(run.mapping).with_(Answers(statuses=statuses or {}, columns=columns or {}))
    return import_file(run, path, by=actor, answers=answers, may_wait=may_wait)


def item(key: str) -> Item:
    return Item.objects.get(tracker_key=key)


def counts(run: Import) -> dict[str, int]:
    return {name: count for name, count in run.counts.items() if count and name != "read"}


def state() -> list[dict[str, Any]]:
    """Everything that an import may write."""
    models = (Item, Transition, Sprint, SprintStay, ItemLink, TrackedItem, Conflict)
    return [row for model in models for row in model.objects.order_by("pk").values()]


def test_creates_items_with_all_that_the_file_tells(world: World, tmp_path: Path) -> None:
    run = bring(world, tmp_path, FIRST)
    assert counts(run) == {"created": 3}
    assert run.state == Import.State.DONE
    three, two, one = item("FER-3"), item("FER-2"), item("FER-1")
    assert (three.title, three.kind, three.category, three.size) == ("Pay by card", "story", "done", 3.0)
    assert (three.description, three.resolution) == ("Why", "Done")
    assert three.done_at == dt.datetime(2026, 1, 14, 16, tzinfo=dt.UTC)
    assert three.parent == one
    assert two.parent == one
    assert (two.category, two.due_on, two.started_at) == ("doing", dt.date(2026, 1, 20), None)
    assert three.extra == {"Priority": "High", "Labels": "money"}
    assert ItemLink.objects.get(item=three).to == two
    assert [sprint.name for sprint in Sprint.objects.order_by("number")] == ["Sprint 2", "Sprint 10"]
    assert three.sprint is not None
    assert three.sprint.starts_on is None
    assert SprintStay.objects.filter(item=three, removed_at=None).count() == 1
    assert [step.category for step in three.transitions.all()] == ["todo", "done"]
    assert [row.tracker_key for row in Item.objects.in_order()] == ["FER-3", "FER-2", "FER-1"]
    assert [row.number for row in Item.objects.order_by("pk")] == [1, 2, 3]
    change = Change.objects.get()
    assert (change.name, change.team_id, change.actor_id) == ("import.finished", world.team.pk, world.ana.person_id)


def test_the_same_file_again_changes_nothing(world: World, tmp_path: Path) -> None:
    bring(world, tmp_path, FIRST)
    before = state()
    run = bring(world, tmp_path, FIRST)
    assert counts(run) == {"unchanged": 3}
    assert state() == before
    assert not ImportedRow.objects.filter(run=run).exists()


def test_a_newer_file_updates_what_the_tracker_owns(world: World, tmp_path: Path) -> None:
    bring(world, tmp_path, FIRST)
    newer = FIRST.replace("Buy a stamp,Task,In Progress,", "Buy two stamps,Task,Done,Done")
    newer = newer.replace(
        "11/Jan/26 9:00 AM,12/Jan/26 9:00 AM,,20/Jan/26", "11/Jan/26 9:00 AM,16/Jan/26 9:00 AM,,21/Jan/26"
    )
    newer = newer.replace("Done,Done,11/Jan", "Done,Done,11/Jan").replace("Sprint 10,,", "Sprint 11,5,")
    run = bring(world, tmp_path, newer.replace("Task,Done,Done,", "Task,Done,,"))
    assert counts(run) == {"changed": 1, "unchanged": 2}
    two = item("FER-2")
    assert (two.title, two.size, two.due_on) == ("Buy two stamps", 5.0, dt.date(2026, 1, 21))
    assert (two.category, two.column.name) == ("done", "Done")
    assert two.done_at == dt.datetime(2026, 1, 16, 9, tzinfo=dt.UTC)  # seen to be done between the two files
    assert two.sprint is not None
    assert two.sprint.name == "Sprint 11"
    assert [stay.removed_at is None for stay in SprintStay.objects.filter(item=two).order_by("pk")] == [False, True]
    assert [step.category for step in two.transitions.all()] == ["todo", "done"]
    assert set(ImportedRow.objects.get(run=run).before["fields"]) >= {"title", "size", "status", "sprint", "due_on"}


def test_order_and_the_column_within_a_category_are_ours(world: World, tmp_path: Path) -> None:
    bring(world, tmp_path, FIRST)
    review = Column.objects.create(team=world.team, name="In review", category=Category.DOING, position=5)
    Item.objects.filter(tracker_key="FER-1").update(rank="Zz")
    move_item(item("FER-2"), to=review, by=world.cy)
    run = bring(world, tmp_path, FIRST)
    assert counts(run) == {"unchanged": 3}
    assert item("FER-2").column == review
    assert Item.objects.in_order().first() == item("FER-1")


def test_a_status_finds_the_column_of_its_name(world: World, tmp_path: Path) -> None:
    review = Column.objects.create(team=world.team, name="In review", category=Category.DOING, position=5)
    bring(world, tmp_path, FIRST.replace("In Progress", "IN_REVIEW"))
    assert item("FER-2").column == review
    bring(world, tmp_path, FIRST)
    assert item("FER-2").column.name == "In progress"


def test_a_local_edit_stays_and_is_a_conflict(world: World, tmp_path: Path) -> None:
    bring(world, tmp_path, FIRST)
    edit_item(item("FER-2"), by=world.cy, title="Buy a nice stamp")
    run = bring(world, tmp_path, FIRST.replace("Buy a stamp", "Buy a cheap stamp"))
    assert counts(run) == {"kept": 1, "unchanged": 2}
    assert item("FER-2").title == "Buy a nice stamp"
    conflict = Conflict.objects.get()
    assert (conflict.field, conflict.ours, conflict.theirs) == ("title", "Buy a nice stamp", "Buy a cheap stamp")
    assert counts(bring(world, tmp_path, FIRST.replace("Buy a stamp", "Buy a cheap stamp"))) == {
        "kept": 1,
        "unchanged": 2,
    }
    assert Conflict.objects.count() == 1


def test_ours_is_remembered_and_theirs_is_written(world: World, tmp_path: Path) -> None:
    bring(world, tmp_path, FIRST)
    edit_item(item("FER-2"), by=world.cy, title="Buy a nice stamp", size=8.0)
    newer = FIRST.replace("Buy a stamp", "Buy a cheap stamp").replace("Sprint 10,,", "Sprint 10,2,")
    assert counts(bring(world, tmp_path, newer)) == {"kept": 1, "unchanged": 2}
    decide_conflicts(list(Conflict.objects.filter(field="title")), "ours", by=world.bo)
    decide_conflicts(list(Conflict.objects.filter(field="size")), "theirs", by=world.bo)
    two = item("FER-2")
    assert (two.title, two.size) == ("Buy a nice stamp", 2.0)
    assert counts(bring(world, tmp_path, newer)) == {"unchanged": 3}
    assert Change.objects.filter(name="conflict.decided").count() == 2
    again = newer.replace("cheap", "cheaper")
    assert counts(bring(world, tmp_path, again)) == {"kept": 1, "unchanged": 2}  # another value is another question


def test_a_local_move_is_a_conflict_that_can_be_settled(world: World, tmp_path: Path) -> None:
    bring(world, tmp_path, FIRST)
    done = Column.objects.get(team=world.team, category=Category.DONE)
    move_item(item("FER-2"), to=done, by=world.cy)
    assert counts(bring(world, tmp_path, FIRST)) == {"kept": 1, "unchanged": 2}
    assert item("FER-2").category == Category.DONE
    decide_conflicts(list(Conflict.objects.all()), "theirs", by=world.ana)
    two = item("FER-2")
    assert (two.category, two.done_at) == (Category.DOING, None)
    assert counts(bring(world, tmp_path, FIRST)) == {"unchanged": 3}


def test_a_size_that_only_we_know_is_no_conflict(world: World, tmp_path: Path) -> None:
    bring(world, tmp_path, FIRST)
    edit_item(item("FER-1"), by=world.cy, size=13.0)
    assert counts(bring(world, tmp_path, FIRST)) == {"unchanged": 3}
    assert item("FER-1").size == 13.0


def test_a_file_with_fewer_columns_empties_nothing(world: World, tmp_path: Path) -> None:
    bring(world, tmp_path, FIRST)
    run = bring(world, tmp_path, "Issue key,Summary,Status\nFER-3,Pay by card,Done\nFER-2,Buy a stamp,In Progress\n")
    assert counts(run) == {"unchanged": 2, "missing": 1}
    three = item("FER-3")
    assert (three.size, three.description, three.extra["Labels"]) == (3.0, "Why", "money")
    assert three.sprint is not None
    assert three.parent is not None


def test_what_is_missing_is_marked_and_comes_back(world: World, tmp_path: Path) -> None:
    bring(world, tmp_path, FIRST)
    world.team.refresh_from_db()
    own = make_item(world.team, "Ours alone")
    without = "".join(line for line in FIRST.splitlines(keepends=True) if not line.startswith("FER-1,"))
    run = bring(world, tmp_path, without)
    assert counts(run) == {"unchanged": 2, "missing": 1}
    assert item("FER-1").missing_since is not None
    assert item("FER-1").removed_at is None
    own.refresh_from_db()
    assert own.missing_since is None
    assert counts(bring(world, tmp_path, without)) == {"unchanged": 2}
    assert counts(bring(world, tmp_path, FIRST)) == {"changed": 1, "unchanged": 2}
    assert item("FER-1").missing_since is None


def test_a_file_of_another_project_marks_nothing(world: World, tmp_path: Path) -> None:
    bring(world, tmp_path, FIRST)
    run = bring(world, tmp_path, "Issue key,Summary\nOTH-1,Elsewhere\n")
    assert counts(run) == {"created": 1}
    assert not Item.objects.exclude(missing_since=None).exists()


def test_an_older_file_takes_nothing_back_and_tells_what_was_left_out(world: World, tmp_path: Path) -> None:
    heading = "Issue key,Summary,Status,Created,Updated"
    bring(
        world,
        tmp_path,
        f"{heading}\nA-1,new,Done,2026-01-01,2026-03-01\nA-2,x,,2026-02-20,\n",
    )
    run = bring(
        world,
        tmp_path,
        f"{heading},Story Points,Team\nA-1,old,To Do,2026-01-01,2026-02-01,3,blue\n",
    )
    assert counts(run) == {"changed": 1}  # and A-2, written after this file was, is not missing from it
    one = item("A-1")
    assert (one.title, one.category, one.size, one.extra) == ("new", Category.DONE, 3.0, {"Team": "blue"})


def test_a_moment_that_is_told_late_is_taken(world: World, tmp_path: Path) -> None:
    heading = "Issue key,Summary,Status,Updated"
    bring(world, tmp_path, f"{heading}\nA-1,one,Done,2026-03-01\nA-2,two,Done,2026-03-01\n")
    assert item("A-1").done_at is None
    older = f"{heading},Resolved\nA-1,one,Done,2026-02-01,2026-01-20\nA-2,two,To Do,2026-02-01,\n"
    assert counts(bring(world, tmp_path, older)) == {"changed": 1, "unchanged": 1}
    one = item("A-1")
    assert one.done_at == dt.datetime(2026, 1, 20, tzinfo=dt.UTC)
    assert [(step.status, step.at) for step in one.transitions.all()] == [("Done", one.done_at)]
    assert counts(bring(world, tmp_path, older)) == {"unchanged": 2}


def test_what_was_removed_here_stays_removed(world: World, tmp_path: Path) -> None:
    bring(world, tmp_path, FIRST)
    remove_item(item("FER-2"), by=world.cy)
    assert counts(bring(world, tmp_path, FIRST.replace("stamp", "letter"))) == {"unchanged": 3}
    assert item("FER-2").removed_at is not None


PARKED = FIRST.replace("Task,In Progress", "Task,Parked")


def test_an_unknown_status_waits_where_it_can_be_asked(world: World, tmp_path: Path) -> None:
    run = bring(world, tmp_path, PARKED, may_wait=True)
    assert counts(run) == {"created": 2, "waiting": 1}
    assert run.unmapped == ["Parked"]
    assert not Item.objects.filter(tracker_key="FER-2").exists()
    run = bring(world, tmp_path, PARKED, may_wait=True, statuses={"Parked": "doing"})
    assert counts(run) == {"created": 1, "unchanged": 2}
    assert item("FER-2").category == Category.DOING
    assert counts(bring(world, tmp_path, PARKED, may_wait=True)) == {"unchanged": 3}  # the answer is remembered


def test_an_unknown_status_counts_as_to_do_where_nobody_can_be_asked(world: World, tmp_path: Path) -> None:
    run = bring(world, tmp_path, PARKED)
    assert counts(run) == {"created": 3}
    assert run.unmapped == ["Parked"]
    assert item("FER-2").category == Category.TODO


@pytest.mark.parametrize("way", ["file", "answer"])
def test_a_later_mapping_corrects_the_items(world: World, tmp_path: Path, way: str) -> None:
    text = PARKED.replace(
        "11/Jan/26 9:00 AM,12/Jan/26 9:00 AM,,", "11/Jan/26 9:00 AM,12/Jan/26 9:00 AM,13/Jan/26 9:00 AM,"
    )
    bring(world, tmp_path, text)
    if way == "file":
        run: Import | None = bring(world, tmp_path, text, statuses={"Parked": "done"})
        assert run is not None
        assert counts(run) == {"changed": 1, "unchanged": 2}
    else:
        run = answer_statuses(world.team, "jira", {"Parked": "done"}, by=world.ana)
        assert run is not None
        assert counts(run) == {"changed": 1}
    assert run.unmapped == []
    two = item("FER-2")
    assert (two.category, two.column.name) == (Category.DONE, "Done")
    assert two.done_at == dt.datetime(2026, 1, 13, 9, tzinfo=dt.UTC)
    assert [(step.status, step.category) for step in two.transitions.all()] == [("To do", "todo"), ("Parked", "done")]
    assert two.extra == {"Priority": "Low"}
    assert counts(bring(world, tmp_path, text)) == {"unchanged": 3}


def test_a_status_that_is_left_out_takes_its_items_away(world: World, tmp_path: Path) -> None:
    bring(world, tmp_path, PARKED)
    run = bring(world, tmp_path, PARKED, statuses={"Parked": "skip"})
    assert counts(run) == {"changed": 1, "unchanged": 2}
    assert item("FER-2").removed_at is not None
    fresh = make_world_without_items(world)
    run = bring(fresh, tmp_path, PARKED, statuses={"Parked": "skip"})
    assert counts(run) == {"created": 2, "skipped": 1}
    assert "Parked" in run.skipped[0]["reason"]


def make_world_without_items(world: World) -> World:
    Item.objects.all().delete()
    return world


def test_what_ended_without_delivery_is_never_done_on_a_day(world: World, tmp_path: Path) -> None:
    bring(world, tmp_path, FIRST.replace("Story,Done,Done,", "Story,Closed,Won't Do,"))
    three = item("FER-3")
    assert (three.category, three.resolution, three.done_at) == (Category.DONE, "Won't Do", None)
    assert not three.transitions.filter(category=Category.DONE).exists()


FLOW = (
    "ID,Title,Status,Updated,Backlog,In_Progress,Done\n"
    "P-1,One,Done,2026-01-20,2026-01-02,2026-01-05,2026-01-09\n"
    "P-2,Two,Backlog,2026-01-20,2026-01-02,2026-01-05,2026-01-09\n"
)


def test_a_date_per_status_is_the_whole_history(world: World, tmp_path: Path) -> None:
    bring(world, tmp_path, FLOW, provider="csv")
    one, two = item("P-1"), item("P-2")
    assert [(step.status, step.at.day) for step in one.transitions.all()] == [
        ("Backlog", 2),
        ("In Progress", 5),
        ("Done", 9),
    ]
    assert (one.created_at.day, one.started_at and one.started_at.day, one.done_at and one.done_at.day) == (2, 5, 9)
    assert (two.category, two.done_at) == (Category.TODO, None)
    assert [step.status for step in two.transitions.all()] == ["Backlog", "In Progress", "Done", "Backlog"]
    before = state()
    assert counts(bring(world, tmp_path, FLOW, provider="csv")) == {"unchanged": 2}
    assert state() == before
    assert counts(
        bring(world, tmp_path, FLOW.replace("2026-01-05,2026-01-09\nP-2", "2026-01-06,2026-01-09\nP-2"), provider="csv")
    ) == {
        "changed": 1,
        "unchanged": 1,
    }
    assert [step.at.day for step in item("P-1").transitions.all()] == [2, 6, 9]


def test_the_trackers_own_order_is_the_order_of_new_items(world: World, tmp_path: Path) -> None:
    first = make_item(world.team, "Here before")
    bring(world, tmp_path, "Issue key,Summary,Rank\nA-1,one,0|c:\nA-2,two,0|a:\nA-3,three,0|b:\n")
    assert [row.title for row in Item.objects.in_order()] == [first.title, "two", "three", "one"]


def test_a_parent_of_another_team_and_one_that_comes_later(world: World, tmp_path: Path) -> None:
    other = make_team(world.organisation, "BEE", "Bee")
    above = make_item(other, "Above", tracker_key="OTH-9")
    bring(world, tmp_path, "Issue key,Summary,Parent\nA-1,one,OTH-9\nA-2,two,A-3\nA-4,four,GONE-1\n")
    assert item("A-1").parent == above
    assert item("A-2").parent is None
    assert item("A-4").extra == {"Parent": "GONE-1"}
    run = bring(world, tmp_path, "Issue key,Summary,Parent\nA-1,one,OTH-9\nA-2,two,A-3\nA-4,four,GONE-1\nA-3,three,\n")
    assert counts(run) == {"created": 1, "changed": 1, "unchanged": 2}
    assert item("A-2").parent == item("A-3")
    assert item("A-2").extra == {}


def test_members_are_found_by_name(world: World, tmp_path: Path) -> None:
    bring(world, tmp_path, "Issue key,Summary,Assignee\nA-1,one,Cy Cole\nA-2,two,Somebody Else\n")
    assert [person.name for person in item("A-1").assignees.all()] == ["Cy Cole"]
    assert not item("A-2").assignees.exists()
    assert item("A-2").extra == {"Assignee": "Somebody Else"}
    assert counts(bring(world, tmp_path, "Issue key,Summary,Assignee\nA-1,one,Bo Berg\nA-2,two,Somebody Else\n")) == {
        "changed": 1,
        "unchanged": 1,
    }
    assert [person.name for person in item("A-1").assignees.all()] == ["Bo Berg"]


def test_skipped_rows_are_named_and_the_rest_comes(world: World, tmp_path: Path) -> None:
    run = bring(world, tmp_path, "Issue key,Summary,Created\nA-1,one,31/11/26\nA-2,two,30/11/26\n,three,\n")
    assert counts(run) == {"created": 1, "skipped": 2}
    assert [row["line"] for row in run.skipped] == [2, 4]


def test_sprint_dates_are_filled_in_and_an_end_is_no_start(world: World, tmp_path: Path) -> None:
    text = "Key,Title,Sprint,Sprint end\nA-1,one,S1,2026-01-19\n"
    bring(world, tmp_path, text, provider="csv")
    sprint = Sprint.objects.get()
    assert (sprint.starts_on, sprint.ends_on) == (None, dt.date(2026, 1, 19))
    bring(
        world, tmp_path, "Key,Title,Sprint,Sprint start,Sprint end\nA-1,one,S1,2026-01-05,2026-01-19\n", provider="csv"
    )
    sprint.refresh_from_db()
    assert (sprint.starts_on, sprint.ends_on) == (dt.date(2026, 1, 5), dt.date(2026, 1, 19))


def test_refused_for_di_and_eve(world: World, tmp_path: Path) -> None:
    for actor in (world.di, world.cy, world.eve):
        with pytest.raises(Forbidden):
            bring(world, tmp_path, FIRST, by=actor)
    assert not Item.objects.exists()


def test_a_file_that_breaks_off_writes_nothing(world: World, tmp_path: Path) -> None:
    with pytest.raises(NotThisFormat):
        bring(world, tmp_path, FIRST + 'FER-9,"cut o')
    assert not Item.objects.exists()
    assert not Change.objects.exists()
    run = Import.objects.get()
    assert run.state == Import.State.FAILED
    assert "cut off" in run.error


def test_an_import_that_fails_on_the_way_leaves_no_trace(world: World, tmp_path: Path) -> None:
    path = tmp_path / "export.csv"
    path.write_text(FIRST)
    run = begin_import(world.team, by=world.ana, provider="jira", file_name="export.csv")

    def fail(*_: object) -> None:
        raise RuntimeError

    with pytest.raises(RuntimeError):
        import_file(run, path, by=world.ana, answers=Answers(), may_wait=False, on_batch=fail)
    assert not Item.objects.exists()
    assert not Sprint.objects.exists()
    assert run.state == Import.State.FAILED
    assert world.team.next_item_number == 1


def test_a_hand_made_item_with_the_key_is_taken_over(world: World, tmp_path: Path) -> None:
    own = make_item(world.team, "Buy a stamp", tracker_key="FER-2", created_at=clock.now())
    run = bring(world, tmp_path, FIRST)
    assert counts(run) == {"created": 2, "changed": 1}
    own.refresh_from_db()
    assert own.category == Category.DOING
