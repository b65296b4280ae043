"""One Key Result: its page, and writing, ordering, archiving and aligning it."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from headway.lib import clock
from headway.okr import actions, queries
from headway.okr.models import KeyResult
from headway.people.access import allows, require
from headway.scrum.models import Sprint
from headway.value.queries import BetOfKeyResult, TooLittle, bets_of, delivered_share
from headway.value.queries.judged import credit_of
from headway.value.queries.outlook import Outlook, outlook_of
from headway.value.queries.track_record import track_record

from ..formats import month
from ..kr_chart import Chart, Span, chart_of, trend_of
from ..live import GOALS, WORK, Follows, Per, live
from . import Request, toast
from .okr_forms import DecisionForm, KeyResultForm, MeasureForm
from .okr_parts import do, get_key_result, get_objective, posted_number, render_form, say, turn_to

VERDICTS = {
    5: gettext_lazy("Exceeded"),
    4: gettext_lazy("Achieved"),
    3: gettext_lazy("Partly"),
    2: gettext_lazy("Not reached"),
    1: gettext_lazy("Harm"),
}


@dataclass(frozen=True)
class Ledger:
    """Bets that were delivered or judged on one axis, and what they add up to."""

    bets: tuple[BetOfKeyResult, ...]
    low: float
    high: float
    digits: int  # after the point, of every figure
    judged: int
    promised: float  # by those judged with a figure
    brought: float  # what those are credited with: no more than was moved


@live(page=Follows(GOALS | WORK | {"decision"}, Per.ORGANISATION))
def key_result(request: Request, key_result_id: int) -> HttpResponse:
    """Where it stands, what moved it, and what people think of it."""
    row = get_key_result(request, key_result_id)
    turn_to(request, row.objective)
    return key_result_page(request, row)


def key_result_page(request: Request, row: KeyResult, **forms: Any) -> HttpResponse:
    """Answer with the page of a Key Result; `forms` holds one that was sent and has errors."""
    today = clock.today()
    page = queries.key_result_page(row, today=today)
    bets = bets_of(row.pk)
    shipped = [(str(bet.number), bet.done_at.date()) for bet in bets if bet.done_at]
    spans = _spans(page, row.objective.team_id)
    charts = [chart_of(page, spans=spans, shipped=shipped, today=today, width=width) for width in (800, 344)]
    open_bets = tuple(bet for bet in bets if not _is_delivered(bet))
    outlook = outlook_of(row, series=[(each.on, each.value) for each in page.series], today=today)
    context = {
        "page": page,
        "kr": page.row,
        "objective": row.objective,
        "delivered": delivered_share([row.pk])[row.pk],
        "charts": charts if page.series or _has_way(charts[0]) else [],
        "trend": trend_of(page.weeks),
        "outlook": outlook if isinstance(outlook, Outlook) else None,
        "no_outlook": outlook.text if isinstance(outlook, TooLittle) else "",
        "outlook_digits": _width_digits(outlook) if isinstance(outlook, Outlook) else 0,
        "ledger": _ledger([bet for bet in bets if _is_delivered(bet)], _moved_by(page)),
        "record": track_record(row.objective.team).of(row) if row.objective.team else None,
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
    return render_form(request, "okrs/key_result.html", context, *forms.values())


def new_key_result(request: Request, objective_id: int) -> HttpResponse:
    """Write a Key Result: the questions in their order."""
    of = get_objective(request, objective_id)
    require(request.actor, "write_okr", of)
    form = KeyResultForm(request.POST or None, organisation=request.organisation)
    if request.method == "POST" and form.is_valid():
        done = do(request, form, lambda: actions.create_key_result(of, by=request.actor, **form.cleaned_data))
        if done:
            toast(request, _("The Key Result is written."), done.change)
            return redirect("key-result", key_result_id=done.result.pk)
    context = {"form": form, "objective": of, "key_result": None, "currency": request.organisation.currency}
    return render_form(request, "okrs/key_result_form.html", context, form)


def edit_key_result(request: Request, key_result_id: int) -> HttpResponse:
    """Change a Key Result; after it was measured, what was agreed needs a reason."""
    row = get_key_result(request, key_result_id)
    require(request.actor, "write_okr", row)
    is_measured = row.measurements.current().exists()
    initial = {name: getattr(row, name) for name in KeyResultForm.base_fields if name != "reason"}
    form = KeyResultForm(
        request.POST or None,
        organisation=request.organisation,
        needs_reason=is_measured,
        initial=initial,
        subject=row,
    )
    if request.method == "POST" and form.is_valid():
        fields = {name: value for name, value in form.cleaned_data.items() if name != "reason"}
        reason = form.cleaned_data.get("reason", "")
        done = do(request, form, lambda: actions.edit_key_result(row, by=request.actor, reason=reason, **fields))
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
    return render_form(request, "okrs/key_result_form.html", context, form)


@require_POST
def archive_key_result(request: Request, key_result_id: int) -> HttpResponse:
    """Archive a Key Result, or restore it (`restore`)."""
    row = get_key_result(request, key_result_id)
    if request.POST.get("restore"):
        say(request, _("Restored."), lambda: actions.restore_key_result(row, by=request.actor))
    else:
        say(request, _("Archived, with its history."), lambda: actions.archive_key_result(row, by=request.actor))
    return redirect("key-result", key_result_id=row.pk)


@require_POST
def move_key_result(request: Request, key_result_id: int) -> HttpResponse:
    row = get_key_result(request, key_result_id)
    say(request, _("Moved."), lambda: actions.move_key_result(row, by=request.actor, to=posted_number(request, "to")))
    return redirect("objective", objective_id=row.objective_id)


@require_POST
def align(request: Request, key_result_id: int) -> HttpResponse:
    """Let a Key Result contribute to one above, or (`remove`) no more."""
    row = get_key_result(request, key_result_id)
    upper = get_key_result(request, posted_number(request, "upper"))
    if request.POST.get("remove"):
        say(request, _("It no longer contributes."), lambda: actions.unalign(row, by=request.actor, upper=upper))
    else:
        say(request, _("It contributes now."), lambda: actions.align(row, by=request.actor, upper=upper))
    return redirect("key-result", key_result_id=row.pk)


def _is_delivered(bet: BetOfKeyResult) -> bool:
    return bet.done_at is not None or bet.bet.verdict is not None


def _ledger(bets: Sequence[BetOfKeyResult], moved: float | None) -> Ledger:
    judged = [bet for bet in bets if bet.done_at and bet.bet.verdict and bet.bet.verdict.measured is not None]
    figures = [bet.bet.verdict.measured or 0.0 for bet in judged if bet.bet.verdict]
    credit = credit_of(figures, sum(figures) if moved is None else moved)
    low, high = _axis(bets)
    return Ledger(
        bets=tuple(bets),
        low=low,
        high=high,
        digits=_digits(bets),
        judged=len(judged),
        promised=sum(bet.bet.likely for bet in judged),
        brought=sum(map(credit.of, figures)),
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


def _width_digits(outlook: Outlook) -> int:
    """Return how many digits after the point a range bears: two figures of its width, at most two."""
    width = outlook.high - outlook.low
    return next((digits for digits, least in ((0, 10), (1, 1)) if width >= least), 2)


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
