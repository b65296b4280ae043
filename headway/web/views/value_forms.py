"""Forms of links, bets, verdicts and Not now. A chance is typed in per cent and handed on as 0–1."""

from collections.abc import Iterable, Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from headway.okr.models import KeyResult
from headway.people.actor import Actor
from headway.people.models import Team
from headway.scrum.models import Item
from headway.value.models import LONGEST_LAG_WEEKS, Serves, Verdict
from headway.value.queries import KeyResultChoice

from ..formats import number, with_unit
from .shared_form import SharedForm


def key_result_groups(choices: Iterable[KeyResultChoice]) -> list[tuple[str, list[tuple[str, str]]]]:
    """Return the choices of a select, grouped by whose they are, in the order given."""
    groups: dict[str, list[tuple[str, str]]] = {}
    for choice in choices:
        groups.setdefault(choice.group, []).append((str(choice.id), _in_words(choice)))
    return list(groups.items())


def _in_words(choice: KeyResultChoice) -> str:
    if choice.now is None or choice.target is None:
        return choice.name
    return _now("%(name)s, now %(now)s of %(target)s") % {
        "name": choice.name,
        "now": number(choice.now),
        "target": with_unit(choice.target, choice.unit),
    }


def _number(label: Any) -> forms.FloatField:
    attributes = {"step": "any", "inputmode": "decimal", "class": "num"}
    return forms.FloatField(label=label, widget=forms.NumberInput(attrs=attributes))


def _figure(label: Any) -> forms.FloatField:
    """Return a field for a number that may be missing."""
    field = _number(label)
    field.required = False
    return field


def _day(label: Any, **options: Any) -> forms.DateField:
    return forms.DateField(label=label, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"), **options)


class BetForm(SharedForm):
    """A promise: which Key Result, how far (10th, 50th, 90th percentile), how likely, when it can be seen."""

    key_result = forms.TypedChoiceField(label=_("Key Result"), coerce=int)
    low = _number(_("Low"))
    likely = _number(_("Likely"))
    high = _number(_("High"))
    chance = forms.FloatField(
        label=_("Chance that it moves anything"),
        widget=forms.NumberInput(attrs={"step": "any", "min": "0", "max": "100", "class": "num"}),
    )
    lag_weeks = forms.IntegerField(
        label=_("Weeks until it shows"),
        required=False,
        min_value=0,
        max_value=LONGEST_LAG_WEEKS,
        widget=forms.NumberInput(attrs={"class": "num"}),
    )
    judge_on = _day(_("Judge on"), required=False)
    hypothesis = forms.CharField(
        label=_("We believe"),
        required=False,
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 2, "class": "voice"}),
    )
    reason = forms.CharField(
        label=_("Why now, after work has started"),
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 1, "class": "voice"}),
    )

    def __init__(self, *args: Any, choices: Sequence[KeyResultChoice] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if choices:
            self.fields["key_result"].choices = key_result_groups(choices)  # type: ignore[attr-defined]
        else:
            del self.fields["key_result"]

    def clean_lag_weeks(self) -> int:
        return self.cleaned_data["lag_weeks"] or 0

    def clean_chance(self) -> float:
        return _share_of(self.cleaned_data["chance"])


class EstimateForm(forms.Form):
    """What one person thinks that an item would move, alone."""

    low = _number(_("Low"))
    likely = _number(_("Likely"))
    high = _number(_("High"))
    chance = forms.FloatField(
        label=_("Chance that it moves anything"),
        widget=forms.NumberInput(attrs={"step": "any", "min": "0", "max": "100", "class": "num"}),
    )

    def clean_chance(self) -> float:
        return _share_of(self.cleaned_data["chance"])


class PoolForm(forms.Form):
    """When the pooled promise is judged, and why it is made only now."""

    judge_on = _day(_("Judge on"), required=False)
    reason = forms.CharField(
        label=_("Why now, after work has started"),
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 1, "class": "voice"}),
    )


class ChampionForm(forms.Form):
    """Whom a Scrum Master asks to see a bet through; nobody takes the asking back."""

    person = forms.TypedChoiceField(
        label=_("Ask somebody to champion it"), required=False, coerce=int, empty_value=None
    )

    def __init__(self, *args: Any, people: Sequence[tuple[str, str]] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["person"].choices = [("", _now("nobody")), *people]  # type: ignore[attr-defined]


def _share_of(per_cent: float) -> float:
    if not 0 <= per_cent <= 100:
        raise forms.ValidationError(_now("A chance lies between 0 and 100 %."))
    return per_cent / 100


class VerdictForm(forms.Form):
    """What people found, after delivery."""

    outcome = forms.ChoiceField(label=_("Did it move the Key Result?"), choices=Verdict.Outcome.choices)
    measured = _figure(_("Measured"))
    scale = forms.TypedChoiceField(
        label=_("Grade"),
        required=False,
        coerce=int,
        empty_value=None,
        choices=[("", ""), *((str(grade), str(grade)) for grade in range(1, 6))],
    )
    evidence = forms.TypedChoiceField(
        label=_("Quality of the evidence"),
        coerce=int,
        initial=3,
        choices=[
            (1, _("1, an impression")),
            (2, _("2, before and after, once")),
            (3, _("3, measured before and after")),
            (4, _("4, measured where it happens, other causes looked at")),
            (5, _("5, an experiment or a control group")),
        ],
    )
    learned = forms.CharField(
        label=_("What we learned"),
        required=False,
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 3, "class": "voice"}),
    )
    judged_on = _day(_("Judged on"))
    low = _figure(_("At least"))
    high = _figure(_("At most"))
    follow_up = forms.ChoiceField(label=_("What follows"), required=False, choices=Verdict.FollowUp.choices)
    follow_item = forms.IntegerField(
        label=_("Item that follows from it"),
        required=False,
        min_value=1,
        max_value=2**31 - 1,
        widget=forms.NumberInput(attrs={"class": "num"}),
    )
    overruled_because = forms.CharField(
        label=_("Why the figures are overruled"),
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 1, "class": "voice"}),
    )
    control_size = _figure(_("How many kept the old way"))
    control_mean = _figure(_("Their mean"))
    control_spread = _figure(_("Their standard deviation"))
    treatment_size = _figure(_("How many got the new way"))
    treatment_mean = _figure(_("Their mean"))
    treatment_spread = _figure(_("Their standard deviation"))

    controls = forms.ModelMultipleChoiceField(
        label=_("Compared with"),
        required=False,
        queryset=KeyResult.objects.none(),
        error_messages={"invalid_choice": _("There is no such Key Result.")},
    )

    def __init__(self, *args: Any, team: Team, unit: str, actor: Actor, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._team, self._unit = team, unit
        controls = KeyResult.objects.visible_to(actor).select_related("objective__team__organisation")
        self.fields["controls"].queryset = controls  # type: ignore[attr-defined]

    def clean_controls(self) -> list[KeyResult]:
        return list(self.cleaned_data["controls"])

    def clean_follow_item(self) -> Item | None:
        number = self.cleaned_data["follow_item"]
        if number is None:
            return None
        item = Item.objects.active().filter(team=self._team, number=number).first()
        if item is None:
            raise forms.ValidationError(_now("There is no item of this number."))
        return item

    def clean(self) -> dict[str, Any]:
        """Gather the six figures of an experiment into its two groups, or into nothing."""
        given = super().clean() or self.cleaned_data
        arms = {arm: [given.pop(f"{arm}_{part}", None) for part in ARM] for arm in ("control", "treatment")}
        given["experiment"] = None
        if all(figure is None for arm in arms.values() for figure in arm):
            return given
        for arm, (size, mean, spread) in arms.items():
            is_share = self._unit == "%" and mean is not None and 0 <= mean <= 100
            if size is None or mean is None or (spread is None and not is_share):
                self.add_error(f"{arm}_size", _now("Give size, mean and standard deviation of both groups."))
            else:
                # Of a share the mean says how far single people spread.
                arms[arm] = [size, mean, mean * (100 - mean) if spread is None else spread**2]
        given["experiment"] = arms
        return given


ARM = ("size", "mean", "spread")


class NotNowForm(forms.Form):
    """Why not now, and who asked for it."""

    reason = forms.CharField(
        label=_("Why not now?"), max_length=300, widget=forms.Textarea(attrs={"rows": 2, "class": "voice"})
    )
    asked_by = forms.CharField(label=_("Who asked for it"), required=False, max_length=120)


class ProposalForm(forms.Form):
    """Why this order: what the Product Owner decides by, or what they changed it for."""

    reason = forms.CharField(
        label=_("Why this order?"), max_length=2000, widget=forms.Textarea(attrs={"rows": 3, "class": "voice"})
    )


class DeclineForm(forms.Form):
    """Why not: whoever proposed it learns from it."""

    because = forms.CharField(
        label=_("Why not?"), max_length=2000, widget=forms.Textarea(attrs={"rows": 2, "class": "voice"})
    )


class LinkForm(forms.Form):
    """What items serve: a Key Result, or a kind of work with its reason."""

    key_result = forms.TypedChoiceField(label=_("Key Result"), required=False, coerce=int, empty_value=None)
    kind = forms.ChoiceField(
        label=_("Or a kind of work"), required=False, choices=[("", _("choose")), *Serves.Kind.choices]
    )
    reason = forms.CharField(label=_("Because"), required=False, max_length=300)

    def __init__(self, *args: Any, choices: Sequence[KeyResultChoice] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        groups: list[Any] = [("", _now("choose")), *key_result_groups(choices)]
        self.fields["key_result"].choices = groups  # type: ignore[attr-defined]


class WithdrawForm(forms.Form):
    """Why a promise is taken away; needed once work has started."""

    reason = forms.CharField(
        label=_("Why"), required=False, max_length=2000, widget=forms.Textarea(attrs={"rows": 2, "class": "voice"})
    )


class RankForm(forms.Form):
    """Where an item goes: a rank of the value sheet, as people count."""

    rank = forms.IntegerField(label=_("Rank"), min_value=1, max_value=1_000_000)
