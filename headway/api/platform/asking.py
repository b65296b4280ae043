"""Who asks: a program with a token, or a person's signed-in browser; and what is refused before anything is read."""

from typing import Any, cast

from django.http import HttpRequest
from django.utils.translation import gettext as _
from ninja.security.base import AuthBase
from ninja.utils import check_csrf

from headway.people import throttle
from headway.people.actions import token_of, touch_token
from headway.people.actor import Actor, actor_for_token
from headway.people.models import ApiToken, Organisation

from . import limits
from .problems import Problem

MOST_BYTES = 1_000_000  # of a body of JSON
_WRONG_TOKENS = (30, 60)  # from one address, in seconds
_SAFE = {"GET", "HEAD", "OPTIONS"}


class ApiRequest(HttpRequest):
    """A request as an operation gets it."""

    actor: Actor
    organisation: Organisation
    token: ApiToken | None
    body_fields: tuple[str, ...]
    seen: int | None  # the last Change that the program saw, for an operation that takes it


class Guard(AuthBase):
    """Let a request through to an operation that needs `scope`, or raise the Problem that says why not."""

    def __init__(self, scope: str, *, most_bytes: int = MOST_BYTES, takes_seen: bool = False) -> None:
        self.scope, self.most_bytes, self.takes_seen = scope, most_bytes, takes_seen
        self.takes: str | None = None  # the media type of the body; None: there is none
        self.parameters: frozenset[str] = frozenset()  # names in the query
        self.body_fields: tuple[str, ...] = ()

    def __call__(self, request: HttpRequest) -> bool:
        asking = cast(ApiRequest, request)
        asking.body_fields = self.body_fields
        self._authenticate(asking)
        limits.take(asking)
        self._require_scope(asking)
        self._require_readable(asking)
        asking.seen = _seen(asking) if self.takes_seen else None
        return True

    def _authenticate(self, request: ApiRequest) -> None:
        given = request.headers.get("Authorization")
        if given is None:
            self._take_session(request)
            return
        scheme, _space, text = given.partition(" ")
        token = token_of(text.strip()) if scheme.lower() == "bearer" else None
        actor = actor_for_token(token) if token else None
        if token is None or actor is None:
            wait = throttle.take("api-wrong-token", throttle.address_of(request), *_WRONG_TOKENS)
            if wait:
                raise Problem(429, throttle.please_wait(wait), headers={"Retry-After": str(wait)})
            raise _unknown(_("This token is wrong, too old, or was revoked."))
        touch_token(token)
        request.token, request.actor, request.organisation = token, actor, token.organisation

    def _take_session(self, request: ApiRequest) -> None:
        """Take the person whose browser it is, as the middleware found them; a write needs the form's token too."""
        if cast(Any, request).__dict__.get("actor") is None:
            raise _unknown(_("Send a token: Authorization: Bearer hw_…"))
        request.token = None
        if request.method not in _SAFE and check_csrf(request) is not None:
            raise Problem(403, _("A browser that writes sends the header X-CSRFToken; a program sends a token."))

    def _require_scope(self, request: ApiRequest) -> None:
        scopes = request.actor.scopes
        if scopes is not None and self.scope not in scopes:
            raise Problem(403, _("This token lacks the scope “%(scope)s”.") % {"scope": self.scope})

    def _require_readable(self, request: ApiRequest) -> None:
        if not request.accepts("application/json") and not request.accepts("application/problem+json"):
            raise Problem(406, _("Answers are application/json: accept that."))
        length = int(request.META.get("CONTENT_LENGTH") or 0)
        if length > self.most_bytes:
            raise Problem(413, _("A body here has up to %(count)d bytes.") % {"count": self.most_bytes})
        if self.takes and request.content_type != self.takes and (length or request.content_type):
            raise Problem(415, _("Send the body as %(type)s.") % {"type": self.takes})
        unknown = [
            (name, _("There is no such parameter.") if name not in self.parameters else _("Give it once."))
            for name, values in request.GET.lists()
            if name not in self.parameters or len(values) > 1
        ]
        if unknown:
            raise Problem(422, _("Look at “errors”: each names a parameter."), errors=unknown)
        if "\0" in request.path_info or any("\0" in value for value in request.GET.values()):
            raise Problem(422, _("A text holds no character NUL."))


def _seen(request: ApiRequest) -> int | None:
    given = request.headers.get("Seen-Change")
    if given is None:
        return None
    if not (given.isascii() and given.isdecimal() and len(given) < 19):
        raise Problem(422, errors=[("Seen-Change", _("This is the id of a Change."))])
    return int(given)


def _unknown(detail: str) -> Problem:
    return Problem(401, detail, headers={"WWW-Authenticate": 'Bearer realm="Headway"'})
