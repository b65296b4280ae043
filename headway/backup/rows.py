"""A row as a line of JSON, and back: the same line whichever database it comes from."""

import base64
import datetime as dt
import decimal
import json
import math
import uuid
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from django.db import models
from django.utils.duration import duration_iso_string

# PostgreSQL writes whole numbers of JSON without an exponent; from here on Python would write one.
_EXPONENT_FROM = 1e16


def fields_of(model: type[models.Model]) -> list[Any]:
    """Return the columns of a model, in its order."""
    return list(model._meta.concrete_fields)


def lines(
    rows: models.QuerySet[Any], fields: Sequence[Any], instead: Mapping[str, Any], *, at_once: int = 1000
) -> Iterator[bytes]:
    """Yield the rows of a query as lines; `instead` gives values that stand for what is kept back, by column."""
    names = [field.attname for field in fields]
    is_json = [isinstance(field, models.JSONField) for field in fields]
    for values in rows.values_list(*names).iterator(chunk_size=at_once):
        line = {
            name: instead[name] if name in instead else _canonical(value) if free else _plain(value)
            for name, value, free in zip(names, values, is_json, strict=True)
        }
        yield json.dumps(line, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode() + b"\n"


def values_in(line: bytes, fields: Mapping[str, Any], *, without_nul: bool) -> dict[str, Any]:
    """Return what a line holds, by column. `without_nul`: the database takes no NUL in a text.

    Raises ValueError where the line is none, KeyError for a column that the table has not.
    """
    read = json.loads(line)
    if without_nul and b"\\u0000" in line:
        read = _without_nul(read)
    return {name: _value(fields[name], value) for name, value in read.items()}


def _value(field: Any, value: Any) -> Any:
    if value is None or isinstance(field, models.JSONField):
        return value
    target = field.target_field if field.is_relation else field
    if isinstance(target, models.FloatField):
        return float(value)
    return target.to_python(value)


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, dt.datetime):
        return value.astimezone(dt.UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
    if isinstance(value, dt.date | dt.time):
        return value.isoformat()
    if isinstance(value, dt.timedelta):
        return duration_iso_string(value)
    if isinstance(value, decimal.Decimal | uuid.UUID):
        return str(value)
    if isinstance(value, bytes | memoryview):
        return base64.b64encode(bytes(value)).decode()
    raise TypeError(f"{type(value).__name__} has no form in an export")


def _canonical(value: Any) -> Any:
    """Return JSON as both databases give it back: keys in order, whole numbers without an exponent, no minus zero."""
    if isinstance(value, dict):
        return {key: _canonical(value[key]) for key in sorted(value)}
    if isinstance(value, list):
        return [_canonical(part) for part in value]
    if isinstance(value, float):
        if value == 0:
            return 0.0
        if abs(value) >= _EXPONENT_FROM and value.is_integer():
            return int(decimal.Decimal(repr(value)))
    return value


def _without_nul(value: Any) -> Any:
    if isinstance(value, str):
        return value.replace("\0", "�")
    if isinstance(value, dict):
        return {_without_nul(key): _without_nul(part) for key, part in value.items()}
    if isinstance(value, list):
        return [_without_nul(part) for part in value]
    return value
