"""The best order found: greedy by what an item adds per effort, then every item tried in every place."""

import heapq
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from headway.engine.distributions import Floats

from .columns import cost_of_delay_order
from .exact import best_selection
from .model import DATE_TOLERANCE, Portfolio
from .scenarios import Scenarios, Singles
from .ties import tied

_PASSES = 12
"""Times that every item is tried in every place: what bounds the time, and not a clock (same input, same order)."""
_GAIN_THAT_COUNTS = 1e-6
"""Share of the value that a move has to bring; less is rounding, and could go in circles."""
_DRAWS = 120_000
"""Items times scenarios on which places are tried: all 2,000 scenarios up to 60 items, fewer beyond."""
_FEWEST_SCENARIOS = 400
_PROVED = 1e-3
"""A selection that could be better by at most this share is not searched any further."""
_SMALLEST_EFFORT = 1e-9


@dataclass(frozen=True)
class BestOrder:
    """The best order found, and what it is better than.

    ``order``: every item that is not banned, first first. ``value``, ``value_of_present_order``: what the work
    adds [unit of worth]. ``ties``: runs of neighbours in ``order`` that cannot be told apart. ``gap``: by what
    share of its value the best order possible could at most be better; None where that cannot be proved.
    """

    order: tuple[int, ...]
    value: float
    value_of_present_order: float
    ties: tuple[tuple[int, ...], ...]
    gap: float | None


def best_order(portfolio: Portfolio, *, rng: np.random.Generator, scenarios: int = 2000) -> BestOrder:
    """Return the best order that is found, with its value beside that of the present one.

    Parameters
    ----------
    portfolio : Portfolio
    rng : numpy.random.Generator
        The same state gives the same answer, bit for bit.
    scenarios : int
        Common draws on which orders are compared, ≥ 1.

    Returns
    -------
    BestOrder
        Never worth less than the present order on these draws, where the present order keeps what binds
        (prerequisites, dates).

    Raises
    ------
    ValueError
        ``scenarios`` under 1.

    Notes
    -----
    Starts: greedy by marginal gain per effort, cost of delay over duration, the present order. From each,
    every item (with what it needs and has not got) is tried in every place until no move brings more. What
    moves costs O(items · live bets · scenarios) a pass, vectorised over places.

    Examples
    --------
    Two items close the same gap; the shorter one goes first, and what fills another gap goes second:

    >>> from headway.engine.portfolio import BetInput
    >>> bets = [BetInput(i, kr, 3, 3, 3, 1.0) for i, kr in ((0, 0), (1, 0), (2, 1))]
    >>> plan = Portfolio(effort=[8, 2, 4], capacity=[2], bets=bets, gap=[3, 3], worth=[100, 100])
    >>> found = best_order(plan, rng=np.random.default_rng(1))
    >>> found.order, round(found.value), round(found.value_of_present_order)
    ((1, 2, 0), 168, 112)
    """
    return search(Scenarios(portfolio, rng=rng, scenarios=scenarios))


def search(drawn: Scenarios) -> BestOrder:
    """Return :func:`best_order` on scenarios that are drawn already."""
    portfolio = drawn.portfolio
    present = drawn.score(portfolio.order)
    proved = best_selection(drawn)
    kept = _from_selection(drawn, *proved) if proved else _from_starts(drawn)
    kept.append(repaired(portfolio, portfolio.order))
    values = [drawn.score(order) for order in kept]
    # The present order wins a draw: nothing is reordered for nothing.
    best = max(range(len(kept)), key=lambda place: (values[place], place))
    return BestOrder(
        order=tuple(kept[best]),
        value=values[best],
        value_of_present_order=present,
        ties=tuple(tuple(group) for group in tied(drawn, kept[best])),
        gap=_gap(values[best], proved[1]) if proved else None,
    )


def _from_starts(drawn: Scenarios) -> list[list[int]]:
    by_delay = repaired(drawn.portfolio, cost_of_delay_order(drawn.portfolio))
    fewer = drawn.part(max(_DRAWS // max(len(by_delay), 1), _FEWEST_SCENARIOS))
    return [improved(fewer, greedy_order(drawn)), improved(fewer, by_delay)]


def _from_selection(drawn: Scenarios, chosen: list[int], bound: float) -> list[list[int]]:
    """Return the order with the selection in front, and those of the search where it is not proved to be best."""
    portfolio = drawn.portfolio
    among = set(chosen)
    order = repaired(portfolio, [*chosen, *(item for item in portfolio.order if item not in among)])
    is_proved = _gap(drawn.score(order), bound) <= _PROVED
    return [order] if is_proved else [order, *_from_starts(drawn)]


def _gap(value: float, bound: float) -> float:
    return max(bound / value - 1, 0.0) if value > 0 else max(bound, 0.0)


def greedy_order(drawn: Scenarios) -> list[int]:
    """Return the order that takes next what adds most per effort, with what it needs.

    Lazily: an item's gain seldom rises, so only the most promising is computed anew (Minoux 1978).
    """
    portfolio = drawn.portfolio
    done: list[int] = []
    seen = set(portfolio.banned)
    level = drawn.start.copy()
    work = np.zeros(drawn.size, np.float32)
    spent = 0.0
    heap = [(-_rate(drawn, _missing(portfolio, item, seen), level, work), item, 0) for item in portfolio.order]
    heapq.heapify(heap)
    shaken = _shaken_by(drawn)
    while heap and heap[0][0] < 0:
        _, item, seen_at = heapq.heappop(heap)
        if item in seen:
            continue
        block = _missing(portfolio, item, seen)
        if seen_at < len(done):
            heapq.heappush(heap, (-_rate(drawn, block, level, work), item, len(done)))
            continue
        block = _next_block(portfolio, item, seen, spent)
        if item not in block:
            heapq.heappush(heap, (-np.inf, item, -1))
        for one in block:
            work = work + drawn.work[one]
            spent += portfolio.effort[one]
            for bet in drawn.bets_of[one]:
                level[drawn.kr_of[bet]] += drawn.moves[bet]
        done += block
        seen.update(block)
        again = {other for one in block for other in shaken[one] if other not in seen}
        for other in sorted(again):
            heapq.heappush(heap, (-_rate(drawn, _missing(portfolio, other, seen), level, work), other, len(done)))
        if float(drawn.time(work).min()) >= 1:
            break
    rest = [item for item in cost_of_delay_order(portfolio) if item not in seen]
    return repaired(portfolio, [*done, *rest])


def improved(drawn: Scenarios, order: Sequence[int]) -> list[int]:
    """Return the order after every item was tried in every place, until no move brings more."""
    kept = list(order)
    base = _Base(drawn, kept)
    since = 0
    for item in list(order) * _PASSES:
        moved = _best_placed(drawn, kept, base, item)
        since += 1
        if moved != kept:
            kept, base, since = moved, _Base(drawn, moved), 0
        if since >= len(kept):
            break
    return kept


def repaired(portfolio: Portfolio, order: Iterable[int]) -> list[int]:
    """Return the order with what is needed pulled up in front, and what is due as far up as its date asks."""
    kept: list[int] = []
    seen = set(portfolio.banned)
    spent = 0.0
    for item in order:
        while item not in seen:
            block = _next_block(portfolio, item, seen, spent)
            kept += block
            seen.update(block)
            spent += sum(portfolio.effort[one] for one in block)
    return kept


def _next_block(portfolio: Portfolio, item: int, seen: set[int], spent: float) -> list[int]:
    """Return the item with what it needs first; or, where a date would then be missed, what is due next."""
    block = _missing(portfolio, item, seen)
    if _fits(portfolio, block, seen, spent):
        return block
    due = next(one for one in portfolio.earliest_due_first if one not in seen)
    return _missing(portfolio, due, seen)


def _missing(portfolio: Portfolio, item: int, seen: set[int]) -> list[int]:
    return [one for one in portfolio.chain[item] if one not in seen]


def _fits(portfolio: Portfolio, block: Sequence[int], seen: set[int], spent: float) -> bool:
    """Say whether all dates hold if the block comes next and then what is due, the earliest date first."""
    if not portfolio.must:
        return True
    rest = (one for one in portfolio.earliest_due_first if one not in seen and one not in block)
    for one in (*block, *rest):
        spent += portfolio.effort[one]
        if spent > portfolio.due[one] * DATE_TOLERANCE:
            return False
    return True


def _rate(drawn: Scenarios, block: Sequence[int], level: Singles, work: Singles) -> float:
    """Return what the block adds next, per week of work."""
    gain, effort = 0.0, 0.0
    moved: dict[int, Singles] = {}
    for one in block:
        work = work + drawn.work[one]
        effort += drawn.portfolio.effort[one]
        for bet in drawn.bets_of[one]:
            kr = drawn.kr_of[bet]
            old = moved.get(kr, level[kr])
            moved[kr] = new = old + drawn.moves[bet]
            gained = drawn.reached(kr, new) - drawn.reached(kr, old)
            gain += float((gained * drawn.share(drawn.time(work), drawn.lag[bet])).mean(dtype=float))
    return gain / max(effort, _SMALLEST_EFFORT)


def _shaken_by(drawn: Scenarios) -> list[set[int]]:
    """Return, for each item, those that may be worth more once it is done: they need the same, or all or nothing."""
    portfolio = drawn.portfolio
    needed_by: dict[int, set[int]] = {}
    for item in portfolio.order:
        for one in portfolio.needs[item]:
            needed_by.setdefault(one, set()).add(item)
    committed = [kr for kr, all_or_nothing in enumerate(portfolio.committed or ()) if all_or_nothing]
    on = {kr: {bet.item for bet in portfolio.bets if bet.kr == kr} for kr in committed}
    return [
        needed_by.get(item, set()).union(*(on.get(drawn.kr_of[bet], set()) for bet in drawn.bets_of[item]))
        for item in range(len(portfolio.effort))
    ]


def _best_placed(drawn: Scenarios, order: list[int], base: "_Base", item: int) -> list[int]:
    """Return the order with the item, and what it needs that is not live, in the place that brings most."""
    place = order.index(item)
    block = [item]
    if place >= base.live:
        if not drawn.bets_of[item]:
            return order
        block = [one for one in drawn.portfolio.chain[item] if order.index(one) >= base.live]
        rest = [one for one in order if one not in block]
    else:
        rest = order[:place] + order[place + 1 :]
        base = _Base(drawn, rest)
    values = base.values_with(block)
    low, high = base.places_for(block)
    if low > high:
        return order
    best = low + int(np.argmax(values[low : high + 1]))
    if values[best] - values[min(place, base.live)] <= _GAIN_THAT_COUNTS * abs(values[best]):
        return order
    return rest[:best] + block + rest[best:]


class _Base:
    """The live part of an order, what can land within the horizon, to try further items in each of its places."""

    def __init__(self, drawn: Scenarios, order: Sequence[int]) -> None:
        self.drawn = drawn
        portfolio = drawn.portfolio
        self.live = _live(drawn, order)
        self.order = list(order[: self.live])
        self.work = _running(np.zeros(drawn.size, np.float32), drawn.work, self.order)
        placed = [(place, bet) for place, item in enumerate(self.order) for bet in drawn.bets_of[item]]
        self.place = np.array([place for place, _ in placed], dtype=np.intp)
        self.lag = np.array([drawn.lag[bet] for _, bet in placed], dtype=np.float32)[:, None]
        self.rows: dict[int, NDArray[np.intp]] = {}
        kr_of = np.array([drawn.kr_of[bet] for _, bet in placed], dtype=np.intp)
        self.levels: dict[int, Singles] = {}
        self.gains = np.empty((len(placed), drawn.size), np.float32)
        for kr in range(len(portfolio.gap)):
            rows = self.rows[kr] = np.flatnonzero(kr_of == kr)
            self.levels[kr] = _running(drawn.start[kr], drawn.moves, [placed[row][1] for row in rows])
            self.gains[rows] = np.diff(drawn.reached(kr, self.levels[kr]), axis=0)
        self.adds = self._adds(self.gains, self.work[1:])

    def values_with(self, block: Sequence[int]) -> Floats:
        """Return the value of the order with the block in each place, 0 (first) to last, (live + 1,)."""
        drawn = self.drawn
        gains = self.gains
        own = np.zeros(self.live + 1)
        added: dict[int, Singles] = {}
        taken = np.zeros(drawn.size, np.float32)
        for one in block:
            taken = taken + drawn.work[one]
            time = drawn.time(self.work + taken)
            for bet in drawn.bets_of[one]:
                kr = drawn.kr_of[bet]
                old = self.levels[kr] + added.get(kr, np.float32(0))
                gained = drawn.reached(kr, old + drawn.moves[bet]) - drawn.reached(kr, old)
                above = np.searchsorted(self.place[self.rows[kr]], np.arange(self.live + 1))
                own += np.einsum("qs,qs->q", gained[above], drawn.share(time, drawn.lag[bet])) / drawn.size
                added[kr] = added.get(kr, np.float32(0)) + drawn.moves[bet]
        if added:
            gains = gains.copy()
        for kr, moved in added.items():
            gains[self.rows[kr]] = np.diff(drawn.reached(kr, self.levels[kr] + moved), axis=0)
        below = self._adds(gains, self.work[1:] + taken)
        before = np.concatenate([[0.0], np.cumsum(self.adds)])
        after = np.concatenate([np.cumsum(below[::-1])[::-1], [0.0]])
        values: Floats = before + own + after
        return values

    def places_for(self, block: Sequence[int]) -> tuple[int, int]:
        """Return the first and the last place at which the block keeps prerequisites and dates (or low > high)."""
        portfolio = self.drawn.portfolio
        members = set(block)
        low, high = 0, self.live
        if portfolio.prerequisites:
            needed = set().union(*(portfolio.needs[one] for one in block))
            for place, item in enumerate(self.order):
                if item in needed:
                    low = place + 1
                if high == self.live and portfolio.needs[item] & members:
                    high = place
        if portfolio.must:
            efforts = np.array([portfolio.effort[item] for item in self.order])
            before = np.concatenate([[0.0], np.cumsum(efforts)])
            due = np.array([portfolio.due[item] for item in self.order]) * DATE_TOLERANCE
            taken = np.cumsum([portfolio.effort[one] for one in block])
            late = np.flatnonzero(before[1:] + taken[-1] > due)
            low = max(low, int(late[-1]) + 1 if late.size else 0)
            own_due = np.array([portfolio.due[one] for one in block]) * DATE_TOLERANCE
            in_time = np.all(before[:, None] + taken <= own_due, axis=1)
            high = min(high, int(np.count_nonzero(in_time)) - 1)
        return low, high

    def _adds(self, gains: Singles, work: Singles) -> Floats:
        """Return what each place adds, (live,), if its work is done at ``work``."""
        drawn = self.drawn
        share = drawn.share(drawn.time(work)[self.place], self.lag)
        each = np.einsum("rs,rs->r", gains, share) / drawn.size
        adds: Floats = np.bincount(self.place, weights=each, minlength=self.live).astype(float)
        return adds


def _live(drawn: Scenarios, order: Sequence[int]) -> int:
    """Return how many items of an order can land within the horizon in some scenario, or are due."""
    due = drawn.portfolio.due
    live = max((place + 1 for place, item in enumerate(order) if due[item] < np.inf), default=0)
    work = np.zeros(drawn.size, np.float32)
    for place, item in enumerate(order):
        work = work + drawn.work[item]
        if float(drawn.time(work).min()) > 1 + 1e-5:
            return max(live, place)
    return len(order)


def _running(first: Singles, rows: Singles, chosen: Sequence[int]) -> Singles:
    """Return ``first`` and its running sums with the chosen rows: by whole rows, many times as fast as cumsum."""
    sums = np.empty((len(chosen) + 1, first.size), np.float32)
    sums[0] = first
    for place, row in enumerate(chosen):
        np.add(sums[place], rows[row], out=sums[place + 1])
    return sums
