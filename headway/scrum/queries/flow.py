"""What the team's past says, as plain numbers for the engine."""

import datetime as dt
from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import BigIntegerField, Func
from django.db.models.sql.compiler import SQLCompiler
from django.utils import timezone

from headway.lib import clock
from headway.people.models import Team

from ..models import Category, Item, Sprint, SprintStay
from .states import DoneSpans, amount, done_spans, end_of, unit_of

PACE_WEEKS = 12


@dataclass(frozen=True)
class CycleTimes:
    """Days of calendar from start to done, and the ages of what is still in progress, both [days]."""

    done: tuple[float, ...]
    still_open: tuple[float, ...]


@dataclass(frozen=True)
class SprintResult:
    """What a Sprint that is over took in at its start, and what of its whole scope was done at its end.

    `unit` says in what: "size", or "items" where less than half of them have a size.
    """

    sprint_id: int
    name: str
    ends_on: dt.date | None
    committed: float
    delivered: float
    unit: str


@dataclass(frozen=True)
class Pace:
    """How much a team finishes: means over the last full `weeks` (at most 12); None where nothing was finished."""

    items_per_week: float | None
    size_per_week: float | None
    weeks: int


def throughput(team: Team, *, weeks: int = 104, today: dt.date | None = None) -> list[int]:
    """Return the items done in each of the last full weeks, oldest first. One query.

    A week is seven days, the newest ends with `today` (included). Weeks without any count as 0; the first item ever
    done bounds the history. An item that was reopened counts where it was last done.
    """
    return [count for count, _size in _weekly(team, weeks=weeks, today=today)]


def daily_done(team: Team, *, today: dt.date | None = None) -> tuple[dt.date | None, list[int]]:
    """Return the day of the first item ever done, and the items done on each day from it to `today`. One query."""
    today = today or clock.today()
    days = [day for day, _size in _done_days(team) if day <= today]
    if not days:
        return None, []
    first = min(days)
    counts = [0] * ((today - first).days + 1)
    for day in days:
        counts[(day - first).days] += 1
    return first, counts


def cycle_times(team: Team, *, days: int | None = None) -> CycleTimes:
    """Return how long items took, oldest done first, and how old those in progress are. One query.

    With `days`, of the items alone that were begun within so many.
    """
    now = clock.now()
    begun = Item.objects.active().filter(team=team, started_at__isnull=False)
    if days is not None:
        begun = begun.filter(started_at__gte=now - dt.timedelta(days=days))
    rows = (
        begun.exclude(category=Category.TODO).order_by("done_at", "pk").values_list("category", "started_at", "done_at")
    )
    done, still_open = [], []
    for category, started_at, done_at in rows:
        if started_at is None:
            continue
        if category == Category.DOING:
            still_open.append(max(0.0, (now - started_at) / dt.timedelta(days=1)))
        elif done_at is not None and done_at >= started_at:
            done.append((done_at - started_at) / dt.timedelta(days=1))
    return CycleTimes(tuple(done), tuple(still_open))


def sprint_history(team: Team, *, last: int = 30) -> list[SprintResult]:
    """Return committed and delivered of the Sprints that are over, oldest first. Four queries.

    Committed is what was in the Sprint at the end of its first day; delivered what was in it and done when it ended,
    also of what came later. A Sprint without dates, or in which nothing ever was, is left out.
    """
    sprints = [
        sprint
        for sprint in Sprint.objects.filter(team=team).order_by("-number")
        if _bounds(sprint) and (sprint.closed_at or _bounds(sprint)[1] < clock.now())  # type: ignore[index]
    ][:last]
    stays = defaultdict(list)
    rows = SprintStay.objects.filter(sprint__in=sprints, item__removed_at=None).values_list(
        "sprint_id", "item_id", "added_at", "removed_at"
    )
    for sprint_id, item_id, added_at, removed_at in rows:
        stays[sprint_id].append((item_id, added_at, removed_at))
    sizes = dict(Item.objects.filter(stays__sprint__in=sprints).values_list("pk", "size"))
    spans = done_spans(Item.objects.filter(stays__sprint__in=sprints))
    results = [_result(sprint, stays[sprint.pk], sizes, spans) for sprint in reversed(sprints) if stays[sprint.pk]]
    return [result for result in results if result.committed or result.delivered]


def team_pace(team: Team, *, today: dt.date | None = None) -> Pace:
    """Return what the team finishes in a week. One query."""
    weeks = _weekly(team, weeks=PACE_WEEKS, today=today)
    if not weeks:
        return Pace(None, None, 0)
    items = sum(count for count, _size in weeks) / len(weeks)
    size = sum(size for _count, size in weeks) / len(weeks)
    return Pace(items or None, size or None, len(weeks))


def _weekly(team: Team, *, weeks: int, today: dt.date | None) -> list[tuple[int, float]]:
    """Return (items, size) done in each of the last full weeks, oldest first."""
    today = today or clock.today()
    days = [(day, size) for day, size in _done_days(team) if day <= today]
    if not days:
        return []
    full = min(weeks, ((today - min(days)[0]).days + 1) // 7)
    counts, sizes = [0] * full, [0.0] * full
    for day, size in days:
        week = full - 1 - (today - day).days // 7
        if week >= 0:
            counts[week] += 1
            sizes[week] += size
    return list(zip(counts, sizes, strict=True))


class Epoch(Func):
    """A moment in whole seconds since 1970: thousands of them are read several times as fast as datetimes."""

    output_field = BigIntegerField()

    def as_sqlite(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **extra: Any) -> tuple[str, Any]:
        return self.as_sql(
            compiler, connection, template="CAST(strftime('%%%%s', %(expressions)s) AS INTEGER)", **extra
        )

    def as_postgresql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **extra: Any) -> tuple[str, Any]:
        return self.as_sql(compiler, connection, template="FLOOR(EXTRACT(EPOCH FROM %(expressions)s))::bigint", **extra)


def _done_days(team: Team) -> list[tuple[dt.date, float]]:
    """Return day and size of everything done, by the calendar of the time zone that is active."""
    rows = (
        Item.objects.active()
        .filter(team=team, category=Category.DONE, done_at__isnull=False)
        .values_list(Epoch("done_at"), "size")
    )
    zone = timezone.get_current_timezone()
    return [(dt.datetime.fromtimestamp(seconds, zone).date(), size or 0.0) for seconds, size in rows]


def _bounds(sprint: Sprint) -> tuple[dt.datetime, dt.datetime] | None:
    """Return the end of the first day and the end of the Sprint; None where they are unknown."""
    start = timezone.localdate(sprint.started_at) if sprint.started_at else sprint.starts_on
    if start is None or (sprint.closed_at is None and sprint.ends_on is None):
        return None
    return end_of(start), sprint.closed_at or end_of(sprint.ends_on)  # type: ignore[arg-type]


def _result(
    sprint: Sprint,
    stays: list[tuple[int, dt.datetime, dt.datetime | None]],
    sizes: dict[int, float | None],
    spans: DoneSpans,
) -> SprintResult:
    planned, ended = _bounds(sprint) or (clock.now(), clock.now())
    at_start = {pk for pk, added, removed in stays if added <= planned and (removed is None or removed > planned)}
    at_end = {pk for pk, added, removed in stays if added <= ended and (removed is None or removed >= ended)}
    delivered = {pk for pk in at_end if spans.is_done(pk, ended)}
    unit = unit_of([sizes.get(pk) for pk in at_start | at_end])
    return SprintResult(
        sprint_id=sprint.pk,
        name=sprint.name,
        ends_on=sprint.ends_on,
        committed=amount(at_start, sizes, unit),
        delivered=amount(delivered, sizes, unit),
        unit=unit,
    )
