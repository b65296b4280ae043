"""What any order of a team's backlog is worth, and the best one found: the engine's plan, kept by the data's version.

Items are told apart by their number. The engine sees them by ascending number and seeds its draws from what it is
given, so that the same data gives the same figures on every database, page and command, whatever the present order.
"""

import hashlib
import math
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, replace
from functools import cached_property, partial
from itertools import permutations
from threading import Lock, RLock
from typing import Literal

import numpy as np

from headway.engine import portfolio as engine

MOST_BYTES = 8_000_000
"""What the scenarios of all versions may weigh together; the newest stay."""
MOST_VERSIONS = 24
"""Of so many versions the small figures are kept: values, and the best order found."""
MOST_ORDERS = 24
"""Orders of one version of which the figures are kept."""
ALL_ORDERS_UP_TO = 6
"""With so few items every order is tried: nothing better can exist."""
SEARCHED_UP_TO = 400
"""With more items than this they are not tried in every place: the best of two quick orders is taken."""
QUICK_UP_TO = 60
"""With so many items the best order is found while a page is drawn; with more it is asked for afterwards."""
SPRINTS_AHEAD = 3
"""Coming Sprints of which is said how far down they reach."""

Belief = Literal["chance", "size", "effort"]


@dataclass(frozen=True)
class Standing:
    """What an item does where it stands in an order. Value in the sheet's unit, all of it expected.

    `adds`: what it brings given what stands above it; over an order they sum to its value. `waiting`: what is lost if
    it alone came one Sprint later. `pays`: the chance that it brings anything there. `lands`: weeks from the beginning
    of the plan after which it is done, 10th, 50th and 90th percentile. `done`: the chance to be done in the horizon.
    """

    adds: float
    waiting: float
    pays: float
    lands: tuple[float, float, float]
    done: float


@dataclass(frozen=True)
class Turn:
    """Item `number` and `other` change places once `belief` of `number` is no longer `now` but `at`.

    Chance 0–1, of its most valuable bet; size a factor on that bet's range, now 1; effort in weeks of work.
    """

    number: int
    other: int
    belief: Belief
    now: float
    at: float


@dataclass(frozen=True)
class OrderFigures:
    """An order of the sheet's items, by number, and what the work in it is worth.

    `ties`: runs of bets that cannot be told apart. `reach`: how many items are done by the end of each coming Sprint,
    10th, 50th and 90th percentile. `too_early`: items that stand above what they need, with that.
    """

    order: tuple[int, ...]
    value: float
    standing: Mapping[int, Standing]
    ties: tuple[tuple[int, ...], ...]
    reach: tuple[tuple[int, int, int], ...]
    too_early: tuple[tuple[int, int], ...]
    too_late: tuple[int, ...]


@dataclass(frozen=True)
class Trial:
    """What finding out about an item before it is built is worth, in the sheet's unit: EVSI, and per week it costs."""

    number: int
    cost_weeks: float
    worth: float
    perfect: float
    per_week: float


@dataclass(frozen=True)
class Departed:
    """Where an item stands by the plan and by a column, counted from 1 among the bets, and why (engine's words)."""

    number: int
    place: int
    column_place: int
    why: str


@dataclass(frozen=True)
class Asked:
    """One version of the data, as the engine is asked: `numbers` are the items by their place in the portfolio.

    `searched` are those whose order is looked for; what has neither price nor date keeps its place.
    """

    team_key: str
    numbers: tuple[int, ...]
    portfolio: engine.Portfolio
    searched: frozenset[int]

    @cached_property
    def place(self) -> Mapping[int, int]:
        return {number: place for place, number in enumerate(self.numbers)}

    def rng(self) -> np.random.Generator:
        digest = hashlib.sha256(f"{self.team_key} {self.portfolio!r}".encode()).digest()
        return np.random.default_rng(int.from_bytes(digest[:8], "big"))


@dataclass(frozen=True)
class Best:
    """The best order found, with its value; `gap` bounds by what share any other could be better, None: not proved."""

    order: tuple[int, ...]
    value: float
    gap: float | None


class Plan:
    """What orders of a team's backlog are worth. Cheap to make: draws and search run once a version of the data.

    `present`: the sheet's items in the present order, by number. `impossible`: numbers of must-haves that no order
    can have done in time; they bind nothing.
    """

    def __init__(self, asked: Asked, present: Sequence[int], impossible: Iterable[int] = ()) -> None:
        self.asked = asked
        self.present = tuple(present)
        self.impossible = frozenset(impossible)
        self._version = _version_of(asked)

    @property
    def is_quick(self) -> bool:
        """Say whether the best order is known, or found in a moment."""
        return len(self.asked.searched) <= QUICK_UP_TO or self._version.is_searched

    @cached_property
    def now(self) -> OrderFigures:
        """The figures of the present order."""
        return self.of(self.present)

    def of(self, order: Sequence[int]) -> OrderFigures:
        """Return the figures of any order of the present items; ValueError where it is none."""
        self._check(order)
        return self._version.figures(tuple(order))

    def value(self, order: Sequence[int]) -> float:
        """Return what the work in an order is expected to bring; ValueError where it is no order of the items."""
        self._check(order)
        return self._version.value(tuple(order))

    def difference(self, order: Sequence[int]) -> tuple[float, float, float]:
        """Return what an order brings more than the present one, from scenario to scenario.

        10th and 90th percentile, and the chance that it is more; ties count half, so that 0.5 tells nothing.
        """
        self._check(order)
        return self._version.difference(tuple(order), self.present)

    @cached_property
    def best(self) -> Best:
        """The best order found. Where it brings no more than the present one, that stays: nothing moves for nothing."""
        found = self._version.best_among(self.present)
        now = self.now
        is_kept = not now.too_early and not now.too_late
        if is_kept and now.value >= found.value - abs(found.value) * 1e-9:
            return Best(self.present, now.value, found.gap)
        return found

    @property
    def gain(self) -> float:
        """What the best order found brings more than the present one, at least 0."""
        return max(self.best.value - self.now.value, 0.0)

    def turns(self, order: Sequence[int] | None = None) -> list[list[Turn]]:
        """Return, for each two bets that follow each other, the beliefs at which they change places."""
        return self._version.turns(self._bets(self.present if order is None else order))

    def first_turns(self, order: Sequence[int] | None = None) -> list[Turn]:
        """Return the beliefs at which the first bet of an order loses its place."""
        return self._version.first_turns(self._bets(self.present if order is None else order))

    def tests(self, costs: Mapping[int, float], order: Sequence[int] | None = None) -> list[Trial]:
        """Return what testing each of some bets is worth before it is built, most per week first.

        `costs`: weeks of work of the test, by number. Right 8 times in 10.
        """
        return self._version.tests(tuple(self.present if order is None else order), costs)

    def column(self, name: str) -> Mapping[int, float]:
        """Return a column that teams know, "cd3" or "rice", by number [sheet's unit per week of work]."""
        values = (engine.cd3 if name == "cd3" else engine.rice)(self.asked.portfolio)
        return {number: float(values[self.asked.place[number]]) for number in self.bets}

    def departures(self, name: str, order: Sequence[int] | None = None) -> list[Departed]:
        """Return where an order of the bets departs from a column's, and why."""
        return self._version.departures(name, self._bets(self.best.order if order is None else order))

    @cached_property
    def date_costs(self) -> Mapping[int, float]:
        """What each must-have costs by being due: the value without its date, less that of the best order found."""
        return self._version.date_costs(self.best.order)

    @cached_property
    def bets(self) -> tuple[int, ...]:
        """The items of the present order that have a price."""
        return self._bets(self.present)

    def _bets(self, order: Iterable[int]) -> tuple[int, ...]:
        priced = self._version.priced
        return tuple(number for number in order if number in priced)

    def _check(self, order: Sequence[int]) -> None:
        if len(order) != len(self.present) or set(order) != set(self.present):
            raise ValueError("order must name the items of the sheet, each once")


def what_binds(
    portfolio: engine.Portfolio, numbers: Sequence[int], musts: Sequence[engine.Must]
) -> tuple[engine.Portfolio, frozenset[int]]:
    """Return the portfolio with its must-haves, and the numbers of those that no order can have done in time."""
    if not musts:
        return portfolio, frozenset()
    try:
        return replace(portfolio, must=musts), frozenset()
    except ValueError:
        pass
    kept: list[engine.Must] = []
    impossible = set()
    for must in sorted(musts, key=lambda one: (math.inf if one.by_weeks is None else one.by_weeks, one.item)):
        try:
            replace(portfolio, must=[*kept, must])
        except ValueError:
            impossible.add(numbers[must.item])
        else:
            kept.append(must)
    return replace(portfolio, must=kept), frozenset(impossible)


class _Version:
    """The scenarios of one version of the data, and what was found on them."""

    def __init__(self, asked: Asked) -> None:
        self.asked = asked
        self.priced = frozenset(asked.numbers[bet.item] for bet in asked.portfolio.bets)
        self._lock = RLock()
        self._drawn: engine.Scenarios | None = None
        self._found: tuple[tuple[int, ...], float | None] | None = None
        self._figures: OrderedDict[tuple[int, ...], OrderFigures] = OrderedDict()
        self._values: OrderedDict[tuple[int, ...], float] = OrderedDict()

    @property
    def weight(self) -> int:
        drawn, portfolio = self._drawn, self.asked.portfolio
        if drawn is None:
            return 0
        rows = len(portfolio.effort) + len(portfolio.bets)
        return drawn.size * (rows * (4 + 8) + len(portfolio.gap) * 4)

    @property
    def is_searched(self) -> bool:
        return self._found is not None

    def release(self) -> None:
        """Give the scenarios back; drawn again they are the same. Without the lock: whoever draws may wait for it."""
        self._drawn = None

    def drawn(self) -> engine.Scenarios:
        with self._lock:
            if self._drawn is None:
                self._drawn = engine.Scenarios(self.asked.portfolio, rng=self.asked.rng())
            drawn = self._drawn
        _make_room(self)
        return drawn

    def value(self, order: tuple[int, ...]) -> float:
        with self._lock:
            if order not in self._values:
                self._values[order] = self.drawn().score(self._places(order))
                _bound(self._values)
            return self._values[order]

    def difference(self, order: tuple[int, ...], other: tuple[int, ...]) -> tuple[float, float, float]:
        drawn = self.drawn()
        more = drawn.values(self._places(order)) - drawn.values(self._places(other))
        low, high = np.quantile(more, [0.1, 0.9])
        return float(low), float(high), float(np.mean(more > 0) + np.mean(more == 0) / 2)

    def figures(self, order: tuple[int, ...]) -> OrderFigures:
        with self._lock:
            if order not in self._figures:
                self._figures[order] = self._figures_of(order)
                _bound(self._figures)
            return self._figures[order]

    def _figures_of(self, order: tuple[int, ...]) -> OrderFigures:
        drawn, numbers, places = self.drawn(), self.asked.numbers, self._places(order)
        steps = drawn.steps(places)
        groups = engine.tied(drawn, [place for place in places if numbers[place] in self.priced])
        return OrderFigures(
            order=order,
            value=self.value(order),
            standing={
                numbers[step.item]: Standing(step.adds, step.waiting, step.pays, step.lands, step.done)
                for step in steps
            },
            ties=tuple(tuple(numbers[place] for place in group) for group in groups),
            reach=tuple(drawn.sprint_ends(places, SPRINTS_AHEAD)),
            too_early=self._too_early(order),
            too_late=self._too_late(order),
        )

    def _too_early(self, order: tuple[int, ...]) -> tuple[tuple[int, int], ...]:
        rank = {number: rank for rank, number in enumerate(order)}
        numbers = self.asked.numbers
        pairs = ((numbers[item], numbers[needs]) for item, needs in self.asked.portfolio.prerequisites)
        return tuple(
            sorted(
                (number, needs)
                for number, needs in pairs
                if number in rank and rank.get(needs, math.inf) > rank[number]
            )
        )

    def _too_late(self, order: tuple[int, ...]) -> tuple[int, ...]:
        portfolio, place = self.asked.portfolio, self.asked.place
        if not portfolio.must:
            return ()
        spent, late = 0.0, []
        for number in order:
            spent += portfolio.effort[place[number]]
            if spent > portfolio.due[place[number]] * (1 + 1e-9):
                late.append(number)
        return tuple(late)

    def best_among(self, present: tuple[int, ...]) -> Best:
        """Return the best order found: what is searched changes places, what is not keeps the place it has."""
        with self._lock:
            if self._found is None:
                self._found = self._search()
            sought, gap = self._found
            here = set(present)
            coming = iter([number for number in sought if number in here])
            woven = [next(coming) if number in self.asked.searched else number for number in present]
            kept = engine.repaired(self._narrowed(here), self._places(woven))
            order = tuple(self.asked.numbers[place] for place in kept)
            return Best(order, self.value(order), gap)

    def _search(self) -> tuple[tuple[int, ...], float | None]:
        drawn = copy(self.drawn())
        drawn.portfolio = self._narrowed(self.asked.searched)
        gap: float | None = None
        if len(self.asked.searched) <= ALL_ORDERS_UP_TO:
            order, gap = self._best_of_all(drawn), 0.0
        elif len(self.asked.searched) <= SEARCHED_UP_TO:
            found = engine.search(drawn)
            order, gap = found.order, found.gap
        else:
            by_delay = engine.repaired(drawn.portfolio, engine.cost_of_delay_order(drawn.portfolio))
            order = tuple(max([engine.greedy_order(drawn), by_delay], key=partial(_score, drawn)))
        return tuple(self.asked.numbers[place] for place in order), gap

    def _best_of_all(self, drawn: engine.Scenarios) -> tuple[int, ...]:
        portfolio = drawn.portfolio
        first = tuple(engine.repaired(portfolio, engine.cost_of_delay_order(portfolio)))
        kept = [order for order in permutations(first) if tuple(engine.repaired(portfolio, order)) == order]
        return max([first, *kept], key=partial(_score, drawn))

    def _narrowed(self, numbers: Iterable[int]) -> engine.Portfolio:
        """Return the portfolio in which only these are done; their dates hold, those of others do not."""
        among = {self.asked.place[number] for number in numbers}
        portfolio = self.asked.portfolio
        banned = [place for place in range(len(self.asked.numbers)) if place not in among]
        must = [must for must in portfolio.must if among.issuperset({must[0], *portfolio.needs[must[0]]})]
        return replace(portfolio, banned=banned, must=must)

    def turns(self, bets: tuple[int, ...]) -> list[list[Turn]]:
        return [self._turns(pair) for pair in engine.flips(self.drawn(), self._places(bets))]

    def first_turns(self, bets: tuple[int, ...]) -> list[Turn]:
        return self._turns(engine.first_place_flips(self.drawn(), self._places(bets)))

    def _turns(self, found: Iterable[engine.Flip]) -> list[Turn]:
        numbers = self.asked.numbers
        return [
            Turn(numbers[flip.item], numbers[flip.other], flip.belief, flip.now, flip.at)
            for flip in found
            if math.isfinite(flip.at)
        ]

    def tests(self, order: tuple[int, ...], costs: Mapping[int, float]) -> list[Trial]:
        numbers, place = self.asked.numbers, self.asked.place
        asked = [engine.BetTest(place[number], cost) for number, cost in sorted(costs.items()) if number in order]
        return [
            Trial(numbers[one.item], costs[numbers[one.item]], one.test, one.perfect, one.per_cost)
            for one in engine.test_before_building(self.drawn(), self._places(order), asked)
        ]

    def departures(self, name: str, bets: tuple[int, ...]) -> list[Departed]:
        drawn = copy(self.drawn())
        drawn.portfolio = self._narrowed(bets)
        column = (engine.cd3 if name == "cd3" else engine.rice)(self.asked.portfolio)
        return [
            Departed(self.asked.numbers[one.item], one.place, one.column_place, one.why)
            for one in engine.departures(drawn, self._places(bets), column)
        ]

    def date_costs(self, order: tuple[int, ...]) -> dict[int, float]:
        with self._lock:
            value = self.value(order)
            return {
                number: max(self._best_elsewhere(order, number) - value, 0.0)
                for number in sorted({self.asked.numbers[must[0]] for must in self.asked.portfolio.must})
                if number in order
            }

    def _best_elsewhere(self, order: tuple[int, ...], number: int) -> float:
        """Return the most that the order is worth with one item in another place."""
        drawn = self.drawn()
        rest = [one for one in order if one != number]
        orders = ((*rest[:place], number, *rest[place:]) for place in range(len(order)))
        return max(drawn.score(self._places(one)) for one in orders)

    def _places(self, order: Iterable[int]) -> list[int]:
        return [self.asked.place[number] for number in order]


def _score(drawn: engine.Scenarios, order: Sequence[int]) -> float:
    return drawn.score(order)


_lock = Lock()
_versions: OrderedDict[Asked, _Version] = OrderedDict()


def _version_of(asked: Asked) -> _Version:
    with _lock:
        version = _versions.get(asked)
        if version is None:
            version = _versions[asked] = _Version(asked)
        _versions.move_to_end(asked)
        while len(_versions) > MOST_VERSIONS:
            _versions.popitem(last=False)
        return version


def _make_room(for_one: _Version) -> None:
    """Let the oldest versions give their scenarios back until all weigh little enough together."""
    with _lock:
        drawn = [version for version in _versions.values() if version.weight and version is not for_one]
        weight = for_one.weight + sum(version.weight for version in drawn)
        too_much = []
        for version in drawn:
            if weight <= MOST_BYTES:
                break
            weight -= version.weight
            too_much.append(version)
    for version in too_much:
        version.release()


def _bound(kept: OrderedDict[tuple[int, ...], OrderFigures] | OrderedDict[tuple[int, ...], float]) -> None:
    while len(kept) > MOST_ORDERS:
        kept.popitem(last=False)
