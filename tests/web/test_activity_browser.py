"""The activity in a real browser: narrow and wide, light and dark, no barriers, undone by keyboard, and it follows."""

import itertools
import os
from pathlib import Path

import pytest
from playwright.sync_api import expect

from headway.people.actions import edit_team
from headway.scrum.actions import block_item, create_item, edit_item, move_item
from headway.scrum.models import Column, Item
from tests.browser import assert_accessible, ready
from tests.world import World, make_world

pytestmark = pytest.mark.e2e

SIZES = {"wide": {"width": 1440, "height": 900}, "phone": {"width": 390, "height": 844}}


@pytest.fixture
def world(live) -> World:
    return make_world()


@pytest.fixture
def item(world) -> Item:
    item = create_item(world.team, title="Show the price before sign-in", by=world.cy)
    edit_item(item, by=world.bo, size=5, title="Show the price before anybody signs in, with the cost of delivery")
    move_item(item, to=Column.objects.get(team=world.team, name="In progress"), by=world.cy)
    block_item(item, because="The price service is down", by=world.cy)
    edit_team(world.team, by=world.ana, sprint_days=7)
    return item


def test_it_has_no_barriers(page, live, world, item):
    live.sign_in(page, world.people["ana"])
    addresses = {"all": "/activity/", "team": f"/activity/?of=people.team:{world.team.pk}"}
    for size, theme, name in itertools.product(SIZES, ("light", "dark"), addresses):
        page.set_viewport_size(SIZES[size])
        page.emulate_media(color_scheme=theme)
        page.goto(addresses[name])
        if folder := os.environ.get("PICTURES"):
            page.screenshot(path=Path(folder) / f"activity-{name}-{size}-{theme}.png", full_page=True)
        assert_accessible(page)
        assert page.evaluate("document.documentElement.scrollWidth") <= SIZES[size]["width"]


def test_a_change_is_taken_back_and_forth_by_keyboard(page, live, world, item):
    live.sign_in(page, world.people["cy"])
    page.goto("/activity/?area=work")
    undo = page.get_by_role("button", name="marked").first
    undo.focus()
    page.keyboard.press("Enter")
    expect(page.locator("[data-toast]").first).to_contain_text("Taken back.")
    item.refresh_from_db()
    assert item.blocked_because == ""
    ready(page)
    with page.expect_response(lambda answer: "/undo/" in answer.url):
        page.keyboard.press("Control+z")
    ready(page)
    item.refresh_from_db()
    assert item.blocked_because == "The price service is down"


def test_it_offers_to_load_what_others_did_meanwhile(page, live, world, item):
    live.sign_in(page, world.people["ana"])
    page.goto("/activity/")
    expect(page.locator("[data-live]").first).to_be_attached()
    expect(page.locator(".live-bar[data-connected]")).to_be_attached()
    create_item(world.team, title="A new thing", by=world.bo)
    expect(page.get_by_text("Something changed.")).to_be_visible()
