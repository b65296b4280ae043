"""When will this work be done, how much by a day: the team's own throughput as a range."""

import datetime as dt
from typing import Any

from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from headway.lib import clock
from headway.people.models import Team
from headway.scrum.models import Item
from headway.value.queries import Forecast, TooLittle, forecast_for, sprint_chance

from ..live import WORK, Follows, Pace, Per, live
from . import Request, get_team, is_htmx
from .value_parts import number_in

DEFAULT_ITEMS = 20
DEFAULT_WEEKS = 6


@live(page=Follows(WORK, Per.TEAM, Pace.ASK))
@require_GET
def forecast(request: Request, team_key: str) -> HttpResponse:
    """Answer both questions, and the chance of the running Sprint; over htmx the answers alone."""
    team = get_team(request, team_key)
    open_items = Item.objects.open().filter(team=team).count()
    items = request.GET.get("items") or str(min(open_items, DEFAULT_ITEMS) or DEFAULT_ITEMS)
    by = request.GET.get("by") or (clock.today() + dt.timedelta(weeks=DEFAULT_WEEKS)).isoformat()
    when, items_error = _answer(team, items=number_in(items, 0))
    day = _day(by)
    how_many, by_error = _answer(team, by=day) if day else (None, _("Write the day as 2026-12-18."))
    sprint = sprint_chance(team)
    told = next((answer for answer in (when, how_many) if isinstance(answer, TooLittle)), None)
    context = {
        "team": team,
        "items": items,
        "by": by,
        "when": when if isinstance(when, Forecast) else None,
        "how_many": how_many if isinstance(how_many, Forecast) else None,
        "items_error": items_error,
        "by_error": by_error,
        "too_little": told,
        "sprint": None if isinstance(sprint, TooLittle) else sprint,
        "open_items": open_items,
        "history": next((answer.history for answer in (when, how_many) if isinstance(answer, Forecast)), None),
    }
    template = "forecasts/_answers.html" if is_htmx(request) else "forecasts/forecast.html"
    return render(request, template, context, status=422 if items_error or by_error else 200)


def _answer(team: Team, **asked: Any) -> tuple[Forecast | TooLittle | None, str]:
    try:
        return forecast_for(team, **asked), ""
    except ValidationError as error:
        return None, " ".join(error.messages)


def _day(text: str) -> dt.date | None:
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        return None
