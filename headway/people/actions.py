"""Every write to organisations, teams, people and roles."""

import datetime as dt
import hashlib
import secrets
from collections.abc import Iterable
from copy import copy
from typing import Any, TypeVar

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Model
from django.utils.translation import gettext as _

from headway.lib import clock
from headway.live.edits import edit, put_back, subject_of
from headway.live.history import CannotUndo, inverse, record
from headway.live.models import Change

from .access import Forbidden, require
from .actor import Actor, system_actor
from .models import Membership, OneTimeLink, Organisation, Person, Role, Team, TeamRole, Unit

PASSWORD_LINK_DAYS = 7

Row = TypeVar("Row", bound=Model)


# Organisation


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
    return _edit(organisation, "organisation.edited", fields, by=by)


# Teams and units


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
    return _edit(unit, "unit.edited", fields, by=by)


@transaction.atomic
def create_team(organisation: Organisation, *, by: Actor, key: str, name: str, **fields: Any) -> Team:
    """Create a team; a person who creates it becomes its Scrum Master, so that somebody can go on."""
    require(by, "manage_organisation", organisation)
    team = Team(organisation=organisation, key=key.strip().upper(), name=name.strip(), **fields)
    team.full_clean()
    team.save()
    if by.person_id is not None:
        TeamRole.objects.create(team=team, person_id=by.person_id, role=Role.SCRUM_MASTER)
    record("team.created", by=by, subject=team, team_id=team.pk)
    return team


@transaction.atomic
def edit_team(team: Team, *, by: Actor, **fields: Any) -> Team:
    require(by, "manage_team", team)
    if "key" in fields:
        fields["key"] = fields["key"].strip().upper()
    return _edit(team, "team.edited", fields, by=by, team_id=team.pk)


@transaction.atomic
def archive_team(team: Team, *, by: Actor) -> Change:
    """Put a team away: it keeps its history and leaves every list."""
    require(by, "manage_organisation", team)
    team.archived_at = clock.now()
    team.save(update_fields=["archived_at"])
    return record("team.archived", by=by, subject=team, team_id=team.pk)


@inverse("team.archived")
def _restore_team(change: Change, by: Actor) -> Change:
    team = Team.objects.get(pk=change.subject_id)
    require(by, "manage_organisation", team)
    team.archived_at = None
    team.save(update_fields=["archived_at"])
    return record("team.restored", by=by, subject=team, team_id=team.pk, undoes=change)


# People and roles


@transaction.atomic
def add_person(
    organisation: Organisation, *, by: Actor, email: str, name: str, is_administrator: bool = False
) -> tuple[Person, str | None]:
    """Add a person to the organisation. Returns the person and, where they are new here, a link to set a password.

    Somebody who is known from another organisation keeps name and way of signing in.
    """
    require(by, "manage_organisation", organisation)
    _refuse_in_demonstration(organisation)
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
    return person, (_issue(OneTimeLink.Purpose.PASSWORD, person) if is_new else None)


@transaction.atomic
def set_roles(team: Team, person: Person, roles: Iterable[Role], *, by: Actor) -> Change | None:
    """Give a person exactly these roles in a team. Returns None where they hold them already."""
    require(by, "manage_team", team)
    if not Membership.objects.filter(organisation=team.organisation, person=person, deactivated_at=None).exists():
        raise ValidationError({"person": _("%(name)s is no member of the organisation.") % {"name": person.name}})
    wanted = {Role(role) for role in roles}
    held = {Role(row.role) for row in TeamRole.objects.select_for_update().filter(team=team, person=person)}
    if wanted == held:
        return None
    TeamRole.objects.filter(team=team, person=person).exclude(role__in=wanted).delete()
    TeamRole.objects.bulk_create([TeamRole(team=team, person=person, role=role) for role in wanted - held])
    return record(
        "roles.set",
        by=by,
        subject=team,
        team_id=team.pk,
        label=person.name,
        before={"person": person.pk, "roles": sorted(held)},
        after={"person": person.pk, "roles": sorted(wanted)},
    )


@inverse("roles.set")
def _restore_roles(change: Change, by: Actor) -> Change | None:
    team = Team.objects.get(pk=change.subject_id)
    person = Person.objects.get(pk=change.after["person"])
    held = sorted(TeamRole.objects.filter(team=team, person=person).values_list("role", flat=True))
    if held != change.after["roles"]:
        raise CannotUndo(_("The roles of %(name)s were changed since.") % {"name": person.name})
    return set_roles(team, person, [Role(role) for role in change.before["roles"]], by=by)


@transaction.atomic
def set_administrator(membership: Membership, is_administrator: bool, *, by: Actor) -> Change | None:
    """Make a member an administrator or take it away; the last one stays."""
    require(by, "manage_organisation", membership.organisation)
    if membership.is_administrator == is_administrator:
        return None
    if not is_administrator:
        _refuse_last_administrator(membership)
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
    _refuse_last_administrator(membership)
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


@transaction.atomic
def edit_person(person: Person, *, by: Actor, name: str) -> Person:
    """A person changes the own name."""
    _require_self(by, person)
    return _edit(person, "person.edited", {"name": name.strip()}, by=by)


@transaction.atomic
def set_password(person: Person, password: str, *, by: Actor) -> None:
    """Set a person's password; raises ValidationError with what a good one needs."""
    _require_self(by, person)
    try:
        validate_password(password, person)
    except ValidationError as error:
        raise ValidationError({"password": error.messages}) from error
    person.set_password(password)
    person.save(update_fields=["password"])
    record("password.set", by=by, subject=person)


# Links that work once


def issue_setup_link() -> str | None:
    """Return a new token for the first administrator, or None where one exists. Earlier tokens stop working."""
    with transaction.atomic():
        if Membership.objects.filter(is_administrator=True, organisation__is_demonstration=False).exists():
            return None
        OneTimeLink.objects.filter(purpose=OneTimeLink.Purpose.SETUP, used_at=None).delete()
        return _issue(OneTimeLink.Purpose.SETUP, None)


@transaction.atomic
def issue_password_link(membership: Membership, *, by: Actor) -> str:
    """Return a token with which a member sets a new password; there is no mail, so it is handed over.

    Refused for somebody who is in another organisation too: its administrator could walk in there as this person.
    """
    require(by, "manage_organisation", membership.organisation)
    _refuse_in_demonstration(membership.organisation)
    elsewhere = Membership.objects.filter(person=membership.person).exclude(organisation=membership.organisation)
    if by.kind != "system" and elsewhere.exists():
        raise ValidationError(
            _("%(name)s belongs to another organisation too, so nobody here can set a new password for them.")
            % {"name": membership.person.name}
        )
    OneTimeLink.objects.filter(purpose=OneTimeLink.Purpose.PASSWORD, person=membership.person, used_at=None).delete()
    token = _issue(OneTimeLink.Purpose.PASSWORD, membership.person)
    record("password_link.issued", by=by, subject=membership, label=membership.person.name)
    return token


def find_link(token: str, purpose: OneTimeLink.Purpose) -> OneTimeLink | None:
    """Return the link of a token while it works."""
    link = OneTimeLink.objects.filter(token_hash=_hash(token), purpose=purpose, used_at=None).first()
    return None if link is None or (link.expires_at and link.expires_at < clock.now()) else link


@transaction.atomic
def complete_setup(token: str, *, organisation: str, name: str, email: str, password: str) -> Person:
    """Use the setup link: create the organisation (or take the one that waits for somebody) and its administrator."""
    _use(token, OneTimeLink.Purpose.SETUP)
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
    person = _use(token, OneTimeLink.Purpose.PASSWORD).person
    assert person is not None
    membership = Membership.objects.filter(person=person, deactivated_at=None).select_related("organisation").first()
    set_password(person, password, by=system_actor(membership.organisation if membership else None))
    return person


def _issue(purpose: OneTimeLink.Purpose, person: Person | None) -> str:
    token = secrets.token_urlsafe(32)
    now = clock.now()
    OneTimeLink.objects.create(
        purpose=purpose,
        person=person,
        token_hash=_hash(token),
        created_at=now,
        expires_at=now + dt.timedelta(days=PASSWORD_LINK_DAYS) if person else None,
    )
    return token


def _use(token: str, purpose: OneTimeLink.Purpose) -> OneTimeLink:
    link = OneTimeLink.objects.select_for_update().filter(token_hash=_hash(token), purpose=purpose).first()
    if link is None or link.used_at or (link.expires_at and link.expires_at < clock.now()):
        raise Forbidden(_("This link was used already, or it is too old. Ask for a new one."))
    link.used_at = clock.now()
    link.save(update_fields=["used_at"])
    return link


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


# Shared by the edits above


def _edit(row: Row, name: str, values: dict[str, Any], *, by: Actor, team_id: int | None = None) -> Row:
    """Check `values` as the row would stand with them, then write and record what differs."""
    changed = copy(row)
    for field, value in values.items():
        setattr(changed, field, value)
    changed.full_clean(exclude=["password"])
    edit(row, values, name=name, by=by, team_id=team_id)
    return row


def _undo_edit(model: Any, verb: str) -> Any:
    def undo_edit(change: Change, by: Actor) -> Change:
        row: Any = subject_of(change, model)
        if model is Person:
            _require_self(by, row)
        else:
            require(by, verb, row.organisation if model is Unit else row)
        return put_back(row, change, by=by, team_id=change.team_id)

    return undo_edit


inverse("organisation.edited")(_undo_edit(Organisation, "manage_organisation"))
inverse("unit.edited")(_undo_edit(Unit, "manage_organisation"))
inverse("team.edited")(_undo_edit(Team, "manage_team"))
inverse("person.edited")(_undo_edit(Person, "read"))


def _require_self(by: Actor, person: Person) -> None:
    if by.kind != "system" and by.person_id != person.pk:
        raise Forbidden(_("Everyone changes their own name and password."))


def _refuse_last_administrator(membership: Membership) -> None:
    others = Membership.objects.filter(
        organisation=membership.organisation, is_administrator=True, deactivated_at=None
    ).exclude(pk=membership.pk)
    if membership.is_administrator and not others.exists():
        raise ValidationError(_("This is the last administrator: make somebody else one first."))


def _refuse_in_demonstration(organisation: Organisation) -> None:
    """Anybody may be administrator of the demonstration for a click: there nobody is let in, nobody gets a link."""
    if organisation.is_demonstration:
        raise Forbidden(_("Nobody is added to the demonstration and nobody gets a password there."))
