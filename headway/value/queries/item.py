"""What one item promises, with its own figures: for the item's page and the dialogs about it."""

import datetime as dt
from dataclasses import dataclass

from headway.lib import clock
from headway.people.access import allows
from headway.people.actor import Actor
from headway.scrum.models import Category, Item

from ..models import NotNow, Serves
from .effort import Pace, pace_of
from .pricing import Loaded, PricedBet, Row, aims_of, currency_of, row_of, valued
from .promises import Promise, promise_of
from .scale import Scale, scale_of


@dataclass(frozen=True)
class ItemPromise:
    """All that an item serves. `row` has value, weeks and waiting as if it stood alone; `scale` the axis of its ranges.

    `is_open` says that a promise may change freely: work has not started.
    """

    item: Item
    promise: Promise
    row: Row
    scale: Scale | None
    currency: str | None
    horizon_weeks: int
    pace: Pace
    is_open: bool
    is_done: bool
    shelved: NotNow | None
    can_link: bool
    can_bet: bool
    can_judge: bool
    can_order: bool

    @property
    def bets(self) -> tuple[PricedBet, ...]:
        return self.row.bets


def item_promise(item: Item, viewer: Actor, *, today: dt.date | None = None) -> ItemPromise:
    """Return what an item promises. A constant number of queries."""
    team = item.team
    rows = (
        Serves.objects.filter(item=item)
        .select_related("key_result", "bet__verdict")
        .order_by("key_result__objective__position", "key_result__position", "key_result_id", "id")
    )
    loaded = Loaded(item, list(rows))
    aims = aims_of([loaded])
    currency = currency_of(team, aims.values())
    pace = pace_of(team, today or clock.today())
    row = valued(team, [row_of(loaded, aims, pace, currency)], aims)[0][0]
    return ItemPromise(
        item=item,
        promise=promise_of(loaded.serves),
        row=row,
        scale=scale_of(row.bets),
        currency=currency,
        horizon_weeks=team.organisation.horizon_weeks,
        pace=pace,
        is_open=item.category == Category.TODO and item.started_at is None,
        is_done=item.category == Category.DONE,
        shelved=NotNow.objects.filter(item=item, ended_at=None).first(),
        can_link=allows(viewer, "link_item", team),
        can_bet=allows(viewer, "place_bet", team),
        can_judge=allows(viewer, "judge_bet", team),
        can_order=allows(viewer, "order_backlog", team),
    )
