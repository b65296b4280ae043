"""What the order of a backlog is worth, what waiting costs, which items are a tie, and what is worth knowing.

In words and by hand: ``docs/algorithms/portfolio.md``.
"""

from collections.abc import Sequence

import numpy as np

from .bets import BetInput, bet_mean, value_of
from .columns import Departure, cd3, cost_of_delay, cost_of_delay_order, departures, order_by, rice
from .information import BetTest, Knowing, test_before_building, value_of_knowing_all
from .model import Must, Portfolio
from .scenarios import Scenarios, Step
from .search import BestOrder, best_order, greedy_order, improved, repaired, search
from .sensitivity import Flip, first_place_flips, flips
from .ties import tied

__all__ = [
    "BestOrder",
    "BetInput",
    "BetTest",
    "Departure",
    "Flip",
    "Knowing",
    "Must",
    "Portfolio",
    "Scenarios",
    "Step",
    "best_order",
    "bet_mean",
    "cd3",
    "cost_of_delay",
    "cost_of_delay_order",
    "departures",
    "first_place_flips",
    "flips",
    "greedy_order",
    "improved",
    "order_by",
    "repaired",
    "rice",
    "score",
    "search",
    "test_before_building",
    "tied",
    "value_of",
    "value_of_knowing_all",
]


def score(portfolio: Portfolio, order: Sequence[int], *, rng: np.random.Generator, scenarios: int = 2000) -> float:
    """Return the expected value that working in this order adds: :meth:`Scenarios.score` on fresh draws.

    Parameters
    ----------
    portfolio : Portfolio
    order : sequence of int
        First first, each item at most once; those not named are not done.
    rng : numpy.random.Generator
        The same state gives the same answer, bit for bit.
    scenarios : int
        How many are drawn, ≥ 1.

    Returns
    -------
    float
        Over what would happen anyhow [unit of worth]; below 0 where harm is expected.

    Raises
    ------
    ValueError
        ``order`` names an item twice, a banned one or one that does not exist; ``scenarios`` under 1.

    Examples
    --------
    >>> bets = [BetInput(item=0, kr=0, low=3, likely=3, high=3, chance=0.5)]
    >>> plan = Portfolio(effort=[4], capacity=[2], bets=bets, gap=[3], worth=[100], effort_spread=0, capacity_spread=0)
    >>> round(score(plan, [0], rng=np.random.default_rng(1)), 2)  # done after 4 of 26 weeks, half the time true
    42.31
    """
    return Scenarios(portfolio, rng=rng, scenarios=scenarios).score(order)
