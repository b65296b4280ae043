"""Figures that a part of ``bench/accuracy.py`` measured, and how they are printed: target, naive practice, ours."""

from collections.abc import Iterable
from dataclasses import dataclass

WIDTHS = (46, 10, 26, 15)


@dataclass(frozen=True)
class Figure:
    """One measured figure. ``met``: None where there is no target. ``note``: counts, or what to read with it."""

    what: str
    ours: str = ""
    target: str = ""
    naive: str = ""
    met: bool | None = None
    note: str = ""


@dataclass(frozen=True)
class Part:
    """What one part measured, with its counts in the title; ``absent``: sets that were not there."""

    title: str
    figures: tuple[Figure, ...] = ()
    absent: tuple[str, ...] = ()


def within(what: str, value: float, low: float, high: float, *, naive: str = "", note: str = "") -> Figure:
    return Figure(what, f"{value:.3f}", f"{low:g}–{high:g}", naive, bool(low <= value <= high), note)


def at_most(what: str, value: float, limit: float, *, naive: str = "", note: str = "") -> Figure:
    return Figure(what, f"{value:.3f}", f"≤ {limit:g}", naive, bool(value <= limit), note)


def at_least(what: str, value: float, limit: float, *, naive: str = "", note: str = "") -> Figure:
    return Figure(what, f"{value:.3f}", f"≥ {limit:g}", naive, bool(value >= limit), note)


def print_part(part: Part, *, is_whole: bool) -> None:
    """Print a part's title, what was absent, and where it is asked for all figures."""
    print(f"\n{part.title}" if is_whole else part.title)
    for absent in part.absent:
        print(f"absent: {absent}")
    if part.figures and is_whole:
        print()
        _print_rows(part.figures)


def print_summary(parts: Iterable[Part]) -> bool:
    """Print the figures that have a target, all parts in one table; say whether all are met."""
    figures = [figure for part in parts for figure in part.figures if figure.met is not None]
    missed = [figure for figure in figures if not figure.met]
    print(f"\nAll targets: {len(figures) - len(missed)} of {len(figures)} met\n")
    _print_rows(figures)
    return not missed


def _print_rows(figures: Iterable[Figure]) -> None:
    _print_row("", "target", "naive practice", "ours", "")
    for one in figures:
        told = {None: "", True: " met", False: " NOT MET"}[one.met]
        _print_row(one.what, one.target, one.naive, one.ours + told, one.note)


def _print_row(what: str, target: str, naive: str, ours: str, note: str) -> None:
    first, *rest = WIDTHS
    cells = [f"{text:>{width}s}" for text, width in zip((target, naive, ours), rest, strict=True)]
    print(f"{what:{first}s} {' '.join(cells)}  {note}".rstrip())
