"""`headway serve`, really started: in a process of its own, on a data folder and a database of its own."""

import itertools
import re
import signal
import socket
import sqlite3
import stat
import sys
import threading
import time
import urllib.request
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import quote, urljoin

import psutil
import pytest
from django.db import connection

from headway import serve
from headway.serve import Child
from tests.installation import BOTH_TAKE, Installation, complaints_in


def test_first_start_offers_a_link_for_the_first_administrator_and_later_ones_do_not(
    fresh_installation: Installation, tmp_path: Path
) -> None:
    first = fresh_installation.start()
    link = first.process.stdout and (first.process.stdout.readline() + first.process.stdout.readline())
    token = re.search(r"(http://\S+)", link or "")
    assert token, first.said
    path = token[1].removeprefix(first.url)
    status, body = first.get(path)
    assert status == 200
    assert "<form" in body
    assert first.get("/sign-in/")[0] == 200
    assert not complaints_in(first.stop())

    secret = tmp_path / "data" / "secret.key"
    assert stat.S_IMODE(secret.stat().st_mode) == 0o600
    kept = secret.read_text()

    fresh_installation.python(
        "from headway.people.actions import complete_setup\n"
        f"complete_setup({path.strip('/').split('/')[-1]!r}, organisation='Northwind', name='Ana',"
        " email='ana@northwind.example', password='a-long-enough-password')"
    )
    second = fresh_installation.start()
    status, _ = second.get("/sign-in/")
    assert status == 200
    rest = second.stop(signal.SIGINT)
    assert "/setup/" not in second.said + rest
    assert not complaints_in(rest)
    assert secret.read_text() == kept


def test_static_files_carry_their_hash_down_to_the_last_import(installation: Installation) -> None:
    server = installation.start()
    status, page = server.get("/sign-in/")
    assert status == 200
    todo = set(re.findall(r"(?:href|src)=\"(/static/[^\"]+)\"", page))
    seen: set[str] = set()
    while todo:
        path = todo.pop()
        seen.add(path)
        assert re.search(r"\.[0-9a-f]{12}\.\w+$", path), path
        with urllib.request.urlopen(server.url + path) as answer:
            assert "immutable" in answer.headers["Cache-Control"]
            body = answer.read()
        if path.endswith((".js", ".css")) and "/vendor/" not in path:  # those of others stand alone
            named = re.findall(rb"(?:from|import)\s*\(?[\"'](\.[^\"']+)[\"']|url\([\"']?([^\"'):#]+)", body)
            linked = {urljoin(path, (module or file).decode()) for module, file in named}
            todo |= {link for link in linked if link.startswith("/static/")} - seen
    assert {path.rsplit(".", 1)[1] for path in seen} >= {"css", "js", "woff2"}


def test_the_worker_does_what_is_asked_of_it(installation: Installation, tmp_path: Path) -> None:
    installation.environment["PYTHONPATH"] = str(Path(__file__).parents[1])
    installation.start()
    done = tmp_path / "done"
    installation.python(f"from tests.tasks import touch; touch.enqueue({str(done)!r})")
    deadline = time.monotonic() + 60
    while not done.exists():
        assert time.monotonic() < deadline, "no worker took the task"
        time.sleep(0.1)


def test_a_worker_is_started_for_a_task_again_where_it_dies_and_ends_with_the_server(
    installation: Installation, tmp_path: Path
) -> None:
    installation.environment["PYTHONPATH"] = str(Path(__file__).parents[1])
    server = installation.start()
    assert server.get("/readyz")[0] == 200
    assert psutil.Process(server.process.pid).children() == []
    installation.python(f"from tests.tasks import touch; touch.enqueue({str(tmp_path / 'done')!r})")
    worker = server.worker()
    worker.kill()
    worker.wait(5)
    second = server.worker()
    assert second.pid != worker.pid
    server.process.kill()
    psutil.wait_procs([second], timeout=60)  # it may be starting up just then
    assert not second.is_running()


def test_a_worker_with_nothing_to_do_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serve, "WORKER_STAYS", 0)
    idle = SimpleNamespace(running=True, running_task=False, _run_tasks=0)
    serve._end_when_idle(idle, threading.Event())  # type: ignore[arg-type]
    assert not idle.running


def test_a_worker_with_a_task_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    class Twice(threading.Event):
        looks = 0

        def wait(self, timeout: float | None = None) -> bool:
            self.looks += 1
            return self.looks > 2

    monkeypatch.setattr(serve, "WORKER_STAYS", 0)
    busy = SimpleNamespace(running=True, running_task=True, _run_tasks=0)
    serve._end_when_idle(busy, Twice())  # type: ignore[arg-type]
    assert busy.running


def test_a_request_under_way_is_answered_before_the_end(installation: Installation) -> None:
    server = installation.start()
    port = int(server.url.rsplit(":", 1)[1])
    server.get("/sign-in/")  # the first answer compiles templates, and the end waits three seconds only
    token = "a" * 32
    body = f"csrfmiddlewaretoken={token}&email=x".encode()
    head = (
        "POST /sign-in/ HTTP/1.1\r\nHost: localhost\r\n"
        f"Cookie: csrftoken={token}\r\n"
        "Content-Type: application/x-www-form-urlencoded\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", port), timeout=60) as open_request:
        open_request.sendall(head.encode() + body[:9])
        time.sleep(0.5)
        server.process.terminate()
        time.sleep(0.5)
        open_request.sendall(body[9:])
        assert open_request.recv(64).startswith(b"HTTP/1.1 4")
    server.process.communicate(timeout=BOTH_TAKE)
    assert server.process.returncode == 0


def test_a_stop_while_it_starts_is_no_failure(installation: Installation) -> None:
    server = installation.start()
    server.stop()  # it has just printed its address, and loads what serves
    again = installation.start()
    again.get("/healthz")
    again.stop(signal.SIGINT)


def test_a_taken_port_is_named(fresh_installation: Installation) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        refused = fresh_installation.run("serve", "--port", str(port))
    assert refused.returncode == 1
    assert f"Port {port}" in refused.stderr
    assert f"--port {port + 1}" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_a_data_folder_that_cannot_be_written_is_named(fresh_installation: Installation, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    fresh_installation.environment["HEADWAY_DATA"] = str(tmp_path / "file" / "data")
    for secret in ("", "given-to-it-and-long-enough-for-a-secret"):
        fresh_installation.environment["HEADWAY_SECRET_KEY"] = secret
        refused = fresh_installation.run("serve", "--port", "0")
        assert refused.returncode == 1
        assert f"The data folder {tmp_path / 'file' / 'data'} cannot be written" in refused.stderr
        assert "Traceback" not in refused.stderr


def test_a_database_of_a_newer_version_is_left_alone(installation: Installation) -> None:
    installation.python(
        "from django.db import connection\n"
        "from django.db.migrations.recorder import MigrationRecorder\n"
        "MigrationRecorder(connection).record_applied('people', '9999_of_the_future')"
    )
    refused = installation.run("serve", "--port", "0")
    assert refused.returncode == 1
    assert "people.9999_of_the_future" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_a_database_that_cannot_be_reached_is_named(fresh_installation: Installation, tmp_path: Path) -> None:
    if connection.vendor == "postgresql":
        fresh_installation.environment["DATABASE_URL"] = f"postgres://nobody@{quote(str(tmp_path), safe='')}/absent"
    else:
        (tmp_path / "data" / "headway.sqlite3").mkdir(parents=True)
    refused = fresh_installation.run("serve", "--port", "0")
    assert refused.returncode == 1
    assert "cannot be used" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_sqlite_keeps_what_it_acknowledged(installation: Installation, tmp_path: Path) -> None:
    if connection.vendor != "sqlite":
        assert connection.vendor == "postgresql"
        return
    with sqlite3.connect(tmp_path / "data" / "headway.sqlite3") as direct:
        assert direct.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    installation.python(
        "from django.db import connection\n"
        "with connection.cursor() as cursor:\n"
        "    assert cursor.execute('PRAGMA synchronous').fetchone() == (2,)\n"
        "    assert cursor.execute('PRAGMA foreign_keys').fetchone() == (1,)\n"
        "assert connection.transaction_mode == 'IMMEDIATE'"
    )


def test_a_child_that_keeps_ending_is_started_ever_more_slowly(tmp_path: Path) -> None:
    starts = tmp_path / "starts"
    code = f"import time; open({str(starts)!r}, 'a').write(f'{{time.monotonic()}}\\n')"
    child = Child([sys.executable, "-c", code], first_wait=0.2, longest_wait=0.8)
    child.start()
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and not (starts.exists() and len(starts.read_text().split()) >= 4):
        time.sleep(0.05)
    child.begin_stop()
    child.wait()
    at = [float(line) for line in starts.read_text().split()]
    waits = [later - earlier for earlier, later in itertools.pairwise(at)]
    assert len(waits) >= 3
    assert waits[0] >= 0.2
    assert waits[1] >= 0.4
    assert waits[2] >= 0.8


def test_a_child_runs_when_it_is_needed(tmp_path: Path) -> None:
    needed, starts = threading.Event(), tmp_path / "starts"

    def take_need() -> bool:
        was_set = needed.is_set()
        needed.clear()
        return was_set

    child = Child([sys.executable, "-c", f"open({str(starts)!r}, 'a').write('x')"], is_needed=take_need)
    child.start()
    for count in (1, 2):
        assert not needed.is_set()
        needed.set()
        deadline = time.monotonic() + 60
        while not starts.exists() or len(starts.read_text()) < count:
            assert time.monotonic() < deadline, "it was not started"
            time.sleep(0.02)
    child.begin_stop()
    child.wait()
    assert starts.read_text() == "xx"


def test_a_child_that_will_not_end_is_killed(tmp_path: Path) -> None:
    ready = tmp_path / "ready"
    code = (
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        f"open({str(ready)!r}, 'w').close(); time.sleep(60)"
    )
    child = Child([sys.executable, "-c", code])
    child.start()
    while not ready.exists():
        time.sleep(0.02)
    asked = time.monotonic()
    child.begin_stop()
    child.wait()
    assert time.monotonic() - asked < BOTH_TAKE
