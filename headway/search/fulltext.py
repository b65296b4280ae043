"""The one place that talks to the index: which rows match, best first. Words are folded before they come here."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection

from .index import KIND_BASE, TABLE
from .sources import KINDS, SOURCES

_KIND_OF_CODE = {source.code: source.kind for source in SOURCES}


@dataclass(frozen=True)
class Match:
    kind: str
    id: int


@dataclass(frozen=True)
class Scope:
    """Where to look: one organisation, some kinds, perhaps one team only."""

    organisation_id: int
    kinds: tuple[str, ...] = KINDS
    team_id: int | None = None


def matches(beginnings: Sequence[str], scope: Scope, *, limit: int, every: bool = True) -> tuple[list[Match], int]:
    """Return the best matches and how many there are in all.

    A row matches when it has words with every (or, else, any) of these beginnings. One query.
    """
    if not beginnings or not scope.kinds:
        return [], 0
    rows = (
        _sqlite(beginnings, scope, limit, every)
        if connection.vendor == "sqlite"
        else _postgresql(beginnings, scope, limit, every)
    )
    return [Match(kind, subject_id) for kind, subject_id, _total in rows], rows[0][2] if rows else 0


def linked_items(beginnings: Sequence[str], scope: Scope, *, limit: int) -> list[int]:
    """Return the ids of items that serve a Key Result and have any of these words, best first. One query."""
    if not beginnings:
        return []
    linked = "SELECT item_id FROM value_serves WHERE key_result_id IS NOT NULL"
    if connection.vendor == "sqlite":
        # The plus keeps SQLite from asking the full text once for each linked item: seconds with thousands of them.
        rows = _sqlite(
            beginnings, scope, limit, False, f" AND +rowid IN (SELECT item_id * {KIND_BASE} + 1 FROM ({linked}))"
        )
    else:
        rows = _postgresql(beginnings, scope, limit, False, f" AND subject_id IN ({linked})")
    return [subject_id for _kind, subject_id, _total in rows]


def frequencies(beginnings: Sequence[str], scope: Scope) -> dict[str, int]:
    """Return in how many rows of the scope each beginning stands. One query."""
    if not beginnings:
        return {}
    if connection.vendor == "sqlite":
        one = f"SELECT %s, count(*) FROM {TABLE} WHERE {TABLE} MATCH %s"
        values: list[Any] = [part for word in beginnings for part in (word, _fts5([word], scope, every=True))]
    else:
        where, of_scope = _postgresql_scope(scope)
        one = f"SELECT %s, count(*) FROM {TABLE} WHERE document @@ to_tsquery('simple', %s) AND {where}"
        values = [part for word in beginnings for part in (word, _tsquery([word], True), *of_scope)]
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join([one] * len(beginnings)), values)
        return {str(word): int(count) for word, count in cursor.fetchall()}


def _sqlite(
    beginnings: Sequence[str], scope: Scope, limit: int, every: bool, more: str = ""
) -> list[tuple[str, int, int]]:
    sought = _fts5(beginnings, scope, every=every)
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT rowid, (SELECT count(*) FROM {TABLE} WHERE {TABLE} MATCH %s{more})"
            f" FROM {TABLE} WHERE {TABLE} MATCH %s{more}"
            # A word in the title weighs ten times one in the text; the scope weighs nothing.
            f" ORDER BY bm25({TABLE}, 0.0, 10.0, 1.0), rowid LIMIT %s",
            [sought, sought, limit],
        )
        return [(_KIND_OF_CODE[row % KIND_BASE], row // KIND_BASE, total) for row, total in cursor.fetchall()]


def _fts5(beginnings: Sequence[str], scope: Scope, *, every: bool) -> str:
    """Return a query of FTS5. The words hold letters and digits only, so nothing in them is an operator."""
    kinds = " OR ".join(kind.replace("_", "") for kind in scope.kinds)
    team = f" AND scope : t{scope.team_id}" if scope.team_id is not None else ""
    sought = (" AND " if every else " OR ").join(f'"{word}"*' for word in beginnings)
    return f"scope : o{scope.organisation_id}{team} AND scope : ({kinds}) AND {{title body}} : ({sought})"


def _postgresql(
    beginnings: Sequence[str], scope: Scope, limit: int, every: bool, more: str = ""
) -> list[tuple[str, int, int]]:
    where, of_scope = _postgresql_scope(scope)
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT kind, subject_id, count(*) OVER () FROM {TABLE}, to_tsquery('simple', %s) sought"
            f" WHERE document @@ sought AND {where}{more}"
            # 2: a long text is no better for having more words.
            " ORDER BY ts_rank('{0.01, 0.1, 0.1, 1.0}', document, sought, 2) DESC, kind, subject_id LIMIT %s",
            [_tsquery(beginnings, every), *of_scope, limit],
        )
        return [(str(kind), int(subject_id), int(total)) for kind, subject_id, total in cursor.fetchall()]


def _postgresql_scope(scope: Scope) -> tuple[str, list[Any]]:
    where, values = "organisation_id = %s AND kind = ANY(%s)", [scope.organisation_id, list(scope.kinds)]
    if scope.team_id is not None:
        return f"{where} AND team_id = %s", [*values, scope.team_id]
    return where, [*values]


def _tsquery(beginnings: Collection[str], every: bool) -> str:
    return (" & " if every else " | ").join(f"{word}:*" for word in beginnings)
