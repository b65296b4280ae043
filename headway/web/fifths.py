"""Geometry of a histogram of five bins: where bars, figures and the fair line lie. The template only draws."""

from collections.abc import Sequence
from dataclasses import dataclass

WIDTH, HEIGHT, BASE, TOP = 388, 132, 112.0, 27.0
_BAR, _STEP = 56, 64
_LEAST = 1.5  # pixels: an empty bin is still a bar


@dataclass(frozen=True)
class Bar:
    x: int
    y: float
    height: float
    count: int

    @property
    def middle(self) -> float:
        return self.x + _BAR / 2


@dataclass(frozen=True)
class Fifths:
    """In pixels of a drawing of WIDTH × HEIGHT. `fair_at` is where bars would end that are all alike."""

    bars: tuple[Bar, ...]
    fair: float
    fair_at: float
    width: int = WIDTH
    height: int = HEIGHT
    base: float = BASE
    bar_width: int = _BAR


def chart_of(bins: Sequence[int], fair: float) -> Fifths:
    """Lay out the counts of five bins, and the count that each would have if all were alike."""
    most = max(*bins, fair, 1)

    def height_of(count: float) -> float:
        return round(max((BASE - TOP) * count / most, _LEAST), 1)

    bars = (Bar(place * _STEP, BASE - height_of(count), height_of(count), count) for place, count in enumerate(bins))
    return Fifths(tuple(bars), fair, BASE - height_of(fair))
