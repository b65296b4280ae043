"""Reads of this area, shaped for screens, reports and the command line."""

from .choices import KeyResultChoice, key_result_choices
from .estimates import Estimates, EstimatesLine, Said, estimates_of
from .forecasts import Forecast, SprintChance, TooLittle, forecast_for, sprint_chance
from .found import Found
from .impact import Visible
from .item import Champion, ItemPromise, item_promise, visible_effects
from .ledger import ImpactLedger, KeyResultLedger, RankedKeyResult, impact_ledger
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
from .sheet import Capacity, Sheet, ShelfRow, SprintLine, rank_in_sheet, value_sheet
from .verdicts import Screen, VerdictList, verdict_list, verdict_screen

__all__ = [
    "BetLine",
    "BetOfKeyResult",
    "Capacity",
    "Champion",
    "Delivered",
    "Estimates",
    "EstimatesLine",
    "Forecast",
    "Found",
    "ImpactLedger",
    "ItemPromise",
    "KeyResultChoice",
    "KeyResultLedger",
    "KindLine",
    "Linked",
    "PricedBet",
    "Promise",
    "RankedKeyResult",
    "Rest",
    "RestRow",
    "Row",
    "Said",
    "Scale",
    "Screen",
    "ServesLine",
    "Sheet",
    "ShelfRow",
    "SprintChance",
    "SprintLine",
    "TooLittle",
    "VerdictLine",
    "VerdictList",
    "Visible",
    "Work",
    "bets_of",
    "delivered_of",
    "delivered_share",
    "estimates_of",
    "forecast_for",
    "impact_ledger",
    "item_promise",
    "key_result_choices",
    "matching",
    "promises_for",
    "rank_in_sheet",
    "rest_of_backlog",
    "share_linked",
    "sprint_chance",
    "value_sheet",
    "verdict_list",
    "verdict_screen",
    "visible_effects",
]
