"""The running programme and the real browser, as the journeys in tests/e2e use them (fixtures: conftest.py)."""

import os
import re
import shutil
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from django.conf import settings
from django.test import Client

from headway.live import hub

if TYPE_CHECKING:
    from playwright.sync_api import Page

AXE = Path(__file__).parent / "e2e" / "axe.min.js"
# What htmx is fetching or putting in just now.
UNDER_WAY = ".htmx-request, .htmx-swapping, .htmx-settling"
# Colours are measured when nothing moves any more and the letters are the page's own.
AT_REST = """async () => {
  await document.fonts.ready;
  const ends = (one) => one.playState === "running" && Number.isFinite(one.effect.getComputedTiming().endTime);
  await Promise.allSettled(document.getAnimations().filter(ends).map((animation) => animation.finished));
}"""
EXAMINE = """async (selector) => (await axe.run(
  selector === "body" ? document : document.querySelector(selector),
  {
    runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    resultTypes: ["violations"],
  },
)).violations"""
# How it is told that the page which was asked has given way to another.
GONE = ("Execution context was destroyed", "axe is not defined", "navigat", "Cannot find context")
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
BROWSER_ARGUMENTS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def chromium() -> str:
    """Return the path of the system's Chromium; fail the test, never skip it, where there is none."""
    path = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, BROWSERS)), None)
    if path is None:
        pytest.fail("These tests need Chromium: run them by `make test`, or name it in CHROMIUM.")
    return path


class LiveServer:
    """The programme as `headway serve` runs it, on the test database, in a thread of this process."""

    def __init__(self) -> None:
        import uvicorn

        from headway.asgi import application

        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        config = uvicorn.Config(application, log_level="warning", lifespan="off", timeout_graceful_shutdown=3)
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": [self._socket]}, daemon=True)

    def start(self) -> None:
        """Return when it answers."""
        self._thread.start()
        deadline = time.monotonic() + 60
        while not self._server.started:
            if time.monotonic() > deadline or not self._thread.is_alive():
                raise RuntimeError("the live server did not start")
            time.sleep(0.02)

    def stop(self) -> None:
        """Return when its thread has ended."""
        self._server.should_exit = True
        self._thread.join(10)

    def stop_listening(self) -> None:
        """Let requests under way end, and then what hands on Changes to the streams of a test that is over.

        They would ask a database that pytest-django has shut by then, die of it, and tell the next test nothing; or
        write into the tables of the next test.
        """
        deadline = time.monotonic() + 10  # whoever holds a stream open beyond the test is not waited for
        while self._server.server_state.tasks and time.monotonic() < deadline:
            time.sleep(0.01)
        for listening in list(hub._running):
            listening.stop()
        for thread in threading.enumerate():
            if thread.name == "live hub":
                thread.join(10)

    def sign_in(self, page: "Page", person: Any) -> None:
        """Give the page's browser a session of `person`, without the sign-in form."""
        client = Client()
        client.force_login(person)
        cookie = client.cookies[settings.SESSION_COOKIE_NAME]
        page.context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": self.url}])


def slow_down(page: "Page", latency: int) -> None:
    """Let every answer come `latency` ms late and the page reckon four times as slowly, as on a loaded machine."""
    session = page.context.new_cdp_session(page)
    session.send("Emulation.setCPUThrottlingRate", {"rate": 4})
    session.send("Network.enable")
    conditions = {"offline": False, "latency": latency, "downloadThroughput": -1, "uploadThroughput": -1}
    session.send("Network.emulateNetworkConditions", conditions)


def ready(page: "Page") -> None:
    """Wait until the document is loaded, its behaviours are bound, and no part of it is being fetched or swapped.

    It looks at the page that is open now. After a click that leads elsewhere wait for the address first (`arrive`).
    """
    from playwright.sync_api import expect

    page.wait_for_load_state("load")
    expect(page.locator("html[data-bound]")).to_be_attached()
    expect(page.locator(UNDER_WAY)).to_have_count(0)


def patient(page: "Page") -> "Page":
    """Let `goto` and `reload` return when the page hears keys and clicks, not already when it is drawn."""
    for name in ("goto", "reload"):
        setattr(page, name, _and_ready(page, getattr(page, name)))
    return page


def _and_ready(page: "Page", go: Callable[..., Any]) -> Callable[..., Any]:
    def gone(*arguments: Any, **options: Any) -> Any:
        answer = go(*arguments, **options)
        if page.locator("script[src*='js/main']").count():
            ready(page)
        return answer

    return gone


def arrive(page: "Page", address: str) -> None:
    """Wait until the page is at an address (a pattern) and hears keys there."""
    from playwright.sync_api import expect

    expect(page).to_have_url(re.compile(address))
    ready(page)


def assert_accessible(page: "Page", *, include: str = "body") -> None:
    """Fail where axe-core finds a breach of WCAG 2.2 A or AA under the selector `include`.

    Where the page goes away meanwhile, the one that comes is examined instead.
    """
    told = [
        f"{breach['id']} ({breach['impact']}): {breach['help']}\n"
        + "\n".join(f"    {node['html'][:160]}\n    {node['failureSummary']}" for node in breach["nodes"][:5])
        for breach in _breaches(page, include)
    ]
    assert not told, f"{page.url} has breaches:\n" + "\n".join(told)


def _breaches(page: "Page", include: str, tries: int = 5) -> list[dict[str, Any]]:
    from playwright.sync_api import Error

    page.wait_for_load_state("load")
    page.locator(include).first.wait_for(state="attached")
    try:
        page.evaluate(AT_REST)
        # The script comes in by the debugger, as the page's own policy lets no foreign script in.
        if not page.evaluate("'axe' in window"):
            page.evaluate(AXE.read_text() + ";undefined")
        return page.evaluate(EXAMINE, include)
    except Error as error:
        if tries == 1 or not any(told in str(error) for told in GONE):
            raise
    return _breaches(page, include, tries - 1)
