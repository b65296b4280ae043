"""Cycles: the times for which OKRs are agreed."""

from typing import Annotated

from ninja import Query
from pydantic import Field

from headway.okr import actions
from headway.okr import models as okr

from .platform.asking import ApiRequest
from .platform.finding import found
from .platform.paging import Page, Paging, page_of
from .platform.routes import Area
from .platform.schemas import Day, Edit, Id, In, Line, Moment, Out

area = Area("Cycles")


class Cycle(Out):
    """The time for which OKRs are agreed, usually a quarter."""

    id: Id
    name: str
    starts_on: Day
    ends_on: Day
    archived_at: Moment | None


class NewCycle(In):
    """A cycle to make."""

    name: Annotated[Line, Field(max_length=80, examples=["Q1 2027"])]
    starts_on: Annotated[Day, Field(examples=["2027-01-01"])]
    ends_on: Annotated[Day, Field(examples=["2027-03-31"])]


class CycleEdit(Edit):
    """What shall be different of a cycle."""

    name: Annotated[Line, Field(max_length=80)] = ""
    starts_on: Day | None = None
    ends_on: Day | None = None


class CycleFilters(Paging):
    archived: Annotated[bool, Field(description="Those put away, in place of the others.")] = False


@area.read("/cycles")
def list_cycles(request: ApiRequest, filters: Query[CycleFilters]) -> Page[Cycle]:
    """List the cycles of the organisation, the earliest first."""
    rows = okr.Cycle.objects.visible_to(request.actor).filter(archived_at__isnull=not filters.archived)
    return page_of(rows, filters, represent, order=("starts_on", "id"))


@area.read("/cycles/{int:cycle_id}")
def get_cycle(request: ApiRequest, cycle_id: int) -> Cycle:
    """Read a cycle."""
    return represent(_cycle(request, cycle_id))


@area.create("/cycles", scope="write:okr")
def create_cycle(request: ApiRequest, body: NewCycle) -> Cycle:
    """Make a cycle."""
    made = actions.create_cycle(
        request.organisation, by=request.actor, name=body.name, starts_on=body.starts_on, ends_on=body.ends_on
    )
    return represent(made)


@area.change("/cycles/{int:cycle_id}", scope="write:okr")
def edit_cycle(request: ApiRequest, cycle_id: int, body: CycleEdit) -> Cycle:
    """Change the name or the days of a cycle."""
    return represent(actions.edit_cycle(_cycle(request, cycle_id), by=request.actor, **body.given()))


@area.act("/cycles/{int:cycle_id}/archive", scope="write:okr")
def archive_cycle(request: ApiRequest, cycle_id: int) -> Cycle:
    """Take a cycle off the pages; its objectives and their history stay."""
    return represent(actions.archive_cycle(_cycle(request, cycle_id), by=request.actor))


@area.act("/cycles/{int:cycle_id}/restore", scope="write:okr")
def restore_cycle(request: ApiRequest, cycle_id: int) -> Cycle:
    """Bring an archived cycle back."""
    return represent(actions.restore_cycle(_cycle(request, cycle_id), by=request.actor))


def represent(row: okr.Cycle) -> Cycle:
    """Return a cycle as the API shows it."""
    return Cycle(id=row.pk, name=row.name, starts_on=row.starts_on, ends_on=row.ends_on, archived_at=row.archived_at)


def _cycle(request: ApiRequest, cycle_id: int) -> okr.Cycle:
    return found(okr.Cycle.objects.visible_to(request.actor), pk=cycle_id)
