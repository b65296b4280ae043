"""What is asked and answered: promises, groups of an experiment, effects, verdicts and how good they are."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

LARGEST = 1e15


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


def checked_promise(given: Sequence[float]) -> Promise:
    """Return a promise that is in order; ValueError else."""
    if len(given) != 4:
        raise ValueError("prior must be low, likely, high and chance")
    promise = Promise(*(float(part) for part in given))
    if not (-LARGEST <= promise.low <= promise.likely <= promise.high <= LARGEST):
        raise ValueError("prior must have low ≤ likely ≤ high")
    if not 0 <= promise.chance <= 1:
        raise ValueError("prior must have a chance of 0 to 1")
    return promise


def arm(given: Sequence[float], name: str) -> Arm:
    """Return a group of an experiment; ValueError where it is none."""
    if len(given) != 3:
        raise ValueError(f"experiment must have size, mean and variance of its {name}")
    size, mean, variance = given
    if not (2 <= size <= LARGEST and abs(mean) <= LARGEST and 0 <= variance <= LARGEST**2):
        raise ValueError(f"experiment must have at least 2 in its {name}, a mean, and a variance of at least 0")
    return Arm(int(size), float(mean), float(variance))
