"""A bet: the belief that an item moves a Key Result by a range, with a chance, and what a movement is worth.

Movements are signed in the Key Result's own unit with **toward better positive**, whichever way the
number runs: for a Key Result that is to fall from 12 to 7, a fall by 2 is a movement of +2.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from headway.engine.distributions import Floats

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
