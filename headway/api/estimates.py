"""Private estimates: what people think alone of what an item would move, and the promise that is made of them."""

from typing import Annotated

from pydantic import Field

from headway.engine.track_record import Pooled
from headway.value import actions
from headway.value import models as value
from headway.value.queries import Said, estimates_of

from .bets import Chance
from .items import item_of
from .platform.asking import ApiRequest
from .platform.finding import found
from .platform.routes import Area
from .platform.schemas import Day, Id, In, Number, Out, Text

area = Area("Private estimates")
BET = "write:value"


class Estimate(Out):
    """What one person thinks: low, likely, high in the Key Result's unit, towards better, and the chance."""

    low: float
    likely: float
    high: float
    chance: float


class NewEstimate(In):
    """What the token's person thinks, in place of what they said before."""

    low: Number
    likely: Number
    high: Number
    chance: Chance


class Estimates(Out):
    """Private estimates, as the token's person may see them. Nothing says whose one is."""

    item_key: str
    key_result_id: Id
    count: int
    needed: Annotated[int, Field(description="From so many on they are shown and can be pooled.")]
    is_closed: bool
    own: Estimate | None
    answers: Annotated[
        list[Estimate] | None,
        Field(description="Sorted; null under three, and for whoever is asked and has not given the own."),
    ]
    pooled: Annotated[Estimate | None, Field(description="Medians; of the chances in log odds.")]
    disagreement: Annotated[
        float | None, Field(description="How far the likely figures lie apart, over the pooled range's width.")
    ]


class Pooling(In):
    """When the promise is judged (null keeps the day that there is). Once work has started it needs a `reason`."""

    judge_on: Day | None = None
    reason: Text = ""


@area.read("/teams/{team_key}/items/{int:number}/estimates/{int:key_result_id}")
def get_estimates(request: ApiRequest, team_key: str, number: int, key_result_id: int) -> Estimates:
    """Read the private estimates of an item and a Key Result that it serves."""
    return _estimates(request, _served(request, team_key, number, key_result_id))


@area.replace("/teams/{team_key}/items/{int:number}/estimates/{int:key_result_id}", scope=BET)
def give_estimate(request: ApiRequest, team_key: str, number: int, key_result_id: int, body: NewEstimate) -> Estimates:
    """Say alone what an item would move, or say it anew, until work starts or a promise is made of it."""
    serves = _served(request, team_key, number, key_result_id)
    assert serves.key_result is not None
    actions.give_estimate(serves.item, by=request.actor, key_result=serves.key_result, **body.model_dump())
    return _estimates(request, serves)


@area.remove("/teams/{team_key}/items/{int:number}/estimates/{int:key_result_id}", scope=BET)
def withdraw_estimate(request: ApiRequest, team_key: str, number: int, key_result_id: int) -> Estimates:
    """Take one's own estimate back."""
    serves = _served(request, team_key, number, key_result_id)
    assert serves.key_result is not None
    actions.withdraw_estimate(serves.item, by=request.actor, key_result=serves.key_result)
    return _estimates(request, serves)


@area.act("/teams/{team_key}/items/{int:number}/estimates/{int:key_result_id}/promise", scope=BET)
def promise_pooled(request: ApiRequest, team_key: str, number: int, key_result_id: int, body: Pooling) -> Estimates:
    """Make the pooled estimates the promise, in place of the one that there is. Closes the estimates."""
    serves = _served(request, team_key, number, key_result_id)
    assert serves.key_result is not None
    actions.promise_pooled(serves.item, by=request.actor, key_result=serves.key_result, **body.model_dump())
    return _estimates(request, serves)


def _served(request: ApiRequest, team_key: str, number: int, key_result_id: int) -> value.Serves:
    item = item_of(request, team_key, number)
    rows = value.Serves.objects.select_related("item__team", "key_result__objective")
    serves: value.Serves = found(rows, item=item, key_result=key_result_id)
    return serves


def _estimates(request: ApiRequest, serves: value.Serves) -> Estimates:
    assert serves.key_result is not None
    known = estimates_of(serves.item, serves.key_result, request.actor)
    shown = known.shown
    pooled = shown.pooled if shown else None
    return Estimates(
        item_key=serves.item.key,
        key_result_id=serves.key_result.pk,
        count=known.count,
        needed=known.needed,
        is_closed=known.is_closed,
        own=_estimate(known.own) if known.own else None,
        answers=[_estimate(one) for one in shown.answers] if shown else None,
        pooled=_estimate(pooled) if pooled else None,
        disagreement=pooled.disagreement if pooled else None,
    )


def _estimate(row: Said | Pooled) -> Estimate:
    return Estimate(low=row.low, likely=row.likely, high=row.high, chance=row.chance)
