"""Views: one file an area. Here is what all of them share.

A view reads by `queries`, writes by `actions` with `by=request.actor`, and says what it did:

    change = actions.move_item(item, column, by=request.actor)
    toast(request, _("Moved to %(column)s.") % {"column": column.name}, change)
    return back(request, "board", team_key=team.key)

`access.Forbidden` and `Http404` may simply fly: the middleware answers with a page that says what to do.
"""

import json
from copy import copy
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from django.core.exceptions import DisallowedHost, ValidationError
from django.forms import BaseForm
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import resolve_url
from django.utils.http import url_has_allowed_host_and_scheme

from headway.live.known import Aspect, remembered
from headway.live.models import Change
from headway.people.models import Organisation, Team

if TYPE_CHECKING:
    from headway.people.actor import Actor
    from headway.people.models import Person


class Request(HttpRequest):
    """A request of somebody who is signed in, as the middleware hands it to a view."""

    actor: "Actor"
    organisation: Organisation
    user: "Person"
    organisations: list[Organisation]
    pending_toasts: list[dict[str, Any]]


def get_team(request: Request, key: str) -> Team:
    """Return the team of this key where the viewer may see it, and keep it as their current team; else 404."""
    found = next((team for team in teams_of(request) if team.key == key.upper()), None)
    if found is None:
        raise Http404
    team = copy(found)
    team.organisation = request.organisation
    if request.session.get("team") != team.key:
        request.session["team"] = team.key
    return team


def teams_of(request: Request) -> tuple[Team, ...]:
    """Return the teams of the organisation that are active, for reading only. One query, where not remembered."""
    return remembered(
        "teams",
        lambda: tuple(Team.objects.visible_to(request.actor).active()),
        organisation_id=request.organisation.pk,
        rests_on=Aspect.FRAME,
    )


def toast(
    request: HttpRequest,
    message: str,
    change: Change | None = None,
    tone: str = "",
    again: tuple[str, str, list[tuple[str, str]]] | None = None,
) -> None:
    """Tell the person what was done, once: on this page over htmx, else on the next one.

    With `change` the note carries an Undo button; with `again` (label, address, fields) one that sends a form; `tone`
    "bad" for what could not be done.
    """
    pending: list[dict[str, Any]] = request.__dict__.setdefault("pending_toasts", [])
    note: dict[str, Any] = {"message": str(message), "change": change.pk if change else None, "tone": tone}
    if again:
        note["again"] = dict(zip(("label", "address", "fields"), again, strict=True))
    pending.append(note)


def is_htmx(request: HttpRequest) -> bool:
    """Say whether a part of a page is asked for: answer with the partial alone."""
    return request.headers.get("HX-Request") == "true" and request.headers.get("HX-Boosted") != "true"


def back(request: HttpRequest, default: str = "today", **parts: Any) -> HttpResponse:
    """Go to the form's `next`, else to the page it came from, else to the page called `default`.

    Over htmx the whole page is asked for again.
    """
    address = next_address(request) or own_referer(request) or resolve_url(default, **parts)
    return go(request, address)


def next_address(request: HttpRequest) -> str:
    """Return where the request wants to go on to, if that is a page of ours; else nothing."""
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    is_ours = url_has_allowed_host_and_scheme(wanted, {request.get_host()}, require_https=request.is_secure())
    return wanted if is_ours else ""


def go(request: HttpRequest, address: str) -> HttpResponse:
    """Redirect, also where htmx asked."""
    if is_htmx(request):
        return HttpResponse(headers={"HX-Redirect": address})
    return HttpResponseRedirect(address)


def add_errors(form: BaseForm, error: ValidationError) -> None:
    """Put the errors of an action at the fields of a form; what belongs to no field of it, over all."""
    if not hasattr(error, "error_dict"):
        form.add_error(None, error)
        return
    for field, errors in error.error_dict.items():
        form.add_error(field if field in form.fields else None, errors)


def trigger(response: HttpResponse, **events: Any) -> HttpResponse:
    """Add events that the browser hears after an htmx answer."""
    given = response.headers.get("HX-Trigger", "")
    known = json.loads(given) if given.startswith("{") else dict.fromkeys(filter(None, given.split(", ")))
    response.headers["HX-Trigger"] = json.dumps(known | events)
    return response


def own_referer(request: HttpRequest) -> str:
    """Return path and query of the page of ours that the request came from, or nothing."""
    parts = urlsplit(request.headers.get("HX-Current-URL") or request.headers.get("Referer") or "")
    try:
        is_ours = parts.netloc == request.get_host()
    except DisallowedHost:  # the page that says so is being made
        return ""
    if not is_ours or parts.path == request.path:
        return ""
    address = parts._replace(scheme="", netloc="").geturl()
    # A path that begins with two slashes would lead to another site.
    return address if url_has_allowed_host_and_scheme(address, None) else ""
