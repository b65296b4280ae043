"""Many rows at once: one prepared statement, on PostgreSQL COPY. Django's own build a long one for every batch."""

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any

from django.db import connection, models

# What these hold goes to the database as it is; the others (moments, JSON) are prepared by their field.
_AS_THEY_ARE = (
    models.CharField,
    models.TextField,
    models.IntegerField,
    models.FloatField,
    models.BooleanField,
    models.ForeignKey,
)


def insert_rows(rows: Sequence[models.Model], *, with_ids: bool = False) -> None:
    """Insert new rows of one model; `with_ids` gives each its id first. Call inside a transaction that may write."""
    if not rows:
        return
    meta: Any = rows[0]._meta
    columns = [column for column in meta.concrete_fields if with_ids or not column.primary_key]
    if with_ids:
        for row, pk in zip(rows, _new_ids(meta, len(rows)), strict=True):
            row.pk = pk
    quote = connection.ops.quote_name
    table, names = quote(meta.db_table), ", ".join(quote(column.column) for column in columns)
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            with cursor.copy(f"COPY {table} ({names}) FROM STDIN") as copy:
                for values in _values(rows, columns):
                    copy.write_row(values)
        else:
            marks = ", ".join(["%s"] * len(columns))
            cursor.executemany(f"INSERT INTO {table} ({names}) VALUES ({marks})", list(_values(rows, columns)))
    for row in rows:
        row._state.adding = False


def update_rows(rows: Iterable[models.Model], fields: Sequence[str]) -> None:
    """Write these fields (by name) of saved rows of one model. Call inside a transaction."""
    rows = list(rows)
    if not rows:
        return
    meta: Any = rows[0]._meta
    columns = [meta.get_field(name) for name in fields]
    _update(meta, columns, [(*values, row.pk) for row, values in zip(rows, _values(rows, columns), strict=True)])


def set_column(model: type[models.Model], field: str, values: Iterable[tuple[int, Any]]) -> None:
    """Write (id, value) pairs into one column of a model. Call inside a transaction."""
    meta: Any = model._meta
    column = meta.get_field(field)
    pairs = [(column.get_db_prep_save(value, connection), pk) for pk, value in values]
    if pairs:
        _update(meta, [column], pairs)


def _new_ids(meta: Any, count: int) -> list[int]:
    """Return ids that nobody else gets: on SQLite because one writes at a time, on PostgreSQL from the sequence."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            table = connection.ops.quote_name(meta.db_table)
            cursor.execute(
                "SELECT nextval(pg_get_serial_sequence(%s, %s)) FROM generate_series(1, %s)",
                [table, meta.pk.column, count],
            )
            return [row[0] for row in cursor.fetchall()]
        cursor.execute("SELECT seq FROM sqlite_sequence WHERE name = %s", [meta.db_table])
        last = (cursor.fetchone() or (0,))[0]
        return list(range(last + 1, last + 1 + count))


def _update(meta: Any, columns: Sequence[Any], values: Sequence[tuple[Any, ...]]) -> None:
    quote = connection.ops.quote_name
    assignments = ", ".join(f"{quote(column.column)} = %s" for column in columns)
    with connection.cursor() as cursor:
        cursor.executemany(
            f"UPDATE {quote(meta.db_table)} SET {assignments} WHERE {quote(meta.pk.column)} = %s", values
        )


def _values(rows: Iterable[models.Model], columns: Sequence[Any]) -> Iterable[tuple[Any, ...]]:
    getters = [_getter(column) for column in columns]
    for row in rows:
        known = row.__dict__
        yield tuple([get(known) for get in getters])


def _getter(column: Any) -> Callable[[dict[str, Any]], Any]:
    if isinstance(column, _AS_THEY_ARE):
        return partial(_as_it_is, column.attname)
    return partial(_prepared, column)


def _as_it_is(name: str, known: dict[str, Any]) -> Any:
    return known[name]


def _prepared(column: Any, known: dict[str, Any]) -> Any:
    return column.get_db_prep_save(known[column.attname], connection)
