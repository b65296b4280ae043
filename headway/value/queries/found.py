"""What was found of a bet on the day of its verdict, as it is kept with the verdict and shown again."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from headway.okr.models import KeyResult

from ..models import Bet
from .impact import MeasuredImpact, impact_of

MOST_NEIGHBOURS = 12
"""Of bets that landed together so many are kept by name, those with the largest shares; the others are counted."""
WEEKS_BEFORE_KEPT = 26
"""Weeks before the launch that are kept to be drawn; what they say of all weeks is in the figures."""


@dataclass(frozen=True)
class Neighbour:
    """Another bet that landed in the same window; `share` 0–1 of what was moved falls to it."""

    key: str
    title: str
    done_on: str
    share: float


@dataclass(frozen=True)
class Control:
    """A Key Result that the launch cannot have touched, with which this one was compared."""

    key_result_id: int
    name: str
    title: str


@dataclass(frozen=True)
class Alone:
    """What the Key Result would have said alone, without its controls; as in `Found`."""

    outcome: str
    scale: int | None
    quality: int
    measured: float
    low: float
    high: float
    smallest_visible: float


@dataclass(frozen=True)
class Found:
    """The computed verdict and all that it rests on, in plain values that JSON holds.

    `measured`, `low`, `high` are this bet's part, in the Key Result's unit and towards better; `smallest_visible`, the
    levels and `weeks` (last day, value) are the Key Result's own. Days are written as 2026-11-26.
    """

    on: str
    launched_on: str
    method: str
    outcome: str
    scale: int | None
    quality: int
    checks: dict[str, bool]
    measured: float
    low: float
    high: float
    chance_moved: float
    chance_harmed: float
    smallest_visible: float
    level_before: float | None
    level_without: float | None
    level_after: float | None
    fakes: int
    fakes_below: int  # of them, moved less than what is the smallest to be seen
    weeks_before: int
    weeks_after: int
    share: float
    together: tuple[Neighbour, ...]
    weeks: tuple[tuple[str, float | None], ...]
    launched_at: int  # the first of `weeks` after the launch
    together_in_all: int = 0
    controls: tuple[Control, ...] = ()
    alone: Alone | None = None  # known where there are controls

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def read(cls, kept: dict[str, Any]) -> "Found | None":
        """Return what was kept with a verdict; None where it rests on people's words alone."""
        if not kept:
            return None
        together = tuple(Neighbour(**one) for one in kept["together"])
        shaped = {
            "together": together,
            "together_in_all": kept.get("together_in_all", len(together)),
            "controls": tuple(Control(**one) for one in kept.get("controls", ())),
            "alone": Alone(**kept["alone"]) if kept.get("alone") else None,
            "weeks": tuple((day, value) for day, value in kept["weeks"]),
        }
        return cls(**kept | shaped)


def found_of(
    moved: MeasuredImpact, *, on: dt.date, controls: Sequence[KeyResult] = (), alone: MeasuredImpact | None = None
) -> Found | None:
    """Return what is known of a bet on a day; None where too little was measured.

    `controls` are those that it was compared with, `alone` is what was measured without them.
    """
    impact, verdict, evidence = moved.impact, moved.verdict, moved.evidence
    if impact is None or verdict is None or evidence is None or moved.launched_on is None:
        return None
    assert moved.measured is not None
    assert moved.low is not None
    assert moved.high is not None
    largest = sorted(moved.together, key=lambda one: (-one.share, one.done_on, one.bet_id))[:MOST_NEIGHBOURS]
    first = max(moved.launched_at - WEEKS_BEFORE_KEPT, 0)
    return Found(
        on=on.isoformat(),
        launched_on=moved.launched_on.isoformat(),
        method=impact.method.value,
        outcome=verdict.outcome.value,
        scale=verdict.scale,
        quality=evidence.quality,
        checks={fact.value: holds for fact, holds in evidence.facts.items()},
        measured=moved.measured,
        low=moved.low,
        high=moved.high,
        chance_moved=impact.chance_moved,
        chance_harmed=impact.chance_harmed,
        smallest_visible=impact.smallest_visible,
        level_before=impact.level_before,
        level_without=impact.level_without,
        level_after=impact.level_after,
        fakes=len(impact.fake_effects),
        fakes_below=sum(abs(effect) < impact.smallest_visible for effect in impact.fake_effects),
        weeks_before=impact.weeks_before,
        weeks_after=impact.weeks_after,
        share=moved.share,
        together=tuple(Neighbour(one.key, one.title, one.done_on.isoformat(), one.share) for one in largest),
        together_in_all=len(moved.together),
        weeks=tuple((week.to_on.isoformat(), week.value) for week in moved.weeks[first:]),
        launched_at=moved.launched_at - first,
        controls=tuple(Control(one.pk, one.short_name, one.title) for one in controls),
        alone=_alone(alone) if alone else None,
    )


def _alone(moved: MeasuredImpact) -> Alone | None:
    impact, verdict, evidence = moved.impact, moved.verdict, moved.evidence
    if impact is None or verdict is None or evidence is None:
        return None
    share = moved.share
    return Alone(
        outcome=verdict.outcome.value,
        scale=verdict.scale,
        quality=evidence.quality,
        measured=impact.measured * share,
        low=impact.measured_low * share,
        high=impact.measured_high * share,
        smallest_visible=impact.smallest_visible,
    )


def find(
    bet: Bet,
    *,
    today: dt.date,
    experiment: tuple[Sequence[float], Sequence[float]] | None = None,
    controls: Sequence[KeyResult] = (),
) -> tuple[Found | None, str]:
    """Return what the figures say of a bet on a day, and where they say nothing, what is missing.

    An experiment comes before controls, which then say nothing. Two queries, four with controls.
    """
    alone = impact_of(bet, today=today, experiment=experiment)
    if not controls or experiment is not None:
        return found_of(alone, on=today), alone.too_little.text if alone.too_little else ""
    beside = impact_of(bet, today=today, controls=controls)
    found = found_of(beside, on=today, controls=controls, alone=alone)
    return found, beside.too_little.text if beside.too_little else ""
