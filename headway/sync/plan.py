"""Compare a tracker's rows with what stands: what each of them would create, change or leave. Reads only.

The tracker owns title, description, kind, status, size, Sprint, parent, resolution, dates and assignees; Headway owns
order, links to Key Results, bets, Not now, blocks, and the column within a category. A local edit of what the tracker
owns is told by comparing an item with what the tracker said of it the last time (`TrackedItem.fields`).
"""

import datetime as dt
import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from django.utils.translation import gettext as _

from headway.lib import clock
from headway.people.models import Membership, Team
from headway.scrum.models import Category, Column, Item

from .history import Step, steps_of, times_of
from .kinds import kind_of
from .models import Conflict, TrackedItem
from .rows import Skipped, TrackerRow
from .statuses import SKIP, category_of, is_dropped, plain_status
from .survey import Source, utc

BATCH = 500
PARENT = "Parent"  # where an item keeps the key of a parent that is not here (yet)

#: Fields that are compared one by one, and the column of a file that tells them.
SIMPLE = {
    "title": "title",
    "description": "description",
    "kind": "kind",
    "size": "size",
    "sprint": "sprint",
    "parent": "parent",
    "resolution": "resolution",
    "due_on": "due",
    "assignees": "assignee",
}
EMPTY: tuple[Any, ...] = ("", None, [])


@dataclass(frozen=True)
class Difference:
    """A field and its two values: before and after, or ours and theirs."""

    name: str
    ours: Any
    theirs: Any


@dataclass
class Planned:
    """What becomes of one row. `what`: created, changed, unchanged, kept, waiting or skipped."""

    line: int
    key: str
    what: str
    title: str = ""
    reason: str = ""
    row: TrackerRow | None = None
    item: Item | None = None
    wanted: dict[str, Any] = field(default_factory=dict)
    changes: list[Difference] = field(default_factory=list)
    conflicts: list[Difference] = field(default_factory=list)
    settled: list[Difference] = field(default_factory=list)  # conflicts in which the tracker's value was chosen
    extra: dict[str, str] | None = None
    column: Column | None = None
    is_removal: bool = False


@dataclass
class Place:
    """Where the rows go: a team, its columns, its organisation's people, and what statuses mean there."""

    team: Team
    columns: list[Column]
    meaning: Mapping[str, str]
    may_wait: bool
    people: Mapping[str, int]
    zone: dt.tzinfo
    now: dt.datetime
    has_conflicts: bool = False
    decisions: Mapping[str, str] = field(default_factory=dict)  # "item:field" → ours, theirs
    latest: dt.datetime | None = None  # the newest "Updated" of the file so far

    @classmethod
    def of(
        cls,
        team: Team,
        source: Source,
        *,
        may_wait: bool,
        zone: dt.tzinfo,
        decisions: Mapping[str, str] | None = None,
    ) -> "Place":
        """Gather it: two queries. With `may_wait` rows whose status nobody has explained stay out."""
        members = Membership.objects.filter(organisation=team.organisation_id, deactivated_at=None)
        people: dict[str, int] = {}
        for pk, name, email in members.values_list("person_id", "person__name", "person__email"):
            people[name.casefold()] = people[email.casefold()] = pk
        columns = list(Column.objects.filter(team=team)) or _usual_columns(team)
        meaning = {plain_status(name): means for name, means in source.survey.meaning_of().items()}
        conflicts = Conflict.objects.filter(item__team=team).exclude(decided="theirs").exists()
        return cls(team, columns, meaning, may_wait, people, zone, clock.now(), conflicts, decisions or {})

    def category(self, status: str) -> str:
        """Return what a status means; unexplained ones count as to do."""
        means = self.meaning.get(plain_status(status), Category.TODO)
        return means if means in Category.values else Category.TODO

    def steps(self, row: TrackerRow, category: str, *, is_dropped: bool) -> list[Step]:
        return steps_of(
            row,
            category,
            category_of=lambda status: (
                self.category(status) if plain_status(status) in self.meaning else category_of(status) or Category.TODO
            ),
            name_of=lambda category: self.column("", category).name,
            is_dropped=is_dropped,
        )

    def column(self, status: str, category: str) -> Column:
        return column_for(self.columns, status, category)


def column_for(columns: Iterable[Column], status: str, category: str) -> Column:
    """Return the column that carries a status's name, else the first of its category."""
    own = [column for column in columns if column.category == category]
    plain = plain_status(status)
    return next((column for column in own if plain_status(column.name) == plain), own[0])


def plan(place: Place, source: Source) -> Iterator[list[Planned]]:
    """Yield what becomes of every row, in batches. Four queries a batch; nothing is written."""
    rows = source.rows()
    while batch := list(islice(rows, BATCH)):
        readable = [row for row in batch if isinstance(row, TrackerRow)]
        standing = _standing(place, source, readable)
        parents = _known_parents(place, source, readable)
        yield [
            Planned(row.line, row.key, "skipped", reason=row.reason)
            if isinstance(row, Skipped)
            else _plan_row(place, source, row, standing.get(fit_key(row.key)), parents)
            for row in batch
        ]


def missing_items(place: Place, source: Source, provider: str) -> Iterator[Item]:
    """Yield the items that earlier files of the provider brought and this one no longer names. One query.

    Only items of a project (or repository) that the file speaks of can be missing from it, and none that is newer
    than the file. Call it when the plan is through.
    """
    projects = {project_of(key) for key in source.keys}
    keys = {fit_key(key) for key in source.keys}
    tracked = (
        Item.objects.active()
        .filter(team=place.team, tracked__provider=provider, missing_since=None)
        .exclude(tracker_key="")
        .only("pk", "tracker_key", "title", "number", "team_id")
    )
    if place.latest is not None:
        tracked = tracked.filter(created_at__lte=place.latest)
    for item in tracked.iterator(chunk_size=2000):
        if item.tracker_key not in keys and project_of(item.tracker_key) in projects:
            yield item


def project_of(key: str) -> str:
    """Return the project of a key like "RFL-249" or the repository of one like "ferry#7"; "" for others."""
    for sign in "#-":
        project, found, number = key.rpartition(sign)
        if found and number.isdigit():
            return project
    return ""


def fit_key(key: str) -> str:
    """Return a key as it is kept; very long ones (titles of a list without keys) end in a digest."""
    return key if len(key) <= 200 else f"{key[:180]}…{_digest(key)}"


def marks(wanted: Mapping[str, Any]) -> dict[str, Any]:
    """Return values as they are remembered of the tracker: long ones as a digest."""
    return {name: mark(value) for name, value in wanted.items()}


def mark(value: Any) -> Any:
    if isinstance(value, dict):
        value = json.dumps(value, sort_keys=True, ensure_ascii=False)
    return "sha1:" + _digest(value) if isinstance(value, str) and len(value) > 120 else value


def ours(item: Item, *, with_assignees: bool = False) -> dict[str, Any]:
    """Return the item's present values of what is compared one by one; relations must be fetched already."""
    values: dict[str, Any] = {
        "title": item.title,
        "description": item.description,
        "kind": item.kind,
        "size": item.size,
        "sprint": (item.sprint.tracker_name or item.sprint.name) if item.sprint else "",
        "parent": (item.parent.tracker_key or f"#{item.parent_id}") if item.parent else "",
        "resolution": item.resolution,
        "due_on": item.due_on.isoformat() if item.due_on else None,
    }
    if with_assignees:
        values["assignees"] = item.assignee_ids  # type: ignore[attr-defined]
    return values


# One row


def _plan_row(place: Place, source: Source, row: TrackerRow, item: Item | None, parents: Mapping[str, int]) -> Planned:
    planned = Planned(row.line, row.key, "unchanged", row.title, row=row, item=item)
    meaning = place.meaning.get(plain_status(row.status))
    if item is not None and item.removed_at is not None:
        planned.reason = _("Removed here")
        return planned
    if row.status and meaning is None and place.may_wait:
        planned.what, planned.reason = "waiting", _("Status “%(status)s” has no answer yet") % {"status": row.status}
        return planned
    if meaning == SKIP:
        planned.reason = _("Status “%(status)s” is left out") % {"status": row.status}
        planned.what, planned.is_removal = ("changed", True) if item is not None else ("skipped", False)
        return planned
    if row.updated_at and (place.latest is None or row.updated_at > place.latest):
        place.latest = row.updated_at
    planned.wanted = wanted(place, source, row, parents)
    planned.extra = _extra(row, planned.wanted, source, item)
    if item is None:
        planned.what = "created"
        planned.column = place.column(row.status, planned.wanted["category"])
        return planned
    if _is_older(row, item):
        # An older file says nothing new of what a newer one has told; it may still tell what that left out.
        _fill_times(planned, item)
        planned.wanted = {name: value for name, value in planned.wanted.items() if name not in tracked_fields(item)}
        planned.extra = planned.extra | item.extra
    _compare(place, source, planned, item)
    if planned.conflicts:
        planned.what = "kept"
    elif planned.changes:
        planned.what = "changed"
    return planned


def wanted(place: Place, source: Source, row: TrackerRow, parents: Mapping[str, int]) -> dict[str, Any]:
    """Return what the tracker says of an item, in our words and as JSON; only what the file has columns for."""
    category = place.category(row.status)
    given = _given(source)
    names = sorted({place.people[name.casefold()] for name in row.assignees if name.casefold() in place.people})
    resolution = row.resolution or (row.status if category == Category.DONE and is_dropped(row.status) else "")
    parent = fit_key(row.parent) if row.parent else ""
    all_values: dict[str, Any] = {
        "title": row.title if len(row.title) <= 500 else row.title[:499] + "…",
        "description": row.description,
        "kind": kind_of(row.kind),
        "size": row.size,
        "sprint": sprint_name(row.sprints[-1].name) if row.sprints else "",
        "parent": parent if row.parent in source.keys or parent in parents else "",
        "resolution": resolution[:80],
        "due_on": row.due_on.isoformat() if row.due_on else None,
        "assignees": names,
    }
    says_status = "status" in given
    values: dict[str, Any] = {
        name: value
        for name, value in all_values.items()
        if SIMPLE[name] in given
        or (name == "parent" and given & {"epic", "parent_id"})
        # A status like "Won't do" is a resolution of its own.
        or (name == "resolution" and value and says_status)
    }
    values["category"] = category
    if row.updated_at:
        values["updated_at"] = utc(row.updated_at)
    if says_status:
        values["status"] = row.status[:120]
    steps = place.steps(row, category, is_dropped=is_dropped(resolution))
    times = times_of(row, category, steps)
    values |= {name: moment.isoformat() if moment else None for name, moment in times._asdict().items()}
    if row.history:
        values["history"] = _digest(repr(steps))
    if row.status and plain_status(row.status) not in place.meaning:
        # Kept for the day on which somebody says what the status means.
        values["dates"] = [moment and utc(moment) for moment in _dates(row)]
    if row.links:
        values["links"] = mark(json.dumps(row.links, ensure_ascii=False))
    return values


def _dates(row: TrackerRow) -> tuple[dt.datetime | None, ...]:
    return row.created_at, row.updated_at, row.category_changed_at, row.started_at, row.done_at


def sprint_name(name: str) -> str:
    return name[:120]


def _extra(row: TrackerRow, values: Mapping[str, Any], source: Source, item: Item | None) -> dict[str, str]:
    """Return what stays with the item: columns that no field takes, and what could not be placed.

    What came with another file and has no column in this one stays.
    """
    given = _given(source)
    extra = {
        heading: text
        for heading, text in (item.extra if item else {}).items()
        if heading not in source.headings and _OWN_EXTRA.get(heading) not in given
    }
    extra |= row.extra
    if row.parent and not values.get("parent"):
        extra[PARENT] = row.parent
    if row.labels:
        extra["Labels"] = ", ".join(row.labels)
    if row.assignees:
        extra["Assignee"] = ", ".join(row.assignees)
    if row.url:
        extra["URL"] = row.url
    if len(row.title) > 500:
        extra["Title"] = row.title
    if row.kind and values.get("kind") == Item.Kind.OTHER:
        extra["Type"] = row.kind
    return extra


_OWN_EXTRA = {
    PARENT: "parent",
    "Labels": "labels",
    "Assignee": "assignee",
    "URL": "url",
    "Title": "title",
    "Type": "kind",
}


def _is_older(row: TrackerRow, item: Item) -> bool:
    """Say whether the tracker has told a later state of the item before."""
    told = tracked_fields(item).get("updated_at")
    return row.updated_at is not None and told is not None and row.updated_at < dt.datetime.fromisoformat(told)


def _given(source: Source) -> frozenset[str]:
    given = source.given
    return given | {"parent"} if given & {"epic", "parent_id"} else given


def _compare(place: Place, source: Source, planned: Planned, item: Item) -> None:
    """Fill in what changes and what is in conflict between an item and its row."""
    theirs = planned.wanted
    mine = ours(item, with_assignees="assignees" in theirs)
    tracked = tracked_fields(item)
    decided = {row.field: mark(row.theirs) for row in item.decided}  # type: ignore[attr-defined]
    for name in SIMPLE:
        if name not in theirs or mine[name] == theirs[name]:
            continue
        last = tracked.get(name)
        if theirs[name] in EMPTY and last in EMPTY:
            continue  # the tracker has never said anything here
        is_untouched = mark(mine[name]) == last if name in tracked else _is_default(name, mine[name])
        if is_untouched or _was_not_here(name, item):
            planned.changes.append(Difference(name, mine[name], theirs[name]))
        elif decided.get(name, _NEVER) != mark(theirs[name]):
            _settle(place, planned, Difference(name, mine[name], theirs[name]))
    is_ours = _compare_status(place, planned, item, tracked, decided)
    if not is_ours:
        _compare_times(planned, item)
    if item.missing_since is not None:
        planned.changes.append(Difference("missing_since", item.missing_since.isoformat(), None))
    if planned.extra != item.extra:
        planned.changes.append(Difference("extra", item.extra, planned.extra))
    for name in ("history", "links"):
        if name in theirs and theirs[name] != tracked.get(name) and not (name == "history" and is_ours):
            planned.changes.append(Difference(name, None, None))


def _compare_status(
    place: Place, planned: Planned, item: Item, tracked: Mapping[str, Any], decided: Mapping[str, Any]
) -> bool:
    """Compare the status; return whether the item's own one stays although the tracker says another."""
    theirs = planned.wanted
    if "status" not in theirs:
        return True
    name, category = theirs["status"], theirs["category"]
    last_name, last_category = tracked.get("status", ""), tracked.get("category", Category.TODO)
    target = place.column(name, category)
    if item.category == category:
        was_put_there = item.column_id == place.column(last_name, category).pk and last_category == category
        if was_put_there and target.pk != item.column_id:
            planned.column = target
        if name != last_name or planned.column is not None:
            planned.changes.append(Difference("status", last_name or item.column.name, name))
        return False
    if item.category != last_category:
        difference = Difference("status", item.column.name, name)
        if decided.get("status", _NEVER) == name or not _settle(place, planned, difference):
            return True
        planned.column = target
        return False
    planned.column = target
    planned.changes.append(Difference("status", last_name or item.column.name, name))
    return False


def _settle(place: Place, planned: Planned, difference: Difference) -> bool:
    """Put a difference where it belongs: a conflict, unless the tracker's value was chosen. Returns whether it was."""
    choice = place.decisions.get(f"{planned.item.pk}:{difference.name}") if planned.item else None
    if choice != "theirs":
        planned.conflicts.append(difference)
        return False
    planned.settled.append(difference)
    planned.changes.append(difference)
    return True


def _compare_times(planned: Planned, item: Item) -> None:
    """Compare the moments. One that the file does not tell stays, unless the status was seen to change meanwhile."""
    theirs = planned.wanted
    seen_at = _seen_at(planned)
    for name, category in (("created_at", None), ("started_at", Category.DOING), ("done_at", Category.DONE)):
        mine = getattr(item, name)
        says = dt.datetime.fromisoformat(theirs[name]) if theirs[name] else None
        if says is None and seen_at and theirs["category"] == category and not is_dropped(theirs.get("resolution", "")):
            says = seen_at if mine is None or name == "done_at" else mine
        if says is None and not (name == "done_at" and theirs["category"] != Category.DONE):
            continue
        if mine != says:
            planned.changes.append(Difference(name, mine and mine.isoformat(), says and says.isoformat()))


def _fill_times(planned: Planned, item: Item) -> None:
    """Take from an older file the moments that nobody has told yet, where it knows the item in the same category."""
    theirs = planned.wanted
    if item.category != theirs["category"]:
        return
    for name in ("started_at", "done_at"):
        if getattr(item, name) is None and theirs[name] and not is_dropped(item.resolution):
            planned.changes.append(Difference(name, None, theirs[name]))


def _seen_at(planned: Planned) -> dt.datetime | None:
    """Return when a status that changed between two files did so at the latest; None where it did not."""
    status = next((change for change in planned.changes if change.name == "status"), None)
    if status is None or planned.column is None or status.ours == status.theirs or planned.row is None:
        return None
    return planned.row.updated_at or clock.now()


_NEVER = object()


def _is_default(name: str, value: Any) -> bool:
    """Say whether a value is what an item has before anybody says anything."""
    return value in EMPTY or (name == "kind" and value == Item.Kind.STORY)


def _was_not_here(name: str, item: Item) -> bool:
    """Say whether an item has no parent only because the parent had not come yet."""
    return name == "parent" and item.parent_id is None and PARENT in item.extra


def tracked_fields(item: Item) -> dict[str, Any]:
    """Return what the tracker said of an item the last time; nothing of one that no import knows."""
    row: TrackedItem | None = getattr(item, "tracked", None)
    return row.fields if row else {}


def _standing(place: Place, source: Source, rows: Sequence[TrackerRow]) -> dict[str, Item]:
    """Return tracker key → the item that stands, with everything that a comparison looks at. Up to three queries."""
    items = list(
        Item.objects.filter(team=place.team, tracker_key__in=[fit_key(row.key) for row in rows])
        .select_related("tracked", "sprint", "parent")
        .defer(*UNUSED_OF_PARENT)
    )
    columns = {column.pk: column for column in place.columns}
    for item in items:
        item.column = columns[item.column_id]
        item.decided, item.open_conflicts, item.assignee_ids = [], [], []  # type: ignore[attr-defined]
    by_id = {item.pk: item for item in items}
    if place.has_conflicts:
        for row in Conflict.objects.filter(item__in=by_id).exclude(decided="theirs").order_by("pk"):
            of = by_id[row.item_id]
            (of.decided if row.decided else of.open_conflicts).append(row)  # type: ignore[attr-defined]
    if "assignee" in source.given:
        for joined in Item.assignees.through.objects.filter(item__in=by_id).order_by("person_id"):
            by_id[joined.item_id].assignee_ids.append(joined.person_id)  # type: ignore[attr-defined]
    return {item.tracker_key: item for item in items}


UNUSED_OF_PARENT = [
    f"parent__{field.name}" for field in Item._meta.concrete_fields if field.name not in {"id", "tracker_key"}
]


def _known_parents(place: Place, source: Source, rows: Iterable[TrackerRow]) -> dict[str, int]:
    """Return the items that are parents of rows and not in the file themselves, in any team. One query."""
    keys = {fit_key(row.parent) for row in rows if row.parent and row.parent not in source.keys}
    if not keys:
        return {}
    items = Item.objects.active().filter(team__organisation_id=place.team.organisation_id, tracker_key__in=keys)
    return dict(items.values_list("tracker_key", "pk"))


def _usual_columns(team: Team) -> list[Column]:
    """Stand in for the columns of a team that has none yet, so that a preview can be made."""
    usual = [(_("To do"), Category.TODO), (_("In progress"), Category.DOING), (_("Done"), Category.DONE)]
    return [Column(team=team, name=name, category=category) for name, category in usual]


def _digest(text: str) -> str:
    return hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()
