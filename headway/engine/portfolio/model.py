"""A backlog with what is believed of it: the input of the plan."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from .bets import BetInput

EFFORT_SPREAD = 0.35
"""Standard deviation of the log of effort: 80 % of items take 0.64 to 1.57 of their estimate."""
CAPACITY_SPREAD = 0.2
"""Standard deviation of the log of a team's pace over the horizon, where it is not known better."""

_LARGEST, _NOTHING = 1e100, 1e-12
_FEWEST_WEEKS, _MOST_WEEKS = 1e-3, 10_000

DATE_TOLERANCE = 1 + 1e-9
"""A date that is missed by less is kept: rounding."""


class Must(NamedTuple):
    """``item`` has to be done ``by_weeks`` from now, at the expected pace; None: within the horizon."""

    item: int
    by_weeks: float | None = None


@dataclass(frozen=True)
class Portfolio:
    """A backlog in its present order, the Key Results it serves, the bets between them, and what binds.

    Sequences may be given as lists or arrays; they are kept as tuples, so that a portfolio can be a key. In what
    order bets and prerequisites are given means nothing: they are sorted. No amount may be over 10¹⁰⁰.

    Parameters
    ----------
    effort : (items,)
        Expected work [weeks of work], ≥ 0; the index is the present order.
    capacity : (sprints,)
        Work that each coming Sprint holds [weeks of work], ≥ 0, not all 0; the last goes on for ever.
    bets : sequence of BetInput
        Any number per item and per Key Result; none is allowed. Movements toward better are positive.
    gap : (krs,)
        What is left to the target [unit of the Key Result], ≥ 0; 0 = reached.
    worth : (krs,)
        Value of the whole way from baseline to target, held over the horizon [points or money], ≥ 0.
    span : (krs,), optional
        The whole way [unit of the Key Result]; by default the gap. Where it is 0 nothing can be gained.
    drift : (krs,), optional
        How far the Key Result moves over the horizon without any of these items [its unit]: a number, or
        samples of it (any number of them). Default 0.
    drift_spread : (krs,), optional
        Standard deviation of a drift that is given as a number [its unit], ≥ 0. Default 0.
    committed : (krs,), optional
        Whether it counts only when its target is reached, all or nothing. Default no.
    prerequisites : sequence of (item, needs)
        ``item`` has no effect before the item ``needs`` is done.
    must : sequence of Must, or of (item, by_weeks)
        Items that have to be done, and by when.
    banned : sequence of int
        Items that are not done in any order.
    horizon_weeks : float
        Over which value is counted [weeks], 0.001 to 10,000.
    sprint_weeks : float
        Length of a Sprint [weeks], 0.001 to 10,000.
    effort_spread : float or (items,)
        Standard deviation of the log of effort, 0 to 3.
    capacity_spread : float
        Standard deviation of the log of the team's pace, 0 to 3. The Sprints of one scenario share it, for
        pace is like itself from week to week: it does not average out over a plan.
    earlier_counts : bool
        True: an effect counts for the share of the horizon left when it lands. False: in full if it lands
        within the horizon, which is plain selection.

    Raises
    ------
    ValueError
        A field with the wrong shape or range, prerequisites in a cycle, an item both must and banned, a must
        that needs a banned item, musts that do not fit by their dates: named in the message.

    Examples
    --------
    >>> bets = [BetInput(item=0, kr=0, low=1, likely=2, high=4, chance=0.4, lag_weeks=2)]
    >>> Portfolio(effort=[3, 1], capacity=[2], bets=bets, gap=[5], worth=[100]).order
    (0, 1)
    >>> Portfolio(effort=[3, 1], capacity=[2], gap=[], worth=[], prerequisites=[(0, 1), (1, 0)])
    Traceback (most recent call last):
        ...
    ValueError: prerequisites must not run in a circle: 0, 1
    """

    effort: Sequence[float]
    capacity: Sequence[float]
    bets: Sequence[BetInput] = ()
    gap: Sequence[float] = ()
    worth: Sequence[float] = ()
    span: Sequence[float] | None = None
    drift: Sequence[float | Sequence[float]] | None = None
    drift_spread: Sequence[float] | None = None
    committed: Sequence[bool] | None = None
    prerequisites: Sequence[tuple[int, int]] = ()
    must: Sequence[Must | tuple[int, float | None]] = ()
    banned: Sequence[int] = ()
    horizon_weeks: float = 26.0
    sprint_weeks: float = 2.0
    effort_spread: float | Sequence[float] = EFFORT_SPREAD
    capacity_spread: float = CAPACITY_SPREAD
    earlier_counts: bool = True

    def __post_init__(self) -> None:
        items, krs = len(self.effort), len(self.gap)
        self._keep("effort", _floats("effort", self.effort, items))
        self._keep("capacity", _floats("capacity", self.capacity, len(self.capacity)))
        _require("capacity", sum(self.capacity) > _NOTHING, "hold work in at least one Sprint")
        self._keep("gap", _floats("gap", self.gap, krs))
        self._keep("worth", _floats("worth", self.worth, krs))
        span = self.gap if self.span is None else _floats("span", self.span, krs)
        self._keep("span", tuple(way if way > _NOTHING else 0.0 for way in span))
        self._keep("drift", _drifts(self.drift, krs))
        self._keep("drift_spread", _floats("drift_spread", _or_zeros(self.drift_spread, krs), krs))
        self._keep("committed", tuple(c > 0 for c in _floats("committed", _or_zeros(self.committed, krs), krs)))
        spread = self.effort_spread
        spreads = _floats("effort_spread", np.ravel(spread).tolist() * (1 if np.ndim(spread) else items), items)
        self._keep("effort_spread", spreads)
        _require("effort_spread", all(s <= 3 for s in spreads), "be at most 3")
        _require("capacity_spread", 0 <= self.capacity_spread <= 3, "be between 0 and 3")
        for name, weeks in (("horizon_weeks", self.horizon_weeks), ("sprint_weeks", self.sprint_weeks)):
            fits = _FEWEST_WEEKS <= weeks <= _MOST_WEEKS
            _require(name, fits, f"be between {_FEWEST_WEEKS:g} and {_MOST_WEEKS:,} weeks")
        for bet in self.bets:
            _check_bet(bet, items, krs)
        # In an order of their own: draws and sums are then the same bits, however their rows were sorted.
        self._keep("bets", tuple(sorted(self.bets, key=astuple)))
        self._keep("prerequisites", tuple(sorted((int(item), int(needs)) for item, needs in self.prerequisites)))
        _require_items("prerequisites", (i for pair in self.prerequisites for i in pair), items)
        self._keep("banned", tuple(sorted({int(i) for i in self.banned})))
        _require_items("banned", self.banned, items)
        self._keep("must", tuple(Must(*must) for must in self.must))
        _require_items("must", (m[0] for m in self.must), items)
        self._check_musts()

    @cached_property
    def needs(self) -> tuple[frozenset[int], ...]:
        """What each item needs, directly or by what it needs, (items,)."""
        return _closed(self.prerequisites, len(self.effort))

    @cached_property
    def order(self) -> tuple[int, ...]:
        """The present order: every item that is not banned, by index."""
        return tuple(i for i in range(len(self.effort)) if i not in self.banned)

    @cached_property
    def due(self) -> tuple[float, ...]:
        """By when each item has to be done [weeks of work from now at the expected pace], inf: no date, (items,).

        What a must needs has the must's date too.
        """
        due = [math.inf] * len(self.effort)
        for item, by_weeks in self.must:
            work = self.work_by(self.horizon_weeks if by_weeks is None else by_weeks)
            for one in (item, *self.needs[item]):
                due[one] = min(due[one], work)
        return tuple(due)

    @cached_property
    def earliest_due_first(self) -> tuple[int, ...]:
        """What has to be done, the earliest date first, what is needed before what needs it."""
        bound = [i for i in range(len(self.effort)) if self.due[i] < math.inf]
        return tuple(sorted(bound, key=lambda i: (self.due[i], len(self.needs[i]), i)))

    @cached_property
    def chain(self) -> tuple[tuple[int, ...], ...]:
        """Each item after all that it needs, in an order in which they can be done, (items,)."""
        return tuple(
            (*sorted(needs, key=lambda one: (len(self.needs[one]), one)), item) for item, needs in enumerate(self.needs)
        )

    def work_by(self, weeks: float) -> float:
        """Return the work that is expected to be done after so many weeks [weeks of work]."""
        whole, part = divmod(weeks / self.sprint_weeks, 1.0)
        sprint, last = int(whole), len(self.capacity) - 1
        beyond = max(sprint - last, 0) * self.capacity[-1]
        return sum(self.capacity[: min(sprint, last)]) + beyond + part * self.capacity[min(sprint, last)]

    def _keep(self, name: str, value: object) -> None:
        object.__setattr__(self, name, value)

    def _check_musts(self) -> None:
        needs = self.needs
        for item, by_weeks in self.must:
            _require("must", by_weeks is None or 0 <= by_weeks <= _LARGEST, "have dates that are at least 0 weeks away")
            barred = {item, *needs[item]} & set(self.banned)
            _require("must", not barred, f"not be banned, nor need what is: {_named(barred)}")
        work = 0.0
        for item in self.earliest_due_first:
            work += self.effort[item]
            _require(
                "must", work <= self.due[item] * DATE_TOLERANCE, f"fit by its dates: {item} cannot be done in time"
            )


def _closed(pairs: Iterable[tuple[int, int]], items: int) -> tuple[frozenset[int], ...]:
    """Return all that each item needs, by Kahn's order; ValueError names a circle."""
    direct: list[set[int]] = [set() for _ in range(items)]
    for item, needed in pairs:
        direct[item].add(needed)
    needed_by: list[list[int]] = [[] for _ in range(items)]
    for item, needs in enumerate(direct):
        for one in needs:
            needed_by[one].append(item)
    waiting = [len(needs) for needs in direct]
    closed: list[frozenset[int]] = [frozenset()] * items
    ready = [item for item in range(items) if not waiting[item]]
    for item in ready:
        closed[item] = frozenset(direct[item]).union(*(closed[one] for one in direct[item]))
        for other in needed_by[item]:
            waiting[other] -= 1
            if not waiting[other]:
                ready.append(other)
    circle = {item for item in range(items) if waiting[item]}
    _require("prerequisites", not circle, f"not run in a circle: {_named(circle)}")
    return tuple(closed)


def _check_bet(bet: BetInput, items: int, krs: int) -> None:
    _require("bets", 0 <= bet.item < items, "name an item of the portfolio")
    _require("bets", 0 <= bet.kr < krs, "name a Key Result of the portfolio")
    _require("bets", 0 <= bet.chance <= 1, "have a chance between 0 and 1")
    _require("bets", -_LARGEST <= bet.low <= bet.likely <= bet.high <= _LARGEST, "have low ≤ likely ≤ high")
    _require("bets", 0 <= bet.lag_weeks <= _LARGEST, "have a lag of at least 0 weeks")


def _floats(name: str, values: Sequence[float], count: int) -> tuple[float, ...]:
    kept = tuple(float(v) for v in values)
    _require(name, len(kept) == count, f"have {count} values, not {len(kept)}")
    _require(name, all(0 <= v <= _LARGEST for v in kept), f"be at least 0, and at most {_LARGEST:g}")
    return kept


def _or_zeros(values: Sequence[float] | None, count: int) -> Sequence[float]:
    return (0.0,) * count if values is None else values


def _drifts(drifts: Sequence[float | Sequence[float]] | None, krs: int) -> tuple[float | tuple[float, ...], ...]:
    given = _or_zeros(None, krs) if drifts is None else drifts
    rows = [(np.ndim(drift) > 0, np.ravel(drift).astype(float).tolist()) for drift in given]
    kept = tuple(tuple(row) if is_samples else row[0] for is_samples, row in rows)
    _require("drift", len(kept) == krs, f"have {krs} values, not {len(kept)}")
    flat = [x for d in kept for x in (d if isinstance(d, tuple) else (d,))]
    _require("drift", all(abs(x) <= _LARGEST for x in flat), f"be finite, within ±{_LARGEST:g}")
    _require("drift", all(d for d in kept if isinstance(d, tuple)), "have at least one sample")
    return kept


def _require_items(name: str, named: Iterable[int], items: int) -> None:
    _require(name, all(0 <= i < items for i in named), "name items of the portfolio")


def _named(items: Iterable[int]) -> str:
    return ", ".join(str(i) for i in sorted(items))


def _require(name: str, holds: bool, rule: str) -> None:
    if not holds:
        raise ValueError(f"{name} must {rule}")
