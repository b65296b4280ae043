"""Sprints: the list, one Sprint with its goal and aim, start and close."""

from typing import Any

from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from headway.okr.models import KeyResult
from headway.people.access import allows
from headway.people.models import Team
from headway.scrum import actions, queries
from headway.scrum.models import Sprint
from headway.value.actions import plan_sprint, replan_sprint
from headway.value.queries import key_result_choices, promises_for

from ..burn_up_chart import chart_of
from ..live import GOALS, WORK, Follows, Per, live
from . import Request, add_errors, get_team, toast
from .board import whole
from .changes import change_of
from .item_forms import SprintForm


@live(page=Follows(WORK | GOALS, Per.TEAM))
def sprints(request: Request, team_key: str) -> HttpResponse:
    """List the Sprints of a team, and plan the next one."""
    team = get_team(request, team_key)
    form = _form(request, team)
    if request.method == "POST" and form.is_valid():
        made: list[Sprint] = []
        try:
            change = change_of(request, lambda: made.append(_create(request, team, form.cleaned_data)))
        except ValidationError as error:
            add_errors(form, error)
        else:
            toast(request, _("%(sprint)s is planned.") % {"sprint": made[0].name}, change)
            return redirect("sprint", team_key=team.key, number=made[0].number)
    rows = queries.sprint_rows(team, request.actor)
    aims = KeyResult.objects.filter(sprint_aims__sprint__team=team)
    context = {
        "team": team,
        "rows": rows,
        "aims": dict(aims.values_list("sprint_aims__sprint_id", "short_name")),
        "history": {result.sprint_id: result for result in queries.sprint_history(team)},
        "form": form,
        "can_plan": allows(request.actor, "plan_sprint", team),
    }
    return render(request, "sprints/sprints.html", context, status=422 if form.errors else 200)


@live(page=Follows(WORK | GOALS, Per.TEAM))
def sprint(request: Request, team_key: str, number: int) -> HttpResponse:
    """Show a Sprint; change name, goal, aim and days while it is not over."""
    team, row = _sprint(request, team_key, number)
    form = _form(request, team, row)
    if request.method == "POST" and form.is_valid():
        try:
            change = change_of(request, lambda: _save(request, row, form.cleaned_data))
        except ValidationError as error:
            add_errors(form, error)
        else:
            toast(request, _("Saved."), change)
            return redirect("sprint", team_key=team.key, number=row.number)
    return _show(request, team, row, form)


@require_POST
def start(request: Request, team_key: str, number: int) -> HttpResponse:
    """Start a Sprint."""
    team, row = _sprint(request, team_key, number)
    try:
        change = change_of(request, lambda: actions.start_sprint(row, by=request.actor))
    except ValidationError as error:
        toast(request, " ".join(error.messages), tone="bad")
        return redirect("sprint", team_key=team.key, number=row.number)
    if change:
        toast(request, _("%(sprint)s has started.") % {"sprint": row.name}, change)
    return redirect("board", team_key=team.key)


@require_POST
def close(request: Request, team_key: str, number: int) -> HttpResponse:
    """Close a Sprint: what is open is carried over, with the reason."""
    team, row = _sprint(request, team_key, number)
    to = Sprint.objects.filter(team=team, number=whole(request.POST.get("carry_to"))).first()
    reason = request.POST.get("reason", "")
    try:
        change = change_of(request, lambda: actions.close_sprint(row, by=request.actor, carry_to=to, reason=reason))
    except ValidationError as error:
        return _show(request, team, row, _form(request, team, row, bound=False), " ".join(error.messages))
    if change:
        toast(request, _("%(sprint)s is closed.") % {"sprint": row.name}, change)
    return redirect("sprint", team_key=team.key, number=row.number)


def _sprint(request: Request, team_key: str, number: int) -> tuple[Team, Sprint]:
    team = get_team(request, team_key)
    return team, get_object_or_404(Sprint.objects.select_related("team", "aim__key_result"), team=team, number=number)


def _form(request: Request, team: Team, row: Sprint | None = None, *, bound: bool = True) -> SprintForm:
    initial: dict[str, Any] = {}
    if row is not None:
        initial = {"name": row.name, "goal": row.goal, "starts_on": row.starts_on, "ends_on": row.ends_on}
        initial["aim"] = row.aim.key_result_id if hasattr(row, "aim") else ""
    form = SprintForm(request.POST or None if bound else None, initial=initial, subject=row)
    choices = key_result_choices(team, request.actor)
    known = {choice.id for choice in choices}
    named = [(choice.id, f"{choice.name}: {choice.title}") for choice in choices]
    if row is not None and hasattr(row, "aim") and row.aim.key_result_id not in known:
        named.append((row.aim.key_result_id, row.aim.key_result.title))
    form.fields["aim"].choices = [("", _("No Key Result yet")), *named]  # type: ignore[attr-defined]
    return form


def _create(request: Request, team: Team, given: dict[str, Any]) -> Sprint:
    fields = {name: given[name] for name in ("name", "goal", "starts_on", "ends_on")}
    return plan_sprint(team, _aim(request, given), by=request.actor, **fields)


def _save(request: Request, row: Sprint, given: dict[str, Any]) -> None:
    fields = {name: given[name] for name in ("goal", "starts_on", "ends_on")} | {"name": given["name"] or row.name}
    replan_sprint(row, _aim(request, given), by=request.actor, **fields)


def _aim(request: Request, given: dict[str, Any]) -> KeyResult | None:
    pk = given["aim"]
    rows = KeyResult.objects.visible_to(request.actor).select_related("objective")
    return rows.filter(pk=pk).first() if pk else None


def _show(request: Request, team: Team, row: Sprint, form: SprintForm, problem: str = "") -> HttpResponse:
    items = list(row.items.active().select_related("column").in_order())
    burn_up = queries.burn_up(row)
    context = {
        "team": team,
        "sprint": row,
        "head": queries.sprint_head(row, team),
        "items": items,
        "promises": promises_for(item.pk for item in items),
        "form": form,
        "problem": problem,
        "reason": request.POST.get("reason", ""),
        "open_items": queries.open_items_of(row),
        "others": list(Sprint.objects.filter(team=team, closed_at=None).exclude(pk=row.pk)),
        "burn_up": burn_up,
        "chart": chart_of(burn_up, None) if burn_up else None,
        "ahead": None,
        "can_plan": allows(request.actor, "plan_sprint", team),
    }
    return render(request, "sprints/sprint.html", context, status=422 if form.errors or problem else 200)
