"""What a forecast returns: a distribution that can be asked, not a number.

All distributions answer the same five questions: ``quantile``, ``cdf``, ``at_least``, ``mean``,
``sample``. A scalar in gives a float out, an array gives an array of the same shape.
"""

from abc import ABC, abstractmethod
from typing import overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

_LARGEST_COUNT = 2.0**52
"""The search for a quantile ends here; beyond it a float no longer tells whole numbers apart."""


class Distribution(ABC):
    """A distribution over whole numbers ≥ 0 (and ``inf``), or over amounts."""

    @overload
    def quantile(self, p: float) -> float: ...
    @overload
    def quantile(self, p: ArrayLike) -> float | Floats: ...
    def quantile(self, p: ArrayLike) -> float | Floats:
        """Return the smallest x with ``cdf(x) >= p``.

        Parameters
        ----------
        p : float or array of float
            Probabilities, 0 to 1.

        Returns
        -------
        float or ndarray
            Same shape as ``p``; ``inf`` where no finite value reaches ``p``.

        Raises
        ------
        ValueError
            If a ``p`` is outside 0 to 1 or NaN.
        """
        asked = np.asarray(p, dtype=float)
        if not np.all((asked >= 0) & (asked <= 1)):
            raise ValueError("p must be between 0 and 1")
        return _as_asked(self._quantile(asked.ravel()), asked)

    @overload
    def cdf(self, x: float) -> float: ...
    @overload
    def cdf(self, x: ArrayLike) -> float | Floats: ...
    def cdf(self, x: ArrayLike) -> float | Floats:
        """Return P(X ≤ x), for a scalar or an array; ``ValueError`` if an ``x`` is NaN."""
        asked = _asked_values(x)
        return _as_asked(self._cdf(asked.ravel()), asked)

    @overload
    def at_least(self, x: float) -> float: ...
    @overload
    def at_least(self, x: ArrayLike) -> float | Floats: ...
    def at_least(self, x: ArrayLike) -> float | Floats:
        """Return P(X ≥ x), for a scalar or an array; ``ValueError`` if an ``x`` is NaN."""
        asked = _asked_values(x)
        return _as_asked(self._at_least(asked.ravel()), asked)

    @abstractmethod
    def mean(self) -> float:
        """Return the expected value; never NaN."""

    @abstractmethod
    def sample(self, rng: np.random.Generator, n: int) -> Floats:
        """Draw ``n`` independent values with ``rng``, shape (n,)."""

    @abstractmethod
    def _quantile(self, p: Floats) -> Floats: ...

    @abstractmethod
    def _cdf(self, x: Floats) -> Floats: ...

    @abstractmethod
    def _at_least(self, x: Floats) -> Floats: ...


class NegativeBinomialMixture(Distribution):
    """Counts whose rate is uncertain: negative binomials of several means, each with its weight.

    Parameters
    ----------
    means : array (nodes,)
        Expected counts, > 0.
    sizes : array (nodes,)
        Shapes r, > 0; the variance of each is μ + μ²/r.
    weights : array (nodes,)
        Chance of each, summing to 1.

    Notes
    -----
    P(X ≥ x) = Σ weight · I_{μ/(μ+r)}(x, r) with the regularised incomplete beta function I. A quantile is
    found by bisection over whole numbers.

    Examples
    --------
    >>> geometric = NegativeBinomialMixture([1.0], [1.0], [1.0])      # P(X = x) = ½ · ½ˣ
    >>> geometric.cdf([0, 1, 2]).tolist()
    [0.5, 0.75, 0.875]
    >>> geometric.quantile(0.8)
    2.0
    """

    def __init__(self, means: ArrayLike, sizes: ArrayLike, weights: ArrayLike) -> None:
        self._means = np.asarray(means, dtype=float)
        self._sizes = np.asarray(sizes, dtype=float)
        self._weights = np.asarray(weights, dtype=float)

    def __repr__(self) -> str:
        return f"NegativeBinomialMixture({self._means.size} nodes, mean={self.mean():.6g})"

    def mean(self) -> float:
        return float(self._means @ self._weights)

    def sample(self, rng: np.random.Generator, n: int) -> Floats:
        node = rng.choice(self._means.size, size=n, p=self._weights)
        sizes = self._sizes[node]
        return rng.poisson(rng.gamma(sizes, self._means[node] / sizes)).astype(float)

    def _cdf(self, x: Floats) -> Floats:
        return 1.0 - self._at_least(np.floor(x) + 1)

    def _at_least(self, x: Floats) -> Floats:
        return negative_binomials_at_least(
            x[:, np.newaxis], means=self._means, sizes=self._sizes, weights=self._weights
        )

    def _quantile(self, p: Floats) -> Floats:
        low = np.full(p.shape, -1.0)
        high = np.full(p.shape, max(1.0, np.floor(self.mean())))
        while np.any(short := (self._cdf(high) < p) & (high < _LARGEST_COUNT)):
            low = np.where(short, high, low)
            high = np.where(short, high * 2, high)
        while np.any(high - low > 1):
            middle = np.floor((low + high) / 2)
            enough = self._cdf(middle) >= p
            low, high = np.where(enough, low, middle), np.where(enough, middle, high)
        return np.where(p == 1, np.inf, np.maximum(high, 0.0))


class Discrete(Distribution):
    """A finite list of values, each with the chance to be at or under it; the rest is ``inf``.

    Parameters
    ----------
    values : array (n,)
        Ascending, finite.
    cumulative : array (n,)
        P(X ≤ value), not falling, 0 to 1. Where the last is under 1, the remainder sits at ``inf``.

    Notes
    -----
    ``mean`` counts the mass at ``inf`` as the last value (the *restricted* mean), so that it is always
    a number; ask ``at_least(inf)`` how much that is.

    Examples
    --------
    >>> weeks = Discrete([1, 2, 3], [0.2, 0.7, 0.9])
    >>> weeks.quantile([0.5, 0.95]).tolist()
    [2.0, inf]
    >>> round(weeks.mean(), 2), round(weeks.at_least(float("inf")), 2)
    (2.1, 0.1)
    """

    def __init__(self, values: ArrayLike, cumulative: ArrayLike) -> None:
        self._values = np.asarray(values, dtype=float)
        self._cumulative = np.clip(np.asarray(cumulative, dtype=float), 0.0, 1.0)

    def __repr__(self) -> str:
        return f"Discrete({self._values.size} values, {self._values[0]:.6g} to {self._values[-1]:.6g})"

    def mean(self) -> float:
        chances = np.diff(self._cumulative, prepend=0.0)
        return float(chances @ self._values + (1.0 - self._cumulative[-1]) * self._values[-1])

    def sample(self, rng: np.random.Generator, n: int) -> Floats:
        return self._quantile(rng.random(n))

    def _cdf(self, x: Floats) -> Floats:
        found = self._up_to(np.searchsorted(self._values, x, side="right"))
        return np.where(np.isposinf(x), 1.0, found)

    def _at_least(self, x: Floats) -> Floats:
        return 1.0 - self._up_to(np.searchsorted(self._values, x, side="left"))

    def _up_to(self, count: NDArray[np.intp]) -> Floats:
        return np.concatenate(([0.0], self._cumulative))[count]

    def _quantile(self, p: Floats) -> Floats:
        return np.append(self._values, np.inf)[np.searchsorted(self._cumulative, p, side="left")]


class Amounts(Distribution):
    """Amounts on a continuous scale: a curve through points, straight lines between; equal values are a jump.

    Parameters
    ----------
    values : array (n,)
        Ascending, finite.
    cumulative : array (n,)
        P(X ≤ value), from 0 at the first to 1 at the last, not falling.

    Raises
    ------
    ValueError
        Shapes differ, a value is not finite, or one of the two falls or does not run from 0 to 1.

    Examples
    --------
    >>> half_hour = Amounts([0, 10, 30], [0, 0.5, 1])
    >>> half_hour.quantile([0.25, 0.75]).tolist(), half_hour.at_least(20)
    ([5.0, 20.0], 0.25)
    >>> half_hour.mean()
    12.5
    """

    def __init__(self, values: ArrayLike, cumulative: ArrayLike) -> None:
        self._values = np.asarray(values, dtype=float)
        self._cumulative = np.asarray(cumulative, dtype=float)
        if self._values.ndim != 1 or self._values.size < 2 or self._cumulative.shape != self._values.shape:
            raise ValueError("values and cumulative must be lists of one length, at least 2")
        if not np.all(np.isfinite(self._values)) or np.any(np.diff(self._values) < 0):
            raise ValueError("values must be finite and ascending")
        ends = self._cumulative[[0, -1]].tolist()
        if ends != [0.0, 1.0] or not np.all(np.diff(self._cumulative) >= 0):
            raise ValueError("cumulative must rise from 0 to 1")

    @classmethod
    def of_sample(cls, values: ArrayLike, weights: ArrayLike) -> "Amounts":
        """Return the distribution of a weighted sample (n,), its curve through the middle of each value's weight.

        >>> Amounts.of_sample([3.0, 1.0], [1.0, 1.0]).quantile([0.1, 0.5, 0.9]).tolist()
        [1.0, 2.0, 3.0]
        """
        values, weights = np.asarray(values, dtype=float).ravel(), np.asarray(weights, dtype=float).ravel()
        if values.shape != weights.shape or values.size == 0 or not np.all(weights > 0):
            raise ValueError("values and weights must be lists of one length, weights over 0")
        order = np.argsort(values, kind="stable")
        values, up_to = values[order], np.cumsum(weights[order])
        middles = (up_to - weights[order] / 2) / up_to[-1]
        return cls(
            np.concatenate((values[:1], values, values[-1:])),
            np.concatenate(([0.0], np.maximum.accumulate(middles), [1.0])),
        )

    def times(self, factor: float) -> "Amounts":
        """Return the distribution in another unit, ``factor`` (over 0) of which make one of this.

        >>> Amounts([0, 1], [0, 1]).times(100).quantile(0.5)
        50.0
        """
        if not factor > 0:
            raise ValueError("factor must be over 0")
        return Amounts(self._values * factor, self._cumulative)

    def __repr__(self) -> str:
        return f"Amounts({self._values.size} points, {self._values[0]:.6g} to {self._values[-1]:.6g})"

    def mean(self) -> float:
        # Halved first, so that the sum of two very large values stays finite.
        return float(np.diff(self._cumulative) @ (self._values[:-1] / 2 + self._values[1:] / 2))

    def sample(self, rng: np.random.Generator, n: int) -> Floats:
        return self._quantile(rng.random(n))

    # At a jump np.interp takes the last of equal points. Asked from the other side, that is the first.
    def _cdf(self, x: Floats) -> Floats:
        return np.asarray(np.clip(np.interp(x, self._values, self._cumulative), 0.0, 1.0))

    def _at_least(self, x: Floats) -> Floats:
        return np.asarray(np.clip(1.0 - np.interp(-x, -self._values[::-1], self._cumulative[::-1]), 0.0, 1.0))

    def _quantile(self, p: Floats) -> Floats:
        found = np.interp(-p, -self._cumulative[::-1], self._values[::-1])
        return np.asarray(np.clip(found, self._values[0], self._values[-1]))


def negative_binomials_at_least(x: ArrayLike, *, means: ArrayLike, sizes: ArrayLike, weights: ArrayLike) -> Floats:
    """Return P(X ≥ x) of mixtures of negative binomials; the last axis of ``means`` is the mixture's.

    >>> negative_binomials_at_least(1, means=[[1.0], [3.0]], sizes=[1.0], weights=[1.0]).tolist()
    [0.5, 0.75]
    """
    from scipy.special import betainc

    least = np.ceil(np.asarray(x, dtype=float))
    means, sizes = np.asarray(means, dtype=float), np.asarray(sizes, dtype=float)
    # betainc wants positive finite parameters; the two ends are certain and set afterwards.
    inside = np.where((least > 0) & np.isfinite(least), least, 1.0)
    chance = np.asarray(betainc(inside, sizes, means / (means + sizes)), dtype=float)
    chance = np.where(least <= 0, 1.0, np.where(np.isposinf(least), 0.0, chance))
    return np.asarray(np.clip(chance @ np.asarray(weights, dtype=float), 0.0, 1.0))


def _asked_values(x: ArrayLike) -> Floats:
    asked = np.asarray(x, dtype=float)
    if np.any(np.isnan(asked)):
        raise ValueError("x must not be NaN")
    return asked


def _as_asked(answer: Floats, asked: Floats) -> float | Floats:
    return answer.reshape(asked.shape) if asked.ndim else float(answer[0])
