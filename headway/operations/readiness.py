"""Can this process do its work now? Asked by a load balancer every few seconds: cheap, and without a secret."""

import shutil
from collections.abc import Callable
from functools import cache
from pathlib import Path

from django.apps import apps
from django.conf import settings
from django.db import DatabaseError, connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder

from . import processes

SMALLEST_SPACE = 100 * 2**20  # bytes free in the data folder, below which writes may soon fail


class NotReady(Exception):
    """The reason, in English, for a machine or whoever runs it; holds no secret."""


def state() -> dict[str, str]:
    """Return each check → "ok" or why not. The ones after a database that does not answer are not asked."""
    told: dict[str, str] = {}
    checks: dict[str, Callable[[], None]] = {
        "database": _database,
        "migrations": _migrations,
        "worker": _worker,
        "disk": _disk,
    }
    for name, check in checks.items():
        if name == "migrations" and told["database"] != "ok":
            continue
        try:
            check()
        except NotReady as reason:
            told[name] = str(reason)
        else:
            told[name] = "ok"
    return told


def unapplied() -> tuple[set[tuple[str, str]], set[tuple[str, str]]]:
    """Return our migrations that the database lacks, and those that it has and this version does not know."""
    applied = {key for key in MigrationRecorder(connection).applied_migrations() if key[0] in _our_labels()}
    return set(_on_disk() - applied), set(applied - _on_disk())


def _database() -> None:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError as error:
        raise NotReady("the database does not answer") from error


def _migrations() -> None:
    try:
        missing, newer = unapplied()
    except DatabaseError as error:
        raise NotReady("the database does not answer") from error
    if newer:
        raise NotReady("a newer version has changed the database")
    if missing:
        raise NotReady(f"{len(missing)} migrations are not applied")


def _worker() -> None:
    workers = processes.seen(processes.WORKER)
    if not workers:
        raise NotReady("no worker has started")
    if not workers[0].is_alive:
        raise NotReady(f"the worker was last seen {workers[0].ago:.0f} s ago")


def _disk() -> None:
    try:
        free = shutil.disk_usage(Path(settings.DATA_DIR)).free
    except OSError as error:
        raise NotReady("the data folder cannot be read") from error
    if free < SMALLEST_SPACE:
        raise NotReady("less than 100 MB are free in the data folder")


@cache
def _on_disk() -> frozenset[tuple[str, str]]:
    loader = MigrationLoader(None, ignore_no_migrations=True)
    return frozenset(key for key in loader.disk_migrations or {} if key[0] in _our_labels())


def _our_labels() -> frozenset[str]:
    return frozenset(config.label for config in apps.get_app_configs() if config.name.startswith("headway."))
