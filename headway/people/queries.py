"""Members and roles, shaped for the pages of the settings."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django.db.models import Case, Q, When
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from headway.lib import clock
from headway.lib.days import Calendar, Off

from .access import VERBS, allows, who_may
from .actor import Actor
from .models import (
    ApiToken,
    Holiday,
    Invitation,
    Membership,
    OneTimeLink,
    Organisation,
    Person,
    Role,
    Team,
    TeamRole,
    Unit,
)

PAGE = 100  # members on a page
LONGEST_LIST = 500  # invitations that are shown
STATES = {
    "active": Q(deactivated_at=None),
    "deactivated": Q(deactivated_at__isnull=False),
    "administrator": Q(is_administrator=True, deactivated_at=None),
}


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


@dataclass(frozen=True)
class MemberPage:
    """Some of the members: those that were asked for, a page of them."""

    rows: tuple[MemberRow, ...]
    count: int  # of all that were asked for
    number: int  # of this page, from 1
    pages: int


@dataclass(frozen=True)
class InvitationRow:
    """An invitation that is open, ran out or was withdrawn; accepted ones are members."""

    id: int
    name: str
    email: str
    roles: tuple[tuple[str, tuple[Role, ...]], ...]  # (team's name, roles)
    is_administrator: bool
    by: str
    created_at: dt.datetime
    expires_at: dt.datetime
    is_open: bool
    is_revoked: bool
    may_revoke: bool


@dataclass(frozen=True)
class TokenRow:
    """A token of a person or a team, without anything that lets somebody in."""

    id: int
    name: str
    scopes: tuple[str, ...]
    by: str
    by_is_here: bool  # who made a team's token is an active member still
    created_at: dt.datetime
    expires_at: dt.datetime | None
    revoked_at: dt.datetime | None
    last_used_at: dt.datetime | None
    works: bool


def tokens(of: Person | Team, organisation: Organisation) -> tuple[TokenRow, ...]:
    """Return the tokens of a person or a team, the newest first. Two queries."""
    rows = ApiToken.objects.filter(organisation=organisation).select_related("made_by").order_by("-id")
    rows = rows.filter(team=of) if isinstance(of, Team) else rows.filter(person=of)
    here = set(
        Membership.objects.filter(organisation=organisation, deactivated_at=None).values_list("person_id", flat=True)
    )
    now = clock.now()
    return tuple(
        TokenRow(
            id=row.pk,
            name=row.name,
            scopes=tuple(row.scopes),
            by=row.made_by.name if row.made_by else "",
            by_is_here=row.made_by_id in here,
            created_at=row.created_at,
            expires_at=row.expires_at,
            revoked_at=row.revoked_at,
            last_used_at=row.last_used_at,
            works=row.revoked_at is None and (row.expires_at is None or row.expires_at > now),
        )
        for row in rows
    )


def members(viewer: Actor, team: Team | None = None) -> tuple[MemberRow, ...]:
    """Return all members, in the order of their names, the active ones first. Three queries."""
    rows = Membership.objects.filter(organisation_id=viewer.organisation_id or 0).select_related("person")
    roles: dict[int, list[TeamRole]] = {}
    held = TeamRole.objects.filter(team__organisation_id=viewer.organisation_id or 0, team__archived_at=None)
    for role in held.select_related("team").order_by("team__name", "team_id"):
        roles.setdefault(role.person_id, []).append(role)
    links = _open_links(None)
    made = [_member(row, roles.get(row.person_id, []), team, links.get(row.person_id)) for row in rows]
    return tuple(sorted(made, key=lambda member: (not member.is_active, member.name.casefold(), member.person_id)))


def member_page(viewer: Actor, *, search: str = "", state: str = "", number: int = 1) -> MemberPage:
    """Return a page of the members in the order of their names. Four queries.

    `search` is part of a name or e-mail; `state` "active", "deactivated", "administrator", or nothing for everybody.
    """
    rows = Membership.objects.filter(organisation_id=viewer.organisation_id or 0).select_related("person")
    if search.strip():
        rows = rows.filter(Q(person__name__icontains=search.strip()) | Q(person__email__icontains=search.strip()))
    if state in STATES:
        rows = rows.filter(STATES[state])
    count = rows.count()
    pages = max(1, -(-count // PAGE))
    number = min(max(number, 1), pages)
    is_gone = Case(When(deactivated_at=None, then=0), default=1)
    ordered = rows.order_by(is_gone, Lower("person__name"), "person_id")[(number - 1) * PAGE : number * PAGE]
    shown = list(ordered)
    ids = [row.person_id for row in shown]
    roles: dict[int, list[TeamRole]] = {}
    held = TeamRole.objects.filter(
        person__in=ids, team__organisation_id=viewer.organisation_id or 0, team__archived_at=None
    )
    for role in held.select_related("team").order_by("team__name", "team_id"):
        roles.setdefault(role.person_id, []).append(role)
    links = _open_links(ids)
    made = tuple(_member(row, roles.get(row.person_id, []), None, links.get(row.person_id)) for row in shown)
    return MemberPage(made, count, number, pages)


def invitations(viewer: Actor) -> tuple[InvitationRow, ...]:
    """Return the invitations that `viewer` may withdraw or ask about: an administrator all, others their teams'.

    Open ones first, then those that ran out or were withdrawn, the latest first. Three queries.
    """
    rows = Invitation.objects.visible_to(viewer).filter(accepted_at=None).select_related("by")
    found = []
    for row in rows.prefetch_related("roles__team")[:LONGEST_LIST]:
        teams: dict[Team, list[Role]] = {}
        for given in row.roles.all():
            teams.setdefault(given.team, []).append(Role(given.role))
        mine = bool(teams) and all(allows(viewer, "invite", team) for team in teams)
        if not viewer.is_administrator and not mine:
            continue
        found.append(
            InvitationRow(
                id=row.pk,
                name=row.name,
                email=row.email,
                roles=tuple((team.name, tuple(role for role in Role if role in held)) for team, held in teams.items()),
                is_administrator=row.is_administrator,
                by=row.by.name if row.by else "",
                created_at=row.created_at,
                expires_at=row.expires_at,
                is_open=row.revoked_at is None and row.expires_at > clock.now(),
                is_revoked=row.revoked_at is not None,
                may_revoke=viewer.is_administrator or (mine and not row.is_administrator),
            )
        )
    return tuple(sorted(found, key=lambda row: not row.is_open))


def teams_to_invite_into(viewer: Actor) -> tuple[Team, ...]:
    """Return the teams into which `viewer` may invite somebody. One query."""
    return tuple(team for team in Team.objects.visible_to(viewer).active() if allows(viewer, "invite", team))


def holders(team: Team, role: Role) -> tuple[Person, ...]:
    """Return the active members who hold a role in a team, by name. One query."""
    active = Membership.objects.filter(organisation=team.organisation_id, deactivated_at=None)
    return tuple(
        Person.objects.filter(team_roles__team=team, team_roles__role=role, memberships__in=active).order_by("name")
    )


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
    "export_organisation": _("Take the organisation’s data out as a file"),
    "manage_organisation": _("Change the organisation, its units and teams; add and deactivate people"),
    "manage_team": _("Give roles in the team; change its Sprint length, working days and board"),
    "invite": _("Invite somebody into the team, by a link"),
    "manage_cycles": _("Create and change cycles"),
    "write_okr": _("Write objectives and Key Results"),
    "measure": _("Measure and check in on a Key Result"),
    "import_items": _("Import items, and take an import back"),
    "write_item": _("Write items and move them on the board"),
    "order_backlog": _("Order the backlog; put an item on Not now"),
    "propose_order": _("Propose an order of the backlog to the Product Owner"),
    "plan_sprint": _("Plan, start and close a Sprint"),
    "link_item": _("Link an item to a Key Result, or give it a kind and a reason"),
    "place_bet": _("Place a bet on an item"),
    "estimate_bet": _("Say in private what an item would move"),
    "promise_pooled": _("Make private estimates the promise"),
    "ask_champion": _("Ask somebody to champion a bet"),
    "judge_bet": _("Judge a bet"),
    "raise_impediment": _("Raise and resolve an impediment"),
    "decide": _("Record a decision"),
}


def days_off_of(organisation_id: int, team_id: int | None) -> list[list[Any]]:
    """Return what Team.days_off is to hold for a team; of a team that is yet to be made, with None."""
    rows = Holiday.objects.filter(organisation_id=organisation_id).filter(Q(team=None) | Q(team_id=team_id))
    days = rows.order_by("first_on", "last_on").values_list("first_on", "last_on", "is_yearly")
    return [[first.isoformat(), last.isoformat(), yearly] for first, last, yearly in days]


def days_kept(of: Organisation | Team) -> Calendar:
    """Return a calendar in which every day is worked but the holidays that hold for the organisation or the team."""
    rows = Holiday.objects.filter(organisation_id=of.organisation_id if isinstance(of, Team) else of.pk)
    rows = rows.filter(Q(team=None) | Q(team=of)) if isinstance(of, Team) else rows.filter(team=None)
    kept = rows.order_by("first_on", "pk").values_list("first_on", "last_on", "is_yearly")
    return Calendar(range(7), tuple(Off(*one) for one in kept))


def verbs_and_roles() -> tuple[tuple[str, str], ...]:
    """Return (what, who may) of the whole table of permissions, in its order."""
    return tuple((str(VERB_TEXTS[verb]), who_may(verb)) for verb in VERBS)


def _open_links(ids: list[int] | None) -> dict[int, dt.datetime | None]:
    """Return until when the open link of a person works, of all or of these."""
    rows = OneTimeLink.objects.filter(
        purpose=OneTimeLink.Purpose.PASSWORD, used_at=None, expires_at__gte=clock.now(), person__isnull=False
    )
    if ids is not None:
        rows = rows.filter(person__in=ids)
    return {person: until for person, until in rows.values_list("person_id", "expires_at") if person is not None}


def _member(row: Membership, held: list[TeamRole], team: Team | None, link_until: dt.datetime | None) -> MemberRow:
    here = {role.role for role in held if team and role.team_id == team.pk}
    elsewhere = dict.fromkeys(role.team.name for role in held if not team or role.team_id != team.pk)
    return MemberRow(
        membership_id=row.pk,
        person_id=row.person_id,
        name=row.person.name,
        initials=row.person.initials,
        email="" if row.person.anonymised_at else row.person.email,
        is_administrator=row.is_administrator,
        is_active=row.deactivated_at is None,
        has_password=row.person.has_usable_password(),
        link_until=link_until,
        joined_at=row.joined_at,
        roles=tuple(role for role in Role if role in here),
        teams=tuple(elsewhere),
    )
