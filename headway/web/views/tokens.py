"""API tokens: one's own, and a team's. A token is shown once, in the answer to the form that made it."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from headway.people import actions, queries
from headway.people.access import require
from headway.people.models import ApiToken, Person, Team

from . import Request, add_errors, get_team, toast

SCOPES = (
    ("read", gettext_lazy("Read everything that you see")),
    ("write:okr", gettext_lazy("Write OKRs, measurements, check-ins and decisions")),
    ("write:scrum", gettext_lazy("Write items, the board, Sprints and the order of the backlog")),
    ("write:value", gettext_lazy("Write links, bets and verdicts")),
    ("import", gettext_lazy("Import items")),
    ("admin", gettext_lazy("Manage teams, people and the organisation")),
)


class TokenForm(forms.Form):
    """What uses the token, what it may, and until when."""

    name = forms.CharField(
        label=gettext_lazy("Name"),
        max_length=80,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        help_text=gettext_lazy("What uses it, for example “nightly measurements”."),
    )
    scopes = forms.MultipleChoiceField(
        label=gettext_lazy("It may"), choices=SCOPES, initial=["read"], widget=forms.CheckboxSelectMultiple
    )
    expires_on = forms.DateField(
        label=gettext_lazy("Last day"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text=gettext_lazy("Empty: it works until it is revoked."),
    )


@never_cache
def mine(request: Request) -> HttpResponse:
    """One's own tokens, and a new one."""
    return _page(request, request.user, None)


@never_cache
def of_team(request: Request, team_key: str) -> HttpResponse:
    """The tokens of a team, and a new one."""
    team = get_team(request, team_key)
    require(request.actor, "manage_team", team)
    return _page(request, team, team)


@require_POST
def revoke(request: Request, token_id: int) -> HttpResponse:
    """Stop a token at once."""
    rows = ApiToken.objects.filter(organisation=request.organisation).select_related("team", "person", "organisation")
    token = get_object_or_404(rows, pk=token_id)
    if actions.revoke_token(token, by=request.actor):
        toast(request, _("“%(name)s” works no longer.") % {"name": token.name})
    return redirect("team-tokens", team_key=token.team.key) if token.team else redirect("api-tokens")


def _page(request: Request, of: Person | Team, team: Team | None) -> HttpResponse:
    form, issued = TokenForm(request.POST or None), ""
    if request.method == "POST" and form.is_valid():
        try:
            _token, issued = actions.make_token(of, request.organisation, by=request.actor, **form.cleaned_data)
            form = TokenForm()
        except ValidationError as error:
            add_errors(form, error)
    rows = queries.tokens(of, request.organisation)
    context: dict[str, Any] = {
        "form": form,
        "team": team,
        "issued": issued,
        "working": [row for row in rows if row.works],
        "past": [row for row in rows if not row.works],
        "scopes": dict(SCOPES),
    }
    return render(request, "people/tokens.html", context, status=422 if form.errors else 200)
