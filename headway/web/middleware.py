"""Who asks, what they may reach, and what a browser may do with the answer."""

from collections.abc import Callable
from typing import Any, cast

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import resolve_url

from headway.live import known
from headway.people import access, local
from headway.people.actor import actor_of
from headway.people.models import Membership, Organisation, Person

from .live import note_position
from .views import Request, errors, go, is_htmx, trigger

Answer = Callable[[HttpRequest], HttpResponse]

POLICY = "; ".join(
    [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "font-src 'self'",
        "connect-src 'self'",
        "manifest-src 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
    ]
)


class SecurityHeaders:
    """Send a strict Content-Security-Policy with every answer: no inline script, no inline style, nothing foreign."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response.headers.setdefault("Content-Security-Policy", POLICY)
        response.headers.setdefault("X-Frame-Options", "DENY")
        response.headers.setdefault("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
        response.headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        # An answer may show what only this person sees: no shared cache keeps it, no browser shows an old one.
        response.headers.setdefault("Cache-Control", "private, no-cache")
        return response


class ActorMiddleware:
    """Attach the actor and the organisation; ask for sign-in unless a view is `login_not_required`.

    Runs the request in the person's language, formats and time zone; carries toasts to the page that will show them.
    """

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        with known.request():
            attach_actor(request)
            organisation: Organisation | None = getattr(request, "organisation", None)
            person = cast(Person, request.user) if organisation else None
            with local.in_place_of(person, organisation):
                response = self.get_response(request)
            _carry_toasts(request, response)
        return response

    def process_view(
        self, request: HttpRequest, view: Callable[..., HttpResponse], args: Any, kwargs: Any
    ) -> HttpResponse | None:
        if not getattr(view, "login_required", True) or getattr(request, "actor", None) is not None:
            note_position(request, view)
            return None
        if request.user.is_authenticated:
            return errors.no_organisation(request)
        if is_htmx(request):
            return go(request, resolve_url(settings.LOGIN_URL))
        return redirect_to_login(request.get_full_path())

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        return errors.forbidden(request, exception) if isinstance(exception, access.Forbidden) else None


def attach_actor(request: HttpRequest) -> None:
    """Set `request.actor` (None for a stranger) and, for a member, `request.organisation`. Two queries at most."""
    asking = cast(Request, request)
    asking.__dict__["actor"] = None
    if not request.user.is_authenticated:
        return
    active = Membership.objects.filter(person=request.user, deactivated_at=None).select_related("organisation")
    memberships = {row.organisation_id: row for row in active.order_by("organisation__name")}
    asking.organisations = [row.organisation for row in memberships.values()]
    chosen = memberships.get(request.session.get("organisation", 0)) or next(iter(memberships.values()), None)
    if chosen is not None and request.user.is_active:
        asking.actor = actor_of(chosen)
        asking.organisation = chosen.organisation


def _carry_toasts(request: HttpRequest, response: HttpResponse) -> None:
    pending = request.__dict__.pop("pending_toasts", [])
    if not pending:
        return
    leaves = {"HX-Redirect", "HX-Refresh", "Location"} & set(response.headers)
    if is_htmx(request) and not leaves:
        trigger(response, toasts=[note | {"undo": _undo_address(note)} for note in pending])
    else:
        request.session["toasts"] = [*request.session.get("toasts", []), *pending]


def _undo_address(note: dict[str, Any]) -> str:
    return resolve_url("undo", change_id=note["change"]) if note["change"] else ""
