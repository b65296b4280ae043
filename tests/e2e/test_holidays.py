"""Holidays and the own place in a real browser: by keyboard, at every width, light and dark."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest

from headway.people import actions
from tests.browser import LiveServer, arrive, assert_accessible
from tests.world import make_world

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]


@pytest.mark.parametrize(("scheme", "width"), [("light", 1440), ("dark", 1024), ("light", 390), ("dark", 320)])
def test_holidays_are_added_and_read(
    live: LiveServer, open_page: Callable[..., Any], scheme: str, width: int, tmp_path: Any
) -> None:
    world = make_world()
    christmas = {"name": "Christmas", "first_on": dt.date(2030, 12, 24), "last_on": dt.date(2030, 12, 26)}
    actions.add_holiday(world.organisation, by=world.ana, is_yearly=True, **christmas)
    page = open_page(color_scheme=scheme, viewport={"width": width, "height": 900})
    live.sign_in(page, world.people["ana"])
    page.goto("/t/ANT/holidays/")
    page.get_by_label("Name").fill("Outing of the team")
    page.get_by_label("First day").fill("2030-07-01")
    page.keyboard.press("Enter")
    page.get_by_role("link", name="Outing of the team").wait_for()
    assert_accessible(page, include="main")
    page.screenshot(path=tmp_path / "holidays.png", full_page=True)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.get_by_role("link", name="Outing of the team").click()
    arrive(page, r"/settings/holidays/\d+/$")
    assert_accessible(page, include="main")
    page.goto("/settings/me/")
    assert_accessible(page, include="main")
    page.screenshot(path=tmp_path / "profile.png", full_page=True)
    page.goto("/settings/organisation/")
    assert_accessible(page, include="main")
    page.screenshot(path=tmp_path / "organisation.png", full_page=True)
