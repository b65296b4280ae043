"""After a write: tell what was done, with its undo, and show the page as it is now."""

from collections.abc import Callable
from typing import Any

from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.urls import Resolver404, resolve
from django.utils.translation import gettext as _

from headway.desks.activity import changes_of
from headway.live.history import recording
from headway.live.models import Change
from headway.people.models import Person, Team

from . import Request, back, is_htmx, own_referer, trigger

#: pages with a part that follows what changes, by its stream or on the event `value-changed`
FOLLOWING = {"backlog", "link"}

LOOKED_THROUGH = 20


def change_of(request: Request, act: Callable[[], Any]) -> Change | None:
    """Do an action and return the Change that it recorded, for the toast; None where nothing changed."""
    with recording() as made:
        act()
    return made[-1] if made else None


def last_to_change(row: Model, field: str = "") -> str:
    """Name who changed a row last (this field of it), for somebody who looks at it as it was before. Two queries."""
    changes = list(changes_of(row).order_by("-pk")[:LOOKED_THROUGH])
    wrote = [change for change in changes if _writes(change, row, field)] or changes
    person = Person.objects.filter(pk=(wrote[0].actor_id if wrote else None) or 0).first()
    return person.name if person else _("Somebody")


def told_by_stream(change: Change | None = None) -> HttpResponse:
    """Answer a write from a page whose parts follow what changes: its stream brings the rest (static/js/live.js)."""
    return trigger(HttpResponse(status=204), **{"value-changed": {"change": change.pk} if change else True})


def follow(
    request: HttpRequest, team: Team, default: str = "backlog", *, change: Change | None = None, **parts: Any
) -> HttpResponse:
    """Show what changed: a page that follows keeps its place, its stream or its part brings it; any other is loaded."""
    if is_htmx(request) and _page(request) in FOLLOWING:
        return told_by_stream(change)
    return back(request, default, **(parts or {"team_key": team.key}))


def stay(request: HttpRequest, team: Team, default: str = "backlog") -> HttpResponse:
    """Leave the page as it is, with what was typed: nothing changed, and a toast says why."""
    return HttpResponse(status=204) if is_htmx(request) else back(request, default, team_key=team.key)


def _writes(change: Change, row: Model, field: str) -> bool:
    """Say whether a Change, of one row or of many, wrote a field of this row."""
    after = change.after.get(str(row.pk), change.after)
    return isinstance(after, dict) and bool({field, f"{field}_id"} & after.keys())


def _page(request: HttpRequest) -> str:
    try:
        return resolve(own_referer(request).partition("?")[0]).url_name or ""
    except Resolver404:
        return ""
