"""A series of weeks cut at a launch, and the launches that never happened before it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from headway.engine.distributions import Floats
from headway.engine.errors import TooLittleHistory

from .model import LARGEST
from .scale import SMALLEST_LOG, Reading, Ruler, student

BEFORE_NEEDED = 8
"""Fewer measured weeks than this before the launch say nothing of how the Key Result moves by itself."""
AFTER_NEEDED = 2
"""Fewer measured weeks than this after the launch (and its lag) give no verdict."""
_FAKE_LAUNCHES = 40
_FAKE_LAUNCHES_WITHIN = 80  # weeks before the launch; older ones tell of another time
_BEFORE_A_FAKE = 4  # measured weeks that a level before a fake launch takes
_MEMORY_WEEKS = 60  # even at the lowest discount older weeks weigh under 0.2 %
WEEKS_AFTER = 13  # a quarter: what comes later has drifted away by itself
_DISCOUNTS = np.array([0.1, 0.2, 0.4, 0.8])
_WEEKS_A_FAKE_SHARES = 6  # neighbouring fake launches share their weeks: so many count as one
_LEAST_FREEDOM = 2.0


@dataclass(frozen=True)
class Fakes:
    """What launches that never happened would have been credited with, on the scale, oldest first."""

    at: NDArray[np.int64]
    effects: Floats
    discount: float

    @property
    def spread(self) -> float:
        return float(np.sqrt(np.mean(self.effects**2)))

    def freedom(self, more: int = 0) -> float:
        return max(_LEAST_FREEDOM, min(self.at.size + more, _FAKE_LAUNCHES) / _WEEKS_A_FAKE_SHARES)

    def half_width(self, level: float, rounding: float, more: int = 0) -> float:
        return student(level, self.freedom(more)) * max(self.spread, rounding)


@dataclass(frozen=True)
class Step:
    """What a cut says of its launch; levels in the Key Result's unit."""

    reading: Reading
    fakes: Fakes
    level_before: float
    level_without: float
    level_after: float


NO_FAKES = Fakes(np.empty(0, dtype=np.int64), np.empty(0), 1.0)


@dataclass(frozen=True)
class Cut:
    """A series on its scale, cut at the launch; ``width`` weeks after the lag make the level after."""

    series: Floats
    launched_at: int
    lag: int
    width: int

    @classmethod
    def of(cls, series: Floats, launched_at: int, lag: int) -> "Cut":
        return cls(series, launched_at, lag, max(1, min(series.size - launched_at - lag, WEEKS_AFTER)))

    @property
    def before(self) -> int:
        """The measured weeks that the level before and the fake launches can see."""
        first = max(0, self.launched_at - _FAKE_LAUNCHES_WITHIN - _MEMORY_WEEKS)
        return int(np.isfinite(self.series[first : self.launched_at]).sum())

    @property
    def after(self) -> int:
        """The measured weeks that make the level after."""
        first = self.launched_at + self.lag
        return int(np.isfinite(self.series[first : first + self.width]).sum())

    @property
    def missing(self) -> int:
        return int(np.isnan(self.series).sum())

    def too_little(self) -> TooLittleHistory:
        if self.before < BEFORE_NEEDED:
            return TooLittleHistory(BEFORE_NEEDED, self.before)
        return TooLittleHistory(AFTER_NEEDED, self.after)

    def step(self, week: Floats, other: Floats | None, level: float, ruler: Ruler, rounding: float) -> Step:
        """Return the effect at the launch."""
        fakes, at = self.fakes(), np.array([self.launched_at])
        discount = np.array([fakes.discount])
        effect = float(_steps(self.series, at, self.lag, self.width, discount)[0, 0])
        before = without = level_before(week, self.launched_at, fakes.discount)
        if other is not None:
            both = np.where(np.isnan(self.series), np.nan, other)
            without += float(_steps(both, at, self.lag, self.width, discount)[0, 0])
        if np.isnan(effect):
            raise TooLittleHistory(BEFORE_NEEDED, 0)  # all that was measured lies more than a year before the launch
        noise = ruler.rounding_at(before, rounding)
        half, spread = fakes.half_width(level, noise), max(fakes.spread, noise)
        reading = Reading(effect, half, spread, fakes.freedom(), without, ruler)
        places = np.array([before, without, without + effect])
        return Step(reading, fakes, *ruler.value(places).tolist())

    def fakes(self) -> Fakes:
        """Launch at up to 40 weeks before the launch; keep the discount under which those move least."""
        past = self.series[: self.launched_at]
        known = np.flatnonzero(np.isfinite(past))
        earliest = max(int(known[_BEFORE_A_FAKE - 1]) + 1, self.launched_at - _FAKE_LAUNCHES_WITHIN)
        latest = self.launched_at - self.lag - AFTER_NEEDED
        if latest < earliest:
            raise TooLittleHistory(BEFORE_NEEDED + self.lag, self.before)
        dates = np.linspace(earliest, latest, min(_FAKE_LAUNCHES, latest - earliest + 1))
        at = np.unique(np.round(dates).astype(np.int64))
        effects = _steps(past, at, self.lag, self.width, _DISCOUNTS)
        seen = np.isfinite(effects[:, 0])
        if not seen.any():
            raise TooLittleHistory(BEFORE_NEEDED + self.lag, self.before)
        best = int(np.argmin(np.mean(effects[seen] ** 2, axis=0)))
        return Fakes(at[seen], effects[seen, best], float(_DISCOUNTS[best]))


def _steps(series: Floats, at: NDArray[np.int64], lag: int, width: int, discounts: Floats) -> Floats:
    """Return level after minus level before at each week of ``at``, (at, discounts); NaN without a measured week."""
    before = _weighted(series, at[:, np.newaxis] - 1 - np.arange(_MEMORY_WEEKS), discounts)
    after = _weighted(series, at[:, np.newaxis] + lag + np.arange(width), discounts)
    return after - before


def level_before(series: Floats, at: int, discount: float) -> float:
    return float(_weighted(series, at - 1 - np.arange(at)[np.newaxis], np.array([discount]))[0, 0])


def _weighted(series: Floats, index: NDArray[np.int64], discounts: Floats) -> Floats:
    """Return the means of each row's weeks, nearest first, each counting 1 − discount of the one before."""
    known = series[np.isfinite(series)]
    first = known[0] if known.size else 0.0  # what does not change has no rounding then
    picked = series[np.clip(index, 0, series.size - 1)] - first
    counts = (index >= 0) & (index < series.size) & np.isfinite(picked)
    weight = (1 - discounts) ** np.arange(index.shape[1])[:, np.newaxis]
    total = counts @ weight
    sums = np.where(counts, picked, 0.0) @ weight
    return np.where(total > 0, first + sums / np.where(total > 0, total, 1.0), np.nan)


def read(values: ArrayLike, control: ArrayLike | None, ruler: Ruler) -> tuple[Floats, Floats | None]:
    """Return the Key Result and the mean of its controls on the scale; NaN in weeks in which one was not measured."""
    week = _series(values, "values", ruler)
    if control is None:
        return week, None
    given = np.asarray(control, dtype=float)
    if given.ndim not in (1, 2) or given.shape[-1] != week.size or given.size == 0 < week.size:
        raise ValueError("control must have as many weeks as values")
    others = [_series(one, "control", ruler) for one in np.atleast_2d(given)]
    return week, np.mean(others, axis=0)


def _series(values: ArrayLike, name: str, ruler: Ruler) -> Floats:
    """Return a series on its scale, NaN in weeks that were not measured."""
    given = np.asarray(values, dtype=float)
    if given.ndim != 1:
        raise ValueError(f"{name} must have one dimension")
    known = given[~np.isnan(given)]
    if not np.all(np.abs(known) <= LARGEST):
        raise ValueError(f"{name} must hold numbers of at most 1e15, or NaN in weeks that were not measured")
    if ruler.scale == "log" and not np.all(known >= SMALLEST_LOG):
        raise ValueError(f"{name} must be over 0 on the log scale")
    if ruler.scale == "logit" and not np.all((known >= 0) & (known <= 1)):
        raise ValueError(f"{name} must be shares of 0 to 1 on the logit scale")
    return np.where(np.isnan(given), np.nan, ruler.read(np.nan_to_num(given, nan=0.5)))


def rounding_of(values: ArrayLike, ruler: Ruler) -> float:
    """Return the unit to which values seem to be rounded: the coarsest of 1, 0.1, … (of shares 0.01, …)."""
    given = np.asarray(values, dtype=float)
    known = given[~np.isnan(given)]
    for places in range(2 if ruler.scale == "logit" else 0, 9):
        if np.allclose(np.round(known, places), known, rtol=1e-12, atol=0.0):
            return float(10.0**-places)
    return 1e-9


def check_level(level: float, lag: int) -> None:
    if not 0 < level < 1:
        raise ValueError("level must be over 0 and under 1")
    if lag < 0 or lag != int(lag):
        raise ValueError("lag must be a whole number of at least 0")
