"""The value sheet in a real browser: order by drag and keys, one dialog for all questions, many at once; accessible."""

import re

import pytest
from playwright.sync_api import Page, expect

from headway.live.models import Change
from headway.scrum.models import Item
from headway.value.actions import shelve
from headway.value.models import Bet, NotNow, Serves
from tests.browser import assert_accessible, ready
from tests.value.make import make_bet, make_done
from tests.world import World, make_item, make_sprint, make_world

pytestmark = pytest.mark.e2e

PHONE = {"width": 390, "height": 844}


@pytest.fixture
def world(live) -> World:
    world = make_world()
    make_done(world.team)
    make_sprint(world.team, 4)
    for likely, title in enumerate(["One", "Two", "Three"], start=1):
        make_bet(make_item(world.team, title, size=3), world.key_result, 0, likely, 2 * likely + 1)
    shelve(make_item(world.team, "Dark theme"), by=world.bo, reason="Serves nothing", asked_by="Care Line")
    for number in range(4):
        make_item(world.team, f"Plain {number}")
    return world


@pytest.fixture
def bo(page, live, world) -> Page:
    live.sign_in(page, world.people["bo"])
    return page


def open_sheet(page: Page) -> None:
    page.goto("/t/ANT/backlog/")
    ready(page)


def now(page: Page) -> list[str]:
    return page.get_by_role("region", name="Now", exact=True).locator("tr[data-row] .ttl").all_inner_texts()


def test_alt_and_an_arrow_move_the_row_in_hand_and_keep_it_in_hand(bo):
    open_sheet(bo)
    bo.keyboard.press("j")
    bo.keyboard.press("j")
    bo.keyboard.press("Alt+ArrowUp")
    expect(bo.locator(".toast")).to_contain_text("Two now stands before One.")
    expect(bo.locator("tr[data-row]").first).to_contain_text("Two")
    assert now(bo) == ["Two", "One", "Three"]
    bo.keyboard.press("Alt+ArrowDown")
    expect(bo.locator("tr[data-row]").first).to_contain_text("One")
    assert now(bo) == ["One", "Two", "Three"], "the same row is still in hand"


def test_a_drag_tries_an_order_that_is_saved_and_taken_back(bo, world):
    open_sheet(bo)
    rows = bo.get_by_role("region", name="Now", exact=True).locator("tr[data-row]")
    trying = bo.get_by_role("region", name="An order that is tried")
    rows.nth(2).drag_to(rows.nth(0), target_position={"x": 200, "y": 3})
    expect(rows.first).to_contain_text("Three")
    expect(trying).to_contain_text("nothing is saved")
    expect(bo.locator("#orders")).to_contain_text("This order")
    assert not Change.objects.filter(name__in=["item.ranked", "items.ranked"]).exists()
    assert_accessible(bo)
    trying.get_by_role("link", name="Back").click()
    bo.wait_for_url("**/backlog/")
    expect(trying).to_be_hidden()
    expect(rows.first).to_contain_text("One")
    ready(bo)
    bo.keyboard.press("j")
    bo.keyboard.press("j")
    bo.keyboard.press("Alt+Shift+ArrowUp")
    expect(trying).to_be_visible()
    expect(rows.first).to_contain_text("Two")
    bo.wait_for_url("**order=*")
    trying.get_by_role("button", name="Save this order").click()
    bo.wait_for_url("**/backlog/")
    expect(bo.locator(".toast")).to_contain_text("have another place")
    expect(rows.first).to_contain_text("Two")
    bo.get_by_role("button", name="Undo").click()
    expect(rows.first).to_contain_text("One")
    assert now(bo) == ["One", "Two", "Three"]


def test_the_best_order_is_taken_with_one_click_and_questioned_in_a_dialog(bo, world):
    open_sheet(bo)
    bo.get_by_role("link", name="What would change our mind?").click()
    mind = bo.get_by_role("dialog", name="What would change our mind?")
    expect(mind).to_contain_text("What turns the first place round")
    assert_accessible(bo)
    bo.keyboard.press("Escape")
    expect(mind).to_be_hidden()
    bo.keyboard.press("j")
    bo.keyboard.press("p")
    binds = bo.get_by_role("dialog", name="What binds it")
    expect(binds).to_contain_text("Has to be done")
    assert_accessible(bo)
    bo.keyboard.press("Escape")
    expect(binds).to_be_hidden()
    bo.get_by_role("button", name="Take the best order").click()
    expect(bo.locator(".toast")).to_contain_text("another place")
    expect(bo.get_by_role("region", name="Now", exact=True).locator("tr[data-row]").first).to_contain_text("Three")
    assert Change.objects.filter(name="items.ranked").count() == 1


def test_move_to_a_rank_by_keys_alone(bo):
    open_sheet(bo)
    bo.keyboard.press("j")
    bo.keyboard.press("m")
    expect(bo.get_by_role("dialog", name="Move to rank…")).to_be_visible()
    bo.keyboard.press("Control+a")
    bo.keyboard.type("3")
    bo.keyboard.press("Enter")
    expect(bo.locator(".toast")).to_contain_text("One is now rank 3")
    expect(bo.get_by_role("dialog")).to_be_hidden()
    expect(bo.locator("tr[data-row]").first).to_contain_text("Two")
    assert now(bo) == ["Two", "Three", "One"]


def test_why_bet_and_not_now_answer_in_a_dialog(bo, world):
    open_sheet(bo)
    bo.keyboard.press("j")
    bo.keyboard.press(".")
    why = bo.get_by_role("dialog", name="Why rank 1")
    expect(why).to_contain_text("A Sprint later")
    assert_accessible(bo)
    bo.keyboard.press("Escape")
    expect(why).to_be_hidden()

    bo.keyboard.press("n")
    dialog = bo.get_by_role("dialog", name="Not now, and why")
    dialog.get_by_label("Why not now?").fill("Too dear for few")
    dialog.get_by_label("Who asked for it").fill("Priya")
    assert_accessible(bo)
    dialog.get_by_role("button", name="Put aside").click()
    shelf = bo.get_by_role("region", name="Not now", exact=True)
    expect(shelf).to_contain_text("Too dear for few")
    assert NotNow.objects.filter(ended_at=None).count() == 2
    shelf.get_by_role("button", name="Priya not told yet").click()
    expect(shelf).to_contain_text("Priya was told")
    shelf.get_by_role("button", name="Bring One back").click()
    expect(bo.get_by_role("region", name="Now", exact=True)).to_contain_text("One")


def test_a_bet_is_typed_with_its_range_drawn(bo, world, complaints):
    open_sheet(bo)
    bo.get_by_role("row").filter(has_text="Plain 0").focus()
    bo.keyboard.press("b")
    dialog = bo.get_by_role("dialog", name="Place a bet")
    dialog.get_by_label("Low").fill("3")
    dialog.get_by_label("Likely").fill("2")
    dialog.get_by_label("High").fill("4")
    expect(dialog.get_by_text("must rise")).to_be_visible()
    dialog.get_by_label("Low").fill("1")
    expect(dialog.get_by_text("20 points are left to the target")).to_be_visible()
    dialog.get_by_label("Chance that it moves anything").fill("120")
    dialog.get_by_label("We believe").fill("Fewer calls, because a text is enough")
    assert_accessible(bo)
    dialog.get_by_label("Chance that it moves anything").evaluate("field => field.removeAttribute('max')")
    dialog.get_by_role("button", name="Place the bet").click()
    expect(dialog.get_by_text("A chance lies between")).to_be_visible()
    complaints.clear()  # the refused form
    dialog.get_by_label("Chance that it moves anything").fill("55")
    dialog.get_by_role("button", name="Place the bet").click()
    expect(bo.get_by_role("region", name="Now", exact=True)).to_contain_text("Plain 0")
    assert Bet.objects.get(serves__item__title="Plain 0").chance == 0.55


def test_many_are_ticked_and_linked_at_once(bo, world):
    open_sheet(bo)
    bar = bo.get_by_role("group", name="Link what is chosen")
    expect(bar).to_be_hidden()
    bo.get_by_role("row").filter(has_text="Plain 0").focus()
    bo.keyboard.press("x")
    last = bo.get_by_role("row").filter(has_text="Plain 2").get_by_role("checkbox")
    last.click(modifiers=["Shift"])
    bar.get_by_label("Key Result").select_option(label=world.key_result.short_name)
    bar.get_by_role("button", name="Link").click()
    expect(bo.locator(".toast")).to_contain_text("3 items are linked")
    assert Serves.objects.filter(item__title__startswith="Plain").count() == 3


def test_the_filter_asks_while_it_is_typed_and_keeps_the_address(bo):
    open_sheet(bo)
    bo.keyboard.press("f")
    bo.keyboard.type("two")
    expect(bo.get_by_role("link", name="One", exact=True)).to_be_hidden()
    expect(bo).to_have_url(re.compile("q=two"))
    expect(bo.get_by_role("searchbox")).to_be_focused()


def test_the_linking_page_goes_by_keys(bo, world):
    Item.objects.filter(title="Plain 0").update(title="Repeat orders without a call by text")
    bo.goto("/t/ANT/link/")
    ready(bo)
    assert_accessible(bo)
    bo.keyboard.press("1")
    expect(bo.get_by_role("heading", name="Plain 1")).to_be_visible()
    assert Serves.objects.filter(item__title__startswith="Repeat", key_result=world.key_result).exists()
    bo.keyboard.press("s")
    expect(bo.get_by_role("heading", name="Plain 2")).to_be_visible()
    ready(bo)
    bo.keyboard.press("k")
    bo.keyboard.press("h")
    bo.get_by_label("Because").fill("The driver is old")
    bo.keyboard.press("Control+Enter")
    expect(bo.get_by_role("heading", name="Plain 3")).to_be_visible()
    assert Serves.objects.get(item__title="Plain 2").kind == "health"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_accessible_in_both_themes_and_nothing_runs_off_a_phone(open_page, live, world, scheme):
    page = open_page(color_scheme=scheme, viewport=PHONE)
    live.sign_in(page, world.people["bo"])
    for address in ("/t/ANT/backlog/", "/t/ANT/link/", "/t/ANT/forecast/"):
        page.set_viewport_size(PHONE)
        page.goto(address)
        assert_accessible(page)
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, address
        page.set_viewport_size({"width": 1440, "height": 900})
        assert_accessible(page)


def test_the_forecast_answers_while_it_is_asked(bo, complaints):
    bo.goto("/t/ANT/forecast/")
    ready(bo)
    bo.get_by_label("Number of items").fill("30")
    expect(bo.get_by_role("img", name=re.compile("Chance that 30 items are done"))).to_be_visible()
    bo.get_by_label("Number of items").fill("0")
    expect(bo.get_by_text("Ask for 1 to")).to_be_visible()
    complaints.clear()  # the refused question
