"""People: sign-in and out, one-time links, settings of people, teams and the organisation, and undo."""

from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from headway.live import history
from headway.live.models import Change

from ..context import THEMES
from . import Request, back, is_htmx, toast

YEAR = 365 * 24 * 3600


@require_POST
def undo(request: Request, change_id: int) -> HttpResponse:
    """Take an action back; the note of what was done carries this address."""
    change = get_object_or_404(Change, pk=change_id, organisation_id=request.actor.organisation_id)
    try:
        history.undo(change, by=request.actor)
        toast(request, _("Taken back."))
    except history.CannotUndo as reason:
        toast(request, str(reason), tone="bad")
    response = back(request)
    if is_htmx(request):
        del response.headers["HX-Redirect"]
        response.headers["HX-Refresh"] = "true"
    return response


@require_POST
@login_not_required
def theme(request: HttpRequest) -> HttpResponse:
    """Keep the theme in this browser: system, light or dark."""
    chosen = request.POST.get("theme", "")
    response = back(request, "sign-in")
    if chosen in THEMES and chosen:
        response.set_cookie("theme", chosen, max_age=YEAR, samesite="Lax", secure=request.is_secure())
    else:
        response.delete_cookie("theme", samesite="Lax")
    return response


def sign_in(request: HttpRequest) -> HttpResponse:
    raise Http404


def sign_out(request: HttpRequest) -> HttpResponse:
    raise Http404


def setup(request: HttpRequest, token: str) -> HttpResponse:
    raise Http404


def password_link(request: HttpRequest, token: str) -> HttpResponse:
    raise Http404


def switch_organisation(request: HttpRequest) -> HttpResponse:
    raise Http404
