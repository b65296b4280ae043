"""Measurements and check-ins: the only thing that moves a Key Result, and what people think of it."""

from typing import Annotated, Any

from django.utils.translation import gettext as _
from ninja import Query
from pydantic import Field

from headway.okr import actions
from headway.okr import models as okr

from .key_results import key_result_of
from .platform.asking import ApiRequest
from .platform.finding import chosen, found
from .platform.paging import Page, Paging, page_of
from .platform.problems import Problem, field_problem, of_validation
from .platform.routes import Area
from .platform.schemas import Day, Id, In, Line, Moment, Number, Out, Text

area = Area("Measurements and check-ins")
SCOPE = "write:okr"
MOST_CHECK_INS = 100


class Measurement(Out):
    """A value of a Key Result on a day. One that `counts` not was corrected or taken back; it stays as history."""

    id: Id
    key_result_id: Id
    on: Day
    value: float
    source: str
    by: Annotated[str, Field(description="Name of who entered it; empty for a program or an import.")]
    entered_at: Moment
    corrects_id: Annotated[Id | None, Field(description="The value in whose place it stands.")]
    withdrawn_at: Moment | None
    counts: bool


class NewMeasurement(In):
    """A value to record; today unless a day is given."""

    value: Annotated[Number, Field(examples=[41.5])]
    on: Day | None = None
    source: Annotated[Line, Field(max_length=200, examples=["shop analytics, nightly"])] = ""


class Correction(In):
    """The right value in place of a wrong one. The day and the source stay unless given."""

    value: Number
    on: Day | None = None
    source: Annotated[Line | None, Field(max_length=200)] = None


class CheckIn(Out):
    """What people think of a Key Result on a day."""

    id: Id
    key_result_id: Id
    on: Day
    confidence: Annotated[int | None, Field(description="0 to 10.")]
    value: Annotated[float | None, Field(description="The measurement that came with it, while it stands.")]
    measurement_id: Id | None
    text: str
    next_step: str
    by: str


class NewCheckIn(In):
    """A check-in: a value, a confidence or a sentence; one of them is enough."""

    confidence: Annotated[int | None, Field(ge=0, le=10, strict=True, examples=[6])] = None
    value: Number | None = None
    text: Annotated[Text, Field(max_length=10_000)] = ""
    next_step: Annotated[Line, Field(max_length=300)] = ""
    on: Day | None = None
    source: Annotated[Line, Field(max_length=200)] = ""


class CheckInOf(NewCheckIn):
    """A check-in of the Key Result that it names."""

    key_result_id: Id


class NewCheckIns(In):
    """Several check-ins: all are recorded, or none."""

    check_ins: Annotated[list[CheckInOf], Field(min_length=1, max_length=MOST_CHECK_INS)]


class CheckIns(Out):
    """The check-ins that were recorded."""

    items: list[CheckIn]


class MeasurementFilters(Paging):
    counts: Annotated[bool, Field(description="Only those that count.")] = False


@area.read("/key-results/{int:key_result_id}/measurements")
def list_measurements(request: ApiRequest, key_result_id: int, filters: Query[MeasurementFilters]) -> Page[Measurement]:
    """List the values of a Key Result, the earliest day first."""
    rows = okr.Measurement.objects.filter(key_result=key_result_of(request, key_result_id))
    if filters.counts:
        rows = rows.current()
    return page_of(_whole(rows), filters, represent, order=("measured_on", "id"))


@area.create("/key-results/{int:key_result_id}/measurements", scope=SCOPE)
def measure(request: ApiRequest, key_result_id: int, body: NewMeasurement) -> Measurement:
    """Record what a Key Result was on a day."""
    row = key_result_of(request, key_result_id)
    made = actions.measure(row, by=request.actor, value=body.value, on=body.on, source=body.source)
    return get_measurement(request, made.pk)


@area.read("/measurements/{int:measurement_id}")
def get_measurement(request: ApiRequest, measurement_id: int) -> Measurement:
    """Read a measurement."""
    return represent(_measurement(request, measurement_id))


@area.create("/measurements/{int:measurement_id}/correct", scope=SCOPE)
def correct_measurement(request: ApiRequest, measurement_id: int, body: Correction) -> Measurement:
    """Put a right value in place of a wrong one.

    The answer is the new measurement; the old one stays beside it and counts no more.
    """
    row = _measurement(request, measurement_id)
    made = actions.correct_measurement(row, by=request.actor, value=body.value, on=body.on, source=body.source)
    return get_measurement(request, made.pk)


@area.remove("/measurements/{int:measurement_id}", scope=SCOPE)
def withdraw_measurement(request: ApiRequest, measurement_id: int) -> Measurement:
    """Take a value back: it counts no more and stays in the history."""
    actions.withdraw_measurement(_measurement(request, measurement_id), by=request.actor)
    return get_measurement(request, measurement_id)


@area.read("/key-results/{int:key_result_id}/check-ins")
def list_check_ins(request: ApiRequest, key_result_id: int, paging: Query[Paging]) -> Page[CheckIn]:
    """List the check-ins of a Key Result, the newest first."""
    rows = okr.CheckIn.objects.filter(key_result=key_result_of(request, key_result_id))
    return page_of(rows.select_related("by", "measurement"), paging, represent_check_in, order=("-on", "-id"))


@area.create("/key-results/{int:key_result_id}/check-ins", scope=SCOPE)
def check_in(request: ApiRequest, key_result_id: int, body: NewCheckIn) -> CheckIn:
    """Say where a Key Result stands.

    A confidence other than last time's needs a sentence why.
    """
    row = key_result_of(request, key_result_id)
    return represent_check_in(actions.check_in(row, by=request.actor, **body.model_dump()))


@area.create("/check-ins", scope=SCOPE)
def check_in_all(request: ApiRequest, body: NewCheckIns) -> CheckIns:
    """Say where several Key Results stand: all is recorded, or nothing."""
    rows = okr.KeyResult.objects.visible_to(request.actor).select_related("objective__team", "objective__cycle")
    ids = [entry.key_result_id for entry in body.check_ins]
    if len(set(ids)) < len(ids):
        raise field_problem("check_ins", _("Each Key Result once."))
    entries: list[tuple[okr.KeyResult, dict[str, Any]]] = []
    for place, entry in enumerate(body.check_ins):
        row = chosen(rows, f"check_ins.{place}.key_result_id", entry.key_result_id)
        entries.append((row, entry.model_dump(exclude={"key_result_id"})))
    try:
        made = actions.check_in_all(entries, by=request.actor)
    except actions.CheckInsRefused as refused:
        problems = [
            (f"check_ins.{ids.index(pk)}.{field}".rstrip("."), message)
            for pk, error in refused.errors.items()
            for field, message in of_validation(request, error).errors
        ]
        raise Problem(422, " ".join(message for _place, message in problems), errors=problems) from refused
    return CheckIns(items=[represent_check_in(row) for row in made])


@area.read("/check-ins/{int:check_in_id}")
def get_check_in(request: ApiRequest, check_in_id: int) -> CheckIn:
    """Read a check-in."""
    rows = okr.CheckIn.objects.filter(key_result__objective__organisation=request.organisation)
    return represent_check_in(found(rows.select_related("by", "measurement"), pk=check_in_id))


def represent(row: okr.Measurement) -> Measurement:
    """Return a measurement as the API shows it."""
    return Measurement(
        id=row.pk,
        key_result_id=row.key_result_id,
        on=row.measured_on,
        value=row.value,
        source=row.source,
        by=row.by.name if row.by else "",
        entered_at=row.entered_at,
        corrects_id=row.corrects_id,
        withdrawn_at=row.withdrawn_at,
        counts=row.withdrawn_at is None and _standing_correction(row) is None,
    )


def represent_check_in(row: okr.CheckIn) -> CheckIn:
    """Return a check-in as the API shows it."""
    measurement = row.measurement if row.measurement and row.measurement.withdrawn_at is None else None
    return CheckIn(
        id=row.pk,
        key_result_id=row.key_result_id,
        on=row.on,
        confidence=row.confidence,
        value=measurement.value if measurement else None,
        measurement_id=row.measurement_id,
        text=row.text,
        next_step=row.next_step,
        by=row.by.name if row.by else "",
    )


def _standing_correction(row: okr.Measurement) -> okr.Measurement | None:
    correction: okr.Measurement | None = getattr(row, "corrected_by", None)
    return correction if correction and correction.withdrawn_at is None else None


def _measurement(request: ApiRequest, measurement_id: int) -> okr.Measurement:
    return found(_whole(okr.Measurement.objects.visible_to(request.actor)), pk=measurement_id)


def _whole(rows: okr.MeasurementQuerySet) -> okr.MeasurementQuerySet:
    return rows.select_related("by", "corrected_by", "key_result__objective__team", "key_result__objective__cycle")
