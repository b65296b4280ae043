"""F1 to F3: items done in some weeks, and the date of an amount of work, at rolling origins of every project.

A forecast sees only the weeks before its origin, of its own project: nothing is pooled or fitted here.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from headway.engine import forecast, scoring
from headway.engine.distributions import Distribution

from .table import Figure, at_least, at_most, within

HORIZONS = (1, 4, 13)
WORK_WEEKS = (2, 6, 13)
LEVELS = {0.8: (0.78, 0.84), 0.5: (0.47, 0.55), 0.95: (0.93, 0.97)}
HISTORY = 26
BOOTSTRAP_WEEKS, BOOTSTRAP_DRAWS = 12, 500
VELOCITY_WEEKS = 6


@dataclass(frozen=True)
class Scores:
    """One forecast of one horizon: CRPS of three methods, how far each interval held the truth."""

    project: str
    ours: float
    velocity: float
    bootstrap: float
    held: dict[float, float]
    inside: bool
    inside_bootstrap: bool


def amounts(projects: Mapping[str, np.ndarray], every: int) -> tuple[Figure, ...]:
    """Return F1 and F2, at every so many weeks of every project."""
    rng = np.random.default_rng(2024)
    scores = {
        h: [
            score_amount(name, series, at, h, rng)
            for name, series in projects.items()
            for at in origins(series, max(HORIZONS), every)
        ]
        for h in HORIZONS
    }
    return (*_coverage(scores), *_by_project(scores), *_crps(scores))


def _coverage(scores: dict[int, list[Scores]]) -> Iterator[Figure]:
    for level, (low, high) in LEVELS.items():
        for h, own in scores.items():
            bootstrap = f"bootstrap {np.mean([s.inside_bootstrap for s in own]):.2f}" if level == 0.8 else ""
            held = float(np.mean([s.held[level] for s in own]))
            name = f"F1 {level * 100:.0f} % interval, {weeks(h)}"
            yield within(name, held, low, high, naive=bootstrap, note=f"{len(own)} origins")
    for h, own in scores.items():
        yield Figure(f"   80 % by whole numbers, {weeks(h)}", f"{np.mean([s.inside for s in own]):.3f}")


def _by_project(scores: dict[int, list[Scores]]) -> Iterator[Figure]:
    every_horizon = [s for own in scores.values() for s in own]
    count = f"{len({s.project for s in every_horizon})} projects"
    yield at_least("F1 projects within 72–88 %", share_of_projects(every_horizon, _is_near), 0.75, note=count)
    for h, own in scores.items():
        yield Figure(f"   … {weeks(h)} alone", f"{share_of_projects(own, _is_near):.3f}")


def _crps(scores: dict[int, list[Scores]]) -> Iterator[Figure]:
    every_horizon = [s for own in scores.values() for s in own]
    for naive, told, limit in (
        ("velocity", "mean velocity, 6 weeks", 0.67),
        ("bootstrap", "bootstrap, 12 weeks", 0.90),
    ):
        alone = " / ".join(f"{ratio(own, naive):.2f}" for own in scores.values())
        note = f"1 / 4 / 13 weeks alone {alone}"
        yield at_most(f"F2 CRPS / {told}", ratio(every_horizon, naive), limit, naive="1", note=note)
        better = share_of_projects(every_horizon, lambda own, naive=naive: ratio(own, naive) < 1)
        yield at_least("F2 projects better than that", better, 0.90)


def weeks(count: int) -> str:
    return "1 week" if count == 1 else f"{count} weeks"


def origins(series: np.ndarray, ahead: int, every: int) -> range:
    return range(HISTORY, series.size - ahead + 1, every)


def ratio(scores: list[Scores], naive: str) -> float:
    return sum(s.ours for s in scores) / sum(getattr(s, naive) for s in scores)


def share_of_projects(scores: list[Scores], holds: Callable[[list[Scores]], bool]) -> float:
    projects = {s.project for s in scores}
    return sum(bool(holds([s for s in scores if s.project == p])) for p in projects) / len(projects)


def _is_near(own: list[Scores]) -> bool:
    return bool(0.72 <= np.mean([s.held[0.8] for s in own]) <= 0.88)


def score_amount(name: str, series: np.ndarray, at: int, h: int, rng: np.random.Generator) -> Scores:
    """Score one origin; CRPS in items, divided by the project's mean week, so that projects count alike."""
    past, truth, scale = series[:at], float(series[at : at + h].sum()), float(series.mean())
    ours = forecast.items_done(past, weeks=h)
    sums = rng.choice(past[-BOOTSTRAP_WEEKS:], (BOOTSTRAP_DRAWS, h)).sum(axis=1)
    low, high = np.quantile(sums, [0.1, 0.9], method="inverted_cdf")
    under, up_to = 1 - ours.at_least(truth), ours.cdf(truth)
    own_low, own_high = ours.quantile(np.array([0.1, 0.9]))
    return Scores(
        project=name,
        ours=crps(ours, truth) / scale,
        velocity=abs(forecast.mean_velocity(past, last=VELOCITY_WEEKS) * h - truth) / scale,
        bootstrap=scoring.crps_of_samples(sums, truth) / scale,
        held={level: float(scoring.share_inside(under, up_to, level=level)) for level in LEVELS},
        inside=bool(own_low <= truth <= own_high),
        inside_bootstrap=bool(low <= truth <= high),
    )


def crps(distribution: Distribution, truth: float) -> float:
    """Return the CRPS on about 250 steps up to the 99.99th percentile, F taken in the middle of a step."""
    top = max(float(distribution.quantile(0.9999)), truth) + 1
    stride = max(1, int(top // 250))
    values = np.arange(0.0, top + stride, stride)
    return scoring.crps_of_steps(values, distribution.cdf(values + (stride - 1) // 2), truth)


def dates(projects: Mapping[str, np.ndarray], every: int) -> tuple[Figure, ...]:
    """Return F3: as many items as the 6-week mean does in 2, 6, 13 weeks, promised for the 85 % date."""
    rng = np.random.default_rng(2025)
    return tuple(_dates_kept(projects, every, work, rng) for work in WORK_WEEKS)


def _dates_kept(projects: Mapping[str, np.ndarray], every: int, work: int, rng: np.random.Generator) -> Figure:
    kept: dict[str, list[bool]] = {"velocity": [], "bootstrap": [], "ours": []}
    open_still = 0
    for series in projects.values():
        for at in origins(series, 2 * work, every):
            past, coming = series[:at], np.cumsum(series[at:])
            items = round(forecast.mean_velocity(past, last=VELOCITY_WEEKS) * work)
            if items == 0:
                continue
            promised = {
                "velocity": forecast.weeks_by_mean_velocity(past, items=items),
                "bootstrap": bootstrap_date(past, items, rng),
                "ours": float(forecast.weeks_to_finish(past, items=items).quantile(0.85)),
            }
            open_still += bool(promised["ours"] > coming.size and coming[-1] < items)
            for method, date in promised.items():
                if date <= coming.size or coming[-1] >= items:
                    kept[method].append(bool(coming[int(min(date, coming.size)) - 1] >= items))
    share = {method: float(np.mean(hits)) for method, hits in kept.items()}
    return within(
        f"F3 85 % date kept, {work} weeks of work",
        share["ours"],
        0.83,
        0.91,
        naive=f"mean {share['velocity']:.2f}, bootstrap {share['bootstrap']:.2f}",
        note=f"{len(kept['ours'])} origins, {open_still} not yet known",
    )


def bootstrap_date(past: np.ndarray, items: int, rng: np.random.Generator) -> float:
    drawn = rng.choice(past[-BOOTSTRAP_WEEKS:], (BOOTSTRAP_DRAWS, 104)).cumsum(axis=1)
    needed = np.where(drawn[:, -1] >= items, (drawn < items).sum(axis=1) + 1.0, np.inf)
    return float(np.quantile(needed, 0.85, method="inverted_cdf"))
