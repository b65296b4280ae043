"""Statements whose SQL is put together once.

To put a statement together takes Django several times as long as SQLite takes to answer it by a key; what every request
asks is therefore kept as it was sent to the database, and only its values change. Rows come back as the query gives
them: as models, with what it selects beside them, or as tuples. `insert` and `update` write one row in the same way.
"""

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from typing import Any, Generic, TypeVar

from django.db import DEFAULT_DB_ALIAS, DatabaseError, connection, connections, transaction
from django.db.models import Field, Model, QuerySet
from django.db.models.query import ModelIterable, ValuesListIterable, get_related_populators

Row = TypeVar("Row")

# Stand for the values while the statement is put together; in the range of every whole number that is a column here.
_FIRST_SLOT = 1_987_654_301


class Prepared(Generic[Row]):
    """A query by some values: `make` gets one argument of each of `kinds` (int or str) and returns a QuerySet.

    `make` may use an argument for nothing but to compare a column with it, and must return the same query each time.
    Raises ValueError and TypeError, when it is first asked, for a query that cannot be prepared.
    """

    def __init__(self, make: Callable[..., QuerySet[Any, Row]], *kinds: type[int] | type[str]) -> None:
        self._make = make
        self._slots = [kind(_FIRST_SLOT + place) for place, kind in enumerate(kinds)]
        self._here = threading.local()  # converters belong to a connection, and that to a thread

    def all(self, *values: int | str) -> list[Row]:
        """Return the rows for these values, in the order of `kinds`. One query."""
        found: list[Row] = self._statement().rows(values)
        return found

    def first(self, *values: int | str) -> Row | None:
        """Return the first of the rows, None where there is none. One query, which reads them all."""
        return next(iter(self.all(*values)), None)

    def _statement(self) -> "_Statement":
        wrapper = _ours()
        kept: _Statement | None = getattr(self._here, "statement", None)
        if kept is None or kept.wrapper is not wrapper:
            kept = self._here.statement = _Statement(self._make(*self._slots), self._slots, wrapper)
        return kept


class _Statement:
    """The SQL for one connection, and how its rows are read."""

    def __init__(self, query: QuerySet[Any, Any], slots: Sequence[int | str], wrapper: Any) -> None:
        self.wrapper = wrapper
        self._compiler = query.query.get_compiler(using=wrapper.alias)
        self._sql, given = self._compiler.as_sql()
        self._given = [(slots.index(value), None) if value in slots else (None, value) for value in given]
        unused = set(range(len(slots))) - {place for place, _value in self._given}
        if unused:
            raise ValueError(f"The query does not use its values {sorted(unused)}.")
        columns = [one[0] for one in self._compiler.select[: self._compiler.col_count]]
        self._converters = self._compiler.get_converters(columns)
        self._read = _reader(query, self._compiler, wrapper.alias)

    def rows(self, values: Sequence[int | str]) -> list[Any]:
        given = [fixed if place is None else values[place] for place, fixed in self._given]
        found: Any = asked_again(self._sql, given, self.wrapper)
        if self._converters:
            found = self._compiler.apply_converters(found, self._converters)
        return list(self._read(found))


def asked_again(sql: str, values: Sequence[Any], wrapper: Any = None) -> list[tuple[Any, ...]]:
    """Return the rows of a written statement that comes again and again, with other values. One query."""
    with _cursor(wrapper or _ours()) as cursor:
        cursor.execute(sql, values)
        return list(cursor.fetchall())


def _ours() -> Any:
    """Return this thread's connection itself: Django's stand-in for it looks it up for each attribute."""
    return connections[DEFAULT_DB_ALIAS]


def _cursor(wrapper: Any) -> Any:
    """Return a cursor for statements that come again: PostgreSQL then reads and plans each once for a connection.

    Django's own cursors write the values into the text, so that the server meets another statement each time.
    """
    if wrapper.vendor != "postgresql":
        return wrapper.cursor()
    from django.db.backends.postgresql import base  # which wants psycopg, as SQLite does not

    with_values_apart: Any = base.ServerBindingCursor
    with wrapper.wrap_database_errors:
        wrapper.close_if_health_check_failed()
        wrapper.ensure_connection()
        return wrapper._prepare_cursor(with_values_apart(wrapper.connection))


def _reader(query: QuerySet[Any, Any], compiler: Any, alias: str) -> Callable[[Any], Iterator[Any]]:
    """Return what makes of rows what the query's own iterator would make of them."""
    kind = query._iterable_class
    if kind is ValuesListIterable:
        return lambda rows: map(tuple, rows)
    if kind is not ModelIterable:
        raise TypeError("Only models and tuples can be prepared.")
    annotated = list((compiler.annotation_col_map or {}).items())
    info, select = compiler.klass_info, compiler.select
    start, end = info["select_fields"][0], info["select_fields"][-1] + 1
    names = [column[0].target.attname for column in select[start:end]]
    populators = get_related_populators(info, select, alias)  # type: ignore[call-arg]  # stubs of a later Django

    def models(rows: Any) -> Iterator[Any]:
        for row in rows:
            made = info["model"].from_db(alias, names, row[start:end])
            for populator in populators:
                populator.populate(row, made)
            for name, place in annotated:
                setattr(made, name, row[place])
            yield made

    return models


# One row written


def insert(row: Model, *, after: str = "", given: Sequence[Any] = ()) -> None:
    """Write a new row as `save()` does, but for signals; the database gives it its id. One query.

    `after` (PostgreSQL): what is selected, with the values `given`, before the row gets its id.
    """
    wrapper = _ours()
    sql, fields = _insertion(type(row), wrapper.vendor, after)
    with transaction.mark_for_rollback_on_error(wrapper.alias):
        row.pk = asked_again(sql, [*given, *_given(row, fields, wrapper, is_new=True)], wrapper)[0][0]
    row._state.adding, row._state.db = False, wrapper.alias


def update(row: Model, names: Iterable[str]) -> None:
    """Write these fields of a row as `save(update_fields=names)` does, but for signals. One query.

    Raises DatabaseError where the row is gone.
    """
    wrapper = _ours()
    sql, fields = _rewriting(type(row), tuple(names), wrapper.vendor)
    with transaction.mark_for_rollback_on_error(wrapper.alias), _cursor(wrapper) as cursor:
        cursor.execute(sql, [*_given(row, fields, wrapper, is_new=False), row.pk])
        if cursor.rowcount != 1:
            raise DatabaseError("The row to update is gone.")


_Writing = tuple[str, Sequence["Field[Any, Any]"]]


@cache
def _insertion(model: type[Model], vendor: str, after: str) -> _Writing:
    fields = [field for field in model._meta.local_concrete_fields if not field.primary_key and not field.generated]
    columns, marks = ", ".join(map(_quoted, fields)), ", ".join(["%s"] * len(fields))
    table, key = connection.ops.quote_name(model._meta.db_table), _quoted(_key_of(model))
    values = f"SELECT {marks} FROM before_it" if after else f"VALUES ({marks})"
    # MATERIALIZED: else a planner might put it anywhere; a row of it is there before a row of ours is made.
    first = f"WITH before_it AS MATERIALIZED (SELECT {after}) " if after else ""
    return f"{first}INSERT INTO {table} ({columns}) {values} RETURNING {key}", fields


@cache
def _rewriting(model: type[Model], names: tuple[str, ...], vendor: str) -> _Writing:
    by_name = {name: field for field in model._meta.local_concrete_fields for name in (field.name, field.attname)}
    fields = [by_name[name] for name in names]
    columns = ", ".join(f"{_quoted(field)} = %s" for field in fields)
    table = connection.ops.quote_name(model._meta.db_table)
    return f"UPDATE {table} SET {columns} WHERE {_quoted(_key_of(model))} = %s", fields


def _given(row: Model, fields: Sequence["Field[Any, Any]"], wrapper: Any, *, is_new: bool) -> list[Any]:
    return [field.get_db_prep_save(field.pre_save(row, is_new), wrapper) for field in fields]


def _quoted(field: "Field[Any, Any]") -> str:
    return connection.ops.quote_name(str(field.column))


def _key_of(model: type[Model]) -> "Field[Any, Any]":
    assert model._meta.pk is not None
    return model._meta.pk
