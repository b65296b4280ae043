"""More of the small company: a history of finished work, and bets placed straight into the tables."""

import datetime as dt
from typing import Any

from headway.lib import clock
from headway.okr.models import KeyResult
from headway.people.models import Team
from headway.scrum.models import Category, Item
from headway.value.models import Bet, Serves
from tests.world import make_item


def make_done(team: Team, *, weeks: int = 12, a_week: int = 2, size: float | None = 3.0) -> None:
    """Finish `a_week` items (at most 7) in each of the last full weeks."""
    for week in range(weeks):
        for number in range(a_week):
            done_at = clock.now() - dt.timedelta(days=7 * week + 7 - number)
            make_item(
                team,
                f"Done {week}.{number}",
                category=Category.DONE,
                size=size,
                created_at=done_at - dt.timedelta(days=3),
                started_at=done_at - dt.timedelta(days=2),
                done_at=done_at,
            )


def make_bet(
    item: Item,
    key_result: KeyResult,
    low: float = 1.0,
    likely: float = 2.0,
    high: float = 3.0,
    chance: float = 0.5,
    **fields: Any,
) -> Bet:
    serves = Serves.objects.create(item=item, key_result=key_result, at=clock.now())
    return Bet.objects.create(serves=serves, low=low, likely=likely, high=high, chance=chance, at=clock.now(), **fields)
