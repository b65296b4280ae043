"""What binds an item: what it needs first, and by when it has to be done."""

from collections.abc import Callable
from functools import partial
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from headway.people.access import allows
from headway.scrum.models import Item
from headway.value.actions import must_be_done, need, need_no_more, need_not_be_done
from headway.value.queries import value_sheet
from headway.value.queries.binding import binding_of

from . import Request, add_errors, toast
from .changes import change_of, follow
from .value_parts import amount, dialog, get_item, number_in, posted


class NeedsForm(forms.Form):
    """What an item needs first, by number."""

    needs = forms.IntegerField(label=_("Needs first"), min_value=1, max_value=999_999_999)


class MustForm(forms.Form):
    """By when an item has to be done, and why."""

    by_on = forms.DateField(
        label=_("To be done by"), required=False, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    reason = forms.CharField(label=_("Why it must be"), max_length=300)


def binds(request: Request, team_key: str, number: int) -> HttpResponse:
    """Show what binds an item, and let it need another one (by number)."""
    team, item = get_item(request, team_key, number)
    form = NeedsForm(posted(request))
    if request.method == "POST" and form.is_valid():
        wanted = form.cleaned_data["needs"]
        other = Item.objects.active().filter(team=team, number=wanted).select_related("team").first()
        if other is None:
            form.add_error("needs", _("There is no such item in this team."))
        else:
            told = _("%(item)s needs %(other)s first.") % {"item": item.key, "other": other.key}
            answer = _do(request, item, form, lambda: need(item, needs=other, by=request.actor), told)
            if answer:
                return answer
    return _shown(request, item, needs_form=form, must_form=_must_form(item))


@require_POST
def needs_no_more(request: Request, team_key: str, number: int) -> HttpResponse:
    """Take back that an item needs another one (by number)."""
    team, item = get_item(request, team_key, number)
    other = Item.objects.filter(team=team, number=number_in(request.POST.get("needs"), 0)).first()
    if other is not None:
        other.team = team
        change = change_of(request, lambda: need_no_more(item, needs=other, by=request.actor))
        if change:
            toast(request, _("%(item)s does not need %(other)s.") % {"item": item.key, "other": other.key}, change)
    return follow(request, team)


@require_POST
def must(request: Request, team_key: str, number: int) -> HttpResponse:
    """Say that an item has to be done, and by when; with `lift` that it has not."""
    team, item = get_item(request, team_key, number)
    if "lift" in request.POST:
        change = change_of(request, lambda: need_not_be_done(item, by=request.actor))
        if change:
            toast(request, _("%(item)s does not have to be done any more.") % {"item": item.key}, change)
        return follow(request, team)
    form = MustForm(request.POST)
    if form.is_valid():
        given = form.cleaned_data
        told = _("%(item)s has to be done.") % {"item": item.key}
        answer = _do(request, item, form, lambda: must_be_done(item, by=request.actor, **given), told)
        if answer:
            return answer
    return _shown(request, item, needs_form=NeedsForm(), must_form=form)


def _do(request: Request, item: Item, form: forms.Form, act: Callable[[], Any], told: Any) -> HttpResponse | None:
    """Do it and tell; None where the form was refused, with the reason at its field."""
    try:
        change = change_of(request, act)
    except ValidationError as error:
        add_errors(form, error)
        return None
    if change:
        toast(request, told, change)
    return follow(request, item.team, change=change)


def _must_form(item: Item) -> MustForm:
    known = binding_of(item).must
    return MustForm(initial={"by_on": known.by_on, "reason": known.reason} if known else None)


def _shown(request: Request, item: Item, *, needs_form: NeedsForm, must_form: MustForm) -> HttpResponse:
    sheet = value_sheet(item.team, request.actor)
    row = sheet.row(item.pk)
    is_at_hand = sheet.plan is not None and sheet.is_best_at_hand
    context = {
        "team": item.team,
        "item": item,
        "row": row,
        "bound": binding_of(item),
        "cost": sheet.plan.date_costs.get(item.number) if sheet.plan is not None and is_at_hand else None,
        "needs_form": needs_form,
        "must_form": must_form,
        "can_need": allows(request.actor, "link_item", item.team),
        "can_order": allows(request.actor, "order_backlog", item.team),
        "amount": partial(amount, currency=sheet.currency),
    }
    return dialog(request, "binds", context, needs_form.errors or must_form.errors)
