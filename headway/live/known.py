"""What a process remembers from one request to the next, for as long as history says that it still holds.

A value is remembered with the newest Change of its organisation at the time when it was made. A request reads once
what Changes came since (one query), in every process: each touches certain `Aspect`s, of one team or of all. A value
is made again as soon as a Change has touched an aspect that it rests on. A Change of a name that is not known here
touches everything, so that forgetting to name one costs time and never truth.

Nothing is remembered inside a transaction (it sees what others do not), nor outside of a request.
"""

import datetime as dt
import itertools
import re
import threading
from collections import OrderedDict
from collections.abc import Callable, Collection, Hashable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, TypeVar, cast

from django.db import connection
from django.utils import timezone
from django.utils.translation import get_language

from headway.lib import clock
from headway.lib.prepared import asked_again

from .models import Change

Value = TypeVar("Value")
Row = tuple[int, str, int | None, Any, Any]

#: What all values may weigh together: text by its length, anything else as much as a screenful of rows.
MOST_BYTES = 8_000_000
WEIGHT = 4_000
#: So many Changes are looked at singly; after more of them everything is made again.
MOST_CHANGES = 500


class Aspect(Enum):
    """What a remembered value may rest on."""

    FRAME = "frame"  # people, roles, teams, columns, cycles, Sprints, OKRs: whatever is not the team's daily work
    WORK = "work"  # the items of a team, their order and what they promise
    DONE = "done"  # which of its items are done, since when, and how large those are
    PAST = "past"  # … of those done before today
    SIZES = "sizes"  # the sizes of all its items
    OPEN = "open"  # which of its items are open, and which of those serve anything
    STATES = "states"  # which of its items are to do, in progress, done
    SCOPE = "scope"  # what is in its Sprints, how large that is, and what of it is done since when
    PROMISES = "promises"  # what its items serve, and with which bets; of an item just made there are none
    HOLDERS = "holders"  # who holds its items


#: Changes of which it is known that they touch nothing but the work of their team, and there WORK and these aspects.
#: All others touch everything.
_TOUCHES: dict[str, frozenset[Aspect]] = {
    **dict.fromkeys(["item.ranked", "items.ranked", "item.moved", "items.moved"], frozenset()),
    **dict.fromkeys(["item.edited", "item.blocked", "item.unblocked"], frozenset()),
    "item.created": frozenset({Aspect.SIZES, Aspect.OPEN, Aspect.STATES}),
    **dict.fromkeys(
        [
            *("item.linked", "item.unlinked", "items.linked", "items.unlinked"),
            *("item.shelved", "item.brought_back", "asker.told"),
            *("prerequisite.added", "prerequisite.removed", "must.set", "must.lifted"),
            *("bet.placed", "bet.changed", "bet.withdrawn", "verdict.entered", "verdict.withdrawn"),
            *("bet.pooled", "bet.championed", "bet.released", "bet.champion_asked", "bet.champion_declined"),
            *("item.estimated", "item.estimate_withdrawn"),
        ],
        frozenset({Aspect.PROMISES, Aspect.OPEN}),
    ),
}
#: What a Change of an item may have written (as JSON), with what that touches. Between two open columns nothing is
#: done that was not, and nothing more or less is open: only the state may be another.
_FIELDS = {
    re.compile(r'"size"'): frozenset({Aspect.SIZES, Aspect.DONE, Aspect.PAST, Aspect.SCOPE}),
    re.compile(r'"done_at"|"category": "done"'): frozenset({Aspect.DONE, Aspect.OPEN, Aspect.SCOPE}),
    re.compile(r'"category"'): frozenset({Aspect.STATES}),
    re.compile(r'"sprint_id": \d'): frozenset({Aspect.SCOPE}),
    re.compile(r'"assignees"'): frozenset({Aspect.HOLDERS}),
}
_DONE_AT = re.compile(r'"done_at": "([^"]+)"')


@dataclass
class _Marks:
    """The newest Change that one organisation is known to have, and the newest that touched each aspect by team."""

    last: int
    frame: int
    of_team: dict[tuple[Aspect, int | None], int] = field(default_factory=dict)  # None: of any team

    def at(self, aspects: Collection[Aspect], team_id: int | None) -> int:
        return max(self.frame, *(self.of_team.get((aspect, team_id), 0) for aspect in aspects))


@dataclass(frozen=True)
class _Kept:
    last: int
    value: Any

    @property
    def weight(self) -> int:
        return len(self.value) if isinstance(self.value, str) else WEIGHT


class _Here(threading.local):
    """What this thread's request has read of history; None between requests."""

    seen: dict[int, _Marks] | None = None


_here = _Here()
_lock = threading.Lock()
_marks: dict[int, _Marks] = {}
_values: OrderedDict[Hashable, _Kept] = OrderedDict()
_weights = [0]


@contextmanager
def request() -> Iterator[None]:
    """Remember while this thread serves one request."""
    _here.seen = {}
    try:
        yield
    finally:
        _here.seen = None


def look_again() -> None:
    """Read history anew before the next value: this request itself has just written."""
    if _here.seen is not None:
        _here.seen = {}


def last_change(organisation_id: int) -> int:
    """Return the newest Change of an organisation, the one that what is remembered is held against. One query."""
    if _here.seen is None or connection.in_atomic_block:
        return _newest(organisation_id)
    return _seen(_here.seen, organisation_id).last


def forget() -> None:
    """Forget everything: a database was put in the place of another."""
    with _lock:
        _marks.clear()
        _values.clear()
        _weights[0] = 0


def remembered(
    key: Hashable,
    make: Callable[[], Value],
    *,
    organisation_id: int,
    rests_on: Aspect | Collection[Aspect],
    team_id: int | None = None,
) -> Value:
    """Return what `make` gave when it was last called for `key`, or call it where something has touched that since.

    What it `rests_on` is of the team, or of any team without `team_id`. Day, time zone and language are part of the
    key. Nobody may change the value that comes back: all requests share it. One query a request, and those of `make`.
    """
    if _here.seen is None or connection.in_atomic_block:
        return make()
    marks = _seen(_here.seen, organisation_id)
    aspects = (rests_on,) if isinstance(rests_on, Aspect) else rests_on
    where = (key, organisation_id, clock.today(), timezone.get_current_timezone_name(), get_language())
    with _lock:
        kept = _values.get(where)
        if kept is not None and kept.last >= marks.at(aspects, team_id):
            _values.move_to_end(where)
            return cast(Value, kept.value)
    value = make()
    _keep(where, _Kept(marks.last, value))
    return value


def _keep(where: Hashable, made: _Kept) -> None:
    with _lock:
        other = _values.get(where)
        if other is not None and other.last > made.last:
            return  # another request made it meanwhile, of newer history
        _weights[0] += made.weight - (other.weight if other else 0)
        _values[where] = made
        _values.move_to_end(where)
        while _weights[0] > MOST_BYTES:
            _weights[0] -= _values.popitem(last=False)[1].weight


def _seen(seen: dict[int, _Marks], organisation_id: int) -> _Marks:
    """Return what this request has read of the history of an organisation, reading it the first time."""
    if organisation_id not in seen:
        seen[organisation_id] = _read(organisation_id)
    return seen[organisation_id]


def _read(organisation_id: int) -> _Marks:
    """Return the marks of an organisation as of now. One query, the first time and after very many Changes another."""
    with _lock:
        known = _marks.get(organisation_id)
    new = _since(organisation_id, known.last) if known else []
    if known is None or len(new) > MOST_CHANGES:
        newest = _newest(organisation_id)
        known, new = _Marks(newest, newest), []
    with _lock:
        other = _marks.get(organisation_id)
        if other is not None and other.last >= known.last:
            known = other  # another request was here meanwhile
        if new:
            known = _with(known, new)
        _marks[organisation_id] = known
        return known


def _since(organisation_id: int, last: int) -> list[Row]:
    """Written out: each request asks this, and mostly there is nothing; to put it together took longer than to ask."""
    sql = (
        "SELECT id, name, team_id, before, after FROM live_change WHERE organisation_id = %s AND id > %s"
        f" ORDER BY id LIMIT {MOST_CHANGES + 1}"
    )
    return cast(list[Row], asked_again(sql, [organisation_id, last]))


def _newest(organisation_id: int) -> int:
    newest = Change.objects.filter(organisation_id=organisation_id).order_by("-pk").values_list("pk", flat=True)
    return newest.first() or 0


def _with(known: _Marks, new: list[Row]) -> _Marks:
    """Return marks with these Changes in; another request may have put some of them in already."""
    marks = _Marks(known.last, known.frame, dict(known.of_team))
    for pk, name, team_id, before, after in new:
        touched = _touches(name, before, after)
        if team_id is None or touched is None:
            marks.frame = max(marks.frame, pk)
        else:
            for where in itertools.product(touched, (team_id, None)):
                marks.of_team[where] = max(pk, marks.of_team.get(where, 0))
        marks.last = max(marks.last, pk)
    return marks


def _touches(name: str, before: Any, after: Any) -> frozenset[Aspect] | None:
    """Return what of a team's work a Change touches by its name and the fields that it wrote; None: everything."""
    if name not in _TOUCHES:
        return None
    text = f"{before}{after}"  # JSON as the database gives it
    by_field = (aspects for written, aspects in _FIELDS.items() if written.search(text))
    days = (timezone.localdate(dt.datetime.fromisoformat(moment)) for moment in _DONE_AT.findall(text))
    past = {Aspect.PAST} if any(day < clock.today() for day in days) else set[Aspect]()
    return _TOUCHES[name].union({Aspect.WORK}, past, *by_field)
