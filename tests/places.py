"""Installations in folders of their own, each with a database of its own, in which commands and code really run."""

import gzip
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from django.db import connection

from tests.installation import FirstStart

ROOT = Path(__file__).parent.parent
HEADWAY = Path(sys.executable).with_name("headway")
SETUP = "import os, json, django; django.setup()\n"


@dataclass
class Place:
    """An installation; `database` is its PostgreSQL address, or empty where SQLite lies in the data folder."""

    folder: Path
    database: str = ""
    now: str = ""

    @property
    def environment(self) -> dict[str, str]:
        own = {name: value for name, value in os.environ.items() if not name.startswith(("HEADWAY_", "DJANGO_"))}
        own |= {
            "DJANGO_SETTINGS_MODULE": "headway.settings",
            "HEADWAY_DATA": str(self.folder / "data"),
            "DATABASE_URL": self.database,
            "PYTHONPATH": str(ROOT),
        }
        if self.now:
            own |= {"HEADWAY_TEST_NOW": self.now, "HEADWAY_DEBUG": "1"}
        return own

    def run(self, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
        """Run a command of ours to its end."""
        return subprocess.run(
            [HEADWAY, *map(str, arguments)],
            env=self.environment,
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )

    def do(self, *arguments: str | Path) -> str:
        """Run a command that must succeed; return what it said."""
        done = self.run(*arguments)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def python(self, code: str) -> Any:
        """Run code with Django set up; return what it prints as JSON, if it prints anything."""
        done = subprocess.run(
            [sys.executable, "-c", SETUP + code],
            env=self.environment,
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return json.loads(done.stdout) if done.stdout.strip() else None


Places = Callable[..., Place]


@contextmanager
def places(folder: Path, after: FirstStart | None = None) -> Iterator[Places]:
    """Yield what makes a Place: `make("a")` of the kind that this run tests, `make("b", sqlite=True)` on SQLite.

    It is fresh (`make("c", fresh=True)`, and what is on SQLite though the run is not), or as it is `after` a first
    start.
    """
    made: list[str] = []

    def make(name: str, *, sqlite: bool = False, fresh: bool = False, now: str = "") -> Place:
        own = folder / name
        own.mkdir()
        first = None if fresh or (sqlite and connection.vendor != "sqlite") else after
        if first:
            first.copy_to(own / "data")
        if sqlite or connection.vendor == "sqlite":
            return Place(own, now=now)
        database = f"place_{os.getpid()}_{time.monotonic_ns()}"
        on_postgresql(f'CREATE DATABASE "{database}"' + (f' TEMPLATE "{first.database}"' if first else ""))
        made.append(database)
        given = connection.settings_dict
        return Place(own, f"postgres://{given['USER']}@{quote(given['HOST'], safe='')}/{database}", now=now)

    yield make
    for database in made:
        on_postgresql(f'DROP DATABASE "{database}" WITH (FORCE)')


def bring_back(release: Path, place: Place) -> None:
    """Put the database that an earlier release wrote into an empty place; `release` ends in `.sqlite.gz` or not."""
    content = gzip.decompress(release.read_bytes())
    if not place.database:
        (place.folder / "data").mkdir()
        (place.folder / "data" / "headway.sqlite3").write_bytes(content)
        return
    import psycopg

    with psycopg.connect(place.database, autocommit=True) as direct:
        direct.execute(content)


def on_postgresql(statement: str) -> None:
    """Run a statement on the server of this run, outside of any test's database."""
    import psycopg

    given = connection.settings_dict
    with psycopg.connect(host=given["HOST"], user=given["USER"], dbname="postgres", autocommit=True) as direct:
        direct.execute(statement)  # type: ignore[arg-type]
