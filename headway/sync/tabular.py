"""Rows of a table whose columns have a meaning: the common part of the Jira and the plain CSV reader."""

import datetime as dt
import functools
import re
import zoneinfo
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypedDict

from django.utils.translation import gettext as _

from .dates import EMPTY, DateColumn, DateReader, Moment, read_month_names
from .numbers import is_decimal_comma, read_number
from .rows import NotThisFormat, Skipped, SprintName, TrackerRow
from .statuses import CATEGORIES, category_from_tracker, category_of, plain_status
from .survey import DATE_FIELDS, NEEDED, Answers, ColumnSeen, StatusSeen, Survey
from .tables import Table, repeated

SAMPLE_RECORDS = 300


class _DatesSeen(TypedDict):
    date_order: str | None
    is_date_order_open: bool
    languages: tuple[str, ...]
    is_language_open: bool


Guess = Callable[[Sequence[str], Mapping[str, Sequence[str]]], dict[str, str]]


@dataclass
class TableSource:
    """A table with its meaning: `fields` is heading → field for every heading. Build it with `read_table`."""

    table: Table
    places: dict[str, list[int]]
    fields: dict[str, str]
    answers: Answers
    zone: dt.tzinfo
    samples: Mapping[str, str] = field(default_factory=dict)
    survey: Survey = field(init=False)
    keys: set[str] = field(default_factory=set)
    sprints: dict[str, SprintName] = field(default_factory=dict)
    places_by_line: dict[int, int] = field(default_factory=dict)
    _by_field: dict[str, list[int]] = field(init=False)
    _readers: dict[str, DateReader] = field(init=False)
    _decimal_comma: bool = False
    _keys_by_id: dict[str, str] = field(default_factory=dict)
    _doubles: dict[int, Skipped] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._by_field = {}
        for heading, name in self.fields.items():
            self._by_field.setdefault(name, []).extend(self.places[heading])
        for name, places in self._by_field.items():
            if not name.startswith("parent"):
                places.sort()
        if "key" not in self._by_field and "title" in self._by_field:
            # A list without keys: an item is known by its title.
            self._by_field["key"] = self._by_field["title"]
        self._look()

    # First look

    def _look(self) -> None:
        columns = {heading: DateColumn() for heading, name in self.fields.items() if _is_date(name)}
        date_columns = [(place, column) for heading, column in columns.items() for place in self.places[heading]]
        width = len(self.table.headings)
        filled = [0] * width
        statuses = _Statuses()
        doubles: set[str] = set()
        rows = line = 0
        cells: list[str] = []
        sprint_days: dict[str, tuple[str, str]] = {}
        has_sprint_days = "sprint_start" in self._by_field or "sprint_end" in self._by_field
        has_ranks = "rank" in self._by_field
        ranks: list[tuple[tuple[bool, float, str], int]] = []
        wants_ids = "id" in self._by_field and "parent_id" in self._by_field
        for line, cells in self.table.records():
            rows += 1
            for place, cell in enumerate(cells):
                if cell and place < width:
                    filled[place] += 1
            for place, column in date_columns:
                if place < len(cells) and cells[place]:
                    column.see(cells[place])
            key = self._one(cells, "key")
            if key in self.keys:
                doubles.add(key)
            self.keys.add(key)
            names = list(self._many(cells, "sprint"))
            for text in names:
                self.sprints.setdefault(text, read_sprint(text))
            if names and has_sprint_days:
                sprint_days[names[-1]] = (self._one(cells, "sprint_start"), self._one(cells, "sprint_end"))
            if has_ranks:
                ranks.append((rank_key(self._one(cells, "rank")), line))
            if wants_ids:
                self._keys_by_id[self._one(cells, "id")] = key
            statuses.see(
                self._one(cells, "status"),
                self._one(cells, "status_category"),
                key,
                is_resolved=bool(self._one(cells, "resolution") or self._one(cells, "done")),
            )
            self._decimal_comma = self._decimal_comma or is_decimal_comma(self._one(cells, "size"))
        self._refuse_cut_off(line, cells)
        self.keys.discard("")
        ranks.sort()
        self.places_by_line = {at: place for place, (_rank, at) in enumerate(ranks)}
        self._decimal_comma = self._decimal_comma or self.table.delimiter == ";"
        order_survey = self._choose_readers(columns)
        self._date_sprints(sprint_days)
        for heading, name in self.fields.items():
            rows_filled = filled[self.places[heading][0]]
            if name.startswith("status:") and rows_filled:
                statuses.see_in_history(name.removeprefix("status:"), rows_filled)
        self.survey = Survey(
            rows=rows,
            columns=tuple(
                ColumnSeen(heading, self.fields[heading], len(places), filled[places[0]], self.samples.get(heading, ""))
                for heading, places in self.places.items()
            ),
            statuses=statuses.seen(self.answers.statuses),
            missing=tuple(name for name in NEEDED if name not in self._by_field),
            **order_survey,
        )
        if doubles and not self.survey.missing:
            self._doubles = self._resolve_doubles(doubles)

    def _date_sprints(self, days: Mapping[str, tuple[str, str]]) -> None:
        """Give Sprints the days that stand in columns of their own."""
        for text, (starts, ends) in days.items():
            self.sprints[text] = replace(
                self.sprints[text],
                starts_on=self._day_in("sprint_start", starts) or self.sprints[text].starts_on,
                ends_on=self._day_in("sprint_end", ends) or self.sprints[text].ends_on,
            )

    def _day_in(self, name: str, text: str) -> dt.date | None:
        try:
            moment = self._read(text, self._by_field[name][0]) if text else None
        except _NoDate:
            return None
        return moment.at.astimezone(self.zone).date() if moment else None

    def _refuse_cut_off(self, line: int, cells: Sequence[str]) -> None:
        """A last record that is short and has no line end was cut off in the middle."""
        if not line or len(cells) >= len(self.table.headings) or len(self.table.headings) < 3:
            return
        with self.table.path.open("rb") as file:
            file.seek(-min(4, self.table.path.stat().st_size), 2)
            ends_with_line = file.read().rstrip(b"\0").endswith((b"\n", b"\r"))
        if not ends_with_line:
            raise NotThisFormat(
                _("The file ends within line %(line)s: %(cells)s of %(headings)s cells.")
                % {"line": line, "cells": len(cells), "headings": len(self.table.headings)},
                line=line,
                todo=_("It was cut off. Export it again and look whether the download was complete."),
            )

    def _choose_readers(self, columns: Mapping[str, DateColumn]) -> _DatesSeen:
        """Give every date column its reader: its own evidence first, then that of the others, then the answer."""
        answer = self.answers.options.get("dates")
        orders = Counter(column.order for column in columns.values() if column.order)
        common = orders.most_common(1)[0][0] if orders else None
        is_open = any(column.is_order_open for column in columns.values()) and not common
        fallback = answer or common or "dmy"
        names = frozenset().union(*(column.month_names() for column in columns.values()))
        language = self.answers.options.get("language")
        months = read_month_names(names, [language] if language else [])
        self._readers = {
            heading: DateReader(self.zone, column.order or fallback, months.months)
            for heading, column in columns.items()
        }
        for heading, reader in list(self._readers.items()):
            for place in self.places[heading]:
                self._readers[str(place)] = reader
        return {
            "date_order": fallback if any(column.numeric for column in columns.values()) else None,
            "is_date_order_open": is_open and not answer,
            "languages": months.languages,
            "is_language_open": months.is_open and not language,
        }

    def _resolve_doubles(self, doubles: set[str]) -> dict[int, Skipped]:
        """Of the records that share a key, find all but the one that can be read and has the latest “Updated”.

        Without “Updated” the last one counts.
        """
        best: dict[str, tuple[tuple[bool, bool, dt.datetime], int]] = {}
        lines: dict[str, list[int]] = {}
        for line, cells in self.table.records():
            key = self._one(cells, "key")
            if key not in doubles or not key:
                continue
            row = self._row(line, cells, ())
            updated = row.updated_at if isinstance(row, TrackerRow) else None
            never = dt.datetime.min.replace(tzinfo=dt.UTC)
            rank = (isinstance(row, TrackerRow), updated is not None, updated or never)
            lines.setdefault(key, []).append(line)
            if key not in best or rank >= best[key][0]:
                best[key] = (rank, line)
        losers: dict[int, Skipped] = {}
        for key, all_lines in lines.items():
            winner = best[key][1]
            for line in all_lines:
                if line != winner:
                    losers[line] = Skipped(line, same_key(winner, has_updated=best[key][0][1]), key)
        return losers

    @functools.cached_property
    def given(self) -> frozenset[str]:
        """Return the fields that the file has columns for; of the others it says nothing."""
        return frozenset(name.split(":")[0] for name in self._by_field)

    @functools.cached_property
    def headings(self) -> frozenset[str]:
        return frozenset(self.places)

    # Rows

    def rows(self) -> Iterator[TrackerRow | Skipped]:
        """Yield every record as a row, or as skipped with its line and reason."""
        width = len(self.table.headings)
        extras = [(heading, self.places[heading]) for heading, name in self.fields.items() if name == "extra"]
        for line, cells in self.table.records():
            if line in self._doubles:
                yield self._doubles[line]
            elif len(cells) > width and any(cell.strip() for cell in cells[width:]):
                reason = _("%(cells)s cells under %(headings)s headings: is a delimiter not in quotes?")
                yield Skipped(line, reason % {"cells": len(cells), "headings": width}, self._one(cells, "key"))
            else:
                yield self._row(line, cells, extras)

    def _row(self, line: int, cells: Sequence[str], extras: Sequence[tuple[str, list[int]]]) -> TrackerRow | Skipped:
        key, title = self._one(cells, "key"), " ".join(self._one(cells, "title").split())
        for name, value in (("key", key), ("title", title)):
            if not value:
                return Skipped(line, _("“%(heading)s” is empty") % {"heading": self._heading(name)}, key)
        try:
            moments = {name: self._moment(cells, name) for name in _MOMENTS if name in self._by_field}
            history = self._history(cells)
            sprints = self._sprints(cells)
            due = self._day(cells, "due")
        except _NoDate as error:
            reason = _("“%(heading)s” is no date: “%(text)s”") % {"heading": error.heading, "text": error.text[:60]}
            return Skipped(line, reason, key)
        at = {name: moment.at if moment else None for name, moment in moments.items()}
        extra = {heading: text for heading, places in extras if (text := _joined(cells, places))}
        size_text = self._one(cells, "size")
        size = read_number(size_text, decimal_comma=self._decimal_comma)
        if size_text and (size is None or size < 0):
            extra[self._heading("size")] = size_text
            size = None
        parent_id = self._one(cells, "parent_id")
        return TrackerRow(
            line=line,
            key=key,
            title=title,
            description=self._text(cells, "description"),
            kind=self._one(cells, "kind"),
            status=self._one(cells, "status") or (history[-1][0] if history else ""),
            status_category=self._one(cells, "status_category"),
            size=size,
            sprints=sprints,
            parent=self._one(cells, "parent") or self._one(cells, "epic") or self._keys_by_id.get(parent_id, parent_id),
            links=self._links(cells),
            resolution=self._one(cells, "resolution"),
            created_at=at.get("created"),
            updated_at=at.get("updated"),
            category_changed_at=at.get("category_changed"),
            started_at=at.get("started"),
            done_at=at.get("done"),
            due_on=due,
            assignees=tuple(self._many(cells, "assignee")),
            labels=self._labels(cells),
            rank=self._one(cells, "rank"),
            url=self._one(cells, "url"),
            history=history,
            extra=extra,
        )

    def _heading(self, name: str) -> str:
        return next((heading for heading, to in self.fields.items() if to == name), "") or next(
            (heading for heading, to in self.fields.items() if to == "title"), name
        )

    def _text(self, cells: Sequence[str], name: str) -> str:
        """Return the first cell of a field that is not empty, as it stands."""
        for place in self._by_field.get(name, ()):
            if place < len(cells) and (text := cells[place].strip()) and text not in _NULLS:
                return text
        return ""

    _one = _text

    def _many(self, cells: Sequence[str], name: str) -> Iterator[str]:
        for place in self._by_field.get(name, ()):
            if place < len(cells) and (text := cells[place].strip()) and text not in _NULLS:
                yield text

    def _moment(self, cells: Sequence[str], name: str) -> Moment | None:
        for place in self._by_field.get(name, ()):
            if place < len(cells) and cells[place] and (moment := self._read(cells[place], place)):
                return moment
        return None

    def _day(self, cells: Sequence[str], name: str) -> dt.date | None:
        """Return a date as it is written, without shifting it by a zone that the text does not name."""
        moment = self._moment(cells, name)
        return moment.at.astimezone(self.zone).date() if moment else None

    def _read(self, text: str, place: int) -> Moment | None:
        try:
            return self._readers[str(place)].read(text)
        except (ValueError, OverflowError):
            raise _NoDate(self.table.headings[place], text.strip()) from None

    def _history(self, cells: Sequence[str]) -> tuple[tuple[str, dt.datetime], ...]:
        """Return the statuses whose date is given, in order of time; on one day in the order of the work."""
        entries = []
        for heading, name in self.fields.items():
            if not name.startswith("status:"):
                continue
            for place in self.places[heading]:
                if place < len(cells) and (moment := self._read(cells[place], place)):
                    status = name.removeprefix("status:")
                    category = self.answers.statuses.get(status) or category_of(status)
                    stage = CATEGORIES.index(category) if category in CATEGORIES else 0
                    entries.append((moment.at, stage, place, status))
        return tuple((status, at) for at, _stage, _place, status in sorted(entries))

    def _sprints(self, cells: Sequence[str]) -> tuple[SprintName, ...]:
        return tuple(self.sprints[text] for text in self._many(cells, "sprint"))

    def _links(self, cells: Sequence[str]) -> tuple[tuple[str, str], ...]:
        return tuple(
            (name.removeprefix("link:"), key)
            for name in self._by_field
            if name.startswith("link:")
            for text in self._many(cells, name)
            for key in re.split(r"[,;\s]+", text)
            if key
        )

    def _labels(self, cells: Sequence[str]) -> tuple[str, ...]:
        found = [
            part.strip()
            for text in self._many(cells, "labels")
            for part in re.split(r"[|,;]", text.strip("[]"))
            if part.strip()
        ]
        return tuple(dict.fromkeys(found))


def read_table(table: Table, guess: Guess, answers: Answers, zone: dt.tzinfo) -> TableSource:
    """Give a table its meaning: the answers first, then what `guess` knows of its headings and cells."""
    places = repeated(table.headings)
    unknown = [heading for heading in answers.columns if heading not in places]
    samples = _samples(table, places)
    fields = guess(list(places), samples)
    asked = {heading: name for heading, name in answers.columns.items() if heading not in unknown}
    for heading, name in asked.items():
        if name in NEEDED or name == "status":  # an answer replaces what was guessed for the same field
            fields.update({other: "extra" for other, to in fields.items() if to == name and other not in asked})
        fields[heading] = name
    fields = {heading: fields.get(heading, "extra") for heading in places}
    first = {heading: cells[0][:80] for heading, cells in samples.items() if cells}
    return TableSource(table, places, fields, answers, zone, first)


def zone_named(name: str) -> dt.tzinfo:
    """Return a time zone by its name. Raises NotThisFormat for one that does not exist."""
    try:
        return zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, IsADirectoryError):
        raise NotThisFormat(
            _("“%(name)s” is no time zone.") % {"name": name}, todo=_("Write one like Europe/Berlin.")
        ) from None


def looks_like_dates(cells: Sequence[str]) -> bool:
    """Say whether cells (some, none empty) are all dates in any form that can be read."""
    column = DateColumn()
    for cell in cells:
        column.see(cell)
    if not column.cells:
        return False
    months = read_month_names(column.month_names()) if column.month_names() else None
    reader = DateReader(dt.UTC, column.order or "dmy", months.months if months else {})
    try:
        return all(reader.read(cell) is not None for cell in cells)
    except (ValueError, OverflowError):
        return False


_SPRINT_FIELDS = re.compile(r"(\w+)=((?:[^,\]]|,(?!\w+=))*)")


def read_sprint(text: str) -> SprintName:
    """Read a Sprint's cell: a name, or Jira Server's “…Sprint@1f[id=7,name=Sprint 3,startDate=…,endDate=…]”."""
    if "greenhopper" not in text or "name=" not in text:
        return SprintName(text)
    found = dict(_SPRINT_FIELDS.findall(text[text.find("[") + 1 :]))
    state = found.get("state", "").upper()
    ends_on = _iso_day(found.get("endDate", ""))
    return SprintName(
        found["name"],
        _iso_day(found.get("startDate", "")),
        ends_on,
        closed_on=_iso_day(found.get("completeDate", "")) or ends_on if state == "CLOSED" else None,
        is_started=state in {"ACTIVE", "CLOSED"} if state else None,
    )


def rank_key(text: str) -> tuple[bool, float, str]:
    """Return what a rank is sorted by: numbers by value, Jira's ranks by letter, none at the end."""
    try:
        return (False, float(text), "")
    except ValueError:
        return (not text, 0.0 if text else 1.0, text)


def same_key(winner: int, *, has_updated: bool) -> str:
    """Say why of two rows with one key the other one counts."""
    if has_updated:
        return _("Same key as line %(line)s; the later “Updated” wins") % {"line": winner}
    return _("Same key as line %(line)s; the last one counts") % {"line": winner}


def _iso_day(text: str) -> dt.date | None:
    try:
        return dt.date.fromisoformat(text[:10])
    except ValueError:
        return None


_MOMENTS = ("created", "updated", "category_changed", "started", "done")
_NULLS = frozenset({"NULL", "null", "None", "NaN", "nan"})


class _NoDate(ValueError):
    def __init__(self, heading: str, text: str) -> None:
        super().__init__(text)
        self.heading, self.text = heading, text


class _Statuses:
    """Counts statuses and what stands beside them."""

    def __init__(self) -> None:
        self._rows: Counter[str] = Counter()
        self._resolved: Counter[str] = Counter()
        self._says: dict[str, Counter[str]] = {}
        self._example: dict[str, str] = {}

    def see(self, status: str, category: str, key: str, *, is_resolved: bool) -> None:
        if not status:
            return
        self._rows[status] += 1
        self._resolved[status] += is_resolved
        self._example.setdefault(status, key)
        if category:
            self._says.setdefault(status, Counter())[category] += 1

    def see_in_history(self, status: str, rows: int) -> None:
        """Take in a status that heads a column of dates, unless the table knows it or an item stands in it."""
        standing = {plain_status(name) for name in self._rows}
        if category_of(status) is None and plain_status(status) not in standing:
            self._rows[status] = rows
            self._example[status] = ""

    def seen(self, answers: Mapping[str, str]) -> tuple[StatusSeen, ...]:
        return tuple(
            StatusSeen(name, rows, self._meaning(name, answers), self._resolved[name], self._example[name])
            for name, rows in self._rows.most_common()
        )

    def _meaning(self, name: str, answers: Mapping[str, str]) -> str | None:
        """The answer of a person, else the tracker's own category, else the table of known statuses."""
        if name in answers:
            return answers[name]
        says = self._says.get(name)
        return (category_from_tracker(says.most_common(1)[0][0]) if says else None) or category_of(name)


def _samples(table: Table, places: Mapping[str, Sequence[int]]) -> dict[str, list[str]]:
    """Return up to 60 cells that are not empty of each heading, from the first records."""
    samples: dict[str, list[str]] = {heading: [] for heading in places}
    for number, (_line, cells) in enumerate(table.records()):
        if number >= SAMPLE_RECORDS:
            break
        for heading, columns in places.items():
            for place in columns:
                if place < len(cells) and cells[place].strip().casefold() not in EMPTY and len(samples[heading]) < 60:
                    samples[heading].append(cells[place].strip())
    return samples


def _is_date(name: str) -> bool:
    return name in DATE_FIELDS or name.startswith("status:")


def _joined(cells: Sequence[str], places: Sequence[int]) -> str:
    if len(places) == 1:
        place = places[0]
        return cells[place].strip() if place < len(cells) else ""
    return "\n".join(text for place in places if place < len(cells) and (text := cells[place].strip()))
