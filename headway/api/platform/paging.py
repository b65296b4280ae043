"""Pages of a list, by a cursor that keeps its place while rows come and go.

A cursor is the sort key of the last row that was given, signed: it cannot be made up, and one of another list or order
is refused. Keys are unique (their last part is an id), so that no row is given twice and none is left out.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Annotated, Any, Generic, TypeVar

from django.core import signing
from django.db.models import Model, Q, QuerySet
from django.utils.translation import gettext as _
from pydantic import Field

from .problems import Problem, field_problem
from .schemas import Filters, Out

MOST = 200
USUAL = 50

Item = TypeVar("Item")
Row = TypeVar("Row", bound=Model)


class Paging(Filters):
    """Where a page begins and how long it is."""

    cursor: Annotated[str | None, Field(description="`next_cursor` of the page before; without it, the first.")] = None
    limit: Annotated[int, Field(ge=1, le=MOST, description="How many at most.")] = USUAL


class Page(Out, Generic[Item]):
    """Some of a list. `next_cursor` leads to the next ones; null on the last page."""

    items: list[Item]
    next_cursor: str | None

    @classmethod
    def model_parametrized_name(cls, params: tuple[Any, ...]) -> str:
        return f"{params[0].__name__}Page"


def page_of(
    rows: "QuerySet[Row]",
    paging: Paging,
    represent: Callable[[Row], Item],
    *,
    order: Sequence[str],
) -> Page[Item]:
    """Return a page of `rows` in `order`: names of fields that are never null, "-" for descending, the last one unique.

    One query, whose cost does not grow with how far one has come. Raises Problem 422 for a cursor that is none.
    """
    taken, cursor = slice_of(rows, paging, order=order)
    return Page(items=[represent(row) for row in taken], next_cursor=cursor)


def slice_of(rows: "QuerySet[Row]", paging: Paging, *, order: Sequence[str]) -> tuple[list[Row], str | None]:
    """Return the rows of a page and the cursor of the next: for those who represent many rows at once."""
    salt = f"{rows.model._meta.label_lower}:{','.join(order)}"
    if paging.cursor is not None:
        rows = rows.filter(_after(order, _read(paging.cursor, salt, order)))
    taken = list(rows.order_by(*order)[: paging.limit + 1])
    if len(taken) <= paging.limit:
        return taken, None
    last = taken[paging.limit - 1]
    key = [_value(last, name.removeprefix("-")) for name in order]
    return taken[: paging.limit], _write(key, salt)


def page_of_list(
    rows: Iterable[Any],
    paging: Paging,
    represent: Callable[[Any], Item],
    *,
    key: Callable[[Any], Any],
    name: str,
) -> Page[Item]:
    """Return a page of rows that a query put together, in the order given; `key` tells one from all others.

    `name` is the list's own, for its cursors. Where the row of a cursor is gone, the list begins anew with 409.
    """
    rows = list(rows)
    start = 0
    if paging.cursor is not None:
        (last,) = _read(paging.cursor, name, [""])
        places = [place for place, row in enumerate(rows) if key(row) == last]
        if not places:
            raise Problem(409, _("The row at which this cursor stood is gone: begin with the first page again."))
        start = places[0] + 1
    taken = rows[start : start + paging.limit]
    more = start + paging.limit < len(rows)
    return Page(items=[represent(row) for row in taken], next_cursor=_write([key(taken[-1])], name) if more else None)


def _after(order: Sequence[str], key: Sequence[Any]) -> Q:
    after, same = Q(pk__in=[]), Q()
    for name, value in zip(order, key, strict=True):
        field = name.removeprefix("-")
        after |= same & Q(**{f"{field}__{'lt' if name.startswith('-') else 'gt'}": value})
        same &= Q(**{field: value})
    return after


def _value(row: Model, path: str) -> Any:
    value: Any = row
    for name in path.split("__"):
        value = getattr(value, name)
    return value.isoformat() if hasattr(value, "isoformat") else value


def _write(key: list[Any], salt: str) -> str:
    return signing.dumps(key, salt=f"headway.api.cursor:{salt}")


def _read(cursor: str, salt: str, order: Sequence[str]) -> list[Any]:
    try:
        key = signing.loads(cursor, salt=f"headway.api.cursor:{salt}")
    except (signing.BadSignature, ValueError):
        key = None
    if not isinstance(key, list) or len(key) != len(order):
        raise field_problem("cursor", _("This is no cursor of this list."))
    return key
