"""F8: what forecasts and plans cost, in processor time of this process: medians, one core."""

import time
from collections.abc import Callable

import numpy as np

from headway.engine import attainment, forecast
from headway.engine.portfolio import BetInput, Portfolio, Scenarios, flips, search, tied

from .table import Figure


def speeds(*, with_large: bool = True) -> tuple[Figure, ...]:
    """Return F8 on made-up series and portfolios: no data is needed. ``with_large``: 300 items, 600 bets too."""
    return (*forecasts(), *plans(with_large=with_large))


def forecasts() -> tuple[Figure, ...]:
    rng = np.random.default_rng(1)
    weeks = rng.poisson(8, 400)
    metric = 100 * np.exp(np.cumsum(0.03 * rng.standard_normal(1000)))
    items = int(20 * weeks[-26:].mean())
    return (
        _cost("F8 an amount, five quantiles", 3, lambda: forecast.items_done(weeks, weeks=6).quantile(FIVE)),
        _cost("F8 a date, three", 3, lambda: forecast.weeks_to_finish(weeks, items=items).quantile(FIVE[2:])),
        _cost(
            "F8 a Key Result's value", 3, lambda: attainment.key_result(metric, steps=13, scale="log").quantile(FIVE)
        ),
    )


def key_result_value(metric: np.ndarray) -> None:
    attainment.key_result(metric, steps=13, scale="log").quantile(FIVE)


def plans(*, with_large: bool) -> tuple[Figure, ...]:
    """Return what scoring, what-if and search cost."""
    many = [_score_of_many(bets) for bets in ((1.6, 12) if with_large else (1.6,))]
    portfolio = made(60, 12, 1.6)
    drawn = Scenarios(portfolio, rng=np.random.default_rng(2))
    order = list(portfolio.order)
    moved = [*order[5:20], *order[:5], *order[20:]]
    large = made(300, 12, 1.6)
    return (
        *many,
        _cost("   draw 2,000 scenarios, 60 × 12", None, lambda: Scenarios(portfolio, rng=np.random.default_rng(2))),
        _cost("F8 what-if: the value after a moved item", 50, lambda: drawn.score(moved)),
        _cost("F8 what-if: the whole sheet after it", 50, lambda: whole_sheet(drawn, moved)),
        _cost("F8 whole search with its draws, 60 items", 1000, lambda: searched(portfolio), runs=3),
        *([_cost("   … 300 items", None, lambda: searched(large), runs=1)] if with_large else []),
    )


FIVE = np.array([0.05, 0.15, 0.5, 0.85, 0.95])


def _score_of_many(bets_an_item: float) -> Figure:
    portfolio = made(50, 12, bets_an_item)
    drawn = Scenarios(portfolio, rng=np.random.default_rng(2), scenarios=100_000)
    is_all = bets_an_item >= 12
    what = "   … every item bets on every Key Result" if is_all else "F8 score 100,000 × 50 items × 12 Key Results"
    note = f"{len(portfolio.bets)} bets"
    return _cost(what, None if is_all else 16, lambda: drawn.score(portfolio.order), note=note)


def made(items: int, krs: int, bets_an_item: float, seed: int = 1) -> Portfolio:
    """Return a portfolio of which some 15 % fits; every Key Result has about as many bets."""
    rng = np.random.default_rng(seed)
    effort = np.exp(rng.normal(0.4, 0.7, items))
    bets = []
    for item in range(items):
        count = krs if bets_an_item >= krs else min(krs, 1 + rng.poisson(bets_an_item - 1))
        for kr in rng.choice(krs, count, replace=False):
            likely = float(np.exp(rng.normal(-1.2, 0.6)))
            bets.append(BetInput(item, int(kr), 0.4 * likely, likely, 2 * likely, float(rng.beta(2, 4))))
    return Portfolio(
        effort=effort, capacity=[2 * 0.15 * effort.sum() / 26], bets=bets, gap=[1.0] * krs, worth=[100.0] * krs
    )


def whole_sheet(drawn: Scenarios, order: list[int]) -> None:
    drawn.steps(order)
    tied(drawn, order)
    flips(drawn, order)
    drawn.sprint_ends(order)


def searched(portfolio: Portfolio) -> None:
    search(Scenarios(portfolio, rng=np.random.default_rng(2)))


def _cost(what: str, limit: float | None, work: Callable[[], object], *, runs: int = 9, note: str = "") -> Figure:
    spent = processor_ms(work, runs)
    if limit is None:
        return Figure(what, f"{spent:.1f} ms", note=note)
    return Figure(what, f"{spent:.1f} ms", f"≤ {limit:,.0f} ms", met=spent <= limit, note=note)


def processor_ms(work: Callable[[], object], runs: int) -> float:
    """Return the median of some runs, after one to warm up [ms of processor]."""
    work()
    found = []
    for _ in range(runs):
        started = time.process_time()
        work()
        found.append(1e3 * (time.process_time() - started))
    return float(np.median(found))
