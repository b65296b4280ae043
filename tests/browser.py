"""The running programme and the real browser, as the journeys in tests/e2e use them (fixtures: conftest.py)."""

import os
import shutil
import socket
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from django.conf import settings
from django.test import Client

if TYPE_CHECKING:
    from playwright.sync_api import Page

AXE = Path(__file__).parent / "e2e" / "axe.min.js"
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
        deadline = time.monotonic() + 20
        while not self._server.started:
            if time.monotonic() > deadline or not self._thread.is_alive():
                raise RuntimeError("the live server did not start")
            time.sleep(0.02)

    def stop(self) -> None:
        """Return when its thread has ended."""
        self._server.should_exit = True
        self._thread.join(10)

    def sign_in(self, page: "Page", person: Any) -> None:
        """Give the page's browser a session of `person`, without the sign-in form."""
        client = Client()
        client.force_login(person)
        cookie = client.cookies[settings.SESSION_COOKIE_NAME]
        page.context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": self.url}])


def assert_accessible(page: "Page", *, include: str = "body") -> None:
    """Fail where axe-core finds a breach of WCAG 2.2 A or AA under the selector `include`.

    The script comes in by the debugger, as the page's own policy lets no foreign script in.
    """
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE.read_text() + ";undefined")
    found = page.evaluate(
        """selector => axe.run(selector === "body" ? document : document.querySelector(selector), {
            runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
            resultTypes: ["violations"],
        })""",
        include,
    )
    told = [
        f"{breach['id']} ({breach['impact']}): {breach['help']}\n"
        + "\n".join(f"    {node['html'][:160]}\n    {node['failureSummary']}" for node in breach["nodes"][:5])
        for breach in found["violations"]
    ]
    assert not told, f"{page.url} has breaches:\n" + "\n".join(told)
