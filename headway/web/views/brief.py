"""The economic brief: a page, and as files."""

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from headway.lib import paper
from headway.value import brief_documents
from headway.value.brief import economic_brief

from ..live import GOALS, WORK, Follows, Pace, Per, live
from . import Request, get_team

RETRY_SECONDS = "5"


@live(page=Follows(WORK | GOALS, Per.TEAM, Pace.ASK))
@require_safe
def brief(request: Request, team_key: str) -> HttpResponse:
    """Show where to focus, what that brings, what waiting costs and what would change our mind, on one page."""
    team = get_team(request, team_key)
    found = economic_brief(team, request.actor)
    context = {
        "team": team,
        "brief": found,
        "title": brief_documents.title(found),
        "headings": brief_documents.headings(),
        "columns": brief_documents.columns(),
        "parts": list(brief_documents.parts(found)),
        "more": brief_documents.more(found),
        "empty": brief_documents.empty(),
    }
    return render(request, "proposals/brief.html", context)


@require_safe
def brief_file(request: Request, team_key: str, suffix: str) -> HttpResponse:
    """Send the brief as Markdown or PDF."""
    team = get_team(request, team_key)
    found = economic_brief(team, request.actor)
    try:
        answer = (
            HttpResponse(brief_documents.markdown(found), content_type="text/markdown; charset=utf-8")
            if suffix == "md"
            else HttpResponse(brief_documents.pdf(found), content_type="application/pdf")
        )
    except paper.Busy:
        text = _("Others are printing just now. Try again in a moment.")
        return HttpResponse(
            text, status=503, content_type="text/plain; charset=utf-8", headers={"Retry-After": RETRY_SECONDS}
        )
    name = f"{team.key}-brief-{found.on.isoformat()}.{suffix}"
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    answer.headers["Cache-Control"] = "private, no-cache"
    return answer
