"""Made-up backlogs and how they turn out, to compare orders on: the synthetic truth of F7.

Written and frozen before the method that it tests, and sharing no code with it. `made_backlog` draws what a
team believes; `lived` plays a team that works an order down, week by week, in many worlds, and says what
its Key Results were worth. Described in docs/algorithms/portfolio.md.
"""

from dataclasses import dataclass

import numpy as np

WEEKS = 26


@dataclass(frozen=True)
class Promise:
    """One item is believed to move one Key Result by a range, with a chance, some weeks after it is done."""

    item: int
    kr: int
    low: float
    likely: float
    high: float
    chance: float
    lag: int


@dataclass(frozen=True)
class Backlog:
    """Beliefs: weeks of work per item; gap, worth and drift per Key Result; weeks of work that a week holds."""

    weeks_of_work: np.ndarray
    promises: tuple[Promise, ...]
    gap: np.ndarray
    worth: np.ndarray
    drift: np.ndarray
    drift_deviation: np.ndarray
    weeks_a_week: float
    work_sigma: float
    pace_sigma: float


def made_backlog(rng: np.random.Generator, *, fits: float, piled_up: bool = False) -> Backlog:
    """Return a backlog of 40 to 80 items and 6 to 12 Key Results, of which the share `fits` can be done.

    Larger items promise more, though less than in proportion. Some Key Results are served by more items than
    others; where the backlog is `piled_up`, two favourites get some 70 % of the promises.
    """
    items, krs = int(rng.integers(40, 81)), int(rng.integers(6, 13))
    work = np.exp(rng.normal(np.log(1.5), 0.7, items))
    gap = np.exp(rng.normal(2.0, 1.0, krs))
    taste = rng.dirichlet(np.full(krs, 3.0))
    if piled_up:
        favourites = rng.choice(krs, 2, replace=False)
        taste = 0.3 * taste
        taste[favourites] += 0.35
    promises = []
    for item in range(items):
        count = int(rng.choice([1, 2, 3], p=[0.6, 0.3, 0.1]))
        for kr in rng.choice(krs, count, replace=False, p=taste / taste.sum()):
            likely = gap[kr] * 0.3 * np.sqrt(work[item] / 1.5) * np.exp(rng.normal(0.0, 0.6))
            promises.append(
                Promise(
                    item=item,
                    kr=int(kr),
                    low=float(likely * rng.uniform(0.2, 0.7)),
                    likely=float(likely),
                    high=float(likely * rng.uniform(1.3, 3.0)),
                    chance=float(rng.beta(2.0, 4.0)),
                    lag=int(rng.integers(0, 7)),
                )
            )
    return Backlog(
        weeks_of_work=work,
        promises=tuple(promises),
        gap=gap,
        worth=np.exp(rng.normal(0.0, 0.5, krs)),
        drift=gap * rng.normal(0.05, 0.1, krs),
        drift_deviation=gap * rng.uniform(0.05, 0.2, krs),
        weeks_a_week=float(fits * work.sum() / WEEKS),
        work_sigma=0.35,
        pace_sigma=0.2,
    )


def cost_of_delay_order(backlog: Backlog) -> list[int]:
    """Return the practice to compare with: believed value per week of work, highest first (CD3)."""
    value = np.zeros(backlog.weeks_of_work.size)
    for one in backlog.promises:
        middle = one.likely + 0.3113 * (one.low + one.high - 2 * one.likely)
        value[one.item] += backlog.worth[one.kr] * one.chance * min(middle, backlog.gap[one.kr]) / backlog.gap[one.kr]
    return [int(i) for i in np.argsort(-value / backlog.weeks_of_work, kind="stable")]


def lived(backlog: Backlog, orders: list[list[int]], seed: int, worlds: int) -> np.ndarray:
    """Return what each order turned out to be worth in each world, shape (orders, worlds).

    In a world items take longer or shorter than believed, the team has a pace of its own that also wavers from
    week to week, promises come true or not, and Key Results drift. A Key Result is worth the share of its gap
    that is closed, averaged over the weeks of the horizon. All orders live in the same worlds.
    """
    totals = np.zeros((len(orders), worlds))
    for world, rng in enumerate(np.random.default_rng(seed).spawn(worlds)):
        takes = backlog.weeks_of_work * np.exp(rng.normal(0, backlog.work_sigma, backlog.weeks_of_work.size))
        pace = backlog.weeks_a_week * np.exp(rng.normal(0, backlog.pace_sigma))
        done_work = np.cumsum(pace * np.clip(rng.normal(1.0, 0.3, WEEKS), 0.0, None))
        moves = np.array([_move(one, rng) for one in backlog.promises])
        drift = rng.normal(backlog.drift, backlog.drift_deviation)
        for number, order in enumerate(orders):
            totals[number, world] = _worth_lived(backlog, order, takes, done_work, moves, drift)
    return totals


def _move(one: Promise, rng: np.random.Generator) -> float:
    comes_true, z = rng.random() < one.chance, rng.standard_normal()
    side = one.high - one.likely if z > 0 else one.likely - one.low
    return comes_true * (one.likely + z * side / 1.2816)


def _worth_lived(
    backlog: Backlog,
    order: list[int],
    takes: np.ndarray,
    done_work: np.ndarray,
    moves: np.ndarray,
    drift: np.ndarray,
) -> float:
    """Return the value of one order in one world: the week in which each item is done, then the Key Results."""
    done_in = np.full(takes.size, WEEKS)
    done_in[order] = np.searchsorted(done_work, np.cumsum(takes[order]))
    steps = np.zeros((WEEKS + 1, backlog.gap.size))
    for one, move in zip(backlog.promises, moves, strict=True):
        steps[min(done_in[one.item] + one.lag, WEEKS), one.kr] += move
    level = np.cumsum(steps[:WEEKS], axis=0) + drift
    return float(np.clip(level / backlog.gap, 0.0, 1.0).mean(axis=0) @ backlog.worth)
