"""Values of Key Results as people write them: "31 %", "€3.86", "1,250.5", "−2 h"."""

import math
import re

_SPACES = "\u00a0\u202f\u2009"
_NUMBER = re.compile(rf"[+\-−]?\d(?:[\d.,'’{_SPACES} ]*\d)?")


class NotAValue(ValueError):
    """The text is no number, or its unit is another than the Key Result's; `unit` names the one it has."""

    def __init__(self, message: str, *, unit: str = "") -> None:
        super().__init__(message)
        self.unit = unit


def read_value(text: str, *, unit: str = "") -> float:
    """Return the number of a text that may carry its unit before or behind it.

    Where both separators stand, the last is the decimal sign; a single comma is decimal unless exactly three digits
    follow. Raises NotAValue for anything else, and for a unit that is not `unit`.

    >>> read_value("€3.86", unit="€"), read_value("31,5 %", unit="%"), read_value("1,250"), read_value("−2")
    (3.86, 31.5, 1250.0, -2.0)
    """
    value, found = split_value(text)
    if found and unit and not _is_same_unit(found, unit):
        raise NotAValue(text, unit=found)
    return value


def split_value(text: str) -> tuple[float, str]:
    """Return (number, unit as written) of a text that holds one number and at most one unit.

    >>> split_value("72.3 minutes"), split_value("$1,200")
    ((72.3, 'minutes'), (1200.0, '$'))
    """
    text = text.strip()
    found = _NUMBER.search(text)
    if not found:
        raise NotAValue(text)
    ahead, behind = text[: found.start()].strip(), text[found.end() :].strip(" " + _SPACES)
    if (ahead and behind) or re.search(r"\d", ahead + behind):
        raise NotAValue(text)
    if ahead in {"+", "-", "−"}:
        raise NotAValue(text)
    return _number(found[0]), ahead or behind


def write_value(value: float, unit: str = "") -> str:
    """Return a value for texts that are kept (a decision's title): plain, with its unit behind it.

    >>> write_value(46.400000000000006, "%"), write_value(-2)
    ('46.4 %', '−2')
    """
    text = f"{value:.10g}".replace("-", "−")
    return f"{text} {unit}" if unit else text


def is_finite(value: float | None) -> bool:
    return value is None or math.isfinite(value)


def _number(text: str) -> float:
    negative = text[0] in "-−"
    digits = re.sub(r"[^\d.,]", "", text)
    comma, dot = digits.rfind(","), digits.rfind(".")
    if comma >= 0 and dot >= 0:
        decimal = "," if comma > dot else "."
    elif comma >= 0:
        is_thousands = digits.count(",") > 1 or len(digits) - comma == 4
        decimal = "" if is_thousands else ","
    else:
        decimal = "." if digits.count(".") == 1 else ""
    whole, _, fraction = digits.rpartition(decimal) if decimal else (digits, "", "")
    number = float(f"{re.sub('[.,]', '', whole) or 0}.{fraction or 0}")
    return -number if negative else number


_SAME = [
    {"%", "percent", "per cent", "pct", "prozent", "por ciento", "pour cent"},
    {"€", "eur", "euro", "euros"},
    {"$", "usd", "us$", "dollar", "dollars"},
    {"£", "gbp"},
    {"h", "hour", "hours", "hrs", "std", "stunden", "horas"},
    {"min", "mins", "minute", "minutes", "minuten", "minutos"},
    {"s", "sec", "second", "seconds", "sekunden", "segundos"},
    {"d", "day", "days", "tage", "días", "dias"},
    {"pp", "points", "percentage points"},
]


def _is_same_unit(one: str, other: str) -> bool:
    one, other = one.casefold().rstrip("."), other.casefold().rstrip(".")
    return one == other or any(one in names and other in names for names in _SAME)
