"""The palette in a real browser, by keyboard alone: opens at once, finds, does, goes, and gives the focus back."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser import arrive, assert_accessible, ready
from tests.world import World, make_item, make_sprint, make_team, make_world

pytestmark = pytest.mark.e2e

PHONE = {"width": 390, "height": 844}


@pytest.fixture
def world(live) -> World:
    world = make_world()
    make_team(world.organisation, "BEE", "Bee")
    make_sprint(world.team, 1)
    for title in ("Show the price before sign-in", "Say the delivery cost at the start", "Wrong price after a change"):
        make_item(world.team, title)
    return world


@pytest.fixture
def ana(page, live, world):
    live.sign_in(page, world.people["ana"])
    page.goto("/settings/me/")
    ready(page)
    return page


def opened(page):
    page.keyboard.press("Control+k")
    field = page.get_by_role("combobox", name="Search or jump")
    expect(field).to_be_focused()
    return field


def chosen(page):
    return page.locator("dialog.jump [role=option][aria-selected=true]")


def test_it_opens_and_closes_and_gives_the_focus_back(ana):
    name = ana.get_by_role("textbox", name="Name")
    name.focus()
    field = opened(ana)  # in a field, too
    expect(field).to_have_attribute("aria-expanded", "true")
    expect(ana.get_by_role("listbox", name="Results").get_by_role("group", name="Do")).to_be_visible()
    assert_accessible(ana, include="dialog.jump")
    ana.keyboard.press("Escape")
    expect(field).to_be_hidden()
    expect(name).to_be_focused()
    opened(ana)
    ana.keyboard.press("Control+k")
    expect(field).to_be_hidden()


@pytest.mark.parametrize(
    ("typed", "first", "leads"),
    [
        ("spr bo", "Sprint board", "/t/ANT/board/$"),
        ("vs", "Value sheet", "/t/ANT/backlog/$"),
        ("forcast", "Forecast", "/t/ANT/forecast/$"),
        ("kanban bee", "Sprint board", "/t/BEE/board/$"),
        ("shortcuts", "Keys and theme", "/settings/browser/$"),
    ],
)
def test_a_place_by_its_beginnings_initials_other_words_or_with_a_slip(ana, typed, first, leads):
    opened(ana)
    ana.keyboard.type(typed)
    expect(chosen(ana)).to_contain_text(first)
    ana.keyboard.press("Enter")
    expect(ana).to_have_url(re.compile(leads))


def test_an_item_by_its_words_and_by_its_key(ana):
    opened(ana)
    ana.keyboard.type("wrong pri")
    expect(chosen(ana)).to_contain_text("Wrong price after a change")
    expect(chosen(ana).locator("mark")).to_have_text(["Wrong", "pri"])
    expect(ana.locator("dialog.jump [data-said]")).to_have_text(re.compile(r"Results: \d+"))
    ana.keyboard.press("Enter")
    arrive(ana, "/items/3/$")
    opened(ana)
    ana.keyboard.type("ANT-2")
    ana.keyboard.press("Enter")  # before the answer is there
    expect(ana).to_have_url(re.compile("/items/2/$"))


def test_the_arrows_go_round_and_what_was_used_comes_first(ana):
    opened(ana)
    ana.keyboard.type("settings")
    first = chosen(ana).text_content()
    ana.keyboard.press("ArrowUp")
    assert chosen(ana).text_content() != first
    ana.keyboard.press("ArrowDown")
    assert chosen(ana).text_content() == first
    ana.get_by_role("combobox", name="Search or jump").fill("report")
    expect(chosen(ana)).to_contain_text("Report")
    ana.keyboard.press("Enter")
    arrive(ana, "/t/ANT/report/$")
    opened(ana)
    lately = ana.get_by_role("group", name="Lately")
    expect(lately.get_by_role("option")).to_have_count(1)
    expect(chosen(ana)).to_contain_text("Report")


def test_the_pages_own_actions_are_offered(ana):
    ana.goto("/t/ANT/items/1/")
    ready(ana)
    opened(ana)
    here = ana.get_by_role("group", name="On this page")
    expect(here.get_by_role("option", name="Edit")).to_be_visible()
    ana.keyboard.type(">edi")
    expect(chosen(ana)).to_contain_text("Edit")
    ana.keyboard.press("Enter")
    expect(ana).to_have_url(re.compile("/items/1/edit/$"))


def test_an_action_is_done(ana):
    opened(ana)
    ana.keyboard.type("dark theme")
    expect(chosen(ana)).to_contain_text("Dark theme")
    ana.keyboard.press("Enter")
    expect(ana.locator("html")).to_have_attribute("data-theme", "dark")
    expect(ana).to_have_url(re.compile("/settings/me/$"))


def test_ctrl_enter_opens_another_tab(ana):
    opened(ana)
    ana.keyboard.type("line of si")
    expect(chosen(ana)).to_contain_text("Line of sight")
    with ana.context.expect_page() as other:
        ana.keyboard.press("Control+Enter")
    expect(other.value).to_have_url(re.compile("/sightline/$"))
    expect(ana).to_have_url(re.compile("/settings/me/$"))


def test_nothing_found_offers_a_new_item(ana):
    opened(ana)
    ana.keyboard.type("zebra crossing")
    option = ana.get_by_role("option", name="New item “zebra crossing”")
    expect(option).to_be_visible()
    ana.keyboard.press("ArrowUp")
    expect(option).to_have_attribute("aria-selected", "true")
    ana.keyboard.press("Enter")
    expect(ana).to_have_url(re.compile(r"/items/new/\?title=zebra%20crossing"))


def test_it_works_with_single_letters_off_and_its_key_is_listed(ana):
    ana.keyboard.press("?")
    keys = ana.get_by_role("dialog", name="Keys on this page")
    expect(keys.get_by_role("listitem").filter(has_text="Search or jump")).to_contain_text("Ctrl K")
    keys.get_by_role("switch", name="Single letters").uncheck()
    ana.keyboard.press("Escape")
    expect(opened(ana)).to_be_visible()


def test_signing_out_forgets_what_was_used(ana):
    opened(ana)
    ana.keyboard.type("report")
    expect(chosen(ana)).to_contain_text("Report")
    ana.keyboard.press("Enter")
    arrive(ana, "/t/ANT/report/$")
    assert ana.evaluate("Object.keys(localStorage).filter((key) => key.startsWith('headway.lately')).length") == 1
    opened(ana)
    ana.keyboard.type("sign out")
    expect(chosen(ana)).to_contain_text("Sign out")
    ana.keyboard.press("Enter")
    arrive(ana, "/sign-in/")
    assert ana.evaluate("Object.keys(localStorage).filter((key) => key.startsWith('headway.lately')).length") == 0


def test_on_a_phone_it_fills_the_width_and_runs_off_nowhere(ana):
    ana.set_viewport_size(PHONE)
    ana.get_by_role("link", name="Search or jump").click()
    field = ana.get_by_role("combobox", name="Search or jump")
    expect(field).to_be_focused()
    field.fill("price")
    expect(ana.get_by_role("option", name="Wrong price after a change")).to_be_visible()
    assert ana.evaluate("document.querySelector('dialog.jump').scrollWidth") <= PHONE["width"]
    assert ana.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    assert_accessible(ana, include="dialog.jump")


def test_without_a_script_the_button_leads_to_the_search(open_page, live, world):
    page = open_page(java_script_enabled=False)
    live.sign_in(page, world.people["ana"])
    page.goto("/settings/me/")
    page.get_by_role("link", name="Search or jump").click()
    expect(page).to_have_url(re.compile("/search/$"))
    page.get_by_label("Search for").fill("price")
    page.get_by_label("State").select_option("open")
    page.get_by_role("button", name="Search", exact=True).click()
    expect(page.locator("#results [role=option]")).to_have_count(2)


def test_a_page_does_not_fetch_it_before_somebody_reaches_for_it(ana, live):
    asked = []
    ana.on("request", lambda request: asked.append(request.url))

    def fetched():
        return [url for url in asked if re.search(r"/palette(\.[0-9a-f]+)?\.js$|/palette/\?", url)]

    ana.goto("/t/ANT/items/1/")
    ready(ana)
    assert not fetched()
    opened(ana)
    ana.keyboard.type("wrong pri")
    expect(chosen(ana)).to_contain_text("Wrong price after a change")
    assert len(fetched()) == 2
    ana.keyboard.press("Enter")
    arrive(ana, "/items/3/$")
    # Whoever has used it here finds it ready.
    with ana.expect_response(re.compile(r"/palette/\?")):
        ana.reload()
