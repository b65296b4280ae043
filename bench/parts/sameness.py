"""F9: the same input gives the same result, bit for bit: told twice, by another process, with its rows turned round.

On both databases, by command line and in the browser it is tests that hold it: ``tests/value/test_same_plan.py``.
"""

import hashlib
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np

from headway.engine import attainment, flow, forecast, impact, track_record
from headway.engine.portfolio import best_order

from .speed import FIVE, made
from .table import Figure

SEEDS = range(5)


def sameness() -> tuple[Figure, ...]:
    """Return F9 over all engines: how many of their results came out the same."""
    here = results()
    again = results()
    elsewhere = _told_by_another_process()
    both = [
        ("F9 told twice", [again[name] == told for name, told in here.items()]),
        ("F9 told by another process", [elsewhere.get(name) == told for name, told in here.items()]),
    ]
    note = "tests hold it on both databases, command line and page"
    return tuple(
        Figure(what, f"{sum(same)} of {len(same)}", "all", met=all(same), note=note if what == both[-1][0] else "")
        for what, same in both
    )


def results() -> dict[str, str]:
    """Return what each engine says of some made-up input, as the digest of its bits."""
    return {f"{name} {seed}": _digest(told(seed)) for name, told in ENGINES.items() for seed in SEEDS}


def _told_by_another_process() -> dict[str, str]:
    """Run this module with another hash seed, so that nothing hangs on the order of a set."""
    here = Path(__file__).resolve().parents[1]
    asked = [sys.executable, "-c", "from parts import sameness; sameness.print_results()"]
    environment = {**os.environ, "PYTHONHASHSEED": "4711", "PYTHONPATH": f"{here}{os.pathsep}{here.parent}"}
    said = subprocess.run(asked, env=environment, capture_output=True, text=True, check=True).stdout
    return dict(line.rsplit("\t", 1) for line in said.splitlines())


def print_results() -> None:
    for name, digest in results().items():
        print(f"{name}\t{digest}")


def _digest(told: object) -> str:
    """Return a digest of every bit: ``repr`` of a float is exact."""
    return hashlib.sha256(repr(told).encode()).hexdigest()


def _weeks(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).poisson(6, 60)


def _metric(seed: int) -> np.ndarray:
    return 100 * np.exp(np.cumsum(0.03 * np.random.default_rng(seed).standard_normal(120)))


def _track_record(seed: int) -> object:
    rng = np.random.default_rng(seed)
    judged = [
        track_record.Judged(1.0, 2.0, 4.0, float(rng.uniform(0.1, 0.9)), float(rng.normal(1, 1)), float(rng.random()))
        for _ in range(12)
    ]
    return track_record.by_area({0: judged[:6], 1: judged[6:]})


def _plan(seed: int) -> object:
    return best_order(made(30, 5, 1.6, seed=seed), rng=np.random.default_rng(seed), scenarios=500)


def _cycle_times(seed: int) -> object:
    rng = np.random.default_rng(seed)
    return flow.cycle_times(rng.integers(1, 40, 80), still_open=rng.integers(0, 30, 9))


ENGINES: dict[str, Callable[[int], object]] = {
    "forecast.items_done": lambda seed: forecast.items_done(_weeks(seed), weeks=6).quantile(FIVE).tolist(),
    "forecast.weeks_to_finish": lambda seed: forecast.weeks_to_finish(_weeks(seed), items=40).quantile(FIVE).tolist(),
    "flow": _cycle_times,
    "attainment.key_result": lambda seed: (
        attainment.key_result(_metric(seed), steps=13, scale="log").quantile(FIVE).tolist()
    ),
    "impact.measure": lambda seed: impact.measure(_metric(seed), launched_at=100, scale="log"),
    "track_record": _track_record,
    "portfolio.best_order": _plan,
}
