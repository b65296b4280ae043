"""Verdicts on screens: which bets are due to be judged, which were, and one of them with all that it rests on."""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db.models import QuerySet
from django.utils import timezone

from headway.okr.models import KeyResult
from headway.okr.queries import progress_of
from headway.people.access import allows
from headway.people.actor import Actor
from headway.people.models import Team
from headway.scrum.models import Category

from ..models import Bet, Verdict
from ..models import due_on as due_day
from .controls import ControlChoice, control_choices, why_no_control
from .found import Found, find
from .learning import Learning, learning_of

MEASURABLE_AFTER = dt.timedelta(days=14)
"""Sooner after the launch and its lag the engine says nothing: it takes two weeks with a measurement."""


@dataclass(frozen=True)
class Open:
    """A delivered bet without a verdict; `on` is the day from which it can be judged."""

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
    chance: float
    lag_weeks: int
    done_on: dt.date
    on: dt.date
    is_promised: bool  # whether the day was promised with the bet, or follows from its lag


@dataclass(frozen=True)
class Judged:
    """A bet with its verdict; figures in the Key Result's unit, towards better."""

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
class VerdictList:
    """A team's delivered bets: `due` longest first, `waiting` soonest first, `judged` newest first."""

    due: tuple[Open, ...]
    waiting: tuple[Open, ...]
    judged: tuple[Judged, ...]
    key_results: tuple[tuple[int, str], ...]  # of all of them, for a choice


@dataclass(frozen=True)
class Screen:
    """One bet to judge, or judged. `found` is what was kept with the verdict, else what is known today.

    `too_little` says why nothing can be computed and `see_from` from when it might be. `brought` is what a judged bet
    is credited with of what the Key Result `moved` since its baseline; None where that is unknown.
    """

    bet: Bet
    verdict: Verdict | None
    key_result: KeyResult
    now: float | None
    found: Found | None
    too_little: str
    done_on: dt.date | None
    due_on: dt.date | None
    see_from: dt.date | None
    work_days: int | None
    moved: float | None
    brought: float | None
    can_judge: bool
    choices: tuple[ControlChoice, ...]  # what it may be compared with; known to whoever may judge it
    no_control: str  # why it cannot be compared with what somebody chose
    learning: Learning | None  # what the verdict changes in how the next promises are read


def bets_to_judge(team: Team) -> QuerySet[Bet]:
    """Return the bets on a team's delivered items, with all that a screen needs of them."""
    return Bet.objects.filter(
        serves__item__team=team, serves__item__removed_at=None, serves__item__category=Category.DONE
    ).select_related("serves__item__team", "serves__key_result", "verdict")


def verdict_list(team: Team, *, today: dt.date, key_result_id: int | None = None) -> VerdictList:
    """Return a team's delivered bets by what is to be done with them; one query."""
    rows = list(bets_to_judge(team))
    names = {bet.serves.key_result_id: _key_result(bet).short_name for bet in rows}
    chosen = [bet for bet in rows if key_result_id is None or bet.serves.key_result_id == key_result_id]
    still_open = sorted(
        (_open(bet, on) for bet in chosen if not _is_judged(bet) and (on := due_on(bet)) is not None),
        key=lambda one: (one.on, one.number),
    )
    judged = (judged_line(bet) for bet in chosen if _is_judged(bet))
    return VerdictList(
        due=tuple(one for one in still_open if one.on <= today),
        waiting=tuple(one for one in still_open if one.on > today),
        judged=tuple(sorted(judged, key=lambda one: (one.judged_on, one.bet_id), reverse=True)),
        key_results=tuple(sorted(((pk, name) for pk, name in names.items() if pk is not None), key=lambda one: one[1])),
    )


def due_on(bet: Bet) -> dt.date | None:
    """Return the day on which a delivered bet is to be judged; None before it is delivered."""
    done_at = bet.serves.item.done_at
    if bet.serves.item.category != Category.DONE or done_at is None:
        return None
    done_on = _day_of(done_at)
    return due_day(done_on, lag_weeks=bet.lag_weeks, judge_on=bet.judge_on)


def _lag(bet: Bet) -> dt.timedelta:
    return dt.timedelta(weeks=bet.lag_weeks)


def verdict_screen(bet: Bet, viewer: Actor, *, today: dt.date, controls: Sequence[KeyResult] = ()) -> Screen:
    """Return one bet with its verdict and what it rests on. A constant number of queries.

    `controls` are Key Results that somebody thinks of comparing it with, before the verdict.
    """
    item, key_result = bet.serves.item, _key_result(bet)
    verdict = Verdict.objects.filter(bet=bet).select_related("by", "follow_item__team").first()
    done_on = _day_of(item.done_at) if item.done_at and item.category == Category.DONE else None
    see_from = done_on + _lag(bet) + MEASURABLE_AFTER if done_on else None
    found, too_little = (Found.read(verdict.facts), "") if verdict else (None, "")
    can_judge = allows(viewer, "judge_bet", item.team)
    choices: tuple[ControlChoice, ...] = ()
    no_control = ""
    if verdict is None:
        if can_judge:
            choices = control_choices(bet, today=today)
        if controls:
            no_control = why_no_control(bet, controls, today=today)
        found, too_little = find(bet, today=today, controls=() if no_control else controls)
        if found is None and controls and not no_control:
            no_control = too_little
            found, too_little = find(bet, today=today)
    now = progress_of([key_result], today)[key_result.pk].now
    moved = moved_by(key_result, now)
    brought = None
    if verdict and verdict.measured is not None and moved is not None:
        brought = verdict.measured * credit(_figures_of(key_result.pk), moved)
    return Screen(
        bet=bet,
        verdict=verdict,
        key_result=key_result,
        now=now,
        found=found,
        too_little=too_little,
        done_on=done_on,
        due_on=due_on(bet),
        see_from=see_from if see_from and see_from > today else None,
        work_days=_work_days(bet, done_on),
        moved=moved,
        brought=brought,
        can_judge=can_judge,
        choices=choices,
        no_control=no_control,
        learning=learning_of(bet, verdict, found, today=today),
    )


def moved_by(key_result: KeyResult, now: float | None) -> float | None:
    """Return how far a Key Result moved towards better since its baseline, in its unit; None where that is unknown."""
    if now is None or key_result.baseline is None or key_result.direction == KeyResult.Direction.STAY_WITHIN:
        return None
    moved = now - key_result.baseline
    return -moved if key_result.direction == KeyResult.Direction.DECREASE else moved


def credit(measured: Iterable[float], moved: float) -> float:
    """Return the factor by which judged bets are credited, so that together they bring no more than was moved.

    >>> credit([3.0, 1.0], 2.0), credit([1.0, -0.5], 2.0), credit([1.0], -1.0)
    (0.5, 1.0, 0.0)
    """
    brought = sum(measured)
    if brought <= 0:
        return 1.0
    return min(1.0, max(moved, 0.0) / brought)


def judged_line(bet: Bet) -> Judged:
    """Shape a bet that was loaded with its verdict, item, team and Key Result."""
    item, key_result, verdict = bet.serves.item, _key_result(bet), bet.verdict
    return Judged(
        bet_id=bet.pk,
        number=item.number,
        key=item.key,
        title=item.title,
        key_result_id=key_result.pk,
        name=key_result.short_name,
        key_result=key_result.title,
        unit=key_result.unit,
        low=bet.low,
        likely=bet.likely,
        high=bet.high,
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


def _open(bet: Bet, on: dt.date) -> Open:
    item, key_result = bet.serves.item, _key_result(bet)
    assert item.done_at is not None
    return Open(
        bet_id=bet.pk,
        number=item.number,
        key=item.key,
        title=item.title,
        key_result_id=key_result.pk,
        name=key_result.short_name,
        key_result=key_result.title,
        unit=key_result.unit,
        low=bet.low,
        likely=bet.likely,
        high=bet.high,
        chance=bet.chance,
        lag_weeks=bet.lag_weeks,
        is_promised=bet.judge_on is not None,
        done_on=_day_of(item.done_at),
        on=on,
    )


def _key_result(bet: Bet) -> KeyResult:
    key_result = bet.serves.key_result
    assert key_result is not None  # a bet is on a Key Result
    return key_result


def _is_judged(bet: Bet) -> bool:
    return hasattr(bet, "verdict")


def _figures_of(key_result_id: int) -> list[float]:
    figures = Verdict.objects.filter(
        bet__serves__key_result=key_result_id, bet__serves__item__removed_at=None, measured__isnull=False
    )
    return [figure for figure in figures.values_list("measured", flat=True) if figure is not None]


def _work_days(bet: Bet, done_on: dt.date | None) -> int | None:
    started_at = bet.serves.item.started_at
    if started_at is None or done_on is None:
        return None
    return max(bet.serves.item.team.calendar.count(_day_of(started_at), done_on), 1)


def _day_of(moment: dt.datetime) -> dt.date:
    return timezone.localtime(moment).date()
