"""Who asks, what they may reach, and what a browser may do with the answer."""

from collections.abc import Callable
from typing import Any, cast

from django.conf import settings
from django.contrib import auth
from django.contrib.auth.middleware import AuthenticationMiddleware
from django.contrib.auth.models import AnonymousUser
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import resolve_url
from django.utils.crypto import constant_time_compare
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext as _

from headway.lib.prepared import Prepared
from headway.live import known
from headway.people import access, local
from headway.people.actor import actor_of
from headway.people.models import Membership, Organisation, Person
from headway.people.sign_in.session_store import SessionStore

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


#: Bytes of a body: the largest file that can be brought in, and what somebody who is not signed in may send. (The API
#: asks for a token before it reads, and has limits of its own.)
MOST_BYTES, MOST_OF_STRANGERS = 512 * 2**20, 2**20


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


_PERSON = Prepared(lambda pk: Person.objects.filter(pk=pk), int)
_MEMBERSHIPS = Prepared(
    lambda person_id: (
        Membership.objects.filter(person=person_id, deactivated_at=None)
        .select_related("organisation", "person")
        .order_by("organisation__name")
    ),
    int,
)


class SignedIn(AuthenticationMiddleware):
    """Attach the person of the session, as Django does, by a statement that is put together once."""

    def process_request(self, request: HttpRequest) -> None:
        super().process_request(request)
        request.user = SimpleLazyObject(lambda: _person_of(request))  # type: ignore[assignment]


def _person_of(request: HttpRequest) -> Person | AnonymousUser:
    """Return who is signed in. Where anything is not as it was at the sign-in Django itself decides."""
    kept = request.__dict__.get("_cached_user")  # as Django's own middleware keeps it; signing in and out renew it
    if kept is None:
        kept = request.__dict__["_cached_user"] = _unchanged(request) or auth.get_user(request)
    return cast(Person | AnonymousUser, kept)


def _unchanged(request: HttpRequest) -> Person | None:
    read = cast(SessionStore, request.session).read_with_memberships()
    key = str(request.session.get(auth.SESSION_KEY, ""))
    if not key.isdecimal() or request.session.get(auth.BACKEND_SESSION_KEY) not in settings.AUTHENTICATION_BACKENDS:
        return None
    memberships = read if read and read[0].person_id == int(key) else _MEMBERSHIPS.all(int(key))
    request.__dict__["_memberships"] = int(key), memberships
    person = memberships[0].person if memberships else _PERSON.first(int(key))
    if person is None or not person.is_active:
        return None
    proof = request.session.get(auth.HASH_SESSION_KEY, "")
    return person if constant_time_compare(proof, person.get_session_auth_hash()) else None


class ActorMiddleware:
    """Attach the actor and the organisation; ask for sign-in unless a view is `login_not_required`.

    Runs the request in the person's language, formats and time zone; carries toasts to the page that will show them.
    """

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        with known.request():
            attach_actor(request)
            if _is_too_large(request):
                return HttpResponse(_("This is too large."), status=413, content_type="text/plain; charset=utf-8")
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


def _is_too_large(request: HttpRequest) -> bool:
    """Say so before anything reads the body: the check of a form's token would store the files in it."""
    if request.path_info.startswith("/api/"):
        return False
    length = request.META.get("CONTENT_LENGTH") or "0"
    most = MOST_OF_STRANGERS if request.__dict__["actor"] is None else MOST_BYTES
    return not length.isdecimal() or int(length) > most


def attach_actor(request: HttpRequest) -> None:
    """Set `request.actor` (None for a stranger) and, for a member, `request.organisation`. A query at most."""
    asking = cast(Request, request)
    asking.__dict__["actor"] = None
    if not request.user.is_authenticated:
        return
    of_person, rows = request.__dict__.pop("_memberships", (None, []))
    if of_person != request.user.pk:
        rows = _MEMBERSHIPS.all(request.user.pk)
    memberships: dict[int, Membership] = {row.organisation_id: row for row in rows}
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
