"""One axis for ranges of one or several units."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .pricing import PricedBet


@dataclass(frozen=True)
class Scale:
    """The axis of the range bars: in the Key Results' common unit, or in shares of each one's way (`is_share`).

    It is divided by `ticks` even steps.
    """

    low: float
    high: float
    ticks: int
    unit: str
    is_share: bool

    def at(self, movement: float, span: float | None) -> float:
        """Place a movement on the axis, 0–100."""
        value = movement / span if self.is_share and span else movement
        return round(100 * min(max((value - self.low) / (self.high - self.low), 0.0), 1.0), 2)


def scale_of(bets: Sequence[PricedBet], said: Mapping[int, Sequence[float]] | None = None) -> Scale | None:
    """Return one axis for all ranges: in the unit where all share it, else in shares of each Key Result's way.

    `said`: what people think likely, by Key Result; it lies on the axis too.
    """
    if not bets:
        return None
    is_share = len({bet.unit for bet in bets}) > 1
    shown = [
        movement / ((bet.span or 1.0) if is_share else 1.0)
        for bet in bets
        for movement in (*_movements(bet), *(said or {}).get(bet.key_result_id, ()))
    ]
    low, high = min(0.0, *shown), max(shown)
    step = _round_up(max(high, -low, 1e-9) / 3)
    below = math.ceil(-low / step) if low < 0 else 0
    above = max(math.ceil(high / step), 1)
    return Scale(
        low=-step * below if below else 0.0,
        high=step * above,
        ticks=below + above,
        unit="" if is_share else bets[0].unit,
        is_share=is_share,
    )


def _movements(bet: PricedBet) -> list[float]:
    """Return the ends of what was promised, as it was and as corrected, and what was measured where it was judged."""
    verdict = bet.promise.verdict
    measured = [verdict.measured] if verdict and verdict.measured is not None else []
    corrected = [bet.corrected.low, bet.corrected.high] if bet.corrected else []
    return [bet.promise.low, bet.promise.high, *corrected, *measured]


def _round_up(value: float) -> float:
    """Return 1, 2 or 5 times a power of ten, at least `value`.

    >>> _round_up(1.3), _round_up(0.04), _round_up(7)
    (2.0, 0.05, 10.0)
    """
    power = 10.0 ** math.floor(math.log10(value))
    return float(next(power * step for step in (1, 2, 5, 10) if power * step >= value * (1 - 1e-9)))
