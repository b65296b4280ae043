"""Reads of this area, shaped for screens, reports and the command line."""

from .forecasts import Forecast, SprintChance, TooLittle, forecast_for, sprint_chance
from .pricing import PricedBet, Row
from .promises import (
    BetLine,
    BetOfKeyResult,
    Delivered,
    Linked,
    Promise,
    ServesLine,
    VerdictLine,
    bets_of,
    delivered_share,
    promises_for,
    share_linked,
)
from .rest import Rest, RestRow, matching, rest_of_backlog
from .scale import Scale
from .sheet import Capacity, Sheet, ShelfRow, value_sheet

__all__ = [
    "BetLine",
    "BetOfKeyResult",
    "Capacity",
    "Delivered",
    "Forecast",
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
    "bets_of",
    "delivered_share",
    "forecast_for",
    "matching",
    "promises_for",
    "rest_of_backlog",
    "share_linked",
    "sprint_chance",
    "value_sheet",
]
