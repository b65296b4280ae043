"""F7: what the plan gains over cost of delay / duration, and how near it is to the proved best selection."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from headway.engine.portfolio import BetInput, Portfolio, Scenarios, best_order, greedy_order, improved

from .backlogs import Backlog, cost_of_delay_order, lived, made_backlog
from .table import Figure, at_least

SEED = 2026
WORLDS = 600
SELECTIONS = (
    ("classic-nrp_nrp1.txt", 0.3),
    ("classic-nrp_nrp1.txt", 0.5),
    ("realistic-nrp_nrp-e1.txt", 0.3),
    ("realistic-nrp_nrp-g1.txt", 0.3),
)


@dataclass(frozen=True)
class Setting:
    """A kind of backlogs: the share that fits, whether promises are piled up on two favourites; the aim."""

    name: str
    fits: float
    piled_up: bool
    target: float


@dataclass(frozen=True)
class Compared:
    """By which share the plan is worth more than the practice: as lived, and as the engine said beforehand."""

    gain: float
    promised: float


SETTINGS = (
    Setting("15 % fits", 0.15, False, 0.08),
    Setting("30 % fits", 0.30, False, 0.04),
    Setting("15 %, piled up", 0.15, True, 0.10),
)


def orders(settings: Sequence[Setting] = SETTINGS, *, backlogs: range, worlds: int = WORLDS) -> tuple[Figure, ...]:
    """Return F7: made-up backlogs, each lived through week by week in many worlds."""
    compared = {one.name: [compare(number, one, worlds) for number in backlogs] for one in settings}
    gains = np.array([one.gain for every in compared.values() for one in every])
    never = at_least("F7 never worse", float(np.mean(gains >= 0)), 0.99, note=f"{gains.size} backlogs")
    return (*(_gain(one, compared[one.name], worlds) for one in settings), never)


def _gain(setting: Setting, compared: Sequence[Compared], worlds: int) -> Figure:
    gain = np.array([one.gain for one in compared])
    promised = float(np.mean([one.promised for one in compared]))
    error = gain.std(ddof=1) / np.sqrt(gain.size)
    return Figure(
        f"F7 plan / cost of delay, {setting.name}",
        f"{gain.mean():.1%}",
        f"≥ {setting.target:.0%}",
        "0",
        bool(gain.mean() >= setting.target),
        f"{gain.size} backlogs × {worlds} worlds, ± {error:.1%}; the engine said {promised:.1%}",
    )


def compare(number: int, setting: Setting, worlds: int) -> Compared:
    rng = np.random.default_rng([SEED, number, round(setting.fits * 100), setting.piled_up])
    backlog = made_backlog(rng, fits=setting.fits, piled_up=setting.piled_up)
    portfolio = believed(backlog)
    plan = best_order(portfolio, rng=np.random.default_rng(number))
    practice = cost_of_delay_order(backlog)
    planned, practised, nothing = lived(backlog, [list(plan.order), practice, []], number, worlds).mean(axis=1)
    said = Scenarios(portfolio, rng=np.random.default_rng([number, 1]))
    return Compared(
        gain=float((planned - practised) / (practised - nothing)),
        promised=said.score(plan.order) / said.score(practice) - 1,
    )


def believed(backlog: Backlog) -> Portfolio:
    """Return the backlog as the engine takes it: expected efforts and pace instead of their medians."""
    bets = [BetInput(p.item, p.kr, p.low, p.likely, p.high, p.chance, float(p.lag)) for p in backlog.promises]
    sprint_weeks = 2.0
    return Portfolio(
        effort=backlog.weeks_of_work * np.exp(backlog.work_sigma**2 / 2),
        capacity=[sprint_weeks * backlog.weeks_a_week * np.exp(backlog.pace_sigma**2 / 2)],
        bets=bets,
        gap=backlog.gap,
        worth=backlog.worth,
        drift=backlog.drift,
        drift_spread=backlog.drift_deviation,
        sprint_weeks=sprint_weeks,
        effort_spread=backlog.work_sigma,
        capacity_spread=backlog.pace_sigma,
    )


def selections(folder: Path, chosen: Sequence[tuple[str, float]] = SELECTIONS) -> Iterator[Figure]:
    """Return how far from the best possible selection the plan is, and the search without the proof."""
    for name, budget in chosen:
        portfolio = selection(folder / name, budget)
        started = time.process_time()
        found = best_order(portfolio, rng=np.random.default_rng(1))
        seconds = time.process_time() - started
        gap = float("nan") if found.gap is None else found.gap
        note = f"{len(portfolio.effort)} items, {seconds:.1f} s"
        if len(portfolio.effort) <= 300:
            drawn = Scenarios(portfolio, rng=np.random.default_rng(1))
            alone = drawn.score(improved(drawn, greedy_order(drawn)))
            note += f"; the search without the proof {found.value * (1 + gap) / alone - 1:.1%}"
        what = f"F7 below the optimum, {name.split('-', 1)[1].removesuffix('.txt')}, {budget:.0%}"
        yield Figure(what, f"{gap:.2%}", "≤ 1 %", met=bool(gap <= 0.01), note=note)


def selection(file: Path, ratio: float) -> Portfolio:
    """Return a Next Release Problem as a portfolio: customers are items without effort that need requirements."""
    numbers = iter([int(word) for word in file.read_text().split()])
    costs: list[int] = []
    for _ in range(next(numbers)):
        costs += [next(numbers) for _ in range(next(numbers))]
    needs = [(next(numbers) - 1, next(numbers) - 1) for _ in range(next(numbers))]
    # "A B" in the file says that B depends on A.
    prerequisites = [(later, earlier) for earlier, later in needs]
    profits = []
    for customer in range(next(numbers)):
        profits.append(next(numbers))
        prerequisites += [(len(costs) + customer, next(numbers) - 1) for _ in range(next(numbers))]
    total = float(sum(profits))
    return Portfolio(
        effort=[*costs, *[0.0] * len(profits)],
        capacity=[ratio * sum(costs)],
        bets=[BetInput(len(costs) + n, 0, profit, profit, profit, 1.0) for n, profit in enumerate(profits)],
        gap=[total],
        worth=[total],
        prerequisites=prerequisites,
        horizon_weeks=1.0,
        sprint_weeks=1.0,
        effort_spread=0.0,
        capacity_spread=0.0,
        earlier_counts=False,
    )
