"""Measure what a launch moved, and say before it what could be seen."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from headway.engine.errors import TooLittleHistory

from .belief import belief
from .model import Impact, Method, arm, checked_promise
from .scale import Reading, Ruler, student
from .series import (
    AFTER_NEEDED,
    BEFORE_NEEDED,
    NO_FAKES,
    WEEKS_AFTER,
    Cut,
    Step,
    check_level,
    level_before,
    read,
    rounding_of,
)


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
    control : array of float (n,) or (series, n), optional
        Series of the same weeks that the launch cannot have touched, on the same scale; NaN as above. Of several the
        mean on the scale counts, in the weeks in which all were measured.
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
    >>> moved.chance_moved > 0.5
    True
    """
    ruler = Ruler(scale, falling_is_better)
    week, other = read(values, control, ruler)
    check_level(level, lag)
    if not 0 <= launched_at <= week.size or launched_at != int(launched_at):
        raise ValueError(f"launched_at must be a whole number from 0 to the {week.size} values given")
    promise = None if prior is None else checked_promise(prior)
    cut = Cut.of(week if other is None else week - other, int(launched_at), int(lag))
    enough = cut.before >= BEFORE_NEEDED and cut.after >= AFTER_NEEDED
    if experiment is None and not enough:
        raise cut.too_little()
    step: Step | None = None
    if enough:
        try:
            step = cut.step(week, other, level, ruler, rounding_of(values, ruler))
        except TooLittleHistory:
            if experiment is None:
                raise
    if experiment is not None:
        found = compared(*experiment, level=level, ruler=ruler)
    else:
        assert step is not None
        found = step.reading
    chance_moved, chance_harmed, believed = belief(found, promise, level)
    levels = (None, None, None) if step is None else (step.level_before, step.level_without, step.level_after)
    fakes = step.fakes if step is not None and experiment is None else NO_FAKES
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
    ruler = Ruler(scale, falling_is_better)
    week, other = read(values, control, ruler)
    check_level(level, lag)
    if steps < lag + AFTER_NEEDED or steps != int(steps):
        raise ValueError(f"steps must be a whole number of at least {AFTER_NEEDED} more than lag")
    if until_launch < 0:
        raise ValueError("until_launch must be at least 0")
    difference = week if other is None else week - other
    cut = Cut(difference, difference.size, int(lag), min(int(steps) - int(lag), WEEKS_AFTER))
    if cut.before < BEFORE_NEEDED:
        raise cut.too_little()
    fakes = cut.fakes()
    now = level_before(week, week.size, fakes.discount)
    half = fakes.half_width(level, ruler.rounding_at(now, rounding_of(values, ruler)), more=int(until_launch))
    return Reading(0.0, half, 1.0, 1.0, now, ruler).smallest_visible


def compared(control: Sequence[float], treatment: Sequence[float], *, level: float, ruler: Ruler) -> Reading:
    """Return the difference of two arms with Welch's degrees of freedom."""
    arms = [arm(control, "control"), arm(treatment, "treatment")]
    errors = np.array([arm.variance / arm.size for arm in arms])
    variance = float(errors.sum())
    unequal = float(sum(e**2 / (arm.size - 1) for e, arm in zip(errors, arms, strict=True)))
    freedom = float(np.clip(variance**2 / unequal, 1.0, 1e6)) if unequal > 0 else 1e6
    # Arms without any variance are compared as exactly as numbers of their size can be.
    largest = max(1.0, abs(arms[0].mean), abs(arms[1].mean))
    spread = max(float(np.sqrt(variance)), 1e-12 * largest)
    linear = Ruler("linear", ruler.falling_is_better)
    difference = arms[1].mean - arms[0].mean
    return Reading(difference, student(level, freedom) * spread, spread, freedom, 0.0, linear)
