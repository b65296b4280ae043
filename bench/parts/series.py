"""Read the open series, and name the public source of what is absent."""

import csv
import datetime as dt
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TypeVar

import numpy as np

from headway.engine import forecast

SOURCES = {
    "tawos_resolved": "github.com/VLambret/TAWOS (projects/*/*.csv)",
    "laukkanen2017": "github.com/Derek-Jones/ESEUR-code-data (projects/laukkanen2017)",
    "agile_project_dataset": "github.com/rueedlinger/agile-project-dataset (data/jira.csv)",
    "targetprocess": "github.com/TargetProcess/tauCharts (examples/dev-quick-test/ex-031.js as items.csv)",
    "choet_sprints": "github.com/SEAnalytics/datasets (agile sprints/IEEE TSE2017/dataset)",
    "m4_weekly": "github.com/Mcompetitions/M4-methods (Dataset/Train/Weekly-train.csv)",
    "bsts_r_reference": "github.com/YuminosukeSato/bsts-causalimpact (tests/fixtures)",
    "causal_impact_fixtures": "github.com/WillianFuks/tfcausalimpact (tests/fixtures)",
    "nrp": "the PROMISE repository (Next Release Problem, Xuan et al. 2012)",
}
T = TypeVar("T")
PROJECTS = ("tawos_resolved", "laukkanen2017", "agile_project_dataset", "targetprocess")


def absent(series: Path, names: Sequence[str]) -> tuple[str, ...]:
    """Return the sets of these that are not in the folder, each with where it is to be had."""
    return tuple(f"{name}, to be had from {SOURCES[name]}" for name in names if not (series / name).is_dir())


def halved(found: Sequence[T], half: int | None) -> Sequence[T]:
    """Return every second, from the first or the second on; all where no half is asked for."""
    return found[half - 1 :: 2] if half else found


def projects(series: Path, *, raw: bool = False) -> dict[str, np.ndarray]:
    """Return the items finished in each week of each project, mass clean-ups clipped unless ``raw``."""
    return {name: _weeks(days, raw) for name, days in _finished_days(series)}


def weekly_metrics(series: Path) -> list[np.ndarray]:
    """Return the weekly series of M4; the file has a heading and one series a row, its name first."""
    file = series / "m4_weekly" / "Weekly-train.csv"
    if not file.exists():
        return []
    with file.open(newline="") as lines:
        return [np.array([float(cell) for cell in cells[1:] if cell]) for cells in list(csv.reader(lines))[1:]]


def sprints_by_board(series: Path) -> dict[str, np.ndarray]:
    """Return (committed, delivered) of each board's Sprints in time order; a Sprint on two boards counts once."""
    found: dict[tuple[str, str], list[tuple[int, float, float]]] = {}
    seen = set()
    for file in sorted((series / "choet_sprints").glob("*_iteration_0.csv")):
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


def _finished_days(series: Path) -> Iterator[tuple[str, np.ndarray]]:
    """Yield each project's name and the ordinal days on which its items were finished."""
    for file in sorted((series / "tawos_resolved").glob("*.csv")):
        yield file.stem, _ordinals(file.read_text().split())
    for name, file, project, date in (
        ("Laukkanen", "laukkanen2017/issues.csv", None, "resolved_timestamp"),
        ("Agile project", "agile_project_dataset/jira.csv", "project", "finished_date"),
        ("Targetprocess", "targetprocess/items.csv", None, "end"),
    ):
        if (series / file).exists():
            with (series / file).open(newline="") as lines:
                rows = list(csv.DictReader(lines))
            for part in sorted({row[project] for row in rows}) if project else [""]:
                kept = [row[date] for row in rows if not project or row[project] == part]
                yield f"{name} {part}".strip(), _ordinals(kept)


def _ordinals(texts: list[str]) -> np.ndarray:
    """Return the day of each text that begins with an ISO date; the sets write a missing one as empty."""
    return np.array([dt.date.fromisoformat(t[:10]).toordinal() for t in texts if t[:2] in ("19", "20")])


def _weeks(days: np.ndarray, raw: bool) -> np.ndarray:
    daily = np.bincount(days - days.min())
    if not raw:
        daily = forecast.flag_bulk_days(daily).clipped
    return forecast.weekly(daily)
