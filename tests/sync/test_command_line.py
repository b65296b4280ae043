"""`headway import …`: one document with --json, questions at a terminal, refusals with what to do."""

import io
import json
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from typer.testing import CliRunner

from headway import cli_import
from headway.cli import app
from headway.people.models import Organisation, Team
from headway.scrum.actions import edit_item
from headway.scrum.models import Category, Item, Sprint
from headway.sync.models import Import, Mapping
from tests.sync.test_import import FIRST, PARKED, item
from tests.world import World, make_world

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> World:
    return make_world()


def run(*arguments: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, ["import", *arguments])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, result.stdout, result.stderr


def document(*arguments: str) -> dict[str, Any]:
    code, out, err = run(*arguments, "--json")
    assert code == 0, err
    found: dict[str, Any] = json.loads(out)
    return found


def file(folder: Path, text: str, name: str = "export.csv") -> str:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return str(path)


def test_the_document(world: World, tmp_path: Path) -> None:
    found = document("jira", file(tmp_path, PARKED + "FER-8,,,,,,,,,,,,,,,\n"), "--team", "ant")
    assert found == {
        "id": Import.objects.get().pk,
        "read": 4,
        "created": 3,
        "changed": 0,
        "unchanged": 0,
        "missing": 0,
        "kept": 0,
        "skipped": [{"line": 5, "reason": "“Summary” is empty"}],
        "unmapped": ["Parked"],
    }
    assert item("FER-2").category == Category.TODO


def test_a_later_mapping_corrects_and_is_remembered(world: World, tmp_path: Path) -> None:
    path = file(tmp_path, PARKED)
    document("jira", path, "--team", "ANT")
    mapping = file(tmp_path, json.dumps({"statuses": {"Parked": "doing"}}), "mapping.json")
    found = document("jira", path, "--team", "ANT", "--map", mapping)
    assert (found["changed"], found["unchanged"], found["unmapped"]) == (1, 2, [])
    assert item("FER-2").category == Category.DOING
    assert Mapping.objects.get().answers["statuses"] == {"Parked": "doing"}
    assert document("jira", path, "--team", "ANT")["unchanged"] == 3


def test_a_dry_run_writes_nothing(tmp_path: Path) -> None:
    found = document("jira", file(tmp_path, FIRST), "--team", "NEW", "--create-team", "--dry-run")
    assert (found["id"], found["created"]) == (None, 3)
    assert not Item.objects.exists()
    assert not Import.objects.exists()
    assert not Team.objects.exists()


def test_a_team_is_created_on_the_way(tmp_path: Path) -> None:
    found = document("jira", file(tmp_path, FIRST), "--team", "FER", "--create-team")
    assert found["created"] == 3
    assert Team.objects.get().key == "FER"
    assert Organisation.objects.count() == 1


def test_github_leaves_out_what_nobody_asked_for(world: World, tmp_path: Path) -> None:
    issues = [
        {"number": 1, "title": "One", "state": "open", "milestone": {"title": "M1"}},
        {"number": 2, "title": "Two", "state": "open", "pull_request": {"url": "x"}},
    ]
    path = file(tmp_path, json.dumps(issues), "issues.json")
    assert document("github", path, "--team", "ANT")["read"] == 1
    assert not Sprint.objects.exists()
    found = document("github", path, "--team", "ANT", "--milestones-as-sprints", "--include-pull-requests")
    assert (found["created"], found["changed"]) == (1, 1)
    assert Sprint.objects.get().name == "M1"


def test_undo_names_what_stays(world: World, tmp_path: Path) -> None:
    found = document("jira", file(tmp_path, FIRST), "--team", "ANT")
    edit_item(item("FER-2"), by=world.cy, title="Else")
    undone = document("undo", str(found["id"]))
    assert (undone["id"], undone["taken_back"]) == (found["id"], 2)
    assert [(row["key"], row["who"], row["what"]) for row in undone["left"]] == [("FER-2", "Cy Cole", "edited")]
    code, out, err = run("undo", str(found["id"]), "--json")
    assert code == 1
    assert "already" in json.loads(out)["error"]
    assert "already" in err


def test_undo_for_people(world: World, tmp_path: Path) -> None:
    found = document("jira", file(tmp_path, FIRST), "--team", "ANT")
    edit_item(item("FER-2"), by=world.cy, title="Else")
    code, out, _err = run("undo", str(found["id"]))
    assert code == 0
    assert "2 rows taken back" in out
    assert "Cy Cole: edited" in out


@pytest.mark.parametrize(
    ("arguments", "text", "says", "line"),
    [
        (["jira"], "<!doctype html><title>Sign in", "web page", 1),
        (["jira"], 'Issue key,Summary\nA-1,one\nA-2,"cut', "cut off", 3),
        (["csv"], "a,b\n1,2\n", "No column", 1),
        (["github"], "Key,Summary\n", "no JSON", 1),
    ],
)
def test_a_refused_file(world: World, tmp_path: Path, arguments: list[str], text: str, says: str, line: int) -> None:
    code, out, err = run(*arguments, file(tmp_path, text), "--team", "ANT", "--json")
    found = json.loads(out)
    assert code == 1
    assert says in found["error"]
    assert (found["line"], bool(found["todo"])) == (line, True)
    assert says in err
    assert "Traceback" not in err


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["jira", "none.csv", "--team", "ANT"], "There is no file none.csv"),
        (["jira", "none.csv", "--team", "ZZZ"], "There is no team ZZZ. Known here: ANT, EEL."),
        (["undo", "99"], "There is no import 99"),
    ],
)
def test_what_is_not_there_is_named(world: World, arguments: list[str], says: str) -> None:
    code, out, err = run(*arguments)
    assert code == 1
    assert out == ""
    assert says in " ".join(err.split())


def test_a_wrong_mapping_is_refused(world: World, tmp_path: Path) -> None:
    path = file(tmp_path, FIRST)
    for text, says in [("{", "no JSON"), ('{"statuses": {"Parked": "later"}}', "todo, doing, done, skip")]:
        code, out, _err = run("jira", path, "--team", "ANT", "--map", file(tmp_path, text, "map.json"), "--json")
        assert code == 1
        assert says in json.loads(out)["error"]
    assert not Import.objects.exists()


def test_for_people_it_says_what_to_do_next(world: World, tmp_path: Path) -> None:
    code, out, _err = run("jira", file(tmp_path, PARKED), "--team", "ANT")
    assert code == 0
    assert "Parked" in out
    assert f"headway import undo {Import.objects.get().pk}" in out


def test_at_a_terminal_it_asks(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def answer(question: str, **_: Any) -> str:
        asked.append(question)
        return "doing"

    monkeypatch.setattr("sys.stdin", io.StringIO())
    monkeypatch.setattr("headway.cli_import._is_conversation", lambda out: True)
    monkeypatch.setattr("headway.cli_import.Prompt.ask", answer)
    cli_import.bring_in(
        "jira",
        Path(file(tmp_path, PARKED)),
        team_key="ANT",
        mapping=None,
        options={},
        creates_team=False,
        dry_run=False,
        as_json=False,
        out=Console(file=io.StringIO()),
    )
    assert asked == ["What does the status “Parked” mean (1 item)?"]
    assert item("FER-2").category == Category.DOING
