"""Verdicts: which bets are due, one of them with all that it rests on, and the ledger of what they brought."""

import datetime as dt
from functools import partial
from typing import Any

from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET

from headway.lib import clock
from headway.okr.models import Cycle, KeyResult
from headway.okr.queries import current_cycle, cycle_choices
from headway.people.access import require
from headway.value.actions import enter_verdict
from headway.value.models import Bet, Verdict
from headway.value.queries import Found, Screen, impact_ledger, verdict_list, verdict_screen

from ..live import GOALS, WORK, Follows, Pace, Per, live
from ..verdict_chart import launch_chart
from . import Request, add_errors, get_team, toast
from .changes import change_of
from .value_forms import VerdictForm
from .value_parts import number_in, posted

#: So many bets of a Key Result are shown beside the others; all of them on pages of its own.
LEDGER_ROWS, PER_PAGE = 12, 50

GRADES = {
    1: (gettext_lazy("Harm"), gettext_lazy("it went down")),
    2: (gettext_lazy("Not reached"), gettext_lazy("nothing to be seen")),
    3: (gettext_lazy("Partly"), gettext_lazy("some, under low")),
    4: (gettext_lazy("Achieved"), gettext_lazy("in the range")),
    5: (gettext_lazy("Exceeded"), gettext_lazy("above it")),
}

# What makes evidence good, as it holds and as it does not.
CHECKS = {
    "measured_often": (gettext_lazy("Measured in nearly every week"), gettext_lazy("Many weeks were not measured")),
    "long_enough": (
        gettext_lazy("Half a year before and four weeks after"),
        gettext_lazy("Under half a year before, or four weeks after"),
    ),
    "larger_than_fakes": (
        gettext_lazy("Larger than fake launches show"),
        gettext_lazy("Fake launches show as much"),
    ),
    "alone": (
        gettext_lazy("Nothing else landed in these weeks"),
        gettext_lazy("Other bets landed in these weeks: they share the effect"),
    ),
    "compared": (
        gettext_lazy("Compared with what kept the old way"),
        gettext_lazy("Nothing that kept the old way beside it"),
    ),
}


@live(page=Follows(WORK | GOALS, Per.TEAM))
@require_GET
def verdicts(request: Request, team_key: str) -> HttpResponse:
    """Delivered bets: those to judge, longest due first, and those judged, newest first."""
    team = get_team(request, team_key)
    chosen = number_in(request.GET.get("kr"), 0) or None
    page = number_in(request.GET.get("page"), 1)
    found = verdict_list(team, today=clock.today(), key_result_id=chosen, page=page)
    context = {"team": team, "found": found, "chosen": chosen, "grades": GRADES}
    return render(request, "verdicts/verdicts.html", context)


@live(page=Follows(WORK | GOALS, Per.TEAM))
def verdict_page(request: Request, team_key: str, bet_id: int) -> HttpResponse:
    """One bet: promised and measured on one axis, and the form that records the verdict.

    Whoever asks to look first (`look`) sees what the chosen controls change, and nothing is recorded.
    """
    team = get_team(request, team_key)
    rows = Bet.objects.select_related("serves__item__team__organisation", "serves__key_result__objective", "by")
    row = get_object_or_404(rows, pk=bet_id, serves__item__team=team, serves__item__removed_at=None)
    if request.method == "POST":
        require(request.actor, "judge_bet", team)
    today = clock.today()
    chosen = _controls(request)
    screen = verdict_screen(row, request.actor, today=today, controls=chosen)
    proposed = _proposed(screen.found, today=today) | {"controls": [one.pk for one in chosen]}
    is_look = "look" in request.POST
    if is_look:
        typed = {name: request.POST[name] for name in VerdictForm.base_fields if name in request.POST}
        proposed = typed | proposed | {"judged_on": typed.get("judged_on", today)}
    form = VerdictForm(
        None if is_look else posted(request),
        team=team,
        unit=screen.key_result.unit,
        actor=request.actor,
        initial=proposed,
    )
    if request.method == "POST" and not is_look and form.is_valid():
        try:
            change = change_of(request, partial(enter_verdict, row, by=request.actor, **form.cleaned_data))
        except ValidationError as error:
            add_errors(form, error)
            screen = verdict_screen(row, request.actor, today=today, controls=chosen)
        else:
            toast(request, _("The verdict on %(item)s is recorded.") % {"item": row.serves.item.title}, change)
            return redirect("verdict-page", team_key=team.key, bet_id=row.pk)
    context = _context(screen) | {"team": team, "form": form}
    return render(request, "verdicts/verdict.html", context, status=422 if form.errors else 200)


@live(page=Follows(WORK | GOALS, Per.TEAM, Pace.ASK))
@require_GET
def ledger(request: Request, team_key: str) -> HttpResponse:
    """What bets promised and brought, by Key Result of a cycle; of one alone (`kr`) page by page."""
    team, today = get_team(request, team_key), clock.today()
    cycles = cycle_choices(request.organisation, today=today)
    asked = number_in(request.GET.get("cycle"), 0)
    cycle = (
        get_object_or_404(Cycle.objects.visible_to(request.actor), pk=asked)
        if asked
        else current_cycle(request.organisation, today)
    )
    found, asked = impact_ledger(team, cycle, today=today), number_in(request.GET.get("kr"), 0)
    only = next((one for one in found.key_results if one.row.id == asked), None)
    context = {
        "team": team,
        "cycle": cycle,
        "cycles": cycles,
        "ledger": found,
        "only": only,
        "page": min(max(number_in(request.GET.get("page"), 1), 1), -(-len(only.lines) // PER_PAGE) or 1) if only else 1,
        "rows": LEDGER_ROWS,
        "per_page": PER_PAGE,
        "grades": GRADES,
    }
    return render(request, "verdicts/ledger.html", context)


def _controls(request: Request) -> list[KeyResult]:
    """Return the Key Results that somebody wants to compare with; those that are not there for them are left out."""
    ids = {number_in(pk, 0) for pk in request.POST.getlist("controls")}
    if not ids:
        return []
    rows = KeyResult.objects.visible_to(request.actor).select_related("objective__team__organisation")
    return list(rows.filter(pk__in=ids).order_by("pk"))


def _proposed(found: Found | None, *, today: dt.date) -> dict[str, Any]:
    """Fill in what the figures say: whoever agrees has only to write what was learned."""
    known = {"judged_on": today, "evidence": 3}
    if found is None:
        return known
    return known | {"outcome": found.outcome, "scale": found.scale, "evidence": found.quality}


def _context(screen: Screen) -> dict[str, Any]:
    bet, verdict, found = screen.bet, screen.verdict, screen.found
    figures = _figures(verdict, found)
    ends = [0.0, bet.low, bet.high, *(figure for figure in figures if figure is not None)]
    low, high = min(ends), max(ends)
    charts = [launch_chart(found, width=width) for width in (816, 344)] if found else []
    return {
        "screen": screen,
        "bet": bet,
        "item": bet.serves.item,
        "kr": screen.key_result,
        "verdict": verdict,
        "found": found,
        "figures": figures,
        "axis": (low, high if high > low else low + 1.0),
        "digits": _digits([bet.low, bet.likely, bet.high]),
        "charts": [chart for chart in charts if chart],
        "checks": [(CHECKS[fact][0 if holds else 1], holds) for fact, holds in found.checks.items()] if found else [],
        "grades": GRADES,
        "unit": _("points") if screen.key_result.unit == "%" else screen.key_result.unit,
        "outcomes": dict(Verdict.Outcome.choices),
        "methods": dict(Verdict.Method.choices),
        "follow_ups": Verdict.FollowUp.choices,
        "weeks": [(dt.date.fromisoformat(on), value) for on, value in found.weeks] if found else [],
        "day_found": dt.date.fromisoformat(found.on) if found else None,
    }


def _figures(verdict: Verdict | None, found: Found | None) -> tuple[float | None, float | None, float | None]:
    """Return low, measured and high as they were judged, else as they are proposed."""
    if verdict:
        return verdict.low, verdict.measured, verdict.high
    return (found.low, found.measured, found.high) if found else (None, None, None)


def _digits(figures: list[float]) -> int:
    """Return how many digits after the point the figures of a promise need, one to two."""
    return 1 if all(round(figure, 1) == round(figure, 2) for figure in figures) else 2
