"""The two small charts of Today as geometry: chances by day, and where a Key Result stands on its way."""

from collections.abc import Sequence
from dataclasses import dataclass

from headway.desks.outlook import DayChance
from headway.okr.queries import KeyResultRow

WIDTH, TOP, BASE = 236, 14, 70
WAY_LEFT, WAY_RIGHT = 6.0, 230.0
ASPIRED = 0.7


@dataclass(frozen=True)
class Bar:
    """A day of the chart; heights grow with the chance. `day` None: later."""

    x: float
    y: float
    width: float
    height: float
    day: DayChance
    is_highest: bool

    @property
    def middle(self) -> float:
        return self.x + self.width / 2


@dataclass(frozen=True)
class Bars:
    bars: tuple[Bar, ...]
    end_x: float  # where the Sprint ends


def bars_of(days: Sequence[DayChance]) -> Bars:
    """Lay the days side by side, the highest chance as high as the chart."""
    step = WIDTH / len(days)
    most = max(day.chance for day in days) or 1.0
    bars = []
    for place, day in enumerate(days):
        height = (BASE - TOP) * day.chance / most
        bars.append(Bar(place * step + step * 0.1, BASE - height, step * 0.8, height, day, day.chance == most))
    return Bars(tuple(bars), step * sum(day.is_in_time for day in days))


@dataclass(frozen=True)
class Way:
    """Where a Key Result stands between baseline and target, as x of a line; `even` is where even pace would be."""

    now: float
    even: float
    aspired: float | None


def way_of(row: KeyResultRow) -> Way | None:
    """Return None where there is no way to show: no baseline or target, or nothing measured."""
    moved = row.progress.moved
    if moved is None:
        return None
    is_aspirational = row.type == "aspirational"
    return Way(_x(moved), _x(row.progress.time_used), _x(ASPIRED) if is_aspirational else None)


def _x(share: float) -> float:
    return round(WAY_LEFT + (WAY_RIGHT - WAY_LEFT) * share, 1)


def limit_share(row: KeyResultRow, value: float | None) -> float | None:
    """Place a value of a Key Result with limits on a bar that ends a fifth beyond the widest of them; None for none."""
    known = [abs(one) for one in (row.lower, row.upper, row.progress.now) if one is not None]
    longest = 1.2 * max(known, default=0.0)
    return min(max(value / longest, 0.0), 1.0) if value is not None and longest else None
