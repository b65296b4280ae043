"""The plan through the API: an order is tried, saved and refused; what binds items."""

from tests.api.program import Program
from tests.value.make import make_bet, make_done
from tests.world import World, make_item


def test_an_order_is_tried_and_saved_with_the_value_that_it_showed(world: World, bo: Program) -> None:
    make_done(world.team)
    items = [make_item(world.team, title, size=3) for title in ("One", "Two", "Three")]
    for likely, item in enumerate(items, start=1):
        make_bet(item, world.key_result, 0, likely, 2 * likely + 1)
    numbers = [item.number for item in reversed(items)]
    sheet = bo.get("/teams/ANT/value-sheet").json()
    tried = bo.get(f"/teams/ANT/value-sheet?order={'.'.join(map(str, numbers))}").json()
    assert [item["key"] for item in tried["items"]] == [f"ANT-{number}" for number in numbers]
    assert tried["value_shown"] > tried["value_present"] == sheet["value_shown"]
    for wrong in (f"{numbers[0]}", "1.1.1", "1.2.999999"):
        assert bo.get(f"/teams/ANT/value-sheet?order={wrong}").status_code == 422
    assert bo.post("/teams/ANT/items/order", {"numbers": numbers}).status_code == 200
    assert bo.get("/teams/ANT/value-sheet").json()["value_present"] == tried["value_shown"]


def test_what_binds_an_item_is_said_and_taken_back(world: World, bo: Program) -> None:
    one, two = make_item(world.team), make_item(world.team)
    here = f"/teams/ANT/items/{one.number}"
    assert bo.post(f"{here}/need", {"needs_number": two.number}).json()["needs"] == [two.number]
    assert bo.get(f"/teams/ANT/items/{two.number}/binding").json()["needed_by"] == [one.number]
    circle = bo.post(f"/teams/ANT/items/{two.number}/need", {"needs_number": one.number})
    assert circle.status_code == 422
    assert bo.post(f"{here}/need-no-more", {"needs_number": two.number}).json()["needs"] == []
    assert bo.post(f"{here}/must", {"reason": "The law"}).json()["must"] == {"by_on": None, "reason": "The law"}
    assert bo.post(f"{here}/must-not", {}).json()["must"] is None
    assert bo.post(f"{here}/need", {"needs_number": 9999}).status_code == 422
