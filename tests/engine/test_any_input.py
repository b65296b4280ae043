"""Whatever is given, an engine refuses it by name or answers with numbers: never NaN, never an unplanned infinity."""

import math
from contextlib import suppress
from dataclasses import astuple, is_dataclass, replace
from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headway.engine import attainment, flow, forecast, impact, track_record
from headway.engine import portfolio as engine
from headway.engine.distributions import Distribution
from headway.engine.errors import TooLittleHistory
from headway.engine.portfolio import BetInput, BetTest, Portfolio, Scenarios

#: What may stand in a field: usual numbers most times, else what no person means.
SANE = st.sampled_from([0.0, 0.5, 1.0, 2.0, 3.0, 7.0, 26.0])
ODD = st.sampled_from([math.nan, math.inf, -math.inf, -1.0, -0.0, 5e-324, 1e-12, 1e9, 1e15, 1e30, 1e99, 1.7e308])
ANY = st.one_of(SANE, SANE, SANE, ODD, st.floats())
P = np.array([0.05, 0.5, 0.95])
REFUSED = (ValueError, TooLittleHistory)


def numbers_in(told: object) -> list[float]:
    """Return every number of an answer, however deep it lies."""
    if is_dataclass(told) and not isinstance(told, type):
        return numbers_in(astuple(told))
    if isinstance(told, dict):
        return numbers_in([*told.keys(), *told.values()])
    if isinstance(told, (list, tuple, np.ndarray)):
        return [number for one in told for number in numbers_in(one)]
    return [float(told)] if isinstance(told, (int, float, np.number)) else []


def assert_finite(told: object) -> None:
    assert all(math.isfinite(number) for number in numbers_in(told)), told


def assert_distribution(told: Distribution, *, may_be_never: bool = False) -> None:
    asked = np.asarray(told.quantile(P))
    assert not np.isnan(asked).any()
    assert may_be_never or np.isfinite(asked).all()
    assert (np.diff(asked[np.isfinite(asked)]) >= -1e-9 * np.abs(asked[np.isfinite(asked)]).max(initial=1.0)).all()
    assert 0 <= told.cdf(3.0) <= 1
    assert 0 <= told.at_least(3.0) <= 1


def bets(items: int, krs: int) -> st.SearchStrategy[BetInput]:
    usual = st.tuples(SANE, SANE, SANE).map(sorted)
    size = st.one_of(usual, usual, st.tuples(ANY, ANY, ANY))
    chance = st.one_of(st.sampled_from([0.0, 0.3, 1.0]), ANY)
    made = st.tuples(st.integers(0, items - 1), st.integers(0, krs - 1), size, chance, st.one_of(st.just(0.0), ANY))
    return made.map(lambda m: BetInput(m[0], m[1], *m[2], m[3], m[4]))


@st.composite
def fields(draw: st.DrawFn) -> dict[str, Any]:
    items, krs = draw(st.integers(1, 5)), draw(st.integers(1, 3))
    several = {"items": items, "krs": krs}

    def each(of: str, values: st.SearchStrategy[Any] = ANY) -> list[Any]:
        return [draw(values) for _ in range(several[of])]

    odd = draw(st.sampled_from(["effort", "capacity", "gap", "worth", "span", "drift", "weeks", "none", "none"]))
    given_fields: dict[str, Any] = {
        "effort": each("items", ANY if odd == "effort" else SANE),
        "capacity": [draw(ANY if odd == "capacity" else SANE) for _ in range(draw(st.integers(1, 3)))],
        "bets": draw(st.lists(bets(items, krs), max_size=6)),
        "gap": each("krs", ANY if odd == "gap" else SANE),
        "worth": each("krs", ANY if odd == "worth" else SANE),
        "prerequisites": draw(st.lists(st.tuples(st.integers(0, items - 1), st.integers(0, items - 1)), max_size=2)),
        "committed": each("krs", st.booleans()),
        "earlier_counts": draw(st.booleans()),
    }
    if odd == "span":
        given_fields["span"] = each("krs")
    if odd == "drift":
        given_fields |= {"drift": each("krs"), "drift_spread": each("krs")}
    if odd == "weeks":
        given_fields |= {"horizon_weeks": draw(ANY), "sprint_weeks": draw(ANY), "effort_spread": draw(ANY)}
        given_fields |= {"capacity_spread": draw(ANY)}
        given_fields["must"] = draw(st.lists(st.tuples(st.integers(0, items - 1), ANY), max_size=1))
    return given_fields


def taken(asked: dict[str, Any]) -> Portfolio | None:
    """Return the portfolio, None where it is refused; the message begins with the name of a field."""
    with suppress(ValueError):
        return Portfolio(**asked)
    with pytest.raises(ValueError, match=rf"^({'|'.join([*asked, 'span'])}) must "):
        Portfolio(**asked)
    return None


@given(fields())
@settings(max_examples=60, deadline=None)
def test_a_plan(asked: dict[str, Any]) -> None:
    if (plan := taken(asked)) is None:
        return
    drawn = Scenarios(plan, rng=np.random.default_rng(1), scenarios=40)
    found = engine.search(drawn)
    assert sorted(found.order) == list(plan.order)
    assert_finite(found)
    assert_finite(drawn.steps(found.order))
    assert_finite(drawn.values(found.order))
    assert_finite(drawn.sprint_ends(found.order))
    assert_finite(engine.flips(drawn, found.order))
    assert_finite(engine.test_before_building(drawn, found.order, [BetTest(item, 1.0) for item in found.order]))
    assert_finite(engine.departures(drawn, found.order, engine.rice(plan)))
    assert_finite(engine.cd3(plan))


@given(fields(), st.randoms())
@settings(max_examples=25, deadline=None)
def test_a_plan_whose_rows_come_in_another_order_is_the_same(asked: dict[str, Any], dice: Random) -> None:
    if (plan := taken(asked)) is None:
        return
    turned = {name: dice.sample(asked[name], len(asked[name])) for name in ("bets", "prerequisites")}
    other = replace(plan, **turned)
    found, again = (engine.best_order(one, rng=np.random.default_rng(1), scenarios=40) for one in (plan, other))
    assert repr(found) == repr(again)


@given(st.lists(ANY, max_size=12), ANY, ANY)
@settings(max_examples=60, deadline=None)
def test_forecasts_of_work(history: list[float], weeks: float, items: float) -> None:
    with suppress(*REFUSED):
        assert_distribution(forecast.items_done(history, weeks=weeks))
    with suppress(*REFUSED):
        assert_distribution(forecast.weeks_to_finish(history, items=items), may_be_never=True)
    with suppress(*REFUSED):
        assert not math.isnan(forecast.weeks_by_mean_velocity(history, items=items))
        assert_finite(forecast.flag_bulk_days(history).clipped)


@given(st.lists(st.tuples(ANY, ANY), max_size=6), ANY, st.none() | st.lists(ANY, max_size=4))
@settings(max_examples=60, deadline=None)
def test_a_sprint(history: list[tuple[float, float]], committed: float, reference: list[float] | None) -> None:
    try:
        told = forecast.sprint_delivery(committed, history=history, reference=reference)
    except REFUSED:
        return
    assert_distribution(told)


@given(st.lists(ANY, max_size=14), st.integers(-1, 300), st.sampled_from([*attainment.SCALES, "none"]), ANY, ANY)
@settings(max_examples=60, deadline=None)
def test_a_key_result(values: list[float], steps: int, scale: str, baseline: float, target: float) -> None:
    try:
        later = attainment.key_result(values, steps=steps, scale=scale)
    except REFUSED:
        return
    assert_distribution(later)
    try:
        ahead = attainment.chance(later, baseline=baseline, target=target)
    except ValueError:
        return
    assert 0 <= ahead.target <= ahead.seven_tenths <= 1
    assert 0 <= ahead.attainment <= 1


@given(st.lists(st.tuples(ANY, ANY), max_size=10), st.integers(-1, 10))
@settings(max_examples=60, deadline=None)
def test_measurements_at_any_distance(measured: list[tuple[float, float]], shortest: int) -> None:
    days, values = [day for day, _ in sorted(measured)], [value for _, value in measured]
    try:
        evenly, every = attainment.evenly(days, values, shortest=shortest)
    except ValueError:
        return
    assert every >= 1
    assert_finite(evenly)


@given(
    st.lists(ANY, max_size=24),
    st.integers(-1, 25),
    st.tuples(ANY, ANY, ANY, ANY) | st.none(),
    st.sampled_from(["linear", "log", "logit"]),
)
@settings(max_examples=60, deadline=None)
def test_an_impact(values: list[float], at: int, prior: tuple[float, ...] | None, scale: str) -> None:
    with suppress(*REFUSED):
        assert_finite(impact.measure(values, launched_at=at, prior=prior, scale=scale))
    with suppress(*REFUSED):
        assert_finite(impact.smallest_visible(values, steps=at, scale=scale))


@given(st.lists(st.tuples(ANY, ANY, ANY, ANY, st.none() | ANY, ANY), max_size=6), st.tuples(ANY, ANY, ANY, ANY))
@settings(max_examples=60, deadline=None)
def test_a_track_record(rows: list[tuple[float, ...]], promise: tuple[float, float, float, float]) -> None:
    judged = []
    for low, likely, high, chance, measured, moved in rows:
        try:
            judged.append(track_record.Judged(*sorted([low, likely, high]), chance, measured, moved))
        except ValueError:
            continue
    record = track_record.TrackRecord.of(judged)
    assert_finite(record)
    assert_finite(track_record.grade_of_ranges(judged))
    try:
        assert_finite(record.corrected(*promise))
    except ValueError:
        return


@given(st.lists(ANY, max_size=14), st.lists(ANY, max_size=5), ANY, ANY)
@settings(max_examples=60, deadline=None)
def test_cycle_times(done: list[float], still_open: list[float], age: float, within: float) -> None:
    try:
        times = flow.cycle_times([*done, *range(10)], still_open=still_open)
        chance = times.done_within(within, age=age)
    except REFUSED:
        return
    assert 0 <= chance <= 1
    assert_distribution(times.taken, may_be_never=True)


def test_shares_that_are_next_to_nothing() -> None:
    assert_distribution(attainment.key_result([0.0, 0.0, 0.0, 0.0, 5e-324], steps=4, scale="logit"))


@pytest.mark.parametrize("history", [[0] * 10, [0] * 9 + [10**9], [10**9] + [0] * 9])
def test_nothing_at_all_and_one_giant_week(history: list[int]) -> None:
    assert_distribution(forecast.items_done(history, weeks=13))
    assert_distribution(forecast.weeks_to_finish(history, items=50), may_be_never=True)
