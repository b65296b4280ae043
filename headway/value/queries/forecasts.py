"""When will this work be done, how much by a date: from the team's own throughput (load → engine → show)."""

import datetime as dt
import math
from collections.abc import Mapping
from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from headway.engine import forecast as engine
from headway.engine.distributions import Distribution
from headway.lib import clock
from headway.lib.days import Calendar
from headway.people.models import Team
from headway.scrum.queries import current_sprint, open_items_of

from .. import keeping
from .effort import BulkDay, History, history_of

CHANCES = (0.5, 0.8, 0.85, 0.95)
MOST_ITEMS = 1_000_000
SHOWN_WEEKS = 52
_NO_TIME = 1e-3  # weeks: where nobody works until then, next to nothing is done


@dataclass(frozen=True)
class TooLittle:
    """There is no forecast, and this is what is missing [weeks]."""

    needed: int
    given: int
    text: str


@dataclass(frozen=True)
class Forecast:
    """An answer as a range with its chance and its sample size.

    Asked with `items`, `quantiles` are weeks from the end of today's record (`dates` the days; inf and None beyond
    five years). Asked with `by`, they are items: with this chance at least so many. `baseline` is the naive answer in
    the same unit: the mean of the last six weeks, carried on. `curve` holds (x, chance) for drawing: done within x
    weeks, or at least x items; `marks` the quantiles on it.
    """

    items: int | None
    by: dt.date | None
    quantiles: Mapping[float, float]
    dates: Mapping[float, dt.date | None]
    baseline: float
    baseline_date: dt.date | None
    mean_velocity: float
    sample_weeks: int
    history: History
    curve: tuple[tuple[float, float], ...]
    marks: tuple[tuple[float, float], ...]

    @property
    def bulk_days(self) -> tuple[BulkDay, ...]:
        return self.history.bulk_days


def forecast_for(
    team: Team, *, items: int | None = None, by: dt.date | None = None, today: dt.date | None = None
) -> Forecast | TooLittle:
    """Answer "when will `items` items be done?" or "how many will be done by the evening of `by`?". Three queries.

    The answer is kept, to be scored when its date has passed (value/keeping.py).

    Raises ValidationError for a number or a day that cannot be asked for.
    """
    if (items is None) == (by is None):
        raise ValidationError(_("Ask for a number of items or for a day, one of the two."))
    today = today or clock.today()
    if items is not None:
        _check_items(items)
    if by is not None:
        _check_day(by, today)
    history = history_of(team, today)
    try:
        return _when(items, history, team, today) if items is not None else _how_many(by or today, history, team, today)
    except engine.TooLittleHistory as missing:
        return _too_little(missing, history)


@dataclass(frozen=True)
class SprintChance:
    """The chance that all that is open in the running Sprint is done by its end."""

    sprint: str
    open_items: int
    ends_on: dt.date
    chance: float
    sample_weeks: int


def sprint_chance(team: Team, *, today: dt.date | None = None) -> SprintChance | TooLittle | None:
    """Return the chance of the running Sprint's open items; None where none runs or its end is unknown or over."""
    today = today or clock.today()
    sprint = current_sprint(team, today=today)
    if sprint is None or sprint.ends_on is None or sprint.ends_on < today:
        return None
    history = history_of(team, today)
    count = len(open_items_of(sprint))
    try:
        engine.items_done(history.weekly, weeks=1)
    except engine.TooLittleHistory as missing:
        return _too_little(missing, history)
    found = SprintChance(
        sprint=sprint.name,
        open_items=count,
        ends_on=sprint.ends_on,
        chance=chance_by(history, count, team=team, today=today, on=sprint.ends_on),
        sample_weeks=len(history.weekly),
    )
    keeping.keep_sprint_done(
        team,
        sprint,
        chance=found.chance,
        ends_on=found.ends_on,
        items=count,
        today=today,
        weeks=found.sample_weeks,
    )
    return found


def chance_by(history: History, items: int, *, team: Team, today: dt.date, on: dt.date) -> float:
    """Return the chance that so many items are done by the evening of `on`. Raises TooLittleHistory."""
    weeks = weeks_of_work(team, today, on)
    if not weeks or not items:
        return 0.0 if items else 1.0
    return float(engine.items_done(history.weekly, weeks=weeks).at_least(items))


def weeks_of_work(team: Team, first: dt.date, last: dt.date) -> float:
    """Count the team's working days from `first` to `last`, both included [weeks]; 0 where there is none.

    Over a few days the calendar misleads: from Tuesday to Friday is four fifths of a week of work, not four sevenths.
    """
    return team.calendar.count(first, last) / len(team.calendar.week)


def _when(items: int, history: History, team: Team, today: dt.date) -> Forecast:
    shares = team.calendar.week_shares(today, engine.HORIZON_WEEKS) if team.days_off else None
    weeks = engine.weeks_to_finish(history.weekly, items=items, week_share=shares)
    quantiles = _quantiles(weeks)
    baseline = engine.weeks_by_mean_velocity(history.weekly, items=items)
    keeping.keep_day_for_items(team, weeks, items=items, today=today, naive=baseline, weeks=len(history.weekly))
    last = max((value for value in quantiles.values() if math.isfinite(value)), default=0.0)
    shown = range(int(min(last * 1.25 + 2, engine.HORIZON_WEEKS)) + 1)
    return Forecast(
        items=items,
        by=None,
        quantiles=quantiles,
        dates={chance: _working_day_after(value, team, today) for chance, value in quantiles.items()},
        baseline=baseline,
        baseline_date=_working_day_after(baseline, team, today),
        mean_velocity=engine.mean_velocity(history.weekly),
        sample_weeks=len(history.weekly),
        history=history,
        curve=tuple((float(week), float(weeks.cdf(week))) for week in shown),
        marks=tuple((value, float(weeks.cdf(value))) for value in quantiles.values() if value <= shown[-1]),
    )


def _how_many(by: dt.date, history: History, team: Team, today: dt.date) -> Forecast:
    weeks = _weeks_without_days_off(by, team, today)
    done = engine.items_done(history.weekly, weeks=weeks or _NO_TIME)
    quantiles = {chance: max(float(done.quantile(1 - chance)), 0.0) for chance in CHANCES}
    velocity = engine.mean_velocity(history.weekly)
    keeping.keep_items_by_day(team, done, by=by, today=today, naive=velocity * weeks, weeks=len(history.weekly))
    most = max(float(done.quantile(0.99)), 1.0)
    steps = sorted({round(most * step / 40) for step in range(41)})
    return Forecast(
        items=None,
        by=by,
        quantiles=quantiles,
        dates={},
        baseline=velocity * weeks,
        baseline_date=None,
        mean_velocity=velocity,
        sample_weeks=len(history.weekly),
        history=history,
        curve=tuple((float(step), float(done.at_least(step))) for step in steps),
        marks=tuple((value, float(done.at_least(value))) for value in quantiles.values()),
    )


def _quantiles(distribution: Distribution) -> dict[float, float]:
    return {chance: float(distribution.quantile(chance)) for chance in CHANCES}


def _day_after(weeks: float, today: dt.date) -> dt.date | None:
    """Return the last day of a number of weeks that begin today; None beyond the horizon."""
    if not math.isfinite(weeks) or weeks > engine.HORIZON_WEEKS:
        return None
    return today + dt.timedelta(days=math.ceil(7 * weeks) - 1) if weeks else today


def _working_day_after(weeks: float, team: Team, today: dt.date) -> dt.date | None:
    """Return that day, or the next on which the team works: on a holiday nothing is handed over."""
    day = _day_after(weeks, today)
    return team.calendar.at_or_after(day) if day and weeks and team.days_off else day


def _weeks_without_days_off(by: dt.date, team: Team, today: dt.date) -> float:
    """Return the weeks from this morning to the evening of `by`, less the share of working days that are off."""
    weeks = _weeks_until(by, today)
    usual = Calendar(team.calendar.working).count(today, by)
    return weeks * team.calendar.count(today, by) / usual if usual and team.days_off else weeks


def _weeks_until(by: dt.date, today: dt.date) -> float:
    """Return the weeks from this morning to the evening of `by`."""
    return ((by - today).days + 1) / 7


def _check_items(items: int) -> None:
    if not 0 < items <= MOST_ITEMS:
        raise ValidationError({"items": _("Ask for 1 to %(most)s items.") % {"most": MOST_ITEMS}})


def _check_day(by: dt.date, today: dt.date) -> None:
    if by < today:
        raise ValidationError({"by": _("%(day)s is over: ask for today or later.") % {"day": by.isoformat()}})
    if _weeks_until(by, today) > engine.HORIZON_WEEKS:
        last = today + dt.timedelta(days=7 * engine.HORIZON_WEEKS - 1)
        raise ValidationError(
            {"by": _("A forecast reaches five years: ask for %(day)s or earlier.") % {"day": last.isoformat()}}
        )


def _too_little(missing: engine.TooLittleHistory, history: History) -> TooLittle:
    text = ngettext(
        "A forecast needs %(needed)s full weeks with finished work; there is %(given)s so far.",
        "A forecast needs %(needed)s full weeks with finished work; there are %(given)s so far.",
        missing.given,
    ) % {"needed": missing.needed, "given": missing.given}
    return TooLittle(needed=missing.needed, given=missing.given, text=text)
