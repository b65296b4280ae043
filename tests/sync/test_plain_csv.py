"""Any table of work items, with a mapping."""

import datetime as dt
from pathlib import Path

import pytest

from headway.sync.csv.reader import open_csv
from headway.sync.rows import NotThisFormat, TrackerRow
from headway.sync.survey import Answers, require_fields
from headway.sync.tabular import TableSource

FLOW = """\
ID,Link,Title,Backlog,Current_Status_Category,Item_Rank,Updated,Labels,Parent,done_datetime,Done,In_Progress,Ready,Waiting
P-1,https://jira.example.org/browse/P-1,One,2025-08-04,DONE,1|b:,2025-09-25,[red|blue],P-9,\
2025-09-25T19:50:51.624-0500,2025-09-25,2025-09-22,2025-09-22,2025-09-23
P-2,https://jira.example.org/browse/P-2,Two,2025-09-10,READY,1|a:,2025-09-25,,,,,,2025-09-12,
"""


def table(folder: Path, text: str, zone: dt.tzinfo = dt.UTC, **answers: dict[str, str]) -> TableSource:
    path = folder / "items.csv"
    path.write_text(text, encoding="utf-8")
    return open_csv(path, Answers(**answers), zone)


def rows(source: TableSource) -> list[TrackerRow]:
    return [row for row in source.rows() if isinstance(row, TrackerRow)]


def day(*parts: int) -> dt.datetime:
    return dt.datetime(*parts, tzinfo=dt.UTC)  # type: ignore[misc,arg-type]


def test_a_date_per_status_is_history_in_order_of_time_and_of_the_work(tmp_path: Path) -> None:
    one, two = rows(table(tmp_path, FLOW))
    assert one.history == (
        ("Backlog", day(2025, 8, 4)),
        ("Ready", day(2025, 9, 22)),
        ("In Progress", day(2025, 9, 22)),
        ("Done", day(2025, 9, 25)),
    )
    assert (one.status, one.done_at) == ("DONE", day(2025, 9, 26, 0, 50, 51, 624000))
    assert (one.labels, one.parent, one.url) == (("red", "blue"), "P-9", "https://jira.example.org/browse/P-1")
    assert (two.status, two.rank) == ("READY", "1|a:")


def test_a_status_that_only_a_person_knows_is_mapped_to_history(tmp_path: Path) -> None:
    assert rows(table(tmp_path, FLOW))[0].extra == {"Waiting": "2025-09-23"}
    one = rows(table(tmp_path, FLOW, columns={"Waiting": "status:Waiting"}, statuses={"Waiting": "doing"}))[0]
    assert ("Waiting", day(2025, 9, 23)) in one.history


def test_days_are_of_the_teams_zone(tmp_path: Path) -> None:
    zone = dt.timezone(dt.timedelta(hours=-5))
    assert rows(table(tmp_path, FLOW, zone))[0].history[0][1] == day(2025, 8, 4, 5)


def test_story_points_of_a_research_set(tmp_path: Path) -> None:
    text = "issuekey,title,description,storypoint\nMES-1,Report ends,NULL,2\nMES-2,Cache,Be smart,5\n"
    one, two = rows(table(tmp_path, text))
    assert (one.key, one.description, one.size) == ("MES-1", "", 2.0)
    assert (two.description, two.size) == ("Be smart", 5.0)


def test_a_list_without_keys_is_known_by_its_titles(tmp_path: Path) -> None:
    assert [(row.key, row.title) for row in rows(table(tmp_path, "Task;State\nPaint;Done\nSand;Open\n"))] == [
        ("Paint", "Paint"),
        ("Sand", "Sand"),
    ]


def test_sprint_dates_in_columns_of_their_own(tmp_path: Path) -> None:
    text = "Key,Title,Sprint,Sprint end\nA-1,one,S1,2026-01-19\n"
    (sprint,) = rows(table(tmp_path, text))[0].sprints
    assert (sprint.starts_on, sprint.ends_on) == (None, dt.date(2026, 1, 19))


def test_a_table_of_something_else_is_refused(tmp_path: Path) -> None:
    source = table(tmp_path, "boardid,sprintid,velocity\n1,8,3\n")
    with pytest.raises(NotThisFormat, match="boardid"):
        require_fields(source.survey)


@pytest.mark.parametrize(
    ("document", "says"),
    [
        ([], "JSON object"),
        ({"colums": {}}, "columns"),
        ({"columns": {"A": "titel"}}, "titel"),
        ({"statuses": {"Parked": "later"}}, "todo, doing, done, skip"),
        ({"options": {"dats": "dmy"}}, "dats"),
    ],
)
def test_a_wrong_mapping_is_named(document: object, says: str) -> None:
    with pytest.raises(NotThisFormat, match=says):
        Answers.from_json(document)
