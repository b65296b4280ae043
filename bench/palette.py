"""How fast the palette opens and answers, in the system's Chromium against the running programme.

    python bench/palette.py [--items 10000] [--postgres]

Fills a data folder of its own with made-up items. "Opens" is the time from the key to the field that has the focus in
a list that is laid out; "answers" that from the last letter to what the server found standing in the list, the wait
for the next letter (70 ms) in it. Prints medians and the slowest of twenty-one.
"""

import argparse
import os
import random
import statistics
import subprocess
import sys
import tempfile
import threading
from contextlib import ExitStack
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ROUNDS = 21

OPENS = """() => {
  const start = performance.now();
  const pressed = { key: "k", ctrlKey: true, bubbles: true, cancelable: true };
  document.body.dispatchEvent(new KeyboardEvent("keydown", pressed));
  const dialog = document.querySelector("dialog.jump");
  dialog.getBoundingClientRect();  // laid out, too
  const spent = performance.now() - start;
  return document.activeElement === dialog.querySelector("input") ? spent : NaN;
}"""
ANSWERS = """(text) => new Promise((done) => {
  const field = document.querySelector("dialog.jump input");
  const list = document.querySelector("dialog.jump [role=listbox]");
  const start = performance.now();
  new MutationObserver((_records, observer) => {
    if (!list.querySelector("[data-id^=item-]")) return;
    observer.disconnect();
    done(performance.now() - start);
  }).observe(list, { childList: true, subtree: true });
  field.value = text;
  field.dispatchEvent(new InputEvent("input", { bubbles: true }));
})"""
ASKS = """async (text) => {
  const start = performance.now();
  await (await fetch(`${document.querySelector("dialog.jump").dataset.found}?q=${encodeURIComponent(text)}`)).json();
  return performance.now() - start;
}"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", help="not needed")
    parser.add_argument("--items", type=int, default=10_000)
    parser.add_argument("--postgres", action="store_true")
    given = parser.parse_args()
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        os.environ |= {
            "HEADWAY_DATA": folder,
            "DJANGO_SETTINGS_MODULE": "headway.settings",
            "DJANGO_ALLOW_ASYNC_UNSAFE": "1",  # Playwright runs a loop of its own in this thread
        }
        os.environ.pop("DATABASE_URL", None)
        sys.path[:0] = [str(ROOT), str(ROOT / "tools"), str(ROOT / "bench")]
        if given.postgres:
            import postgres

            os.environ["DATABASE_URL"] = stack.enter_context(postgres.server())
        quiet = {"check": True, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        for command in (["migrate"], ["collectstatic", "--noinput"]):
            subprocess.run([sys.executable, "-m", "django", *command], **quiet)  # type: ignore[call-overload]
        # Away from the main thread, whose loop is Playwright's.
        failed: list[BaseException] = []
        measuring = threading.Thread(target=lambda: _try(lambda: measure(given.items), failed))
        measuring.start()
        measuring.join()
        if failed:
            raise failed[0]


def measure(count: int) -> None:
    import django

    django.setup()
    from django.conf import settings
    from django.db import connection
    from parts import company
    from playwright.sync_api import sync_playwright

    from headway.scrum.models import Item
    from tests.browser import BROWSER_ARGUMENTS, LiveServer, chromium

    settings.ALLOWED_HOSTS = ["testserver", "127.0.0.1"]
    organisation, crew = company.make_crew(1, company.WORDS)
    team = company.make_team(organisation, "BEN", crew)
    company.make_key_results(team)
    open_items = count * 7 // 20
    items = company.items_of(
        team, to_do=open_items, done=count - open_items, words=company.WORDS, dice=random.Random(1)
    )
    Item.objects.bulk_create(items, batch_size=500)
    print(f"{connection.vendor}, {count:,} items")
    server = LiveServer()
    server.start()
    try:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium(), args=BROWSER_ARGUMENTS)
            page = browser.new_page()
            server.sign_in(page, crew[0])
            page.goto(f"{server.url}/settings/me/")
            page.wait_for_timeout(2_500)
            opened = []
            for _ in range(ROUNDS):
                opened.append(page.evaluate(OPENS))
                page.keyboard.press("Escape")
            tell("opens", opened)
            page.keyboard.press("Control+k")
            for text in ("harbour ticket", "ferr", "BEN-4711", "harbuor"):
                shown = []
                for _ in range(ROUNDS):
                    page.evaluate("""() => { const field = document.querySelector("dialog.jump input");
                      field.value = ""; field.dispatchEvent(new InputEvent("input", { bubbles: true })); }""")
                    shown.append(page.evaluate(ANSWERS, text))
                tell(f"answers “{text}”", shown)
                tell("  of it the request", [page.evaluate(ASKS, text) for _ in range(ROUNDS)])
            browser.close()
    finally:
        server.stop()


def tell(name: str, times: list[float]) -> None:
    print(f"  {name:30} median {statistics.median(times):6.1f} ms, slowest {max(times):6.1f} ms", flush=True)


def _try(act: object, failed: list[BaseException]) -> None:
    try:
        act()  # type: ignore[operator]
    except BaseException as error:
        failed.append(error)


if __name__ == "__main__":
    main()
