"""The report of a team, as a page with a permanent link, and as Markdown, CSV and JSON."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain
from typing import Any
from urllib.parse import urlencode

from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse, HttpResponseBase, JsonResponse, QueryDict, StreamingHttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from headway.desks import documents
from headway.desks.report import Report, Scope, Scopes, report_for, scopes_for
from headway.lib import clock
from headway.people.models import Team

from ..live import AGREED, GOALS, WORK, Follows, Pace, Per, live
from . import Request, get_team

#: So many lines of a list are shown at first: a list of a thousand is not read on a page.
LINES_SHOWN = 20


@live(page=Follows(WORK | GOALS | AGREED, Per.TEAM, Pace.ASK))
@require_safe
def report(request: Request, team_key: str) -> HttpResponse:
    """Show the report. What cannot be asked for is said, and the usual report shown."""
    team = get_team(request, team_key)
    asked, error = _Asked(), ""
    try:
        asked = _asked(request.GET)
        scopes = scopes_for(team, **asked.scope, on=asked.on)
    except ValidationError as refused:
        asked, error = _Asked(), " ".join(refused.messages)
        scopes = scopes_for(team)
    found = report_for(team, scopes.chosen, on=asked.on)
    fixed = {"on": asked.on.isoformat()} if asked.on else {}
    context = {
        "report": found,
        "choices": _choices(team, scopes, found, fixed),
        "permalink": request.build_absolute_uri(_address(team, scopes.chosen, on=found.on.isoformat())),
        "live_address": _address(team, scopes.chosen),
        "all_address": _address(team, scopes.chosen, **fixed, all="1"),
        "downloads": [
            (name, _address(team, scopes.chosen, suffix, **fixed))
            for name, suffix in ((_("Markdown"), "md"), ("CSV", "csv"), ("JSON", "json"))
        ],
        "is_fixed": asked.on is not None,
        "most": None if "all" in request.GET else LINES_SHOWN,
        "measured_on": max(_measured(found), default=None),
        "error": error,
    }
    return render(request, "report/report.html", context, status=422 if error else 200)


@require_safe
def export(request: Request, team_key: str, suffix: str) -> HttpResponseBase:
    """Send the whole report as a file."""
    team = get_team(request, team_key)
    try:
        asked = _asked(request.GET)
        found = report_for(team, scopes_for(team, **asked.scope, on=asked.on).chosen, on=asked.on)
    except ValidationError as refused:
        return HttpResponse(" ".join(refused.messages), status=422, content_type="text/plain; charset=utf-8")
    answer = _file(found, suffix)
    name = f"{team.key}-report-{found.on.isoformat()}.{suffix}"
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    answer.headers["Cache-Control"] = "private, no-cache"
    return answer


def _file(report: Report, suffix: str) -> HttpResponseBase:
    if suffix == "md":
        return HttpResponse(documents.markdown(report), content_type="text/markdown; charset=utf-8")
    if suffix == "csv":
        # The mark at the beginning tells a spreadsheet that this is UTF-8.
        lines = chain(["\ufeff"], documents.csv_lines(report))
        return StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8")
    if suffix == "json":
        return JsonResponse(documents.json_document(report), json_dumps_params={"ensure_ascii": False, "indent": 1})
    raise Http404


@dataclass(frozen=True)
class _Asked:
    """What the query string asks for: arguments of `scopes_for`, and the day as of which."""

    scope: dict[str, Any] = field(default_factory=dict)
    on: dt.date | None = None


def _asked(query: QueryDict) -> _Asked:
    scope = {
        "sprint": _number(query, "sprint"),
        "cycle": _number(query, "cycle"),
        "start": _day(query, "from"),
        "end": _day(query, "to"),
    }
    return _Asked({name: value for name, value in scope.items() if value is not None}, _day(query, "on"))


def _number(query: QueryDict, name: str) -> int | None:
    text = query.get(name, "").strip()
    if not text:
        return None
    if not (text.isdecimal() and len(text) < 10):
        raise ValidationError(_("“%(text)s” is no number.") % {"text": text})
    return int(text)


def _day(query: QueryDict, name: str) -> dt.date | None:
    text = query.get(name, "").strip()
    try:
        return dt.date.fromisoformat(text) if text else None
    except ValueError:
        raise ValidationError(_("“%(text)s” is no day. Write it as 2026-11-17.") % {"text": text}) from None


def _choices(team: Team, scopes: Scopes, report: Report, fixed: dict[str, str]) -> Iterator[tuple[str, str, bool]]:
    """Yield (text, address, whether it is this one) of the scopes to choose from."""
    for scope in (scopes.sprint, scopes.cycle):
        if scope:
            yield scope.name, _address(team, scope, **fixed), scope == scopes.chosen
    chosen = scopes.chosen
    if chosen.kind == "cycle" and chosen != scopes.cycle:
        yield chosen.name, _address(team, chosen, **fixed), True
    span = Scope("span", "", chosen.starts_on, min(chosen.ends_on or clock.today(), report.on))
    yield _("From, to"), _address(team, span, **fixed), chosen.kind == "span"


def _measured(report: Report) -> Iterator[dt.date]:
    for group in report.groups:
        if group.key_result and group.key_result.progress.measured_on:
            yield group.key_result.progress.measured_on


def _address(team: Team, scope: Scope, suffix: str = "", **query: str) -> str:
    parts = {"team_key": team.key} | ({"suffix": suffix} if suffix else {})
    address = reverse("report-export" if suffix else "report", kwargs=parts)
    return f"{address}?{urlencode(scope.parameters | query)}"
