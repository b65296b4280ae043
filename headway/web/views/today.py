"""Today: who of the three parties needs somebody, and for what."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from headway.desks.outlook import NEXT_ROWS, Next, SprintForecast
from headway.desks.signals import Desk, Signal, Target
from headway.desks.today import TeamToday, first_steps, today_of
from headway.people.access import allows
from headway.people.models import Team

from ..live import AGREED, GOALS, PEOPLE, WORK, Follows, Per, live
from ..today_charts import bars_of, limit_share, way_of
from . import Request, get_team

ALL = "all"
#: So many rows of a desk are shown at first, and so many teams beside "all".
ROWS_SHOWN = 4
TEAMS_SHOWN = 4


@dataclass(frozen=True)
class Row:
    """A signal on the page; without `href` where its page is not there or is not for the viewer."""

    signal: Signal
    team: Team
    href: str


@dataclass(frozen=True)
class DeskRows:
    """What waits at one desk."""

    name: str
    icon: str
    rows: Sequence[Row]

    @property
    def oldest(self) -> int | None:
        return max((row.signal.age_days for row in self.rows if row.signal.age_days is not None), default=None)


@live(page=Follows(WORK | GOALS | AGREED | PEOPLE, Per.ORGANISATION))
@require_safe
def today(request: Request) -> HttpResponse:
    """Show Today of one team, or of all that the viewer has a role in."""
    teams = _teams(request)
    asked = request.GET.get("team", "")
    if asked.lower() == ALL:
        if len(teams) > 1:
            return _all(request, teams)
        asked = ""
    team = get_team(request, asked) if asked else _current(request, teams)
    found = today_of(team) if team else None
    if team is None or found is None or found.is_new:
        return _first_steps(request, teams, team)
    context = {
        "now": found,
        "desks": _desks(request, [found]),
        "next": [(one, _address(one.target), None) for one in found.next],
        "choices": _choices(teams, team),
        "rows_shown": ROWS_SHOWN,
        "with_team": False,
        "bars": bars_of(found.forecast.days) if isinstance(found.forecast, SprintForecast) else None,
        "way": way_of(found.aimed_at) if found.aimed_at else None,
        "limit_share": limit_share,
    }
    return render(request, "today/today.html", context)


def _first_steps(request: Request, teams: Sequence[Team], team: Team | None) -> HttpResponse:
    context = {
        "steps": first_steps(request.organisation),
        "team": team,
        "may_import": team is not None and allows(request.actor, "import_items", team),
        "choices": _choices(teams, team) if team else [],
    }
    return render(request, "today/first_steps.html", context)


def _all(request: Request, teams: Sequence[Team]) -> HttpResponse:
    found = [today_of(team) for team in teams]
    coming: dict[Any, tuple[Next, str, Team | None]] = {}
    for each in found:
        for one in each.next:
            # The end of a cycle is everybody's, and said once.
            team = each.team if one.target else None
            coming[one.on, one.title, team and team.pk] = (one, _address(one.target), team)
    context = {
        "teams": found,
        "desks": _desks(request, found),
        "next": sorted(coming.values(), key=lambda row: row[0].on)[: 2 * NEXT_ROWS],
        "choices": _choices(teams, None),
        "rows_shown": 2 * ROWS_SHOWN,
        "with_team": True,
        "limit_share": limit_share,
    }
    return render(request, "today/all.html", context)


def _teams(request: Request) -> list[Team]:
    """Return the teams in which the viewer has a role; all, where that is none."""
    visible = list(Team.objects.visible_to(request.actor).active().select_related("organisation"))
    return [team for team in visible if team.pk in request.actor.roles] or visible


def _current(request: Request, teams: Sequence[Team]) -> Team | None:
    """Return the team that was looked at last, where it is still there; else the first."""
    key = request.session.get("team", "")
    last = Team.objects.visible_to(request.actor).active().select_related("organisation").filter(key=key).first()
    return last or next(iter(teams), None)


def _choices(teams: Sequence[Team], chosen: Team | None) -> list[tuple[str, str, bool]]:
    """Return (name, address, whether it is this one) of the teams to switch between, and of all together."""
    if len(teams) < 2:
        return []
    shown = list(teams[:TEAMS_SHOWN])
    if chosen is not None and chosen not in shown:
        shown.append(chosen)
    links = [(team.name, f"?team={team.key}", team == chosen) for team in shown]
    return [*links, (_("All teams"), f"?team={ALL}", chosen is None)]


def _desks(request: Request, found: Iterable[TeamToday]) -> list[DeskRows]:
    rows = [
        Row(signal, each.team, _address(signal.target) if allows(request.actor, signal.verb, each.team) else "")
        for each in found
        for signal in each.signals
    ]
    names = [
        (Desk.PRODUCT_OWNER, _("Product Owner"), "product-owner"),
        (Desk.TEAM, _("Development Team"), "team"),
        (Desk.ORGANISATION, _("Organisation"), "organisation"),
    ]
    return [DeskRows(name, icon, _once([row for row in rows if row.signal.desk == desk])) for desk, name, icon in names]


def _once(rows: Iterable[Row]) -> list[Row]:
    """Leave out what a second team would tell again: a Key Result of the organisation is everybody's."""
    kept: dict[Any, Row] = {}
    for row in rows:
        parts = tuple(sorted(row.signal.target.parts.items()))
        kept.setdefault((row.signal.kind, row.signal.what, row.signal.target.page, parts), row)
    return list(kept.values())


def _address(target: Target | None) -> str:
    """Return the address of a target, or nothing where there is no such page."""
    if target is None:
        return ""
    try:
        address = reverse(target.page, kwargs=dict(target.parts))
    except NoReverseMatch:
        return ""
    return f"{address}#{target.anchor}" if target.anchor else address
