"""The scale on which effects add up, and an effect measured on it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from headway.engine.distributions import Floats

SMALLEST_LOG = 1e-15
_SHARE_EDGE = 0.001  # shares of 0 and 1 are taken as 0.001 and 0.999, whose log-odds are finite
_LAST_DIGIT = 1e-12
_FARTHEST = 300.0  # on the log or log-odds scale; e^300 is still a number


@dataclass(frozen=True)
class Ruler:
    """The scale on which effects add up, and which way is better."""

    scale: str
    falling_is_better: bool

    def __post_init__(self) -> None:
        if self.scale not in ("linear", "log", "logit"):
            raise ValueError("scale must be linear, log or logit")

    @property
    def sign(self) -> float:
        return -1.0 if self.falling_is_better else 1.0

    def read(self, value: Floats) -> Floats:
        """Return values of the Key Result on the scale; beyond its ends they are at its ends."""
        if self.scale == "log":
            return np.asarray(np.log(np.maximum(value, SMALLEST_LOG)))
        if self.scale == "logit":
            inside = np.clip(value, _SHARE_EDGE, 1 - _SHARE_EDGE)
            return np.asarray(np.log(inside / (1 - inside)))
        return value

    def value(self, read: Floats) -> Floats:
        """Return the Key Result's values for places on the scale."""
        if self.scale == "log":
            return np.asarray(np.exp(np.clip(read, -_FARTHEST, _FARTHEST)))
        if self.scale == "logit":
            return np.asarray(1 / (1 + np.exp(-np.clip(read, -_FARTHEST, _FARTHEST))))
        return read

    def rounding_at(self, place: float, unit: float) -> float:
        """Return on the scale how far two values rounded to ``unit`` differ by the rounding alone (r.m.s.)."""
        value = float(self.value(np.asarray(place)))
        ends = self.read(np.array([value - unit / 2, value + unit / 2]))
        # Of numbers so large that they have no such digits, what the last digit of theirs is worth.
        return max(float((ends[1] - ends[0]) / np.sqrt(6.0)), _LAST_DIGIT * max(1.0, abs(place)))


@dataclass(frozen=True)
class Reading:
    """An effect on its scale, with its spread as Student's t, and where the Key Result would have been without it."""

    effect: float
    half: float
    spread: float
    freedom: float
    without: float
    ruler: Ruler

    def in_units(self, effect: ArrayLike) -> Floats:
        """Return effects on the scale as effects in the Key Result's unit, towards better."""
        places = self.without + np.asarray(effect, dtype=float)
        values = self.ruler.value(places) - self.ruler.value(np.asarray(self.without))
        return np.asarray(self.ruler.sign * values + 0.0)

    def on_scale(self, units: Floats) -> Floats:
        base = float(self.ruler.value(np.asarray(self.without)))
        return self.ruler.read(base + self.ruler.sign * units) - self.without

    @property
    def estimate(self) -> float:
        return float(self.in_units(self.effect))

    @property
    def low(self) -> float:
        return float(np.min(self.in_units([self.effect - self.half, self.effect + self.half])))

    @property
    def high(self) -> float:
        return float(np.max(self.in_units([self.effect - self.half, self.effect + self.half])))

    @property
    def smallest_visible(self) -> float:
        return float(self.in_units(self.ruler.sign * self.half))

    def log_likelihood(self, effect: Floats) -> Floats:
        z = (effect - self.effect) / self.spread
        return np.asarray(-(self.freedom + 1) / 2 * np.log1p(z * z / self.freedom))


def student(level: float, freedom: float) -> float:
    from scipy.special import stdtrit

    quantile: float = stdtrit(freedom, (1 + level) / 2)
    return float(quantile)
