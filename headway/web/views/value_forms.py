"""Forms of links, bets, verdicts and Not now. A chance is typed in per cent and handed on as 0–1."""

from collections.abc import Iterable, Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from headway.value.models import Serves, Verdict
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

    def clean_chance(self) -> float:
        chance: float = self.cleaned_data["chance"]
        if not 0 <= chance <= 100:
            raise forms.ValidationError(_now("A chance lies between 0 and 100 %."))
        return chance / 100


class VerdictForm(forms.Form):
    """What people found, after delivery."""

    outcome = forms.ChoiceField(label=_("Did it move the Key Result?"), choices=Verdict.Outcome.choices)
    measured = forms.FloatField(
        label=_("Measured"), required=False, widget=forms.NumberInput(attrs={"step": "any", "class": "num"})
    )
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


class NotNowForm(forms.Form):
    """Why not now, and who asked for it."""

    reason = forms.CharField(
        label=_("Why not now?"), max_length=300, widget=forms.Textarea(attrs={"rows": 2, "class": "voice"})
    )
    asked_by = forms.CharField(label=_("Who asked for it"), required=False, max_length=120)


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
