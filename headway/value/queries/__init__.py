"""Reads of this area, shaped for screens, reports and the command line."""

from .choices import KeyResultChoice, key_result_choices
from .forecasts import Forecast, SprintChance, TooLittle, forecast_for, sprint_chance
from .item import ItemPromise, item_promise
from .pricing import KindLine, PricedBet, Row
from .promises import (
    BetLine,
    BetOfKeyResult,
    Delivered,
    Linked,
    Promise,
    ServesLine,
    VerdictLine,
    Work,
    bets_of,
    delivered_of,
    delivered_share,
    promises_for,
    share_linked,
)
from .rest import Rest, RestRow, matching, rest_of_backlog
from .scale import Scale
from .sheet import Capacity, Sheet, ShelfRow, rank_in_sheet, value_sheet

__all__ = [
    "BetLine",
    "BetOfKeyResult",
    "Capacity",
    "Delivered",
    "Forecast",
    "ItemPromise",
    "KeyResultChoice",
    "KindLine",
    "Linked",
    "PricedBet",
    "Promise",
    "Rest",
    "RestRow",
    "Row",
    "Scale",
    "ServesLine",
    "Sheet",
    "ShelfRow",
    "SprintChance",
    "TooLittle",
    "VerdictLine",
    "Work",
    "bets_of",
    "delivered_of",
    "delivered_share",
    "forecast_for",
    "item_promise",
    "key_result_choices",
    "matching",
    "promises_for",
    "rank_in_sheet",
    "rest_of_backlog",
    "share_linked",
    "sprint_chance",
    "value_sheet",
]
