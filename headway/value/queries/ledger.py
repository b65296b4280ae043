"""The impact ledger: what bets promised and brought, by Key Result, and what a week of work was worth to each."""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db.models import Q
from django.utils import timezone

from headway.engine.track_record import Brought, rank_by_week
from headway.okr.models import Cycle, KeyResult
from headway.okr.queries import KeyResultRow, key_result_rows
from headway.people.models import Team
from headway.scrum.models import Category

from ..models import Bet
from .judged import Judged, credit_of, judged_line, key_result_of, moved_by, with_verdicts
from .promises import Delivered, delivered_share

AHEAD_BY = 0.3
"""Delivered and moved part, where they are so far from each other and the Key Result is at risk."""
POINTS = 100.0  # one Key Result's whole way
_EIGHTY = 1.2816 / 1.6449  # half an 80 % range for half a 90 % one
_UNSURE = 0.5  # of a figure in people's words, which has no range: half of it either way
_MOST_POINTS = 1e12  # the engine takes no larger figures


@dataclass(frozen=True)
class LedgerLine:
    """A judged bet with what it is credited with; `weeks` of work it took, None where nobody knows."""

    judged: Judged
    team_key: str
    brought: float | None
    weeks: float | None


@dataclass(frozen=True)
class KeyResultLedger:
    """What judged bets brought to one Key Result, in its unit and towards better.

    `promised` and `measured` add up those with a figure. `explained` is what they are credited with: never more than
    it `moved`; the rest came from elsewhere. `parts` is the alarm: much is delivered, little has moved.
    """

    row: KeyResultRow
    lines: tuple[LedgerLine, ...]
    open: int  # delivered bets without a verdict
    promised: float
    measured: float
    moved: float | None
    explained: float | None
    delivered: Delivered
    parts: bool

    @property
    def evidence(self) -> float | None:
        """The mean quality of the evidence, 1–5."""
        return sum(line.judged.evidence for line in self.lines) / len(self.lines) if self.lines else None

    @property
    def elsewhere(self) -> float | None:
        return None if self.moved is None or self.explained is None else self.moved - self.explained


@dataclass(frozen=True)
class RankedKeyResult:
    """What a week of work brought to a Key Result, in points of its way, with its 80 % range; equal ranks tie."""

    rank: int
    key_result_id: int
    name: str
    title: str
    per_week: float
    low: float
    high: float
    weeks: float
    verdicts: int
    is_tie: bool


@dataclass(frozen=True)
class ImpactLedger:
    """A team's ledger in one cycle: its Key Results and those its work bets on, and their order by what a week brought.

    `verdicts` counts all, `moved` those that moved; `predicted` and `brought` are in points: 100 are one Key
    Result's whole way. `unranked` judged bets have no figure, no way or no known work.
    """

    key_results: tuple[KeyResultLedger, ...]
    ranking: tuple[RankedKeyResult, ...]
    verdicts: int
    moved: int
    predicted: float
    brought: float
    unranked: int


def impact_ledger(team: Team, cycle: Cycle | None, *, today: dt.date) -> ImpactLedger:
    """Return the ledger of a team in a cycle. A constant number of queries; none without a cycle."""
    if cycle is None:
        return ImpactLedger((), (), 0, 0, 0.0, 0.0, 0)
    of_team = Q(objective__team=team) | Q(served_by__item__team=team, served_by__bet__isnull=False)
    ids = KeyResult.objects.active().filter(of_team, objective__cycle=cycle).values("pk")
    rows = key_result_rows(KeyResult.objects.filter(pk__in=ids), today=today)
    bets = _bets([row.id for row in rows])
    delivered = delivered_share([row.id for row in rows])
    ledgers = tuple(_ledger(row, bets[row.id], delivered[row.id]) for row in rows)
    lines = [(ledger, line) for ledger in ledgers for line in ledger.lines]
    in_points = [
        (POINTS * line.judged.likely / way, POINTS * line.brought / way)
        for ledger, line in lines
        if line.brought is not None and (way := _way(ledger.row))
    ]
    ranking, ranked = _ranking(ledgers)
    return ImpactLedger(
        key_results=ledgers,
        ranking=ranking,
        verdicts=len(lines),
        moved=sum(line.judged.outcome == "moved" for _ledger_of, line in lines),
        predicted=sum(promised for promised, _brought in in_points),
        brought=sum(brought for _promised, brought in in_points),
        unranked=len(lines) - ranked,
    )


def _bets(key_result_ids: Sequence[int]) -> dict[int, list[Bet]]:
    found: dict[int, list[Bet]] = defaultdict(list)
    rows = Bet.objects.filter(
        serves__key_result__in=key_result_ids, serves__item__removed_at=None, serves__item__category=Category.DONE
    )
    loaded = with_verdicts(rows.select_related("serves__item__team", "serves__key_result"))
    for bet in loaded.defer("hypothesis", "serves__item__description").order_by("serves__item__done_at", "pk"):
        assert bet.serves.key_result_id is not None
        found[bet.serves.key_result_id].append(bet)
    return found


def _ledger(row: KeyResultRow, bets: Sequence[Bet], delivered: Delivered) -> KeyResultLedger:
    judged = [bet for bet in bets if hasattr(bet, "verdict")]
    figures = [bet.verdict.measured for bet in judged if bet.verdict.measured is not None]
    moved = moved_by(key_result_of(bets[0]), row.progress.now) if bets else None
    credit = credit_of(figures, moved) if moved is not None else None
    lines = tuple(
        LedgerLine(
            judged=judged_line(bet),
            team_key=bet.serves.item.team.key,
            brought=credit.of(bet.verdict.measured) if credit and bet.verdict.measured is not None else None,
            weeks=_weeks(bet),
        )
        for bet in judged
    )
    share, way = delivered.share, row.progress.moved
    return KeyResultLedger(
        row=row,
        lines=lines,
        open=len(bets) - len(judged),
        promised=sum(bet.likely for bet in judged if bet.verdict.measured is not None),
        measured=sum(figures),
        moved=moved,
        explained=sum(map(credit.of, figures)) if credit and figures else None,
        delivered=delivered,
        parts=share is not None and way is not None and row.progress.band == "at_risk" and share - way >= AHEAD_BY,
    )


def _way(row: KeyResultRow) -> float | None:
    """Return how far it is from baseline to target in its unit; None where there is no way."""
    if row.has_limits or row.baseline is None or row.target is None or row.baseline == row.target:
        return None
    return abs(row.target - row.baseline)


def _weeks(bet: Bet) -> float | None:
    """Return the working weeks from start to done; None where one of them is unknown."""
    item = bet.serves.item
    if item.started_at is None or item.done_at is None:
        return None
    calendar = item.team.calendar
    days = calendar.count(timezone.localtime(item.started_at).date(), timezone.localtime(item.done_at).date())
    return max(days, 1) / len(calendar.week)


def _ranking(ledgers: Iterable[KeyResultLedger]) -> tuple[tuple[RankedKeyResult, ...], int]:
    """Return the ranked Key Results and how many verdicts that took."""
    rows = {ledger.row.id: ledger.row for ledger in ledgers}
    brought = [one for ledger in ledgers for one in _brought(ledger)]
    ranked = rank_by_week(brought)
    ranks = [one.rank for one in ranked]
    return tuple(
        RankedKeyResult(
            rank=one.rank,
            key_result_id=row.id,
            name=row.short_name,
            title=row.title,
            per_week=one.per_week,
            low=one.low,
            high=one.high,
            weeks=one.weeks,
            verdicts=one.verdicts,
            is_tie=ranks.count(one.rank) > 1,
        )
        for one in ranked
        if (row := rows[int(str(one.group))])
    ), len(brought)


def _brought(ledger: KeyResultLedger) -> Iterable[Brought]:
    way = _way(ledger.row)
    for line in ledger.lines:
        judged = line.judged
        if way is None or line.brought is None or line.weeks is None or judged.measured is None:
            continue
        factor = POINTS / way * (line.brought / judged.measured if judged.measured else 1.0)
        value = judged.measured
        low, high = judged.measured_range or (value - _UNSURE * abs(value), value + _UNSURE * abs(value))
        ends = [value + (low - value) * _EIGHTY, value + (high - value) * _EIGHTY]
        yield Brought(
            group=ledger.row.id,
            value=_countable(value * factor),
            low=_countable(min(ends) * factor),
            high=_countable(max(ends) * factor),
            weeks=line.weeks,
        )


def _countable(points: float) -> float:
    """Return what the engine counts with: a slip of the pen may have written any number of digits."""
    return min(max(points, -_MOST_POINTS), _MOST_POINTS)
