"""What the views of OKRs share: finding rows, doing actions, saying what was done."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render

from headway.lib import clock
from headway.live.models import Change
from headway.okr import queries
from headway.okr.models import Cycle, KeyResult, Objective

from . import Request, add_errors, toast


@dataclass(frozen=True)
class Done:
    result: Any
    change: Change | None


def asked_cycle(request: Request) -> Cycle | None:
    """Return the cycle that is asked for, else the current one."""
    wanted = request.GET.get("cycle", "")
    if wanted.isdigit():
        return get_object_or_404(Cycle.objects.visible_to(request.actor), pk=int(wanted))
    return queries.current_cycle(request.organisation, clock.today())


def get_objective(request: Request, pk: int) -> Objective:
    rows = Objective.objects.visible_to(request.actor).select_related("cycle", "team", "unit", "organisation")
    return get_object_or_404(rows, pk=pk)


def get_key_result(request: Request, pk: int) -> KeyResult:
    rows = KeyResult.objects.visible_to(request.actor).select_related(
        "objective__cycle", "objective__team", "objective__unit", "objective__organisation", "owner"
    )
    return get_object_or_404(rows, pk=pk)


def turn_to(request: Request, row: Objective) -> None:
    """Make the team whose page this is the current one."""
    if row.team and request.session.get("team") != row.team.key:
        request.session["team"] = row.team.key


def posted_number(request: Request, name: str) -> int:
    text = request.POST.get(name, "")
    if not text.isdigit():
        raise Http404
    return int(text)


def render_form(request: Request, template: str, context: dict[str, Any], *forms: Any) -> HttpResponse:
    """Answer 422 where a form has errors: the page comes back with what was typed."""
    return render(request, template, context, status=422 if any(form.errors for form in forms) else 200)


def do(request: Request, form: Any, act: Callable[[], Any]) -> Done | None:
    """Run an action and find its Change; its errors go to the form, and the answer is None.

    Without a form they fly.
    """
    mine = Change.objects.filter(organisation_id=request.actor.organisation_id, actor_id=request.actor.person_id)
    last = mine.order_by("-pk").values_list("pk", flat=True).first() or 0
    try:
        result = act()
    except ValidationError as error:
        if form is None:
            raise
        add_errors(form, error)
        return None
    return Done(result, mine.filter(pk__gt=last).order_by("pk").first())


def say(request: Request, message: str, act: Callable[[], Any]) -> None:
    """Run an action of one button; say what was done with Undo, or why it could not be."""
    try:
        done = do(request, None, act)
    except ValidationError as error:
        toast(request, " ".join(error.messages), tone="bad")
        return
    if done and done.change:
        toast(request, message, done.change)
