"""How good a forecast was: proper scores, coverage and calibration.

All functions take arrays of forecasts and what then happened, and return one figure per forecast (to be
averaged by the caller, who knows how to weight) or one figure per call where that is said. Lower is
better for every score.
"""

import numpy as np
from numpy.typing import ArrayLike

from headway.engine.distributions import Floats

_SMALLEST_CHANCE = 1e-12


def crps_of_steps(values: ArrayLike, cumulative: ArrayLike, observed: float) -> float:
    """Return the continuous ranked probability score ∫ (F(x) - 1[x ≥ observed])² dx of a step function.

    Parameters
    ----------
    values : array (n,)
        Ascending; where F jumps. F is 0 before the first and 1 from the last on.
    cumulative : array (n,)
        F at and after each value; the last counts as 1.
    observed : float
        What happened [unit of ``values``].

    Returns
    -------
    float
        In the unit of ``values``, ≥ 0; the absolute error where the forecast is a single value.

    Raises
    ------
    ValueError
        Shapes differ, ``values`` not ascending, or empty.

    References
    ----------
    .. [1] Gneiting, T. and Raftery, A. E. (2007), Strictly proper scoring rules, prediction, and estimation,
       JASA 102(477), doi:10.1198/016214506000001437.

    Examples
    --------
    >>> crps_of_steps([3.0], [1.0], observed=5.0)
    2.0
    >>> crps_of_steps([0.0, 1.0], [0.5, 1.0], observed=1.0)
    0.25
    """
    values, cumulative = np.asarray(values, dtype=float), np.asarray(cumulative, dtype=float)
    if values.ndim != 1 or values.size == 0 or np.any(np.diff(values) < 0):
        raise ValueError("values must be a list in ascending order")
    if cumulative.shape != values.shape:
        raise ValueError("cumulative must have the shape of values")
    outside = max(values[0] - observed, observed - values[-1], 0.0)
    left, right = values[:-1], values[1:]
    under = np.clip(observed - left, 0.0, right - left)
    over = (right - left) - under
    return float(outside + under @ cumulative[:-1] ** 2 + over @ (1 - cumulative[:-1]) ** 2)


def crps_of_samples(samples: ArrayLike, observed: float) -> float:
    """Return the CRPS of the empirical distribution of ``samples``: E|X - y| - ½ E|X - X'|.

    Parameters
    ----------
    samples : array (n,)
        At least one, in any order [unit of ``observed``].
    observed : float
        What happened.

    Returns
    -------
    float
        In the unit of ``samples``, ≥ 0.

    Raises
    ------
    ValueError
        ``samples`` is empty or holds what is no number.

    References
    ----------
    .. [1] Gneiting, T. and Raftery, A. E. (2007), Strictly proper scoring rules, prediction, and estimation,
       JASA 102(477), doi:10.1198/016214506000001437.

    Examples
    --------
    >>> crps_of_samples([0.0, 1.0], observed=1.0)
    0.25
    """
    drawn = np.sort(np.asarray(samples, dtype=float).ravel())
    return crps_of_steps(drawn, np.arange(1, drawn.size + 1) / max(drawn.size, 1), observed)


def pinball(quantile: ArrayLike, p: ArrayLike, observed: ArrayLike) -> Floats:
    """Return the loss of a quantile forecast: p · (y - q) above it, (1 - p) · (q - y) below.

    Parameters
    ----------
    quantile : array
        What was forecast [unit of ``observed``].
    p : array
        For which chance, 0 to 1; the three broadcast.
    observed : array
        What happened.

    Returns
    -------
    ndarray
        In the unit of ``observed``, ≥ 0.

    Raises
    ------
    ValueError
        ``p`` outside 0 to 1.

    References
    ----------
    .. [1] Koenker, R. and Bassett, G. (1978), Regression quantiles, Econometrica 46(1), doi:10.2307/1913643.

    Examples
    --------
    >>> pinball([8.0, 8.0], 0.9, [10.0, 6.0]).round(2).tolist()
    [1.8, 0.2]
    """
    miss = np.asarray(observed, dtype=float) - np.asarray(quantile, dtype=float)
    p = _chances(p, "p")
    return np.asarray(np.maximum(p * miss, (p - 1) * miss))


def crps_of_quantiles(levels: ArrayLike, values: ArrayLike, observed: float) -> float:
    """Return the CRPS of a forecast that is known by some quantiles: twice the mean pinball loss over them.

    Parameters
    ----------
    levels : array (n,)
        0 to 1, evenly spread around ½, or the score favours one side.
    values : array (n,)
        The quantiles, finite [unit of ``observed``]. A single value repeated gives its absolute error.
    observed : float
        What happened.

    Returns
    -------
    float
        In the unit of ``values``, ≥ 0; as proper as the pinball loss is.

    References
    ----------
    .. [1] Laio, F. and Tamea, S. (2007), Verification tools for probabilistic forecasts of continuous
       hydrological variables, HESS 11, doi:10.5194/hess-11-1267-2007 (CRPS as the mean of quantile losses).

    Examples
    --------
    >>> crps_of_quantiles([0.25, 0.5, 0.75], [3.0, 3.0, 3.0], observed=5.0)
    2.0
    >>> crps_of_quantiles([0.25, 0.5, 0.75], [2.0, 4.0, 6.0], observed=5.0)
    1.0
    """
    return float(2 * pinball(values, levels, np.full(np.shape(levels), observed)).mean())


def pit_bounds_of_quantiles(levels: ArrayLike, values: ArrayLike, observed: float) -> tuple[float, float]:
    """Return between what the PIT of a forecast lies that is known by some quantiles: for :func:`randomised_pit`.

    Between two quantiles it may lie anywhere between their levels. Where ``observed`` is a quantile, or several equal
    ones as counts have, half a step beyond them on either side.

    Parameters
    ----------
    levels, values : array (n,)
        Ascending; values may be ``inf``.
    observed : float
        What happened; ``inf`` where it is later than all that is finite.

    Examples
    --------
    >>> pit_bounds_of_quantiles([0.25, 0.5, 0.75], [2.0, 4.0, 6.0], observed=5.0)
    (0.5, 0.75)
    >>> pit_bounds_of_quantiles([0.25, 0.5, 0.75], [2.0, 4.0, 4.0], observed=4.0)
    (0.375, 0.875)
    >>> pit_bounds_of_quantiles([0.25, 0.5, 0.75], [2.0, 4.0, 6.0], observed=9.0)
    (0.75, 1.0)
    """
    levels, values = _chances(levels, "levels"), np.asarray(values, dtype=float)
    below, above = values < observed, values > observed
    under = float(levels[below].max(initial=0.0))
    over = float(levels[above].min(initial=1.0))
    same = levels[~below & ~above]
    if not same.size:
        return under, over
    return float((under + same[0]) / 2), float((same[-1] + over) / 2)


def brier(chance: ArrayLike, happened: ArrayLike) -> Floats:
    """Return (chance - happened)² of each forecast, 0 to 1.

    Parameters
    ----------
    chance : array
        What was said, 0 to 1.
    happened : array
        1 where it happened, 0 where not; the two broadcast.

    Raises
    ------
    ValueError
        ``chance`` outside 0 to 1.

    References
    ----------
    .. [1] Brier, G. W. (1950), Verification of forecasts expressed in terms of probability, Monthly Weather
       Review 78(1).

    Examples
    --------
    >>> brier([0.9, 0.9], [1, 0]).round(2).tolist()
    [0.01, 0.81]
    """
    return np.asarray((_chances(chance, "chance") - np.asarray(happened, dtype=float)) ** 2)


def log_score(chance: ArrayLike) -> Floats:
    """Return -ln of the chance that was given to what happened; a chance of 0 counts as 10⁻¹², not as ∞.

    Parameters
    ----------
    chance : array
        0 to 1.

    Returns
    -------
    ndarray
        0 for having been sure and right, up to 27.6 [nats].

    Raises
    ------
    ValueError
        ``chance`` outside 0 to 1.

    References
    ----------
    .. [1] Good, I. J. (1952), Rational decisions, Journal of the Royal Statistical Society B 14(1),
       doi:10.1111/j.2517-6161.1952.tb00104.x.

    Examples
    --------
    >>> log_score([1.0, 0.5]).round(3).tolist()
    [0.0, 0.693]
    """
    return 0.0 - np.log(np.maximum(_chances(chance, "chance"), _SMALLEST_CHANCE))


def coverage(low: ArrayLike, high: ArrayLike, observed: ArrayLike) -> float:
    """Return the share of intervals [low, high], ends counted, that hold what happened; 0 to 1.

    On counts this is at least the nominal level, the more the smaller they are; for calibration use
    :func:`randomised_pit`.

    Raises
    ------
    ValueError
        Nothing was observed.

    Examples
    --------
    >>> coverage([1, 1, 1, 1], [3, 3, 3, 3], [0, 1, 2, 3])
    0.75
    """
    observed = np.asarray(observed, dtype=float)
    if observed.size == 0:
        raise ValueError("observed must not be empty")
    return float(np.mean((np.asarray(low) <= observed) & (observed <= np.asarray(high))))


def randomised_pit(under: ArrayLike, up_to: ArrayLike, *, rng: np.random.Generator) -> Floats:
    """Return a uniform draw between P(X < y) and P(X ≤ y) for each forecast.

    Over calibrated forecasts the result is uniform on 0 to 1, also where X is a count: so its share
    within 0.1 to 0.9 is the coverage of the 80 % interval, free of the excess that whole numbers bring.

    Parameters
    ----------
    under, up_to : array (n,)
        P(X < y) and P(X ≤ y) at what happened, 0 to 1.
    rng : numpy.random.Generator

    References
    ----------
    .. [1] Czado, C., Gneiting, T. and Held, L. (2009), Predictive model assessment for count data,
       Biometrics 65(4), doi:10.1111/j.1541-0420.2009.01191.x.

    Examples
    --------
    >>> pit = randomised_pit([0.2, 0.5], [0.4, 0.5], rng=np.random.default_rng(1))
    >>> bool(0.2 <= pit[0] <= 0.4), float(pit[1])
    (True, 0.5)
    """
    lower, upper = _chances(under, "under"), _chances(up_to, "up_to")
    return np.asarray(lower + rng.random(np.broadcast(lower, upper).shape) * (upper - lower))


def share_inside(under: ArrayLike, up_to: ArrayLike, *, level: float) -> Floats:
    """Return the chance that :func:`randomised_pit` falls into the central ``level``, per forecast.

    Its mean over forecasts is the coverage of that interval without the noise of the draw.

    Parameters
    ----------
    under, up_to : array (n,)
        P(X < y) and P(X ≤ y) at what happened, 0 to 1.
    level : float
        Nominal coverage, 0 to 1.

    Examples
    --------
    >>> share_inside([0.2, 0.05, 0.95], [0.4, 0.15, 1.0], level=0.8).round(2).tolist()
    [1.0, 0.5, 0.0]
    """
    lower, upper = _chances(under, "under"), _chances(up_to, "up_to")
    low, high = (1 - level) / 2, (1 + level) / 2
    width = np.maximum(upper - lower, _SMALLEST_CHANCE)
    lower = np.minimum(lower, upper - width)
    return np.asarray(np.maximum(np.minimum(upper, high) - np.maximum(lower, low), 0.0) / width)


def _chances(values: ArrayLike, name: str) -> Floats:
    chances = np.asarray(values, dtype=float)
    if not np.all((chances >= 0) & (chances <= 1)):
        raise ValueError(f"{name} must be between 0 and 1")
    return chances
