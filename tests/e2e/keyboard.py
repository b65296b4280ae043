"""A person who has a keyboard and nothing else."""

from typing import TYPE_CHECKING

from playwright.sync_api import expect

from tests.browser import arrive, ready

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

MOST_TABS = 150

IS_IN_HAND = "element => element === document.activeElement"
IN_HAND = "() => document.activeElement.outerHTML.slice(0, 120)"


class Keyboard:
    """Does everything by `page.keyboard`: reaches a control by Tab, or a page by the keys that `?` lists."""

    def __init__(self, page: "Page") -> None:
        self.page = page

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def type(self, text: str) -> None:
        self.page.keyboard.type(text)

    def reach(self, control: "Locator") -> None:
        """Press Tab until the control has the focus; fail where it never comes."""
        expect(control).to_have_count(1)
        for _ in range(MOST_TABS):
            if control.evaluate(IS_IN_HAND):
                return
            self.press("Tab")
        raise AssertionError(f"{MOST_TABS} tabs do not reach {control}; in hand is {self.page.evaluate(IN_HAND)}")

    def fill(self, control: "Locator", text: str) -> None:
        self.reach(control)
        self.press("Control+a")
        self.type(text)
        expect(control).to_have_value(text)

    def choose(self, control: "Locator") -> None:
        """Follow a link, press a button, open a menu."""
        self.reach(control)
        self.press("Enter")

    def tick(self, control: "Locator") -> None:
        self.reach(control)
        self.press("Space")
        expect(control).to_be_checked()

    def go(self, address: str, *keys: str) -> None:
        """Press keys that lead to an address (a pattern), and wait until the page there hears keys."""
        self.ready()
        self.press(*keys)
        self.arrive(address)

    def arrive(self, address: str) -> None:
        arrive(self.page, address)

    def ready(self) -> None:
        """Wait until the behaviours of the page are bound, and nothing is under way."""
        ready(self.page)
