"""The board, an item and search in a real browser: by keys, by hand, accessible in both themes, on a phone."""

import re

import pytest
from playwright.sync_api import expect

from headway.lib import clock
from headway.scrum import actions
from headway.scrum.models import Category, Item
from headway.value.models import Bet, Serves, SprintAim
from tests.browser import arrive, assert_accessible, ready
from tests.world import World, make_item, make_measurement, make_sprint, make_world

pytestmark = pytest.mark.e2e

PHONE = {"width": 390, "height": 844}


@pytest.fixture
def world(live) -> World:
    world = make_world()
    sprint = make_sprint(world.team, goal="Repeat in one tap")
    SprintAim.objects.create(sprint=sprint, key_result=world.key_result)
    make_measurement(world.key_result, 40.0)
    items = [make_item(world.team, title, size=2) for title in ("Alpha", "Beta", "Gamma")]
    items.append(make_item(world.team, "Delta", category=Category.DOING, size=3))
    items.append(make_item(world.team, "Omega", category=Category.DONE, size=3))
    actions.add_items_to_sprint(items, sprint, by=world.ana)
    serves = Serves.objects.create(item=items[0], key_result=world.key_result, at=clock.now())
    Bet.objects.create(serves=serves, low=0.4, likely=1.3, high=2.5, chance=0.6, at=clock.now())
    actions.block_item(items[3], because="No contract", by=world.cy)
    make_item(world.team, "Next one")
    return world


@pytest.fixture
def cy(page, live, world):
    live.sign_in(page, world.people["cy"])
    return page


def open_board(page):
    page.goto("/t/ANT/board/")
    ready(page)


def test_the_whole_board_by_keys(cy):
    open_board(cy)
    cy.keyboard.press("j")
    expect(cy.locator(".card:focus .ttl")).to_have_text("Alpha")
    cy.keyboard.press("j")
    cy.keyboard.press("]")
    expect(cy.locator(".lane[aria-label='In progress'] .card")).to_have_count(2)
    expect(cy.locator(".card:focus .ttl")).to_have_text("Beta")
    expect(cy.locator(".toasts")).to_contain_text("ANT-2 is in “In progress”.")
    cy.keyboard.press("[")
    expect(cy.locator(".toasts")).to_contain_text("ANT-2 is in “To do”.")
    expect(cy.locator(".lane[aria-label='In progress'] .card")).to_have_count(1)
    expect(cy.locator(".card:focus .ttl")).to_have_text("Beta")
    assert Item.objects.get(number=2).category == "todo"
    cy.keyboard.press("m")
    dialog = cy.get_by_role("dialog")
    expect(dialog).to_contain_text("Beta")
    dialog.get_by_role("button", name="Done").press("Enter")
    expect(dialog).to_be_hidden()
    expect(cy.locator(".toasts")).to_contain_text("ANT-2 is in “Done”.")
    expect(cy.locator(".lane[aria-label='Done'] .card")).to_have_count(2)
    assert Item.objects.get(number=2).category == "done"


def test_order_within_a_lane_by_keys(cy):
    open_board(cy)
    cy.keyboard.press("j")
    cy.keyboard.press("Alt+ArrowDown")
    expect(cy.locator(".toasts")).to_contain_text("ANT-1 has a new place.")
    expect(cy.locator(".lane[aria-label='To do'] .card .ttl")).to_have_text(["Beta", "Alpha", "Gamma"])
    assert [item.title for item in Item.objects.in_order()][:3] == ["Beta", "Alpha", "Gamma"]


def test_a_drag_with_the_pointer(cy):
    open_board(cy)
    card = cy.locator(".card", has_text="Gamma")
    lane = cy.locator(".lane[aria-label='In progress']")
    drag(cy, card, lane, y_share=0.05)
    expect(lane.locator(".card")).to_have_count(2)
    expect(cy.locator(".toasts")).to_contain_text("ANT-3 is in “In progress”.")
    assert Item.objects.get(number=3).category == "doing"
    cy.locator(".toasts").get_by_role("button", name="Undo").click()
    ready(cy)
    expect(cy.locator(".lane[aria-label='To do'] .card")).to_have_count(3)
    assert Item.objects.get(number=3).category == "todo"


def test_escape_drops_the_card_where_it_was(cy):
    open_board(cy)
    box = cy.locator(".card", has_text="Gamma").bounding_box()
    cy.mouse.move(box["x"] + 40, box["y"] + 40)
    cy.mouse.down()
    cy.mouse.move(box["x"] + 400, box["y"] + 60, steps=5)
    cy.keyboard.press("Escape")
    cy.mouse.up()
    expect(cy.locator(".lane[aria-label='To do'] .card")).to_have_count(3)
    assert Item.objects.get(number=3).category == "todo"
    expect(cy).to_have_url(re.compile("/board/$"))


def test_a_drag_is_no_click_and_a_click_is_no_drag(cy):
    open_board(cy)
    drag(cy, cy.locator(".card .ttl", has_text="Gamma"), cy.locator(".lane[aria-label='Done']"), y_share=0.5)
    expect(cy.locator(".lane[aria-label='Done'] .card")).to_have_count(2)
    expect(cy).to_have_url(re.compile("/board/$"))
    cy.locator(".card .ttl", has_text="Alpha").click()
    expect(cy).to_have_url(re.compile("/items/1/$"))


def test_a_move_that_fails_puts_the_lanes_right(cy, world, complaints):
    open_board(cy)
    cy.route("**/live/**", lambda route: route.abort())  # it would tell the page before the hand moves
    review = actions.create_column(world.team, name="Review", category="doing", by=world.ana)
    cy.reload()
    ready(cy)
    actions.delete_column(review, by=world.ana)
    cy.keyboard.press("j")
    drag(cy, cy.locator(".card", has_text="Gamma"), cy.locator(".lane[aria-label='Review']"), y_share=0.5)
    expect(cy.locator(".lane[aria-label='To do'] .card")).to_have_count(3)
    expect(cy.locator(".lane")).to_have_count(3)
    complaints.clear()


def test_block_with_a_reason_and_free_again(cy):
    open_board(cy)
    cy.keyboard.press("j")
    cy.keyboard.press("b")
    dialog = cy.get_by_role("dialog")
    dialog.get_by_label("Reason").press_sequentially("Waiting for Finance")
    cy.keyboard.press("Enter")
    expect(dialog).to_be_hidden()
    expect(cy.locator(".card", has_text="Alpha")).to_contain_text("Waiting for Finance")
    cy.locator(".card", has_text="Alpha").focus()
    cy.keyboard.press("b")
    dialog.get_by_role("button", name="Free again").click()
    expect(cy.locator(".card", has_text="Alpha")).not_to_contain_text("Waiting for Finance")


def test_a_reason_left_out_is_asked_for_in_the_dialog(cy, complaints):
    open_board(cy)
    cy.keyboard.press("j")
    cy.keyboard.press("b")
    dialog = cy.get_by_role("dialog")
    dialog.get_by_role("button", name="Mark as blocked").click()
    expect(dialog).to_contain_text("Say what is in the way.")
    complaints.clear()  # Chromium calls an answer of 422 a failure


def test_new_item_and_pull(cy):
    open_board(cy)
    cy.keyboard.press("n")
    dialog = cy.get_by_role("dialog")
    dialog.get_by_label("What is to be done?").press_sequentially("Brand new")
    cy.keyboard.press("Enter")
    expect(dialog).to_be_hidden()
    expect(cy.locator(".lane[aria-label='To do']")).to_contain_text("Brand new")
    cy.keyboard.press("p")
    dialog.get_by_role("button", name="Pull 6").click()
    expect(dialog).to_be_hidden()
    expect(cy.locator(".lane[aria-label='To do'] .card")).to_have_count(5)


def test_a_reader_has_no_handles(page, live, world):
    live.sign_in(page, world.people["di"])
    open_board(page)
    drag(page, page.locator(".card", has_text="Gamma"), page.locator(".lane[aria-label='Done']"), y_share=0.5)
    assert Item.objects.get(number=3).category == "todo"
    expect(page.locator(".card-menu")).to_have_count(0)
    page.goto("/t/ANT/board/")
    ready(page)
    page.keyboard.press("j")
    page.keyboard.press("w")
    expect(page).to_have_url(re.compile("/items/1/$"))


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_accessible(open_page, live, world, scheme):
    page = open_page(color_scheme=scheme, viewport={"width": 1440, "height": 900})
    live.sign_in(page, world.people["ana"])
    for address in (
        "/t/ANT/board/",
        "/t/ANT/items/1/",
        "/t/ANT/items/1/edit/",
        "/t/ANT/items/1/column/",
        "/t/ANT/items/4/block/",
        "/t/ANT/items/new/",
        "/t/ANT/sprints/",
        "/t/ANT/sprints/1/",
        "/search/?q=a",
    ):
        page.goto(address)
        assert_accessible(page)


def test_on_a_phone_work_in_progress_comes_first_and_nothing_runs_off(open_page, live, world):
    page = open_page(viewport=PHONE, has_touch=True, is_mobile=True)
    live.sign_in(page, world.people["cy"])
    for address in ("/t/ANT/board/", "/t/ANT/items/1/", "/t/ANT/sprints/", "/t/ANT/sprints/1/", "/search/?q=a"):
        page.goto(address)
        ready(page)
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"], address
    page.goto("/t/ANT/board/")
    ready(page)
    tops = {lane.get_attribute("aria-label"): lane.bounding_box()["y"] for lane in page.locator(".lane").all()}
    assert min(tops, key=tops.get) == "In progress"
    card = page.locator(".card", has_text="Delta")
    card.locator("summary").tap()
    card.get_by_role("button", name="Done").tap()
    expect(page.locator(".lane[aria-label='Done'] .card")).to_have_count(2)
    assert Item.objects.get(number=4).category == "done"


def test_the_board_works_without_scripts(browser, live, world):
    context = browser.new_context(base_url=live.url, java_script_enabled=False)
    page = context.new_page()
    live.sign_in(page, world.people["cy"])
    page.goto("/t/ANT/board/")
    card = page.locator("#lanes .card", has_text="Alpha")
    card.locator("summary").click()
    card.get_by_role("link", name="Move to…").click()
    page.get_by_role("button", name="In progress").click()
    expect(page).to_have_url(re.compile("/t/ANT/board/$"))
    assert Item.objects.get(number=1).category == "doing"
    context.close()


def test_search_as_one_types_and_by_arrows(cy):
    cy.goto("/t/ANT/board/")
    ready(cy)
    cy.keyboard.press("/")
    arrive(cy, "/search/")
    field = cy.get_by_role("combobox", name="Search for")
    expect(field).to_be_focused()
    cy.keyboard.type("alp")
    expect(cy.locator("#results [role=option]")).to_have_count(1)
    expect(cy.locator("#results [role=option]").first).to_have_attribute("aria-selected", "true")
    expect(cy).to_have_url(re.compile(r"\?q=alp"))
    field.fill("a")
    expect(cy.locator("#results [role=option]").nth(1)).to_be_visible()
    cy.keyboard.press("ArrowDown")
    expect(cy.locator("#results [role=option]").nth(1)).to_have_attribute("aria-selected", "true")
    cy.keyboard.press("ArrowUp")
    cy.keyboard.press("Enter")
    expect(cy).to_have_url(re.compile("/items/1/$"))


def drag(page, card, lane, *, y_share: float):
    start, end = card.bounding_box(), lane.bounding_box()
    page.mouse.move(start["x"] + start["width"] / 2, start["y"] + start["height"] / 2)
    page.mouse.down()
    page.mouse.move(end["x"] + end["width"] / 2, end["y"] + end["height"] * y_share, steps=8)
    page.mouse.up()
