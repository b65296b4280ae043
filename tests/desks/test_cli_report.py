"""`headway report`: standard output is the document and nothing else; what cannot be done is said."""

import csv
import datetime as dt
import json

import pytest
from typer.testing import CliRunner, Result

from headway.cli import app
from headway.desks import documents
from headway.desks.report import report_for, scopes_for
from headway.lib import clock
from headway.scrum.models import Category
from tests.world import World, make_item, make_sprint


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["report", "--team", "ant", *arguments])


def test_each_format_is_that_of_the_page(world: World) -> None:
    make_item(world.team, "One")
    report = report_for(world.team, scopes_for(world.team).chosen)
    assert run().stdout == run("--format", "md").stdout == documents.markdown(report)
    assert json.loads(run("--format", "json").stdout) == documents.json_document(report)
    assert [row["title"] for row in csv.DictReader(run("--format", "csv").stdout.splitlines())] == ["One"]


def test_a_sprint_days_and_a_day_can_be_asked_for(world: World) -> None:
    item = make_item(world.team, category=Category.DONE, sprint=make_sprint(world.team, 4))
    day = clock.today() - dt.timedelta(days=1)
    assert json.loads(run("--format", "json", "--sprint", "4").stdout)["counts"]["done"] == 1
    assert json.loads(run("--format", "json", "--from", str(day), "--to", str(day)).stdout)["counts"]["done"] == 1
    long_ago = item.created_at.date() - dt.timedelta(days=1)
    assert json.loads(run("--format", "json", "--on", str(long_ago)).stdout)["counts"]["done"] == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--format", "xls"], "md, csv or json"),
        (["--sprint", "77"], "no Sprint 77"),
        (["--sprint", "1", "--from", "2026-01-01"], "one of the two"),
        (["--on", "tomorrow"], "2026-12-18"),
        (["--on", "2999-01-01"], "still to come"),
        (["--from", "2026-02-02", "--to", "2026-02-01"], "lies after"),
    ],
)
def test_what_cannot_be_done_is_said_on_standard_error(world: World, arguments: list[str], said: str) -> None:
    result = run(*arguments)
    assert (result.exit_code, result.stdout) == (1, "")
    assert said in result.stderr


def test_an_unknown_team_is_told_which_there_are(world: World) -> None:
    result = CliRunner().invoke(app, ["report", "--team", "NOPE"])
    assert result.exit_code == 1
    assert "ANT" in result.stderr
