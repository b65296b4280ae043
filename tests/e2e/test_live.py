"""Two browsers: what one person does is on the other's screen, and what they are at stays theirs."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from headway.scrum.actions import add_items_to_sprint
from tests.browser import LiveServer
from tests.world import World, make_item, make_sprint, make_world

pytestmark = pytest.mark.e2e


@pytest.fixture
def world(live: LiveServer) -> World:
    world = make_world()
    sprint = make_sprint(world.team, goal="Repeat in one tap")
    titles = ("Alpha", "Beta", "Gamma")
    add_items_to_sprint([make_item(world.team, title) for title in titles], sprint, by=world.ana)
    return world


@pytest.fixture
def both(open_page: Callable[..., Page], live: LiveServer, world: World) -> tuple[Page, Page]:
    """Return Bo's page and Cy's, each in a browser of its own."""
    bo, cy = open_page(), open_page()
    live.sign_in(bo, world.people["bo"])
    live.sign_in(cy, world.people["cy"])
    return bo, cy


def open_both(both: tuple[Page, Page], address: str) -> None:
    for page in both:
        page.goto(address)
        connected(page)


def connected(page: Page) -> None:
    expect(page.locator(".live-bar[data-connected]")).to_be_attached()


def lane(page: Page, name: str) -> list[str]:
    return page.locator(f".lane[aria-label='{name}'] .card .ttl").all_inner_texts()


def has_in(page: Page, lane: str, *titles: str) -> None:
    expect(page.locator(f".lane[aria-label='{lane}'] .card .ttl")).to_have_text([*titles])


def move_right(page: Page, title: str) -> None:
    page.locator(".card", has_text=title).focus()
    page.keyboard.press("]")


def test_a_card_moved_in_one_browser_appears_in_the_other(both: tuple[Page, Page]) -> None:
    bo, cy = both
    open_both(both, "/t/ANT/board/")
    move_right(bo, "Alpha")
    expect(cy.locator(".lane[aria-label='In progress'] .card", has_text="Alpha")).to_be_visible()
    has_in(cy, "To do", "Beta", "Gamma")
    expect(cy.locator(".live-bar [data-said]")).to_contain_text("Bo Berg changed")
    # A form in a part that came over the stream is of this browser's session.
    cy.locator(".card", has_text="Alpha").focus()
    cy.keyboard.press("]")
    expect(bo.locator(".lane[aria-label='Done'] .card", has_text="Alpha")).to_be_visible()


def test_focus_menu_scroll_and_what_is_typed_stay(both: tuple[Page, Page], world: World, live: LiveServer) -> None:
    bo, cy = both
    open_both(both, "/t/ANT/board/")
    cy.locator(".card", has_text="Gamma").focus()
    cy.locator(".card", has_text="Beta").locator("summary").click()
    cy.locator(".card", has_text="Gamma").focus()
    cy.locator(".card", has_text="Beta").locator("details").evaluate("menu => { menu.open = true; }")
    move_right(bo, "Alpha")
    expect(cy.locator(".lane[aria-label='In progress'] .card", has_text="Alpha")).to_be_visible()
    expect(cy.locator(".card", has_text="Gamma")).to_be_focused()
    expect(cy.locator(".card", has_text="Beta").locator("details")).to_have_attribute("open", "")

    # What is typed waits for its end; what was typed and left stays.
    open_both(both, "/t/ANT/sprints/")
    goal = bo.get_by_label("Sprint Goal")
    goal.fill("Half a sen")
    live.sign_in(cy, world.people["ana"])
    cy.goto("/t/ANT/sprints/1/")
    cy.get_by_label("Sprint Goal").fill("Another goal")
    cy.get_by_role("button", name="Save").click()
    expect(cy.locator(".toasts [data-toast]").first).to_be_visible()
    bo.wait_for_timeout(500)  # it must not come, and what does not come cannot be waited for
    row = bo.locator("tbody tr").first
    assert "Repeat in one tap" in row.inner_text(), "it waits while somebody writes"
    expect(goal).to_be_focused()
    bo.locator("h1").click()
    expect(row).to_contain_text("Another goal")
    expect(goal).to_have_value("Half a sen")


def test_a_pushed_form_belongs_to_its_own_session(both: tuple[Page, Page]) -> None:
    """The same bytes go to both; each browser puts its own token into them."""
    bo, cy = both
    open_both(both, "/t/ANT/board/")
    move_right(bo, "Alpha")
    card = cy.locator(".card", has_text="Alpha")
    expect(cy.locator(".lane[aria-label='In progress'] .card", has_text="Alpha")).to_be_visible()
    assert card.locator("input[name=csrfmiddlewaretoken]").first.input_value() != ""
    card.hover()
    card.locator("summary").click()
    card.get_by_role("button", name="Done").click()
    expect(bo.locator(".lane[aria-label='Done'] .card", has_text="Alpha")).to_be_visible()
    # Without htmx, as a plain form: only the token in its field counts.
    bo.locator(".card", has_text="Alpha").locator("form").first.evaluate(
        """form => {
          for (const name of form.getAttributeNames()) if (name.startsWith("hx-")) form.removeAttribute(name);
          form.replaceWith(form.cloneNode(true));
        }"""
    )
    bo.locator(".card", has_text="Alpha").hover()
    bo.locator(".card", has_text="Alpha").locator("summary").click()
    with bo.expect_navigation():
        bo.locator(".card", has_text="Alpha").get_by_role("button", name="In progress").click()
    expect(cy.locator(".lane[aria-label='In progress'] .card", has_text="Alpha")).to_be_visible()


def test_after_a_cut_both_agree(both: tuple[Page, Page], complaints: list[str]) -> None:
    bo, cy = both
    open_both(both, "/t/ANT/board/")
    cy.context.set_offline(True)
    expect(cy.get_by_text("Not connected")).to_be_visible()
    move_right(bo, "Alpha")
    bo.locator(".toasts", has_text="ANT-1 is in").wait_for()
    # What cannot be sent is said, and stays where it was.
    move_right(cy, "Beta")
    expect(cy.locator(".toasts")).to_contain_text("That did not work")
    has_in(cy, "To do", "Alpha", "Beta", "Gamma")
    move_right(bo, "Alpha")
    expect(bo.locator(".toasts")).to_contain_text("ANT-1 is in “Done”")
    cy.wait_for_timeout(4000)
    cy.context.set_offline(False)
    expect(cy.locator(".lane[aria-label='Done'] .card", has_text="Alpha")).to_be_visible()
    expect(cy.get_by_text("Not connected")).to_be_hidden()
    for name in ("To do", "In progress", "Done"):
        has_in(cy, name, *lane(bo, name))
    complaints.clear()  # of the network that was gone


def test_who_else_is_here(both: tuple[Page, Page]) -> None:
    bo, cy = both
    open_both(both, "/t/ANT/board/")
    expect(bo.locator("[data-watching]")).to_have_text("CC")
    expect(cy.locator("[data-watching] [aria-label='Bo Berg']")).to_be_visible()
    cy.goto("/t/ANT/backlog/")
    expect(bo.locator("[data-watching]")).to_be_hidden()


def test_a_costly_page_offers_to_be_loaded_again(both: tuple[Page, Page]) -> None:
    bo, cy = both
    open_both(both, "/t/ANT/board/")
    cy.goto("/t/ANT/report/")
    connected(cy)
    move_right(bo, "Alpha")
    cy.get_by_role("button", name="Show it").click()
    expect(cy.locator("main")).to_contain_text("Alpha")
    expect(cy.get_by_role("button", name="Show it")).to_be_hidden()


def test_who_is_deactivated_is_shown_out(
    both: tuple[Page, Page], world: World, live: LiveServer, complaints: list[str]
) -> None:
    from headway.people.actions import deactivate_member
    from headway.people.models import Membership

    bo, cy = both
    open_both(both, "/t/ANT/board/")
    deactivate_member(Membership.objects.get(person=world.people["cy"]), by=world.ana)
    expect(cy.get_by_text("You are signed out here")).to_be_visible()
    move_right(bo, "Alpha")
    expect(bo.locator(".lane[aria-label='In progress'] .card", has_text="Alpha")).to_be_visible()
    has_in(cy, "To do", "Alpha", "Beta", "Gamma")
    complaints.clear()  # the refused stream
