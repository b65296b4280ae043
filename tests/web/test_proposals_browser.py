"""An order is put together, proposed and decided on in a real browser; live, accessible, on a phone in the dark too."""

import re

import pytest
from playwright.sync_api import expect

from headway.value.models import FocusProposal
from tests.browser import assert_accessible, ready
from tests.value.make import make_bet, make_done
from tests.world import World, make_item, make_measurement, make_sprint, make_world

pytestmark = pytest.mark.e2e


@pytest.fixture
def world(live) -> World:
    world = make_world()
    make_sprint(world.team, 4)
    make_done(world.team)
    make_measurement(world.key_result, 32.0)
    for title, likely in (("Little", 1.0), ("Some", 3.0), ("Much", 9.0)):
        make_bet(make_item(world.team, title, size=3.0), world.key_result, likely / 2, likely, likely * 1.5, 0.6)
    return world


def titles(page) -> list[str]:
    return page.locator("tbody .ttl").all_inner_texts()


def test_an_order_is_proposed_and_decided_on(open_page, live, world):
    ana, bo = open_page(), open_page()
    for page, name in ((ana, "ana"), (bo, "bo")):
        live.sign_in(page, world.people[name])
        page.goto("/t/ANT/backlog/")
        ready(page)
        page.locator("[data-connected]").wait_for(state="attached")

    ana.get_by_role("link", name="Propose an order").click()
    expect(ana.get_by_role("heading", name="Propose an order")).to_be_visible()
    ready(ana)
    assert titles(ana) == ["Much", "Some", "Little"]
    assert_accessible(ana)
    ana.get_by_label(re.compile("Place of ANT-")).first.press("Alt+ArrowDown")
    expect(ana.locator("tbody tr").first).to_contain_text("Some")
    expect(ana.locator("tbody tr").first.locator("[name^=was-]")).to_have_value("1")  # worked out by the server
    assert titles(ana) == ["Some", "Much", "Little"]
    ready(ana)
    places = ana.get_by_label(re.compile("Place of ANT-"))
    places.nth(2).fill("2")
    places.nth(2).press("Tab")
    expect(ana.locator("tbody tr").nth(1)).to_contain_text("Little")
    expect(ana.locator("tbody tr").nth(1).locator("[name^=was-]")).to_have_value("2")
    ready(ana)
    ana.get_by_role("textbox", name="Why this order?").fill("Little is due for the fair")
    ana.get_by_role("button", name="Propose it").click()
    ana.wait_for_url(re.compile(r"/proposals/\d+/$"))
    ready(ana)
    assert_accessible(ana)

    expect(bo.get_by_text("Little is due for the fair")).to_be_visible()
    assert_accessible(bo)
    bo.get_by_role("link", name="Change", exact=True).click()
    expect(bo.get_by_role("heading", name="Change the order, then accept")).to_be_visible()
    ready(bo)
    bo.set_viewport_size({"width": 390, "height": 844})
    bo.emulate_media(color_scheme="dark")
    assert_accessible(bo)
    bo.go_back()
    expect(bo.get_by_role("heading", name="Value sheet")).to_be_visible()
    ready(bo)
    bo.get_by_role("button", name="Accept").click()
    bo.wait_for_url(re.compile(r"/proposals/\d+/$"))
    expect(bo.locator(".toast")).to_contain_text("in this order now")
    ready(bo)
    assert_accessible(bo)
    expect(ana.get_by_text("Accepted by Bo Berg")).to_be_visible()
    assert FocusProposal.objects.get().status == "accepted"

    bo.goto("/t/ANT/brief/")
    ready(bo)
    assert_accessible(bo)
    bo.set_viewport_size({"width": 1440, "height": 1000})
    bo.emulate_media(color_scheme="light")
    bo.goto("/t/ANT/proposals/")
    ready(bo)
    assert_accessible(bo)
