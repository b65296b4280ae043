"""The way back in where every administrator is lost: from the command line of the server only."""

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from headway.live.history import record

from ..access import Forbidden
from ..actor import Actor
from ..models import Membership, Organisation
from .links import issue_password_link
from .members import add_person, set_administrator
from .rows import lock


@transaction.atomic
def recover_administrator(organisation: Organisation, *, by: Actor, email: str, name: str = "") -> tuple[str, bool]:
    """Make somebody an administrator, whoever they are. Returns a token to set a password, and whether they are new.

    A member is made one (and active again, where they were not); somebody new is added. Only the system does this.
    """
    if by.kind != "system":
        raise Forbidden(_("This is done on the command line of the server."))
    if organisation.is_demonstration:
        raise Forbidden(_("The demonstration is entered by a click."))
    lock(organisation)
    rows = Membership.objects.filter(organisation=organisation).select_related("person", "organisation")
    found = rows.filter(person__email__iexact=email.strip()).first()
    is_new = found is None
    if found is None:
        person, _token = add_person(organisation, by=by, email=email, name=name.strip() or email.partition("@")[0])
        found = rows.get(person=person)
    if found.person.anonymised_at:
        raise ValidationError({"email": _("This person was anonymised.")})
    if found.deactivated_at:
        found.deactivated_at = None
        found.save(update_fields=["deactivated_at"])
        record("member.reactivated", by=by, subject=found, label=found.person.name)
    set_administrator(found, True, by=by)
    token = issue_password_link(found, by=by)
    return token, is_new
