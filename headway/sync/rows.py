"""What every reader hands over: rows of a tracker's export, in our words but with the tracker's own values."""

import datetime as dt
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class SprintName:
    """A Sprint (or milestone) as a file names it; a date is there only where the file gives that very date."""

    name: str
    starts_on: dt.date | None = None
    ends_on: dt.date | None = None
    closed_on: dt.date | None = None
    is_started: bool | None = None


@dataclass(frozen=True, slots=True)
class TrackerRow:
    """One issue. Values are as the tracker writes them; moments are aware, in UTC.

    `line` is where it starts in the file, counted from 1. `sprints` in the file's order: the last one counts.
    `history` holds (status, since) in order of time. `extra` keeps what no field of ours takes, by column name.
    """

    line: int
    key: str
    title: str
    description: str = ""
    kind: str = ""
    status: str = ""
    status_category: str = ""
    size: float | None = None
    sprints: tuple[SprintName, ...] = ()
    parent: str = ""
    links: tuple[tuple[str, str], ...] = ()
    resolution: str = ""
    created_at: dt.datetime | None = None
    updated_at: dt.datetime | None = None
    category_changed_at: dt.datetime | None = None
    started_at: dt.datetime | None = None
    done_at: dt.datetime | None = None
    due_on: dt.date | None = None
    assignees: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    rank: str = ""
    url: str = ""
    history: tuple[tuple[str, dt.datetime], ...] = ()
    extra: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Skipped:
    """A row that cannot be read; the rest of the file can."""

    line: int
    reason: str
    key: str = ""


class NotThisFormat(Exception):
    """The file is not what it says: nothing of it is taken. `todo` tells a person what to do."""

    def __init__(self, message: str, *, line: int | None = None, todo: str = "") -> None:
        super().__init__(message)
        self.message, self.line, self.todo = message, line, todo
