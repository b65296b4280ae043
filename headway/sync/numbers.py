"""Sizes as trackers write them: "8.0", "13,5", "1.000,5", "3 pts"."""

import re

_NUMBER = re.compile(r"[+-]?\d[\d.,'’\u00a0\u202f ]*")


def read_number(text: str, *, decimal_comma: bool = False) -> float | None:
    """Return the number that a text starts with, or None where it starts with none.

    Where both separators stand, the last one is the decimal sign. A single comma is decimal where the column says so
    (`decimal_comma`) or where it is not followed by exactly three digits.
    """
    found = _NUMBER.match(text.strip().lstrip("#~≈"))
    if not found:
        return None
    digits = re.sub(r"['’\u00a0\u202f ]", "", found[0]).rstrip(".,")
    comma, dot = digits.rfind(","), digits.rfind(".")
    if comma >= 0 and dot >= 0:
        decimal = "," if comma > dot else "."
    elif comma >= 0:
        decimal = "," if is_decimal_comma(digits) or decimal_comma else ""
    else:
        decimal = "." if digits.count(".") == 1 else ""
    whole, _, fraction = digits.rpartition(decimal) if decimal else (digits, "", "")
    return float(f"{re.sub('[.,]', '', whole)}.{fraction or 0}")


def is_decimal_comma(text: str) -> bool:
    """Say whether a text can only be read with a decimal comma ("2,5", "1.000,5")."""
    comma = text.rfind(",")
    if comma < 0 or text.count(",") > 1 or text.rfind(".") > comma:
        return False
    return "." in text or len(text.rstrip()) - comma - 1 != 3
