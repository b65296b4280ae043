"""What is to be believed of an effect, once the promise and what was measured are both known."""

import numpy as np

from headway.engine.distributions import Floats

from .model import Promise
from .scale import Reading

HIT_RATE = 1 / 3
"""Chance that a launch moved its metric before anything is known of it (Kohavi et al. 2009)."""
_TENTH = 1.2815515655446004  # the 90th percentile of a standard normal
_POINTS = np.linspace(-8.0, 8.0, 161)  # in standard deviations; 0 is one of them


def belief(found: Reading, promise: Promise | None, level: float) -> tuple[float, float, tuple[float, float, float]]:
    """Return the chances of help and of harm, and what is to be believed: its mean and its range [unit, better].

    What did not help did nothing or did harm, the one as likely as the other, and harm is of the size of the
    promise. Without a promise, help and harm are of the size that could be seen. The posterior is summed on
    points that lie close wherever one of the three, or the measurement, has its weight.
    """
    chance = HIT_RATE if promise is None else promise.chance
    size = found.smallest_visible if promise is None else max(abs(promise.likely), promise.high - promise.low)
    size = max(size, 1e-12)
    near = found.in_units(found.effect + found.spread * _POINTS)
    beside_0 = size * np.array([-1e-9, 0.0, 1e-9])  # so that a cell is either of help or of harm
    own = beside_0 if promise is None else _points(promise)
    at = np.unique(np.concatenate([near, size * _POINTS, beside_0, own]))
    with np.errstate(divide="ignore"):
        helps, fails = np.log(chance), np.log((1 - chance) / 2)
    half_normal = np.log(2 / size) - (at / size) ** 2 / 2
    help_of_size = np.where(at > 0, half_normal, -np.inf) if promise is None else _log_density(promise, at)
    logs = np.logaddexp(helps + help_of_size, fails + np.where(at < 0, half_normal, -np.inf))
    # Densities are those of normals times √2π, so the chance of nothing, a lump at 0, is too.
    logs += found.log_likelihood(found.on_scale(at)) + np.log(np.gradient(at))
    nothing = fails + np.log(np.sqrt(2 * np.pi)) + float(found.log_likelihood(found.on_scale(np.zeros(1)))[0])
    top = max(float(logs.max()), nothing)
    mass, still = np.exp(logs - top), float(np.exp(nothing - top))
    total = mass.sum() + still
    chances = float(mass[at > 0].sum() / total), float(mass[at < 0].sum() / total)
    if promise is None:
        return *chances, (found.estimate, found.low, found.high)
    mass[at == 0] += still
    cumulative = np.cumsum(mass) / total
    low, high = np.searchsorted(cumulative, [(1 - level) / 2, (1 + level) / 2]).clip(0, at.size - 1)
    return *chances, (float(mass @ at / total), float(at[low]), float(at[high]))


def _widths(promise: Promise) -> tuple[float, float]:
    """Return the standard deviations under and over likely; a promise without a range gets a narrow one."""
    least = 1e-6 * max(abs(promise.likely), 1e-9)
    return max((promise.likely - promise.low) / _TENTH, least), max((promise.high - promise.likely) / _TENTH, least)


def _points(promise: Promise) -> Floats:
    return np.asarray(promise.likely + _POINTS * np.where(_POINTS < 0, *_widths(promise)))


def _log_density(promise: Promise, at: Floats) -> Floats:
    """Return the log density of the two-piece normal, half of it under likely, but for the factor √2π."""
    width = np.where(at < promise.likely, *_widths(promise))
    return np.asarray(-(((at - promise.likely) / width) ** 2) / 2 - np.log(width))
