"""What it is worth to know more before building: the value of information, and tests by value per cost."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from headway.engine.distributions import Floats

from .scenarios import Scenarios


class BetTest(NamedTuple):
    """A test of an item's promise before it is built: its cost [weeks of work], and how often it is right.

    ``right``: chance that it says yes if the promise is true, and no if it is not, 0.5 to 1.
    """

    item: int
    cost: float
    right: float = 0.8


@dataclass(frozen=True)
class Knowing:
    """What a test is worth [unit of worth]: ``perfect`` if it told all (EVPI), ``test`` as it is (EVSI).

    ``per_cost``: EVSI per week of work that the test costs.
    """

    item: int
    perfect: float
    test: float
    per_cost: float


def test_before_building(drawn: Scenarios, order: Sequence[int], tests: Sequence[BetTest]) -> list[Knowing]:
    """Return what each test is worth, most value per cost first.

    Knowing is worth something only if it would change what is done. After the test an item may stay where it
    stands in ``order``, go first, or not be done; the best is chosen by what the test said.

    Parameters
    ----------
    drawn : Scenarios
    order : sequence of int
        The plan that would be followed without the test.
    tests : sequence of BetTest
        Any number, of items of the order.

    Returns
    -------
    list of Knowing
        Equal ones by item.

    Raises
    ------
    ValueError
        ``tests`` of an item that is not in the order, with a cost that is not over 0, or right less often
        than by a coin.

    Notes
    -----
    What an outcome lets one expect is found by regression on the scenarios [1]_: for EVPI value on how far the
    item moves its Key Results (a parabola over the scenarios in which it comes true, and a mean over the
    others), for EVSI on what the test says, which for a yes or no is the mean over each.

    References
    ----------
    .. [1] Strong, M., Oakley, J. E., Brennan, A. & Breeze, P. (2015), Estimating the expected value of sample
       information using the probabilistic sensitivity analysis sample, Medical Decision Making 35(5),
       doi:10.1177/0272989X15575286.

    Examples
    --------
    The item of :func:`value_of_knowing_all`, and a test of it that costs two weeks and is always right:

    >>> from headway.engine.portfolio import BetInput, Portfolio
    >>> bets = [BetInput(0, 0, 10, 10, 10, 0.5), BetInput(0, 0, -4, -4, -4, 1.0)]
    >>> plan = Portfolio(effort=[0], capacity=[2], bets=bets, gap=[10], worth=[100])
    >>> drawn = Scenarios(plan, rng=np.random.default_rng(1))
    >>> (sharp,) = test_before_building(drawn, [0], [BetTest(item=0, cost=2.0, right=1.0)])
    >>> round(sharp.perfect, 1), round(sharp.per_cost, 1)
    (20.0, 10.0)
    """
    for test in tests:
        _require(test.item in order, "name an item of the order")
        _require(0 < test.cost < np.inf, "have a cost over 0")
        _require(0.5 <= test.right <= 1, "be right with a chance between 0.5 and 1")
    kept = drawn.values(order)
    found = [_knowing(drawn, order, test, kept) for test in tests]
    return sorted(found, key=lambda knowing: (-knowing.per_cost, knowing.item))


def value_of_knowing_all(drawn: Scenarios, orders: Sequence[Sequence[int]]) -> float:
    """Return EVPI of choosing among orders: what knowing everything beforehand would add [unit of worth].

    Parameters
    ----------
    drawn : Scenarios
    orders : sequence of orders
        Those between which one may choose, at least one.

    References
    ----------
    .. [1] Raiffa, H. and Schlaifer, R. (1961), Applied Statistical Decision Theory.

    Examples
    --------
    An item without effort brings 60 or, as often, −40: without knowing 10 are expected, knowing brings 30.

    >>> from headway.engine.portfolio import BetInput, Portfolio
    >>> bets = [BetInput(0, 0, 10, 10, 10, 0.5), BetInput(0, 0, -4, -4, -4, 1.0)]
    >>> plan = Portfolio(effort=[0], capacity=[2], bets=bets, gap=[10], worth=[100])
    >>> drawn = Scenarios(plan, rng=np.random.default_rng(1))
    >>> round(value_of_knowing_all(drawn, [[0], []]), 2)
    20.0
    """
    values = np.array([drawn.values(order) for order in orders])
    return float(values.max(axis=0).mean() - values.mean(axis=1).max())


def _knowing(drawn: Scenarios, order: Sequence[int], test: BetTest, kept: Floats) -> Knowing:
    rest = [item for item in order if item != test.item]
    needed = [one for one in drawn.portfolio.chain[test.item] if one in order]
    first = [*needed, *(item for item in order if item not in needed)]
    values = np.array([kept, drawn.values(first), drawn.values(rest)])
    now = float(values.mean(axis=1).max())
    moved = np.zeros(drawn.size)
    for bet in drawn.bets_of[test.item]:
        moved += drawn.moves[bet]
    is_true = np.zeros(drawn.size, dtype=bool)
    # What is sure to come true is no promise that a test could tell of.
    unsure = [bet for bet in drawn.bets_of[test.item] if 0 < drawn.portfolio.bets[bet].chance < 1]
    for bet in unsure or drawn.bets_of[test.item]:
        is_true |= drawn.moves[bet] != 0
    perfect = _expected(values, moved, is_true).max(axis=0).mean() - now
    says_yes = np.where(is_true, test.right, 1 - test.right)
    outcomes = [(values * weight).mean(axis=1).max() for weight in (says_yes, 1 - says_yes)]
    evsi = max(float(sum(outcomes)) - now, 0.0)
    return Knowing(test.item, max(float(perfect), evsi), evsi, evsi / test.cost)


def _expected(values: Floats, moved: Floats, is_true: np.ndarray) -> Floats:
    """Return each decision's value as expected by who knows how far the item moves, (decisions, scenarios)."""
    expected = np.empty_like(values)
    for group in (is_true, ~is_true):
        if not group.any():
            continue
        x = moved[group]
        spread = float(x.std())
        scaled = (x - x.mean()) / spread if spread > 0 else np.zeros_like(x)
        terms = np.vander(scaled, 3)[:, (2, 1, 0)] if spread > 0 and x.size > 30 else np.ones((x.size, 1))
        fitted, *_ = np.linalg.lstsq(terms, values[:, group].T, rcond=None)
        expected[:, group] = (terms @ fitted).T
    return expected


def _require(holds: bool, rule: str) -> None:
    if not holds:
        raise ValueError(f"tests must {rule}")
