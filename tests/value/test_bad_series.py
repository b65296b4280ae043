"""Series that nobody hoped for: a verdict is a defined answer or says what is missing, and never NaN."""

import datetime as dt
import json
import math
from collections.abc import Callable
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from headway.lib import clock
from headway.okr.models import KeyResult, Objective
from headway.people.models import Team
from headway.scrum.models import Category, Item
from headway.value.actions import enter_verdict
from headway.value.models import Bet, Serves, Verdict
from headway.value.queries import impact
from headway.value.queries.found import Found, find
from headway.web.verdict_chart import launch_chart
from tests.value.make import make_bet
from tests.web.test_backlog import signed_in
from tests.world import World, make_item, make_key_result, make_measurement

TODAY = dt.date(2026, 5, 4)
LAUNCHED = dt.datetime(2026, 3, 2, 12, tzinfo=dt.UTC)

numbers = st.one_of(
    st.floats(-1e12, 1e12), st.sampled_from([0.0, 1e-20, -1e-20, 1e-300, 100.0, 99.9999999, 1e12, -1e12, 0.1, 1.0])
)
days = st.lists(st.tuples(st.integers(-420, 70), numbers), max_size=70)
promises = st.lists(st.floats(-1e9, 1e9), min_size=3, max_size=3).map(sorted)


def a_bet(promise: list[float], chance: float, lag: int, **of: Any) -> Bet:
    key_result = KeyResult(pk=1, objective=Objective(pk=1), **of)
    item = Item(pk=1, team=Team(key="ANT"), number=1, category=Category.DONE, done_at=LAUNCHED)
    low, likely, high = promise
    serves = Serves(item=item, key_result=key_result)
    return Bet(pk=1, serves=serves, low=low, likely=likely, high=high, chance=chance, lag_weeks=lag)


@given(
    measured=days,
    beside=days,
    promise=promises,
    chance=st.sampled_from([0.0, 1e-9, 0.3, 1.0]),
    lag=st.sampled_from([0, 1, 4, 104]),
    unit=st.sampled_from(["%", "", "orders"]),
    direction=st.sampled_from(["increase", "decrease"]),
)
@settings(max_examples=80, deadline=None, phases=[Phase.generate])
def test_never_nan_whatever_was_measured(
    measured: list[tuple[int, float]],
    beside: list[tuple[int, float]],
    promise: list[float],
    chance: float,
    lag: int,
    unit: str,
    direction: str,
) -> None:
    bet = a_bet(promise, chance, lag, unit=unit, direction=direction)
    other = KeyResult(pk=2, objective=Objective(pk=1), unit=unit, direction=direction, short_name="Other")
    series = {
        pk: sorted((LAUNCHED.date() + dt.timedelta(days=day), value) for day, value in rows)
        for pk, rows in ((1, measured), (2, beside))
    }
    with patch.object(impact, "measured_of", lambda *_: series), patch.object(impact, "_landings", lambda _: []):
        for controls in ([], [other]):
            found, missing = find(bet, today=TODAY, controls=controls)
            assert (found is None) == bool(missing)
            if found is None:
                continue
            assert Found.read(json.loads(json.dumps(found.as_json(), allow_nan=False))) == found
            assert found.low <= found.measured <= found.high
            assert found.smallest_visible > 0
            assert 0 <= found.chance_moved <= 1
            for width in (816, 344):
                chart = launch_chart(found, width=width)
                assert chart is None or not _has_nan(repr(chart))


def _has_nan(text: str) -> bool:
    return "nan" in text or "inf" in text


Shape = Callable[[int], float | None]
WEEKS = 40
SHAPES: dict[str, Shape] = {
    "all zero": lambda week: 0.0,
    "one giant week": lambda week: 1e12 if week == 20 else 5.0 + week % 3,
    "negative": lambda week: -40.0 - week % 4,
    "falling": lambda week: 100.0 - 2 * week,
    "every third week missing": lambda week: None if week % 3 == 0 else 30.0 + week % 5,
    "measured once": lambda week: 30.0 if week == 5 else None,
    "nothing at all": lambda week: None,
    "tiny": lambda week: 1e-20 * (1 + week % 3),
    "beyond the target": lambda week: 90.0 + week % 3,
    "shares of nothing and of all": lambda week: 100.0 * (week % 2),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_screen_record_and_ledger_are_defined(world: World, shape: str) -> None:
    key_result = make_key_result(world.objective, "Odd", unit="%" if "shares" in shape else "orders")
    for week in range(WEEKS):
        value = SHAPES[shape](week)
        if value is not None:
            make_measurement(key_result, value, days_ago=7 * (WEEKS - 1 - week))
    done_at = clock.now() - dt.timedelta(weeks=6)
    bets = [
        make_bet(
            make_item(world.team, category=Category.DONE, done_at=done_at, started_at=done_at), key_result, *range_
        )
        for range_ in ((1, 2, 3, 0.0), (0, 0, 0, 1.0))
    ]
    client = signed_in(world, "bo")
    for bet in bets:
        page = f"/t/ANT/verdicts/{bet.pk}/"
        assert not _nan_in(client.get(page))
        found, missing = find(bet, today=clock.today())
        told = {"outcome": found.outcome, "scale": found.scale} if found else {"outcome": "cannot_tell"}
        enter_verdict(bet, by=world.bo, **told)
        assert bool(missing) == (found is None)
        assert not _nan_in(client.get(page))
    for address in ("/t/ANT/ledger/", "/t/ANT/verdicts/", "/t/ANT/calibration/", f"/okrs/{key_result.pk}/"):
        assert not _nan_in(client.get(address))
    for row in Verdict.objects.all():
        assert json.dumps(row.facts, allow_nan=False)
        assert row.measured is None or math.isfinite(row.measured)


def _nan_in(answer: Any) -> bool:
    assert answer.status_code == 200
    text = answer.content.decode()
    return any(word in text for word in (">nan", "nan<", " nan", "NaN", "inf<", ">inf<", '"nan'))


def test_a_bet_on_a_key_result_that_was_put_away_is_judged_all_the_same(world: World) -> None:
    done_at = clock.now() - dt.timedelta(weeks=6)
    bet = make_bet(make_item(world.team, category=Category.DONE, done_at=done_at), world.key_result)
    KeyResult.objects.filter(pk=world.key_result.pk).update(archived_at=clock.now())
    assert signed_in(world, "bo").get(f"/t/ANT/verdicts/{bet.pk}/").status_code == 200
    assert enter_verdict(bet, by=world.bo, outcome="cannot_tell").method == "words"
