"""Measurements, check-ins and decisions about Key Results."""

from collections.abc import Sequence
from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from headway.agreements import actions as agreements
from headway.lib import clock
from headway.live.history import recording
from headway.okr import actions, queries
from headway.okr.models import KeyResult, Measurement
from headway.people.access import require

from ..kr_chart import small_line
from . import Request, add_errors, toast
from .key_results import key_result_page
from .okr_forms import CheckInForm, CorrectionForm, DecisionForm, MeasureForm
from .okr_parts import do, get_key_result, render_form, say


@require_POST
def measure(request: Request, key_result_id: int) -> HttpResponse:
    """Record a value, a confidence and what happened, in one go."""
    row = get_key_result(request, key_result_id)
    form = MeasureForm(request.POST, unit=row.unit)
    if form.is_valid():
        done = do(request, form, lambda: _check_in(request, row, form.cleaned_data))
        if done:
            is_history = form.cleaned_data["on"] < row.objective.cycle.starts_on
            told = _("Recorded as history: it lies before the cycle, and moves nothing in it.")
            toast(request, told if is_history else _("Recorded."), done.change)
            return redirect("key-result", key_result_id=row.pk)
    return key_result_page(request, row, measure_form=form)


def measurement(request: Request, measurement_id: int) -> HttpResponse:
    """Correct a value, or take it back; the old one stays beside it."""
    found = get_object_or_404(
        Measurement.objects.visible_to(request.actor).select_related("key_result__objective__cycle", "by"),
        pk=measurement_id,
    )
    row = found.key_result
    require(request.actor, "measure", row)
    if request.POST.get("withdraw"):
        say(
            request,
            _("Taken back. It stays in the history."),
            lambda: actions.withdraw_measurement(found, by=request.actor),
        )
        return redirect("key-result", key_result_id=row.pk)
    initial = {"value": found.value, "on": found.measured_on, "source": found.source}
    form = CorrectionForm(request.POST or None, unit=row.unit, initial=initial)
    if request.method == "POST" and form.is_valid():
        done = do(request, form, lambda: actions.correct_measurement(found, by=request.actor, **form.cleaned_data))
        if done:
            toast(request, _("Corrected. The old value stays in the history."), done.change)
            return redirect("key-result", key_result_id=row.pk)
    context = {"form": form, "measurement": found, "key_result": row}
    return render_form(request, "okrs/measurement.html", context, form)


def check_in(request: Request) -> HttpResponse:
    """Say where all Key Results stand that the viewer holds: one key records them."""
    mine = queries.held_by(request.actor.person_id or 0, request.organisation, today=clock.today())
    forms = [_check_in_form(request, one) for one in mine]
    faulty = [form for form in forms if not form.is_valid()]  # each is looked at, so that each says what is wrong
    if request.method == "POST" and not faulty:
        said = [(one, form) for one, form in zip(mine, forms, strict=True) if form.says_something]
        with recording() as made:
            count = _record(request, said)
        if count:
            text = ngettext(
                "%(count)s check-in recorded.",
                "%(count)s check-ins recorded. Each can be taken back in the activity.",
                count,
            )
            toast(request, text % {"count": count}, made[0] if len(made) == 1 else None)
            return redirect("results")
        if not said:
            toast(request, _("Nothing was said, so nothing is recorded."))
    context = {"rows": [(one, form, small_line(one)) for one, form in zip(mine, forms, strict=True)]}
    return render_form(request, "okrs/check_in.html", context, *forms)


@require_POST
def decide(request: Request, key_result_id: int) -> HttpResponse:
    """Write down a decision about a Key Result."""
    row = get_key_result(request, key_result_id)
    form = DecisionForm(request.POST)
    of = row.objective.team or request.organisation
    if form.is_valid():
        done = do(
            request,
            form,
            lambda: agreements.record_decision(of, by=request.actor, subject=row, **form.cleaned_data),
        )
        if done:
            toast(request, _("The decision is recorded."), done.change)
            return redirect("key-result", key_result_id=row.pk)
    return key_result_page(request, row, decision_form=form)


def _check_in(request: Request, row: KeyResult, cleaned: dict[str, Any]) -> Any:
    """Record a plain value as a Measurement, and anything said with it as a check-in."""
    said = (cleaned["confidence"], cleaned["text"], cleaned["next_step"])
    last = row.check_ins.exclude(confidence=None).first()
    is_as_before = last is not None and cleaned["confidence"] == last.confidence
    if cleaned["value"] is not None and not any(said[1:]) and (cleaned["confidence"] is None or is_as_before):
        return actions.measure(
            row, by=request.actor, value=cleaned["value"], on=cleaned["on"], source=cleaned["source"]
        )
    return actions.check_in(row, by=request.actor, **cleaned)


def _check_in_form(request: Request, mine: queries.MyKeyResult) -> CheckInForm:
    """Return a row's form; the confidence of last time is chosen already, where the viewer may say one."""
    return CheckInForm(
        request.POST if request.method == "POST" else None,
        prefix=f"kr{mine.row.id}",
        unit=mine.row.unit,
        initial={"confidence": mine.row.progress.confidence},
        auto_id=f"kr{mine.row.id}-%s",
    )


def _record(request: Request, said: Sequence[tuple[queries.MyKeyResult, CheckInForm]]) -> int:
    """Record the rows that say something, all or none; return how many."""
    rows = KeyResult.objects.visible_to(request.actor).select_related("objective__team", "objective__cycle")
    found = rows.in_bulk([one.row.id for one, _form in said])
    try:
        done = actions.check_in_all([(found[one.row.id], form.cleaned_data) for one, form in said], by=request.actor)
    except actions.CheckInsRefused as refused:
        for one, form in said:
            if one.row.id in refused.errors:
                add_errors(form, refused.errors[one.row.id])
        return 0
    return len(done)
