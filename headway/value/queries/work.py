"""Which work serves which Key Result, and which serves none: for the line of sight."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Exists, OuterRef, Q

from headway.scrum.models import Category, Item

from ..models import Bet, NotNow, Serves


@dataclass(frozen=True)
class WorkItem:
    """An item as a chip. `kind` and `reason` where it is declared to serve no Key Result."""

    id: int
    team_id: int
    team_key: str
    team: str
    number: int
    key: str
    title: str
    category: str
    is_blocked: bool
    promise: tuple[float, float] | None = None  # low and high of its bet on this Key Result
    kind: str = ""
    reason: str = ""


@dataclass(frozen=True)
class Unlinked:
    """Work that is taken on and serves no Key Result, the first of it, and how much there is."""

    items: tuple[WorkItem, ...]
    total: int
    linked: int  # taken on, and serves a Key Result

    @property
    def share_linked(self) -> float | None:
        """Share of the work taken on that serves a Key Result, 0–1; None where nothing is taken on."""
        return self.linked / (self.linked + self.total) if self.linked + self.total else None


def work_by_key_result(key_result_ids: Iterable[int]) -> dict[int, tuple[WorkItem, ...]]:
    """Return the items that serve each Key Result: done first, then in progress, then in order. One query.

    What lies on the Not now shelf is left out.
    """
    shelved = NotNow.objects.filter(item=OuterRef("item_id"), ended_at=None)
    rows = (
        Serves.objects.filter(key_result__in=list(key_result_ids), item__removed_at=None)
        .exclude(Exists(shelved))
        .select_related("item__team", "bet")
        .order_by("item__done_at", "item__rank", "item_id")
    )
    found: dict[int, list[WorkItem]] = {}
    for row in rows:
        found.setdefault(row.key_result_id or 0, []).append(_work_item(row.item, bet=getattr(row, "bet", None)))
    order = {Category.DONE: 0, Category.DOING: 1, Category.TODO: 2}
    return {
        key_result_id: tuple(sorted(items, key=lambda item: order[Category(item.category)]))
        for key_result_id, items in found.items()
    }


def work_without_key_result(team_ids: Iterable[int], *, first: int = 40) -> Unlinked:
    """Return the work in progress or in a Sprint that is not over, of some teams, that serves none. Four queries."""
    taken_on = Item.objects.active().filter(
        Q(category=Category.DOING) | Q(category=Category.TODO, sprint__isnull=False, sprint__closed_at=None),
        team__in=list(team_ids),
    )
    linked = Exists(Serves.objects.filter(item=OuterRef("pk"), key_result__isnull=False))
    without = taken_on.exclude(linked)
    of_a_kind = Serves.objects.filter(item=OuterRef("pk")).exclude(kind="")
    rows = list(
        without.annotate(is_declared=Exists(of_a_kind))
        .select_related("team")
        .order_by("is_declared", "team__name", "rank", "id")[:first]
    )
    kinds = {
        serves.item_id: (serves.kind, serves.reason)
        for serves in Serves.objects.filter(item__in=[row.pk for row in rows]).exclude(kind="")
    }
    items = tuple(_work_item(item, kind=kinds.get(item.pk, ("", ""))) for item in rows)
    return Unlinked(items, without.count(), taken_on.filter(linked).count())


def _work_item(item: Item, *, bet: Bet | None = None, kind: tuple[str, str] = ("", "")) -> WorkItem:
    return WorkItem(
        id=item.pk,
        team_id=item.team_id,
        team_key=item.team.key,
        team=item.team.name,
        number=item.number,
        key=item.key,
        title=item.title,
        category=item.category,
        is_blocked=item.blocked_since is not None,
        promise=(bet.low, bet.high) if bet else None,
        kind=str(Serves.Kind(kind[0]).label) if kind[0] else "",
        reason=kind[1],
    )
