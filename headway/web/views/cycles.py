"""Settings: the cycles of the organisation."""

import datetime as dt
from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from headway.lib import clock
from headway.okr import actions, queries
from headway.okr.models import Cycle
from headway.people.access import allows, require

from ..live import Follows, Per, live
from . import Request, toast
from .okr_forms import CycleForm
from .okr_parts import do, render_form, say


@live(page=Follows({"cycle", "objective", "okrs"}, Per.ORGANISATION))
def cycles(request: Request) -> HttpResponse:
    """All cycles, and a new one: the quarter that comes next is proposed."""
    today = clock.today()
    form = CycleForm(request.POST or None, initial=_next_quarter(request, today))
    if request.method == "POST" and form.is_valid():
        done = do(
            request, form, lambda: actions.create_cycle(request.organisation, by=request.actor, **form.cleaned_data)
        )
        if done:
            toast(request, _("%(cycle)s is here.") % {"cycle": done.result.name}, done.change)
            return redirect("cycles")
    context = {
        "rows": queries.cycle_choices(request.organisation, today=today, archived=True),
        "form": form,
        "can_edit": allows(request.actor, "manage_cycles", request.organisation),
    }
    return render_form(request, "cycles/cycles.html", context, form)


def cycle(request: Request, cycle_id: int) -> HttpResponse:
    """Change the name or the days of a cycle."""
    row = _cycle(request, cycle_id)
    require(request.actor, "manage_cycles", row)
    initial = {"name": row.name, "starts_on": row.starts_on, "ends_on": row.ends_on}
    form = CycleForm(request.POST or None, initial=initial, subject=row)
    if request.method == "POST" and form.is_valid():
        done = do(request, form, lambda: actions.edit_cycle(row, by=request.actor, **form.cleaned_data))
        if done:
            toast(request, _("Saved."), done.change)
            return redirect("cycles")
    return render_form(request, "cycles/cycle.html", {"form": form, "cycle": row}, form)


@require_POST
def archive_cycle(request: Request, cycle_id: int) -> HttpResponse:
    """Archive a cycle, or restore it (`restore`)."""
    row = _cycle(request, cycle_id)
    if request.POST.get("restore"):
        say(request, _("Restored."), lambda: actions.restore_cycle(row, by=request.actor))
    else:
        say(request, _("Archived, with its objectives."), lambda: actions.archive_cycle(row, by=request.actor))
    return redirect("cycles")


def _cycle(request: Request, pk: int) -> Cycle:
    return get_object_or_404(Cycle.objects.visible_to(request.actor), pk=pk)


def _next_quarter(request: Request, today: dt.date) -> dict[str, Any]:
    """Propose the quarter after the last cycle, or the one that runs where there is none."""
    last = Cycle.objects.filter(organisation=request.organisation).active().order_by("-ends_on").first()
    first = last.ends_on + dt.timedelta(days=1) if last and last.ends_on >= today else today
    month = 3 * ((first.month - 1) // 3) + 1
    starts_on = dt.date(first.year, month, 1)
    if last and starts_on <= last.ends_on:
        starts_on = last.ends_on + dt.timedelta(days=1)
    after = dt.date(first.year + (month == 10), 1 if month == 10 else month + 3, 1)
    name = f"Q{(month + 2) // 3} {first.year}"
    return {"name": name, "starts_on": starts_on, "ends_on": after - dt.timedelta(days=1)}
