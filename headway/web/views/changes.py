"""After a write: tell what was done, with its undo, and show the page as it is now."""

from collections.abc import Callable
from typing import Any

from django.db.models import Max
from django.http import HttpRequest, HttpResponse
from django.urls import Resolver404, resolve

from headway.live.models import Change
from headway.people.models import Team

from . import Request, back, is_htmx, own_referer, trigger

#: pages with a part that asks for itself again on the event `value-changed`
FOLLOWING = {"backlog", "link"}


def change_of(request: Request, act: Callable[[], Any]) -> Change | None:
    """Do an action and return the Change that it recorded, for the toast; None where nothing changed."""
    ours = Change.objects.filter(organisation_id=request.actor.organisation_id)
    newest = ours.aggregate(newest=Max("pk"))["newest"] or 0
    act()
    return ours.filter(pk__gt=newest, actor_id=request.actor.person_id).order_by("pk").last()


def follow(request: HttpRequest, team: Team, default: str = "backlog", **parts: Any) -> HttpResponse:
    """Show what changed: a page that follows refreshes its part and keeps its place; any other is loaded again."""
    if is_htmx(request) and _page(request) in FOLLOWING:
        return trigger(HttpResponse(status=204), **{"value-changed": True})
    return back(request, default, **(parts or {"team_key": team.key}))


def stay(request: HttpRequest, team: Team, default: str = "backlog") -> HttpResponse:
    """Leave the page as it is, with what was typed: nothing changed, and a toast says why."""
    return HttpResponse(status=204) if is_htmx(request) else back(request, default, team_key=team.key)


def _page(request: HttpRequest) -> str:
    try:
        return resolve(own_referer(request).partition("?")[0]).url_name or ""
    except Resolver404:
        return ""
