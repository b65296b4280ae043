"""A month of a team as a calendar: the days on which it works, its holidays, where its Sprints begin and end."""

import calendar
import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from babel.dates import get_day_names

from headway.lib import formats
from headway.lib.days import Calendar
from headway.people.models import Holiday
from headway.scrum.models import Sprint

FIRST, LAST = dt.date(1970, 1, 1), dt.date(2199, 12, 1)


@dataclass(frozen=True)
class Heading:
    """The head of a column: a day of the week, short and in full."""

    short: str
    full: str


@dataclass(frozen=True)
class Day:
    """A day of the month. `sprint` is the Sprint in which it lies; `begins` and `ends` say what it is to it."""

    on: dt.date
    is_working: bool
    holidays: tuple[str, ...]
    sprint: str
    begins: bool
    ends: bool


@dataclass(frozen=True)
class HolidaySpan:
    """A holiday of the month, whole, also where it begins before or ends after it."""

    name: str
    first: dt.date
    last: dt.date
    is_of_everybody: bool


@dataclass(frozen=True)
class SprintSpan:
    """A Sprint of the month. `lost_days` are those of its working days that holidays take."""

    name: str
    first: dt.date
    last: dt.date
    working_days: int
    lost_days: int


@dataclass(frozen=True)
class Month:
    """Weeks of seven places, None where a day is of another month; `before` and `after` are None at the far ends."""

    first: dt.date
    headings: tuple[Heading, ...]
    weeks: tuple[tuple[Day | None, ...], ...]
    working_days: int
    holidays: tuple[HolidaySpan, ...]
    sprints: tuple[SprintSpan, ...]
    before: dt.date | None
    after: dt.date | None


def first_of(text: str, today: dt.date) -> dt.date:
    """Return the first day of the month that an address names, 2026-12; of the present one where it names none."""
    try:
        asked = dt.date.fromisoformat(f"{text}-01")
    except ValueError:
        return today.replace(day=1)
    return asked if FIRST <= asked <= LAST else today.replace(day=1)


def bounds_of(first: dt.date) -> tuple[dt.date, dt.date]:
    """Return the first and the last day of the month that begins so."""
    return first, first.replace(day=calendar.monthrange(first.year, first.month)[1])


def month_of(
    first: dt.date, *, works: Calendar, week_start: int, holidays: Iterable[Holiday], sprints: Iterable[Sprint]
) -> Month:
    """Lay out the month that begins with `first`, its weeks beginning with `week_start` (0 is Monday).

    `sprints` may be of any time; those without dates are left out.
    """
    first, last = bounds_of(first)
    spans = sorted(_spans(holidays, first, last), key=lambda one: (one.first, one.last, one.name))
    dated = [_sprint(one.name, one.starts_on, one.ends_on, works) for one in sprints if one.starts_on and one.ends_on]
    shown = sorted((one for one in dated if one.first <= last and one.last >= first), key=lambda one: one.first)
    weeks = calendar.Calendar(week_start).monthdatescalendar(first.year, first.month)
    return Month(
        first=first,
        headings=tuple(_headings(week_start)),
        weeks=tuple(
            tuple(_day(day, works, spans, shown) if first <= day <= last else None for day in week) for week in weeks
        ),
        working_days=works.count(first, last),
        holidays=tuple(spans),
        sprints=tuple(shown),
        before=(first - dt.timedelta(days=1)).replace(day=1) if first > FIRST else None,
        after=last + dt.timedelta(days=1) if first < LAST else None,
    )


def _headings(week_start: int) -> Iterable[Heading]:
    short, full = (get_day_names(width, "stand-alone", formats.locale()) for width in ("abbreviated", "wide"))
    for offset in range(7):
        day = (week_start + offset) % 7
        yield Heading(short[day], full[day])


def _spans(holidays: Iterable[Holiday], first: dt.date, last: dt.date) -> Iterable[HolidaySpan]:
    for holiday in holidays:
        # One that comes each year may have begun in the year before.
        for year in (first.year - 1, first.year) if holiday.is_yearly else (holiday.first_on.year,):
            days = list(holiday.off.days_in(year))
            if days and days[0] <= last and days[-1] >= first:
                yield HolidaySpan(holiday.name, days[0], days[-1], holiday.team_id is None)


def _sprint(name: str, first: dt.date, last: dt.date, works: Calendar) -> SprintSpan:
    worked = works.count(first, last)
    return SprintSpan(name, first, last, worked, Calendar(works.working).count(first, last) - worked)


def _day(day: dt.date, works: Calendar, holidays: Sequence[HolidaySpan], sprints: Sequence[SprintSpan]) -> Day:
    inside = next((one for one in sprints if one.first <= day <= one.last), None)
    return Day(
        on=day,
        is_working=works.is_working(day),
        holidays=tuple(dict.fromkeys(one.name for one in holidays if one.first <= day <= one.last)),
        sprint=inside.name if inside else "",
        begins=any(one.first == day for one in sprints),
        ends=any(one.last == day for one in sprints),
    )
