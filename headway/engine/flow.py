"""How long single items take, and whether the numbers of a flow fit together.

Open items are part of the record: that one is not done after 30 days says as much as that another took 5. Why, and a
worked example by hand: ``docs/algorithms/flow.md``.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from headway.engine.distributions import Discrete, Distribution, Floats
from headway.engine.errors import TooLittleHistory

__all__ = [
    "AGEING_BELOW",
    "DONE_NEEDED",
    "OLDER_NEEDED",
    "CycleTimes",
    "LittlesLaw",
    "TooLittleHistory",
    "cycle_times",
    "littles_law",
]

DONE_NEEDED = 10
"""Fewer finished items than this say nothing of the next one."""
OLDER_NEEDED = 3
"""Fewer items than this that were open for longer say nothing of an item of that age."""
AGEING_BELOW = 0.15
"""An item is ageing where less than this share of items is open for as long."""

_LITTLES_TOLERANCE = 0.2


@dataclass(frozen=True)
class CycleTimes:
    """How long items are open from start to done, by Kaplan–Meier.

    Attributes
    ----------
    ends : array (k,)
        The different times after which items were done [days], ascending.
    open_share : array (k,)
        Share of items that are still open after each of them, S; 0 to 1, falling.
    seen : array (n,)
        How long each item was seen open, done or not [days], ascending.
    done : int
        How many of them are done.
    """

    ends: Floats
    open_share: Floats
    seen: Floats
    done: int

    @property
    def taken(self) -> Distribution:
        """The cycle time [days]; the share that nobody has seen done yet lies at ``inf``."""
        return Discrete(self.ends, 1.0 - self.open_share)

    def open_after(self, days: float) -> float:
        """Return S(days) = P(T > days): the share of items that are open for longer.

        Raises ValueError where ``days`` is negative or NaN.
        """
        at = int(np.searchsorted(self.ends, _days(days, "days"), side="right"))
        return float(np.append(1.0, self.open_share)[at])

    def done_within(self, days: float, *, age: float = 0.0) -> float:
        """Return the chance that an item of this age is done within so many more days: 1 − S(age + days) / S(age).

        Parameters
        ----------
        days : float
            From now [days], ≥ 0.
        age : float
            How long the item is open already [days], ≥ 0; 0 for one that is just begun, which may be done at once.

        Raises
        ------
        TooLittleHistory
            Fewer than 3 items were ever seen open for longer than ``age``.
        ValueError
            One of them is negative or not a number.

        Examples
        --------
        >>> times = cycle_times([1, 2, 2, 3, 3, 4, 5, 5, 8, 13], still_open=[6, 20])
        >>> round(times.done_within(5), 2), round(times.done_within(5, age=5), 2)
        (0.67, 0.33)
        """
        age, days = _days(age, "age"), _days(days, "days")
        if age == 0:
            return 1.0 - self.open_after(days)
        older = int(np.count_nonzero(self.seen > age))
        if older < OLDER_NEEDED:
            raise TooLittleHistory(OLDER_NEEDED, older)
        # Somebody is open for longer, so S(age) is over 0.
        return 1.0 - self.open_after(age + days) / self.open_after(age)

    def is_ageing(self, age: float) -> bool:
        """Say whether an item is open for longer than all but 15 in 100: S(age) < 0.15.

        >>> times = cycle_times([1, 2, 2, 3, 3, 4, 5, 5, 8, 13])
        >>> times.is_ageing(7), times.is_ageing(8)
        (False, True)
        """
        return self.open_after(age) < AGEING_BELOW


def cycle_times(done: ArrayLike, *, still_open: ArrayLike = ()) -> CycleTimes:
    """Learn from the items of a team how long items take.

    Parameters
    ----------
    done : array of float (n,)
        From start to done of each finished item [days], ≥ 0. At least 10.
    still_open : array of float (m,)
        From start to now of each item in progress [days], ≥ 0; begun in the same period as those of ``done``.

    Raises
    ------
    TooLittleHistory
        Fewer than 10 finished items.
    ValueError
        One of the lists is not one-dimensional, or holds a negative, infinite or missing time.

    Notes
    -----
    S(t) = Π over ends ≤ t of (1 − done at that end / seen until then). Assumes that an item that is open now will
    take as long as those that were open for as long before it, whatever it is about, and that items are not left out
    for taking long. Beyond the longest time seen S stays as it is: chances that reach there are at least. Cost: one
    sort.

    References
    ----------
    .. [1] Kaplan, E. L. and Meier, P. (1958), Nonparametric estimation from incomplete observations, JASA 53(282),
       doi:10.1080/01621459.1958.10501452.

    Examples
    --------
    >>> times = cycle_times([1, 2, 2, 3, 3, 4, 5, 5, 8, 13], still_open=[6, 20])
    >>> times.taken.quantile([0.5, 0.85]).tolist()
    [4.0, 13.0]
    """
    finished, waiting = _times(done, "done"), _times(still_open, "still_open")
    if finished.size < DONE_NEEDED:
        raise TooLittleHistory(DONE_NEEDED, finished.size)
    seen = np.sort(np.append(finished, waiting))
    ends, counts = np.unique(finished, return_counts=True)
    # An item that is open at the very time another ends was seen until then.
    at_risk = seen.size - np.searchsorted(seen, ends, side="left")
    open_share = np.asarray(np.cumprod(1.0 - counts / at_risk), dtype=float)
    return CycleTimes(ends=ends, open_share=open_share, seen=seen, done=int(finished.size))


@dataclass(frozen=True)
class LittlesLaw:
    """Little's law in numbers: ``in_progress`` = ``per_day`` · ``days_each`` where a flow is stable.

    ``in_progress`` [items] is the mean number of items in progress, ``per_day`` [items/day] how many were finished,
    ``days_each`` [days] how long those took. ``holds`` says that the two sides are within 20 % of the larger.
    """

    in_progress: float
    per_day: float
    days_each: float

    @property
    def holds(self) -> bool:
        expected = self.per_day * self.days_each
        return abs(expected - self.in_progress) <= _LITTLES_TOLERANCE * max(expected, self.in_progress)


def littles_law(started: ArrayLike, done: ArrayLike, *, days: float) -> LittlesLaw:
    """Check that work in progress, pace and cycle time of a period fit together.

    Where they do not, the averages mislead: more is begun than finished, or old items are not being finished and so
    are missing from the cycle times.

    Parameters
    ----------
    started : array of float (n,)
        When each item was started [days from the start of the period], negative before it.
    done : array of float (n,)
        When it was done [the same]; ``inf`` where it is not.
    days : float
        Length of the period [days], over 0.

    Raises
    ------
    TooLittleHistory
        Fewer than 10 items were finished in the period.
    ValueError
        The two differ in shape, an item was done before it was started, or a time is missing.

    References
    ----------
    .. [1] Little, J. D. C. (1961), A proof for the queuing formula L = λW, Operations Research 9(3),
       doi:10.1287/opre.9.3.383.

    Examples
    --------
    >>> law = littles_law(range(-5, 25), range(0, 30), days=30)
    >>> round(law.in_progress, 2), round(law.per_day, 2), law.days_each, law.holds
    (4.5, 0.97, 5.0, True)
    """
    begun, ended = np.asarray(started, dtype=float), np.asarray(done, dtype=float)
    if begun.ndim != 1 or begun.shape != ended.shape:
        raise ValueError("started and done must be lists of one length")
    if not 0 < days < np.inf:
        raise ValueError("days must be over 0")
    if not (np.all(np.isfinite(begun)) and np.all(ended >= begun)):
        raise ValueError("done must not be before started, and neither missing")
    inside = (ended > 0) & (ended <= days)
    finished = int(np.count_nonzero(inside))
    if finished < DONE_NEEDED:
        raise TooLittleHistory(DONE_NEEDED, finished)
    open_days = np.clip(ended, 0.0, days) - np.clip(begun, 0.0, days)
    return LittlesLaw(
        in_progress=float(open_days.sum() / days),
        per_day=finished / days,
        days_each=float(np.mean(ended[inside] - begun[inside])),
    )


def _days(value: float, name: str) -> float:
    if not value >= 0:
        raise ValueError(f"{name} must be at least 0")
    return float(value)


def _times(values: ArrayLike, name: str) -> Floats:
    times = np.asarray(values, dtype=float)
    if times.ndim != 1:
        raise ValueError(f"{name} must have one dimension")
    if not np.all((times >= 0) & (times < np.inf)):
        raise ValueError(f"{name} must hold times of at least 0")
    return times
