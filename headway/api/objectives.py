"""Objectives: where to, in words."""

from typing import Annotated

from ninja import Query
from pydantic import Field

from headway.okr import actions
from headway.okr import models as okr
from headway.people.models import Team, Unit

from .platform.asking import ApiRequest
from .platform.finding import chosen, chosen_team, found
from .platform.paging import Page, Paging, page_of
from .platform.routes import Area
from .platform.schemas import Edit, Id, In, Line, Moment, Out, QueryId, Text, Whole

area = Area("Objectives")
SCOPE = "write:okr"


class Objective(Out):
    """Where to, in words: a team's, a unit's, or (neither) the organisation's."""

    id: Id
    title: str
    why: str
    cycle_id: Id
    team_key: str | None
    unit_id: Id | None
    position: Annotated[int, Field(description="Its place among those of the same team, unit or organisation.")]
    source: Annotated[str, Field(description="Where an import found it.")]
    archived_at: Moment | None


class NewObjective(In):
    """An objective to write. With neither team nor unit it is the organisation's."""

    cycle_id: Id
    title: Annotated[Line, Field(examples=["Ordering again is easy"])]
    why: Annotated[Text, Field(max_length=20_000)] = ""
    team_key: Annotated[Line | None, Field(examples=["ANT"])] = None
    unit_id: Id | None = None


class ObjectiveEdit(Edit):
    """What shall be different of an objective."""

    title: Line = ""
    why: Annotated[Text, Field(max_length=20_000)] = ""
    cycle_id: Id = 1


class Place(In):
    """A place among what stands beside it; 0 is first."""

    to: Annotated[Whole, Field(ge=0)]


class ObjectiveFilters(Paging):
    cycle_id: QueryId | None = None
    team_key: str | None = None
    unit_id: QueryId | None = None
    archived: Annotated[bool, Field(description="Those put away, in place of the others.")] = False


@area.read("/objectives")
def list_objectives(request: ApiRequest, filters: Query[ObjectiveFilters]) -> Page[Objective]:
    """List objectives, in the order in which they were written."""
    rows = okr.Objective.objects.visible_to(request.actor).filter(archived_at__isnull=not filters.archived)
    if filters.cycle_id is not None:
        rows = rows.filter(cycle=filters.cycle_id)
    if filters.team_key is not None:
        rows = rows.filter(team__key=filters.team_key.upper())
    if filters.unit_id is not None:
        rows = rows.filter(unit=filters.unit_id)
    return page_of(rows.select_related("team"), filters, represent, order=("id",))


@area.read("/objectives/{int:objective_id}")
def get_objective(request: ApiRequest, objective_id: int) -> Objective:
    """Read an objective."""
    return represent(_objective(request, objective_id))


@area.create("/objectives", scope=SCOPE)
def create_objective(request: ApiRequest, body: NewObjective) -> Objective:
    """Write an objective."""
    cycle = chosen(okr.Cycle.objects.visible_to(request.actor), "cycle_id", body.cycle_id)
    units = Unit.objects.filter(organisation=request.organisation)
    made = actions.create_objective(
        cycle,
        by=request.actor,
        title=body.title,
        why=body.why,
        team=chosen_team(request, "team_key", body.team_key),
        unit=chosen(units, "unit_id", body.unit_id),
    )
    return represent(made)


@area.change("/objectives/{int:objective_id}", scope=SCOPE)
def edit_objective(request: ApiRequest, objective_id: int, body: ObjectiveEdit) -> Objective:
    """Change the words of an objective, or its cycle."""
    row, values = _objective(request, objective_id), body.given()
    if "cycle_id" in values:
        cycles = okr.Cycle.objects.visible_to(request.actor)
        values["cycle"] = chosen(cycles, "cycle_id", values.pop("cycle_id"))
    actions.edit_objective(row, by=request.actor, **values)
    return get_objective(request, objective_id)


@area.act("/objectives/{int:objective_id}/move", scope=SCOPE)
def move_objective(request: ApiRequest, objective_id: int, body: Place) -> Objective:
    """Put an objective at a place among those beside it."""
    return represent(actions.move_objective(_objective(request, objective_id), by=request.actor, to=body.to))


@area.act("/objectives/{int:objective_id}/archive", scope=SCOPE)
def archive_objective(request: ApiRequest, objective_id: int) -> Objective:
    """Take an objective and its Key Results off the pages; their history stays."""
    return represent(actions.archive_objective(_objective(request, objective_id), by=request.actor))


@area.act("/objectives/{int:objective_id}/restore", scope=SCOPE)
def restore_objective(request: ApiRequest, objective_id: int) -> Objective:
    """Bring an archived objective back."""
    return represent(actions.restore_objective(_objective(request, objective_id), by=request.actor))


def represent(row: okr.Objective) -> Objective:
    """Return an objective as the API shows it."""
    return Objective(
        id=row.pk,
        title=row.title,
        why=row.why,
        cycle_id=row.cycle_id,
        team_key=row.team.key if isinstance(row.team, Team) else None,
        unit_id=row.unit_id,
        position=row.position,
        source=row.source,
        archived_at=row.archived_at,
    )


def _objective(request: ApiRequest, objective_id: int) -> okr.Objective:
    return found(okr.Objective.objects.visible_to(request.actor).select_related("team"), pk=objective_id)
