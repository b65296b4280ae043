"""What binds the order of a backlog: what an item needs first, and by when it has to be done."""

from typing import Annotated

from django.utils.translation import gettext as _
from pydantic import Field

from headway.scrum.models import Item as ScrumItem
from headway.value import actions
from headway.value.queries.binding import binding_of

from .items import item_of
from .platform.asking import ApiRequest
from .platform.problems import field_problem
from .platform.routes import Area
from .platform.schemas import Day, Id, In, Line, Out

area = Area("What binds the order")
LINK, ORDER = "write:value", "write:scrum"


class Must(In):
    """That an item has to be done, by a day (null: within the horizon), and why."""

    by_on: Day | None = None
    reason: Annotated[Line, Field(min_length=1, max_length=300)]


class MustHave(Out):
    """By when an item has to be done (null: within the horizon), and why."""

    by_on: Day | None
    reason: str


class Binding(Out):
    """What binds an item; items of its team by number."""

    item_number: Id
    needs: Annotated[list[Id], Field(description="What it needs first: before that it brings nothing.")]
    needed_by: list[Id]
    must: MustHave | None


class Needed(In):
    """What an item needs first, by number."""

    needs_number: Id


@area.read("/teams/{team_key}/items/{int:number}/binding")
def get_binding(request: ApiRequest, team_key: str, number: int) -> Binding:
    """Read what binds an item."""
    return _binding(item_of(request, team_key, number))


@area.act("/teams/{team_key}/items/{int:number}/need", scope=LINK)
def need_item(request: ApiRequest, team_key: str, number: int, body: Needed) -> Binding:
    """Say that an item brings nothing before another one is done; a circle is refused with the way."""
    row = item_of(request, team_key, number)
    actions.need(row, needs=_needed(row, body), by=request.actor)
    return _binding(row)


@area.act("/teams/{team_key}/items/{int:number}/need-no-more", scope=LINK)
def need_item_no_more(request: ApiRequest, team_key: str, number: int, body: Needed) -> Binding:
    """Take back that an item needs another one."""
    row = item_of(request, team_key, number)
    actions.need_no_more(row, needs=_needed(row, body), by=request.actor)
    return _binding(row)


@area.act("/teams/{team_key}/items/{int:number}/must", scope=ORDER)
def item_must_be_done(request: ApiRequest, team_key: str, number: int, body: Must) -> Binding:
    """Say that an item has to be done, by a day and why; the plan keeps it."""
    row = item_of(request, team_key, number)
    actions.must_be_done(row, by=request.actor, reason=body.reason, by_on=body.by_on)
    return _binding(row)


@area.act("/teams/{team_key}/items/{int:number}/must-not", scope=ORDER)
def item_need_not_be_done(request: ApiRequest, team_key: str, number: int) -> Binding:
    """Take back that an item has to be done."""
    row = item_of(request, team_key, number)
    actions.need_not_be_done(row, by=request.actor)
    return _binding(row)


def _needed(row: ScrumItem, body: Needed) -> ScrumItem:
    rows = ScrumItem.objects.active().select_related("team").filter(team=row.team)
    found = rows.filter(number=body.needs_number).first()
    if found is None:
        raise field_problem("needs_number", _("There is no item %(number)s.") % {"number": body.needs_number})
    return found


def _binding(row: ScrumItem) -> Binding:
    found = binding_of(row)
    return Binding(
        item_number=row.number,
        needs=[other.number for other in found.needs],
        needed_by=[other.number for other in found.needed_by],
        must=MustHave(by_on=found.must.by_on, reason=found.must.reason) if found.must else None,
    )
