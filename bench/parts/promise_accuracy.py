"""How much a track record improves promises of made-up teams (F10); called by ``bench/accuracy.py``.

Each team is judged on some verdicts, then promises 60 more. Measured is how often 80 % ranges hold what was measured
of those that in truth worked, and what the order by value per week is worth in truth, as promised and as corrected.
"""

from dataclasses import dataclass

import numpy as np

from headway.engine.portfolio import bet_mean
from headway.engine.track_record import Judged, by_area
from parts import promises

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


def print_promises(teams: int = TEAMS) -> None:
    kinds = list(promises.KINDS)
    print(f"\nPromises: {len(kinds)} kinds of {teams} made-up teams, {NEW} new promises each\n")
    print(f"{'':40s} {'target':>10s} {'as promised':>14s} {'corrected':>14s} {'order gains':>16s} {'Brier':>16s}")
    for verdicts in VERDICTS:
        trials = {
            kind: [trial_of(kind, verdicts, np.random.default_rng([SEED, verdicts, at, n])) for n in range(teams)]
            for at, kind in enumerate(kinds)
        }
        for kind in kinds:
            print_line(f"F10 {kind}, after {verdicts}", trials[kind], "")
        everyone = [trial for kind in kinds for trial in trials[kind]]
        print_line(f"F10 all, after {verdicts}", everyone, "0.76–0.84" if verdicts == 20 else "")


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


def print_line(what: str, trials: list[Trial], target: str) -> None:
    raw, corrected = (np.nanmean([trial.held[which] for trial in trials]) for which in (0, 1))
    as_judged = np.nanmean([trial.held_as_judged for trial in trials])
    was, gained = np.array([trial.value[0] for trial in trials]), np.array([t.value[1] - t.value[0] for t in trials])
    gain, error = gained.mean() / was.mean(), gained.std() / np.sqrt(len(trials)) / was.mean()
    brier = " → ".join(f"{np.mean([trial.brier[which] for trial in trials]):.3f}" for which in (0, 1))
    met = ("met" if 0.76 <= corrected <= 0.84 else "NOT MET") if target else ""
    print(
        f"{what:40s} {target:>10s} {raw:>14.3f} {f'{corrected:.3f} {met}'.strip():>14s}"
        f" {f'{gain:+.2%} ± {error:.2%}':>16s} {brier:>16s}  as judged {as_judged:.3f}"
    )
