"""How dates, numbers and money are written, by locale (Babel). English is written as in Britain: 17 Nov.

Every filter takes None (shown as an en dash) so that a missing figure never becomes "None" or "NaN" on a screen.
"""

import datetime as dt
import math
from functools import cache, lru_cache
from typing import TypeGuard

from babel import Locale
from babel.core import UnknownLocaleError
from babel.dates import format_date, format_skeleton, format_time
from babel.numbers import format_currency, format_decimal
from django.utils import timezone
from django.utils.translation import get_language, ngettext, pgettext, to_locale
from django.utils.translation import gettext as _

from headway.lib import clock

NOTHING = "–"
THIN = "\N{NARROW NO-BREAK SPACE}"
MINUS = "\N{MINUS SIGN}"
CURRENCY_SIGNS = frozenset("€$£¥")


def locale() -> Locale:
    """Return the Babel locale of the language that is active."""
    return _locale(get_language() or "en")


def day(value: dt.date | dt.datetime | None) -> str:
    """17 Nov; with the year where it lies more than half a year away."""
    date = _local_date(value)
    if date is None:
        return NOTHING
    far = abs((date - clock.today()).days) > 183 and date.year != clock.today().year
    return format_skeleton("yMMMd" if far else "MMMd", date, locale=locale())


def full_day(value: dt.date | dt.datetime | None) -> str:
    """17 Nov 2026."""
    date = _local_date(value)
    return NOTHING if date is None else format_skeleton("yMMMd", date, locale=locale())


def month(value: dt.date | None) -> str:
    """Nov."""
    return NOTHING if value is None else format_skeleton("MMM", value, locale=locale())


def month_year(value: dt.date | None) -> str:
    """November 2026."""
    return NOTHING if value is None else format_skeleton("yMMMM", value, locale=locale())


def month_day(value: dt.date | None) -> str:
    """17 Nov, whatever the year."""
    return NOTHING if value is None else format_skeleton("MMMd", value, locale=locale())


def week_day(value: dt.date | dt.datetime | None) -> str:
    """Wed 18 Nov."""
    date = _local_date(value)
    if date is None:
        return NOTHING
    if _is_british():
        return format_date(date, "EEE d MMM", locale=locale())
    return format_skeleton("MMMEd", date, locale=locale())


def short_weekday(value: dt.date | dt.datetime | None) -> str:
    """Wed."""
    date = _local_date(value)
    return NOTHING if date is None else str(format_date(date, "EEE", locale=locale()))


def long_day(value: dt.date | dt.datetime | None) -> str:
    """Tuesday 17 November."""
    date = _local_date(value)
    if date is None:
        return NOTHING
    if _is_british():
        return format_date(date, "EEEE d MMMM", locale=locale())
    return format_skeleton("MMMMEEEEd", date, locale=locale())


def moment(value: dt.datetime | None) -> str:
    """Wed 18 Nov 14:00, in the time zone of whoever looks."""
    if value is None:
        return NOTHING
    return f"{week_day(value)} {hour(value)}"


def hour(value: dt.datetime | None) -> str:
    """14:00, or 2:00 PM, in the time zone of whoever looks."""
    if value is None:
        return NOTHING
    local = timezone.localtime(value) if timezone.is_aware(value) else value
    return str(format_time(local, "short", locale=locale()))


def age(value: float | dt.date | dt.datetime | None) -> str:
    """5 d; "new" on the first day. Takes days, or the day or moment since when."""
    if value is None:
        return NOTHING
    if isinstance(value, dt.date):
        value = (clock.today() - (_local_date(value) or clock.today())).days
    days = int(value)
    if days < 1:
        return pgettext("age", "new")
    return ngettext("%(count)s d", "%(count)s d", days) % {"count": number(days)}


def number(value: float | None, digits: int | None = None) -> str:
    """1,240 or 46.4: grouped by locale, with a true minus; `digits` after the point are all shown, else at most two."""
    if not _is_figure(value):
        return NOTHING
    pattern = "#,##0.##" if digits is None else "#,##0" + ("." + "0" * digits if digits else "")
    return _decimal(value, pattern, locale())


def signed(value: float | None, digits: int | None = None) -> str:
    """+1.5, −0.1, 0.0."""
    if not _is_figure(value):
        return NOTHING
    text = number(value, digits)
    is_zero = all(character in "0.,\N{NO-BREAK SPACE}" for character in text)
    return text if text.startswith(MINUS) or is_zero else f"+{text}"


def percent(share: float | None, digits: int = 0) -> str:
    """71 %, from a share of 0–1, with a narrow gap."""
    if not _is_figure(share):
        return NOTHING
    return f"{number(share * 100, digits)}{THIN}%"


def span(low: float | None, high: float | None, digits: int | None = 1) -> str:
    """0.5 to 2.0."""
    return _("%(low)s to %(high)s") % {"low": number(low, digits), "high": number(high, digits)}


def from_to(low: float | None, high: float | None, unit: str = "") -> str:
    """31 to 52 %, €4.10 to €3.60: two values of one unit, money to the cent where they lie close."""
    if not (_is_figure(low) and _is_figure(high)):
        return NOTHING
    is_money = unit in CURRENCY_SIGNS
    digits = 2 if is_money and abs(high - low) < 10 else None
    first = with_unit(low, unit, digits) if is_money else number(low)
    return _("%(low)s to %(high)s") % {"low": first, "high": with_unit(high, unit, digits)}


def with_unit(value: float | None, unit: str = "", digits: int | None = None) -> str:
    """46.4 %, €3.86, 11.2 h: a measured value in its own unit."""
    if not _is_figure(value):
        return NOTHING
    if unit in CURRENCY_SIGNS:
        text = number(value, digits)
        return f"{MINUS}{unit}{text[1:]}" if text.startswith(MINUS) else f"{unit}{text}"
    return f"{number(value, digits)}{THIN}{unit}" if unit else number(value, digits)


def money(value: float | None, currency: str = "EUR", digits: int = 0) -> str:
    """€5,600."""
    if not _is_figure(value):
        return NOTHING
    zero = round(value, digits) == 0
    pattern = locale().currency_formats["standard"].pattern.split(";")[0]
    pattern = pattern.replace("0.00", "0" + ("." + "0" * digits if digits else ""))
    amount = 0.0 if zero else value
    return _true_minus(str(format_currency(amount, currency, pattern, locale=locale(), currency_digits=False)))


FILTERS = {
    function.__name__: function
    for function in (
        day,
        full_day,
        month_year,
        month_day,
        week_day,
        short_weekday,
        long_day,
        moment,
        hour,
        age,
        number,
        signed,
        percent,
        span,
        from_to,
        with_unit,
        money,
    )
}


@lru_cache(maxsize=4096)
def _decimal(value: float, pattern: str, of: Locale) -> str:
    """Write a figure; a page holds hundreds, most of them again and again, and Babel takes a while for each."""
    text = str(format_decimal(value, format=pattern, locale=of))
    return _true_minus("0" + text[2:] if _is_minus_zero(text) else text)


def _is_british() -> bool:
    return locale().language == "en" and locale().territory not in {"US", "CA"}


@cache
def _locale(language: str) -> Locale:
    """Return the locale of a language tag; of "en-x-de-ch" (English texts, Swiss formats) the one behind the x."""
    name = to_locale(language.rpartition("-x-")[2])
    try:
        return Locale.parse("en_GB" if name == "en" else name)
    except (UnknownLocaleError, ValueError):
        return Locale.parse("en_GB")


def _local_date(value: dt.date | dt.datetime | None) -> dt.date | None:
    if isinstance(value, dt.datetime):
        return (timezone.localtime(value) if timezone.is_aware(value) else value).date()
    return value


def _is_figure(value: float | None) -> TypeGuard[float]:
    return value is not None and math.isfinite(value)


def _is_minus_zero(text: str) -> bool:
    return text.startswith("-") and not any(character in "123456789" for character in text)


def _true_minus(text: str) -> str:
    return text.replace("-", MINUS)
