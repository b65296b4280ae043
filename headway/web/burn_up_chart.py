"""Geometry of a Sprint's burn-up: where lines, the forecast and labels lie. The template only draws.

In pixels of a drawing as wide as the column beside the board, because text is never shrunk.
"""

import datetime as dt
import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from headway.engine import forecast as engine
from headway.lib import clock
from headway.people.models import Team
from headway.scrum.models import Sprint
from headway.scrum.queries import BurnUp
from headway.value.keeping import keep_sprint_done
from headway.value.queries.effort import history_of
from headway.value.queries.forecasts import weeks_of_work

WIDTH, HEIGHT = 296, 164
LEFT, RIGHT, TOP, BOTTOM = 22.0, 252.0, 18.0, 138.0
GRID_LINES = 4


@dataclass(frozen=True)
class Ahead:
    """What will be done at the end of the Sprint, 8 in 10 runs, in the unit of the chart; `chance` of all of it."""

    low: float
    likely: float
    high: float
    chance: float
    sample_weeks: int


@dataclass(frozen=True)
class Mark:
    at: float
    text: str


@dataclass(frozen=True)
class Day:
    """A day on the x-axis."""

    at: float
    number: int
    on: dt.date
    is_last: bool


@dataclass(frozen=True)
class Chart:
    """Paths and places in pixels; empty paths are not drawn."""

    grid: tuple[Mark, ...]
    days: tuple[Day, ...]
    scope: str
    done: str
    now: tuple[float, float] | None
    fan: str
    middle: str
    scope_label: Mark
    ahead_label: Mark | None
    day: int


def ahead_of(team: Team, sprint: Sprint, burn_up: BurnUp, *, today: dt.date | None = None) -> Ahead | None:
    """Forecast the end of a running Sprint from the team's throughput; None without enough history or days.

    What it says of the end is kept, to be scored then (value/keeping.py).

    The engine counts items; in sizes each open item counts as the mean of those that are open. What is left of the
    Sprint counts in the team's working days, as for the chance on Today.
    """
    today = today or clock.today()
    last = burn_up.days[-1].on if burn_up.days else today
    weeks = weeks_of_work(team, today, last)
    if not weeks or not burn_up.open_items:
        return None
    history = history_of(team, today)
    try:
        coming = engine.items_done(history.weekly, weeks=weeks)
    except engine.TooLittleHistory:
        return None
    one = (burn_up.scope - burn_up.done) / burn_up.open_items
    low, likely, high = (
        burn_up.done + one * min(float(coming.quantile(share)), burn_up.open_items) for share in (0.1, 0.5, 0.9)
    )
    chance = float(coming.at_least(burn_up.open_items))
    keep_sprint_done(
        team,
        sprint,
        chance=chance,
        ends_on=last,
        items=burn_up.open_items,
        today=today,
        weeks=len(history.weekly),
    )
    return Ahead(low, likely, high, chance, len(history.weekly))


def chart_of(burn_up: BurnUp, ahead: Ahead | None) -> Chart | None:
    """Lay out a burn-up; None while nothing is in the Sprint."""
    most = max((day.scope for day in burn_up.days), default=0.0)
    if not most:
        return None
    step = _step(most)
    top = max(most, step)
    count = max(len(burn_up.days) - 1, 1)

    def x_of(index: int) -> float:
        return round(LEFT + (RIGHT - LEFT) * index / count, 1)

    def y_of(value: float) -> float:
        return round(BOTTOM - (BOTTOM - TOP) * value / top, 1)

    past = [day for day in burn_up.days if day.done is not None]
    line = [(x_of(index), y_of(day.done or 0.0)) for index, day in enumerate(past)]
    if line:  # the weekend is no day of its own: what was done on it shows at once
        line[-1] = (line[-1][0], y_of(burn_up.done))
    now = line[-1] if line else (LEFT, y_of(0.0))
    scope_at = y_of(burn_up.days[-1].scope)
    fan = middle = ""
    label = None
    if ahead is not None and now[0] < RIGHT:
        fan = f"M{now[0]} {now[1]}L{RIGHT} {y_of(ahead.low)}V{y_of(ahead.high)}Z"
        middle = f"M{now[0]} {now[1]}L{RIGHT} {y_of(ahead.likely)}"
        label = Mark(_apart(y_of(ahead.likely), scope_at) + 4, f"{ahead.low:.0f}–{ahead.high:.0f}")
    return Chart(
        grid=tuple(Mark(y_of(n * step), f"{n * step:g}") for n in range(math.floor(top / step) + 1)),
        days=tuple(_days(burn_up, x_of)),
        scope=_steps([(x_of(index), y_of(day.scope)) for index, day in enumerate(burn_up.days)]),
        done="".join(f"{'L' if index else 'M'}{x} {y}" for index, (x, y) in enumerate(line)),
        now=now if line else None,
        fan=fan,
        middle=middle,
        scope_label=Mark(scope_at + 4, f"{burn_up.days[-1].scope:g}"),
        ahead_label=label,
        day=len(past),
    )


def _days(burn_up: BurnUp, x_of: Callable[[int], float]) -> Iterator[Day]:
    last = len(burn_up.days) - 1
    for index in sorted({0, round(last / 2), last}):
        yield Day(x_of(index), index + 1, burn_up.days[index].on, index == last)


def _step(most: float) -> float:
    """Return a round step with which at most four lines reach `most`."""
    rough = most / GRID_LINES
    power = 10.0 ** math.floor(math.log10(rough))
    return next(power * n for n in (1, 2, 5, 10) if power * n >= rough)


def _steps(points: Sequence[tuple[float, float]]) -> str:
    """Draw a line that changes in steps: the scope changes on a day, not between two."""
    path = f"M{points[0][0]} {points[0][1]}"
    for (_x, before), (x, y) in itertools.pairwise(points):
        path += f"H{x}" if y == before else f"H{x}V{y}"
    return path


def _apart(at: float, other: float) -> float:
    """Move a label down where it would lie on the one of the scope."""
    return max(at, other + 15)
