"""What the best selection possible gains in F7, proved: the same backlogs, shorn of all but gaps that fill.

Effort and pace are certain, nothing lags, and what is done within the horizon counts in full. Then the best
selection is a mixed-integer programme over the very scenarios on which the plan is searched, and HiGHS proves it.
"""

from dataclasses import replace
from typing import NamedTuple

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_array, hstack, identity

from headway.engine.portfolio import Portfolio, Scenarios, search

from .backlogs import cost_of_delay_order, made_backlog
from .orders import SEED, SETTINGS, Setting, believed
from .table import Figure

SCENARIOS = 60
NODES, GAP = 2_000, 1e-4


class Proved(NamedTuple):
    """By which share plan and proved optimum are worth more than the practice; how far the plan may be below."""

    plan: float
    optimum: float
    below: float


def proved(*, backlogs: range) -> tuple[Figure, ...]:
    """Return, of each kind of backlogs where 15 % fits, what the proved optimum gains, and how near the plan comes."""
    return tuple(
        _told(setting, [_prove(number, setting) for number in backlogs]) for setting in (SETTINGS[0], SETTINGS[2])
    )


def _told(setting: Setting, found: list[Proved]) -> Figure:
    plan, optimum, below = np.mean(found, axis=0)
    worst = max(one.below for one in found)
    return Figure(
        f"   proved optimum as selection, {setting.name}",
        f"{optimum:.1%}",
        naive="0",
        note=f"the plan {plan:.1%}, below the optimum by {below:.2%}, at worst {worst:.2%}; {len(found)} backlogs",
    )


def _prove(number: int, setting: Setting) -> Proved:
    rng = np.random.default_rng([SEED, number, round(setting.fits * 100), setting.piled_up])
    backlog = made_backlog(rng, fits=setting.fits, piled_up=setting.piled_up)
    portfolio = replace(believed(backlog), effort_spread=0.0, capacity_spread=0.0, earlier_counts=False)
    portfolio = replace(portfolio, bets=[replace(bet, lag_weeks=0.0) for bet in portfolio.bets])
    drawn = Scenarios(portfolio, rng=np.random.default_rng(number), scenarios=SCENARIOS)
    practice = drawn.score(cost_of_delay_order(backlog))
    plan = search(drawn).value
    optimum, bound = best_possible(portfolio, drawn)
    return Proved(plan / practice - 1, optimum / practice - 1, max(bound / plan - 1, 0.0))


def best_possible(portfolio: Portfolio, drawn: Scenarios) -> tuple[float, float]:
    """Return the value of the best selection found by HiGHS, and what no selection can exceed.

    Unknown is of each item whether it is done, and of each Key Result in each scenario what it is worth: at most its
    top, and at most its start with all movements of what is done.
    """
    items, krs, size = len(portfolio.effort), len(portfolio.gap), drawn.size
    bet_rows = np.array(drawn.kr_of)[:, None] * size + np.arange(size)
    bet_items = np.repeat([bet.item for bet in portfolio.bets], size)
    moved = csr_array((-drawn.moves.astype(float).ravel(), (bet_rows.ravel(), bet_items)), shape=(krs * size, items))
    reached = LinearConstraint(
        hstack([moved, identity(krs * size)]).tocsr(), -np.inf, drawn.start.astype(float).ravel()
    )
    effort = np.concatenate([portfolio.effort, np.zeros(krs * size)])
    budget = LinearConstraint(effort[None], -np.inf, portfolio.work_by(portfolio.horizon_weeks))
    solved = milp(
        np.concatenate([np.zeros(items), np.full(krs * size, -1 / size)]),
        constraints=[reached, budget],
        bounds=Bounds(
            np.concatenate([np.zeros(items), np.full(krs * size, -np.inf)]),
            np.concatenate([np.ones(items), np.repeat(drawn.top.astype(float), size)]),
        ),
        integrality=np.concatenate([np.ones(items), np.zeros(krs * size)]),
        options={"node_limit": NODES, "mip_rel_gap": GAP},
    )
    anyhow = float(np.minimum(drawn.start, drawn.top[:, None]).mean(axis=1).sum())
    return -solved.fun - anyhow, -solved.mip_dual_bound - anyhow
