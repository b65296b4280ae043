"""F6 of the value engine: are launches that did nothing called effective, and is a lasting step seen?"""

import csv
import datetime as dt
import json
import warnings
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy import stats

from headway.engine import impact

SOURCES = {
    "m4_weekly": "github.com/Mcompetitions/M4-methods (Dataset/Train/Weekly-train.csv)",
    "bsts_r_reference": "github.com/YuminosukeSato/bsts-causalimpact (tests/fixtures)",
    "causal_impact_fixtures": "github.com/WillianFuks/tfcausalimpact (tests/fixtures)",
}
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


def print_impact(series: Path, *, throughput: Mapping[str, np.ndarray], half: int | None = None) -> None:
    """Print F6 on weekly metrics, what weekly counts of finished work say, and reference cases.

    `half` takes every second series, from the first or the second on.
    """
    for name, source in SOURCES.items():
        if not (series / name).is_dir():
            print(f"absent: {name}, to be had from {source}")
    if (series / "m4_weekly").is_dir():
        weekly = weekly_series(series / "m4_weekly" / "Weekly-train.csv")
        weekly = weekly[half - 1 :: 2] if half else weekly
        print_launches(weekly)
        print_rarely_measured(weekly)
        print_promised(weekly)
    if throughput:
        print_counts(throughput)
    if (series / "bsts_r_reference").is_dir():
        print_reference(series / "bsts_r_reference")
    if (series / "causal_impact_fixtures").is_dir():
        print_known_cases(series / "causal_impact_fixtures")


def weekly_series(file: Path) -> list[np.ndarray]:
    with file.open(newline="") as lines:
        rows = list(csv.reader(lines))[1:]
    return [np.array([float(value) for value in row[1:] if value]) for row in rows]


def print_launches(weekly: list[np.ndarray]) -> None:
    """Launch at one random week of each series for each length before and after; what is seen lies before it."""
    launches: list[Launch] = []
    for after in WEEKS_AFTER:
        rng = np.random.default_rng(600 + after)
        for before in WEEKS_BEFORE:
            for values in weekly:
                if values.size >= before + after:
                    at = int(rng.integers(before, values.size - after + 1))
                    launches.append(launch(values[at - before : at + after], before))
    print(f"\nImpact: {len(weekly)} weekly series, {len(launches)} launches without effect\n")
    row("", "target", "before/after", "ours")
    naive, declared = share(launches, lambda one: one.declared_naive), share(launches, lambda one: one.declared)
    seen, at_launch = share(launches, lambda one: one.seen), share(launches, lambda one: is_near(one.stated_at_launch))
    row("F6 no effect, called an effect", "≤ 0.10", f"{naive:.3f}", verdict(declared, declared <= 0.10))
    held = 1 - declared
    row("F6 90 % range holds the truth", "0.88–0.94", f"{1 - naive:.3f}", verdict(held, 0.88 <= held <= 0.94))
    row("F6 a lasting +10 % is seen", "≥ 0.60", "", verdict(seen, seen >= 0.60))
    row("F6 smallest visible within 20 %: launch day", "all", "", verdict(at_launch, at_launch == 1))
    ratio = float(np.nanmedian([one.stated_earlier for one in launches]))
    row(f"   … {STATED_EARLIER} weeks earlier", "", "", f"{stated_near(launches):.3f}", f"median ratio {ratio:.2f}")
    for before in WEEKS_BEFORE:
        own = [one for one in launches if one.before == before]
        width = float(np.median([one.width for one in own]))
        row(
            f"   {before} weeks before",
            "",
            f"{share(own, lambda one: one.declared_naive):.3f}",
            f"{share(own, lambda one: one.declared):.3f}",
            f"+10 % seen {share(own, lambda one: one.seen):.2f}, half-width {width:.1%} of the level, "
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


def print_rarely_measured(weekly: list[np.ndarray]) -> None:
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
        row(
            f"   measured every {every} weeks",
            "",
            "",
            f"{float(np.mean(declared)):.3f}",
            f"+10 % seen {float(np.mean(seen)):.2f}, of {len(seen)} launches",
        )


def print_promised(weekly: list[np.ndarray]) -> None:
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
    print(f"\n{len(said)} launches with effects as promised (4 / 8 / 14 %, chance .5), harm and none as often\n")
    row("   Brier of “moved”", "", f"{base:.3f}", f"{brier:.3f}", "the chance said → the share that moved: " + told)
    row("   90 % range of what is believed holds", "", "", f"{float(held.mean()):.3f}")
    for kind, counted in verdicts.items():
        shares = {name: number / counted.total() for name, number in counted.most_common()}
        print(f"   {kind}: " + ", ".join(f"{name} {value:.3f}" for name, value in shares.items()))


def drawn_effect(rng: np.random.Generator) -> tuple[str, float]:
    """Return what a launch does, and its effect as a share of the level: as promised, none, or harm of that size."""
    low, likely, high = PROMISED
    fate, size = rng.random(), rng.normal()
    if fate < 0.5:
        return "helped", likely + size * (likely - low if size < 0 else high - likely) / stats.norm.ppf(0.9)
    if fate < 0.75:
        return "did nothing", 0.0
    return "harmed", -min(abs(size) * max(likely, high - low), 0.5)


def print_counts(throughput: Mapping[str, np.ndarray]) -> None:
    """Launch without effect in series of another kind, by which no constant was chosen: counts, zeros among them."""
    rng = np.random.default_rng(77)
    declared = []
    for counts in throughput.values():
        for before in WEEKS_BEFORE:
            for after in WEEKS_AFTER:
                for _ in range(4 if counts.size >= before + after else 0):
                    at = int(rng.integers(before, counts.size - after + 1))
                    found = impact.measure(counts[at - before : at + after], launched_at=before)
                    declared.append(not found.measured_low <= 0 <= found.measured_high)
    row(
        "   finished items a week, linear scale",
        "",
        "",
        f"{float(np.mean(declared)):.3f}",
        f"called an effect, of {len(declared)} launches in {len(throughput)} projects",
    )


def print_reference(folder: Path) -> None:
    """Set beside R's CausalImpact, on its own simulated series, where the truth is known (R's ranges are of 95 %)."""
    print("\nSimulated series with a known effect (ranges of 95 %)\n")
    print(f"{'':34s} {'truth':>6s} {'CausalImpact in R':>22s} {'ours':>22s}")
    for file in sorted(folder.glob("*.json")):
        case = json.loads(file.read_text())
        if isinstance(case, dict) and case.get("data", {}).get("y") and "r_output" in case:
            theirs = case["r_output"]
            ours = impact.measure(case["data"]["y"], launched_at=case["n_pre"], level=0.95)
            told = f"{theirs['point_effect_mean']:.2f} ({theirs['ci_lower']:.2f}, {theirs['ci_upper']:.2f})"
            own = f"{ours.measured:.2f} ({ours.measured_low:.2f}, {ours.measured_high:.2f})"
            print(f"{file.stem:34s} {case['true_effect']:>6} {told:>22s} {own:>22s}")


def print_known_cases(folder: Path) -> None:
    print("\nKnown cases (ranges of 90 %)\n")
    print(f"{'':44s} {'alone':>26s} {'beside a control':>26s}")
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
            told.append(f"{found.measured:.2f} ({found.measured_low:.2f}, {found.measured_high:.2f})")
        print(f"{title:44s} {told[0]:>26s} {told[1]:>26s}")


def day_of(line: dict[str, str]) -> dt.date:
    return dt.date.fromisoformat(line["Date"] if "Date" in line else line["date"])


def share(launches: list[Launch], holds: Callable[[Launch], bool]) -> float:
    return float(np.mean([holds(one) for one in launches])) if launches else float("nan")


def verdict(value: float, met: bool) -> str:
    return f"{value:.3f} {'met' if met else 'NOT MET'}"


def row(what: str, target: str, naive: str, ours: str, note: str = "") -> None:
    print(f"{what:40s} {target:>10s} {naive:>14s} {ours:>14s}  {note}".rstrip())
