"""Queries whose SQL is put together once.

To put a statement together takes Django several times as long as SQLite takes to answer it by a key; what every request
asks is therefore kept as it was sent to the database, and only its values change. Rows come back as the query gives
them: as models, with what it selects beside them, or as tuples.
"""

import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Generic, TypeVar

from django.db import connection, connections
from django.db.models import QuerySet
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
        wrapper = connections[connection.alias]
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
        with self.wrapper.cursor() as cursor:
            cursor.execute(self._sql, [fixed if place is None else values[place] for place, fixed in self._given])
            found: Any = cursor.fetchall()
        if self._converters:
            found = self._compiler.apply_converters(found, self._converters)
        return list(self._read(found))


def _reader(query: QuerySet[Any, Any], compiler: Any, alias: str) -> Callable[[Any], Iterator[Any]]:
    """Return what makes of rows what the query's own iterator would make of them."""
    kind = query._iterable_class
    if kind is ValuesListIterable:
        return lambda rows: map(tuple, rows)
    if kind is not ModelIterable or compiler.annotation_col_map:
        raise TypeError("Only models as they are, and tuples, can be prepared.")
    info, select = compiler.klass_info, compiler.select
    start, end = info["select_fields"][0], info["select_fields"][-1] + 1
    names = [column[0].target.attname for column in select[start:end]]
    populators = get_related_populators(info, select, alias)  # type: ignore[call-arg]  # stubs of a later Django

    def models(rows: Any) -> Iterator[Any]:
        for row in rows:
            made = info["model"].from_db(alias, names, row[start:end])
            for populator in populators:
                populator.populate(row, made)
            yield made

    return models
