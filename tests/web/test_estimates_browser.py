"""Private estimates in a real browser: said in the dialog, seen by others only when they said theirs; accessible."""

import pytest
from playwright.sync_api import Page, expect

from headway.scrum.models import Item
from headway.value.actions import link_item
from headway.value.models import Estimate
from tests.browser import assert_accessible, ready
from tests.value.make import make_bet
from tests.world import World, make_item, make_world

pytestmark = pytest.mark.e2e

PHONE = {"width": 390, "height": 844}


@pytest.fixture
def world(live) -> World:
    return make_world()


@pytest.fixture
def item(world) -> Item:
    item = make_item(world.team, "Show the price")
    link_item(item, by=world.bo, key_result=world.key_result)
    for number, likely in enumerate((1.5, 2.25, 7.125)):
        Estimate.objects.create(
            item=item, key_result=world.key_result, low=1, likely=likely, high=9, chance=0.5, giver=f"somebody {number}"
        )
    return item


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_product_owner_says_it_sees_the_others_and_makes_it_the_promise(
    page: Page, live, world: World, item: Item, scheme: str
) -> None:
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size(PHONE)
    live.sign_in(page, world.people["bo"])
    page.goto(f"/t/ANT/items/{item.number}/")
    ready(page)
    page.get_by_role("link", name="Say what you think").click()
    dialog = page.get_by_role("dialog", name="Private estimates")
    expect(dialog).to_contain_text("You see them when you have said yours")
    assert_accessible(page)
    for label, value in (("Low", "1"), ("Likely", "3"), ("High", "5")):
        dialog.get_by_label(label, exact=True).fill(value)
    dialog.get_by_label("Chance that it moves anything").fill("60")
    dialog.get_by_role("button", name="Give my estimate").click()
    expect(page.locator(".toast")).to_contain_text("Nobody sees that it is yours")
    expect(page.get_by_text("4 of us have said.")).to_be_visible()
    expect(page.locator(".toast").get_by_role("button", name="Undo")).to_have_count(0)
    ready(page)
    page.get_by_role("link", name="Say what you think").click()
    expect(dialog.get_by_role("table")).to_contain_text("+7.1")
    assert_accessible(page)
    dialog.get_by_role("button", name="Make this the promise").click()
    expect(page.get_by_text("What 4 of us said")).to_be_visible()
    ready(page)
    assert_accessible(page)


def test_a_developer_champions_a_bet(page: Page, live, world: World) -> None:
    bet = make_bet(make_item(world.team), world.key_result)
    live.sign_in(page, world.people["cy"])
    page.goto(f"/t/ANT/items/{bet.serves.item.number}/")
    ready(page)
    page.get_by_role("link", name="Champion…").click()
    dialog = page.get_by_role("dialog", name="Champion")
    expect(dialog.get_by_role("button", name="I’ll champion it")).to_be_visible()
    assert_accessible(page)
    dialog.get_by_role("button", name="I’ll champion it").click()
    expect(page.locator(".facts")).to_contain_text("Cy Cole")
