"""Two people at the same things at once: what one did is never lost without the other being told."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from headway.live.models import Change
from headway.scrum.actions import add_items_to_sprint
from headway.scrum.models import Category, Item
from headway.value.models import Bet
from tests.browser import LiveServer, ready
from tests.value.make import make_bet
from tests.world import World, make_item, make_sprint, make_world

pytestmark = pytest.mark.e2e


@pytest.fixture
def world(live: LiveServer) -> World:
    world = make_world()
    sprint = make_sprint(world.team, goal="Repeat in one tap")
    add_items_to_sprint([make_item(world.team, title) for title in ("Alpha", "Beta")], sprint, by=world.ana)
    for title in ("One", "Two", "Three"):
        make_bet(make_item(world.team, title, size=3), world.key_result, 1, 2, 3)
    return world


@pytest.fixture
def both(open_page: Callable[..., Page], live: LiveServer, world: World) -> tuple[Page, Page]:
    """Return Bo's page and Cy's, each in a browser of its own and without a stream: what they see grows stale."""
    bo, cy = open_page(), open_page()
    for page in (bo, cy):
        page.context.route("**/live/?*", lambda route: route.fulfill(status=204))
    live.sign_in(bo, world.people["bo"])
    live.sign_in(cy, world.people["cy"])
    return bo, cy


def open_both(both: tuple[Page, Page], address: str) -> None:
    for page in both:
        page.goto(address)
        ready(page)


def told(page: Page, text: str) -> None:
    expect(page.locator(".toasts")).to_contain_text(text)


def has_in(page: Page, lane: str, *titles: str) -> None:
    expect(page.locator(f".lane[aria-label='{lane}'] .card .ttl")).to_have_text([*titles])


def take(page: Page, title: str) -> None:
    page.locator(".card", has_text=title).focus()


def test_different_fields_of_an_item_are_merged(both: tuple[Page, Page]) -> None:
    bo, cy = both
    open_both(both, "/t/ANT/items/1/edit/")
    bo.get_by_label("Title").fill("Alpha, in one tap")
    bo.get_by_role("button", name="Save").click()
    told(bo, "ANT-1 is changed.")
    cy.get_by_label("Description").fill("Two lines\nof why")
    cy.get_by_label("Cy Cole").check()
    cy.get_by_role("button", name="Save").click()
    told(cy, "ANT-1 is changed.")
    expect(cy.get_by_role("heading", level=1)).to_contain_text("Alpha, in one tap")
    item = Item.objects.get(number=1)
    assert (item.title, item.description) == ("Alpha, in one tap", "Two lines\nof why")
    edits = Change.objects.filter(name="item.edited").order_by("pk")
    assert [sorted(edit.after) for edit in edits] == [["title"], ["assignees", "description"]]


def test_the_same_field_of_an_item_is_said_and_decided(both: tuple[Page, Page], complaints: list[str]) -> None:
    bo, cy = both
    open_both(both, "/t/ANT/items/1/edit/")
    bo.get_by_label("Title").fill("Alpha by Bo")
    bo.get_by_role("button", name="Save").click()
    told(bo, "ANT-1 is changed.")
    cy.get_by_label("Title").fill("Alpha by Cy")
    cy.get_by_role("button", name="Save").click()
    expect(cy.get_by_text("Bo Berg changed this meanwhile to “Alpha by Bo”.")).to_be_visible()
    complaints.clear()  # the refused form
    assert Item.objects.get(number=1).title == "Alpha by Bo"
    expect(cy.get_by_label("Title")).to_have_value("Alpha by Cy")
    cy.get_by_role("button", name="Save").click()
    told(cy, "ANT-1 is changed.")
    assert Item.objects.get(number=1).title == "Alpha by Cy"
    # Bo's way back is closed now, by name.
    bo.get_by_role("button", name="Undo").click()
    told(bo, "Cy Cole changed ANT-1 since.")
    assert Item.objects.get(number=1).title == "Alpha by Cy"


def test_a_card_that_somebody_moved_meanwhile_stays_there_unless_one_means_it(both: tuple[Page, Page]) -> None:
    bo, cy = both
    open_both(both, "/t/ANT/board/")
    take(bo, "Alpha")
    for column in ("In progress", "Done"):
        bo.keyboard.press("]")
        told(bo, f"ANT-1 is in “{column}”.")
    has_in(cy, "To do", "Alpha", "Beta")  # Cy's board is stale
    take(cy, "Alpha")
    cy.keyboard.press("]")
    told(cy, "Bo Berg put ANT-1 into “Done” meanwhile; it stays there.")
    expect(cy.locator(".lane[aria-label='Done'] .card")).to_have_count(1)
    has_in(cy, "In progress")
    item = Item.objects.get(number=1)
    assert item.category == Category.DONE
    assert item.done_at is not None
    cy.get_by_role("button", name="Move it nonetheless").click()
    told(cy, "ANT-1 is in “In progress”.")  # on the page that answers the note's form
    has_in(cy, "In progress", "Alpha")
    has_in(cy, "To do", "Beta")
    item.refresh_from_db()
    assert (item.category, item.done_at) == (Category.DOING, None)
    cy.get_by_role("button", name="Undo").click()
    told(cy, "Taken back")
    has_in(cy, "Done", "Alpha")


def test_who_says_where_to_is_heard_and_the_earlier_undo_is_closed(both: tuple[Page, Page]) -> None:
    """The dialog shows where the card is now, so what is chosen there holds."""
    bo, cy = both
    open_both(both, "/t/ANT/board/")
    take(bo, "Alpha")
    bo.keyboard.press("]")
    told(bo, "ANT-1 is in “In progress”.")
    take(cy, "Alpha")
    cy.keyboard.press("m")
    cy.get_by_role("dialog").get_by_role("button", name="Done").click()
    told(cy, "ANT-1 is in “Done”.")
    item = Item.objects.get(number=1)
    assert [step.status for step in item.transitions.order_by("pk")][-2:] == ["In progress", "Done"]
    bo.keyboard.press("Control+z")
    told(bo, "Cy Cole changed ANT-1 since.")
    item.refresh_from_db()
    assert item.category == Category.DONE
    has_in(bo, "Done", "Alpha")  # the board that was stale shows what holds


def test_the_same_move_twice_is_one(both: tuple[Page, Page]) -> None:
    open_both(both, "/t/ANT/board/")
    for page in both:
        take(page, "Beta")
        with page.expect_response(lambda answer: answer.request.method == "POST"):
            page.keyboard.press("]")
        expect(page.locator(".lane[aria-label='In progress'] .card")).to_have_count(1)
    assert Item.objects.get(number=2).category == Category.DOING
    assert Change.objects.filter(name="item.moved").count() == 1


def test_a_card_that_was_removed_meanwhile_is_not_moved(both: tuple[Page, Page], complaints: list[str]) -> None:
    bo, cy = both
    open_both(both, "/t/ANT/board/")
    bo.goto("/t/ANT/items/2/")
    bo.get_by_role("button", name="Remove this item").click()
    told(bo, "ANT-2 is removed.")
    take(cy, "Beta")
    cy.keyboard.press("]")
    told(cy, "ANT-2 was removed. Bring it back first.")
    expect(cy.locator(".card", has_text="Beta")).to_have_count(0)
    assert Item.objects.get(number=2).removed_at is not None


def test_the_order_of_a_stale_value_sheet(both: tuple[Page, Page], world: World, live: LiveServer) -> None:
    """Both say next to which item: the second order is put into the first, and nothing else moves."""
    bo, other = both
    live.sign_in(other, world.people["bo"])
    open_both(both, "/t/ANT/backlog/")
    now = "section[aria-label='Now'] tr[data-row]"
    bo.locator(now).nth(2).focus()
    bo.keyboard.press("Alt+ArrowUp")
    told(bo, "Three now stands before Two.")
    assert "Two" in other.locator(now).nth(1).inner_text(), "the other sheet is stale"
    other.locator(now).nth(1).focus()
    other.keyboard.press("Alt+ArrowUp")
    told(other, "Two now stands before One.")
    expect(other.locator(now).nth(1)).to_contain_text("One")
    titles = [item.title for item in Item.objects.filter(title__in=["One", "Two", "Three"]).in_order()]
    assert titles == ["Two", "One", "Three"]
    assert [line.split("\n")[0] for line in other.locator(f"{now} .ttl").all_inner_texts()] == titles


def test_a_bet_that_both_change_is_said(both: tuple[Page, Page], complaints: list[str]) -> None:
    bo, cy = both
    open_both(both, f"/t/ANT/bets/{Bet.objects.earliest('pk').pk}/")
    bo.get_by_label("High").fill("5")
    bo.get_by_role("button", name="Change the bet").click()
    told(bo, "is changed.")
    cy.get_by_label("High").fill("9")
    cy.get_by_role("button", name="Change the bet").click()
    expect(cy.get_by_text("Bo Berg changed this meanwhile to “5.0”.")).to_be_visible()
    complaints.clear()  # the refused form
