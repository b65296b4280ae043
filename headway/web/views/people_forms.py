"""Forms of sign-in, first run and settings: what was typed stays, and errors stand at their field."""

from collections.abc import Iterable
from copy import deepcopy
from typing import Any
from zoneinfo import available_timezones

from babel.dates import get_day_names
from babel.numbers import get_currency_name, list_currencies
from django import forms
from django.utils.translation import gettext_lazy as _

from headway.lib.days import MONDAY_TO_FRIDAY
from headway.people import local
from headway.people.models import Holiday, Organisation, Person, Role, Team, Unit
from headway.scrum.models import Category, Column

from ..formats import locale
from .shared_form import SharedForm, SharedModelForm


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


class NameForm(SharedForm):
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


class OrganisationForm(SharedModelForm[Organisation]):
    """The organisation. Give it a copy: an action compares what was with what is to be."""

    class Meta:
        model = Organisation
        fields = ("name", "strategy", "currency", "time_zone", "locale", "week_start", "horizon_weeks")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["strategy"].widget = forms.Textarea(attrs={"rows": 2, "class": "voice"})
        self.fields["currency"] = forms.ChoiceField(label=_("Currency"), choices=_currencies(self.instance.currency))
        self.fields["time_zone"] = forms.ChoiceField(label=_("Time zone"), choices=_zones())
        self.fields["locale"] = forms.ChoiceField(
            label=_("Language and region"), choices=local.choices(self.instance.locale)
        )
        self.fields["week_start"] = forms.TypedChoiceField(
            label=_("The week starts on"), coerce=int, choices=week_days()
        )


class PlaceForm(SharedForm):
    """Where a person is; the first choice of each is what the organisation has."""

    locale = forms.ChoiceField(label=_("Language and region"), required=False)
    time_zone = forms.ChoiceField(label=_("Time zone"), required=False)
    week_start = forms.TypedChoiceField(label=_("The week starts on"), coerce=int, empty_value=None, required=False)

    def __init__(self, *args: Any, person: Person, organisation: Organisation, **kwargs: Any) -> None:
        initial = {"locale": person.locale, "time_zone": person.time_zone, "week_start": person.week_start}
        super().__init__(*args, initial=initial, subject=person, **kwargs)
        locales, zones, days = local.choices(person.locale or organisation.locale), _zones(), week_days()
        self._offer("locale", locales, dict(locales).get(organisation.locale, organisation.locale))
        self._offer("time_zone", zones, organisation.time_zone.replace("_", " "))
        self._offer("week_start", days, dict(days)[organisation.week_start])

    def _offer(self, name: str, choices: Iterable[tuple[Any, str]], theirs: str) -> None:
        same = _("As the organisation: %(value)s") % {"value": theirs}
        self.fields[name].choices = [("", same), *choices]  # type: ignore[attr-defined]


class HolidayForm(SharedModelForm[Holiday]):
    """A holiday (a copy, as above); without a last day it is one day."""

    last_on = forms.DateField(
        label=_("Last day"), required=False, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )

    class Meta:
        model = Holiday
        fields = ("name", "first_on", "last_on", "is_yearly")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["first_on"].widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if given.get("first_on") and not given.get("last_on"):
            given["last_on"] = given["first_on"]
        return given


class HolidayListForm(forms.Form):
    """Holidays from a file or from pasted text."""

    file = forms.FileField(label=_("A calendar or a table"), required=False)
    text = forms.CharField(
        label=_("Or paste them"),
        required=False,
        max_length=200_000,
        widget=forms.Textarea(attrs={"rows": 4, "spellcheck": "false"}),
    )

    def given(self) -> str:
        """Return the text of the file, or what was pasted."""
        file = self.cleaned_data.get("file")
        if file is None:
            return str(self.cleaned_data["text"])
        return bytes(file.read(1_000_000)).decode("utf-8", "replace")


class TeamForm(SharedModelForm[Team]):
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


class UnitForm(SharedForm):
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


class ColumnsForm(SharedForm):
    """All columns of a board at once: three fields each, with the column's number in their names."""

    def __init__(self, *args: Any, columns: Iterable[Column], **kwargs: Any) -> None:
        self.columns = list(columns)
        super().__init__(*args, subject=self.columns[0] if self.columns else None, **kwargs)
        self.data = dict(self.data.items())
        for column in self.columns:
            is_new = self.is_bound and f"name-{column.pk}" not in self.data  # it came while the form was open
            for name, field in ColumnForm.base_fields.items():
                key = f"{name}-{column.pk}"
                self.fields[key] = deepcopy(field)
                self.initial[key] = getattr(column, name)
                if is_new:
                    self.data = self.data | {key: self.initial[key]}

    def about(self, name: str) -> Column:
        """Return the column that a field is of."""
        return next(column for column in self.columns if name.endswith(f"-{column.pk}"))

    def values(self) -> list[tuple[Column, dict[str, Any]]]:
        """Return the columns with what they are to be."""
        names = ColumnForm.base_fields
        return [
            (column, {name: self.cleaned_data[f"{name}-{column.pk}"] for name in names})
            for column in self.columns
            if f"name-{column.pk}" in self.cleaned_data
        ]


def week_days() -> list[tuple[int, str]]:
    """Return (number, name) of the days of the week, 0 is Monday."""
    return [(number, str(name).capitalize()) for number, name in sorted(get_day_names("wide", locale=locale()).items())]


def _zones() -> list[tuple[str, str]]:
    return [(zone, zone.replace("_", " ")) for zone in sorted(available_timezones())]


def _currencies(present: str) -> list[tuple[str, str]]:
    common = ["EUR", "USD", "GBP", "CHF", "JPY"]
    codes = dict.fromkeys([present, *common, *sorted(list_currencies(locale()))])
    return [(code, f"{code} · {get_currency_name(code, locale=locale())}") for code in codes]
