"""The demonstration: look around as somebody of it with one click, load it, delete it."""

from django.contrib import auth
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from headway.demo import actions, queries
from headway.people.actions import find_link
from headway.people.actor import Actor, system_actor
from headway.people.models import OneTimeLink

from . import Request, next_address, toast


@never_cache
@login_not_required
def demonstration(request: HttpRequest) -> HttpResponse:
    """Show the parts to choose from; on POST sign in as one. Nobody of a real organisation is among them."""
    organisation = queries.demonstration()
    if request.method == "POST" and organisation is not None:
        person = queries.person_for(organisation, request.POST.get("part", ""))
        if person is None:
            raise Http404
        auth.login(request, person)
        request.session["team"] = queries.main_team_key(organisation)
        return redirect(next_address(request) or "today")
    context = {
        "organisation": organisation,
        "parts": queries.cast(organisation) if organisation else (),
        "may_load": organisation is None and _loader(request) is not None,
    }
    return render(request, "demo/demonstration.html", context)


@require_POST
@login_not_required
def load(request: HttpRequest) -> HttpResponse:
    """Load the demonstration: for an administrator, or with the setup link of an installation that is still empty."""
    by = _loader(request)
    if by is None:
        raise Http404
    actions.load(by=by)
    return redirect("demonstration")


@require_POST
def delete(request: Request) -> HttpResponse:
    """Delete the demonstration, from within."""
    actions.delete(request.organisation, by=request.actor)
    auth.logout(request)
    toast(request, _("The demonstration is deleted."))
    return redirect("sign-in")


def _loader(request: HttpRequest) -> Actor | None:
    """Return whoever may load it here: an administrator, or the holder of the setup link."""
    actor: Actor | None = getattr(request, "actor", None)
    if actor is not None and actor.is_administrator:
        return actor
    token = request.POST.get("setup", "")
    return system_actor(None) if token and find_link(token, OneTimeLink.Purpose.SETUP) else None
