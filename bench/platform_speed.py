"""What a request costs: the board, the backlog, writes, search, with 1,000 and 10,000 items.

    python bench/platform_speed.py [FOLDER] [--requests 200] [--only sqlite] [--small 1000] [--large 10000]
        [--work search board]

Fills a data folder of its own (FOLDER, which other programs of this folder read, is not needed), starts the real
`headway serve` with its worker, on SQLite and on PostgreSQL, and sends signed-in requests of 20 people over kept
connections, 1 and 16 in flight. Prints for each kind of work the processor time of all processes together, the
database's too (not this client's), the time on the clock, SQL queries and bytes on the wire. With BENCH_JSON set the
figures at 10,000 items are written to that file.
"""

import argparse
import gzip
import json
import os
import re
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlencode, urljoin

import brotli
import psutil

TOOLS = Path(__file__).resolve().parent.parent / "tools"
HEADWAY = Path(sys.executable).with_name("headway")
HOST = "127.0.0.1"
Sent = tuple[int, bytes, int]  # status, body as it came, all bytes on the wire
PEOPLE = 20
KEPT_S = 3.0  # the server closes a connection that was idle for five seconds
SPRINT_ITEMS = 60
PRICED = 30
SYLLABLES = "ba co di fe gu ha jo ki la me no pu ra se ti vo".split()  # noqa: SIM905
#: Some four thousand made-up words; texts take the n-th of them 1/n as often as the first, as languages do.
WORDS = [a + b + c for a in SYLLABLES for b in SYLLABLES for c in SYLLABLES]
AIMS = {"board": 6, "backlog": 10, "create": 6, "move": 5, "reorder": 5, "burnup": 3, "search": 5}
NAMES = {
    "board": "board, 60 cards, nothing new",
    "board_new": "  … the first after somebody's move",
    "backlog": "backlog, first page, nothing new",
    "backlog_new": "  … the first after somebody's move",
    "create": "create an item (htmx)",
    "move": "move a card (htmx)",
    "reorder": "reorder the backlog (htmx)",
    "burnup": "burn-up figures",
    "burnup_new": "  … the first after somebody's move",
    "search": "text search (as one types)",
    "search_page": "  … as a whole page",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?")
    parser.add_argument("--requests", type=int, default=200, help="of each kind, one at a time and again 16 at once")
    parser.add_argument("--only", choices=["sqlite", "postgresql"])
    parser.add_argument("--small", type=int, default=1_000)
    parser.add_argument("--large", type=int, default=10_000)
    parser.add_argument("--work", nargs="+", choices=NAMES, help="only these kinds")
    parser.add_argument("--fill", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--count", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.fill:
        fill([("SML", given.small), ("BIG", given.large)])
        return
    if given.count:
        count_queries()
        return
    noise = [fixed_loop() for _ in range(9)]
    found = {}
    for vendor in ["sqlite", "postgresql"]:
        if given.only in {None, vendor}:
            found[vendor] = measure(vendor, given)
    noise += [fixed_loop() for _ in range(9)]
    print(
        f"\nNoise of the machine: a fixed loop took {1e3 * min(noise):.0f} to {1e3 * max(noise):.0f} ms of processor, "
        f"median {1e3 * statistics.median(noise):.0f}: a figure above may be off by a factor of "
        f"{max(noise) / min(noise):.2f}."
    )
    if path := os.environ.get("BENCH_JSON"):
        Path(path).write_text(json.dumps(document(found), indent=2))
        print(f"Written to {path}")


def fixed_loop() -> float:
    began = time.process_time()
    total = 0
    for number in range(1_500_000):
        total += number % 7
    return time.process_time() - began


# What one database gave


@dataclass
class Cost:
    """One kind of work: processor time of all processes, clock, queries, bytes of the answer."""

    cpu_ms: float
    p50_ms: float
    p99_ms: float
    bytes: int
    queries: int | None = None


@dataclass
class Figures:
    """`costs` by team, number in flight and kind; memory as the sum of proportional shares."""

    costs: dict[tuple[str, int, str], Cost] = field(default_factory=dict)
    memory_mb: float = 0.0
    memory_parts: str = ""
    database_mb: float = 0.0
    first_start_s: float = 0.0
    start_s: float = 0.0
    first_visit: int = 0
    next_page: int = 0


def document(found: dict[str, Figures]) -> dict[str, object]:
    made: dict[str, object] = {}
    for vendor, figures in found.items():
        kinds = {kind for _team, _flight, kind in figures.costs}
        made[vendor] = {
            kind: {**vars(figures.costs["BIG", 1, kind]), "cpu_ms_at_1000": figures.costs["SML", 1, kind].cpu_ms}
            for kind in NAMES
            if kind in kinds
        }
    leading = next(iter(found.values()))
    return made | {
        "memory_mb": round(leading.memory_mb, 1),
        "start_s": round(leading.start_s, 2),
        "first_visit_bytes": leading.first_visit,
        "next_page_bytes": leading.next_page,
    }


def measure(vendor: str, given: argparse.Namespace) -> Figures:
    figures = Figures()
    with tempfile.TemporaryDirectory(prefix="headway-bench-") as folder, database(vendor) as (address, postmaster):
        environment = {key: text for key, text in os.environ.items() if not key.startswith("HEADWAY_")}
        environment |= {"HEADWAY_DATA": folder, "DJANGO_SETTINGS_MODULE": "headway.settings"}
        environment.pop("DATABASE_URL", None)
        if address:
            environment["DATABASE_URL"] = address
        with serving(environment) as (_server, _port, seconds):
            figures.first_start_s = seconds  # it makes the database and hashes the static files
        sizes = ["--small", str(given.small), "--large", str(given.large)]
        filled = own(environment, "--fill", *sizes)
        people = json.loads(filled)
        with serving(environment, cookie=people["sessions"][0]) as (server, port, seconds):
            figures.start_s = seconds
            clients = [Client(port, key) for key in people["sessions"]]
            for team in ["SML", "BIG"]:
                work = Work(clients, team, people[team])
                for kind in given.work or work.kinds():
                    # A first answer after a change is one at a time by its nature; the small team is the comparison.
                    for flight in [1] if kind.endswith("_new") or team == "SML" else [1, 16]:
                        processes = [psutil.Process(pid) for pid in (server, postmaster) if pid]
                        figures.costs[team, flight, kind] = run(work, kind, flight, given.requests, processes)
            figures.first_visit, figures.next_page = first_visit(clients[0])
            figures.memory_mb, figures.memory_parts = memory_of(psutil.Process(server))
            if postmaster:
                figures.database_mb = memory_of(psutil.Process(postmaster))[0]
        counted = json.loads(own(environment, "--count"))
        for (_team, _flight, kind), cost in figures.costs.items():
            cost.queries = counted.get(kind)
    tell(vendor, figures, given)
    return figures


def tell(vendor: str, figures: Figures, given: argparse.Namespace) -> None:
    head = f"{given.small:,} → {given.large:,} items"
    print(f"\n{vendor}: processor ms of all processes per request, one at a time\n")
    print(f"{'':44}{head:>22}{'aim':>6}{'16 at once':>12}{'p50':>8}{'p99':>8}{'SQL':>6}{'bytes':>9}")
    for kind, name in NAMES.items():
        if ("BIG", 1, kind) not in figures.costs:
            continue
        small, large = figures.costs["SML", 1, kind], figures.costs["BIG", 1, kind]
        many = figures.costs.get(("BIG", 16, kind))
        aim = AIMS.get(kind, "")
        sql = "" if large.queries is None else large.queries
        print(
            f"{name:44}{f'{small.cpu_ms:.1f} → {large.cpu_ms:.1f}':>22}{aim:>6}"
            f"{f'{many.cpu_ms:.1f}' if many else '':>12}{large.p50_ms:>8.1f}"
            f"{large.p99_ms:>8.1f}{sql:>6}{large.bytes:>9,}"
        )
    print(f"memory of all processes after load: {figures.memory_mb:.0f} MB ({figures.memory_parts}); aim 160")
    if figures.database_mb:
        print(f"memory of the database server: {figures.database_mb:.0f} MB")
    print(
        f"start to the first board: {figures.start_s:.2f} s; aim 2 (with an empty folder {figures.first_start_s:.2f})"
    )
    print(f"first visit {figures.first_visit:,} bytes; aim 60,000 · next page {figures.next_page:,}; aim 12,000")


@contextmanager
def database(vendor: str) -> Iterator[tuple[str, int]]:
    """Yield the address of a database and the id of its leading process; nothing for SQLite."""
    if vendor == "sqlite":
        yield "", 0
        return
    sys.path.insert(0, str(TOOLS))
    import postgres

    # Production keeps what it acknowledged: what that costs the processor belongs into the figures.
    postgres.SETTINGS |= {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on", "autovacuum": "on"}
    with postgres.server() as address:
        socket_folder = re.search(r"@([^/]+)/", address)
        assert socket_folder
        folder = Path(socket_folder[1].replace("%2F", "/"))
        yield address, int((folder / "data" / "postmaster.pid").read_text().split()[0])


def own(environment: dict[str, str], *arguments: str) -> str:
    """Run this program again with Django set up for the database in `environment`; return what it prints."""
    command = [sys.executable, __file__, *arguments]
    return subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE, text=True).stdout


@contextmanager
def serving(environment: dict[str, str], cookie: str = "") -> Iterator[tuple[int, int, float]]:
    """Start `headway serve`; yield its process id, its port and the seconds to the first page."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port = probe.getsockname()[1]
    began = time.perf_counter()
    with tempfile.TemporaryFile() as log:  # written as anywhere, and kept from between the figures
        process = subprocess.Popen(
            [HEADWAY, "serve", "--port", str(port)],
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=log,
            start_new_session=True,
        )
    try:
        page = "/t/BIG/board/" if cookie else "/sign-in/"
        while True:
            try:
                status = Client(port, cookie).ask("GET", page)[0]
                break
            except (ConnectionRefusedError, ConnectionResetError):
                if process.poll() is not None:
                    raise SystemExit("headway serve ended") from None
                time.sleep(0.01)
        if status not in {200, 302}:
            raise SystemExit(f"{page} answered {status}")
        yield process.pid, port, time.perf_counter() - began
    finally:
        process.terminate()
        process.wait(15)


class Client:
    """One signed-in person on one kept connection, spending as little as it can."""

    def __init__(self, port: int, session: str) -> None:
        self.port, self.session, self.token = port, session, ""
        self._file: socket.SocketIO | None = None
        self._socket: socket.socket | None = None
        self._used = 0.0

    def ask(self, method: str, path: str, body: dict[str, object] | None = None, page: str = "") -> Sent:
        """Return status, body as sent, and all bytes that came over the wire."""
        if self._socket is None or time.monotonic() - self._used > KEPT_S:
            self._socket = socket.create_connection((HOST, self.port))
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._file = self._socket.makefile("rb")
        lines = [f"{method} {path} HTTP/1.1", f"Host: {HOST}:{self.port}", "Accept-Encoding: gzip, deflate, br"]
        lines += ["Accept: text/html", "Accept-Language: en", "User-Agent: bench"]
        lines += [f"Cookie: sessionid={self.session}; csrftoken={self.token}"]
        data = urlencode(body or {}).encode()
        if page:
            lines += ["HX-Request: true", f"HX-Current-URL: http://{HOST}:{self.port}{page}"]
        if method == "POST":
            lines += [f"X-CSRFToken: {self.token}", "Content-Type: application/x-www-form-urlencoded"]
            lines += [f"Content-Length: {len(data)}"]
        self._socket.sendall("\r\n".join([*lines, "", ""]).encode() + data)
        self._used = time.monotonic()
        return self._read()

    def _read(self) -> Sent:
        file = self._file
        assert file is not None
        status_line = file.readline()
        if not status_line:
            raise ConnectionResetError
        size, headers = len(status_line), {}
        while (line := file.readline()) not in {b"\r\n", b""}:
            size += len(line)
            name, _, text = line.decode("latin-1").partition(":")
            headers[name.lower()] = text.strip()
        self.headers = headers
        if cookie := re.search(r"csrftoken=(\w+)", headers.get("set-cookie", "")):
            self.token = cookie[1]
        if headers.get("transfer-encoding") == "chunked":
            body = b""
            while length := int(file.readline(), 16):
                body += file.read(length)
                file.readline()
            file.readline()
        else:
            body = file.read(int(headers.get("content-length", 0)))
        return int(status_line.split()[1]), body, size + len(body)

    def text(self, path: str) -> str:
        status, body, _size = self.ask("GET", path)
        if status != 200:
            raise SystemExit(f"{path} answered {status}")
        return self.unpacked(body)

    def unpacked(self, body: bytes) -> str:
        """Return the text of the last answer."""
        unpack = {"gzip": gzip.decompress, "br": brotli.decompress}.get(self.headers.get("content-encoding", ""), bytes)
        return unpack(body).decode()


# The work


Act = Callable[[Client, int], Sent]


class Work:
    """The kinds of work on one team. Each is a function of a client and a counter that goes up."""

    def __init__(self, clients: Sequence[Client], team: str, of_team: dict[str, list[int]]) -> None:
        self.board, self.backlog = f"/t/{team}/board/", f"/t/{team}/backlog/"
        self.items = f"/t/{team}/items/"
        self.team, self.clients = team, clients
        self.columns, self.sprint_items, self.open = of_team["columns"], of_team["sprint"], of_team["open"]
        self.place: dict[int, int] = {}
        self.lock = threading.Lock()
        self.sent = 0
        for client in clients:
            client.text(self.board)
            client.text(self.backlog)
            client.ask("GET", "/")

    def kinds(self) -> dict[str, Act]:
        return {
            "board": lambda client, n: client.ask("GET", self.board),
            "board_new": lambda client, n: client.ask("GET", self.board),
            "backlog": lambda client, n: client.ask("GET", self.backlog),
            "backlog_new": lambda client, n: client.ask("GET", self.backlog),
            "burnup": lambda client, n: client.ask("GET", self.board + "beside/", page=self.board),
            "burnup_new": lambda client, n: client.ask("GET", self.board + "beside/", page=self.board),
            "search": lambda client, n: client.ask("GET", "/search/?" + urlencode({"q": sought(n)}), page="/search/"),
            "search_page": lambda client, n: client.ask("GET", "/search/?" + urlencode({"q": sought(n)})),
            "move": self.move,
            "reorder": self.reorder,
            "create": self.create,
        }

    def move(self, client: Client, n: int) -> Sent:
        """Move a card to the next column and round again, as the board's script does."""
        with self.lock:
            number = self.sprint_items[n % len(self.sprint_items)]
            to = self.place[number] = (self.place.get(number, 0) + 1) % len(self.columns)
        return client.ask("POST", f"{self.items}{number}/column/", {"column": self.columns[to]}, page=self.board)

    def reorder(self, client: Client, n: int) -> Sent:
        """Put an item of the first page before another one."""
        number, other = self.open[(7 * n) % 100], self.open[(7 * n + 31) % 100]
        return client.ask("POST", f"{self.items}{number}/rank/", {"before": other}, page=self.backlog)

    def create(self, client: Client, n: int) -> Sent:
        given = {"title": f"Made by the bench, {sought(n)} {n}", "kind": "story", "size": 3}
        return client.ask("POST", f"{self.items}new/", given, page=self.board)


def sought(n: int) -> str:
    """Return the beginning of a frequent word and a rarer whole one, other ones each time."""
    return f"{WORDS[10 + n % 50][:5]} {WORDS[60 + n * 7 % 200]}"


def expect_ok(kind: str, answer: Sent) -> Sent:
    if answer[0] not in {200, 204}:
        raise SystemExit(f"{kind} answered {answer[0]}: {answer[1][:300]!r}")
    return answer


def run(work: Work, kind: str, flight: int, requests: int, processes: Sequence[psutil.Process]) -> Cost:
    """Send `requests` of a kind in all, `flight` at once; people take turns. The first tenth is to warm up."""
    act, clients = work.kinds()[kind], work.clients
    counter = iter(range(work.sent, work.sent + 10 * requests))
    for n in (next(counter) for _ in range(max(PEOPLE, requests // 10))):
        expect_ok(kind, act(clients[n % PEOPLE], n))
    times: list[float] = []
    sizes: list[int] = []
    spent = 0

    def one(client: Client) -> None:
        n = next(counter)
        began = time.perf_counter()
        answer = expect_ok(kind, act(client, n))
        times.append(1e3 * (time.perf_counter() - began))
        sizes.append(answer[2])

    if kind.endswith("_new"):
        for turn in range(requests):
            expect_ok("move", work.move(clients[turn % PEOPLE], turn))
            before = processor_ns(processes)
            one(clients[(turn + 1) % PEOPLE])
            spent += since(before, processor_ns(processes))
    elif flight == 1:
        before = processor_ns(processes)
        for turn in range(requests):
            one(clients[turn % PEOPLE])
        spent = since(before, processor_ns(processes))
    else:
        before = processor_ns(processes)
        failed: list[BaseException] = []

        def many(client: Client) -> None:
            try:
                for _ in range(requests // flight):
                    one(client)
            except BaseException as error:
                failed.append(error)

        threads = [threading.Thread(target=many, args=[client]) for client in clients[:flight]]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if failed:
            raise failed[0]
        spent = since(before, processor_ns(processes))
    work.sent = next(counter)
    times.sort()
    return Cost(
        cpu_ms=round(spent / 1e6 / len(times), 2),
        p50_ms=round(statistics.median(times), 2),
        p99_ms=round(times[int(0.99 * (len(times) - 1))], 2),
        bytes=round(statistics.mean(sizes)),
    )


def processor_ns(roots: Sequence[psutil.Process]) -> dict[tuple[int, str], int]:
    """Return what each thread of these processes and of their children has computed so far [ns].

    The kernel's own count: the one in hundredths of a second is too coarse for a single request.
    """
    found = {}
    for process in family(roots):
        with suppress(FileNotFoundError):  # a process may end meanwhile, as PostgreSQL's do
            for thread in Path(f"/proc/{process.pid}/task").iterdir():
                with suppress(FileNotFoundError):
                    found[process.pid, thread.name] = int((thread / "schedstat").read_text().split()[0])
    return found


def since(before: dict[tuple[int, str], int], after: dict[tuple[int, str], int]) -> int:
    return sum(spent - before.get(thread, 0) for thread, spent in after.items())


def family(roots: Sequence[psutil.Process]) -> list[psutil.Process]:
    return [process for root in roots for process in [root, *root.children(recursive=True)]]


def memory_of(root: psutil.Process) -> tuple[float, str]:
    """Return the proportional memory of a process with its children [MB], and the parts."""
    parts = [process.memory_full_info().pss / 1e6 for process in family([root])]
    return sum(parts), " + ".join(f"{part:.0f}" for part in parts)


def first_visit(client: Client) -> tuple[int, int]:
    """Return what a first visit to the board brings over the wire without fonts, and what the next page does.

    Followed is what the page links, and what the scripts then ask for: imports, and the behaviours that it names. (The
    palette is fetched by whoever reaches for it; headway/web/static/js/palette-door.js.) The browser has kept by the
    next page all that was marked to be kept.
    """
    page = client.text("/t/BIG/board/")
    total = client.ask("GET", "/t/BIG/board/")[2]
    behaviours = {name for names in re.findall(r'data-behaviour="([^"]+)"', page) for name in names.split()}
    wanted = re.findall(r'<(?:link|script)[^>]+?(?:href|src)="([^"]+)"', page)
    todo = [address for address in wanted if not address.endswith((".woff2", "/"))]
    seen: set[str] = set()
    while todo:
        address = todo.pop()
        if address in seen:
            continue
        seen.add(address)
        _status, body, size = client.ask("GET", address)
        total += size
        if address.endswith(".js"):
            text = client.unpacked(body)
            behind = re.findall(r'\bfrom "(\./[^"]+\.js)"', text)
            late = re.findall(r'"([\w-]+)": \(\) => import\("(\./[^"]+\.js)"\)', text)
            behind += [module for name, module in late if name in behaviours]
            todo += [urljoin(address, module) for module in behind]
    return total, client.ask("GET", "/t/BIG/items/1/")[2]


def count_queries() -> None:
    """Print the SQL queries of each kind, counted in this process on the database that was measured."""
    import django

    django.setup()
    from django.conf import settings
    from django.contrib.sessions.models import Session
    from django.db import connection
    from django.test import Client as InProcess
    from django.test.utils import CaptureQueriesContext

    settings.ALLOWED_HOSTS = ["*"]
    from headway.scrum.models import Item, Sprint

    client = InProcess()
    client.cookies["sessionid"] = Session.objects.order_by("expire_date").first().pk
    sprint = Sprint.objects.get(team__key="BIG", closed_at=None)
    card = sprint.items.first()
    columns = list(sprint.team.columns.values_list("pk", flat=True))
    open_items = list(Item.objects.open().filter(team__key="BIG", sprint=None).in_order()[:20])
    board, backlog = "/t/BIG/board/", "/t/BIG/backlog/"

    def post(path, given, page):  # type: ignore[no-untyped-def]
        return client.post(path, given, headers={"HX-Request": "true", "HX-Current-URL": f"http://testserver{page}"})

    others = [column for column in columns if column != card.column_id]
    kinds = {
        "board": lambda: client.get(board),
        "board_new": lambda: client.get(board),
        "backlog": lambda: client.get(backlog),
        "backlog_new": lambda: client.get(backlog),
        "burnup": lambda: client.get(board + "beside/"),
        "burnup_new": lambda: client.get(board + "beside/"),
        "search": lambda: client.get("/search/", {"q": sought(7)}, headers={"HX-Request": "true"}),
        "search_page": lambda: client.get("/search/", {"q": sought(7)}),
        "move": lambda: post(f"/t/BIG/items/{card.number}/column/", {"column": others[0]}, board),
        "reorder": lambda: post(
            f"/t/BIG/items/{open_items[9].number}/rank/", {"before": open_items[4].number}, backlog
        ),
        "create": lambda: post("/t/BIG/items/new/", {"title": "Counted", "kind": "story", "size": 3}, board),
    }
    found = {}
    for kind, act in kinds.items():
        if not kind.endswith("_new"):
            act()
        if kind.endswith("_new"):
            from headway.people.actor import system_actor
            from headway.scrum.actions import move_item
            from headway.scrum.models import Column

            fresh = Item.objects.get(pk=card.pk)
            to = Column.objects.filter(team=sprint.team).exclude(pk=fresh.column_id).first()
            move_item(fresh, to=to, by=system_actor(sprint.team))
        if kind in {"move"}:
            others.reverse()
        if kind == "reorder":
            open_items[4], open_items[5] = open_items[5], open_items[4]
        with CaptureQueriesContext(
            connection,
        ) as caught:
            answer = act()
        if answer.status_code not in {200, 204}:
            raise SystemExit(f"{kind} answered {answer.status_code}")
        found[kind] = len(
            [
                q
                for q in caught.captured_queries
                if not (q["sql"] or "").startswith(("SAVEPOINT", "RELEASE", "BEGIN", "COMMIT"))
            ]
        )
    print(json.dumps(found))


def fill(teams: Sequence[tuple[str, int]]) -> None:
    """Make the company in the database of this environment and print its sessions, teams and items as JSON."""
    sys.path.insert(0, str(Path(__file__).parent))
    from parts import company

    print(json.dumps(company.make(teams, people=PEOPLE, in_sprint=SPRINT_ITEMS, priced=PRICED, words=WORDS)))


if __name__ == "__main__":
    main()
