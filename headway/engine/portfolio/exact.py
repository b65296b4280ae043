"""The best selection where it can be proved: linear cases, as a mixed-integer programme."""

from importlib import import_module
from typing import Any

import numpy as np

from .scenarios import Scenarios

_NODES = 500
"""Nodes of the branch and bound: a bound on the work that is no clock."""
_MIP_GAP = 1e-3


def best_selection(drawn: Scenarios) -> tuple[list[int], float] | None:
    """Return the items of the best selection and an upper bound on any order's value [unit of worth].

    None unless the case is linear: an effect counts in full if it lands within the horizon, effort and pace
    are certain, nothing lags, no date binds but the horizon, no Key Result is all or nothing or drifts, and
    all bets together cannot fill a gap.
    Solved with HiGHS; the work is bounded by nodes, so that the same input gives the same answer.

    References
    ----------
    .. [1] Huangfu, Q. & Hall, J. A. J. (2018), Parallelizing the dual revised simplex method, Mathematical
       Programming Computation 10, doi:10.1007/s12532-017-0130-5 (HiGHS).
    """
    portfolio = drawn.portfolio
    if not _is_linear(drawn):
        return None
    # SciPy's solver late: idle memory counts.
    scipy: Any = import_module("scipy.optimize")
    sparse: Any = import_module("scipy.sparse")
    items = len(portfolio.effort)
    value = _values(drawn)
    capacity = portfolio.work_by(portfolio.horizon_weeks)
    pairs = np.array(portfolio.prerequisites, dtype=int).reshape(-1, 2)
    rows = np.repeat(np.arange(len(pairs)), 2)
    signs = np.tile([1.0, -1.0], len(pairs))
    constraints = [scipy.LinearConstraint(np.array([portfolio.effort]), -np.inf, capacity)]
    if len(pairs):
        needs = sparse.coo_array((signs, (rows, pairs.ravel())), shape=(len(pairs), items))
        constraints.append(scipy.LinearConstraint(needs.tocsr(), -np.inf, 0))
    least = np.array([float(due < np.inf) for due in portfolio.due])
    most = np.ones(items)
    most[list(portfolio.banned)] = 0
    solved = scipy.milp(
        -value,
        constraints=constraints,
        bounds=scipy.Bounds(least, most),
        integrality=np.ones(items),
        options={"node_limit": _NODES, "mip_rel_gap": _MIP_GAP},
    )
    if solved.x is None or solved.mip_dual_bound is None:
        return None
    return [item for item in range(items) if solved.x[item] > 0.5], float(-solved.mip_dual_bound)


def _values(drawn: Scenarios) -> np.ndarray:
    """Return what each item adds in the scenarios as they are drawn, (items,): orders are compared on these."""
    value = np.zeros(len(drawn.portfolio.effort))
    for item, bets in enumerate(drawn.bets_of):
        value[item] = sum(float(drawn.moves[bet].mean(dtype=float)) for bet in bets)
    return value


def _is_linear(drawn: Scenarios) -> bool:
    portfolio = drawn.portfolio
    highest = drawn.start.max(axis=1) if drawn.size else drawn.start[:, 0]
    together = highest.astype(float)
    for bet, kr in enumerate(drawn.kr_of):
        together[kr] += max(float(drawn.moves[bet].max()), 0.0)
    return (
        not portfolio.earlier_counts
        and portfolio.capacity_spread == 0
        and not np.any(portfolio.effort_spread)
        and not any(portfolio.committed or ())
        and not any(bet.lag_weeks for bet in portfolio.bets)
        and all(by_weeks is None for _, by_weeks in portfolio.must)
        and bool(np.all(together <= drawn.top * (1 + 1e-6)))
    )
