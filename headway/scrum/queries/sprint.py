"""A Sprint from its first day to its last."""

import datetime as dt
from collections import defaultdict
from dataclasses import dataclass

from django.db.models import Count, Q, Sum

from headway.lib import clock
from headway.lib.prepared import Prepared
from headway.people.actor import Actor
from headway.people.models import Team

from ..models import Category, Item, Sprint, SprintStay
from .states import amount, done_spans_of_sprint, end_of, unit_of


@dataclass(frozen=True)
class BurnUpDay:
    """The state at the end of a day; `done` is None for days that are still to come."""

    on: dt.date
    scope: float
    done: float | None


@dataclass(frozen=True)
class BurnUp:
    """Scope and done by working day, and as they stand now (or stood when the Sprint closed).

    `unit` is "size", or "items" where less than half of them have one.
    """

    unit: str
    days: tuple[BurnUpDay, ...]
    scope: float
    done: float
    open_items: int
    unsized: int


@dataclass(frozen=True)
class SprintRow:
    """A Sprint in a list, with what is in it now."""

    id: int
    number: int
    name: str
    goal: str
    starts_on: dt.date | None
    ends_on: dt.date | None
    is_started: bool
    is_closed: bool
    items: int
    done: int
    size: float


def burn_up(sprint: Sprint, *, today: dt.date | None = None) -> BurnUp | None:
    """Return how the Sprint's scope and its done work grew, day by day; None without dates. Two queries.

    Right when the scope changes on the way (who was in it on each day is known) and when something done is reopened
    (what was done on each day comes from the transitions). Sizes are today's.
    """
    if sprint.starts_on is None or sprint.ends_on is None:
        return None
    today = today or clock.today()
    stays: dict[int, list[tuple[dt.datetime, dt.datetime | None]]] = defaultdict(list)
    sizes: dict[int, float | None] = {}
    now_done: dict[int, dt.datetime | None] = {}
    for item_id, added_at, removed_at, size, category, done_at in _STAYS.all(sprint.pk):
        stays[item_id].append((added_at, removed_at))
        sizes[item_id] = size
        if category == Category.DONE:
            now_done[item_id] = done_at
    spans = done_spans_of_sprint(sprint.pk, now_done)
    now = clock.now()
    last_moment = min(now, sprint.closed_at) if sprint.closed_at else now
    # What is carried over leaves at the very moment at which the Sprint closes, and was in it until then.
    end = sprint.closed_at
    unit = unit_of(list(sizes.values()))

    def scope_at(at: dt.datetime) -> list[int]:
        return [
            item_id
            for item_id, spells in stays.items()
            if any(
                added <= moment and (removed is None or removed > moment or removed == end) for added, removed in spells
            )
        ]

    days = []
    for day in _days_of(sprint):
        moment = min(end_of(day), last_moment)
        scope = scope_at(moment)
        done = [item_id for item_id in scope if spans.is_done(item_id, moment)] if day <= today else None
        days.append(
            BurnUpDay(
                on=day,
                scope=amount(scope, sizes, unit),
                done=None if done is None else amount(done, sizes, unit),
            )
        )
    present = scope_at(last_moment)
    finished = [item_id for item_id in present if spans.is_done(item_id, last_moment)]
    return BurnUp(
        unit=unit,
        days=tuple(days),
        scope=amount(present, sizes, unit),
        done=amount(finished, sizes, unit),
        open_items=len(present) - len(finished),
        unsized=sum(sizes[item_id] is None for item_id in present),
    )


_STAYS = Prepared(
    lambda sprint: SprintStay.objects.filter(sprint=sprint).values_list(
        "item_id", "added_at", "removed_at", "item__size", "item__category", "item__done_at"
    ),
    int,
)


def sprint_rows(team: Team, viewer: Actor) -> tuple[SprintRow, ...]:
    """Return all Sprints of a team, the newest first. One query."""
    present = Q(items__removed_at=None)
    sprints = (
        Sprint.objects.filter(team__in=Team.objects.visible_to(viewer).filter(pk=team.pk))
        .annotate(
            item_count=Count("items", filter=present),
            done_count=Count("items", filter=present & Q(items__category=Category.DONE)),
            whole_size=Sum("items__size", filter=present),
        )
        .order_by("-number")
    )
    return tuple(
        SprintRow(
            id=sprint.pk,
            number=sprint.number,
            name=sprint.name,
            goal=sprint.goal,
            starts_on=sprint.starts_on,
            ends_on=sprint.ends_on,
            is_started=sprint.started_at is not None,
            is_closed=sprint.closed_at is not None,
            items=sprint.item_count,
            done=sprint.done_count,
            size=sprint.whole_size or 0.0,
        )
        for sprint in sprints
    )


def open_items_of(sprint: Sprint) -> list[Item]:
    """Return what would be carried over if the Sprint closed now, in order."""
    return list(sprint.items.active().exclude(category=Category.DONE).select_related("team").in_order())


def _days_of(sprint: Sprint) -> list[dt.date]:
    """Return the working days of a Sprint; its last day too where that is none, so that nothing done then is lost."""
    assert sprint.starts_on is not None
    assert sprint.ends_on is not None
    days = list(sprint.team.calendar.days(sprint.starts_on, sprint.ends_on))
    return days if days and days[-1] == sprint.ends_on else [*days, sprint.ends_on]
