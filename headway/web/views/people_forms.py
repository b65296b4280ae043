"""Forms of sign-in, first run and settings: what was typed stays, and errors stand at their field."""

from collections.abc import Iterable
from typing import Any
from zoneinfo import available_timezones

from babel.dates import get_day_names
from babel.numbers import get_currency_name, list_currencies
from django import forms
from django.utils.translation import gettext_lazy as _

from headway.lib.days import MONDAY_TO_FRIDAY
from headway.people.models import Organisation, Role, Team, Unit
from headway.scrum.models import Category

from ..formats import locale


def _password(label: Any, **attributes: str) -> forms.CharField:
    return forms.CharField(label=label, strip=False, widget=forms.PasswordInput(attrs=attributes))


class SignInForm(forms.Form):
    email = forms.EmailField(label=_("E-mail"), widget=forms.EmailInput(attrs={"autocomplete": "username"}))
    password = _password(_("Password"), autocomplete="current-password")


class SetupForm(forms.Form):
    organisation = forms.CharField(label=_("Organisation"), max_length=120)
    name = forms.CharField(label=_("Your name"), max_length=120, widget=forms.TextInput(attrs={"autocomplete": "name"}))
    email = forms.EmailField(label=_("E-mail"), widget=forms.EmailInput(attrs={"autocomplete": "username"}))
    password = _password(_("Password"), autocomplete="new-password")


class NewPasswordForm(forms.Form):
    password = _password(_("New password"), autocomplete="new-password")


class ChangePasswordForm(forms.Form):
    present = _password(_("Present password"), autocomplete="current-password")
    password = _password(_("New password"), autocomplete="new-password")


class ConfirmForm(forms.Form):
    password = _password(_("Password"), autocomplete="current-password")


class CodeForm(forms.Form):
    """A code of an authenticator app, or a recovery code."""

    code = forms.CharField(
        label=_("Code"),
        max_length=20,
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "spellcheck": "false"}),
    )


class PasskeyForm(forms.Form):
    """A name, and what the browser made (static/js/passkey.js)."""

    name = forms.CharField(label=_("Name"), max_length=80, required=False)
    credential = forms.JSONField(widget=forms.HiddenInput)


class NameForm(forms.Form):
    name = forms.CharField(label=_("Name"), max_length=120, widget=forms.TextInput(attrs={"autocomplete": "name"}))


class RolesForm(forms.Form):
    roles = forms.MultipleChoiceField(
        label=_("Roles"), choices=Role.choices, required=False, widget=forms.CheckboxSelectMultiple
    )


class AddPersonForm(RolesForm):
    """A new person, with roles where a team is at hand."""

    name = forms.CharField(label=_("Name"), max_length=120, widget=forms.TextInput(attrs={"autocomplete": "off"}))
    email = forms.EmailField(label=_("E-mail"), widget=forms.EmailInput(attrs={"autocomplete": "off"}))
    is_administrator = forms.BooleanField(label=_("Administrator of the organisation"), required=False)


class GiveRolesForm(RolesForm):
    """Roles for somebody of the organisation who holds none in this team yet."""

    person = forms.TypedChoiceField(label=_("Person"), coerce=int)
    roles = forms.MultipleChoiceField(label=_("Roles"), choices=Role.choices, widget=forms.CheckboxSelectMultiple)

    def __init__(self, *args: Any, people: Iterable[tuple[int, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["person"].choices = list(people)  # type: ignore[attr-defined]


class OrganisationForm(forms.ModelForm[Organisation]):
    """The organisation. Give it a copy: an action compares what was with what is to be."""

    class Meta:
        model = Organisation
        fields = ("name", "strategy", "currency", "time_zone", "week_start", "horizon_weeks")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["strategy"].widget = forms.Textarea(attrs={"rows": 2, "class": "voice"})
        self.fields["currency"] = forms.ChoiceField(label=_("Currency"), choices=_currencies(self.instance.currency))
        self.fields["time_zone"] = forms.ChoiceField(
            label=_("Time zone"), choices=[(zone, zone.replace("_", " ")) for zone in sorted(available_timezones())]
        )
        self.fields["week_start"] = forms.TypedChoiceField(
            label=_("The week starts on"), coerce=int, choices=week_days()
        )


class TeamForm(forms.ModelForm[Team]):
    """A team (a copy, as above); shares are typed in per cent and kept as 0–1."""

    working_days = forms.TypedMultipleChoiceField(
        label=_("Working days"), coerce=int, required=False, widget=forms.CheckboxSelectMultiple
    )
    reserve = forms.FloatField(label=_("Kept for the unplanned"), min_value=0, max_value=90)
    no_kr_limit = forms.FloatField(
        label=_("Agreed share of work that serves no Key Result"), min_value=0, max_value=100, required=False
    )

    class Meta:
        model = Team
        fields = ("name", "key", "unit", "sprint_days")

    def __init__(self, *args: Any, organisation: Organisation, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["unit"].queryset = Unit.objects.filter(organisation=organisation)  # type: ignore[attr-defined]
        self.fields["unit"].empty_label = _("None")  # type: ignore[attr-defined]
        self.fields["working_days"].choices = week_days()  # type: ignore[attr-defined]
        team = self.instance
        limit = team.no_kr_limit
        self.initial["working_days"] = team.working_days or list(MONDAY_TO_FRIDAY)
        self.initial["reserve"] = round(team.reserve * 100, 1)
        self.initial["no_kr_limit"] = None if limit is None else round(limit * 100, 1)

    def values(self) -> dict[str, Any]:
        """Return the fields as the model keeps them."""
        given = self.cleaned_data
        limit = given["no_kr_limit"]
        return given | {
            "reserve": given["reserve"] / 100,
            "no_kr_limit": None if limit is None else limit / 100,
            "working_days": sorted(given["working_days"]),
        }

    def clean_key(self) -> str:
        return str(self.cleaned_data["key"]).strip().upper()


class NewTeamForm(forms.Form):
    name = forms.CharField(label=_("Name"), max_length=120)
    key = forms.CharField(
        label=_("Key"), max_length=12, help_text=_("Short, in capitals; it stands in every address: RFL.")
    )
    unit = forms.ModelChoiceField(label=_("Unit"), queryset=Unit.objects.none(), required=False, empty_label=_("None"))

    def __init__(self, *args: Any, organisation: Organisation, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["unit"].queryset = Unit.objects.filter(organisation=organisation)  # type: ignore[attr-defined]


class UnitForm(forms.Form):
    name = forms.CharField(label=_("Name"), max_length=120)
    parent = forms.ModelChoiceField(
        label=_("Under"), queryset=Unit.objects.none(), required=False, empty_label=_("the organisation")
    )

    def __init__(self, *args: Any, organisation: Organisation, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["parent"].queryset = Unit.objects.filter(organisation=organisation)  # type: ignore[attr-defined]


class ColumnForm(forms.Form):
    name = forms.CharField(label=_("Name"), max_length=80)
    category = forms.ChoiceField(label=_("Counts as"), choices=Category.choices)
    limit = forms.IntegerField(label=_("Limit"), min_value=1, max_value=999, required=False)


def week_days() -> list[tuple[int, str]]:
    """Return (number, name) of the days of the week, 0 is Monday."""
    return [(number, str(name).capitalize()) for number, name in sorted(get_day_names("wide", locale=locale()).items())]


def _currencies(present: str) -> list[tuple[str, str]]:
    common = ["EUR", "USD", "GBP", "CHF", "JPY"]
    codes = dict.fromkeys([present, *common, *sorted(list_currencies(locale()))])
    return [(code, f"{code} · {get_currency_name(code, locale=locale())}") for code in codes]
