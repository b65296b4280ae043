"""Invitations by link: the open ones, a new one, and the page that somebody comes to with the link."""

from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST

from headway.people import actions, queries, throttle
from headway.people.access import Forbidden, allows, require
from headway.people.models import Invitation, Role, Team

from ..sign_in import enter, open_without_factor
from . import Request, add_errors, toast
from .invitation_forms import AcceptForm, InviteForm

TRIES, PER_SECONDS = 30, 600  # of one address, with links that work and with those that do not


def invitations(request: Request) -> HttpResponse:
    """The open invitations, and a new one; its link is shown once."""
    teams = queries.teams_to_invite_into(request.actor)
    if not teams:
        require(request.actor, "manage_organisation", request.organisation)
    is_administrator = allows(request.actor, "manage_organisation", request.organisation)
    form = InviteForm(
        request.POST or None,
        teams=teams,
        may_make_administrators=is_administrator,
        initial={"team": request.GET.get("team", "")},
    )
    if request.method == "POST" and form.is_valid() and _invite(request, form):
        return redirect("invitations")
    rows = queries.invitations(request.actor)
    context = {
        "form": form,
        "open": [row for row in rows if row.is_open],
        "past": [row for row in rows if not row.is_open],
        "issued": request.session.pop("invited", None),
        "is_administrator": is_administrator,
    }
    return render(request, "people/invitations.html", context, status=422 if form.errors else 200)


@require_POST
def revoke(request: Request, invitation_id: int) -> HttpResponse:
    """Make the link of an invitation void."""
    row = get_object_or_404(Invitation.objects.visible_to(request.actor), pk=invitation_id)
    try:
        change = actions.revoke_invitation(row, by=request.actor)
        toast(request, _("The link for %(name)s works no longer.") % {"name": row}, change)
    except ValidationError as error:
        toast(request, " ".join(error.messages), tone="bad")
    return redirect("invitations")


@sensitive_post_parameters("password")
@never_cache
@login_not_required
@open_without_factor
def invitation(request: HttpRequest, token: str) -> HttpResponse:
    """Accept an invitation: as somebody new, or as the person who is signed in."""
    wait = throttle.take("invitation", throttle.address_of(request), TRIES, PER_SECONDS)
    found = None if wait else actions.find_invitation(token)
    if found is None:
        told = throttle.please_wait(wait) if wait else ""
        return render(request, "people/invitation_is_void.html", {"told": told}, status=429 if wait else 410)
    try:
        if request.user.is_authenticated:
            return _join(request, found, token)
        return _accept(request, found, token)
    except Forbidden:  # somebody else was faster
        return render(request, "people/invitation_is_void.html", {"told": ""}, status=410)


def _accept(request: HttpRequest, found: Invitation, token: str) -> HttpResponse:
    initial = {"name": found.name, "email": found.email}
    form = AcceptForm(request.POST or None, initial=initial, fixed_email=found.email)
    if request.method == "POST" and form.is_valid():
        try:
            membership = actions.accept_invitation(token, **form.cleaned_data)
        except ValidationError as error:
            add_errors(form, error)
        else:
            return _welcome(request, membership, enter(request, membership.person))
    context = _about(found) | {"form": form, "address": reverse("invitation", args=[token])}
    return render(request, "people/invitation.html", context, status=422 if form.errors else 200)


def _join(request: Any, found: Invitation, token: str) -> HttpResponse:
    errors: list[str] = []
    if request.method == "POST":
        try:
            membership = actions.join_by_invitation(token, person=request.user)
            return _welcome(request, membership, redirect("today"))
        except ValidationError as error:
            errors = error.messages
    context = _about(found) | {"errors": errors, "person": request.user, "address": reverse("invitation", args=[token])}
    return render(request, "people/invitation_join.html", context, status=422 if errors else 200)


def _welcome(request: HttpRequest, membership: Any, response: HttpResponse) -> HttpResponse:
    request.session["organisation"] = membership.organisation_id
    request.session.pop("team", None)
    toast(request, _("Welcome to %(organisation)s.") % {"organisation": membership.organisation.name})
    return response


def _about(found: Invitation) -> dict[str, Any]:
    teams: dict[Team, list[str]] = {}
    for row in found.roles.select_related("team").filter(team__archived_at=None):
        teams.setdefault(row.team, []).append(str(Role(row.role).label))
    return {
        "invitation": found,
        "teams": [(team.name, ", ".join(roles)) for team, roles in teams.items()],
        "organisation": found.organisation.name,
    }


def _invite(request: Request, form: InviteForm) -> bool:
    try:
        made, token = actions.invite(request.organisation, by=request.actor, **form.values())
    except ValidationError as error:
        add_errors(form, error)
        return False
    request.session["invited"] = {
        "name": made.name or made.email or str(gettext_lazy("whoever you like")),
        "address": request.build_absolute_uri(reverse("invitation", args=[token])),
        "until": made.expires_at.isoformat(),
    }
    return True
