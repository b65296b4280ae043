"""Units: the tree that teams hang in."""

from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from headway.live.history import inverse, record

from ..access import require
from ..actor import Actor
from ..models import Organisation, Unit
from .rows import edit_row, undo_edit


@transaction.atomic
def create_unit(organisation: Organisation, name: str, *, by: Actor, parent: Unit | None = None) -> Unit:
    require(by, "manage_organisation", organisation)
    unit = Unit(organisation=organisation, name=name.strip(), parent=parent)
    unit.full_clean()
    unit.save()
    record("unit.created", by=by, subject=unit)
    return unit


@transaction.atomic
def edit_unit(unit: Unit, *, by: Actor, **fields: Any) -> Unit:
    """Rename or move a unit; a unit under itself is refused."""
    require(by, "manage_organisation", unit.organisation)
    above = fields.get("parent")
    while above is not None:
        if above.pk == unit.pk:
            raise ValidationError({"parent": _("A unit cannot lie under itself.")})
        above = above.parent
    return edit_row(unit, "unit.edited", fields, by=by)


inverse("unit.edited")(undo_edit(Unit, "manage_organisation"))
