"""Places in the one strict order of a team's backlog. Call under the team's lock."""

from collections.abc import Sequence
from typing import Any

from django.db.models import Q

from headway.lib import ranks
from headway.lib.prepared import Prepared
from headway.people.models import Team

from ..models import Item, ItemQuerySet
from .rows import save_items

# A rank grows by about a character with every six items put into the same gap; the column holds 200.
LONGEST_RANK = 60


# The bound on the rank alone lets a database begin there in its index, which it else reads from the end of the order.
_FOLLOWING = Prepared(
    lambda team, rank, pk: (
        Item.objects.filter(Q(rank__gt=rank) | Q(pk__gt=pk), team=team, rank__gte=rank)
        .in_order()
        .values_list("rank", "pk")[:1]
    ),
    *(int, str, int),
)
_PREVIOUS = Prepared(
    lambda team, rank, pk: (
        Item.objects.filter(Q(rank__lt=rank) | Q(pk__lt=pk), team=team, rank__lte=rank)
        .in_order()
        .reverse()
        .values_list("rank", "pk")[:1]
    ),
    *(int, str, int),
)
_FIRST = Prepared(lambda team: Item.objects.filter(team=team).in_order().values_list("rank", "pk")[:1], int)
_LAST = Prepared(lambda team: Item.objects.filter(team=team).in_order().reverse().values_list("rank", "pk")[:1], int)

Gap = tuple[str | None, str | None]


def at_end(team: Team) -> str:
    found = _LAST.first(team.pk)
    return ranks.between(found[0] if found else None, None)


def at_top(team: Team) -> str:
    found = _FIRST.first(team.pk)
    return ranks.between(None, found[0] if found else None)


def place(
    team: Team,
    items: Sequence[Item],
    *,
    before: Item | None = None,
    after: Item | None = None,
    at_top: bool = False,
) -> bool:
    """Give `items`, in the order given, ranks next to another item, at the top, or (default) at the end.

    Saves the ranks. Returns whether the ranks of the whole backlog were written anew: too many items had gone into
    one gap, or two ranks were equal (an import may leave that).
    """
    gap = _gap(team, items, before=before, after=after, at_top=at_top)
    rewritten = _is_closed(gap)
    if rewritten:
        rewrite(team)
        gap = _gap(team, items, before=before, after=after, at_top=at_top)
    for item, rank in zip(items, ranks.many_between(*gap, len(items)), strict=True):
        item.rank = rank
    save_items(items, ["rank"])
    if any(len(item.rank) > LONGEST_RANK for item in items):
        rewrite(team)
        rewritten = True
    return rewritten


def gap_of_one(
    team: Team, item: Item, *, before: Item | None = None, after: Item | None = None, at_top: bool = False
) -> Gap | None:
    """Return the ranks on both sides of where one item goes, None where it stands there. One query.

    `before` or `after` is as it was read under the lock.
    """
    beside = before or after
    looks_ahead = after is not None or (before is None and at_top)
    if beside is None:
        rows = (_FIRST if at_top else _LAST).all(team.pk)
    else:
        rows = (_FOLLOWING if looks_ahead else _PREVIOUS).all(team.pk, beside.rank, beside.pk)
    if rows and rows[0][1] == item.pk:
        return None
    edge, other = beside.rank if beside else None, rows[0][0] if rows else None
    return (edge, other) if looks_ahead else (other, edge)


def stand_there(
    team: Team,
    items: Sequence[Item],
    *,
    before: Item | None = None,
    after: Item | None = None,
    at_top: bool = False,
) -> bool:
    """Say whether `items` stand in the order given where `place` would put them. Reads the whole order: one query."""
    order = list(Item.objects.filter(team=team).in_order().values_list("pk", flat=True))
    wanted = [item.pk for item in items]
    if before is not None:
        begin = order.index(before.pk) - len(wanted)
    elif after is not None:
        begin = order.index(after.pk) + 1
    else:
        begin = 0 if at_top else len(order) - len(wanted)
    return begin >= 0 and order[begin : begin + len(wanted)] == wanted


def place_one(team: Team, item: Item, gap: Gap, **where: Any) -> None:
    """Set an item's rank into the gap that `gap_of_one` found for `where`; saves it only with the ranks of others."""
    if not _is_closed(gap):
        rank = ranks.between(*gap)
        if len(rank) <= LONGEST_RANK:
            item.rank = rank
            return
    place(team, [item], **where)
    item.refresh_from_db(fields=["rank"])


def permute(team: Team, items: Sequence[Item]) -> None:
    """Put items into the order given, in the places that they hold together; all others stay where they are.

    Saves the ranks.
    """
    held = sorted(item.rank for item in items)
    if len(set(held)) < len(held):
        rewrite(team)
        held = sorted(Item.objects.filter(pk__in=[item.pk for item in items]).values_list("rank", flat=True))
    for item, rank in zip(items, held, strict=True):
        item.rank = rank
    save_items(items, ["rank"])


def put_back(team: Team, item: Item, rank: str) -> None:
    """Give an item the rank that it had, or the next free one where another took it since. Saves it."""
    others = Item.objects.filter(team=team).exclude(pk=item.pk)
    if others.filter(rank=rank).exists():
        following = others.filter(rank__gt=rank).order_by("rank").values_list("rank", flat=True).first()
        rank = ranks.between(rank, following)
    item.rank = rank
    item.save(update_fields=["rank"])


def rewrite(team: Team) -> None:
    """Give all items of the team short ranks, in the order that they have."""
    items = list(Item.objects.filter(team=team).in_order().only("pk", "rank"))
    for item, rank in zip(items, ranks.many_between(None, None, len(items)), strict=True):
        item.rank = rank
    Item.objects.bulk_update(items, ["rank"], batch_size=500)


def _gap(team: Team, items: Sequence[Item], *, before: Item | None, after: Item | None, at_top: bool) -> Gap:
    """Return the ranks on both sides of where `items` go, not counting themselves."""
    others = Item.objects.filter(team=team).exclude(pk__in=[item.pk for item in items]).in_order()
    if before is not None:
        upper = others.filter(pk=before.pk).values_list("rank", flat=True).get()
        return _neighbour(others.filter(rank__lte=upper).exclude(pk=before.pk).reverse()), upper
    if after is not None:
        lower = others.filter(pk=after.pk).values_list("rank", flat=True).get()
        return lower, _neighbour(others.filter(rank__gte=lower).exclude(pk=after.pk))
    if at_top:
        return None, _neighbour(others)
    return _neighbour(others.reverse()), None


def _neighbour(items: ItemQuerySet) -> str | None:
    return items.values_list("rank", flat=True).first()


def _is_closed(gap: Gap) -> bool:
    lower, upper = gap
    return lower is not None and upper is not None and lower >= upper
