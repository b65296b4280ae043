"""Every write to how people sign in. Each leaves a Change, without secrets, in every organisation of the person."""

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from headway.lib import clock
from headway.live.history import record
from headway.live.models import Change

from ..access import Forbidden, require
from ..actor import Actor, system_actor
from ..models import ApiToken, Membership, OneTimeLink, Organisation, Person
from . import sessions
from .second_factor import PROVES

if TYPE_CHECKING:
    from .providers import Provider


@transaction.atomic
def note(person: Person, name: str, *, by: Actor | None = None, label: str = "") -> list[Change]:
    """Record what happened to a person's sign-in, in each organisation that they belong to.

    Without `by` the person did it; somebody of one organisation is not named in another. Organisations in order of
    their ids: two such actions never wait for each other.
    """
    organisations = Membership.objects.filter(person=person, deactivated_at=None).order_by("organisation_id")
    told = f"{person.name}: {label}" if label else person.name
    return [
        record(name, by=_known_in(pk, by or Actor(pk, person.pk), person), subject=person, label=told)
        for pk in organisations.values_list("organisation_id", flat=True)
    ]


def _known_in(organisation_id: int, by: Actor, person: Person) -> Actor:
    """Return who did it as an organisation may know them: its own member, or the person themselves."""
    if by.organisation_id == organisation_id or by.person_id == person.pk:
        return replace(by, organisation_id=organisation_id)
    return Actor(organisation_id=organisation_id, kind="system")


# One's own


@transaction.atomic
def end_own_session(person: Person, session_id: int, *, keep: str | None) -> int:
    """End one of a person's own sessions; the one with the key `keep` stays. Returns how many ended."""
    ended = sessions.end(person.pk, only=session_id, keep=keep)
    if ended:
        note(person, "sessions.ended")
    return ended


@transaction.atomic
def end_other_sessions(person: Person, *, keep: str | None) -> int:
    """End all of a person's own sessions but the one with the key `keep`. Returns how many ended."""
    ended = sessions.end(person.pk, keep=keep)
    if ended:
        note(person, "sessions.ended")
    return ended


@transaction.atomic
def rename_passkey(passkey: Authenticator, name: str) -> None:
    """Give a passkey another name. Raises ValidationError for an empty one."""
    name = name.strip()[:80]
    if not name:
        raise ValidationError({"name": _("Give it a name.")})
    passkey.data["name"] = name
    passkey.save(update_fields=["data"])


@transaction.atomic
def unlink_provider(account: SocialAccount, name: str) -> None:
    """Take the link to a provider away. Raises ValidationError where it is the only way in."""
    person = account.user
    others = SocialAccount.objects.filter(user=person).exclude(pk=account.pk)
    has_passkey = Authenticator.objects.filter(user=person, type=Authenticator.Type.WEBAUTHN)
    if not (person.has_usable_password() or others.exists() or has_passkey.exists()):
        raise ValidationError(_("This is your only way in: set a password or add a passkey first."))
    account.delete()
    note(person, "provider.unlinked", label=name)


# An administrator's


@transaction.atomic
def end_sessions(membership: Membership, *, by: Actor) -> int:
    """Sign a member out everywhere. Returns how many sessions ended."""
    require(by, "manage_organisation", membership.organisation)
    _refuse_in_demonstration(membership.organisation)
    ended = sessions.end(membership.person_id)
    note(membership.person, "sessions.ended", by=by)
    return ended


@transaction.atomic
def reset_second_factor(membership: Membership, *, by: Actor) -> None:
    """Take away all second factors of a member who lost them, and end their sessions.

    Refused for somebody who is in another organisation too: its administrator could walk in there as this person.
    """
    require(by, "manage_organisation", membership.organisation)
    _refuse_in_demonstration(membership.organisation)
    person = membership.person
    elsewhere = Membership.objects.filter(person=person).exclude(organisation=membership.organisation)
    if by.kind != "system" and elsewhere.exists():
        raise ValidationError(
            _("%(name)s belongs to another organisation too, so nobody here can take the second factor away.")
            % {"name": person.name}
        )
    if not Authenticator.objects.filter(user=person).exists():
        raise ValidationError(_("%(name)s has no second factor.") % {"name": person.name})
    Authenticator.objects.filter(user=person).delete()
    sessions.end(person.pk)
    note(person, "second_factor.reset", by=by)


@transaction.atomic
def clear(membership: Membership, *, by: Actor) -> None:
    """Take every way in from a member: password, second factors, providers, API tokens, open links and sessions.

    For an account that somebody else may have opened or got into: whoever comes next with a verified address of a
    provider, or with a new link, has it alone. There is no way back. Refused for oneself, and for somebody who is in
    another organisation too: whoever runs the installation does it there (`headway clear-sign-in`).
    """
    require(by, "manage_organisation", membership.organisation)
    _refuse_in_demonstration(membership.organisation)
    person = Person.objects.select_for_update().get(pk=membership.person_id)
    if by.kind != "system":
        if person.pk == by.person_id:
            raise ValidationError(_("You would lock yourself out: ask another administrator."))
        if Membership.objects.filter(person=person).exclude(organisation=membership.organisation).exists():
            raise ValidationError(
                _("%(name)s belongs to another organisation too, so nobody here can remove the ways in.")
                % {"name": person.name}
            )
    void_password_links(person)
    Authenticator.objects.filter(user=person).delete()
    SocialAccount.objects.filter(user=person).delete()
    ApiToken.objects.filter(person=person, revoked_at=None).update(revoked_at=clock.now())
    person.set_unusable_password()
    person.save(update_fields=["password"])
    sessions.end(person.pk)
    note(person, "sign_in.cleared", by=by)


def void_password_links(person: Person) -> None:
    """Let no link work any more that was given out for a person: it would open what somebody else relies on."""
    OneTimeLink.objects.filter(purpose=OneTimeLink.Purpose.PASSWORD, person=person, used_at=None).delete()


# Providers


def has_way_in(person: Person) -> bool:
    """Say whether anybody can sign in to this account or act as this person today. At most three queries."""
    return (
        person.has_usable_password()
        or Authenticator.objects.filter(user=person, type__in=PROVES).exists()
        or SocialAccount.objects.filter(user=person).exists()
        or ApiToken.objects.filter(person=person, revoked_at=None).exists()
    )


@transaction.atomic
def link_provider(person: Person, provider: "Provider", *, uid: str, said: dict[str, Any], is_proved: bool) -> bool:
    """Let the identity `uid` of a provider sign in as a person. False where it may not be linked (yet).

    A verified address says who somebody is, not who opened the account with that address: a link that was meant for
    nobody in particular takes any. So only an account that nobody can get into is linked at once; for every other
    one the person must have proved just now (`is_proved`) that it is theirs. `said` is what the provider told.
    """
    if not is_proved:
        if has_way_in(person):
            return False
        # The links first: whoever uses one at this moment is waited for, and their password is seen below.
        void_password_links(person)
        if has_way_in(Person.objects.select_for_update().get(pk=person.pk)):
            return False
    row, is_new = SocialAccount.objects.get_or_create(
        provider=provider.key, uid=uid, defaults={"user": person, "extra_data": said}
    )
    if is_new:
        note(person, "provider.linked", label=provider.name)
    return bool(row.user_id == person.pk)


@transaction.atomic
def person_for_provider(provider: "Provider", *, email: str, name: str) -> Person | None:
    """Return the person of a verified address; a stranger of an allowed domain joins the organisation named for it.

    None for everybody else. Nobody of the demonstration is found: anybody may be one of them for a click.
    """
    person = Person.objects.filter(email__iexact=email, is_active=True).first()
    if person is not None:
        places = Membership.objects.filter(person=person, deactivated_at=None, organisation__is_demonstration=False)
        return person if places.exists() else None
    if email.rpartition("@")[2].lower() not in provider.domains:
        return None
    organisation = Organisation.objects.filter(name__iexact=provider.organisation, is_demonstration=False).first()
    if organisation is None:
        return None
    person = Person(email=email, name=name.strip()[:120] or email.partition("@")[0], created_at=clock.now())
    person.set_unusable_password()
    person.full_clean(exclude=["password"])
    person.save()
    membership = Membership.objects.create(organisation=organisation, person=person, joined_at=clock.now())
    record("member.added", by=system_actor(organisation), subject=membership, label=person.name)
    return person


def _refuse_in_demonstration(organisation: Organisation) -> None:
    if organisation.is_demonstration:
        raise Forbidden(_("Whoever looks around in the demonstration signs in with one click."))
