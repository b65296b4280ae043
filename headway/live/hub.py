"""The hub: one thread a process learns of new Changes and notices, and hands them to whoever shows them.

It runs only while an organisation is watched. Change ids of one organisation are in commit order (history.record), so
that "after this id" never misses one; of several organisations they are not, so each has a position of its own.
"""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from weakref import WeakSet

from django.db import DatabaseError, connections

from . import known
from .listening import PostgresListener, SqliteListener, Told, listener
from .models import Change
from .notice import CHANGED

log = logging.getLogger("headway.live")

#: So many Changes are read one by one; after more a page is better drawn anew.
MOST = 500
#: Seconds until a lost database is tried again.
TRY_AGAIN = 1.0
#: Seconds of silence after which the thread looks whether it should end.
PATIENCE = 0.5


@dataclass(frozen=True, slots=True)
class News:
    """A Change, as far as open pages need to know."""

    id: int
    team_id: int | None
    actor_id: int | None
    name: str
    subject_type: str
    subject_id: int
    label: str

    @property
    def noun(self) -> str:
        return self.name.partition(".")[0]


@dataclass(frozen=True, slots=True)
class Changes:
    """What is new in an organisation, in order; `is_flood` where it is too much to tell one by one (news is empty)."""

    organisation_id: int
    news: tuple[News, ...]
    upto: int
    is_flood: bool = False


@dataclass(frozen=True, slots=True)
class Notified:
    """A notice of some process."""

    kind: str
    body: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Interrupted:
    """The database was away: Changes were caught up with, notices in between are lost."""


Heard = Changes | Notified | Interrupted


class Hub:
    """Reads for one process. `hear` is called on the hub's own thread and must return at once."""

    def __init__(self, hear: Callable[[Heard], None]) -> None:
        self._hear = hear
        self._positions: dict[int, int] = {}
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        _running.add(self)

    def watch(self, organisation_id: int) -> None:
        """Hand on what happens in an organisation from now on; returns when it is listened to. A query at most."""
        with self._lock:
            if self._thread is None:
                self._start()
            if organisation_id not in self._positions:
                self._positions[organisation_id] = last_id(organisation_id)

    def forget(self, organisation_id: int) -> None:
        """Watch an organisation no more; the thread ends with the last one."""
        with self._lock:
            self._positions.pop(organisation_id, None)
            if not self._positions:
                self._stopping.set()
                self._thread = None

    def position(self, organisation_id: int) -> int | None:
        """Return the last id that was handed on; None where the organisation is not watched."""
        return self._positions.get(organisation_id)

    def stop(self) -> None:
        """End the thread and return."""
        with self._lock:
            self._positions.clear()
            self._stopping.set()
            thread, self._thread = self._thread, None
        if thread is not None:
            thread.join(5)

    def _start(self) -> None:
        self._stopping = threading.Event()
        ready = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(self._stopping, ready), name="live hub", daemon=True)
        self._thread.start()
        ready.wait(10)

    def _run(self, stopping: threading.Event, ready: threading.Event) -> None:
        was_cut = False
        while not stopping.is_set():
            source: PostgresListener | SqliteListener | None = None
            try:
                source = listener(stopping)
                ready.set()
                if was_cut:
                    self._catch_up()
                    self._hear(Interrupted())
                self._listen(source, stopping)
            except DatabaseError as error:
                if not stopping.is_set():
                    log.warning("live updates wait for the database: %s", str(error).strip())
                    was_cut = True
                    stopping.wait(TRY_AGAIN)
            finally:
                if source is not None:
                    source.close()
                connections.close_all()

    def _listen(self, source: PostgresListener | SqliteListener, stopping: threading.Event) -> None:
        while not stopping.is_set():
            told = source.wait(PATIENCE)
            if told is None:
                continue
            changed = _organisations(told) if source.tells_changes else set(self._positions)
            for organisation_id in changed & set(self._positions):
                self._read(organisation_id)
            for kind, body in told:
                if kind != CHANGED:
                    self._hear(Notified(kind, body))

    def _catch_up(self) -> None:
        for organisation_id in list(self._positions):
            self._read(organisation_id)

    def _read(self, organisation_id: int) -> None:
        position = self._positions.get(organisation_id)
        if position is None:
            return
        found = changes_after(organisation_id, position)
        if found.upto == position:
            return
        with self._lock:
            if organisation_id not in self._positions:
                return
            self._positions[organisation_id] = found.upto
        self._hear(found)


_running: "WeakSet[Hub]" = WeakSet()


def position(organisation_id: int) -> int:
    """Return an id up to which everything is committed, without a query where a hub of this process knows one.

    Read before a page reads anything else, it is what the page's stream has to begin after.
    """
    handed_on = [found for hub in list(_running) if (found := hub.position(organisation_id)) is not None]
    return max(handed_on) if handed_on else known.last_change(organisation_id)


def last_id(organisation_id: int) -> int:
    """Return the id of the last Change of an organisation; 0 where there is none. A query."""
    rows = Change.objects.filter(organisation_id=organisation_id).order_by("-pk")
    return rows.values_list("pk", flat=True).first() or 0


def changes_after(organisation_id: int, position: int) -> Changes:
    """Return what happened in an organisation after the Change `position`. Two queries at most."""
    fields = ("pk", "team_id", "actor_id", "name", "subject_type", "subject_id", "subject_label")
    rows = Change.objects.filter(organisation_id=organisation_id, pk__gt=position).order_by("pk")
    news = tuple(News(*row) for row in rows.values_list(*fields)[: MOST + 1])
    if len(news) > MOST:
        return Changes(organisation_id, (), last_id(organisation_id), is_flood=True)
    return Changes(organisation_id, news, news[-1].id if news else position)


def _organisations(told: list[Told]) -> set[int]:
    return {body["organisation"] for kind, body in told if kind == CHANGED}
