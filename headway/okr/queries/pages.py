"""The page of one Key Result: its series, what people said, what was decided."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from headway.agreements.queries import DecisionRow, decisions_on
from headway.live.models import Change
from headway.people.models import Organisation

from .. import grading
from ..models import CheckIn, KeyResult, Measurement
from .overview import aligned, key_result_rows
from .progress import KeyResultRow, progress_of, row_of, time_used

WEEKS = 8
AGREED = ("baseline", "target", "lower", "upper", "direction")


@dataclass(frozen=True)
class MeasurementRow:
    """A value on a day. `replaced_by`: the correction that counts in its place; `is_withdrawn`: taken back."""

    id: int
    on: dt.date
    value: float
    source: str
    by: str
    entered_at: dt.datetime
    replaced_by: int | None
    is_withdrawn: bool
    is_history: bool  # before the cycle

    @property
    def counts(self) -> bool:
        return self.replaced_by is None and not self.is_withdrawn


@dataclass(frozen=True)
class CheckInRow:
    """A check-in with its value and the confidence before it."""

    id: int
    on: dt.date
    value: float | None
    confidence: int | None
    confidence_before: int | None
    text: str
    next_step: str
    by: str


@dataclass(frozen=True)
class Week:
    """Pace and confidence as they were on one day."""

    on: dt.date
    pace: float | None
    confidence: int | None


@dataclass(frozen=True)
class EarlierTerms:
    """What was agreed before a decision changed it, and what it would score today."""

    until: dt.datetime
    terms: grading.Terms
    score: float | None


@dataclass(frozen=True)
class KeyResultPage:
    """Everything about one Key Result that this area and those below know."""

    row: KeyResultRow
    cycle: str
    starts_on: dt.date
    ends_on: dt.date
    why: str
    source: str
    is_archived: bool
    measurements: tuple[MeasurementRow, ...]  # oldest first, with those that count no more
    check_ins: tuple[CheckInRow, ...]  # newest first
    weeks: tuple[Week, ...]  # oldest first
    decisions: tuple[DecisionRow, ...]
    earlier: tuple[EarlierTerms, ...]  # newest first
    uppers: tuple[KeyResultRow, ...]
    contributors: tuple[KeyResultRow, ...]

    @property
    def series(self) -> list[MeasurementRow]:
        """The values that count, oldest first."""
        return [row for row in self.measurements if row.counts]


def key_result_page(key_result: KeyResult, *, today: dt.date) -> KeyResultPage:
    """Return the page of a Key Result. Thirteen queries, however long its history."""
    found = KeyResult.objects.select_related("objective__cycle", "objective__team", "owner").get(pk=key_result.pk)
    cycle = found.objective.cycle
    row = row_of(found, progress_of([found], today)[found.pk])
    measurements = _measurements(found, cycle.starts_on)
    check_ins = _check_ins(found)
    uppers, contributors = aligned([found.pk], today=today)
    last = row.progress.now if not row.progress.is_history else None
    return KeyResultPage(
        row=row,
        cycle=cycle.name,
        starts_on=cycle.starts_on,
        ends_on=cycle.ends_on,
        why=found.objective.why,
        source=found.source,
        is_archived=found.archived_at is not None or found.objective.archived_at is not None,
        measurements=measurements,
        check_ins=check_ins,
        weeks=tuple(_weeks(row, measurements, check_ins, cycle.starts_on, cycle.ends_on, today)),
        decisions=tuple(decisions_on(found)),
        earlier=tuple(_earlier(found, last)),
        uppers=uppers.get(found.pk, ()),
        contributors=contributors.get(found.pk, ()),
    )


@dataclass(frozen=True)
class MyKeyResult:
    """A Key Result that a person holds, with its values in the cycle (oldest first) for a small line."""

    row: KeyResultRow
    starts_on: dt.date
    ends_on: dt.date
    series: tuple[tuple[dt.date, float], ...]

    @property
    def before(self) -> float | None:
        """The value before the last one."""
        return self.series[-2][1] if len(self.series) > 1 else None


def held_by(person_id: int, organisation: Organisation, *, today: dt.date) -> list[MyKeyResult]:
    """Return the Key Results that a person holds in the cycles that run. Six queries."""
    found = KeyResult.objects.active().filter(
        owner=person_id,
        objective__organisation=organisation,
        objective__cycle__archived_at=None,
        objective__cycle__starts_on__lte=today,
        objective__cycle__ends_on__gte=today,
    )
    rows = key_result_rows(found, today=today)
    spans = {
        pk: (starts_on, ends_on)
        for pk, starts_on, ends_on in found.values_list(
            "pk", "objective__cycle__starts_on", "objective__cycle__ends_on"
        )
    }
    series: dict[int, list[tuple[dt.date, float]]] = {row.id: [] for row in rows}
    values = Measurement.objects.current().filter(key_result__in=list(series)).order_by("measured_on", "id")
    for pk, on, value in values.values_list("key_result_id", "measured_on", "value"):
        if spans[pk][0] <= on <= today:
            series[pk].append((on, value))
    return [MyKeyResult(row, *spans[row.id], tuple(series[row.id])) for row in rows]


def _measurements(key_result: KeyResult, starts_on: dt.date) -> tuple[MeasurementRow, ...]:
    rows = list(Measurement.objects.filter(key_result=key_result).select_related("by"))
    replaced = {row.corrects_id: row.pk for row in rows if row.corrects_id and row.withdrawn_at is None}
    return tuple(
        MeasurementRow(
            id=row.pk,
            on=row.measured_on,
            value=row.value,
            source=row.source,
            by=row.by.name if row.by else "",
            entered_at=row.entered_at,
            replaced_by=replaced.get(row.pk),
            is_withdrawn=row.withdrawn_at is not None,
            is_history=row.measured_on < starts_on,
        )
        for row in rows
    )


def _check_ins(key_result: KeyResult) -> tuple[CheckInRow, ...]:
    rows = list(CheckIn.objects.filter(key_result=key_result).select_related("by", "measurement"))
    shown = []
    before: int | None = None
    for row in reversed(rows):
        value = row.measurement.value if row.measurement and row.measurement.withdrawn_at is None else None
        shown.append(
            CheckInRow(
                id=row.pk,
                on=row.on,
                value=value,
                confidence=row.confidence,
                confidence_before=before if row.confidence is not None else None,
                text=row.text,
                next_step=row.next_step,
                by=row.by.name if row.by else "",
            )
        )
        before = row.confidence if row.confidence is not None else before
    return tuple(reversed(shown))


def _weeks(
    row: KeyResultRow,
    measurements: Sequence[MeasurementRow],
    check_ins: Sequence[CheckInRow],
    starts_on: dt.date,
    ends_on: dt.date,
    today: dt.date,
) -> list[Week]:
    """Return pace and confidence a week apart, up to eight, none before the cycle began."""
    last = min(today, ends_on)
    days = [last - dt.timedelta(weeks=back) for back in range(WEEKS - 1, -1, -1)]
    counted = [m for m in measurements if m.counts and not m.is_history]
    weeks = []
    for day in days:
        if day < starts_on:
            continue
        values = [m.value for m in counted if m.on <= day]
        moved = grading.moved(row.terms, values[-1] if values else None)
        said = [c.confidence for c in check_ins if c.on <= day and c.confidence is not None]
        pace = grading.pace(moved, time_used(starts_on, ends_on, day))
        weeks.append(Week(day, pace, said[0] if said else None))
    return weeks


def _earlier(key_result: KeyResult, last: float | None) -> list[EarlierTerms]:
    """Return what was agreed before each change of it, newest first, from the history. One query."""
    changes = Change.objects.filter(
        subject_type=key_result._meta.label_lower,
        subject_id=key_result.pk,
        name="key_result.edited",
        undone_by=None,
        undoes=None,
    )
    now = {name: getattr(key_result, name) for name in AGREED}
    earlier = []
    for change in changes.order_by("-id"):
        before = {name: change.before[name] for name in AGREED if name in change.before}
        if not before:
            continue
        now |= before
        if "decision" in change.after.get("note", {}):
            terms = grading.Terms(type=key_result.type, is_guardrail=key_result.is_guardrail, **now)
            earlier.append(EarlierTerms(change.at, terms, grading.score(terms, last)))
    return earlier
