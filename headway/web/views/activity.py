"""Who changed what, with the way back beside it."""

from itertools import groupby
from typing import Any
from urllib.parse import urlencode

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET

from headway.desks.activity import AREAS, Line, Subject, activity, subject_for
from headway.people.models import Membership, Organisation, Team
from headway.scrum.models import Item, Sprint
from headway.value.models import Bet, FocusProposal

from ..live import AGREED, GOALS, PEOPLE, WORK, Follows, Pace, Per, live
from . import Request

_AREA_NAMES = {
    "work": gettext_lazy("Backlog, board and Sprints"),
    "okrs": gettext_lazy("Objectives and Key Results"),
    "value": gettext_lazy("Bets and verdicts"),
    "agreements": gettext_lazy("Decisions and impediments"),
    "imports": gettext_lazy("Imports"),
    "people": gettext_lazy("People and settings"),
}

#: what no other page follows
MORE = {"holiday", "holidays", "retention", "role", "members", "token", "export", "daily_backup"}

#: pages of rows by their number alone: type → (name of the address, its part)
_PAGES = {
    "okr.keyresult": ("key-result", "key_result_id"),
    "okr.objective": ("objective", "objective_id"),
    "okr.cycle": ("cycle", "cycle_id"),
}


@live(page=Follows(WORK | GOALS | AGREED | PEOPLE | MORE, Per.PERSON, Pace.ASK))
@require_GET
def activities(request: Request) -> HttpResponse:
    """Show the activity of the organisation, of a team (`team`), or of one thing (`of`), newest first."""
    teams = list(Team.objects.visible_to(request.actor).active())
    wanted = request.GET.get("team", "").upper()
    team = next((team for team in teams if team.key == wanted), None)
    if wanted and team is None:
        raise Http404
    subject = _subject(request)
    area = request.GET.get("area", "") if request.GET.get("area") in AREAS else ""
    before = request.GET.get("before", "")
    is_number = before.isdecimal() and len(before) < 19
    shown = activity(request.actor, team=team, area=area, subject=subject, before=int(before) if is_number else None)
    context = {
        "days": [(day, list(lines)) for day, lines in groupby(shown.lines, key=_day)],
        "addresses": _addresses(shown.lines),
        "subject": subject,
        "subject_address": _address_of(subject.row) if subject else "",
        "team": team,
        "teams": [("", _("All teams")), *((one.key, one.name) for one in teams)],
        "area": area,
        "areas": [("", _("Everything")), *((name, str(text)) for name, text in _AREA_NAMES.items())],
        "older": _address(request, before=shown.older) if shown.older else "",
        "newest": _address(request),
        "is_first": not is_number,
    }
    return render(request, "activity/activity.html", context)


def _subject(request: Request) -> Subject | None:
    of = request.GET.get("of", "")
    if not of:
        return None
    subject = subject_for(request.actor, of)
    if subject is None:
        raise Http404
    return subject


def _address(request: Request, **more: Any) -> str:
    kept = {name: request.GET[name] for name in ("team", "area", "of") if request.GET.get(name)}
    return reverse("activity") + ("?" + urlencode(kept | more) if kept | more else "")


def _day(line: Line) -> Any:
    return timezone.localdate(line.at)


def _addresses(lines: tuple[Line, ...]) -> dict[int, str]:
    """Return the address of what each line is about, by the Change's number, where it has a page. Three queries."""
    items = Item.objects.filter(pk__in=_ids(lines, Item)).select_related("team")
    sprints = Sprint.objects.filter(pk__in=_ids(lines, Sprint)).select_related("team")
    proposed = FocusProposal.objects.filter(pk__in=_ids(lines, FocusProposal)).select_related("team")
    own = {(row._meta.label_lower, row.pk): _address_of(row) for rows in (items, sprints, proposed) for row in rows}
    found = {}
    for line in lines:
        key = (line.subject_type, line.subject_id)
        if line.subject_type == Membership._meta.label_lower:
            own[key] = reverse("members")
        elif line.subject_type in _PAGES:
            name, part = _PAGES[line.subject_type]
            own[key] = reverse(name, kwargs={part: line.subject_id})
        if key in own:
            found[line.change_id] = own[key]
    return found


def _ids(lines: tuple[Line, ...], model: type[Any]) -> set[int]:
    return {line.subject_id for line in lines if line.subject_type == model._meta.label_lower}


def _address_of(row: Any) -> str:
    if isinstance(row, Item | Sprint):
        name = "item" if isinstance(row, Item) else "sprint"
        return reverse(name, kwargs={"team_key": row.team.key, "number": row.number})
    if isinstance(row, Bet):
        return _address_of(row.serves.item)
    if isinstance(row, FocusProposal):
        return reverse("focus-proposal", kwargs={"team_key": row.team.key, "proposal_id": row.pk})
    if isinstance(row, Team):
        return reverse("team-settings", kwargs={"team_key": row.key})
    if isinstance(row, Organisation):
        return reverse("organisation-settings")
    if isinstance(row, Membership):
        return reverse("members")
    name, part = _PAGES[row._meta.label_lower]
    return reverse(name, kwargs={part: row.pk})
