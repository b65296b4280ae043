"""The columns that teams know, CD3 (WSJF) and RICE, and where and why the plan departs from them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from headway.engine.distributions import Floats

from .bets import bet_mean
from .model import Portfolio
from .scenarios import Scenarios

_SMALLEST_EFFORT = 1e-9
_FILLED = 0.8
"""Under this share of what it would gain alone, an item is said to find its gap filled by those above."""
_LATE = 0.15
"""From this share of the horizon on, a lag is said to be what puts an item down."""

Reason = Literal["due", "needed", "needs", "gap_filled", "late", "all_or_nothing", "others_moved", "range"]


@dataclass(frozen=True)
class Departure:
    """An item that stands elsewhere in the plan than by a column; places count from 1, equal ones left out.

    ``why``: due (a date) · needed (another item needs it) · needs (what it needs comes first) · gap_filled
    (those above leave little of its gap) · late (its lag eats the horizon) · all_or_nothing (a committed Key
    Result) · others_moved (it only makes way, or moves up) · range (its range, drift or the horizon's end).
    """

    item: int
    place: int
    column_place: int
    why: Reason


def cost_of_delay(portfolio: Portfolio) -> Floats:
    """Return what each item brings alone and landed today, shape (items,) [unit of worth].

    Examples
    --------
    >>> from headway.engine.portfolio import BetInput
    >>> bets = [BetInput(item=0, kr=0, low=1, likely=2, high=3, chance=0.5)]
    >>> cost_of_delay(Portfolio(effort=[4, 1], capacity=[2], bets=bets, gap=[5], worth=[100])).tolist()
    [20.0, 0.0]
    """
    value = np.zeros(len(portfolio.effort))
    span = portfolio.span or ()
    for bet in portfolio.bets:
        if span[bet.kr] > 0:
            moved = min(bet.chance * float(bet_mean(bet.low, bet.likely, bet.high)), portfolio.gap[bet.kr])
            value[bet.item] += portfolio.worth[bet.kr] * moved / span[bet.kr]
    return value


def cd3(portfolio: Portfolio) -> Floats:
    """Return cost of delay over duration, shape (items,) [unit of worth / week of work]; WSJF is its other name.

    References
    ----------
    .. [1] Reinertsen, D. G. (2009), The Principles of Product Development Flow.

    Examples
    --------
    >>> from headway.engine.portfolio import BetInput
    >>> bets = [BetInput(item=0, kr=0, low=1, likely=2, high=3, chance=0.5)]
    >>> cd3(Portfolio(effort=[4, 1], capacity=[2], bets=bets, gap=[5], worth=[100])).tolist()
    [5.0, 0.0]
    """
    return cost_of_delay(portfolio) / np.maximum(portfolio.effort, _SMALLEST_EFFORT)


def rice(portfolio: Portfolio) -> Floats:
    """Return RICE, reach · impact · confidence / effort, shape (items,) [unit of worth / week of work].

    Reach is the worth of the Key Result, impact the likely movement over its whole way, confidence the
    chance: RICE knows no range, and no gap that fills.

    References
    ----------
    .. [1] McBride, S. (2016), RICE: simple prioritization for product managers, Intercom.

    Examples
    --------
    >>> from headway.engine.portfolio import BetInput
    >>> bets = [BetInput(item=0, kr=0, low=1, likely=2, high=30, chance=0.5)]
    >>> rice(Portfolio(effort=[4, 1], capacity=[2], bets=bets, gap=[5], worth=[100])).tolist()
    [5.0, 0.0]
    """
    score = np.zeros(len(portfolio.effort))
    span = portfolio.span or ()
    for bet in portfolio.bets:
        if span[bet.kr] > 0:
            score[bet.item] += portfolio.worth[bet.kr] * bet.likely / span[bet.kr] * bet.chance
    return score / np.maximum(portfolio.effort, _SMALLEST_EFFORT)


def order_by(portfolio: Portfolio, column: Floats) -> list[int]:
    """Return the order by a column, highest first; equal ones in the present order, banned ones left out."""
    return sorted(portfolio.order, key=lambda item: -float(column[item]))


def cost_of_delay_order(portfolio: Portfolio) -> list[int]:
    """Return the order by cost of delay over duration (CD3)."""
    return order_by(portfolio, cd3(portfolio))


def departures(drawn: Scenarios, order: Sequence[int], column: Floats) -> list[Departure]:
    """Return where the plan's order departs from a column's, and why, in the plan's order.

    Parameters
    ----------
    drawn : Scenarios
    order : sequence of int
        The plan's, every item that is not banned.
    column : array (items,)
        Such as :func:`cd3`; the highest comes first.

    Examples
    --------
    Two items fill one gap; by the column both come before what fills another:

    >>> from headway.engine.portfolio import BetInput
    >>> bets = [BetInput(i, kr, size, size, size, 1.0) for i, kr, size in ((0, 0, 9), (1, 0, 8), (2, 1, 5))]
    >>> plan = Portfolio(effort=[2] * 3, capacity=[2], bets=bets, gap=[9, 9], worth=[100, 100],
    ...                  effort_spread=0, capacity_spread=0)
    >>> drawn = Scenarios(plan, rng=np.random.default_rng(1))
    >>> [(one.item, one.place, one.column_place, one.why) for one in departures(drawn, [0, 2, 1], cd3(plan))]
    [(2, 2, 3, 'others_moved'), (1, 3, 2, 'gap_filled')]
    """
    portfolio = drawn.portfolio
    by_column = {item: place for place, item in enumerate(order_by(portfolio, column), start=1)}
    left = _share_left(drawn, order)
    return [
        Departure(item, place, by_column[item], _why(portfolio, item, place > by_column[item], left[item]))
        for place, item in enumerate(order, start=1)
        if place != by_column[item]
    ]


def _why(portfolio: Portfolio, item: int, is_lower: bool, left: float) -> Reason:
    bets = [bet for bet in portfolio.bets if bet.item == item]
    if portfolio.due[item] < np.inf:
        return "due"
    if not is_lower:
        return "needed" if any(item in needs for needs in portfolio.needs) else "others_moved"
    if portfolio.needs[item]:
        return "needs"
    if left < _FILLED:
        return "gap_filled"
    if any(bet.lag_weeks > _LATE * portfolio.horizon_weeks for bet in bets):
        return "late"
    if any((portfolio.committed or ())[bet.kr] for bet in bets):
        return "all_or_nothing"
    return "range" if bets else "others_moved"


def _share_left(drawn: Scenarios, order: Sequence[int]) -> dict[int, float]:
    """Return how much of what it would gain alone each item still gains given those above it, 0 to 1."""
    level = drawn.start.copy()
    left = {}
    for item in order:
        alone, given = 0.0, 0.0
        for bet in drawn.bets_of[item]:
            kr, move = drawn.kr_of[bet], drawn.moves[bet]
            first = drawn.reached(kr, drawn.start[kr] + move) - drawn.reached(kr, drawn.start[kr])
            alone += float(first.mean(dtype=float))
            given += float((drawn.reached(kr, level[kr] + move) - drawn.reached(kr, level[kr])).mean(dtype=float))
        for bet in drawn.bets_of[item]:
            level[drawn.kr_of[bet]] += drawn.moves[bet]
        left[item] = given / alone if alone > 0 else 1.0
    return left
