"""The Not now shelf: what is not done now, why, and who was told."""

from typing import Annotated

from ninja import Query
from pydantic import Field

from headway.value import actions
from headway.value import models as value

from .items import Item, item_of, represent_all
from .platform.asking import ApiRequest
from .platform.finding import found, team_of
from .platform.paging import Page, Paging, page_of
from .platform.problems import unless_done
from .platform.routes import Area
from .platform.schemas import Day, Id, In, Line, Moment, Out

area = Area("Not now")
ORDER = "write:scrum"


class Shelving(In):
    """Why an item is not done now, and who asked for it."""

    reason: Annotated[Line, Field(min_length=1, max_length=300)]
    asked_by: Annotated[Line, Field(max_length=120)] = ""


class Shelved(Out):
    """An item on the Not now shelf, with its reason."""

    item_key: str
    item_number: Id
    team_key: str
    reason: str
    asked_by: str
    told_on: Day | None
    put_aside_at: Moment
    ended_at: Moment | None


class Telling(In):
    """The day on which whoever asked for it was told; null is today."""

    told_on: Day | None = None


class ShelfFilters(Paging):
    ended: Annotated[bool, Field(description="Those brought back, in place of the others.")] = False


@area.read("/teams/{team_key}/not-now")
def list_not_now(request: ApiRequest, team_key: str, filters: Query[ShelfFilters]) -> Page[Shelved]:
    """List what lies on the Not now shelf, the longest there first."""
    rows = value.NotNow.objects.filter(item__team=team_of(request, team_key), ended_at__isnull=not filters.ended)
    return page_of(rows.select_related("item__team"), filters, _shelved, order=("at", "id"))


@area.act("/teams/{team_key}/items/{int:number}/shelve", scope=ORDER, takes_seen=True)
def shelve_item(request: ApiRequest, team_key: str, number: int, body: Shelving) -> Shelved:
    """Put an item on the Not now shelf with its reason."""
    row = item_of(request, team_key, number)
    with unless_done():
        actions.shelve(row, by=request.actor, reason=body.reason, asked_by=body.asked_by, seen=request.seen)
    return _shelved(value.NotNow.objects.select_related("item__team").get(item=row, ended_at=None))


@area.act("/teams/{team_key}/items/{int:number}/bring-back", scope=ORDER)
def bring_item_back(request: ApiRequest, team_key: str, number: int) -> Item:
    """Take an item off the shelf."""
    row = item_of(request, team_key, number)
    actions.bring_back(row, by=request.actor)
    return represent_all([row])[0]


@area.act("/teams/{team_key}/items/{int:number}/told", scope="write:scrum")
def tell_asker(request: ApiRequest, team_key: str, number: int, body: Telling) -> Shelved:
    """Note the day on which whoever asked for a shelved item was told."""
    row = item_of(request, team_key, number)
    lying = found(value.NotNow.objects.select_related("item__team"), item=row, ended_at=None)
    actions.mark_told(lying, by=request.actor, told_on=body.told_on)
    lying.refresh_from_db()
    return _shelved(lying)


def _shelved(row: value.NotNow) -> Shelved:
    return Shelved(
        item_key=row.item.key,
        item_number=row.item.number,
        team_key=row.item.team.key,
        reason=row.reason,
        asked_by=row.asked_by,
        told_on=row.told_on,
        put_aside_at=row.at,
        ended_at=row.ended_at,
    )
