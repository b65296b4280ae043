"""What the engine is asked of a team: work, promises, pace, coming Sprints, drift, and what binds (load → engine)."""

import datetime as dt
import hashlib
import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from django.db.models import F
from django.utils.translation import gettext as _

from headway.engine import portfolio as engine
from headway.engine.forecast import WEEKS_NEEDED, items_done
from headway.lib.days import Calendar
from headway.live.known import Aspect, remembered
from headway.okr.models import KeyResult, Measurement
from headway.people.models import Team
from headway.scrum.models import Sprint

from .outlook import change_ahead
from .plan import Asked, Plan, what_binds
from .pricing import Aim, Row

SAMPLES = 99
"""So many points of a Key Result's own drift are given to the engine."""
LONGEST_PACE_WEEKS = 13
"""How unsure the pace is, is asked over the horizon, at most this far."""
PACE_SPREADS = (0.05, 1.0)
"""A pace is never surer, nor less sure, than this: standard deviation of its logarithm."""

_TEN_PERCENT_Z = 1.2815515655446004


@dataclass(frozen=True)
class Coming:
    """The Sprints to come: the first one's name and first day, and what each holds [weeks of work].

    The last of `held` goes on. `reserve_weeks` of the first are kept for the unplanned.
    """

    names: tuple[str, ...]
    starts_on: dt.date
    sprint_weeks: float
    held: tuple[float, ...]
    reserve_weeks: float

    def weeks_until(self, day: dt.date) -> float:
        """Return the weeks from the beginning of the first to the evening of a day, at least 0."""
        return max(((day - self.starts_on).days + 1) / 7, 0.0)

    def ends_on(self, sprint: int) -> dt.date:
        """Return the last day of a coming Sprint, counted from 0."""
        return self.starts_on + dt.timedelta(days=round(7 * self.sprint_weeks * (sprint + 1)) - 1)


@dataclass(frozen=True)
class Binding:
    """What binds the order: (number, the number that it needs), and (number, the day by which it has to be done)."""

    needs: tuple[tuple[int, int], ...] = ()
    musts: tuple[tuple[int, dt.date | None], ...] = ()


def coming_sprints(team: Team, running: Sprint | None, today: dt.date) -> Coming:
    """Return the Sprints after the running one. One query."""
    following = _following(team, running, today)
    days, starts_on = team.sprint_days, today
    if running and running.ends_on:
        starts_on = max(running.ends_on + dt.timedelta(days=1), today)
    if following and following.starts_on and following.ends_on:
        days = (following.ends_on - following.starts_on).days + 1
        starts_on = max(following.starts_on, today)
    weeks = days / 7
    count = math.ceil(team.organisation.horizon_weeks / weeks) if team.days_off else 1
    shares = [_share_worked(team, starts_on + dt.timedelta(days=days * n), days) for n in range(count)]
    return Coming(
        names=_names(running, following),
        starts_on=starts_on,
        sprint_weeks=weeks,
        held=tuple(weeks * share * (1 - team.reserve) for share in shares),
        reserve_weeks=weeks * shares[0] * team.reserve,
    )


def _following(team: Team, running: Sprint | None, today: dt.date) -> Sprint | None:
    coming = Sprint.objects.filter(team=team, started_at=None, closed_at=None).exclude(ends_on__lt=today)
    if running:
        coming = coming.exclude(pk=running.pk)
    return coming.order_by(F("starts_on").asc(nulls_last=True), "number", "pk").first()


def _names(running: Sprint | None, following: Sprint | None) -> tuple[str, ...]:
    number = following.number if following else running.number + 1 if running else None
    if number is None:
        return (_("The next Sprint"), _("The Sprint after"), _("The third Sprint"))
    later = [_("Sprint %(number)s") % {"number": number + n} for n in range(3)]
    return (following.name if following else later[0], *later[1:])


def _share_worked(team: Team, first: dt.date, days: int) -> float:
    last = first + dt.timedelta(days=days - 1)
    usual = Calendar(team.calendar.working).count(first, last)
    return team.calendar.count(first, last) / usual if usual and team.days_off else 1.0


def drifts_of(team: Team, aims: Mapping[int, Aim]) -> Mapping[int, tuple[float, ...]]:
    """Return how far Key Results move by themselves over the horizon, where that is known. One query."""
    weeks = team.organisation.horizon_weeks
    ids = frozenset(pk for pk, aim in aims.items() if aim.gap is not None)
    return remembered(
        ("drifts", ids, weeks),
        lambda: _drifts(ids, {pk: aims[pk].key_result for pk in ids}, weeks),
        organisation_id=team.organisation_id,
        rests_on=Aspect.FRAME,
    )


def _drifts(ids: frozenset[int], key_results: Mapping[int, KeyResult], weeks: int) -> Mapping[int, tuple[float, ...]]:
    measured: dict[int, list[tuple[dt.date, float]]] = defaultdict(list)
    rows = Measurement.objects.current().filter(key_result__in=ids).order_by("key_result_id", "measured_on", "id")
    for key_result_id, on, value in rows.values_list("key_result_id", "measured_on", "value"):
        measured[key_result_id].append((on, value))
    chances = tuple((np.arange(SAMPLES) + 0.5) / SAMPLES)
    found = {
        pk: change_ahead(key_results[pk], tuple(series), weeks=weeks, chances=chances)
        for pk, series in measured.items()
    }
    return {pk: change for pk, change in found.items() if change is not None}


def plan_of(
    team: Team,
    rows: Sequence[Row],
    *,
    shelved: Sequence[Row],
    taken_on: Sequence[Row],
    aims: Mapping[int, Aim],
    coming: Coming,
    weekly: Sequence[int],
    binding: Binding,
) -> Plan | None:
    """Return the plan of these rows in their order; None where weeks of work are not known, or there is no row.

    What lies on the shelf is banned. What is taken on in the running Sprint moves its Key Results before anything else
    does, and takes no time of the Sprints to come.
    """
    by_number = {row.number: row for row in sorted((*rows, *shelved), key=lambda row: row.number)}
    if not rows or any(row.weeks is None for row in by_number.values()):
        return None
    numbers = tuple(by_number)
    place = {number: at for at, number in enumerate(numbers)}
    here = {row.number for row in rows}
    counted = sorted((aim for aim in aims.values() if aim.gap is not None), key=lambda aim: aim.place)
    at = {aim.key_result.pk: index for index, aim in enumerate(counted)}
    worth = {bet.key_result_id: bet.worth for row in by_number.values() for bet in row.bets if bet.worth is not None}
    drifts = drifts_of(team, aims)
    portfolio = engine.Portfolio(
        effort=[row.weeks or 0.0 for row in by_number.values()],
        capacity=coming.held if any(coming.held) else [coming.sprint_weeks],
        bets=_bets(by_number.values(), place, at),
        gap=[aim.gap or 0.0 for aim in counted],
        worth=[worth.get(aim.key_result.pk) or 0.0 for aim in counted],
        span=[aim.span or 0.0 for aim in counted],
        drift=[_drift(drifts.get(aim.key_result.pk), _aimed_at(taken_on, aim.key_result.pk)) for aim in counted],
        committed=[aim.key_result.type == KeyResult.Type.COMMITTED for aim in counted],
        prerequisites=sorted(
            (place[one], place[needs]) for one, needs in binding.needs if {one, needs} <= place.keys()
        ),
        banned=[place[row.number] for row in shelved],
        horizon_weeks=float(team.organisation.horizon_weeks),
        sprint_weeks=coming.sprint_weeks,
        capacity_spread=_pace_spread(tuple(weekly), team.organisation.horizon_weeks),
    )
    musts = [
        engine.Must(place[number], None if day is None else coming.weeks_until(day))
        for number, day in sorted(binding.musts, key=lambda must: must[0])
        if number in here
    ]
    portfolio, impossible = what_binds(portfolio, numbers, musts)
    searched = _with_needs(portfolio, {bet.item for bet in portfolio.bets} | {must[0] for must in portfolio.must})
    asked = Asked(team.key, numbers, portfolio, frozenset(numbers[at] for at in searched if numbers[at] in here))
    return Plan(asked, [row.number for row in rows], impossible)


def _bets(rows: Iterable[Row], place: Mapping[int, int], at: Mapping[int, int]) -> list[engine.BetInput]:
    return [
        engine.BetInput(
            item=place[row.number],
            kr=at[bet.key_result_id],
            low=bet.counted.low,
            likely=bet.counted.likely,
            high=bet.counted.high,
            chance=bet.counted.chance,
            lag_weeks=float(bet.promise.lag_weeks),
        )
        for row in rows
        for bet in row.bets
        if bet.gap is not None
    ]


def _with_needs(portfolio: engine.Portfolio, places: Iterable[int]) -> set[int]:
    return {one for place in places for one in (place, *portfolio.needs[place])}


def _aimed_at(rows: Iterable[Row], key_result_id: int) -> tuple[tuple[float, float, float, float], ...]:
    """Return the bets on a Key Result of what is taken on: low, likely, high, chance."""
    found = [
        (bet.counted.low, bet.counted.likely, bet.counted.high, bet.counted.chance)
        for row in rows
        for bet in row.bets
        if bet.key_result_id == key_result_id and bet.gap is not None
    ]
    return tuple(sorted(found))


def _drift(
    own: tuple[float, ...] | None, taken_on: tuple[tuple[float, float, float, float], ...]
) -> float | tuple[float, ...]:
    """Return where a Key Result goes before any item of the plan: by itself, and by what is taken on."""
    if not taken_on:
        return own or 0.0
    return _drift_with(own or (0.0,) * SAMPLES, taken_on)


@lru_cache(maxsize=256)
def _drift_with(own: tuple[float, ...], taken_on: tuple[tuple[float, float, float, float], ...]) -> tuple[float, ...]:
    digest = hashlib.sha256(repr((own, taken_on)).encode()).digest()
    rng = np.random.default_rng(int.from_bytes(digest[:8], "big"))
    moved = np.array(own)
    chances = (np.arange(SAMPLES) + 0.5) / SAMPLES
    for low, likely, high, chance in taken_on:
        size = likely + np.where(chances < 0.5, likely - low, high - likely) / _TEN_PERCENT_Z * _normal(chances)
        moved = moved + rng.permutation(size) * (rng.permutation(chances) < chance)
    return tuple(moved.tolist())


def _normal(chances: np.ndarray) -> np.ndarray:
    # SciPy late: idle memory counts.
    from scipy.special import ndtri

    return np.asarray(ndtri(chances))


@lru_cache(maxsize=256)
def _pace_spread(weekly: tuple[int, ...], horizon_weeks: int) -> float:
    """Return how unsure the pace is, from the forecast of finished items: a standard deviation of its logarithm."""
    least, most = PACE_SPREADS
    if len(weekly) < WEEKS_NEEDED:
        return most
    done = items_done(weekly, weeks=min(horizon_weeks, LONGEST_PACE_WEEKS))
    low, high = (max(float(done.quantile(chance)), 0.5) for chance in (0.1, 0.9))
    return min(max(math.log(high / low) / (2 * _TEN_PERCENT_Z), least), most)
