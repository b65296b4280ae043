"""Invitations by link, and the tokens that there are."""

from typing import Annotated, Any, Self

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _
from ninja import Query
from pydantic import Field

from headway.lib import clock
from headway.people import actions, models
from headway.people.access import Forbidden, allows
from headway.people.queries import invitations

from .people import Role, RolesIn, invitation_link
from .platform.asking import ApiRequest
from .platform.finding import chosen_team, found
from .platform.paging import Page, Paging, page_of, page_of_list
from .platform.problems import field_problem
from .platform.routes import Area
from .platform.schemas import Flag, Id, In, Line, Moment, Out, Whole

area = Area("Invitations and tokens")
SCOPE = "admin"


class Invitation(Out):
    """An invitation by link. Its link is shown once, to who made it."""

    id: Id
    name: str
    email: str
    is_administrator: bool
    roles: list[RolesIn]
    created_at: Moment
    expires_at: Moment
    accepted_at: Moment | None
    revoked_at: Moment | None
    is_open: bool


class MadeInvitation(Invitation):
    """An invitation that was made now, with its link: hand it over, it is not shown again, nor to a repeat."""

    link: str

    def to_keep(self) -> Self:
        return self.model_copy(update={"link": ""})


class NewRolesIn(In):
    """Roles in a team that come with an invitation."""

    team_key: Annotated[Line, Field(examples=["ANT"])]
    roles: Annotated[list[Role], Field(min_length=1, max_length=4)]


class NewInvitation(In):
    """Who is invited, as what. Without an e-mail the link is for whoever holds it."""

    email: Annotated[Line, Field(max_length=254, examples=["ines@example.org"])] = ""
    name: Annotated[Line, Field(max_length=120)] = ""
    roles: Annotated[list[NewRolesIn], Field(max_length=50)] = []
    is_administrator: Flag = False
    days: Annotated[Whole, Field(ge=1, le=actions.LONGEST_DAYS)] = actions.INVITATION_DAYS


class Token(Out):
    """A token of a person or of a team. Nothing of it can be shown again."""

    id: Id
    name: str
    person_id: Id | None
    team_key: str | None
    scopes: list[str]
    created_at: Moment
    expires_at: Moment | None
    revoked_at: Moment | None
    last_used_at: Annotated[Moment | None, Field(description="To five minutes.")]


@area.read("/invitations", scope=SCOPE)
def list_invitations(request: ApiRequest, paging: Query[Paging]) -> Page[Invitation]:
    """List the invitations that are yours to withdraw: those that are open, ran out or were withdrawn."""
    ids = [row.id for row in invitations(request.actor)]
    rows = {row.pk: row for row in models.Invitation.objects.filter(pk__in=ids).prefetch_related("roles__team")}
    return page_of_list([rows[pk] for pk in ids], paging, represent, key=lambda row: row.pk, name="invitations")


@area.read("/invitations/{int:invitation_id}", scope=SCOPE)
def get_invitation(request: ApiRequest, invitation_id: int) -> Invitation:
    """Read an invitation that is yours to withdraw."""
    return represent(_invitation(request, invitation_id))


@area.create("/invitations", scope=SCOPE)
def invite(request: ApiRequest, body: NewInvitation) -> MadeInvitation:
    """Invite one person by a link. The link is in the answer, and nowhere else."""
    roles: dict[models.Team, list[models.Role]] = {}
    for place, given in enumerate(body.roles):
        team = chosen_team(request, f"roles.{place}.team_key", given.team_key)
        if team in roles:
            raise field_problem(f"roles.{place}.team_key", _("Each team once."))
        roles[team] = [models.Role(role) for role in given.roles]
    row, token = actions.invite(
        request.organisation,
        by=request.actor,
        roles=roles,
        email=body.email,
        name=body.name,
        is_administrator=body.is_administrator,
        days=body.days,
    )
    return MadeInvitation(**dict(represent(row)), link=invitation_link(request, token))


@area.remove("/invitations/{int:invitation_id}", scope=SCOPE)
def revoke_invitation(request: ApiRequest, invitation_id: int) -> Invitation:
    """Make the link of an invitation void."""
    actions.revoke_invitation(_invitation(request, invitation_id), by=request.actor)
    return represent(_invitation(request, invitation_id))


@area.read("/tokens", scope=SCOPE)
def list_tokens(request: ApiRequest, paging: Query[Paging]) -> Page[Token]:
    """List the tokens that are yours to revoke: your own, and those of teams that you manage."""
    return page_of(_tokens(request), paging, represent_token, order=("id",))


@area.read("/tokens/{int:token_id}", scope=SCOPE)
def get_token(request: ApiRequest, token_id: int) -> Token:
    """Read a token that is yours to revoke."""
    return represent_token(found(_tokens(request), pk=token_id))


@area.remove("/tokens/{int:token_id}", scope=SCOPE)
def revoke_token(request: ApiRequest, token_id: int) -> Token:
    """Stop a token at once. There is no way back; tokens are made in a browser only."""
    actions.revoke_token(found(_tokens(request), pk=token_id), by=request.actor)
    return get_token(request, token_id)


def represent(row: models.Invitation) -> Invitation:
    """Return an invitation as the API shows it."""
    held: dict[str, list[Any]] = {}
    for given in sorted(row.roles.all(), key=lambda role: (role.team.key, role.role)):
        held.setdefault(given.team.key, []).append(given.role)
    return Invitation(
        id=row.pk,
        name=row.name,
        email=row.email,
        is_administrator=row.is_administrator,
        roles=[RolesIn(team_key=key, roles=names) for key, names in held.items()],
        created_at=row.created_at,
        expires_at=row.expires_at,
        accepted_at=row.accepted_at,
        revoked_at=row.revoked_at,
        is_open=row.accepted_at is None and row.revoked_at is None and row.expires_at > clock.now(),
    )


def represent_token(row: models.ApiToken) -> Token:
    """Return a token as the API shows it: nothing that lets anybody in."""
    return Token(
        id=row.pk,
        name=row.name,
        person_id=row.person_id,
        team_key=row.team.key if row.team else None,
        scopes=row.scopes,
        created_at=row.created_at,
        expires_at=row.expires_at,
        revoked_at=row.revoked_at,
        last_used_at=row.last_used_at,
    )


def _invitation(request: ApiRequest, invitation_id: int) -> models.Invitation:
    row = found(models.Invitation.objects.visible_to(request.actor), pk=invitation_id)
    if not actions.may_revoke(request.actor, row):
        raise Forbidden(_("This invitation is not yours to withdraw."))
    return row


def _tokens(request: ApiRequest) -> "QuerySet[models.ApiToken]":
    teams = models.Team.objects.visible_to(request.actor)
    managed = [team.pk for team in teams if allows(request.actor, "manage_team", team)]
    rows = models.ApiToken.objects.filter(organisation=request.organisation).select_related("team", "organisation")
    if allows(request.actor, "manage_organisation", request.organisation):
        return rows
    return rows.filter(Q(person=request.actor.person_id or 0) | Q(team__in=managed))
