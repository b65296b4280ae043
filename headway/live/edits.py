"""Edit a row field by field, and put it back: what most actions and most inverses are made of."""

import datetime as dt
from collections.abc import Collection, Mapping
from typing import Any, TypeVar

from django.contrib.auth import get_user_model
from django.db import models
from django.utils.translation import gettext as _

from .history import Acting, CannotUndo, record
from .models import Change

Row = TypeVar("Row", bound=models.Model)


def edit(
    row: models.Model,
    values: Mapping[str, Any],
    *,
    name: str,
    by: Acting,
    team_id: int | None = None,
    note: Mapping[str, Any] | None = None,
) -> Change | None:
    """Write `values` (by field name) to a locked row and record the Change; None where nothing differs.

    `note` is kept with the Change as `after["note"]` and is no field of the row.
    """
    before, after = differences(row, values)
    if not after:
        return None
    write(row, after)
    kept = {**after, "note": dict(note)} if note else after
    return record(name, by=by, subject=row, team_id=team_id, before=before, after=kept)


def differences(row: models.Model, values: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return (before, after) of those fields of `row` that `values` would change, fit for JSON."""
    before: dict[str, Any] = {}
    after: dict[str, Any] = {}
    for name, value in values.items():
        old, new = _now(row, name), _plain(value)
        if old != new:
            before[name], after[name] = old, new
    return before, after


def write(row: models.Model, values: Mapping[str, Any]) -> None:
    """Set the fields of `row` to values as `differences` returns them, and save these only."""
    for name, value in values.items():
        field: Any = row._meta.get_field(name)
        setattr(row, field.attname, field.to_python(value))
    row.save(update_fields=list(values))


def subject_of(change: Change, model: type[Row]) -> Row:
    """Return the row that a Change is about, locked. Raises CannotUndo where it is gone."""
    row = model._default_manager.select_for_update().filter(pk=change.subject_id).first()
    if row is None:
        raise CannotUndo(_("It is gone."))
    return row


def put_back(row: models.Model, change: Change, *, by: Acting, team_id: int | None = None) -> Change:
    """Write the fields of `change.before` back. Raises CannotUndo, naming who, where one of them was changed since."""
    given = {name: value for name, value in change.after.items() if name != "note"}
    for name, value in given.items():
        if _now(row, name) != value:
            field: Any = row._meta.get_field(name)
            about = models.Q(subject_type=change.subject_type, subject_id=change.subject_id, after__has_key=name)
            raise CannotUndo(told_since(change, about, _("“%(field)s”") % {"field": field.verbose_name}))
    write(row, change.before)
    return record(change.name, by=by, subject=row, team_id=team_id, before=given, after=change.before, undoes=change)


def told_since(change: Change, about: models.Q, label: str) -> str:
    """Say who made the newest of the Changes `about` something after `change`, for a person to read. Two queries."""
    last = (
        Change.objects.filter(about, organisation_id=change.organisation_id, pk__gt=change.pk).order_by("-pk").first()
    )
    if last is None:
        return _("%(what)s was changed since. Look at it, and change it by hand.") % {"what": label}
    person = get_user_model()._default_manager.filter(pk=last.actor_id or 0).first()
    told = _("%(who)s changed %(what)s since. Take that back first, or change it by hand.")
    return told % {"who": person.name if person else _("Headway"), "what": label}


def is_referred_to(row: models.Model) -> bool:
    """Say whether any row of any area points at this one: deleting it would take that along. A query per relation."""
    return bool(referred_to(type(row), [row.pk]))


def referred_to(model: type[models.Model], ids: Collection[int]) -> set[int]:
    """Return those of `ids` that a row of any area points at. A query per relation, however many ids."""
    found: set[int] = set()
    for relation in model._meta.related_objects:
        name = relation.field.name
        rows = relation.related_model._base_manager.filter(**{f"{name}__in": ids})
        found.update(rows.values_list(name, flat=True).distinct())
    return found


def _now(row: models.Model, name: str) -> Any:
    field: Any = row._meta.get_field(name)
    return _plain(getattr(row, field.attname))


def _plain(value: Any) -> Any:
    if isinstance(value, models.Model):
        return value.pk
    if isinstance(value, dt.date):
        return value.isoformat()
    return value
