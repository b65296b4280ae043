"""Geometry of the charts of a Key Result: where lines, points and labels lie. The template only draws.

All of it is in pixels of a drawing of a given width, because text is never shrunk: the page draws it twice, for a
desk and for a phone.
"""

import datetime as dt
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from headway.okr.queries import KeyResultPage, MyKeyResult, Week

TOP, BOTTOM = 14, 208
XOf = Callable[[dt.date], float]


@dataclass(frozen=True)
class Tick:
    """A place on an axis with its label; `at` in pixels."""

    at: float
    label: str
    is_now: bool = False
    label_at: float = 0.0


@dataclass(frozen=True)
class Point:
    x: float
    y: float
    value: float
    on: dt.date


@dataclass(frozen=True)
class Span:
    """A Sprint or a month on the x-axis."""

    name: str
    starts_on: dt.date
    ends_on: dt.date


@dataclass(frozen=True)
class Chart:
    """Everything that is drawn, in pixels."""

    width: int
    left: float
    right: float
    grid: tuple[Tick, ...]
    spans: tuple[Tick, ...]
    points: tuple[Point, ...]
    line: str  # of the measured values, as a path
    even: str  # of the even pace, as a path; "" without a way
    even_label: tuple[float, float, float] | None  # x, y, angle
    target: Tick | None
    aspired: Tick | None
    limits: tuple[Tick, ...]
    shipped: tuple[Tick, ...]
    value_label: tuple[float, float, str] | None  # x, y, text-anchor


def chart_of(
    page: KeyResultPage, *, spans: Sequence[Span], shipped: Iterable[tuple[str, dt.date]], today: dt.date, width: int
) -> Chart:
    """Lay out a Key Result's progress. `shipped`: (label, day) of the bets that were delivered."""
    left, right = 34.0, width - (128.0 if width > 500 else 70.0)
    row = page.row
    series = [point for point in page.series if page.starts_on <= point.on <= page.ends_on]
    aspired = _aspired(page)
    marks = [row.baseline, row.target, row.lower, row.upper, *(point.value for point in series)]
    low, high, step = scale([value for value in marks if value is not None])

    def x_of(day: dt.date) -> float:
        days = (page.ends_on - page.starts_on).days or 1
        return round(left + (right - left) * min(max((day - page.starts_on).days / days, 0.0), 1.0), 1)

    def y_of(value: float) -> float:
        return round(BOTTOM - (BOTTOM - TOP) * (value - low) / (high - low), 1)

    points = tuple(Point(x_of(point.on), y_of(point.value), point.value, point.on) for point in series)
    even, even_label = "", None
    if row.baseline is not None and row.target is not None and not row.has_limits:
        start, end = (left, y_of(row.baseline)), (right, y_of(row.target))
        even = f"M{start[0]} {start[1]}L{end[0]} {end[1]}"
        even_label = _even_label(start, end, rises=end[1] < start[1])
    return Chart(
        width=width,
        left=left,
        right=right,
        grid=tuple(Tick(y_of(value), short(value, step)) for value in ticks(low, high, step)),
        spans=tuple(_span_ticks(spans, x_of, today=today, page=page)),
        points=points,
        line="".join(f"{'L' if place else 'M'}{point.x} {point.y}" for place, point in enumerate(points)),
        even=even,
        even_label=even_label,
        target=Tick(y_of(row.target), "") if row.target is not None and not row.has_limits else None,
        aspired=Tick(y_of(aspired), short(aspired, step / 10)) if aspired is not None else None,
        limits=tuple(Tick(y_of(value), "") for value in (row.lower, row.upper) if value is not None),
        shipped=tuple(_shipped(shipped, x_of, page)),
        value_label=_value_label(points, left),
    )


@dataclass(frozen=True)
class Trend:
    """Pace and confidence of some weeks as two lines; each None with fewer than two values."""

    confidence: str | None
    pace: str | None
    confidence_end: tuple[float, float]
    pace_end: tuple[float, float]


def trend_of(weeks: Sequence[Week], *, width: float = 268.0) -> Trend:
    """Lay out pace (0 to 2, even in the middle) and confidence (0 to 10) on one small axis of 46 pixels."""
    said = [(place, week.confidence / 10) for place, week in enumerate(weeks) if week.confidence is not None]
    paced = [(place, min(max(week.pace, 0.0), 2.0) / 2) for place, week in enumerate(weeks) if week.pace is not None]
    steps = max(len(weeks) - 1, 1)

    def at(place: int, share: float) -> tuple[float, float]:
        return round(4 + width * place / steps, 1), round(46 - 42 * share, 1)

    def path(values: list[tuple[int, float]]) -> str | None:
        points = [at(*value) for value in values]
        return "".join(f"{'L' if n else 'M'}{x} {y}" for n, (x, y) in enumerate(points)) if len(points) > 1 else None

    return Trend(
        confidence=path(said),
        pace=path(paced),
        confidence_end=at(*said[-1]) if said else (0, 0),
        pace_end=_apart(at(*paced[-1]), at(*said[-1]) if said else None) if paced else (0, 0),
    )


@dataclass(frozen=True)
class Line:
    """A small line of values with the goal it goes to, in pixels."""

    path: str
    end: tuple[float, float]
    goal: float | None  # where the target or the limit lies


def small_line(mine: MyKeyResult, *, width: float = 110, height: float = 44) -> Line | None:
    """Lay out the values of a Key Result in its cycle; None with fewer than two."""
    if len(mine.series) < 2:
        return None
    row = mine.row
    goal = row.target if not row.has_limits else row.upper if row.upper is not None else row.lower
    values = [value for _day, value in mine.series] + ([goal] if goal is not None else [])
    low, high = min(values), max(values)
    gap = (high - low) or 1.0
    first, last = mine.series[0][0], mine.series[-1][0]
    days = (last - first).days or 1

    def y_of(value: float) -> float:
        return round(2 + (height - 4) * (1 - (value - low) / gap), 1)

    points = [(round(width * (day - first).days / days, 1), y_of(value)) for day, value in mine.series]
    path = "".join(f"{'L' if n else 'M'}{x} {y}" for n, (x, y) in enumerate(points))
    return Line(path, points[-1], y_of(goal) if goal is not None else None)


def _aspired(page: KeyResultPage) -> float | None:
    row = page.row
    if row.type != "aspirational" or row.baseline is None or row.target is None or row.has_limits:
        return None
    return row.baseline + 0.7 * (row.target - row.baseline)


def scale(values: list[float]) -> tuple[float, float, float]:
    """Return (low, high, step): round steps, at most four grid lines, some air at both ends."""
    low, high = (min(values), max(values)) if values else (0.0, 1.0)
    if low == high:
        low, high = low - abs(low) * 0.1 - 0.5, high + abs(high) * 0.1 + 0.5
    air = (high - low) * 0.12
    low, high = low - air, high + air
    rough = (high - low) / 4
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * n for n in (1, 2, 2.5, 5, 10) if power * n >= rough)
    return low, high, step


def ticks(low: float, high: float, step: float) -> list[float]:
    first = math.ceil(low / step)
    return [n * step for n in range(first, math.floor(high / step) + 1)]


def short(value: float, step: float) -> str:
    """Write a figure of the axis with as many decimals as its step needs."""
    digits = max(0, -math.floor(math.log10(step))) if step < 1 else 0
    text = f"{value:,.{min(digits + (1 if step == 2.5 * 10**-digits else 0), 6)}f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return ("0" if text in ("-0", "") else text).replace("-", "−")


def _span_ticks(spans: Sequence[Span], x_of: XOf, *, today: dt.date, page: KeyResultPage) -> Iterable[Tick]:
    for span in spans:
        start, end = x_of(span.starts_on), x_of(min(span.ends_on + dt.timedelta(days=1), page.ends_on))
        is_now = span.starts_on <= today <= span.ends_on
        yield Tick(start, span.name, is_now, round((start + end) / 2, 1))


def _shipped(shipped: Iterable[tuple[str, dt.date]], x_of: XOf, page: KeyResultPage) -> Iterable[Tick]:
    """Place the ticks of delivered bets; a label that would touch the one before is left out."""
    free = -math.inf
    for label, day in sorted(shipped, key=lambda bet: bet[1]):
        if page.starts_on <= day <= page.ends_on:
            at, half = x_of(day), 4.0 * len(label)
            fits = at - half > free
            free = at + half + 4 if fits else free
            yield Tick(at, label if fits else "", label_at=at)


def _value_label(points: Sequence[Point], left: float) -> tuple[float, float, str] | None:
    if not points:
        return None
    last = points[-1]
    falls = len(points) > 1 and points[-2].y < last.y - 3  # the line comes from above: the label goes below it
    if falls and last.y + 22 > BOTTOM - 6:
        return last.x + 10, last.y - 6, "start"
    y = last.y + (22 if falls or last.y <= TOP + 24 else -12)
    return (last.x - 4, y, "end") if last.x - left > 110 else (last.x + 8, y, "start")


def _even_label(start: tuple[float, float], end: tuple[float, float], *, rises: bool) -> tuple[float, float, float]:
    x, y = start[0] + (end[0] - start[0]) * 0.36, start[1] + (end[1] - start[1]) * 0.36
    angle = math.degrees(math.atan2(end[1] - start[1], end[0] - start[0]))
    return round(x, 1), round(y - 8, 1), round(angle, 1)


def _apart(place: tuple[float, float], other: tuple[float, float] | None) -> tuple[float, float]:
    """Move a label down where it would lie on the other one."""
    if other and abs(place[1] - other[1]) < 13:
        return place[0], other[1] + 13
    return place
