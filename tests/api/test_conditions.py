"""Nobody is overwritten unseen: If-Match on whatever has a version, Seen-Change on places, plans and links."""

from collections.abc import Callable
from typing import Any

import pytest

from headway.api.application import api
from headway.api.platform.openapi import document
from headway.live.models import Change
from headway.scrum.models import Column, Item
from headway.value.actions import link_item, place_bet
from headway.value.models import NotNow, Serves
from tests.api.program import Program
from tests.world import World, make_item, make_key_result, make_sprint

ITEMS = "/teams/ANT/items"

#: Done once: the second is told so, whatever they saw.
ONCE = {"decide_conflict", "hand_over_role"}


def test_every_write_about_something_with_a_version_takes_if_match(db: None) -> None:
    takes: dict[str, set[str]] = {}
    makes = set()  # something of its own, which has no version yet
    for operations in document(api)["paths"].values():
        for method, operation in operations.items():
            if method != "get":
                headers = {row["name"] for row in operation["parameters"] if row["in"] == "header"}
                takes[operation["operationId"]] = headers
                if {"201", "202"} & operation["responses"].keys():
                    makes.add(operation["operationId"])
                assert ("412" in operation["responses"]) == bool(headers & {"If-Match", "Seen-Change"})
    without = {name for name, headers in takes.items() if "If-Match" not in headers}
    of_many = {name for name in without if "Seen-Change" in takes[name]}
    assert of_many >= {"link_items", "move_items", "plan_items", "rank_items"}
    assert without - of_many - makes - ONCE == {"remove_items"}, "of many at once; each can be brought back"


@pytest.fixture
def item(world: World) -> Item:
    return make_item(world.team, "Pay by card")


def assert_changed(answer: Any) -> None:
    assert answer.status_code == 412
    assert answer["Content-Type"] == "application/problem+json"
    assert answer.json()["type"].endswith("changed-since")


def test_an_action_of_another_area_on_an_item_takes_its_etag(world: World, item: Item, bo: Program) -> None:
    path, key_result = f"{ITEMS}/{item.number}", {"key_result_id": world.key_result.pk}
    old = bo.get(path)["ETag"]
    linked = bo.post(f"{path}/links", key_result, if_match=old)
    assert linked.status_code == 200
    bet = {**key_result, "low": 1, "likely": 2, "high": 3, "chance": 0.5}
    for refused in (
        bo.post(f"{path}/links", key_result, if_match=old),
        bo.post(f"{path}/bets", bet, if_match=old),
        bo.post(f"{path}/shelve", {"reason": "So"}, if_match=old),
        bo.delete(f"/teams/ANT/links/{Serves.objects.get().pk}", if_match=old),
    ):
        assert_changed(refused)
    assert (Serves.objects.count(), NotNow.objects.count()) == (1, 0)
    assert bo.post(f"{path}/bets", bet, if_match=linked["ETag"]).status_code == 201
    assert bo.delete(f"/teams/ANT/links/{Serves.objects.get().pk}", if_match=linked["ETag"]).status_code == 200


def test_a_verdict_takes_the_etag_of_its_bet_and_a_measurement_that_of_its_key_result(
    world: World, item: Item, bo: Program
) -> None:
    made = place_bet(item, by=world.bo, key_result=world.key_result, low=1, likely=2, high=3, chance=0.5)
    bet, key_result = f"/teams/ANT/bets/{made.pk}", f"/key-results/{world.key_result.pk}"
    for path, written, body in (
        (bet, f"{bet}/verdict", {"outcome": "cannot_tell", "evidence": 1}),
        (key_result, f"{key_result}/measurements", {"value": 41}),
    ):
        assert_changed(bo.post(written, body, if_match='"old"'))
        assert bo.post(written, body, if_match=bo.get(path)["ETag"]).status_code != 412


def test_the_order_of_columns_takes_the_etag_of_their_list(world: World, ana: Program) -> None:
    path = "/teams/ANT/columns"
    order = {"column_ids": [*Column.objects.filter(team=world.team).values_list("pk", flat=True)]}
    old = ana.get(path)["ETag"]
    assert ana.post(path, {"name": "In review", "category": "doing"}).status_code == 201
    assert_changed(ana.post(f"{path}/order", order, if_match=old))
    order["column_ids"] = [*Column.objects.filter(team=world.team).values_list("pk", flat=True)]
    assert ana.post(f"{path}/order", order, if_match=ana.get(path)["ETag"]).status_code == 200


def test_what_lies_in_a_team_is_not_about_the_team(world: World, bo: Program) -> None:
    assert bo.post(ITEMS, {"title": "One"}, if_match='"none of the team"').status_code == 201


def test_what_another_did_since_a_change_is_told(
    world: World, item: Item, ana: Program, bo: Program, cy: Program
) -> None:
    numbers, other = [item.number, make_item(world.team, "Two").number], make_key_result(world.objective, "Calls")
    sprint, seen = make_sprint(world.team), newest(ana)
    link_item(item, by=world.bo, key_result=world.key_result)
    assert bo.post(f"{ITEMS}/sprint", {"numbers": numbers, "sprint_number": sprint.number}).status_code == 200
    out = {"sprint_number": None}
    for program, path, body in (
        (ana, f"{ITEMS}/{numbers[0]}/sprint", out),
        (ana, f"{ITEMS}/sprint", {"numbers": numbers} | out),
        (ana, f"{ITEMS}/{numbers[0]}/links", {"key_result_id": other.pk}),
        (ana, f"{ITEMS}/links", {"numbers": numbers, "key_result_id": other.pk}),
        (cy, f"{ITEMS}/{numbers[0]}/sprint", out),
    ):
        answer = program.post(path, body, seen_change=seen)
        assert_changed(answer)
        assert answer.json()["detail"].startswith("Meanwhile: Bo Berg")
    assert Item.objects.filter(sprint=sprint).count() == 2
    assert ana.post(f"{ITEMS}/sprint", {"numbers": numbers} | out, seen_change=newest(ana)).status_code == 200


def test_what_another_did_already_is_done(world: World, item: Item, ana: Program, bo: Program) -> None:
    sprint, seen = make_sprint(world.team), newest(ana)
    plan = {"sprint_number": sprint.number}
    assert bo.post(f"{ITEMS}/{item.number}/sprint", plan).status_code == 200
    last = newest(ana)
    answer = ana.post(f"{ITEMS}/{item.number}/sprint", plan, seen_change=seen)
    assert (answer.status_code, answer.json()["sprint_number"]) == (200, sprint.number)
    assert "Headway-Change" not in answer.headers
    assert ana.post(f"{ITEMS}/sprint", {"numbers": [item.number]} | plan, seen_change=seen).status_code == 200
    assert newest(ana) == last


@pytest.mark.parametrize("seen", ["", "x", "-1", "9" * 19])
def test_what_was_seen_is_the_id_of_a_change(item: Item, bo: Program, seen: str) -> None:
    answer = bo.post(f"{ITEMS}/{item.number}/rank", {"at_top": True}, seen_change=seen)
    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == ["Seen-Change"]


def test_a_stranger_hears_nothing(item: Item, program: Callable[..., Program]) -> None:
    eve = program("eve")
    assert eve.post(f"{ITEMS}/{item.number}/rank", {"at_top": True}, seen_change="0").status_code == 404
    assert eve.post(f"{ITEMS}/{item.number}/links", {"kind": "health"}, if_match='"x"').status_code == 404


def newest(program: Program) -> str:
    """Return the id of the last Change as a program reads it; making its token was one."""
    found = program.get("/changes?limit=1").json()["items"][0]["id"]
    assert found == Change.objects.latest("pk").pk
    return str(found)
