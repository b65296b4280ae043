"""The page of a team's record: what it shows, what is missing, and that looking scores nothing."""

import datetime as dt
import re

import pytest
from django.test import Client

from headway.lib import clock
from headway.scrum.models import Category
from headway.value import keeping
from headway.value.models import KeptForecast, SprintAim, Verdict
from tests.value.make import make_bet, make_done
from tests.web.test_backlog import signed_in
from tests.world import World, make_item, make_key_result, make_sprint, make_world

PAGE = "/t/ANT/calibration/"
LEVELS = KeptForecast.LEVELS


@pytest.fixture
def world(db: None) -> World:
    return make_world()


def judge(world: World, measured: float, **promise: float) -> None:
    item = make_item(world.team, "Judged", category=Category.DONE)
    bet = make_bet(item, world.key_result, **{"low": 4.0, "likely": 8.0, "high": 12.0, **promise})
    moved = measured > 0
    Verdict.objects.create(
        bet=bet,
        outcome="moved" if moved else "did_not",
        measured=measured,
        scale=4 if moved else 2,
        judged_on=clock.today(),
    )


def score(world: World, number: int, **fields: object) -> KeptForecast:
    made_on = clock.today() - dt.timedelta(weeks=number + 4)
    given = {
        "kind": KeptForecast.Kind.DAY_FOR_ITEMS,
        "question": f"items {number}",
        "made_on": made_on,
        "due_on": made_on + dt.timedelta(days=20),
        "items": 5,
        "quantiles": [1.0 + step / 10 for step in range(len(LEVELS))],
        "naive": 3.0,
        "sample": 12,
        "model": "test",
        "scored_at": clock.now(),
        "truth": 2.0,
        "happened_on": made_on + dt.timedelta(days=12),
        "crps": 0.5,
        "naive_crps": 1.0,
        "pit": 0.5,
        "held": True,
    } | fields
    return KeptForecast.objects.create(organisation=world.organisation, team=world.team, **given)


def page(world: World, name: str = "di") -> str:
    answer = signed_in(world, name).get(PAGE)
    assert answer.status_code == 200
    return re.sub(r"\s+", " ", answer.content.decode())


def test_before_anything_has_passed_it_says_what_is_missing_and_shows_no_number(world: World) -> None:
    judge(world, 3.0)
    judge(world, 0.0)
    text = page(world)
    assert "3 verdicts are missing before we can say anything about the bets of Ant" in text
    assert "5 dates must have passed yet" in text
    for shown in ("Of our last", "Closer than", "× ", "fair:"):
        assert shown not in text


def test_the_record_stands_beside_mean_velocity(world: World) -> None:
    for number in range(5):
        score(world, number, pit=0.1 + number / 5, held=number < 4)
    text = page(world)
    assert "Of our last 5 ranges that should hold 8 times in 10, 4 held" in text
    assert "Work: 4 of 5." in text
    # The middle said 1.9 weeks, mean velocity 3; it took 13 days.
    assert "Off by 0.3 days on average; mean velocity would have been off by 8.0." in text
    assert "Closer than mean velocity in 5 of 5." in text
    assert "Score 0.50 of mean velocity’s" in text
    assert "fifth of what was said: 1, 1, 1, 1, 1" in text


@pytest.mark.parametrize(("crps", "said"), [(1.05, "as good"), (1.5, "better")])
def test_a_forecast_that_does_not_beat_mean_velocity_says_so(world: World, crps: float, said: str) -> None:
    for number in range(5):
        score(world, number, crps=crps)
    assert f"Mean velocity alone would have been {said}." in page(world)


def test_of_each_kind_the_first_of_a_week_counts(world: World) -> None:
    for number in range(5):
        first = score(world, number)
        score(world, number, question="again", made_on=first.made_on + dt.timedelta(days=1), held=False)
    found = KeptForecast.objects.filter(question="again")
    weeks = {row.made_on.isocalendar()[:2] for row in KeptForecast.objects.exclude(question="again")}
    also = sum(row.made_on.isocalendar()[:2] not in weeks for row in found)
    assert f"Of our last {5 + also} ranges" in page(world)


def test_bets_that_promise_too_much_are_read_as_less(world: World) -> None:
    for measured in (1.0, 1.5, 0.5, 2.0, 1.0, 0.0):
        judge(world, measured)
    text = page(world)
    assert "In 5 of 5 the result fell into the lowest fifth of what we had said." in text
    assert "We promise too much." in text
    assert "Bets that moved: 0 of 5." in text
    assert re.search(r"counts × 0\.\d\d", text)
    assert "5 of 6" in text
    assert world.people["bo"].name not in re.sub(r"<nav.*?</nav>", "", page(world, "di"))


def test_two_of_five_in_a_fifth_is_no_more_than_luck(world: World) -> None:
    for measured in (1.0, 2.0, 7.0, 9.0, 11.0):
        judge(world, measured)
    assert "Close to even: no more than luck makes." in page(world)


def test_what_is_due_is_told_with_what_was_said(world: World) -> None:
    item = make_item(world.team, "Repeat button", category=Category.DONE)
    make_bet(item, world.key_result, judge_on=clock.today() + dt.timedelta(days=3))
    text = page(world)
    assert "Repeat button" in text
    assert "said +1 to +3" in text


def test_looking_scores_nothing(world: World) -> None:
    score(world, 0, scored_at=None, held=None, truth=None, pit=None)
    page(world)
    assert KeptForecast.objects.get().scored_at is None


def test_what_today_and_the_board_say_of_the_sprint_is_kept_once(world: World) -> None:
    keeping.forget()
    make_done(world.team)
    sprint = make_sprint(world.team)
    SprintAim.objects.create(sprint=sprint, key_result=world.key_result)
    aimed, other = (make_item(world.team, name, sprint=sprint) for name in ("Aimed", "Other"))
    make_bet(aimed, world.key_result)
    client = signed_in(world, "di")
    for _look in range(2):
        for address in ("/", "/t/ANT/board/"):
            assert client.get(address).status_code == 200
    assert keeping.flush() == 2
    kept = {row.question.endswith("goal"): row.item_ids for row in KeptForecast.objects.filter(sprint=sprint)}
    assert kept == {True: [aimed.pk], False: [aimed.pk, other.pk]}
    keeping.forget()


def test_a_stranger_finds_nothing(world: World) -> None:
    assert signed_in(world, "eve").get(PAGE).status_code == 404
    assert Client().get(PAGE).status_code == 302


def test_the_number_of_queries_does_not_grow(world: World, django_assert_max_num_queries: object) -> None:
    for number in range(30):
        score(world, number)
        judge(world, 5.0)
    for number in range(4):
        make_key_result(world.objective, f"More {number}")
    client = signed_in(world, "bo")
    client.get(PAGE)
    with django_assert_max_num_queries(20):  # type: ignore[operator]
        client.get(PAGE)
