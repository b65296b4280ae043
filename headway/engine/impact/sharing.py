"""Share what a Key Result moved among the bets that may have moved it."""

import numpy as np
from numpy.typing import ArrayLike

from headway.engine.distributions import Floats

from .model import LARGEST


def shares(
    lands_on: ArrayLike,
    *,
    until: ArrayLike,
    likely: ArrayLike,
    chance: ArrayLike,
    given: ArrayLike | None = None,
) -> Floats:
    """Share what a Key Result moves on each day among the bets that have landed by then and may still move it.

    Parameters
    ----------
    lands_on, until : array of int (bets,)
        The first and the last day on which a movement may be due to each bet [days].
    likely : array of float (bets,)
        What each promised [unit of the Key Result, towards better]; under 0 counts as 0.
    chance : array of float (bets,)
        The chance that each was given, 0 to 1.
    given : array of float (bets,), optional
        The share that a bet has for good, 0 to 1; NaN for those that are still to get one.

    Returns
    -------
    ndarray (bets,)
        Each bet's share of what the Key Result moves in its days, 0 to 1; ``given`` where there is one.

    Raises
    ------
    ValueError
        Shapes that differ, days out of order, a chance or share outside 0 to 1, or figures that are not finite.

    Notes
    -----
    On each day what is left by those with a share for good goes to the others in proportion to promise × chance,
    equally where all of those are 0; a bet gets the least of its days. So on no day do the shares add up to more than
    1, however the bets' days overlap, and what they bring together of a Key Result that does not fall is at most what
    it moved. Bets with the same days get all of it. It is enough to look at the days on which a bet lands. Cost:
    grows with bets².

    Examples
    --------
    >>> shares([0, 0, 0], until=[28, 28, 28], likely=[4, 4, 8], chance=[0.5, 0.25, 0.25]).round(2).tolist()
    [0.4, 0.2, 0.4]

    Of a chain the one in the middle has two neighbours, who do not know each other:

    >>> shares([0, 20, 40], until=[28, 48, 68], likely=[1, 1, 1], chance=[1, 1, 1]).tolist()
    [0.5, 0.5, 0.5]
    """
    first, last = np.asarray(lands_on, dtype=float), np.asarray(until, dtype=float)
    promised, chances = np.asarray(likely, dtype=float), np.asarray(chance, dtype=float)
    fixed = np.full(first.shape, np.nan) if given is None else np.asarray(given, dtype=float)
    _check(first, last, promised, chances, fixed)
    weight = np.maximum(promised, 0.0) * chances
    largest = weight.max(initial=0.0)
    weight = weight / largest if largest > 0 else np.ones(weight.size)
    is_open = np.isnan(fixed)
    there = (first <= first[:, np.newaxis]) & (first[:, np.newaxis] <= last)  # (days, bets)
    left = np.maximum(1.0 - there @ np.where(is_open, 0.0, fixed), 0.0)[:, np.newaxis]
    own = np.where(there & is_open, weight, 0.0)
    sums, counts = own.sum(axis=1, keepdims=True), (there & is_open).sum(axis=1, keepdims=True)
    parts = np.where(sums > 0, own / np.where(sums > 0, sums, 1.0), 1.0 / np.maximum(counts, 1))
    least = np.where(there & is_open, left * parts, np.inf).min(axis=0, initial=np.inf)
    return np.where(is_open, least, fixed)


def _check(first: Floats, last: Floats, promised: Floats, chances: Floats, fixed: Floats) -> None:
    if first.ndim != 1 or any(one.shape != first.shape for one in (last, promised, chances, fixed)):
        raise ValueError("lands_on, until, likely, chance and given must be lists of the same length")
    if not (np.all(np.abs(first) <= LARGEST) and np.all(np.abs(last) <= LARGEST) and np.all(first <= last)):
        raise ValueError("until must be on or after lands_on")
    if not np.all(np.abs(promised) <= LARGEST):
        raise ValueError("likely must hold finite numbers of at most 1e15")
    if not np.all((chances >= 0) & (chances <= 1)):
        raise ValueError("chance must be between 0 and 1")
    if not np.all(np.isnan(fixed) | ((fixed >= 0) & (fixed <= 1))):
        raise ValueError("given must be between 0 and 1, or NaN")
