"""Invitations by link: made, withdrawn, accepted by one person, once."""

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.utils.translation import gettext as _

from headway.lib import clock
from headway.live.edits import subject_of
from headway.live.history import CannotUndo, inverse, record
from headway.live.models import Change

from ..access import Forbidden, allows, require
from ..actor import Actor
from ..models import Invitation, InvitedRole, Membership, Organisation, Person, Role, Team, TeamRole
from ..sign_in.actions import void_password_links
from .links import hash_of, new_token
from .rows import lock, refuse_in_demonstration, refuse_of_demonstration

INVITATION_DAYS = 7
LONGEST_DAYS = 90


@transaction.atomic
def invite(
    organisation: Organisation,
    *,
    by: Actor,
    roles: Mapping[Team, Iterable[Role]],
    email: str = "",
    name: str = "",
    is_administrator: bool = False,
    days: int = INVITATION_DAYS,
) -> tuple[Invitation, str]:
    """Invite one person. Returns the invitation and the token of its link, which is kept as a hash only.

    A Scrum Master invites into their own teams; without a team, or as an administrator, only administrators do. An
    open invitation for the same e-mail gives way to the new one.
    """
    wanted = {team: {Role(role) for role in given} for team, given in roles.items()}
    wanted = {team: given for team, given in wanted.items() if given}
    for team in wanted:
        require(by, "invite", team)
    if is_administrator or not wanted:
        require(by, "manage_organisation", organisation)
    refuse_in_demonstration(organisation)
    email = email.strip()
    _check(organisation, email, wanted, days)
    lock(organisation)
    _give_way(organisation, email, by)
    token, now = new_token(), clock.now()
    invitation = Invitation(
        organisation=organisation,
        email=email,
        name=name.strip(),
        is_administrator=is_administrator,
        token_hash=hash_of(token),
        by_id=by.person_id,
        created_at=now,
        expires_at=now + dt.timedelta(days=days),
    )
    invitation.full_clean(exclude=["organisation", "by", "accepted_at", "accepted_by", "revoked_at"])
    invitation.save()
    InvitedRole.objects.bulk_create(
        InvitedRole(invitation=invitation, team=team, role=role) for team, given in wanted.items() for role in given
    )
    record("invitation.created", by=by, subject=invitation, label=str(invitation), team_id=_only(wanted))
    return invitation, token


@transaction.atomic
def revoke_invitation(invitation: Invitation, *, by: Actor) -> Change:
    """Make the link of an invitation void. Raises ValidationError where it is no longer open."""
    require_revoke(by, invitation)
    invitation = Invitation.objects.select_for_update().get(pk=invitation.pk)
    if invitation.accepted_at or invitation.revoked_at:
        raise ValidationError(_("This invitation is no longer open."))
    invitation.revoked_at = clock.now()
    invitation.save(update_fields=["revoked_at"])
    return record("invitation.revoked", by=by, subject=invitation, label=str(invitation))


def may_revoke(by: Actor, invitation: Invitation) -> bool:
    """Say whether `by` may withdraw it: an administrator, or who may invite into each of its teams. One query."""
    if allows(by, "manage_organisation", invitation):
        return True
    teams = {row.team for row in invitation.roles.select_related("team")}
    return bool(teams) and not invitation.is_administrator and all(allows(by, "invite", team) for team in teams)


def require_revoke(by: Actor, invitation: Invitation) -> None:
    """Raise Forbidden unless `by` may withdraw it."""
    if not may_revoke(by, invitation):
        require(by, "manage_organisation", invitation)


def find_invitation(token: str) -> Invitation | None:
    """Return the invitation of a token while it is open."""
    found = Invitation.objects.open(clock.now()).select_related("organisation", "by")
    return found.filter(token_hash=hash_of(token)).first()


@transaction.atomic
def accept_invitation(token: str, *, name: str, email: str, password: str) -> Membership:
    """Accept as somebody new. Raises ValidationError with what is wrong, Forbidden where the link is void.

    The e-mail of an invitation that has one cannot be another. Somebody who has an account signs in instead
    (`join_by_invitation`).
    """
    invitation = _open(token)
    email = invitation.email or email.strip()
    errors: dict[str, Any] = {}
    person = Person(email=email, name=name.strip(), created_at=clock.now())
    try:
        validate_password(password, person)
    except ValidationError as error:
        errors["password"] = error.messages
    person.set_password(password)
    if Person.objects.filter(email__iexact=email).exists():
        errors["email"] = [_("There is an account with this e-mail already. Sign in with it, then accept.")]
    else:
        try:
            person.full_clean()
        except ValidationError as error:
            errors |= error.message_dict
    if errors:
        raise ValidationError(errors)
    person.save()
    return _join(invitation, person)


@transaction.atomic
def join_by_invitation(token: str, *, person: Person) -> Membership:
    """Accept as the person who is signed in. Raises ValidationError where it is not for them, Forbidden where void."""
    invitation = _open(token)
    refuse_of_demonstration(person)
    if invitation.email and invitation.email.casefold() != person.email.casefold():
        raise ValidationError(
            _("This invitation is for %(email)s. Sign in with that e-mail, or ask for an invitation for %(own)s.")
            % {"email": invitation.email, "own": person.email}
        )
    membership = Membership.objects.filter(organisation=invitation.organisation, person=person).first()
    if membership is not None and membership.deactivated_at is None:
        raise ValidationError(
            _("You belong to %(organisation)s already. The link stays open for whom it is meant for.")
            % {"organisation": invitation.organisation.name}
        )
    if membership is not None:
        raise ValidationError(_("You were a member before. Ask an administrator to activate you again."))
    void_password_links(person)
    return _join(invitation, person)


def _open(token: str) -> Invitation:
    """Return the open invitation of a token, locked: of two who accept at once, the second finds it used."""
    found = Invitation.objects.select_for_update(of=("self",)).open(clock.now())
    invitation = found.select_related("organisation").filter(token_hash=hash_of(token)).first()
    if invitation is None:
        raise Forbidden(_("This link was used already, or it is too old. Ask for a new one."))
    return invitation


def _join(invitation: Invitation, person: Person) -> Membership:
    now = clock.now()
    membership = Membership.objects.create(
        organisation=invitation.organisation,
        person=person,
        is_administrator=invitation.is_administrator,
        joined_at=now,
    )
    roles = list(invitation.roles.filter(team__archived_at=None))
    TeamRole.objects.bulk_create([TeamRole(team_id=row.team_id, person=person, role=row.role) for row in roles])
    invitation.accepted_at, invitation.accepted_by = now, person
    invitation.save(update_fields=["accepted_at", "accepted_by"])
    record(
        "member.joined",
        by=Actor(organisation_id=invitation.organisation_id, person_id=person.pk),
        subject=membership,
        label=person.name,
        after={
            "invitation": invitation.pk,
            "administrator": invitation.is_administrator,
            "roles": [[row.team_id, row.role] for row in roles],
        },
    )
    return membership


def _check(organisation: Organisation, email: str, roles: Mapping[Team, set[Role]], days: int) -> None:
    errors: dict[str, Any] = {}
    if not 1 <= days <= LONGEST_DAYS:
        errors["days"] = _("From 1 to %(count)d days.") % {"count": LONGEST_DAYS}
    if any(team.archived_at for team in roles):
        errors["roles"] = _("This team was put away.")
    if email:
        try:
            validate_email(email)
        except ValidationError as error:
            errors["email"] = error.messages
        member = Membership.objects.filter(organisation=organisation, person__email__iexact=email)
        if found := member.select_related("person").first():
            told = (
                _("%(name)s was deactivated: activate them again instead.")
                if found.deactivated_at
                else _("%(name)s is here already: give the roles on the page of the team.")
            )
            errors["email"] = told % {"name": found.person.name}
    if errors:
        raise ValidationError(errors)


def _give_way(organisation: Organisation, email: str, by: Actor) -> None:
    """Withdraw an open invitation for the same e-mail; refuse where it is not theirs to withdraw."""
    if not email:
        return
    for older in Invitation.objects.filter(organisation=organisation, email__iexact=email).open(clock.now()):
        if not may_revoke(by, older):
            raise ValidationError({"email": _("An administrator has invited this person already.")})
        revoke_invitation(older, by=by)


def _only(roles: Mapping[Team, Any]) -> int | None:
    """Return the team where there is one only: then it is that team's history too."""
    teams = [team.pk for team in roles]
    return teams[0] if len(teams) == 1 else None


@inverse("invitation.created")
@inverse("invitation.reopened")
def _undo_created(change: Change, by: Actor) -> Change:
    try:
        return revoke_invitation(subject_of(change, Invitation), by=by)
    except ValidationError as error:
        raise CannotUndo(" ".join(error.messages)) from error


@inverse("invitation.revoked")
def _undo_revoked(change: Change, by: Actor) -> Change:
    """Let the link work again: its hash is still there."""
    invitation = subject_of(change, Invitation)
    require_revoke(by, invitation)
    if invitation.expires_at < clock.now():
        raise CannotUndo(_("It has run out. Make a new one."))
    again = Invitation.objects.filter(organisation=invitation.organisation_id, email__iexact=invitation.email)
    if invitation.email and again.open(clock.now()).exists():
        raise CannotUndo(_("There is a newer invitation for this e-mail."))
    invitation.revoked_at = None
    invitation.save(update_fields=["revoked_at"])
    return record("invitation.reopened", by=by, subject=invitation, label=str(invitation), undoes=change)
