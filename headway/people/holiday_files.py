"""Read holidays from a file or from pasted text: a calendar (.ics), or a table with a date and a name in each line."""

import csv
import datetime as dt
import re

from django.utils.translation import gettext as _

MOST_LINES = 2_000

_FOLD = re.compile(r"\r?\n[ \t]")
_EVENT = re.compile("BEGIN:VEVENT", re.IGNORECASE)
_END = re.compile("END:VEVENT", re.IGNORECASE)
_DATE = re.compile(r"^(\d{4})-?(\d\d)-?(\d\d)")
_DAY_FIRST = re.compile(r"^(\d{1,2})[./](\d{1,2})[./](\d{4})$")


class NoHolidays(Exception):
    """The text holds none; the message says what was looked for, or what is wrong in which line."""


def read_holidays(text: str) -> list[tuple[str, dt.date, dt.date]]:
    """Return (name, first day, last day) of each holiday in a text. Raises NoHolidays.

    >>> read_holidays("2026-12-24;Christmas Eve\\n2026-12-25;2026-12-26;Christmas")  # doctest: +ELLIPSIS
    [('Christmas Eve', ...(2026, 12, 24), ...(2026, 12, 24)), ('Christmas', ...(2026, 12, 25), ...(2026, 12, 26))]
    """
    text = text.lstrip("\ufeff").strip()
    found = _of_calendar(text) if "BEGIN:VEVENT" in text.upper() else _of_table(text)
    if not found:
        raise NoHolidays(
            _("No holiday was found: give a calendar (.ics), or lines with a date such as 2026-12-25 and a name.")
        )
    return found


def _of_calendar(text: str) -> list[tuple[str, dt.date, dt.date]]:
    """Read all-day events (RFC 5545): the end is the day after the last."""
    found = []
    # Cut, not matched: an event without an end must not make us look for one again and again.
    for event in _EVENT.split(_FOLD.sub("", text), MOST_LINES)[1:]:
        values: dict[str, str] = {}
        for line in _END.split(event, 1)[0].splitlines():
            name, _colon, value = line.partition(":")
            values.setdefault(name.partition(";")[0].strip().upper(), value.strip())
        first = _date(values.get("DTSTART", ""))
        if first is None:
            continue
        after = _date(values.get("DTEND", ""))
        last = after - dt.timedelta(days=1) if after and after > first else first
        found.append((_unescaped(values.get("SUMMARY", "")) or _("Holiday"), first, last))
    return found


def _of_table(text: str) -> list[tuple[str, dt.date, dt.date]]:
    found = []
    lines = text.splitlines()[:MOST_LINES]
    mark = max(";\t,", key=text.count)
    try:
        rows = list(csv.reader(lines, delimiter=mark))
    except csv.Error as error:
        raise NoHolidays(_("This is no table of dates and names (%(error)s).") % {"error": error}) from error
    for number, cells in enumerate(rows, 1):
        given = [cell.strip() for cell in cells if cell.strip()]
        days = [day for cell in given if (day := _date(cell))]
        names = [cell for cell in given if _date(cell) is None]
        if not given or (number == 1 and not days):  # a heading
            continue
        if not days:
            raise NoHolidays(_("Line %(number)s holds no date: %(line)s") % {"number": number, "line": given[0][:60]})
        found.append((names[0][:120] if names else _("Holiday"), days[0], max(days[:2])))
    return found


def _date(text: str) -> dt.date | None:
    """Read 2026-12-25, 20261225 (with a time behind it, as calendars have it) or 25.12.2026."""
    try:
        if found := _DATE.match(text):
            return dt.date(*map(int, found.groups()))
        if found := _DAY_FIRST.match(text):
            day, month, year = map(int, found.groups())
            return dt.date(year, month, day)
    except ValueError:
        return None
    return None


def _unescaped(text: str) -> str:
    return re.sub(r"\\([,;\\])", r"\1", text.replace("\\n", " ").replace("\\N", " "))[:120].strip()
