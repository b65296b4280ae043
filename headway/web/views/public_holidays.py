"""The public holidays of a country: looked through, ticked, and added as one."""

import datetime as dt
from dataclasses import dataclass
from typing import Any, cast

from django import forms
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from headway.lib import clock
from headway.live.models import Change
from headway.people import actions, public_holidays
from headway.people.access import require
from headway.people.models import Organisation, Team
from headway.people.queries import days_kept

from . import Request, get_team, toast

NEXT_YEAR_FROM = 10  # the month from which on next year's are more likely to be wanted


class WhichForm(forms.Form):
    """Whose public holidays: a country, a region of it, a year."""

    country = forms.ChoiceField(label=gettext_lazy("Country"))
    region = forms.ChoiceField(label=gettext_lazy("Region"), required=False)
    year = forms.TypedChoiceField(label=gettext_lazy("Year"), coerce=int)

    def __init__(self, given: dict[str, str]) -> None:
        countries = public_holidays.countries()
        if given["country"] not in dict(countries):
            given["country"] = ""
        regions = public_holidays.regions(given["country"]) if given["country"] else []
        if given["region"] not in dict(regions):  # another country was chosen meanwhile
            given["region"] = ""
        super().__init__(given if given["country"] else None, auto_id="which-%s", initial=given)
        self.has_regions = bool(regions)
        self._offer("country", [("", _("Choose")), *countries])
        self._offer("region", [("", _("The whole country")), *regions])
        self._offer("year", [(str(year), str(year)) for year in public_holidays.years()])

    def _offer(self, name: str, choices: list[tuple[str, str]]) -> None:
        self.fields[name].choices = choices  # type: ignore[attr-defined]


@dataclass(frozen=True)
class Offered:
    """A public holiday that may be added; `is_kept`: nobody works on that day as things stand."""

    name: str
    on: dt.date
    is_kept: bool
    is_ticked: bool


def of_organisation(request: Request) -> HttpResponse:
    """Public holidays for everybody."""
    return _page(request, request.organisation, "manage_organisation", redirect("holidays"))


def of_team(request: Request, team_key: str) -> HttpResponse:
    """Public holidays for one team, which may sit in another country."""
    team = get_team(request, team_key)
    return _page(request, team, "manage_team", redirect("team-holidays", team_key=team.key))


def _page(request: Request, of: Organisation | Team, verb: str, back: Any) -> HttpResponse:
    require(request.actor, verb, of)
    form = WhichForm(_asked(request))
    wanted = form.cleaned_data if form.is_valid() else None
    found = public_holidays.public_holidays(**wanted) if wanted else []
    days = {day.isoformat() for _name, day, _day in found}
    error = ""
    if request.method == "POST":
        days &= set(request.POST.getlist("days"))
        chosen = [one for one in found if one[1].isoformat() in days]
        try:
            if chosen:
                _add(request, of, chosen)
                return cast(HttpResponse, back)
            error = _("Tick at least one day.")
        except ValidationError as refused:
            error = " ".join(refused.messages)
    kept = days_kept(of)
    context = {
        "form": form,
        "wanted": wanted,
        "offered": [Offered(name, day, not kept.is_working(day), day.isoformat() in days) for name, day, _day in found],
        "error": error,
        "of_team": of if isinstance(of, Team) else None,
        "team": of if isinstance(of, Team) else None,
        "back": back.url,
    }
    return render(request, "people/public_holidays.html", context, status=422 if error else 200)


def _asked(request: Request) -> dict[str, str]:
    """Return what was asked for; at first the country of the organisation, and the year that is next to be planned."""
    given = request.POST if request.method == "POST" else request.GET
    today = clock.today()
    _language, _dash, territory = request.organisation.locale.rpartition("-")
    return {
        "country": given.get("country", territory),
        "region": given.get("region", ""),
        "year": given.get("year", str(today.year + (today.month >= NEXT_YEAR_FROM))),
    }


def _add(request: Request, of: Organisation | Team, chosen: list[tuple[str, dt.date, dt.date]]) -> None:
    added, left_out = actions.add_holidays(of, chosen, by=request.actor)
    told = ngettext("%(count)s holiday was added.", "%(count)s holidays were added.", added) % {"count": added}
    if left_out:
        told += " " + ngettext("%(count)s was there already.", "%(count)s were there already.", left_out) % {
            "count": left_out
        }
    change = Change.objects.filter(organisation_id=request.organisation.pk, name="holidays.added").last()
    toast(request, told, change if added else None)
