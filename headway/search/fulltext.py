"""The one place that talks to the index: which rows match, best first. Words are folded before they come here."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from django.db import connection

from .asked import Asked, Reading, Term
from .index import KIND_BASE, TABLE
from .sources import ITEM, KINDS, SOURCES
from .words import every_word, pieces

_TITLE_LENGTH = "greatest(1, length(ts_filter(document, '{a}')))"  # [different words]
_KIND_OF_CODE = {source.code: source.kind for source in SOURCES}


class Match(NamedTuple):
    kind: str
    id: int


@dataclass(frozen=True)
class Scope:
    """Where to look: one organisation, some kinds, perhaps one team only."""

    organisation_id: int
    kinds: tuple[str, ...] = KINDS
    team_id: int | None = None


#: So many matches are counted; of more it is only known that there are more.
MOST_COUNTED = 2_000
LEAST_OF_MANY = 1_000  # to which a count is rounded down then
#: So many of the newest whose titles match are looked at for the shortest titles.
MOST_TITLED = 400
MOST_EXACT = 60


@dataclass(frozen=True)
class Candidates:
    """What may be worth showing. `titled`: whose title has it all, the shortest titles first; `mentioned`: whose title
    or text has it (among them some of the titled), the newest first.

    `counts`: kind → how many match in all; of the kinds in `more` there are more than that. `has_more_titles` where not
    all whose title has it are among `titled`.
    """

    titled: tuple[Match, ...] = ()
    mentioned: tuple[Match, ...] = ()
    counts: Mapping[str, int] = field(default_factory=dict)
    more: frozenset[str] = frozenset()
    has_more_titles: bool = False


#: what a kind is narrowed to: SQL that selects ids, and its values
Narrowed = tuple[str, tuple[Any, ...]]
#: kind, id, and how long the title is, of one whose title matches, else 0
_Sized = tuple[str, int, int]


def candidates(
    asked: Asked, scope: Scope, *, most: int = MOST_COUNTED, narrowed: Mapping[str, Narrowed] | None = None
) -> Candidates:
    """Return what matches, bounded, so that a frequent word costs little more than a rare one. At most four queries.

    Looked at are the newest that match (`most` of each kind are returned) and the newest whose titles do; where these
    are many, also every title that begins with the very words, and apart the kinds of which there are few. `narrowed`
    limits kinds further. Without words everything matches.
    """
    if not scope.kinds or (not asked.terms and asked.without):
        return Candidates()
    look = _look(asked, scope, narrowed or {})
    mentioned = look.mentioned
    if look.has_more and ITEM in scope.kinds and len(scope.kinds) > 1:
        # Thousands of items must not hide the few objectives, nor the other way round: the fewer are looked at apart.
        items = [pair for pair in mentioned if pair[0] == ITEM]
        are_most = 2 * len(items) > len(mentioned)
        rest = items if are_most else [pair for pair in mentioned if pair[0] != ITEM]
        fewer = tuple(kind for kind in scope.kinds if kind != ITEM) if are_most else (ITEM,)
        mentioned = [*rest, *_look(asked, replace(scope, kinds=fewer), narrowed or {}, with_titles=False).mentioned]
    counts = Counter([kind for kind, _id in mentioned])
    more = frozenset(kind for kind in counts if look.has_more and counts[kind] > LEAST_OF_MANY)
    called = _beginning(asked, scope, narrowed or {}) if look.has_more_titles else []
    return Candidates(
        titled=tuple(dict.fromkeys([*called, *look.titled])),
        mentioned=tuple(_first_of_kinds(mentioned, counts, most)),
        counts={kind: count - count % LEAST_OF_MANY if kind in more else count for kind, count in counts.items()},
        more=more,
        has_more_titles=look.has_more_titles,
    )


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


@dataclass(frozen=True)
class _Look:
    """The newest whose titles match, the shortest titles first, and the newest that match, at most one too many."""

    titled: list[Match]
    mentioned: list[tuple[str, int]]  # kind and id: thousands, of which few become more than that

    @property
    def has_more(self) -> bool:
        return len(self.mentioned) > MOST_COUNTED

    @property
    def has_more_titles(self) -> bool:
        return len(self.titled) >= MOST_TITLED


def _look(asked: Asked, scope: Scope, narrowed: Mapping[str, Narrowed], *, with_titles: bool = True) -> _Look:
    look = _look_sqlite if connection.vendor == "sqlite" else _look_postgresql
    rows = look(asked, scope, narrowed, with_titles and bool(asked.terms))
    return _Look(
        titled=[Match(kind, subject_id) for kind, subject_id, length in rows if length],
        mentioned=[(kind, subject_id) for kind, subject_id, length in rows if not length],
    )


def _first_of_kinds(pairs: Sequence[tuple[str, int]], counts: Mapping[str, int], most: int) -> Iterable[Match]:
    """Yield the first `most` of each kind, in order."""
    wanted = {kind: min(most, count) for kind, count in counts.items()}
    left = sum(wanted.values())
    for kind, subject_id in pairs:
        if not left:
            return
        if wanted[kind]:
            wanted[kind] -= 1
            left -= 1
            yield Match(kind, subject_id)


def _look_sqlite(asked: Asked, scope: Scope, narrowed: Mapping[str, Narrowed], with_titles: bool) -> list[_Sized]:
    more, values = _narrowed_sqlite(scope, narrowed)

    # To walk through all rows of the only organisation that there is takes as long as to look for a word.
    is_everything = bool(asked.terms) and scope.team_id is None and set(scope.kinds) == set(KINDS)
    sought = "CASE WHEN (SELECT count(*) FROM people_organisation) = 1 THEN %s ELSE %s END" if is_everything else "%s"

    def newest(column: str, most: int) -> str:
        return (
            f"SELECT rowid AS row, {column} FROM {TABLE} WHERE {TABLE} MATCH {sought}{more}"
            f" ORDER BY rowid DESC LIMIT {most}"
        )

    def given(columns: str) -> list[Any]:
        everywhere = [_fts5_of(asked, None, columns)] if is_everything else []
        return [*everywhere, _fts5_of(asked, scope, columns), *values]

    statement = f"SELECT * FROM ({newest('0', MOST_COUNTED + 1)})"
    if not with_titles:
        return _rows_sqlite(statement, given("title body"))
    titled = newest("length(title) AS size", MOST_TITLED)
    statement = f"SELECT * FROM (SELECT * FROM ({titled}) ORDER BY size, row DESC) UNION ALL {statement}"
    return _rows_sqlite(statement, [*given("title"), *given("title body")])


def _rows_sqlite(statement: str, values: Sequence[Any]) -> list[_Sized]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return [(_KIND_OF_CODE[row % KIND_BASE], row // KIND_BASE, size) for row, size in cursor.fetchall()]


def _narrowed_sqlite(scope: Scope, narrowed: Mapping[str, Narrowed]) -> tuple[str, list[Any]]:
    if not narrowed:
        return "", []
    code = {source.kind: source.code for source in SOURCES}
    values: list[Any] = []
    one_of = [f"rowid %% {KIND_BASE} = {code[kind]}" for kind in scope.kinds if kind not in narrowed]
    for kind, (ids, of_ids) in narrowed.items():
        one_of.append(f"(rowid %% {KIND_BASE} = {code[kind]} AND rowid / {KIND_BASE} IN ({ids}))")
        values += of_ids
    return f" AND ({' OR '.join(one_of)})", values


def _beginning(asked: Asked, scope: Scope, narrowed: Mapping[str, Narrowed]) -> list[Match]:
    """Return whose titles begin with the very words that were typed, the shortest first: what is called just so."""
    # Words only: none of them is an operator.
    said = [word for term in asked.terms for word in term.typed.split() for word in pieces(word)]
    if connection.vendor == "sqlite":
        more, values = _narrowed_sqlite(scope, narrowed)
        rows = _rows_sqlite(
            f"SELECT rowid, length(title) FROM {TABLE} WHERE {TABLE} MATCH %s{more}"
            f" ORDER BY length(title), rowid DESC LIMIT {MOST_EXACT}",
            [f'scope : {_scope_of(scope)} AND title : ^ "{" ".join(said)}"', *values],
        )
    else:
        where, values = _narrowed_postgresql(scope, narrowed)
        rows = _rows_postgresql(
            f"SELECT kind, subject_id, {_TITLE_LENGTH} FROM {TABLE}"
            f" WHERE document @@ to_tsquery('simple', %s) AND {where}"
            f" ORDER BY {_TITLE_LENGTH}, subject_id DESC LIMIT {MOST_EXACT}",
            [" <-> ".join(f"{word}:A" for word in said), *values],
        )
    return [Match(kind, subject_id) for kind, subject_id, _length in rows]


def _fts5_of(asked: Asked, scope: Scope | None, columns: str) -> str:
    """Return a query of FTS5; without a scope there must be something to look for."""
    limits = [f"scope : {_scope_of(scope)}"] if scope else []
    if asked.terms:
        wanted = " AND ".join(_fts5_term(term) for term in asked.terms)
        limits.append(f"{{{columns}}} : ({wanted})")
    said = " AND ".join(limits)
    if asked.without:
        said = f"({said}) NOT {{title body}} : ({' OR '.join(_fts5_term(term) for term in asked.without)})"
    return said


def _fts5_term(term: Term) -> str:
    """Return a term of FTS5. The words hold letters and digits only, so nothing in them is an operator."""
    readings = [f'"{" ".join(one.words)}"{"*" if one.is_beginning else ""}' for one in _needed(term)]
    return f"({' OR '.join(readings)})"


def _needed(term: Term) -> list[Reading]:
    """Leave out readings that another one finds as well: "pric…" finds "price…"."""
    begun = [one.words[0] for one in term.readings if one.is_beginning and len(one.words) == 1]
    return [
        one
        for one in term.readings
        if not any(one.words[0] != word and one.words[0].startswith(word) for word in begun)
    ]


def _scope_of(scope: Scope) -> str:
    team = f" AND t{scope.team_id}" if scope.team_id is not None else ""
    # Each term costs a walk through all rows that have it; every row is of some kind.
    kinds = "" if set(scope.kinds) == set(KINDS) else f" AND ({' OR '.join(k.replace('_', '') for k in scope.kinds)})"
    return f"(o{scope.organisation_id}{team}{kinds})"


def _look_postgresql(asked: Asked, scope: Scope, narrowed: Mapping[str, Narrowed], with_titles: bool) -> list[_Sized]:
    where, of_scope = _narrowed_postgresql(scope, narrowed)
    matching = "document @@ to_tsquery('simple', %s)"
    all_of_it = [_tsquery_of(asked)] if asked.terms else []

    def newest(column: str, of_column: Sequence[str], sought: Sequence[str], most: int) -> list[_Sized]:
        condition = f"{matching} AND {where}" if sought else where
        return _rows_postgresql(
            f"SELECT kind, subject_id, {column} FROM {TABLE} WHERE {condition} ORDER BY subject_id DESC LIMIT {most}",
            [*of_column, *sought, *of_scope],
        )

    if not with_titles:
        return newest("0", [], all_of_it, MOST_COUNTED + 1)
    in_titles = [_tsquery_of(asked, ":A")]
    rows = newest(f"CASE WHEN {matching} THEN {_TITLE_LENGTH} ELSE 0 END", in_titles, all_of_it, MOST_COUNTED + 1)
    titled = [row for row in rows if row[2]][:MOST_TITLED]
    if len(rows) > MOST_COUNTED and len(titled) < MOST_TITLED:  # older rows may have it in their titles
        titled = newest(_TITLE_LENGTH, [], in_titles, MOST_TITLED)
    titled.sort(key=lambda row: (row[2], -row[1]))
    return [*titled, *((kind, subject_id, 0) for kind, subject_id, _size in rows)]


def _rows_postgresql(statement: str, values: Sequence[Any]) -> list[_Sized]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        rows: list[_Sized] = cursor.fetchall()
        return rows


def _narrowed_postgresql(scope: Scope, narrowed: Mapping[str, Narrowed]) -> tuple[str, list[Any]]:
    where, values = _postgresql_scope(scope)
    if not narrowed:
        return where, values
    one_of, of_ids = ["kind <> ALL(%s)"], [list(narrowed)]
    for kind, (ids, given) in narrowed.items():
        one_of.append(f"(kind = '{kind}' AND subject_id IN ({ids}))")
        of_ids += given
    return f"{where} AND ({' OR '.join(one_of)})", [*values, *of_ids]


def _tsquery_of(asked: Asked, weight: str = "") -> str:
    wanted = [_tsquery_term(term, weight) for term in asked.terms]
    return " & ".join([*wanted, *(f"!{_tsquery_term(term)}" for term in asked.without)])


def _tsquery_term(term: Term, weight: str = "") -> str:
    """Return a term of a tsquery, to be found anywhere, or with the weight ":A" in titles."""
    readings = []
    for one in _needed(term):
        last = f"{one.words[-1]}:*{weight[1:]}" if one.is_beginning else f"{one.words[-1]}{weight}"
        readings.append("(" + " <-> ".join([*(f"{word}{weight}" for word in one.words[:-1]), last]) + ")")
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
