"""How good are our promises? The team's ranges and chances beside what came. Nobody's own is shown."""

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET

from headway.value.queries.calibration import calibration_of

from ..fifths import chart_of
from ..live import GOALS, WORK, Follows, Per, live
from . import Request, get_team, teams_of

#: More teams than this are chosen in the side bar alone.
MOST_TEAMS = 6


@live(page=Follows(WORK | GOALS, Per.TEAM))
@require_GET
def calibration(request: Request, team_key: str) -> HttpResponse:
    """Show the record. What is scored, a job has scored: looking changes nothing."""
    team = get_team(request, team_key)
    found = calibration_of(team)
    teams = [
        (other.name, reverse("calibration", kwargs={"team_key": other.key}), other.pk == team.pk)
        for other in teams_of(request)
    ]
    ranges = {"bets": found.bets, "dates": found.dates, "counts": found.items, "key_results": found.key_results}
    context = {
        "team": team,
        "found": found,
        "teams": teams if 1 < len(teams) <= MOST_TEAMS else [],
        "charts": {name: None if known.missing else chart_of(known.bins, known.fair) for name, known in ranges.items()},
    }
    return render(request, "calibration/calibration.html", context)
