"""The one place that talks to the index: which rows match, best first. Words are folded before they come here."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection

from .asked import Asked, Term
from .index import KIND_BASE, TABLE
from .sources import KINDS, SOURCES
from .words import every_word

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


@dataclass(frozen=True)
class Ranked:
    """A match with how well it fits (higher is better) and how many of its kind there are in all."""

    match: Match
    score: float
    of_kind: int


#: what a kind is narrowed to: SQL that selects ids, and its values
Narrowed = tuple[str, tuple[Any, ...]]


def ranked(asked: Asked, scope: Scope, *, limit: int, narrowed: Mapping[str, Narrowed] | None = None) -> list[Ranked]:
    """Return the best `limit` matches of each kind of the scope, best first. One query.

    `narrowed` limits kinds further. Without words everything matches, the newest first.
    """
    if not scope.kinds or (not asked.terms and asked.without):
        return []
    find = _ranked_sqlite if connection.vendor == "sqlite" else _ranked_postgresql
    return find(asked, scope, limit, narrowed or {})


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


def vocabulary(scope: Scope) -> Counter[str]:
    """Return the words of the titles of an organisation, and in how many they stand. One query."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute(f"SELECT title FROM {TABLE} WHERE {TABLE} MATCH %s", [f"scope : o{scope.organisation_id}"])
            return Counter(word for (title,) in cursor.fetchall() for word in set(every_word(title)))
        cursor.execute(
            f"SELECT word, count(*) FROM {TABLE}, unnest(tsvector_to_array(ts_filter(document, '{{a}}'))) word"
            " WHERE organisation_id = %s GROUP BY word",
            [scope.organisation_id],
        )
        return Counter(dict(cursor.fetchall()))


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


def _ranked_sqlite(asked: Asked, scope: Scope, limit: int, narrowed: Mapping[str, Narrowed]) -> list[Ranked]:
    more = ""
    values: list[Any] = []
    if narrowed:
        code = {source.kind: source.code for source in SOURCES}
        one_of = [f"rowid %% {KIND_BASE} = {code[kind]}" for kind in scope.kinds if kind not in narrowed]
        for kind, (ids, of_ids) in narrowed.items():
            one_of.append(f"(rowid %% {KIND_BASE} = {code[kind]} AND rowid / {KIND_BASE} IN ({ids}))")
            values += of_ids
        more = f" AND ({' OR '.join(one_of)})"
    # A word in the title weighs ten times one in the text; the scope weighs nothing.
    score = f"-bm25({TABLE}, 0.0, 10.0, 1.0)" if asked.terms else "rowid"
    with connection.cursor() as cursor:
        cursor.execute(
            f"WITH found AS MATERIALIZED (SELECT rowid AS row, {score} AS score FROM {TABLE}"
            f" WHERE {TABLE} MATCH %s{more}),"
            f" placed AS (SELECT row, score, count(*) OVER (PARTITION BY row %% {KIND_BASE}) AS total,"
            f" row_number() OVER (PARTITION BY row %% {KIND_BASE} ORDER BY score DESC, row DESC) AS place FROM found)"
            " SELECT row, score, total FROM placed WHERE place <= %s ORDER BY score DESC, row DESC",
            [_fts5_of(asked, scope), *values, limit],
        )
        return [
            Ranked(Match(_KIND_OF_CODE[row % KIND_BASE], row // KIND_BASE), float(score), int(total))
            for row, score, total in cursor.fetchall()
        ]


def _fts5_of(asked: Asked, scope: Scope) -> str:
    said = f"scope : {_scope_of(scope)}"
    if asked.terms:
        wanted = " AND ".join(_fts5_term(term) for term in asked.terms)
        said += f" AND {{title body}} : ({wanted})"
    if asked.without:
        said = f"({said}) NOT {{title body}} : ({' OR '.join(_fts5_term(term) for term in asked.without)})"
    return said


def _fts5_term(term: Term) -> str:
    """Return a term of FTS5. The words hold letters and digits only, so nothing in them is an operator."""
    readings = [f'"{" ".join(one.words)}"{"*" if one.is_beginning else ""}' for one in term.readings]
    return f"({' OR '.join(readings)})"


def _scope_of(scope: Scope) -> str:
    kinds = " OR ".join(kind.replace("_", "") for kind in scope.kinds)
    team = f" AND t{scope.team_id}" if scope.team_id is not None else ""
    return f"(o{scope.organisation_id}{team} AND ({kinds}))"


def _ranked_postgresql(asked: Asked, scope: Scope, limit: int, narrowed: Mapping[str, Narrowed]) -> list[Ranked]:
    where, values = _postgresql_scope(scope)
    if narrowed:
        one_of, of_ids = ["kind <> ALL(%s)"], [list(narrowed)]
        for kind, (ids, given) in narrowed.items():
            one_of.append(f"(kind = '{kind}' AND subject_id IN ({ids}))")
            of_ids += given
        where, values = f"{where} AND ({' OR '.join(one_of)})", [*values, *of_ids]
    if asked.terms:
        # 2: a long text is no better for having more words.
        score = "ts_rank('{0.01, 0.1, 0.1, 1.0}', document, sought, 2)"
        source = f"{TABLE}, to_tsquery('simple', %s) sought WHERE document @@ sought AND {where}"
        values = [_tsquery_of(asked), *values]
    else:
        score, source = "subject_id", f"{TABLE} WHERE {where}"
    with connection.cursor() as cursor:
        cursor.execute(
            f"WITH found AS MATERIALIZED (SELECT kind, subject_id, {score} AS score FROM {source}),"
            " placed AS (SELECT *, count(*) OVER (PARTITION BY kind) AS total,"
            " row_number() OVER (PARTITION BY kind ORDER BY score DESC, subject_id DESC) AS place FROM found)"
            " SELECT kind, subject_id, score, total FROM placed WHERE place <= %s ORDER BY score DESC, subject_id DESC",
            [*values, limit],
        )
        return [
            Ranked(Match(str(kind), int(subject_id)), float(score), int(total))
            for kind, subject_id, score, total in cursor.fetchall()
        ]


def _tsquery_of(asked: Asked) -> str:
    wanted = [_tsquery_term(term) for term in asked.terms]
    return " & ".join([*wanted, *(f"!{_tsquery_term(term)}" for term in asked.without)])


def _tsquery_term(term: Term) -> str:
    readings = [
        "(" + " <-> ".join([*one.words[:-1], f"{one.words[-1]}{':*' if one.is_beginning else ''}"]) + ")"
        for one in term.readings
    ]
    return f"({' | '.join(readings)})"


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
