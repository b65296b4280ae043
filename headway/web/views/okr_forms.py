"""Forms of cycles, objectives, Key Results, measurements and the import of OKRs."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from headway.lib import clock
from headway.okr.models import Cycle, KeyResult
from headway.okr.values import NotAValue, read_value, write_value
from headway.people.models import Membership, Organisation, Person, Team, Unit

from .shared_form import SharedForm


class DateInput(forms.DateInput):
    input_type = "date"

    def __init__(self, **attributes: Any) -> None:
        super().__init__(attrs=attributes, format="%Y-%m-%d")


class ValueField(forms.CharField):
    """A number as people write it, with or without its unit; the unit of the form's field `unit` is allowed."""

    def __init__(self, **options: Any) -> None:
        attributes = {"inputmode": "decimal", "autocomplete": "off", "class": "num"}
        super().__init__(widget=forms.TextInput(attrs=attributes), **options)
        self.unit = ""

    def prepare_value(self, value: Any) -> Any:
        return write_value(value) if isinstance(value, int | float) else value

    def clean(self, value: Any) -> Any:
        text = super().clean(value)
        if not text:
            return None
        try:
            return read_value(text, unit=self.unit)
        except NotAValue as error:
            if error.unit and self.unit:
                told = _("The unit is %(unit)s, but here stands %(other)s: write both in one unit.")
                raise ValidationError(told % {"unit": self.unit, "other": error.unit}) from error
            raise ValidationError(_("Write one number, for example 46.4.")) from error


class CycleForm(SharedForm):
    name = forms.CharField(label=gettext_lazy("Name"), max_length=80)
    starts_on = forms.DateField(label=gettext_lazy("First day"), widget=DateInput())
    ends_on = forms.DateField(label=gettext_lazy("Last day"), widget=DateInput())


class ObjectiveForm(SharedForm):
    """Whose it is (a new one only), in which cycle, what will be different, and why now."""

    title = forms.CharField(
        label=gettext_lazy("What will be different, and for whom"),
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 2, "class": "voice"}),
    )
    why = forms.CharField(
        label=gettext_lazy("Why now"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 2, "class": "voice"}),
    )
    cycle = forms.ModelChoiceField(Cycle.objects.none(), label=gettext_lazy("Cycle"), empty_label=None)
    of = forms.ChoiceField(label=gettext_lazy("Whose"))

    def __init__(self, *args: Any, organisation: Organisation, is_new: bool, **options: Any) -> None:
        super().__init__(*args, **options)
        cycles = Cycle.objects.filter(organisation=organisation).active().order_by("-starts_on")
        self.fields["cycle"].queryset = cycles  # type: ignore[attr-defined]
        if not is_new:
            del self.fields["of"]
            return
        teams = Team.objects.filter(organisation=organisation).active()
        units = Unit.objects.filter(organisation=organisation).order_by("name")
        self.fields["of"].choices = [  # type: ignore[attr-defined]
            *((f"team-{team.pk}", team.name) for team in teams),
            *((f"unit-{unit.pk}", unit.name) for unit in units),
            ("organisation", organisation.name),
        ]


class KeyResultForm(SharedForm):
    """The questions in their order: who does what, from–to, how measured, how it counts, who holds it."""

    title = forms.CharField(
        label=gettext_lazy("Who does what differently"),
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 2, "class": "voice"}),
    )
    short_name = forms.CharField(label=gettext_lazy("Short name"), required=False, max_length=40)
    direction = forms.ChoiceField(label=gettext_lazy("It shall"), choices=KeyResult.Direction.choices)
    baseline = ValueField(label=gettext_lazy("From"), required=False)
    target = ValueField(label=gettext_lazy("To"), required=False)
    lower = ValueField(label=gettext_lazy("At least"), required=False)
    upper = ValueField(label=gettext_lazy("At most"), required=False)
    unit = forms.CharField(label=gettext_lazy("Unit"), required=False, max_length=20)
    measured_from = forms.CharField(label=gettext_lazy("Source and rhythm"), required=False, max_length=200)
    type = forms.ChoiceField(label=gettext_lazy("Type"), choices=KeyResult.Type.choices)
    klass = forms.ChoiceField(label=gettext_lazy("Class"), choices=KeyResult.Class.choices)
    ebm_area = forms.ChoiceField(
        label=gettext_lazy("Value area"), required=False, choices=[("", "–"), *KeyResult.EbmArea.choices]
    )
    owner = forms.ModelChoiceField(
        Person.objects.none(), label=gettext_lazy("Who holds it"), required=False, empty_label="–"
    )
    worth = ValueField(label=gettext_lazy("Worth of closing the gap"), required=False)
    reason = forms.CharField(
        label=gettext_lazy("Why it changes"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 2, "class": "voice"}),
    )

    def __init__(self, *args: Any, organisation: Organisation, needs_reason: bool = False, **options: Any) -> None:
        super().__init__(*args, **options)
        members = Membership.objects.filter(organisation=organisation, deactivated_at=None)
        people = Person.objects.filter(pk__in=members.values("person")).order_by("name")
        self.fields["owner"].queryset = people  # type: ignore[attr-defined]
        if not needs_reason:
            del self.fields["reason"]
        unit = (self.data.get("unit") or "").strip()
        for name in ("baseline", "target", "lower", "upper"):
            self.fields[name].unit = unit  # type: ignore[attr-defined]


class MeasureForm(forms.Form):
    """A value, a confidence, what happened, what is next: one of them is enough."""

    value = ValueField(label=gettext_lazy("Value"), required=False)
    on = forms.DateField(label=gettext_lazy("On"), widget=DateInput())
    confidence = forms.TypedChoiceField(
        label=gettext_lazy("Confidence, of 10"),
        required=False,
        coerce=int,
        empty_value=None,
        choices=[("", "–"), *((n, str(n)) for n in range(11))],
    )
    text = forms.CharField(
        label=gettext_lazy("What happened"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 2, "class": "voice"}),
    )
    next_step = forms.CharField(label=gettext_lazy("Next"), required=False, max_length=300)
    source = forms.CharField(label=gettext_lazy("Source"), required=False, max_length=200)

    def __init__(self, *args: Any, unit: str, **options: Any) -> None:
        options["initial"] = {"on": clock.today(), **options.get("initial", {})}
        super().__init__(*args, **options)
        self.fields["value"].unit = unit  # type: ignore[attr-defined]


class CheckInForm(forms.Form):
    """One row of the check-in of all: what is left as it is says "as last time"."""

    value = ValueField(label=gettext_lazy("Now"), required=False)
    confidence = forms.TypedChoiceField(
        label=gettext_lazy("Confidence, of 10"),
        required=False,
        coerce=int,
        empty_value=None,
        choices=[(n, str(n)) for n in range(11)],
        widget=forms.RadioSelect,
    )
    text = forms.CharField(
        label=gettext_lazy("Why, in one sentence"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 2, "class": "voice"}),
    )

    def __init__(self, *args: Any, unit: str, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["value"].unit = unit  # type: ignore[attr-defined]

    @property
    def says_something(self) -> bool:
        cleaned = self.cleaned_data
        return cleaned["value"] is not None or cleaned["confidence"] is not None or bool(cleaned["text"])


class CorrectionForm(forms.Form):
    value = ValueField(label=gettext_lazy("Right value"))
    on = forms.DateField(label=gettext_lazy("On"), widget=DateInput())
    source = forms.CharField(label=gettext_lazy("Source"), required=False, max_length=200)

    def __init__(self, *args: Any, unit: str, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["value"].unit = unit  # type: ignore[attr-defined]


class DecisionForm(forms.Form):
    title = forms.CharField(label=gettext_lazy("What was decided"), max_length=300)
    because = forms.CharField(label=gettext_lazy("Because"), widget=forms.Textarea(attrs={"rows": 2, "class": "voice"}))
    review_on = forms.DateField(label=gettext_lazy("Look back on"), required=False, widget=DateInput())


class OkrUploadForm(forms.Form):
    """A file of OKRs, and the cycle where the file does not say it."""

    file = forms.FileField(
        label=gettext_lazy("File"),
        widget=forms.FileInput(attrs={"accept": ".md,.markdown,.mdx,.csv,.tsv,.txt,text/markdown,text/csv"}),
    )
