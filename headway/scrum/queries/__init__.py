"""Reads of the backlog, the board and the Sprints, shaped for screens, forecasts and reports."""

from .ahead import ItemAhead, ageing_alarm, item_ahead
from .backlog import BacklogRow, backlog_rows
from .board import (
    Board,
    Card,
    Face,
    Lane,
    SprintHead,
    board_for,
    columns_of,
    current_sprint,
    lanes_of,
    sprint_head,
)
from .flow import CycleTimes, Pace, SprintResult, cycle_times, daily_done, sprint_history, team_pace, throughput
from .item import ItemPage, ItemRef, Step, item_page
from .sprint import BurnUp, BurnUpDay, SprintRow, burn_up, open_items_of, sprint_rows

__all__ = [
    "BacklogRow",
    "Board",
    "BurnUp",
    "BurnUpDay",
    "Card",
    "CycleTimes",
    "Face",
    "ItemAhead",
    "ItemPage",
    "ItemRef",
    "Lane",
    "Pace",
    "SprintHead",
    "SprintResult",
    "SprintRow",
    "Step",
    "ageing_alarm",
    "backlog_rows",
    "board_for",
    "burn_up",
    "columns_of",
    "current_sprint",
    "cycle_times",
    "daily_done",
    "item_ahead",
    "item_page",
    "lanes_of",
    "open_items_of",
    "sprint_head",
    "sprint_history",
    "sprint_rows",
    "team_pace",
    "throughput",
]
