"""Roles in a team: given, taken, and handed from one person to another at one stroke."""

from collections.abc import Iterable

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from headway.live.edits import told_since
from headway.live.history import CannotUndo, inverse, record
from headway.live.models import Change

from ..access import require
from ..actor import Actor
from ..models import Membership, Person, Role, Team, TeamRole


@transaction.atomic
def set_roles(team: Team, person: Person, roles: Iterable[Role], *, by: Actor) -> Change | None:
    """Give a person exactly these roles in a team. Returns None where they hold them already."""
    require(by, "manage_team", team)
    _require_member(team, person)
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


@transaction.atomic
def hand_over_role(team: Team, role: Role, *, giver: Person, to: Person, by: Actor) -> Change:
    """Take a role from one person and give it to another. Who holds it may hand it on; so may who manages the team.

    Raises ValidationError where the giver does not hold it or the other holds it already.
    """
    if by.person_id != giver.pk:
        require(by, "manage_team", team)
    require(by, "read", team)
    _require_member(team, to)
    role = Role(role)
    holders = set(TeamRole.objects.select_for_update().filter(team=team, role=role).values_list("person_id", flat=True))
    if giver.pk not in holders:
        raise ValidationError(
            {"giver": _("%(name)s does not hold this role: %(role)s.") % {"name": giver.name, "role": role.label}}
        )
    if to.pk in holders:
        raise ValidationError(
            {"to": _("%(name)s holds this role already: %(role)s.") % {"name": to.name, "role": role.label}}
        )
    _move(team, role, giver.pk, to.pk)
    return record(
        "role.handed_over",
        by=by,
        subject=team,
        team_id=team.pk,
        label=to.name,
        before={"person": giver.pk, "role": role.value},
        after={"person": to.pk, "role": role.value},
    )


@inverse("roles.set")
def _restore_roles(change: Change, by: Actor) -> Change | None:
    team = Team.objects.get(pk=change.subject_id)
    person = Person.objects.get(pk=change.after["person"])
    held = sorted(TeamRole.objects.filter(team=team, person=person).values_list("role", flat=True))
    if held != change.after["roles"]:
        raise CannotUndo(_changed_since(change, person))
    try:
        return set_roles(team, person, [Role(role) for role in change.before["roles"]], by=by)
    except ValidationError as error:
        raise CannotUndo(" ".join(error.messages)) from error


@inverse("role.handed_over")
def _hand_back(change: Change, by: Actor) -> Change:
    team = Team.objects.get(pk=change.subject_id)
    giver, to = (Person.objects.get(pk=part["person"]) for part in (change.before, change.after))
    if by.person_id != giver.pk and by.person_id != to.pk:
        require(by, "manage_team", team)
    require(by, "read", team)
    role = Role(change.after["role"])
    held = TeamRole.objects.select_for_update().filter(team=team, role=role)
    holders = set(held.values_list("person_id", flat=True))
    if to.pk not in holders or giver.pk in holders:
        raise CannotUndo(_changed_since(change, to))
    try:
        _require_member(team, giver)
    except ValidationError as error:
        raise CannotUndo(" ".join(error.messages)) from error
    _move(team, role, to.pk, giver.pk)
    return record(
        "role.handed_over",
        by=by,
        subject=team,
        team_id=team.pk,
        label=giver.name,
        before=change.after,
        after=change.before,
        undoes=change,
    )


def _changed_since(change: Change, person: Person) -> str:
    about = Q(
        subject_type=change.subject_type, subject_id=change.subject_id, name__in=("roles.set", "role.handed_over")
    )
    whose = Q(after__person=person.pk) | Q(before__person=person.pk)
    return told_since(change, about & whose, _("the roles of %(name)s") % {"name": person.name})


def _move(team: Team, role: Role, giver_id: int, to_id: int) -> None:
    TeamRole.objects.filter(team=team, role=role, person_id=giver_id).delete()
    TeamRole.objects.create(team=team, role=role, person_id=to_id)


def _require_member(team: Team, person: Person) -> None:
    if not Membership.objects.filter(organisation=team.organisation_id, person=person, deactivated_at=None).exists():
        raise ValidationError({"person": _("%(name)s is no member of the organisation.") % {"name": person.name}})
