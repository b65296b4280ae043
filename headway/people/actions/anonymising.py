"""The name and the e-mail of somebody who left are taken away for good; what they did stays, under a number."""

from typing import Any

from django.apps import apps
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from headway.lib import clock
from headway.live.history import record
from headway.live.models import Change
from headway.live.notice import close_streams

from ..access import Forbidden, require
from ..actor import Actor
from ..models import Invitation, Membership, OneTimeLink, Person
from ..sign_in import sessions
from .rows import lock, refuse_last_administrator

#: where ways to sign in are kept, and addresses of sessions
_SIGN_IN_APPS = {"account", "mfa", "socialaccount", "usersessions"}
#: Changes that name a person in their label, and in `after` by number
_NAMING = ("roles.set", "role.handed_over")


@transaction.atomic
def anonymise(person: Person, *, by: Actor) -> Person:
    """Take a person's name, e-mail and ways to sign in away, in every organisation. There is no way back.

    Asked for by the person, or by an administrator for a deactivated member who is in no other organisation. Texts
    that people wrote are left as they are. Raises ValidationError with the reason where it cannot be.
    """
    memberships = list(Membership.objects.filter(person=person).select_related("organisation").order_by("organisation"))
    for membership in memberships:
        lock(membership.organisation_id)
    person = Person.objects.select_for_update().get(pk=person.pk)
    _require(person, memberships, by)
    old_email = person.email
    person.name = _("Former member %(number)d") % {"number": person.pk}
    person.email = f"former-member-{person.pk}@anonymised.invalid"
    person.set_unusable_password()
    person.is_active = False
    person.last_login = None
    person.anonymised_at = clock.now()
    person.save()
    Membership.objects.filter(person=person, deactivated_at=None).update(deactivated_at=clock.now())
    Membership.objects.filter(person=person).update(is_administrator=False)
    close_streams(person_id=person.pk)
    sessions.end(person.pk)
    _remove_ways_in(person)
    _forget_in_invitations(person, old_email)
    _forget_in_history(person, [membership.pk for membership in memberships])
    for membership in memberships:
        doer = by if membership.organisation_id == by.organisation_id else Actor(membership.organisation_id, person.pk)
        record("person.anonymised", by=doer, subject=person)
    return person


def _require(person: Person, memberships: list[Membership], by: Actor) -> None:
    if person.anonymised_at:
        raise ValidationError(_("This was done already."))
    if any(membership.organisation.is_demonstration for membership in memberships):
        raise Forbidden(_("The people of the demonstration are made up."))
    if by.person_id == person.pk:
        for membership in memberships:
            if not membership.deactivated_at:
                refuse_last_administrator(membership)
        return
    here = [membership for membership in memberships if membership.organisation_id == by.organisation_id]
    if not here:
        raise Forbidden(_("Only the person, or an administrator of their organisation, may do this."))
    require(by, "manage_organisation", here[0])
    if len(memberships) > len(here):
        raise ValidationError(
            _("%(name)s belongs to another organisation too, so only they can ask for this.") % {"name": person.name}
        )
    if here[0].deactivated_at is None:
        raise ValidationError(_("Deactivate %(name)s first, and hand over what is open.") % {"name": person.name})


def _remove_ways_in(person: Person) -> None:
    """Delete every row that lets somebody in as this person: each model of the sign-in that points at them."""
    OneTimeLink.objects.filter(person=person).delete()
    for model in apps.get_models():
        if model._meta.app_label in _SIGN_IN_APPS or model._meta.label_lower == "people.apitoken":
            for field in model._meta.get_fields():
                if field.many_to_one and field.related_model is Person and field.name in {"user", "person"}:
                    model._default_manager.filter(**{field.name: person}).delete()


def _forget_in_invitations(person: Person, email: str) -> None:
    mine = Invitation.objects.filter(Q(accepted_by=person) | Q(email__iexact=email))
    ids = list(mine.values_list("pk", flat=True))
    Invitation.objects.filter(pk__in=ids, accepted_at=None, revoked_at=None).update(revoked_at=clock.now())
    Invitation.objects.filter(pk__in=ids).update(email="", name="")
    about = Change.objects.filter(subject_type=Invitation._meta.label_lower, subject_id__in=ids)
    about.update(subject_label=person.name)


def _forget_in_history(person: Person, membership_ids: list[int]) -> None:
    """Put the number in place of the name wherever a Change is about this person."""
    about = Q(subject_type=Person._meta.label_lower, subject_id=person.pk)
    about |= Q(subject_type=Membership._meta.label_lower, subject_id__in=membership_ids)
    about |= Q(name__in=_NAMING, after__person=person.pk)
    Change.objects.filter(about).update(subject_label=person.name)
    named = Change.objects.filter(subject_type=Person._meta.label_lower, subject_id=person.pk, name="person.edited")
    for change in named:
        change.before, change.after = _renamed(change.before, person), _renamed(change.after, person)
        change.save(update_fields=["before", "after"])


def _renamed(values: dict[str, Any], person: Person) -> dict[str, Any]:
    return {name: person.name if name in {"name", "email"} else value for name, value in values.items()}
