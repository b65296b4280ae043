"""Who looks at which page now. It is kept in memory only: nobody can look up later who looked when.

Each process tells the others what its own streams look at, shortly after it changes and again every so often; what a
process has not repeated for a while is forgotten, so that one that died leaves no ghosts.
"""

import json
import secrets
import time
from collections import Counter
from collections.abc import Iterator
from typing import Any

#: Seconds between two tellings of everything that is still so.
REPEAT_EVERY = 20.0
#: Seconds after which what another process told is no longer believed.
BELIEVED = 50.0
#: Bytes of one telling; a notice on PostgreSQL may have 8,000.
FITS = 6000

Page = tuple[int, str]  # organisation, address


class Presence:
    """The people at each page, those of other processes included. Used by one thread."""

    def __init__(self) -> None:
        self._me = secrets.token_hex(4)
        self._here: dict[Page, Counter[int]] = {}
        self._elsewhere: dict[str, dict[Page, list[int]]] = {}
        self._heard_at: dict[str, float] = {}
        self._changed: set[Page] = set()
        self._repeated_at = 0.0
        self._is_asked = False

    def join(self, page: Page, person_id: int) -> None:
        """Note that a stream of a person looks at a page."""
        self._here.setdefault(page, Counter())[person_id] += 1
        self._changed.add(page)

    def leave(self, page: Page, person_id: int) -> None:
        """Note that a stream of a person is gone."""
        people = self._here.get(page, Counter())
        people[person_id] -= 1
        if people[person_id] <= 0:
            del people[person_id]
        if not people:
            self._here.pop(page, None)
        self._changed.add(page)

    def people_at(self, page: Page) -> frozenset[int]:
        """Return the ids of the people who look at a page."""
        elsewhere = (pages.get(page, ()) for pages in self._elsewhere.values())
        return frozenset(self._here.get(page, ())).union(*elsewhere)

    def to_tell(self, now: float | None = None) -> Iterator[dict[str, Any]]:
        """Yield the bodies of the notices that are due: what changed, or everything again."""
        now = time.monotonic() if now is None else now
        is_first = self._repeated_at == 0.0
        if is_first or self._is_asked or now - self._repeated_at >= REPEAT_EVERY:
            self._repeated_at, self._is_asked = now, False
            pages = set(self._here) | self._changed
        else:
            pages = self._changed
        self._changed = set()
        rows = [[*page, sorted(self._here.get(page, ()))] for page in sorted(pages)]
        # A process that has just begun asks the others to repeat what they know.
        for part in _parts(rows) if rows else [[]] if is_first else []:
            yield {"process": self._me, "pages": part} | ({"asks": 1} if is_first else {})

    def hear(self, body: dict[str, Any], now: float | None = None) -> set[Page]:
        """Take in what a process told; return the pages where somebody came or went."""
        process = body["process"]
        if process == self._me:
            return set()
        self._heard_at[process] = time.monotonic() if now is None else now
        self._is_asked |= bool(body.get("asks"))
        known = self._elsewhere.setdefault(process, {})
        changed = set()
        for organisation_id, address, people in body["pages"]:
            page = (organisation_id, address)
            if known.get(page, []) != people:
                changed.add(page)
            if people:
                known[page] = people
            else:
                known.pop(page, None)
        return changed

    def forget_silent(self, now: float | None = None) -> set[Page]:
        """Forget the processes that repeat nothing; return the pages where their people were."""
        now = time.monotonic() if now is None else now
        silent = [process for process, at in self._heard_at.items() if now - at > BELIEVED]
        changed: set[Page] = set()
        for process in silent:
            del self._heard_at[process]
            changed |= set(self._elsewhere.pop(process, {}))
        return changed


def _parts(rows: list[list[Any]]) -> Iterator[list[list[Any]]]:
    """Split rows so that each part fits into a notice."""
    part: list[list[Any]] = []
    size = 0
    for row in rows:
        length = len(json.dumps(row)) + 1
        if part and size + length > FITS:
            yield part
            part, size = [], 0
        part.append(row)
        size += length
    if part:
        yield part
