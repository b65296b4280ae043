"""Members and roles, shaped for the pages of the settings."""

import datetime as dt
from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _

from headway.lib import clock

from .access import VERBS, who_may
from .actor import Actor
from .models import Membership, OneTimeLink, Role, Team, TeamRole, Unit


@dataclass(frozen=True)
class MemberRow:
    """A member of the organisation; `roles` are those in the team that was asked about."""

    membership_id: int
    person_id: int
    name: str
    initials: str
    email: str
    is_administrator: bool
    is_active: bool
    has_password: bool
    link_until: dt.datetime | None  # an open link to set a password works until then
    joined_at: dt.datetime
    roles: tuple[Role, ...]
    teams: tuple[str, ...]  # names of the (other) teams where they hold a role


@dataclass(frozen=True)
class TeamRow:
    id: int
    key: str
    name: str
    unit_id: int | None
    people: int
    sprint_days: int


@dataclass(frozen=True)
class UnitRow:
    """A unit with its teams; `depth` 0 lies directly under the organisation."""

    unit: Unit | None
    depth: int
    teams: tuple[TeamRow, ...]


def members(viewer: Actor, team: Team | None = None) -> tuple[MemberRow, ...]:
    """Return all members, in the order of their names, the active ones first. Three queries."""
    rows = Membership.objects.filter(organisation_id=viewer.organisation_id or 0).select_related("person")
    roles: dict[int, list[TeamRole]] = {}
    held = TeamRole.objects.filter(team__organisation_id=viewer.organisation_id or 0, team__archived_at=None)
    for role in held.select_related("team").order_by("team__name", "team_id"):
        roles.setdefault(role.person_id, []).append(role)
    links = dict(
        OneTimeLink.objects.filter(
            purpose=OneTimeLink.Purpose.PASSWORD, used_at=None, expires_at__gte=clock.now(), person__isnull=False
        ).values_list("person_id", "expires_at")
    )
    made = [_member(row, roles.get(row.person_id, []), team, links.get(row.person_id)) for row in rows]
    return tuple(sorted(made, key=lambda member: (not member.is_active, member.name.casefold(), member.person_id)))


def units_and_teams(viewer: Actor) -> tuple[UnitRow, ...]:
    """Return the tree of units in reading order, each with its active teams; teams of no unit first. Two queries."""
    units = list(Unit.objects.filter(organisation_id=viewer.organisation_id or 0).order_by("position", "name", "id"))
    teams: dict[int | None, list[TeamRow]] = {}
    for team in Team.objects.visible_to(viewer).active().prefetch_related("roles"):
        people = len({role.person_id for role in team.roles.all()})
        row = TeamRow(team.pk, team.key, team.name, team.unit_id, people, team.sprint_days)
        teams.setdefault(team.unit_id, []).append(row)
    rows = [UnitRow(None, 0, tuple(teams.get(None, [])))] if teams.get(None) else []

    def walk(parent_id: int | None, depth: int) -> None:
        for unit in units:
            if unit.parent_id == parent_id:
                rows.append(UnitRow(unit, depth, tuple(teams.get(unit.pk, []))))
                walk(unit.pk, depth + 1)

    walk(None, 0)
    return tuple(rows)


#: the verbs of the table of permissions, for a person to read
VERB_TEXTS = {
    "read": _("Read everything of the organisation"),
    "manage_organisation": _("Change the organisation, its units and teams; add and deactivate people"),
    "manage_team": _("Give roles in the team; change its Sprint length, working days and board"),
    "invite": _("Invite somebody into the team, by a link"),
    "manage_cycles": _("Create and change cycles"),
    "write_okr": _("Write objectives and Key Results"),
    "measure": _("Measure and check in on a Key Result"),
    "import_items": _("Import items, and take an import back"),
    "write_item": _("Write items and move them on the board"),
    "order_backlog": _("Order the backlog; put an item on Not now"),
    "plan_sprint": _("Plan, start and close a Sprint"),
    "link_item": _("Link an item to a Key Result, or give it a kind and a reason"),
    "place_bet": _("Place a bet on an item"),
    "judge_bet": _("Judge a bet"),
    "raise_impediment": _("Raise and resolve an impediment"),
    "decide": _("Record a decision"),
}


def verbs_and_roles() -> tuple[tuple[str, str], ...]:
    """Return (what, who may) of the whole table of permissions, in its order."""
    return tuple((str(VERB_TEXTS[verb]), who_may(verb)) for verb in VERBS)


def _member(row: Membership, held: list[TeamRole], team: Team | None, link_until: dt.datetime | None) -> MemberRow:
    here = {role.role for role in held if team and role.team_id == team.pk}
    elsewhere = dict.fromkeys(role.team.name for role in held if not team or role.team_id != team.pk)
    return MemberRow(
        membership_id=row.pk,
        person_id=row.person_id,
        name=row.person.name,
        initials=row.person.initials,
        email=row.person.email,
        is_administrator=row.is_administrator,
        is_active=row.deactivated_at is None,
        has_password=row.person.has_usable_password(),
        link_until=link_until,
        joined_at=row.joined_at,
        roles=tuple(role for role in Role if role in here),
        teams=tuple(elsewhere),
    )
