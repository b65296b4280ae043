"""How much a track record improves promises of made-up teams (F10); part of ``bench/accuracy.py``.

Each team is judged on some verdicts, then promises 60 more. Measured is how often 80 % ranges hold what was measured
of those that in truth worked, and what the order by value per week is worth in truth, as promised and as corrected.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from headway.engine.portfolio import bet_mean
from headway.engine.track_record import Judged, by_area

from . import promises
from .table import Figure, within

TEAMS, NEW, BACKLOGS, WEEKS = 200, 60, 3, 26.0
VERDICTS = (3, 20)
SEED = 2026


@dataclass(frozen=True)
class Trial:
    """One team. Shares of ranges that held, value of the order, Brier score of chances: as promised, as corrected."""

    held: tuple[float, float]
    held_as_judged: float
    value: tuple[float, float]
    brier: tuple[float, float]


def promised(*, teams: int = TEAMS) -> tuple[Figure, ...]:
    """Return F10: for each kind of teams, and all of them, after few verdicts and after twenty."""
    found = []
    kinds = list(promises.KINDS)
    for verdicts in VERDICTS:
        trials = {
            kind: [trial_of(kind, verdicts, np.random.default_rng([SEED, verdicts, at, n])) for n in range(teams)]
            for at, kind in enumerate(kinds)
        }
        everyone = [trial for kind in kinds for trial in trials[kind]]
        found += [
            *_all_teams(everyone, verdicts),
            *(_told(f"   {kind} teams, after {verdicts}", trials[kind]) for kind in kinds),
        ]
        if verdicts == max(VERDICTS):
            found.append(_harmless("F10 no bias, order after 20, as promised", trials["unbiased"]))
        else:
            found.append(_harmless(f"F10 few verdicts ({verdicts}), order, as promised", everyone))
    return tuple(found)


def trial_of(kind: str, verdicts: int, rng: np.random.Generator) -> Trial:
    told = promises.promises_of(promises.team_of(kind, rng), verdicts + NEW, rng)
    past, new = np.arange(verdicts), np.arange(verdicts, verdicts + NEW)
    records = by_area({area: judged(told, past[told.area[past] == area]) for area in range(promises.AREAS)})
    read = [
        records[int(told.area[i])].corrected(told.low[i], told.likely[i], told.high[i], told.chance[i]) for i in new
    ]
    low, likely, high, chance = np.array([(r.low, r.likely, r.high, r.chance) for r in read]).T
    measured = told.measured[new]
    inside = (low <= measured) & (measured <= high)
    was_inside = (told.low[new] <= measured) & (measured <= told.high[new])
    worked = told.worked[new] & ~np.isnan(measured)
    moved = np.where(np.isnan(measured), 0.0, told.chance_moved[new])
    said_worth = told.chance[new] * bet_mean(told.low[new], told.likely[new], told.high[new])
    return Trial(
        held=(share(was_inside, worked), share(inside, worked)),
        held_as_judged=share(inside, moved),
        value=(worth_of_order(told, new, said_worth), worth_of_order(told, new, chance * bet_mean(low, likely, high))),
        brier=tuple(float(np.mean((p - told.worked[new]) ** 2)) for p in (told.chance[new], chance)),
    )


def judged(told: promises.Promises, which: np.ndarray) -> list[Judged]:
    return [
        Judged(
            low=float(told.low[i]),
            likely=float(told.likely[i]),
            high=float(told.high[i]),
            chance=float(told.chance[i]),
            measured=None if np.isnan(told.measured[i]) else float(told.measured[i]),
            chance_moved=float(told.chance_moved[i]),
        )
        for i in which
    ]


def share(inside: np.ndarray, weight: np.ndarray) -> float:
    return float(np.average(inside, weights=weight)) if weight.sum() > 0 else float("nan")


def worth_of_order(told: promises.Promises, new: np.ndarray, believed: np.ndarray) -> float:
    """Return what backlogs in order of believed value per week bring in truth; an effect counts from its landing."""
    total = 0.0
    for part in np.array_split(np.arange(new.size), BACKLOGS):
        items = new[part]
        order = np.argsort(-believed[part] / told.effort[items], kind="stable")
        left = np.maximum(0.0, 1 - np.cumsum(told.effort[items][order]) / WEEKS)
        total += float(told.worth[items][order] @ left)
    return total


def _all_teams(trials: list[Trial], verdicts: int) -> Iterator[Figure]:
    if verdicts < max(VERDICTS):
        yield _told(f"   all teams, after {verdicts}", trials)
        return
    raw, corrected = _held(trials)
    gain, error = _gain(trials)
    count = f"{len(trials)} teams, {NEW} promises each"
    yield within(f"F10 80 % ranges after {verdicts} verdicts", corrected, 0.76, 0.84, naive=f"{raw:.3f}", note=count)
    met = gain > 2 * error
    yield Figure(f"F10 corrected order after {verdicts}", f"{gain:+.2%}", "gains", "0", met, f"± {error:.2%}")
    yield _told(f"   all teams, after {verdicts}", trials)


def _harmless(what: str, trials: list[Trial]) -> Figure:
    gain, error = _gain(trials)
    return Figure(what, f"{gain:+.2%}", "no harm", "0", gain > -2 * error, f"± {error:.2%}")


def _told(what: str, trials: list[Trial]) -> Figure:
    raw, corrected = _held(trials)
    gain, error = _gain(trials)
    as_judged = float(np.nanmean([trial.held_as_judged for trial in trials]))
    brier = " → ".join(f"{np.mean([trial.brier[which] for trial in trials]):.3f}" for which in (0, 1))
    note = f"order {gain:+.2%} ± {error:.2%}, Brier {brier}, as judged {as_judged:.3f}"
    return Figure(what, f"{corrected:.3f}", naive=f"{raw:.3f}", note=note)


def _held(trials: list[Trial]) -> tuple[float, float]:
    """Return how many ranges held, as promised and as corrected."""
    raw, corrected = (float(np.nanmean([trial.held[which] for trial in trials])) for which in (0, 1))
    return raw, corrected


def _gain(trials: list[Trial]) -> tuple[float, float]:
    """Return what the corrected order gains over the raw one, and its standard error."""
    was, gained = np.array([trial.value[0] for trial in trials]), np.array([t.value[1] - t.value[0] for t in trials])
    return float(gained.mean() / was.mean()), float(gained.std() / np.sqrt(len(trials)) / was.mean())
