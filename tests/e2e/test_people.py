"""From a link to the last day: somebody is invited, comes, gets a role handed, and leaves; in two browsers."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from headway.people.models import Role, TeamRole
from tests.browser import LiveServer
from tests.world import PASSWORD, World, make_item, make_world

pytestmark = pytest.mark.e2e


@pytest.fixture
def world(live: LiveServer) -> World:
    return make_world()


def told(page: Page, text: str) -> None:
    expect(page.locator(".toasts")).to_contain_text(text)


def test_invited_come_promoted_gone(
    open_page: Callable[..., Page], live: LiveServer, world: World, complaints: list[str]
) -> None:
    ana, fay = open_page(), open_page()
    live.sign_in(ana, world.people["ana"])

    # Ana makes the link, by keyboard.
    ana.goto("/t/ANT/people/")
    ana.get_by_role("link", name="Invite people").press("Enter")
    ana.get_by_label("Name", exact=True).fill("Fay Fox")
    ana.get_by_role("group", name="Roles in Ant").get_by_label("Developer").check()
    ana.get_by_role("button", name="Make the link").press("Enter")
    address = ana.get_by_label("Link", exact=True).input_value()

    # Fay comes with it.
    fay.goto(address)
    expect(fay.get_by_role("heading", name="Join Northwind")).to_be_visible()
    fay.get_by_label("E-mail").fill("fay@x.example")
    fay.get_by_label("Password").fill(PASSWORD)
    fay.get_by_role("button", name="Join", exact=True).press("Enter")
    told(fay, "Welcome to Northwind.")
    fay.goto("/t/ANT/board/")
    expect(fay.get_by_role("heading", level=1)).to_be_visible()

    # Bo's role changes hands at one stroke, and Fay may order the backlog.
    ana.goto("/t/ANT/people/hand-over/")
    ana.get_by_label("Role", exact=True).select_option(label="Product Owner · Bo Berg")
    ana.get_by_label("Hand it to").select_option(label="Fay Fox")
    ana.get_by_role("button", name="Hand it over").press("Enter")
    told(ana, "Fay Fox is Product Owner now.")
    owner = TeamRole.objects.get(team=world.team, role=Role.PRODUCT_OWNER)
    assert owner.person.name == "Fay Fox"

    # She leaves: what she holds goes to Cy, and her browser is out.
    item = make_item(world.team, "Two taps")
    item.assignees.add(owner.person)
    ana.goto("/settings/members/?q=Fay")
    ana.get_by_label("More about Fay Fox").click()
    ana.get_by_role("link", name="Deactivate").click()
    expect(ana.get_by_text("ANT-1 Two taps")).to_be_visible()
    ana.get_by_label("All of this goes to").select_option(label="Cy Cole")
    ana.get_by_role("button", name="Deactivate").press("Enter")
    told(ana, "One thing changed hands.")
    fay.goto("/t/ANT/board/")
    fay.wait_for_url("**/sign-in/**")
    complaints.clear()  # her open stream was closed
    assert list(item.assignees.all()) == [world.people["cy"]]

    # And back.
    ana.get_by_role("button", name="Undo").first.click()
    told(ana, "Taken back.")
    assert list(item.assignees.all()) == [owner.person]
