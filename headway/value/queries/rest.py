"""The open items that the value sheet does not price, a page at a time."""

import datetime as dt
from dataclasses import dataclass

from django.db.models import Q

from headway.people.models import Team
from headway.scrum.models import Item

from ..models import NotNow, Serves
from .promises import Promise, promises_for
from .sheet import Sheet


@dataclass(frozen=True)
class RestRow:
    """An open item without a price: linked without a range, of a kind below the last bet, or linked to nothing."""

    item_id: int
    number: int
    key: str
    title: str
    item_kind: str
    size: float | None
    created_at: dt.datetime
    is_missing: bool
    promise: Promise


@dataclass(frozen=True)
class Rest:
    """One page of the open items that the sheet does not price, in the Product Owner's order."""

    rows: tuple[RestRow, ...]
    page: int
    pages: int
    count: int


def rest_of_backlog(
    team: Team,
    sheet: Sheet,
    *,
    page: int = 1,
    per_page: int = 100,
    text: str = "",
    unlinked: bool = False,
    key_result_id: int | None = None,
) -> Rest:
    """Return a page of the open items outside the sheet, the shelf and the running Sprint. Three queries."""
    items = (
        Item.objects.open()
        .filter(team=team)
        .exclude(pk__in=[row.item_id for row in sheet.rows])
        .exclude(pk__in=NotNow.objects.filter(item__team=team, ended_at=None).values("item_id"))
    )
    if sheet.running_sprint_id:
        items = items.exclude(sprint=sheet.running_sprint_id)
    if text:
        items = items.filter(matching(team, text))
    if unlinked:
        items = items.exclude(pk__in=Serves.objects.filter(item__team=team).values("item_id"))
    if key_result_id:
        items = items.filter(pk__in=Serves.objects.filter(key_result=key_result_id).values("item_id"))
    count = items.count()
    pages = max(1, -(-count // per_page))
    page = min(max(page, 1), pages)
    found = list(items.in_order().defer("description", "extra")[(page - 1) * per_page : page * per_page])
    promises = promises_for([item.pk for item in found])
    return Rest(
        rows=tuple(
            RestRow(
                item_id=item.pk,
                number=item.number,
                key=f"{team.key}-{item.number}",
                title=item.title,
                item_kind=str(item.get_kind_display()),
                size=item.size,
                created_at=item.created_at,
                is_missing=item.missing_since is not None,
                promise=promises.get(item.pk, Promise()),
            )
            for item in found
        ),
        page=page,
        pages=pages,
        count=count,
    )


def matching(team: Team, text: str) -> Q:
    """Return the filter for items by words of the title, a number, or a key of ours or the tracker's."""
    found = Q(tracker_key__icontains=text)
    number = text.upper().removeprefix(f"{team.key}-").removeprefix("#")
    if number.isdecimal() and len(number) < 10:
        found |= Q(number=int(number))
    words = Q()
    for word in text.split():
        words &= Q(title__icontains=word)
    return found | words
