"""A Developer's day on the board without a mouse: move, choose a column, block, free, and take each of it back."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from headway.live.models import Change
from headway.scrum.actions import add_items_to_sprint
from headway.scrum.models import Category, Item
from tests.browser import LiveServer
from tests.world import World, make_item, make_sprint, make_world

from .keyboard import Keyboard

pytestmark = pytest.mark.e2e


@pytest.fixture
def world(live: LiveServer) -> World:
    world = make_world()
    sprint = make_sprint(world.team, goal="Repeat in one tap")
    titles = ["Reply YES to repeat", "See the price first", "Remember the address"]
    add_items_to_sprint([make_item(world.team, title, size=2) for title in titles], sprint, by=world.ana)
    return world


@pytest.fixture
def keys(open_page: Callable[..., Page], live: LiveServer, world: World) -> Keyboard:
    page = open_page(viewport={"width": 1440, "height": 900})
    live.sign_in(page, world.people["cy"])
    page.goto("/settings/me/")
    keys = Keyboard(page)
    keys.go("/t/ANT/board/$", "g", "b")
    return keys


def has_in(keys: Keyboard, lane: str, *titles: str) -> None:
    expect(keys.page.locator(f".lane[aria-label='{lane}'] .card .ttl")).to_have_text([*titles])


def hold(keys: Keyboard, title: str) -> None:
    for _ in range(6):
        keys.press("j")
        if title in keys.page.evaluate("document.activeElement.innerText"):
            return
    raise AssertionError(f"{title} is on no card")


def told(keys: Keyboard, text: str) -> None:
    expect(keys.page.locator(".toasts")).to_contain_text(text)
    keys.ready()


def test_move_to_the_column_beside_and_take_it_back(keys: Keyboard) -> None:
    hold(keys, "See the price first")
    keys.press("]")
    told(keys, "ANT-2 is in “In progress”.")
    has_in(keys, "In progress", "See the price first")
    item = Item.objects.get(number=2)
    assert (item.category, item.started_at is None) == (Category.DOING, False)
    keys.press("Control+z")
    told(keys, "Taken back.")
    has_in(keys, "In progress")
    item.refresh_from_db()
    assert (item.category, item.started_at) == (Category.TODO, None)
    assert (
        Change.objects.get(undoes__name="item.moved").actor_id
        == Change.objects.get(name="item.moved", undoes=None).actor_id
    )


def test_the_last_thing_done_is_the_first_taken_back(keys: Keyboard) -> None:
    hold(keys, "Reply YES to repeat")
    keys.press("]")
    told(keys, "ANT-1 is in “In progress”.")
    keys.press("]")
    told(keys, "ANT-1 is in “Done”.")
    has_in(keys, "Done", "Reply YES to repeat")
    keys.press("[")
    has_in(keys, "In progress", "Reply YES to repeat")
    expect(keys.page.locator(".toasts").get_by_text("ANT-1 is in “In progress”.").last).to_be_visible()
    keys.ready()
    keys.press("Control+z")
    told(keys, "Taken back.")
    has_in(keys, "Done", "Reply YES to repeat")
    assert Item.objects.get(number=1).category == Category.DONE


def test_choose_a_column_in_the_dialog(keys: Keyboard) -> None:
    hold(keys, "Remember the address")
    keys.press("m")
    dialog = keys.page.get_by_role("dialog")
    expect(dialog).to_contain_text("Remember the address")
    keys.ready()
    keys.press("Escape")
    expect(dialog).to_be_hidden()
    assert Item.objects.get(number=3).category == Category.TODO
    assert "Remember the address" in keys.page.evaluate("document.activeElement.innerText"), "the card is still in hand"
    keys.press("m")
    expect(dialog).to_be_visible()
    keys.choose(dialog.get_by_role("button", name="Done"))
    told(keys, "ANT-3 is in “Done”.")
    expect(dialog).to_be_hidden()
    assert Item.objects.get(number=3).done_at is not None


def test_block_with_a_reason_and_take_it_back(keys: Keyboard) -> None:
    hold(keys, "Reply YES to repeat")
    keys.press("b")
    dialog = keys.page.get_by_role("dialog")
    expect(dialog.get_by_label("Reason")).to_be_focused()
    keys.type("Waits for the contract, bz[]")  # letters are letters in a field
    keys.press("Enter")
    told(keys, "ANT-1 is blocked.")
    expect(dialog).to_be_hidden()
    assert Item.objects.get(number=1).blocked_because == "Waits for the contract, bz[]"
    expect(keys.page.locator(".card", has_text="Reply YES")).to_contain_text("Waits for the contract")
    keys.press("Control+z")
    told(keys, "Taken back.")
    item = Item.objects.get(number=1)
    assert (item.blocked_since, item.blocked_because) == (None, "")
