"""Links: what items serve, a Key Result or a kind of work with its reason."""

from typing import Annotated, Any, Literal

from pydantic import Field

from headway.okr.models import KeyResult
from headway.value import actions
from headway.value import models as value

from .items import Item, Items, Numbers, item_of, items_now, items_of, represent_all
from .platform.asking import ApiRequest
from .platform.finding import chosen, found, team_of
from .platform.problems import unless_done
from .platform.routes import Area
from .platform.schemas import Id, In, Line

area = Area("Links")
LINK = "write:value"

Kind = Literal["enabler", "health", "compliance", "learning"]


class Link(In):
    """What an item serves: a Key Result, or a kind of work with its reason."""

    key_result_id: Id | None = None
    kind: Kind | Literal[""] = ""
    reason: Annotated[Line, Field(max_length=300, description="Why it is done, for a kind of work.")] = ""


class LinkMany(Link):
    """Several items of the team, and what they serve."""

    numbers: Numbers


@area.act("/teams/{team_key}/items/{int:number}/links", scope=LINK, takes_seen=True)
def link_item(request: ApiRequest, team_key: str, number: int, body: Link) -> Item:
    """Say what an item serves."""
    row = item_of(request, team_key, number)
    with unless_done():
        actions.link_item(row, by=request.actor, seen=request.seen, **_to(request, body))
    return represent_all([row])[0]


@area.act("/teams/{team_key}/items/links", scope=LINK, takes_seen=True)
def link_items(request: ApiRequest, team_key: str, body: LinkMany) -> Items:
    """Say what several items serve, with one Change."""
    team = team_of(request, team_key)
    with unless_done():
        rows = items_of(team, body.numbers)
        actions.link_items(rows, by=request.actor, seen=request.seen, **_to(request, body))
    return items_now(team, body.numbers)


def _item_linked(request: ApiRequest, team_key: str, link_id: int) -> Item:
    return represent_all([_link(request, team_key, link_id).item])[0]


@area.remove("/teams/{team_key}/links/{int:link_id}", scope=LINK, of=_item_linked)
def unlink_item(request: ApiRequest, team_key: str, link_id: int) -> Item:
    """Take a link away, with its bet while work has not started. `If-Match` takes the ETag of the item."""
    serves = _link(request, team_key, link_id)
    with unless_done():
        actions.unlink(serves, by=request.actor)
    return represent_all([serves.item])[0]


def key_result_of(request: ApiRequest, pk: int) -> KeyResult:
    """Return the Key Result that `key_result_id` of a body names; 422 where the viewer has none such."""
    return chosen(KeyResult.objects.visible_to(request.actor).select_related("objective"), "key_result_id", pk)


def _link(request: ApiRequest, team_key: str, link_id: int) -> value.Serves:
    rows = value.Serves.objects.select_related("item__team", "key_result")
    serves: value.Serves = found(rows, item__team=team_of(request, team_key), pk=link_id)
    return serves


def _to(request: ApiRequest, body: Link) -> dict[str, Any]:
    key_result = None if body.key_result_id is None else key_result_of(request, body.key_result_id)
    return {"key_result": key_result, "kind": body.kind, "reason": body.reason}
