"""F5: the value of a Key Result a quarter ahead, at quarters that do not overlap, each seeing what lies before it."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from headway.engine import attainment, scoring
from headway.engine.distributions import Amounts, Distribution

from .table import Figure, at_most, within

LEVELS = (0.8, 0.5, 0.95)
QUARTER, QUARTERS, LINE_WEEKS = 13, 8, 13
LONG_HISTORY, SHORT_HISTORIES = 60, (8, 13, 26, 60)
MIDDLES = (np.arange(199) + 0.5) / 199
NORMAL = np.array([NormalDist().inv_cdf(p) for p in MIDDLES])


@dataclass(frozen=True)
class Foretold:
    """What one method said of one series a quarter ahead, scored.

    ``crps`` in mean weekly steps; ``held`` by the 80, 50 and 95 % interval; ``chances`` of the four targets.
    """

    crps: float
    held: tuple[bool, ...]
    chances: tuple[float, ...]


def key_results(metrics: Sequence[np.ndarray], *, skipped: int, quarters: int = QUARTERS) -> tuple[Figure, ...]:
    """Return F5 over the last quarters of every metric, and the 80 % interval from short histories alone."""
    scored = [score for series in metrics for score in quarters_of(series, None, skipped, quarters)]
    crps, held, brier, off = (figures(scored, of) for of in (crps_of, share_held, brier_of, calibration_error))
    line, walk, ours = (figure / crps[1] for figure in crps)
    found = [
        within(
            "F5 80 % interval",
            held[2][0],
            0.77,
            0.83,
            naive=f"line {held[0][0]:.2f}, walk {held[1][0]:.2f}",
            note=f"{len(scored)} quarters of {len(metrics)} metrics",
        ),
        *(
            Figure(
                f"   {level * 100:.0f} % interval",
                f"{held[2][at]:.3f}",
                naive=f"line {held[0][at]:.2f}, walk {held[1][at]:.2f}",
            )
            for at, level in enumerate(LEVELS)
            if level != 0.8
        ),
        at_most("F5 CRPS / random walk", ours, 0.84, naive=f"line {line:.2f}, walk 1"),
        at_most("F5 Brier, target hit", brier[2], 0.20, naive=f"line {brier[0]:.3f}, walk {brier[1]:.3f}"),
        at_most("F5 calibration error", off[2], 0.04, naive=f"line {off[0]:.3f}, walk {off[1]:.3f}"),
    ]
    for weeks in SHORT_HISTORIES:
        short = [score for series in metrics for score in quarters_of(series, weeks, skipped, quarters)]
        line, walk, ours = (figure[0] for figure in figures(short, share_held))
        naive = f"line {line:.2f}, walk {walk:.2f}"
        found.append(Figure(f"   80 % interval, the last {weeks} values alone", f"{ours:.3f}", "(.77–.83)", naive))
    return tuple(found)


def quarters_of(
    series: np.ndarray, last: int | None, skipped: int, quarters: int
) -> Iterator[tuple[tuple[Foretold, ...], tuple[bool, ...]]]:
    """Yield, for each quarter, what line, random walk and ours said, and which targets were hit.

    The quarters do not overlap; a forecast sees what lies before, of which the ``last`` values alone where given.
    The targets lie half and whole the median change of a quarter over and under the last value.
    """
    for quarter in range(skipped + 1, skipped + quarters + 1):
        at = series.size - QUARTER * quarter
        if at < LONG_HISTORY:
            return
        past, truth = series[:at], float(series[at + QUARTER - 1])
        change = np.median(np.abs(past[QUARTER:] - past[:-QUARTER])[-104:])
        targets = past[-1] + change * np.array([-1.0, -0.5, 0.5, 1.0])
        seen = past if last is None else past[-last:]
        step = float(np.mean(np.abs(np.diff(past))))
        hit = tuple(bool(truth <= t) if t < past[-1] else bool(truth >= t) for t in targets)
        ours = attainment.key_result(seen, steps=QUARTER, scale="log")
        said = (by_line(seen), by_random_walk(seen), ours)
        yield tuple(foretell(each, targets, float(past[-1]), truth, step) for each in said), hit


def by_line(past: np.ndarray) -> Distribution:
    """The straight line through the last quarter, carried on; as wide as the values lay beside it."""
    recent = past[-LINE_WEEKS:]
    fitted = np.polyval(np.polyfit(np.arange(recent.size), recent, 1), np.arange(recent.size))
    beside = float(np.std(recent - fitted))
    return Amounts.of_sample(attainment.straight_line(past, steps=QUARTER) + beside * NORMAL, np.ones(NORMAL.size))


def by_random_walk(past: np.ndarray) -> Distribution:
    steps = np.diff(np.log(past))
    return Amounts.of_sample(past[-1] * np.exp(steps.std() * np.sqrt(QUARTER) * NORMAL), np.ones(NORMAL.size))


def foretell(said: Distribution, targets: np.ndarray, now: float, truth: float, step: float) -> Foretold:
    held = []
    for level in LEVELS:
        low, high = said.quantile(np.array([(1 - level) / 2, (1 + level) / 2]))
        held.append(bool(low <= truth <= high))
    chances = [float(said.cdf(t) if t < now else said.at_least(t)) for t in targets]
    return Foretold(scoring.crps_of_samples(said.quantile(MIDDLES), truth) / step, tuple(held), tuple(chances))


def figures(scored: list, of: Callable[[list[Foretold], np.ndarray], object]) -> list:
    """Return a figure of each of the three methods."""
    hits = np.array([hit for _said, hit in scored])
    return [of([said[method] for said, _hit in scored], hits) for method in range(3)]


def crps_of(said: list[Foretold], _hits: np.ndarray) -> float:
    return float(np.mean([each.crps for each in said]))


def share_held(said: list[Foretold], _hits: np.ndarray) -> list[float]:
    return np.mean([each.held for each in said], axis=0).tolist()


def brier_of(said: list[Foretold], hits: np.ndarray) -> float:
    return float(scoring.brier([each.chances for each in said], hits).mean())


def calibration_error(said: list[Foretold], hits: np.ndarray) -> float:
    """Return by how much chances differ from what happened: in ten classes of chance, weighted by their size."""
    chances = np.ravel([each.chances for each in said])
    tenth = np.minimum((chances * 10).astype(int), 9)
    apart = np.bincount(tenth, chances - hits.ravel(), minlength=10)
    return float(np.abs(apart).sum() / chances.size)
