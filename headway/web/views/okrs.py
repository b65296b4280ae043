"""OKRs: the overview of a cycle, one objective, one Key Result, and everything that is written there."""

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_POST

from headway.agreements import actions as agreements
from headway.lib import clock
from headway.live.models import Change
from headway.okr import actions, queries
from headway.okr.models import Cycle, KeyResult, Measurement, Objective
from headway.people.access import allows, require
from headway.people.models import Team, Unit
from headway.scrum.models import Sprint
from headway.value.queries import BetOfKeyResult, bets_of, delivered_share

from ..formats import month
from ..kr_chart import Chart, Span, chart_of, small_line, trend_of
from . import Request, add_errors, back, toast
from .okr_forms import CheckInForm, CorrectionForm, DecisionForm, KeyResultForm, MeasureForm, ObjectiveForm

VERDICTS = {
    5: gettext_lazy("Exceeded"),
    4: gettext_lazy("Achieved"),
    3: gettext_lazy("Partly"),
    2: gettext_lazy("Not reached"),
    1: gettext_lazy("Harm"),
}


# Reading


def overview(request: Request) -> HttpResponse:
    """All objectives of a cycle by organisation, unit and team, with the pair of each Key Result."""
    cycle = _cycle(request)
    found = queries.cycle_overview(request.organisation, cycle, request.actor)
    context = {
        "overview": found,
        "delivered": delivered_share(row.id for row in found.key_results),
        "holds_one": any(row.owner_id == request.actor.person_id for row in found.key_results),
        "can_write": allows(request.actor, "write_okr", request.organisation),
        "can_make_cycles": allows(request.actor, "manage_cycles", request.organisation),
    }
    return render(request, "okrs/overview.html", context)


def objective(request: Request, objective_id: int) -> HttpResponse:
    """One objective with its Key Results, what they contribute to and what contributes to them."""
    row = _objective(request, objective_id)
    _turn_to(request, row)
    page = queries.objective_page(row, today=clock.today())
    context = {
        "page": page,
        "objective": row,
        "delivered": delivered_share(kr.id for kr in page.row.key_results),
        "can_write": allows(request.actor, "write_okr", row),
    }
    return render(request, "okrs/objective.html", context)


def key_result(request: Request, key_result_id: int) -> HttpResponse:
    """Where it stands, what moved it, and what people think of it."""
    row = _key_result(request, key_result_id)
    _turn_to(request, row.objective)
    return _key_result_page(request, row)


# Objectives


def new_objective(request: Request) -> HttpResponse:
    """Write an objective of a team, a unit or the organisation."""
    initial: dict[str, Any] = {"cycle": request.GET.get("cycle") or _cycle(request), "of": request.GET.get("of", "")}
    form = ObjectiveForm(request.POST or None, organisation=request.organisation, is_new=True, initial=initial)
    if request.method == "POST" and form.is_valid():
        done = _do(request, form, lambda: _create_objective(request, form.cleaned_data))
        if done:
            toast(request, _("The objective is written. Now its Key Results."), done.change)
            return redirect("objective", objective_id=done.result.pk)
    else:
        require(request.actor, "write_okr", request.organisation)
    return _render(request, "okrs/objective_form.html", {"form": form, "objective": None}, form)


def edit_objective(request: Request, objective_id: int) -> HttpResponse:
    row = _objective(request, objective_id)
    require(request.actor, "write_okr", row)
    initial = {"title": row.title, "why": row.why, "cycle": row.cycle_id}
    form = ObjectiveForm(request.POST or None, organisation=request.organisation, is_new=False, initial=initial)
    if request.method == "POST" and form.is_valid():
        done = _do(request, form, lambda: actions.edit_objective(row, by=request.actor, **form.cleaned_data))
        if done:
            toast(request, _("Saved."), done.change)
            return redirect("objective", objective_id=row.pk)
    return _render(request, "okrs/objective_form.html", {"form": form, "objective": row}, form)


@require_POST
def archive_objective(request: Request, objective_id: int) -> HttpResponse:
    """Archive an objective, or restore it (`restore`)."""
    row = _objective(request, objective_id)
    if request.POST.get("restore"):
        _say(request, _("Restored."), lambda: actions.restore_objective(row, by=request.actor))
    else:
        _say(request, _("Archived, with its history."), lambda: actions.archive_objective(row, by=request.actor))
    return redirect("objective", objective_id=row.pk)


@require_POST
def move_objective(request: Request, objective_id: int) -> HttpResponse:
    row = _objective(request, objective_id)
    _say(request, _("Moved."), lambda: actions.move_objective(row, by=request.actor, to=_number(request, "to")))
    return back(request, "results")


# Key Results


def new_key_result(request: Request, objective_id: int) -> HttpResponse:
    """Write a Key Result: the questions in their order."""
    of = _objective(request, objective_id)
    require(request.actor, "write_okr", of)
    form = KeyResultForm(request.POST or None, organisation=request.organisation)
    if request.method == "POST" and form.is_valid():
        done = _do(request, form, lambda: actions.create_key_result(of, by=request.actor, **form.cleaned_data))
        if done:
            toast(request, _("The Key Result is written."), done.change)
            return redirect("key-result", key_result_id=done.result.pk)
    context = {"form": form, "objective": of, "key_result": None, "currency": request.organisation.currency}
    return _render(request, "okrs/key_result_form.html", context, form)


def edit_key_result(request: Request, key_result_id: int) -> HttpResponse:
    """Change a Key Result; after it was measured, what was agreed needs a reason."""
    row = _key_result(request, key_result_id)
    require(request.actor, "write_okr", row)
    is_measured = row.measurements.current().exists()
    initial = {name: getattr(row, name) for name in KeyResultForm.base_fields if name != "reason"}
    form = KeyResultForm(
        request.POST or None, organisation=request.organisation, needs_reason=is_measured, initial=initial
    )
    if request.method == "POST" and form.is_valid():
        fields = {name: value for name, value in form.cleaned_data.items() if name != "reason"}
        reason = form.cleaned_data.get("reason", "")
        done = _do(request, form, lambda: actions.edit_key_result(row, by=request.actor, reason=reason, **fields))
        if done:
            toast(request, _("Saved."), done.change)
            return redirect("key-result", key_result_id=row.pk)
    context = {
        "form": form,
        "objective": row.objective,
        "key_result": row,
        "is_measured": is_measured,
        "currency": request.organisation.currency,
    }
    return _render(request, "okrs/key_result_form.html", context, form)


@require_POST
def archive_key_result(request: Request, key_result_id: int) -> HttpResponse:
    """Archive a Key Result, or restore it (`restore`)."""
    row = _key_result(request, key_result_id)
    if request.POST.get("restore"):
        _say(request, _("Restored."), lambda: actions.restore_key_result(row, by=request.actor))
    else:
        _say(request, _("Archived, with its history."), lambda: actions.archive_key_result(row, by=request.actor))
    return redirect("key-result", key_result_id=row.pk)


@require_POST
def move_key_result(request: Request, key_result_id: int) -> HttpResponse:
    row = _key_result(request, key_result_id)
    _say(request, _("Moved."), lambda: actions.move_key_result(row, by=request.actor, to=_number(request, "to")))
    return redirect("objective", objective_id=row.objective_id)


@require_POST
def align(request: Request, key_result_id: int) -> HttpResponse:
    """Let a Key Result contribute to one above, or (`remove`) no more."""
    row = _key_result(request, key_result_id)
    upper = _key_result(request, _number(request, "upper"))
    if request.POST.get("remove"):
        _say(request, _("It no longer contributes."), lambda: actions.unalign(row, by=request.actor, upper=upper))
    else:
        _say(request, _("It contributes now."), lambda: actions.align(row, by=request.actor, upper=upper))
    return redirect("key-result", key_result_id=row.pk)


# Measurements, check-ins, decisions


@require_POST
def measure(request: Request, key_result_id: int) -> HttpResponse:
    """Record a value, a confidence and what happened, in one go."""
    row = _key_result(request, key_result_id)
    form = MeasureForm(request.POST, unit=row.unit)
    if form.is_valid():
        done = _do(request, form, lambda: _check_in(request, row, form.cleaned_data))
        if done:
            is_history = form.cleaned_data["on"] < row.objective.cycle.starts_on
            told = _("Recorded as history: it lies before the cycle, and moves nothing in it.")
            toast(request, told if is_history else _("Recorded."), done.change)
            return redirect("key-result", key_result_id=row.pk)
    return _key_result_page(request, row, measure_form=form)


def measurement(request: Request, measurement_id: int) -> HttpResponse:
    """Correct a value, or take it back; the old one stays beside it."""
    found = get_object_or_404(
        Measurement.objects.visible_to(request.actor).select_related("key_result__objective__cycle", "by"),
        pk=measurement_id,
    )
    row = found.key_result
    require(request.actor, "measure", row)
    if request.POST.get("withdraw"):
        _say(
            request,
            _("Taken back. It stays in the history."),
            lambda: actions.withdraw_measurement(found, by=request.actor),
        )
        return redirect("key-result", key_result_id=row.pk)
    initial = {"value": found.value, "on": found.measured_on, "source": found.source}
    form = CorrectionForm(request.POST or None, unit=row.unit, initial=initial)
    if request.method == "POST" and form.is_valid():
        done = _do(request, form, lambda: actions.correct_measurement(found, by=request.actor, **form.cleaned_data))
        if done:
            toast(request, _("Corrected. The old value stays in the history."), done.change)
            return redirect("key-result", key_result_id=row.pk)
    context = {"form": form, "measurement": found, "key_result": row}
    return _render(request, "okrs/measurement.html", context, form)


def check_in(request: Request) -> HttpResponse:
    """Say where all Key Results stand that the viewer holds: one key records them."""
    mine = queries.held_by(request.actor.person_id or 0, request.organisation, today=clock.today())
    forms = [_check_in_form(request, one) for one in mine]
    faulty = [form for form in forms if not form.is_valid()]  # each is looked at, so that each says what is wrong
    if request.method == "POST" and not faulty:
        said = [(one, form) for one, form in zip(mine, forms, strict=True) if form.says_something]
        count = _record(request, said)
        if count:
            text = ngettext("%(count)s check-in recorded.", "%(count)s check-ins recorded.", count)
            toast(request, text % {"count": count})
            return redirect("results")
        if not said:
            toast(request, _("Nothing was said, so nothing is recorded."))
    context = {"rows": [(one, form, small_line(one)) for one, form in zip(mine, forms, strict=True)]}
    return _render(request, "okrs/check_in.html", context, *forms)


@require_POST
def decide(request: Request, key_result_id: int) -> HttpResponse:
    """Write down a decision about a Key Result."""
    row = _key_result(request, key_result_id)
    form = DecisionForm(request.POST)
    of = row.objective.team or request.organisation
    if form.is_valid():
        done = _do(
            request,
            form,
            lambda: agreements.record_decision(of, by=request.actor, subject=row, **form.cleaned_data),
        )
        if done:
            toast(request, _("The decision is recorded."), done.change)
            return redirect("key-result", key_result_id=row.pk)
    return _key_result_page(request, row, decision_form=form)


# Shared by the above


@dataclass(frozen=True)
class Ledger:
    """Bets that were delivered or judged on one axis, and what they add up to."""

    bets: tuple[BetOfKeyResult, ...]
    low: float
    high: float
    digits: int  # after the point, of every figure
    judged: int
    promised: float  # by those judged with a figure
    measured: float


@dataclass(frozen=True)
class _Done:
    result: Any
    change: Change | None


def _key_result_page(request: Request, row: KeyResult, **forms: Any) -> HttpResponse:
    today = clock.today()
    page = queries.key_result_page(row, today=today)
    bets = bets_of(row.pk)
    shipped = [(str(bet.number), bet.done_at.date()) for bet in bets if bet.done_at]
    spans = _spans(page, row.objective.team_id)
    charts = [chart_of(page, spans=spans, shipped=shipped, today=today, width=width) for width in (800, 344)]
    open_bets = tuple(bet for bet in bets if not _is_delivered(bet))
    context = {
        "page": page,
        "kr": page.row,
        "objective": row.objective,
        "delivered": delivered_share([row.pk])[row.pk],
        "charts": charts if page.series or _has_way(charts[0]) else [],
        "trend": trend_of(page.weeks),
        "ledger": _ledger([bet for bet in bets if _is_delivered(bet)]),
        "open_bets": open_bets,
        "open_axis": _axis(open_bets),
        "open_digits": _digits(open_bets),
        "moved_by": _moved_by(page),
        "verdicts": VERDICTS,
        "measure_form": forms.get("measure_form")
        or MeasureForm(unit=row.unit, initial={"confidence": page.row.progress.confidence}),
        "decision_form": forms.get("decision_form") or DecisionForm(),
        "uppers": _possible_uppers(row, page) if allows(request.actor, "write_okr", row) else [],
        "can_write": allows(request.actor, "write_okr", row),
        "can_measure": allows(request.actor, "measure", row) and not page.is_archived,
        "can_decide": allows(request.actor, "decide", row.objective.team or request.organisation),
    }
    return _render(request, "okrs/key_result.html", context, *forms.values())


def _is_delivered(bet: BetOfKeyResult) -> bool:
    return bet.done_at is not None or bet.bet.verdict is not None


def _ledger(bets: Sequence[BetOfKeyResult]) -> Ledger:
    judged = [bet for bet in bets if bet.bet.verdict and bet.bet.verdict.measured is not None]
    low, high = _axis(bets)
    return Ledger(
        bets=tuple(bets),
        low=low,
        high=high,
        digits=_digits(bets),
        judged=len(judged),
        promised=sum(bet.bet.likely for bet in judged),
        measured=sum(bet.bet.verdict.measured or 0.0 for bet in judged if bet.bet.verdict),
    )


def _axis(bets: Sequence[BetOfKeyResult]) -> tuple[float, float]:
    """Return the ends of one axis for all ranges, with 0 on it."""
    measured = [bet.bet.verdict.measured for bet in bets if bet.bet.verdict and bet.bet.verdict.measured is not None]
    ends = [0.0, *(bet.bet.low for bet in bets), *(bet.bet.high for bet in bets), *measured]
    low, high = min(ends), max(ends)
    return (low, high) if high > low else (low, low + 1.0)


def _digits(bets: Sequence[BetOfKeyResult]) -> int:
    """Return how many digits after the point the figures of some bets need, at most two."""
    measured = [bet.bet.verdict.measured for bet in bets if bet.bet.verdict and bet.bet.verdict.measured is not None]
    figures = [figure for bet in bets for figure in (bet.bet.low, bet.bet.likely, bet.bet.high)] + measured
    return next((n for n in (0, 1) if all(round(figure, n) == round(figure, 2) for figure in figures)), 2)


def _moved_by(page: queries.KeyResultPage) -> float | None:
    """Return how far it moved towards better since its baseline, in its unit; None where that is unknown."""
    kr = page.row
    if kr.progress.now is None or kr.progress.is_history or kr.baseline is None or kr.has_limits:
        return None
    way = kr.progress.now - kr.baseline
    return -way if kr.direction == KeyResult.Direction.DECREASE else way


def _has_way(chart: Chart) -> bool:
    return bool(chart.even or chart.limits)


def _spans(page: queries.KeyResultPage, team_id: int | None) -> list[Span]:
    """Return the Sprints of the team in the cycle; without any, its months."""
    sprints = Sprint.objects.filter(
        team_id=team_id or 0, starts_on__lte=page.ends_on, ends_on__gte=page.starts_on
    ).order_by("starts_on")
    spans = [
        Span(name, starts_on, ends_on)
        for name, starts_on, ends_on in sprints.values_list("name", "starts_on", "ends_on")
        if starts_on and ends_on
    ]
    return spans if 0 < len(spans) <= 8 else _months(page.starts_on, page.ends_on)


def _months(starts_on: dt.date, ends_on: dt.date) -> list[Span]:
    spans: list[Span] = []
    first = starts_on
    while first <= ends_on and len(spans) < 13:
        after = (first.replace(day=1) + dt.timedelta(days=32)).replace(day=1)
        spans.append(Span(month(first), first, min(after - dt.timedelta(days=1), ends_on)))
        first = after
    return spans


def _possible_uppers(row: KeyResult, page: queries.KeyResultPage) -> list[tuple[int, str]]:
    """Return the Key Results above a team that this one could contribute to, in cycles that meet its own."""
    taken = {upper.id for upper in page.uppers}
    above = (
        KeyResult.objects.active()
        .filter(
            objective__organisation_id=row.organisation_id,
            objective__team=None,
            objective__cycle__starts_on__lte=page.ends_on,
            objective__cycle__ends_on__gte=page.starts_on,
        )
        .exclude(pk__in={*taken, row.pk})
        .select_related("objective")[:100]
    )
    return [(upper.pk, f"{upper.objective.title}: {upper.title}") for upper in above]


def _create_objective(request: Request, cleaned: dict[str, Any]) -> Objective:
    kind, _dash, pk = cleaned["of"].partition("-")
    team = get_object_or_404(Team, pk=pk, organisation=request.organisation) if kind == "team" else None
    unit = get_object_or_404(Unit, pk=pk, organisation=request.organisation) if kind == "unit" else None
    return actions.create_objective(
        cleaned["cycle"], by=request.actor, title=cleaned["title"], why=cleaned["why"], team=team, unit=unit
    )


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


def _cycle(request: Request) -> Cycle | None:
    """Return the cycle that is asked for, else the current one."""
    wanted = request.GET.get("cycle", "")
    if wanted.isdigit():
        return get_object_or_404(Cycle.objects.visible_to(request.actor), pk=int(wanted))
    return queries.current_cycle(request.organisation, clock.today())


def _objective(request: Request, pk: int) -> Objective:
    rows = Objective.objects.visible_to(request.actor).select_related("cycle", "team", "unit", "organisation")
    return get_object_or_404(rows, pk=pk)


def _key_result(request: Request, pk: int) -> KeyResult:
    rows = KeyResult.objects.visible_to(request.actor).select_related(
        "objective__cycle", "objective__team", "objective__unit", "objective__organisation", "owner"
    )
    return get_object_or_404(rows, pk=pk)


def _turn_to(request: Request, row: Objective) -> None:
    """Make the team whose page this is the current one."""
    if row.team and request.session.get("team") != row.team.key:
        request.session["team"] = row.team.key


def _number(request: Request, name: str) -> int:
    text = request.POST.get(name, "")
    if not text.isdigit():
        raise Http404
    return int(text)


def _render(request: Request, template: str, context: dict[str, Any], *forms: Any) -> HttpResponse:
    """Answer 422 where a form has errors: the page comes back with what was typed."""
    return render(request, template, context, status=422 if any(form.errors for form in forms) else 200)


def _do(request: Request, form: Any, act: Callable[[], Any]) -> _Done | None:
    """Run an action and find its Change; its errors go to the form, and the answer is None."""
    mine = Change.objects.filter(organisation_id=request.actor.organisation_id, actor_id=request.actor.person_id)
    last = mine.order_by("-pk").values_list("pk", flat=True).first() or 0
    try:
        result = act()
    except ValidationError as error:
        if form is None:
            raise
        add_errors(form, error)
        return None
    return _Done(result, mine.filter(pk__gt=last).order_by("pk").first())


def _say(request: Request, message: str, act: Callable[[], Any]) -> None:
    """Run an action of one button; say what was done with Undo, or why it could not be."""
    try:
        done = _do(request, None, act)
    except ValidationError as error:
        toast(request, " ".join(error.messages), tone="bad")
        return
    if done and done.change:
        toast(request, message, done.change)
