"""What items promise to Key Results, and how much of the linked work is done."""

import datetime as dt
import statistics
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from headway.lib.prepared import Prepared
from headway.live.known import Aspect, remembered
from headway.okr.models import KeyResult
from headway.scrum.models import Category, Item, Sprint

from ..models import NotNow, Serves, Verdict, due_on

Value = TypeVar("Value")


@dataclass(frozen=True)
class VerdictLine:
    """What was found of a bet; `scale` None where it cannot be told."""

    id: int
    outcome: str
    outcome_name: str
    measured: float | None
    scale: int | None
    evidence: int
    learned: str
    judged_on: dt.date


@dataclass(frozen=True)
class BetLine:
    """A promise in the Key Result's unit, towards better; `chance` 0–1."""

    id: int
    low: float
    likely: float
    high: float
    chance: float
    judge_on: dt.date | None
    hypothesis: str
    verdict: VerdictLine | None
    lag_weeks: int = 0

    def due_on(self, done_on: dt.date | None) -> dt.date | None:
        """Return the day to judge it on, of an item that was done on a day; before that the promised one, if any."""
        if done_on is None:
            return self.judge_on
        return due_on(done_on, lag_weeks=self.lag_weeks, judge_on=self.judge_on)


@dataclass(frozen=True)
class ServesLine:
    """One thing that an item serves: a Key Result (`kind` empty) or a kind of work with its reason."""

    id: int
    key_result_id: int | None
    name: str
    title: str
    unit: str
    kind: str
    reason: str
    bet: BetLine | None


@dataclass(frozen=True)
class Promise:
    """All that one item serves: Key Results in their own order, then a kind."""

    serves: tuple[ServesLine, ...] = ()

    @property
    def first(self) -> ServesLine | None:
        """What a tag shows: the first Key Result, else the kind."""
        return self.serves[0] if self.serves else None

    @property
    def key_results(self) -> tuple[ServesLine, ...]:
        return tuple(line for line in self.serves if line.key_result_id is not None)

    @property
    def kind(self) -> ServesLine | None:
        return next((line for line in self.serves if line.key_result_id is None), None)

    @property
    def bets(self) -> tuple[BetLine, ...]:
        return tuple(line.bet for line in self.serves if line.bet)


def promises_for(item_ids: Iterable[int]) -> dict[int, Promise]:
    """Return what each item serves; items that serve nothing are left out. One query."""
    found: dict[int, list[Serves]] = defaultdict(list)
    rows = (
        Serves.objects.filter(item__in=item_ids)
        .select_related("key_result", "bet__verdict")
        .order_by("key_result__objective__position", "key_result__position", "key_result_id", "id")
    )
    for serves in rows:
        found[serves.item_id].append(serves)
    return {item_id: promise_of(serves) for item_id, serves in found.items()}


def promise_of(rows: Iterable[Serves]) -> Promise:
    """Shape what one item serves. A kind comes last: databases disagree on where NULL sorts."""
    return Promise(tuple(sorted(map(serves_line, rows), key=lambda line: line.key_result_id is None)))


@dataclass(frozen=True)
class BetOfKeyResult:
    """A bet in the ledger of its Key Result, with the item that it is about."""

    item_id: int
    key: str
    number: int
    team_key: str
    title: str
    category: str
    done_at: dt.datetime | None
    bet: BetLine

    @property
    def due_on(self) -> dt.date | None:
        return self.bet.due_on(timezone.localdate(self.done_at) if self.done_at else None)


def bets_of(key_result_id: int) -> list[BetOfKeyResult]:
    """Return all bets on a Key Result: judged and delivered ones by date, then open ones in order. One query."""
    rows = (
        Serves.objects.filter(key_result=key_result_id, bet__isnull=False, item__removed_at=None)
        .select_related("key_result", "bet__verdict", "item__team")
        .order_by("item__team__key", "item__rank", "item_id")
    )
    found = [
        BetOfKeyResult(
            item_id=row.item_id,
            key=row.item.key,
            number=row.item.number,
            team_key=row.item.team.key,
            title=row.item.title,
            category=row.item.category,
            done_at=row.item.done_at,
            bet=bet_line(row),
        )
        for row in rows
    ]
    delivered = sorted((row for row in found if row.done_at), key=lambda row: (row.done_at, row.number))
    return delivered + [row for row in found if not row.done_at]


@dataclass(frozen=True)
class Delivered:
    """Work taken on for a Key Result, by size: `done` of `total`. `share` None while nothing is taken on.

    Taken on is what is done, in progress or in a Sprint that is not over; a candidate in the backlog is no plan yet.
    Where the team has no such Sprint, all that is open counts, but for what lies on the Not now shelf.
    An item without a size counts as the median of its team's sizes (1 where no item has one); `guessed` says how
    many such items are in it.
    """

    done: float
    total: float
    items: int
    guessed: int

    @property
    def share(self) -> float | None:
        return self.done / self.total if self.total else None


@dataclass(frozen=True)
class Work:
    """Items that serve a Key Result and are alike in all that says what is delivered."""

    category: str
    size: float | None
    is_in_sprint: bool  # in one that has its days and is not over
    is_shelved: bool
    count: int = 1


def delivered_of(work: Iterable[Work], *, has_sprint: bool, median_size: float) -> Delivered:
    """Add up what is taken on and done. `has_sprint`: the team has a Sprint that is not over."""

    def is_taken_on(one: Work) -> bool:
        if one.category != Category.TODO or one.is_in_sprint:
            return True
        return not has_sprint and not one.is_shelved

    taken = [one for one in work if is_taken_on(one)]
    return Delivered(
        done=float(sum(one.count * (one.size or median_size) for one in taken if one.category == Category.DONE)),
        total=float(sum(one.count * (one.size or median_size) for one in taken)),
        items=sum(one.count for one in taken),
        guessed=sum(one.count for one in taken if not one.size),
    )


def delivered_share(key_result_ids: Iterable[int]) -> dict[int, Delivered]:
    """Return how much of the work taken on for each Key Result is done. Two queries, three where sizes are missing.

    The database counts like work together: what comes back grows with the sizes that there are, not with the items.
    """
    ids = list(key_result_ids)
    rows = _WORK_FOR.all(ids[0]) if len(ids) == 1 else list(_work().filter(key_result__in=ids))
    with_sprint = _with_sprint({(row[2], row[1]) for row in rows})
    medians = _medians({(row[2], row[1]) for row in rows if not row[4]})
    work: dict[int, dict[int, list[Work]]] = defaultdict(lambda: defaultdict(list))
    for key_result_id, team_id, _organisation_id, category, size, is_in_sprint, is_shelved, count in rows:
        if key_result_id is not None:
            work[key_result_id][team_id].append(Work(category, size, bool(is_in_sprint), bool(is_shelved), count))
    return {
        key_result_id: _together(
            delivered_of(of_team, has_sprint=team_id in with_sprint, median_size=medians.get(team_id, 1.0))
            for team_id, of_team in work[key_result_id].items()
        )
        for key_result_id in ids
    }


def _work() -> QuerySet[Serves, Any]:
    """Return Key Result, team, organisation, category, size, is in a Sprint, is on the shelf, and how many are so."""
    shelved = NotNow.objects.filter(item=OuterRef("item_id"), ended_at=None)
    rows = Serves.objects.filter(item__removed_at=None).annotate(
        is_in_sprint=Q(item__sprint__starts_on__isnull=False, item__sprint__closed_at=None),
        is_shelved=Exists(shelved),
    )
    team = ("item__team_id", "item__team__organisation_id")
    columns = ("key_result_id", *team, "item__category", "item__size", "is_in_sprint", "is_shelved")
    return rows.values_list(*columns).annotate(count=Count("pk")).order_by()


_WORK_FOR = Prepared(lambda key_result: _work().filter(key_result=key_result), int)


def _together(parts: Iterable[Delivered]) -> Delivered:
    """Add up what several teams delivered for one Key Result."""
    known = list(parts)
    return Delivered(
        done=sum((part.done for part in known), 0.0),
        total=sum((part.total for part in known), 0.0),
        items=sum(part.items for part in known),
        guessed=sum(part.guessed for part in known),
    )


def _with_sprint(teams: Collection[tuple[int, int]]) -> Collection[int]:
    """Return which of these teams, given as (organisation, team), have a Sprint that has its days and is not over."""

    def read(ids: frozenset[int]) -> frozenset[int]:
        in_hand = Sprint.objects.filter(team__in=ids, starts_on__isnull=False, closed_at=None)
        return frozenset(in_hand.values_list("team_id", flat=True))

    return _of_teams("teams with a Sprint", teams, read, Aspect.FRAME) if teams else ()


def _medians(teams: Collection[tuple[int, int]]) -> Mapping[int, float]:
    """Return the median size of teams, given as (organisation, team)."""
    return _of_teams("median sizes", teams, median_sizes, Aspect.SIZES) if teams else {}


def _of_teams(
    what: str, teams: Collection[tuple[int, int]], read: Callable[[frozenset[int]], Value], rests_on: Aspect
) -> Value:
    """Return what is read of teams, all of one organisation, as long as it holds. One query where it does not."""
    ids = frozenset(team_id for _organisation_id, team_id in teams)
    organisation_id = next(organisation_id for organisation_id, _team_id in teams)
    return remembered((what, ids), lambda: read(ids), organisation_id=organisation_id, rests_on=rests_on)


def median_sizes(team_ids: Iterable[int]) -> Mapping[int, float]:
    """Return the median size of each team's items that have one, 1 where none has. One query, none for no team."""
    ids = set(team_ids)
    sizes: dict[int, list[float]] = {team_id: [] for team_id in ids}
    if ids:
        known = Item.objects.active().filter(team__in=ids, size__gt=0)
        for team_id, size, count in known.values_list("team_id", "size").annotate(count=Count("pk")).order_by():
            sizes[team_id] += [size or 0.0] * count
    return {team_id: statistics.median(found) if found else 1.0 for team_id, found in sizes.items()}


@dataclass(frozen=True)
class Linked:
    """How much of a team's open work is linked to anything."""

    linked: int
    open: int

    @property
    def share(self) -> float | None:
        return self.linked / self.open if self.open else None


def share_linked(team_id: int) -> Linked:
    """Count a team's open items but those on the shelf, and of them those that serve something. One query.

    The categories are named because an index by them answers, so that no item itself is read.
    """
    found = (
        Item.objects.active()
        .filter(~Exists(SHELVED), team=team_id, category__in=[Category.TODO, Category.DOING])
        .aggregate(open=Count("pk"), linked=Count("pk", filter=Exists(SERVING)))
    )
    return Linked(linked=found["linked"], open=found["open"])


#: Of an item in an outer query: that it lies on the shelf, and that it serves something. Not by team: a database that
#: looks by team reads all its items.
SHELVED = NotNow.objects.filter(item=OuterRef("pk"), ended_at=None)
SERVING = Serves.objects.filter(item=OuterRef("pk"))


def serves_line(row: Serves) -> ServesLine:
    """Shape a Serves that was loaded with its Key Result, bet and verdict."""
    key_result: KeyResult | None = row.key_result
    has_bet = hasattr(row, "bet")
    return ServesLine(
        id=row.pk,
        key_result_id=row.key_result_id,
        name=key_result.short_name if key_result else str(row.get_kind_display()),
        title=key_result.title if key_result else row.reason,
        unit=key_result.unit if key_result else "",
        kind=row.kind,
        reason=row.reason,
        bet=bet_line(row) if has_bet else None,
    )


def bet_line(row: Serves) -> BetLine:
    """Shape the bet of a Serves that was loaded with it and its verdict."""
    bet = row.bet
    verdict: Verdict | None = getattr(bet, "verdict", None)
    return BetLine(
        id=bet.pk,
        low=bet.low,
        likely=bet.likely,
        high=bet.high,
        chance=bet.chance,
        judge_on=bet.judge_on,
        hypothesis=bet.hypothesis,
        lag_weeks=bet.lag_weeks,
        verdict=VerdictLine(
            id=verdict.pk,
            outcome=verdict.outcome,
            outcome_name=str(verdict.get_outcome_display()),
            measured=verdict.measured,
            scale=verdict.scale,
            evidence=verdict.evidence,
            learned=verdict.learned,
            judged_on=verdict.judged_on,
        )
        if verdict
        else None,
    )
