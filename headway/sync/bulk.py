"""Many rows with one prepared statement: Django's own bulk methods build a long statement anew for every batch."""

from collections.abc import Iterable, Sequence
from typing import Any

from django.db import connection, models


def insert_rows(rows: Sequence[models.Model]) -> None:
    """Insert new rows of one model. They do not learn their ids. Call inside a transaction."""
    if not rows:
        return
    meta: Any = rows[0]._meta
    columns = [column for column in meta.concrete_fields if not column.primary_key]
    quote = connection.ops.quote_name
    names = ", ".join(quote(column.column) for column in columns)
    marks = ", ".join(["%s"] * len(columns))
    with connection.cursor() as cursor:
        cursor.executemany(
            f"INSERT INTO {quote(meta.db_table)} ({names}) VALUES ({marks})",
            [_values(row, columns) for row in rows],
        )


def update_rows(rows: Iterable[models.Model], fields: Sequence[str]) -> None:
    """Write these fields (by name) of saved rows of one model. Call inside a transaction."""
    rows = list(rows)
    if not rows:
        return
    meta: Any = rows[0]._meta
    columns = [meta.get_field(name) for name in fields]
    _update(meta, columns, [(*_values(row, columns), row.pk) for row in rows])


def set_column(model: type[models.Model], field: str, values: Iterable[tuple[int, Any]]) -> None:
    """Write (id, value) pairs into one column of a model. Call inside a transaction."""
    meta: Any = model._meta
    pairs = [(value, pk) for pk, value in values]
    if pairs:
        _update(meta, [meta.get_field(field)], pairs)


def _update(meta: Any, columns: Sequence[Any], values: Sequence[tuple[Any, ...]]) -> None:
    quote = connection.ops.quote_name
    assignments = ", ".join(f"{quote(column.column)} = %s" for column in columns)
    with connection.cursor() as cursor:
        cursor.executemany(
            f"UPDATE {quote(meta.db_table)} SET {assignments} WHERE {quote(meta.pk.column)} = %s", values
        )


def _values(row: models.Model, columns: Sequence[Any]) -> tuple[Any, ...]:
    return tuple(column.get_db_prep_save(getattr(row, column.attname), connection) for column in columns)
