"""F7: what the plan gains over cost of delay / duration, and how near it is to the proved best selection."""

import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from headway.engine.portfolio import BetInput, Portfolio, Scenarios, best_order, greedy_order, improved

from .backlogs import Backlog, cost_of_delay_order, lived, made_backlog

SEED = 2026
WORLDS = 600
SETTINGS = (
    ("15 % fits", 0.15, False, 0.08),
    ("30 % fits", 0.30, False, 0.04),
    ("15 % fits, piled up on two favourites", 0.15, True, 0.10),
)
SELECTIONS = (
    ("classic-nrp_nrp1.txt", 0.3),
    ("classic-nrp_nrp1.txt", 0.5),
    ("realistic-nrp_nrp-e1.txt", 0.3),
    ("realistic-nrp_nrp-g1.txt", 0.3),
)


def print_orders(series: Path, *, portfolios: int = 40) -> None:
    """Print F7: made-up portfolios lived through week by week, then the Next Release Problems in ``series``."""
    print(
        f"\nF7 the plan beside cost of delay / duration, same beliefs ({portfolios} backlogs each, {WORLDS} worlds)\n"
    )
    print(f"{'':42s} {'target':>8s} {'gain':>8s} {'± s.e.':>7s} {'promised':>9s}  verdict")
    gains = []
    for name, fits, piled_up, target in SETTINGS:
        compared = [compare(number, fits, piled_up) for number in range(portfolios)]
        gain = np.array([one.gain for one in compared])
        promised = np.mean([one.promised for one in compared])
        gains.extend(gain)
        error = gain.std(ddof=1) / np.sqrt(gain.size)
        verdict = "met" if gain.mean() >= target else "NOT MET"
        print(f"{name:42s} {target:8.0%} {gain.mean():8.1%} {error:7.1%} {promised:9.1%}  {verdict}")
    never_worse = float(np.mean(np.array(gains) >= 0))
    print(f"{'never worse':42s} {'≥ 99 %':>8s} {never_worse:8.1%}{'':19s}{'met' if never_worse >= 0.99 else 'NOT MET'}")
    folder = series / "nrp"
    if not folder.is_dir():
        print("absent: nrp, to be had from the PROMISE repository (Next Release Problem, Xuan et al. 2012)")
        return
    print(f"\n{'F7 linear selection':42s} {'target':>8s} {'proved':>8s} {'search':>8s} {'s':>6s}")
    for name, ratio in SELECTIONS:
        print_selection(folder / name, ratio)


@dataclass(frozen=True)
class Compared:
    """By which share the plan is worth more than the practice: as lived, and as the engine said beforehand."""

    gain: float
    promised: float


def compare(number: int, fits: float, piled_up: bool) -> Compared:
    rng = np.random.default_rng([SEED, number, round(fits * 100), piled_up])
    backlog = made_backlog(rng, fits=fits, piled_up=piled_up)
    portfolio = believed(backlog)
    plan = best_order(portfolio, rng=np.random.default_rng(number), scenarios=1000)
    practice = cost_of_delay_order(backlog)
    planned, practised, nothing = lived(backlog, [list(plan.order), practice, []], number, WORLDS).mean(axis=1)
    said = Scenarios(portfolio, rng=np.random.default_rng([number, 1]), scenarios=1000)
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


def print_selection(file: Path, ratio: float) -> None:
    """Print how far best_order, and the search without the proof, stay from the best selection possible."""
    portfolio = selection(file, ratio)
    started = time.process_time()
    found = best_order(portfolio, rng=np.random.default_rng(1))
    seconds = time.process_time() - started
    gap = float("nan") if found.gap is None else found.gap
    search = ""
    if len(portfolio.effort) <= 300:
        drawn = Scenarios(portfolio, rng=np.random.default_rng(1))
        alone = drawn.score(improved(drawn, greedy_order(drawn)))
        search = f"{found.value * (1 + gap) / alone - 1:.2%}"
    name = f"{file.stem}, budget {ratio:.0%}, {len(portfolio.effort)} items"
    print(f"{name:42s} {'≤ 1 %':>8s} {gap:8.2%} {search:>8s} {seconds:6.1f}  {'met' if gap <= 0.01 else 'NOT MET'}")


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
