"""Every write of this area: links, bets, verdicts, Not now, the Sprint's aim.

A rule that says no raises ValidationError with the field and a sentence for a person.
"""

from .aims import plan_sprint, replan_sprint, set_sprint_aim
from .bets import change_bet, place_bet, withdraw_bet
from .links import link_item, link_items, unlink
from .not_now import bring_back, mark_told, shelve
from .verdicts import enter_verdict, withdraw_verdict

__all__ = [
    "bring_back",
    "change_bet",
    "enter_verdict",
    "link_item",
    "link_items",
    "mark_told",
    "place_bet",
    "plan_sprint",
    "replan_sprint",
    "set_sprint_aim",
    "shelve",
    "unlink",
    "withdraw_bet",
    "withdraw_verdict",
]
