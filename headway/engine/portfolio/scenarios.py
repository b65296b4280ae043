"""The common scenarios on which orders are compared, and what an order is worth in them.

Arrays hold one row per item, bet or Key Result and one column per scenario, single precision: a row of the
scenarios is contiguous, so that scoring runs along memory and in pieces that stay in the cache.
"""

from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from headway.engine.distributions import Floats

from .bets import _TEN_PERCENT_Z, BetInput
from .model import Portfolio

Singles = NDArray[np.float32]

_PIECE = 8192
"""Columns scored at once: the rows that are at work then fit the cache."""
_ROUNDING = 1e-5
"""What is done this share of the horizon late is still in time."""
_MOST = 1e30
_LEAST_CAPACITY = 1e-3
"""A Sprint without capacity counts as this share of the largest: what lands in it lands at its end."""


@dataclass(frozen=True)
class Step:
    """What one item of an order does in it. Value in the unit of worth.

    ``adds``: expected value given what stands above it; over an order they sum to its value.
    ``waiting``: value lost if it alone came one Sprint later. ``lands``: weeks from now at which it is done,
    10th, 50th and 90th percentile. ``done``: chance that it is done within the horizon. ``pays``: chance that it
    brings anything at all where it stands.
    """

    item: int
    adds: float
    waiting: float
    lands: tuple[float, float, float]
    done: float
    pays: float


class Scenarios:
    """Draws of a portfolio, made once; any number of orders is then scored on the same draws.

    Parameters
    ----------
    portfolio : Portfolio
    rng : numpy.random.Generator
        The same state gives the same scenarios, bit for bit.
    scenarios : int
        How many, ≥ 1. One is enough where nothing is uncertain, and then only one is drawn.

    Notes
    -----
    Each quantity is drawn in strata of equal chance (Latin hypercube): its own mean comes out almost exactly,
    and orders are told apart with far fewer scenarios than by independent draws. Whether a bet comes true
    and by how much are drawn apart, so is each item's effort; the pace is one draw per scenario. Scenarios
    stand by their pace, the slowest first: a piece of slow ones is scored as far down as its team gets.

    References
    ----------
    .. [1] McKay, M. D., Beckman, R. J. & Conover, W. J. (1979), A comparison of three methods for selecting
       values of input variables, Technometrics 21(2), doi:10.2307/1268522.
    """

    def __init__(self, portfolio: Portfolio, *, rng: np.random.Generator, scenarios: int = 2000) -> None:
        if scenarios < 1:
            raise ValueError("scenarios must be at least 1")
        self.portfolio = portfolio
        self.size = 1 if _is_certain(portfolio) else int(scenarios)
        self.bets_of: tuple[tuple[int, ...], ...] = _bets_with_effect(portfolio)
        self.kr_of: tuple[int, ...] = tuple(bet.kr for bet in portfolio.bets)
        self._beliefs_seed = rng.integers(0, 2**63, size=2)
        self._clock = _Clock.of(portfolio)
        scale = _value_per_unit(portfolio)
        self.top = _singles(scale * np.asarray(portfolio.gap))
        self.step_worth = tuple(
            min(worth, _MOST) if committed else None
            for worth, committed in zip(portfolio.worth, portfolio.committed or (), strict=True)
        )
        self.work = self._draw_work(rng)
        self.moves = self._draw_moves(rng, scale)
        self.start = self._draw_drift(rng, scale)
        horizon = portfolio.horizon_weeks
        self.lag = tuple(np.float32(min(bet.lag_weeks / horizon, _MOST)) for bet in portfolio.bets)

    def score(self, order: Sequence[int]) -> float:
        """Return the expected value that the work in this order adds [unit of worth].

        Over what would happen anyhow. Items not named are not done. An item that stands above what it needs
        takes its effort there, but has no effect before that is done.

        Raises
        ------
        ValueError
            ``order`` names an item twice, a banned one or one that does not exist.
        """
        named = self._checked(order)
        pieces = range(0, self.size, _PIECE)
        return sum(float(self._piece(named, low, low + _PIECE).sum(dtype=float)) for low in pieces) / self.size

    def values(self, order: Sequence[int]) -> Floats:
        """Return the value that the order adds in each scenario, shape (scenarios,) [unit of worth]."""
        named = self._checked(order)
        pieces = [self._piece(named, low, low + _PIECE) for low in range(0, self.size, _PIECE)]
        return np.concatenate(pieces).astype(float)

    def part(self, scenarios: int) -> "Scenarios":
        """Return so many of the scenarios, evenly from slow to fast, to search on fewer."""
        if scenarios >= self.size:
            return self
        fewer = copy(self)
        fewer.size = scenarios
        chosen = (2 * np.arange(scenarios) + 1) * self.size // (2 * scenarios)
        # take() and not an index, which would give columns along memory.
        rows = (self.work, self.moves, self.start)
        fewer.work, fewer.moves, fewer.start = (row.take(chosen, axis=1) for row in rows)
        return fewer

    def steps(self, order: Sequence[int]) -> list[Step]:
        """Return what each item of the order adds, what its waiting costs, and when it is done."""
        named = self._checked(order)
        portfolio = self.portfolio
        sprint = np.float32(portfolio.sprint_weeks / portfolio.horizon_weeks)
        adds, waiting = np.zeros(len(portfolio.effort)), np.zeros(len(portfolio.effort))
        lands: dict[int, tuple[float, float, float]] = {}
        done: dict[int, float] = {}
        pays = np.zeros(len(portfolio.effort))
        level = self.start.copy()
        work = np.zeros(self.size, np.float32)
        for item, released in zip(named, self._released(named), strict=True):
            work = work + self.work[item]
            time = self._clock.time(work)
            low, middle, high = np.quantile(time, [0.1, 0.5, 0.9]) * portfolio.horizon_weeks
            lands[item] = float(low), float(middle), float(high)
            done[item] = float(np.mean(time <= 1 + _ROUNDING))
            for one in released:
                brings = np.zeros(self.size, np.float32)
                for bet in self.bets_of[one]:
                    kr = self.kr_of[bet]
                    gained = self.reached(kr, level[kr] + self.moves[bet]) - self.reached(kr, level[kr])
                    level[kr] += self.moves[bet]
                    share, later = self.share(time, self.lag[bet]), self.share(time, self.lag[bet] + sprint)
                    counted = gained * share
                    brings += counted
                    adds[one] += _mean(counted)
                    waiting[one] += _mean(gained * (share - later))
                pays[one] = float(np.mean(brings > 0))
        return [Step(i, float(adds[i]), float(waiting[i]), lands[i], done[i], float(pays[i])) for i in named]

    def sprint_ends(self, order: Sequence[int], sprints: int = 3) -> list[tuple[int, int, int]]:
        """Return how many items of the order are done by the end of each coming Sprint.

        10th, 50th and 90th percentile, shape (sprints, 3): the capacity lines with their uncertainty.
        """
        named = self._checked(order)
        step = self.portfolio.sprint_weeks / self.portfolio.horizon_weeks
        done = np.zeros((sprints, self.size), int)
        work = np.zeros(self.size, np.float32)
        for item in named:
            work = work + self.work[item]
            done += self._clock.time(work) <= step * np.arange(1, sprints + 1)[:, None] + _ROUNDING
        quantiles = np.quantile(done, [0.1, 0.5, 0.9], axis=1, method="inverted_cdf").astype(int)
        return [(int(low), int(middle), int(high)) for low, middle, high in quantiles.T]

    def share(self, time: Singles, lag: np.float32 | Singles) -> Singles:
        """Return what an effect counts for that is done at ``time`` [horizons], with its lag [horizons]."""
        if self.portfolio.earlier_counts:
            left: Singles = (np.float32(1) - lag) - time
            return np.maximum(left, np.float32(0), out=left)
        lands = time + lag <= np.float32(1 + _ROUNDING)
        return lands.astype(np.float32)

    def reached(self, kr: int, level: Singles) -> Singles:
        """Return the value of a Key Result at a level: up to its target, or all or nothing."""
        worth = self.step_worth[kr]
        if worth is None:
            value: Singles = np.minimum(level, self.top[kr])
        else:
            value = np.float32(worth) * (level >= self.top[kr] * np.float32(1 - 1e-6))
        return value

    def time(self, work: Singles) -> Singles:
        """Return when so much work is done [horizons]; ``work`` in what the first Sprint's pace does in one."""
        return self._clock.time(work)

    @cached_property
    def beliefs(self) -> tuple[Floats, Floats]:
        """Sizes if true × chance, (bets, scenarios) [unit of worth], and factors on effort, (items, scenarios).

        Drawn apart from the scenarios, and without whether bets come true: what a tie is judged by.
        """
        rng = np.random.default_rng(self._beliefs_seed)
        bets = self.portfolio.bets
        scale = _value_per_unit(self.portfolio)
        sizes = _sizes(bets, _normals(rng, len(bets), self.size))
        factor = np.array([bet.chance * scale[bet.kr] for bet in bets])
        spread = np.asarray(self.portfolio.effort_spread)[:, None]
        efforts = np.exp(spread * _normals(rng, len(spread), self.size) - spread**2 / 2)
        return sizes * factor[:, None], efforts

    def _draw_work(self, rng: np.random.Generator) -> Singles:
        """Return the work of each item as a share of what the first pace does in the horizon."""
        portfolio = self.portfolio
        spread = np.asarray(portfolio.effort_spread, dtype=float)[:, None]
        effort = np.asarray(portfolio.effort)[:, None] * np.exp(
            spread * _normals(rng, len(portfolio.effort), self.size) - spread**2 / 2
        )
        sigma = portfolio.capacity_spread
        pace = np.exp(sigma * _middles(self.size) - sigma**2 / 2)
        return _singles(effort / (pace * self._clock.first))

    def _draw_moves(self, rng: np.random.Generator, scale: Floats) -> Singles:
        bets = self.portfolio.bets
        sizes = _sizes(bets, _normals(rng, len(bets), self.size))
        chance = np.array([bet.chance for bet in bets])[:, None]
        comes_true = _strata(rng, len(bets), self.size) < chance
        factor = np.array([scale[bet.kr] for bet in bets])[:, None]
        return _singles(sizes * comes_true * factor)

    def _draw_drift(self, rng: np.random.Generator, scale: Floats) -> Singles:
        portfolio = self.portfolio
        rows = np.zeros((len(portfolio.gap), self.size))
        for kr, (drift, spread) in enumerate(zip(portfolio.drift or (), portfolio.drift_spread or (), strict=True)):
            if isinstance(drift, tuple):
                rows[kr] = rng.choice(np.asarray(drift), self.size)
            else:
                rows[kr] = drift + spread * _normals(rng, 1, self.size)[0]
        return _singles(rows * scale[:, None])

    def _piece(self, named: list[int], low: int, high: int) -> Singles:
        """Return the value added in the scenarios from ``low`` to ``high``."""
        level = self.start[:, low:high].copy()
        reached = [self.reached(kr, row) for kr, row in enumerate(level)]
        columns = min(high, self.size) - low
        work, value = np.zeros(columns, np.float32), np.zeros(columns, np.float32)
        gained = np.empty(columns, np.float32)
        for item, released in zip(named, self._released(named), strict=True):
            work += self.work[item, low:high]
            time = self._clock.time(work)
            if float(time.min()) > 1 + _ROUNDING:
                break
            shares: dict[np.float32, Singles] = {}
            for bet in (bet for one in released for bet in self.bets_of[one]):
                kr, lag = self.kr_of[bet], self.lag[bet]
                if lag not in shares:
                    shares[lag] = self.share(time, lag)
                row = level[kr]
                row += self.moves[bet, low:high]
                now = self.reached(kr, row)
                np.subtract(now, reached[kr], out=gained)
                gained *= shares[lag]
                value += gained
                reached[kr] = now
        return value

    def _released(self, named: list[int]) -> list[list[int]]:
        """Return which items take effect when each item of the order is done: itself, if all it needs is."""
        if not self.portfolio.prerequisites:
            return [[item] for item in named]
        place = {item: number for number, item in enumerate(named)}
        released: list[list[int]] = [[] for _ in named]
        for item in named:
            needed = self.portfolio.needs[item]
            if needed <= place.keys():
                released[max(place[item], *(place[one] for one in needed)) if needed else place[item]].append(item)
        return released

    def _checked(self, order: Sequence[int]) -> list[int]:
        named = [int(item) for item in order]
        items = len(self.portfolio.effort)
        if len(set(named)) < len(named) or not all(0 <= item < items for item in named):
            raise ValueError("order must name items of the portfolio, each once")
        if set(named) & set(self.portfolio.banned):
            raise ValueError("order must not name a banned item")
        return named


@dataclass(frozen=True)
class _Clock:
    """When work is done, where Sprints hold unequal work: a line with a bend at the end of a Sprint.

    ``first``: work of the horizon at the first Sprint's capacity. ``bends``: (work, change of slope).
    """

    first: float
    bends: tuple[tuple[np.float32, np.float32], ...]

    @classmethod
    def of(cls, portfolio: Portfolio) -> "_Clock":
        least = _LEAST_CAPACITY * max(portfolio.capacity)
        capacity = [max(c, least) for c in portfolio.capacity]
        first = capacity[0] * portfolio.horizon_weeks / portfolio.sprint_weeks
        ends = np.cumsum(capacity) / first
        slopes = [capacity[0] / c for c in capacity]
        bends = [
            (end, new - old) for end, old, new in zip(ends[:-1], slopes[:-1], slopes[1:], strict=True) if new != old
        ]
        return cls(first, tuple((np.float32(end), np.float32(bend)) for end, bend in bends))

    def time(self, work: Singles) -> Singles:
        """Return the time at which so much work is done [horizons]."""
        if not self.bends:
            return work
        time = work.copy()
        for end, bend in self.bends:
            time += bend * np.maximum(work - end, np.float32(0))
        return time


def _singles(rows: Floats) -> Singles:
    """Return single precision; what is beyond all sense is cut off, so that no sum of it is infinite."""
    return np.clip(rows, -_MOST, _MOST).astype(np.float32)


def _is_certain(portfolio: Portfolio) -> bool:
    drifts = zip(portfolio.drift or (), portfolio.drift_spread or (), strict=True)
    return (
        not any(portfolio.effort_spread if isinstance(portfolio.effort_spread, tuple) else ())
        and portfolio.capacity_spread == 0
        and all(bet.chance in (0, 1) and bet.low == bet.high for bet in portfolio.bets)
        and not any(len(set(drift)) > 1 if isinstance(drift, tuple) else spread for drift, spread in drifts)
    )


def _value_per_unit(portfolio: Portfolio) -> Floats:
    """Return worth / span, 0 where there is no way to be valued by, (krs,)."""
    span = np.asarray(portfolio.span, dtype=float)
    value: Floats = np.divide(portfolio.worth, span, out=np.zeros_like(span), where=span > 0)
    return value


def _sizes(bets: Sequence[BetInput], z: Floats) -> Floats:
    """Return movements by the two-piece normal through low, likely, high at standard normal ``z``."""
    low, likely, high = (np.array([getattr(b, name) for b in bets])[:, None] for name in ("low", "likely", "high"))
    sizes: Floats = likely + np.where(z < 0, likely - low, high - likely) / _TEN_PERCENT_Z * z
    return sizes


def _strata(rng: np.random.Generator, rows: int, columns: int) -> Floats:
    """Return uniforms, each row one from each of as many strata as there are columns, in random order."""
    return (_shuffled(rng, np.arange(columns, dtype=float), rows) + rng.random((rows, columns))) / columns


def _normals(rng: np.random.Generator, rows: int, columns: int) -> Floats:
    """Return standard normals, each row :func:`_middles` in random order."""
    return _shuffled(rng, _middles(columns), rows)


def _shuffled(rng: np.random.Generator, row: Floats, rows: int) -> Floats:
    """Return the row so many times, each in a random order of its own."""
    # Tiled and not broadcast: of a broadcast row NumPy returns columns along memory, and scoring runs along rows.
    shuffled: Floats = rng.permuted(np.tile(row, (rows, 1)), axis=1)
    return shuffled


def _middles(columns: int) -> Floats:
    """Return standard normals, the middles of equal strata, ascending.

    With one column, 0: a scenario in which everything is as expected.
    """
    # SciPy late: idle memory counts.
    from scipy.special import ndtri

    middles: Floats = ndtri((np.arange(columns) + 0.5) / columns)
    # The middles of the strata fall short of the variance; a little for many, much for few.
    return middles / np.sqrt(np.mean(middles**2)) if columns > 1 else middles


def _bets_with_effect(portfolio: Portfolio) -> tuple[tuple[int, ...], ...]:
    """Return the places of each item's bets; none where the item needs what is banned."""
    banned = set(portfolio.banned)
    found: list[list[int]] = [[] for _ in portfolio.effort]
    for place, bet in enumerate(portfolio.bets):
        if not portfolio.needs[bet.item] & banned:
            found[bet.item].append(place)
    return tuple(tuple(places) for places in found)


def _mean(row: Singles) -> float:
    return float(row.mean(dtype=float))
