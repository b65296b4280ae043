"""Who belongs to the organisation, who administers it, and who no longer signs in."""

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from headway.lib import clock
from headway.live.history import CannotUndo, inverse, record
from headway.live.models import Change

from ..access import require
from ..actor import Actor
from ..models import Membership, OneTimeLink, Organisation, Person
from .links import issue
from .rows import refuse_in_demonstration, refuse_last_administrator


@transaction.atomic
def add_person(
    organisation: Organisation, *, by: Actor, email: str, name: str, is_administrator: bool = False
) -> tuple[Person, str | None]:
    """Add a person to the organisation. Returns the person and, where they are new here, a link to set a password.

    Somebody who is known from another organisation keeps name and way of signing in.
    """
    require(by, "manage_organisation", organisation)
    refuse_in_demonstration(organisation)
    person = Person.objects.filter(email__iexact=email.strip()).first()
    is_new = person is None
    if person is None:
        person = Person(email=email.strip(), name=name.strip(), created_at=clock.now())
        person.set_unusable_password()
        person.full_clean(exclude=["password"])
        person.save()
    elif Membership.objects.filter(organisation=organisation, person=person).exists():
        raise ValidationError({"email": _("%(name)s is here already.") % {"name": person.name}})
    membership = Membership.objects.create(
        organisation=organisation, person=person, is_administrator=is_administrator, joined_at=clock.now()
    )
    record("member.added", by=by, subject=membership, label=person.name)
    return person, (issue(OneTimeLink.Purpose.PASSWORD, person) if is_new else None)


@transaction.atomic
def set_administrator(membership: Membership, is_administrator: bool, *, by: Actor) -> Change | None:
    """Make a member an administrator or take it away; the last one stays."""
    require(by, "manage_organisation", membership.organisation)
    if membership.is_administrator == is_administrator:
        return None
    if not is_administrator:
        refuse_last_administrator(membership)
    membership.is_administrator = is_administrator
    membership.save(update_fields=["is_administrator"])
    return record(
        "member.edited",
        by=by,
        subject=membership,
        label=membership.person.name,
        after={"administrator": is_administrator},
    )


@transaction.atomic
def deactivate_member(membership: Membership, *, by: Actor) -> Change:
    """Close the door for a member; history and roles stay."""
    require(by, "manage_organisation", membership.organisation)
    refuse_last_administrator(membership)
    membership.deactivated_at = clock.now()
    membership.save(update_fields=["deactivated_at"])
    return record("member.deactivated", by=by, subject=membership, label=membership.person.name)


@inverse("member.deactivated")
def reactivate_member(change: Change, by: Actor) -> Change:
    """Open the door again; the page of members calls it with the Change that closed it."""
    membership = Membership.objects.get(pk=change.subject_id)
    require(by, "manage_organisation", membership.organisation)
    if membership.deactivated_at is None:
        raise CannotUndo(_("%(name)s is active.") % {"name": membership.person.name})
    membership.deactivated_at = None
    membership.save(update_fields=["deactivated_at"])
    return record("member.reactivated", by=by, subject=membership, label=membership.person.name, undoes=change)
