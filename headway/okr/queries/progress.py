"""Where Key Results stand: the last value, how far it moved, the pace, and what people think."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import F, Window
from django.db.models.functions import RowNumber

from .. import grading
from ..models import CheckIn, KeyResult, Measurement


@dataclass(frozen=True)
class Progress:
    """Where one Key Result stands on a day. Shares, time and pace are 0–1 (pace: 1 is even)."""

    now: float | None = None
    measured_on: dt.date | None = None
    is_history: bool = False  # the last value is older than the cycle, and moves nothing in it
    moved: float | None = None
    time_used: float = 0.0
    pace: float | None = None
    band: str = ""  # on_track, lagging, at_risk
    holds: bool | None = None  # within its limits, where it has some
    score: float | None = None
    grade: str = ""  # good, fair, poor
    confidence: int | None = None
    confidence_before: int | None = None
    confidence_on: dt.date | None = None
    disagreement: str = ""  # hopeful, worried


@dataclass(frozen=True)
class KeyResultRow:
    """A Key Result in any list, with where it stands."""

    id: int
    title: str
    short_name: str
    unit: str
    direction: str
    baseline: float | None
    target: float | None
    lower: float | None
    upper: float | None
    type: str
    klass: str
    ebm_area: str
    owner_id: int | None
    owner: str
    measured_from: str
    worth: float | None
    objective_id: int
    objective: str
    team_id: int | None
    progress: Progress

    @property
    def is_guardrail(self) -> bool:
        return self.klass == KeyResult.Class.GUARDRAIL

    @property
    def has_limits(self) -> bool:
        return self.direction == KeyResult.Direction.STAY_WITHIN

    @property
    def is_learning(self) -> bool:
        return self.terms.is_learning

    @property
    def terms(self) -> grading.Terms:
        return grading.Terms(
            type=self.type,
            direction=self.direction,
            is_guardrail=self.is_guardrail,
            baseline=self.baseline,
            target=self.target,
            lower=self.lower,
            upper=self.upper,
        )


def progress_of(key_results: Iterable[KeyResult], today: dt.date) -> dict[int, Progress]:
    """Return the Progress of each Key Result by id. Three queries, however many there are."""
    key_results = list(key_results)
    if not key_results:
        return {}
    ids = [key_result.pk for key_result in key_results]
    spans = {
        row["pk"]: (row["objective__cycle__starts_on"], row["objective__cycle__ends_on"])
        for row in KeyResult.objects.filter(pk__in=ids).values(
            "pk", "objective__cycle__starts_on", "objective__cycle__ends_on"
        )
    }
    last = _last_measurements(ids, today)
    checked = _last_confidences(ids, today)
    return {kr.pk: _progress(kr, spans[kr.pk], last.get(kr.pk), checked.get(kr.pk, []), today) for kr in key_results}


def row_of(key_result: KeyResult, progress: Progress) -> KeyResultRow:
    """Return the row of a Key Result whose objective and owner are loaded."""
    return KeyResultRow(
        id=key_result.pk,
        title=key_result.title,
        short_name=key_result.short_name,
        unit=key_result.unit,
        direction=key_result.direction,
        baseline=key_result.baseline,
        target=key_result.target,
        lower=key_result.lower,
        upper=key_result.upper,
        type=key_result.type,
        klass=key_result.klass,
        ebm_area=key_result.ebm_area,
        owner_id=key_result.owner_id,
        owner=key_result.owner.name if key_result.owner else "",
        measured_from=key_result.measured_from,
        worth=key_result.worth,
        objective_id=key_result.objective_id,
        objective=key_result.objective.title,
        team_id=key_result.objective.team_id,
        progress=progress,
    )


def time_used(starts_on: dt.date, ends_on: dt.date, today: dt.date) -> float:
    """Return the share of a cycle that has passed on the evening of `today`, 0–1."""
    days = (ends_on - starts_on).days + 1
    return min(max(((today - starts_on).days + 1) / days, 0.0), 1.0)


def _progress(
    key_result: KeyResult,
    span: tuple[dt.date, dt.date],
    last: tuple[dt.date, float] | None,
    checked: list[tuple[dt.date, int]],
    today: dt.date,
) -> Progress:
    terms, (starts_on, ends_on) = key_result.terms, span
    measured_on, now = last or (None, None)
    is_history = measured_on is not None and measured_on < starts_on
    counted = None if is_history else now
    moved, used = grading.moved(terms, counted), time_used(starts_on, ends_on, today)
    pace = grading.pace(moved, used)
    band = grading.pace_band(pace)
    confidence_on, confidence = checked[0] if checked else (None, None)
    return Progress(
        now=now,
        measured_on=measured_on,
        is_history=is_history,
        moved=moved,
        time_used=used,
        pace=pace,
        band=band,
        holds=grading.holds(terms, now),
        score=grading.score(terms, counted),
        grade=grading.band(terms, counted),
        confidence=confidence,
        confidence_before=checked[1][1] if len(checked) > 1 else None,
        confidence_on=confidence_on,
        disagreement=grading.disagreement(band, confidence),
    )


def _last_measurements(ids: list[int], today: dt.date) -> dict[int, tuple[dt.date, float]]:
    rows = (
        Measurement.objects.current()
        .filter(key_result__in=ids, measured_on__lte=today)
        .annotate(
            place=Window(
                RowNumber(), partition_by=F("key_result_id"), order_by=[F("measured_on").desc(), F("id").desc()]
            )
        )
        .filter(place=1)
        .values_list("key_result_id", "measured_on", "value")
    )
    return {key_result_id: (measured_on, value) for key_result_id, measured_on, value in rows}


def _last_confidences(ids: list[int], today: dt.date) -> dict[int, list[tuple[dt.date, int]]]:
    rows = (
        CheckIn.objects.filter(key_result__in=ids, confidence__isnull=False, on__lte=today)
        .annotate(place=Window(RowNumber(), partition_by=F("key_result_id"), order_by=[F("on").desc(), F("id").desc()]))
        .filter(place__lte=2)
        .order_by("key_result_id", "place")
        .values_list("key_result_id", "on", "confidence")
    )
    found: dict[int, list[tuple[dt.date, int]]] = {}
    for key_result_id, on, confidence in rows:
        found.setdefault(key_result_id, []).append((on, confidence or 0))
    return found
