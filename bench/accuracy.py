"""How well forecasts, impact and plans hold (F1 to F10): ``python bench/accuracy.py [FOLDER]``.

On the open series in FOLDER and on made-up truth; prints target, naive practice and ours, with the counts. Ends well
even where a target is missed, unless ``--strict`` is given. How each figure is made: ``bench/README.md``.
"""

import argparse
import os
import resource
import sys
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

from parts import (
    amounts,
    impact,
    key_results,
    oracle,
    orders,
    promise_accuracy,
    proof,
    sameness,
    series,
    speed,
    sprints,
)
from parts.table import Part, print_part, print_summary

BESIDE = Path(__file__).resolve().parents[2] / "shared" / "data"


@dataclass(frozen=True)
class Asked:
    """What is measured, and how much of it. ``share``: of every so many series one is taken."""

    folder: Path
    every: int
    half: int | None
    raw: bool
    earlier: bool
    is_small: bool
    with_oracle: bool

    @property
    def share(self) -> int:
        return 6 if self.is_small else 1


def main() -> None:
    asked, is_strict = _asked()
    if not asked.folder.is_dir():
        print(f"No open series under {asked.folder}: name their folder, or set HEADWAY_TRIAL_DATA.")
    if asked.is_small:
        print("A small sample: chance alone moves its figures over and under their targets.")
    with ProcessPoolExecutor(max_workers=2) as processes:
        # The longest first, so that neither process waits for the other at the end.
        parts = list(processes.map(_measured, MEASURED, [asked] * len(MEASURED)))
    by_name = dict(zip(MEASURED, parts, strict=True))
    # What is timed runs by itself, after all else.
    by_name["speed"] = Part("F8 · Processor time of one core, medians", speed.speeds(with_large=not asked.is_small))
    in_order = [by_name[name] for name in SHOWN]
    for part in in_order:
        print_part(part, is_whole=not asked.is_small)
    all_met = print_summary(in_order)
    used = sum(resource.getrusage(who).ru_utime for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    print(f"\n{used:.0f} s of processor, {used / 2:.0f} s on two cores")
    if is_strict and not all_met:
        sys.exit(1)


def _asked() -> tuple[Asked, bool]:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path, nargs="?", help="default: HEADWAY_TRIAL_DATA, ../shared/data")
    parser.add_argument("--every", type=int, help="weeks between origins (default 4; of a small sample 20)")
    parser.add_argument("--raw", action="store_true", help="leave mass clean-ups in")
    parser.add_argument("--half", type=int, choices=(1, 2), help="every second project or series, from this one on")
    parser.add_argument("--earlier", action="store_true", help="Key Results: the eight quarters before the last eight")
    parser.add_argument("--oracle", action="store_true", help="F7: what an order gains that knows the worlds (slow)")
    parser.add_argument("--small", action="store_true", help="a small sample, in well under a minute")
    parser.add_argument("--strict", action="store_true", help="end with an error where a target is missed")
    options = parser.parse_args()
    folder = (options.data or Path(os.environ.get("HEADWAY_TRIAL_DATA", BESIDE))) / "series"
    every = options.every or (20 if options.small else 4)
    asked = Asked(folder, every, options.half, options.raw, options.earlier, options.small, options.oracle)
    return asked, options.strict


def _measured(name: str, asked: Asked) -> Part:
    started = time.process_time()
    part = MEASURED[name](asked)
    return replace(part, title=f"{part.title} ({time.process_time() - started:.0f} s of processor)")


def _orders(asked: Asked) -> Part:
    count, worlds = (3, 200) if asked.is_small else (40, orders.WORLDS)
    backlogs = range((asked.half or 1) - 1, count, 2 if asked.half else 1)
    found = orders.orders(backlogs=backlogs, worlds=worlds)
    if not asked.is_small:
        found += proof.proved(backlogs=backlogs)
    if asked.with_oracle:
        found += oracle.oracle(backlogs=backlogs)
    title = "F7 · The plan beside cost of delay / duration, same beliefs, on made-up backlogs; known selections"
    absent = series.absent(asked.folder, ["nrp"])
    if absent:
        return Part(title, found, absent)
    chosen = orders.SELECTIONS[: 1 if asked.is_small else None]
    return Part(title, (*found, *orders.selections(asked.folder / "nrp", chosen)))


def _amounts(asked: Asked) -> Part:
    title = f"F1, F2 · Items in h weeks, an origin every {asked.every} weeks"
    projects = _projects(asked)
    return Part(title, amounts.amounts(projects, asked.every) if projects else (), _absent(asked, *series.PROJECTS))


def _dates(asked: Asked) -> Part:
    title = f"F3 · The date of an amount of work, an origin every {asked.every} weeks"
    projects = _projects(asked)
    return Part(title, amounts.dates(projects, asked.every) if projects else ())


def _sprints(asked: Asked) -> Part:
    boards = series.sprints_by_board(asked.folder)
    named = series.halved(list(boards), asked.half)[:: 2 if asked.is_small else 1]
    found = sprints.sprints(boards, scored=named) if named else ()
    return Part("F4 · What a Sprint delivers, at its planning", found, _absent(asked, "choet_sprints"))


def _key_results(asked: Asked) -> Part:
    metrics = _metrics(asked)
    skipped = key_results.QUARTERS if asked.earlier else 0
    found = key_results.key_results(metrics, skipped=skipped) if metrics else ()
    return Part("F5 · A Key Result's value 13 weeks ahead", found, _absent(asked, "m4_weekly"))


def _impact(asked: Asked) -> Part:
    title = "F6 · Impact: launches that did nothing, and a lasting step of 10 %"
    metrics = _metrics(asked)
    found = list(impact.launches_figures(metrics)) if metrics else []
    if asked.is_small:
        return Part(title, tuple(found))
    if metrics:
        found += [*impact.rarely_measured(metrics), *impact.promised(metrics)]
    if projects := _projects(asked):
        found.append(impact.counts(projects))
    for name, told in (("bsts_r_reference", impact.reference), ("causal_impact_fixtures", impact.known_cases)):
        if (asked.folder / name).is_dir():
            found += told(asked.folder / name)
    absent = _absent(asked, "bsts_r_reference", "causal_impact_fixtures")
    return Part(title, tuple(found), absent)


def _promises(asked: Asked) -> Part:
    teams = 40 if asked.is_small else promise_accuracy.TEAMS
    title = f"F10 · Promises of made-up teams, {teams} of each of five kinds: as promised, corrected"
    return Part(title, promise_accuracy.promised(teams=teams))


def _same(asked: Asked) -> Part:
    return Part("F9 · The same input, the same bits", sameness.sameness())


MEASURED: dict[str, Callable[[Asked], Part]] = {
    "orders": _orders,
    "amounts": _amounts,
    "dates": _dates,
    "impact": _impact,
    "key_results": _key_results,
    "promises": _promises,
    "sprints": _sprints,
    "same": _same,
}
SHOWN = ("amounts", "dates", "sprints", "key_results", "impact", "orders", "speed", "same", "promises")


def _projects(asked: Asked) -> dict:
    found = series.projects(asked.folder, raw=asked.raw)
    return {name: found[name] for name in series.halved(list(found), asked.half)}


def _metrics(asked: Asked) -> list:
    return list(series.halved(series.weekly_metrics(asked.folder), asked.half)[:: asked.share])


def _absent(asked: Asked, *names: str) -> tuple[str, ...]:
    return series.absent(asked.folder, names)


if __name__ == "__main__":
    main()
