"""Counting working days."""

import datetime as dt
from collections.abc import Collection, Sequence

MONDAY_TO_FRIDAY = (0, 1, 2, 3, 4)


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
