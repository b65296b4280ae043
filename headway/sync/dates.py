"""Dates as trackers write them: a column is looked at as a whole before one cell of it is read.

"05/11/26" alone may be May or November; the column around it usually says which. Month names come from Babel's
locale data, so that an export in any language that Babel knows can be read.
"""

import datetime as dt
import functools
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from babel import Locale, UnknownLocaleError, localedata

# The languages that Jira's own screens come in (and a few neighbours). They are tried first: the names of two languages
# of the world may clash ("mai" is another month in another tongue), those of two likely ones seldom do.
_LIKELY = (
    "en es de fr pt it nl pl cs sk da sv nb fi et hu ro bg el hr sl sr lt lv uk ru tr ca "
    "ja ko zh zh_Hant vi th id he ar"
)
LIKELY_LANGUAGES = tuple(_LIKELY.split())

ORDERS = ("dmy", "mdy")
EMPTY = frozenset({"", "null", "none", "nan", "nat", "n/a", "-", "—", "–"})

_ISO = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})(?:[T ]+(.+))?$")
_YEAR_FIRST = re.compile(r"(\d{4})[/.年]\s?(\d{1,2})[/.月]\s?(\d{1,2})日?(?:[T ,]+(.+))?$")
_NUMERIC = re.compile(r"(\d{1,2})([/.\-])\s?(\d{1,2})\2\s?(\d{4}|\d{2})\.?,?(?:[T ,]+(.+))?$")
_NAMED = re.compile(
    r"(\d{1,2})(?:st|nd|rd|th|\.)?[/\-. ,]*(?:de |d’|d')?\s?([^\W_].*?)[/\-. ,]+(?:de )?'?(\d{4}|\d{2})(?:[T ,]+(.+))?$"
)
_NAME_FIRST = re.compile(r"([^\W\d_][^\d,/]*?)\.?[ /\-](\d{1,2})(?:st|nd|rd|th)?,?[ /\-]+(\d{4})(?:[T ,]+(.+))?$")
_WEEKDAY = re.compile(r"^[^\W\d_]+\.?,\s+(?=\d)")
_TIME = re.compile(
    r"(?P<lead>[^\d\s:]+\s?)?(?P<h>\d{1,2})[:.h](?P<m>\d{2})(?:[:.](?P<s>\d{2})(?:[.,](?P<f>\d{1,9}))?)?"
    r"\s?(?P<half>[^\d\s+\-][^\d+]*?)?\s?(?P<zone>Z|UTC|GMT|[+\-]\d{2}:?\d{2}|[+\-]\d{2})?$"
)


@dataclass(frozen=True, slots=True)
class Moment:
    """A date that was read; `has_time` tells a plain date from a moment at midnight."""

    at: dt.datetime
    has_time: bool


@dataclass(frozen=True, slots=True)
class DateReader:
    """Reads the cells of one column once its form is known. `zone` holds for texts that name none."""

    zone: dt.tzinfo
    order: str = "dmy"
    months: Mapping[str, int] = field(default_factory=dict)

    def read(self, text: str) -> Moment | None:
        """Return the moment in UTC, or None for an empty cell. Raises ValueError for a text that is no date."""
        text = text.strip()
        if text.casefold() in EMPTY:
            return None
        text = _WEEKDAY.sub("", text)
        year, month, day, rest = self._parts(text)
        clock = _read_time(rest) if rest else None
        if clock is None:
            return Moment(dt.datetime(year, month, day, tzinfo=self.zone).astimezone(dt.UTC), has_time=False)
        moment = dt.datetime.combine(dt.date(year, month, day), clock)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=self.zone)
        return Moment(moment.astimezone(dt.UTC), has_time=True)

    def _parts(self, text: str) -> tuple[int, int, int, str]:
        if found := _ISO.match(text) or _YEAR_FIRST.match(text):
            year, month, day, rest = found.groups()
            return int(year), int(month), int(day), rest or ""
        if found := _NUMERIC.match(text):
            first, _separator, second, year, rest = found.groups()
            month, day = (second, first) if self.order == "dmy" else (first, second)
            return _full_year(year), int(month), int(day), rest or ""
        if found := _NAMED.match(text):
            day, name, year, rest = found.groups()
        elif found := _NAME_FIRST.match(text):
            name, day, year, rest = found.groups()
        else:
            raise ValueError(text)
        number = self.months.get(_plain(name))
        if number is None:
            raise ValueError(text)
        return _full_year(year), number, int(day), rest or ""


class DateColumn:
    """Learns the form of a column from its cells, in memory that does not grow with them."""

    def __init__(self, languages: Sequence[str] = ()) -> None:
        self.cells = self.numeric = 0
        self._only = {"dmy": 0, "mdy": 0}
        self._languages = tuple(languages)
        self._names: dict[str, str] = {}

    def see(self, text: str) -> None:
        """Take one cell in."""
        text = _WEEKDAY.sub("", text.strip())
        if text.casefold() in EMPTY:
            return
        self.cells += 1
        if _ISO.match(text) or _YEAR_FIRST.match(text):
            return
        if found := _NUMERIC.match(text):
            self.numeric += 1
            first, second = int(found[1]), int(found[3])
            if first > 12 >= second:
                self._only["dmy"] += 1
            elif second > 12 >= first:
                self._only["mdy"] += 1
        elif len(self._names) < 200 and (found := _NAMED.match(text)):
            self._names.setdefault(_plain(found[2]), found[2])
        elif len(self._names) < 200 and (found := _NAME_FIRST.match(text)):
            self._names.setdefault(_plain(found[1]), found[1])

    @property
    def order(self) -> str | None:
        """Day or month first, as most of the cells that can only be one of them say; None where none of them says."""
        dmy, mdy = self._only["dmy"], self._only["mdy"]
        if dmy == mdy:
            return None
        return "dmy" if dmy > mdy else "mdy"

    @property
    def is_order_open(self) -> bool:
        """Say whether there are cells that may be read either way and nothing in the column decides."""
        return self.numeric > 0 and self.order is None

    def month_names(self) -> frozenset[str]:
        """Return the month names seen, without case and dots."""
        return frozenset(self._names)


@dataclass(frozen=True, slots=True)
class MonthNames:
    """The reading of a set of month names: `languages` that explain them, `is_open` where those disagree."""

    months: Mapping[str, int]
    languages: tuple[str, ...]
    is_open: bool


def read_month_names(names: Iterable[str], prefer: Sequence[str] = ()) -> MonthNames:
    """Find the languages in which all `names` are months; `prefer` are tried first and win.

    Where no language explains all of them, the one that explains most is taken: the rest of the cells are then named
    as no date, one by one.
    """
    wanted = frozenset(names)
    if not wanted:
        return MonthNames({}, (), is_open=False)
    for group in ([*prefer], ["en"], ["es"], LIKELY_LANGUAGES, _all_languages()):
        explains = [(code, table) for code in group if wanted <= (table := months_of(code)).keys()]
        if explains:
            readings = {tuple(table[name] for name in sorted(wanted)) for _, table in explains}
            return MonthNames(explains[0][1], tuple(code for code, _ in explains), is_open=len(readings) > 1)
    best = max([*prefer, *LIKELY_LANGUAGES], key=lambda code: len(wanted & months_of(code).keys()))
    return MonthNames(months_of(best), (best,), is_open=False)


@functools.lru_cache(maxsize=64)
def months_of(language: str) -> Mapping[str, int]:
    """Return the month names of a language, short and long, in the form that readers compare."""
    try:
        locale = Locale.parse(language, sep="-" if "-" in language else "_")
    except (UnknownLocaleError, ValueError):
        return {}
    table: dict[str, int] = {}
    for context in ("stand-alone", "format"):
        for width in ("wide", "abbreviated"):
            for number, name in locale.months[context][width].items():
                table[_plain(name)] = number
    # Other programs cut names to three letters where Babel writes four ("sept", "März"), and Java writes "Mrz".
    if language in _CUT_TO_THREE:
        for name, number in list(table.items()):
            if len(name) > 3 and name.isalpha():
                table.setdefault(name[:3], number)
    return table | _ALSO.get(language, {})


_CUT_TO_THREE = frozenset({"en", "es", "de", "pt", "it", "nl", "da", "sv", "nb"})
_ALSO: dict[str, dict[str, int]] = {"de": {"mrz": 3}, "en": {"sept": 9}}


def _all_languages() -> Iterable[str]:
    """Name every language that Babel has data for, forgetting each after use: together they are tens of megabytes."""
    for code in localedata.locale_identifiers():
        if "_" not in code:
            yield code
            localedata._cache.pop(code, None)


def _plain(name: str) -> str:
    return name.strip().strip(".").replace(".", "").casefold()


def _full_year(text: str) -> int:
    year = int(text)
    if len(text) == 4:
        return year
    return year + (2000 if year < 80 else 1900)


def _read_time(text: str) -> dt.time:
    found = _TIME.match(text.strip())
    if not found:
        raise ValueError(text)
    hour = int(found["h"])
    half = (found["half"] or found["lead"] or "").strip()
    zone = found["zone"]
    if half in {"UTC", "GMT", "Z"}:
        half, zone = "", "Z"
    if half:
        hour = hour % 12 + (12 if _is_afternoon(half) else 0)
    micros = int((found["f"] or "0")[:6].ljust(6, "0"))
    return dt.time(hour, int(found["m"]), int(found["s"] or 0), micros, tzinfo=_read_zone(zone))


def _read_zone(text: str | None) -> dt.tzinfo | None:
    if not text:
        return None
    if text in {"Z", "UTC", "GMT"}:
        return dt.UTC
    digits = text[1:].replace(":", "").ljust(4, "0")
    offset = dt.timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    return dt.timezone(-offset if text[0] == "-" else offset)


def _is_afternoon(half: str) -> bool:
    plain = _letters(half)
    if plain in {"am", "a"}:
        return False
    if plain in {"pm", "p"}:
        return True
    halves = _halves_of_day()
    if plain not in halves:
        raise ValueError(half)
    return halves[plain]


@functools.cache
def _halves_of_day() -> Mapping[str, bool]:
    """Return what stands for a.m. and p.m. in the likely languages; True is the afternoon."""
    halves: dict[str, bool] = {}
    for language in LIKELY_LANGUAGES:
        periods = Locale.parse(language).day_periods.get("format", {})
        for width in ("abbreviated", "wide", "narrow"):
            for name, is_afternoon in (("am", False), ("pm", True)):
                if name in periods.get(width, {}):
                    halves.setdefault(_letters(periods[width][name]), is_afternoon)
    return halves


def _letters(text: str) -> str:
    return "".join(letter for letter in text.casefold() if letter.isalpha())
