"""Links that work once: the first administrator's, and a person's way to a password."""

import datetime as dt
import hashlib
import secrets
from typing import Any

from allauth.mfa.models import Authenticator
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from headway.lib import clock
from headway.live.history import record

from ..access import Forbidden, require
from ..actor import Actor, system_actor
from ..models import Membership, OneTimeLink, Organisation, Person
from ..sign_in import sessions
from ..sign_in.actions import note, void_password_links
from .organisation import create_organisation, edit_organisation
from .profile import set_password
from .rows import refuse_in_demonstration

PASSWORD_LINK_DAYS = 7


def issue_setup_link() -> str | None:
    """Return a new token for the first administrator, or None where one exists. Earlier tokens stop working."""
    with transaction.atomic():
        if _has_administrator():
            return None
        OneTimeLink.objects.filter(purpose=OneTimeLink.Purpose.SETUP, used_at=None).delete()
        return issue(OneTimeLink.Purpose.SETUP, None)


@transaction.atomic
def issue_password_link(membership: Membership, *, by: Actor) -> str:
    """Return a token with which a member sets a new password; there is no mail, so it is handed over.

    Refused for somebody who is in another organisation too: its administrator could walk in there as this person.
    """
    require(by, "manage_organisation", membership.organisation)
    refuse_in_demonstration(membership.organisation)
    elsewhere = Membership.objects.filter(person=membership.person).exclude(organisation=membership.organisation)
    if by.kind != "system" and elsewhere.exists():
        raise ValidationError(
            _("%(name)s belongs to another organisation too, so nobody here can set a new password for them.")
            % {"name": membership.person.name}
        )
    void_password_links(membership.person)
    token = issue(OneTimeLink.Purpose.PASSWORD, membership.person)
    record("password_link.issued", by=by, subject=membership, label=membership.person.name)
    return token


def find_link(token: str, purpose: OneTimeLink.Purpose) -> OneTimeLink | None:
    """Return the link of a token while it works."""
    link = OneTimeLink.objects.filter(token_hash=hash_of(token), purpose=purpose, used_at=None).first()
    return None if link is None or (link.expires_at and link.expires_at < clock.now()) else link


@transaction.atomic
def complete_setup(token: str, *, organisation: str, name: str, email: str, password: str) -> Person:
    """Use the setup link: create the organisation (or take the one that waits for somebody) and its administrator."""
    use(token, OneTimeLink.Purpose.SETUP)
    if _has_administrator():  # one came by another way since the link was made
        raise Forbidden(_void())
    errors: dict[str, Any] = {}
    person = Person(email=email.strip(), name=name.strip(), created_at=clock.now())
    try:
        validate_password(password, person)
    except ValidationError as error:
        errors["password"] = error.messages
    person.set_password(password)
    try:
        person.full_clean()
    except ValidationError as error:
        errors |= error.message_dict
    if not organisation.strip():
        errors["organisation"] = [_("Give the organisation a name.")]
    if errors:
        raise ValidationError(errors)
    person.save()
    # An import on the command line may have made one already, with nobody in it.
    waiting = Organisation.objects.filter(memberships=None, is_demonstration=False).first()
    if waiting is None:
        created = create_organisation(organisation, by=system_actor(None))
    else:
        created = edit_organisation(waiting, by=system_actor(waiting), name=organisation.strip())
    membership = Membership.objects.create(
        organisation=created, person=person, is_administrator=True, joined_at=clock.now()
    )
    record("member.added", by=system_actor(created), subject=membership, label=person.name)
    return person


@transaction.atomic
def use_password_link(token: str, password: str) -> Person:
    """Use a password link: set the person's password."""
    person = use(token, OneTimeLink.Purpose.PASSWORD).person
    assert person is not None
    membership = Membership.objects.filter(person=person, deactivated_at=None).select_related("organisation").first()
    set_password(person, password, by=system_actor(membership.organisation if membership else None))
    return person


@transaction.atomic
def use_password_link_with_passkey(token: str, *, name: str, credential: dict[str, Any]) -> Authenticator:
    """Use a password link to add a passkey instead, whose registration was checked. Returns the passkey."""
    from allauth.mfa.webauthn.internal.auth import WebAuthn  # late: it loads cryptography

    person = use(token, OneTimeLink.Purpose.PASSWORD).person
    assert person is not None
    sessions.end(person.pk)
    passkey: Authenticator = WebAuthn.add(person, name, credential).instance
    note(person, "passkey.added", label=name)
    return passkey


def new_token() -> str:
    """Return a token that nobody guesses: 256 bits, fit for an address."""
    return secrets.token_urlsafe(32)


def issue(purpose: OneTimeLink.Purpose, person: Person | None) -> str:
    token = new_token()
    now = clock.now()
    OneTimeLink.objects.create(
        purpose=purpose,
        person=person,
        token_hash=hash_of(token),
        created_at=now,
        expires_at=now + dt.timedelta(days=PASSWORD_LINK_DAYS) if person else None,
    )
    return token


def use(token: str, purpose: OneTimeLink.Purpose) -> OneTimeLink:
    link = OneTimeLink.objects.select_for_update().filter(token_hash=hash_of(token), purpose=purpose).first()
    if link is None or link.used_at or (link.expires_at and link.expires_at < clock.now()):
        raise Forbidden(_void())
    link.used_at = clock.now()
    link.save(update_fields=["used_at"])
    return link


def hash_of(token: str) -> str:
    """Return what is kept of a token."""
    return hashlib.sha256(token.encode()).hexdigest()


def _has_administrator() -> bool:
    return Membership.objects.filter(is_administrator=True, organisation__is_demonstration=False).exists()


def _void() -> str:
    return _("This link was used already, or it is too old. Ask for a new one.")
