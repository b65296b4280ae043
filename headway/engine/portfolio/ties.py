"""Which neighbours of an order cannot be told apart."""

from collections.abc import Sequence

import numpy as np

from headway.engine.distributions import Floats

from .scenarios import Scenarios

TIE_BELOW = 0.70
"""Two items are a tie while neither is the better one in this share of the scenarios."""
_NEXT_TO_NOTHING = 1e-9


def tied(drawn: Scenarios, order: Sequence[int]) -> list[list[int]]:
    """Return the runs of neighbours of which none is better in at least 70 % of what may be believed.

    Each item's value per week of work is drawn from its bets' ranges and its effort's spread, weighted by how
    much of each bet still counts given what stands above it (expected gain there over expected size).
    Groups are formed from the front: an item joins while it ties with the group's *first* member, so no chain
    of small steps ends in one group whose ends are plainly different. Items that add nothing are in none.

    Parameters
    ----------
    drawn : Scenarios
    order : sequence of int
        First first, each item at most once.

    Notes
    -----
    Whether a bet comes true is not drawn here: a miss by bad luck does not make it the worse decision.

    Examples
    --------
    >>> from headway.engine.portfolio import BetInput, Portfolio
    >>> bets = [BetInput(item, 0, 1, 2, size, 0.5) for item, size in ((0, 3.0), (1, 3.1))]
    >>> bets += [BetInput(2, 0, 0.1, 0.2, 0.3, 0.5)]
    >>> plan = Portfolio(effort=[2] * 3, capacity=[4], bets=bets, gap=[50], worth=[100])
    >>> tied(Scenarios(plan, rng=np.random.default_rng(1)), [1, 0, 2])
    [[1, 0]]
    """
    rates = rates_given_above(drawn, order)
    groups: list[list[int]] = []
    for item in order:
        first = groups[-1][0] if groups else item
        if first != item and {first, item} <= rates.keys() and is_tie(rates[first], rates[item]):
            groups[-1].append(item)
        else:
            groups.append([item])
    return [group for group in groups if len(group) > 1]


def chance_better(first: Floats, second: Floats) -> float:
    """Return the share of draws in which the first is better, equal ones counting half."""
    return float(np.mean(first > second) + np.mean(first == second) / 2)


def is_tie(first: Floats, second: Floats) -> bool:
    """Say whether neither is better in at least 70 % of the draws."""
    return 1 - TIE_BELOW < chance_better(first, second) < TIE_BELOW


def rates_given_above(drawn: Scenarios, order: Sequence[int]) -> dict[int, Floats]:
    """Return value per week of work as it may be believed, (scenarios,), for each item that adds something."""
    sizes, efforts = drawn.beliefs
    effort = drawn.portfolio.effort
    level = drawn.start.copy()
    rates: dict[int, Floats] = {}
    for item in order:
        bets = drawn.bets_of[item]
        gained = {bet: _gain(drawn, bet, level) for bet in bets}
        for bet in bets:
            level[drawn.kr_of[bet]] += drawn.moves[bet]
            size = float(sizes[bet].mean())
            if abs(size) > _NEXT_TO_NOTHING and abs(gained[bet]) > _NEXT_TO_NOTHING:
                value = sizes[bet] * (gained[bet] / size) / (effort[item] * efforts[item] + _NEXT_TO_NOTHING)
                rates[item] = rates[item] + value if item in rates else value
    return rates


def _gain(drawn: Scenarios, bet: int, level: np.ndarray) -> float:
    """Return the expected gain of a bet that lands now, at this level."""
    kr = drawn.kr_of[bet]
    gained = drawn.reached(kr, level[kr] + drawn.moves[bet]) - drawn.reached(kr, level[kr])
    return float(gained.mean(dtype=float))
