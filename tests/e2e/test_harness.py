"""What the journeys stand on notices what it is for."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from tests.browser import LiveServer, assert_accessible
from tests.world import make_world

if TYPE_CHECKING:
    from playwright.sync_api import Page, Route

pytestmark = pytest.mark.e2e


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_sign_in_page_opens_without_a_complaint(open_page: "Callable[..., Page]", theme: str) -> None:
    page = open_page(color_scheme=theme)
    answer = page.goto("/sign-in/")
    assert answer is not None
    assert answer.status == 200
    assert_accessible(page)


def test_a_session_is_given_without_the_form(page: "Page", live: LiveServer) -> None:
    live.sign_in(page, make_world().people["ana"])
    page.goto("/sign-in/")
    assert "/sign-in/" not in page.url


def test_a_barrier_is_noticed(page: "Page") -> None:
    page.goto("/sign-in/")
    page.evaluate("document.querySelector('main').append(document.createElement('button'))")
    with pytest.raises(AssertionError, match="button-name"):
        assert_accessible(page)


def test_a_breach_of_the_policy_is_noticed(page: "Page", complaints: list[str]) -> None:
    def add_inline_script(route: "Route") -> None:
        answer = route.fetch()
        route.fulfill(response=answer, body=answer.text().replace("</head>", "<script>1</script></head>"))

    page.route("**/sign-in/", add_inline_script)
    with page.expect_console_message(lambda message: "Content Security Policy" in message.text):
        page.goto("/sign-in/")
    assert any("Content Security Policy" in complaint for complaint in complaints), complaints
    complaints.clear()


def test_an_exception_in_a_script_is_noticed(page: "Page", complaints: list[str]) -> None:
    page.goto("/sign-in/")
    with page.expect_event("pageerror"):
        page.evaluate("setTimeout(() => { throw new Error('a fault') })")
    assert any("a fault" in complaint for complaint in complaints)
    complaints.clear()
