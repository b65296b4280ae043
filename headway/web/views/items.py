"""The page of an item: why it, what it promises, what happened to it; create, edit, remove."""

import json
from collections.abc import Iterable
from functools import partial
from typing import Any, Literal

from django.core.exceptions import ValidationError
from django.db.models import Exists, OuterRef, Q
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from headway.desks.activity import item_lines
from headway.lib import clock
from headway.okr.models import KeyResult
from headway.okr.queries import KeyResultRow, aligned, key_result_rows
from headway.people.access import allows, require
from headway.people.models import Person, Team
from headway.scrum import actions, queries
from headway.scrum.models import Item, Sprint
from headway.sync.actions import decide_conflicts
from headway.sync.models import Conflict, TrackedItem
from headway.sync.sources import NAMES
from headway.value.models import Bet, NotNow, Serves
from headway.value.queries import ItemPromise, item_promise

from ..live import AGREED, GOALS, WORK, Follows, Per, live
from . import Request, add_errors, back, get_team, own_referer, toast
from .board import answer, item_of, plan_into, show_lanes, whole
from .changes import change_of
from .item_forms import ItemForm, NewItemForm
from .value_parts import amount, effect, visible_text

#: fields of an item by the name that an import knows them by
CONFLICT_FIELDS = {
    "title": Item._meta.get_field("title").verbose_name,
    "description": Item._meta.get_field("description").verbose_name,
    "kind": Item._meta.get_field("kind").verbose_name,
    "size": Item._meta.get_field("size").verbose_name,
    "due_on": Item._meta.get_field("due_on").verbose_name,
}


@live(page=Follows(WORK | GOALS | AGREED, Per.TEAM))
@require_GET
def item(request: Request, team_key: str, number: int) -> HttpResponse:
    """Show an item with its promise, its fields and its history."""
    team, row = item_of(request, team_key, number)
    page = queries.item_page(team, number, request.actor)
    assert page is not None
    own = item_promise(row, request.actor)
    tracked = TrackedItem.objects.filter(item=row).select_related("last_seen").first()
    context = {
        "team": team,
        "page": page,
        "item": page.item,
        "ahead": queries.item_ahead(row),
        "own": own,
        "amount": partial(amount, currency=own.currency),
        "visible_text": visible_text,
        "effect": effect,
        "why": _why_line(own),
        "tracked": tracked,
        "tracker": NAMES.get(tracked.provider, tracked.provider) if tracked else "",
        "owned": set(tracked.fields) if tracked else set(),
        "extra": list(_extra(row)),
        "conflicts": [_told_conflict(conflict) for conflict in Conflict.objects.filter(item=row, decided="")],
        "rank": _rank(team, row, own),
        "lines": item_lines(page.item, page.history),
        "can_write": allows(request.actor, "write_item", team),
        "can_decide": allows(request.actor, "import_items", team),
    }
    return render(request, "items/item.html", context)


def new(request: Request, team_key: str) -> HttpResponse:
    """Create an item: in a dialog on the board or the value sheet, else on a page."""
    team = get_team(request, team_key)
    require(request.actor, "write_item", team)
    asked = whole(request.GET.get("sprint"))
    sprint = Sprint.objects.filter(team=team, number=asked, closed_at=None).first() if asked else None
    form = NewItemForm(
        request.POST or None, initial={"in_sprint": sprint is not None, "title": request.GET.get("title")}
    )
    if request.method == "POST" and form.is_valid():
        made: list[Item] = []
        try:
            change = change_of(request, lambda: made.append(_create(request, team, sprint, form.cleaned_data)))
        except ValidationError as error:
            add_errors(form, error)
        else:
            toast(request, _("%(item)s is created.") % {"item": made[0].key}, change)
            if not own_referer(request):
                return redirect("item", team_key=team.key, number=made[0].number)
            return show_lanes(request, team, {made[0].column_id}, change)
    context = {
        "team": team,
        "form": form,
        "sprint": sprint,
        "can_order": allows(request.actor, "order_backlog", team),
    }
    return answer(request, "items/_new.html", context, status=422 if form.errors else 200)


def edit(request: Request, team_key: str, number: int) -> HttpResponse:
    """Change what people can change of an item."""
    team, row = item_of(request, team_key, number)
    require(request.actor, "write_item", team)
    form = ItemForm(request.POST or None, item=row)
    if request.method == "POST" and form.is_valid():
        given = dict(form.cleaned_data)
        given["assignees"] = list(Person.objects.filter(pk__in=given["assignees"]))
        try:
            change = change_of(request, lambda: actions.edit_item(row, by=request.actor, **given))
        except ValidationError as error:
            add_errors(form, error)
        else:
            if change:
                toast(request, _("%(item)s is changed.") % {"item": row.key}, change)
            return redirect("item", team_key=team.key, number=row.number)
    tracked = TrackedItem.objects.filter(item=row).first()
    context = {
        "team": team,
        "item": row,
        "form": form,
        "tracker": NAMES.get(tracked.provider, tracked.provider) if tracked else "",
        "owned": set(tracked.fields) if tracked else set(),
    }
    return render(request, "items/edit.html", context, status=422 if form.errors else 200)


@require_POST
def sprint(request: Request, team_key: str, number: int) -> HttpResponse:
    """Put an item into a Sprint, or (an empty answer) back into the backlog."""
    team, row = item_of(request, team_key, number)
    asked = request.POST.get("sprint", "")
    target = get_object_or_404(Sprint, team=team, number=whole(asked)) if asked else None
    return plan_into(request, team, row, target)


@require_POST
def remove(request: Request, team_key: str, number: int) -> HttpResponse:
    """Take an item out of every list."""
    team, row = item_of(request, team_key, number)
    change = change_of(request, lambda: actions.remove_item(row, by=request.actor))
    toast(request, _("%(item)s is removed.") % {"item": row.key}, change)
    return redirect("backlog", team_key=team.key)


@require_POST
def restore(request: Request, team_key: str, number: int) -> HttpResponse:
    """Bring a removed item back."""
    team, row = item_of(request, team_key, number)
    change = change_of(request, lambda: actions.restore_item(row, by=request.actor))
    if change:
        toast(request, _("%(item)s is back.") % {"item": row.key}, change)
    return redirect("item", team_key=team.key, number=row.number)


@require_POST
def conflict(request: Request, team_key: str, number: int, conflict_id: int) -> HttpResponse:
    """Keep our value of a field, or take the tracker's."""
    team, row = item_of(request, team_key, number)
    found = get_object_or_404(Conflict, pk=conflict_id, item=row)
    choice: Literal["ours", "theirs"] = "theirs" if request.POST.get("choice") == "theirs" else "ours"
    try:
        change = change_of(request, lambda: decide_conflicts([found], choice, by=request.actor))
    except ValidationError as error:
        toast(request, " ".join(error.messages), tone="bad")
    else:
        if change:
            toast(request, _("Decided."), change)
    return back(request, "item", team_key=team.key, number=row.number)


def _create(request: Request, team: Team, sprint: Sprint | None, given: dict[str, Any]) -> Item:
    return actions.create_item(
        team,
        by=request.actor,
        title=given["title"],
        kind=given["kind"],
        size=given["size"],
        sprint=sprint if given["in_sprint"] else None,
        at_top=given["at_top"],
    )


def _rank(team: Team, item: Item, own: ItemPromise) -> tuple[int, int] | None:
    """Return the rank on the value sheet and how many rows that has; None where the item is not on it.

    The sheet leaves out what is in the running Sprint or on the shelf, and ends with the last bet. Two queries.
    """
    running = queries.current_sprint(team)
    if own.is_done or own.shelved or item.removed_at or (running and item.sprint_id == running.pk):
        return None
    promising = Serves.objects.filter(Q(bet__isnull=False) | Q(key_result=None), item=OuterRef("pk"))
    lying = NotNow.objects.filter(item=OuterRef("pk"), ended_at=None)
    rows = Item.objects.open().filter(Exists(promising), team=team).exclude(Exists(lying))
    if running:
        rows = rows.exclude(sprint=running)
    order = list(
        rows.in_order()
        .annotate(has_bet=Exists(Bet.objects.filter(serves__item=OuterRef("pk"))))
        .values_list("pk", "has_bet")
    )
    last = max((place for place, (_pk, has_bet) in enumerate(order, 1) if has_bet), default=0)
    place = next((place for place, (pk, _has_bet) in enumerate(order[:last], 1) if pk == item.pk), None)
    return (place, last) if place else None


def _why_line(own: ItemPromise) -> dict[str, Any] | None:
    """Return what the item leads to: its Key Result, the objective, and the Key Result or objective above."""
    ids = [line.key_result_id for line in own.promise.key_results if line.key_result_id]
    if not ids:
        return None
    today = clock.today()
    row: KeyResultRow = next(iter(key_result_rows(KeyResult.objects.filter(pk=ids[0]), today=today)))
    uppers, _contributors = aligned([row.id], today=today)
    return {"key_result": row, "upper": next(iter(uppers.get(row.id, ())), None), "more": len(ids) - 1}


def _extra(item: Item) -> Iterable[tuple[str, str]]:
    """Return the columns that nobody mapped, as name and text."""
    for name, value in item.extra.items():
        text = ", ".join(map(str, value)) if isinstance(value, list) else value
        if isinstance(text, dict):
            text = json.dumps(text, ensure_ascii=False)
        if text not in (None, ""):
            yield name, str(text)


def _told_conflict(conflict: Conflict) -> dict[str, Any]:
    name = CONFLICT_FIELDS.get(conflict.field, conflict.field.replace("_", " "))
    return {"id": conflict.pk, "name": name, "ours": _as_text(conflict.ours), "theirs": _as_text(conflict.theirs)}


def _as_text(value: Any) -> str:
    if isinstance(value, list):
        people = Person.objects.filter(pk__in=[pk for pk in value if isinstance(pk, int)])
        return ", ".join(person.name for person in people) or "–"
    return "–" if value in (None, "") else str(value)
