"""What one item promises, with its own figures: for the item's page and the dialogs about it."""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.utils import timezone

from headway.lib import clock
from headway.okr.models import KeyResult, Measurement
from headway.people.access import allows
from headway.people.actor import Actor
from headway.scrum.models import Category, Item

from ..models import JUDGED_AFTER, NotNow, Serves
from .effort import Pace, pace_of
from .estimates import EstimatesLine, estimates_lines
from .impact import Visible, visible_effect
from .pricing import Loaded, PricedBet, Row, aims_of, currency_of, price_a_week, row_of, valued
from .promises import Promise, promise_of
from .scale import Scale, scale_of
from .track_record import track_record

"""When a result is looked at where nobody has said so, counted from the landing."""
WEEKS_TO_LAND = 2.0
"""Until an item lands where the team's pace is not known."""


@dataclass(frozen=True)
class Champion:
    """Who sees a bet through; `asked` is whom a Scrum Master asked to."""

    name: str
    initials: str
    asked: str


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
    can_estimate: bool
    champions: Mapping[int, Champion]  # bet → champion
    estimates: Mapping[int, EstimatesLine]  # Key Result → what was said of it
    visible: Mapping[int, Visible]  # Key Result → the smallest effect that can be seen; of open promises only

    @property
    def price_a_week(self) -> float | None:
        """What each week without it gives up, alone; None where it has no price."""
        return price_a_week(self.row, self.horizon_weeks)

    @property
    def bets(self) -> tuple[PricedBet, ...]:
        return self.row.bets

    @property
    def done_on(self) -> dt.date | None:
        return timezone.localdate(self.item.done_at) if self.is_done and self.item.done_at else None


def item_promise(item: Item, viewer: Actor, *, today: dt.date | None = None) -> ItemPromise:
    """Return what an item promises. A constant number of queries."""
    team = item.team
    rows = (
        Serves.objects.filter(item=item)
        .select_related("key_result", "bet__verdict", "bet__champion", "bet__champion_asked")
        .order_by("key_result__objective__position", "key_result__position", "key_result_id", "id")
    )
    loaded = Loaded(item, list(rows))
    aims = aims_of([loaded])
    currency = currency_of(team, aims.values())
    today = today or clock.today()
    pace = pace_of(team, today)
    row = valued(
        [row_of(loaded, aims, pace, currency, track_record(team))],
        horizon_weeks=team.organisation.horizon_weeks,
        sprint_weeks=team.sprint_days / 7,
    )[0]
    estimates = estimates_lines(item)
    said = {pk: [one.likely for one in line.shown.answers] for pk, line in estimates.items() if line.shown}
    return ItemPromise(
        item=item,
        promise=promise_of(loaded.serves),
        row=row,
        scale=scale_of(row.bets, said),
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
        can_estimate=allows(viewer, "estimate_bet", team),
        champions={line.bet.pk: _champion(line) for line in loaded.serves if hasattr(line, "bet")},
        estimates=estimates,
        visible=_visible(loaded, row.weeks, today) if item.category != Category.DONE else {},
    )


def weeks_to_landing(weeks: float | None) -> int:
    """Return after how many weeks an item is taken to land that is begun now."""
    return round(WEEKS_TO_LAND if weeks is None else weeks)


def visible_effects(
    wanted: Iterable[tuple[KeyResult, dt.date | None, int]], *, weeks: float | None, today: dt.date
) -> dict[int, Visible]:
    """Say, by Key Result, how large an effect must be to be seen on its judge-on day after its lag. One query."""
    asked = list(wanted)
    found: dict[int, list[tuple[dt.date, float]]] = defaultdict(list)
    rows = Measurement.objects.current().filter(key_result__in=[row.pk for row, _on, _lag in asked])
    for key_result_id, on, value in (
        rows.filter(measured_on__lte=today)
        .order_by("measured_on", "id")
        .values_list("key_result_id", "measured_on", "value")
    ):
        found[key_result_id].append((on, value))
    landing = weeks_to_landing(weeks)
    effects = {}
    for key_result, judge_on, lag in asked:
        days = (judge_on - today).days - 7 * landing if judge_on else JUDGED_AFTER.days + 7 * lag
        effects[key_result.pk] = visible_effect(
            key_result,
            today=today,
            judged_after_weeks=days // 7,
            lag_weeks=lag,
            weeks_until_launch=landing,
            measured=found[key_result.pk],
        )
    return effects


def _visible(loaded: Loaded, weeks: float | None, today: dt.date) -> dict[int, Visible]:
    open_bets = [line for line in loaded.serves if hasattr(line, "bet") and not hasattr(line.bet, "verdict")]
    wanted = [(line.key_result, line.bet.judge_on, line.bet.lag_weeks) for line in open_bets if line.key_result]
    return visible_effects(wanted, weeks=weeks, today=today) if wanted else {}


def _champion(line: Serves) -> Champion:
    who, asked = line.bet.champion, line.bet.champion_asked
    return Champion(who.name if who else "", who.initials if who else "", asked.name if asked else "")
