"""The team's own columns, each in one of the three categories."""

from collections.abc import Sequence
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from headway.lib import clock
from headway.lib.prepared import Prepared
from headway.live.history import CannotUndo, inverse, record
from headway.live.models import Change
from headway.people.access import require
from headway.people.actor import Actor
from headway.people.models import Team

from ..models import Category, Column, Item, Transition
from .moves import enter_column, set_category
from .rows import KEEP, Keep, changed_since, fields_as_json, locked_team, put_fields, refuse_if_changed

FIELDS = ("name", "category", "limit")

_COLUMNS = Prepared(lambda team: Column.objects.filter(team=team), int)


def ensure_columns(team: Team) -> list[Column]:
    """Return the team's columns in order; a team without any gets the three usual ones. Call in a transaction.

    They are part of the team's birth and leave no Change of their own.
    """
    if columns := _COLUMNS.all(team.pk):
        return columns
    usual = [(_("To do"), Category.TODO), (_("In progress"), Category.DOING), (_("Done"), Category.DONE)]
    return Column.objects.bulk_create(
        [
            Column(team=team, name=name, category=category, position=position)
            for position, (name, category) in enumerate(usual)
        ]
    )


@transaction.atomic
def create_column(team: Team, *, by: Actor, name: str, category: str, limit: int | None = None) -> Column:
    """Create a column behind the last one of its category."""
    require(by, "manage_team", team)
    team = locked_team(team.pk)
    columns = ensure_columns(team)
    column = Column(team=team, name=name.strip(), category=category, limit=limit, position=_next_position(team))
    column.full_clean()
    column.save()
    order = [Category.TODO, Category.DOING, Category.DONE]
    _number(sorted([*columns, column], key=lambda c: order.index(Category(c.category))))
    record(
        "column.created",
        by=by,
        subject=column,
        team_id=team.pk,
        after=fields_as_json(column, FIELDS),
    )
    return column


@transaction.atomic
def edit_column(
    column: Column, *, by: Actor, name: str | None = None, category: str | None = None, limit: int | Keep | None = KEEP
) -> Column:
    """Rename a column, limit its work in progress (None: no limit), or change its category.

    The items in it follow a new category: their times are set as by a move. A category never loses its last column.
    """
    require(by, "manage_team", column)
    locked_team(column.team_id)
    column = Column.objects.select_related("team").get(pk=column.pk)
    given: dict[str, Any] = {"name": name, "category": category}
    given = {field: value for field, value in given.items() if value is not None}
    if limit is not KEEP:
        given["limit"] = limit
    before, after = _write(column, given, by=by)
    if after:
        record("column.edited", by=by, subject=column, team_id=column.team_id, before=before, after=after)
    return column


@transaction.atomic
def edit_columns(team: Team, columns: Sequence[tuple[Column, dict[str, Any]]], *, by: Actor) -> Change | None:
    """Edit several columns, given with their fields, as one step; None where nothing differs.

    Names may change places. A column that is gone is left out. Errors name their field as `name-5` of column 5.
    """
    require(by, "manage_team", team)
    locked_team(team.pk)
    present = {column.pk: column for column in Column.objects.select_related("team").filter(team=team)}
    given = [(present[column.pk], fields) for column, fields in columns if column.pk in present]
    before, after = _write_all(given, by=by)
    if not after:
        return None
    label = ", ".join(column.name for column, _fields in given if str(column.pk) in after)
    return record("columns.edited", by=by, subject=team, team_id=team.pk, label=label, before=before, after=after)


@transaction.atomic
def order_columns(team: Team, columns: Sequence[Column], *, by: Actor) -> Change | None:
    """Put the columns into this order, all of them; None where they stand so already."""
    require(by, "manage_team", team)
    locked_team(team.pk)
    present = list(Column.objects.filter(team=team))
    wanted = [column.pk for column in columns]
    was = [column.pk for column in present]
    if sorted(wanted) != sorted(was):
        raise ValidationError(_("The columns were changed meanwhile. Look at them again."))
    if wanted == was:
        return None
    _number(sorted(present, key=lambda column: wanted.index(column.pk)))
    return record(
        "columns.ordered", by=by, subject=team, team_id=team.pk, before={"order": was}, after={"order": wanted}
    )


@transaction.atomic
def delete_column(column: Column, *, by: Actor, move_to: Column | None = None) -> Change:
    """Delete a column. Where items are in it they move to another column, which must be named."""
    require(by, "manage_team", column)
    team = locked_team(column.team_id)
    column = Column.objects.select_related("team").get(pk=column.pk)
    _refuse_without_category(column, column.category)
    items = list(Item.objects.filter(column=column))
    if items and (move_to is None or move_to.pk == column.pk or move_to.team_id != team.pk):
        raise ValidationError(
            {"move_to": _("Name the column that the items in “%(name)s” move to.") % {"name": column.name}}
        )
    before = fields_as_json(column, [*FIELDS, "position"]) | {
        "items": {str(item.pk): fields_as_json(item, ["started_at", "done_at"]) for item in items}
    }
    if items and move_to is not None:
        enter_column(items, move_to, by=by, at=clock.now())
    change = record(
        "column.deleted",
        by=by,
        subject=column,
        team_id=team.pk,
        before=before,
        after={"move_to": move_to.pk if items and move_to else None},
    )
    column.delete()
    return change


# The way back


@inverse("column.created")
def _undo_created(change: Change, by: Actor) -> Change:
    column = _column_of(change, by)
    refuse_if_changed(change, column, change.after, column.name)
    if column.items.exists():
        raise CannotUndo(_("Items were moved into “%(name)s” since.") % {"name": column.name})
    return delete_column(column, by=by)


@inverse("column.edited")
def _undo_edited(change: Change, by: Actor) -> Change:
    column = _column_of(change, by)
    before, after = _back([(column, change.before, change.after)], change, by)[str(column.pk)]
    return record(
        "column.edited", by=by, subject=column, team_id=column.team_id, before=before, after=after, undoes=change
    )


@inverse("columns.edited")
def _undo_columns_edited(change: Change, by: Actor) -> Change:
    team = locked_team(change.team_id or 0)
    require(by, "manage_team", team)
    present = Column.objects.select_related("team").filter(team=team).in_bulk([int(pk) for pk in change.after])
    if len(present) != len(change.after):
        raise CannotUndo(_("Some of these columns are gone."))
    both = _back([(row, change.before[str(pk)], change.after[str(pk)]) for pk, row in present.items()], change, by)
    return record(
        "columns.edited",
        by=by,
        subject=team,
        team_id=team.pk,
        label=change.subject_label,
        before={pk: before for pk, (before, _after) in both.items()},
        after={pk: after for pk, (_before, after) in both.items()},
        undoes=change,
    )


@inverse("columns.ordered")
def _undo_ordered(change: Change, by: Actor) -> Change | None:
    team = locked_team(change.team_id or 0)
    columns = list(Column.objects.filter(team=team))
    if [column.pk for column in columns] != change.after["order"]:
        raise CannotUndo(changed_since(change, [team, *columns], _("the order of the columns")))
    return order_columns(team, sorted(columns, key=lambda c: change.before["order"].index(c.pk)), by=by)


@inverse("column.deleted")
def _undo_deleted(change: Change, by: Actor) -> Change:
    team = locked_team(change.team_id or 0)
    require(by, "manage_team", team)
    if Column.objects.filter(team=team, name=change.before["name"]).exists():
        raise CannotUndo(_("There is another column “%(name)s” now.") % {"name": change.before["name"]})
    column = Column(team=team)
    put_fields(column, {name: change.before[name] for name in (*FIELDS, "position")})
    column.save()
    # Only what nobody has moved on since comes back.
    items = list(
        Item.objects.filter(pk__in=[int(pk) for pk in change.before["items"]], column_id=change.after["move_to"])
    )
    enter_column(items, column, by=by, at=clock.now())
    _put_times_back(change.before["items"], column)
    _number(list(Column.objects.filter(team=team)))
    return record(
        "column.created",
        by=by,
        subject=column,
        team_id=team.pk,
        after=fields_as_json(column, FIELDS),
        undoes=change,
    )


# Below


def _write_all(
    given: Sequence[tuple[Column, dict[str, Any]]], *, by: Actor
) -> tuple[dict[str, dict[str, Any]], dict[str, dict[str, Any]]]:
    """Write the fields of several columns; return what differs, before and after, by the column's number."""
    new = {column.pk: str(fields["name"]).strip() for column, fields in given if "name" in fields}
    for column, _fields in given:
        if column.pk in new and column.name != new[column.pk] and column.name in new.values():
            # Its name goes to another: it is free before that one takes it.
            Column.objects.filter(pk=column.pk).update(name=f"\u200b{column.pk}")
    before: dict[str, dict[str, Any]] = {}
    after: dict[str, dict[str, Any]] = {}
    # A column may leave its category where another enters it: what enters goes first.
    for column, fields in sorted(given, key=lambda one: one[1].get("category") == one[0].category):
        try:
            was, left = _write(column, fields, by=by)
        except ValidationError as error:
            raise ValidationError(
                {f"{name}-{column.pk}": errors for name, errors in error.message_dict.items()}
            ) from error
        if left:
            before[str(column.pk)], after[str(column.pk)] = was, left
    return before, after


def _write(column: Column, given: dict[str, Any], *, by: Actor) -> tuple[dict[str, Any], dict[str, Any]]:
    """Write fields of a column, items following its category. Returns what differs, before and after."""
    given = given | ({"name": given["name"].strip()} if "name" in given else {})
    was = fields_as_json(column, given)
    put_fields(column, given)
    column.full_clean()
    changed = [field for field in given if was[field] != getattr(column, field)]
    if not changed:
        return {}, {}
    if "category" in changed:
        _refuse_without_category(column, str(was["category"]))
    column.save(update_fields=changed)
    times = _follow_category(column, by=by) if "category" in changed else {}
    before = {field: was[field] for field in changed} | ({"items": times} if times else {})
    return before, fields_as_json(column, changed)


def _back(
    rows: Sequence[tuple[Column, dict[str, Any], dict[str, Any]]], change: Change, by: Actor
) -> dict[str, tuple[dict[str, Any], dict[str, Any]]]:
    """Put columns back to what they were `before`; refuse where one is no longer as `after` says."""
    for column, _was, left in rows:
        refuse_if_changed(change, column, {field: left[field] for field in left if field != "items"}, column.name)
    fields = [(column, {name: value for name, value in was.items() if name != "items"}) for column, was, _left in rows]
    try:
        before, after = _write_all(fields, by=by)
    except ValidationError as error:
        raise CannotUndo(" ".join(error.messages)) from error
    for column, was, _left in rows:
        _put_times_back(was.get("items", {}), column)
    return {pk: (before[pk], after[pk]) for pk in after}


def _column_of(change: Change, by: Actor) -> Column:
    column = Column.objects.select_related("team").filter(pk=change.subject_id).first()
    if column is None:
        raise CannotUndo(_("%(item)s is gone.") % {"item": change.subject_label})
    require(by, "manage_team", column)
    locked_team(column.team_id)
    column.refresh_from_db()
    return column


def _refuse_without_category(column: Column, category: str) -> None:
    """Refuse to take away the last column of a category: finished work would have no place to go."""
    if not Column.objects.filter(team=column.team_id, category=category).exclude(pk=column.pk).exists():
        raise ValidationError(
            {
                "category": _("“%(name)s” is the last column for “%(category)s”.")
                % {"name": column.name, "category": Category(category).label}
            }
        )


def _follow_category(column: Column, *, by: Actor) -> dict[str, dict[str, Any]]:
    """Let the items of a column follow its category. Returns the times they had, where these changed."""
    items = list(Item.objects.filter(column=column))
    was = {item.pk: fields_as_json(item, ["started_at", "done_at"]) for item in items}
    now = clock.now()
    for item in items:
        set_category(item, column.category, at=now)
    Item.objects.bulk_update(items, ["category", "started_at", "done_at"], batch_size=500)
    Transition.objects.bulk_create(
        [
            Transition(item=item, status=column.name, category=column.category, at=now, by_id=by.person_id)
            for item in items
        ],
        batch_size=500,
    )
    return {
        str(item.pk): was[item.pk] for item in items if was[item.pk] != fields_as_json(item, ["started_at", "done_at"])
    }


def _put_times_back(times: dict[str, dict[str, Any]], column: Column) -> None:
    items = list(Item.objects.filter(pk__in=[int(pk) for pk in times], column=column))
    for item in items:
        put_fields(item, times[str(item.pk)])
    Item.objects.bulk_update(items, ["started_at", "done_at"], batch_size=500)


def _next_position(team: Team) -> int:
    return (Column.objects.filter(team=team).aggregate(last=Max("position"))["last"] or 0) + 1


def _number(columns: Sequence[Column]) -> None:
    for position, column in enumerate(columns):
        column.position = position
    Column.objects.bulk_update(columns, ["position"])
