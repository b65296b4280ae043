"""What would change our mind about the order: beliefs at which it turns round, tests worth their cost, and habits."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from headway.lib.formats import number, percent

from .plan import Departed, Plan, Turn
from .pricing import Row
from .sheet import Sheet

DAY_WEEKS = 0.2
"""What a test is taken to cost where no item of learning says more: a day of a team that works five a week."""
TESTED = 12
"""Of so many bets, the first of the best order, a test is priced: what comes late is tested late."""

LEAST_WORTH = 1e-4
"""Share of the best order's value under which a test is worth nothing that could be told."""


@dataclass(frozen=True)
class FoundOut:
    """What it is worth to find out about an item before it is built, at what a test costs [weeks of work].

    `by`: the number of the item of learning that is the test, where there is one. `perfect`: if it told all.
    """

    number: int
    title: str
    by: int | None
    cost_weeks: float
    worth: float
    per_week: float
    perfect: float


@dataclass(frozen=True)
class Mind:
    """All about the best order found. `first`: what makes its first bet lose its place; `turns`: of each two bets."""

    first: tuple[Turn, ...]
    turns: tuple[tuple[Turn, ...], ...]
    find_out: tuple[FoundOut, ...]
    date_costs: Mapping[int, float]
    departures: Mapping[str, tuple[Departed, ...]]


def mind_of(sheet: Sheet) -> Mind | None:
    """Return what would change the best order found; None where nothing has a price in weeks. Looks for that order."""
    plan = sheet.plan
    if plan is None or not plan.bets:
        return None
    order = plan.best.order
    return Mind(
        first=tuple(plan.first_turns(order)),
        turns=tuple(tuple(pair) for pair in plan.turns(order)),
        find_out=tuple(find_out(sheet, plan, order)),
        date_costs=plan.date_costs,
        departures={name: tuple(plan.departures(name, order)) for name in ("cd3", "rice")},
    )


def turns_about(sheet: Sheet, item_number: int) -> list[Turn]:
    """Return the nearest belief at which an item changes places with the bet above it, and with the one below it."""
    plan = sheet.plan
    if plan is None or item_number not in plan.bets:
        return []
    bets = [one for one in sheet.order if one in set(plan.bets)]
    place = bets.index(item_number)
    pairs = plan.turns(sheet.order)
    beside = [pairs[at] for at in (place - 1, place) if 0 <= at < len(pairs)]
    own = [[turn for turn in pair if turn.number == item_number] for pair in beside]
    return [min(pair, key=_distance) for pair in own if pair]


def turn_in_words(turn: Turn, rows: Mapping[int, Row]) -> str:
    """Say at which belief two items change places: "… if the likely effect of 249 falls under 4 points (now 6)"."""
    names = {"item": turn.number, "other": turn.other}
    falls = turn.at < turn.now
    bets = [bet for bet in rows[turn.number].bets if bet.gap is not None]
    if turn.belief == "chance":
        told = names | {"at": percent(turn.at), "now": percent(turn.now)}
        text = (
            _("%(item)s and %(other)s change places if the chance of %(item)s falls under %(at)s (now %(now)s).")
            if falls
            else _("%(item)s and %(other)s change places if the chance of %(item)s rises over %(at)s (now %(now)s).")
        )
    elif turn.belief == "effort":
        told = names | {"at": _figure(turn.at), "now": _figure(turn.now)}
        text = (
            _("%(item)s and %(other)s change places if %(item)s takes under %(at)s weeks of work (now %(now)s).")
            if falls
            else _("%(item)s and %(other)s change places if %(item)s takes over %(at)s weeks of work (now %(now)s).")
        )
    elif len(bets) == 1 and bets[0].counted.likely > 0:
        likely, unit = bets[0].counted.likely, bets[0].unit
        told = names | {"at": _movement(likely * turn.at, unit), "now": _movement(likely, unit)}
        text = (
            _("%(item)s and %(other)s change places if the likely effect of %(item)s falls under %(at)s (now %(now)s).")
            if falls
            else _(
                "%(item)s and %(other)s change places if the likely effect of %(item)s rises over %(at)s (now %(now)s)."
            )
        )
    else:
        told = names | {"at": percent(turn.at)}
        text = (
            _("%(item)s and %(other)s change places if the effect of %(item)s is under %(at)s of what is promised.")
            if falls
            else _("%(item)s and %(other)s change places if the effect of %(item)s is over %(at)s of what is promised.")
        )
    return text % told


def departure_in_words(departed: Departed, name: str) -> str:
    """Say where an item stands by the plan and by a column, and why."""
    reasons = {
        "due": _("it has a date"),
        "needed": _("another item needs it"),
        "needs": _("what it needs comes first"),
        "gap_filled": _("those above it leave little of its gap"),
        "late": _("its effect shows late, and little of the horizon is left then"),
        "all_or_nothing": _("its Key Result counts only when it is reached"),
        "others_moved": _("others make way for it, or it for them"),
        "range": _("its range, its Key Result’s own drift or the end of the horizon"),
    }
    return _("%(item)s: place %(place)s in the plan, %(column_place)s by %(column)s: %(why)s.") % {
        "item": departed.number,
        "place": departed.place,
        "column_place": departed.column_place,
        "column": name,
        "why": reasons[departed.why],
    }


def nearest(turns: Iterable[Turn]) -> list[Turn]:
    """Return turns, the one first for which least has to be believed otherwise."""
    return sorted(turns, key=_distance)


def find_out(sheet: Sheet, plan: Plan, order: Sequence[int]) -> list[FoundOut]:
    """Return what finding out about the first bets of an order is worth, most per week of work first."""
    rows = {row.number: row for row in sheet.rows}
    learning = [row for row in sheet.rows if row.kind and row.kind.kind == "learning" and row.weeks]
    tested = [one for one in order if one in set(plan.bets)][:TESTED]
    by = {one: next((row for row in learning if set(row.serves) & set(rows[one].serves)), None) for one in tested}
    costs = {one: (row.weeks if row else None) or DAY_WEEKS for one, row in by.items()}
    return [
        FoundOut(
            number=trial.number,
            title=rows[trial.number].title,
            by=row.number if (row := by[trial.number]) else None,
            cost_weeks=trial.cost_weeks,
            worth=trial.worth,
            per_week=trial.per_week,
            perfect=trial.perfect,
        )
        for trial in plan.tests(costs, order)
        if trial.worth > LEAST_WORTH * abs(plan.best.value)
    ]


def _distance(turn: Turn) -> tuple[float, int]:
    """Return how far a belief is from where it turns the order; of two that are equal the size comes first."""
    low, high = sorted((turn.now, turn.at))
    return (high / low if low > 0 else float("inf")), ("size", "chance", "effort").index(turn.belief)


def _movement(value: float, unit: str) -> str:
    return _("%(count)s points") % {"count": _figure(value)} if unit == "%" else f"{_figure(value)} {unit}".strip()


def _figure(value: float) -> str:
    return number(float(f"{value:.2g}"))
