"""Who belongs to the organisation, who administers it, and who no longer signs in."""

from dataclasses import replace

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from headway.lib import clock
from headway.live.history import CannotUndo, inverse, record
from headway.live.models import Change
from headway.live.notice import close_streams

from ..access import require
from ..actor import Actor
from ..holdings import hand_over
from ..models import Invitation, Membership, OneTimeLink, Organisation, Person
from ..sign_in import sessions
from ..sign_in.actions import void_password_links
from .links import issue
from .rows import (
    changes_since,
    lock,
    refuse_in_demonstration,
    refuse_last_administrator,
    refuse_of_demonstration,
    undo_all,
)


@transaction.atomic
def add_person(
    organisation: Organisation, *, by: Actor, email: str, name: str, is_administrator: bool = False
) -> tuple[Person, str | None]:
    """Add a person at once. Returns the person and, where they are new here, a link to set a password.

    Somebody who has an account already is invited by a link (`invite`): who they are elsewhere is not told here.
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
    elif by.kind != "system":
        raise ValidationError({"email": _("Invite this person by a link.")})
    else:
        refuse_of_demonstration(person)
        void_password_links(person)
    membership = Membership.objects.create(
        organisation=organisation, person=person, is_administrator=is_administrator, joined_at=clock.now()
    )
    record("member.added", by=by, subject=membership, label=person.name)
    return person, (issue(OneTimeLink.Purpose.PASSWORD, person) if is_new else None)


@transaction.atomic
def set_administrator(membership: Membership, is_administrator: bool, *, by: Actor) -> Change | None:
    """Make a member an administrator or take it away; the last one stays. None where nothing changes."""
    require(by, "manage_organisation", membership.organisation)
    membership = _locked(membership)
    if membership.is_administrator == is_administrator:
        return None
    if is_administrator and membership.deactivated_at:
        raise ValidationError(_("%(name)s is deactivated.") % {"name": membership.person.name})
    if not is_administrator:
        refuse_last_administrator(membership)
    membership.is_administrator = is_administrator
    membership.save(update_fields=["is_administrator"])
    return record(
        "member.edited",
        by=by,
        subject=membership,
        label=membership.person.name,
        before={"administrator": not is_administrator},
        after={"administrator": is_administrator},
    )


@inverse("member.edited")
def _undo_administrator(change: Change, by: Actor) -> Change | None:
    membership = Membership.objects.select_related("organisation", "person").get(pk=change.subject_id)
    try:
        return set_administrator(membership, not change.after["administrator"], by=by)
    except ValidationError as error:
        raise CannotUndo(" ".join(error.messages)) from error


@transaction.atomic
def deactivate_member(
    membership: Membership, *, by: Actor, hand_over_to: Person | None = None, let_go: bool = False
) -> Change:
    """Close the door for a member: sessions and streams end at once; history and roles stay.

    What they hold that is open goes to `hand_over_to`, or to nobody with `let_go`; else it stays with them. Links
    that they gave out to invite others stop working. All of it comes back with the undo.
    """
    require(by, "manage_organisation", membership.organisation)
    membership = _locked(membership)
    if membership.deactivated_at:
        raise ValidationError(_("%(name)s is deactivated.") % {"name": membership.person.name})
    refuse_last_administrator(membership)
    if hand_over_to is not None:
        _require_heir(membership, hand_over_to)
    # The first Change of a transaction locks the organisation's history: what follows it is ours alone.
    change = record("member.deactivated", by=by, subject=membership, label=membership.person.name)
    handed, stay = 0, list[str]()
    if hand_over_to is not None or let_go:
        handed, stay = hand_over(membership.person, to=hand_over_to, organisation_id=membership.organisation_id, by=by)
    now = clock.now()
    void = Invitation.objects.filter(organisation=membership.organisation_id, by=membership.person_id).open(now)
    change.after = {
        "handed": handed,
        "stay": stay,
        "to": hand_over_to.pk if hand_over_to else None,
        "changes": changes_since(change),
        "invitations": list(void.values_list("pk", flat=True)),
    }
    change.save(update_fields=["after"])
    Invitation.objects.filter(pk__in=change.after["invitations"]).update(revoked_at=now)
    membership.deactivated_at = now
    membership.save(update_fields=["deactivated_at"])
    _close_doors(membership)
    return change


@inverse("member.deactivated")
def reactivate_member(change: Change, by: Actor) -> Change:
    """Open the door again and give back what was handed over, but for what others have changed since.

    The page of members calls it with the Change that closed the door.
    """
    membership = Membership.objects.select_related("organisation", "person").get(pk=change.subject_id)
    require(by, "manage_organisation", membership.organisation)
    membership = _locked(membership)
    if membership.deactivated_at is None:
        raise CannotUndo(_("%(name)s is active.") % {"name": membership.person.name})
    if membership.person.anonymised_at:
        raise CannotUndo(_("%(name)s was anonymised; that has no way back.") % {"name": membership.person.name})
    membership.deactivated_at = None
    membership.save(update_fields=["deactivated_at"])
    left = undo_all(change.after.get("changes", []), by=replace(by, kind="system"))
    Invitation.objects.filter(pk__in=change.after.get("invitations", []), accepted_at=None).update(revoked_at=None)
    return record(
        "member.reactivated",
        by=by,
        subject=membership,
        label=membership.person.name,
        after={"left": left},
        undoes=change,
    )


def _close_doors(membership: Membership) -> None:
    """End streams, and sessions too where the person is nowhere else; there they simply lose this organisation."""
    close_streams(person_id=membership.person_id)
    elsewhere = Membership.objects.filter(person=membership.person_id, deactivated_at=None)
    if not elsewhere.exclude(pk=membership.pk).exists():
        sessions.end(membership.person_id)


def _require_heir(membership: Membership, person: Person) -> None:
    heirs = Membership.objects.filter(organisation=membership.organisation_id, deactivated_at=None)
    if person.pk == membership.person_id or not heirs.filter(person=person).exists():
        raise ValidationError({"hand_over_to": _("Choose another active member of the organisation.")})


def _locked(membership: Membership) -> Membership:
    """Read a membership anew under the lock of its organisation: two administrators cannot both leave."""
    lock(membership.organisation_id)
    return Membership.objects.select_related("organisation", "person").get(pk=membership.pk)
