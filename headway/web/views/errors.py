"""Pages that say what went wrong and what to do."""

import logging

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.template import loader
from django.utils.translation import gettext as _

from headway.lib.logs import request_id

from . import is_htmx, toast

log = logging.getLogger(__name__)


@login_not_required
def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return _page(
        request,
        400,
        _("That request could not be read"),
        _("Something in the address or the form is not as it should be. Go back and try once more."),
    )


@login_not_required
def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    told = str(exception or "") or _("Your roles do not allow this.")
    advice = _("An administrator or the team's Scrum Master can give you the role in Settings, People and roles.")
    return _page(request, 403, _("This is not yours to do"), told, advice)


@login_not_required
def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return _page(
        request,
        404,
        _("Nothing here"),
        _("The address is wrong, it was taken away, or it belongs to an organisation that you are not part of."),
        _("Look for it by name, or go on from Today."),
    )


@login_not_required
def server_error(request: HttpRequest) -> HttpResponse:
    """Answer without database, session or shell: any of them may be what failed."""
    try:
        body: str = loader.render_to_string("errors/500.html", {"request_id": request_id.get()})
    except Exception:
        log.exception("the page for a server error failed too")
        body = _("Headway failed. The log says why. Go back and try once more.")
    return HttpResponse(body, status=500)


@login_not_required
def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Answer a form whose token does not fit (django's setting CSRF_FAILURE_VIEW)."""
    return _page(
        request,
        403,
        _("The form was too old"),
        _("It was opened before you signed in, or in another window. Nothing was changed."),
        _("Go back, load the page again and send it once more."),
    )


def no_organisation(request: HttpRequest) -> HttpResponse:
    """Answer somebody who is signed in and (no longer) a member anywhere."""
    return HttpResponse(loader.render_to_string("errors/no_organisation.html", {}, request), status=403)


def _page(request: HttpRequest, status: int, title: str, text: str, advice: str = "") -> HttpResponse:
    if is_htmx(request):
        toast(request, text, tone="bad")
        return HttpResponse(status=status)
    context = {"title": title, "text": text, "advice": advice, "status": status}
    signed_in = getattr(request, "actor", None) is not None
    template = "errors/in.html" if signed_in else "errors/out.html"
    return HttpResponse(loader.render_to_string(template, context, request), status=status)
