"""Take an import back: what it did to each item is undone, unless somebody has changed that item since."""

import datetime as dt
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import models
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from headway.live.models import Change
from headway.people.models import Person
from headway.scrum.models import Item, Sprint, SprintStay, Transition
from headway.value.models import Bet, MustHave, NotNow, Prerequisite, Serves, SprintAim

from .bulk import update_rows
from .models import Conflict, Import, ImportedRow, TrackedItem
from .plan import UNUSED_OF_PARENT, mark, ours

BATCH = 500
_FIELDS = (
    *("title", "description", "kind", "column", "category", "size", "sprint", "parent", "resolution", "due_on"),
    *("created_at", "started_at", "done_at", "updated_at", "removed_at", "extra", "missing_since"),
)


@dataclass(frozen=True)
class Left:
    """A row that an undo leaves as it is, and who changed it since, when and how."""

    item_id: int
    key: str
    number: int
    title: str
    who: str
    at: dt.datetime | None
    what: str

    def to_json(self) -> dict[str, Any]:
        return {
            "item": self.item_id,
            "key": self.key,
            "number": self.number,
            "title": self.title,
            "who": self.who,
            "at": self.at.isoformat() if self.at else "",
            "what": self.what,
        }


@dataclass(frozen=True)
class UndoResult:
    """How many rows went back, and those that stay."""

    taken_back: int
    left: tuple[Left, ...]


def take_back(run: Import, change: Change) -> UndoResult:
    """Undo a finished import inside the caller's transaction. Memory grows only with what was changed since."""
    left = left_by_undo(run, change)
    stay = {row.item_id for row in left}
    taken_back = 0
    for rows in _batches(run, ["changed", "kept", "missing"], stay):
        taken_back += sum(row.what != "kept" or bool(row.before.get("fields")) for row in rows)
        _put_back(rows)
    Conflict.objects.filter(run=run, decided="").exclude(item__in=stay).delete()
    created = ImportedRow.objects.filter(run=run, what="created").exclude(item=None).values_list("item_id", flat=True)
    gone = sorted({pk for pk in created if pk is not None} - stay)
    for start in range(0, len(gone), BATCH):
        _delete_items(gone[start : start + BATCH])
    taken_back += len(gone)
    _delete_sprints(change.after.get("sprints", []))
    return UndoResult(taken_back, tuple(left))


def left_by_undo(run: Import, change: Change, *, thoroughly: bool = True) -> list[Left]:
    """Return what an undo would leave: rows that people (or a later import) changed since.

    Not `thoroughly` (for a page): by the records alone, without comparing every row.
    """
    rows = ImportedRow.objects.filter(run=run, what__in=_UNDONE).exclude(item=None)
    touched = _touched_since(change)
    later = _changed_later(run)
    for item_id, touch in _valued_since(rows.values("item_id"), change.at).items():
        touched.setdefault(item_id, touch)
    parents = _parents_by_hand(run)
    known = touched.keys() | later.keys() | parents
    found = list(_rows_of(rows, known))
    edited = _edited(run, known) if thoroughly else []
    left = [_left(row, touched, later) for row in [*found, *edited]]
    return _with_names(left)


_UNDONE = ("created", "changed", "kept", "missing")


def _left(row: ImportedRow, touched: Mapping[int, "_Touch"], later: Mapping[int, int]) -> Left:
    item = row.item
    if item is None:
        raise ValueError(row.key)
    by = touched.get(item.pk)
    if by is not None:
        who = str(by.actor_id or "")
        return Left(item.pk, row.key, item.number, item.title, who, by.at, what_of(by.name))
    what = _("changed by import %(id)s") % {"id": later[item.pk]} if item.pk in later else _("changed since")
    return Left(item.pk, row.key, item.number, item.title, "", None, what)


def _rows_of(rows: QuerySet[ImportedRow], ids: Collection[int]) -> Iterator[ImportedRow]:
    wanted = sorted(ids)
    for start in range(0, len(wanted), BATCH):
        yield from rows.filter(item__in=wanted[start : start + BATCH]).select_related("item")


# Who changed what since


@dataclass(frozen=True)
class _Touch:
    actor_id: int | None
    at: dt.datetime
    name: str


def _touched_since(change: Change) -> dict[int, _Touch]:
    """Return item → the last Change that names it since, apart from those that were taken back."""
    later = Change.objects.filter(
        Q(team_id=change.team_id) | Q(subject_type="scrum.item"),
        organisation_id=change.organisation_id,
        pk__gt=change.pk,
        undoes=None,
        undone_by=None,
    ).exclude(name__startswith="import.")
    touched: dict[int, _Touch] = {}
    for row in later.order_by("pk").iterator(chunk_size=500):
        for item_id in _items_named(row):
            touched[item_id] = _Touch(row.actor_id, row.at, row.name)
    return touched


def _items_named(change: Change) -> Iterable[int]:
    """Name the items of a Change: its subject, or those that its record speaks of."""
    if change.subject_type == "scrum.item":
        yield change.subject_id
        return
    for document in (change.before, change.after):
        yield from (int(key) for key in document if key.isdecimal())
        items = document.get("items") or ()
        yield from (int(key) for key in items if str(key).isdecimal())
        if isinstance(document.get("item"), int):
            yield document["item"]


def _changed_later(run: Import) -> dict[int, int]:
    """Return item → the later import that changed it and still stands."""
    later = ImportedRow.objects.filter(run__team=run.team_id, run__pk__gt=run.pk, run__state=Import.State.DONE)
    return {
        item_id: run_id
        for item_id, run_id in later.exclude(what="waiting").values_list("item_id", "run_id")
        if item_id is not None
    }


def _valued_since(ids: QuerySet[Any], at: dt.datetime) -> dict[int, _Touch]:
    """Return item → the last that was done with its value since: linked, bet on, shelved or bound."""
    found: dict[int, _Touch] = {}
    needs = Prerequisite.objects.filter(at__gt=at)
    rows: list[tuple[str, QuerySet[Any, Any]]] = [
        ("item.linked", Serves.objects.filter(at__gt=at, item__in=ids).values_list("item_id", "by_id", "at")),
        ("bet.placed", Bet.objects.filter(at__gt=at, serves__item__in=ids).values_list("serves__item", "by_id", "at")),
        ("item.shelved", NotNow.objects.filter(at__gt=at, item__in=ids).values_list("item_id", "by_id", "at")),
        ("must.set", MustHave.objects.filter(at__gt=at, item__in=ids).values_list("item_id", "by_id", "at")),
        ("prerequisite.added", needs.filter(item__in=ids).values_list("item_id", "by_id", "at")),
        ("prerequisite.added", needs.filter(needs__in=ids).values_list("needs_id", "by_id", "at")),
    ]
    for name, told in rows:
        for item_id, actor_id, when in told:
            if item_id not in found or found[item_id].at <= when:
                found[item_id] = _Touch(actor_id, when, name)
    return found


def _parents_by_hand(run: Import) -> set[int]:
    """Return the created items under which somebody has put an item of our own."""
    created = ImportedRow.objects.filter(run=run, what="created").values("item_id")
    children = Item.objects.filter(parent__in=created, tracker_key="")
    return {pk for pk in children.values_list("parent_id", flat=True) if pk is not None}


def _edited(run: Import, known: Collection[int]) -> list[ImportedRow]:
    """Return the rows whose items no longer say what the import left, although no record names them."""
    found = []
    for rows in _batches(run, ["created", "changed", "kept"], known):
        ids = [row.item_id for row in rows]
        tracked = {row.item_id: row.fields for row in TrackedItem.objects.filter(item__in=ids)}
        for row in rows:
            if row.item is None:
                continue
            said = tracked.get(row.item.pk, {}) if row.what == "created" else row.after.get("fields", {})
            present = ours(row.item)
            if any(name in said and mark(present[name]) != said[name] and present[name] for name in _COMPARED):
                found.append(row)
    return found


_COMPARED = ("title", "description", "kind", "size", "sprint", "resolution", "due_on")


def what_of(name: str) -> str:
    """Say a Change of an item for a person, by its name."""
    texts = {
        "moved": _("moved"),
        "ranked": _("put elsewhere in the order"),
        "edited": _("edited"),
        "linked": _("linked"),
        "unlinked": _("unlinked"),
        "removed": _("removed"),
        "restored": _("brought back"),
        "blocked": _("blocked"),
        "unblocked": _("unblocked"),
        "shelved": _("put to Not now"),
        "brought_back": _("brought back from Not now"),
        "placed": _("bet on"),
        "decided": _("decided a conflict"),
    }
    return texts.get(name.rpartition(".")[2], _("changed"))


def _with_names(left: Sequence[Left]) -> list[Left]:
    ids = {int(row.who) for row in left if row.who}
    names = dict(Person.objects.filter(pk__in=ids).values_list("pk", "name"))
    return [
        Left(
            row.item_id,
            row.key,
            row.number,
            row.title,
            names.get(int(row.who), "") if row.who else "",
            row.at,
            row.what,
        )
        for row in left
    ]


# The way back


def _batches(run: Import, what: Sequence[str], without: Collection[int]) -> Iterable[list[ImportedRow]]:
    """Yield the rows of an import with their items, those of `without` left out."""
    last = 0
    while True:
        rows = list(
            ImportedRow.objects.filter(run=run, what__in=what, pk__gt=last)
            .select_related("item__sprint", "item__parent")
            .defer(*(f"item__{name}" for name in UNUSED_OF_PARENT))
            .order_by("pk")[:BATCH]
        )
        if not rows:
            return
        last = rows[-1].pk
        chosen = [row for row in rows if row.item is not None and row.item_id not in without]
        if chosen:
            yield chosen


def _put_back(rows: Sequence[ImportedRow]) -> None:
    items, tracked, steps = [], [], []
    known = {row.item_id: row for row in TrackedItem.objects.filter(item__in=[row.item_id for row in rows])}
    added = [pk for row in rows for pk in row.after.get("transitions", [])]
    Transition.objects.filter(pk__in=added).delete()
    for row in rows:
        item = row.item
        if item is None:
            continue
        if row.what == "missing":
            item.missing_since = None
            items.append(item)
            continue
        if not row.before.get("updated_at"):
            continue  # kept, with nothing written
        _set_back(item, row.before)
        items.append(item)
        steps += [
            Transition(item=item, status=status, category=category, at=at, is_imported=True)
            for status, category, at in row.before.get("steps", [])
        ]
        if row.item_id in known and "tracked" in row.before:
            known[row.item_id].fields = row.before["tracked"]
            tracked.append(known[row.item_id])
    update_rows(items, _FIELDS)
    update_rows(tracked, ["fields"])
    Transition.objects.bulk_create(steps)


def _set_back(item: Item, before: Mapping[str, Any]) -> None:
    fields = dict(before["fields"])
    for name in ("column_id", "category", "parent_id", "removed_at", "updated_at"):
        fields[name] = before[name]
    if "sprint" in fields or item.sprint_id != before["sprint_id"]:
        _change_stay(item, before["sprint_id"])
        fields["sprint_id"] = before["sprint_id"]
    if "assignees" in fields:
        item.assignees.set(fields["assignees"])
    for name, value in fields.items():
        if name in {"status", "history", "links", "sprint", "parent", "assignees"}:
            continue
        field: Any = Item._meta.get_field(name.removesuffix("_id"))
        setattr(item, field.attname, field.to_python(value))


def _change_stay(item: Item, sprint_id: int | None) -> None:
    """Take the stay back that the import began, and open the one that it ended."""
    SprintStay.objects.filter(item=item, sprint=item.sprint_id, removed_at=None).delete()
    if sprint_id is not None:
        ended = SprintStay.objects.filter(item=item, sprint=sprint_id).order_by("-added_at").first()
        if ended is not None:
            ended.removed_at = None
            ended.save(update_fields=["removed_at"])


def _delete_items(ids: Sequence[int]) -> None:
    """Delete items that an import created, with what hangs on them.

    Django's own deletion fetches every row that hangs on an item; here whatever nothing else hangs on goes by one
    statement a table.
    """
    for relation in _relations(Item):
        rows = relation.related_model._base_manager.filter(**{f"{relation.field.name}__in": ids})
        if relation.on_delete is models.SET_NULL:
            rows.update(**{relation.field.name: None})
        elif _relations(relation.related_model):
            rows.delete()
        else:
            rows._raw_delete(rows.db)
    items = Item._base_manager.filter(pk__in=ids)
    items._raw_delete(items.db)


def _relations(model: Any) -> list[Any]:
    """Return the foreign keys that point at a model, also those that it has no name for."""
    fields = model._meta.get_fields(include_hidden=True)
    return [field for field in fields if field.auto_created and (field.one_to_many or field.one_to_one)]


def _delete_sprints(ids: Sequence[int]) -> None:
    """Delete the Sprints that came with the import and hold nothing that anybody put into them."""
    sprints = Sprint.objects.filter(pk__in=ids, goal="", items=None, stays=None)
    edited = Change.objects.filter(subject_type="scrum.sprint", subject_id__in=ids).values("subject_id")
    aimed = SprintAim.objects.filter(sprint__in=ids).values("sprint_id")
    sprints.exclude(pk__in=edited).exclude(pk__in=aimed).delete()
