from dataclasses import replace
from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headway.engine import portfolio as engine
from headway.engine.portfolio import BetInput, BetTest, Must, Portfolio, Scenarios, best_order, score
from headway.engine.portfolio.model import CAPACITY_SPREAD
from headway.engine.portfolio.search import _Base


def sure(item: int, kr: int, movement: float, *, chance: float = 1.0, lag: float = 0.0) -> BetInput:
    return BetInput(item, kr, movement, movement, movement, chance, lag)


def certain(*bets: BetInput, effort: list[float], **more: object) -> Portfolio:
    """A portfolio without any spread: one scenario, so that values can be told by hand."""
    fields = {"capacity": [2.0], "gap": [10.0], "worth": [100.0], "effort_spread": 0.0, "capacity_spread": 0.0, **more}
    return Portfolio(effort=effort, bets=bets, **fields)


def drawn(portfolio: Portfolio, scenarios: int = 500) -> Scenarios:
    return Scenarios(portfolio, rng=np.random.default_rng(7), scenarios=scenarios)


@st.composite
def portfolios(draw: st.DrawFn) -> Portfolio:
    items, krs = draw(st.integers(1, 6)), draw(st.integers(1, 3))
    bets = []
    for _ in range(draw(st.integers(0, 9))):
        low, likely, high = sorted(draw(st.floats(-3, 12)) for _ in range(3))
        chance = draw(st.sampled_from([0.0, 0.3, 1.0]))
        item, kr = draw(st.integers(0, items - 1)), draw(st.integers(0, krs - 1))
        bets.append(BetInput(item, kr, low, likely, high, chance, draw(st.sampled_from([0.0, 3.0, 40.0]))))
    pairs = draw(st.lists(st.tuples(st.integers(0, items - 1), st.integers(0, items - 1)), max_size=3))
    return Portfolio(
        effort=[draw(st.sampled_from([0.0, 0.5, 3.0, 20.0])) for _ in range(items)],
        capacity=draw(st.sampled_from([[2.0], [1.0, 3.0], [0.0, 2.0], [2.0, 0.0, 1.0]])),
        bets=bets,
        gap=[draw(st.sampled_from([0.0, 4.0, 10.0])) for _ in range(krs)],
        worth=[draw(st.sampled_from([0.0, 100.0])) for _ in range(krs)],
        span=[10.0] * krs,
        drift=[draw(st.sampled_from([-3.0, 0.0, 2.0])) for _ in range(krs)],
        drift_spread=[draw(st.sampled_from([0.0, 2.0])) for _ in range(krs)],
        committed=[draw(st.booleans()) for _ in range(krs)],
        # Only later items need earlier ones or the other way round by one rule: no circle.
        prerequisites=[(max(a, b), min(a, b)) for a, b in pairs if a != b],
        banned=draw(st.lists(st.integers(0, items - 1), max_size=1)),
        earlier_counts=draw(st.booleans()),
    )


def test_value_by_hand() -> None:
    """Two weeks of work at one a week: lands at 2 of 26 weeks; the second finds 3 of the gap left."""
    plan = certain(sure(0, 0, 7), sure(1, 0, 7), effort=[2.0, 4.0])
    assert drawn(plan).size == 1
    assert drawn(plan).score([0]) == pytest.approx(70 * 24 / 26)
    assert drawn(plan).score([0, 1]) == pytest.approx(70 * 24 / 26 + 30 * 20 / 26)
    assert drawn(plan).score([1, 0]) == pytest.approx(70 * 22 / 26 + 30 * 20 / 26)
    assert drawn(plan).score([]) == 0


def test_a_lag_a_short_sprint_and_the_end_of_the_horizon() -> None:
    late = certain(sure(0, 0, 10, lag=6.0), effort=[2.0])
    assert drawn(late).score([0]) == pytest.approx(100 * 18 / 26)
    assert drawn(replace(late, capacity=[1.0, 2.0])).score([0]) == pytest.approx(100 * 17 / 26)
    assert drawn(replace(late, capacity=[0.0, 2.0])).score([0]) == pytest.approx(100 * 16 / 26, rel=2e-3)
    assert drawn(replace(late, horizon_weeks=7.0)).score([0]) == 0
    assert drawn(replace(late, earlier_counts=False)).score([0]) == pytest.approx(100)


def test_all_or_nothing_drift_and_reached() -> None:
    bets = (sure(0, 0, 6), sure(1, 0, 6))
    plan = certain(*bets, effort=[2.0, 2.0], committed=[True])
    assert drawn(plan).score([0]) == 0
    assert drawn(plan).score([0, 1]) == pytest.approx(100 * 22 / 26)
    assert drawn(replace(plan, drift=[5.0])).score([0]) == pytest.approx(100 * 24 / 26)
    assert drawn(replace(plan, drift=[12.0])).score([0, 1]) == 0
    assert drawn(certain(*bets, effort=[2.0, 2.0], gap=[0.0], span=[10.0])).score([0, 1]) == 0
    assert drawn(certain(sure(0, 0, -4), effort=[13.0])).score([0]) == pytest.approx(-20)


def test_what_is_needed_lands_first() -> None:
    plan = certain(sure(0, 0, 10), effort=[2.0, 4.0], prerequisites=[(0, 1)])
    assert drawn(plan).score([0, 1]) == pytest.approx(100 * 20 / 26)
    assert drawn(plan).score([0]) == 0
    found = best_order(plan, rng=np.random.default_rng(1))
    assert found.order == (1, 0)


def test_an_expectation_comes_out_whatever_the_spread() -> None:
    plan = Portfolio(effort=[4.0], capacity=[2.0], bets=[BetInput(0, 0, 1, 2, 4, 0.4)], gap=[100.0], worth=[100.0])
    expected = 0.4 * engine.bet_mean(1, 2, 4) * (1 - 4 / 26 * np.exp(CAPACITY_SPREAD**2))
    assert score(plan, [0], rng=np.random.default_rng(1), scenarios=20_000) == pytest.approx(expected, rel=0.02)


@given(portfolios())
@settings(max_examples=60, deadline=None)
def test_never_worse_than_the_present_order_never_nan_and_told_twice_alike(plan: Portfolio) -> None:
    found = best_order(plan, rng=np.random.default_rng(3), scenarios=60)
    assert found == best_order(plan, rng=np.random.default_rng(3), scenarios=60)
    assert sorted(found.order) == list(plan.order)
    assert np.isfinite([found.value, found.value_of_present_order]).all()
    assert found.value >= drawn_like(plan).score(engine.repaired(plan, plan.order))
    place = {item: number for number, item in enumerate(found.order)}
    assert all(place[needs] < place[item] for item, needs in plan.prerequisites if {item, needs} <= place.keys())
    common = drawn_like(plan)
    steps = common.steps(found.order)
    assert sum(step.adds for step in steps) == pytest.approx(found.value, abs=1e-3)
    assert np.isfinite([value for step in steps for value in (step.adds, step.waiting, *step.lands, step.done)]).all()
    tests = [BetTest(item, 1.0) for item in found.order]
    for knowing in engine.test_before_building(common, found.order, tests):
        assert 0 <= knowing.test <= knowing.perfect < np.inf
    for flip in (flip for pair in engine.flips(common, found.order) for flip in pair):
        assert 0 <= flip.at < np.inf


def drawn_like(plan: Portfolio) -> Scenarios:
    return Scenarios(plan, rng=np.random.default_rng(3), scenarios=60)


@given(portfolios())
@settings(max_examples=30, deadline=None)
def test_places_are_valued_as_scoring_values_them(plan: Portfolio) -> None:
    common = drawn_like(plan)
    order = engine.repaired(plan, plan.order)
    base = _Base(common, [item for item in order if item != order[0]]) if order else None
    if base is None or any(order[0] in needs for needs in plan.needs) or plan.needs[order[0]]:
        return
    values = base.values_with([order[0]])
    rest = [item for item in order if item != order[0]]
    for place, value in enumerate(values):
        expected = common.score([*rest[:place], order[0], *rest[place:]])
        assert value == pytest.approx(expected, abs=1e-3)


def test_the_best_of_all_orders_is_found() -> None:
    rng = np.random.default_rng(5)
    for _ in range(8):
        effort = rng.uniform(1, 9, 5)
        bets = [BetInput(i, int(rng.integers(2)), *np.sort(rng.uniform(1, 9, 3)), 0.5) for i in range(5)]
        plan = Portfolio(effort=effort, capacity=[2.0], bets=bets, gap=[8.0, 6.0], worth=[100.0, 80.0])
        common = drawn(plan, 300)
        best = max(common.score(order) for order in permutations(range(5)))
        assert engine.search(common).value == pytest.approx(best, rel=0.005)


def test_a_linear_selection_is_proved() -> None:
    """The densest item leaves no room for the two that fill the budget: 9 + 9 beats 10."""
    bets = (sure(0, 0, 10), sure(1, 0, 9), sure(2, 0, 9))
    plan = certain(*bets, effort=[6.0, 5.5, 5.5], capacity=[11.0], gap=[30.0], worth=[30.0])
    plan = replace(plan, horizon_weeks=2.0, earlier_counts=False)
    found = best_order(plan, rng=np.random.default_rng(1))
    assert found.value == pytest.approx(18)
    assert found.gap == pytest.approx(0, abs=1e-3)
    assert set(found.order[:2]) == {1, 2}
    assert best_order(replace(plan, earlier_counts=True), rng=np.random.default_rng(1)).gap is None


def test_dates_bans_and_what_they_need() -> None:
    bets = (sure(0, 0, 9), sure(1, 0, 1), sure(2, 0, 5))
    plan = certain(*bets, effort=[4.0, 3.0, 2.0], must=[(1, 4.0)], banned=[2])
    found = best_order(plan, rng=np.random.default_rng(1))
    assert found.order == (1, 0)
    assert best_order(replace(plan, must=[Must(1, 8.0)]), rng=np.random.default_rng(1)).order == (0, 1)
    assert plan.due == (np.inf, 4.0, np.inf)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"prerequisites": [(0, 1), (1, 0)]}, "prerequisites must not run in a circle: 0, 1"),
        ({"prerequisites": [(0, 0)]}, "prerequisites must not run in a circle: 0"),
        ({"prerequisites": [(0, 5)]}, "prerequisites must name items"),
        ({"must": [(0, 8.0)], "banned": [0]}, "must must not be banned"),
        ({"must": [(0, 8.0)], "banned": [1], "prerequisites": [(0, 1)]}, "must must not be banned, nor need"),
        ({"must": [(0, 1.0)]}, "must must fit by its dates: 0"),
        ({"must": [(0, None), (1, None)], "effort": [20.0, 20.0]}, "must must fit by its dates"),
        ({"must": [(0, -1.0)]}, "must must have dates"),
        ({"banned": [2]}, "banned must name items"),
        ({"bets": [BetInput(0, 0, 3, 2, 4, 0.5)]}, "bets must have low ≤ likely ≤ high"),
        ({"bets": [BetInput(0, 0, 1, 2, 4, 1.5)]}, "bets must have a chance"),
        ({"bets": [BetInput(0, 0, 1, float("nan"), 4, 0.5)]}, "bets must have low"),
        ({"bets": [BetInput(0, 1, 1, 2, 4, 0.5)]}, "bets must name a Key Result"),
        ({"bets": [BetInput(0, 0, 1, 2, 4, 0.5, -1.0)]}, "bets must have a lag"),
        ({"effort": [1.0, -1.0]}, "effort must be at least 0"),
        ({"capacity": []}, "capacity must hold work"),
        ({"capacity": [0.0]}, "capacity must hold work"),
        ({"gap": [float("nan")]}, "gap must be at least 0"),
        ({"worth": [1.0, 2.0]}, "worth must have 1 values"),
        ({"drift": [float("inf")]}, "drift must be finite"),
        ({"drift": [[]]}, "drift must have at least one sample"),
        ({"horizon_weeks": 0.0}, "horizon_weeks must be between 0.001 and 10,000 weeks"),
        ({"sprint_weeks": float("inf")}, "sprint_weeks must be between 0.001 and 10,000 weeks"),
        ({"effort_spread": 4.0}, "effort_spread must be at most 3"),
        ({"capacity_spread": -1.0}, "capacity_spread must be between"),
    ],
)
def test_what_is_refused(change: dict[str, object], message: str) -> None:
    fields = {"effort": [4.0, 2.0], "capacity": [2.0], "gap": [10.0], "worth": [100.0], **change}
    with pytest.raises(ValueError, match=message):
        Portfolio(**fields)


def test_orders_and_tests_that_are_refused() -> None:
    common = drawn(certain(sure(0, 0, 1), effort=[1.0, 1.0], banned=[1]))
    for order, message in (([0, 0], "each once"), ([2], "name items"), ([1], "banned")):
        with pytest.raises(ValueError, match=f"order must.*{message}"):
            common.score(order)
    with pytest.raises(ValueError, match="scenarios must be at least 1"):
        drawn(common.portfolio, 0)
    for test in (BetTest(1, 1.0), BetTest(0, 0.0), BetTest(0, 1.0, 0.2)):
        with pytest.raises(ValueError, match="tests must"):
            engine.test_before_building(common, [0], [test])


def test_a_thousand_bets_on_one_key_result_and_none_at_all() -> None:
    bets = [BetInput(n % 20, 0, 0.1, 0.2, 0.4, 0.3) for n in range(1000)]
    plan = Portfolio(effort=[1.0] * 20, capacity=[2.0], bets=bets, gap=[5.0], worth=[100.0])
    found = best_order(plan, rng=np.random.default_rng(1), scenarios=100)
    assert 0 < found.value <= 100
    none = best_order(replace(plan, bets=()), rng=np.random.default_rng(1))
    assert (none.order, none.value, none.ties) == (plan.order, 0, ())
    assert best_order(Portfolio(effort=[], capacity=[1.0]), rng=np.random.default_rng(1)).order == ()


def test_equal_items_are_a_tie_and_plainly_different_ones_are_not() -> None:
    bets = [BetInput(i, 0, 1, 2, 3, 0.5) for i in range(3)] + [BetInput(3, 0, 0.01, 0.02, 0.03, 0.5)]
    plan = Portfolio(effort=[2.0] * 4, capacity=[4.0], bets=bets, gap=[50.0], worth=[100.0])
    found = best_order(plan, rng=np.random.default_rng(1))
    assert [sorted(group) for group in found.ties] == [[0, 1, 2]]


def test_flips_by_hand() -> None:
    """Equal effort: the second comes first once its chance is 0.8 instead of 0.4, or its work half of it."""
    bets = (sure(0, 0, 2, chance=0.8), sure(1, 1, 2, chance=0.4))
    plan = certain(*bets, effort=[3.0, 3.0], gap=[10.0, 10.0], worth=[100.0, 100.0])
    (pair,) = engine.flips(drawn(plan, 2000), [0, 1])
    at = {(flip.item, flip.belief): flip.at for flip in pair}
    assert at[0, "chance"] == pytest.approx(0.4, abs=0.01)
    assert at[1, "chance"] == pytest.approx(0.8, abs=0.01)
    assert at[1, "size"] == pytest.approx(2, abs=0.03)
    assert at[1, "effort"] == pytest.approx(1.5, abs=0.03)
    assert engine.first_place_flips(drawn(plan, 2000), [0, 1]) == pair


def test_knowing_is_worth_what_it_changes() -> None:
    """A coin for 60 or −40, told beforehand: without knowing 10 are expected, knowing brings 30."""
    plan = certain(sure(0, 0, 10, chance=0.5), sure(0, 0, -4), effort=[0.0])
    (sharp,) = engine.test_before_building(drawn(plan, 2000), [0], [BetTest(0, 2.0, 1.0)])
    assert sharp.perfect == pytest.approx(20, abs=1.5)
    (blunt,) = engine.test_before_building(drawn(plan, 2000), [0], [BetTest(0, 2.0, 0.5)])
    assert blunt.test == pytest.approx(0, abs=1e-6)
    assert engine.value_of_knowing_all(drawn(plan, 2000), [[0], []]) == pytest.approx(20, abs=1.5)


def test_beside_what_is_sure_a_test_tells_of_the_rest() -> None:
    """Half the time 60 better, half the time 40 worse than not doing it: only the unsure bet can be tested."""
    plan = certain(sure(0, 0, 10, chance=0.5), sure(0, 0, -4), effort=[0.0])
    (sharp,) = engine.test_before_building(drawn(plan, 2000), [0], [BetTest(0, 2.0, 1.0)])
    assert sharp.test == pytest.approx(sharp.perfect, abs=1e-6)
    assert sharp.per_cost == pytest.approx(10, abs=0.1)


def test_rows_of_scenarios_lie_along_memory_by_pace() -> None:
    """Scoring runs along them: row after row, and pieces of slow scenarios end early."""
    plan = Portfolio(
        effort=[2.0] * 9, capacity=[2.0], bets=[BetInput(n, 0, 1, 2, 3, 0.5) for n in range(9)], gap=[9.0], worth=[1.0]
    )
    common = drawn(plan, 400)
    fewer = common.part(40)
    for one in (common, fewer):
        assert all(rows.flags.c_contiguous for rows in (one.work, one.moves, one.start))
        slow, fast = np.array_split(one.work.mean(axis=0), 2)
        assert slow.mean() > fast.mean()
    assert fewer.score(plan.order) == pytest.approx(common.score(plan.order), rel=0.1)


def test_columns_and_why_the_plan_departs() -> None:
    bets = (sure(0, 0, 10, chance=0.5), sure(1, 0, 10, chance=0.48), sure(2, 1, 10, chance=0.4))
    plan = certain(*bets, effort=[2.0] * 3, gap=[10.0, 10.0], worth=[100.0, 100.0])
    assert engine.cd3(plan) == pytest.approx([25, 24, 20])
    assert engine.rice(plan) == pytest.approx([25, 24, 20])
    common = drawn(plan, 2000)
    found = engine.search(common)
    assert found.order == (0, 2, 1)
    why = {one.item: one.why for one in engine.departures(common, found.order, engine.cd3(plan))}
    assert why == {2: "others_moved", 1: "gap_filled"}


def test_sprint_ends_count_what_is_done() -> None:
    plan = certain(effort=[1.0, 1.0, 2.0, 9.0])
    assert drawn(plan).sprint_ends([0, 1, 2, 3], 2) == [(2, 2, 2), (3, 3, 3)]
