"""Forms of items and Sprints."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from headway.people.models import Person, Team
from headway.scrum.models import Item, ItemQuerySet

from .shared_form import SharedForm


def _day(label: Any, **options: Any) -> forms.DateField:
    return forms.DateField(label=label, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"), **options)


class NewItemForm(forms.Form):
    """The few things that a new item needs."""

    title = forms.CharField(label=_("What is to be done?"), max_length=500)
    kind = forms.ChoiceField(label=_("Kind"), choices=Item.Kind.choices, initial=Item.Kind.STORY)
    size = forms.FloatField(label=_("Size"), required=False, min_value=0)
    in_sprint = forms.BooleanField(label=_("Into the Sprint at once"), required=False)
    at_top = forms.BooleanField(label=_("At the top of the order"), required=False)


class ItemForm(SharedForm):
    """What people can change of an item."""

    title = forms.CharField(label=_("Title"), max_length=500)
    description = forms.CharField(
        label=_("Description"), required=False, widget=forms.Textarea(attrs={"rows": 8}), strip=False
    )
    kind = forms.ChoiceField(label=_("Kind"), choices=Item.Kind.choices)
    size = forms.FloatField(label=_("Size"), required=False, min_value=0)
    due_on = _day(_("Due"), required=False)
    parent = forms.CharField(label=_("Part of"), required=False, max_length=40)
    assignees = forms.TypedMultipleChoiceField(
        label=_("Who holds it"), required=False, coerce=int, widget=forms.CheckboxSelectMultiple
    )

    def __init__(self, *args: Any, item: Item, **kwargs: Any) -> None:
        super().__init__(*args, subject=item, **kwargs)
        self.item = item
        held = set(item.assignees.values_list("pk", flat=True))
        people = people_of(item.team, held)
        self.fields["assignees"].choices = [(person.pk, person.name) for person in people]  # type: ignore[attr-defined]
        self.initial = {
            **self.initial,
            "title": item.title,
            "description": item.description,
            "kind": item.kind,
            "size": None if item.size is None else f"{item.size:g}",
            "due_on": item.due_on,
            "parent": item.parent.key if item.parent else "",
            "assignees": sorted(held),
        }

    def clean_parent(self) -> Item | None:
        """Read the key or number of the item above; nothing for none."""
        text = self.cleaned_data["parent"].strip().upper().removeprefix(f"{self.item.team.key}-").removeprefix("#")
        if not text:
            return None
        items: ItemQuerySet = Item.objects.active().filter(team=self.item.team)
        found = items.filter(number=int(text)).first() if text.isdecimal() and len(text) < 10 else None
        if found is None:
            raise forms.ValidationError(_("There is no such item in this team."))
        return found


class SprintForm(SharedForm):
    """Name, goal and days of a Sprint, and the Key Result that its goal names."""

    name = forms.CharField(label=_("Name"), max_length=120, required=False)
    goal = forms.CharField(
        label=_("Sprint Goal"),
        max_length=500,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2, "class": "voice"}),
    )
    starts_on = _day(_("First day"), required=False)
    ends_on = _day(_("Last day"), required=False)
    aim = forms.TypedChoiceField(
        label=_("The goal names"), required=False, coerce=int, empty_value=None, choices=[("", _("No Key Result yet"))]
    )


def people_of(team: Team, held: set[int]) -> list[Person]:
    """Return who may hold an item: those with a role in the team, and those who hold it now."""
    found = Person.objects.filter(team_roles__team=team) | Person.objects.filter(pk__in=held)
    return list(found.distinct().order_by("name"))
