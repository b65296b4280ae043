"""What every test stands on: a data folder of its own, the database of DATABASE_URL, and a real browser."""

import logging
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from django.conf import settings
from django.core.signals import setting_changed
from django.test import TransactionTestCase
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings

from headway.lib.logs import Lines
from tests.browser import BROWSER_ARGUMENTS, LiveServer, chromium, patient, slow_down
from tests.emptying import empty_tables
from tests.installation import FirstStart, Installation, first_start, new_installation

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page

# Playwright's blocking interface runs a loop in our thread, and Django would refuse the database there.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"

TransactionTestCase._fixture_teardown = empty_tables

# A busy machine is no failure: speed is measured in bench/. CI runs the same examples each time.
hypothesis_settings.register_profile(
    "headway", deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=bool(os.environ.get("CI"))
)
hypothesis_settings.load_profile("headway")


#: how long a browser test waits for what is to come [ms]
PATIENCE = 30_000
#: shows which test does not wait for what it looks at: HEADWAY_TEST_LATENCY=400 pytest tests/e2e [ms]
LATENCY = int(os.environ.get("HEADWAY_TEST_LATENCY") or 0)


@pytest.fixture(scope="session", autouse=True)
def data_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give this process a data folder of its own: no test touches the one of a person."""
    folder = tmp_path_factory.mktemp("data")
    settings.DATA_DIR = folder
    settings.STATIC_ROOT = folder / "static"
    settings.STATIC_ROOT.mkdir()
    settings.STORAGES["default"]["OPTIONS"]["location"] = folder / "files"
    # A storage that a module asked for while the tests were collected would keep the folder of a person.
    setting_changed.send(sender=None, setting="STORAGES", value=settings.STORAGES, enter=True)
    return folder


@pytest.fixture(scope="session", autouse=True)
def _log_is_kept_from_the_console() -> None:
    """Nobody reads log lines between pytest's dots; pytest keeps them, and shows those of a test that failed."""
    settings.LOGGING_CONFIG = None  # the live server sets Django up once more
    root = logging.getLogger()
    for handler in [handler for handler in root.handlers if isinstance(handler, Lines)]:
        root.removeHandler(handler)


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    django_db_modify_db_settings_parallel_suffix: None, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Test SQLite on a real file, as people run it: in memory, threads share one connection and nothing ever waits.

    Connections close after each request, or PostgreSQL could not drop the test database.
    """
    database = settings.DATABASES["default"]
    database["CONN_MAX_AGE"] = 0
    if "sqlite3" in database["ENGINE"]:
        database["TEST"]["NAME"] = str(tmp_path_factory.mktemp("database") / "test.sqlite3")


@pytest.fixture(scope="session")
def _live_server() -> Iterator[LiveServer]:
    settings.WHITENOISE_USE_FINDERS = settings.WHITENOISE_AUTOREFRESH = True
    server = LiveServer()
    server.start()
    yield server
    server.stop()


@pytest.fixture
def live(transactional_db: None, _live_server: LiveServer) -> Iterator[LiveServer]:
    """The running programme; `live.url` is its address. What a test writes is seen there, and gone afterwards."""
    yield _live_server
    _live_server.stop_listening()


@pytest.fixture(scope="session")
def browser() -> "Iterator[Browser]":
    """The system's Chromium."""
    from playwright.sync_api import expect, sync_playwright

    # A busy machine is no failure: what is to come may take its time.
    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=chromium(), args=BROWSER_ARGUMENTS)
        yield running
        running.close()


@pytest.fixture(scope="session")
def after_first_start(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FirstStart]:
    """What a first start leaves behind, made once: give copies of it to tests that are not about that start."""
    with first_start(tmp_path_factory.mktemp("first-start")) as made:
        yield made


@pytest.fixture
def fresh_installation(tmp_path: Path) -> Iterator[Installation]:
    """An installation that was never started, in processes of its own."""
    with new_installation(tmp_path) as made:
        yield made


@pytest.fixture
def installation(after_first_start: FirstStart, tmp_path: Path) -> Iterator[Installation]:
    """An empty installation that was started once, in processes of its own."""
    with new_installation(tmp_path, after_first_start) as made:
        yield made


@pytest.fixture
def complaints() -> list[str]:
    """What the browser complained of so far; a test that provokes an error says so by `complaints.clear()`."""
    return []


@pytest.fixture
def open_page(browser: "Browser", live: LiveServer, complaints: list[str]) -> "Iterator[Callable[..., Page]]":
    """Open a page in a browser context of its own: `open_page(color_scheme="dark", viewport=…)`.

    An error on the console, an exception in a script or a breach of the Content-Security-Policy (the browser
    reports it on the console) fails the test.
    """
    contexts: list[BrowserContext] = []

    def note(message: "ConsoleMessage") -> None:
        # What a script of the debugger does (axe sets style attributes) has no address; what a page does has one.
        url = message.location.get("url", "")
        # A stream is told so that its session is over; who signs out may see it before the page has gone.
        is_over = "/live/?" in url and "401" in message.text
        if message.type == "error" and url and not is_over:
            complaints.append(f"{message.text} ({url})")

    def listen(page: "Page") -> None:
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", note)

    def open_page(**options: Any) -> "Page":
        context = browser.new_context(base_url=live.url, **{"reduced_motion": "reduce", **options})
        context.set_default_timeout(PATIENCE)
        context.on("page", listen)
        contexts.append(context)
        page = context.new_page()
        if LATENCY:
            slow_down(page, LATENCY)
        return page if options.get("java_script_enabled") is False else patient(page)

    yield open_page
    for context in contexts:
        context.close()
    assert not complaints, "the browser complained:\n" + "\n".join(complaints)


@pytest.fixture
def page(open_page: "Callable[..., Page]") -> "Page":
    """One page at 1440 × 900, light."""
    return open_page(color_scheme="light", viewport={"width": 1440, "height": 900})
