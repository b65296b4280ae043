"""The organisation, its units, and how long things are kept."""

from typing import Annotated

from django.db.models import QuerySet
from ninja import Query
from pydantic import Field

from headway.people import actions, retention
from headway.people import models as people

from .objectives import Place
from .platform.asking import ApiRequest
from .platform.finding import chosen, found
from .platform.paging import Page, Paging, page_of
from .platform.routes import Area
from .platform.schemas import Edit, Id, In, Line, Out, Text, Whole

area = Area("Organisation")
SCOPE = "admin"


class Organisation(Out):
    """The organisation that the token belongs to."""

    id: Id
    name: str
    strategy: str
    currency: str
    time_zone: str
    week_start: Annotated[int, Field(description="0 is Monday.")]
    horizon_weeks: int
    is_demonstration: bool


class OrganisationEdit(Edit):
    """What shall be different of the organisation."""

    name: Annotated[Line, Field(max_length=120)] = ""
    strategy: Annotated[Text, Field(max_length=5000)] = ""
    currency: Annotated[Line, Field(pattern="^[A-Z]{3}$", examples=["EUR"])] = "EUR"
    time_zone: Annotated[Line, Field(max_length=64, examples=["Europe/Vienna"])] = "UTC"
    week_start: Annotated[Whole, Field(ge=0, le=6)] = 0
    horizon_weeks: Annotated[Whole, Field(ge=1, le=260)] = 26


class Unit(Out):
    """A part of the organisation; units form a tree."""

    id: Id
    name: str
    parent_id: Id | None
    position: int


class NewUnit(In):
    """A unit to make, under another or at the top."""

    name: Annotated[Line, Field(max_length=120)]
    parent_id: Id | None = None


class UnitEdit(Edit):
    """What shall be different of a unit."""

    name: Annotated[Line, Field(max_length=120)] = ""
    parent_id: Id | None = None


class Retention(Out):
    """How many days each kind of thing is kept; null is for ever."""

    days: dict[str, int | None]


class NewRetention(In):
    """Days by the name of the rule; what is not named stays."""

    days: dict[str, Annotated[Whole, Field(ge=1, le=retention.LONGEST)] | None]


@area.read("/organisation")
def get_organisation(request: ApiRequest) -> Organisation:
    """Read the organisation."""
    row = people.Organisation.objects.get(pk=request.organisation.pk)
    return Organisation(**{name: getattr(row, name) for name in Organisation.model_fields})


@area.change("/organisation", scope=SCOPE)
def edit_organisation(request: ApiRequest, body: OrganisationEdit) -> Organisation:
    """Change the organisation."""
    actions.edit_organisation(request.organisation, by=request.actor, **body.given())
    return get_organisation(request)


@area.read("/units")
def list_units(request: ApiRequest, paging: Query[Paging]) -> Page[Unit]:
    """List the units; `parent_id` and `position` make the tree."""
    return page_of(_units(request), paging, represent_unit, order=("id",))


@area.read("/units/{int:unit_id}")
def get_unit(request: ApiRequest, unit_id: int) -> Unit:
    """Read a unit."""
    return represent_unit(found(_units(request), pk=unit_id))


@area.create("/units", scope=SCOPE)
def create_unit(request: ApiRequest, body: NewUnit) -> Unit:
    """Make a unit, after those beside it."""
    parent = chosen(_units(request), "parent_id", body.parent_id)
    return represent_unit(actions.create_unit(request.organisation, body.name, by=request.actor, parent=parent))


@area.change("/units/{int:unit_id}", scope=SCOPE)
def edit_unit(request: ApiRequest, unit_id: int, body: UnitEdit) -> Unit:
    """Rename a unit, or hang it under another."""
    row, values = found(_units(request), pk=unit_id), body.given()
    if "parent_id" in values:
        values["parent"] = chosen(_units(request), "parent_id", values.pop("parent_id"))
    actions.edit_unit(row, by=request.actor, **values)
    return get_unit(request, unit_id)


@area.act("/units/{int:unit_id}/move", scope=SCOPE)
def move_unit(request: ApiRequest, unit_id: int, body: Place) -> Unit:
    """Put a unit at a place among those beside it."""
    actions.order_unit(found(_units(request), pk=unit_id), by=request.actor, to=body.to)
    return get_unit(request, unit_id)


@area.remove("/units/{int:unit_id}", scope=SCOPE)
def delete_unit(request: ApiRequest, unit_id: int) -> None:
    """Delete a unit that holds nothing."""
    actions.delete_unit(found(_units(request), pk=unit_id), by=request.actor)


@area.read("/organisation/retention")
def get_retention(request: ApiRequest) -> Retention:
    """Read how long things are kept."""
    return Retention(days=retention.days_of(request.organisation))


@area.change("/organisation/retention", scope=SCOPE)
def set_retention(request: ApiRequest, body: NewRetention) -> Retention:
    """Say how long things are kept."""
    actions.set_retention(request.organisation, by=request.actor, days=body.days)
    return get_retention(request)


def represent_unit(row: people.Unit) -> Unit:
    """Return a unit as the API shows it."""
    return Unit(id=row.pk, name=row.name, parent_id=row.parent_id, position=row.position)


def _units(request: ApiRequest) -> "QuerySet[people.Unit]":
    return people.Unit.objects.filter(organisation=request.organisation).select_related("organisation")
