"""How much any order could gain in F7: an order chosen by who sees the very worlds in which it is scored.

No plan can know them. What such an order gains bounds, but for what its own search misses, what beliefs allow.
"""

from collections.abc import Sequence

import numpy as np

from .backlogs import WEEKS, Backlog, lived, made_backlog
from .orders import SEED, SETTINGS, WORLDS, Setting, believed, best_order, cost_of_delay_order
from .table import Figure

PASSES = 4
SELDOM = 0.01
"""Places that fewer worlds reach are not tried."""


def oracle(settings: Sequence[Setting] = (SETTINGS[0], SETTINGS[2]), *, backlogs: range) -> tuple[Figure, ...]:
    """Return what plan and oracle gain over cost of delay / duration, on the same backlogs and worlds."""
    return tuple(_told(setting, [_compare(number, setting) for number in backlogs]) for setting in settings)


def _told(setting: Setting, gains: list[tuple[float, float]]) -> Figure:
    plan, seen = np.mean(gains, axis=0)
    note = f"the plan {plan:.1%}, {len(gains)} backlogs; the aim is {setting.target:.0%}"
    return Figure(f"   an order that knows the worlds, {setting.name}", f"{seen:.1%}", naive="0", note=note)


def _compare(number: int, setting: Setting) -> tuple[float, float]:
    rng = np.random.default_rng([SEED, number, round(setting.fits * 100), setting.piled_up])
    backlog = made_backlog(rng, fits=setting.fits, piled_up=setting.piled_up)
    plan = list(best_order(believed(backlog), rng=np.random.default_rng(number)).order)
    practice = cost_of_delay_order(backlog)
    worlds = Worlds(backlog, number, WORLDS)
    climbed = max((worlds.climbed(start) for start in (plan, practice)), key=worlds.value)
    orders = [plan, climbed, practice, []]
    planned, seen, practised, nothing = lived(backlog, orders, number, WORLDS).mean(axis=1)
    assert np.isclose(worlds.value(climbed), seen)
    return (planned - practised) / (practised - nothing), (seen - practised) / (practised - nothing)


class Worlds:
    """The worlds of :func:`lived`, drawn once as arrays, to live many orders in them."""

    def __init__(self, backlog: Backlog, seed: int, worlds: int) -> None:
        self.backlog, self.worlds = backlog, worlds
        promises = backlog.promises
        takes, done, moves, drift = [], [], [], []
        # In the same order of draws as lived() makes them.
        for rng in np.random.default_rng(seed).spawn(worlds):
            takes.append(backlog.weeks_of_work * np.exp(rng.normal(0, backlog.work_sigma, backlog.weeks_of_work.size)))
            pace = backlog.weeks_a_week * np.exp(rng.normal(0, backlog.pace_sigma))
            done.append(np.cumsum(pace * np.clip(rng.normal(1.0, 0.3, WEEKS), 0.0, None)))
            row = []
            for one in promises:
                comes_true, z = rng.random() < one.chance, rng.standard_normal()
                side = one.high - one.likely if z > 0 else one.likely - one.low
                row.append(comes_true * (one.likely + z * side / 1.2816))
            moves.append(row)
            drift.append(rng.normal(backlog.drift, backlog.drift_deviation))
        self.takes, self.done, self.moves = (np.ascontiguousarray(np.array(rows).T) for rows in (takes, done, moves))
        self.start = np.array(drift).T / backlog.gap[:, None]
        self.moves /= np.array([backlog.gap[one.kr] for one in promises])[:, None]
        self.bets_of = [[n for n, one in enumerate(promises) if one.item == i] for i in range(len(self.takes))]

    def live(self, order: Sequence[int], seldom: float = 0.0) -> int:
        """Return how many items of an order are done within the horizon in more than so few worlds."""
        done = np.cumsum(self.takes[list(order)], axis=0) <= self.done[-1]
        return int(np.count_nonzero(done.mean(axis=1) > seldom))

    def value(self, order: Sequence[int]) -> float:
        """Return the mean worth of an order, as :func:`lived` tells it."""
        krs, worlds = self.backlog.gap.size, np.arange(self.worlds)
        items = list(order[: self.live(order)])
        work = np.cumsum(self.takes[items], axis=0)
        week = np.zeros(work.shape, int)
        for done in self.done:
            week += done < work
        steps = np.zeros((WEEKS + 1, krs, self.worlds))
        for place, item in enumerate(items):
            for bet in self.bets_of[item]:
                one = self.backlog.promises[bet]
                steps[np.minimum(week[place] + one.lag, WEEKS), one.kr, worlds] += self.moves[bet]
        level = self.start.copy()
        total = np.zeros_like(level)
        for step in steps[:WEEKS]:
            level += step
            total += np.clip(level, 0.0, 1.0)
        return float(total.mean(axis=1) @ self.backlog.worth) / WEEKS

    def climbed(self, start: Sequence[int]) -> list[int]:
        """Return the order after every item was tried in every place, until no move brings more in these worlds."""
        order, best, since = list(start), self.value(start), 0
        for item in list(start) * PASSES:
            rest = [other for other in order if other != item]
            tried = [[*rest[:at], item, *rest[at:]] for at in range(self.live(rest, SELDOM) + 1)]
            values = [self.value(one) for one in tried]
            since += 1
            if max(values) > best * (1 + 1e-9):
                best, order, since = max(values), tried[int(np.argmax(values))], 0
            if since >= len(order):
                break
        return order
