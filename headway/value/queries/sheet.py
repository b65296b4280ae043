"""The value sheet: the backlog seen as bets, in the Product Owner's order (load → engine → show)."""

import datetime as dt
from collections.abc import Callable, Collection, Container, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from django.db.models import Exists, OuterRef

from headway.lib import clock
from headway.live.known import Aspect, remembered
from headway.people.access import allows
from headway.people.actor import Actor
from headway.people.models import Team
from headway.scrum.models import Item, Sprint
from headway.scrum.queries import current_sprint

from ..models import NotNow
from .binding import Bound, bound, bound_items
from .effort import Pace, history_of, pace_of
from .plan import OrderFigures, Plan
from .planning import Binding, Coming, coming_sprints, plan_of
from .pricing import (
    PricedBet,
    Row,
    aimed_at,
    aims_at,
    currency_of,
    open_with_a_promise,
    price_a_week,
    promising_items,
    row_of,
    tie,
    valued,
    with_standing,
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
class SprintLine:
    """How far down a coming Sprint reaches: `rows` fit by their expected work, of those before it too.

    `low`, `middle`, `high`: how many are done by its end, 10th, 50th and 90th percentile.
    """

    sprint: str
    ends_on: dt.date
    rows: int
    low: int
    middle: int
    high: int


@dataclass(frozen=True)
class Capacity:
    """What the next Sprint holds [weeks of work], and after how many rows that is used up; `lines` for three."""

    sprint: str
    weeks: float
    reserve_weeks: float
    rows: int
    lines: tuple[SprintLine, ...] = ()


@dataclass(frozen=True)
class Sheet:
    """The value sheet of a team. `currency` None: values are points, 100 = one Key Result's whole way.

    `plan` answers for any order; None where weeks of work are not known. `figures` are those of the order shown, which
    is not the present one where `is_tried`.
    """

    team: Team
    rows: tuple[Row, ...]
    not_now: tuple[ShelfRow, ...]
    currency: str | None
    horizon_weeks: int
    plan: Plan | None
    figures: OrderFigures | None
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
    is_tried: bool = False

    @property
    def can_try(self) -> bool:
        """Say whether the viewer tries orders on the sheet; to save one is the Product Owner's."""
        return self.can_order or self.can_bet

    @property
    def order(self) -> tuple[int, ...]:
        """The numbers of the rows as they are shown."""
        return tuple(row.number for row in self.rows)

    def column(self, name: str) -> Mapping[int, tuple[float, int]]:
        """Return a column that teams know, "cd3" or "rice", by number: figure and place, equal ones as they stand."""
        if self.plan is None:
            return {}
        figures = self.plan.column(name)
        ordered = sorted(figures, key=lambda number: -figures[number])
        return {number: (figures[number], place) for place, number in enumerate(ordered, start=1)}

    @property
    def value_present(self) -> float | None:
        """What the work in the present order is worth; None where nothing of it has a price in weeks."""
        return self.plan.now.value if self.plan and self.plan.bets else None

    @property
    def value_shown(self) -> float | None:
        """What the work in the order shown is worth."""
        return self.figures.value if self.figures and self.plan and self.plan.bets else None

    @property
    def value_best(self) -> float | None:
        """What the best order found is worth. Looks for it where nobody has."""
        return self.plan.best.value if self.plan and self.plan.bets else None

    @property
    def is_best_at_hand(self) -> bool:
        """Say whether the best order is known or found in a moment; else it is asked for after the page."""
        return self.plan is None or self.plan.is_quick

    @property
    def waiting(self) -> float | None:
        """Value that another order would bring."""
        return self.plan.gain if self.plan and self.plan.bets else None

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


def value_sheet(
    team: Team,
    viewer: Actor,
    *,
    today: dt.date | None = None,
    raw: bool = False,
    order: Sequence[int] | None = None,
) -> Sheet:
    """Return the team's value sheet: everything not yet done that makes a promise or is work of a kind.

    Items of the running Sprint are on the board already and only counted. Of the items of a kind those below the last
    bet are left to the rest of the backlog. The engine sees promises as the team's track record reads them, or as they
    were made where `raw`. With `order`, numbers of all its items, it is shown as if they stood so; ValueError where
    that is no order of them. A constant number of queries.
    """
    today = today or clock.today()
    read = _remembered(team, ("sheet", today, raw), lambda: _read(team, today, raw=raw), Aspect.WORK)
    rows = list(read.rows) if order is None else _in_order(read.rows, order)
    figures = None
    if read.plan is not None:
        figures = read.plan.now if order is None else read.plan.of(order)
        rows = _with_figures(rows, figures)
    return Sheet(
        team=team,
        rows=tuple(rows),
        not_now=read.not_now,
        currency=read.currency,
        horizon_weeks=team.organisation.horizon_weeks,
        plan=read.plan,
        figures=figures,
        capacity=_capacity(read.plan, figures, rows, read.coming),
        pace=read.pace,
        scale=scale_of([bet for row in rows for bet in row.bets]),
        linked=_remembered(team, ("share linked",), lambda: share_linked(team.pk), Aspect.OPEN),
        in_sprint=read.in_sprint,
        running_sprint=read.running.name if read.running else "",
        running_sprint_id=read.running.pk if read.running else None,
        can_order=allows(viewer, "order_backlog", team),
        can_link=allows(viewer, "link_item", team),
        can_bet=allows(viewer, "place_bet", team),
        record=read.record,
        is_raw=raw,
        is_tried=order is not None,
    )


@dataclass(frozen=True)
class _Read:
    """All of a sheet that hangs on no viewer, and on no order that is tried: rows as they are, without its figures."""

    rows: tuple[Row, ...]
    not_now: tuple[ShelfRow, ...]
    plan: Plan | None
    coming: Coming
    currency: str | None
    pace: Pace
    record: TeamRecord
    running: Sprint | None
    in_sprint: int


def _read(team: Team, today: dt.date, *, raw: bool) -> _Read:
    items = open_with_a_promise(team)
    running = _remembered(team, ("current sprint", today), lambda: current_sprint(team, today=today), Aspect.FRAME)
    shelved = _shelved(team)
    aimed = aimed_at(items.values())
    aims = _remembered(team, ("aims", aimed), lambda: aims_at(aimed), Aspect.FRAME)
    currency = currency_of(team, aims.values())
    history = history_of(team, today)
    pace = pace_of(team, today, history)
    record = track_record(team)
    coming = _remembered(team, ("coming", today), lambda: coming_sprints(team, running, today), Aspect.FRAME)
    horizon, corrects = team.organisation.horizon_weeks, None if raw else record
    priced = valued(
        [row_of(loaded, aims, pace, currency, corrects) for loaded in items.values()],
        horizon_weeks=horizon,
        sprint_weeks=coming.sprint_weeks,
    )
    every = {row.item_id: row for row in priced}
    taken_on = [every[item_id] for item_id, loaded in items.items() if running and loaded.item.sprint_id == running.pk]
    taken = {row.item_id for row in taken_on}
    binding = bound(team)
    rows = without_kinds_below_the_last_bet(
        [row for item_id, row in every.items() if item_id not in shelved and item_id not in taken], bound_items(team)
    )
    plan = plan_of(
        team,
        rows,
        shelved=[every[item_id] for item_id in shelved if item_id in every],
        taken_on=taken_on,
        aims=aims,
        coming=coming,
        weekly=history.weekly,
        binding=_by_number(binding, every),
    )
    rows = _with_binding(rows, binding, {every[pk].number for pk in shelved if pk in every}, every, plan)
    return _Read(
        rows=tuple(rows),
        not_now=_shelf(team, shelved, every, horizon),
        plan=plan,
        coming=coming,
        currency=currency,
        pace=pace,
        record=record,
        running=running,
        in_sprint=len(taken_on),
    )


def _in_order(rows: Sequence[Row], order: Sequence[int]) -> list[Row]:
    by_number = {row.number: row for row in rows}
    if len(order) != len(by_number) or set(order) != by_number.keys():
        raise ValueError("order must name the items of the sheet, each once")
    return [replace(by_number[number], rank=rank) for rank, number in enumerate(order, start=1)]


def _by_number(binding: Bound, every: Mapping[int, Row]) -> Binding:
    return Binding(
        tuple((every[one].number, every[needs].number) for one, needs in binding.needs if {one, needs} <= every.keys()),
        tuple((every[one].number, must.by_on) for one, must in binding.musts.items() if one in every),
    )


def _with_binding(
    rows: Sequence[Row], binding: Bound, shelved: Container[int], every: Mapping[int, Row], plan: Plan | None
) -> list[Row]:
    """Give the rows what binds them: what they need of the sheet and of the shelf, and by when they have to be done."""
    here = {row.number for row in rows}
    needs: dict[int, list[int]] = {}
    for one, other in binding.needs:
        if other in every:
            needs.setdefault(one, []).append(every[other].number)
    impossible = plan.impossible if plan else frozenset()
    found = []
    for row in rows:
        must = binding.musts.get(row.item_id)
        if must is not None:
            must = replace(must, is_kept=row.number not in impossible)
        wanted = sorted(needs.get(row.item_id, ()))
        found.append(
            replace(
                row,
                needs=tuple(one for one in wanted if one in here),
                shelved_needs=tuple(one for one in wanted if one in shelved),
                must=must,
            )
            if must or wanted
            else row
        )
    return found


def _with_figures(rows: Sequence[Row], figures: OrderFigures) -> list[Row]:
    found = [with_standing(row, figures.standing[row.number]) for row in rows]
    for at, row in enumerate(found):
        if row.must and row.number in figures.too_late:
            found[at] = replace(row, must=replace(row.must, is_late=True))
    place = {row.number: at for at, row in enumerate(found)}
    for number, group in enumerate(figures.ties, start=1):
        tie(found, [place[one] for one in group], number)
    return found


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
    """Return the rank that the value sheet gives an item; None where it is not in it. Seven queries at most."""
    promising = promising_items(team)
    if item_id not in promising.ids:
        return None
    running = current_sprint(team, today=today or clock.today())
    lying = NotNow.objects.filter(item__in=promising.ids, ended_at=None).values("item_id")
    items = Item.objects.open().filter(pk__in=promising.ids).exclude(pk__in=lying).in_order()
    order = list((items.exclude(sprint=running) if running else items).values_list("pk", flat=True))
    last = max((place for place, pk in enumerate(order) if pk in promising.held), default=-1)
    place = order.index(item_id) if item_id in order else len(order)
    return place + 1 if place <= last else None


def _shelf(
    team: Team, shelved: Mapping[int, tuple[NotNow, Item]], every: Mapping[int, Row], horizon_weeks: float
) -> tuple[ShelfRow, ...]:
    """Return the shelf, dearest first, then by the day; what has no price last."""
    unpromised = promises_for([item_id for item_id in shelved if item_id not in every])
    found = []
    for item_id, (lying, item) in shelved.items():
        row = every.get(item_id)
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
                price=price_a_week(row, horizon_weeks) if row else None,
            )
        )
    return tuple(sorted(found, key=lambda row: (row.price is None, -(row.price or 0.0), row.put_aside_at)))


def _capacity(plan: Plan | None, figures: OrderFigures | None, rows: Sequence[Row], coming: Coming) -> Capacity | None:
    """Return what the next Sprints hold and how far down they reach; None where the weeks of work are not known."""
    if plan is None or figures is None:
        return None
    held, lines = 0.0, []
    for n, (low, middle, high) in enumerate(figures.reach):
        held += coming.held[min(n, len(coming.held) - 1)]
        lines.append(SprintLine(coming.names[n], coming.ends_on(n), _fitting(rows, held), low, middle, high))
    return Capacity(
        sprint=coming.names[0],
        weeks=coming.held[0],
        reserve_weeks=coming.reserve_weeks,
        rows=lines[0].rows,
        lines=tuple(lines),
    )


def _fitting(rows: Sequence[Row], held: float) -> int:
    """Return how many rows, from the first, are expected to fit."""
    used = 0.0
    for fitting, row in enumerate(rows):
        used += row.weeks or 0.0
        if used > held + 1e-9:
            return fitting
    return len(rows)
