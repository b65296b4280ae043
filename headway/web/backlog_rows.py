"""Rows of the backlog's page as HTML, kept by what they say: a row that says the same is not drawn again."""

import datetime as dt
from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache, partial

from django.template.loader import get_template
from django.utils import timezone
from django.utils.translation import get_language
from markupsafe import Markup

from headway.lib import clock
from headway.value.queries import RestRow, Row, Scale, Sheet

from .views.value_parts import amount

MOST_ROWS = 500  # of each kind, of some one and a half kilobytes

Where = tuple[str | None, str, dt.date]


def drawn_rest(sheet: Sheet, items_at: str) -> Callable[[RestRow], Markup]:
    """Return what draws an item that has no price; its address is its number behind `items_at`."""
    return lambda row: _rest_row(row, items_at, sheet.can_link, sheet.can_order, _where())


def drawn_priced(sheet: Sheet, items_at: str, columns: tuple[str, ...] = ()) -> Callable[[Row], Markup]:
    """Return what draws a row of the value sheet; its address is its number behind `items_at`.

    `columns` are those asked for beside the usual ones.
    """
    figures = {name: sheet.column(name) for name in columns if name in ("cd3", "rice")}

    def draw(row: Row) -> Markup:
        more = tuple((name, figures[name].get(row.number) if name in figures else None) for name in columns)
        return _priced_row(row, more, sheet.scale, sheet.currency, items_at, sheet.can_try, _where())

    return draw


def _where() -> Where:
    """Return what the same row is written differently by: language, time zone and day."""
    return get_language(), timezone.get_current_timezone_name(), clock.today()


@lru_cache(maxsize=MOST_ROWS)
def _rest_row(row: RestRow, items_at: str, can_link: bool, can_order: bool, _where: Where) -> Markup:
    context = {"row": row, "here": f"{items_at}{row.number}/", "can_link": can_link, "can_order": can_order}
    return Markup(get_template("value/_rest_row.html").render(context))


@lru_cache(maxsize=MOST_ROWS)
def _priced_row(
    row: Row,
    more: tuple[tuple[str, tuple[float, int] | None], ...],
    scale: Scale | None,
    currency: str | None,
    items_at: str,
    can_try: bool,
    _where: Where,
) -> Markup:
    context = {"row": row, "more": more, "here": f"{items_at}{row.number}/", "can_try": can_try}
    context["cells"] = _promise(_anywhere(row), scale, currency, _where)
    return Markup(get_template("value/_row.html").render(context | {"amount": partial(amount, currency=currency)}))


def _anywhere(row: Row) -> Row:
    """Return a row without what hangs on where it stands: rows that are tried elsewhere promise the same."""
    return replace(
        row, rank=0, adds=None, cost_of_waiting=None, pays=None, lands=None, tie=None, tie_place="", tie_with=()
    )


@lru_cache(maxsize=MOST_ROWS)
def _promise(row: Row, scale: Scale | None, currency: str | None, _where: Where) -> Markup:
    context = {"row": row, "scale": scale, "amount": partial(amount, currency=currency)}
    return Markup(get_template("value/_row_promise.html").render(context))
