"""What is to come: whether the Sprint's work will be done in time, and the next dates that somebody waits for."""

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from headway.lib.formats import from_to
from headway.okr.models import Cycle
from headway.people.models import Team
from headway.scrum.models import Category, Sprint
from headway.value.keeping import keep_sprint_done
from headway.value.queries import TooLittle, sprint_chance
from headway.value.queries.effort import History, history_of
from headway.value.queries.forecasts import chance_by

from .signals import DueBet, OpenDecision, Target
from .work import Work

#: So many rows of what comes next are shown.
NEXT_ROWS = 6
#: Working days after the Sprint's end that its forecast still tells apart.
DAYS_AFTER = 2
#: More days than this are not drawn one by one.
MOST_DAYS = 10


@dataclass(frozen=True)
class DayChance:
    """The chance that the work is finished on this day and not before; `on` None: on a later one."""

    on: dt.date | None
    chance: float
    is_in_time: bool


@dataclass(frozen=True)
class SprintForecast:
    """When the work of the Sprint Goal will be done, or (where none of it is open, or no goal names a KR) all that is.

    `chance` is that of the Sprint's last day; the goal's items are taken to be finished before others.
    """

    is_of_goal: bool
    items: int
    chance: float
    ends_on: dt.date
    days: tuple[DayChance, ...]
    all_items: int
    all_chance: float
    sample_weeks: int


@dataclass(frozen=True)
class Next:
    """One row of what comes next."""

    on: dt.date
    title: str
    note: str
    target: Target | None = None


def sprint_forecast(
    team: Team, work: Work, sprint: Sprint | None, *, aim_id: int | None
) -> SprintForecast | TooLittle | None:
    """Return when the running Sprint's work will be done; None where nothing is open or no end is known."""
    today = work.moment.on
    known = sprint_chance(team, today=today)
    if sprint is None or known is None or isinstance(known, TooLittle):
        return known if isinstance(known, TooLittle) else None
    if not known.open_items:
        return None
    of_goal = [
        item
        for item in work.items
        if sprint.pk in item.in_sprints and item.category != Category.DONE and aim_id and item.serves(aim_id)
    ]
    count = len(of_goal) or known.open_items
    days = tuple(_days(history_of(team, today), count, known.ends_on, team, today))
    chance = sum(one.chance for one in days if one.is_in_time)
    if of_goal:  # that of all that is open is kept where it is worked out
        keep_sprint_done(
            team,
            sprint,
            chance=min(chance, 1.0),
            ends_on=known.ends_on,
            items=count,
            of_goal=[item.id for item in of_goal],
            today=today,
            weeks=known.sample_weeks,
        )
    return SprintForecast(
        is_of_goal=bool(of_goal),
        items=count,
        chance=chance,
        ends_on=known.ends_on,
        days=days,
        all_items=known.open_items,
        all_chance=known.chance,
        sample_weeks=known.sample_weeks,
    )


def _days(history: History, count: int, ends_on: dt.date, team: Team, today: dt.date) -> Iterator[DayChance]:
    """Yield the chance of each working day up to a few after the end, and of all later ones together."""
    shown = [on for on in team.calendar.days(today, ends_on) if on < ends_on][-MOST_DAYS:]
    after = team.calendar.days(ends_on + dt.timedelta(days=1), ends_on + dt.timedelta(days=14))
    reached = 0.0
    for on in [*shown, ends_on, *after[:DAYS_AFTER]]:
        by_then = max(reached, chance_by(history, count, team=team, today=today, on=on))
        yield DayChance(on, by_then - reached, is_in_time=on <= ends_on)
        reached = by_then
    yield DayChance(None, 1.0 - reached, is_in_time=False)


def coming(
    work: Work,
    *,
    team: Team,
    sprint: Sprint | None,
    cycle: Cycle | None,
    bets: Iterable[DueBet],
    decisions: Iterable[OpenDecision],
) -> list[Next]:
    """Return the next dates, soonest first. One query."""
    today = work.moment.on
    found = [
        *_sprint_dates(work, team, sprint),
        *(_judging(one, team) for one in bets),
        *(Next(one.review_on, _("Look back: “%(title)s”") % {"title": one.title}, "", one.target) for one in decisions),
        *([Next(cycle.ends_on, _("%(cycle)s ends") % {"cycle": cycle.name}, _("Grade and learn"))] if cycle else []),
    ]
    return sorted((one for one in found if one.on >= today), key=lambda one: one.on)[:NEXT_ROWS]


def _sprint_dates(work: Work, team: Team, sprint: Sprint | None) -> Iterator[Next]:
    board = Target("board", {"team_key": team.key})
    if sprint is not None and sprint.ends_on:
        left = sum(item.category != Category.DONE for item in work.items if sprint.pk in item.in_sprints)
        note = ngettext("%(count)s item open", "%(count)s items open", left) % {"count": left}
        yield Next(sprint.ends_on, _("%(sprint)s ends") % {"sprint": sprint.name}, note, board)
    planned = Sprint.objects.filter(team=team, started_at=None, closed_at=None, starts_on__gt=work.moment.on)
    following = planned.order_by("starts_on").first()
    if following is not None and following.starts_on:
        yield Next(following.starts_on, _("%(sprint)s begins") % {"sprint": following.name}, "", board)


def _judging(due: DueBet, team: Team) -> Next:
    assert due.on is not None
    note = _("promised %(range)s") % {"range": from_to(due.bet.low, due.bet.high, due.unit)}
    target = Target("item", {"team_key": team.key, "number": due.item.number})
    return Next(due.on, _("Judge “%(title)s”") % {"title": due.item.title}, note, target)
