"""Teams, and what people are in them."""

from typing import Annotated

from ninja import Query
from pydantic import Field

from headway.people import actions, models
from headway.people.access import require

from .people import Person, Role, member_of
from .people import represent as represent_people
from .platform.asking import ApiRequest
from .platform.finding import chosen, people_of, team_of
from .platform.paging import Page, Paging, page_of
from .platform.routes import Area
from .platform.schemas import Edit, Id, In, Line, Moment, Number, Out, Whole

area = Area("Teams")
SCOPE = "admin"

Weekday = Annotated[int, Field(ge=0, le=6, strict=True)]


class Team(Out):
    """A Scrum Team. Its key stands in every address."""

    id: Id
    key: str
    name: str
    unit_id: Id | None
    sprint_days: int
    working_days: Annotated[list[int], Field(description="0 is Monday; empty: Monday to Friday.")]
    reserve: Annotated[float, Field(description="Share of a Sprint kept for the unplanned, 0 to 0.9.")]
    no_kr_limit: Annotated[float | None, Field(description="Agreed share of work that serves no Key Result.")]
    archived_at: Moment | None


class NewTeam(In):
    """A team to make; who makes it becomes its Scrum Master."""

    key: Annotated[Line, Field(pattern="^[A-Za-z][A-Za-z0-9]{0,11}$", examples=["ANT"])]
    name: Annotated[Line, Field(min_length=1, max_length=120)]
    unit_id: Id | None = None


class TeamEdit(Edit):
    """What shall be different of a team."""

    key: Annotated[Line, Field(pattern="^[A-Za-z][A-Za-z0-9]{0,11}$")] = "A"
    name: Annotated[Line, Field(min_length=1, max_length=120, examples=["Ant"])] = "A"
    unit_id: Id | None = None
    sprint_days: Annotated[Whole, Field(ge=1, le=31)] = 14
    working_days: Annotated[list[Weekday], Field(max_length=7)] = []
    reserve: Annotated[Number, Field(ge=0, le=0.9)] = 0.2
    no_kr_limit: Annotated[Number | None, Field(ge=0, le=1)] = None


class TeamFilters(Paging):
    unit_id: Id | None = None
    archived: Annotated[bool, Field(description="Those put away, in place of the others.")] = False


class Roles(Out):
    """What somebody is in a team."""

    roles: list[Role]


class NewRoles(In):
    """Exactly the roles that somebody shall have in a team; none takes all away."""

    roles: Annotated[list[Role], Field(max_length=4)]


class HandOver(In):
    """A role that goes from one person to another at one stroke."""

    role: Role
    giver_id: Id
    to_id: Id


@area.read("/teams")
def list_teams(request: ApiRequest, filters: Query[TeamFilters]) -> Page[Team]:
    """List the teams of the organisation."""
    rows = models.Team.objects.visible_to(request.actor).filter(archived_at__isnull=not filters.archived)
    if filters.unit_id is not None:
        rows = rows.filter(unit=filters.unit_id)
    return page_of(rows, filters, represent, order=("key",))


@area.read("/teams/{team_key}")
def get_team(request: ApiRequest, team_key: str) -> Team:
    """Read a team."""
    return represent(team_of(request, team_key))


@area.create("/teams", scope=SCOPE)
def create_team(request: ApiRequest, body: NewTeam) -> Team:
    """Make a team."""
    require(request.actor, "manage_organisation", request.organisation)
    unit = chosen(models.Unit.objects.filter(organisation=request.organisation), "unit_id", body.unit_id)
    return represent(
        actions.create_team(request.organisation, by=request.actor, key=body.key, name=body.name, unit=unit)
    )


@area.change("/teams/{team_key}", scope=SCOPE)
def edit_team(request: ApiRequest, team_key: str, body: TeamEdit) -> Team:
    """Change a team: its name and key, its Sprint length, its working days."""
    row, values = team_of(request, team_key), body.given()
    if "unit_id" in values:
        units = models.Unit.objects.filter(organisation=request.organisation)
        values["unit"] = chosen(units, "unit_id", values.pop("unit_id"))
    if "working_days" in values:
        values["working_days"] = sorted(set(values["working_days"]))
    return represent(actions.edit_team(row, by=request.actor, **values))


@area.act("/teams/{team_key}/archive", scope=SCOPE)
def archive_team(request: ApiRequest, team_key: str) -> Team:
    """Put a team away: it keeps its history and leaves every list. The undo of the Change brings it back."""
    row = team_of(request, team_key)
    actions.archive_team(row, by=request.actor)
    return represent(row)


@area.read("/teams/{team_key}/people/{int:person_id}/roles")
def get_roles(request: ApiRequest, team_key: str, person_id: int) -> Roles:
    """Read what somebody is in a team."""
    team, member = team_of(request, team_key), member_of(request, person_id)
    held = models.TeamRole.objects.filter(team=team, person=member.person_id).order_by("role")
    return Roles.model_validate({"roles": list(held.values_list("role", flat=True))})


@area.replace("/teams/{team_key}/people/{int:person_id}/roles", scope=SCOPE)
def set_roles(request: ApiRequest, team_key: str, person_id: int, body: NewRoles) -> Roles:
    """Give somebody exactly these roles in a team."""
    team, member = team_of(request, team_key), member_of(request, person_id)
    actions.set_roles(team, member.person, [models.Role(role) for role in body.roles], by=request.actor)
    return get_roles(request, team_key, person_id)


@area.act("/teams/{team_key}/roles/hand-over", scope=SCOPE)
def hand_over_role(request: ApiRequest, team_key: str, body: HandOver) -> Person:
    """Hand a role from one person to another. The answer is who has it now."""
    team = team_of(request, team_key)
    giver = chosen(people_of(request), "giver_id", body.giver_id)
    to = chosen(people_of(request), "to_id", body.to_id)
    actions.hand_over_role(team, models.Role(body.role), giver=giver, to=to, by=request.actor)
    return represent_people(request, [member_of(request, to.pk)])[0]


def represent(row: models.Team) -> Team:
    """Return a team as the API shows it."""
    return Team(**{name: getattr(row, name) for name in Team.model_fields})
