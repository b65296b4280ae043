"""The lines of links, bets, verdicts, the shelf and forecasts in the table of the access walk."""

from headway.scrum.actions import move_items
from headway.scrum.models import Column
from headway.value.actions import enter_verdict, give_estimate, link_item, place_bet, shelve
from headway.value.models import Estimate
from tests.api.walk import Op
from tests.world import World, make_item

SERVED = {"number": "estimated_number", "key_result_id": "value_kr_id"}
PLAIN, BET_ON = {"number": "plain_number"}, {"bet_id": "bet_id"}
RANGE = {"low": 1, "likely": 2, "high": 3, "chance": 0.5}

OPERATIONS = {
    "link_item": Op("link_item", {"key_result_id": "{value_kr_id}"}, places=PLAIN),
    "link_items": Op("link_item", {"numbers": ["{plain_number}"], "kind": "health", "reason": "It hurts"}),
    "unlink_item": Op("link_item", places={"link_id": "link_id"}),
    "list_bets": Op("read"),
    "get_bet": Op("read", places=BET_ON),
    "place_bet": Op("place_bet", {"key_result_id": "{value_kr_id}", **RANGE}, places=PLAIN),
    "change_bet": Op("place_bet", {"chance": 0.7}, places=BET_ON),
    "champion_bet": Op("place_bet", places=BET_ON),
    "release_bet": Op("place_bet", places=BET_ON),
    "ask_champion": Op("ask_champion", {"person_id": "{champion_to_be_id}"}, places=BET_ON),
    "decline_champion": Op("place_bet", places=BET_ON, can_do=False),
    "get_estimates": Op("read", places=SERVED),
    "give_estimate": Op("estimate_bet", RANGE, places=SERVED),
    "withdraw_estimate": Op("estimate_bet", places=SERVED),
    "promise_pooled": Op("promise_pooled", {}, places=SERVED),
    "withdraw_bet": Op("place_bet", {}, places=BET_ON),
    "enter_verdict": Op("judge_bet", {"outcome": "moved", "measured": 2, "scale": 4}, places={"bet_id": "done_bet_id"}),
    "get_bet_impact": Op("read", places=BET_ON),
    "get_ledger": Op("read"),
    "withdraw_verdict": Op("judge_bet", places={"bet_id": "judged_bet_id"}),
    "list_not_now": Op("read"),
    "shelve_item": Op("order_backlog", {"reason": "Too dear"}, places=PLAIN),
    "bring_item_back": Op("order_backlog", places={"number": "shelved_number"}),
    "tell_asker": Op("write_item", {}, places={"number": "shelved_number"}),
    "get_value_sheet": Op("read"),
    "get_binding": Op("read", places=PLAIN),
    "need_item": Op("link_item", {"needs_number": "{shelved_number}"}, places=PLAIN),
    "need_item_no_more": Op("link_item", {"needs_number": "{shelved_number}"}, places=PLAIN),
    "item_must_be_done": Op("order_backlog", {"reason": "The law"}, places=PLAIN),
    "item_need_not_be_done": Op("order_backlog", places=PLAIN),
    "get_forecast": Op("read", query="?items=5"),
    "get_sprint_chance": Op("read"),
    "list_kept_forecasts": Op("read"),
    "get_calibration": Op("read"),
}


def places(world: World) -> dict[str, object]:
    linked, shelved = make_item(world.team, "Linked"), make_item(world.team, "Shelved")
    serves = link_item(linked, key_result=world.key_result, by=world.bo)
    open_bet, done_bet, judged_bet = (
        place_bet(make_item(world.team, name), key_result=world.key_result, by=world.bo, **RANGE)
        for name in ("Open", "Done", "Judged")
    )
    done = Column.objects.get(team=world.team, name="Done")
    move_items([done_bet.serves.item, judged_bet.serves.item], to=done, by=world.bo, team=world.team)
    judged_bet.serves.item.refresh_from_db()
    enter_verdict(judged_bet, by=world.bo, outcome="moved", measured=2.0, scale=4)
    estimated = make_item(world.team, "Estimated")
    link_item(estimated, key_result=world.key_result, by=world.bo)
    for by in (world.bo, world.cy):
        give_estimate(estimated, by=by, key_result=world.key_result, **RANGE)
    Estimate.objects.create(item=estimated, key_result=world.key_result, giver="somebody else", **RANGE)
    shelve(shelved, by=world.bo, reason="Later", asked_by="Sales")
    return {
        "estimated_number": estimated.number,
        "champion_to_be_id": world.people["cy"].pk,
        "plain_number": make_item(world.team, "Plain").number,
        "value_kr_id": world.key_result.pk,
        "link_id": serves.pk,
        "bet_id": open_bet.pk,
        "done_bet_id": done_bet.pk,
        "judged_bet_id": judged_bet.pk,
        "shelved_number": shelved.number,
    }
