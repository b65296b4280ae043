"""Wait for what other connections commit: NOTIFY on PostgreSQL, the version of the file on SQLite.

A listener belongs to the thread that made it, and holds a database connection of its own until close().
"""

import threading
import time
from typing import Any

from django.db import connection

from .models import Notice
from .notice import CHANNEL, read_payload

Told = tuple[str, dict[str, Any]]

#: Seconds between two looks at the version of an SQLite file: a look takes some 10 µs.
LOOK_EVERY = 0.02
#: Seconds between two questions to PostgreSQL whether it is still there: a cut cable is silent.
ASK_EVERY = 30.0


class PostgresListener:
    """Hears every notice; a Change comes as one (CHANGED), told by record()."""

    #: who commits a Change says so
    tells_changes = True

    def __init__(self) -> None:
        self._wrapper = connection.copy()
        self._wrapper.connect()
        self._raw: Any = self._wrapper.connection
        self._raw.execute(f"LISTEN {CHANNEL}")
        self._asked = time.monotonic()

    def wait(self, seconds: float) -> list[Told] | None:
        """Return the notices as soon as there are any; None after `seconds` without. Raises DatabaseError."""
        with self._wrapper.wrap_database_errors:
            heard = [read_payload(notice.payload) for notice in self._raw.notifies(timeout=seconds, stop_after=1)]
            if time.monotonic() - self._asked > ASK_EVERY:
                self._raw.execute("SELECT 1")
                self._asked = time.monotonic()
        return heard or None

    def close(self) -> None:
        self._wrapper.close()


class SqliteListener:
    """Sees that another connection has committed something, and reads the notices among it."""

    #: whoever commits anything might have written a Change
    tells_changes = False

    def __init__(self, stopping: threading.Event) -> None:
        self._stopping = stopping
        self._wrapper = connection.copy()
        self._wrapper.connect()
        self._raw: Any = self._wrapper.connection
        self._version = self._look()
        self._last = Notice.objects.order_by("-pk").values_list("pk", flat=True).first() or 0

    def wait(self, seconds: float) -> list[Told] | None:
        """Return the notices as soon as anything is committed; None after `seconds` without. Raises DatabaseError."""
        until = time.monotonic() + seconds
        while not self._stopping.wait(LOOK_EVERY) and time.monotonic() < until:
            version = self._look()
            if version != self._version:
                self._version = version
                return self._notices()
        return None

    def close(self) -> None:
        self._wrapper.close()

    def _look(self) -> int:
        with self._wrapper.wrap_database_errors:
            version: int = self._raw.execute("PRAGMA data_version").fetchone()[0]
        return version

    def _notices(self) -> list[Told]:
        rows = list(Notice.objects.filter(pk__gt=self._last).order_by("pk"))
        if rows:
            self._last = rows[-1].pk
        return [(row.kind, row.body) for row in rows]


def listener(stopping: threading.Event) -> PostgresListener | SqliteListener:
    """Return the listener of this database, listening already. Raises DatabaseError."""
    return PostgresListener() if connection.vendor == "postgresql" else SqliteListener(stopping)
