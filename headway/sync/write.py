"""Write a plan down: batch by batch, inside the one transaction of an import. `actions` calls it."""

import datetime as dt
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from headway.people.models import Team
from headway.scrum.models import Category, Item, SprintStay, Transition

from .bulk import insert_rows, set_column, update_rows
from .history import Step
from .joins import Joins, drop_links
from .models import Conflict, Import, ImportedRow, TrackedItem
from .ordering import Ranks
from .plan import Difference, Place, Planned, fit_key, mark, marks, missing_items, tracked_fields
from .sprints import SprintBook
from .statuses import is_dropped
from .survey import Source

KEPT_SKIPS = 1000
COUNTS = ("read", "created", "changed", "unchanged", "kept", "waiting", "skipped", "missing")
ITEM_FIELDS = (
    *("title", "description", "kind", "column", "category", "size", "sprint", "resolution", "due_on"),
    *("created_at", "started_at", "done_at", "updated_at", "removed_at", "extra", "missing_since"),
)


@dataclass
class Writer:
    """The writing half of one import. Memory grows with the number of keys only."""

    run: Import
    team: Team
    place: Place
    source: Source
    counts: Counter[str] = field(default_factory=Counter)
    skipped: list[dict[str, Any]] = field(default_factory=list)
    sprints: SprintBook = field(init=False)
    _joins: Joins = field(init=False)
    _ranks: Ranks | None = None

    def begin(self) -> None:
        """Create the Sprints that the file names."""
        self.sprints = SprintBook(self.team, self.place.zone)
        self.sprints.write(self.source.sprints.values())
        self._joins = Joins(self.team)

    def write(self, batch: Sequence[Planned]) -> None:
        """Write what becomes of a batch of rows."""
        for planned in batch:
            self.counts[planned.what] += 1
            if planned.what == "skipped" and len(self.skipped) < KEPT_SKIPS:
                self.skipped.append({"line": planned.line, "key": planned.key, "reason": planned.reason})
        self.counts["read"] += len(batch)
        self._create([planned for planned in batch if planned.what == "created"])
        self._update([planned for planned in batch if planned.item and planned.extra is not None])
        self._remove([planned for planned in batch if planned.is_removal])
        self._note_waiting([planned for planned in batch if planned.what == "waiting"])

    def totals(self) -> dict[str, int]:
        """Return how many rows there were of each kind."""
        return {name: self.counts[name] for name in COUNTS}

    def finish(self, *, with_missing: bool = True) -> None:
        """Join parents and links, now that every key is known, and mark what the file no longer names."""
        self._joins.join()
        if with_missing:
            self._mark_missing()
        Team.objects.filter(pk=self.team.pk).update(next_item_number=self.team.next_item_number)

    # Created

    def _create(self, batch: Sequence[Planned]) -> None:
        items = [self._new_item(planned) for planned in batch]
        insert_rows(items, with_ids=True)
        tracked: list[TrackedItem] = []
        transitions: list[Transition] = []
        stays: list[SprintStay] = []
        rows: list[ImportedRow] = []
        people: list[Any] = []
        through = Item.assignees.through
        for planned, item in zip(batch, items, strict=True):
            values = planned.wanted
            self._joins.know(item)
            self._remember_joins(planned, item, is_new=True)
            tracked.append(TrackedItem(item=item, provider=self.run.provider, fields=marks(values), last_seen=self.run))
            transitions += [_transition(item, step) for step in self._steps(planned)]
            if item.sprint_id:
                added_at = max(item.created_at, self.sprints.start_of(values["sprint"]) or item.created_at)
                stays.append(SprintStay(sprint_id=item.sprint_id, item=item, added_at=added_at))
            people += [through(item_id=item.pk, person_id=pk) for pk in values.get("assignees", ())]
            rows.append(self._row(planned, item))
        for new in (tracked, transitions, stays, people, rows):
            insert_rows(new)

    def _new_item(self, planned: Planned) -> Item:
        values, row = planned.wanted, planned.row
        assert row is not None
        assert planned.column is not None
        number = self.team.next_item_number
        self.team.next_item_number += 1
        started_at, done_at = _moment(values["started_at"]), _moment(values["done_at"])
        known = [at for at in (_moment(values["created_at"]), started_at, done_at, row.updated_at) if at]
        created_at = known[0] if known else self.place.now
        return Item(
            team=self.team,
            number=number,
            title=values["title"],
            description=values.get("description", ""),
            kind=values.get("kind", Item.Kind.STORY),
            column=planned.column,
            category=values["category"],
            rank=self._rank_of(planned),
            size=values.get("size"),
            sprint=self.sprints.get(values.get("sprint", "")),
            resolution=values.get("resolution", ""),
            due_on=_day(values.get("due_on")),
            created_at=created_at,
            started_at=started_at,
            done_at=done_at,
            updated_at=row.updated_at or max(known, default=self.place.now),
            tracker_key=fit_key(row.key),
            extra=planned.extra or {},
        )

    def _rank_of(self, planned: Planned) -> str:
        if self._ranks is None:
            last = Item.objects.filter(team=self.team).order_by("rank").values_list("rank", flat=True).last()
            self._ranks = Ranks(last, self.source.places_by_line)
        return self._ranks.of(planned.line)

    # Changed, kept

    def _update(self, batch: Sequence[Planned]) -> None:
        self._keep_conflicts(batch)
        changed = [planned for planned in batch if planned.changes]
        before = {_item(planned).pk: _state_of(_item(planned)) for planned in changed}
        appended = self._apply(changed, before)
        rows, tracked = [], []
        for planned in batch:
            item = _item(planned)
            self._joins.know(item)
            self._remember_joins(planned, item, is_new=False)
            was = tracked_fields(item)
            now = {name: value for name, value in was.items() if name != "dates"} | marks(planned.wanted)
            if now != was or planned.changes:
                row = getattr(item, "tracked", None) or TrackedItem(item=item)
                row.provider, row.fields, row.last_seen = self.run.provider, now, self.run
                tracked.append(row)
            if planned.changes:
                rows.append(self._row(planned, item, before[item.pk] | {"tracked": was}, appended.get(item.pk)))
            elif planned.conflicts:
                rows.append(self._row(planned, item))
        insert_rows([row for row in tracked if row.pk is None])
        update_rows([row for row in tracked if row.pk is not None], ["provider", "fields", "last_seen"])
        insert_rows(rows)

    def _apply(self, batch: Sequence[Planned], before: dict[int, dict[str, Any]]) -> dict[int, list[int]]:
        """Set the changed fields and save them. Returns the transitions that were added, by item."""
        for planned in batch:
            for change in planned.changes:
                self._set(_item(planned), change, planned)
        self._write_stays([planned for planned in batch if _change(planned, "sprint")])
        self._write_assignees([planned for planned in batch if _change(planned, "assignees")])
        orphans = [_item(planned).pk for planned in batch if (c := _change(planned, "parent")) and not c.theirs]
        Item.objects.filter(pk__in=orphans).update(parent=None)
        added = self._write_steps(batch, before)
        for planned in batch:
            _item(planned).updated_at = self._touched_at(planned)
        update_rows([_item(planned) for planned in batch], ITEM_FIELDS)
        return added

    def _set(self, item: Item, change: Difference, planned: Planned) -> None:
        name, value = change.name, change.theirs
        if name in {"title", "description", "kind", "size", "resolution", "extra"}:
            setattr(item, name, value)
        elif name == "due_on":
            item.due_on = _day(value)
        elif name in {"created_at", "started_at", "done_at"}:
            setattr(item, name, _moment(value))
        elif name == "missing_since":
            item.missing_since = None
        elif name == "sprint":
            item.sprint = self.sprints.get(value)
        elif name == "status" and planned.column is not None:
            item.column, item.category = planned.column, planned.column.category

    def _touched_at(self, planned: Planned) -> dt.datetime:
        return (planned.row and planned.row.updated_at) or self.place.now

    def _write_stays(self, batch: Sequence[Planned]) -> None:
        """End the stay in the former Sprint, begin one in the new."""
        at = {_item(planned).pk: self._touched_at(planned) for planned in batch}
        ending = list(SprintStay.objects.filter(item__in=at, removed_at=None, sprint__closed_at=None))
        for stay in ending:
            stay.removed_at = max(stay.added_at, at[stay.item_id])
        update_rows(ending, ["removed_at"])
        SprintStay.objects.bulk_create(
            [
                SprintStay(sprint_id=item.sprint_id, item=item, added_at=at[item.pk])
                for item in map(_item, batch)
                if item.sprint_id
            ]
        )

    def _write_assignees(self, batch: Sequence[Planned]) -> None:
        through = Item.assignees.through
        through.objects.filter(item_id__in=[_item(planned).pk for planned in batch]).delete()
        through.objects.bulk_create(
            [
                through(item_id=_item(planned).pk, person_id=person_id)
                for planned in batch
                if (change := _change(planned, "assignees"))
                for person_id in change.theirs
            ]
        )

    def _write_steps(self, batch: Sequence[Planned], before: dict[int, dict[str, Any]]) -> dict[int, list[int]]:
        """Write what the history gains; one that the file tells as a whole takes the place of the former."""
        anew = {_item(planned).pk: planned for planned in batch if _is_history_anew(planned)}
        former = Transition.objects.filter(item__in=anew, is_imported=True)
        for step in former:
            before[step.item_id].setdefault("steps", []).append([step.status, step.category, step.at.isoformat()])
        former.delete()
        added = [_transition(_item(planned), step) for planned in anew.values() for step in self._steps(planned)]
        for planned in batch:
            change = _change(planned, "status")
            if _item(planned).pk in anew or planned.wanted.get("history"):
                continue
            steps = [self._step_seen(planned)] if change else self._steps_told_late(planned)
            added += [_transition(_item(planned), step) for step in steps]
        Transition.objects.bulk_create(added)
        by_item: dict[int, list[int]] = {}
        for transition in added:
            by_item.setdefault(transition.item_id, []).append(transition.pk)
        return by_item

    def _steps_told_late(self, planned: Planned) -> list[Step]:
        """Return the steps whose moments the file tells only now, of a status that has not changed."""
        item = _item(planned)
        steps = []
        for name, category in (("started_at", Category.DOING), ("done_at", Category.DONE)):
            change, at = _change(planned, name), getattr(item, name)
            if change and change.ours is None and at is not None:
                column = item.column if item.category == category else self.place.column("", category)
                steps.append(Step(column.name, category, at))
        return steps

    def _step_seen(self, planned: Planned) -> Step:
        """Return the step into a status that was another one in the last file."""
        item, row = _item(planned), planned.row
        at = item.done_at if item.category == Category.DONE else item.started_at
        if planned.column is None or item.category == Category.TODO or at is None:
            at = (row and row.category_changed_at if planned.column else None) or self._touched_at(planned)
        return Step(planned.wanted["status"], item.category, at)

    def _keep_conflicts(self, batch: Sequence[Planned]) -> None:
        """Keep one open conflict a field; those that are none any more go."""
        open_ones = [row for planned in batch for row in _item(planned).open_conflicts]  # type: ignore[attr-defined]
        standing = {(row.item_id, row.field): row for row in open_ones}
        if not standing and not any(planned.conflicts for planned in batch):
            return
        new, again = [], []
        for planned in batch:
            for conflict in planned.conflicts:
                row = standing.pop((_item(planned).pk, conflict.name), None)
                is_settled = f"{_item(planned).pk}:{conflict.name}" in self.place.decisions
                if is_settled and row is not None:
                    row.delete()
                if is_settled or row is None:
                    new.append(
                        Conflict(
                            item=_item(planned),
                            run=self.run,
                            field=conflict.name,
                            ours=conflict.ours,
                            theirs=conflict.theirs,
                            decided="ours" if is_settled else "",
                            decided_at=self.place.now if is_settled else None,
                            decided_by_id=self.run.by_id if is_settled else None,
                        )
                    )
                elif (row.ours, row.theirs) != (conflict.ours, conflict.theirs):
                    row.ours, row.theirs = conflict.ours, conflict.theirs
                    again.append(row)
        told = {_item(planned).pk: planned.wanted.keys() for planned in batch}
        gone = [row.pk for (item_id, name), row in standing.items() if name in told[item_id]]
        Conflict.objects.filter(pk__in=gone).delete()
        Conflict.objects.bulk_create(new)
        update_rows(again, ["ours", "theirs"])

    # Left out, waiting, missing

    def _remove(self, batch: Sequence[Planned]) -> None:
        """Take items away whose status is left out: removed as by hand, not deleted."""
        if not batch:
            return
        items = [_item(planned) for planned in batch]
        rows = [self._row(planned, _item(planned), _state_of(_item(planned))) for planned in batch]
        SprintStay.objects.filter(item__in=items, removed_at=None, sprint__closed_at=None).update(
            removed_at=self.place.now
        )
        for item in items:
            item.removed_at, item.sprint = self.place.now, None
        update_rows(items, ["removed_at", "sprint"])
        ImportedRow.objects.bulk_create(rows)

    def _note_waiting(self, batch: Sequence[Planned]) -> None:
        insert_rows(
            [
                ImportedRow(
                    run=self.run,
                    item=planned.item,
                    line=planned.line,
                    key=fit_key(planned.key),
                    what="waiting",
                    title=planned.title[:500],
                    after={"status": planned.row.status if planned.row else ""},
                )
                for planned in batch
            ]
        )

    def _mark_missing(self) -> None:
        missing = list(missing_items(self.place, self.source, self.run.provider))
        set_column(Item, "missing_since", [(item.pk, self.place.now) for item in missing])
        insert_rows(
            [
                ImportedRow(run=self.run, item=item, key=item.tracker_key, what="missing", title=item.title)
                for item in missing
            ]
        )
        self.counts["missing"] = len(missing)

    # Below

    def _remember_joins(self, planned: Planned, item: Item, *, is_new: bool) -> None:
        links = planned.row.links if planned.row else ()
        parent = planned.wanted.get("parent")
        if parent and (is_new or _change(planned, "parent")):
            self._joins.add_parent(item, parent)
        self._joins.add_links(item, links)
        if not is_new and _change(planned, "links"):
            fields = getattr(self.source, "fields", {}).values()
            drop_links(item, links, {name.removeprefix("link:")[:80] for name in fields if name.startswith("link:")})

    def _steps(self, planned: Planned) -> list[Step]:
        assert planned.row is not None
        dropped = is_dropped(planned.wanted.get("resolution", ""))
        return self.place.steps(planned.row, planned.wanted["category"], is_dropped=dropped)

    def _row(
        self,
        planned: Planned,
        item: Item,
        before: Mapping[str, Any] | None = None,
        transitions: Sequence[int] | None = None,
    ) -> ImportedRow:
        return ImportedRow(
            run=self.run,
            item=item,
            line=planned.line,
            key=fit_key(planned.key),
            what=planned.what,
            title=item.title,
            before=dict(before or {}) | {"fields": {change.name: change.ours for change in planned.changes}},
            after={
                "fields": {change.name: mark(change.theirs) for change in planned.changes},
                "transitions": list(transitions or ()),
            },
        )


def _item(planned: Planned) -> Item:
    if planned.item is None:
        raise ValueError(planned.key)
    return planned.item


def _change(planned: Planned, name: str) -> Difference | None:
    return next((change for change in planned.changes if change.name == name), None)


def _is_history_anew(planned: Planned) -> bool:
    """Say whether the file tells the whole history, or somebody has said meanwhile what its one status means."""
    status = _change(planned, "status")
    return _change(planned, "history") is not None or (status is not None and status.ours == status.theirs)


def _transition(item: Item, step: Step) -> Transition:
    return Transition(
        item_id=item.pk, status=(step.status or _("To do"))[:120], category=step.category, at=step.at, is_imported=True
    )


def _state_of(item: Item) -> dict[str, Any]:
    """Return what an undo needs beside the changed fields."""
    return {
        "column_id": item.column_id,
        "category": item.category,
        "sprint_id": item.sprint_id,
        "parent_id": item.parent_id,
        "removed_at": item.removed_at and item.removed_at.isoformat(),
        "updated_at": item.updated_at.isoformat(),
    }


def _moment(text: str | None) -> dt.datetime | None:
    return dt.datetime.fromisoformat(text) if text else None


def _day(text: str | None) -> dt.date | None:
    return dt.date.fromisoformat(text) if text else None
