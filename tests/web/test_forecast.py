"""The forecast in the browser: both questions with chance and sample; too little says what is missing."""

import datetime as dt
import re

import pytest

from headway.lib import clock
from tests.value.make import make_done
from tests.web.test_backlog import HTMX, signed_in
from tests.world import World, make_item, make_sprint, make_world

FORECAST = "/t/ANT/forecast/"


@pytest.fixture
def world(db: None) -> World:
    return make_world()


def test_both_questions_are_answered_with_chance_and_sample(world: World) -> None:
    make_done(world.team)
    make_item(world.team, sprint=make_sprint(world.team, 4))
    by = (clock.today() + dt.timedelta(days=20)).isoformat()
    client = signed_in(world, "di")
    whole = client.get(f"{FORECAST}?items=12&by={by}").content.decode()
    for shown in ("85", "mean velocity", "12 weeks of history", "At least", "All that is open in Sprint 4", "<svg"):
        assert shown in whole
    assert not re.search(r"\bNaN\b", whole)
    part = client.get(FORECAST, headers=HTMX).content.decode()
    assert "<html" not in part
    assert 'id="answers"' in part


def test_too_little_history_says_what_is_missing_and_shows_no_number(world: World) -> None:
    make_done(world.team, weeks=2)
    text = signed_in(world, "bo").get(FORECAST).content.decode()
    assert "A forecast needs 4 full weeks" in text
    assert "Done by" not in text


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("items=0", "Ask for 1 to"),
        ("items=many", "Ask for 1 to"),
        ("items=99999999999", "Ask for 1 to"),
        ("by=2001-01-01", "is over"),
        ("by=soon", "Write the day"),
        ("by=2999-01-01", "five years"),
    ],
)
def test_what_cannot_be_asked_is_told_beside_the_question(world: World, query: str, told: str) -> None:
    make_done(world.team)
    answer = signed_in(world, "bo").get(f"{FORECAST}?{query}")
    assert answer.status_code == 422
    assert told in answer.content.decode()


def test_beyond_five_years_is_said_in_words(world: World) -> None:
    make_done(world.team, weeks=5, a_week=1)
    text = signed_in(world, "bo").get(f"{FORECAST}?items=100000").content.decode()
    assert "later than in five years" in text
    assert not re.search(r"\binf\b", text)
