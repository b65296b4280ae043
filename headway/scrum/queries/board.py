"""The board: columns with their cards."""

import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple, TypeVar

from django.db.models import Count, F, Q, Sum
from django.utils import timezone

from headway.lib import clock
from headway.lib.prepared import Prepared
from headway.live.known import Aspect, remembered
from headway.people.actor import Actor
from headway.people.models import Person, Team

from ..models import Category, Column, Item, Sprint
from .ahead import ageing_alarm

Value = TypeVar("Value")

CARDS_A_LANE = 60


@dataclass(frozen=True)
class Face:
    """Somebody who holds an item."""

    person_id: int
    name: str
    initials: str


@dataclass(frozen=True)
class Card:
    """An item on the board. `days` are working days since work began, the first day counted."""

    id: int
    number: int
    key: str
    title: str
    kind: str
    size: float | None
    category: str
    column_id: int
    days: int | None
    is_ageing: bool
    blocked_because: str
    blocked_days: int | None
    faces: tuple[Face, ...]
    done_on: dt.date | None
    due_on: dt.date | None
    is_missing: bool

    @property
    def is_blocked(self) -> bool:
        return self.blocked_days is not None


@dataclass(frozen=True)
class Lane:
    """A column with its cards; `count` and `size` are of all its items, also of those that are not shown."""

    id: int
    name: str
    category: str
    limit: int | None
    cards: tuple[Card, ...]
    count: int
    size: float

    @property
    def hidden(self) -> int:
        return self.count - len(self.cards)

    @property
    def is_full(self) -> bool:
        return self.limit is not None and self.count >= self.limit

    @property
    def is_over(self) -> bool:
        return self.limit is not None and self.count > self.limit


@dataclass(frozen=True)
class SprintHead:
    """A Sprint in one line. `day` of `days` are working days; `day` is None outside the Sprint."""

    id: int
    number: int
    name: str
    goal: str
    starts_on: dt.date | None
    ends_on: dt.date | None
    is_started: bool
    is_closed: bool
    day: int | None
    days: int | None


@dataclass(frozen=True)
class Board:
    """Counts and sizes are by category, over the whole board."""

    sprint: SprintHead | None
    lanes: tuple[Lane, ...]
    counts: Mapping[str, int]
    sizes: Mapping[str, float]

    @property
    def total(self) -> int:
        return sum(self.counts.values())

    @property
    def delivered(self) -> float | None:
        """Share of the work that is done, 0–1: by size where all of it is sized, else by count; None without work."""
        whole = sum(self.sizes.values())
        if whole:
            return self.sizes[Category.DONE] / whole
        return self.counts[Category.DONE] / self.total if self.total else None


def current_sprint(team: Team, *, today: dt.date | None = None) -> Sprint | None:
    """Return the Sprint that runs; of one that nobody started here (an import), the one whose days cover today."""
    today = today or clock.today()
    open_sprints = Sprint.objects.filter(team=team, closed_at=None).order_by("-number")
    covering = Q(started_at=None, starts_on__lte=today, ends_on__gte=today)
    found = list(open_sprints.filter(covering | Q(started_at__isnull=False)))
    return next((sprint for sprint in found if sprint.started_at), found[0] if found else None)


def board_for(team: Team, sprint: Sprint | None, viewer: Actor) -> Board:
    """Return the board of a Sprint (four queries), or, without one, of everything.

    A lane shows its first 60 cards (of those done the last 60); the rest is counted.
    """
    lanes = lanes_of(team, sprint, viewer)
    counts = dict.fromkeys(Category.values, 0)
    sizes = dict.fromkeys(Category.values, 0.0)
    for lane in lanes:
        counts[lane.category] += lane.count
        sizes[lane.category] += lane.size
    return Board(sprint=sprint_head(sprint, team) if sprint else None, lanes=lanes, counts=counts, sizes=sizes)


def lanes_of(
    team: Team, sprint: Sprint | None, viewer: Actor, *, only: Collection[int] | None = None
) -> tuple[Lane, ...]:
    """Return the lanes of a board, or `only` those of these columns. Four queries, and one a column without Sprint."""
    if team.organisation_id != viewer.organisation_id:
        return ()
    columns: Sequence[Column] = columns_of(team)
    if only is not None:
        columns = [column for column in columns if column.pk in only]
    shown, totals = _of_sprint(sprint, columns) if sprint is not None else _of_team(team, columns)
    ids = tuple(sorted(item.pk for items in shown.values() for item in items))
    faces = _remembered(team, ("faces", ids), partial(faces_of, ids), Aspect.HOLDERS)
    alarm = ageing_alarm(team)
    today = clock.today()
    return tuple(
        Lane(
            id=column.pk,
            name=column.name,
            category=column.category,
            limit=column.limit,
            cards=tuple(
                _card(item, team, faces.get(item.pk, ()), today=today, alarm=alarm) for item in shown[column.pk]
            ),
            count=totals[column.pk][0],
            size=totals[column.pk][1],
        )
        for column in columns
    )


def columns_of(team: Team) -> tuple[Column, ...]:
    """Return the columns of a team in order, for reading only. One query, where they are not remembered."""
    return _remembered(team, ("columns", team.pk), lambda: tuple(Column.objects.filter(team=team.pk)), Aspect.FRAME)


def _remembered(team: Team, key: tuple[object, ...], make: Callable[[], Value], aspect: Aspect) -> Value:
    return remembered(key, make, organisation_id=team.organisation_id, rests_on=aspect, team_id=team.pk)


def sprint_head(sprint: Sprint, team: Team, *, today: dt.date | None = None) -> SprintHead:
    today = today or clock.today()
    day = days = None
    if sprint.starts_on and sprint.ends_on:
        days = team.calendar.count(sprint.starts_on, sprint.ends_on)
        if sprint.starts_on <= today <= sprint.ends_on:
            day = max(1, team.calendar.count(sprint.starts_on, today))
    return SprintHead(
        id=sprint.pk,
        number=sprint.number,
        name=sprint.name,
        goal=sprint.goal,
        starts_on=sprint.starts_on,
        ends_on=sprint.ends_on,
        is_started=sprint.started_at is not None,
        is_closed=sprint.closed_at is not None,
        day=day,
        days=days,
    )


def faces_of(item_ids: Collection[int]) -> dict[int, tuple[Face, ...]]:
    """Return who holds each item, by name. One query."""
    found: dict[int, list[Face]] = defaultdict(list)
    people = Person.objects.filter(items__in=item_ids).annotate(item_id=F("items__pk")).order_by("name")
    for person in people:
        found[person.item_id].append(Face(person.pk, person.name, person.initials))
    return {item_id: tuple(faces) for item_id, faces in found.items()}


class _Row(NamedTuple):
    """What a card needs of its item: reading sixty whole items takes longer than drawing them."""

    pk: int
    number: int
    title: str
    kind: str
    size: float | None
    category: str
    column_id: int
    started_at: dt.datetime | None
    done_at: dt.datetime | None
    created_at: dt.datetime
    blocked_since: dt.date | None
    blocked_because: str
    due_on: dt.date | None
    missing_since: dt.datetime | None


# Not by team as well: the Sprint says it, and a database that looks by team reads the whole backlog.
_OF_SPRINT = Prepared(
    lambda sprint: Item.objects.active().filter(sprint=sprint).in_order().values_list(*_Row._fields), int
)

Shown = dict[int, list[_Row]]
Totals = dict[int, tuple[int, float]]


def _of_sprint(sprint: Sprint, columns: Sequence[Column]) -> tuple[Shown, Totals]:
    """Return the cards of each column and what all of it is, of one Sprint. One query."""
    items: Shown = {column.pk: [] for column in columns}
    for item in map(_Row._make, _OF_SPRINT.all(sprint.pk)):
        if item.column_id in items:
            items[item.column_id].append(item)
    for column in columns:
        if column.category == Category.DONE:
            items[column.pk].sort(key=lambda item: (item.done_at or item.created_at, item.pk), reverse=True)
    totals = {column: (len(rows), sum(item.size or 0.0 for item in rows)) for column, rows in items.items()}
    return {column: rows[:CARDS_A_LANE] for column, rows in items.items()}, totals


def _of_team(team: Team, columns: Sequence[Column]) -> tuple[Shown, Totals]:
    """Return the first cards of each column and what all of it is, of everything. One query, and one a column."""
    held = Item.objects.active().filter(column__in=columns)
    counted = held.values_list("column").annotate(count=Count("pk"), size=Sum("size")).order_by()
    totals: Totals = {column.pk: (0, 0.0) for column in columns}
    totals |= {column: (count, size or 0.0) for column, count, size in counted}
    shown: Shown = {}
    for column in columns:
        items = Item.objects.active().filter(team=team, category=column.category, column=column)
        newest = items.order_by(F("done_at").desc(nulls_last=True), "-pk")
        ordered = newest if column.category == Category.DONE else items.in_order()
        shown[column.pk] = [_Row._make(row) for row in ordered.values_list(*_Row._fields)[:CARDS_A_LANE]]
    return shown, totals


def _card(item: _Row, team: Team, faces: tuple[Face, ...], *, today: dt.date, alarm: int | None) -> Card:
    days = None
    if item.started_at is not None and item.category == Category.DOING:
        days = max(1, team.calendar.count(timezone.localdate(item.started_at), today))
    blocked = item.blocked_since if item.category != Category.DONE else None
    return Card(
        id=item.pk,
        number=item.number,
        key=f"{team.key}-{item.number}",
        title=item.title,
        kind=item.kind,
        size=item.size,
        category=item.category,
        column_id=item.column_id,
        days=days,
        is_ageing=alarm is not None and days is not None and days > alarm,
        blocked_because=item.blocked_because if blocked else "",
        blocked_days=(today - blocked).days if blocked else None,
        faces=faces,
        done_on=timezone.localdate(item.done_at) if item.done_at and item.category == Category.DONE else None,
        due_on=item.due_on,
        is_missing=item.missing_since is not None,
    )
