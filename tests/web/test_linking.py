"""Linking in the browser: one by one, from anywhere, and many at once."""

import pytest

from headway.live.history import undo
from headway.live.models import Change
from headway.value.actions import link_item
from headway.value.models import Serves
from tests.web.test_backlog import HTMX, signed_in
from tests.world import World, make_item, make_world

LINK = "/t/ANT/link/"
HERE = HTMX | {"HX-Current-URL": "http://testserver/t/ANT/link/"}


@pytest.fixture
def world(db: None) -> World:
    return make_world()


def test_the_page_goes_through_what_serves_nothing_in_order(world: World) -> None:
    first, second = make_item(world.team, "First"), make_item(world.team, "Second")
    link_item(make_item(world.team, "Linked"), by=world.cy, key_result=world.key_result)
    client = signed_in(world, "cy")
    assert "First" in client.get(LINK).content.decode()
    skipped = client.get(f"{LINK}?after={first.number}").content.decode()
    assert "Second" in skipped
    assert "First" not in skipped
    assert "That was the last one" in client.get(f"{LINK}?after={second.number}").content.decode()


def test_taking_a_suggestion_links_and_goes_on(world: World) -> None:
    item = make_item(world.team, "Repeat orders without a call, by text")
    make_item(world.team, "Next")
    client = signed_in(world, "cy")
    answer = client.post("/t/ANT/link/item/", {"item": item.number, "key_result": world.key_result.pk}, headers=HERE)
    assert answer.status_code == 204
    assert "value-changed" in answer.headers["HX-Trigger"]
    assert Serves.objects.get().item == item
    assert "Next" in client.get(LINK, headers=HTMX).content.decode()


def test_a_kind_needs_a_reason(world: World) -> None:
    item = make_item(world.team)
    client = signed_in(world, "cy")
    refused = client.post("/t/ANT/link/item/", {"item": item.number, "kind": "health"}, headers=HERE)
    assert "needs a reason" in refused.headers["HX-Trigger"]
    client.post("/t/ANT/link/item/", {"item": item.number, "kind": "health", "reason": "It rots"})
    assert Serves.objects.get().reason == "It rots"


def test_nothing_left_says_so(world: World) -> None:
    assert "Nothing is left to link" in signed_in(world, "di").get(LINK).content.decode()


def test_from_anywhere_an_item_is_linked_and_unlinked(world: World) -> None:
    item = make_item(world.team)
    client = signed_in(world, "cy")
    address = f"/t/ANT/items/{item.number}/link/"
    assert "What does it serve" in client.get(address).content.decode()
    assert client.post(address, {}, headers=HTMX).status_code == 422
    client.post(address, {"key_result": world.key_result.pk})
    serves = Serves.objects.get()
    assert "Take away" in client.get(address).content.decode()
    client.post(f"/t/ANT/links/{serves.pk}/remove/")
    assert not Serves.objects.exists()


def test_ticked_items_are_linked_at_once_and_undone_at_once(world: World) -> None:
    items = [make_item(world.team, f"Item {number}") for number in range(4)]
    client = signed_in(world, "cy")
    numbers = [item.number for item in items[:3]]
    client.post("/t/ANT/backlog/link/", {"item": numbers, "key_result": world.key_result.pk})
    assert Serves.objects.count() == 3
    undo(Change.objects.latest("id"), by=world.cy)
    assert not Serves.objects.exists()


def test_all_that_the_filter_found(world: World) -> None:
    for number in range(5):
        make_item(world.team, f"Odd {number}" if number % 2 else f"Even {number}")
    client = signed_in(world, "cy")
    client.post("/t/ANT/backlog/link/?q=even&show=all", {"all": "1", "kind": "enabler", "reason": "For the rest"})
    assert sorted(row.item.title for row in Serves.objects.all()) == ["Even 0", "Even 2", "Even 4"]


@pytest.mark.parametrize(
    "fields", [{}, {"item": ["1"]}, {"item": ["1"], "kind": "health"}, {"item": ["1"], "key_result": "999999"}]
)
def test_what_is_not_enough_is_said(world: World, fields: dict[str, object]) -> None:
    make_item(world.team)
    client = signed_in(world, "cy")
    assert client.post("/t/ANT/backlog/link/", fields).status_code == 302
    assert 'data-tone="bad"' in client.get("/t/ANT/backlog/").content.decode()
    assert not Serves.objects.exists()


def test_di_may_not_and_eve_finds_nothing(world: World) -> None:
    item = make_item(world.team)
    serves = link_item(make_item(world.team), by=world.cy, key_result=world.key_result)
    fields = {"item": item.number, "key_result": world.key_result.pk}
    for address in (
        "/t/ANT/backlog/link/",
        "/t/ANT/link/item/",
        f"/t/ANT/items/{item.number}/link/",
        f"/t/ANT/links/{serves.pk}/remove/",
    ):
        assert signed_in(world, "di").post(address, fields).status_code == 403
        assert signed_in(world, "eve").post(address, fields).status_code == 404
    assert Serves.objects.get() == serves
