"""GitHub's issues: REST lists, pages after one another, JSON Lines, `gh`, archives."""

import datetime as dt
import json
from pathlib import Path
from typing import Any

import pytest

from headway.sync.github.reader import GithubSource, open_github
from headway.sync.rows import NotThisFormat, Skipped, SprintName, TrackerRow
from headway.sync.survey import Answers

API = "https://api.github.com/repos/northwind/ferry"


def issue(number: int, **fields: Any) -> dict[str, Any]:
    return {
        "url": f"{API}/issues/{number}",
        "html_url": f"https://github.com/northwind/ferry/issues/{number}",
        "number": number,
        "title": f"Issue {number}",
        "state": "open",
        "labels": [],
        "milestone": None,
        "assignees": [],
        "user": {"login": "ana"},
        "created_at": "2026-01-05T10:00:00Z",
        "updated_at": "2026-01-06T10:00:00Z",
        "closed_at": None,
        "body": "Why",
    } | fields


REST = [
    issue(
        3,
        state="closed",
        closed_at="2026-01-08T12:30:00Z",
        state_reason="not_planned",
        labels=[{"name": "bug"}, {"name": "size: 5"}],
        assignees=[{"login": "cy"}],
        milestone={
            "title": "First ferry",
            "due_on": "2026-02-01T08:00:00Z",
            "created_at": "2025-12-01",
            "state": "open",
        },
    ),
    issue(2, labels=[{"name": "status: in review"}], parent_issue_url=f"{API}/issues/1"),
    issue(4, pull_request={"url": "…"}),
    issue(1, labels=[{"name": "type: epic"}]),
]
ARCHIVE = {
    "magic": "x",
    "repo": "northwind/ferry",
    "labels": [{"name": "bug", "color": "fff"}],
    "issues": [
        {
            "number": 3,
            "title": "Issue 3",
            "url": "https://github.com/northwind/ferry/issues/3",
            "state": "CLOSED",
            "author": "ana",
            "assignees": ["cy"],
            "labels": ["bug"],
            "body": "Why",
            "createdAt": "2026-01-05T10:00:00Z",
            "updatedAt": "2026-01-08T12:30:00Z",
            "closedAt": "2026-01-08T12:30:00Z",
            "comments": [],
        }
    ],
    "pulls": [
        {
            "number": 4,
            "title": "Pull 4",
            "url": "https://github.com/northwind/ferry/pull/4",
            "state": "MERGED",
            "author": "cy",
            "labels": [],
            "createdAt": "2026-01-05T10:00:00Z",
            "updatedAt": "2026-01-06T10:00:00Z",
            "closedAt": "2026-01-06T10:00:00Z",
            "mergedAt": "2026-01-06T10:00:00Z",
        }
    ],
}


def github(folder: Path, text: str, **options: bool) -> GithubSource:
    path = folder / "issues.json"
    path.write_text(text, encoding="utf-8")
    return open_github(path, Answers(options=options))


def by_key(source: GithubSource) -> dict[str, TrackerRow]:
    return {row.key: row for row in source.rows() if isinstance(row, TrackerRow)}


def test_a_rest_list(tmp_path: Path) -> None:
    source = github(tmp_path, json.dumps(REST, indent=1))
    rows = by_key(source)
    assert list(rows) == ["ferry#3", "ferry#2", "ferry#1"]
    three = rows["ferry#3"]
    assert (three.kind, three.size, three.status, three.resolution) == ("Bug", 5.0, "closed", "not planned")
    assert (three.assignees, three.labels) == (("cy",), ("bug", "size: 5"))
    assert three.done_at == dt.datetime(2026, 1, 8, 12, 30, tzinfo=dt.UTC)
    assert (three.sprints, three.extra["milestone"], three.extra["author"]) == ((), "First ferry", "ana")
    assert (rows["ferry#2"].status, rows["ferry#2"].parent) == ("in review", "ferry#1")
    assert rows["ferry#1"].kind == "Epic"
    assert source.survey.pull_requests == 1
    assert source.survey.meaning_of() == {"closed": "done", "in review": "doing", "open": "todo"}


def test_a_milestone_becomes_a_sprint_when_asked_and_its_due_day_no_start(tmp_path: Path) -> None:
    source = github(tmp_path, json.dumps(REST), milestones=True)
    assert source.survey.milestones == 1
    assert by_key(source)["ferry#3"].sprints == (
        SprintName("First ferry", starts_on=None, ends_on=dt.date(2026, 2, 1)),
    )


def test_pull_requests_come_when_asked(tmp_path: Path) -> None:
    assert "ferry#4" in by_key(github(tmp_path, json.dumps(REST), pull_requests=True))
    merged = by_key(github(tmp_path, json.dumps(ARCHIVE), pull_requests=True))["ferry#4"]
    assert (merged.status, merged.resolution) == ("closed", "merged")


def test_an_archive_has_the_keys_of_the_rest_list(tmp_path: Path) -> None:
    source = github(tmp_path, json.dumps(ARCHIVE))
    row = by_key(source)["ferry#3"]
    assert (row.title, row.status, row.kind, row.assignees) == ("Issue 3", "closed", "Bug", ("cy",))
    assert source.survey.pull_requests == 1


@pytest.mark.parametrize("form", ["pages", "lines", "one line"])
def test_other_ways_to_write_the_same(tmp_path: Path, form: str) -> None:
    text = {
        "pages": json.dumps(REST[:2]) + json.dumps(REST[2:]),
        "lines": "\n".join(json.dumps(one) for one in REST) + "\n",
        "one line": json.dumps(REST),
    }[form]
    assert list(by_key(github(tmp_path, text))) == ["ferry#3", "ferry#2", "ferry#1"]


def test_lines_are_those_of_the_file(tmp_path: Path) -> None:
    text = "[\n" + ",\n".join(json.dumps(one) for one in REST) + "\n]\n"
    assert {row.key: row.line for row in by_key(github(tmp_path, text)).values()} == {
        "ferry#3": 2,
        "ferry#2": 3,
        "ferry#1": 5,
    }


def test_values_longer_than_a_chunk(tmp_path: Path) -> None:
    long = [issue(number, body="ä" * 300_000) for number in range(1, 5)]
    rows = by_key(github(tmp_path, json.dumps(long, ensure_ascii=False)))
    assert [len(row.description) for row in rows.values()] == [300_000] * 4


def test_the_same_issue_twice_counts_once(tmp_path: Path) -> None:
    twice = [issue(1, title="new", updated_at="2026-01-09T10:00:00Z"), issue(1, title="old")]
    rows = list(github(tmp_path, json.dumps(twice)).rows())
    assert [row.title for row in rows if isinstance(row, TrackerRow)] == ["new"]
    assert [row.reason for row in rows if isinstance(row, Skipped)] == ["Same key as line 1; the later “Updated” wins"]


@pytest.mark.parametrize(
    ("text", "says", "line"),
    [
        ("Key,Summary\nA-1,one\n", "table", 1),
        ("<!doctype html>", "web page", 1),
        ("", "empty", 1),
        ("[]", "No issue", 1),
        ('{"lists": [], "cards": []}', "no GitHub issue", 1),
        ('[\n{"number": 1, "title": "one"},\n{"number": 2, "ti', "cut off", 3),
        ('[\n{"number": 1, "title": "one"},\n{"number": 2 "title": "two"}\n]', "no JSON", 3),
    ],
)
def test_refuses_what_it_is_not(tmp_path: Path, text: str, says: str, line: int) -> None:
    with pytest.raises(NotThisFormat) as refused:
        github(tmp_path, text)
    assert says in refused.value.message
    assert refused.value.line == line
