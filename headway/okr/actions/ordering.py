"""The place of a row among its few siblings, counted from 0."""

from collections.abc import Sequence
from typing import TypeVar

from django.db.models import Max, QuerySet
from django.utils.translation import gettext as _

from headway.live.history import CannotUndo

from ..models import KeyResult, Objective

Placed = TypeVar("Placed", Objective, KeyResult)


def next_position(siblings: "QuerySet[Placed]") -> int:
    """Return the position after the last of `siblings`. One query."""
    last: int | None = siblings.aggregate(last=Max("position"))["last"]
    return 0 if last is None else last + 1


def reorder(row: Placed, siblings: Sequence[Placed], to: int, *, expected: int | None = None) -> tuple[int, int] | None:
    """Put `row` at place `to` among `siblings` (in order, itself included) and number them anew.

    Returns (place before, place after), or None where it stands there already. Raises CannotUndo where it is not at
    place `expected`.
    """
    order = [sibling.pk for sibling in siblings]
    if row.pk not in order:
        return None
    before = order.index(row.pk)
    if expected is not None and before != expected:
        raise CannotUndo(_("The order was changed since."))
    after = min(max(to, 0), len(order) - 1)
    if after == before:
        return None
    order.insert(after, order.pop(before))
    places = {pk: place for place, pk in enumerate(order)}
    for sibling in siblings:
        sibling.position = places[sibling.pk]
    type(row)._default_manager.bulk_update(siblings, ["position"])
    return before, after
