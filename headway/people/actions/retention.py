"""How long things are kept: said by an administrator, kept to once a day."""

from collections.abc import Mapping

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from headway.live.edits import edit
from headway.live.history import inverse, record
from headway.live.models import Change

from .. import retention
from ..access import require
from ..actor import Actor
from ..models import Organisation, Retention
from .rows import lock, undo_edit


@transaction.atomic
def set_retention(organisation: Organisation, *, by: Actor, days: Mapping[str, int | None]) -> Change | None:
    """Say how many days each named thing is kept; None is for ever. Rules that are not named stay as they are.

    Returns None where nothing differs. Raises ValidationError with the names of the rules.
    """
    require(by, "manage_organisation", organisation)
    errors = {}
    for name, count in days.items():
        if name not in retention.names():
            errors[name] = _("There is no such rule.")
        elif count is not None and not 1 <= count <= retention.LONGEST:
            errors[name] = _("From 1 to %(count)d days, or for ever.") % {"count": retention.LONGEST}
    if errors:
        raise ValidationError(errors)
    lock(organisation)
    row, _made = Retention.objects.get_or_create(organisation=organisation)
    now = retention.days_of(organisation)
    said = {name: count for name, count in days.items() if now[name] != count}
    return edit(row, {"days": {**row.days, **said}}, name="retention.set", by=by) if said else None


inverse("retention.set")(undo_edit(Retention, "manage_organisation"))


@transaction.atomic
def apply_retention(organisation: Organisation, *, by: Actor) -> Change:
    """Remove what is over by the rules of an organisation. There is no way back; the Change says how much it was."""
    require(by, "manage_organisation", organisation)
    removed = retention.remove_due(organisation)
    return record("retention.run", by=by, subject=organisation, after={"removed": removed})
