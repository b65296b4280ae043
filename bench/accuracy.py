"""How well the forecasts hold on real projects: ``python bench/accuracy.py [FOLDER] [--every N]``.

Rolling origins: at every N-th week of every project, and at every Sprint of every board, the forecast sees
only what lies before it, and is scored by what came. Nothing is fitted here. Prints target, naive practice
and ours, with the counts.
"""

import argparse
import csv
import datetime as dt
import os
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import NormalDist

import numpy as np
from parts.impact import print_impact
from parts.orders import print_orders
from parts.promise_accuracy import print_promises

from headway.engine import attainment, forecast, scoring
from headway.engine.distributions import Amounts, Distribution

HORIZONS = (1, 4, 13)
WORK_WEEKS = (2, 6, 13)
LEVELS = (0.8, 0.5, 0.95)
HISTORY = 26
BOOTSTRAP_WEEKS, BOOTSTRAP_DRAWS = 12, 500
VELOCITY_WEEKS, VELOCITY_SPRINTS = 6, 5
QUARTER, QUARTERS, LINE_WEEKS = 13, 8, 13
LONG_HISTORY, SHORT_HISTORIES = 60, (8, 13, 26, 60)
MIDDLES = (np.arange(199) + 0.5) / 199
NORMAL = np.array([NormalDist().inv_cdf(p) for p in MIDDLES])
SOURCES = {
    "tawos_resolved": "github.com/VLambret/TAWOS (projects/*/*.csv)",
    "laukkanen2017": "github.com/Derek-Jones/ESEUR-code-data (projects/laukkanen2017)",
    "agile_project_dataset": "github.com/rueedlinger/agile-project-dataset (data/jira.csv)",
    "targetprocess": "github.com/TargetProcess/tauCharts (examples/dev-quick-test/ex-031.js as items.csv)",
    "choet_sprints": "github.com/SEAnalytics/datasets (agile sprints/IEEE TSE2017/dataset)",
    "m4_weekly": "github.com/Mcompetitions/M4-methods (Dataset/Train/Weekly-train.csv)",
}


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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    beside = Path(__file__).resolve().parents[2] / "shared" / "data"
    parser.add_argument("data", type=Path, nargs="?", help="default: HEADWAY_TRIAL_DATA, ../shared/data")
    parser.add_argument("--every", type=int, default=4, help="weeks between origins (default 4)")
    parser.add_argument("--raw", action="store_true", help="leave mass clean-ups in")
    parser.add_argument("--half", type=int, choices=(1, 2), help="only every second project, from this one on")
    parser.add_argument("--earlier", action="store_true", help="Key Results: the eight quarters before the last eight")
    options = parser.parse_args()
    started = time.perf_counter()
    series = (options.data or Path(os.environ.get("HEADWAY_TRIAL_DATA", beside))) / "series"
    for name, source in SOURCES.items():
        if not (series / name).is_dir():
            print(f"absent: {name}, to be had from {source}")
    projects = {name: weeks(days, options.raw) for name, days in finished_days(series)}
    if options.half:
        projects = {name: projects[name] for name in list(projects)[options.half - 1 :: 2]}
    boards = sprints_by_board(series / "choet_sprints")
    if projects:
        print_amounts(projects, options.every)
        print_dates(projects, options.every)
        print_speed(projects)
    if boards:
        print_sprints(boards)
    metrics = weekly_metrics(series / "m4_weekly" / "Weekly-train.csv")
    if options.half:
        metrics = metrics[options.half - 1 :: 2]
    if metrics:
        print_key_results(metrics, QUARTERS if options.earlier else 0)
    print_promises()
    print_orders(series, portfolios=40 // (2 if options.half else 1))
    print_impact(series, throughput=projects, half=options.half)
    if not projects and not boards and not metrics:
        sys.exit(f"Nothing to measure under {series}; name the folder, or set HEADWAY_TRIAL_DATA.")
    print(f"\n{time.perf_counter() - started:.0f} s")


def finished_days(folder: Path) -> Iterator[tuple[str, np.ndarray]]:
    """Yield each project's name and the ordinal days on which its items were finished."""
    for file in sorted((folder / "tawos_resolved").glob("*.csv")):
        yield file.stem, ordinals(file.read_text().split())
    for name, file, project, date in (
        ("Laukkanen", "laukkanen2017/issues.csv", None, "resolved_timestamp"),
        ("Agile project", "agile_project_dataset/jira.csv", "project", "finished_date"),
        ("Targetprocess", "targetprocess/items.csv", None, "end"),
    ):
        if (folder / file).exists():
            with (folder / file).open(newline="") as lines:
                rows = list(csv.DictReader(lines))
            for part in sorted({row[project] for row in rows}) if project else [""]:
                kept = [row[date] for row in rows if not project or row[project] == part]
                yield f"{name} {part}".strip(), ordinals(kept)


def ordinals(texts: list[str]) -> np.ndarray:
    """Return the day of each text that begins with an ISO date; the sets write a missing one as empty."""
    return np.array([dt.date.fromisoformat(t[:10]).toordinal() for t in texts if t[:2] in ("19", "20")])


def weeks(days: np.ndarray, raw: bool) -> np.ndarray:
    daily = np.bincount(days - days.min())
    if not raw:
        daily = forecast.flag_bulk_days(daily).clipped
    return forecast.weekly(daily)


def origins(series: np.ndarray, ahead: int, every: int) -> range:
    return range(HISTORY, series.size - ahead + 1, every)


def print_amounts(projects: dict[str, np.ndarray], every: int) -> None:
    rng = np.random.default_rng(2024)
    scores = {
        h: [
            score_amount(name, series, at, h, rng)
            for name, series in projects.items()
            for at in origins(series, max(HORIZONS), every)
        ]
        for h in HORIZONS
    }
    count = len({s.project for s in scores[1]})
    print(f"Items in h weeks: {count} projects, {len(scores[1])} origins, every {every} weeks\n")
    row("", "target", "mean velocity", "bootstrap", "ours")
    for level, (low, high) in zip(LEVELS, ((0.78, 0.84), (0.47, 0.55), (0.93, 0.97)), strict=True):
        for h in HORIZONS:
            held = float(np.mean([s.held[level] for s in scores[h]]))
            naive = f"{np.mean([s.inside_bootstrap for s in scores[h]]):.3f}" if level == 0.8 else ""
            row(
                f"F1 {level:.0%} interval, {h} weeks",
                f"{low}–{high}",
                "",
                naive,
                verdict(held, low <= held <= high),
            )
    for h in HORIZONS:
        row(f"F1 80 % by whole numbers, {h} weeks", "(≥ .80)", "", "", f"{np.mean([s.inside for s in scores[h]]):.3f}")
    every_horizon = [s for h in HORIZONS for s in scores[h]]
    near = share_of_projects(every_horizon, lambda own: 0.72 <= np.mean([s.held[0.8] for s in own]) <= 0.88)
    row("F1 projects within 72–88 %, all h", "≥ 0.75", "", "", verdict(near, near >= 0.75))
    for h in HORIZONS:
        near = share_of_projects(scores[h], lambda own: 0.72 <= np.mean([s.held[0.8] for s in own]) <= 0.88)
        row(f"F1 projects within 72–88 %, {h} weeks", "≥ 0.75", "", "", verdict(near, near >= 0.75))
    for h in HORIZONS:
        # The target is for the three together; each alone is told without a verdict.
        row(f"F2 CRPS / mean velocity, {h} weeks", "", "1", "", f"{ratio(scores[h], 'velocity'):.3f}")
        row(f"F2 CRPS / bootstrap, {h} weeks", "", "", "1", f"{ratio(scores[h], 'bootstrap'):.3f}")
    for naive, limit in (("velocity", 0.67), ("bootstrap", 0.90)):
        value = ratio(every_horizon, naive)
        row(f"F2 CRPS / {naive}, all weeks", f"≤ {limit}", "", "", verdict(value, value <= limit))
        better = share_of_projects(every_horizon, lambda own, naive=naive: ratio(own, naive) < 1)
        row(f"F2 projects better than {naive}", "≥ 0.90", "", "", verdict(better, better >= 0.90))


def ratio(scores: list[Scores], naive: str) -> float:
    return sum(s.ours for s in scores) / sum(getattr(s, naive) for s in scores)


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


def print_dates(projects: dict[str, np.ndarray], every: int) -> None:
    print()
    row("", "target", "mean velocity", "bootstrap", "ours")
    rng = np.random.default_rng(2025)
    for work in WORK_WEEKS:
        kept = {"velocity": [], "bootstrap": [], "ours": []}
        open_still = 0
        for series in projects.values():
            for at in origins(series, 2 * work, every):
                past, coming = series[:at], np.cumsum(series[at:])
                items = round(forecast.mean_velocity(past, last=VELOCITY_WEEKS) * work)
                if items == 0:
                    continue
                dates = {
                    "velocity": forecast.weeks_by_mean_velocity(past, items=items),
                    "bootstrap": bootstrap_date(past, items, rng),
                    "ours": forecast.weeks_to_finish(past, items=items).quantile(0.85),
                }
                open_still += dates["ours"] > coming.size and coming[-1] < items
                for method, date in dates.items():
                    if date <= coming.size or coming[-1] >= items:
                        kept[method].append(coming[int(min(date, coming.size)) - 1] >= items)
        share = {method: float(np.mean(hits)) for method, hits in kept.items()}
        row(
            f"F3 85 % date kept, {work} weeks of work",
            "0.83–0.91",
            f"{share['velocity']:.3f}",
            f"{share['bootstrap']:.3f}",
            verdict(share["ours"], 0.83 <= share["ours"] <= 0.91),
            f"{len(kept['ours'])} origins, {open_still} not yet known",
        )


def bootstrap_date(past: np.ndarray, items: int, rng: np.random.Generator) -> float:
    drawn = rng.choice(past[-BOOTSTRAP_WEEKS:], (BOOTSTRAP_DRAWS, 104)).cumsum(axis=1)
    needed = np.where(drawn[:, -1] >= items, (drawn < items).sum(axis=1) + 1.0, np.inf)
    return float(np.quantile(needed, 0.85, method="inverted_cdf"))


def sprints_by_board(folder: Path) -> dict[str, np.ndarray]:
    """Return (committed, delivered) of each board's Sprints in time order; a Sprint on two boards counts once."""
    found: dict[tuple[str, str], list[tuple[int, float, float]]] = {}
    seen = set()
    for file in sorted(folder.glob("*_iteration_0.csv")):
        for line in file.read_text(encoding="utf-8", errors="replace").splitlines()[1:]:
            # A name may hold commas; the figures are counted from the right.
            board, sprint, *_, difference, _days, _issues, committed = line.split(",")[:-12]
            is_new = (file.stem, sprint) not in seen
            seen.add((file.stem, sprint))
            if is_new and float(committed) > 0:
                delivered = max(0.0, float(committed) + float(difference))
                found.setdefault((file.stem, board), []).append((int(sprint), float(committed), delivered))
    return {
        f"{tracker} {board}": np.array([row[1:] for row in sorted(rows)]) for (tracker, board), rows in found.items()
    }


def print_sprints(boards: dict[str, np.ndarray]) -> None:
    """Score every Sprint with 3 before it; the reference is made of the other boards alone."""
    ours, velocity, chance, held, inside = [], [], [], [], []
    for name, board in boards.items():
        others = np.vstack([rows for other, rows in boards.items() if other != name])
        reference = np.quantile(others[:, 1] / others[:, 0], (np.arange(25) + 0.5) / 25, method="inverted_cdf")
        for at in range(forecast.SPRINTS_NEEDED, len(board)):
            (committed, truth), past, scale = board[at], board[:at], board[:, 0].mean()
            delivered = forecast.sprint_delivery(committed, history=past, reference=reference)
            values = np.unique(delivered.quantile(np.linspace(0.001, 0.999, 500)))
            ours.append(scoring.crps_of_steps(values, delivered.cdf(values), truth) / scale)
            velocity.append(abs(past[-VELOCITY_SPRINTS:, 1].mean() - truth) / scale)
            chance.append(scoring.brier(delivered.at_least(committed), truth >= committed))
            under, up_to = 1 - delivered.at_least(truth), delivered.cdf(truth)
            held.append(float(scoring.share_inside(under, max(under, up_to), level=0.8)))
            low, high = delivered.quantile(np.array([0.1, 0.9]))
            inside.append(low <= truth <= high)
    ratio, brier, held_share = sum(ours) / sum(velocity), float(np.mean(chance)), float(np.mean(held))
    print(f"\nSprints: {len(boards)} boards, {len(ours)} Sprints with {forecast.SPRINTS_NEEDED} before them\n")
    row("", "target", "mean velocity", "bootstrap", "ours")
    row("F4 CRPS / mean of 5 velocities", "≤ 0.56", "1", "", verdict(ratio, ratio <= 0.56))
    row("F4 Brier, all delivered", "≤ 0.22", "", "", verdict(brier, brier <= 0.22))
    row("F4 80% interval", "0.77–0.85", "", "", verdict(held_share, 0.77 <= held_share <= 0.85))
    row("F4 80% by whole steps, ends counted", "(≥ 0.80)", "", "", f"{np.mean(inside):.3f}")


def weekly_metrics(file: Path) -> list[np.ndarray]:
    """Return the series of the file, which has a heading and one series a row, its name first."""
    if not file.exists():
        return []
    with file.open(newline="") as lines:
        return [np.array([float(cell) for cell in cells[1:] if cell]) for cells in list(csv.reader(lines))[1:]]


@dataclass(frozen=True)
class Foretold:
    """What one method said of one series a quarter ahead, scored.

    ``crps`` in mean weekly steps; ``held`` by the 80, 50 and 95 % interval; ``chances`` of the four targets.
    """

    crps: float
    held: tuple[bool, ...]
    chances: tuple[float, ...]


def print_key_results(metrics: list[np.ndarray], skipped: int) -> None:
    """Score a quarter ahead at the last eight quarters of every metric, then from short histories alone."""
    scored = [score for series in metrics for score in quarters_of(series, None, skipped)]
    print(f"\nKey Results, 13 weeks ahead: {len(metrics)} weekly metrics, {len(scored)} quarters\n")
    row("", "target", "straight line", "rnd. walk", "ours")
    crps, held, brier, off = (figures(scored, of) for of in (crps_of, share_held, brier_of, calibration_error))
    for level, (low, high) in zip(LEVELS, ((0.77, 0.83), (0.0, 1.0), (0.0, 1.0)), strict=True):
        at = LEVELS.index(level)
        line, walk, ours = (figure[at] for figure in held)
        told = verdict(ours, low <= ours <= high) if level == 0.8 else f"{ours:.3f}"
        target = f"{low}–{high}" if level == 0.8 else ""
        row(f"F5 {level:.0%} interval", target, f"{line:.3f}", f"{walk:.3f}", told)
    line, walk, ours = (figure / crps[1] for figure in crps)
    row("F5 CRPS / random walk", "≤ 0.84", f"{line:.3f}", "1", verdict(ours, ours <= 0.84))
    for what, (line, walk, ours), limit in (("Brier, target hit", brier, 0.20), ("calibration error", off, 0.04)):
        row(f"F5 {what}", f"≤ {limit:.2f}", f"{line:.3f}", f"{walk:.3f}", verdict(ours, ours <= limit))
    for weeks in SHORT_HISTORIES:
        short = [score for series in metrics for score in quarters_of(series, weeks, skipped)]
        line, walk, ours = (figure[0] for figure in figures(short, share_held))
        row(f"F5 80% interval, the last {weeks} values alone", "(.77–.83)", f"{line:.3f}", f"{walk:.3f}", f"{ours:.3f}")
    series = max(metrics, key=len)
    spent = timed(lambda: attainment.key_result(series, steps=QUARTER, scale="log").quantile([0.1, 0.5, 0.9]))
    print(f"\nF8 a forecast (target ≤ 3 ms): three quantiles of a Key Result's value {spent:.2f} ms")


def quarters_of(
    series: np.ndarray, last: int | None, skipped: int
) -> Iterator[tuple[tuple[Foretold, ...], tuple[bool, ...]]]:
    """Yield, for each quarter, what line, random walk and ours said, and which targets were hit.

    The quarters do not overlap; a forecast sees what lies before, of which the ``last`` values alone where given.
    The targets lie half and whole the median change of a quarter over and under the last value.
    """
    for quarter in range(skipped + 1, skipped + QUARTERS + 1):
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


def print_speed(projects: dict[str, np.ndarray]) -> None:
    series = max(projects.values(), key=len)
    items = int(20 * series[-26:].mean())
    amount = timed(lambda: forecast.items_done(series, weeks=6).quantile([0.05, 0.15, 0.5, 0.85, 0.95]))
    date = timed(lambda: forecast.weeks_to_finish(series, items=items).quantile([0.5, 0.85, 0.95]))
    print(f"\nF8 a forecast (target ≤ 3 ms): five quantiles of an amount {amount:.2f} ms, a date {date:.2f} ms")


def timed(work: Callable[[], object]) -> float:
    """Return the median of 30 runs [ms], after one to warm up."""
    work()
    runs = []
    for _ in range(30):
        started = time.perf_counter()
        work()
        runs.append(time.perf_counter() - started)
    return 1e3 * float(np.median(runs))


def share_of_projects(scores: list[Scores], holds: Callable[[list[Scores]], bool]) -> float:
    projects = {s.project for s in scores}
    return sum(bool(holds([s for s in scores if s.project == p])) for p in projects) / len(projects)


def verdict(value: float, met: bool) -> str:
    return f"{value:.3f} {'met' if met else 'NOT MET'}"


def row(what: str, target: str, velocity: str, bootstrap: str, ours: str, note: str = "") -> None:
    print(f"{what:40s} {target:>10s} {velocity:>14s} {bootstrap:>10s} {ours:>14s}  {note}".rstrip())


if __name__ == "__main__":
    main()
