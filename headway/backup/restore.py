"""Bring an export or a backup back into an empty installation: all of it, or nothing.

What an older version wrote goes into tables as that version made them, which then migrate to the present. On SQLite all
this happens in a new file that takes the place of the empty one at the end; on PostgreSQL in one transaction.
"""

import os
import shutil
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import IO, Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.files.storage import default_storage
from django.core.management import call_command
from django.db import DatabaseError, IntegrityError, connection, models, transaction
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import MigrationLoader
from django.utils.translation import gettext as _

from headway.search import index

from . import rows
from .archive import Reader, opened, sync_folder
from .errors import Refused, told
from .policy import every_model
from .tables import FORMAT_VERSION, SECRET_KEY, set_last_id

AT_ONCE = 500


@dataclass(frozen=True)
class Restored:
    """What was brought back, and from which version."""

    rows: int
    files: int
    version: str
    has_secrets: bool


def restore(path: Path) -> Restored:
    """Read an archive into this installation, which must be empty. Raises Refused, and then nothing has changed."""
    with opened(path) as archive, told(Path(settings.DATA_DIR)):
        _refuse_unknown(archive)
        archive.check()
        if connection.vendor == "sqlite":
            _into_sqlite(archive)
        else:
            _into_postgresql(archive)
        return Restored(
            rows=archive.manifest["rows"],
            files=len(archive.manifest["files"]),
            version=archive.manifest["headway"],
            has_secrets=archive.manifest["secrets"],
        )


def _refuse_unknown(archive: Reader) -> None:
    manifest = archive.manifest
    known = MigrationLoader(None, ignore_no_migrations=True).disk_migrations
    unknown = [f"{app}.{name}" for app, name in _nodes(archive) if (app, name) not in known]
    if manifest["format_version"] > FORMAT_VERSION or unknown:
        raise Refused(
            _("%(path)s was written by Headway %(theirs)s, which is newer than this one. Restore it with that version.")
            % {"path": archive.path, "theirs": manifest["headway"]}
        )


# SQLite: a new file takes the place of the empty one


def _into_sqlite(archive: Reader) -> None:
    target = Path(connection.settings_dict["NAME"])
    target.parent.mkdir(parents=True, exist_ok=True)
    _refuse_what_is_used(target)
    new = target.with_name(f".{target.name}.restoring")
    try:
        with _files_of(archive):
            if archive.manifest["format"] == "headway-copy":
                _copy(archive, "database.sqlite3", new)
            with _database_at(new):
                if archive.manifest["format"] != "headway-copy":
                    _make_tables(archive)
                    with transaction.atomic():
                        _load(archive)
                call_command("migrate", interactive=False, verbosity=0)
                _check_whole()
            connection.close()
            for suffix in ("-wal", "-shm"):
                target.with_name(target.name + suffix).unlink(missing_ok=True)
            new.replace(target)
            sync_folder(target.parent)
    finally:
        for path in target.parent.glob(f"{new.name}*"):
            path.unlink()


def _refuse_what_is_used(target: Path) -> None:
    """Refuse where the database holds something, or where a process has it open."""
    connection.close()
    if not target.exists():
        return
    direct = sqlite3.connect(target, timeout=0, isolation_level=None)
    try:
        tables = {name for (name,) in direct.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        for table in _TELLING & tables:
            if direct.execute(f"SELECT 1 FROM {table} LIMIT 1").fetchone():
                raise _not_empty()
        # SQLite leaves its write-ahead log only where nobody else has the file open.
        direct.execute("PRAGMA journal_mode = DELETE")
    except sqlite3.OperationalError as error:
        raise Refused(_("Headway runs on this data folder. Stop it, then restore again.")) from error
    finally:
        direct.close()


@contextmanager
def _database_at(path: Path) -> Iterator[None]:
    """Let every query go to another file; what was written there is in that one file afterwards."""
    usual = connection.settings_dict["NAME"]
    connection.close()
    connection.settings_dict["NAME"] = str(path)
    try:
        yield
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    finally:
        connection.close()
        connection.settings_dict["NAME"] = usual


def _check_whole() -> None:
    """Raise Refused where the database is not sound, or a reference leads nowhere."""
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA integrity_check(1)")
        said = cursor.fetchone()[0]
    if said != "ok":
        raise Refused(_("The database in this file is damaged (%(said)s). Take another copy.") % {"said": said})


# PostgreSQL: one transaction


def _into_postgresql(archive: Reader) -> None:
    if archive.manifest["format"] == "headway-copy":
        raise Refused(
            _(
                "%(path)s is a copy of an SQLite database. Restore it without DATABASE_URL into a new data folder, "
                "run headway export there, and restore that file here."
            )
            % {"path": archive.path}
        )
    try:
        _refuse_what_is_filled()
        with _files_of(archive), transaction.atomic(durable=True):
            with connection.cursor() as cursor:
                cursor.execute("SET LOCAL lock_timeout = '10s'")
                tables = set(connection.introspection.table_names(cursor))
                for table in tables & _tables_of_ours():
                    cursor.execute(f'DROP TABLE "{table}" CASCADE')
            _make_tables(archive)
            with connection.cursor() as cursor:
                cursor.execute("SET CONSTRAINTS ALL DEFERRED")  # rows come table by table, whatever they refer to
            _load(archive)
            with connection.cursor() as cursor:
                cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            call_command("migrate", interactive=False, verbosity=0)
    except DatabaseError as error:
        raise Refused(_("PostgreSQL refused it: %(said)s") % {"said": str(error).strip()}) from error


def _refuse_what_is_filled() -> None:
    with connection.cursor() as cursor:
        for table in _TELLING & set(connection.introspection.table_names(cursor)):
            cursor.execute(f"SELECT 1 FROM {table} LIMIT 1")
            if cursor.fetchone():
                raise _not_empty()


def _tables_of_ours() -> set[str]:
    return {model._meta.db_table for model in every_model()} | {"django_migrations", index.TABLE}


# Both


# A row in one of these tells that somebody has begun to use the installation.
_TELLING = {"people_organisation", "people_person"}


def _make_tables(archive: Reader) -> None:
    """Make the tables as the version that wrote the archive had them."""
    MigrationExecutor(connection).migrate(_nodes(archive))


def _load(archive: Reader) -> None:
    known = {
        model._meta.label_lower: model
        for model in every_model(MigrationExecutor(connection).loader.project_state(_nodes(archive)).apps)
    }
    for table in archive.manifest["tables"]:
        model = known.get(table["name"])
        if model is None:
            raise Refused(
                _("%(path)s holds %(table)s, which its version of Headway has not: it was made by something else.")
                % {"path": archive.path, "table": table["name"]}
            )
        with archive.open(table["path"]) as lines:
            _load_table(model, lines)
        if table["last_id"] is not None:
            set_last_id(model, table["last_id"])
    _check_references()


def _load_table(model: type[models.Model], lines: IO[bytes]) -> None:
    fields = {field.attname: field for field in rows.fields_of(model)}
    for field in fields.values():
        field.auto_now = field.auto_now_add = False  # a model of the state that is read: this touches no other
    without_nul = connection.vendor == "postgresql"
    while batch := list(islice(lines, AT_ONCE)):
        try:
            made = [model(**rows.values_in(line, fields, without_nul=without_nul)) for line in batch]
            with transaction.atomic():
                model._base_manager.bulk_create(made)
        except (DatabaseError, ValidationError, ValueError, TypeError, KeyError) as error:
            raise _refused_row(model, batch, fields, error) from error


def _refused_row(
    model: type[models.Model], batch: Sequence[bytes], fields: dict[str, Any], error: Exception
) -> Refused:
    """Find which row of a batch cannot be written, and say so."""
    for line in batch:
        try:
            with transaction.atomic():
                model(**rows.values_in(line, fields, without_nul=connection.vendor == "postgresql")).save_base(
                    raw=True, force_insert=True
                )
        except (DatabaseError, ValidationError, ValueError, TypeError, KeyError) as reason:
            return Refused(
                _("A row of %(table)s cannot be written: %(reason)s. The row: %(row)s")
                % {
                    "table": model._meta.label_lower,
                    "reason": str(reason).strip(),
                    "row": line.decode(errors="replace").strip()[:300],
                }
            )
    return Refused(
        _("A row of %(table)s cannot be written: %(reason)s.")
        % {"table": model._meta.label_lower, "reason": str(error).strip()}
    )


def _check_references() -> None:
    try:
        connection.check_constraints()
    except IntegrityError as error:
        raise Refused(
            _("A row refers to one that is not in the file (%(said)s). Take another copy.") % {"said": error}
        ) from error


@contextmanager
def _files_of(archive: Reader) -> Iterator[None]:
    """Write the files that were handed in, and the secret where it was kept; remove them if the rest fails."""
    written: list[Path] = []
    try:
        for part in archive.manifest["files"]:
            path = Path(default_storage.path(part["path"].removeprefix("files/")))
            if path.exists():
                raise Refused(_("There is a file already at %(path)s: this data folder is in use.") % {"path": path})
            path.parent.mkdir(parents=True, exist_ok=True)
            written.append(path)
            _copy(archive, part["path"], path)
        yield
    except BaseException:
        for path in written:
            path.unlink(missing_ok=True)
        raise
    if not os.environ.get("HEADWAY_SECRET_KEY") and any(
        part["path"] == SECRET_KEY for part in archive.manifest["others"]
    ):
        _copy(archive, SECRET_KEY, Path(settings.DATA_DIR) / SECRET_KEY)


def _copy(archive: Reader, name: str, to: Path) -> None:
    with archive.open(name) as part, os.fdopen(os.open(to, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        shutil.copyfileobj(part, file, 1 << 20)
        file.flush()
        os.fsync(file.fileno())


def _nodes(archive: Reader) -> list[tuple[str, str]]:
    return [(app, name) for app, names in archive.manifest["migrations"].items() for name in names]


def _not_empty() -> Refused:
    return Refused(
        _(
            "This installation holds data already, and a restore goes into an empty one. Name a new data folder in "
            "HEADWAY_DATA (and another database in DATABASE_URL, if you use PostgreSQL), and restore there."
        )
    )
