"""The state of a database: which migrations it has seen, and one moment of its content."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.db import connection, transaction
from django.db.migrations.executor import MigrationExecutor
from django.utils.translation import gettext as _

from .errors import Refused


@dataclass(frozen=True)
class State:
    """The migrations that a database has seen: the last ones by app, and whether they are all that there are."""

    last: dict[str, list[str]]
    is_current: bool
    nodes: list[tuple[str, str]]


def applied_state() -> State:
    """Return the migrations that the database has seen. Raises Refused where a newer version has written it."""
    loader = MigrationExecutor(connection).loader
    applied = set(loader.applied_migrations)
    ours = {config.label for config in apps.get_app_configs()}
    newer = sorted(key for key in applied if key[0] in ours and key not in loader.disk_migrations)
    if newer:
        raise Refused(
            _("A newer version of Headway has written this database (%(name)s). Use that version.")
            % {"name": ".".join(newer[-1])}
        )
    there = {key for key in applied if key in loader.graph.nodes}
    if not there:
        raise Refused(_("There is nothing here yet: the database is empty."))
    last = sorted(key for key in there if not _followers(loader, key) & there)
    names: dict[str, list[str]] = {}
    for app, name in last:
        names.setdefault(app, []).append(name)
    return State(names, there >= set(loader.graph.nodes), last)


@contextmanager
def snapshot() -> Iterator[None]:
    """Show one moment of the database to every query inside, while others go on writing.

    Must not be inside a transaction already.
    """
    if connection.vendor == "postgresql":
        with transaction.atomic(durable=True):
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            yield
        return
    wrapper: Any = connection
    usual, wrapper.transaction_mode = wrapper.transaction_mode, None  # IMMEDIATE would hold up whoever writes
    try:
        with transaction.atomic(durable=True):
            wrapper.transaction_mode = usual
            yield
    finally:
        wrapper.transaction_mode = usual


def _followers(loader: Any, key: tuple[str, str]) -> set[tuple[str, str]]:
    """Return the migrations of the same app that follow one directly."""
    return {child.key for child in loader.graph.node_map[key].children if child.key[0] == key[0]}
