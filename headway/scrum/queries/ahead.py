"""How likely an item in progress is done soon, by how long the team's items take (load → engine → show)."""

import datetime as dt
from dataclasses import dataclass

from headway.engine import flow as engine
from headway.lib import clock
from headway.live.known import Aspect, remembered
from headway.people.models import Team

from ..models import Category, Item
from .flow import cycle_times

#: Items begun within a year: how a team works changes, and open ones must come from the same time as finished ones.
YEAR = 365
#: One week and two [days].
WITHIN = (7, 14)


@dataclass(frozen=True)
class ItemAhead:
    """`chances`: (days, chance to be done within so many more); None where hardly any item was ever open for longer.

    `is_ageing`: less than 15 in 100 were open for as long. It rests on `done` finished items and `still_open` others.
    """

    age_days: float
    chances: tuple[tuple[int, float], ...] | None
    is_ageing: bool
    done: int
    still_open: int


def item_ahead(item: Item) -> ItemAhead | None:
    """Return what the team's cycle times say of an item in progress; None of any other, and under ten finished ones.

    One query, where the cycle times of the team are not remembered.
    """
    if item.category != Category.DOING or item.started_at is None or item.removed_at is not None:
        return None
    times = _times(item.team)
    if times is None:
        return None
    age = max((clock.now() - item.started_at) / dt.timedelta(days=1), 0.0)
    try:
        chances = tuple((days, times.done_within(days, age=age)) for days in WITHIN)
    except engine.TooLittleHistory:
        chances = None
    return ItemAhead(age, chances, times.is_ageing(age), times.done, times.seen.size - times.done)


def _times(team: Team) -> engine.CycleTimes | None:
    return remembered(
        ("cycle times", team.pk),
        lambda: _learned(team),
        organisation_id=team.organisation_id,
        rests_on=(Aspect.DONE, Aspect.STATES),
        team_id=team.pk,
    )


def _learned(team: Team) -> engine.CycleTimes | None:
    found = cycle_times(team, days=YEAR)
    try:
        return engine.cycle_times(found.done, still_open=found.still_open)
    except engine.TooLittleHistory:
        return None
