"""Fractional ranks: a text between any two others, so that a move rewrites one row."""

from collections.abc import Sequence

from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from fractional_indexing import generate_key_between, generate_n_keys_between


class RankField(models.CharField):  # type: ignore[type-arg]
    """A rank, compared byte by byte on every database: a language's collation would sort "a" beside "A"."""

    def __init__(self, *args: object, **kwargs: object) -> None:
        kwargs.setdefault("max_length", 200)
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]

    def db_parameters(self, connection: BaseDatabaseWrapper) -> dict[str, str | None]:
        parameters = super().db_parameters(connection)
        parameters["collation"] = "C" if connection.vendor == "postgresql" else "BINARY"
        return parameters


def between(before: str | None, after: str | None) -> str:
    """Return a rank after `before` and ahead of `after`; None stands for the open end."""
    return str(generate_key_between(before, after))


def many_between(before: str | None, after: str | None, count: int) -> Sequence[str]:
    """Return `count` ranks in order, all between `before` and `after`."""
    return list(generate_n_keys_between(before, after, count))
