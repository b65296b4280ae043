"""Will this Key Result get there: from its own measurements, as a range with its chance (load → engine → show)."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from headway.engine import attainment as engine
from headway.engine.distributions import Amounts, Floats
from headway.lib import clock
from headway.okr.grading import Terms
from headway.okr.models import KeyResult, Measurement

from ..keeping import keep_key_result
from .forecasts import TooLittle

PERCENT = "%"


@dataclass(frozen=True)
class Outlook:
    """What a Key Result's own measurements say of it on its last day.

    `low` to `high` holds 8 in 10, in its unit. `target`: the chance to reach the target, or to lie within its limits;
    `seven_tenths` and `attainment` (the share of the way that is expected) are None where there is no way.
    `measurements` are those that it rests on; `line` is the naive answer: the straight line through the last ones.
    """

    ends_on: dt.date
    low: float
    middle: float
    high: float
    target: float
    seven_tenths: float | None
    attainment: float | None
    measurements: int
    line: float


def outlook_of(
    key_result: KeyResult,
    *,
    series: Sequence[tuple[dt.date, float]] | None = None,
    today: dt.date | None = None,
) -> Outlook | TooLittle | None:
    """Return what is to be expected on the last day of the cycle, and keep it as seen.

    None where that day is measured or over, nothing is agreed (no target, no limits), or the Key Result is put away.
    `series`: the values that count, oldest first, where they are at hand; else one query. The cycle is one query more,
    where it is not loaded.
    """
    today = today or clock.today()
    ends_on, terms = key_result.objective.cycle.ends_on, key_result.terms
    if _is_away(key_result) or today > ends_on or not _is_agreed(terms):
        return None
    measured = [(on, value) for on, value in _series(key_result, series) if on <= today]
    if measured and measured[-1][0] >= ends_on:
        return None
    values, every = engine.evenly([on.toordinal() for on, _value in measured], [value for _on, value in measured])
    if len(values) < engine.MEASUREMENTS_NEEDED:
        return _too_little(len(measured))
    if (values == values[0]).all():
        return _unmoved(len(measured))
    steps = min(max(round((ends_on - measured[-1][0]).days / every), 1), engine.STEPS_AT_MOST)
    ahead = _ahead(values, steps, key_result)
    counted = min(len(values), len(measured))
    answer = _outlook(ahead, terms, ends_on, counted, engine.straight_line(values, steps=steps))
    keep_key_result(
        key_result,
        ahead,
        chance=None if terms.has_limits else answer.target,
        due_on=ends_on,
        today=today,
        last=float(values[-1]),
        measurements=counted,
    )
    return answer


def change_ahead(
    key_result: KeyResult, series: Sequence[tuple[dt.date, float]], *, weeks: int, chances: Sequence[float]
) -> tuple[float, ...] | None:
    """Return how far a Key Result moves by itself in so many weeks, towards better, at each of these chances.

    None where it has no way to go, or too little was measured to say. `series`: the values that count, oldest first.
    """
    baseline, target = key_result.baseline, key_result.target
    if baseline is None or target is None or baseline == target:
        return None
    values, every = engine.evenly([on.toordinal() for on, _value in series], [value for _on, value in series])
    if len(values) < engine.MEASUREMENTS_NEEDED or (values == values[0]).all():
        return None
    steps = min(max(round(7 * weeks / every), 1), engine.STEPS_AT_MOST)
    ahead = _ahead(values, steps, key_result)
    sign, last = (1.0 if target > baseline else -1.0), series[-1][1]
    return tuple(sorted(sign * (float(ahead.quantile(chance)) - last) for chance in chances))


def _series(key_result: KeyResult, series: Sequence[tuple[dt.date, float]] | None) -> Sequence[tuple[dt.date, float]]:
    if series is not None:
        return series
    rows = Measurement.objects.current().filter(key_result=key_result).order_by("measured_on", "id")
    return list(rows.values_list("measured_on", "value"))


def _is_away(key_result: KeyResult) -> bool:
    return key_result.archived_at is not None or key_result.objective.archived_at is not None


def _is_agreed(terms: Terms) -> bool:
    if terms.has_limits:
        return terms.lower is not None or terms.upper is not None
    return terms.baseline is not None and terms.target is not None and terms.baseline != terms.target


def _ahead(values: Floats, steps: int, key_result: KeyResult) -> Amounts:
    """Forecast on the scale on which changes are alike: shares and amounts over 0 change by what they are.

    A share that may come to its end (all, or none) stays on the plain scale, where the end can be reached.
    """
    terms = key_result.terms
    agreed = [each for each in (terms.baseline, terms.target, terms.lower, terms.upper) if each is not None]
    least, most = min(*values, *agreed), max(*values, *agreed)
    if key_result.unit == PERCENT and least > 0 and most < 100:
        return engine.key_result(values / 100, steps=steps, scale="logit").times(100)
    is_amount = least > 0 and key_result.unit != PERCENT
    return engine.key_result(values, steps=steps, scale="log" if is_amount else "linear")


def _outlook(ahead: Amounts, terms: Terms, ends_on: dt.date, measurements: int, line: float) -> Outlook:
    low, middle, high = (ahead.quantile(p) for p in (0.1, 0.5, 0.9))
    chances = None
    if not terms.has_limits and terms.baseline is not None and terms.target is not None:
        chances = engine.chance(ahead, baseline=terms.baseline, target=terms.target)
    return Outlook(
        ends_on=ends_on,
        low=low,
        middle=middle,
        high=high,
        target=chances.target if chances else _within(ahead, terms),
        seven_tenths=chances.seven_tenths if chances else None,
        attainment=chances.attainment if chances else None,
        measurements=measurements,
        line=line,
    )


def _within(ahead: Amounts, terms: Terms) -> float:
    """Return the chance to lie within the limits, they themselves included."""
    below = 1.0 - ahead.at_least(terms.lower) if terms.lower is not None else 0.0
    up_to = ahead.cdf(terms.upper) if terms.upper is not None else 1.0
    return max(up_to - below, 0.0)


def _too_little(measurements: int) -> TooLittle:
    text = ngettext(
        "A forecast needs %(needed)s measurements, a week or more apart; there is %(given)s so far.",
        "A forecast needs %(needed)s measurements, a week or more apart; there are %(given)s so far.",
        measurements,
    ) % {"needed": engine.MEASUREMENTS_NEEDED, "given": measurements}
    return TooLittle(needed=engine.MEASUREMENTS_NEEDED, given=measurements, text=text)


def _unmoved(measurements: int) -> TooLittle:
    text = _("All %(count)s measurements are the same, so nothing says how far it may move.") % {"count": measurements}
    return TooLittle(needed=engine.MEASUREMENTS_NEEDED, given=measurements, text=text)
