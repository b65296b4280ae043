"""A backup: a copy of the whole installation at one moment, made while people work, and read once over.

On SQLite it holds the database file itself, on PostgreSQL every table as an export has them. It is not finished before
it was checked, and has its name only then: what was broken off is never taken for a backup.
"""

import datetime as dt
import os
import re
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.core.files.storage import default_storage
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.utils.translation import gettext as _

from headway.lib import clock

from . import policy
from .archive import Writer, new_file, opened, pieces_of
from .errors import Refused, told
from .export import Kept, told_of
from .moment import State, applied_state, snapshot
from .tables import Scope, add_readme, add_secret_key, add_tables, head

DATABASE = "database.sqlite3"
NAME = "headway-%Y-%m-%d-%H%M%S.backup.zip"
_NAMED = re.compile(r"headway-\d{4}-\d\d-\d\d-\d{6}\.backup\.zip")
_BROKEN_OFF = re.compile(r"\.headway-.*\.part")
LEFT_ALONE = dt.timedelta(days=1)  # a part that is younger may still be written to

#: Folders of stored files that are made for a day and are no part of a copy.
PASSING = ("exports",)

#: Apps whose rows every migrate makes again.
MADE_AGAIN = ("auth", "contenttypes")


def back_up(place: Path, *, keep: int | None = None, secret_key: bool = False) -> Kept:
    """Copy the installation to a file, or to a file of its own in a folder. Raises Refused.

    `keep`: of the backups in the folder, the newest so many stay. `secret_key`: the copy can then sign in for others
    whoever holds it; without it people sign in anew after a restore.
    """
    with told(place):
        path = place / clock.now().strftime(NAME) if place.is_dir() else place
        if path.exists():
            raise Refused(_("There is a %(path)s already. Choose another name, or a folder.") % {"path": path})
        with new_file(path) as part:
            with Writer(part) as writer:
                writer.close(_content(writer, path, secret_key=secret_key))
            with opened(part) as archive:
                archive.check()
                done = told_of(archive, path, part)
        if keep is not None and place.is_dir():
            _forget_all_but(place, keep)
        return done


def check(path: Path) -> None:
    """Read a backup or an export once over. Raises Refused where it is not what it was."""
    with opened(path) as archive:
        archive.check()


@dataclass(frozen=True)
class Found:
    """A backup that lies in a folder."""

    path: Path
    bytes: int
    made_at: dt.datetime


def backups_in(folder: Path) -> list[Found]:
    """Return the finished backups in a folder, the newest first."""
    names = [path for path in folder.iterdir() if _NAMED.fullmatch(path.name)] if folder.is_dir() else []
    return [
        Found(path, path.stat().st_size, dt.datetime.strptime(path.name, NAME).replace(tzinfo=dt.UTC))
        for path in sorted(names, reverse=True)
    ]


def _content(writer: Writer, path: Path, *, secret_key: bool) -> dict[str, Any]:
    state = applied_state()
    add = _add_database if connection.vendor == "sqlite" else _add_tables
    manifest = add(writer, state, path)
    for stored in _stored_files():
        name = stored.relative_to(default_storage.path("")).as_posix()
        manifest["files"].append(writer.add(f"files/{name}", pieces_of(stored)))
    if secret_key:
        add_secret_key(writer, manifest)
    return manifest


def _add_database(writer: Writer, state: State, path: Path) -> dict[str, Any]:
    """Add the database as one file: as it is now, without what was deleted, and sound."""
    manifest = head("headway-copy", state, secrets=True)
    add_readme(writer, manifest)
    with tempfile.TemporaryDirectory(prefix=".headway-", suffix=".part", dir=path.parent) as name:
        copy = Path(name) / DATABASE
        direct = sqlite3.connect(connection.settings_dict["NAME"], timeout=60)
        try:
            direct.execute("VACUUM INTO ?", [str(copy)])
        except sqlite3.OperationalError as error:
            raise Refused(
                _("The database cannot be copied to %(folder)s: %(said)s") % {"folder": path.parent, "said": error}
            ) from error
        finally:
            direct.close()
        _check(copy)
        manifest["rows"] = _count(copy)
        manifest["others"].append(writer.add(DATABASE, pieces_of(copy)))
    return manifest


def _add_tables(writer: Writer, state: State, path: Path) -> dict[str, Any]:
    """Add every table as it is in one moment, whatever version made it."""
    manifest = head("headway-backup", state, secrets=True)
    add_readme(writer, manifest)
    of = MigrationExecutor(connection).loader.project_state(state.nodes).apps
    with snapshot():
        tables = [model for model in policy.every_model(of) if model._meta.app_label not in MADE_AGAIN]
        add_tables(writer, manifest, tables, Scope(), secrets=True)
    return manifest


def _check(copy: Path) -> None:
    direct = sqlite3.connect(copy)
    try:
        said = direct.execute("PRAGMA integrity_check(1)").fetchone()[0]
        astray = direct.execute("PRAGMA foreign_key_check").fetchone()
    finally:
        direct.close()
    if said != "ok" or astray:
        raise Refused(
            _("The database itself is damaged (%(said)s). Keep your older backups, and restore the newest good one.")
            % {"said": said if said != "ok" else f"{astray[0]} {astray[1]}"}
        )


def _count(copy: Path) -> int:
    direct = sqlite3.connect(copy)
    try:
        there = {name for (name,) in direct.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        tables = there & {model._meta.db_table for model in policy.every_model()}
        return sum(int(direct.execute(f'SELECT count(*) FROM "{table}"').fetchone()[0]) for table in tables)
    finally:
        direct.close()


def _stored_files() -> Iterator[Path]:
    root = Path(default_storage.path(""))
    for folder, folders, names in os.walk(root):
        if Path(folder) == root:
            folders[:] = [name for name in folders if name not in PASSING]
        folders.sort()
        yield from (Path(folder) / name for name in sorted(names))


def _forget_all_but(folder: Path, keep: int) -> None:
    """Delete older backups, and what was broken off a day ago or more. Nothing else in the folder is touched."""
    for found in backups_in(folder)[keep:]:
        found.path.unlink(missing_ok=True)
    limit = (clock.now() - LEFT_ALONE).timestamp()
    for path in folder.iterdir():
        if _BROKEN_OFF.fullmatch(path.name) and path.stat().st_mtime < limit:
            shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
