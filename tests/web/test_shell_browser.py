"""The shell in a real browser: keys, theme, notes, menus; accessible in both themes; nothing runs off a phone."""

import re

import pytest
from playwright.sync_api import expect

from headway.people import actions
from tests.browser import assert_accessible, ready
from tests.world import PASSWORD, World, make_sprint, make_world

pytestmark = pytest.mark.e2e

PAGES = [
    "/settings/organisation/",
    "/settings/teams/",
    "/settings/members/",
    "/settings/roles/",
    "/settings/me/",
    "/settings/browser/",
    "/t/ANT/people/",
    "/t/ANT/settings/",
]
PHONE = {"width": 390, "height": 844}


@pytest.fixture
def world(live) -> World:
    world = make_world()
    for number, starts_in in enumerate([-18, -4, 10], start=1):
        make_sprint(world.team, number, starts_in=starts_in)
    return world


@pytest.fixture
def ana(page, live, world):
    live.sign_in(page, world.people["ana"])
    return page


def test_keys_lead_around_and_are_listed(ana):
    ana.goto("/settings/me/")
    ready(ana)
    ana.keyboard.press("?")
    keys = ana.get_by_role("dialog", name="Keys on this page")
    expect(keys).to_be_visible()
    expect(keys.get_by_role("listitem").filter(has_text="Settings")).to_contain_text("G,")
    ana.keyboard.press("Escape")
    expect(keys).to_be_hidden()
    ana.keyboard.press("g")
    ana.keyboard.press(",")
    expect(ana).to_have_url(re.compile("/t/ANT/people/$"))


def test_a_letter_in_a_field_is_a_letter(ana):
    ana.goto("/settings/me/")
    ready(ana)
    field = ana.get_by_role("textbox", name="Name")
    field.fill("")
    field.press_sequentially("g,?")
    expect(field).to_have_value("g,?")
    expect(ana).to_have_url(re.compile("/settings/me/$"))


def test_single_letters_can_be_switched_off_for_good(ana):
    ana.goto("/settings/me/")
    ready(ana)
    ana.keyboard.press("?")
    ana.get_by_role("switch", name="Single letters").uncheck()
    ana.keyboard.press("Escape")
    for _ in range(2):
        ana.keyboard.press("?")
        expect(ana.get_by_role("dialog")).to_be_hidden()
        ana.reload()
        ready(ana)
    ana.goto("/settings/browser/")
    ready(ana)
    with ana.expect_navigation():
        ana.get_by_role("switch", name="Single letters").check()
    ready(ana)
    ana.keyboard.press("?")
    expect(ana.get_by_role("dialog")).to_be_visible()


def test_the_theme_goes_round_and_is_drawn_before_any_script(ana, open_page):
    ana.goto("/settings/me/")
    ready(ana)
    light = ana.evaluate("getComputedStyle(document.body).backgroundColor")
    button = ana.get_by_role("button", name="Theme")
    button.click()
    expect(ana.locator("html")).to_have_attribute("data-theme", "light")
    button.click()
    expect(ana.locator("html")).to_have_attribute("data-theme", "dark")
    assert ana.evaluate("getComputedStyle(document.body).backgroundColor") != light
    cookies = ana.context.cookies()
    still = open_page(java_script_enabled=False)
    still.context.add_cookies(cookies)
    still.goto("/settings/me/")
    expect(still.locator("html")).to_have_attribute("data-theme", "dark")


def test_a_note_takes_the_action_back(ana, world):
    ana.goto("/t/ANT/people/")
    ready(ana)
    row = ana.get_by_role("row").filter(has_text="Cy Cole")
    row.locator("summary", has_text="Change roles").click()
    row.get_by_label("Stakeholder").check()
    row.get_by_role("button", name="Save roles").click()
    note = ana.locator(".toasts").filter(has_text="Roles of Cy Cole saved.")
    expect(note).to_be_visible()
    expect(row.locator(".role")).to_have_text(["Developer", "Stakeholder"])
    note.get_by_role("button", name="Undo").press("Enter")
    expect(ana.locator(".toasts")).to_contain_text("Taken back.")
    expect(row.locator(".role")).to_have_text(["Developer"])


def test_a_menu_in_a_table_is_whole_and_closes_by_key(ana):
    ana.goto("/t/ANT/people/")
    ready(ana)
    summary = ana.get_by_label("More about Di Dorn")
    summary.press("Enter")
    menu = ana.locator("details[open] .pop")
    expect(menu.get_by_role("link", name="Deactivate")).to_be_in_viewport(ratio=1)
    ana.keyboard.press("ArrowDown")
    expect(menu.get_by_role("link", name="Changes of roles and access")).to_be_focused()
    ana.keyboard.press("Escape")
    expect(menu).to_have_count(0)
    expect(summary).to_be_focused()


def test_everything_but_comfort_works_without_script(open_page, world):
    page = open_page(java_script_enabled=False)
    page.goto("/settings/me/")
    page.get_by_label("E-mail").fill("ana@northwind.example")
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("/settings/me/$"))
    page.get_by_role("button", name="Theme").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "light")
    page.goto("/t/ANT/people/")
    row = page.get_by_role("row").filter(has_text="Cy Cole")
    row.locator("summary", has_text="Change roles").click()
    row.get_by_label("Stakeholder").check()
    row.get_by_role("button", name="Save roles").click()
    expect(row.locator(".role")).to_have_text(["Developer", "Stakeholder"])
    page.get_by_role("button", name="Undo").click()
    expect(row.locator(".role")).to_have_text(["Developer"])


def test_a_link_to_hand_over_is_copied(ana, world):
    ana.context.grant_permissions(["clipboard-read", "clipboard-write"])
    ana.goto("/t/ANT/people/")
    ready(ana)
    ana.get_by_label("More about Cy Cole").click()
    ana.locator("details[open]").get_by_role("button", name="New link to set a password").click()
    expect(ana.get_by_label("Link", exact=True)).to_be_visible()
    ready(ana)
    ana.get_by_role("button", name="Copy").click()
    expect(ana.get_by_role("button", name="Copied")).to_be_visible()
    assert ana.evaluate("navigator.clipboard.readText()") == ana.get_by_label("Link", exact=True).input_value()


def test_the_strength_of_a_password_is_said(page, world):
    link = actions.issue_password_link(world.people["cy"].memberships.get(), by=world.ana)
    page.goto(f"/password/{link}/")
    ready(page)
    field = page.get_by_label("New password")
    field.press_sequentially("short")
    expect(page.locator("main [role=status]")).to_contain_text("Too easy to guess")
    field.fill("correct-horse-battery")
    expect(page.locator("main [role=status]")).to_contain_text("Very strong.")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_settings_are_accessible(open_page, live, world, scheme):
    page = open_page(color_scheme=scheme, viewport={"width": 1440, "height": 900})
    live.sign_in(page, world.people["ana"])
    for address in PAGES:
        page.goto(address)
        ready(page)
        assert_accessible(page)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_what_stands_before_the_shell_is_accessible(open_page, world, complaints, scheme):
    page = open_page(color_scheme=scheme, viewport={"width": 1024, "height": 800})
    link = actions.issue_password_link(world.people["cy"].memberships.get(), by=world.ana)
    world.people["ana"].memberships.update(is_administrator=False)
    world.people["eve"].memberships.update(is_administrator=False)
    setup = actions.issue_setup_link()
    for address in ("/sign-in/", f"/setup/{setup}/", f"/password/{link}/", "/password/made-up/", "/nowhere/"):
        page.goto(address)
        ready(page)
        assert_accessible(page)
    complaints.clear()  # the console names 404 and 410


def test_the_list_of_keys_is_accessible(ana):
    ana.goto("/t/ANT/people/")
    ready(ana)
    ana.keyboard.press("?")
    expect(ana.get_by_role("dialog", name="Keys on this page")).to_be_visible()
    assert_accessible(ana, include="dialog[open]")


@pytest.mark.parametrize("width", [390, 320])
def test_nothing_runs_off_a_phone(open_page, live, world, width):
    page = open_page(viewport=PHONE | {"width": width}, has_touch=True)
    live.sign_in(page, world.people["ana"])
    for address in PAGES:
        page.goto(address)
        ready(page)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, address
        assert_accessible(page)
