"""kill -9 under load: is every write that was answered still there, and is none half done?

make kill                                  100 times on SQLite, 100 times on PostgreSQL
python bench/kill.py --times 10 --database sqlite

Starts the real programme, lets several people create items, move cards and measure over HTTP, kills every process of it
at a moment that nobody chose, starts it again and looks. Every fourth time on PostgreSQL all processes of the database
server are killed too. Ends with exit code 1 if a write was lost or is half done.

What this shows: a write is answered only after it is committed, and a commit is all of an action or nothing of it,
whatever dies. What it cannot show: a power cut. The operating system keeps what a killed process has written; only
`synchronous=FULL` (SQLite) and `fsync` (PostgreSQL, on here) are for the disk.
"""

import argparse
import contextlib
import http.client
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import psutil

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "tools"))

HEADWAY = Path(sys.executable).with_name("headway")
WRITERS = 4
LOAD_SECONDS = (0.2, 1.2)  # of writing before each kill
CSRF = "k" * 32
COLUMNS = ("To do", "In progress", "Done")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--times", type=int, default=100, help="kills for each database")
    parser.add_argument("--database", choices=["sqlite", "postgresql"], action="append", help="only this one")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    results = [run(name, given.times, given.seed) for name in given.database or ["sqlite", "postgresql"]]
    print("\n| database | kills | of them the database's too | acknowledged writes | lost | half done | s |")
    print("|---|---|---|---|---|---|---|")
    for result in results:
        print(result.row())
    return 1 if any(result.lost or result.half_done or not result.acknowledged for result in results) else 0


@dataclass
class Result:
    database: str
    kills: int = 0
    server_kills: int = 0
    acknowledged: int = 0
    lost: int = 0
    half_done: int = 0
    seconds: float = 0
    kinds: Counter[str] = field(default_factory=Counter)

    def row(self) -> str:
        kinds = ", ".join(f"{count:,} {kind}" for kind, count in sorted(self.kinds.items()))
        return (
            f"| {self.database} | {self.kills} | {self.server_kills} | {self.acknowledged:,} ({kinds}) "
            f"| {self.lost} | {self.half_done} | {self.seconds:.0f} |"
        )


def run(name: str, times: int, seed: int) -> Result:
    """Kill one kind of installation so often; print each loss as it is found."""
    started = time.monotonic()
    result, chance = Result(name), random.Random(seed)
    with tempfile.TemporaryDirectory(prefix="headway-kill-", ignore_cleanup_errors=True) as folder:
        server = contextlib.nullcontext() if name == "sqlite" else _server(Path(folder))
        with server as postgresql:
            place = Place(Path(folder) / "data", postgresql.url if postgresql else "")
            writers = place.fill()
            for number in range(1, times + 1):
                _round(place, writers, chance, result, postgresql if number % 4 == 0 else None)
                if number % 10 == 0 or number == times:
                    print(
                        f"{name}: {number} kills, {result.acknowledged:,} acknowledged, "
                        f"{result.lost} lost, {result.half_done} half done",
                        flush=True,
                    )
    result.seconds = time.monotonic() - started
    return result


def _round(place: "Place", writers: list["Writer"], chance: random.Random, result: Result, server: Any) -> None:
    running = place.start()
    try:
        threads = [threading.Thread(target=writer.write, args=(running.port,)) for writer in writers]
        for thread in threads:
            thread.start()
        _wait_for_first(writers)
        time.sleep(chance.uniform(*LOAD_SECONDS))
        if server is not None:
            server.kill()
            result.server_kills += 1
    finally:
        running.kill()
    result.kills += 1
    for thread in threads:
        thread.join()
    if server is not None:
        server.start()
    seen = place.look(writers)
    for writer in writers:
        result.acknowledged += len(writer.told)
        result.kinds.update(kind for kind, _subject, _value in writer.told)
    for told in seen["lost"]:
        print("LOST:", told, flush=True)
    for told in seen["half_done"]:
        print("HALF DONE:", told, flush=True)
    result.lost += len(seen["lost"])
    result.half_done += len(seen["half_done"])
    for writer in writers:
        writer.begin_anew()


def _wait_for_first(writers: list["Writer"]) -> None:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline and not all(writer.told for writer in writers):
        time.sleep(0.02)


# Those who write


@dataclass
class Writer:
    """One person at work. Each has items of their own, so that the last one who wrote is known."""

    number: int
    session: str
    key_result: int
    columns: dict[str, int]
    rest: str = ""  # what stands in every cookie beside the session
    told: list[tuple[str, Any, Any]] = field(default_factory=list)  # acknowledged since the last look
    under_way: tuple[str, Any, Any] | None = None
    stands: dict[int, str] = field(default_factory=dict)  # item number → column, as acknowledged
    made: int = 0
    troubles: Counter[str] = field(default_factory=Counter)

    def write(self, port: int) -> None:
        """Write until nobody answers."""
        chance = random.Random(f"{self.number} {self.made}")
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        with contextlib.suppress(OSError, http.client.HTTPException):
            while True:
                self._one(connection, chance)

    def begin_anew(self) -> None:
        """Forget what was looked at; what was under way has happened or not, and is in nobody's way."""
        if self.under_way and self.under_way[0] == "moved":
            self.stands.pop(self.under_way[1])
        self.told, self.under_way = [], None

    def _one(self, connection: http.client.HTTPConnection, chance: random.Random) -> None:
        self.made += 1
        what = chance.choices(["created", "moved", "measured"], [4, 5, 3])[0]
        if what == "moved" and self.stands:
            number = chance.choice(list(self.stands))
            to = chance.choice([name for name in COLUMNS if name != self.stands[number]])
            self.under_way = ("moved", number, to)
            self._post(connection, f"/t/KIL/items/{number}/column/", {"column": self.columns[to]})
            self.stands[number] = to
        elif what == "measured":
            value = self.number * 1_000_000 + self.made
            self.under_way = ("measured", self.key_result, value)
            self._post(connection, f"/okrs/{self.key_result}/measure/", {"value": value, "on": time.strftime("%F")})
        else:
            title = f"Item {self.made} of writer {self.number}"
            self.under_way = ("created", title, None)
            went = self._post(connection, "/t/KIL/items/new/", {"title": title, "kind": "story"})
            found = re.search(r"/items/(\d+)/", went)
            if found is None:
                raise SystemExit(f"created, but sent to {went!r}")
            self.stands[int(found[1])] = COLUMNS[0]
        self.told.append(self.under_way)
        self.under_way = None

    def _post(self, connection: http.client.HTTPConnection, path: str, form: dict[str, Any]) -> str:
        """Send a form; return where the answer leads. Anything but a redirect or a page is no acknowledgement."""
        headers = {
            "Cookie": f"sessionid={self.session}; csrftoken={CSRF}",
            "X-CSRFToken": CSRF,
            "Content-Type": "application/x-www-form-urlencoded",
        }
        connection.request("POST", path, urlencode(form), headers)
        answer = connection.getresponse()
        body = answer.read()
        if answer.status >= 500:
            raise http.client.HTTPException(str(answer.status))  # the database is gone: not acknowledged
        if answer.status not in {200, 302, 303} or b"sign-in" in (answer.headers.get("Location") or "").encode():
            print(f"refused: {path} {answer.status} {body[:300]!r}", file=sys.stderr, flush=True)
            os._exit(2)
        return answer.headers.get("Location") or ""


# What is killed


@dataclass
class Running:
    process: subprocess.Popen[str]
    port: int

    def kill(self) -> None:
        """kill -9 the programme and everything it started, at once."""
        family = [psutil.Process(self.process.pid)]
        family += family[0].children(recursive=True)
        for member in family:
            with contextlib.suppress(psutil.NoSuchProcess):
                os.kill(member.pid, signal.SIGKILL)
        self.process.communicate()
        _wait_for_end(family)


@dataclass
class Place:
    """The installation under test."""

    data: Path
    url: str

    @property
    def environment(self) -> dict[str, str]:
        own = {name: value for name, value in os.environ.items() if not name.startswith(("HEADWAY_", "DJANGO_"))}
        return own | {
            "HEADWAY_DATA": str(self.data),
            "DATABASE_URL": self.url,
            "DJANGO_SETTINGS_MODULE": "headway.settings",
            "PYTHONPATH": str(ROOT),
        }

    def start(self) -> Running:
        """Start `headway serve` and return when it answers."""
        process = subprocess.Popen(
            [HEADWAY, "serve", "--port", "0"],
            env=self.environment,
            cwd=self.data.parent,
            stdout=subprocess.PIPE,
            stderr=(self.data.parent / "log").open("a"),
            text=True,
        )
        try:
            return Running(process, self._port_of(process))
        except BaseException:
            process.kill()
            raise

    def _port_of(self, process: subprocess.Popen[str]) -> int:
        """Return the port when something answers there. Exits where nothing does."""
        assert process.stdout
        for line in process.stdout:
            if found := re.search(r"http://\S+", line):
                break
        else:
            raise SystemExit(f"it did not start again:\n{(self.data.parent / 'log').read_text()[-3000:]}")
        port = urlsplit(found[0]).port or 80
        threading.Thread(target=process.stdout.read, daemon=True).start()
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            with contextlib.suppress(OSError, http.client.HTTPException):
                connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
                connection.request("GET", "/healthz")
                if connection.getresponse().status == 200:
                    return port
            time.sleep(0.02)
        raise SystemExit("it started, and does not answer")

    def fill(self) -> list[Writer]:
        """Make an organisation with a team, its people at work, and what they write to."""
        self.data.mkdir()
        told = self._python("fill", WRITERS)
        return [Writer(**each) for each in told]

    def look(self, writers: list[Writer]) -> dict[str, list[str]]:
        """Say what is lost of what was acknowledged, and what is half done; the installation does not run."""
        return self._python(
            "look",
            [
                {"told": writer.told, "under_way": writer.under_way, "stands": list(writer.stands.items())}
                for writer in writers
            ],
        )

    def _python(self, function: str, given: Any) -> Any:
        import json

        code = (
            f"import sys, json, bench.kill_inside as inside; print(json.dumps(inside.{function}(json.load(sys.stdin))))"
        )
        done = subprocess.run(
            [sys.executable, "-c", code],
            env=self.environment,
            cwd=self.data.parent,
            input=json.dumps(given),
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise SystemExit(done.stderr)
        return json.loads(done.stdout)


class Server:
    """A PostgreSQL server that keeps its promises (fsync on), and can be killed."""

    def __init__(self, folder: Path) -> None:
        import postgres

        self._postgres = postgres
        self._folder = folder / "postgresql"
        self._folder.mkdir()
        self._package, self._runs_as = postgres.PACKAGE, dict[str, Any]()
        if os.geteuid() == 0:
            folder.chmod(0o755)
            self._package, self._runs_as = postgres._as_nobody(self._folder)
        self._programme = self._package / "pginstall18" / "bin"
        self._data = self._folder / "cluster"
        initdb = [self._programme / "initdb", "-D", self._data, "-U", "headway", "-A", "trust", "-E", "UTF8", "-N"]
        postgres._run(initdb, self._runs_as)
        self.url = f"postgres://headway@{quote(str(self._folder), safe='')}/postgres"

    def start(self) -> None:
        options = f"-c listen_addresses='' -c max_connections=60 -c shared_buffers=32MB -k {self._folder}"
        control: list[str | Path] = [
            self._programme / "pg_ctl",
            "-D",
            self._data,
            "-w",
            "-s",
            "-l",
            self._folder / "log",
        ]
        self._postgres._run([*control, "-o", options, "start"], self._runs_as, log=self._folder / "log")

    def kill(self) -> None:
        """kill -9 the postmaster and every process of it."""
        master = psutil.Process(int((self._data / "postmaster.pid").read_text().split()[0]))
        family = [master, *master.children(recursive=True)]
        for member in family:
            with contextlib.suppress(psutil.NoSuchProcess):
                member.kill()
        _wait_for_end(family)
        # A dead process that nobody reaped still has its number, and a new server would take it for alive.
        for lock in (self._data / "postmaster.pid", self._folder / ".s.PGSQL.5432.lock"):
            lock.unlink(missing_ok=True)


def _wait_for_end(family: list[psutil.Process]) -> None:
    """Return when all are dead; who is left unreaped by its new parent is dead too."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        alive = False
        for member in family:
            with contextlib.suppress(psutil.NoSuchProcess):
                alive = alive or member.status() != psutil.STATUS_ZOMBIE
        if not alive:
            return
        time.sleep(0.01)
    raise SystemExit("a killed process is still there")


@contextlib.contextmanager
def _server(folder: Path) -> Iterator[Server]:
    server = Server(folder)
    server.start()
    try:
        yield server
    finally:
        server.kill()
        shutil.rmtree(server._folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
