"""The work of a team as it stood at a moment, with what each item serves: what Today and the Report look at."""

import datetime as dt
import statistics
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from django.db.models import Case, DateTimeField, Exists, F, OuterRef, Q, Subquery, Value, When
from django.db.models.functions import Coalesce
from django.utils import timezone

from headway.lib import clock
from headway.okr.models import KeyResult
from headway.people.models import Team
from headway.scrum.models import Category, Item, ItemQuerySet, Sprint, SprintStay, Transition
from headway.value.models import NotNow, Serves
from headway.value.queries.promises import Promise, ServesLine, promise_of


@dataclass(frozen=True)
class Moment:
    """A day, and the moment on it at which we look: its evening, or now where it is today."""

    on: dt.date
    at: dt.datetime
    is_past: bool

    @classmethod
    def now(cls) -> "Moment":
        return cls(clock.today(), clock.now(), is_past=False)

    @classmethod
    def evening_of(cls, day: dt.date) -> "Moment":
        """Return the evening of a day; of today or later: now."""
        if day >= clock.today():
            return cls.now()
        return cls(day, start_of(day + dt.timedelta(days=1)), is_past=True)

    @classmethod
    def at_most(cls, at: dt.datetime) -> "Moment":
        """Return a moment that is over, as a Sprint's end; never one to come."""
        return cls(timezone.localdate(at), at, is_past=True) if at < clock.now() else cls.now()


@dataclass(frozen=True)
class WorkItem:
    """An item at a moment. `day` counts the working days since work began, the first one included."""

    id: int
    key: str
    number: int
    title: str
    kind: str
    size: float | None
    tracker_key: str
    category: str
    sprint: str  # the name of the Sprint that held it and was not over
    in_sprints: frozenset[int]  # ids of all that held it
    is_in_open_sprint: bool  # one that was not over
    is_in_running_sprint: bool
    added_to_sprint_at: dt.datetime | None
    day: int | None
    blocked_days: int | None
    blocked_because: str
    created_at: dt.datetime
    started_at: dt.datetime | None
    done_at: dt.datetime | None
    is_shelved: bool
    promise: Promise

    @property
    def created_on(self) -> dt.date:
        return timezone.localdate(self.created_at)

    @property
    def started_on(self) -> dt.date | None:
        return timezone.localdate(self.started_at) if self.started_at else None

    @property
    def done_on(self) -> dt.date | None:
        return timezone.localdate(self.done_at) if self.done_at else None

    @property
    def is_blocked(self) -> bool:
        return self.blocked_days is not None

    @property
    def serves_key_result(self) -> bool:
        return bool(self.promise.key_results)

    def serves(self, key_result_id: int) -> bool:
        return any(line.key_result_id == key_result_id for line in self.promise.key_results)


@dataclass(frozen=True)
class Work:
    """Items in the team's order. `median_size` stands for items without a size (1 where none has one)."""

    moment: Moment
    items: tuple[WorkItem, ...]
    median_size: float
    has_sprint: bool  # one that is not over

    def size_of(self, item: WorkItem) -> float:
        return item.size or self.median_size

    def share_without_key_result(self, items: Iterable[WorkItem]) -> float | None:
        """Return the share, by size, of what serves no Key Result, 0–1; None without work."""
        sizes = [(self.size_of(item), item.serves_key_result) for item in items]
        whole = sum(size for size, _serves in sizes)
        return sum(size for size, serves in sizes if not serves) / whole if whole else None


def work_of(team: Team, moment: Moment, *, done_since: dt.date | None = None) -> Work:
    """Return the team's work: all that is open, all that serves a Key Result, and what was done since a day.

    Of a moment that is past, links, bets, verdicts and the shelf are those of that moment too; a link that was taken
    away since is not known any more. Seven queries.
    """
    look = _Look(
        team=team,
        moment=moment,
        sprints={sprint.pk: sprint for sprint in Sprint.objects.filter(team=team)},
        stays=_stays(team, moment),
        promises=_promises(team, moment),
        shelved=_shelved(team, moment),
    )
    items = tuple(_item(_Row(*row), look) for row in _items(team, moment, done_since=done_since))
    return Work(
        moment=moment,
        items=items,
        median_size=_median_size(team),
        has_sprint=any(_is_open(sprint, moment) for sprint in look.sprints.values()),
    )


def start_of(day: dt.date) -> dt.datetime:
    return timezone.make_aware(dt.datetime.combine(day, dt.time()))


# Loading


class _Row(NamedTuple):
    """What is read of an item: plain values, for ten thousand models take longer than the query."""

    pk: int
    number: int
    title: str
    kind: str
    size: float | None
    tracker_key: str
    state: str
    created_at: dt.datetime
    started_at: dt.datetime | None
    ended_at: dt.datetime | None
    blocked_since: dt.date | None
    blocked_because: str


def _items(team: Team, moment: Moment, *, done_since: dt.date | None) -> Iterable[tuple[Any, ...]]:
    items = Item.objects.filter(team=team).in_order()
    if moment.is_past:
        items = _as_of(items, moment.at)
    else:
        items = items.active().annotate(state=F("category"), ended_at=F("done_at"))
    if done_since is not None:
        linked = Serves.objects.filter(item__team=team, key_result__isnull=False).values("item_id")
        items = items.filter(
            ~Q(state=Category.DONE) | Q(ended_at__gte=start_of(done_since)) | Q(ended_at=None) | Q(pk__in=linked)
        )
    return items.values_list(*_Row._fields)


def _as_of(items: ItemQuerySet, at: dt.datetime) -> ItemQuerySet:
    """Annotate `state` and `ended_at` as they were: by the last status entered, else by the dates that are known.

    An item that is done without a transition that says so (an import that knows only the date) counts from that date.
    """
    entered = Transition.objects.filter(item=OuterRef("pk"), at__lte=at).order_by("-at", "-pk")
    told_done = Transition.objects.filter(item=OuterRef("pk"), category=Category.DONE)
    known = items.filter(Q(removed_at=None) | Q(removed_at__gt=at), created_at__lte=at)
    return known.annotate(
        last_category=Subquery(entered.values("category")[:1]),
        last_at=Subquery(entered.values("at")[:1]),
        is_told_done=Exists(told_done),
    ).annotate(
        state=Case(
            When(category=Category.DONE, done_at__lte=at, is_told_done=False, then=Value(str(Category.DONE))),
            When(last_category__isnull=False, then=F("last_category")),
            When(done_at__lte=at, then=Value(str(Category.DONE))),
            When(started_at__lte=at, then=Value(str(Category.DOING))),
            default=Value(str(Category.TODO)),
        ),
        ended_at=Case(
            When(done_at__lte=at, then=F("done_at")),
            default=Coalesce(F("last_at"), F("done_at")),
            output_field=DateTimeField(),
        ),
    )


@dataclass(frozen=True)
class _Stay:
    sprint_id: int
    added_at: dt.datetime | None


def _stays(team: Team, moment: Moment) -> Mapping[int, list[_Stay]]:
    """Return which Sprints held each item, oldest first; where only the item itself knows, that one."""
    found: dict[int, list[_Stay]] = defaultdict(list)
    known = set()
    rows = SprintStay.objects.filter(item__team=team).order_by("added_at", "pk")
    for item_id, sprint_id, added_at, removed_at in rows.values_list("item_id", "sprint_id", "added_at", "removed_at"):
        known.add(item_id)
        # What is carried over leaves at the very moment at which its Sprint closes: of then, it was still in it.
        is_in_since = added_at < moment.at if moment.is_past else True
        if is_in_since and (removed_at is None or (moment.is_past and removed_at >= moment.at)):
            found[item_id].append(_Stay(sprint_id, added_at))
    without = Item.objects.filter(team=team, sprint__isnull=False).exclude(stays__isnull=False)
    for item_id, sprint_id in without.values_list("pk", "sprint_id"):
        if item_id not in known and sprint_id is not None:
            found[item_id].append(_Stay(sprint_id, None))
    return found


def _promises(team: Team, moment: Moment) -> Mapping[int, Promise]:
    serves = Serves.objects.filter(item__team=team, item__removed_at=None)
    # Thousands of links lead to a dozen Key Results: each is read once, not once a link.
    served = KeyResult.objects.filter(pk__in=serves.order_by().values("key_result_id"))
    key_results = {key_result.pk: key_result for key_result in served}
    rows = serves.select_related("bet__verdict").order_by(
        "key_result__objective__position", "key_result__position", "key_result_id", "id"
    )
    if moment.is_past:
        rows = rows.filter(at__lte=moment.at)
    found: dict[int, list[Serves]] = defaultdict(list)
    bets_at: dict[int, dt.datetime] = {}
    for row in rows:
        row.key_result = key_results[row.key_result_id] if row.key_result_id else None
        found[row.item_id].append(row)
        if hasattr(row, "bet"):
            bets_at[row.bet.pk] = row.bet.at
    promises = {item_id: promise_of(of_item) for item_id, of_item in found.items()}
    if not moment.is_past:
        return promises
    return {
        item_id: Promise(tuple(_as_known(line, bets_at, moment) for line in promise.serves))
        for item_id, promise in promises.items()
    }


def _as_known(line: ServesLine, bets_at: Mapping[int, dt.datetime], moment: Moment) -> ServesLine:
    """Leave out of a line the bet and the verdict that came after the moment."""
    if line.bet is None:
        return line
    if bets_at[line.bet.id] > moment.at:
        return replace(line, bet=None)
    if line.bet.verdict and line.bet.verdict.judged_on > moment.on:
        return replace(line, bet=replace(line.bet, verdict=None))
    return line


def _shelved(team: Team, moment: Moment) -> frozenset[int]:
    lying = Q(ended_at=None) | Q(ended_at__gt=moment.at)
    return frozenset(NotNow.objects.filter(lying, item__team=team, at__lte=moment.at).values_list("item_id", flat=True))


def _median_size(team: Team) -> float:
    sizes = Item.objects.active().filter(team=team, size__gt=0).order_by().values_list("size", flat=True)
    known = [size for size in sizes if size]
    return statistics.median(known) if known else 1.0


# Shaping


@dataclass(frozen=True)
class _Look:
    """What an item is seen by: whose it is, when we look, and what is known beside it."""

    team: Team
    moment: Moment
    sprints: Mapping[int, Sprint]
    stays: Mapping[int, Sequence[_Stay]]
    promises: Mapping[int, Promise]
    shelved: frozenset[int]


_NO_PROMISE = Promise()
_NOWHERE: frozenset[int] = frozenset()


def _item(row: _Row, look: _Look) -> WorkItem:
    moment = look.moment
    held = look.stays.get(row.pk, ())
    stay = next((stay for stay in reversed(held) if _is_open(look.sprints[stay.sprint_id], moment)), None)
    sprint = look.sprints[stay.sprint_id] if stay else None
    started_at = row.started_at if row.started_at and row.started_at <= moment.at else None
    # Since when something was blocked in the past is not known: only what is blocked now is told.
    is_blocked = not moment.is_past and row.blocked_since is not None and row.state != Category.DONE
    return WorkItem(
        id=row.pk,
        key=f"{look.team.key}-{row.number}",
        number=row.number,
        title=row.title,
        kind=row.kind,
        size=row.size,
        tracker_key=row.tracker_key,
        category=row.state,
        sprint=sprint.name if sprint else "",
        in_sprints=frozenset(stay.sprint_id for stay in held) if held else _NOWHERE,
        is_in_open_sprint=sprint is not None,
        is_in_running_sprint=sprint is not None and _runs(sprint, moment),
        added_to_sprint_at=stay.added_at if stay else None,
        day=_day(started_at, moment.on, look.team) if row.state == Category.DOING else None,
        blocked_days=(moment.on - row.blocked_since).days if is_blocked and row.blocked_since else None,
        blocked_because=row.blocked_because if is_blocked else "",
        created_at=row.created_at,
        started_at=started_at,
        done_at=row.ended_at if row.state == Category.DONE else None,
        is_shelved=row.pk in look.shelved,
        promise=look.promises.get(row.pk, _NO_PROMISE),
    )


def _is_open(sprint: Sprint, moment: Moment) -> bool:
    """Say whether a Sprint is a plan that is not over; a name without days (an import) is none."""
    return sprint.starts_on is not None and (sprint.closed_at is None or sprint.closed_at > moment.at)


def _runs(sprint: Sprint, moment: Moment) -> bool:
    """Say whether a Sprint ran; of one that nobody started here (an import) its days say it."""
    if not _is_open(sprint, moment):
        return False
    if sprint.started_at is not None:
        return sprint.started_at <= moment.at
    return bool(sprint.starts_on and sprint.ends_on and sprint.starts_on <= moment.on <= sprint.ends_on)


def _day(started_at: dt.datetime | None, on: dt.date, team: Team) -> int | None:
    if started_at is None:
        return None
    return max(1, team.calendar.count(timezone.localdate(started_at), on))
