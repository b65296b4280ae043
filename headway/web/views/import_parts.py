"""What the pages of an import show of its rows, its counts and its differences."""

import csv
import datetime as dt
import io
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from headway.scrum.models import Item
from headway.sync.models import Import
from headway.sync.sources import NAMES
from headway.sync.statuses import SKIP

from ..formats import day, number

SHOWN = 5  # rows of a kind on the page; the list as CSV has them all
MEANINGS = (
    ("todo", gettext_lazy("To do")),
    ("doing", gettext_lazy("In progress")),
    ("done", gettext_lazy("Done")),
    (SKIP, gettext_lazy("Leave out")),
)
FIELD_NAMES = {
    "title": gettext_lazy("Title"),
    "description": gettext_lazy("Description"),
    "kind": gettext_lazy("Kind"),
    "size": gettext_lazy("Size"),
    "sprint": gettext_lazy("Sprint"),
    "parent": gettext_lazy("Parent"),
    "resolution": gettext_lazy("Resolution"),
    "due_on": gettext_lazy("Due"),
    "assignees": gettext_lazy("Assignees"),
    "status": gettext_lazy("Status"),
    "created_at": gettext_lazy("Created"),
    "started_at": gettext_lazy("Begun"),
    "done_at": gettext_lazy("Done"),
    "extra": gettext_lazy("Other columns"),
    "history": gettext_lazy("History"),
    "links": gettext_lazy("Links"),
    "missing_since": gettext_lazy("Back in the file"),
}
TOLD_BY_NAME = frozenset({"description", "extra", "history", "links", "missing_since", "assignees"})


@dataclass(frozen=True)
class Told:
    """A field that differs, for a page; without values where its name says enough."""

    name: str
    label: str
    ours: str
    theirs: str
    has_values: bool
    who: str = ""
    when: dt.datetime | None = None


def groups_of(found: Import) -> list[dict[str, Any]]:
    """Return the rows of the preview by what becomes of them."""
    rows: Mapping[str, list[dict[str, Any]]] = found.preview.get("rows", {})
    counts: Mapping[str, int] = found.preview.get("counts", {})
    tracker = NAMES[found.provider]
    titles = {
        "kept": _("Changed here and there. Yours stays until you say otherwise"),
        "changed": _("Changed in %(tracker)s") % {"tracker": tracker},
        "created": _("New in %(tracker)s") % {"tracker": tracker},
        "waiting": _("Waits for your answer, stays out until then"),
        "skipped": _("Cannot be read"),
    }
    groups = []
    for what, title in titles.items():
        shown = rows.get(what, [])
        if shown:
            total = max(counts.get(what, 0), len(shown)) if what != "kept" else len(shown)
            few = shown[: 50 if what == "kept" else SHOWN]
            groups.append({"what": what, "title": title, "rows": [told_row(row) for row in few], "total": total})
    return groups


def told_row(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row of a preview with its differences said for a person."""
    given = row.get("fields", [])
    return {**row, "told": [told(**difference) for difference in given]}


def told(name: str, ours: Any, theirs: Any, who: str = "", when: str = "") -> Told:
    """Say how a field differs."""
    return Told(
        name,
        str(FIELD_NAMES.get(name, name)),
        _value(name, ours),
        _value(name, theirs),
        name not in TOLD_BY_NAME,
        who.split(" ")[0],
        dt.datetime.fromisoformat(when) if when else None,
    )


def _value(name: str, value: Any) -> str:
    """Say a field's value for a person."""
    if value is None or value == "" or value == []:
        return _("none")
    if name == "kind":
        return str(Item.Kind(value).label) if value in Item.Kind.values else str(value)
    if name in {"due_on", "created_at", "started_at", "done_at"}:
        return day(dt.date.fromisoformat(str(value)[:10]))
    if isinstance(value, int | float):
        return number(value, 0 if float(value).is_integer() else 1)
    return str(value)


def segments_of(counts: Mapping[str, int]) -> list[tuple[str, float, float]]:
    """Return (class, from, width) of the bar of counts, in per cent; parts that are there are seen."""
    kinds = {
        "created": "f-acc",
        "changed": "f-mid",
        "kept": "f-warn",
        "waiting": "f-warn",
        "skipped": "f-ink3",
        "unchanged": "f-wsoft",
    }
    total = sum(counts.get(name, 0) for name in kinds)
    if not total:
        return []
    at, found = 0.0, []
    for name, css in kinds.items():
        width = 100 * counts.get(name, 0) / total
        if width:
            found.append((css, at, max(width - 0.2, 0.3)))
            at += width
    return found


def button_text(counts: Mapping[str, int]) -> str:
    """Say what the button will do."""
    created, changed = counts.get("created", 0), counts.get("changed", 0)
    left_out = counts.get("waiting", 0) + counts.get("skipped", 0)
    if left_out:
        return _("Create %(created)s, change %(changed)s, leave %(left_out)s out") % {
            "created": created,
            "changed": changed,
            "left_out": left_out,
        }
    return _("Create %(created)s, change %(changed)s") % {"created": created, "changed": changed}


def csv_lines(rows: Iterable[Iterable[str]]) -> Iterator[str]:
    """Yield CSV line by line, so that a long list needs no memory."""
    line = io.StringIO()
    writer = csv.writer(line)
    for row in rows:
        writer.writerow(row)
        yield line.getvalue()
        line.seek(0)
        line.truncate()
