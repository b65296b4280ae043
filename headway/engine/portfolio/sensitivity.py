"""What would change our mind: the value of a belief at which two items change places."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from .scenarios import Scenarios, Singles

Belief = Literal["chance", "size", "effort"]


@dataclass(frozen=True)
class Flip:
    """``item`` and ``other`` change places once ``belief`` of ``item`` is no longer ``now`` but ``at``.

    Chance: of the item's most valuable bet, 0 to 1. Size: a factor on that bet's range, now 1. Effort:
    weeks of work. All else stays as believed.
    """

    item: int
    other: int
    belief: Belief
    now: float
    at: float


def flips(drawn: Scenarios, order: Sequence[int]) -> list[list[Flip]]:
    """Return, for each two neighbours of the order, the beliefs at which they change places.

    Parameters
    ----------
    drawn : Scenarios
    order : sequence of int
        First first, each item at most once.

    Returns
    -------
    list of list of Flip
        One list for each pair, (len(order) - 1,). Beliefs that would have to leave their range (a chance over
        1, an effort of nothing) are not in it; nor are pairs of which neither gains by being earlier.

    Notes
    -----
    Both are judged at what stands above them: the first gains A by being earlier by the other's work, the
    other B by being earlier by the first's; they change places at A = B. Exact in the chance and, while gains
    add up and all lands within the horizon, in effort; in size as long as the gap is not filled.

    Examples
    --------
    Equal work, 40 against 20: the first stays first while its chance is over a half.

    >>> import numpy as np
    >>> from headway.engine.portfolio import BetInput, Portfolio
    >>> bets = [BetInput(0, 0, 4, 4, 4, 1.0), BetInput(1, 1, 2, 2, 2, 1.0)]
    >>> plan = Portfolio(effort=[3, 3], capacity=[2], bets=bets, gap=[10, 10], worth=[100, 100],
    ...                  effort_spread=0, capacity_spread=0)
    >>> (pair,) = flips(Scenarios(plan, rng=np.random.default_rng(1)), [0, 1])
    >>> {(flip.item, flip.belief): round(flip.at, 2) for flip in pair}
    {(0, 'chance'): 0.5, (0, 'size'): 0.5, (0, 'effort'): 6.0, (1, 'size'): 2.0, (1, 'effort'): 1.5}
    """
    level = drawn.start.copy()
    work: Singles = drawn.work[:0].sum(axis=0)
    found = []
    for upper, lower in pairwise(order):
        found.append(_flips_of(drawn, upper, lower, level, work))
        for bet in drawn.bets_of[upper]:
            level[drawn.kr_of[bet]] += drawn.moves[bet]
        work = work + drawn.work[upper]
    return found


def first_place_flips(drawn: Scenarios, order: Sequence[int]) -> list[Flip]:
    """Return the beliefs at which the first item of the order loses its place to the nearest challenger.

    The challenger is who takes the place at the smallest change of a belief; [] where nobody can. Of two items it
    is what :func:`flips` says of them.
    """
    if len(order) < 2:
        return []
    first, *others = order
    work: Singles = drawn.work[:0].sum(axis=0)
    pairs = {other: _flips_of(drawn, first, other, drawn.start, work) for other in others}
    reachable = [flips for flips in pairs.values() if flips]
    return min(reachable, key=lambda flips: min(_change(flip) for flip in flips), default=[])


def _flips_of(drawn: Scenarios, upper: int, lower: int, level: Singles, work: Singles) -> list[Flip]:
    own = _gains_by_being_first(drawn, upper, lower, level, work)
    others = _gains_by_being_first(drawn, lower, upper, level, work)
    found = []
    for item, other, mine, theirs in ((upper, lower, own, others), (lower, upper, others, own)):
        total, aim = sum(mine.values()), sum(theirs.values())
        if not mine or total <= 0 or aim <= 0:
            continue
        bet = max(mine, key=lambda one: mine[one])
        factor = (aim - total + mine[bet]) / mine[bet]
        chance, effort = drawn.portfolio.bets[bet].chance, drawn.portfolio.effort[item]
        if factor >= 0 and chance * factor <= 1:
            found.append(Flip(item, other, "chance", chance, chance * factor))
        if factor > 0:
            found.append(Flip(item, other, "size", 1.0, factor))
        if effort > 0:
            found.append(Flip(item, other, "effort", effort, effort * total / aim))
    return found


def _gains_by_being_first(drawn: Scenarios, item: int, other: int, level: Singles, work: Singles) -> dict[int, float]:
    """Return what each bet of the item gains if the item comes before the other instead of after it."""
    early = drawn.time(work + drawn.work[item])
    late = drawn.time(work + drawn.work[item] + drawn.work[other])
    gains = {}
    for bet in drawn.bets_of[item]:
        kr = drawn.kr_of[bet]
        gained = drawn.reached(kr, level[kr] + drawn.moves[bet]) - drawn.reached(kr, level[kr])
        sooner = drawn.share(early, drawn.lag[bet]) - drawn.share(late, drawn.lag[bet])
        gain = float((gained * sooner).mean(dtype=float))
        if gain > 0:
            gains[bet] = gain
    return gains


def _change(flip: Flip) -> float:
    """Return by which share a belief has to change, the smaller of up and down counted alike."""
    low, high = sorted((flip.now, flip.at))
    return high / low if low > 0 else float("inf")
