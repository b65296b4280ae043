"""The full-text index: one table that the database itself keeps, by triggers, whoever writes.

So bulk imports, the admin's SQL and every action are found alike, and no area below knows of search. SQLite has an
FTS5 table; PostgreSQL a table of `tsvector` with a GIN index, configuration "simple" on text that was stripped of
accents and punctuation, so that both answer alike.

Triggers name columns of other areas' tables, and a database refuses to rebuild a table that a trigger names. They are
dropped before migrations run and made again afterwards, which also fills the index; where nothing was to migrate
they are only looked for.
"""

import hashlib
from typing import Any

from django.db import connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from .sources import SOURCES, Source, Watched
from .words import UNSPACED

TABLE = "search_entry"
PREFIX = "headway_search_"

# SQLite numbers the rows of its index; the kind is the rest of the division.
KIND_BASE = 8

#: raise it where what the triggers write changes: they carry it in their names, and are made anew where it differs
EDITION = 2
_CURRENT = f"{PREFIX}{hashlib.sha256(f'{EDITION} {SOURCES!r}'.encode()).hexdigest()[:8]}_"

#: [signs] of a text in a script without spaces that are indexed: cutting it up takes a step for each sign
UNSPACED_LENGTH = 3_000

# Between words, as SQLite's tokenizer sees it. PostgreSQL's own would keep "sign-in/price" or "a@b.c" whole.
_PUNCTUATION = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~’“”«»…–—"


def create_table(connection: BaseDatabaseWrapper) -> None:
    """Create the empty table of the index."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute(
                f"CREATE VIRTUAL TABLE {TABLE} USING fts5("
                "scope, title, body, tokenize = 'unicode61 remove_diacritics 2', prefix = '2 3')"
            )
            return
        cursor.execute(
            f"CREATE TABLE {TABLE} (kind text NOT NULL, subject_id bigint NOT NULL, organisation_id bigint NOT NULL,"
            " team_id bigint, document tsvector NOT NULL, PRIMARY KEY (kind, subject_id))"
        )
        cursor.execute(f"CREATE INDEX {TABLE}_document ON {TABLE} USING gin (document)")
        cursor.execute(f"CREATE INDEX {TABLE}_organisation ON {TABLE} (organisation_id, kind)")


def drop_table(connection: BaseDatabaseWrapper) -> None:
    """Drop the index and everything that fills it."""
    drop_triggers(connection)
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TABLE IF EXISTS {TABLE}")


def before_migrations(*, using: str, plan: list[Any], **_signal: Any) -> None:
    """Drop the triggers where there is something to migrate."""
    if plan:
        drop_triggers(connections[using])


def after_migrations(*, using: str, **_signal: Any) -> None:
    """Make the triggers where they are missing, and fill the index with what was written without them."""
    connection = connections[using]
    if TABLE in connection.introspection.table_names() and not has_triggers(connection):
        drop_triggers(connection)
        create_triggers(connection)
        rebuild(connection)


def renew(connection: BaseDatabaseWrapper) -> None:
    """Make the triggers and fill the index anew, all or nothing: for a search that seems to miss something."""
    with transaction.atomic(using=connection.alias):
        drop_triggers(connection)
        create_triggers(connection)
        rebuild(connection)


def rebuild(connection: BaseDatabaseWrapper) -> None:
    """Fill the index anew from the tables."""
    with connection.cursor() as cursor:
        cursor.execute(f"DELETE FROM {TABLE}")
        for source in SOURCES:
            cursor.execute(_insert(source, connection.vendor))


def has_triggers(connection: BaseDatabaseWrapper) -> bool:
    """Say whether every trigger is there."""
    return set(_triggers(connection.vendor)) <= _present(connection)


def create_triggers(connection: BaseDatabaseWrapper) -> None:
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            for statement in _postgresql_functions(connection):
                cursor.execute(statement)
        for statement in _triggers(connection.vendor).values():
            cursor.execute(statement)


def drop_triggers(connection: BaseDatabaseWrapper) -> None:
    """Drop every trigger of ours, also those of an older version."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            for name in _present(connection):
                cursor.execute(f"DROP TRIGGER {name}")
            return
        cursor.execute(
            "SELECT tgname, tgrelid::regclass::text FROM pg_trigger WHERE NOT tgisinternal AND tgname LIKE %s",
            [f"{PREFIX}%"],
        )
        for name, table in cursor.fetchall():
            cursor.execute(f"DROP TRIGGER {name} ON {table}")


def _present(connection: BaseDatabaseWrapper) -> set[str]:
    query = {
        "sqlite": "SELECT name FROM sqlite_master WHERE type = 'trigger' AND name LIKE %s",
        "postgresql": "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal AND tgname LIKE %s",
    }[connection.vendor]
    with connection.cursor() as cursor:
        cursor.execute(query, [f"{PREFIX}%"])
        return {str(row[0]) for row in cursor.fetchall()}


def _triggers(vendor: str) -> dict[str, str]:
    """Return every trigger as its name → the statement that makes it."""
    found: dict[str, str] = {}
    for source in SOURCES:
        for watched in source.watched:
            events = ("insert", "update", "delete") if watched.is_own else ("update",)
            for event in events:
                name = f"{_CURRENT}{source.code}_{watched.table}_{event}"
                make = _sqlite_trigger if vendor == "sqlite" else _postgresql_trigger
                found[name] = make(name, source, watched, event)
            if watched.is_own and vendor == "postgresql":
                name = f"{_CURRENT}{source.code}_{watched.table}_truncate"
                found[name] = (
                    f"CREATE TRIGGER {name} AFTER TRUNCATE ON {watched.table}"
                    f" FOR EACH STATEMENT EXECUTE FUNCTION {PREFIX}forget('{source.kind}')"
                )
    return found


def _insert(source: Source, vendor: str, ids: str = "") -> str:
    """Return the statement that indexes rows: all of a kind, or those whose id is among `ids` (SQL)."""
    limit = f" AND {source.id_column} IN ({ids})" if ids else ""
    rows = f"{source.select[vendor]}{limit}"
    if vendor == "sqlite":
        return (
            f"INSERT INTO {TABLE} (rowid, scope, title, body)"
            f" SELECT id * {KIND_BASE} + {source.code}, '{source.kind.replace('_', '')} o' || organisation_id ||"
            f" coalesce(' t' || team_id, ''), {_apart('title')}, {_apart('body')} FROM ({rows})"
        )
    return (
        f"INSERT INTO {TABLE} (kind, subject_id, organisation_id, team_id, document)"
        f" SELECT '{source.kind}', id, organisation_id, team_id,"
        f" setweight(to_tsvector('simple', {PREFIX}plain(title)), 'A') ||"
        f" setweight(to_tsvector('simple', {PREFIX}plain(body)), 'C') FROM ({rows}) source"
        " ON CONFLICT (kind, subject_id) DO UPDATE SET organisation_id = EXCLUDED.organisation_id,"
        " team_id = EXCLUDED.team_id, document = EXCLUDED.document"
    )


# SQLite


def _apart(text: str) -> str:
    """Return SQL that sets spaces around each sign of a script that has none; other texts stay as they are."""
    return (
        f"CASE WHEN {text} GLOB '*[{UNSPACED}]*' THEN (WITH RECURSIVE sign(one, rest) AS"
        f" (SELECT '', substr({text}, 1, {UNSPACED_LENGTH}) UNION ALL"
        " SELECT substr(rest, 1, 1), substr(rest, 2) FROM sign WHERE rest <> '')"
        f" SELECT group_concat(CASE WHEN one GLOB '[{UNSPACED}]' THEN ' ' || one || ' ' ELSE one END, '') FROM sign)"
        f" || substr({text}, {UNSPACED_LENGTH + 1}) ELSE {text} END"
    )


def _sqlite_trigger(name: str, source: Source, watched: Watched, event: str) -> str:
    row = "OLD" if event == "delete" else "NEW"
    ids = watched.affects.replace("ROW.", f"{row}.")
    row_numbers = (
        f"= {ids} * {KIND_BASE} + {source.code}"
        if watched.is_own
        else f"IN (SELECT id * {KIND_BASE} + {source.code} FROM ({ids}))"
    )
    when = of = ""
    if event == "update":
        of = f" OF {', '.join(watched.columns)}"
        # Django writes all fields of a row; only what differs costs something.
        when = f" WHEN {' OR '.join(f'OLD.{column} IS NOT NEW.{column}' for column in watched.columns)}"
    body = [] if event == "insert" else [f"DELETE FROM {TABLE} WHERE rowid {row_numbers};"]
    if event != "delete":
        body.append(_insert(source, "sqlite", ids) + ";")
    return f"CREATE TRIGGER {name} AFTER {event.upper()}{of} ON {watched.table}{when} BEGIN {' '.join(body)} END"


# PostgreSQL


def _postgresql_trigger(name: str, source: Source, watched: Watched, event: str) -> str:
    when = of = ""
    if event == "update":
        of = f" OF {', '.join(watched.columns)}"
        when = f" WHEN ({' OR '.join(f'OLD.{c} IS DISTINCT FROM NEW.{c}' for c in watched.columns)})"
    function = f"{PREFIX}{source.kind}_{watched.table}"
    return (
        f"CREATE TRIGGER {name} AFTER {event.upper()}{of} ON {watched.table}"
        f" FOR EACH ROW{when} EXECUTE FUNCTION {function}()"
    )


def _postgresql_functions(connection: BaseDatabaseWrapper) -> list[str]:
    """Return the functions that the triggers call, and the one that makes plain words of a text."""
    spaces = " " * len(_PUNCTUATION)
    punctuation = _PUNCTUATION.replace("'", "''")
    # In a database of the C locale, lower() knows ASCII only; ICU, where it is built in, knows every script.
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_collation WHERE collname = 'und-x-icu'")
        collation = ' COLLATE "und-x-icu"' if cursor.fetchone() else ""
    functions = [
        # Most texts are plain ASCII, and taking accents off costs ten times what the rest does.
        f"""CREATE OR REPLACE FUNCTION {PREFIX}plain(given text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
            SELECT translate(
                CASE WHEN octet_length(given) = char_length(given) THEN lower(given) ELSE
                    regexp_replace(normalize(regexp_replace(
                        lower(normalize(given, NFKD){collation}), '[\\u0300-\\u036f]', '', 'g'), NFC),
                        '([{UNSPACED}])', ' \\1 ', 'g') END,
                '{punctuation}', '{spaces}')
        $$""",
        f"""CREATE OR REPLACE FUNCTION {PREFIX}forget() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN DELETE FROM {TABLE} WHERE kind = TG_ARGV[0]; RETURN NULL; END
        $$""",
    ]
    for source in SOURCES:
        for watched in source.watched:
            ids = watched.affects.replace("ROW.", "NEW.")
            forget = f"DELETE FROM {TABLE} WHERE kind = '{source.kind}' AND subject_id"
            functions.append(
                f"""CREATE OR REPLACE FUNCTION {PREFIX}{source.kind}_{watched.table}() RETURNS trigger
                LANGUAGE plpgsql AS $$ BEGIN
                    IF TG_OP = 'DELETE' THEN
                        {forget} = OLD.id;
                        RETURN NULL;
                    END IF;
                    IF TG_OP = 'UPDATE' THEN {forget} IN ({ids}); END IF;
                    {_insert(source, "postgresql", ids)};
                    RETURN NULL;
                END $$"""
            )
    return functions
