"""What is kept, and for how long; what is held about a person; and the way to be forgotten."""

from typing import Any

from django import forms
from django.contrib import auth
from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from headway.people import actions
from headway.people import retention as rules
from headway.people.access import allows, require
from headway.people.models import Membership

from . import Request, add_errors, toast


def retention(request: Request) -> HttpResponse:
    """How long each thing is kept; what would go now is counted before anything is saved."""
    can_edit = allows(request.actor, "manage_organisation", request.organisation)
    rows = rules.rules_of(request.organisation)
    form = RetentionForm(request.POST or None, rows=rows)
    preview = None
    if request.method == "POST":
        require(request.actor, "manage_organisation", request.organisation)
        if form.is_valid():
            days = form.days()
            if request.POST.get("do") == "save":
                try:
                    change = actions.set_retention(request.organisation, by=request.actor, days=days)
                    toast(request, _("Saved."), change)
                    return redirect("retention")
                except ValidationError as error:
                    add_errors(form, error)
            else:
                preview = rules.rules_of(request.organisation, days)
    shown = preview or rows
    context = {
        "rows": [(row, form[row.name]) for row in shown],
        "form": form,
        "can_edit": can_edit,
        "is_preview": preview is not None,
        "total": sum(row.due for row in shown),
    }
    return render(request, "people/retention.html", context, status=422 if form.errors else 200)


def your_data(request: Request) -> HttpResponse:
    """What is held about oneself: to take along, or to be forgotten."""
    form = AnonymiseForm(request.POST or None, name=request.user.name)
    if request.method == "POST" and form.is_valid():
        try:
            actions.anonymise(request.user, by=request.actor)
        except ValidationError as error:
            add_errors(form, error)
        else:
            auth.logout(request)
            return redirect("sign-in")
    context = {"form": form, "is_demonstration": request.organisation.is_demonstration}
    return render(request, "people/your_data.html", context, status=422 if form.errors else 200)


@never_cache
@require_POST
def my_data(request: Request) -> HttpResponse:
    """Everything that is held about the person who asks, as a ZIP."""
    return _as_file(actions.export_own_data(request.user))


@never_cache
@require_POST
def member_data(request: Request, membership_id: int) -> HttpResponse:
    """What the organisation holds about a member, as a ZIP."""
    return _as_file(actions.export_member_data(_member(request, membership_id), by=request.actor))


def anonymise(request: Request, membership_id: int) -> HttpResponse:
    """Take the name and the e-mail of somebody who left away, for good."""
    row = _member(request, membership_id)
    require(request.actor, "manage_organisation", request.organisation)
    if row.person.anonymised_at:
        raise Http404
    form = AnonymiseForm(request.POST or None, name=row.person.name)
    if request.method == "POST" and form.is_valid():
        try:
            person = actions.anonymise(row.person, by=request.actor)
        except ValidationError as error:
            add_errors(form, error)
        else:
            toast(request, _("Their name is %(name)s now.") % {"name": person.name})
            return redirect("members")
    context = {"form": form, "member": row}
    return render(request, "people/anonymise.html", context, status=422 if form.errors else 200)


class RetentionForm(forms.Form):
    """A number of days for each rule; empty is for ever."""

    def __init__(self, *args: Any, rows: list[rules.RuleRow], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for row in rows:
            self.fields[row.name] = forms.IntegerField(
                label=row.title,
                help_text=row.told,
                required=False,
                min_value=1,
                max_value=rules.LONGEST,
                initial=row.days,
                widget=forms.NumberInput(attrs={"placeholder": str(_("for ever")), "class": "num"}),
            )

    def days(self) -> dict[str, int | None]:
        return {name: self.cleaned_data[name] for name in self.fields}


class AnonymiseForm(forms.Form):
    """The name is typed once more: what follows has no way back."""

    typed = forms.CharField(
        label=gettext_lazy("Type the name"), max_length=200, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )

    def __init__(self, *args: Any, name: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.name = name

    def clean_typed(self) -> str:
        typed = " ".join(str(self.cleaned_data["typed"]).split())
        if typed.casefold() != " ".join(self.name.split()).casefold():
            raise ValidationError(_("Type it as it stands here: %(name)s") % {"name": self.name})
        return typed


def _member(request: Request, membership_id: int) -> Membership:
    rows = Membership.objects.select_related("person", "organisation")
    return get_object_or_404(rows, pk=membership_id, organisation=request.organisation)


def _as_file(content: bytes) -> HttpResponse:
    return HttpResponse(
        content,
        content_type="application/zip",
        headers={"Content-Disposition": 'attachment; filename="headway-personal-data.zip"'},
    )
