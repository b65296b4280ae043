"""Many members at once, from a table: all of it or nothing."""

from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from headway.live.history import inverse, record
from headway.live.models import Change

from ..access import require
from ..actor import Actor
from ..member_table import NotATable, PlannedMember, plan_members
from ..models import Organisation, Role, TeamRole
from .invitations import INVITATION_DAYS, invite
from .members import set_administrator
from .roles import set_roles
from .rows import changes_since, lock, refuse_in_demonstration, undo_all


@dataclass(frozen=True)
class InvitedMember:
    """Somebody new; `token` makes the link, and is kept nowhere."""

    name: str
    email: str
    token: str


@transaction.atomic
def import_members(
    organisation: Organisation, text: str, *, by: Actor, days: int = INVITATION_DAYS
) -> tuple[Change, list[InvitedMember]]:
    """Invite those who are new and give roles to those who are here. Roles are added, none is taken away.

    Raises ValidationError with every line that is wrong, and then nothing is written. The undo withdraws the
    invitations that are still open and takes the roles back.
    """
    require(by, "manage_organisation", organisation)
    refuse_in_demonstration(organisation)
    lock(organisation)
    try:
        plan = plan_members(organisation, text)
    except NotATable as error:
        raise ValidationError({"table": str(error)}) from error
    if plan.errors:
        told = [_("Line %(line)d: %(told)s") % {"line": line, "told": told} for line, told in plan.errors]
        raise ValidationError({"table": told})
    change = record("members.imported", by=by, subject=organisation)
    invited = []
    for member in plan.members:
        if member.what == "invite":
            _row, token = invite(
                organisation,
                by=by,
                roles=member.roles,
                email=member.email,
                name=member.name,
                is_administrator=member.is_administrator,
                days=days,
            )
            invited.append(InvitedMember(member.name, member.email, token))
        else:
            _give(member, by)
    change.after = {
        "invited": len(invited),
        "given": plan.count("give"),
        "changes": changes_since(change),
    }
    change.save(update_fields=["after"])
    return change, invited


def _give(member: PlannedMember, by: Actor) -> None:
    assert member.membership is not None
    assert member.person is not None
    for team, roles in member.roles.items():
        held = TeamRole.objects.filter(team=team, person=member.person).values_list("role", flat=True)
        set_roles(team, member.person, roles | {Role(role) for role in held}, by=by)
    if member.is_administrator:
        set_administrator(member.membership, True, by=by)


@inverse("members.imported")
def _undo_imported(change: Change, by: Actor) -> Change:
    organisation = Organisation.objects.get(pk=change.organisation_id or 0)
    require(by, "manage_organisation", organisation)
    left = undo_all(change.after["changes"], by=by)
    return record("members.import_undone", by=by, subject=organisation, after={"left": left}, undoes=change)
