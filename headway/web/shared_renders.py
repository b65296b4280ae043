"""Partials that are rendered once and shared by all who may see the same, for as long as history says they hold."""

from collections.abc import Callable, Hashable
from typing import Any

from django.http import HttpRequest
from django.template.backends.utils import csrf_input
from django.template.loader import get_template
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
    rests_on: Aspect = Aspect.WORK,
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
    own = without_session()["csrf_input"] if getattr(request, "is_shared", False) else csrf_input(request)
    return Markup(text.replace(CSRF_SLOT, own))
