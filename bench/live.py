"""How soon a card that one person moves is in the page of 200 others.

    python bench/live.py [--watchers 200] [--moves 25] [--postgres] [--processes 1]

Fills a data folder of its own, starts the real `headway serve` and opens a board of 60 cards: one in Chromium, the
others as plain connections that read the same stream, by 20 people with four kinds of rights. One person moves cards.
Measured from the start of the POST to where the page changes: in Chromium to the mutation of its lanes, in a plain
connection to the last byte of what is new of the lanes, unpacked. With more processes they share one database, and the
watchers are spread over them.
"""

import argparse
import asyncio
import json
import multiprocessing
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
import zlib
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import psutil

sys.path.insert(0, str(Path(__file__).parent))
from platform_speed import HOST, Client, Work, database, expect_ok, own, processor_ns, serving, since

BOARD = "/t/BIG/board/"
EVERY_S = 1.0
AIM_MS = 250
# Four kinds of rights, so that four kinds of partials are drawn.
MIX_RIGHTS = """
import django; django.setup()
from headway.people.models import Person, TeamRole
kinds = [{"developer", "product_owner"}, {"developer"}, {"scrum_master"}, {"stakeholder"}]
teams = set(TeamRole.objects.values_list("team_id", flat=True))
TeamRole.objects.all().delete()
TeamRole.objects.bulk_create(
    TeamRole(team_id=team_id, person=person, role=role)
    for place, person in enumerate(Person.objects.order_by("pk"))
    for team_id in teams
    for role in kinds[place % 4]
)
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--watchers", type=int, default=200)
    parser.add_argument("--moves", type=int, default=25)
    parser.add_argument("--postgres", action="store_true")
    parser.add_argument("--processes", type=int, default=1)
    given = parser.parse_args()
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="headway-bench-"))
        address, postmaster = stack.enter_context(database("postgresql" if given.postgres else "sqlite"))
        environment = {key: text for key, text in os.environ.items() if not key.startswith("HEADWAY_")}
        environment |= {"HEADWAY_DATA": folder, "DJANGO_SETTINGS_MODULE": "headway.settings"}
        environment.pop("DATABASE_URL", None)
        if address:
            environment["DATABASE_URL"] = address
        with serving(environment):
            pass  # it makes the database and hashes the static files
        people = json.loads(own(environment, "--fill", "--small", "60", "--large", "1000"))
        subprocess.run([sys.executable, "-c", MIX_RIGHTS], env=environment, check=True)
        servers = [
            stack.enter_context(serving(environment, cookie=people["sessions"][0])) for _ in range(given.processes)
        ]
        roots = [psutil.Process(pid) for pid in [*(server[0] for server in servers), postmaster] if pid]
        measure(given, people, [server[1] for server in servers], roots)


def measure(given: argparse.Namespace, people: Any, ports: Sequence[int], roots: Sequence[psutil.Process]) -> None:
    from playwright.sync_api import sync_playwright

    mover = Client(ports[0], people["sessions"][0])
    query, lanes = stream_of(mover.text(BOARD))
    work = Work([mover], "BIG", people["BIG"])
    mine, theirs = multiprocessing.Pipe()
    watching = multiprocessing.get_context("spawn").Process(
        target=watch, args=(theirs, list(ports), people["sessions"], query, lanes, given.watchers - 1)
    )
    watching.start()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            args=["--headless", "--no-sandbox", "--disable-gpu"], executable_path=chromium()
        )
        context = browser.new_context(base_url=f"http://{HOST}:{ports[-1]}")
        cookie = {"name": "sessionid", "value": people["sessions"][1], "url": f"http://{HOST}:{ports[-1]}"}
        context.add_cookies([cookie])  # type: ignore[list-item]
        page = context.new_page()
        page.goto(BOARD)
        page.locator(".live-bar[data-connected]").wait_for(state="attached")
        page.evaluate(
            """() => {
              window.changes = [];
              new MutationObserver(() => window.changes.push(performance.timeOrigin + performance.now()))
                .observe(document.getElementById("lanes"), { childList: true, subtree: true });
            }"""
        )
        assert mine.recv() == "connected"
        time.sleep(3)  # presence has been told
        work.move(mover, 0)  # the first one compiles templates
        time.sleep(2)
        chromes = [psutil.Process(process.pid) for process in psutil.process_iter(["name", "ppid"]) if is_ours(process)]
        before, own_before = processor_ns(roots), processor_ns([psutil.Process(watching.pid or 0)])
        chrome_before = processor_ns(chromes)
        posts: list[tuple[float, float]] = []
        for number in range(1, given.moves + 1):
            began = time.time()
            expect_ok("move", work.move(mover, number))
            # A card that stands there already moves nothing, and nobody is told.
            if "toasts" in mover.headers.get("hx-trigger", ""):
                posts.append((began, time.time()))
            time.sleep(max(0.0, began + EVERY_S - time.time()))
        time.sleep(1)
        spent = since(before, processor_ns(roots)) / 1e6
        chrome_spent = since(chrome_before, processor_ns(chromes)) / 1e6
        own_spent = since(own_before, processor_ns([psutil.Process(watching.pid or 0)])) / 1e6
        in_page = [at / 1000 for at in page.evaluate("window.changes")]
        browser.close()
    mine.send("stop")
    arrivals, drawn = mine.recv()
    watching.join(10)
    tell(given, posts, in_page, arrivals, drawn, (spent, own_spent, chrome_spent))


def tell(
    given: argparse.Namespace,
    posts: list[tuple[float, float]],
    in_page: list[float],
    arrivals: list[list[float]],
    drawn: int,
    spent: tuple[float, float, float],
) -> None:
    starts = [began for began, _end in posts]
    moves = len(posts)
    shown = latencies(starts, in_page)
    got = [late for one in arrivals for late in latencies(starts, one)]
    database_name = "PostgreSQL" if given.postgres else "SQLite"
    print(f"{given.watchers} watchers, {moves} moves, {database_name}, {given.processes} process(es)")
    print(f"  POST answered            {told([end - began for began, end in posts])}")
    print(f"  Chromium's page changed  {told(shown)}  ({len(shown)} of {moves} seen)")
    print(f"  bytes at the other {len(arrivals)}   {told(got)}  ({len(got)} of {moves * len(arrivals)} arrived)")
    print(
        f"  drawn per move           {drawn / given.moves:.1f} (lanes and what stands beside them, 4 kinds of rights)"
    )
    server, clients, chrome = (ms / moves for ms in spent)
    print(f"  processor ms per move    server and database {server:.0f}, clients {clients:.0f}, Chromium {chrome:.0f}")
    worst = max(quantile(shown, 0.99), quantile(got, 0.99)) * 1000
    print(f"  p99 {worst:.0f} ms; aim {AIM_MS} ms: {'met' if worst <= AIM_MS else 'MISSED'}")


def latencies(starts: list[float], seen: list[float]) -> list[float]:
    """Return for each POST the seconds until the first change that was seen after it."""
    return [min(at for at in seen if at >= began) - began for began in starts if any(at >= began for at in seen)]


def told(seconds: list[float]) -> str:
    return f"p50 {statistics.median(seconds) * 1000:5.0f} ms   p99 {quantile(seconds, 0.99) * 1000:5.0f} ms"


def quantile(seconds: Sequence[float], share: float) -> float:
    ordered = sorted(seconds)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def stream_of(page: str) -> tuple[str, str]:
    """Return the query of a board's stream, as its script would ask, and the name of its lanes."""
    regions = list(dict.fromkeys(re.findall(r'data-live="([^"]+)"', page)))
    after = re.search(r'data-after="(\d*)"', page)
    assert after
    lanes = next(name for name in regions if name.startswith(f"part:{BOARD}?"))
    return urlencode([("page", BOARD), ("after", after[1]), *(("r", name) for name in regions)]), lanes


def is_ours(process: Any) -> bool:
    """Say whether a process is a browser that this program has started."""
    try:
        parents = {parent.pid for parent in process.parents()}
        return os.getpid() in parents and "chrom" in process.name() and process.parent().name() not in {process.name()}
    except psutil.Error:
        return False


def chromium() -> str:
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
    from tests.browser import chromium as path

    return path()


# The plain watchers, in a process of their own


def watch(told: Connection, ports: list[int], sessions: list[str], query: str, lanes: str, count: int) -> None:
    asyncio.run(_watch(told, ports, sessions, query, lanes, count))


async def _watch(told: Connection, ports: list[int], sessions: list[str], query: str, lanes: str, count: int) -> None:
    numbers: set[tuple[int, int]] = set()
    watchers = [_Watcher(ports[n % len(ports)], sessions[n % len(sessions)], lanes, numbers) for n in range(count)]
    tasks = [asyncio.create_task(watcher.run(query)) for watcher in watchers]
    await asyncio.gather(*(watcher.is_connected.wait() for watcher in watchers))
    told.send("connected")
    while not told.poll():
        await asyncio.sleep(0.2)
    told.recv()
    for task in tasks:
        task.cancel()
    told.send(([watcher.arrivals for watcher in watchers], len(numbers)))


class _Watcher:
    """One stream, read as a browser does but for the page."""

    def __init__(self, port: int, session: str, lanes: str, numbers: set[tuple[int, int]]) -> None:
        self.port, self.session, self.numbers = port, session, numbers
        self.lanes = json.dumps(lanes).encode()
        self.is_connected = asyncio.Event()
        self.arrivals: list[float] = []

    async def run(self, query: str) -> None:
        reader, writer = await asyncio.open_connection(HOST, self.port, limit=2**22)
        writer.write(
            f"GET /live/?{query} HTTP/1.1\r\nHost: {HOST}:{self.port}\r\nAccept-Encoding: gzip\r\n"
            f"Cookie: sessionid={self.session}\r\n\r\n".encode()
        )
        head = await reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200"), head
        unpack, text = zlib.decompressobj(31), b""
        while True:
            size = int(await reader.readline(), 16)
            text += unpack.decompress(await reader.readexactly(size))
            await reader.readexactly(2)
            *events, text = text.split(b"\n\n")
            self._take(events)

    def _take(self, events: Iterable[bytes]) -> None:
        for event in events:
            if event.startswith(b"event: hello"):
                self.is_connected.set()
            elif event.startswith(b"event: part") and (found := re.search(rb'"at":("[^"]*"),"n":(\d+)', event)):
                self.numbers.add((self.port, int(found[2])))
                if found[1] == self.lanes:
                    self.arrivals.append(time.time())


if __name__ == "__main__":
    main()
