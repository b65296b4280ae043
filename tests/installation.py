"""A real installation: the programme as people start it, on a data folder and a database of its own."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

import psutil
import pytest
from django.db import connection

HEADWAY = Path(sys.executable).with_name("headway")
# A stop takes five seconds at most; a busy machine takes longer for the same. What hangs never ends [s].
BOTH_TAKE = 20


@dataclass
class Installation:
    """An environment to run the programme in, and what runs there."""

    environment: dict[str, str]
    running: list[subprocess.Popen[str]] = field(default_factory=list)

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [HEADWAY, *arguments], env=self.environment, capture_output=True, text=True, timeout=180, check=False
        )

    def python(self, code: str) -> None:
        """Run code inside the installation, with Django set up."""
        setup = "import os, django; os.environ['DJANGO_SETTINGS_MODULE'] = 'headway.settings'; django.setup()\n"
        subprocess.run([sys.executable, "-c", setup + code], env=self.environment, check=True, timeout=180)

    def start(self) -> "Started":
        process = subprocess.Popen(
            [HEADWAY, "serve", "--port", "0"],
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.running.append(process)
        return Started(process)


class Started:
    """A running server; `said` is what it printed up to its first answer."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.said = ""
        assert process.stdout
        for line in process.stdout:
            self.said += line
            if found := re.search(r"is at (http://\S+)", line):
                self.url = found[1].rstrip("/")
                break
        else:
            pytest.fail(f"it did not start:\n{self.said}")

    def get(self, path: str) -> tuple[int, str]:
        browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())
        with browser.open(self.url + path, timeout=60) as answer:
            return answer.status, answer.read().decode()

    def worker(self) -> psutil.Process:
        """The worker process; waited for, as it starts after the address is printed."""
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            if children := psutil.Process(self.process.pid).children():
                return children[0]
            time.sleep(0.05)
        pytest.fail("no worker was started")

    def stop(self, by: signal.Signals = signal.SIGTERM) -> str:
        """Stop it, check the exit code and the time, return what else it said."""
        asked = time.monotonic()
        self.process.send_signal(by)
        rest, _ = self.process.communicate(timeout=2 * BOTH_TAKE)
        assert self.process.returncode == 0, rest
        assert time.monotonic() - asked < BOTH_TAKE
        return rest


@dataclass(frozen=True)
class FirstStart:
    """What a first start leaves behind: tables without rows, and static files. To be copied, never to be changed.

    `database` is its name on PostgreSQL, and empty where SQLite lies in the data folder.
    """

    data: Path
    database: str

    def copy_to(self, data: Path) -> None:
        """Copy all but the secret, which is each installation's own."""
        shutil.copytree(self.data, data, ignore=shutil.ignore_patterns("secret.key"))


@contextmanager
def first_start(folder: Path) -> Iterator[FirstStart]:
    """Start in a fresh installation as far as to the first request; it takes longer than most of what follows it."""
    with new_installation(folder) as made:
        made.python(
            "from headway.serve import prepare\nprepare()\nfrom django.db import connection\nconnection.close()"
        )
        database = made.environment["DATABASE_URL"].rpartition("/")[2]
        yield FirstStart(Path(made.environment["HEADWAY_DATA"]), database)


@contextmanager
def new_installation(folder: Path, after: FirstStart | None = None) -> Iterator[Installation]:
    """Make an installation on the kind of database that this run tests; `folder` / "data" holds its data.

    It is fresh, or as it is `after` a first start.
    """
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("HEADWAY_", "DJANGO_"))}
    environment |= {"HEADWAY_DATA": str(folder / "data"), "DATABASE_URL": ""}
    name = ""
    if connection.vendor == "postgresql":
        name = f"serve_{os.getpid()}_{time.monotonic_ns()}"
        _on_postgresql(f'CREATE DATABASE "{name}"' + (f' TEMPLATE "{after.database}"' if after else ""))
        given = connection.settings_dict
        environment["DATABASE_URL"] = f"postgres://{given['USER']}@{quote(given['HOST'], safe='')}/{name}"
    if after:
        after.copy_to(folder / "data")
    made = Installation(environment)
    yield made
    for process in made.running:
        if process.poll() is None:
            process.kill()
            process.communicate()
    if name:
        _on_postgresql(f'DROP DATABASE "{name}" WITH (FORCE)')


def complaints_in(log: str) -> list[str]:
    """The lines of a log that are no plain information."""
    return [line for line in log.splitlines() if json.loads(line)["level"] != "INFO"]


def _on_postgresql(statement: str) -> None:
    import psycopg

    given = connection.settings_dict
    with psycopg.connect(host=given["HOST"], user=given["USER"], dbname="postgres", autocommit=True) as direct:
        direct.execute(statement)  # type: ignore[arg-type]
