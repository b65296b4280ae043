"""How much work a week of the team is, from its own history: what turns sizes into weeks."""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from django.db.models import Max
from django.utils import timezone
from django.utils.translation import ngettext

from headway.engine.forecast import WEEKS_NEEDED, flag_bulk_days, weekly
from headway.live.known import Aspect, remembered
from headway.people.models import Team
from headway.scrum.models import Category, Item, Transition
from headway.scrum.queries import daily_done

Value = TypeVar("Value")

PACE_WEEKS = 12
STALE_DAYS = 28
HISTORY_WEEKS = 260
LEAST_WEEKS = 0.001
"""A size of next to nothing still takes a moment, or its value per week would have no bound."""


@dataclass(frozen=True)
class BulkDay:
    """A day on which a tracker was cleaned up: `count` items were closed, `counted_as` of them are counted."""

    on: dt.date
    count: int
    counted_as: int


@dataclass(frozen=True)
class History:
    """Items done in each full week up to `ends_on`, oldest first, clean-ups clipped.

    `is_stale`: nothing was created, moved or done for four weeks before today, so the record ends there (an export
    of some time ago), and what came after it is unknown rather than nothing.
    """

    weekly: tuple[int, ...]
    ends_on: dt.date
    is_stale: bool
    bulk_days: tuple[BulkDay, ...]


def history_of(team: Team, today: dt.date) -> History:
    """Return the team's throughput up to yesterday: today is not over. Three queries, where it is not remembered."""
    known = _remembered(team, "history", today, lambda: _history_of(team, today), Aspect.PAST)
    # Where nothing has happened for long, anything that happens says that the record goes on.
    return _remembered(team, "stale", today, lambda: _history_of(team, today), Aspect.WORK) if known.is_stale else known


def _remembered(team: Team, what: str, today: dt.date, make: Callable[[], Value], aspect: Aspect) -> Value:
    organisation_id = team.organisation_id
    return remembered((what, team.pk, today), make, organisation_id=organisation_id, rests_on=aspect, team_id=team.pk)


def _history_of(team: Team, today: dt.date) -> History:
    yesterday = today - dt.timedelta(days=1)
    last = last_sign(team)
    is_stale = last is not None and (yesterday - last).days >= STALE_DAYS
    ends_on = last if last is not None and is_stale else yesterday
    first, daily = daily_done(team, today=ends_on)
    if first is None:
        return History((), ends_on, is_stale, ())
    bulk = flag_bulk_days(daily)
    return History(
        weekly=tuple(weekly(bulk.clipped).tolist()[-HISTORY_WEEKS:]),
        ends_on=ends_on,
        is_stale=is_stale,
        bulk_days=tuple(
            BulkDay(first + dt.timedelta(days=day), daily[day], int(bulk.clipped[day]))
            for day in bulk.flagged.nonzero()[0].tolist()
        ),
    )


@dataclass(frozen=True)
class Pace:
    """What the team finishes in a week, over its last `weeks` full weeks; `missing` says what is lacking for one.

    An item with a size takes size / (items a week × mean size) weeks, one without takes 1 / items a week.
    """

    team_key: str
    items_per_week: float | None
    mean_size: float | None
    weeks: int
    missing: str = ""

    def weeks_of(self, size: float | None) -> float | None:
        """Return the weeks of work of an item; None where the history is too short to say."""
        if not self.items_per_week:
            return None
        if size and self.mean_size:
            return max(size / (self.items_per_week * self.mean_size), LEAST_WEEKS)
        return 1 / self.items_per_week


def pace_of(team: Team, today: dt.date, history: History | None = None) -> Pace:
    """Return what a week of the team is worth in items and size. Four queries."""
    history = history or history_of(team, today)
    recent = history.weekly[-PACE_WEEKS:]
    if len(recent) < WEEKS_NEEDED:
        missing = ngettext(
            "Weeks of work need %(needed)s full weeks in which something was done; there is %(given)s.",
            "Weeks of work need %(needed)s full weeks in which something was done; there are %(given)s.",
            len(recent),
        ) % {"needed": WEEKS_NEEDED, "given": len(recent)}
        return Pace(team.key, None, None, len(recent), missing)
    done = sum(recent)
    if not done:
        missing = ngettext(
            "Nothing was done in the last %(weeks)s week: there is no pace to turn sizes into weeks.",
            "Nothing was done in the last %(weeks)s weeks: there is no pace to turn sizes into weeks.",
            len(recent),
        ) % {"weeks": len(recent)}
        return Pace(team.key, None, None, len(recent), missing)
    begins_on = history.ends_on - dt.timedelta(days=7 * len(recent))
    sizes = _remembered(
        team,
        f"sizes done from {begins_on} to {history.ends_on}",
        today,
        lambda: _sizes_done(team, begins_on, history.ends_on),
        Aspect.PAST,
    )
    mean_size = sum(sizes) / len(sizes) if sizes else None
    return Pace(team.key, done / len(recent), mean_size, len(recent))


def last_sign(team: Team) -> dt.date | None:
    """Return the last day on which anything is known to have happened to an item."""
    items = Item.objects.filter(team=team).aggregate(Max("created_at"), Max("started_at"), Max("done_at"))
    moved = Transition.objects.filter(item__team=team).aggregate(Max("at"))
    moments = [moment for moment in (*items.values(), *moved.values()) if moment is not None]
    return timezone.localtime(max(moments)).date() if moments else None


def _sizes_done(team: Team, after: dt.date, until: dt.date) -> list[float]:
    done = Item.objects.active().filter(
        team=team,
        category=Category.DONE,
        size__gt=0,
        done_at__gte=_start_of(after + dt.timedelta(days=1)),
        done_at__lt=_start_of(until + dt.timedelta(days=1)),
    )
    return sorted(size for size in done.values_list("size", flat=True) if size)


def _start_of(day: dt.date) -> dt.datetime:
    return timezone.make_aware(dt.datetime.combine(day, dt.time.min))
