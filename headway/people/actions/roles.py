"""Roles in a team."""

from collections.abc import Iterable

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from headway.live.history import CannotUndo, inverse, record
from headway.live.models import Change

from ..access import require
from ..actor import Actor
from ..models import Membership, Person, Role, Team, TeamRole


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
