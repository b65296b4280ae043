"""F6 of the value engine: are launches that did nothing called effective, and is a lasting step seen?"""

import csv
import datetime as dt
import json
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy import stats

from headway.engine import impact

from .table import Figure, at_least, at_most, within

WEEKS_BEFORE = (20, 26, 52, 104, 156)
WEEKS_AFTER = (4, 8, 13)
NAIVE_WEEKS = 13
STATED_EARLIER = 8
STEP = 1.1
PROMISED = (0.04, 0.08, 0.14)  # of the level


@dataclass(frozen=True)
class Launch:
    """One launch that never happened, and the same with a lasting step of 10 %."""

    before: int
    declared: bool
    declared_naive: bool
    seen: bool
    width: float  # half the range, as a share of the level before
    stated_at_launch: float  # over the later half-width
    stated_earlier: float


def launches_figures(weekly: Sequence[np.ndarray]) -> tuple[Figure, ...]:
    """Return F6: a launch at one random week of each series for each length before and after.

    What is seen lies before it.
    """
    launches: list[Launch] = []
    for after in WEEKS_AFTER:
        rng = np.random.default_rng(600 + after)
        for before in WEEKS_BEFORE:
            for values in weekly:
                if values.size >= before + after:
                    at = int(rng.integers(before, values.size - after + 1))
                    launches.append(launch(values[at - before : at + after], before))
    naive, declared = share(launches, lambda one: one.declared_naive), share(launches, lambda one: one.declared)
    at_launch = share(launches, lambda one: is_near(one.stated_at_launch))
    ratio = float(np.nanmedian([one.stated_earlier for one in launches]))
    count = f"{len(launches)} launches in {len(weekly)} metrics"
    said = f"before/after {naive:.3f}"
    return (
        at_most("F6 no effect, called an effect (nominal .10)", declared, 0.10, naive=said, note=count),
        within("F6 90 % range holds the truth", 1 - declared, 0.88, 0.94, naive=f"before/after {1 - naive:.3f}"),
        at_least("F6 a lasting +10 % is seen", share(launches, lambda one: one.seen), 0.60),
        at_least("F6 smallest visible within 20 %, on launch day", at_launch, 1.0),
        Figure(
            f"   … {STATED_EARLIER} weeks earlier", f"{stated_near(launches):.3f}", note=f"median ratio {ratio:.2f}"
        ),
        *(_by_history(launches, before) for before in WEEKS_BEFORE if any(one.before == before for one in launches)),
    )


def _by_history(launches: list[Launch], before: int) -> Figure:
    own = [one for one in launches if one.before == before]
    width = float(np.median([one.width for one in own]))
    return Figure(
        f"   {before} weeks before: called an effect",
        f"{share(own, lambda one: one.declared):.3f}",
        naive=f"before/after {share(own, lambda one: one.declared_naive):.3f}",
        note=f"+10 % seen {share(own, lambda one: one.seen):.2f}, half-width {width:.1%} of the level, "
        f"stated {STATED_EARLIER} weeks earlier within 20 % {stated_near(own):.2f}",
    )


def is_near(ratio: float) -> bool:
    return abs(ratio - 1) <= 0.2


def stated_near(launches: list[Launch]) -> float:
    return share([one for one in launches if np.isfinite(one.stated_earlier)], lambda one: is_near(one.stated_earlier))


def launch(values: np.ndarray, before: int) -> Launch:
    after = values.size - before
    nothing = impact.measure(values, launched_at=before, scale="log")
    stepped = np.concatenate([values[:before], values[before:] * STEP])
    something = impact.measure(stepped, launched_at=before, scale="log")
    now = impact.smallest_visible(values[:before], steps=after, scale="log")
    earlier = values[: before - STATED_EARLIER]
    stated = impact.smallest_visible(earlier, steps=after, scale="log", until_launch=STATED_EARLIER)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # a series that does not move
        naive = stats.ttest_ind(values[before:], values[max(0, before - NAIVE_WEEKS) : before], equal_var=False)
    assert nothing.level_before is not None
    return Launch(
        before=before,
        declared=not nothing.measured_low <= 0 <= nothing.measured_high,
        declared_naive=bool(naive.pvalue < 0.1),
        seen=something.measured_low > 0,
        width=nothing.smallest_visible / nothing.level_before,
        stated_at_launch=now / nothing.smallest_visible,
        stated_earlier=stated / nothing.smallest_visible,
    )


def rarely_measured(weekly: Sequence[np.ndarray]) -> Iterator[Figure]:
    """Launch in series of which only every second, or every fourth, week was measured."""
    for every in (2, 4):
        rng = np.random.default_rng(700 + every)
        declared, seen = [], []
        for before in (52, 104):
            for values in weekly:
                if values.size >= before + 13:
                    at = int(rng.integers(before, values.size - 13 + 1))
                    week = values[at - before : at + 13].copy()
                    week[np.arange(week.size) % every != int(rng.integers(every))] = np.nan
                    nothing = impact.measure(week, launched_at=before, scale="log")
                    declared.append(not nothing.measured_low <= 0 <= nothing.measured_high)
                    week[before:] *= STEP
                    seen.append(impact.measure(week, launched_at=before, scale="log").measured_low > 0)
        yield Figure(
            f"   measured every {every} weeks: called an effect",
            f"{float(np.mean(declared)):.3f}",
            note=f"+10 % seen {float(np.mean(seen)):.2f}, of {len(seen)} launches",
        )


def promised(weekly: Sequence[np.ndarray]) -> Iterator[Figure]:
    """Launch with effects drawn as a promise says: does what is believed hold, what do verdicts say?"""
    rng = np.random.default_rng(500)
    said: list[tuple[float, bool, bool]] = []
    verdicts: dict[str, Counter[str]] = {"helped": Counter(), "did nothing": Counter(), "harmed": Counter()}
    for before in WEEKS_BEFORE:
        for after in WEEKS_AFTER:
            for values in weekly:
                if values.size >= before + after:
                    at = int(rng.integers(before, values.size - after + 1))
                    week = values[at - before : at + after].copy()
                    kind, effect = drawn_effect(rng)
                    level = impact.measure(week, launched_at=before, scale="log").level_before
                    assert level is not None
                    week[before:] *= 1 + effect
                    promise = impact.Promise(*(level * part for part in PROMISED), 0.5)
                    found = impact.measure(week, launched_at=before, scale="log", prior=promise)
                    said.append((found.chance_moved, effect > 0, found.low <= effect * level <= found.high))
                    judged = impact.verdict(found, promise=promise)
                    verdicts[kind]["harm" if judged.scale == 1 else judged.outcome.value] += 1
    chances, moved, held = (np.array(column, dtype=float) for column in zip(*said, strict=True))
    brier, base = float(np.mean((chances - moved) ** 2)), float(moved.mean() * (1 - moved.mean()))
    classes = [chances // 0.2 == n for n in range(5)]
    told = ", ".join(f"{chances[own].mean():.2f} → {moved[own].mean():.2f}" for own in classes if own.any())
    yield Figure(
        "   effects as promised (4/8/14 %): Brier “moved”",
        f"{brier:.3f}",
        naive=f"{base:.3f}",
        note=f"{len(said)} launches; the chance said → the share that moved: {told}",
    )
    yield Figure("   … 90 % range of what is believed holds", f"{float(held.mean()):.3f}")
    for kind, counted in verdicts.items():
        shares = {name: number / counted.total() for name, number in counted.most_common()}
        yield Figure(f"   … it {kind}", note=", ".join(f"{name} {value:.3f}" for name, value in shares.items()))


def drawn_effect(rng: np.random.Generator) -> tuple[str, float]:
    """Return what a launch does, and its effect as a share of the level: as promised, none, or harm of that size."""
    low, likely, high = PROMISED
    fate, size = rng.random(), rng.normal()
    if fate < 0.5:
        return "helped", likely + size * (likely - low if size < 0 else high - likely) / stats.norm.ppf(0.9)
    if fate < 0.75:
        return "did nothing", 0.0
    return "harmed", -min(abs(size) * max(likely, high - low), 0.5)


def counts(throughput: Mapping[str, np.ndarray]) -> Figure:
    """Launch without effect in series of another kind, by which no constant was chosen: counts, zeros among them."""
    rng = np.random.default_rng(77)
    declared = []
    for weeks in throughput.values():
        for before in WEEKS_BEFORE:
            for after in WEEKS_AFTER:
                for _ in range(4 if weeks.size >= before + after else 0):
                    at = int(rng.integers(before, weeks.size - after + 1))
                    found = impact.measure(weeks[at - before : at + after], launched_at=before)
                    declared.append(not found.measured_low <= 0 <= found.measured_high)
    return Figure(
        "   finished items a week: called an effect",
        f"{float(np.mean(declared)):.3f}",
        note=f"{len(declared)} launches in {len(throughput)} projects, linear scale",
    )


def reference(folder: Path) -> Iterator[Figure]:
    """Set beside R's CausalImpact, on its own simulated series, where the truth is known (ranges of 95 %)."""
    for file in sorted(folder.glob("*.json")):
        case = json.loads(file.read_text())
        if isinstance(case, dict) and case.get("data", {}).get("y") and "r_output" in case:
            theirs = case["r_output"]
            ours = impact.measure(case["data"]["y"], launched_at=case["n_pre"], level=0.95)
            yield Figure(
                f"   {file.stem}",
                note=f"truth {case['true_effect']}, CausalImpact in R {theirs['point_effect_mean']:.2f} "
                f"({theirs['ci_lower']:.2f} to {theirs['ci_upper']:.2f}), ours {ours.measured:.2f} "
                f"({ours.measured_low:.2f} to {ours.measured_high:.2f})",
            )


def known_cases(folder: Path) -> Iterator[Figure]:
    """Return what is measured of launches that everybody knows (ranges of 90 %)."""
    cases: list[tuple[str, str, str, str, str, str]] = [
        ("Volkswagen share, weekly, emissions scandal", "volks_data.csv", " ", "VolksWagen", "BMW", "2015-09-20"),
        ("Basque product per head, yearly, terrorism", "basque.csv", ",", "Basque", "another", "1975-01-01"),
    ]
    for title, name, separator, column, control, day in cases:
        with (folder / name).open(newline="") as lines:
            rows = list(csv.DictReader(lines, delimiter=separator))
        at = next(n for n, line in enumerate(rows) if day_of(line) >= dt.date.fromisoformat(day))
        values, other = ([float(line[key]) for line in rows] for key in (column, control))
        told = []
        for beside in (None, other):
            found = impact.measure(values, launched_at=at, scale="log", control=beside)
            told.append(f"{found.measured:.2f} ({found.measured_low:.2f} to {found.measured_high:.2f})")
        yield Figure(f"   {title}", note=f"alone {told[0]}, beside a control {told[1]}")


def day_of(line: dict[str, str]) -> dt.date:
    return dt.date.fromisoformat(line["Date"] if "Date" in line else line["date"])


def share(launches: list[Launch], holds: Callable[[Launch], bool]) -> float:
    return float(np.mean([holds(one) for one in launches])) if launches else float("nan")
