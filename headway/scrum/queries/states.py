"""When items were done and when they were not, from their transitions."""

import datetime as dt
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from django.db.models import QuerySet
from django.utils import timezone

from headway.lib.prepared import Prepared

from ..models import Category, Item, ItemQuerySet, Transition


@dataclass(frozen=True)
class DoneSpans:
    """For each item the moments at which it changed, in order, and whether it was done from then on."""

    moments: Mapping[int, tuple[list[dt.datetime], list[bool]]]

    def is_done(self, item_id: int, at: dt.datetime) -> bool:
        """Say whether an item was done at a moment (a moment of change counts as after it)."""
        times, done = self.moments.get(item_id, ([], []))
        index = bisect_right(times, at) - 1
        return index >= 0 and done[index]


def done_spans(items: ItemQuerySet) -> DoneSpans:
    """Return when each of `items` was done. Two queries.

    An item that is done without a transition that says so (an import that knows only the date) counts from `done_at`.
    """
    return _spans(_entered(items), _finished(items))


def done_spans_of_sprint(sprint_id: int, now_done: Mapping[int, dt.datetime | None]) -> DoneSpans:
    """Return when each item that is or was in a Sprint was done; of those now done `done_at` is given. One query."""
    return _spans(_ENTERED.all(sprint_id), now_done.items())


def _entered(items: ItemQuerySet) -> QuerySet[Transition, tuple[int, dt.datetime, str]]:
    rows = Transition.objects.filter(item__in=items.order_by().values("pk")).order_by("at", "pk")
    return rows.values_list("item_id", "at", "category")


def _finished(items: ItemQuerySet) -> QuerySet[Item, tuple[int, dt.datetime | None]]:
    done = items.order_by().filter(category=Category.DONE, done_at__isnull=False)
    return done.values_list("pk", "done_at").distinct()


_ENTERED = Prepared(lambda sprint: _entered(Item.objects.filter(stays__sprint=sprint)), int)


def _spans(
    entered: Iterable[tuple[int, dt.datetime, str]], finished: Iterable[tuple[int, dt.datetime | None]]
) -> DoneSpans:
    changes: dict[int, list[tuple[dt.datetime, bool]]] = defaultdict(list)
    for item_id, at, category in entered:
        changes[item_id].append((at, category == Category.DONE))
    for item_id, done_at in finished:
        if done_at is not None and not any(done for _at, done in changes[item_id]):
            changes[item_id].append((done_at, True))
    return DoneSpans({item_id: _split(sorted(pairs, key=_moment)) for item_id, pairs in changes.items()})


def end_of(day: dt.date) -> dt.datetime:
    """Return the moment at which a day ends, where we are."""
    return timezone.make_aware(dt.datetime.combine(day + dt.timedelta(days=1), dt.time()))


def unit_of(sizes: Collection[float | None]) -> str:
    """Say in what to count work: "size", or "items" where less than half of it has a size."""
    return "size" if sizes and sum(size is not None for size in sizes) * 2 >= len(sizes) else "items"


def amount(item_ids: Iterable[int], sizes: Mapping[int, float | None], unit: str) -> float:
    """Add up items in `unit`; one without a size adds nothing to "size"."""
    return float(sum((sizes.get(pk) or 0.0) if unit == "size" else 1.0 for pk in item_ids))


def _moment(pair: tuple[dt.datetime, bool]) -> dt.datetime:
    return pair[0]


def _split(pairs: Iterable[tuple[dt.datetime, bool]]) -> tuple[list[dt.datetime], list[bool]]:
    rows = list(pairs)
    return [at for at, _done in rows], [done for _at, done in rows]
