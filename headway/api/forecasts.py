"""Forecasts from a team's own throughput: a range with its chance and its sample size, or what is missing."""

import datetime as dt
from typing import Annotated, Any, Literal

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from ninja import Query
from pydantic import Field

from headway.value import queries
from headway.value.documents import forecast_document
from headway.value.models import KeptForecast as KeptRow
from headway.value.queries import calibration as queries_calibration
from headway.value.queries.calibration import NEEDED, calibration_of

from .platform.asking import ApiRequest
from .platform.finding import team_of
from .platform.paging import Page, Paging, page_of
from .platform.problems import field_problem
from .platform.routes import Area
from .platform.schemas import Day, Filters, Id, Moment, Out

area = Area("Forecasts")

KeptKind = Literal["items_by_day", "day_for_items", "sprint_done", "key_result"]


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


class KeptForecast(Out):
    """A forecast as somebody was shown it, and how good it was; the scores are null until its date has passed.

    In weeks for `day_for_items`, items for `items_by_day`, the Key Result's unit for `key_result`; `sprint_done` has a
    chance. A null `truth` of a scored one: later than all that was said.
    """

    id: Id
    kind: KeptKind
    key_result_id: Id | None
    sprint_id: Id | None
    items: int | None
    made_on: Day
    due_on: Day
    quantiles: dict[str, float | None]
    chance: float | None
    baseline: Annotated[float | None, Field(description="Mean velocity carried on, or the last value.")]
    sample: int
    model: str
    scored_at: Moment | None
    truth: float | None
    crps: float | None
    baseline_crps: float | None
    pit: Annotated[float | None, Field(description="Where in its quantiles the truth fell, 0 to 1.")]
    held: Annotated[bool | None, Field(description="The range of 8 in 10 held it.")]
    brier: float | None


class Ranges(Out):
    """How good ranges of one kind were: of `told`, so many held 8 in 10; in which fifth of them the truth fell."""

    told: int
    missing: Annotated[int, Field(description="So many more are needed before anything is said.")]
    held: int | None
    fifths: list[int]
    closer: Annotated[int | None, Field(description="In so many of `compared` the naive answer was worse.")]
    compared: int | None
    score_ratio: Annotated[float | None, Field(description="CRPS over that of the naive answer; under 1 is better.")]


class Worth(Out):
    """What bets of one area turned out to be worth."""

    name: str
    verdicts: int
    moved: float
    hit_rate: float
    brought: Annotated[float | None, Field(description="Measured over promised.")]
    size_factor: float | None


class Calibration(Out):
    """A team's record. Of each kind of forecast the first of a week counts."""

    last_ranges: int
    last_held: int | None
    bets: Ranges
    dates: Ranges
    items_by_day: Ranges
    key_results: Ranges
    verdicts: int
    areas: list[Worth]
    width_factor: float | None


class KeptFilters(Paging):
    kind: KeptKind | None = None
    scored: Annotated[bool | None, Field(description="Those with a score, or without.")] = None


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


@area.read("/teams/{team_key}/kept-forecasts")
def list_kept_forecasts(request: ApiRequest, team_key: str, filters: Query[KeptFilters]) -> Page[KeptForecast]:
    """List the forecasts that somebody was shown, the last one first; scored once their date has passed."""
    rows = KeptRow.objects.filter(team=team_of(request, team_key))
    if filters.kind:
        rows = rows.filter(kind=filters.kind)
    if filters.scored is not None:
        rows = rows.filter(scored_at__isnull=not filters.scored)
    return page_of(rows, filters, _kept, order=("-made_on", "-id"))


@area.read("/teams/{team_key}/calibration")
def get_calibration(request: ApiRequest, team_key: str) -> Calibration:
    """Read how good the team's promises were. Under five of a kind its `missing` says how many are lacking."""
    found = calibration_of(team_of(request, team_key))
    return Calibration(
        last_ranges=len(found.squares),
        last_held=found.held if len(found.squares) >= NEEDED else None,
        bets=_ranges(found.bets),
        dates=_ranges(found.dates),
        items_by_day=_ranges(found.items),
        key_results=_ranges(found.key_results),
        verdicts=found.verdicts,
        areas=[
            Worth(
                name=row.name,
                verdicts=row.verdicts,
                moved=row.moved,
                hit_rate=row.as_used,
                brought=row.brought,
                size_factor=row.size,
            )
            for row in found.worth
        ]
        if not found.missing_verdicts
        else [],
        width_factor=None if found.missing_verdicts else found.record.team.width,
    )


def _ranges(found: queries_calibration.Ranges) -> Ranges:
    if found.missing:
        return Ranges(
            told=found.told, missing=found.missing, held=None, fifths=[], closer=None, compared=None, score_ratio=None
        )
    return Ranges(
        told=found.told,
        missing=0,
        held=found.held,
        fifths=list(found.bins),
        closer=found.closer,
        compared=found.compared,
        score_ratio=found.beyond_naive,
    )


def _kept(row: KeptRow) -> KeptForecast:
    kind: Any = row.kind
    return KeptForecast(
        id=row.pk,
        kind=kind,
        key_result_id=row.key_result_id,
        sprint_id=row.sprint_id,
        items=row.items,
        made_on=row.made_on,
        due_on=row.due_on,
        quantiles={f"{level:g}": value for level, value in zip(row.LEVELS, row.quantiles, strict=False)},
        chance=row.chance,
        baseline=row.naive,
        sample=row.sample,
        model=row.model,
        scored_at=row.scored_at,
        truth=row.truth,
        crps=row.crps,
        baseline_crps=row.naive_crps,
        pit=row.pit,
        held=row.held,
        brier=row.brier,
    )


def _missing(found: queries.TooLittle) -> Missing:
    return Missing(text=found.text, needed=found.needed, given=found.given)
