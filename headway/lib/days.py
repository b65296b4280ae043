"""Counting working days."""

import datetime as dt
from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

MONDAY_TO_FRIDAY = (0, 1, 2, 3, 4)

_LONGEST_OFF = 366  # days


@dataclass(frozen=True, order=True)
class Off:
    """Days on which nobody works, from `first` to `last`, both included; each year where `is_yearly`."""

    first: dt.date
    last: dt.date
    is_yearly: bool = False

    def days_in(self, year: int) -> Iterable[dt.date]:
        """Yield its days that begin in a year; 29 February falls on the 28th where there is none.

        >>> [str(day) for day in Off(dt.date(2025, 12, 31), dt.date(2026, 1, 1), is_yearly=True).days_in(2027)]
        ['2027-12-31', '2028-01-01']
        """
        if not self.is_yearly and self.first.year != year:
            return
        first = _in_year(self.first, year) if self.is_yearly else self.first
        length = min((self.last - self.first).days, _LONGEST_OFF)
        for offset in range(length + 1):
            yield first + dt.timedelta(days=offset)


@dataclass(frozen=True)
class Calendar:
    """The days on which a team works: days of the week (0 is Monday; none given: Monday to Friday), and days off."""

    working: Collection[int] = ()
    off: tuple[Off, ...] = field(default=())

    @property
    def week(self) -> frozenset[int]:
        return frozenset(self.working) or frozenset(MONDAY_TO_FRIDAY)

    def is_working(self, day: dt.date) -> bool:
        return day.weekday() in self.week and day not in _set_off_in(self.off, day.year)

    def count(self, first: dt.date, last: dt.date) -> int:
        """Count the working days from `first` to `last`, both included; 0 where `last` lies before `first`.

        >>> christmas = Off(dt.date(2025, 12, 24), dt.date(2025, 12, 26), is_yearly=True)
        >>> Calendar(off=(christmas,)).count(dt.date(2026, 12, 21), dt.date(2026, 12, 27))
        3
        """
        worked = working_days(first, last, self.working)
        if not self.off or not worked:
            return worked
        week = self.week
        for year in range(first.year, last.year + 1):
            off = _off_in(self.off, year)
            inside = off[bisect_left(off, first) : bisect_right(off, last)]
            worked -= sum(day.weekday() in week for day in inside)
        return worked

    def days(self, first: dt.date, last: dt.date) -> Sequence[dt.date]:
        """Return the working days from `first` to `last`, both included."""
        days = days_between(first, last, self.working)
        return [day for day in days if day not in _set_off_in(self.off, day.year)] if self.off else days

    def at_or_after(self, day: dt.date) -> dt.date:
        """Return `day`, or the next working day; `day` itself where there is none within a year."""
        for offset in range(_LONGEST_OFF):
            later = day + dt.timedelta(days=offset)
            if self.is_working(later):
                return later
        return day

    def week_shares(self, first: dt.date, weeks: int) -> list[float]:
        """Return, of each of so many weeks that begin with `first`, the share of its usual working days [0–1]."""
        usual = len(self.week)
        starts = (first + dt.timedelta(weeks=week) for week in range(weeks))
        return [self.count(start, start + dt.timedelta(days=6)) / usual for start in starts]


def working_days(first: dt.date, last: dt.date, working: Collection[int] = ()) -> int:
    """Count the working days from `first` to `last`, both included; 0 where `last` lies before `first`.

    `working` holds the days of the week that count, 0 is Monday; empty means Monday to Friday.

    >>> working_days(dt.date(2026, 11, 12), dt.date(2026, 11, 17))  # Thursday to Tuesday
    4
    """
    days = (last - first).days + 1
    if days <= 0:
        return 0
    kept = set(working) or set(MONDAY_TO_FRIDAY)
    weeks, rest = divmod(days, 7)
    return weeks * len(kept) + sum((first.weekday() + offset) % 7 in kept for offset in range(rest))


def days_between(first: dt.date, last: dt.date, working: Collection[int] = ()) -> Sequence[dt.date]:
    """Return the working days from `first` to `last`, both included."""
    kept = set(working) or set(MONDAY_TO_FRIDAY)
    days = (first + dt.timedelta(days=offset) for offset in range((last - first).days + 1))
    return [day for day in days if day.weekday() in kept]


@lru_cache(maxsize=1024)
def _off_in(off: tuple[Off, ...], year: int) -> list[dt.date]:
    """Return the days off of a year in order, also those of what began the year before."""
    begun = (day for one in off for begins in (year - 1, year) for day in one.days_in(begins))
    return sorted({day for day in begun if day.year == year})


@lru_cache(maxsize=1024)
def _set_off_in(off: tuple[Off, ...], year: int) -> frozenset[dt.date]:
    return frozenset(_off_in(off, year))


def _in_year(day: dt.date, year: int) -> dt.date:
    try:
        return day.replace(year=year)
    except ValueError:
        return day.replace(year=year, day=28)
