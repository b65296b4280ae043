"""How likely an item in progress is done soon, and which takes too long, by how long the team's items take.

Both load, let the engine learn from it, and show. Items that are still open count with their age.
"""

import datetime as dt
from dataclasses import dataclass

from django.db.models import Q
from django.utils import timezone

from headway.engine import flow as engine
from headway.lib import clock
from headway.live.known import Aspect, remembered
from headway.people.models import Team

from ..models import Category, Item
from .flow import Epoch, cycle_times
from .states import end_of

#: Items begun within a year: how a team works changes, and open ones must come from the same time as finished ones.
YEAR = 365
#: One week and two [days].
WITHIN = (7, 14)


@dataclass(frozen=True)
class ItemAhead:
    """`chances`: (days, chance to be done within so many more); None where hardly any item was ever open for longer.

    `is_ageing`: beyond the team's alarm, in working days as on the board. It rests on `done` finished items and
    `still_open` others.
    """

    age_days: float
    chances: tuple[tuple[int, float], ...] | None
    is_ageing: bool
    done: int
    still_open: int


def item_ahead(item: Item) -> ItemAhead | None:
    """Return what the team's cycle times say of an item in progress; None of any other, and under ten finished ones.

    One query, where the cycle times of the team are not remembered.
    """
    if item.category != Category.DOING or item.started_at is None or item.removed_at is not None:
        return None
    times = _times(item.team)
    if times is None:
        return None
    age = max((clock.now() - item.started_at) / dt.timedelta(days=1), 0.0)
    try:
        chances = tuple((days, times.done_within(days, age=age)) for days in WITHIN)
    except engine.TooLittleHistory:
        chances = None
    alarm = ageing_alarm(item.team)
    is_ageing = alarm is not None and _working_age(item.team, item.started_at) > alarm
    return ItemAhead(age, chances, is_ageing, times.done, times.seen.size - times.done)


def ageing_alarm(team: Team) -> int | None:
    """Return the age in working days, the first day counted, that hardly any of a team's items goes beyond.

    That is at most 15 in 100 of the items begun within a year, by Kaplan–Meier with those in progress counted by their
    age. Where more than that were never seen done, it is the longest that any finished item took. None with fewer than
    ten finished. Two queries, where it is not remembered.

    It is worked out anew once a day and whenever something is done, reopened or removed. What is begun in between is
    too young to bear on it.
    """
    return remembered(
        ("ageing alarm", team.pk),
        lambda: _alarm(team),
        organisation_id=team.organisation_id,
        rests_on=Aspect.DONE,
        team_id=team.pk,
    )


def _alarm(team: Team) -> int | None:
    today = clock.today()
    began = end_of(today - dt.timedelta(days=1))
    before = remembered(  # hundreds of rows: most of what is done today leaves them as they are
        ("days taken", team.pk),
        lambda: _days_taken(team, Q(category=Category.DONE, done_at__lt=began)),
        organisation_id=team.organisation_id,
        rests_on=Aspect.PAST,
        team_id=team.pk,
    )
    taken, still_open = _days_taken(team, Q(category=Category.DONE, done_at__gte=began) | Q(category=Category.DOING))
    try:
        times = engine.cycle_times([*before[0], *taken], still_open=still_open)
    except engine.TooLittleHistory:
        return None
    return int(min(float(times.taken.quantile(1 - engine.AGEING_BELOW)), times.ends[-1]))


def _days_taken(team: Team, which: Q) -> tuple[list[int], list[int]]:
    """Return the working days that items begun within a year took, and those that others are open for already."""
    since = clock.now() - dt.timedelta(days=YEAR)
    rows = (
        Item.objects.active()
        .filter(which, Q(done_at__gte=since) | Q(category=Category.DOING), team=team, started_at__gte=since)
        .values_list("category", Epoch("started_at"), Epoch("done_at"))
    )
    zone, today = timezone.get_current_timezone(), clock.today()
    taken, still_open = [], []
    for category, begun, done in rows:
        first = dt.datetime.fromtimestamp(begun, zone).date()
        if category == Category.DOING:
            still_open.append(max(team.calendar.count(first, today) - 1, 0))  # today is not over yet
        elif done is not None and done >= begun:
            taken.append(max(team.calendar.count(first, dt.datetime.fromtimestamp(done, zone).date()), 1))
    return taken, still_open


def _working_age(team: Team, started_at: dt.datetime) -> int:
    return max(1, team.calendar.count(timezone.localdate(started_at), clock.today()))


def _times(team: Team) -> engine.CycleTimes | None:
    return remembered(
        ("cycle times", team.pk),
        lambda: _learned(team),
        organisation_id=team.organisation_id,
        rests_on=(Aspect.DONE, Aspect.STATES),
        team_id=team.pk,
    )


def _learned(team: Team) -> engine.CycleTimes | None:
    found = cycle_times(team, days=YEAR)
    try:
        return engine.cycle_times(found.done, still_open=found.still_open)
    except engine.TooLittleHistory:
        return None
