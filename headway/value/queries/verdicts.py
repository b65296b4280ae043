"""Verdicts on screens: which bets are due to be judged, which were, and one of them with all that it rests on."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from django.utils import timezone

from headway.okr.models import KeyResult
from headway.okr.queries import progress_of
from headway.people.access import allows
from headway.people.actor import Actor
from headway.people.models import Team

from ..models import Bet, Verdict
from .controls import ControlChoice, control_choices, why_no_control
from .found import Found, find
from .judged import (
    Judged,
    Open,
    credit_of,
    delivered_bets,
    done_on_of,
    due_on,
    figures_of,
    judged_line,
    key_result_of,
    moved_by,
    open_line,
    with_verdicts,
)
from .learning import Learning, learning_of

PER_PAGE = 50
MOST_OPEN = 100
"""Of bets to be judged so many are listed, those first that are due first."""
MEASURABLE_AFTER = dt.timedelta(days=14)
"""Sooner after the launch and its lag the engine says nothing: it takes two weeks with a measurement."""


@dataclass(frozen=True)
class VerdictList:
    """A team's delivered bets: `due` longest first, `waiting` soonest first, of those `judged` a page, newest first."""

    due: tuple[Open, ...]
    due_in_all: int
    waiting: tuple[Open, ...]
    waiting_in_all: int
    judged: tuple[Judged, ...]
    judged_in_all: int
    page: int
    pages: int
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


def verdict_list(
    team: Team,
    *,
    today: dt.date,
    key_result_id: int | None = None,
    page: int = 1,
    per_page: int = PER_PAGE,
) -> VerdictList:
    """Return a team's delivered bets by what is to be done with them, a page of those judged. Four queries."""
    all_of_them = delivered_bets(team)
    chosen = all_of_them.filter(serves__key_result=key_result_id) if key_result_id else all_of_them
    judged = with_verdicts(chosen.filter(verdict__isnull=False)).order_by("-verdict__judged_on", "-pk")
    count = judged.count()
    page = min(max(page, 1), max(-(-count // per_page), 1))
    unjudged = chosen.filter(verdict=None, serves__item__done_at__isnull=False)
    still_open = sorted(map(open_line, unjudged), key=lambda one: (one.on, one.number))
    due = [one for one in still_open if one.on <= today]
    waiting = [one for one in still_open if one.on > today]
    names = all_of_them.order_by("serves__key_result__short_name", "serves__key_result")
    return VerdictList(
        due=tuple(due[:MOST_OPEN]),
        due_in_all=len(due),
        waiting=tuple(waiting[:MOST_OPEN]),
        waiting_in_all=len(waiting),
        judged=tuple(map(judged_line, judged[(page - 1) * per_page : page * per_page])),
        judged_in_all=count,
        page=page,
        pages=max(-(-count // per_page), 1),
        key_results=tuple(names.values_list("serves__key_result", "serves__key_result__short_name").distinct()),
    )


def _lag(bet: Bet) -> dt.timedelta:
    return dt.timedelta(weeks=bet.lag_weeks)


def verdict_screen(bet: Bet, viewer: Actor, *, today: dt.date, controls: Sequence[KeyResult] = ()) -> Screen:
    """Return one bet with its verdict and what it rests on. A constant number of queries.

    `controls` are Key Results that somebody thinks of comparing it with, before the verdict.
    """
    item, key_result = bet.serves.item, key_result_of(bet)
    verdict = Verdict.objects.filter(bet=bet).select_related("by", "follow_item__team").first()
    done_on = done_on_of(bet)
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
        brought = credit_of(figures_of(key_result.pk), moved).of(verdict.measured)
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


def _work_days(bet: Bet, done_on: dt.date | None) -> int | None:
    started_at = bet.serves.item.started_at
    if started_at is None or done_on is None:
        return None
    return max(bet.serves.item.team.calendar.count(timezone.localdate(started_at), done_on), 1)
