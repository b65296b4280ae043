"""Forecasts from a team's own throughput: a range with its chance and its sample size, or what is missing."""

import datetime as dt
from typing import Annotated, Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from ninja import Query
from pydantic import Field

from headway.value import queries
from headway.value.documents import forecast_document

from .platform.asking import ApiRequest
from .platform.finding import team_of
from .platform.problems import field_problem
from .platform.routes import Area
from .platform.schemas import Day, Filters, Out

area = Area("Forecasts")


class Missing(Out):
    """There is no forecast yet, and this is what is missing."""

    text: str
    needed: Annotated[int, Field(description="Weeks of history that are needed.")]
    given: Annotated[int, Field(description="Weeks of history that there are.")]


class BulkDay(Out):
    """A day on which many items were closed at once, and as how many it counts."""

    on: Day
    items: int
    counted_as: float


class Forecast(Out):
    """When so many items will be done (`unit` weeks), or how many by a day (`unit` items); null beyond five years.

    Keys of `quantiles` and `dates` are chances: with "0.85" it is done by then, or at least so many are done.
    """

    unit: str | None
    items: int | None
    by: Day | None
    quantiles: dict[str, float | None]
    dates: dict[str, Day | None]
    baseline: Annotated[float | None, Field(description="The mean of the last six weeks, carried on.")]
    baseline_date: Day | None
    sample_weeks: int | None
    history_ends_on: Day | None
    history_is_stale: bool | None
    bulk_days: list[BulkDay]
    missing: Missing | None


class SprintChance(Out):
    """The chance that all that is open in the running Sprint is done by its end; nulls where no Sprint runs."""

    sprint: str | None
    open_items: int | None
    ends_on: Day | None
    chance: Annotated[float | None, Field(ge=0, le=1)]
    sample_weeks: int | None
    missing: Missing | None


class Question(Filters):
    items: Annotated[int | None, Field(ge=1, le=1_000_000, description="When will so many items be done?")] = None
    by: Annotated[dt.date | None, Field(description="How many will be done by the evening of this day?")] = None


@area.read("/teams/{team_key}/forecast")
def get_forecast(request: ApiRequest, team_key: str, filters: Query[Question]) -> Forecast:
    """Ask when `items` items will be done, or how many `by` a day: one of the two."""
    team = team_of(request, team_key)
    if (filters.items is None) == (filters.by is None):
        raise field_problem("items", _("Ask for a number of items or for a day, one of the two."))
    try:
        found = queries.forecast_for(team, items=filters.items, by=filters.by)
    except ValidationError as error:
        raise field_problem("by" if filters.by else "items", " ".join(error.messages)) from error
    given: dict[str, Any] = dict.fromkeys(Forecast.model_fields) | {"quantiles": {}, "dates": {}, "bulk_days": []}
    if isinstance(found, queries.TooLittle):
        return Forecast.model_validate(given | {"missing": _missing(found)})
    return Forecast.model_validate(given | forecast_document(found))


@area.read("/teams/{team_key}/sprint-chance")
def get_sprint_chance(request: ApiRequest, team_key: str) -> SprintChance:
    """Read the chance that the running Sprint's open items are done by its end."""
    found = queries.sprint_chance(team_of(request, team_key))
    if isinstance(found, queries.SprintChance):
        return SprintChance(
            sprint=found.sprint,
            open_items=found.open_items,
            ends_on=found.ends_on,
            chance=found.chance,
            sample_weeks=found.sample_weeks,
            missing=None,
        )
    empty: dict[str, Any] = dict.fromkeys(SprintChance.model_fields)
    return SprintChance(**(empty | {"missing": _missing(found) if found else None}))


def _missing(found: queries.TooLittle) -> Missing:
    return Missing(text=found.text, needed=found.needed, given=found.given)
