"""The value sheet and a forecast as JSON documents, as the command line prints them (docs/howto/value-sheet.md)."""

import math
from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from .queries import Forecast, PricedBet, RestRow, Row, Sheet, ShelfRow, TooLittle
from .queries.mind import Mind, mind_of

#: What the plan says of each item.
ITEM = (
    *("key", "title", "kr", "kind", "low", "likely", "high", "chance", "corrected", "weeks"),
    *("value", "value_per_week", "adds", "cost_of_waiting", "chance_of_paying", "lands_weeks", "tie", "needs"),
    *("must", "more_bets"),
)


def plan_document(sheet: Sheet, rest: Iterable[RestRow] = ()) -> dict[str, Any]:
    """Return the sheet in the Product Owner's order, then the `rest` that promises nothing, in that order too.

    Values in `unit`; what cannot be told is null.
    """
    return {
        "team": sheet.team.key,
        "unit": sheet.currency or "points",
        "horizon_weeks": sheet.horizon_weeks,
        "items": [*map(_item, sheet.rows), *(_unpromised(row, sheet) for row in rest)],
        "value_present": sheet.value_present,
        "value_shown": sheet.value_shown,
        "value_best": sheet.value_best,
        "best_order": _best_order(sheet),
        "optimality_gap": sheet.plan.best.gap if sheet.plan and sheet.plan.bets else None,
        **_mind(mind_of(sheet), sheet.team.key),
        "not_now": [_shelved(row) for row in sheet.not_now],
        "capacity": (
            {
                "sprint": sheet.capacity.sprint,
                "weeks": sheet.capacity.weeks,
                "items_that_fit": sheet.capacity.rows,
                "sprints": [
                    {
                        "sprint": line.sprint,
                        "ends_on": line.ends_on.isoformat(),
                        "items_that_fit": line.rows,
                        "items_done": {"0.1": line.low, "0.5": line.middle, "0.9": line.high},
                    }
                    for line in sheet.capacity.lines
                ],
            }
            if sheet.capacity
            else None
        ),
        "missing": sheet.pace.missing or None,
    }


def forecast_document(forecast: Forecast | TooLittle) -> dict[str, Any]:
    """Return a forecast: weeks and days for a number of items, items for a day; beyond five years null."""
    if isinstance(forecast, TooLittle):
        return {"error": forecast.text, "needed": forecast.needed, "given": forecast.given}
    document: dict[str, Any] = {
        "quantiles": {f"{chance:g}": _finite(value) for chance, value in forecast.quantiles.items()},
        "sample_weeks": forecast.sample_weeks,
        "baseline": _finite(forecast.baseline),
    }
    if forecast.items is not None:
        document |= {
            "items": forecast.items,
            "unit": "weeks",
            "dates": {f"{chance:g}": day.isoformat() if day else None for chance, day in forecast.dates.items()},
            "baseline_date": forecast.baseline_date.isoformat() if forecast.baseline_date else None,
        }
    if forecast.by is not None:
        document |= {"by": forecast.by.isoformat(), "unit": "items"}
    return document | {
        "history_ends_on": forecast.history.ends_on.isoformat(),
        "history_is_stale": forecast.history.is_stale,
        "bulk_days": [
            {"on": day.on.isoformat(), "items": day.count, "counted_as": day.counted_as} for day in forecast.bulk_days
        ],
    }


def _item(row: Row) -> dict[str, Any]:
    main = main_bet(row.bets)
    return {
        "key": row.key,
        "title": row.title,
        "kr": main.name if main else next(iter(row.serves), None),
        "kind": row.kind.kind if row.kind else None,
        "low": main.promise.low if main else None,
        "likely": main.promise.likely if main else None,
        "high": main.promise.high if main else None,
        "chance": main.promise.chance if main else None,
        "corrected": _corrected(main) if main else None,
        "weeks": row.weeks,
        "value": row.value,
        "value_per_week": row.value_per_week,
        "adds": row.adds,
        "cost_of_waiting": row.cost_of_waiting,
        "chance_of_paying": row.pays,
        "lands_weeks": list(row.lands) if row.lands else None,
        "tie": row.tie,
        "needs": [f"{row.key.rpartition('-')[0]}-{number}" for number in (*row.needs, *row.shelved_needs)],
        "must": _must(row),
        "more_bets": [_bet(bet) for bet in row.bets if bet is not main],
    }


def _mind(found: Mind | None, key: str) -> dict[str, Any]:
    """Return what would change our mind about the best order found; items by their keys."""
    if found is None:
        return {"turns": [], "find_out_first": [], "departures": {"cd3": [], "rice": []}}
    return {
        "turns": [
            {
                "item": f"{key}-{turn.number}",
                "other": f"{key}-{turn.other}",
                "belief": turn.belief,
                "now": turn.now,
                "at": turn.at,
            }
            for turn in (*found.first, *(turn for pair in found.turns[1:] for turn in pair))
        ],
        "find_out_first": [
            {
                "item": f"{key}-{one.number}",
                "by": f"{key}-{one.by}" if one.by else None,
                "cost_weeks": one.cost_weeks,
                "worth": one.worth,
                "per_week": one.per_week,
            }
            for one in found.find_out
        ],
        "departures": {
            name: [
                {"item": f"{key}-{one.number}", "place": one.place, "column_place": one.column_place, "why": one.why}
                for one in told
            ]
            for name, told in found.departures.items()
        },
    }


def _best_order(sheet: Sheet) -> list[str] | None:
    """Return the keys of the sheet's items in the best order found; None where none has a price in weeks."""
    if sheet.plan is None or not sheet.plan.bets:
        return None
    return [f"{sheet.team.key}-{number}" for number in sheet.plan.best.order]


def _must(row: Row) -> dict[str, Any] | None:
    """Return by when the item has to be done, why, and whether any order can have it done by then."""
    if row.must is None:
        return None
    by_on = row.must.by_on.isoformat() if row.must.by_on else None
    return {"by_on": by_on, "reason": row.must.reason, "can_be": row.must.is_kept}


def _unpromised(row: RestRow, sheet: Sheet) -> dict[str, Any]:
    serves = row.promise.first
    known: dict[str, Any] = {
        "key": row.key,
        "title": row.title,
        "kr": serves.name if serves and not serves.kind else None,
        "kind": serves.kind or None if serves else None,
        "weeks": sheet.pace.weeks_of(row.size),
        "needs": [],
        "more_bets": [],
    }
    return {name: known.get(name) for name in ITEM}


def main_bet(bets: tuple[PricedBet, ...]) -> PricedBet | None:
    """Return the bet that stands for an item: of several the one that promises most of its Key Result's way."""
    return max(bets, key=lambda bet: (bet.expected or 0.0) / (bet.span or 1.0), default=None)


def _bet(bet: PricedBet) -> dict[str, Any]:
    return {
        "kr": bet.name,
        "low": bet.promise.low,
        "likely": bet.promise.likely,
        "high": bet.promise.high,
        "chance": bet.promise.chance,
        "corrected": _corrected(bet),
    }


def _corrected(bet: PricedBet) -> dict[str, Any] | None:
    """Return the promise as the team's track record reads it, with how; None where it stands as it was made."""
    return asdict(bet.corrected) if bet.corrected else None


def _shelved(row: ShelfRow) -> dict[str, Any]:
    return {
        "key": row.key,
        "title": row.title,
        "reason": row.reason,
        "asked_by": row.asked_by or None,
        "told_on": row.told_on.isoformat() if row.told_on else None,
        "cost_of_waiting": row.price,
    }


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
