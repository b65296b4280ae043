"""Keep a database of this release, filled with the demonstration, for the tests of later releases.

python tools/make_release_dump.py 0.1.0 [--code FOLDER]

Writes `tests/upgrade/<release>.sqlite.gz`, the database as it lies on the disk, and
`tests/upgrade/<release>.postgresql.sql.gz`, statements that any driver can run. The days are fixed, so that the same
code makes the same content. `--code` names a checkout of another release than this one.
"""

import argparse
import gzip
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import postgres

ROOT = Path(__file__).parent.parent
FOLDER = ROOT / "tests" / "upgrade"
NOW = "2026-11-02T09:00:00+00:00"

# Runs inside the release: its own migrations, its own demonstration, and a row in each table that stayed empty.
FILL = """
import django
django.setup()
from django.apps import apps
from django.core.management import call_command
call_command("migrate", interactive=False, verbosity=0)
from headway.demo import actions
from headway.people.actor import system_actor
actions.load(by=system_actor(None))
if FILLING:
    exec(open(FILLING).read(), {})
ours = [model for model in apps.get_models(include_auto_created=True) if model.__module__.startswith("headway.")]
empty = [model._meta.label for model in ours if not model._base_manager.exists()]
print("Tables without a row:", ", ".join(empty) or "none")
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("release", help="its version, as in pyproject.toml")
    parser.add_argument("--code", type=Path, default=ROOT, help="folder of that release's code")
    parser.add_argument(
        "--filling", type=Path, help="Python to run there afterwards: rows that the demonstration lacks"
    )
    given = parser.parse_args()
    FOLDER.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="headway-release-") as name:
        data = Path(name)
        fill(given.code, data, "", given.filling)
        keep(compact(data / "headway.sqlite3"), FOLDER / f"{given.release}.sqlite.gz")
    with tempfile.TemporaryDirectory(prefix="headway-release-") as name, postgres.server() as url:
        fill(given.code, Path(name), url, given.filling)
        keep(statements(url).encode(), FOLDER / f"{given.release}.postgresql.sql.gz")


def fill(code: Path, data: Path, url: str, filling: Path | None) -> None:
    """Make the release's tables and fill them."""
    environment = {
        **os.environ,
        "PYTHONPATH": str(code.resolve()),
        "DJANGO_SETTINGS_MODULE": "headway.settings",
        "DATABASE_URL": url,
        "HEADWAY_DATA": str(data),
        "HEADWAY_DEBUG": "1",
        "HEADWAY_TEST_NOW": NOW,
        "HEADWAY_SECRET_KEY": "only-for-a-release-dump",
    }
    script = FILL.replace("FILLING", repr(str(filling.resolve()) if filling else ""))
    subprocess.run([sys.executable, "-c", script], env=environment, cwd=data, check=True)


def compact(database: Path) -> bytes:
    """Return the database in one file, without what was deleted."""
    copy = database.with_name("copy.sqlite3")
    with sqlite3.connect(database) as connection:
        connection.execute("VACUUM INTO ?", [str(copy)])
    connection.close()
    return copy.read_bytes()


def statements(url: str) -> str:
    """Return the PostgreSQL database as statements, one after the other, for a database that is empty."""
    with tempfile.TemporaryDirectory(prefix="headway-release-") as name:
        package, runs_as = postgres.PACKAGE, dict[str, Any]()
        if os.geteuid() == 0:
            Path(name).chmod(0o755)
            package, runs_as = postgres._as_nobody(Path(name))
        program = str(package / "pginstall18/bin/pg_dump")
        command = [program, "--no-owner", "--no-privileges", "--rows-per-insert=200", url]
        done = subprocess.run(command, capture_output=True, text=True, check=True, cwd="/", **runs_as)
    # What begins with a backslash is for psql alone.
    return "".join(
        line for line in done.stdout.splitlines(keepends=True) if not line.startswith(("\\restrict", "\\unrestrict"))
    )


def keep(content: bytes, path: Path) -> None:
    """Write it compressed, the same bytes for the same content."""
    path.write_bytes(gzip.compress(content, 9, mtime=0))
    print(f"{path.relative_to(ROOT)}: {path.stat().st_size / 1024:.0f} KB")


if __name__ == "__main__":
    if shutil.which("nice"):
        os.nice(5)
    main()
