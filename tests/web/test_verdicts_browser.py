"""Verdicts in a real browser: judged by the form, shown again, at a desk and on a phone, light and dark; accessible."""

import os
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from headway.value.actions import enter_verdict
from headway.value.models import Bet, Verdict
from tests.browser import assert_accessible, ready
from tests.value.make import make_bet
from tests.web.test_verdicts import measured, page_of, shipped
from tests.world import World, make_key_result, make_measurement, make_sprint, make_world

pytestmark = pytest.mark.e2e

SIZES = [{"width": 1440, "height": 1000}, {"width": 390, "height": 844}]


@pytest.fixture
def world(live) -> World:
    world = make_world()
    make_sprint(world.team, 4)
    measured(world, jump=5)
    return world


@pytest.fixture
def bet(world) -> Bet:
    make_bet(shipped(world, "Just out", days_ago=3), world.key_result)
    return make_bet(shipped(world), world.key_result, 2, 4, 6, 0.6)


@pytest.fixture
def bo(page, live, world) -> Page:
    live.sign_in(page, world.people["bo"])
    return page


def test_a_bet_is_judged_from_the_list_to_the_ledger(bo, bet):
    bo.goto("/t/ANT/verdicts/")
    bo.get_by_role("link", name="Verify after ordering").click()
    expect(bo.get_by_role("heading", name="Promised and measured")).to_be_visible()
    ready(bo)
    bo.get_by_role("textbox", name="What we learned").fill("A real hurdle, but a small one")
    bo.locator("label", has_text="Tweak").click()
    bo.get_by_role("button", name="Record the verdict").click()
    expect(bo.locator(".toast")).to_contain_text("is recorded")
    expect(bo.get_by_text("A real hurdle, but a small one")).to_be_visible()
    assert Verdict.objects.get().follow_up == "tweak"
    bo.get_by_role("link", name="See the ledger").click()
    expect(bo.get_by_role("heading", name="Impact ledger")).to_be_visible()
    expect(bo.get_by_role("link", name="Verify after ordering")).to_be_visible()


def test_people_overrule_the_figures_with_a_reason(bo, bet):
    bo.goto(page_of(bet))
    ready(bo)
    expect(bo.locator("[name=scale][value='4']")).to_be_checked()
    bo.locator("label", has_text="It did not").click()
    bo.locator("label", has_text="2 Not reached").click()
    bo.get_by_label("Why the figures are overruled").fill("A campaign ran in the same weeks")
    bo.get_by_role("button", name="Record the verdict").click()
    expect(bo.get_by_text("the figures were overruled")).to_be_visible()


def test_two_who_judge_at_once_see_each_other_and_lose_no_words(open_page, live, world, bet):
    first, second, reader = open_page(), open_page(), open_page()
    for page, name in ((first, "bo"), (second, "cy"), (reader, "di")):
        live.sign_in(page, world.people[name])
        page.goto(page_of(bet))
        ready(page)
        page.locator("[data-connected]").wait_for(state="attached")
    expect(reader.get_by_text("Not judged yet")).to_be_visible()
    second.get_by_role("textbox", name="What we learned").fill("My own words")
    first.get_by_role("textbox", name="What we learned").fill("A real hurdle")
    first.get_by_role("button", name="Record the verdict").click()
    expect(reader.get_by_text("A real hurdle")).to_be_visible()
    expect(reader.get_by_role("heading", name="After this verdict")).to_be_visible()
    second.get_by_role("textbox", name="What we learned").blur()
    expect(second.get_by_text("by Bo Berg")).to_be_visible()
    expect(second.get_by_role("textbox", name="What we learned")).to_have_value("My own words")


def test_a_control_is_tried_by_keyboard_before_the_verdict(bo, world, bet):
    other = make_key_result(world.objective, "Elsewhere")
    for week in range(20):
        make_measurement(other, 50 + (week % 4) * 0.3, days_ago=7 * week + 2)
    bo.goto(page_of(bet))
    ready(bo)
    bo.get_by_text("Compare with other Key Results").focus()
    bo.keyboard.press("Enter")
    bo.keyboard.press("Tab")
    expect(bo.get_by_role("checkbox", name="Elsewhere")).to_be_focused()
    bo.keyboard.press("Space")
    bo.keyboard.press("Tab")
    bo.keyboard.press("Enter")
    expect(bo.get_by_role("rowheader", name="If compared with Elsewhere")).to_be_visible()
    ready(bo)
    assert_accessible(bo)
    assert not Verdict.objects.exists()
    bo.get_by_role("button", name="Record the verdict").focus()
    bo.keyboard.press("Enter")
    expect(bo.get_by_text("Compared with Elsewhere.")).to_be_visible()
    assert Verdict.objects.get().method == "control"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_all_of_it_is_accessible_at_a_desk_and_on_a_phone(bo, world, bet, scheme):
    bo.emulate_media(color_scheme=scheme)
    look(bo, f"judge-{scheme}", page_of(bet))
    look(bo, f"list-{scheme}", "/t/ANT/verdicts/")
    enter_verdict(bet, by=world.bo, outcome="moved", scale=4, learned="The step was a real hurdle", follow_up="keep")
    look(bo, f"judged-{scheme}", page_of(bet))
    look(bo, f"verdicts-{scheme}", "/t/ANT/verdicts/")
    look(bo, f"ledger-{scheme}", "/t/ANT/ledger/")


def look(page: Page, name: str, address: str) -> None:
    """Look for barriers at both sizes; with PICTURES set, keep what was seen there."""
    page.goto(address)
    for size in SIZES:
        page.set_viewport_size(size)
        ready(page)
        assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]
        assert_accessible(page)
        if folder := os.environ.get("PICTURES"):
            page.screenshot(path=Path(folder) / f"{name}-{size['width']}.png", full_page=True)
