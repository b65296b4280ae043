"""Partials that are rendered once and shared by all who may see the same, for as long as history says they hold."""

from collections.abc import Callable, Collection, Hashable
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.middleware.csrf import get_token
from django.template.loader import get_template
from django.urls import get_script_prefix
from django.utils.translation import get_language
from markupsafe import Markup

from headway.live.known import Aspect, remembered
from headway.people.models import Team

from .live import without_session

#: Stands in what is shared for the field that is each request's own; no text that a person types can hold it.
CSRF_SLOT = Markup('<input type="hidden" data-csrf-slot>')


def shared(
    request: HttpRequest,
    template: str,
    make: Callable[[], dict[str, Any]],
    *,
    team: Team,
    for_whom: Hashable = (),
    rests_on: Aspect | Collection[Aspect] = Aspect.WORK,
    of_any_team: bool = False,
) -> Markup:
    """Return a partial, rendered with the context that `make` gives where nobody has asked for it since it changed.

    `for_whom` names all that the partial depends on beside the team and its history: rights, filters, pages. It must
    hold nothing of one person but the hidden field of the forms, which is put in for each request.
    """
    text = remembered(
        ("partial", template, team.pk, for_whom),
        lambda: get_template(template).render(make() | {"csrf_input": CSRF_SLOT}),
        organisation_id=team.organisation_id,
        rests_on=rests_on,
        team_id=None if of_any_team else team.pk,
    )
    return with_csrf(request, text)


def with_csrf(request: HttpRequest, text: str) -> Markup:
    """Put the hidden field of this request's forms where the shared text has left its place."""
    return Markup(text.replace(CSRF_SLOT, csrf_field(request)))


def csrf_field(request: HttpRequest) -> Markup:
    """Return the hidden field of this request's forms."""
    if getattr(request, "is_shared", False):
        return Markup(without_session()["csrf_input"])
    # Letters and digits: nothing in it to escape.
    return Markup(f'<input type="hidden" name="csrfmiddlewaretoken" value="{csrf_token(request)}">')


def csrf_token(request: HttpRequest) -> str:
    """Return the token of this request's forms, masked anew in each answer, and in it once for all forms."""
    secret = request.META.get("CSRF_COOKIE")
    kept: tuple[str, str] | None = request.__dict__.get("_csrf_masked")
    if kept is None or kept[0] != secret:
        masked = get_token(request)
        kept = request.__dict__["_csrf_masked"] = (request.META["CSRF_COOKIE"], masked)
    return kept[1]


_fixed: dict[Hashable, Markup] = {}


def fixed(*name: Hashable, caller: Callable[[], str]) -> Markup:
    """Return what a `{% call fixed("name") %}` block of a template holds, drawn once for each language.

    For texts and addresses that stand in the release: nothing in the block may come from a request or the database,
    but for what `name` says.
    """
    where = (name, get_language(), get_script_prefix())
    if where not in _fixed or settings.DEBUG:
        _fixed[where] = Markup(caller())
    return _fixed[where]
