"""What the order of a backlog is worth, what waiting costs, and which items are a tie: the simple order.

An item carries bets: it is expected to move a Key Result by a range, with a chance. From these beliefs
follow its expected value, its value per week of work, and the order by that figure (cost of delay over
duration, CD3). In words and by hand: ``docs/algorithms/portfolio.md``.

Movements are signed in the Key Result's own unit with **toward better positive**, whichever way the
number runs: for a Key Result that is to fall from 12 to 7, a fall by 2 is a movement of +2.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from headway.engine.distributions import Floats

TIE_BELOW = 0.70
"""Two items are a tie while neither is the better one in this share of the scenarios."""
EFFORT_SPREAD = 0.35
"""Standard deviation of the log of effort: 80 % of items take 0.64 to 1.57 of their estimate."""

_TEN_PERCENT_Z = 1.2815515655446004
_HALF_NORMAL = 0.3989422804014327  # E max(Z, 0) of a standard normal, 1/√(2π)


@dataclass(frozen=True)
class BetInput:
    """A belief: ``item`` (index) moves ``kr`` (index) with ``chance`` by low / likely / high.

    ``low``, ``likely``, ``high`` are the 10th, 50th and 90th percentiles of the movement *if* the bet
    comes true [unit of the Key Result, better is positive]; ``chance`` is 0 to 1.
    """

    item: int
    kr: int
    low: float
    likely: float
    high: float
    chance: float
    lag_weeks: float = 0.0


@dataclass(frozen=True)
class SimplePortfolio:
    """A backlog in its present order, the Key Results that it serves, and the bets between them.

    Parameters
    ----------
    effort_weeks : tuple of float (items,)
        Expected work [weeks of one team], over 0; the index is the present order.
    bets : tuple of BetInput
        Any number per item and per Key Result; none is allowed.
    gap : tuple of float (krs,)
        What is left to the target in the improving direction [unit of the Key Result], ≥ 0; 0 = reached.
    worth : tuple of float (krs,)
        Value of closing the whole way from baseline to target, held over the horizon
        [points or money], ≥ 0.
    horizon_weeks : float
        Over which value is counted [weeks], over 0.
    weeks_per_week : float
        Capacity [weeks of work per calendar week], over 0; 1 is one team.
    span : tuple of float (krs,), optional
        The whole way |target − baseline| [unit of the Key Result], over 0. By default the gap, which is
        right only while a Key Result still stands at its baseline.

    Raises
    ------
    ValueError
        A field with the wrong shape or range, named in the message.
    """

    effort_weeks: tuple[float, ...]
    bets: tuple[BetInput, ...]
    gap: tuple[float, ...]
    worth: tuple[float, ...]
    horizon_weeks: float = 26.0
    weeks_per_week: float = 1.0
    span: tuple[float, ...] | None = None

    def __post_init__(self) -> None:
        _require("effort_weeks", all(0 < e < np.inf for e in self.effort_weeks), "be over 0")
        _require("gap", all(0 <= g < np.inf for g in self.gap), "be at least 0")
        _require("worth", len(self.worth) == len(self.gap), "have one value per Key Result, as gap has")
        _require("worth", all(0 <= w < np.inf for w in self.worth), "be at least 0")
        _require("horizon_weeks", 0 < self.horizon_weeks < np.inf, "be over 0")
        _require("weeks_per_week", 0 < self.weeks_per_week < np.inf, "be over 0")
        if self.span is not None:
            _require("span", len(self.span) == len(self.gap), "have one value per Key Result, as gap has")
            _require("span", all(0 < s < np.inf for s in self.span), "be over 0")
        for bet in self.bets:
            _require("bets", 0 <= bet.item < len(self.effort_weeks), "name an item of the portfolio")
            _require("bets", 0 <= bet.kr < len(self.gap), "name a Key Result of the portfolio")
            _require("bets", 0 <= bet.chance <= 1, "have a chance between 0 and 1")
            _require("bets", -np.inf < bet.low <= bet.likely <= bet.high < np.inf, "have low ≤ likely ≤ high")

    @cached_property
    def _columns(self) -> "_Columns":
        return _Columns.of(self)


def bet_mean(low: ArrayLike, likely: ArrayLike, high: ArrayLike) -> float | Floats:
    """Return the mean of a movement given by its 10th, 50th and 90th percentiles.

    Between them runs a two-piece normal: two half normals that meet in the median, so that each side
    holds half the chance and all three percentiles are met exactly, however lopsided they are.

    Parameters
    ----------
    low, likely, high : float or array
        Percentiles [unit of the Key Result], low ≤ likely ≤ high; arrays broadcast.

    Returns
    -------
    float or ndarray
        Mean movement, same unit and shape: likely + 0.3113 · (low + high - 2 · likely).

    Raises
    ------
    ValueError
        Where they are not in order, or not numbers.

    References
    ----------
    .. [1] Wallis, K. F. (2014), The two-piece normal, binormal, or double Gaussian distribution,
       Statistical Science 29(1), doi:10.1214/13-STS417 (of which this is the variant joined at the median).

    Examples
    --------
    >>> bet_mean(1, 2, 3)
    2.0
    >>> round(bet_mean(1, 2, 6), 3)
    2.934
    """
    low, likely, high = (np.asarray(a, dtype=float) for a in (low, likely, high))
    if not np.all((low <= likely) & (likely <= high)):
        raise ValueError("low, likely, high must be numbers in this order")
    mean = likely + _HALF_NORMAL / _TEN_PERCENT_Z * (low + high - 2 * likely)
    return mean if mean.ndim else float(mean)


def value_of(movement: ArrayLike, *, worth: ArrayLike, gap: ArrayLike, span: ArrayLike) -> float | Floats:
    """Return the value of moving a Key Result: worth · min(movement, gap) / span.

    Parameters
    ----------
    movement : float or array
        Toward better positive [unit of the Key Result]; harm is negative and counts in full.
    worth : float or array
        Of the whole way from baseline to target [points or money].
    gap : float or array
        What is left of that way, ≥ 0; nothing is gained beyond it.
    span : float or array
        The whole way, over 0.

    Examples
    --------
    >>> value_of(2.0, worth=100.0, gap=5.0, span=10.0)
    20.0
    >>> value_of(8.0, worth=100.0, gap=5.0, span=10.0)
    50.0
    """
    value = np.asarray(worth) * np.minimum(movement, gap) / np.asarray(span, dtype=float)
    return value if value.ndim else float(value)


def item_values(portfolio: SimplePortfolio) -> Floats:
    """Return what each item is expected to bring, alone and landed today, shape (items,) [worth's unit].

    Per Key Result: chance · mean movement over the item's bets on it, at most the gap, by
    :func:`value_of`; an item without bets has 0.

    Examples
    --------
    >>> bets = (BetInput(item=0, kr=0, low=1, likely=2, high=3, chance=0.5),)
    >>> item_values(SimplePortfolio((2.0, 1.0), bets, gap=(4.0,), worth=(100.0,), span=(10.0,))).tolist()
    [10.0, 0.0]
    """
    columns = portfolio._columns
    return np.minimum(columns.moves, columns.gap) @ columns.worth_per_unit


def value_per_week(portfolio: SimplePortfolio) -> Floats:
    """Return :func:`item_values` per week of work, shape (items,) [worth's unit / week of work]."""
    return item_values(portfolio) / portfolio._columns.effort


def cost_of_waiting(portfolio: SimplePortfolio) -> Floats:
    """Return the value lost if an item, begun today, is begun a week later, shape (items,) [unit / week].

    An effect counts for the share of the horizon that is left when it lands, so a week costs
    value / horizon; less where the item lands in the last week of the horizon, and 0 beyond it.

    Examples
    --------
    >>> bets = (BetInput(item=0, kr=0, low=1, likely=2, high=3, chance=1.0),)
    >>> cost_of_waiting(SimplePortfolio((2.0,), bets, gap=(4.0,), worth=(130.0,), span=(10.0,))).tolist()
    [1.0]
    """
    left = portfolio.horizon_weeks - portfolio._columns.effort / portfolio.weeks_per_week
    return item_values(portfolio) * np.clip(left, 0.0, 1.0) / portfolio.horizon_weeks


def score_order(portfolio: SimplePortfolio, order: Sequence[int]) -> float:
    """Return the expected value of doing the items one after the other [worth's unit].

    Each item lands when the work up to and with it is done at the portfolio's capacity, and its effect
    counts for the share of the horizon left then. Effects on one Key Result diminish: together they never
    bring more than its gap, and who lands first takes it.

    Parameters
    ----------
    portfolio : SimplePortfolio
    order : sequence of int
        Items to do, first first, each once; those not named are not done.

    Raises
    ------
    ValueError
        ``order`` names an item twice or one that does not exist.

    Examples
    --------
    Two items close the same gap of 4; the second finds only 1 of it left:

    >>> bets = tuple(BetInput(item=i, kr=0, low=3, likely=3, high=3, chance=1.0) for i in (0, 1))
    >>> two = SimplePortfolio((13.0, 6.5), bets, gap=(4.0,), worth=(40.0,), span=(4.0,))
    >>> score_order(two, [0, 1]), score_order(two, [1, 0])
    (17.5, 25.0)
    """
    columns = portfolio._columns
    items = _checked_order(order, columns.effort.size)
    landed = np.cumsum(columns.effort[items]) / portfolio.weeks_per_week
    share = np.maximum(0.0, 1.0 - landed / portfolio.horizon_weeks)
    reached = np.minimum(np.cumsum(columns.moves[items], axis=0), columns.gap)
    gains = np.diff(reached, axis=0, prepend=0.0)
    return float(share @ (gains @ columns.worth_per_unit))


def simple_best_order(portfolio: SimplePortfolio) -> tuple[list[int], float]:
    """Return the better of the order by value per week and the present order, with its value.

    Highest value per week first; equal ones stay in the present order, items without value come last.
    By value per week is the best order while effects add up and all land within the horizon (Smith's
    rule); where gaps fill up or the horizon ends it can lose to the present order, which then stays.

    References
    ----------
    .. [1] Smith, W. E. (1956), Various optimizers for single-stage production, Naval Research Logistics
       Quarterly 3, doi:10.1002/nav.3800030106.
    .. [2] Reinertsen, D. G. (2009), The Principles of Product Development Flow (cost of delay / duration).

    Examples
    --------
    >>> bets = (BetInput(0, 0, 1, 1, 1, 1.0), BetInput(1, 0, 2, 2, 2, 1.0))
    >>> simple_best_order(SimplePortfolio((13.0, 13.0), bets, gap=(9.0,), worth=(90.0,), span=(9.0,)))
    ([1, 0], 10.0)
    """
    by_rate = [int(i) for i in np.argsort(-value_per_week(portfolio), kind="stable")]
    present = list(range(len(portfolio.effort_weeks)))
    best, kept = score_order(portfolio, by_rate), score_order(portfolio, present)
    return (by_rate, best) if best > kept else (present, kept)


def tie_groups(
    portfolio: SimplePortfolio, order: Sequence[int], *, rng: np.random.Generator, scenarios: int = 2000
) -> list[list[int]]:
    """Return the runs of neighbours in an order that cannot be told apart by value per week.

    In each of the common scenarios every bet takes a movement from its range (times its chance) and every
    item an effort around its estimate. Two items are a tie while neither has the higher value per week in
    at least 70 % of the scenarios. Groups are formed from the front: an item joins while it ties with the
    group's *first* member, else it begins the next group. So no chain of small steps ends in one
    group whose ends are plainly different.

    Parameters
    ----------
    portfolio : SimplePortfolio
    order : sequence of int
        Items, first first, each at most once.
    rng : numpy.random.Generator
        The same state gives the same groups.
    scenarios : int
        How many to draw, ≥ 1. With 2,000 a chance is known to about ± 2 points.

    Returns
    -------
    list of list of int
        Only real ties, two items or more, in the given order. Items without bets make no promise to be
        compared, and are in none.

    Raises
    ------
    ValueError
        ``order`` names an item twice or one that does not exist; ``scenarios`` under 1.

    Notes
    -----
    Whether a bet comes true is not drawn: a miss by bad luck does not make it the worse decision.

    Examples
    --------
    >>> bets = [BetInput(item, 0, size - 1, size, size + 1, 0.5) for item, size in ((0, 2.0), (1, 2.1), (2, 6.0))]
    >>> plan = SimplePortfolio((2.0, 2.0, 2.0), bets, gap=(50.0,), worth=(100.0,))
    >>> tie_groups(plan, [2, 1, 0], rng=np.random.default_rng(1))
    [[1, 0]]
    """
    if scenarios < 1:
        raise ValueError("scenarios must be at least 1")
    items = _checked_order(order, len(portfolio.effort_weeks))
    rates = _sampled_value_per_week(portfolio, rng, scenarios)
    groups: list[list[int]] = []
    for item in items.tolist():
        first = groups[-1][0] if groups else item
        if first != item and {first, item} <= rates.keys() and _is_tie(rates[first], rates[item]):
            groups[-1].append(item)
        else:
            groups.append([item])
    return [group for group in groups if len(group) > 1]


@dataclass(frozen=True)
class _Columns:
    """A portfolio as arrays. ``moves`` (items, krs): expected movement."""

    effort: Floats
    gap: Floats
    worth_per_unit: Floats
    moves: Floats

    @classmethod
    def of(cls, portfolio: SimplePortfolio) -> "_Columns":
        gap = np.asarray(portfolio.gap, dtype=float)
        span = gap if portfolio.span is None else np.asarray(portfolio.span, dtype=float)
        # A reached Key Result without a span has no way to be valued by; it has nothing left to gain either.
        worth = np.divide(portfolio.worth, span, out=np.zeros_like(gap), where=span > 0)
        moves = np.zeros((len(portfolio.effort_weeks), gap.size))
        for bet in portfolio.bets:
            moves[bet.item, bet.kr] += bet.chance * bet_mean(bet.low, bet.likely, bet.high)
        return cls(np.asarray(portfolio.effort_weeks, dtype=float), gap, worth, moves)


def _sampled_value_per_week(portfolio: SimplePortfolio, rng: np.random.Generator, scenarios: int) -> dict[int, Floats]:
    """Return value per week of work in each scenario, (scenarios,), for every item with a bet."""
    columns = portfolio._columns
    moves: dict[tuple[int, int], Floats] = {}
    for bet in portfolio.bets:
        z = rng.standard_normal(scenarios)
        side = np.where(z < 0, bet.likely - bet.low, bet.high - bet.likely)
        moved = bet.chance * (bet.likely + side / _TEN_PERCENT_Z * z)
        moves[bet.item, bet.kr] = moves.get((bet.item, bet.kr), 0.0) + moved
    rates: dict[int, Floats] = {}
    for (item, kr), moved in moves.items():
        value = columns.worth_per_unit[kr] * np.minimum(moved, columns.gap[kr])
        rates[item] = rates.get(item, 0.0) + value
    for item in rates:
        rates[item] /= columns.effort[item] * np.exp(EFFORT_SPREAD * rng.standard_normal(scenarios))
    return rates


def _is_tie(first: Floats, second: Floats) -> bool:
    better = np.mean(first > second) + np.mean(first == second) / 2
    return bool(1 - TIE_BELOW < better < TIE_BELOW)


def _checked_order(order: Sequence[int], items: int) -> NDArray[np.intp]:
    named = np.asarray(list(order), dtype=np.intp)
    if named.size and (named.min() < 0 or named.max() >= items or np.unique(named).size < named.size):
        raise ValueError("order must name items of the portfolio, each once")
    return named


def _require(name: str, holds: bool, rule: str) -> None:
    if not holds:
        raise ValueError(f"{name} must {rule}")
