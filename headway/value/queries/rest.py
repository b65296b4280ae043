"""The open items that the value sheet does not price, a page at a time."""

import datetime as dt
from dataclasses import dataclass
from typing import NamedTuple

from django.db.models import Count, Exists, Q

from headway.live.known import Aspect, remembered
from headway.people.models import Team
from headway.scrum.models import Item

from ..models import Serves
from .promises import SERVING, SHELVED, Promise, promises_for
from .sheet import Sheet

MOST_REMEMBERED = 100  # rows: a screen, not the whole backlog that a program asks for


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
    items = Item.objects.open().filter(~Exists(SHELVED), team=team).exclude(pk__in=[row.item_id for row in sheet.rows])
    if sheet.running_sprint_id:
        items = items.exclude(sprint=sheet.running_sprint_id)
    if text:
        items = items.filter(matching(team, text))
    if unlinked:
        items = items.filter(~Exists(SERVING))
    if key_result_id:
        items = items.filter(pk__in=Serves.objects.filter(key_result=key_result_id).values("item_id"))
    count = items.count() if text or key_result_id else _count(team, sheet, unlinked=unlinked)
    pages = max(1, -(-count // per_page))
    page = min(max(page, 1), pages)
    found = items.in_order().values_list(*_Line._fields)[(page - 1) * per_page : page * per_page]
    rows = [_Line._make(line) for line in found]
    ids = tuple(row.pk for row in rows)
    promises = promises_for(ids) if len(ids) > MOST_REMEMBERED else _promises(team, ids)
    kinds = {kind.value: str(kind.label) for kind in Item.Kind}
    return Rest(
        rows=tuple(
            RestRow(
                item_id=row.pk,
                number=row.number,
                key=f"{team.key}-{row.number}",
                title=row.title,
                item_kind=kinds[row.kind],
                size=row.size,
                created_at=row.created_at,
                is_missing=row.missing_since is not None,
                promise=promises.get(row.pk, Promise()),
            )
            for row in rows
        ),
        page=page,
        pages=pages,
        count=count,
    )


def _promises(team: Team, ids: tuple[int, ...]) -> dict[int, Promise]:
    return remembered(
        ("promises", ids),
        lambda: promises_for(ids),
        organisation_id=team.organisation_id,
        rests_on=Aspect.PROMISES,
        team_id=team.pk,
    )


class _Line(NamedTuple):
    pk: int
    number: int
    title: str
    kind: str
    size: float | None
    created_at: dt.datetime
    missing_since: dt.datetime | None


def _count(team: Team, sheet: Sheet, *, unlinked: bool) -> int:
    """Return how many open items lie outside the sheet, the shelf and the running Sprint, without looking at them.

    What is open and not on the shelf is known; what of it the sheet and the running Sprint hold is little. One query.
    """
    held = {"open": 0, "linked": 0}
    if sheet.running_sprint_id:
        in_sprint = Item.objects.open().filter(~Exists(SHELVED), sprint=sheet.running_sprint_id, team=team)
        held = in_sprint.aggregate(open=Count("pk"), linked=Count("pk", filter=Exists(SERVING)))
    if unlinked:
        return (sheet.linked.open - sheet.linked.linked) - (held["open"] - held["linked"])
    return sheet.linked.open - held["open"] - len(sheet.rows)


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
