"""What a first look over a whole file finds: columns, statuses and what a person must be asked before it is read."""

import datetime as dt
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from .rows import NotThisFormat, Skipped, SprintName, TrackerRow
from .statuses import ANSWERS

#: What a column can become; beside these "status:NAME" (the date on which it entered that status) and "link:TYPE".
FIELDS = {
    "key": gettext_lazy("Tracker key"),
    "title": gettext_lazy("Title"),
    "description": gettext_lazy("Description"),
    "kind": gettext_lazy("Kind"),
    "status": gettext_lazy("Column and its history"),
    "status_category": gettext_lazy("What the status means"),
    "size": gettext_lazy("Size"),
    "sprint": gettext_lazy("Sprint; the last one counts"),
    "sprint_start": gettext_lazy("First day of the Sprint"),
    "sprint_end": gettext_lazy("Last day of the Sprint"),
    "parent": gettext_lazy("Parent"),
    "epic": gettext_lazy("Epic, as parent"),
    "parent_id": gettext_lazy("Parent, by its number"),
    "id": gettext_lazy("Number that parents are named by"),
    "resolution": gettext_lazy("Resolution"),
    "created": gettext_lazy("Created"),
    "updated": gettext_lazy("Updated"),
    "category_changed": gettext_lazy("Entered its status category"),
    "started": gettext_lazy("Work began"),
    "done": gettext_lazy("Done"),
    "due": gettext_lazy("Due"),
    "assignee": gettext_lazy("Assignee"),
    "labels": gettext_lazy("Labels"),
    "rank": gettext_lazy("Order in the backlog"),
    "url": gettext_lazy("Address"),
    "extra": gettext_lazy("kept with the item, searchable"),
    "skip": gettext_lazy("left out"),
}
NEEDED = ("key", "title")
DATE_FIELDS = frozenset(
    {"sprint_start", "sprint_end", "created", "updated", "category_changed", "started", "done", "due"}
)
OPTIONS = ("zone", "dates", "language", "delimiter", "pull_requests", "milestones")


@dataclass(frozen=True)
class Answers:
    """What people said about a provider's files: column → field, status → category or "skip", options by name."""

    columns: Mapping[str, str] = field(default_factory=dict)
    statuses: Mapping[str, str] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def from_json(cls, document: Any) -> "Answers":
        """Read a mapping file or a remembered mapping. Raises NotThisFormat naming the entry that is wrong."""
        if not isinstance(document, Mapping) or not set(document) <= {"columns", "statuses", "options"}:
            raise _wrong(_("A mapping is one JSON object with “columns”, “statuses” and “options”."))
        parts = {name: document.get(name) or {} for name in ("columns", "statuses", "options")}
        for name, part in parts.items():
            if not isinstance(part, Mapping):
                raise _wrong(_("“%(name)s” in the mapping is no JSON object.") % {"name": name})
        for column, to in parts["columns"].items():
            if not is_field(to):
                raise _wrong(
                    _("The mapping sends column “%(column)s” to “%(to)s”, which is no field. Fields: %(fields)s.")
                    % {"column": column, "to": to, "fields": ", ".join([*FIELDS, "status:NAME", "link:TYPE"])}
                )
        for status, to in parts["statuses"].items():
            if to not in ANSWERS:
                raise _wrong(
                    _("The mapping says “%(to)s” for the status “%(status)s”; it must be one of %(answers)s.")
                    % {"status": status, "to": to, "answers": ", ".join(ANSWERS)}
                )
        for option in parts["options"]:
            if option not in OPTIONS:
                raise _wrong(
                    _("The mapping has an option “%(option)s”; known are %(options)s.")
                    % {"option": option, "options": ", ".join(OPTIONS)}
                )
        return cls(**parts)

    def to_json(self) -> dict[str, dict[str, Any]]:
        return {"columns": dict(self.columns), "statuses": dict(self.statuses), "options": dict(self.options)}

    def with_(self, other: "Answers") -> "Answers":
        """Return these answers with those of `other` laid over them."""
        return Answers(
            {**self.columns, **other.columns}, {**self.statuses, **other.statuses}, {**self.options, **other.options}
        )


@dataclass(frozen=True)
class ColumnSeen:
    """A heading, how often it comes, what it becomes, and an example from the file."""

    heading: str
    field: str
    times: int = 1
    filled: int = 0
    sample: str = ""


@dataclass(frozen=True)
class StatusSeen:
    """A status in the file. `meaning` is a category, "skip", or None where somebody must say."""

    name: str
    rows: int
    meaning: str | None
    resolved: int = 0
    example: str = ""


@dataclass(frozen=True)
class Survey:
    """The first look over a file."""

    rows: int
    columns: tuple[ColumnSeen, ...]
    statuses: tuple[StatusSeen, ...]
    missing: tuple[str, ...] = ()
    date_order: str | None = None
    is_date_order_open: bool = False
    date_sample: str = ""
    languages: tuple[str, ...] = ()
    is_language_open: bool = False
    pull_requests: int = 0
    milestones: int = 0

    @property
    def unknown_statuses(self) -> tuple[StatusSeen, ...]:
        return tuple(seen for seen in self.statuses if seen.meaning is None)

    def meaning_of(self) -> dict[str, str]:
        """Return status → category or "skip" for those that are known."""
        return {seen.name: seen.meaning for seen in self.statuses if seen.meaning}


class Source(Protocol):
    """A tracker's file that was opened: what it holds, and its rows, in memory that does not grow with them."""

    @property
    def survey(self) -> Survey: ...
    @property
    def keys(self) -> Collection[str]:
        """The keys of every row, also of those that cannot be read."""

    @property
    def sprints(self) -> Mapping[str, SprintName]:
        """Every Sprint, by how the file writes it."""

    @property
    def places_by_line(self) -> Mapping[int, int]:
        """Line → place in the tracker's own order; empty where the file has none."""

    @property
    def given(self) -> frozenset[str]:
        """The fields that the file tells; of the others it says nothing."""

    @property
    def headings(self) -> frozenset[str]:
        """The columns by name, so that what was kept of them can be replaced."""

    def rows(self) -> Iterator[TrackerRow | Skipped]: ...


def is_field(name: Any) -> bool:
    """Say whether a column can become `name`."""
    return isinstance(name, str) and (name in FIELDS or (name.startswith(("status:", "link:")) and len(name) > 7))


def require_fields(survey: Survey) -> None:
    """Raise NotThisFormat where no column holds what every item needs."""
    if survey.missing:
        headings = ", ".join(column.heading for column in survey.columns[:12])
        raise NotThisFormat(
            _("No column is known to hold: %(fields)s. The headings are: %(headings)s.")
            % {"fields": ", ".join(str(FIELDS[name]) for name in survey.missing), "headings": headings},
            line=1,
            todo=_(
                'Say which columns they are: in the browser, or with --map FILE and {"columns": {"HEADING": "key"}}.'
            ),
        )


def utc(moment: dt.datetime) -> str:
    """Return a moment as it is kept in JSON."""
    return moment.astimezone(dt.UTC).isoformat()


def _wrong(message: str) -> NotThisFormat:
    return NotThisFormat(message, todo=_("Correct the mapping and try again."))
