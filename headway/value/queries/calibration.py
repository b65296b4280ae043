"""How good a team's promises were: the ranges and chances that were said beside what came. Nobody's own is in it."""

import datetime as dt
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from headway.engine.portfolio import bet_mean
from headway.engine.track_record import BINS, PRIOR_HITS, Judged
from headway.lib import clock
from headway.people.models import Team

from ..models import Bet, KeptForecast
from .judged import delivered_bets, due_on
from .track_record import TeamRecord, area_of, judged, judged_bets, record_of

Kind = KeptForecast.Kind
Off = Callable[[KeptForecast], tuple[float, float] | None]
LIKELY = KeptForecast.LEVELS.index(0.5)

#: Fewer than this say nothing: then the page says how many are missing, and shows no number.
NEEDED = 5
SQUARES = 20
LUCK = 0.1
NOMINAL = 0.8
DUE_ROWS, DUE_WITHIN = 5, dt.timedelta(days=28)
#: In the words of the page a chance of 60 % stands for all.
A_CHANCE = 0.6


@dataclass(frozen=True)
class Square:
    """A range that should hold 8 times in 10, and whether it held the truth."""

    on: dt.date
    held: bool


@dataclass(frozen=True)
class Ranges:
    """Ranges of one kind with a truth: how many held it, and in which fifth of what was said it fell.

    `beyond_naive` is our mean score over that of the answer without chances (below 1 is better), `closer` in how many
    of `compared` ours was the better one. `off_by`, `naive_off_by`: the mean distance of the middle of the range and
    of the naive answer [days for dates, items for counts]; None where that has no unit in common.
    """

    told: int
    held: int
    bins: tuple[int, ...]
    closer: int = 0
    compared: int = 0
    beyond_naive: float | None = None
    off_by: float | None = None
    naive_off_by: float | None = None

    @property
    def missing(self) -> int:
        return max(NEEDED - self.told, 0)

    @property
    def fair(self) -> float:
        return self.told / BINS

    @property
    def falls_low(self) -> bool:
        """Say whether the truth falls into the lowest fifth more often than luck would have it."""
        return _is_no_luck(self.bins[0], self.told)

    @property
    def falls_high(self) -> bool:
        """Say whether the truth falls into the highest fifth more often than luck would have it."""
        return _is_no_luck(self.bins[-1], self.told)


@dataclass(frozen=True)
class Chances:
    """Yes-or-no forecasts: what was said on average, and how often it came; `score` is the mean Brier score."""

    told: int
    said: float
    came: int
    score: float

    @property
    def missing(self) -> int:
        return max(NEEDED - self.told, 0)


@dataclass(frozen=True)
class Worth:
    """What bets of one area turned out to be worth, as they were and as the next plan reads them."""

    name: str
    verdicts: int
    moved: float
    as_was: float
    as_used: float
    brought: float | None
    size: float | None


@dataclass(frozen=True)
class Due:
    """Something said that will be judged: a bet with its range, or a forecast with its chance."""

    on: dt.date
    number: int | None
    title: str
    bet_id: int | None = None
    low: float | None = None
    high: float | None = None
    unit: str = ""
    chance: float | None = None


@dataclass(frozen=True)
class Calibration:
    """The record of one team. `next_plan` is its track record as the value sheet applies it."""

    team: Team
    since: dt.date | None
    squares: tuple[Square, ...]
    bets: Ranges
    verdicts: int
    dates: Ranges
    items: Ranges
    key_results: Ranges
    chances: Chances
    worth: tuple[Worth, ...]
    whole: Worth | None
    record: TeamRecord
    due: tuple[Due, ...]
    due_in_all: int
    usual: float = PRIOR_HITS

    @property
    def held(self) -> int:
        return sum(square.held for square in self.squares)

    @property
    def delivery_told(self) -> int:
        return self.dates.told + self.items.told

    @property
    def delivery_held(self) -> int:
        return self.dates.held + self.items.held

    @property
    def would_be_right(self) -> int:
        return round(NOMINAL * len(self.squares))

    @property
    def missing_verdicts(self) -> int:
        return max(NEEDED - self.verdicts, 0)

    @property
    def chance_read(self) -> float | None:
        """Return as what a chance of 60 % is read now; None where it stands."""
        read = self.record.team.corrected(0.0, 0.0, 0.0, A_CHANCE).chance
        return None if abs(read - A_CHANCE) < 0.01 else read

    @property
    def width(self) -> float | None:
        """Return the factor by which ranges are drawn wider; None where they stand."""
        return None if abs(self.record.team.width - 1) < 0.05 else self.record.team.width


def calibration_of(team: Team, *, today: dt.date | None = None) -> Calibration:
    """Return how good a team's promises were. Four queries; nothing is scored here."""
    today = today or clock.today()
    bets = judged_bets(team)
    record = record_of(bets)
    kept = KeptForecast.objects.filter(team=team)
    scored = list(kept.exclude(scored_at=None).order_by("made_on", "pk").defer("item_ids"))
    counted = list(_first_of_each_week(scored))
    told = [bet for bet, verdict in _told(bets) if verdict.chance_moved > 0.5]
    ranges = {kind: [row for row in counted if row.kind == kind and row.held is not None] for kind in Kind}
    squares = [
        *(Square(bet.verdict.judged_on, bet.low <= (bet.verdict.measured or 0.0) <= bet.high) for bet in told),
        *(Square(row.due_on, bool(row.held)) for rows in ranges.values() for row in rows),
    ]
    squares.sort(key=lambda square: square.on)
    due, due_in_all = _due(team, today)
    days = [square.on for square in squares] + [bet.verdict.judged_on for bet in bets]
    return Calibration(
        team=team,
        since=min(days, default=None),
        squares=tuple(squares[-SQUARES:]),
        bets=Ranges(record.grade.told, record.grade.held, record.grade.bins),
        verdicts=len(bets),
        dates=_ranges(ranges[Kind.DAY_FOR_ITEMS], _off_in_days),
        items=_ranges(ranges[Kind.ITEMS_BY_DAY], _off_in_items),
        key_results=_ranges(ranges[Kind.KEY_RESULT], None, in_one_unit=False),
        chances=_chances(counted),
        worth=tuple(_worth(bets, record)),
        whole=_whole(record) if bets else None,
        record=record,
        due=due,
        due_in_all=due_in_all,
    )


def _first_of_each_week(rows: Iterable[KeptForecast]) -> Iterable[KeptForecast]:
    """Yield of each kind the first of a week: those of one week see nearly the same weeks ahead."""
    seen = set()
    for row in rows:
        key = (row.kind, row.key_result_id, row.question.endswith("goal"), row.made_on.isocalendar()[:2])
        if key not in seen:
            seen.add(key)
            yield row


def _told(bets: Iterable[Bet]) -> Iterable[tuple[Bet, Judged]]:
    for bet in bets:
        assert bet.serves.key_result is not None  # without one there is no bet
        verdict = judged(bet, bet.serves.key_result, bet.verdict)
        if verdict.measured is not None:
            yield bet, verdict


def _ranges(rows: Sequence[KeptForecast], off: Off | None, *, in_one_unit: bool = True) -> Ranges:
    bins = [0] * BINS
    for row in rows:
        bins[min(int((row.pit or 0.0) * BINS), BINS - 1)] += 1
    both = [(row.crps, row.naive_crps) for row in rows if row.crps is not None and row.naive_crps is not None]
    ours, naive = sum(own for own, _naive in both), sum(other for _own, other in both)
    apart = [found for row in rows if off and (found := off(row)) is not None]
    return Ranges(
        told=len(rows),
        held=sum(bool(row.held) for row in rows),
        bins=tuple(bins),
        closer=sum(own < other for own, other in both),
        compared=len(both),
        beyond_naive=ours / naive if naive and in_one_unit else None,
        off_by=sum(own for own, _naive in apart) / len(apart) if apart else None,
        naive_off_by=sum(other for _own, other in apart) / len(apart) if apart else None,
    )


def _off_in_days(row: KeptForecast) -> tuple[float, float] | None:
    """Return how far the middle date, and that of mean velocity, was from the day on which it was done [days]."""
    likely = row.quantiles[LIKELY]
    if row.happened_on is None or likely is None or row.naive is None:
        return None
    took = (row.happened_on - row.made_on).days + 1
    return abs(7 * likely - took), abs(7 * row.naive - took)


def _off_in_items(row: KeptForecast) -> tuple[float, float] | None:
    likely = row.quantiles[LIKELY]
    if row.truth is None or likely is None or row.naive is None:
        return None
    return abs(likely - row.truth), abs(row.naive - row.truth)


def _chances(rows: Iterable[KeptForecast]) -> Chances:
    told = [(row, row.chance, row.brier) for row in rows if row.chance is not None and row.brier is not None]
    if not told:
        return Chances(0, 0.0, 0, 0.0)
    return Chances(
        told=len(told),
        said=sum(chance for _row, chance, _score in told) / len(told),
        came=sum(_came(row, chance, score) for row, chance, score in told),
        score=sum(score for _row, _chance, score in told) / len(told),
    )


def _came(row: KeptForecast, chance: float, score: float) -> bool:
    """Say whether it came: of a Key Result the truth is its value, and only the score knows whether that sufficed."""
    if row.kind == Kind.SPRINT_DONE:
        return row.truth == 1.0
    return abs(score - (1 - chance) ** 2) <= abs(score - chance**2)


def _worth(bets: Iterable[Bet], record: TeamRecord) -> Iterable[Worth]:
    by_area: dict[str, list[Judged]] = {}
    for bet in bets:
        assert bet.serves.key_result is not None
        by_area.setdefault(area_of(bet.serves.key_result), []).append(judged(bet, bet.serves.key_result, bet.verdict))
    for key, area in record.areas.items():
        own = by_area[key]
        moved = sum(one.chance_moved for one in own)
        got = sum(one.chance_moved * one.measured for one in own if one.measured is not None)
        said = sum(
            one.chance_moved * float(bet_mean(one.low, one.likely, one.high)) for one in own if one.measured is not None
        )
        yield Worth(
            name=area.name[:1].upper() + area.name[1:],
            verdicts=area.verdicts,
            moved=moved,
            as_was=moved / area.verdicts,
            as_used=area.record.hit_rate,
            brought=got / said if said > 0 else None,
            size=area.record.size,
        )


def _whole(record: TeamRecord) -> Worth:
    team = record.team
    return Worth("", team.verdicts, team.moved, team.moved / team.verdicts, team.hit_rate, None, None)


def _due(team: Team, today: dt.date) -> tuple[tuple[Due, ...], int]:
    """Return what is to be judged next, soonest first, and how much that is in all. Two queries."""
    until = today + DUE_WITHIN
    open_bets = [(bet, on) for bet in delivered_bets(team).filter(verdict=None) if (on := due_on(bet)) is not None]
    found = [
        Due(
            on=on,
            number=bet.serves.item.number,
            title=bet.serves.item.title,
            bet_id=bet.pk,
            low=bet.low,
            high=bet.high,
            unit=bet.serves.key_result.unit if bet.serves.key_result else "",
        )
        for bet, on in open_bets
        if on <= until
    ]
    said = KeptForecast.objects.filter(team=team, scored_at=None, chance__isnull=False, due_on__range=(today, until))
    newest = {row.question: row for row in said.select_related("sprint", "key_result").order_by("made_on", "pk")}
    found += [Due(on=row.due_on, number=None, title=_name(row), chance=row.chance) for row in newest.values()]
    found.sort(key=lambda one: (one.on, one.title))
    return tuple(found[:DUE_ROWS]), len(found)


def _name(row: KeptForecast) -> str:
    if row.key_result:
        return _("%(name)s gets to its target") % {"name": row.key_result.short_name}
    name = row.sprint.name if row.sprint else ""
    if row.question.endswith("goal"):
        return _("%(sprint)s: the work of its goal is done") % {"sprint": name}
    return _("%(sprint)s: all that was open is done") % {"sprint": name}


def _is_no_luck(count: int, told: int) -> bool:
    """Say whether so many of one fifth would come by luck in less than one case of ten (binomial)."""
    if told < NEEDED:
        return False
    share = 1 / BINS
    by_luck = sum(math.comb(told, n) * share**n * (1 - share) ** (told - n) for n in range(count, told + 1))
    return by_luck < LUCK
