"""The value sheet: the backlog seen as bets, in the Product Owner's order (load → engine → show)."""

import datetime as dt
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from django.db.models import Exists, F, OuterRef
from django.utils.translation import gettext as _

from headway.lib import clock
from headway.lib.days import Calendar
from headway.live.known import Aspect, remembered
from headway.people.access import allows
from headway.people.actor import Actor
from headway.people.models import Team
from headway.scrum.models import Item, Sprint
from headway.scrum.queries import current_sprint

from ..models import NotNow
from .effort import Pace, pace_of
from .pricing import (
    Aim,
    Loaded,
    PricedBet,
    Row,
    aimed_at,
    aims_at,
    currency_of,
    open_with_a_promise,
    promising_items,
    row_of,
    valued,
    without_kinds_below_the_last_bet,
)
from .promises import Linked, Promise, promises_for, share_linked
from .scale import Scale, scale_of
from .track_record import TeamRecord, track_record

Value = TypeVar("Value")


@dataclass(frozen=True)
class ShelfRow:
    """An item on the Not now shelf: why, who asked, and what each week without it costs (None: no price)."""

    not_now_id: int
    item_id: int
    number: int
    key: str
    title: str
    reason: str
    asked_by: str
    told_on: dt.date | None
    put_aside_at: dt.datetime
    serves: tuple[str, ...]
    kind: str
    bets: tuple[PricedBet, ...]
    price: float | None


@dataclass(frozen=True)
class Capacity:
    """What the next Sprint holds [weeks of work], and after how many rows that is used up."""

    sprint: str
    weeks: float
    reserve_weeks: float
    rows: int


@dataclass(frozen=True)
class Sheet:
    """The value sheet of a team. `currency` None: values are points, 100 = one Key Result's whole way."""

    team: Team
    rows: tuple[Row, ...]
    not_now: tuple[ShelfRow, ...]
    currency: str | None
    horizon_weeks: int
    value_present: float | None
    value_best: float | None
    capacity: Capacity | None
    pace: Pace
    scale: Scale | None
    linked: Linked
    in_sprint: int
    running_sprint: str
    running_sprint_id: int | None
    can_order: bool
    can_link: bool
    can_bet: bool
    record: TeamRecord
    is_raw: bool = False

    @property
    def waiting(self) -> float | None:
        """Value that another order would bring."""
        if self.value_present is None or self.value_best is None:
            return None
        return max(self.value_best - self.value_present, 0.0)

    @property
    def weeks(self) -> float | None:
        """Weeks of work in the sheet; None where a row's cannot be told."""
        known = [row.weeks for row in self.rows if row.weeks is not None]
        return sum(known) if known and len(known) == len(self.rows) else None

    @property
    def given_up(self) -> float | None:
        """What the shelf gives up each week; None where nothing on it has a price."""
        prices = [row.price for row in self.not_now if row.price is not None]
        return sum(prices) if prices else None

    @property
    def priced(self) -> tuple[Row, ...]:
        return tuple(row for row in self.rows if row.is_priced)

    def row(self, item_id: int) -> Row | None:
        return next((row for row in self.rows if row.item_id == item_id), None)


def value_sheet(team: Team, viewer: Actor, *, today: dt.date | None = None, raw: bool = False) -> Sheet:
    """Return the team's value sheet: everything not yet done that makes a promise or is work of a kind.

    Items of the running Sprint are on the board already and only counted. Of the items of a kind those below the last
    bet are left to the rest of the backlog. The engine sees only what has a price: promises as the team's track record
    reads them, or as they were made where `raw`. A constant number of queries.
    """
    today = today or clock.today()
    items = open_with_a_promise(team)
    running = _remembered(team, ("current sprint", today), lambda: current_sprint(team, today=today), Aspect.FRAME)
    shelved = _shelved(team)
    aimed = aimed_at(items.values())
    aims = _remembered(team, ("aims", aimed), lambda: aims_at(aimed), Aspect.FRAME)
    currency = currency_of(team, aims.values())
    pace = pace_of(team, today)
    record = track_record(team)
    correcting = None if raw else record
    rows = [
        row_of(loaded, aims, pace, currency, correcting)
        for loaded in items.values()
        if loaded.item.pk not in shelved and not (running and loaded.item.sprint_id == running.pk)
    ]
    rows = without_kinds_below_the_last_bet(rows)
    rows, present, best = valued(team, rows, aims)
    return Sheet(
        team=team,
        rows=tuple(rows),
        not_now=_shelf(team, shelved, items, aims, pace, currency, correcting),
        currency=currency,
        horizon_weeks=team.organisation.horizon_weeks,
        value_present=present,
        value_best=best,
        capacity=_capacity(team, running, rows, today),
        pace=pace,
        scale=scale_of([bet for row in rows for bet in row.bets]),
        linked=_remembered(team, ("share linked",), lambda: share_linked(team.pk), Aspect.OPEN),
        in_sprint=sum(1 for loaded in items.values() if running and loaded.item.sprint_id == running.pk),
        running_sprint=running.name if running else "",
        running_sprint_id=running.pk if running else None,
        can_order=allows(viewer, "order_backlog", team),
        can_link=allows(viewer, "link_item", team),
        can_bet=allows(viewer, "place_bet", team),
        record=record,
        is_raw=raw,
    )


def _remembered(
    team: Team, key: tuple[object, ...], make: Callable[[], Value], rests_on: Aspect | Collection[Aspect]
) -> Value:
    return remembered((*key, team.pk), make, organisation_id=team.organisation_id, rests_on=rests_on, team_id=team.pk)


def _shelved(team: Team) -> dict[int, tuple[NotNow, Item]]:
    """Return what of the open items lies on the shelf, by item, the oldest first. A query where it is not empty."""
    of_team = Exists(Item.objects.filter(pk=OuterRef("item_id"), team=team))
    lying = _remembered(team, ("shelf",), lambda: list(NotNow.objects.filter(of_team, ended_at=None)), Aspect.PROMISES)
    items = Item.objects.open().defer("description", "extra").in_bulk([row.item_id for row in lying]) if lying else {}
    return {row.item_id: (row, items[row.item_id]) for row in lying if row.item_id in items}


def rank_in_sheet(team: Team, item_id: int, *, today: dt.date | None = None) -> int | None:
    """Return the rank that the value sheet gives an item; None where it is not in it. Three queries at most."""
    promising = promising_items(team)
    if item_id not in promising.ids:
        return None
    running = current_sprint(team, today=today or clock.today())
    lying = NotNow.objects.filter(item__in=promising.ids, ended_at=None).values("item_id")
    items = Item.objects.open().filter(pk__in=promising.ids).exclude(pk__in=lying).in_order()
    order = list((items.exclude(sprint=running) if running else items).values_list("pk", flat=True))
    last = max((place for place, pk in enumerate(order) if pk in promising.with_bet), default=-1)
    place = order.index(item_id) if item_id in order else len(order)
    return place + 1 if place <= last else None


def _shelf(
    team: Team,
    shelved: Mapping[int, tuple[NotNow, Item]],
    items: Mapping[int, Loaded],
    aims: Mapping[int, Aim],
    pace: Pace,
    currency: str | None,
    record: TeamRecord | None,
) -> tuple[ShelfRow, ...]:
    """Return the shelf, dearest first, then by the day; what has no price last."""
    unpromised = promises_for([item_id for item_id in shelved if item_id not in items])
    rows = [row_of(items[item_id], aims, pace, currency, record) for item_id in shelved if item_id in items]
    priced = {row.item_id: row for row in valued(team, rows, aims)[0]}
    found = []
    for item_id, (lying, item) in shelved.items():
        row = priced.get(item_id)
        promise = unpromised.get(item_id, Promise())
        found.append(
            ShelfRow(
                not_now_id=lying.pk,
                item_id=item_id,
                number=item.number,
                key=f"{team.key}-{item.number}",
                title=item.title,
                reason=lying.reason,
                asked_by=lying.asked_by,
                told_on=lying.told_on,
                put_aside_at=lying.at,
                serves=row.serves if row else tuple(line.name for line in promise.key_results),
                kind=row.kind.name if row and row.kind else promise.kind.name if promise.kind else "",
                bets=row.bets if row else (),
                price=row.cost_of_waiting if row else None,
            )
        )
    return tuple(sorted(found, key=lambda row: (row.price is None, -(row.price or 0.0), row.put_aside_at)))


def _capacity(team: Team, running: Sprint | None, rows: Sequence[Row], today: dt.date) -> Capacity | None:
    """Return what the next Sprint holds; None where the weeks of work are not known."""
    if not rows or any(row.weeks is None for row in rows):
        return None
    sprint = _remembered(team, ("next sprint", today), lambda: _following(team, running, today), Aspect.FRAME)
    days = team.sprint_days
    if sprint and sprint.starts_on and sprint.ends_on:
        days = (sprint.ends_on - sprint.starts_on).days + 1
    if sprint:
        name = sprint.name
    elif running:
        name = _("Sprint %(number)s") % {"number": running.number + 1}
    else:
        name = _("The next Sprint")
    weeks = days / 7
    if sprint and sprint.starts_on and sprint.ends_on and team.days_off:
        usual = Calendar(team.calendar.working).count(sprint.starts_on, sprint.ends_on)
        weeks *= team.calendar.count(sprint.starts_on, sprint.ends_on) / usual if usual else 1.0
    held = weeks * (1 - team.reserve)
    used, fitting = 0.0, 0
    for row in rows:
        used += row.weeks or 0.0
        if used > held + 1e-9:
            break
        fitting += 1
    return Capacity(sprint=name, weeks=held, reserve_weeks=weeks - held, rows=fitting)


def _following(team: Team, running: Sprint | None, today: dt.date) -> Sprint | None:
    coming = Sprint.objects.filter(team=team, started_at=None, closed_at=None).exclude(ends_on__lt=today)
    if running:
        coming = coming.exclude(pk=running.pk)
    return coming.order_by(F("starts_on").asc(nulls_last=True), "number").first()
