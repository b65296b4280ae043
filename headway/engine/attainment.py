"""Will this Key Result get there: where its value will be in so many steps, from its own measurements.

The value goes on from a smoothed level, and errs as it erred before over as many steps; while it has been measured
too rarely to know, it errs as metrics in general do. Why, how well, and a worked example by hand:
``docs/algorithms/attainment.md``.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from headway.engine.distributions import Amounts, Distribution, Floats
from headway.engine.errors import TooLittleHistory

__all__ = [
    "MEASUREMENTS_NEEDED",
    "SCALES",
    "STEPS_AT_MOST",
    "Chances",
    "Distribution",
    "TooLittleHistory",
    "chance",
    "evenly",
    "key_result",
    "straight_line",
]

MEASUREMENTS_NEEDED = 5
"""Fewer measurements than this give no forecast."""
STEPS_AT_MOST = 260
"""Five years of weeks."""
SCALES = ("linear", "log", "logit")

_LARGEST_VALUE = 1e15
_LARGEST_DAY = 1e9
_LONGEST_PAUSE = 4
_NEWEST = 520  # ten years of weeks; what is older weighs under a thirtieth
_HALF_LIFE = 104.0
# Level and trend smoothing of the centres that are tried, the simplest first; another must be better by a tenth.
_CENTRES = ((1.0, 0.0), (0.4, 0.0), (1.0, 0.1))
_BETTER = 0.9
_TREND_KEPT = 0.9
_SHORT_REACH = 5
_REFERENCE_ERRORS = 3.0
_REFERENCE_WIDTH = 0.8
_REFERENCE_TAIL = 5.0
_VOLATILITY_SMOOTHING = 0.1
_VOLATILITY_POWER = 0.3
_KERNEL_WIDTH = 0.2
# A normal kernel as the middles of its seven equal parts.
_KERNEL = np.array([-1.4652, -0.7916, -0.3661, 0.0, 0.3661, 0.7916, 1.4652])
_LARGEST_EXPONENT = 700.0
_NEAREST_TO_AN_END, _NEXT_TO_NO_SHARE = 0.005, 1e-15
_ATTAINMENTS = (np.arange(400) + 0.5) / 400


def key_result(values: ArrayLike, *, steps: int, scale: str = "linear") -> Amounts:
    """Forecast the value that a Key Result will have some steps after its last measurement.

    Parameters
    ----------
    values : array of float (n,)
        Measurements at even distances (weekly, unless all is meant in other steps) [unit of the Key Result], oldest
        first, each within ±10¹⁵. At least 5; the newest 520 are used.
    steps : int
        How many such distances after the last value [steps], 1 to 260.
    scale : {"linear", "log", "logit"}
        On which scale changes are alike: "log" for amounts over 0 that grow by percentages, "logit" for shares,
        given as 0 to 1.

    Returns
    -------
    Amounts
        The distribution of the value [unit of ``values``]; over 0 on "log", within 0 to 1 on "logit". Values that
        were always the same are forecast to stay; nothing is known of a change then.

    Raises
    ------
    TooLittleHistory
        Fewer than 5 measurements.
    ValueError
        ``values`` is not one-dimensional, holds missing or too large values, or, on "log", one that is not over 0,
        or, on "logit", one outside 0 to 1; ``steps`` or ``scale`` out of range.

    Notes
    -----
    Assumes that what moves the value goes on as before, work included: it does not know what the team will do.
    A share of exactly 0 or 1 counts as half the smallest distance to an end that was seen, at most as ½ %. Cost:
    three passes over the values and one sort of at most 3,739 points, about 1 ms.

    References
    ----------
    .. [1] Gardner, E. S. (2006), Exponential smoothing: the state of the art, part II, International Journal of
       Forecasting 22(4), doi:10.1016/j.ijforecast.2006.03.005 (damped trend).
    .. [2] Williams, W. H. and Goodman, M. L. (1971), A simple method for the construction of empirical confidence
       limits for economic forecasts, JASA 66(336), doi:10.1080/01621459.1971.10482340 (own past errors).

    Examples
    --------
    >>> later = key_result([40, 42, 41, 43, 44, 43, 45, 46, 45, 47], steps=4)
    >>> later.quantile([0.1, 0.5, 0.9]).round(1).tolist()
    [44.4, 48.0, 51.2]
    >>> round(later.at_least(50), 2)
    0.26
    """
    measured = _measured(values)
    to_scale, from_scale = _scale(scale, measured)
    if not 1 <= steps <= STEPS_AT_MOST or steps != int(steps):
        raise ValueError(f"steps must be a whole number from 1 to {STEPS_AT_MOST}")
    if measured.size < MEASUREMENTS_NEEDED:
        raise TooLittleHistory(MEASUREMENTS_NEEDED, measured.size)
    path = to_scale(measured[-_NEWEST:])
    unit = float(np.max(np.abs(np.diff(path))))
    if unit == 0:
        return Amounts.of_sample(measured[-1:], np.ones(1))
    # In units of its largest step, from its last value: the same answer in kilometres and in metres.
    moves, weights = _moves((path - path[-1]) / unit, int(steps))
    return Amounts.of_sample(from_scale(path[-1] + unit * moves), weights)


def evenly(days: ArrayLike, values: ArrayLike, *, shortest: int = 7) -> tuple[Floats, int]:
    """Bring measurements to even distances, as :func:`key_result` takes them.

    Parameters
    ----------
    days : array of int (n,)
        On which day each was measured [days], ascending; of several on a day the last counts.
    values : array of float (n,)
        The measurements [unit of the Key Result].
    shortest : int
        The least distance to give [days], at least 1.

    Returns
    -------
    values : array of float (m,)
        Oldest first; the newest is the last that was given.
    every : int
        The distance [days]: the median distance of the measurements, at least ``shortest``.

    Raises
    ------
    ValueError
        The two differ in shape, or ``days`` falls or lies beyond ±10⁹.

    Notes
    -----
    The even days are counted back from the last. Each takes the measurement nearest to it, the later of two, within
    half a distance; one without any lies on the line between its neighbours. What lies before a pause of more than
    four distances is left out: nothing is known of the way between.

    Examples
    --------
    >>> at, every = evenly([0, 7, 14, 28, 35], [10, 12, 13, 17, 18])
    >>> at.tolist(), every
    ([10.0, 12.0, 13.0, 15.0, 17.0, 18.0], 7)
    """
    measured = _measured(values)
    on = np.asarray(days, dtype=float)
    if on.shape != measured.shape or not np.all(np.abs(on) <= _LARGEST_DAY) or not np.all(np.diff(on) >= 0):
        raise ValueError("days must be ascending, as many as values")
    if shortest < 1:
        raise ValueError("shortest must be at least 1")
    if on.size == 0:
        return measured, shortest
    gaps = np.diff(np.unique(on))
    every = max(shortest, round(float(np.median(gaps)))) if gaps.size else shortest
    ago, newest_first = on[-1] - on[::-1], measured[::-1]
    back = np.round(ago / every).astype(np.int64)
    nearest_first = np.lexsort((np.arange(on.size), np.abs(ago - back * every), back))
    places, first_of_each = np.unique(back[nearest_first], return_index=True)
    kept = newest_first[nearest_first][first_of_each]
    pauses = np.flatnonzero(np.diff(places) > _LONGEST_PAUSE)
    count = int(pauses[0]) + 1 if pauses.size else places.size
    filled = np.interp(np.arange(places[count - 1] + 1), places[:count], kept[:count])
    return filled[::-1], every


@dataclass(frozen=True)
class Chances:
    """What a forecast says of a target. ``target``, ``seven_tenths``: the chances to attain all of it, or 0.7 of it;
    ``attainment``: the expected share of the way from baseline to target, each value's share kept within 0 to 1."""

    target: float
    seven_tenths: float
    attainment: float


def chance(distribution: Distribution, *, baseline: float, target: float) -> Chances:
    """Say how likely a Key Result gets to its target, to 0.7 of the way, and how far on the whole.

    Parameters
    ----------
    distribution : Distribution
        Of the value at the end [unit of the Key Result].
    baseline, target : float
        Where it began and where it should be [the same unit]; a target under the baseline means to decrease.

    Raises
    ------
    ValueError
        One of them is not finite, or they are the same.

    Notes
    -----
    Attainment is E clip((y − baseline) / (target − baseline), 0, 1) = ∫₀¹ P(share ≥ u) du, the integral as the mean
    of 400 middles: exact to 1/800.

    Examples
    --------
    >>> later = Amounts([20, 40], [0, 1])
    >>> ahead = chance(later, baseline=20, target=40)
    >>> round(ahead.target, 2), round(ahead.seven_tenths, 2), round(ahead.attainment, 2)
    (0.0, 0.3, 0.5)
    >>> round(chance(later, baseline=40, target=25).target, 2)
    0.25
    """
    if not (np.isfinite(baseline) and np.isfinite(target)):
        raise ValueError("baseline and target must be finite")
    if baseline == target:
        raise ValueError("target must differ from baseline")
    reaches = distribution.at_least if target > baseline else distribution.cdf
    of_shares = np.asarray(reaches(baseline + _ATTAINMENTS * (target - baseline)))
    return Chances(
        target=float(reaches(target)),
        seven_tenths=float(reaches(baseline + 0.7 * (target - baseline))),
        attainment=float(of_shares.mean()),
    )


def straight_line(values: ArrayLike, *, steps: float, last: int = 13) -> float:
    """Return the naive answer that stands beside the forecast: the least-squares line through the last values, on.

    Parameters
    ----------
    values : array of float (n,)
        As for :func:`key_result` [unit of the Key Result]; at least 2.
    steps : float
        How far after the last value [steps].
    last : int
        How many of the newest values the line is laid through, at least 2; fewer where there are fewer.

    Examples
    --------
    >>> round(straight_line([40, 42, 44, 46], steps=2), 6)
    50.0
    """
    measured = _measured(values)[-max(last, 2) :]
    if measured.size < 2:
        raise TooLittleHistory(2, measured.size)
    at = np.arange(measured.size) - (measured.size - 1) / 2
    slope = at @ measured / (at @ at)
    return float(measured.mean() + slope * (at[-1] + steps))


def _moves(path: Floats, steps: int) -> tuple[Floats, Floats]:
    """Return a weighted sample of where a path that ends at 0 will be: (points,), (points,) summing to 1."""
    # Short histories hold few errors as far ahead as asked: what they hold enough of says the spread and the centre.
    reach = max(1, min(steps, path.size // _SHORT_REACH))
    level, trend = _best_centre(path, reach)
    centre = _ahead(level, trend, steps)
    near = path[reach:] - _ahead(level, trend, reach)[:-reach]
    usual = np.sqrt(np.average(near**2, weights=_weights(near.size)) * steps / reach)
    reference = centre[-1] + _REFERENCE_WIDTH * usual * _reference_errors()
    own = path[steps:] - centre[:-steps] if path.size > steps + 1 else np.empty(0)
    if own.size == 0:
        return reference, np.full(reference.size, 1 / reference.size)
    weights = _weights(own.size)
    independent = weights.sum() ** 2 / (weights @ weights) / steps
    share = independent / (independent + _REFERENCE_ERRORS)
    own = own * _volatility_now(path)[: own.size]
    width = _KERNEL_WIDTH * np.sqrt(np.average(own**2, weights=weights))
    smoothed = centre[-1] + own[:, np.newaxis] + width * _KERNEL
    each = np.repeat(share * weights / weights.sum() / _KERNEL.size, _KERNEL.size)
    rest = np.full(reference.size, (1 - share) / reference.size)
    return np.append(smoothed.ravel(), reference), np.append(each, rest)


def _best_centre(path: Floats, reach: int) -> tuple[Floats, Floats]:
    """Return level and trend after each value, of the centre that was nearest ``reach`` steps ahead."""
    best, least = (path, np.zeros_like(path)), np.inf
    for level_share, trend_share in _CENTRES:
        level, trend = _smoothed(path, level_share, trend_share)
        errors = path[reach:] - _ahead(level, trend, reach)[:-reach]
        apart = float(np.average(np.abs(errors), weights=_weights(errors.size)))  # the CRPS of a centre alone
        if apart < _BETTER * least:
            best, least = (level, trend), apart
    return best


def _smoothed(path: Floats, level_share: float, trend_share: float) -> tuple[Floats, Floats]:
    """Return level and damped trend after each value (n,); without a share for the trend, simple smoothing."""
    levels, trends = [], []
    level, trend = float(path[0]), 0.0
    for value in path.tolist():
        expected = level + _TREND_KEPT * trend
        error = value - expected
        level, trend = expected + level_share * error, _TREND_KEPT * trend + trend_share * error
        levels.append(level)
        trends.append(trend)
    return np.array(levels), np.array(trends)


def _ahead(level: Floats, trend: Floats, steps: int) -> Floats:
    damped = _TREND_KEPT * (1 - _TREND_KEPT**steps) / (1 - _TREND_KEPT)
    return level + damped * trend


def _weights(count: int) -> Floats:
    return np.asarray(0.5 ** (np.arange(count - 1, -1, -1) / _HALF_LIFE))


def _volatility_now(path: Floats) -> Floats:
    """Return by how much an error made at each value (n,) counts wider or narrower today; ½ to 2."""
    sizes = np.abs(np.diff(path, prepend=path[0]))
    sizes[0] = sizes[1]
    usual, _trend = _smoothed(sizes, _VOLATILITY_SMOOTHING, 0.0)
    least = 1e-9  # the largest step is 1
    ratio = (usual[-1] + least) / (np.maximum(usual, 0.0) + least)
    return np.asarray(np.clip(ratio, 0.5, 2.0) ** _VOLATILITY_POWER)


def _reference_errors() -> Floats:
    """Return the middles of 99 equal parts of Student's t with 2 degrees of freedom, without its far tails."""
    p = (np.arange(99) + 0.5) / 99
    return np.clip((2 * p - 1) / np.sqrt(2 * p * (1 - p)), -_REFERENCE_TAIL, _REFERENCE_TAIL)


def _measured(values: ArrayLike) -> Floats:
    measured = np.asarray(values, dtype=float)
    if measured.ndim != 1:
        raise ValueError("values must have one dimension")
    if not np.all(np.abs(measured) <= _LARGEST_VALUE):
        raise ValueError(f"values must be numbers within ±{_LARGEST_VALUE:g}")
    return measured


def _scale(scale: str, measured: Floats) -> tuple[Callable[[Floats], Floats], Callable[[Floats], Floats]]:
    """Return the way to a scale and back, for these values."""
    if scale == "linear":
        return (lambda values: values), (lambda path: path)
    if scale == "log":
        if not np.all(measured > 0):
            raise ValueError('values must be over 0 on the "log" scale')
        return np.log, lambda path: np.exp(np.clip(path, -_LARGEST_EXPONENT, _LARGEST_EXPONENT))
    if scale == "logit":
        if not np.all((measured >= 0) & (measured <= 1)):
            raise ValueError('values must be between 0 and 1 on the "logit" scale')
        return _logit, lambda path: 1 / (1 + np.exp(np.clip(-path, -_LARGEST_EXPONENT, _LARGEST_EXPONENT)))
    raise ValueError(f"scale must be one of {', '.join(SCALES)}")


def _logit(shares: Floats) -> Floats:
    distance = np.minimum(shares, 1 - shares)
    seen = float(np.min(distance[distance > 0], initial=1.0))
    nearest = min(_NEAREST_TO_AN_END, max(seen / 2, _NEXT_TO_NO_SHARE))
    inside = np.clip(shares, nearest, 1 - nearest)
    return np.log(inside) - np.log1p(-inside)
