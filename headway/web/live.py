"""Parts of pages that follow what others do: what they hang on, who may share one, and how one is drawn again.

A view says `@live(page=Follows(…))` for the inside of <main>, or `part=Follows(…)` for what it answers over htmx. When
a Change matters to a part, the view is called once for each permission class of those who look at it, as somebody of
that class, and all of them get the same bytes. So there is one source of HTML, and the permission check is the view's.
"""

import datetime as dt
import io
import logging
from collections.abc import Callable, Collection, Iterable
from contextlib import ExitStack
from dataclasses import dataclass
from enum import Enum
from importlib import import_module
from typing import Any, TypeVar, cast
from urllib.parse import urlsplit

from django.conf import settings
from django.core.handlers.wsgi import WSGIRequest
from django.http import Http404, HttpResponse
from django.urls import Resolver404, get_script_prefix, resolve, set_script_prefix
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from markupsafe import Markup

from headway.live import known
from headway.live.hub import News, position
from headway.people import access
from headway.people.actor import Actor
from headway.people.models import Organisation, Person, Team

from .views import Request

log = logging.getLogger("headway.live")

View = TypeVar("View", bound=Callable[..., Any])

# Nouns of Changes, by what they are about.
WORK = frozenset(
    {
        "item",
        "items",
        "column",
        "columns",
        "sprint",
        "bet",
        "verdict",
        "import",
        "conflict",
        "conflicts",
        "asker",
        "prerequisite",
        "must",
        "focus_proposal",
    }
)
GOALS = frozenset(["key_result", "objective", "measurement", "check_in", "cycle", "okrs"])
AGREED = frozenset(["decision", "impediment", "action"])
PEOPLE = frozenset(["member", "members", "role", "roles", "person", "unit", "team", "organisation", "invitation"])


class Per(Enum):
    """What a drawn part depends on beside the organisation, the language and the time zone."""

    TEAM = "roles in the team of the address"
    ORGANISATION = "all roles, and the team looked at last"
    PERSON = "the person"


class Pace(Enum):
    QUICK = "quick"  # drawn and sent at once
    SLOW = "slow"  # drawn beside the quick ones
    ASK = "ask"  # too dear to draw unasked: the page offers to be loaded again


@dataclass(frozen=True)
class Follows:
    """What a part of a page hangs on: nouns of Changes, of its own team only where the address names one."""

    on: Collection[str]
    per: Per = Per.PERSON
    pace: Pace = Pace.SLOW
    #: of Per.TEAM: all that the part says otherwise to some are whether they may do these; None for any other reason
    verbs: Collection[str] | None = None


def live(*, page: Follows | None = None, part: Follows | None = None) -> Callable[[View], View]:
    """Mark a view whose page (or htmx part) is drawn again when something it hangs on changes."""

    def mark(view: View) -> View:
        cast(Any, view).live = {"page": page, "part": part}
        return view

    return mark


@dataclass(frozen=True)
class Region:
    """A part of an open page: `kind` "page" or "part", and the address that draws it."""

    kind: str
    address: str
    follows: Follows
    team_id: int | None  # of the address, where it names one

    @property
    def name(self) -> str:
        """What the page calls it: its attribute data-live."""
        return f"{self.kind}:{self.address}"

    def matters(self, news: News) -> bool:
        """Say whether a Change may change this part."""
        is_near = self.team_id is None or news.team_id is None or news.team_id == self.team_id
        return is_near and news.noun in self.follows.on


@dataclass(frozen=True)
class Viewer:
    """Somebody who looks at pages, as they were when their stream began."""

    actor: Actor
    organisation: Organisation
    organisations: tuple[Organisation, ...]
    person: Person
    language: str
    zone: dt.tzinfo
    scheme: str
    host: str
    team_key: str  # looked at last
    prefix: str  # of all addresses, behind a proxy that serves us under a path

    def permission_class(self, region: Region) -> tuple[Any, ...]:
        """Return what everybody shares who may be sent the same bytes."""
        actor, follows = self.actor, region.follows
        shared = (self.organisation.pk, self.language, self.zone, self.scheme, self.host)
        if follows.per is Per.TEAM and region.team_id is not None:
            if follows.verbs is not None:
                team = Team(pk=region.team_id, organisation=self.organisation)
                return (*shared, tuple(access.allows(actor, verb, team) for verb in follows.verbs))
            return (*shared, actor.is_administrator, actor.roles_in(region.team_id))
        held = frozenset((team_id, roles) for team_id, roles in actor.roles.items())
        own = (actor.person_id,) if follows.per is Per.PERSON else ()
        return (*shared, actor.is_administrator, held, self.team_key, *own)


def note_position(request: Any, view: Any) -> None:
    """Note up to which Change everything is committed, before a view that can be followed reads anything.

    Read later, what is committed between the view's reading and the page's stream would be missed. A query at most.
    """
    if hasattr(view, "live") and request.actor is not None:
        request.live_after = position(request.actor.organisation_id)


class Following:
    """What templates know as `live`: how the page that is drawn follows what others do."""

    def __init__(self, request: Any) -> None:
        self._request = request
        self.is_part: bool = getattr(request, "is_part", False)
        self.after: int | str = getattr(request, "live_after", "")

    @property
    def page(self) -> str:
        """The name of the page's own region, or nothing: what a form has answered belongs to who sent it."""
        match = self._request.resolver_match
        follows = getattr(match.func, "live", {}).get("page") if match else None
        return f"page:{self._request.get_full_path()}" if follows and self._request.method == "GET" else ""


def without_session() -> dict[str, Any]:
    """Return what a shared part is drawn with instead of a session's: each browser puts in its own token."""
    return {"csrf_token": "", "csrf_input": Markup('<input type="hidden" name="csrfmiddlewaretoken" value="">')}


def viewer_of(request: Request) -> Viewer:
    """Return who asks, with everything that a part drawn for them depends on."""
    return Viewer(
        actor=request.actor,
        organisation=request.organisation,
        organisations=tuple(request.organisations),
        person=Person.objects.get(pk=request.user.pk),
        language=translation.get_language() or settings.LANGUAGE_CODE,
        zone=timezone.get_current_timezone(),
        scheme=request.scheme or "http",
        host=request.get_host(),
        team_key=request.session.get("team", ""),
        prefix=get_script_prefix(),
    )


def regions_of(names: Iterable[str], actor: Actor) -> list[Region]:
    """Return the regions that a page names, without those that do not exist or are not there for `actor`."""
    found = []
    teams: dict[str, int | None] = {}
    for name in names:
        kind, _colon, address = name.partition(":")
        try:
            parts = urlsplit(address)
            match = resolve(_path_info(parts.path))
        except (Resolver404, ValueError):
            continue
        if parts.netloc or parts.scheme:
            continue
        follows = getattr(match.func, "live", {}).get(kind)
        key = match.kwargs.get("team_key", "").upper()
        if key and key not in teams:
            teams[key] = Team.objects.visible_to(actor).filter(key=key).values_list("pk", flat=True).first()
        if follows is not None and (not key or teams[key] is not None):
            found.append(Region(kind, address, follows, teams.get(key)))
    return found


def draw(region: Region, viewer: Viewer) -> str | None:
    """Draw a region as `viewer` sees it; None where it is gone or not theirs to see. Costs what the view costs."""
    set_script_prefix(viewer.prefix)
    request = _request(region, viewer)
    match = resolve(request.path_info)
    request.resolver_match = match
    with ExitStack() as stack:
        stack.enter_context(known.request())
        stack.enter_context(translation.override(viewer.language))
        stack.enter_context(timezone.override(viewer.zone))
        try:
            response: HttpResponse = match.func(request, *match.args, **match.kwargs)
        except (Http404, access.Forbidden):
            return None
    return response.content.decode() if response.status_code == 200 else None


def announcement(news: Collection[News], viewer: Viewer) -> str:
    """Say in one sentence, for a screen reader, what others did. One query."""
    people = {one.actor_id for one in news if one.actor_id}
    names = dict(Person.objects.filter(pk__in=people).values_list("pk", "name"))
    with translation.override(viewer.language):
        labels = {one.label for one in news}
        who = names.get(next(iter(people)), "") if len(people) == 1 else ""
        if len(labels) == 1 and who:
            return _("%(who)s changed %(what)s.") % {"who": who, "what": labels.pop()}
        if who:
            told = ngettext("%(who)s made %(count)s change.", "%(who)s made %(count)s changes.", len(news))
            return told % {"who": who, "count": len(news)}
        return ngettext("%(count)s change by others.", "%(count)s changes by others.", len(news)) % {"count": len(news)}


def _request(region: Region, viewer: Viewer) -> Any:
    """Make the request that a viewer's browser would send, without cookies: nothing of one session is shared."""
    parts = urlsplit(region.address)
    environ = {
        "REQUEST_METHOD": "GET",
        "SCRIPT_NAME": get_script_prefix().rstrip("/"),
        "PATH_INFO": _path_info(parts.path),
        "QUERY_STRING": parts.query,
        "HTTP_HOST": viewer.host,
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "HTTP_X_FORWARDED_PROTO": viewer.scheme,
        "wsgi.url_scheme": viewer.scheme,
        "wsgi.input": io.BytesIO(),
    }
    if region.kind == "part":
        environ["HTTP_HX_REQUEST"] = "true"
    request: Any = WSGIRequest(environ)
    request.is_shared = True
    request.is_part = region.kind == "page"
    request.actor, request.user, request.organisation = viewer.actor, viewer.person, viewer.organisation
    request.organisations = list(viewer.organisations)
    request.session = import_module(settings.SESSION_ENGINE).SessionStore()  # never saved
    request.session["team"] = viewer.team_key
    return request


def _path_info(path: str) -> str:
    prefix = get_script_prefix()
    return "/" + path.removeprefix(prefix) if path.startswith(prefix) else path
