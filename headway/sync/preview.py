"""What an import would do, without doing it: counts, and the first rows of each kind."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from headway.live.models import Change
from headway.people.models import Person, Team

from .plan import Place, Planned, missing_items, plan
from .sources import zone_of
from .survey import Source
from .write import COUNTS

SHOWN = {"created": 20, "changed": 20, "kept": 200, "waiting": 20, "skipped": 1000, "missing": 50}


@dataclass
class Preview:
    """What would become of the rows of a file. `rows` holds the first ones of each kind, fit for JSON."""

    counts: dict[str, int]
    rows: dict[str, list[dict[str, Any]]] = field(default_factory=dict)


def preview(
    team: Team,
    provider: str,
    source: Source,
    *,
    may_wait: bool,
    decisions: Mapping[str, str] | None = None,
    on_batch: Callable[[int], None] | None = None,
) -> Preview:
    """Compare every row with what stands; nothing is written. `on_batch` is told how many rows are done."""
    place = Place.of(team, source, may_wait=may_wait, zone=zone_of(team), decisions=decisions)
    counts: Counter[str] = Counter()
    rows: dict[str, list[dict[str, Any]]] = {what: [] for what in SHOWN}
    for batch in plan(place, source):
        for planned in batch:
            counts[planned.what] += 1
            group = "kept" if planned.settled else planned.what
            if group in SHOWN and len(rows[group]) < SHOWN[group]:
                rows[group].append(as_row(planned))
        counts["read"] += len(batch)
        if on_batch:
            on_batch(counts["read"])
    for item in missing_items(place, source, provider):
        counts["missing"] += 1
        if len(rows["missing"]) < SHOWN["missing"]:
            rows["missing"].append({"line": None, "key": item.tracker_key, "number": item.number, "title": item.title})
    _name_editors(rows["kept"])
    return Preview({name: counts[name] for name in COUNTS}, rows)


def as_row(planned: Planned) -> dict[str, Any]:
    """Return what a page shows of a row."""
    item = planned.item
    shown = [*planned.conflicts, *planned.settled] or planned.changes
    return {
        "line": planned.line,
        "key": planned.key,
        "number": item.number if item else None,
        "item": item.pk if item else None,
        "title": item.title if item else planned.title,
        "what": planned.what,
        "reason": planned.reason,
        "kind": planned.wanted.get("kind", ""),
        "category": planned.wanted.get("category", ""),
        "fields": [{"name": d.name, "ours": _short(d.ours), "theirs": _short(d.theirs)} for d in shown],
        "settled": [d.name for d in planned.settled],
    }


def _name_editors(rows: list[dict[str, Any]]) -> None:
    """Say of each field that differs who changed it here, and when, where the history tells. Two queries."""
    edits: dict[tuple[int, str], Change] = {}
    ids = [row["item"] for row in rows]
    changes = Change.objects.filter(subject_type="scrum.item", subject_id__in=ids, undoes=None, undone_by=None)
    for change in changes.exclude(actor_id=None).order_by("pk"):
        for name in change.after:
            edits[(change.subject_id, _OWN_NAMES.get(name, name))] = change
    names = dict(Person.objects.filter(pk__in={c.actor_id for c in edits.values()}).values_list("pk", "name"))
    for row in rows:
        for difference in row["fields"]:
            edit = edits.get((row["item"], difference["name"]))
            if edit is not None:
                difference["who"], difference["when"] = names.get(edit.actor_id or 0, ""), edit.at.isoformat()


_OWN_NAMES = {"column_id": "status", "sprint_id": "sprint", "parent_id": "parent"}


def _short(value: Any) -> Any:
    return value[:80] if isinstance(value, str) else value if isinstance(value, int | float | None) else ""
