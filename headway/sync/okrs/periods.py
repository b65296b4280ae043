"""Periods as OKR documents name them, and the days they stand for."""

import calendar
import datetime as dt
import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Period:
    """A year, half year, quarter or month, under one name however it was written."""

    name: str
    starts_on: dt.date
    ends_on: dt.date
    is_fiscal: bool = False  # taken as a calendar year: where a fiscal year begins, the file does not say


_YEAR = r"(?P<fy>FY|GJ|fiscal year|fiscal|EF)?\s*'?(?P<year>20\d\d|19\d\d|\d\d(?=\D|$))"
_PART = r"(?P<kind>Q|T|KW|H|S|quarter|quartal|trimestre|half|halbjahr|semestre)\.?\s*(?P<part>[1-4])"
_NUMBERED = r"(?P<part>[1-4])\s*(?P<kind>Q|T|H|S|quarter|trimestre|semestre)"
_BETWEEN = r"[\s\-–_/.,:]*(?:of|de|del)?[\s\-–_/.,:]*"
_FORMS = [
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"\b{_YEAR}{_BETWEEN}{_PART}\b",
        rf"\b{_PART}{_BETWEEN}{_YEAR}\b",
        rf"\b{_NUMBERED}{_BETWEEN}{_YEAR}\b",
        rf"\b{_YEAR}{_BETWEEN}{_NUMBERED}\b",
    )
]
_MONTHS = {name.casefold(): number for number, name in enumerate(calendar.month_name) if name}
_MONTH = re.compile(rf"\b(?P<month>{'|'.join(_MONTHS)})\s+(?P<year>20\d\d)\b", re.IGNORECASE)
_ALONE = re.compile(r"(?<![\w.,-])(?P<fy>FY|GJ|fiscal year)?\s*'?(?P<year>20[0-4]\d)(?![\w.,-])", re.IGNORECASE)
_ISO_MONTH = re.compile(r"(?<![\d-])(?P<year>20\d\d)-(?P<month>0[1-9]|1[0-2])(?![\d-])")


def read_period(text: str) -> Period | None:
    """Return the one period that a text names, or None where it names none or several.

    >>> read_period("OKRs 2018 Q3").name, read_period("FY20-Q3").starts_on, read_period("H1 2026").ends_on
    ('Q3 2018', datetime.date(2020, 7, 1), datetime.date(2026, 6, 30))
    """
    return _only(text)[0]


def without_period(text: str) -> str:
    """Return the text around its period: empty where it says nothing else."""
    period, found = _only(text)
    return text.replace(found, " ").strip(" \t-–—:,()[]/") if period else text


def _only(text: str) -> tuple[Period | None, str]:
    for form in (*_FORMS, _MONTH, _ISO_MONTH, _ALONE):
        found = list(form.finditer(text))
        if len(found) == 1:
            return _period(found[0]), found[0][0]
        if found:
            return None, ""
    return None, ""


def _period(found: re.Match[str]) -> Period:
    parts = found.groupdict()
    year = int(parts["year"])
    year += 2000 if year < 100 else 0
    prefix = "FY" if parts.get("fy") else ""
    month = parts.get("month")
    if month:
        number = _MONTHS.get(month.casefold()) or int(month)
        return _span(f"{calendar.month_name[number]} {year}", year, number, 1)
    if not parts.get("part"):
        return _span(f"{prefix}{year}", year, 1, 12, is_fiscal=bool(prefix))
    part, is_half = int(parts["part"]), parts["kind"].casefold()[0] in "hs"
    if is_half and part > 2:
        is_half = False
    months = 6 if is_half else 3
    name = f"{'H' if is_half else 'Q'}{part} {prefix}{year}"
    return _span(name, year, (part - 1) * months + 1, months, is_fiscal=bool(prefix))


def _span(name: str, year: int, first: int, months: int, *, is_fiscal: bool = False) -> Period:
    last = first + months - 1
    return Period(name, dt.date(year, first, 1), dt.date(year, last, calendar.monthrange(year, last)[1]), is_fiscal)
