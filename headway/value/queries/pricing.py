"""What each promise is worth by itself: rows of the value sheet, priced by the engine (load → engine → show)."""

import datetime as dt
import math
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple

from django.db.models import OuterRef, Subquery
from django.utils.translation import gettext as _

from headway.engine import portfolio as engine
from headway.engine.track_record import Corrected
from headway.live.known import Aspect, remembered
from headway.okr.models import KeyResult, Measurement
from headway.people.models import Team
from headway.scrum.models import Category, Item

from ..models import Bet, Serves
from .binding import MustLine, bound_items
from .effort import Pace
from .plan import Standing
from .promises import BetLine, bet_line
from .track_record import TeamRecord

POINTS = 100.0
"""What closing the whole way of a Key Result counts where worth is not money."""
SHORTEST_WAY = 1e-9
"""From and to that are nearer than this are the same: there is no way that a movement could be a share of."""


@dataclass(frozen=True)
class PricedBet:
    """A promise of one item to one Key Result, with what follows from it.

    `expected` is the movement to expect, chance × mean of the range, in the Key Result's unit; `gap` what is left to
    its target. Both, and `worth`, are None where it has no price; `no_price_because` says why. `corrected` is the
    promise as the team's track record reads it, None where that changes nothing; what follows comes of `counted`.
    """

    promise: BetLine
    key_result_id: int
    name: str
    title: str
    unit: str
    expected: float | None = None
    gap: float | None = None
    span: float | None = None
    worth: float | None = None
    no_price_because: str = ""
    corrected: Corrected | None = None

    @property
    def counted(self) -> BetLine | Corrected:
        """The range and the chance that it is priced by."""
        return self.corrected or self.promise


@dataclass(frozen=True)
class KindLine:
    """A kind of work with its reason, in place of a range."""

    kind: str
    name: str
    reason: str
    due_on: dt.date | None


@dataclass(frozen=True)
class Row:
    """One item of the sheet. Value in the sheet's unit; what cannot be computed is None.

    `value` is what it brings alone and landed today, `adds` what it brings where it stands, `cost_of_waiting` what is
    lost there if it comes a Sprint later, `pays` the chance that it brings anything, `lands` the weeks until it is
    done, 10th, 50th and 90th percentile. `rank` counts the rows of the sheet from 1. `tie` numbers the group of those
    that cannot be told apart; `needs` are items of the sheet that it needs first, `shelved_needs` such as lie on the
    shelf; `tie_place` is "first", "middle" or "last" in it, or "through" for a row that only stands
    in between.
    """

    item_id: int
    number: int
    key: str
    title: str
    category: str
    size: float | None
    is_missing: bool
    rank: int
    bets: tuple[PricedBet, ...]
    serves: tuple[str, ...]
    kind: KindLine | None
    weeks: float | None = None
    value: float | None = None
    value_per_week: float | None = None
    cost_of_waiting: float | None = None
    adds: float | None = None
    pays: float | None = None
    lands: tuple[float, float, float] | None = None
    needs: tuple[int, ...] = ()
    shelved_needs: tuple[int, ...] = ()
    must: MustLine | None = None
    tie: int | None = None
    tie_place: str = ""
    tie_with: tuple[str, ...] = ()

    @property
    def is_priced(self) -> bool:
        return self.value is not None


class OpenItem(NamedTuple):
    """What the value sheet needs of an item."""

    pk: int
    number: int
    title: str
    category: str
    size: float | None
    due_on: dt.date | None
    sprint_id: int | None
    missing_since: dt.datetime | None


@dataclass
class Loaded:
    """An item with all that it serves."""

    item: Item | OpenItem
    serves: list[Serves]


@dataclass(frozen=True)
class Promising:
    """The items of a team, open or not, with a bet or a kind, or bound by something; `held` has no mere kinds."""

    ids: frozenset[int]
    held: frozenset[int]


def promising_items(team: Team) -> Promising:
    """Return what of a team makes a promise. Four queries, where it is not remembered."""

    def read() -> Promising:
        with_bet = frozenset(Bet.objects.filter(serves__item__team=team).values_list("serves__item_id", flat=True))
        of_a_kind = Serves.objects.filter(key_result=None, item__team=team).values_list("item_id", flat=True)
        held = with_bet | bound_items(team)
        return Promising(held | frozenset(of_a_kind), held)

    return remembered(
        ("promising", team.pk),
        read,
        organisation_id=team.organisation_id,
        rests_on=Aspect.PROMISES,
        team_id=team.pk,
    )


def open_with_a_promise(team: Team) -> dict[int, Loaded]:
    """Return the open items that have a bet or a kind, in order, with their links.

    One query, and three where the links are not remembered.
    """
    links = remembered(
        ("links", team.pk),
        lambda: _links_of_open(team),
        organisation_id=team.organisation_id,
        rests_on=(Aspect.PROMISES, Aspect.OPEN),
        team_id=team.pk,
    )
    rows = Item.objects.open().filter(pk__in=list(links)).in_order().values_list(*OpenItem._fields) if links else []
    return {row[0]: Loaded(OpenItem._make(row), links[row[0]]) for row in rows}


def _links_of_open(team: Team) -> dict[int, list[Serves]]:
    rows = (
        Serves.objects.filter(item__in=promising_items(team).ids, item__removed_at=None)
        .exclude(item__category=Category.DONE)
        .select_related("bet__verdict", "key_result")
        .order_by("item_id", "key_result__objective__position", "key_result__position", "id")
    )
    links: dict[int, list[Serves]] = {item_id: [] for item_id in bound_items(team)}
    for row in rows:
        links.setdefault(row.item_id, []).append(row)
    return links


@dataclass(frozen=True)
class Aim:
    """A Key Result as the engine sees it: what is left, the whole way, and its place in a stable order."""

    place: int
    key_result: KeyResult
    gap: float | None
    span: float | None
    no_price_because: str


def aims_of(items: Iterable[Loaded]) -> dict[int, Aim]:
    """Return the Key Results that bets aim at, with where they stand now. One query."""
    return aims_at(aimed_at(items))


def aimed_at(items: Iterable[Loaded]) -> frozenset[int]:
    """Return the ids of the Key Results that bets aim at."""
    links = (row for loaded in items for row in loaded.serves)
    return frozenset(row.key_result_id for row in links if row.key_result_id and hasattr(row, "bet"))


def aims_at(ids: frozenset[int]) -> dict[int, Aim]:
    """Return these Key Results with where they stand now. One query."""
    latest = Measurement.objects.current().filter(key_result=OuterRef("pk")).order_by("-measured_on", "-id")
    found = (
        KeyResult.objects.filter(pk__in=ids)
        .select_related("objective")
        .annotate(now=Subquery(latest.values("value")[:1]))
        .order_by("objective__position", "objective_id", "position", "pk")
    )
    return {row.pk: _aim(place, row) for place, row in enumerate(found)}


def _aim(place: int, key_result: KeyResult) -> Aim:
    baseline, target = key_result.baseline, key_result.target
    if key_result.archived_at or key_result.objective.archived_at:
        return Aim(place, key_result, None, None, _("“%(name)s” was put away.") % {"name": key_result.short_name})
    if baseline is None or target is None or abs(target - baseline) < SHORTEST_WAY:
        return Aim(
            place, key_result, None, None, _("“%(name)s” has no from and to yet.") % {"name": key_result.short_name}
        )
    now = getattr(key_result, "now", None)
    towards_better = 1.0 if target > baseline else -1.0
    left = (target - (baseline if now is None else now)) * towards_better
    return Aim(place, key_result, max(left, 0.0), abs(target - baseline), "")


def currency_of(team: Team, aims: Iterable[Aim]) -> str | None:
    """Return the currency where every Key Result that counts has a worth in money, else None: points."""
    worths = [aim.key_result.worth for aim in aims if aim.gap is not None]
    return team.organisation.currency if worths and all(worth is not None for worth in worths) else None


def row_of(
    loaded: Loaded, aims: Mapping[int, Aim], pace: Pace, currency: str | None, record: TeamRecord | None = None
) -> Row:
    """Return an item's row, its bets as the track record reads them; without one as they were promised."""
    item = loaded.item
    return Row(
        item_id=item.pk,
        number=item.number,
        key=f"{pace.team_key}-{item.number}",
        title=item.title,
        category=item.category,
        size=item.size,
        is_missing=item.missing_since is not None,
        rank=0,
        bets=_bets(loaded, aims, currency, record),
        serves=_names(loaded),
        kind=_kind(loaded),
        weeks=pace.weeks_of(item.size),
    )


def _bets(
    loaded: Loaded, aims: Mapping[int, Aim], currency: str | None, record: TeamRecord | None
) -> tuple[PricedBet, ...]:
    rows = [row for row in loaded.serves if row.key_result_id is not None and hasattr(row, "bet")]
    return tuple(_priced(row, aims[row.key_result_id], currency, record) for row in rows if row.key_result_id)


def _priced(row: Serves, aim: Aim, currency: str | None, record: TeamRecord | None) -> PricedBet:
    promise = bet_line(row)
    key_result = aim.key_result
    bet = PricedBet(
        promise=promise,
        key_result_id=key_result.pk,
        name=key_result.short_name,
        title=key_result.title,
        unit=key_result.unit,
        span=aim.span,
        no_price_because=aim.no_price_because,
        # What is judged is no promise any more.
        corrected=record.corrected(key_result, row.bet) if record and not promise.verdict else None,
    )
    if aim.gap is None:
        return bet
    counted = bet.counted
    mean = float(engine.bet_mean(counted.low, counted.likely, counted.high))
    return replace(bet, expected=counted.chance * mean, gap=aim.gap, worth=_worth(key_result, currency))


def _worth(key_result: KeyResult, currency: str | None) -> float:
    return key_result.worth or 0.0 if currency else POINTS


def _names(loaded: Loaded) -> tuple[str, ...]:
    return tuple(row.key_result.short_name for row in loaded.serves if row.key_result)


def _kind(loaded: Loaded) -> KindLine | None:
    row = next((row for row in loaded.serves if row.kind), None)
    if row is None:
        return None
    return KindLine(kind=row.kind, name=str(row.get_kind_display()), reason=row.reason, due_on=loaded.item.due_on)


def without_kinds_below_the_last_bet(rows: list[Row], held: Container[int]) -> list[Row]:
    last = max((place for place, row in enumerate(rows) if row.bets or row.item_id in held), default=-1)
    return [replace(row, rank=place) for place, row in enumerate(rows[: last + 1], start=1)]


def valued(rows: list[Row], *, horizon_weeks: float, sprint_weeks: float) -> list[Row]:
    """Give the rows what each brings alone and landed today, per week of work, and loses by waiting a Sprint."""
    return [_valued(row, horizon_weeks, sprint_weeks) for row in rows]


def _valued(row: Row, horizon_weeks: float, sprint_weeks: float) -> Row:
    parts = [
        float(engine.value_of(bet.expected or 0.0, worth=bet.worth or 0.0, gap=bet.gap, span=bet.span))
        for bet in row.bets
        if bet.gap is not None and bet.span
    ]
    if not parts:
        return row
    value = math.fsum(parts)
    if row.weeks is None:
        return replace(row, value=value)
    return replace(
        row,
        value=value,
        value_per_week=value / row.weeks,
        cost_of_waiting=lost_by_waiting(value, row.weeks, horizon_weeks=horizon_weeks, by_weeks=sprint_weeks),
    )


def lost_by_waiting(value: float, weeks: float, *, horizon_weeks: float, by_weeks: float) -> float:
    """Return what an item loses that alone is begun so many weeks later: its value counts for the horizon left."""
    return value * min(max(horizon_weeks - weeks, 0.0), by_weeks) / horizon_weeks


def price_a_week(row: Row, horizon_weeks: float) -> float | None:
    """Return what each week without an item gives up, alone; None where it has no price."""
    if row.value is None or row.weeks is None:
        return None
    return lost_by_waiting(row.value, row.weeks, horizon_weeks=horizon_weeks, by_weeks=1.0)


def with_standing(row: Row, standing: Standing) -> Row:
    """Return a row with what it does where it stands; only what has a price brings anything."""
    lands = replace(row, lands=standing.lands)
    if row.value is None:
        return lands
    return replace(lands, adds=standing.adds, cost_of_waiting=standing.waiting, pays=standing.pays)


def tie(rows: list[Row], places: list[int], number: int) -> None:
    """Mark the rows of a tie, and those of a kind that only stand between them."""
    for place in range(places[0], places[-1] + 1):
        where = "first" if place == places[0] else "last" if place == places[-1] else "middle"
        if place not in places:
            rows[place] = replace(rows[place], tie_place="through")
            continue
        others = tuple(str(rows[other].number) for other in places if other != place)
        rows[place] = replace(rows[place], tie=number, tie_place=where, tie_with=others)
