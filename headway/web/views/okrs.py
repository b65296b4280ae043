"""OKRs: the overview of a cycle, and objectives."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from headway.lib import clock
from headway.okr import actions, queries
from headway.okr.models import Objective
from headway.people.access import allows, require
from headway.people.models import Team, Unit
from headway.value.queries import delivered_share

from ..live import GOALS, WORK, Follows, Per, live
from . import Request, back, toast
from .okr_forms import ObjectiveForm
from .okr_parts import asked_cycle, do, get_objective, posted_number, render_form, say, turn_to


@live(page=Follows(GOALS | WORK | {"team", "unit"}, Per.PERSON))
def overview(request: Request) -> HttpResponse:
    """All objectives of a cycle by organisation, unit and team, with the pair of each Key Result."""
    cycle = asked_cycle(request)
    found = queries.cycle_overview(request.organisation, cycle, request.actor)
    context = {
        "overview": found,
        "delivered": delivered_share(row.id for row in found.key_results),
        "holds_one": any(row.owner_id == request.actor.person_id for row in found.key_results),
        "can_write": allows(request.actor, "write_okr", request.organisation),
        "can_make_cycles": allows(request.actor, "manage_cycles", request.organisation),
    }
    return render(request, "okrs/overview.html", context)


@live(page=Follows(GOALS | WORK, Per.ORGANISATION))
def objective(request: Request, objective_id: int) -> HttpResponse:
    """One objective with its Key Results, what they contribute to and what contributes to them."""
    row = get_objective(request, objective_id)
    turn_to(request, row)
    page = queries.objective_page(row, today=clock.today())
    context = {
        "page": page,
        "objective": row,
        "delivered": delivered_share(kr.id for kr in page.row.key_results),
        "can_write": allows(request.actor, "write_okr", row),
    }
    return render(request, "okrs/objective.html", context)


def new_objective(request: Request) -> HttpResponse:
    """Write an objective of a team, a unit or the organisation."""
    initial: dict[str, Any] = {
        "cycle": request.GET.get("cycle") or asked_cycle(request),
        "of": request.GET.get("of", ""),
    }
    form = ObjectiveForm(request.POST or None, organisation=request.organisation, is_new=True, initial=initial)
    if request.method == "POST" and form.is_valid():
        done = do(request, form, lambda: _create_objective(request, form.cleaned_data))
        if done:
            toast(request, _("The objective is written. Now its Key Results."), done.change)
            return redirect("objective", objective_id=done.result.pk)
    else:
        require(request.actor, "write_okr", request.organisation)
    return render_form(request, "okrs/objective_form.html", {"form": form, "objective": None}, form)


def edit_objective(request: Request, objective_id: int) -> HttpResponse:
    row = get_objective(request, objective_id)
    require(request.actor, "write_okr", row)
    initial = {"title": row.title, "why": row.why, "cycle": row.cycle_id}
    form = ObjectiveForm(
        request.POST or None, organisation=request.organisation, is_new=False, initial=initial, subject=row
    )
    if request.method == "POST" and form.is_valid():
        done = do(request, form, lambda: actions.edit_objective(row, by=request.actor, **form.cleaned_data))
        if done:
            toast(request, _("Saved."), done.change)
            return redirect("objective", objective_id=row.pk)
    return render_form(request, "okrs/objective_form.html", {"form": form, "objective": row}, form)


@require_POST
def archive_objective(request: Request, objective_id: int) -> HttpResponse:
    """Archive an objective, or restore it (`restore`)."""
    row = get_objective(request, objective_id)
    if request.POST.get("restore"):
        say(request, _("Restored."), lambda: actions.restore_objective(row, by=request.actor))
    else:
        say(request, _("Archived, with its history."), lambda: actions.archive_objective(row, by=request.actor))
    return redirect("objective", objective_id=row.pk)


@require_POST
def move_objective(request: Request, objective_id: int) -> HttpResponse:
    row = get_objective(request, objective_id)
    say(request, _("Moved."), lambda: actions.move_objective(row, by=request.actor, to=posted_number(request, "to")))
    return back(request, "results")


def _create_objective(request: Request, cleaned: dict[str, Any]) -> Objective:
    kind, _dash, pk = cleaned["of"].partition("-")
    team = get_object_or_404(Team, pk=pk, organisation=request.organisation) if kind == "team" else None
    unit = get_object_or_404(Unit, pk=pk, organisation=request.organisation) if kind == "unit" else None
    return actions.create_objective(
        cleaned["cycle"], by=request.actor, title=cleaned["title"], why=cleaned["why"], team=team, unit=unit
    )
