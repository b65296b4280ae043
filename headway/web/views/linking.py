"""Linking items to Key Results: one by one with suggestions, many at once, and away again."""

from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import Q
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from headway.okr.models import KeyResult
from headway.people.access import allows, require
from headway.people.models import Team
from headway.scrum.actions import Meanwhile
from headway.scrum.actions.unseen import BEARS_ON_LINKS, refuse_unseen
from headway.scrum.models import Item, ItemQuerySet
from headway.search.queries import similar_key_results
from headway.value import actions
from headway.value.models import NotNow, Serves
from headway.value.queries import key_result_choices, promises_for, rest_of_backlog, share_linked, value_sheet

from . import Request, add_errors, get_team, is_htmx, toast
from .changes import change_of, follow, stay
from .meanwhile import refused, seen_now, seen_of, tell_meanwhile, told_meanwhile
from .value_forms import LinkForm
from .value_parts import asked_of, dialog, get_item, number_in, posted

LINK_AT_ONCE = 5000


@require_GET
def link(request: Request, team_key: str) -> HttpResponse:
    """Go through the items that serve nothing yet, in order; a suggestion is taken by one key, never by itself."""
    team = get_team(request, team_key)
    items = _unlinked(team)
    after = items.model.objects.filter(team=team, number=number_in(request.GET.get("after"), 0)).first()
    ahead = items.filter(Q(rank__gt=after.rank) | Q(rank=after.rank, pk__gt=after.pk)) if after else items
    item = ahead.in_order().select_related("team", "parent__team").first()
    context = {
        "team": team,
        "item": item,
        "suggestions": similar_key_results(item, viewer=request.actor) if item else [],
        "parent_serves": _parent_serves(item),
        "form": LinkForm(choices=key_result_choices(team, request.actor)),
        "linked": share_linked(team.pk),
        "left": items.count(),
        "skipped": after is not None,
        "can_link": allows(request.actor, "link_item", team),
        "address": request.get_full_path(),
        "seen": seen_now(request),
    }
    return render(request, "value/_linking.html" if is_htmx(request) else "value/linking.html", context)


@require_POST
def link_one(request: Request, team_key: str) -> HttpResponse:
    """Link the item that the linking page shows; the page goes on to the next."""
    team, item = get_item(request, team_key, number_in(request.POST.get("item"), 0))
    require(request.actor, "link_item", team)
    form = LinkForm(request.POST, choices=key_result_choices(team, request.actor))
    if _is_linked(request, team, [item], form):
        return follow(request, team, "link", team_key=team.key)
    return stay(request, team, "link")


def link_item(request: Request, team_key: str, number: int) -> HttpResponse:
    """Link one item, from any page."""
    team, item = get_item(request, team_key, number)
    require(request.actor, "link_item", team)
    form = LinkForm(posted(request), choices=key_result_choices(team, request.actor))
    if request.method == "POST" and form.is_valid():
        try:
            _do_link(request, team, [item], form.cleaned_data)
        except Meanwhile as error:
            if refused(request, form, item, error):
                return follow(request, team, "item", team_key=team.key, number=item.number)
        except ValidationError as error:
            add_errors(form, error)
        else:
            return follow(request, team, "item", team_key=team.key, number=item.number)
    promise = promises_for([item.pk]).get(item.pk)
    suggestions = [] if promise and promise.key_results else similar_key_results(item, viewer=request.actor)
    context = {"team": team, "item": item, "form": form, "promise": promise, "suggestions": suggestions}
    context["seen"] = seen_now(request)
    return dialog(request, "link_item", context, form.errors)


@require_POST
def link_many(request: Request, team_key: str) -> HttpResponse:
    """Link the chosen items of the backlog at once: those ticked, or all that the filter found."""
    team = get_team(request, team_key)
    require(request.actor, "link_item", team)
    form = LinkForm(request.POST, choices=key_result_choices(team, request.actor))
    items = _chosen(request, team)
    if not items:
        toast(request, _("Choose at least one item."), tone="bad")
        return stay(request, team)
    return follow(request, team) if _is_linked(request, team, items, form) else stay(request, team)


@require_POST
def unlink(request: Request, team_key: str, serves_id: int) -> HttpResponse:
    """Take a link away."""
    team = get_team(request, team_key)
    rows = Serves.objects.select_related("item__team", "key_result")
    serves = rows.filter(pk=serves_id, item__team=team).first()
    if serves is None:
        return _unlinked_already(request, team_key)
    try:
        change = change_of(request, lambda: actions.unlink(serves, by=request.actor, seen=seen_of(request)))
    except Meanwhile as error:
        tell_meanwhile(request, error, told_meanwhile(serves.item, error), _("Take it away nonetheless"))
    except ValidationError as error:
        toast(request, " ".join(error.messages), tone="bad")
    else:
        toast(request, _("%(item)s is no longer linked there.") % {"item": serves.item.title}, change)
    return follow(request, team, "item", team_key=team.key, number=serves.item.number)


def _unlinked_already(request: Request, team_key: str) -> HttpResponse:
    """Say who took the link of this item away, where the dialog names the item; else there is nothing here."""
    team, item = get_item(request, team_key, number_in(request.POST.get("item"), 0))
    require(request.actor, "link_item", team)
    try:
        refuse_unseen(item, by=request.actor, seen=seen_of(request), bears=BEARS_ON_LINKS, is_done=True)
    except Meanwhile as error:
        toast(request, told_meanwhile(item, error))
        return follow(request, team, "item", team_key=team.key, number=item.number)
    raise Http404


def _is_linked(request: Request, team: Team, items: list[Item], form: LinkForm) -> bool:
    """Link the items as the form says; where it cannot be done, say why in a toast and return False.

    True also where somebody has linked the one item meanwhile: the page goes on, and a toast asks. Of many, those that
    are chosen stay so.
    """
    try:
        if form.is_valid():
            _do_link(request, team, items, form.cleaned_data)
            return True
        toast(request, _("Choose a Key Result, or a kind of work with its reason."), tone="bad")
    except Meanwhile as error:
        again = ngettext("Link it nonetheless", "Link them nonetheless", len(items))
        tell_meanwhile(request, error, told_meanwhile(items[0], error), again)
        return len(items) == 1 or error.is_done
    except ValidationError as error:
        toast(request, " ".join(error.messages), tone="bad")
    return False


def _do_link(request: Request, team: Team, items: list[Item], given: dict[str, Any]) -> None:
    key_result = None
    if given["key_result"]:
        rows = KeyResult.objects.visible_to(request.actor).select_related("objective")
        key_result = get_object_or_404(rows, pk=given["key_result"])
    to = {"key_result": key_result, "kind": given["kind"] if not key_result else "", "reason": given["reason"]}
    if len(items) == 1:
        change = change_of(request, lambda: actions.link_item(items[0], by=request.actor, seen=seen_of(request), **to))
    else:
        change = change_of(request, lambda: actions.link_items(items, by=request.actor, seen=seen_of(request), **to))
    name = key_result.short_name if key_result else dict(Serves.Kind.choices).get(given["kind"], "")
    message = ngettext(
        "%(count)s item is linked to %(name)s.", "%(count)s items are linked to %(name)s.", len(items)
    ) % {"count": len(items), "name": name}
    toast(request, message, change)


def _chosen(request: Request, team: Team) -> list[Item]:
    """Return the items ticked, or, with `all`, everything outside the sheet that the page's filter finds."""
    items = Item.objects.visible_to(request.actor).open().filter(team=team).select_related("team")
    if request.POST.get("all"):
        sheet = value_sheet(team, request.actor)
        asked = asked_of(request)
        rest = rest_of_backlog(
            team,
            sheet,
            per_page=LINK_AT_ONCE,
            text=asked["q"],
            unlinked=asked["show"] == "unlinked",
            key_result_id=asked["kr"],
        )
        return list(items.filter(pk__in=[row.item_id for row in rest.rows]))
    numbers = [number_in(text, 0) for text in request.POST.getlist("item")[:LINK_AT_ONCE]]
    return list(items.filter(number__in=numbers))


def _unlinked(team: Team) -> ItemQuerySet:
    return (
        Item.objects.open()
        .filter(team=team)
        .exclude(pk__in=Serves.objects.filter(item__team=team).values("item_id"))
        .exclude(pk__in=NotNow.objects.filter(item__team=team, ended_at=None).values("item_id"))
    )


def _parent_serves(item: Item | None) -> tuple[Any, ...]:
    """Return what the item above serves: often the best suggestion of all."""
    if item is None or item.parent_id is None:
        return ()
    promise = promises_for([item.parent_id]).get(item.parent_id)
    return promise.key_results if promise else ()
