"""Did it move the Key Result, by how much, and could an effect of that size have been seen at all?

Asked in order of trust: figures of an A/B test; a control series that the launch did not touch; the Key
Result's own past, in which up to 40 launches that never happened show how far it moves by itself. Why, how
well, and a worked example by hand: ``docs/algorithms/impact.md``.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from headway.engine.distributions import Floats
from headway.engine.errors import TooLittleHistory

__all__ = [
    "AFTER_NEEDED",
    "BEFORE_NEEDED",
    "Arm",
    "Evidence",
    "Fact",
    "Impact",
    "Method",
    "Outcome",
    "Promise",
    "TooLittleHistory",
    "Verdict",
    "evidence",
    "measure",
    "share",
    "smallest_visible",
    "verdict",
]

BEFORE_NEEDED = 8
"""Fewer measured weeks than this before the launch say nothing of how the Key Result moves by itself."""
AFTER_NEEDED = 2
"""Fewer measured weeks than this after the launch (and its lag) give no verdict."""
HIT_RATE = 1 / 3
"""Chance that a launch moved its metric before anything is known of it (Kohavi et al. 2009)."""

_FAKE_LAUNCHES = 40
_FAKE_LAUNCHES_WITHIN = 80  # weeks before the launch; older ones tell of another time
_BEFORE_A_FAKE = 4  # measured weeks that a level before a fake launch takes
_MEMORY_WEEKS = 60  # even at the lowest discount older weeks weigh under 0.2 %
_WEEKS_AFTER = 13  # a quarter: what comes later has drifted away by itself
_DISCOUNTS = np.array([0.1, 0.2, 0.4, 0.8])
_WEEKS_A_FAKE_SHARES = 6  # neighbouring fake launches share their weeks: so many count as one
_LEAST_FREEDOM = 2.0
_LARGEST = 1e15
_SMALLEST_LOG = 1e-15
_SHARE_EDGE = 0.001  # shares of 0 and 1 are taken as 0.001 and 0.999, whose log-odds are finite
_FARTHEST = 300.0  # on the log or log-odds scale; e^300 is still a number
_TENTH = 1.2815515655446004  # the 90th percentile of a standard normal
_POINTS = np.linspace(-8.0, 8.0, 161)  # in standard deviations; 0 is one of them


class Method(StrEnum):
    """Where an answer comes from, the most trusted first."""

    EXPERIMENT = "experiment"
    CONTROL = "control"
    PLACEBO = "placebo"


class Outcome(StrEnum):
    """What a verdict says."""

    MOVED = "moved"
    DID_NOT = "did_not"
    CANNOT_TELL = "cannot_tell"


class Fact(StrEnum):
    """A plain fact that makes evidence good."""

    MEASURED_OFTEN = "measured_often"
    LONG_ENOUGH = "long_enough"
    LARGER_THAN_FAKES = "larger_than_fakes"
    ALONE = "alone"
    COMPARED = "compared"


class Promise(NamedTuple):
    """A bet: its 10th, 50th and 90th percentile [unit of the Key Result, towards better], and its chance, 0–1."""

    low: float
    likely: float
    high: float
    chance: float


class Arm(NamedTuple):
    """One side of an A/B test: how many were in it, their mean and variance [unit of the Key Result]."""

    size: int
    mean: float
    variance: float


@dataclass(frozen=True)
class Impact:
    """What a launch moved. Effects are in the Key Result's unit, counted towards better; never NaN.

    ``measured``, ``measured_low``, ``measured_high`` are what the figures alone say; ``estimate``, ``low``,
    ``high`` what is to be believed with the promise in mind (the same where there was none). ``chance_moved`` and
    ``chance_harmed`` add up to at most 1; the rest is the chance of no effect. ``smallest_visible`` is half
    the width of the measured range: an effect of just this size is seen every second time, one of 1½ times
    this size four times in five. Levels are those of the Key Result before, after, and as it would have been
    ``level_without`` the launch; None where an experiment was given without enough weeks. ``fake_effects``
    (n,) are what launches at the weeks ``fake_at`` (n,) would have been credited with; empty in an experiment.
    ``weeks_before`` and ``weeks_after`` count the measured weeks that were used, of a quarter after the lag at most;
    ``weeks_missing`` those that were not measured.
    """

    method: Method
    estimate: float
    low: float
    high: float
    measured: float
    measured_low: float
    measured_high: float
    chance_moved: float
    chance_harmed: float
    smallest_visible: float
    level_before: float | None
    level_without: float | None
    level_after: float | None
    fake_effects: tuple[float, ...]
    fake_at: tuple[int, ...]
    weeks_before: int
    weeks_after: int
    weeks_missing: int


@dataclass(frozen=True)
class Verdict:
    """``outcome`` and, unless it cannot be told, its ``scale`` of 1 (harm) to 5 (above the range)."""

    outcome: Outcome
    scale: int | None


@dataclass(frozen=True)
class Evidence:
    """How good the evidence is: ``quality`` of 1 to 5, and each fact that it was made of, whether it holds."""

    quality: int
    facts: dict[Fact, bool]


def measure(
    values: ArrayLike,
    *,
    launched_at: int,
    scale: str = "linear",
    control: ArrayLike | None = None,
    experiment: tuple[Sequence[float], Sequence[float]] | None = None,
    prior: Sequence[float] | None = None,
    level: float = 0.9,
    lag: int = 0,
    falling_is_better: bool = False,
) -> Impact:
    """Measure by how much a launch moved a Key Result.

    Parameters
    ----------
    values : array of float (n,)
        The Key Result each week [its unit], oldest first; NaN in weeks in which it was not measured.
    launched_at : int
        Index of the first value after the launch, 0 to n (n: none yet).
    scale : {"linear", "log", "logit"}
        On which effects add up. "log" takes values over 0; "logit" shares of 0 to 1.
    control : array of float (n,), optional
        A series of the same weeks that the launch cannot have touched, on the same scale; NaN as above.
    experiment : (control, treatment), optional
        Each an :class:`Arm` of size, mean, variance [unit of the Key Result]. Comes before all else.
    prior : (low, likely, high, chance), optional
        The bet's :class:`Promise`. Without it nothing is shrunk and the chance starts from 1/3.
    level : float
        How much of the time the range is to hold the truth, over 0 and under 1.
    lag : int
        Weeks after the launch that are not counted, since the effect needs them [weeks], ≥ 0.
    falling_is_better : bool
        Whether a fall is what was hoped for; all effects, and the promise, are counted towards better.

    Returns
    -------
    Impact

    Raises
    ------
    TooLittleHistory
        Fewer than 8 measured weeks before the launch, or 2 after it and its lag (not with an experiment).
    ValueError
        ``launched_at`` out of range; values infinite, beyond 10¹⁵ or outside the scale; shapes that do not
        match; a promise out of order or a chance outside 0 to 1; an arm of fewer than 2 or a negative variance.

    Notes
    -----
    The effect is the level just after minus the level just before, each a mean of weeks that counts the
    near ones most, (1 − d)^distance with d of .1, .2, .4, .8: for a step in a level that wanders, this is the
    least-squares estimate. d is the one whose fake launches move least. The fake launches, up to 40 within
    80 weeks before the launch, see nothing of what came after it. Half the range is Student's t times the
    root mean square of their effects; six neighbours count as one degree of freedom, as they share weeks.
    It assumes that the Key Result wanders after the launch as before it, that nothing else happened at that
    time, and that the effect is there after the lag and stays. Cost: about 1 ms.

    References
    ----------
    .. [1] Harvey, A. C. (1989), Forecasting, Structural Time Series Models and the Kalman Filter, ch. 7
       (interventions in a local level), doi:10.1017/CBO9781107049994.
    .. [2] Abadie, A., Diamond, A. and Hainmueller, J. (2010), Synthetic Control Methods, JASA 105(490),
       doi:10.1198/jasa.2009.ap08746 (placebos in time).
    .. [3] Kohavi, R. et al. (2009), Online Experimentation at Microsoft (a third of ideas help, a third do nothing, a
       third harm).

    Examples
    --------
    >>> week = [50, 51, 49, 50, 52, 50, 49, 51, 50, 50, 56, 57, 55, 56]
    >>> moved = measure(week, launched_at=10)
    >>> round(moved.measured, 1), round(moved.measured_low, 1), round(moved.measured_high, 1)
    (5.8, 4.6, 7.1)
    >>> verdict(moved, promise=(2, 4, 7, 0.5)).scale
    4
    """
    ruler = _Ruler(scale, falling_is_better)
    week, other = _read(values, control, ruler)
    _check(level, lag)
    if not 0 <= launched_at <= week.size or launched_at != int(launched_at):
        raise ValueError(f"launched_at must be a whole number from 0 to the {week.size} values given")
    promise = None if prior is None else _promise(prior)
    cut = _Cut.of(week if other is None else week - other, int(launched_at), int(lag))
    enough = cut.before >= BEFORE_NEEDED and cut.after >= AFTER_NEEDED
    if experiment is None and not enough:
        raise cut.too_little()
    step: _Step | None = None
    if enough:
        try:
            step = cut.step(week, other, level, ruler, _rounding(values, ruler))
        except TooLittleHistory:
            if experiment is None:
                raise
    if experiment is not None:
        found = _compared(*experiment, level=level, ruler=ruler)
    else:
        assert step is not None
        found = step.reading
    chance_moved, chance_harmed, believed = _belief(found, promise, level)
    levels = (None, None, None) if step is None else (step.level_before, step.level_without, step.level_after)
    fakes = step.fakes if step is not None and experiment is None else _NO_FAKES
    return Impact(
        method=Method.EXPERIMENT if experiment is not None else Method.PLACEBO if control is None else Method.CONTROL,
        estimate=believed[0],
        low=believed[1],
        high=believed[2],
        measured=found.estimate,
        measured_low=found.low,
        measured_high=found.high,
        chance_moved=chance_moved,
        chance_harmed=chance_harmed,
        smallest_visible=found.smallest_visible,
        level_before=levels[0],
        level_without=levels[1],
        level_after=levels[2],
        fake_effects=tuple(found.in_units(fakes.effects).tolist()),
        fake_at=tuple(fakes.at.tolist()),
        weeks_before=cut.before,
        weeks_after=cut.after,
        weeks_missing=cut.missing,
    )


def smallest_visible(
    values: ArrayLike,
    *,
    steps: int,
    scale: str = "linear",
    control: ArrayLike | None = None,
    level: float = 0.9,
    lag: int = 0,
    until_launch: int = 0,
    falling_is_better: bool = False,
) -> float:
    """Say before a launch how large its effect must be to be seen after it.

    Parameters
    ----------
    values : array of float (n,)
        The Key Result each week up to now, as for :func:`measure`.
    steps : int
        Weeks after the launch at which it will be judged, the lag among them [weeks], ≥ lag + 2.
    until_launch : int
        Weeks from now to the launch [weeks], ≥ 0: what will be known of the Key Result by then counts.
    scale, control, level, lag, falling_is_better
        As for :func:`measure`.

    Returns
    -------
    float
        [unit of the Key Result], over 0. An effect of just this size is seen every second time.

    Raises
    ------
    TooLittleHistory
        Fewer than 8 measured weeks.
    ValueError
        As for :func:`measure`; ``steps`` under lag + 2, ``until_launch`` negative.

    Notes
    -----
    :func:`measure` takes nothing but the weeks before the launch for its range, so that what is said on the
    day of the launch is the later half-width to the last digit, on the scale used; said earlier, it is as
    good as the weeks until then are like those before.

    Examples
    --------
    >>> week = [50, 51, 49, 50, 52, 50, 49, 51, 50, 50, 56, 57, 55, 56]
    >>> round(smallest_visible(week[:10], steps=4), 2) == round(measure(week, launched_at=10).smallest_visible, 2)
    True
    """
    ruler = _Ruler(scale, falling_is_better)
    week, other = _read(values, control, ruler)
    _check(level, lag)
    if steps < lag + AFTER_NEEDED or steps != int(steps):
        raise ValueError(f"steps must be a whole number of at least {AFTER_NEEDED} more than lag")
    if until_launch < 0:
        raise ValueError("until_launch must be at least 0")
    difference = week if other is None else week - other
    cut = _Cut(difference, difference.size, int(lag), min(int(steps) - int(lag), _WEEKS_AFTER))
    if cut.before < BEFORE_NEEDED:
        raise cut.too_little()
    fakes = cut.fakes()
    now = _level_before(week, week.size, fakes.discount)
    half = fakes.half_width(level, ruler.rounding_at(now, _rounding(values, ruler)), more=int(until_launch))
    return _Reading(0.0, half, 1.0, 1.0, now, ruler).smallest_visible


def share(moved: float, *, likely: ArrayLike, chance: ArrayLike) -> Floats:
    """Share what a Key Result moved among the bets that landed in one window.

    Parameters
    ----------
    moved : float
        What it moved in all [unit of the Key Result, towards better]; harm is shared alike.
    likely : array of float (bets,)
        What each promised [unit of the Key Result, towards better]; under 0 counts as 0.
    chance : array of float (bets,)
        The chance that each was given, 0 to 1.

    Returns
    -------
    ndarray (bets,)
        In proportion to promise × chance, equal where all of those are 0; together exactly what it moved, but
        for rounding.

    Raises
    ------
    ValueError
        No bet, shapes that differ, a chance outside 0 to 1, or figures that are not finite.

    Examples
    --------
    >>> share(6.0, likely=[4, 4, 8], chance=[0.5, 0.25, 0.25]).round(2).tolist()
    [2.4, 1.2, 2.4]
    """
    promised, chances = np.asarray(likely, dtype=float), np.asarray(chance, dtype=float)
    if promised.ndim != 1 or promised.size == 0 or chances.shape != promised.shape:
        raise ValueError("likely and chance must be lists of the same length, of at least 1")
    if not (np.all(np.abs(promised) <= _LARGEST) and abs(moved) <= _LARGEST):
        raise ValueError("moved and likely must hold finite numbers of at most 1e15")
    if not np.all((chances >= 0) & (chances <= 1)):
        raise ValueError("chance must be between 0 and 1")
    weight = np.maximum(promised, 0.0) * chances
    largest = weight.max()
    weight = weight / largest if largest > 0 else np.ones(weight.size)
    return np.asarray(moved * weight / weight.sum())


def verdict(impact: Impact, *, promise: Sequence[float] | None, share: float = 1.0) -> Verdict:
    """Judge a bet by what was measured, not by what was hoped.

    Parameters
    ----------
    impact : Impact
        From :func:`measure`.
    promise : (low, likely, high, chance) or None
        The bet's :class:`Promise`; without one nothing can be found to be missing.
    share : float
        The part of what was measured that falls to this bet, 0 to 1 (see :func:`share`).

    Returns
    -------
    Verdict
        *Moved* where the whole measured range lies over 0, graded by this bet's share: 5 over its range, 4 in it,
        3 under low. *Did not* with 1, harm, where the whole range lies under 0; with 2 where the promise
        could have been seen (likely ≥ smallest visible) and the range ends under it. *Cannot be told* else.

    Examples
    --------
    >>> noisy = measure([5, 9, 4, 8, 5, 9, 3, 8, 6, 9, 5, 8], launched_at=9)
    >>> verdict(noisy, promise=(0.5, 1, 2, 0.4)).outcome.value
    'cannot_tell'
    """
    if not 0 <= share <= 1:
        raise ValueError("share must be between 0 and 1")
    agreed = None if promise is None else _promise(promise)
    if impact.measured_high < 0:
        return Verdict(Outcome.DID_NOT, 1)
    if impact.measured_low > 0:
        part = impact.measured * share
        if agreed is None:
            return Verdict(Outcome.MOVED, 4)
        return Verdict(Outcome.MOVED, 5 if part > agreed.high else 4 if part >= agreed.low else 3)
    if agreed is not None and agreed.likely >= impact.smallest_visible and agreed.likely > impact.measured_high:
        return Verdict(Outcome.DID_NOT, 2)
    return Verdict(Outcome.CANNOT_TELL, None)


def evidence(impact: Impact, *, landed_together: int = 0) -> Evidence:
    """Say how good the evidence is, from plain facts.

    Parameters
    ----------
    impact : Impact
        From :func:`measure`.
    landed_together : int
        How many other bets on this Key Result landed in the same window.

    Returns
    -------
    Evidence
        An experiment is 5. Otherwise a point each for: measured in at least 4 weeks of 5; at least 26 weeks
        before and 4 after; an effect larger than 19 of 20 fake launches show; nothing else landed in the window; a
        control series. At least 1.

    Examples
    --------
    >>> evidence(measure([50, 51, 49, 50, 52, 50, 49, 51, 50, 50, 56, 57, 55, 56], launched_at=10)).quality
    3
    """
    weeks = impact.weeks_before + impact.weeks_after + impact.weeks_missing
    as_large = sum(abs(fake) >= abs(impact.measured) for fake in impact.fake_effects)
    facts = {
        Fact.MEASURED_OFTEN: weeks > 0 and impact.weeks_missing <= 0.2 * weeks,
        Fact.LONG_ENOUGH: impact.weeks_before >= 26 and impact.weeks_after >= 4,
        Fact.LARGER_THAN_FAKES: bool(impact.fake_effects) and as_large <= 0.05 * len(impact.fake_effects),
        Fact.ALONE: landed_together == 0,
        Fact.COMPARED: impact.method is not Method.PLACEBO,
    }
    return Evidence(5 if impact.method is Method.EXPERIMENT else max(1, sum(facts.values())), facts)


@dataclass(frozen=True)
class _Ruler:
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
            return np.asarray(np.log(np.maximum(value, _SMALLEST_LOG)))
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
        return float((ends[1] - ends[0]) / np.sqrt(6.0))


@dataclass(frozen=True)
class _Reading:
    """An effect on its scale, with its spread as Student's t, and where the Key Result would have been without it."""

    effect: float
    half: float
    spread: float
    freedom: float
    without: float
    ruler: _Ruler

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


@dataclass(frozen=True)
class _Fakes:
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
        return _student(level, self.freedom(more)) * max(self.spread, rounding)


@dataclass(frozen=True)
class _Step:
    reading: _Reading
    fakes: _Fakes
    level_before: float
    level_without: float
    level_after: float


_NO_FAKES = _Fakes(np.empty(0, dtype=np.int64), np.empty(0), 1.0)


@dataclass(frozen=True)
class _Cut:
    """A series on its scale, cut at the launch; ``width`` weeks after the lag make the level after."""

    series: Floats
    launched_at: int
    lag: int
    width: int

    @classmethod
    def of(cls, series: Floats, launched_at: int, lag: int) -> "_Cut":
        return cls(series, launched_at, lag, max(1, min(series.size - launched_at - lag, _WEEKS_AFTER)))

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

    def step(self, week: Floats, other: Floats | None, level: float, ruler: _Ruler, rounding: float) -> _Step:
        """Return the effect at the launch."""
        fakes, at = self.fakes(), np.array([self.launched_at])
        discount = np.array([fakes.discount])
        effect = float(_steps(self.series, at, self.lag, self.width, discount)[0, 0])
        before = without = _level_before(week, self.launched_at, fakes.discount)
        if other is not None:
            both = np.where(np.isnan(self.series), np.nan, other)
            without += float(_steps(both, at, self.lag, self.width, discount)[0, 0])
        if np.isnan(effect):
            raise TooLittleHistory(BEFORE_NEEDED, 0)  # all that was measured lies more than a year before the launch
        noise = ruler.rounding_at(before, rounding)
        half, spread = fakes.half_width(level, noise), max(fakes.spread, noise)
        reading = _Reading(effect, half, spread, fakes.freedom(), without, ruler)
        places = np.array([before, without, without + effect])
        return _Step(reading, fakes, *ruler.value(places).tolist())

    def fakes(self) -> _Fakes:
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
        return _Fakes(at[seen], effects[seen, best], float(_DISCOUNTS[best]))


def _steps(series: Floats, at: NDArray[np.int64], lag: int, width: int, discounts: Floats) -> Floats:
    """Return level after minus level before at each week of ``at``, (at, discounts); NaN without a measured week."""
    before = _weighted(series, at[:, np.newaxis] - 1 - np.arange(_MEMORY_WEEKS), discounts)
    after = _weighted(series, at[:, np.newaxis] + lag + np.arange(width), discounts)
    return after - before


def _level_before(series: Floats, at: int, discount: float) -> float:
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


def _compared(control: Sequence[float], treatment: Sequence[float], *, level: float, ruler: _Ruler) -> _Reading:
    """Return the difference of two arms with Welch's degrees of freedom."""
    arms = [_arm(control, "control"), _arm(treatment, "treatment")]
    errors = np.array([arm.variance / arm.size for arm in arms])
    variance = float(errors.sum())
    unequal = float(sum(e**2 / (arm.size - 1) for e, arm in zip(errors, arms, strict=True)))
    freedom = float(np.clip(variance**2 / unequal, 1.0, 1e6)) if unequal > 0 else 1e6
    # Arms without any variance are compared as exactly as numbers of their size can be.
    largest = max(1.0, abs(arms[0].mean), abs(arms[1].mean))
    spread = max(float(np.sqrt(variance)), 1e-12 * largest)
    linear = _Ruler("linear", ruler.falling_is_better)
    difference = arms[1].mean - arms[0].mean
    return _Reading(difference, _student(level, freedom) * spread, spread, freedom, 0.0, linear)


def _belief(found: _Reading, promise: Promise | None, level: float) -> tuple[float, float, tuple[float, float, float]]:
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


def _student(level: float, freedom: float) -> float:
    from scipy.special import stdtrit

    quantile: float = stdtrit(freedom, (1 + level) / 2)
    return float(quantile)


def _read(values: ArrayLike, control: ArrayLike | None, ruler: _Ruler) -> tuple[Floats, Floats | None]:
    week = _series(values, "values", ruler)
    other = None if control is None else _series(control, "control", ruler)
    if other is not None and other.shape != week.shape:
        raise ValueError("control must have as many weeks as values")
    return week, other


def _check(level: float, lag: int) -> None:
    if not 0 < level < 1:
        raise ValueError("level must be over 0 and under 1")
    if lag < 0 or lag != int(lag):
        raise ValueError("lag must be a whole number of at least 0")


def _series(values: ArrayLike, name: str, ruler: _Ruler) -> Floats:
    """Return a series on its scale, NaN in weeks that were not measured."""
    given = np.asarray(values, dtype=float)
    if given.ndim != 1:
        raise ValueError(f"{name} must have one dimension")
    known = given[~np.isnan(given)]
    if not np.all(np.abs(known) <= _LARGEST):
        raise ValueError(f"{name} must hold numbers of at most 1e15, or NaN in weeks that were not measured")
    if ruler.scale == "log" and not np.all(known >= _SMALLEST_LOG):
        raise ValueError(f"{name} must be over 0 on the log scale")
    if ruler.scale == "logit" and not np.all((known >= 0) & (known <= 1)):
        raise ValueError(f"{name} must be shares of 0 to 1 on the logit scale")
    return np.where(np.isnan(given), np.nan, ruler.read(np.nan_to_num(given, nan=0.5)))


def _rounding(values: ArrayLike, ruler: _Ruler) -> float:
    """Return the unit to which values seem to be rounded: the coarsest of 1, 0.1, … (of shares 0.01, …)."""
    given = np.asarray(values, dtype=float)
    known = given[~np.isnan(given)]
    for places in range(2 if ruler.scale == "logit" else 0, 9):
        if np.allclose(np.round(known, places), known, rtol=1e-12, atol=0.0):
            return float(10.0**-places)
    return 1e-9


def _promise(given: Sequence[float]) -> Promise:
    if len(given) != 4:
        raise ValueError("prior must be low, likely, high and chance")
    promise = Promise(*(float(part) for part in given))
    if not (-_LARGEST <= promise.low <= promise.likely <= promise.high <= _LARGEST):
        raise ValueError("prior must have low ≤ likely ≤ high")
    if not 0 <= promise.chance <= 1:
        raise ValueError("prior must have a chance of 0 to 1")
    return promise


def _arm(given: Sequence[float], name: str) -> Arm:
    if len(given) != 3:
        raise ValueError(f"experiment must have size, mean and variance of its {name}")
    size, mean, variance = given
    if not (2 <= size <= _LARGEST and abs(mean) <= _LARGEST and 0 <= variance <= _LARGEST**2):
        raise ValueError(f"experiment must have at least 2 in its {name}, a mean, and a variance of at least 0")
    return Arm(int(size), float(mean), float(variance))
