"""Made-up teams that promise, build and measure, with a known bias of size, width and chance.

It simulates behaviour: ideas have a worth that nobody knows, a team has an impression of it and says something, work
is done, a noisy metric is read. It knows nothing of how a track record is computed and imports nothing of the
programme. In words: ``docs/algorithms/track-record.md``. All movements are shares of a Key Result's whole way.
"""

from dataclasses import dataclass

import numpy as np

AREAS = 3
#: What an idea that works brings: median share of the way, and the standard deviation of its log.
TYPICAL, SIZES = 0.08, 0.6
#: Prospects of ideas, as log odds: about a third work, as published figures have it.
PROSPECTS, PROSPECT_SPREAD = -0.85, 1.2
#: How badly a team sees prospects (log odds) and sizes (log).
BLUR_OF_PROSPECT, BLUR_OF_SIZE = 0.8, 0.45
#: Of ideas that do not work, this share does harm, on average so much of a typical effect.
HARMFUL, HARM = 0.15, 0.3
#: What the metric of each area shakes by, in typical effects.
NOISE = np.array([0.08, 0.2, 0.4])
#: Of verdicts, this share comes without any figure: nobody can tell.
WITHOUT_FIGURE = 0.1
EFFORT_WEEKS, EFFORT_SPREAD = 2.0, 0.6


@dataclass(frozen=True)
class Kind:
    """A class of teams, as median and spread (log, or log odds) of each habit; classes overlap.

    ``size``: what comes over what was said. ``width``: range said over range that would be right. ``hope``: log odds
    added to every chance; ``stretch``: how much differences between chances are exaggerated. ``uneven``: spread of
    ``size`` between the areas of one team.
    """

    size: tuple[float, float]
    width: tuple[float, float]
    hope: tuple[float, float]
    stretch: tuple[float, float]
    uneven: float


KINDS = {
    "unbiased": Kind((1.0, 0.0), (1.0, 0.0), (0.0, 0.0), (1.0, 0.0), 0.0),
    "fair": Kind((0.95, 0.25), (0.9, 0.25), (0.1, 0.3), (1.0, 0.15), 0.15),
    "hopeful": Kind((0.5, 0.35), (0.6, 0.3), (0.9, 0.5), (1.3, 0.25), 0.3),
    "modest": Kind((1.35, 0.3), (1.3, 0.3), (-0.5, 0.4), (0.8, 0.25), 0.3),
    "uneven": Kind((0.7, 0.35), (0.7, 0.3), (0.6, 0.5), (1.2, 0.25), 0.7),
}


@dataclass(frozen=True)
class Team:
    """A team's habits: ``size`` (areas,), the rest single."""

    size: np.ndarray
    width: float
    hope: float
    stretch: float


@dataclass(frozen=True)
class Promises:
    """What a team said of its ideas, and what came of them; all arrays (n,).

    Said: ``area``, ``low``, ``likely``, ``high``, ``chance``, ``effort`` [weeks]. Hidden: ``worth`` (the movement to
    expect in truth), ``worked``, ``moved`` (what really happened). Read: ``measured`` (NaN: no figure),
    ``chance_moved``.
    """

    area: np.ndarray
    low: np.ndarray
    likely: np.ndarray
    high: np.ndarray
    chance: np.ndarray
    effort: np.ndarray
    worth: np.ndarray
    worked: np.ndarray
    moved: np.ndarray
    measured: np.ndarray
    chance_moved: np.ndarray


def team_of(kind: str, rng: np.random.Generator) -> Team:
    """Draw a team of a class of :data:`KINDS`."""
    habits = KINDS[kind]
    size = _around(habits.size, rng) * np.exp(habits.uneven * rng.standard_normal(AREAS))
    hope = habits.hope[0] + habits.hope[1] * rng.standard_normal()
    return Team(size, _around(habits.width, rng), hope, _around(habits.stretch, rng))


def promises_of(team: Team, n: int, rng: np.random.Generator) -> Promises:
    """Let a team promise ``n`` ideas, build all of them and read its metrics."""
    area = rng.integers(AREAS, size=n)
    prospect = PROSPECTS + PROSPECT_SPREAD * rng.standard_normal(n)
    if_works = np.log(TYPICAL) + SIZES * rng.standard_normal(n)
    chance = _said_chance(team, prospect, rng)
    low, likely, high = _said_range(team, area, if_works, rng)
    works = 1 / (1 + np.exp(-prospect))
    worked = rng.random(n) < works
    harm = TYPICAL * HARM * rng.exponential(size=n) * (rng.random(n) < HARMFUL)
    moved = np.where(worked, np.exp(if_works), -harm)
    shaken = TYPICAL * NOISE[area]
    measured = moved + shaken * rng.standard_normal(n)
    believed = _believed(measured, shaken, likely, high, chance)
    without = rng.random(n) < WITHOUT_FIGURE
    return Promises(
        area=area,
        low=low,
        likely=likely,
        high=high,
        chance=chance,
        effort=EFFORT_WEEKS * np.exp(EFFORT_SPREAD * rng.standard_normal(n)),
        worth=works * np.exp(if_works) - (1 - works) * HARMFUL * TYPICAL * HARM,
        worked=worked,
        moved=moved,
        measured=np.where(without, np.nan, measured),
        chance_moved=np.where(without, chance, believed),
    )


def _around(median_and_spread: tuple[float, float], rng: np.random.Generator) -> float:
    return float(median_and_spread[0] * np.exp(median_and_spread[1] * rng.standard_normal()))


def _said_chance(team: Team, prospect: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """An honest team says what its impression is worth on average; habits bend that; people say round numbers."""
    impression = prospect + BLUR_OF_PROSPECT * rng.standard_normal(prospect.size)
    trust = PROSPECT_SPREAD**2 / (PROSPECT_SPREAD**2 + BLUR_OF_PROSPECT**2)
    left = trust * BLUR_OF_PROSPECT**2
    honest = (PROSPECTS + trust * (impression - PROSPECTS)) / np.sqrt(1 + np.pi * left / 8)
    said = 1 / (1 + np.exp(-(team.stretch * honest + team.hope)))
    return np.clip(np.round(said / 0.05) * 0.05, 0.05, 0.95)


def _said_range(
    team: Team, area: np.ndarray, if_works: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    impression = if_works + BLUR_OF_SIZE * rng.standard_normal(area.size)
    trust = SIZES**2 / (SIZES**2 + BLUR_OF_SIZE**2)
    honest = np.log(TYPICAL) + trust * (impression - np.log(TYPICAL))
    half = 1.2816 * np.sqrt(trust) * BLUR_OF_SIZE * team.width
    middle = honest - np.log(team.size[area])
    low, likely, high = (_two_digits(np.exp(middle + side * half)) for side in (-1, 0, 1))
    return low, likely, high


def _two_digits(values: np.ndarray) -> np.ndarray:
    unit = 10.0 ** (np.floor(np.log10(values)) - 1)
    return np.round(values / unit) * unit


def _believed(
    measured: np.ndarray, shaken: np.ndarray, likely: np.ndarray, high: np.ndarray, chance: np.ndarray
) -> np.ndarray:
    """Return the chance that a reader who trusts the promise gives to "it moved", after seeing the metric."""
    spread = np.log(np.maximum(high / likely, 1.01)) / 1.2816
    sizes = likely * np.exp(spread * np.linspace(-2.5, 2.5, 41)[:, np.newaxis])
    weights = np.exp(-(np.linspace(-2.5, 2.5, 41) ** 2) / 2)
    moved = weights / weights.sum() @ np.exp(-(((measured - sizes) / shaken) ** 2) / 2)
    still = np.exp(-((measured / shaken) ** 2) / 2)
    return (chance * moved + 1e-300) / (chance * moved + (1 - chance) * still + 2e-300)
