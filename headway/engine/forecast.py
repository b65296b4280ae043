"""When will this work be done, how much by a date, how much of a Sprint: from the team's own record.

The model of throughput is a discounted negative binomial with a log-normal rate: the newest weeks count
most, the rate itself is uncertain, counts vary more than a Poisson, and the further ahead, the less the
past binds. Why, how well, and a worked example by hand: ``docs/algorithms/forecast.md``.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from headway.engine.distributions import (
    Discrete,
    Distribution,
    Floats,
    NegativeBinomialMixture,
    negative_binomials_at_least,
)
from headway.engine.errors import TooLittleHistory

__all__ = [
    "HORIZON_WEEKS",
    "SPRINTS_NEEDED",
    "WEEKS_NEEDED",
    "BulkDays",
    "Distribution",
    "TooLittleHistory",
    "flag_bulk_days",
    "items_done",
    "mean_velocity",
    "sprint_delivery",
    "weekly",
    "weeks_by_mean_velocity",
    "weeks_to_finish",
]

WEEKS_NEEDED = 4
"""Fewer full weeks than this give no forecast."""
SPRINTS_NEEDED = 3
"""Fewer past Sprints with a commitment than this give no forecast of a Sprint."""
HORIZON_WEEKS = 260
"""Beyond five years "when" is answered with ``inf``."""

_RATE_DISCOUNT = 0.85
_SPREAD_DISCOUNT = 0.945
_DRIFT_PER_WEEK = 0.11
_DRIFT_WEEKS = 13
# Weeks come in two kinds: most are calmer than the over-dispersion says, some are wilder; it is the mean of both.
_CALM_AND_WILD = np.array([0.3, 2.4])
_CALM_AND_WILD_SHARES = np.array([2 / 3, 1 / 3])
# The rate's uncertainty as equally spaced points of a standard normal, of each kind one after the other.
_POINTS = np.tile(np.linspace(-5.0, 5.0, 33), 2)
_KINDS = np.repeat(_CALM_AND_WILD, 33)
_WEIGHTS = np.repeat(_CALM_AND_WILD_SHARES, 33) * np.exp(-(_POINTS**2) / 2)
_WEIGHTS /= _WEIGHTS.sum()
# Each week of the first year, then every fourth: what lies between is a straight line to 1e-3.
_WEEKS_AHEAD = np.append(np.arange(1.0, 53.0), np.arange(56.0, HORIZON_WEEKS + 1, 4.0))
# Fifths of a week, for a quarter: where some weeks are not worked in full.
_DAYS_AHEAD = np.arange(1, 66) / 5
_LARGEST_WEEK = 10**9
_LARGEST_SPRINT = 1e15
_BULK_AT_LEAST = 15
_BULK_TIMES = 6.0
_YEAR_DAYS = 365
_SPRINT_HALF_LIFE = 8
_REFERENCE_SPRINTS = 4.0
_MOST_DELIVERED = 3.0
# Delivered / committed at 2, 6, 10, … 98 % of 674 Sprints of 50 boards (Choetkiertikul et al., 2018).
_REFERENCE_RATIOS = (
    *(0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.13, 0.25, 0.37, 0.5, 0.54, 0.67, 0.75),
    *(0.91, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.19, 1.33, 1.5, 2.0, 3.0),
)


def items_done(throughput: ArrayLike, *, weeks: float) -> Distribution:
    """Forecast how many items will be finished in the coming weeks.

    Parameters
    ----------
    throughput : array of int (n,)
        Finished items of each of the last full weeks [items/week], oldest first, weeks without any
        as 0. At least 4 weeks, each 0 to 10⁹.
    weeks : float
        Length of the coming period [weeks], over 0, at most 260; parts of a week are allowed.

    Returns
    -------
    Distribution
        Over whole items ≥ 0.

    Raises
    ------
    TooLittleHistory
        Fewer than 4 weeks.
    ValueError
        ``throughput`` is not one-dimensional or holds negative, fractional or missing counts;
        ``weeks`` out of range.

    Notes
    -----
    Assumes that a week is like the weeks before it, the newest most, that the team neither splits nor
    doubles, and that items are of a like mix. Only zeros in the history give a defined answer: close to
    nothing will be done. Cost: 66 negative binomials for each step of a quantile's search, about 1 ms.

    References
    ----------
    .. [1] West, M. and Harrison, J. (1997), Bayesian Forecasting and Dynamic Models, ch. 10 (discounted
       Gamma–Poisson), doi:10.1007/b98971.

    Examples
    --------
    >>> done = items_done([3, 5, 4, 6, 2, 4, 5, 3], weeks=4)
    >>> done.quantile([0.1, 0.5, 0.9]).tolist()
    [9.0, 15.0, 24.0]
    >>> round(done.at_least(12), 2)
    0.74
    """
    counts = _weekly_counts(throughput)
    if not 0 < weeks <= HORIZON_WEEKS:
        raise ValueError(f"weeks must be over 0 and at most {HORIZON_WEEKS}")
    means, sizes = _Rate.of(counts).ahead(np.array([weeks], dtype=float))
    return NegativeBinomialMixture(means[0], sizes[0], _WEIGHTS)


def weeks_to_finish(throughput: ArrayLike, *, items: int, week_share: ArrayLike | None = None) -> Distribution:
    """Forecast in how many weeks the next items will be finished.

    Parameters
    ----------
    throughput : array of int (n,)
        As for :func:`items_done` [items/week].
    items : int
        How many items are to be finished [items], ≥ 0, in any order.
    week_share : array of float (m,), optional
        Of each of the coming weeks, the share of its usual working days that are worked, 0 to 1; from the
        first coming week on, later weeks count as whole. By default all do.

    Returns
    -------
    Distribution
        Over whole weeks 0 to 260 [weeks]; later is ``inf``. A date promised at chance p is
        ``quantile(p)`` weeks from the last day of the history.

    Raises
    ------
    TooLittleHistory, ValueError
        As for :func:`items_done`; ``items`` negative or fractional; a share outside 0 to 1.

    Notes
    -----
    With ``week_share`` the chance after h weeks is that of the whole weeks of work in them, their sum: a week
    with three of five working days has 3/5 of the rate, and no share ever makes a date sooner. P(T ≤ h) is
    the running maximum over h of P(S_h ≥ items), so it never falls: more items are never sooner, a later date
    never less likely. Beyond a year every fourth week is computed and the weeks between lie on a
    line. Cost: 104 × 66 incomplete beta functions, about 1 ms.

    Examples
    --------
    >>> when = weeks_to_finish([3, 5, 4, 6, 2, 4, 5, 3], items=20)
    >>> when.quantile([0.5, 0.85]).tolist()
    [6.0, 8.0]
    >>> off = weeks_to_finish([3, 5, 4, 6, 2, 4, 5, 3], items=20, week_share=[1, 1, 0, 0])
    >>> off.quantile([0.5, 0.85]).tolist()
    [8.0, 10.0]
    """
    counts = _weekly_counts(throughput)
    if items < 0 or items != int(items):
        raise ValueError("items must be a whole number of at least 0")
    every_week = np.arange(HORIZON_WEEKS + 1.0)
    worked = _weeks_worked(week_share)
    # Between two weeks chances lie on a line; where weeks are worked in part, near weeks are taken day by day.
    ahead = _WEEKS_AHEAD if worked is None else np.union1d(_WEEKS_AHEAD, _DAYS_AHEAD)
    means, sizes = _Rate.of(counts).ahead(ahead)
    chance = negative_binomials_at_least(items, means=means, sizes=sizes, weights=_WEIGHTS)
    at_once = 1.0 if items == 0 else 0.0
    known_at, known = np.append(0.0, ahead), np.append(at_once, chance)
    if worked is not None:
        known = np.maximum.accumulate(known)  # so that less work by a day is never more likely to be enough
    chances = np.interp(every_week if worked is None else worked, known_at, known)
    return Discrete(every_week, np.maximum.accumulate(chances))


def mean_velocity(throughput: ArrayLike, *, last: int = 6) -> float:
    """Return the naive rate that stands beside every forecast: the mean of the last weeks [items/week].

    Parameters
    ----------
    throughput : array of int (n,)
        As for :func:`items_done`.
    last : int
        How many of the newest weeks to average [weeks], at least 1; fewer where the history is shorter.

    Raises
    ------
    TooLittleHistory, ValueError
        As for :func:`items_done`; ``last`` under 1.

    Examples
    --------
    >>> mean_velocity([9, 9, 3, 5, 4, 6, 2, 4])
    4.0
    """
    if last < 1:
        raise ValueError("last must be at least 1")
    return float(_weekly_counts(throughput)[-last:].mean())


def weeks_by_mean_velocity(throughput: ArrayLike, *, items: int, last: int = 6) -> float:
    """Return the naive answer to "when": items over mean velocity, rounded up [weeks].

    Parameters
    ----------
    throughput, last
        As for :func:`mean_velocity`.
    items : int
        How many are to be done, ≥ 0.

    Returns
    -------
    float
        0 for no items, ``inf`` where nothing was done.

    Raises
    ------
    ValueError
        ``items`` under 0, ``last`` under 1, or as for :func:`items_done`.

    Examples
    --------
    >>> weeks_by_mean_velocity([3, 5, 4, 6, 2, 4], items=21)
    6.0
    """
    if items < 0:
        raise ValueError("items must be at least 0")
    rate = mean_velocity(throughput, last=last)
    if items == 0:
        return 0.0
    return float(np.ceil(items / rate)) if rate > 0 else float("inf")


@dataclass(frozen=True)
class BulkDays:
    """Days of a mass clean-up. ``flagged`` (days,) bool; ``clipped`` (days,) items/day, as ints."""

    flagged: NDArray[np.bool_]
    clipped: NDArray[np.int64]


def flag_bulk_days(daily: ArrayLike) -> BulkDays:
    """Find the days on which a tracker was cleaned up, which say nothing about the pace of work.

    A day is flagged when it holds more than max(15, 6 × the 95th percentile of the non-zero days of the
    year before it), and clipped to that limit. Within the first year of the series the reference is the
    whole first year, without the day itself.

    Parameters
    ----------
    daily : array of int (days,)
        Finished items of each calendar day [items/day], oldest first, without gaps.

    Raises
    ------
    ValueError
        ``daily`` is not one-dimensional, or holds negative or fractional counts.

    Examples
    --------
    >>> found = flag_bulk_days([2, 0, 3, 250, 1])
    >>> found.flagged.tolist(), found.clipped.tolist()
    ([False, False, False, True, False], [2, 0, 3, 17, 1])
    """
    clipped = _counts(daily, "daily").copy()
    flagged = np.zeros(clipped.size, dtype=bool)
    # Oldest first, so that a clean-up that was clipped does not lift the limit for the next one.
    for day in np.flatnonzero(clipped > _BULK_AT_LEAST):
        limit = _bulk_limit(clipped, int(day))
        if clipped[day] > limit:
            flagged[day] = True
            clipped[day] = limit
    return BulkDays(flagged, clipped)


def weekly(daily: ArrayLike) -> NDArray[np.int64]:
    """Add up days to full weeks, the newest ending with the last day given.

    Give the days up to yesterday, since today is not over: the newest week is then the seven days to
    yesterday, whichever weekday that is. Days before the first full week are left out.

    Parameters
    ----------
    daily : array of int (days,)
        Finished items of each calendar day [items/day], oldest first, without gaps, from the first day of
        which the record is complete.

    Returns
    -------
    ndarray of int (days // 7,)
        [items/week], oldest first.

    Raises
    ------
    ValueError
        ``daily`` is not one-dimensional, or holds negative or fractional counts.

    Examples
    --------
    >>> weekly([9, 1, 0, 2, 0, 0, 1, 0, 3, 0, 0, 0, 0, 1, 1]).tolist()
    [4, 5]
    """
    counts = _counts(daily, "daily")
    return np.asarray(counts[counts.size % 7 :].reshape(-1, 7).sum(axis=1))


def sprint_delivery(committed: float, *, history: ArrayLike, reference: ArrayLike | None = None) -> Distribution:
    """Forecast at planning how much of the commitment a Sprint will deliver.

    Parameters
    ----------
    committed : float
        What is planned into the Sprint [points, or items], over 0.
    history : array (sprints, 2)
        Committed and delivered of past Sprints, oldest first [the unit of ``committed``], ≥ 0. Sprints
        without a commitment say nothing and are left out; at least 3 must remain.
    reference : array (n,), optional
        Delivered / committed of other teams' Sprints, ≥ 0. By default 674 Sprints of public projects.

    Returns
    -------
    Distribution
        Of the amount delivered, up to three times the commitment. ``at_least(committed)`` is the chance that all
        of it, or more, is delivered.

    Raises
    ------
    TooLittleHistory
        Fewer than 3 Sprints with a commitment.
    ValueError
        ``committed`` not over 0, ``history`` not (sprints, 2), a negative or missing amount.

    Notes
    -----
    Commitment × the team's own ratio of delivered to committed, where a Sprint's weight halves every 8
    Sprints, pooled with reference ratios that together weigh as much as 4 Sprints. It knows neither the items nor
    the holidays of the Sprint.

    References
    ----------
    .. [1] Choetkiertikul, M. et al. (2018), Predicting delivery capability in iterative software development,
       IEEE TSE 44(6), doi:10.1109/TSE.2017.2693989 (the Sprints of the reference).

    Examples
    --------
    >>> delivered = sprint_delivery(20, history=[(20, 18), (25, 20), (18, 18), (22, 20), (20, 20)])
    >>> delivered.quantile([0.1, 0.5, 0.9]).round(1).tolist()
    [0.0, 18.2, 20.0]
    >>> round(delivered.at_least(20), 2)
    0.44
    """
    if not 0 < committed <= _LARGEST_SPRINT:
        raise ValueError(f"committed must be over 0, and at most {_LARGEST_SPRINT:g}")
    past = _sprints(history)
    if len(past) < SPRINTS_NEEDED:
        raise TooLittleHistory(SPRINTS_NEEDED, len(past))
    others = np.asarray(_REFERENCE_RATIOS if reference is None else reference, dtype=float)
    if others.ndim != 1 or others.size == 0 or not np.all((others >= 0) & (others < np.inf)):
        raise ValueError("reference must be a list of ratios of at least 0")
    own_weight = 0.5 ** (np.arange(len(past) - 1, -1, -1) / _SPRINT_HALF_LIFE)
    ratios = np.minimum(np.append(past[:, 1] / past[:, 0], others), _MOST_DELIVERED)
    weights = np.append(own_weight, np.full(others.size, _REFERENCE_SPRINTS / others.size))
    order = np.argsort(ratios, kind="stable")
    cumulative = np.cumsum(weights[order])
    return Discrete(committed * ratios[order], cumulative / cumulative[-1])


@dataclass(frozen=True)
class _Rate:
    """What a history says of the coming rate: mean [items/week], its evidence, and the over-dispersion."""

    mean: float
    weeks_of_evidence: float
    over_dispersion: float

    @classmethod
    def of(cls, counts: NDArray[np.int64]) -> "_Rate":
        age = np.arange(counts.size - 1, -1, -1)
        weight = _RATE_DISCOUNT**age
        mean = (0.5 + weight @ counts) / (0.25 + weight.sum())
        slow = _SPREAD_DISCOUNT**age
        variance = slow @ (counts - mean) ** 2 / slow.sum()
        return cls(
            mean=float(mean),
            weeks_of_evidence=float(weight.sum()),
            over_dispersion=float(np.clip((variance - mean) / mean**2, 0.01, 4.0)),
        )

    def ahead(self, weeks: Floats) -> tuple[Floats, Floats]:
        """Return the means (periods, points) [items] and sizes (periods, 1) of the items done in ``weeks``.

        The rate λ is log-normal around m with a relative variance that grows with the distance; given λ,
        the count is negative binomial with mean λh and size h / over-dispersion. m lies half-way between
        the median and the mean of λ: as its mean, truth fell above the median too often, as its median,
        below it.
        """
        drift = 1 + _DRIFT_PER_WEEK * np.minimum(weeks, _DRIFT_WEEKS)
        relative_variance = (1 / self.mean + self.over_dispersion) / self.weeks_of_evidence * drift
        log_variance = np.log1p(relative_variance)[:, np.newaxis]
        rates = self.mean * np.exp(np.sqrt(log_variance) * _POINTS - log_variance / 4)
        return rates * weeks[:, np.newaxis], weeks[:, np.newaxis] / (self.over_dispersion * _KINDS)


def _weeks_worked(week_share: ArrayLike | None) -> Floats | None:
    """Return the weeks of work up to the end of each week, from none on; None where every week is worked in full."""
    if week_share is None:
        return None
    shares = np.asarray(week_share, dtype=float)
    if shares.ndim != 1 or not np.all((shares >= 0) & (shares <= 1)):
        raise ValueError("week_share must hold shares of 0 to 1")
    shares = shares[:HORIZON_WEEKS]
    if np.all(shares == 1):
        return None
    return np.cumsum(np.concatenate([[0.0], shares, np.ones(HORIZON_WEEKS - shares.size)]))


def _weekly_counts(throughput: ArrayLike) -> NDArray[np.int64]:
    counts = _counts(throughput, "throughput")
    if counts.size < WEEKS_NEEDED:
        raise TooLittleHistory(WEEKS_NEEDED, counts.size)
    return counts


def _counts(values: ArrayLike, name: str) -> NDArray[np.int64]:
    counts = np.asarray(values, dtype=float)
    if counts.ndim != 1:
        raise ValueError(f"{name} must have one dimension")
    if not np.all((counts >= 0) & (counts <= _LARGEST_WEEK) & (counts == np.floor(counts))):
        raise ValueError(f"{name} must hold whole numbers from 0 to {_LARGEST_WEEK}")
    return counts.astype(np.int64)


def _sprints(history: ArrayLike) -> Floats:
    """Return the Sprints that had a commitment, shape (sprints, 2)."""
    past = np.asarray(history, dtype=float)
    if past.size == 0:
        return past.reshape(0, 2)
    if past.ndim != 2 or past.shape[1] != 2:
        raise ValueError("history must have two columns: committed, delivered")
    if not np.all((past >= 0) & (past <= _LARGEST_SPRINT)):
        raise ValueError("history must hold amounts of at least 0")
    return np.asarray(past[past[:, 0] > 0])


def _bulk_limit(daily: NDArray[np.int64], day: int) -> int:
    others = np.delete(daily[:_YEAR_DAYS], day) if day < _YEAR_DAYS else daily[day - _YEAR_DAYS : day]
    busy = others[others > 0]
    usual = float(np.percentile(busy, 95)) if busy.size else 0.0
    return int(max(_BULK_AT_LEAST, np.floor(_BULK_TIMES * usual)))
