"""Empty the database after a test that wrote for good.

Django's own `flush` empties every table and makes the content types and permissions anew, which takes longer than most
tests. Of some ninety tables few were written to: only those are emptied, and what Django made at the start stays.
"""

from functools import cache
from typing import Any

from django.db import connection, transaction

#: written when the database is made, and by no test
KEPT = {"django_content_type", "auth_permission"}


def empty_tables(_test_case: Any = None) -> None:
    """Delete every row that a test left behind, all or nothing; references are looked at when all are gone."""
    with transaction.atomic(), connection.cursor() as cursor:
        quoted = {table: connection.ops.quote_name(table) for table in _tables()}
        looks = [f"SELECT '{name}' WHERE EXISTS (SELECT 1 FROM {table})" for name, table in quoted.items()]
        cursor.execute(" UNION ALL ".join(looks))
        for (name,) in cursor.fetchall():
            cursor.execute(f"DELETE FROM {quoted[name]}")


@cache
def _tables() -> tuple[str, ...]:
    names = connection.introspection.django_table_names(only_existing=True, include_views=False)
    return tuple(sorted(set(names) - KEPT))
