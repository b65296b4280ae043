"""Key Results: what was agreed, where each stands, and which leads to which."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated, Any, Literal

from ninja import Query
from pydantic import Field

from headway.lib import clock
from headway.okr import actions
from headway.okr import models as okr
from headway.okr.queries import Progress as Standing
from headway.okr.queries import progress_of
from headway.value.queries import TooLittle
from headway.value.queries.outlook import outlook_of

from .objectives import Place
from .platform.asking import ApiRequest
from .platform.finding import chosen, found, people_of
from .platform.paging import Page, Paging, slice_of
from .platform.routes import Area
from .platform.schemas import Day, Edit, Id, In, Line, Moment, Number, Out, QueryId, Text

area = Area("Key Results")
SCOPE = "write:okr"

Direction = Literal["increase", "decrease", "stay_within", "milestone"]
Type = Literal["aspirational", "committed", "learning", "compliance"]
Class = Literal["leading", "lagging", "guardrail"]
EbmArea = Literal["", "CV", "UV", "A2I", "T2M"]


class Progress(Out):
    """Where a Key Result stands today. Shares and time are 0 to 1; a pace of 1 is even."""

    now: Annotated[float | None, Field(description="The last value.")]
    measured_on: Day | None
    is_history: Annotated[bool, Field(description="The last value is older than the cycle: it moves nothing in it.")]
    moved: Annotated[float | None, Field(description="Share of the way from baseline to target.")]
    time_used: float
    pace: float | None
    band: Annotated[str, Field(description="on_track, lagging, at_risk, or empty.")]
    holds: Annotated[bool | None, Field(description="Within its limits, where it has some.")]
    score: float | None
    grade: Annotated[str, Field(description="good, fair, poor, or empty.")]
    confidence: Annotated[int | None, Field(description="0 to 10, from the last check-in that said one.")]
    confidence_before: int | None
    confidence_on: Day | None
    disagreement: Annotated[str, Field(description="hopeful or worried where confidence and pace differ, or empty.")]


class KeyResult(Out):
    """From–to: a metric with its baseline and target, or with limits to stay within."""

    id: Id
    objective_id: Id
    team_key: str | None
    title: str
    short_name: str
    unit: str
    direction: Direction
    baseline: float | None
    target: float | None
    lower: float | None
    upper: float | None
    type: Type
    klass: Annotated[Class, Field(alias="class")]
    ebm_area: EbmArea
    owner_id: Id | None
    owner: Annotated[str, Field(description="The owner's name.")]
    measured_from: str
    worth: Annotated[float | None, Field(description="Money over the horizon of value for closing the gap.")]
    position: int
    source: str
    archived_at: Moment | None
    contributes_to: Annotated[list[Id], Field(description="Key Results one level up.")]
    progress: Progress


class MissingMeasurements(Out):
    """There is no outlook yet, and this is what is missing."""

    text: str
    needed: Annotated[int, Field(description="Measurements that are needed.")]
    given: Annotated[int, Field(description="Measurements that there are.")]


class Outlook(Out):
    """What its own measurements say of a Key Result on the last day of its cycle; nulls where nothing can be said."""

    ends_on: Day | None
    low: Annotated[float | None, Field(description="It lies between low and high in 8 of 10 cases.")]
    middle: Annotated[float | None, Field(description="As likely over as under.")]
    high: float | None
    target: Annotated[float | None, Field(description="Chance of the target, or to lie within the limits.")]
    seven_tenths: Annotated[float | None, Field(description="Chance of 0.7 of the way; null with limits.")]
    attainment: Annotated[float | None, Field(description="Expected share of the way, 0 to 1; null with limits.")]
    measurements: Annotated[int | None, Field(description="Those that it rests on.")]
    line: Annotated[float | None, Field(description="The straight line through the last measurements, carried on.")]
    missing: MissingMeasurements | None


class NewKeyResult(In):
    """A Key Result to write. "Stay within" takes `lower` and `upper` in place of a target."""

    objective_id: Id
    title: Annotated[Line, Field(examples=["Repeat orders without a call"])]
    short_name: Annotated[Line, Field(max_length=40, description="Two words; empty: proposed from the title.")] = ""
    unit: Annotated[Line, Field(max_length=20, examples=["%"])] = ""
    direction: Direction = "increase"
    baseline: Annotated[Number | None, Field(examples=[30])] = None
    target: Annotated[Number | None, Field(examples=[50])] = None
    lower: Number | None = None
    upper: Number | None = None
    type: Type = "aspirational"
    klass: Annotated[Class, Field(alias="class")] = "leading"
    ebm_area: EbmArea = ""
    owner_id: Id | None = None
    measured_from: Annotated[Line, Field(max_length=200)] = ""
    worth: Annotated[Number | None, Field(ge=0)] = None


class KeyResultEdit(Edit):
    """What shall be different. What was agreed and measured already changes only with a `reason`, kept as decision."""

    title: Line = ""
    short_name: Annotated[Line, Field(max_length=40)] = ""
    unit: Annotated[Line, Field(max_length=20)] = ""
    direction: Direction = "increase"
    baseline: Number | None = None
    target: Number | None = None
    lower: Number | None = None
    upper: Number | None = None
    type: Type = "aspirational"
    klass: Annotated[Class, Field(alias="class")] = "leading"
    ebm_area: EbmArea = ""
    owner_id: Id | None = None
    measured_from: Annotated[Line, Field(max_length=200)] = ""
    worth: Annotated[Number | None, Field(ge=0)] = None
    reason: Annotated[Text, Field(max_length=5000)] = ""
    review_on: Day | None = None


class KeyResultFilters(Paging):
    cycle_id: QueryId | None = None
    objective_id: QueryId | None = None
    team_key: str | None = None
    owner_id: QueryId | None = None
    archived: Annotated[bool, Field(description="Those put away, in place of the others.")] = False


@area.read("/key-results")
def list_key_results(request: ApiRequest, filters: Query[KeyResultFilters]) -> Page[KeyResult]:
    """List Key Results with where they stand, in the order in which they were written."""
    rows = _rows(request).filter(archived_at__isnull=not filters.archived)
    wanted: dict[str, Any] = {
        "objective__cycle": filters.cycle_id,
        "objective": filters.objective_id,
        "objective__team__key": filters.team_key and filters.team_key.upper(),
        "owner": filters.owner_id,
    }
    rows = rows.filter(**{name: value for name, value in wanted.items() if value is not None})
    taken, cursor = slice_of(rows, filters, order=("id",))
    return Page(items=represent(taken), next_cursor=cursor)


@area.read("/key-results/{int:key_result_id}")
def get_key_result(request: ApiRequest, key_result_id: int) -> KeyResult:
    """Read a Key Result with where it stands."""
    return represent([key_result_of(request, key_result_id)])[0]


@area.read("/key-results/{int:key_result_id}/outlook")
def get_key_result_outlook(request: ApiRequest, key_result_id: int) -> Outlook:
    """Read how likely a Key Result gets to its target; all null once its last day is measured or over."""
    found = outlook_of(key_result_of(request, key_result_id))
    given: dict[str, Any] = dict.fromkeys(Outlook.model_fields)
    if isinstance(found, TooLittle):
        given["missing"] = MissingMeasurements(text=found.text, needed=found.needed, given=found.given)
    elif found is not None:
        given |= asdict(found)
    return Outlook(**given)


@area.create("/key-results", scope=SCOPE)
def create_key_result(request: ApiRequest, body: NewKeyResult) -> KeyResult:
    """Write a Key Result."""
    values = body.model_dump(exclude={"objective_id", "owner_id"})
    objective = chosen(okr.Objective.objects.visible_to(request.actor), "objective_id", body.objective_id)
    owner = chosen(people_of(request), "owner_id", body.owner_id)
    made = actions.create_key_result(objective, by=request.actor, owner=owner, **values)
    return get_key_result(request, made.pk)


@area.change("/key-results/{int:key_result_id}", scope=SCOPE)
def edit_key_result(request: ApiRequest, key_result_id: int, body: KeyResultEdit) -> KeyResult:
    """Change a Key Result; where it was measured, what was agreed changes only with a reason."""
    row, values = key_result_of(request, key_result_id), body.given()
    if "owner_id" in values:
        values["owner"] = chosen(people_of(request), "owner_id", values.pop("owner_id"))
    actions.edit_key_result(row, by=request.actor, **values)
    return get_key_result(request, key_result_id)


@area.act("/key-results/{int:key_result_id}/move", scope=SCOPE)
def move_key_result(request: ApiRequest, key_result_id: int, body: Place) -> KeyResult:
    """Put a Key Result at a place among those of its objective."""
    actions.move_key_result(key_result_of(request, key_result_id), by=request.actor, to=body.to)
    return get_key_result(request, key_result_id)


@area.act("/key-results/{int:key_result_id}/archive", scope=SCOPE)
def archive_key_result(request: ApiRequest, key_result_id: int) -> KeyResult:
    """Take a Key Result off the pages; measurements, bets and decisions stay."""
    actions.archive_key_result(key_result_of(request, key_result_id), by=request.actor)
    return get_key_result(request, key_result_id)


@area.act("/key-results/{int:key_result_id}/restore", scope=SCOPE)
def restore_key_result(request: ApiRequest, key_result_id: int) -> KeyResult:
    """Bring an archived Key Result back."""
    actions.restore_key_result(key_result_of(request, key_result_id), by=request.actor)
    return get_key_result(request, key_result_id)


@area.replace("/key-results/{int:key_result_id}/contributes-to/{int:upper_id}", scope=SCOPE)
def align_key_result(request: ApiRequest, key_result_id: int, upper_id: int) -> KeyResult:
    """Say that a Key Result contributes to another, one level up."""
    row, upper = key_result_of(request, key_result_id), key_result_of(request, upper_id)
    actions.align(row, by=request.actor, upper=upper)
    return get_key_result(request, key_result_id)


@area.remove("/key-results/{int:key_result_id}/contributes-to/{int:upper_id}", scope=SCOPE)
def unalign_key_result(request: ApiRequest, key_result_id: int, upper_id: int) -> KeyResult:
    """Say that it does not contribute to the other (any more)."""
    row, upper = key_result_of(request, key_result_id), key_result_of(request, upper_id)
    actions.unalign(row, by=request.actor, upper=upper)
    return get_key_result(request, key_result_id)


def represent(rows: Sequence[okr.KeyResult], today: dt.date | None = None) -> list[KeyResult]:
    """Return Key Results as the API shows them. Four queries, however many."""
    standing = progress_of(rows, today or clock.today())
    uppers: dict[int, list[int]] = {}
    for pk, upper in (
        okr.Alignment.objects.filter(key_result__in=rows).order_by("id").values_list("key_result_id", "upper_id")
    ):
        uppers.setdefault(pk, []).append(upper)
    return [_represent(row, standing[row.pk], uppers.get(row.pk, [])) for row in rows]


def key_result_of(request: ApiRequest, key_result_id: int) -> okr.KeyResult:
    """Return the Key Result that the address names; 404 where the viewer sees none."""
    return found(_rows(request), pk=key_result_id)


def _rows(request: ApiRequest) -> okr.KeyResultQuerySet:
    rows = okr.KeyResult.objects.visible_to(request.actor)
    return rows.select_related("objective__team", "objective__cycle", "objective__organisation", "owner")


def _represent(row: okr.KeyResult, standing: Standing, uppers: list[int]) -> KeyResult:
    names = [name for name in KeyResult.model_fields if hasattr(okr.KeyResult, name)]
    values: dict[str, Any] = {name: getattr(row, name) for name in names if name not in {"owner", "contributes_to"}}
    team = row.objective.team
    return KeyResult(
        **values,
        team_key=team.key if team else None,
        owner=row.owner.name if row.owner else "",
        contributes_to=uppers,
        progress=Progress(**{name: getattr(standing, name) for name in Progress.model_fields}),
    )
