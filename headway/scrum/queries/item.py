"""Everything that this area knows of one item."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django.db.models import Q
from django.utils import timezone

from headway.lib import clock
from headway.live.models import Change
from headway.people.actor import Actor
from headway.people.models import Person, Team

from ..models import Category, Item, ItemLink, Transition
from .board import Face, faces_of


@dataclass(frozen=True)
class ItemRef:
    """Another item, as a line; `how` says what it is to this one."""

    id: int
    number: int
    key: str
    title: str
    category: str
    how: str = ""


#: Changes about many items: which keep what they did by the item's id, and what each did to one
_BY_ITEM = ("items.moved", "items.ranked", "items.removed")
_OF_ONE = {f"items.{done}": f"item.{done}" for done in ("moved", "ranked", "removed", "planned", "unplanned")}


@dataclass(frozen=True)
class Step:
    """One line of an item's history: a Change, or (`name` "status.entered") a status that an import brought."""

    at: dt.datetime
    name: str
    who: str
    before: dict[str, Any]
    after: dict[str, Any]
    change_id: int | None = None
    token_name: str | None = None


@dataclass(frozen=True)
class ItemPage:
    """`place` is the rank among the team's open items, from 1 of `places`; None once it is done."""

    item: Item
    faces: tuple[Face, ...]
    place: int | None
    places: int
    days: int | None
    parent: ItemRef | None
    children: tuple[ItemRef, ...]
    links: tuple[ItemRef, ...]
    history: tuple[Step, ...]


def item_page(team: Team, number: int, viewer: Actor, *, steps: int = 60) -> ItemPage | None:
    """Return an item with its relations and its history, newest first; None where there is none. Nine queries."""
    item = (
        Item.objects.visible_to(viewer)
        .select_related("team", "column", "sprint", "parent__team")
        .filter(team=team, number=number)
        .first()
    )
    if item is None:
        return None
    ahead = Item.objects.open().filter(team=team)
    is_open = item.category != Category.DONE and item.removed_at is None
    place = ahead.filter(Q(rank__lt=item.rank) | Q(rank=item.rank, pk__lte=item.pk)).count() if is_open else None
    days = None
    if item.started_at is not None:
        until = timezone.localdate(item.done_at) if item.done_at else clock.today()
        days = max(1, team.calendar.count(timezone.localdate(item.started_at), until))
    return ItemPage(
        item=item,
        faces=faces_of([item.pk]).get(item.pk, ()),
        place=place,
        places=ahead.count(),
        days=days,
        parent=_ref(item.parent) if item.parent and item.parent.removed_at is None else None,
        children=tuple(_ref(child) for child in item.children.active().select_related("team").in_order()),
        links=_links(item),
        history=_history(item, steps),
    )


def _links(item: Item) -> tuple[ItemRef, ...]:
    rows = (
        ItemLink.objects.filter(Q(item=item, to__removed_at=None) | Q(to=item, item__removed_at=None))
        .select_related("item__team", "to__team")
        .order_by("type", "pk")
    )
    return tuple(
        _ref(link.to, link.type) if link.item_id == item.pk else _ref(link.item, f"← {link.type}") for link in rows
    )


def about_item(item: Item) -> Q:
    """Return which Changes are about an item: its own, and those of many items at once that took it along."""
    key, of_team = str(item.pk), Q(subject_type=Team._meta.label_lower, subject_id=item.team_id)
    return (
        Q(subject_type=Item._meta.label_lower, subject_id=item.pk)
        | of_team & Q(name__in=_BY_ITEM, after__has_key=key)
        | of_team & Q(name__in=("items.planned", "items.unplanned"), after__items__has_key=key)
    )


def _history(item: Item, steps: int) -> tuple[Step, ...]:
    about = Change.objects.filter(about_item(item), organisation_id=item.team.organisation_id)
    changes = list(about.order_by("-pk")[:steps])
    # Our own moves are Changes already; an import's statuses, and those of a move of many items, are only here.
    told = {change.at for change in changes}
    entered = [
        row
        for row in Transition.objects.filter(item=item).select_related("by").order_by("-at", "-pk")[:steps]
        if row.is_imported or not any(abs((row.at - at).total_seconds()) < 1 for at in told)
    ]
    names = dict(Person.objects.filter(pk__in={c.actor_id for c in changes if c.actor_id}).values_list("pk", "name"))
    lines = [
        Step(
            at=change.at,
            name=_OF_ONE.get(change.name, change.name),
            who=names.get(change.actor_id or 0, ""),
            before=_share(change.before, item),
            after=_share(change.after, item),
            change_id=change.pk,
            token_name=change.token_name,
        )
        for change in changes
    ]
    lines += [
        Step(
            at=row.at,
            name="status.entered",
            who=row.by.name if row.by else "",
            before={},
            after={"status": row.status, "category": row.category},
        )
        for row in entered
    ]
    return tuple(sorted(lines, key=lambda line: line.at, reverse=True)[:steps])


def _share(values: dict[str, Any], item: Item) -> dict[str, Any]:
    """Return what a Change says of this item, where it is about many."""
    key = str(item.pk)
    if isinstance(values.get("items"), dict) and key in values["items"]:
        return {**values, "items": {key: values["items"][key]}}
    mine = values.get(key)
    return values if mine is None else mine if isinstance(mine, dict) else {"value": mine}


def _ref(item: Item, how: str = "") -> ItemRef:
    return ItemRef(
        id=item.pk,
        number=item.number,
        key=f"{item.team.key}-{item.number}",
        title=item.title,
        category=item.category,
        how=how,
    )
