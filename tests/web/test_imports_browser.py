"""Bring an export in with a real browser: answers change the preview at once; keyboard only; accessible."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from headway.scrum.actions import edit_item
from headway.scrum.models import Category
from tests.browser import assert_accessible, ready
from tests.sync.test_import import FIRST, PARKED, bring, item
from tests.world import World, make_sprint, make_world

pytestmark = pytest.mark.e2e

PHONE = {"width": 390, "height": 844}
OLD = "".join(line for line in FIRST.splitlines(keepends=True) if "FER-1," not in line[:6])


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


def choose(page, folder: Path, text: str) -> None:
    path = folder / "FER-export.csv"
    path.write_text(text, encoding="utf-8")
    page.goto("/t/ANT/import/")
    page.get_by_label("The tracker’s export").set_input_files(path)
    page.get_by_role("button", name="Look at it").press("Enter")
    expect(page.get_by_role("heading", name=re.compile("Bring in Ant’s Jira export"))).to_be_visible()
    ready(page)


def test_from_the_file_to_the_items_and_back_by_keyboard(ana, world, tmp_path):
    bring(world, tmp_path, OLD)
    edit_item(item("FER-2"), by=world.cy, title="Buy a nice stamp")
    choose(ana, tmp_path, PARKED.replace("Buy a stamp", "Buy a cheap stamp"))
    expect(ana.get_by_role("heading", name="One status we do not know")).to_be_visible()
    expect(ana.get_by_role("button", name="Create 1, change 1, leave 1 out")).to_be_visible()

    ana.get_by_role("group", name="Parked becomes").get_by_role("radio", name="To do").focus()
    ana.keyboard.press("ArrowRight")
    expect(ana.get_by_role("button", name=re.compile("^Create 1, change 1"))).not_to_contain_text("leave")
    assert_accessible(ana)

    theirs = ana.get_by_role("group", name=re.compile("^Title of")).get_by_role("radio", name="Jira’s")
    theirs.focus()
    ana.keyboard.press("Space")
    expect(ana.get_by_role("button", name=re.compile("^Create 1, change 2"))).to_be_visible()

    ana.keyboard.press("Control+Enter")
    expect(ana.get_by_role("heading", name=re.compile("^Import .* is in$"))).to_be_visible()
    assert item("FER-2").title == "Buy a cheap stamp"
    assert item("FER-2").category == Category.DOING
    assert_accessible(ana)

    ana.get_by_role("button", name="Take it back").press("Enter")
    expect(ana.get_by_role("heading", name=re.compile("is taken back$"))).to_be_visible()
    assert item("FER-2").title == "Buy a nice stamp"
    assert_accessible(ana)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pages_are_accessible_and_fit_a_phone(open_page, live, world, tmp_path, scheme):
    bring(world, tmp_path, FIRST)
    edit_item(item("FER-2"), by=world.cy, title="Buy a nice stamp")
    run = bring(world, tmp_path, FIRST + "FER-9,Late,,,,31/11/26,,,,,,,,,,\n")
    page = open_page(color_scheme=scheme, viewport=PHONE)
    live.sign_in(page, world.people["ana"])
    choose(page, tmp_path, PARKED)
    assert_accessible(page)
    assert not runs_off(page)
    for address in ["/t/ANT/import/", f"/t/ANT/import/{run.pk}/"]:
        page.goto(address)
        assert_accessible(page)
        assert not runs_off(page)


def runs_off(page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth > innerWidth"))
