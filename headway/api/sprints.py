"""Sprints: planned, started, closed, what each aims at, and how its work grew."""

from typing import Annotated, Literal

from django.http import Http404
from django.utils.translation import gettext as _
from ninja import Query
from pydantic import Field

from headway.okr.models import KeyResult
from headway.people.models import Team
from headway.scrum import actions
from headway.scrum import models as scrum
from headway.scrum.queries import burn_up
from headway.value.actions import set_sprint_aim

from .platform.asking import ApiRequest
from .platform.finding import chosen, found, team_of
from .platform.paging import Page, Paging, page_of
from .platform.problems import field_problem
from .platform.routes import Area
from .platform.schemas import Day, Edit, Id, In, Line, Moment, Out, Text

area = Area("Sprints")
SCOPE = "write:scrum"


class Sprint(Out):
    """A Sprint with its goal."""

    number: Id
    team_key: str
    name: str
    goal: str
    starts_on: Day | None
    ends_on: Day | None
    started_at: Moment | None
    closed_at: Moment | None
    aim_id: Annotated[Id | None, Field(description="The Key Result that the Sprint Goal is about.")]


class NewSprint(In):
    """A Sprint to plan. Without days it follows the last one and is as long as the team's Sprints are."""

    name: Annotated[Line, Field(max_length=120)] = ""
    goal: Annotated[Line, Field(max_length=500, examples=["A repeat order without a call"])] = ""
    starts_on: Day | None = None
    ends_on: Day | None = None


class SprintEdit(Edit):
    """What shall be different of a Sprint."""

    name: Annotated[Line, Field(min_length=1, max_length=120)] = ""
    goal: Annotated[Line, Field(max_length=500)] = ""
    starts_on: Day | None = None
    ends_on: Day | None = None


class SprintClosing(In):
    """Where open items go (null: back to the backlog), and why they are not done."""

    carry_to: Annotated[Id | None, Field(description="Number of the Sprint that takes them.")] = None
    reason: Annotated[Text, Field(max_length=500)] = ""


class Aim(In):
    """The Key Result that the Sprint Goal is about; null for none."""

    key_result_id: Id | None


class BurnUpDay(Out):
    """The end of a working day. `done` is null for days to come."""

    on: Day
    scope: float
    done: float | None


class BurnUp(Out):
    """How the scope of a Sprint and its done work grew; `unit` is "items" where less than half have a size."""

    unit: Literal["size", "items"]
    days: list[BurnUpDay]
    scope: float
    done: float
    open_items: int
    unsized: int


@area.read("/teams/{team_key}/sprints")
def list_sprints(request: ApiRequest, team_key: str, filters: Query[Paging]) -> Page[Sprint]:
    """List the Sprints of a team, the last one first."""
    rows = scrum.Sprint.objects.filter(team=team_of(request, team_key)).select_related("team", "aim")
    return page_of(rows, filters, represent, order=("-number", "id"))


@area.read("/teams/{team_key}/sprints/{int:number}")
def get_sprint(request: ApiRequest, team_key: str, number: int) -> Sprint:
    """Read a Sprint."""
    return represent(_sprint(request, team_key, number))


@area.read("/teams/{team_key}/sprints/{int:number}/burn-up")
def get_burn_up(request: ApiRequest, team_key: str, number: int) -> BurnUp:
    """Read how a Sprint's scope and its done work grew, day by day; 404 for a Sprint without days."""
    grown = burn_up(_sprint(request, team_key, number))
    if grown is None:
        raise Http404
    return BurnUp(
        unit="size" if grown.unit == "size" else "items",
        days=[BurnUpDay(on=day.on, scope=day.scope, done=day.done) for day in grown.days],
        scope=grown.scope,
        done=grown.done,
        open_items=grown.open_items,
        unsized=grown.unsized,
    )


@area.create("/teams/{team_key}/sprints", scope=SCOPE)
def create_sprint(request: ApiRequest, team_key: str, body: NewSprint) -> Sprint:
    """Plan the next Sprint."""
    made = actions.create_sprint(
        team_of(request, team_key),
        by=request.actor,
        name=body.name,
        goal=body.goal,
        starts_on=body.starts_on,
        ends_on=body.ends_on,
    )
    return get_sprint(request, team_key, made.number)


@area.change("/teams/{team_key}/sprints/{int:number}", scope=SCOPE)
def edit_sprint(request: ApiRequest, team_key: str, number: int, body: SprintEdit) -> Sprint:
    """Change the name, the goal or the days of a Sprint."""
    actions.edit_sprint(_sprint(request, team_key, number), by=request.actor, **body.given())
    return get_sprint(request, team_key, number)


@area.act("/teams/{team_key}/sprints/{int:number}/start", scope=SCOPE)
def start_sprint(request: ApiRequest, team_key: str, number: int) -> Sprint:
    """Start a Sprint; one runs at a time."""
    actions.start_sprint(_sprint(request, team_key, number), by=request.actor)
    return get_sprint(request, team_key, number)


@area.act("/teams/{team_key}/sprints/{int:number}/close", scope=SCOPE)
def close_sprint(request: ApiRequest, team_key: str, number: int, body: SprintClosing) -> Sprint:
    """Close a Sprint that runs. What is open needs a reason."""
    row = _sprint(request, team_key, number)
    carry_to = sprint_named(row.team, body.carry_to, "carry_to")
    actions.close_sprint(row, by=request.actor, carry_to=carry_to, reason=body.reason)
    return get_sprint(request, team_key, number)


@area.act("/teams/{team_key}/sprints/{int:number}/aim", scope=SCOPE)
def aim_sprint(request: ApiRequest, team_key: str, number: int, body: Aim) -> Sprint:
    """Name the Key Result that the Sprint Goal is about."""
    key_results = KeyResult.objects.visible_to(request.actor).select_related("objective")
    aim = chosen(key_results, "key_result_id", body.key_result_id)
    set_sprint_aim(_sprint(request, team_key, number), aim, by=request.actor)
    return get_sprint(request, team_key, number)


def sprint_named(team: Team, number: int | None, field: str = "sprint_number") -> scrum.Sprint | None:
    """Return the Sprint of the team that a field of a body names (None for null); 422 where there is none such."""
    if number is None:
        return None
    row = scrum.Sprint.objects.select_related("team").filter(team=team, number=number).first()
    if row is None:
        raise field_problem(field, _("The team has no Sprint %(number)s.") % {"number": number})
    return row


def represent(row: scrum.Sprint) -> Sprint:
    """Return a Sprint as the API shows it."""
    aim = getattr(row, "aim", None)
    return Sprint(
        number=row.number,
        team_key=row.team.key,
        name=row.name,
        goal=row.goal,
        starts_on=row.starts_on,
        ends_on=row.ends_on,
        started_at=row.started_at,
        closed_at=row.closed_at,
        aim_id=aim.key_result_id if aim else None,
    )


def _sprint(request: ApiRequest, team_key: str, number: int) -> scrum.Sprint:
    rows = scrum.Sprint.objects.select_related("team", "aim")
    return found(rows, team=team_of(request, team_key), number=number)
