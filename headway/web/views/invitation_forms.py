"""Forms of invitations: what was typed stays, and errors stand at their field."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from headway.people.actions import INVITATION_DAYS, LONGEST_DAYS
from headway.people.models import Role, Team

SHORT_LIST = 12  # teams up to which each has its row of roles


class InviteForm(forms.Form):
    """Who is invited, until when, and with which roles in which teams: one row of roles a team."""

    name = forms.CharField(
        label=_("Name"), max_length=120, required=False, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )
    email = forms.EmailField(
        label=_("E-mail"),
        max_length=254,
        required=False,
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
        help_text=_("With it the link is for this address only; without, for whoever holds it."),
    )
    days = forms.IntegerField(label=_("Open for"), min_value=1, max_value=LONGEST_DAYS, initial=INVITATION_DAYS)
    is_administrator = forms.BooleanField(label=_("Administrator of the organisation"), required=False)

    def __init__(self, *args: Any, teams: Sequence[Team], may_make_administrators: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.teams = list(teams)
        if not may_make_administrators:
            del self.fields["is_administrator"]
        for team in self.teams:
            self.fields[f"roles-{team.pk}"] = forms.MultipleChoiceField(
                label=team.name, choices=Role.choices, required=False, widget=forms.CheckboxSelectMultiple
            )

    def rows(self) -> list[Any]:
        """Return the bound fields of the teams; the one that was asked for comes first."""
        wanted = str(self.initial.get("team", "")).upper()
        ordered = sorted(self.teams, key=lambda team: team.key != wanted)
        return [self[f"roles-{team.pk}"] for team in ordered]

    def is_long(self) -> bool:
        return len(self.teams) > SHORT_LIST

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        needs_a_role = "is_administrator" not in self.fields
        if needs_a_role and not any(given.get(f"roles-{team.pk}") for team in self.teams):
            self.add_error(None, _("Choose at least one role in one of your teams."))
        return given

    def values(self) -> dict[str, Any]:
        """Return what `actions.invite` takes."""
        given = self.cleaned_data
        return {
            "name": given["name"],
            "email": given["email"],
            "days": given["days"],
            "is_administrator": bool(given.get("is_administrator")),
            "roles": {team: [Role(role) for role in given[f"roles-{team.pk}"]] for team in self.teams},
        }


class AcceptForm(forms.Form):
    """Who comes: a name, an e-mail (not where the invitation has one) and a password."""

    name = forms.CharField(label=_("Your name"), max_length=120, widget=forms.TextInput(attrs={"autocomplete": "name"}))
    email = forms.EmailField(
        label=_("E-mail"), max_length=254, widget=forms.EmailInput(attrs={"autocomplete": "username"})
    )
    password = forms.CharField(
        label=_("Password"), strip=False, widget=forms.PasswordInput(attrs={"autocomplete": "new-password"})
    )

    def __init__(self, *args: Any, fixed_email: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if fixed_email:
            self.initial["email"] = fixed_email
            self.fields["email"].disabled = True
