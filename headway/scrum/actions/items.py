"""Create, edit, remove and bring back Backlog Items."""

import datetime as dt
import math
from collections.abc import Iterable, Sequence
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from headway.lib import clock
from headway.lib.prepared import insert, update
from headway.live.history import CannotUndo, inverse, record
from headway.live.models import Change
from headway.people.access import require
from headway.people.actor import Actor
from headway.people.models import Membership, Person, Team

from ..models import Category, Column, Item, Sprint, Transition
from . import ranking
from .columns import ensure_columns
from .rows import (
    KEEP,
    Keep,
    changed_since,
    fields_as_json,
    item_label,
    item_labels,
    item_of,
    last_change,
    locked_item,
    locked_items,
    locked_team,
    put_fields,
    refuse_if_changed,
)
from .stays import enter, leave, require_open

FIELDS_OF_REMOVAL = ("removed_at", "sprint_id")


@transaction.atomic
def create_item(
    team: Team,
    *,
    by: Actor,
    title: str,
    description: str = "",
    kind: str = Item.Kind.STORY,
    size: float | None = None,
    parent: Item | None = None,
    due_on: dt.date | None = None,
    assignees: Sequence[Person] = (),
    column: Column | None = None,
    sprint: Sprint | None = None,
    at_top: bool = False,
) -> Item:
    """Create an item at the end of the backlog, or at its top (which is the Product Owner's to say).

    Without `column` it starts in the first column of "to do". `sprint` puts it into that Sprint at once.
    """
    require(by, "write_item", team)
    if at_top:
        require(by, "order_backlog", team)
    team = locked_team(team.pk)
    column = column or next(c for c in ensure_columns(team) if c.category == Category.TODO)
    now = clock.now()
    item = Item(
        team=team,
        number=team.next_item_number,
        title=title.strip(),
        description=description.strip(),
        kind=kind,
        size=size,
        parent=parent,
        due_on=due_on,
        column=column,
        category=column.category,
        rank=ranking.at_top(team) if at_top else ranking.at_end(team),
        created_at=now,
        updated_at=now,
        started_at=now if column.category == Category.DOING else None,
        done_at=now if column.category == Category.DONE else None,
    )
    _check(item, ["title", "description", "kind", "size", "due_on"])
    _check_parent(item)
    if column.team_id != team.pk:
        raise ValidationError({"column": _("This column is another team's.")})
    _check_people(team, assignees)
    if sprint is not None:
        require_open(by, sprint)
        item.sprint = sprint
    insert(item)
    if assignees:
        item.assignees.set(assignees)
    if sprint is not None:
        enter(sprint, [item], at=now)
    team.next_item_number += 1
    update(team, ["next_item_number"])
    insert(Transition(item=item, status=column.name, category=column.category, at=now, by_id=by.person_id))
    record(
        "item.created",
        by=by,
        subject=item,
        team_id=team.pk,
        label=item_label(item),
        after={"title": item.title, "column_id": column.pk, "sprint_id": item.sprint_id}
        | ({"done_at": now.isoformat()} if item.done_at else {}),
    )
    return item


@transaction.atomic
def edit_item(
    item: Item,
    *,
    by: Actor,
    title: str | Keep = KEEP,
    description: str | Keep = KEEP,
    kind: str | Keep = KEEP,
    size: float | Keep | None = KEEP,
    parent: Item | Keep | None = KEEP,
    due_on: dt.date | Keep | None = KEEP,
    assignees: Sequence[Person] | Keep = KEEP,
) -> Item:
    """Change what is given and record what differs; nothing is recorded where nothing differs."""
    require(by, "write_item", item)
    item = locked_item(item)
    given: dict[str, Any] = {
        "title": title.strip() if isinstance(title, str) else title,
        "description": description.strip() if isinstance(description, str) else description,
        "kind": kind,
        "size": size,
        "parent_id": parent.pk if isinstance(parent, Item) else parent,
        "due_on": due_on,
    }
    given = {name: value for name, value in given.items() if value is not KEEP}
    before = fields_as_json(item, given)
    for name, value in given.items():
        setattr(item, name, value)
    _check(item, given)
    if "parent_id" in given:
        _check_parent(item)
    after = fields_as_json(item, given)
    if not isinstance(assignees, Keep):
        _check_people(item.team, assignees)
        before["assignees"], after["assignees"] = _people_of(item), sorted(person.pk for person in assignees)
    changed = [name for name in after if before[name] != after[name]]
    if not changed:
        return item
    _write(item, {name: after[name] for name in changed})
    record(
        "item.edited",
        by=by,
        subject=item,
        team_id=item.team_id,
        label=item_label(item),
        before={name: before[name] for name in changed},
        after={name: after[name] for name in changed},
    )
    return item


@transaction.atomic
def remove_item(item: Item, *, by: Actor) -> Item:
    """Take an item out of every list; its history stays, and it can be brought back."""
    require(by, "write_item", item)
    item = locked_item(item)
    before = fields_as_json(item, FIELDS_OF_REMOVAL)
    _remove([item])
    record(
        "item.removed",
        by=by,
        subject=item,
        team_id=item.team_id,
        label=item_label(item),
        before=before,
        after=fields_as_json(item, FIELDS_OF_REMOVAL),
    )
    return item


@transaction.atomic
def remove_items(items: Iterable[Item], *, by: Actor, team: Team) -> Change | None:
    """Remove several items of one team with one Change; None where there is nothing to remove."""
    require(by, "write_item", team)
    rows = locked_items(team, items)
    if not rows:
        return None
    before = {str(item.pk): fields_as_json(item, FIELDS_OF_REMOVAL) for item in rows}
    _remove(rows)
    after = {str(item.pk): fields_as_json(item, FIELDS_OF_REMOVAL) for item in rows}
    return record(
        "items.removed", by=by, subject=team, team_id=team.pk, label=item_labels(rows), before=before, after=after
    )


@transaction.atomic
def restore_item(item: Item, *, by: Actor) -> Item:
    """Bring a removed item back to its place in the order; no-op where it was not removed."""
    require(by, "write_item", item)
    locked_team(item.team_id)
    item = Item.objects.select_related("team", "column").get(pk=item.pk)
    if item.removed_at is None:
        return item
    before = fields_as_json(item, FIELDS_OF_REMOVAL)
    item.removed_at = None
    item.save(update_fields=["removed_at"])
    record(
        "item.restored",
        by=by,
        subject=item,
        team_id=item.team_id,
        label=item_label(item),
        before=before,
        after=fields_as_json(item, FIELDS_OF_REMOVAL),
    )
    return item


# The way back


@inverse("item.created")
def _undo_created(change: Change, by: Actor) -> Change:
    item = item_of(change, by)
    if item.removed_at is not None:
        raise CannotUndo(_("%(item)s was removed already.") % {"item": item.key})
    if (
        Change.objects.filter(subject_type=change.subject_type, subject_id=item.pk, pk__gt=change.pk).exists()
        or item.children.exists()
    ):
        raise CannotUndo(changed_since(change, [item], item.key))
    remove_item(item, by=by)
    return last_change(item)


@inverse("item.edited")
def _undo_edited(change: Change, by: Actor) -> Change:
    item = item_of(change, by)
    people = change.after.get("assignees")
    left = {name: value for name, value in change.after.items() if name != "assignees"}
    refuse_if_changed(change, item, left, item.key)
    if people is not None and people != _people_of(item):
        raise CannotUndo(changed_since(change, [item], item.key))
    back = dict(change.before)
    if back.get("parent_id") and not Item.objects.active().filter(pk=back["parent_id"], team=item.team_id).exists():
        raise CannotUndo(_("The item above %(item)s is gone.") % {"item": item.key})
    _write(item, back)
    return record(
        "item.edited",
        by=by,
        subject=item,
        team_id=item.team_id,
        label=item_label(item),
        before=change.after,
        after=change.before,
        undoes=change,
    )


@inverse("item.removed")
def _undo_removed(change: Change, by: Actor) -> Change:
    item = item_of(change, by)
    refuse_if_changed(change, item, change.after, item.key)
    _bring_back([item], {str(item.pk): change.before})
    return record(
        "item.restored",
        by=by,
        subject=item,
        team_id=item.team_id,
        label=item_label(item),
        before=change.after,
        after=fields_as_json(item, FIELDS_OF_REMOVAL),
        undoes=change,
    )


@inverse("item.restored")
def _undo_restored(change: Change, by: Actor) -> Change:
    item = item_of(change, by)
    refuse_if_changed(change, item, change.after, item.key)
    remove_item(item, by=by)
    return last_change(item)


@inverse("items.removed")
def _undo_items_removed(change: Change, by: Actor) -> Change:
    team = locked_team(change.team_id or 0)
    require(by, "write_item", team)
    rows = list(Item.objects.select_related("team", "sprint").filter(pk__in=[int(pk) for pk in change.after]))
    for item in rows:
        refuse_if_changed(change, item, change.after[str(item.pk)], item.key)
    _bring_back(rows, change.before)
    return record(
        "items.restored",
        by=by,
        subject=team,
        team_id=team.pk,
        label=item_labels(rows),
        before=change.after,
        after={str(item.pk): fields_as_json(item, FIELDS_OF_REMOVAL) for item in rows},
        undoes=change,
    )


@inverse("items.restored")
def _undo_items_restored(change: Change, by: Actor) -> Change | None:
    team = locked_team(change.team_id or 0)
    require(by, "write_item", team)
    rows = list(Item.objects.select_related("team", "sprint").filter(pk__in=[int(pk) for pk in change.after]))
    for item in rows:
        refuse_if_changed(change, item, change.after[str(item.pk)], item.key)
    return remove_items(rows, by=by, team=team)


# Below


def _check(item: Item, names: Iterable[str]) -> None:
    """Raise ValidationError, by field, where one of these fields breaks a rule."""
    if "size" in names and item.size is not None and not math.isfinite(item.size):
        raise ValidationError({"size": _("The size is a number.")})
    item.clean_fields(exclude=[field.name for field in item._meta.fields if field.name not in names])


def _check_parent(item: Item) -> None:
    if item.parent_id is None:
        return
    if item.parent is None or item.parent.team_id != item.team_id or item.parent.removed_at is not None:
        raise ValidationError({"parent": _("The item above is one of the same team.")})
    above: Item | None = item.parent
    while above is not None:
        if above.pk == item.pk:
            raise ValidationError({"parent": _("An item cannot lie under itself.")})
        above = above.parent


def _check_people(team: Team, people: Sequence[Person]) -> None:
    if not people:
        return
    members = set(
        Membership.objects.filter(
            organisation=team.organisation_id, person__in=people, deactivated_at=None
        ).values_list("person_id", flat=True)
    )
    for person in people:
        if person.pk not in members:
            raise ValidationError(
                {"assignees": _("%(name)s is no member of the organisation.") % {"name": person.name}}
            )


def _write(item: Item, values: dict[str, Any]) -> None:
    """Set and save these fields; "assignees" is a list of person ids."""
    fields = {name: value for name, value in values.items() if name != "assignees"}
    put_fields(item, fields)
    item.updated_at = clock.now()
    item.save(update_fields=[*fields, "updated_at"])
    if "assignees" in values:
        item.assignees.set(values["assignees"])


def _remove(items: Sequence[Item]) -> None:
    now = clock.now()
    leave(items, at=now)
    for item in items:
        item.removed_at, item.sprint = now, None
    Item.objects.bulk_update(items, ["removed_at", "sprint"])


def _bring_back(items: Sequence[Item], before: dict[str, dict[str, Any]]) -> None:
    """Restore items; into the Sprint they were in where it is not over."""
    now = clock.now()
    open_sprints = Sprint.objects.filter(
        pk__in={values["sprint_id"] for values in before.values() if values["sprint_id"]}, closed_at=None
    ).in_bulk()
    for item in items:
        item.removed_at = None
        sprint = open_sprints.get(before[str(item.pk)]["sprint_id"])
        if sprint is not None:
            item.sprint = sprint
            enter(sprint, [item], at=now)
    Item.objects.bulk_update(items, ["removed_at", "sprint"])


def _people_of(item: Item) -> list[int]:
    return sorted(item.assignees.values_list("pk", flat=True))
