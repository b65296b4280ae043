"""Focus proposals and the economic brief over the API."""

import pytest

from headway.scrum.actions import remove_item
from headway.scrum.models import Item
from tests.api.program import Program
from tests.value.make import make_bet, make_done
from tests.world import World, make_item, make_measurement

PATH = "/teams/ANT/proposals"


@pytest.fixture
def backlog(world: World) -> list[Item]:
    make_done(world.team)
    make_measurement(world.key_result, 32.0)
    items = [make_item(world.team, title, size=3.0) for title in ("Little", "Some", "Much")]
    for item, likely in zip(items, (1.0, 3.0, 9.0), strict=True):
        make_bet(item, world.key_result, likely / 2, likely, likely * 1.5, 0.6)
    return items


def proposed(ana: Program, backlog: list[Item]) -> str:
    numbers = [item.number for item in reversed(backlog)]
    made = ana.post(PATH, {"order": numbers, "reason": "Much first"})
    assert made.status_code == 201
    return f"{PATH}/{made.json()['id']}"


def test_a_proposal_is_made_and_accepted(world: World, ana: Program, bo: Program, backlog: list[Item]) -> None:
    path = proposed(ana, backlog)
    row = bo.get(path).json()
    assert row["status"] == "open"
    assert row["order"] == [item.key for item in reversed(backlog)]
    assert row["before"] == [item.key for item in backlog]
    assert row["figures"]["gain"] > 0
    assert row["figures"]["gain_low"] < row["figures"]["gain_high"]
    assert row["figures"]["flips"]
    assert row["changed_since"] is None
    assert row["measured"] is None
    accepted = bo.post(f"{path}/accept", {})
    assert accepted.json()["status"] == "accepted"
    assert accepted.json()["followed"] == row["order"]
    assert accepted.json()["decision_id"]
    assert accepted.json()["measured"]["delivered"] == 0
    assert [one["id"] for one in bo.get(f"{PATH}?status=accepted").json()["items"]] == [row["id"]]
    assert bo.get(f"{PATH}?status=open").json()["items"] == []
    undone = bo.post(f"/changes/{accepted['Headway-Change']}/undo")
    assert undone.status_code < 300
    assert bo.get(path).json()["status"] == "open"


def test_accepted_with_changes(world: World, ana: Program, bo: Program, backlog: list[Item]) -> None:
    path = proposed(ana, backlog)
    order = [backlog[2].number, backlog[0].number, backlog[1].number]
    changed = bo.post(f"{path}/accept", {"order": order, "because": "Little is promised"}).json()
    assert (changed["status"], changed["because"]) == ("changed", "Little is promised")
    assert changed["followed"] == [backlog[2].key, backlog[0].key, backlog[1].key]


def test_what_changed_has_to_be_seen(world: World, ana: Program, bo: Program, backlog: list[Item]) -> None:
    path = proposed(ana, backlog)
    remove_item(backlog[0], by=world.bo)
    assert bo.post(f"{path}/accept", {}).status_code == 422
    seen = bo.get(path).json()["changed_since"]
    assert bo.post(f"{path}/accept", {"seen": "x"}).status_code == 422
    assert bo.post(f"{path}/accept", {"seen": seen}).json()["status"] == "accepted"


def test_declined_and_withdrawn(world: World, ana: Program, bo: Program, backlog: list[Item]) -> None:
    path = proposed(ana, backlog)
    refused = bo.post(f"{path}/decline", {"because": ""})
    assert [error["field"] for error in refused.json()["errors"]] == ["because"]
    assert bo.post(f"{path}/decline", {"because": "The fair"}).json()["status"] == "declined"
    assert bo.post(f"{path}/decline", {"because": "The fair"}).status_code == 422
    assert ana.post(f"{path}/withdraw").status_code == 422
    again = proposed(ana, backlog)
    assert ana.post(f"{again}/withdraw").json()["status"] == "withdrawn"


@pytest.mark.parametrize("order", [[], [1], [999], [1, 1]])
def test_an_order_of_other_items_is_refused(world: World, ana: Program, backlog: list[Item], order: list[int]) -> None:
    refused = ana.post(PATH, {"order": order, "reason": "So"})
    assert refused.status_code == 422
    assert [error["field"] for error in refused.json()["errors"]] == ["order"]


def test_the_brief_is_read(world: World, ana: Program, backlog: list[Item]) -> None:
    found = ana.get("/teams/ANT/brief").json()
    assert [row["title"] for row in found["focus"]] == ["Much", "Some", "Little"]
    assert found["markdown"].startswith("# Economic brief: Ant")
