from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headway.engine.portfolio import (
    BetInput,
    SimplePortfolio,
    bet_mean,
    cost_of_waiting,
    item_values,
    score_order,
    simple_best_order,
    tie_groups,
    value_of,
    value_per_week,
)


def sure(item: int, kr: int, movement: float) -> BetInput:
    return BetInput(item=item, kr=kr, low=movement, likely=movement, high=movement, chance=1.0)


def make_portfolio(*bets: BetInput, effort: tuple[float, ...], **more: object) -> SimplePortfolio:
    fields = {"gap": (10.0,), "worth": (100.0,), "span": (10.0,), **more}
    return SimplePortfolio(effort_weeks=effort, bets=bets, **fields)


@st.composite
def portfolios(draw: st.DrawFn) -> SimplePortfolio:
    items, krs = draw(st.integers(1, 6)), draw(st.integers(1, 3))
    effort = tuple(draw(st.floats(0.1, 12)) for _ in range(items))
    bets = []
    for _ in range(draw(st.integers(0, 8))):
        low, likely, high = sorted(draw(st.floats(-2, 12)) for _ in range(3))
        chance = draw(st.floats(0, 1))
        bets.append(BetInput(draw(st.integers(0, items - 1)), draw(st.integers(0, krs - 1)), low, likely, high, chance))
    return SimplePortfolio(
        effort_weeks=effort,
        bets=tuple(bets),
        gap=tuple(draw(st.sampled_from([0.0, 1.0, 8.0])) for _ in range(krs)),
        worth=tuple(draw(st.sampled_from([0.0, 100.0, 5000.0])) for _ in range(krs)),
        span=tuple(draw(st.sampled_from([8.0, 20.0])) for _ in range(krs)),
        weeks_per_week=draw(st.sampled_from([0.5, 1.0, 3.0])),
    )


def test_the_figures_of_the_documentation() -> None:
    bets = (
        BetInput(item=0, kr=0, low=2, likely=3, high=6, chance=0.5),
        BetInput(item=1, kr=0, low=1, likely=2, high=3, chance=0.6),
        BetInput(item=2, kr=1, low=200, likely=300, high=400, chance=0.3),
    )
    portfolio = SimplePortfolio((3.0, 1.0, 2.0), bets, gap=(6.0, 600.0), worth=(100.0, 100.0), span=(10.0, 1000.0))
    assert item_values(portfolio) == pytest.approx([18.1, 12, 9], abs=0.05)
    assert value_per_week(portfolio) == pytest.approx([6.0, 12, 4.5], abs=0.05)
    assert cost_of_waiting(portfolio) == pytest.approx([0.70, 0.46, 0.35], abs=0.005)
    assert score_order(portfolio, [0, 1, 2]) == pytest.approx(33.1, abs=0.05)
    assert simple_best_order(portfolio) == ([1, 0, 2], pytest.approx(33.8, abs=0.05))
    assert tie_groups(portfolio, [1, 0, 2], rng=np.random.default_rng(1)) == [[0, 2]]


class TestBetMean:
    def test_it_is_the_mean_of_draws_through_the_three_percentiles(self) -> None:
        low, likely, high = 1.0, 2.0, 6.0
        z = np.random.default_rng(1).standard_normal(400_000)
        drawn = likely + np.where(z < 0, likely - low, high - likely) / 1.2815515655446004 * z
        assert np.quantile(drawn, [0.1, 0.5, 0.9]) == pytest.approx([low, likely, high], abs=0.03)
        assert bet_mean(low, likely, high) == pytest.approx(drawn.mean(), abs=0.02)

    def test_it_takes_arrays_and_is_likely_where_the_range_is_even(self) -> None:
        assert bet_mean([1, -3], [2, 0], [3, 3]).tolist() == [2, 0]

    @pytest.mark.parametrize("points", [(3, 2, 4), (1, 5, 4), (float("nan"), 1, 2)])
    def test_percentiles_out_of_order_are_refused(self, points: tuple[float, ...]) -> None:
        with pytest.raises(ValueError, match="low, likely, high"):
            bet_mean(*points)


class TestValue:
    def test_value_is_the_share_of_the_way_times_its_worth(self) -> None:
        assert value_of(2.5, worth=100, gap=10, span=10) == 25
        assert value_of([2, 20, -1], worth=100, gap=5, span=10).tolist() == [20, 50, -10]

    def test_an_item_adds_up_over_key_results_and_bets(self) -> None:
        portfolio = make_portfolio(
            replace(sure(0, 0, 2), chance=0.5),
            sure(0, 1, 3),
            sure(1, 1, 40),
            effort=(2.0, 4.0, 1.0),
            gap=(10.0, 6.0),
            worth=(100.0, 50.0),
            span=(10.0, 12.0),
        )
        assert item_values(portfolio).tolist() == [10 + 12.5, 25, 0]
        assert value_per_week(portfolio).tolist() == [11.25, 6.25, 0]

    def test_a_reached_key_result_has_nothing_left_to_gain(self) -> None:
        assert item_values(make_portfolio(sure(0, 0, 5), effort=(1.0,), gap=(0.0,))).tolist() == [0]
        assert item_values(make_portfolio(sure(0, 0, 5), effort=(1.0,), gap=(0.0,), span=None)).tolist() == [0]

    def test_without_a_span_the_gap_is_the_whole_way(self) -> None:
        assert item_values(make_portfolio(sure(0, 0, 5), effort=(1.0,), gap=(20.0,), span=None)).tolist() == [25]

    def test_a_week_of_waiting_costs_its_share_of_the_horizon(self) -> None:
        portfolio = make_portfolio(
            sure(0, 0, 2), sure(1, 0, 2), sure(2, 0, 2), effort=(2.0, 25.5, 30.0), horizon_weeks=26.0
        )
        assert cost_of_waiting(portfolio) == pytest.approx([20 / 26, 20 / 26 / 2, 0])

    def test_the_cost_of_waiting_is_what_the_score_loses(self) -> None:
        portfolio = make_portfolio(sure(1, 0, 4), effort=(1.0, 3.0))
        lost = score_order(portfolio, [1]) - score_order(portfolio, [0, 1])
        assert cost_of_waiting(portfolio)[1] == pytest.approx(lost)


class TestScoreOrder:
    def test_by_hand(self) -> None:
        # Two weeks of work land at week 1 (capacity 2), all four at week 2, of a horizon of 10.
        portfolio = make_portfolio(
            sure(0, 0, 4), sure(1, 0, 8), effort=(2.0, 2.0), horizon_weeks=10.0, weeks_per_week=2
        )
        assert score_order(portfolio, [0, 1]) == pytest.approx(40 * 0.9 + 60 * 0.8)
        assert score_order(portfolio, [1, 0]) == pytest.approx(80 * 0.9 + 20 * 0.8)
        assert score_order(portfolio, [1]) == pytest.approx(80 * 0.9)
        assert score_order(portfolio, []) == 0

    def test_what_lands_after_the_horizon_counts_nothing(self) -> None:
        assert score_order(make_portfolio(sure(0, 0, 4), effort=(30.0,)), [0]) == 0

    def test_harm_counts_in_full(self) -> None:
        assert score_order(make_portfolio(sure(0, 0, -4), effort=(13.0,), gap=(0.0,)), [0]) == -20

    @given(portfolio=portfolios())
    def test_gains_never_exceed_what_the_gaps_are_worth(self, portfolio: SimplePortfolio) -> None:
        limit = sum(w * g / s for w, g, s in zip(portfolio.worth, portfolio.gap, portfolio.span or (), strict=True))
        assert score_order(portfolio, range(len(portfolio.effort_weeks))) <= limit * (1 + 1e-9)

    @pytest.mark.parametrize("order", [[0, 0], [2], [-1]])
    def test_an_order_that_is_none_is_refused_by_name(self, order: list[int]) -> None:
        portfolio = make_portfolio(sure(0, 0, 1), effort=(1.0, 1.0))
        with pytest.raises(ValueError, match="order must"):
            score_order(portfolio, order)
        with pytest.raises(ValueError, match="order must"):
            tie_groups(portfolio, order, rng=np.random.default_rng(1))


class TestSimpleBestOrder:
    def test_it_is_by_value_per_week(self) -> None:
        portfolio = make_portfolio(sure(0, 0, 1), sure(1, 0, 3), sure(2, 0, 2), effort=(1.0, 2.0, 0.5, 1.0))
        order, value = simple_best_order(portfolio)
        assert order == [2, 1, 0, 3]
        assert value == score_order(portfolio, order)

    def test_where_effects_add_up_no_order_is_better(self) -> None:
        from itertools import permutations

        portfolio = make_portfolio(
            sure(0, 0, 1), sure(1, 0, 2), sure(2, 0, 0.5), sure(3, 0, 3), effort=(1.0, 3.0, 0.4, 5.0)
        )
        _, value = simple_best_order(portfolio)
        assert value == pytest.approx(max(score_order(portfolio, order) for order in permutations(range(4))))

    def test_a_present_order_that_is_worth_more_is_kept(self) -> None:
        # By value per week item 2 comes second, yet item 1 has filled the same gap by then.
        portfolio = make_portfolio(
            sure(0, 0, 10), sure(1, 1, 4), sure(2, 0, 9),
            effort=(5.0, 5.0, 5.0), gap=(10.0, 10.0), worth=(100.0, 100.0), span=(10.0, 10.0),
        )  # fmt: skip
        assert simple_best_order(portfolio) == ([0, 1, 2], score_order(portfolio, [0, 1, 2]))

    @given(portfolio=portfolios())
    def test_it_is_a_permutation_never_worth_less_than_the_present_order(self, portfolio: SimplePortfolio) -> None:
        order, value = simple_best_order(portfolio)
        present = range(len(portfolio.effort_weeks))
        assert sorted(order) == list(present)
        assert value >= score_order(portfolio, present)
        assert np.isfinite(value)

    @given(portfolio=portfolios())
    def test_no_figure_is_ever_missing(self, portfolio: SimplePortfolio) -> None:
        for figures in (item_values(portfolio), value_per_week(portfolio), cost_of_waiting(portfolio)):
            assert figures.shape == (len(portfolio.effort_weeks),)
            assert np.all(np.isfinite(figures))

    def test_an_empty_backlog_has_an_order_too(self) -> None:
        empty = SimplePortfolio((), (), (), ())
        assert simple_best_order(empty) == ([], 0)
        assert tie_groups(empty, [], rng=np.random.default_rng(1)) == []


class TestTies:
    def bet(self, item: int, likely: float, width: float = 0.5) -> BetInput:
        return BetInput(item=item, kr=0, low=likely - width, likely=likely, high=likely + width, chance=0.4)

    def groups(self, portfolio: SimplePortfolio, order: list[int], seed: int = 1) -> list[list[int]]:
        return tie_groups(portfolio, order, rng=np.random.default_rng(seed))

    def test_like_items_are_a_tie_and_unlike_ones_are_none(self) -> None:
        portfolio = make_portfolio(
            self.bet(0, 4), self.bet(1, 3.9), self.bet(2, 1), self.bet(3, 0.98), effort=(1.0,) * 4
        )
        assert self.groups(portfolio, [0, 1, 2, 3]) == [[0, 1], [2, 3]]

    def test_a_group_is_no_chain(self) -> None:
        # Each neighbour is a tie with the next, but the first is plainly better than the third.
        portfolio = make_portfolio(self.bet(0, 5), self.bet(1, 4.2), self.bet(2, 3.5), effort=(1.0,) * 3)
        assert self.groups(portfolio, [0, 1]) == [[0, 1]]
        assert self.groups(portfolio, [1, 2]) == [[1, 2]]
        assert self.groups(portfolio, [0, 1, 2]) == [[0, 1]]

    def test_a_much_better_item_below_is_no_tie(self) -> None:
        portfolio = make_portfolio(self.bet(0, 1), self.bet(1, 5), effort=(1.0, 1.0))
        assert self.groups(portfolio, [0, 1]) == []

    def test_items_without_bets_are_in_no_group(self) -> None:
        portfolio = make_portfolio(self.bet(0, 4), self.bet(2, 4), effort=(1.0,) * 4)
        assert self.groups(portfolio, [0, 2, 1, 3]) == [[0, 2]]
        assert self.groups(portfolio, [0, 1, 2, 3]) == []

    def test_the_same_seed_gives_the_same_groups(self) -> None:
        rng = np.random.default_rng(3)
        bets = [self.bet(i, float(rng.uniform(1, 5)), 0.9) for i in range(20)]
        portfolio = make_portfolio(*bets, effort=tuple(rng.uniform(0.5, 3, 20)), gap=(100.0,), span=(100.0,))
        order, _ = simple_best_order(portfolio)
        assert self.groups(portfolio, order) == self.groups(portfolio, order)

    def test_there_is_at_least_one_scenario(self) -> None:
        with pytest.raises(ValueError, match="scenarios must"):
            tie_groups(make_portfolio(effort=(1.0,)), [0], rng=np.random.default_rng(1), scenarios=0)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("effort_weeks", (1.0, 0.0)),
        ("effort_weeks", (1.0, float("nan"))),
        ("gap", (-1.0,)),
        ("worth", (100.0, 100.0)),
        ("worth", (-1.0,)),
        ("span", (0.0,)),
        ("span", (1.0, 2.0)),
        ("horizon_weeks", 0.0),
        ("weeks_per_week", 0.0),
        ("bets", (sure(5, 0, 1),)),
        ("bets", (sure(0, 3, 1),)),
        ("bets", (replace(sure(0, 0, 1), chance=1.2),)),
        ("bets", (replace(sure(0, 0, 1), low=2.0),)),
    ],
)
def test_a_portfolio_that_is_none_is_refused_by_name(field: str, value: object) -> None:
    with pytest.raises(ValueError, match=f"{field} must"):
        replace(make_portfolio(sure(0, 0, 1), effort=(1.0, 1.0)), **{field: value})
