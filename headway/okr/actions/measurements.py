"""Measurements and check-ins: the only thing that moves a Key Result, and what people think of it."""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from headway.lib import clock
from headway.live.edits import put_back, subject_of
from headway.live.history import CannotUndo, inverse, record
from headway.live.models import Change
from headway.people import access
from headway.people.actor import Actor

from ..models import CheckIn, KeyResult, Measurement
from ..values import is_finite


@transaction.atomic
def measure(
    key_result: KeyResult, *, by: Actor, value: float, on: dt.date | None = None, source: str = ""
) -> Measurement:
    """Record what a Key Result was on a day (today unless given).

    A day before the cycle is taken as history; a day to come is refused.
    """
    access.require(by, "measure", key_result)
    measurement = _measure(key_result, by=by, value=value, on=on, source=source)
    record(
        "measurement.recorded",
        by=by,
        subject=measurement,
        team_id=key_result.team_id,
        label=str(key_result),
        after={"value": value, "on": measurement.measured_on.isoformat(), "key_result": key_result.pk},
    )
    return measurement


@transaction.atomic
def correct_measurement(
    measurement: Measurement, *, by: Actor, value: float, on: dt.date | None = None, source: str | None = None
) -> Measurement:
    """Put a right value in place of a wrong one; the old one is kept beside it."""
    key_result = measurement.key_result
    access.require(by, "measure", key_result)
    old = _standing(measurement)
    on = on or old.measured_on
    if value == old.value and on == old.measured_on and source in (None, old.source):
        return old
    Measurement.objects.filter(corrects=old).update(corrects=None)  # an earlier correction that was withdrawn
    new = _measure(key_result, by=by, value=value, on=on, source=old.source if source is None else source, corrects=old)
    record(
        "measurement.corrected",
        by=by,
        subject=new,
        team_id=key_result.team_id,
        label=str(key_result),
        before={"value": old.value, "on": old.measured_on.isoformat(), "measurement": old.pk},
        after={"value": value, "on": on.isoformat(), "key_result": key_result.pk},
    )
    return new


@transaction.atomic
def withdraw_measurement(measurement: Measurement, *, by: Actor) -> Measurement:
    """Take a value back: it counts no more and stays in the history. What it had corrected counts again."""
    access.require(by, "measure", measurement.key_result)
    measurement = _standing(measurement)
    _withdraw(measurement)
    _record_withdrawal(measurement, by=by)
    return measurement


@transaction.atomic
def check_in(
    key_result: KeyResult,
    *,
    by: Actor,
    confidence: int | None = None,
    value: float | None = None,
    text: str = "",
    next_step: str = "",
    on: dt.date | None = None,
    source: str = "",
) -> CheckIn:
    """Say where a Key Result stands: its value (as a Measurement), confidence 0–10, what happened, what is next.

    A confidence other than last time's needs a sentence why.
    """
    access.require(by, "measure", key_result)
    text, next_step, on = text.strip(), next_step.strip(), on or clock.today()
    _require_check_in(key_result, confidence=confidence, value=value, text=text, next_step=next_step, on=on)
    measurement = None
    if value is not None:
        measurement = _measure(key_result, by=by, value=value, on=on, source=source)
    checked = CheckIn.objects.create(
        key_result=key_result,
        measurement=measurement,
        on=on,
        confidence=confidence,
        text=text,
        next_step=next_step,
        by_id=by.person_id,
    )
    record(
        "key_result.checked_in",
        by=by,
        subject=checked,
        team_id=key_result.team_id,
        label=str(key_result),
        after={"confidence": confidence, "value": value, "key_result": key_result.pk},
    )
    return checked


class CheckInsRefused(Exception):
    """Some of several check-ins cannot be recorded, so none is; `errors` by Key Result id."""

    def __init__(self, errors: Mapping[int, ValidationError]) -> None:
        super().__init__()
        self.errors = errors


@transaction.atomic
def check_in_all(entries: Sequence[tuple[KeyResult, Mapping[str, Any]]], *, by: Actor) -> list[CheckIn]:
    """Record several check-ins, or none: (Key Result, the fields of `check_in`) each. One Change for each of them.

    Raises CheckInsRefused with what is wrong, by Key Result.
    """
    done, errors = [], {}
    for key_result, fields in entries:
        try:
            done.append(check_in(key_result, by=by, **fields))
        except ValidationError as error:
            errors[key_result.pk] = error
    if errors:
        raise CheckInsRefused(errors)
    return done


def _measure(
    key_result: KeyResult,
    *,
    by: Actor,
    value: float,
    on: dt.date | None,
    source: str,
    corrects: Measurement | None = None,
) -> Measurement:
    on = on or clock.today()
    errors: dict[str, Any] = {}
    if not is_finite(value):
        errors["value"] = _("Write a number.")
    if on > clock.today():
        errors["on"] = _("This day is still to come: a measurement is of today or earlier.")
    if len(source) > 200:
        errors["source"] = _("Up to 200 characters.")
    if key_result.archived_at is not None or key_result.objective.archived_at is not None:
        errors["key_result"] = _("This Key Result is archived. Restore it before you measure it.")
    if errors:
        raise ValidationError(errors)
    return Measurement.objects.create(
        key_result=key_result,
        measured_on=on,
        value=value,
        source=source.strip(),
        by_id=by.person_id,
        entered_at=clock.now(),
        corrects=corrects,
    )


def _require_check_in(
    key_result: KeyResult,
    *,
    confidence: int | None,
    value: float | None,
    text: str,
    next_step: str,
    on: dt.date,
) -> None:
    errors: dict[str, Any] = {}
    if confidence is None and value is None and not text:
        errors["confidence"] = _("Give a value, a confidence or a sentence: one of them is enough.")
    if confidence is not None and not 0 <= confidence <= 10:
        errors["confidence"] = _("Confidence is a whole number from 0 to 10.")
    if len(next_step) > 300:
        errors["next_step"] = _("Up to 300 characters.")
    if on > clock.today():
        errors["on"] = _("This day is still to come.")
    last = key_result.check_ins.exclude(confidence=None).filter(on__lte=on).first()
    if last and confidence is not None and confidence != last.confidence and not text:
        errors["text"] = _("Confidence changed from %(from)s to %(to)s: say why, one sentence is enough.") % {
            "from": last.confidence,
            "to": confidence,
        }
    if errors:
        raise ValidationError(errors)


def _standing(measurement: Measurement) -> Measurement:
    """Return the measurement, locked. Raises ValidationError where it was replaced or taken back already."""
    locked = Measurement.objects.select_for_update().get(pk=measurement.pk)
    if not Measurement.objects.current().filter(pk=locked.pk).exists():
        raise ValidationError(_("This value was corrected or taken back already. Look at the newest one."))
    return locked


def _withdraw(measurement: Measurement) -> None:
    measurement.withdrawn_at = clock.now()
    measurement.save(update_fields=["withdrawn_at"])


def _record_withdrawal(measurement: Measurement, *, by: Actor, undoes: Change | None = None) -> Change:
    return record(
        "measurement.withdrawn",
        by=by,
        subject=measurement,
        team_id=measurement.key_result.team_id,
        label=str(measurement.key_result),
        before={"withdrawn_at": None},
        after={"withdrawn_at": measurement.withdrawn_at.isoformat() if measurement.withdrawn_at else None},
        undoes=undoes,
    )


@inverse("measurement.recorded")
@inverse("measurement.corrected")
def _unmeasure(change: Change, by: Actor) -> Change:
    measurement = subject_of(change, Measurement)
    access.require(by, "measure", measurement.key_result)
    _require_untouched(measurement)
    _withdraw(measurement)
    return _record_withdrawal(measurement, by=by, undoes=change)


@inverse("measurement.withdrawn")
def _unwithdraw(change: Change, by: Actor) -> Change:
    measurement = subject_of(change, Measurement)
    access.require(by, "measure", measurement.key_result)
    if measurement.corrects_id and Measurement.objects.current().filter(corrects=measurement.corrects_id).exists():
        raise CannotUndo(_("Another correction was entered since."))
    return put_back(measurement, change, by=by, team_id=measurement.key_result.team_id)


@inverse("key_result.checked_in")
def _uncheck(change: Change, by: Actor) -> Change:
    checked = subject_of(change, CheckIn)
    key_result = checked.key_result
    access.require(by, "measure", key_result)
    if checked.measurement:
        _require_untouched(checked.measurement)
        _withdraw(checked.measurement)
    done = record(
        "check_in.withdrawn",
        by=by,
        subject=checked,
        team_id=key_result.team_id,
        label=str(key_result),
        before={"confidence": checked.confidence, "text": checked.text, "next_step": checked.next_step},
        undoes=change,
    )
    checked.delete()
    return done


def _require_untouched(measurement: Measurement) -> None:
    if measurement.withdrawn_at is not None:
        raise CannotUndo(_("This value was taken back already."))
    if Measurement.objects.filter(corrects=measurement, withdrawn_at=None).exists():
        raise CannotUndo(_("This value was corrected since. Take the correction back first."))
