"""Every write of this area: links, bets, verdicts, Not now, the Sprint's aim.

A rule that says no raises ValidationError with the field and a sentence for a person.
"""

from .aims import plan_sprint, replan_sprint, set_sprint_aim
from .bets import change_bet, place_bet, withdraw_bet
from .binding import must_be_done, need, need_no_more, need_not_be_done
from .champions import ask_champion, champion_bet, decline_champion, hand_champion_over, release_bet
from .estimates import forget_givers, give_estimate, promise_pooled, withdraw_estimate
from .links import link_item, link_items, unlink
from .not_now import bring_back, mark_told, shelve
from .proposals import Stale, accept_proposal, decline_proposal, propose_order, withdraw_proposal
from .verdicts import enter_verdict, withdraw_verdict

__all__ = [
    "Stale",
    "accept_proposal",
    "ask_champion",
    "bring_back",
    "champion_bet",
    "change_bet",
    "decline_champion",
    "decline_proposal",
    "enter_verdict",
    "forget_givers",
    "give_estimate",
    "hand_champion_over",
    "link_item",
    "link_items",
    "mark_told",
    "must_be_done",
    "need",
    "need_no_more",
    "need_not_be_done",
    "place_bet",
    "plan_sprint",
    "promise_pooled",
    "propose_order",
    "release_bet",
    "replan_sprint",
    "set_sprint_aim",
    "shelve",
    "unlink",
    "withdraw_bet",
    "withdraw_estimate",
    "withdraw_proposal",
    "withdraw_verdict",
]
