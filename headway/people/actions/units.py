"""Units: the tree that teams hang in."""

from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from headway.live.edits import is_referred_to, put_back, subject_of
from headway.live.history import CannotUndo, inverse, record
from headway.live.models import Change

from ..access import require
from ..actor import Actor
from ..models import Organisation, Unit
from .rows import edit_row, lock

DEEPEST = 12  # levels; more would be a mistake, and no page could show them


@transaction.atomic
def create_unit(organisation: Organisation, name: str, *, by: Actor, parent: Unit | None = None) -> Unit:
    """Create a unit, after those that lie under the same parent."""
    require(by, "manage_organisation", organisation)
    lock(organisation)
    _check_parent(organisation.pk, None, parent)
    unit = Unit(organisation=organisation, name=name.strip(), parent=parent, position=_end(organisation.pk, parent))
    unit.full_clean()
    unit.save()
    record("unit.created", by=by, subject=unit)
    return unit


@transaction.atomic
def edit_unit(unit: Unit, *, by: Actor, **fields: Any) -> Unit:
    """Rename a unit or move it under another (`parent`); a unit under itself is refused."""
    require(by, "manage_organisation", unit)
    lock(unit.organisation_id)
    unit.refresh_from_db()
    if "name" in fields:
        fields["name"] = fields["name"].strip()
    if "parent" in fields:
        parent = fields["parent"]
        if (parent.pk if parent else None) != unit.parent_id:
            _check_parent(unit.organisation_id, unit, parent)
            fields["position"] = _end(unit.organisation_id, parent)
    return edit_row(unit, "unit.edited", fields, by=by)


@transaction.atomic
def order_unit(unit: Unit, *, by: Actor, to: int) -> Change | None:
    """Put a unit at place `to` (0 is first) among those under the same parent. None where it stands there."""
    require(by, "manage_organisation", unit)
    lock(unit.organisation_id)
    beside = list(_beside(unit))
    before = [row.pk for row in beside]
    here = before.index(unit.pk)
    after = [*before]
    after.insert(min(max(to, 0), len(before) - 1), after.pop(here))
    if after == before:
        return None
    _put_in_order(after)
    return record("unit.ordered", by=by, subject=unit, before={"order": before}, after={"order": after})


@transaction.atomic
def delete_unit(unit: Unit, *, by: Actor) -> Change:
    """Delete a unit that holds nothing. Raises ValidationError where something hangs in it."""
    require(by, "manage_organisation", unit)
    lock(unit.organisation_id)
    if is_referred_to(unit):
        raise ValidationError(_("Units, teams or objectives still hang in it: move them first."))
    kept = {"name": unit.name, "parent": unit.parent_id, "position": unit.position}
    change = record("unit.deleted", by=by, subject=unit, before=kept)
    unit.delete()
    return change


@inverse("unit.created")
@inverse("unit.restored")
def _undo_created(change: Change, by: Actor) -> Change:
    unit = subject_of(change, Unit)
    try:
        return delete_unit(unit, by=by)
    except ValidationError as error:
        raise CannotUndo(" ".join(error.messages)) from error


@inverse("unit.edited")
def _undo_edited(change: Change, by: Actor) -> Change:
    unit = subject_of(change, Unit)
    require(by, "manage_organisation", unit)
    lock(unit.organisation_id)
    if "parent" in change.before:
        try:
            _check_parent(unit.organisation_id, unit, _find(change.before["parent"]))
        except ValidationError as error:
            raise CannotUndo(" ".join(error.messages)) from error
    return put_back(unit, change, by=by)


@inverse("unit.ordered")
def _undo_ordered(change: Change, by: Actor) -> Change:
    unit = subject_of(change, Unit)
    require(by, "manage_organisation", unit)
    lock(unit.organisation_id)
    if [row.pk for row in _beside(unit)] != change.after["order"]:
        raise CannotUndo(_("The order was changed since."))
    _put_in_order(change.before["order"])
    return record("unit.ordered", by=by, subject=unit, before=change.after, after=change.before, undoes=change)


@inverse("unit.deleted")
def _undo_deleted(change: Change, by: Actor) -> Change:
    organisation = lock(change.organisation_id or 0)
    require(by, "manage_organisation", organisation)
    parent = _find(change.before["parent"])
    unit = Unit(
        pk=change.subject_id,
        organisation=organisation,
        name=change.before["name"],
        parent=parent,
        position=change.before["position"],
    )
    unit.save(force_insert=True)
    return record("unit.restored", by=by, subject=unit, undoes=change)


def _find(unit_id: int | None) -> Unit | None:
    """Return a unit that was once another's parent. Raises CannotUndo where it is gone."""
    if unit_id is None:
        return None
    unit = Unit.objects.filter(pk=unit_id).first()
    if unit is None:
        raise CannotUndo(_("The unit above it is gone."))
    return unit


def _check_parent(organisation_id: int, unit: Unit | None, parent: Unit | None) -> None:
    """Refuse a parent of another organisation, a circle, and a tree that is too deep. A query per level."""
    if parent is not None and parent.organisation_id != organisation_id:
        raise ValidationError({"parent": _("Choose a unit of this organisation.")})
    levels, above = _height(unit), parent
    while above is not None:
        if unit is not None and above.pk == unit.pk:
            raise ValidationError({"parent": _("A unit cannot lie under itself.")})
        levels, above = levels + 1, above.parent
    if levels > DEEPEST:
        raise ValidationError({"parent": _("Units lie at most %(count)d levels deep.") % {"count": DEEPEST}})


def _height(unit: Unit | None) -> int:
    """Return how many levels a unit and what lies under it take."""
    levels, row = 1, [unit.pk] if unit else []
    while row:
        row = list(Unit.objects.filter(parent__in=row).values_list("pk", flat=True))
        levels += bool(row)
    return levels


def _beside(unit: Unit) -> Any:
    return Unit.objects.filter(organisation=unit.organisation_id, parent=unit.parent_id).order_by("position", "name")


def _end(organisation_id: int, parent: Unit | None) -> int:
    rows = Unit.objects.filter(organisation=organisation_id, parent=parent)
    last = rows.aggregate(last=Max("position"))["last"]
    return 0 if last is None else last + 1


def _put_in_order(ids: list[int]) -> None:
    rows = [Unit(pk=pk, position=position) for position, pk in enumerate(ids)]
    Unit.objects.bulk_update(rows, ["position"])
