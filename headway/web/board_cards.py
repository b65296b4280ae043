"""Cards of the board as HTML, kept by what they say: a card that says the same is not drawn again."""

import datetime as dt
from collections.abc import Callable, Mapping
from functools import lru_cache

from django.template.loader import get_template
from django.utils.translation import get_language
from markupsafe import Markup

from headway.lib import clock
from headway.scrum.queries import Card
from headway.value.queries import Promise

from .shared_renders import CSRF_SLOT

MOST_CARDS = 1_500  # of some two kilobytes

Columns = tuple[tuple[int, str], ...]
Axis = tuple[float, float]


def drawn_with(
    promises: Mapping[int, Promise], *, columns: Columns, team_key: str, can_write: bool
) -> Callable[[Card], Markup]:
    """Return what draws a card of a board; its forms have a slot for the hidden field (`shared_renders.with_csrf`)."""
    reach = _reach(promises)
    language, today = get_language(), clock.today()

    def draw(card: Card) -> Markup:
        promise = promises.get(card.id)
        key_result_id = promise.first.key_result_id if promise and promise.first else None
        return _draw(card, promise, reach.get(key_result_id or 0), columns, team_key, can_write, language, today)

    return draw


@lru_cache(maxsize=MOST_CARDS)
def _draw(
    card: Card,
    promise: Promise | None,
    ends: Axis | None,
    columns: Columns,
    team_key: str,
    can_write: bool,
    language: str | None,
    today: dt.date,
) -> Markup:
    context = {"one": card, "promise": promise, "ends": ends, "columns": columns, "csrf_input": CSRF_SLOT}
    return Markup(get_template("board/_card.html").render(context | {"team_key": team_key, "can_write": can_write}))


def _reach(promises: Mapping[int, Promise]) -> dict[int, Axis]:
    """Return for each Key Result the ends of the axis that its promises share, 0 included."""
    reach: dict[int, Axis] = {}
    for promise in promises.values():
        for line in promise.key_results:
            if line.bet and line.key_result_id is not None:
                low, high = reach.get(line.key_result_id, (0.0, 0.0))
                reach[line.key_result_id] = (min(low, line.bet.low), max(high, line.bet.high))
    return reach
