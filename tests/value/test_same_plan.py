"""The same plan to the last digit: command line, page, API, in what an export brought back, and on both databases."""

import datetime as dt
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, models
from typer.testing import CliRunner

from headway.backup.export import export
from headway.cli import app
from headway.lib import clock
from headway.live import known
from headway.okr.models import KeyResult, Measurement
from headway.people.actions import make_token
from headway.scrum.models import Item
from headway.value.actions import must_be_done, need, place_bet, shelve
from headway.value.models import Bet, Serves, Verdict
from tests.api.program import Program
from tests.places import Place, Places, places
from tests.value.story import NEXT, PAST, Story, begin
from tests.web.test_backlog import signed_in

PLAN = ("plan", "--team", "ANT", "--json")
IN_FIGURES = (Item, KeyResult, Measurement, Serves, Bet, Verdict)


@pytest.fixture
def story(transactional_db: None, settings: Any) -> Story:
    """Judged bets, open ones read by them, one on two Key Results, one put aside, one that needs another, a must."""
    story = begin(settings)
    story.bet_on(PAST[:4])
    for piece in PAST[:4]:
        story.work_a_sprint(piece)
    for _ in range(4):
        story.pass_week()
    for piece in PAST[:4]:
        story.judge_as_computed(piece)
    items = story.bet_on(NEXT)
    need(items[5], needs=items[1], by=story.world.bo)
    must_be_done(items[3], by=story.world.bo, reason="The law", by_on=clock.today() + dt.timedelta(weeks=8))
    place_bet(items[4], by=story.world.bo, key_result=story.key_results["Basket"], low=0, likely=1, high=2, chance=0.3)
    shelve(items[2], by=story.world.bo, reason="Not now")
    return story


@pytest.fixture
def make_place(tmp_path: Path) -> Iterator[Places]:
    with places(tmp_path) as make:
        yield make


def plan() -> str:
    result = CliRunner().invoke(app, PLAN)
    assert result.exit_code == 0, result.stderr
    return result.stdout


def test_command_line_api_and_page_say_the_same(story: Story) -> None:
    printed = json.loads(plan())
    assert [item["title"] for item in printed["items"]] == [piece.title for piece in NEXT if piece is not NEXT[2]]
    assert all(item["value"] and item["corrected"] for item in printed["items"])
    world = story.world
    _token, text = make_token(world.people["bo"], world.organisation, by=world.bo, name="Nightly", scopes=["read"])
    assert Program(text).get("/teams/ANT/value-sheet").json() == printed
    page = signed_in(world, "bo").get("/t/ANT/backlog/").content.decode()
    for item in printed["items"]:
        for name in ("value_per_week", "cost_of_waiting"):
            assert f'data-figure="{item[name]!r}"' in page
    for name in ("value_present", "value_best"):
        assert f'data-figure="{printed[name]!r}"' in page


def test_no_figure_depends_on_the_order_in_which_a_database_holds_rows(story: Story) -> None:
    before = plan()
    stir()
    known.forget()  # what was read before
    assert plan() == before


def test_what_an_export_brings_back_is_planned_alike_on_every_database(
    story: Story, make_place: Places, tmp_path: Path, settings: Any
) -> None:
    here, archive = plan(), tmp_path / "story.zip"
    export(archive)
    for place in others(make_place, now=settings.TEST_NOW):
        place.do("restore", archive)
        assert place.do(*PLAN) == here


def others(make_place: Places, *, now: str) -> list[Place]:
    """Return an empty installation on the database of this run, and one on SQLite where that is another."""
    return [make_place("own", now=now), *([make_place("lite", now=now, sqlite=True)] if is_postgresql() else [])]


def is_postgresql() -> bool:
    return connection.vendor == "postgresql"


def stir() -> None:
    """Write every row anew, the last first: PostgreSQL then holds them, and answers, in another order."""
    for model in IN_FIGURES:
        for pk in model._default_manager.order_by("-pk").values_list("pk", flat=True):
            model._default_manager.filter(pk=pk).update(id=models.F("id"))
