"""Holidays: those of the organisation, and those of one team beside a calendar of its month."""

import datetime as dt
from collections.abc import Iterable
from copy import copy
from typing import cast

from django.core.exceptions import ValidationError
from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from headway.lib import clock
from headway.live.models import Change
from headway.people import actions
from headway.people.access import allows, require
from headway.people.holiday_files import NoHolidays, read_holidays
from headway.people.local import week_start_of
from headway.people.models import Holiday, Organisation, Team
from headway.scrum.models import Sprint

from ..month import Month, bounds_of, first_of, month_of
from . import Request, add_errors, get_team, toast
from .people_forms import HolidayForm, HolidayListForm


def of_organisation(request: Request) -> HttpResponse:
    """The holidays of everybody; add one, or bring in a list."""
    return _page(request, request.organisation)


def of_team(request: Request, team_key: str) -> HttpResponse:
    """The holidays of a team, beside those of everybody."""
    return _page(request, get_team(request, team_key))


def holiday(request: Request, holiday_id: int) -> HttpResponse:
    """Change a holiday."""
    row = _find(request, holiday_id)
    of = row.team or row.organisation
    require(request.actor, _verb(of), of)
    form = HolidayForm(request.POST or None, instance=copy(row))
    if request.method == "POST" and form.is_valid():
        last = Change.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
        try:
            actions.edit_holiday(row, by=request.actor, **form.cleaned_data)
        except ValidationError as error:
            add_errors(form, error)
        else:
            change = Change.objects.filter(pk__gt=last, name="holiday.edited", subject_id=row.pk).first()
            toast(request, _("Saved."), change)
            return _back(of)
    context = {"holiday": row, "form": form, "of_team": row.team, "team": row.team}
    return render(request, "people/holiday.html", context, status=422 if form.errors else 200)


@require_POST
def remove(request: Request, holiday_id: int) -> HttpResponse:
    """Take a holiday away."""
    row = _find(request, holiday_id)
    of = row.team or row.organisation
    change = actions.remove_holiday(row, by=request.actor)
    toast(request, _("%(name)s is a working day again.") % {"name": row.name}, change)
    return _back(of)


def _page(request: Request, of: Organisation | Team) -> HttpResponse:
    kind = request.POST.get("kind")
    form = HolidayForm(request.POST if kind == "one" else None, auto_id="one-%s")
    lists = HolidayListForm(
        request.POST if kind == "list" else None, request.FILES if kind == "list" else None, auto_id="list-%s"
    )
    if kind == "one" and form.is_valid() and _add(request, of, form):
        return _back(of)
    if kind == "list" and lists.is_valid() and _add_all(request, of, lists):
        return _back(of)
    if request.method == "POST" and kind not in {"one", "list"}:
        require(request.actor, _verb(of), of)
    team = of if isinstance(of, Team) else None
    rows = Holiday.objects.filter(organisation=request.organisation).select_related("team")
    rows = rows.filter(Q(team=None) | Q(team=team)) if team else rows.filter(team=None)
    today = clock.today()
    context = {
        "team": team,
        "of_team": team,
        "month": _month(request, team, rows, today) if team else None,
        "today": today,
        "coming": [row for row in rows if row.is_yearly or row.last_on >= today],
        "past": [row for row in rows if not row.is_yearly and row.last_on < today],
        "form": form,
        "list_form": lists,
        "can_edit": allows(request.actor, _verb(of), of),
        "can_edit_all": allows(request.actor, "manage_organisation", request.organisation),
    }
    return render(request, "people/holidays.html", context, status=422 if form.errors or lists.errors else 200)


def _month(request: Request, team: Team, holidays: Iterable[Holiday], today: dt.date) -> Month:
    first, last = bounds_of(first_of(request.GET.get("month", ""), today))
    return month_of(
        first,
        works=team.calendar,
        week_start=week_start_of(request.user, request.organisation),
        holidays=holidays,
        sprints=Sprint.objects.filter(team=team, starts_on__lte=last, ends_on__gte=first),
    )


def _add(request: Request, of: Organisation | Team, form: HolidayForm) -> bool:
    try:
        row = actions.add_holiday(of, by=request.actor, **form.cleaned_data)
    except ValidationError as error:
        add_errors(form, error)
        return False
    change = Change.objects.filter(name="holiday.added", subject_id=row.pk).latest("pk")
    toast(request, _("%(name)s is kept: nobody works then.") % {"name": row.name}, change)
    return True


def _add_all(request: Request, of: Organisation | Team, form: HolidayListForm) -> bool:
    try:
        added, left_out = actions.add_holidays(of, read_holidays(form.given()), by=request.actor)
    except NoHolidays as error:
        form.add_error("text", str(error))
        return False
    except ValidationError as error:
        form.add_error("text", error)
        return False
    told = ngettext("%(count)s holiday was added.", "%(count)s holidays were added.", added) % {"count": added}
    if left_out:
        told += " " + ngettext("%(count)s was there already.", "%(count)s were there already.", left_out) % {
            "count": left_out
        }
    change = None
    if added:
        change = Change.objects.filter(organisation_id=request.organisation.pk, name="holidays.added").latest("pk")
    toast(request, told, change)
    return True


def _find(request: Request, holiday_id: int) -> Holiday:
    rows = Holiday.objects.filter(organisation=request.organisation).select_related("team", "organisation")
    return get_object_or_404(rows, pk=holiday_id)


def _verb(of: Organisation | Team) -> str:
    return "manage_team" if isinstance(of, Team) else "manage_organisation"


def _back(of: Organisation | Team) -> HttpResponse:
    if isinstance(of, Team):
        return cast(HttpResponse, redirect("team-holidays", team_key=of.key))
    return cast(HttpResponse, redirect("holidays"))
