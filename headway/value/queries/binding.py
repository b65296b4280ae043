"""What binds the order of a backlog: what items need first, and what has to be done by a day."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

from headway.live.known import Aspect, remembered
from headway.people.models import Team
from headway.scrum.models import Item

from ..models import MustHave, Prerequisite


@dataclass(frozen=True)
class MustLine:
    """An item has to be done by a day (None: within the horizon), and why.

    `is_kept` no: no order can have it then. `is_late`: where it stands it is expected after that.
    """

    by_on: dt.date | None
    reason: str
    is_kept: bool = True
    is_late: bool = False


@dataclass(frozen=True)
class Bound:
    """What binds a team's items, done or not, by id: pairs (item, what it needs), and must-haves; in a fixed order."""

    needs: tuple[tuple[int, int], ...]
    musts: Mapping[int, MustLine]


@dataclass(frozen=True)
class BoundItem:
    """What binds one item: open or done items that it needs, items that need it, and whether it has to be done."""

    needs: tuple[Item, ...]
    needed_by: tuple[Item, ...]
    must: MustLine | None


def bound(team: Team) -> Bound:
    """Return what binds a team's items. Two queries, where it is not remembered."""
    return remembered(
        ("bound", team.pk),
        lambda: _bound(team),
        organisation_id=team.organisation_id,
        rests_on=Aspect.PROMISES,
        team_id=team.pk,
    )


def _bound(team: Team) -> Bound:
    pairs = Prerequisite.objects.filter(item__team=team, item__removed_at=None, needs__removed_at=None)
    musts = MustHave.objects.filter(item__team=team, item__removed_at=None)
    return Bound(
        tuple(pairs.order_by("item_id", "needs_id").values_list("item_id", "needs_id")),
        {row.item_id: MustLine(row.by_on, row.reason) for row in musts.order_by("item_id")},
    )


def bound_items(team: Team) -> frozenset[int]:
    """Return the items that something binds: the open ones stand in the plan though they may promise nothing."""
    found = bound(team)
    return frozenset(found.musts).union(*found.needs) if found.needs else frozenset(found.musts)


def binding_of(item: Item) -> BoundItem:
    """Return what binds one item. Three queries."""
    needs = Prerequisite.objects.filter(item=item, needs__removed_at=None).select_related("needs__team")
    needed_by = Prerequisite.objects.filter(needs=item, item__removed_at=None).select_related("item__team")
    must = MustHave.objects.filter(item=item).first()
    return BoundItem(
        tuple(row.needs for row in needs.order_by("needs__number")),
        tuple(row.item for row in needed_by.order_by("item__number")),
        MustLine(must.by_on, must.reason) if must else None,
    )
