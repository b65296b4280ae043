"""Geometry of what was measured around a launch: where lines, band and labels lie. The template only draws."""

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from headway.value.queries import Found

from .formats import day
from .kr_chart import BOTTOM, TOP, Tick, scale, short, ticks

LEAST_APART = 13.0  # pixels between two labels


@dataclass(frozen=True)
class LaunchChart:
    """Everything that is drawn, in pixels of a drawing `width` wide."""

    width: int
    left: float
    right: float
    grid: tuple[Tick, ...]
    days: tuple[Tick, ...]
    launch: float
    before: str  # the measured values before the launch, as a path; "" where there are none
    after: str
    band: tuple[float, float] | None  # top and height of what fake launches show
    level_before: float | None
    level_after: float | None
    labels: tuple[tuple[str, float], ...]  # which level it is ("after", "band", "before"), and its height


def launch_chart(found: Found, *, width: int) -> LaunchChart | None:
    """Lay out the weeks that were kept with a verdict; None with fewer than two measured ones."""
    weeks = [(place, value) for place, (_day, value) in enumerate(found.weeks) if value is not None]
    if len(weeks) < 2:
        return None
    left, right = 40.0, width - (152.0 if width > 500 else 12.0)
    without = found.level_without if found.level_without is not None else found.level_before
    ends = [] if without is None else [without - found.smallest_visible, without + found.smallest_visible]
    levels = [level for level in (found.level_before, found.level_after) if level is not None]
    low, high, step = scale([value for _place, value in weeks] + ends + levels)
    last = max(len(found.weeks) - 1, 1)

    def x_of(place: float) -> float:
        return round(left + (right - left) * place / last, 1)

    def y_of(value: float) -> float:
        return round(BOTTOM - (BOTTOM - TOP) * (value - low) / (high - low), 1)

    def path(points: Sequence[tuple[int, float]]) -> str:
        return "".join(f"{'L' if n else 'M'}{x_of(place)} {y_of(value)}" for n, (place, value) in enumerate(points))

    launch = x_of(found.launched_at - 0.5)
    before = [point for point in weeks if point[0] < found.launched_at]
    after = [point for point in weeks if point[0] >= found.launched_at]
    heights = {
        "after": None if found.level_after is None else y_of(found.level_after),
        "band": y_of(ends[0]) if ends else None,
        "before": None if found.level_before is None else y_of(found.level_before),
    }
    return LaunchChart(
        width=width,
        left=left,
        right=right,
        grid=tuple(Tick(y_of(value), short(value, step)) for value in ticks(low, high, step)),
        days=tuple(_days(found, x_of, every=max(1, round(len(found.weeks) / (6 if width > 500 else 3))))),
        launch=launch,
        before=path(before),
        after=path(before[-1:] + after),
        band=(y_of(ends[1]), round(y_of(ends[0]) - y_of(ends[1]), 1)) if ends else None,
        level_before=heights["before"],
        level_after=heights["after"],
        labels=_apart([(name, height) for name, height in heights.items() if height is not None]),
    )


def _days(found: Found, x_of: Callable[[float], float], *, every: int) -> list[Tick]:
    return [
        Tick(x_of(place), day(dt.date.fromisoformat(on)))
        for place, (on, _value) in enumerate(found.weeks)
        if place % every == 0
    ]


def _apart(labels: list[tuple[str, float]]) -> tuple[tuple[str, float], ...]:
    """Move labels down so that none lies on another, the highest first."""
    placed: list[tuple[str, float]] = []
    for name, y in sorted(labels, key=lambda label: label[1]):
        least = placed[-1][1] + LEAST_APART if placed else y
        placed.append((name, max(y, least)))
    return tuple(placed)
