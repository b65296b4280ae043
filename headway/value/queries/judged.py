"""Delivered bets as lines of lists and ledgers, and what judged ones are credited with of what was moved."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone

from headway.okr.models import KeyResult
from headway.people.models import Team
from headway.scrum.models import Category

from ..models import Bet, Verdict
from ..models import due_on as due_day


@dataclass(frozen=True)
class Line:
    """A delivered bet; figures in the Key Result's unit, towards better."""

    bet_id: int
    number: int
    key: str
    title: str
    key_result_id: int
    name: str
    key_result: str
    unit: str
    low: float
    likely: float
    high: float


@dataclass(frozen=True)
class Open(Line):
    """One without a verdict. `on` is the day to judge it on: promised with the bet, or as it follows from its lag."""

    chance: float
    lag_weeks: int
    done_on: dt.date
    on: dt.date
    is_promised: bool


@dataclass(frozen=True)
class Judged(Line):
    """One with its verdict."""

    outcome: str
    outcome_name: str
    measured: float | None
    measured_range: tuple[float, float] | None
    scale: int | None
    evidence: int
    method: str
    method_name: str
    follow_up: str
    judged_on: dt.date
    is_overruled: bool


@dataclass(frozen=True)
class Credit:
    """By what factor judged bets are credited with what they brought, so that together it is no more than was moved."""

    factor: float

    def of(self, measured: float) -> float:
        """Return what one is credited with; harm counts as it was measured."""
        return measured * self.factor if measured > 0 else measured


def credit_of(measured: Iterable[float], moved: float) -> Credit:
    """Return the credit for what judged bets of one Key Result were measured to move, while it moved so far in all.

    >>> credit_of([3.0, 1.0], 2.0), credit_of([1.0, -0.5], 0.5), credit_of([1.0], -1.0)
    (Credit(factor=0.5), Credit(factor=1.0), Credit(factor=0.0))
    """
    figures = list(measured)
    gains, harm = sum(figure for figure in figures if figure > 0), -sum(figure for figure in figures if figure < 0)
    return Credit(min(1.0, max(moved + harm, 0.0) / gains) if gains > 0 else 1.0)


def moved_by(key_result: KeyResult, now: float | None) -> float | None:
    """Return how far a Key Result moved towards better since its baseline, in its unit; None where that is unknown."""
    if now is None or key_result.baseline is None or key_result.direction == KeyResult.Direction.STAY_WITHIN:
        return None
    moved = now - key_result.baseline
    return -moved if key_result.direction == KeyResult.Direction.DECREASE else moved


def delivered_bets(team: Team) -> QuerySet[Bet]:
    """Return the bets on a team's delivered items, with all that a line needs of them but their verdicts."""
    return Bet.objects.filter(
        serves__item__team=team, serves__item__removed_at=None, serves__item__category=Category.DONE
    ).select_related("serves__item__team", "serves__key_result")


def with_verdicts(bets: QuerySet[Bet]) -> QuerySet[Bet]:
    """Load verdicts with their bets, without what only a verdict's own page shows."""
    return bets.select_related("verdict").defer("verdict__facts", "verdict__experiment", "verdict__learned")


def figures_of(key_result_id: int) -> list[float]:
    """Return what the judged bets on a Key Result were measured to move, those with a figure. One query."""
    figures = Verdict.objects.filter(
        bet__serves__key_result=key_result_id,
        bet__serves__item__removed_at=None,
        bet__serves__item__category=Category.DONE,
        measured__isnull=False,
    )
    return [figure for figure in figures.values_list("measured", flat=True) if figure is not None]


def due_on(bet: Bet) -> dt.date | None:
    """Return the day on which a delivered bet is to be judged; None before it is delivered."""
    done_on = done_on_of(bet)
    return due_day(done_on, lag_weeks=bet.lag_weeks, judge_on=bet.judge_on) if done_on else None


def done_on_of(bet: Bet) -> dt.date | None:
    """Return the day on which the item of a bet was done; None while it is not."""
    item = bet.serves.item
    return timezone.localdate(item.done_at) if item.category == Category.DONE and item.done_at else None


def open_line(bet: Bet) -> Open:
    """Shape a delivered bet that nobody judged."""
    done_on, on = done_on_of(bet), due_on(bet)
    assert done_on is not None
    assert on is not None
    return Open(
        **_line(bet),
        chance=bet.chance,
        lag_weeks=bet.lag_weeks,
        done_on=done_on,
        on=on,
        is_promised=bet.judge_on is not None,
    )


def judged_line(bet: Bet) -> Judged:
    """Shape a bet that was loaded with its verdict, item, team and Key Result."""
    verdict = bet.verdict
    return Judged(
        **_line(bet),
        outcome=verdict.outcome,
        outcome_name=str(verdict.get_outcome_display()),
        measured=verdict.measured,
        measured_range=None if verdict.low is None or verdict.high is None else (verdict.low, verdict.high),
        scale=verdict.scale,
        evidence=verdict.evidence,
        method=verdict.method,
        method_name=str(verdict.get_method_display()),
        follow_up=str(verdict.get_follow_up_display()) if verdict.follow_up else "",
        judged_on=verdict.judged_on,
        is_overruled=bool(verdict.overruled_because),
    )


def key_result_of(bet: Bet) -> KeyResult:
    """Return the Key Result of a bet that was loaded with it."""
    key_result = bet.serves.key_result
    assert key_result is not None  # a bet is on a Key Result
    return key_result


def _line(bet: Bet) -> dict[str, Any]:
    item, key_result = bet.serves.item, key_result_of(bet)
    return {
        "bet_id": bet.pk,
        "number": item.number,
        "key": item.key,
        "title": item.title,
        "key_result_id": key_result.pk,
        "name": key_result.short_name,
        "key_result": key_result.title,
        "unit": key_result.unit,
        "low": bet.low,
        "likely": bet.likely,
        "high": bet.high,
    }
