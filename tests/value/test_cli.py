"""`headway plan` and `headway forecast`: one JSON document, tables for people, and errors that say what to do."""

import datetime as dt
import json
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from headway.cli import app
from headway.lib import clock
from headway.value.actions import shelve
from headway.value.documents import plan_document
from headway.value.queries import value_sheet
from tests.value.make import make_bet, make_done
from tests.world import World, make_item


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, arguments)


def document(*arguments: str) -> Any:
    result = run(*arguments, "--json")
    assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout)


def test_plan_prints_the_documented_items_in_the_order_of_the_browser(world: World) -> None:
    make_done(world.team)
    make_bet(make_item(world.team, "First"), world.key_result)
    make_bet(make_item(world.team, "Second", size=2), world.key_result, 0, 4, 6, 0.7)
    shelve(make_item(world.team, "Later"), by=world.bo, reason="Too dear")
    plan = document("plan", "--team", "ant")
    assert [item["title"] for item in plan["items"]] == ["First", "Second"]
    assert {
        *("key", "title", "kr", "low", "likely", "high", "chance", "weeks", "value"),
        *("value_per_week", "cost_of_waiting", "tie"),
    } <= plan["items"][0].keys()
    assert plan["value_present"] <= plan["value_best"]
    assert plan["not_now"][0]["reason"] == "Too dear"
    assert plan == json.loads(json.dumps(plan_document(value_sheet(world.team, world.bo)))), "as the browser has it"


def test_items_without_a_promise_follow_with_nothing_made_up(world: World) -> None:
    make_item(world.team, "Unlinked")
    make_bet(make_item(world.team, "Promised"), world.key_result)
    first, second = document("plan", "--team", "ANT")["items"]
    assert (first["title"], second["title"]) == ("Promised", "Unlinked")
    assert first.keys() == second.keys()
    assert second["value"] is second["low"] is second["kr"] is None


def test_an_empty_backlog_is_an_empty_plan(world: World) -> None:
    assert document("plan", "--team", "ANT")["items"] == []
    assert "Give one item a range" in run("plan", "--team", "ANT").stdout


def test_people_get_a_table(world: World) -> None:
    make_done(world.team)
    make_bet(make_item(world.team, "[b]One tap"), world.key_result)
    shelve(make_item(world.team, "Later"), by=world.bo, reason="Too dear")
    shown = run("plan", "--team", "ANT").stdout
    assert "[b]One" in shown, "a title is no markup"
    assert "Not now: ANT-" in shown
    forecast = run("forecast", "--team", "ANT", "--items", "6").stdout
    assert "85%" in forecast
    assert "Mean velocity" in forecast
    assert "At least" in run("forecast", "--team", "ANT", "--by", clock.today().isoformat()).stdout


def test_forecast_prints_the_documented_quantiles(world: World) -> None:
    make_done(world.team)
    when = document("forecast", "--team", "ANT", "--items", "6")
    assert list(when["quantiles"]) == ["0.5", "0.8", "0.85", "0.95"]
    assert when["sample_weeks"] == 12
    assert when["baseline"] == 3.0
    by = (clock.today() + dt.timedelta(days=20)).isoformat()
    assert document("forecast", "--team", "ANT", "--by", by)["quantiles"]["0.5"] >= 1


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("plan", "--team", "NONE"), "Known here: ANT"),
        (("forecast", "--team", "ANT"), "one of the two"),
        (("forecast", "--team", "ANT", "--items", "1", "--by", "2999-01-01"), "one of the two"),
        (("forecast", "--team", "ANT", "--by", "tomorrow"), "no day"),
        (("forecast", "--team", "ANT", "--by", "2001-01-01"), "is over"),
        (("forecast", "--team", "ANT", "--items", "0"), "1 to"),
    ],
)
def test_what_cannot_be_done_is_said_on_standard_error(world: World, arguments: tuple[str, ...], told: str) -> None:
    make_done(world.team)
    result = run(*arguments, "--json")
    assert result.exit_code == 1
    assert result.stdout == ""
    assert told in result.stderr


def test_too_little_history_is_a_document_of_its_own(world: World) -> None:
    result = run("forecast", "--team", "ANT", "--items", "5", "--json")
    assert result.exit_code == 1
    found = json.loads(result.stdout)
    assert found["needed"] == 4
    assert found["given"] == 0
    assert found["error"] in result.stderr
