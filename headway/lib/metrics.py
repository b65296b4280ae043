"""Counters, gauges and durations of this process, and the text in which Prometheus reads them.

Cheap enough for every request: one lock and a few additions. What several processes counted is added up by `merged()`.
"""

import threading
from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

#: Upper bounds of the durations [s]; the last bucket, of all that took longer, has none.
BOUNDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)

Labels = tuple[tuple[str, str], ...]
Key = tuple[str, Labels]


@dataclass
class Snapshot:
    """What was counted: counters only grow, gauges stand for this moment, durations as buckets and their sum."""

    counters: dict[Key, float] = field(default_factory=dict)
    gauges: dict[Key, float] = field(default_factory=dict)
    durations: dict[Key, list[float]] = field(default_factory=dict)  # a count per bucket, then the sum [s]

    def to_json(self) -> dict[str, Any]:
        return {
            name: [[key[0], [list(label) for label in key[1]], value] for key, value in getattr(self, name).items()]
            for name in ("counters", "gauges", "durations")
        }

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> "Snapshot":
        """Read what to_json() wrote. Raises KeyError, TypeError or ValueError on anything else."""
        parts: dict[str, dict[Key, Any]] = {}
        for name in ("counters", "gauges", "durations"):
            parts[name] = {
                (str(metric), tuple((str(label), str(text)) for label, text in labels)): value
                for metric, labels, value in document[name]
            }
        return cls(**parts)


class Registry:
    """The figures of one process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counters: dict[Key, float] = {}
        self._gauges: dict[Key, float] = {}
        self._durations: dict[Key, list[float]] = {}
        self._asked: dict[Key, Callable[[], float]] = {}

    def count(self, name: str, amount: float = 1, labels: Labels = ()) -> None:
        """Add `amount` (0 or more) to a counter."""
        key = (name, labels)
        with self._lock:
            self._counters[key] = self._counters.get(key, 0) + amount

    def change(self, name: str, by: float, labels: Labels = ()) -> None:
        """Raise or lower a gauge."""
        key = (name, labels)
        with self._lock:
            self._gauges[key] = self._gauges.get(key, 0) + by

    def ask(self, name: str, question: Callable[[], float], labels: Labels = ()) -> None:
        """Keep a gauge whose value is asked for when it is read."""
        self._asked[name, labels] = question

    def observe(self, name: str, seconds: float, labels: Labels = ()) -> None:
        """Note a duration."""
        key = (name, labels)
        bucket = bisect_left(BOUNDS, seconds)
        with self._lock:
            found = self._durations.get(key)
            if found is None:
                found = self._durations[key] = [0.0] * (len(BOUNDS) + 2)
            found[bucket] += 1
            found[-1] += seconds

    def snapshot(self) -> Snapshot:
        asked = {key: float(question()) for key, question in list(self._asked.items())}
        with self._lock:
            return Snapshot(
                dict(self._counters),
                self._gauges | asked,
                {key: list(values) for key, values in self._durations.items()},
            )

    def forget(self) -> None:
        """Begin anew: counters and durations at zero; gauges stand."""
        with self._lock:
            self._counters.clear()
            self._durations.clear()


#: The figures of this process.
REGISTRY = Registry()


def merged(snapshots: Iterable[Snapshot]) -> Snapshot:
    """Add up what several processes counted.

    >>> one = Snapshot(counters={("seen", ()): 2.0})
    >>> merged([one, one]).counters
    {('seen', ()): 4.0}
    """
    total = Snapshot()
    for one in snapshots:
        for sums, parts in ((total.counters, one.counters), (total.gauges, one.gauges)):
            for key, value in parts.items():
                sums[key] = sums.get(key, 0) + value
        for key, values in one.durations.items():
            so_far = total.durations.get(key, [0.0] * len(values))
            total.durations[key] = [a + b for a, b in zip(so_far, values, strict=True)]
    return total


def exposition(snapshot: Snapshot, help_of: Mapping[str, str]) -> str:
    """Write the figures in Prometheus' text format 0.0.4; `help_of` says what each is.

    >>> print(exposition(Snapshot(counters={("seen_total", (("by", 'a "b"'),)): 2.0}), {"seen_total": "What was seen"}))
    # HELP seen_total What was seen
    # TYPE seen_total counter
    seen_total{by="a \\"b\\""} 2
    <BLANKLINE>
    """
    lines: list[str] = []
    for kind, figures in (("counter", snapshot.counters), ("gauge", snapshot.gauges)):
        for name in sorted({key[0] for key in figures}):
            lines += _head(name, kind, help_of)
            lines += [f"{name}{_labels(key[1])} {_figure(figures[key])}" for key in sorted(figures) if key[0] == name]
    for name in sorted({key[0] for key in snapshot.durations}):
        lines += _head(name, "histogram", help_of)
        for key in sorted(snapshot.durations):
            if key[0] == name:
                lines += _histogram(name, key[1], snapshot.durations[key])
    return "\n".join(lines) + "\n"


def _head(name: str, kind: str, help_of: Mapping[str, str]) -> list[str]:
    return [f"# HELP {name} {help_of.get(name, name)}", f"# TYPE {name} {kind}"]


def _histogram(name: str, labels: Labels, values: list[float]) -> Iterable[str]:
    so_far = 0.0
    for bound, count in zip([*map(str, BOUNDS), "+Inf"], values[:-1], strict=True):
        so_far += count
        yield f"{name}_bucket{_labels((*labels, ('le', bound)))} {_figure(so_far)}"
    yield f"{name}_sum{_labels(labels)} {values[-1]:.6f}"
    yield f"{name}_count{_labels(labels)} {_figure(so_far)}"


def _labels(labels: Labels) -> str:
    if not labels:
        return ""
    return "{" + ",".join(f'{name}="{_escaped(value)}"' for name, value in labels) + "}"


def _escaped(value: str) -> str:
    return value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")


def _figure(value: float) -> str:
    return str(int(value)) if value == int(value) else repr(value)
