"""The organisation itself."""

from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from headway.lib import clock
from headway.live.history import inverse, record

from ..access import Forbidden, require
from ..actor import Actor, system_actor
from ..models import Organisation
from .rows import edit_row, undo_edit


@transaction.atomic
def create_organisation(name: str, *, by: Actor, **fields: Any) -> Organisation:
    """Create an organisation. Only the first run, the command line and the demonstration do this."""
    if by.kind != "system":
        raise Forbidden(_("A new organisation is created with the setup link or on the command line."))
    organisation = Organisation(name=name.strip(), created_at=clock.now(), **fields)
    organisation.full_clean()
    organisation.save()
    record("organisation.created", by=system_actor(organisation), subject=organisation)
    return organisation


@transaction.atomic
def edit_organisation(organisation: Organisation, *, by: Actor, **fields: Any) -> Organisation:
    require(by, "manage_organisation", organisation)
    return edit_row(organisation, "organisation.edited", fields, by=by)


inverse("organisation.edited")(undo_edit(Organisation, "manage_organisation"))
