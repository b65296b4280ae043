"""How good are our promises, and what are they worth next time: from the verdicts on those judged before.

A promise says that an item moves a Key Result by low / likely / high with a chance. Verdicts say what it moved and
how surely it moved at all. From both follow a hit rate, a factor for sizes, one for the width of ranges and a curve
for chances, pulled to "as promised" while verdicts are few. In words, by hand and with figures:
``docs/algorithms/track-record.md``.

Movements of different Key Results are added up, so give them in one unit: as shares of the Key Result's whole way.
Toward better is positive. Nothing here knows whose promises they are.
"""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from statistics import NormalDist
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from headway.engine.distributions import Floats
from headway.engine.portfolio import bet_mean

Area = TypeVar("Area", bound=Hashable)

PULL = 2.0
"""Factors are pulled to "as promised" as if by so many verdicts that turned out as promised."""
PRIOR_HITS, PRIOR_STRENGTH = 1 / 3, 3.0
"""Before any verdict a third of bets moves its Key Result (Kohavi); that belief weighs as much as 3 verdicts."""
BINS = 5
"""Into so many equal parts of its range's distribution a grade sorts what was measured."""

_TEN_PERCENT_Z = 1.2815515655446004
_LARGEST = 1e12
_MOST_SIZE = 4.0
_MOST_WIDTH = 8.0
# The width that a verdict in line with its range needs, at equal steps of chance: |Z| / 1.28.
_IN_LINE = np.array([NormalDist().inv_cdf(0.5 + (step + 0.5) / 32) for step in range(16)]) / _TEN_PERCENT_Z
_FEW = 0.6
_SURE = 0.01
# How far teams' curves for chances lie from "as promised".
_SHIFT_SPREAD, _SLOPE_SPREAD = 0.5, 0.25
_CURVE_STEPS = 50
_TIE_BELOW = 0.70
_MOST_DISAGREEMENT = 10.0


@dataclass(frozen=True)
class Judged:
    """A promise beside its verdict.

    Parameters
    ----------
    low, likely, high : float
        The promised movement, its 10th, 50th and 90th percentile if the bet comes true [share of the whole way].
    chance : float
        The promised chance, 0 to 1.
    measured : float or None
        What it moved [share of the whole way]; None where there is no figure.
    chance_moved : float
        How likely it moved the Key Result at all, given what was measured, 0 to 1. Where nothing could be told and
        nothing was measured this is the chance from before.

    Raises
    ------
    ValueError
        A field out of order or range, named in the message.
    """

    low: float
    likely: float
    high: float
    chance: float
    measured: float | None
    chance_moved: float

    def __post_init__(self) -> None:
        _check_promise(self.low, self.likely, self.high, self.chance)
        if self.measured is not None and not abs(self.measured) <= _LARGEST:
            raise ValueError(f"measured must be a number within ±{_LARGEST:g}")
        if not 0 <= self.chance_moved <= 1:
            raise ValueError("chance_moved must be between 0 and 1")


@dataclass(frozen=True)
class Corrected:
    """A promise as the track record reads it, and how: ``size``, ``width`` are the factors, after ``verdicts``."""

    low: float
    likely: float
    high: float
    chance: float
    size: float
    width: float
    verdicts: int


@dataclass(frozen=True)
class TrackRecord:
    """What verdicts say of promises.

    ``verdicts`` how many it rests on; ``moved`` how many of those moved, as a sum of chances; ``size`` the factor for
    movements and ``width`` that for ranges; chances become sigmoid(``shift`` + ``slope`` · logit p). ``hits`` and
    ``misses`` are the parameters of the Beta distribution of the hit rate.
    """

    verdicts: int = 0
    moved: float = 0.0
    size: float = 1.0
    width: float = 1.0
    shift: float = 0.0
    slope: float = 1.0
    hits: float = PRIOR_HITS * PRIOR_STRENGTH
    misses: float = (1 - PRIOR_HITS) * PRIOR_STRENGTH

    @classmethod
    def of(cls, judged: Iterable[Judged], *, within: "TrackRecord | None" = None) -> "TrackRecord":
        """Return the track record of some judged promises.

        Parameters
        ----------
        judged : iterable of Judged
            Of a team, or of one area of it; the order does not matter.
        within : TrackRecord, optional
            The wider record that this one is pulled to, of other verdicts than these: of a team's other areas, see
            :func:`by_area`. By default "as promised".

        Returns
        -------
        TrackRecord
            Without verdicts what it is pulled to: without ``within`` the one that changes nothing.

        Notes
        -----
        With n = Σ chance_moved over those with a figure, *size* is Σ measured / Σ promised means, both weighted by
        chance_moved, kept within 0 to 4, and pulled: 1 + (ratio − 1) · n / (n + 2). Misses have no weight in it: they
        are in the hit rate. *width* is the 80 % point of the width factors that each verdict would have needed, seen
        from the size without that verdict, together with 2 verdicts that are in line; few verdicts are given a
        margin, as in conformal prediction [2]_. *shift* and *slope* are the most likely ones given
        shift ~ N(0, ½²), slope ~ N(1, ¼²), slope ≥ 0. Cost: a few
        numbers for each verdict.

        References
        ----------
        .. [1] Kohavi, R. et al. (2009), Online experimentation at Microsoft (a third of ideas moves what it should).
        .. [2] Vovk, V., Gammerman, A. and Shafer, G. (2005), Algorithmic Learning in a Random World,
           doi:10.1007/b106715.
        .. [3] Platt, J. (1999), Probabilistic outputs for support vector machines (the curve for chances).
        .. [4] Efron, B. and Morris, C. (1977), Stein's paradox in statistics, doi:10.1038/scientificamerican0577-119
           (pulling to the wider group).

        Examples
        --------
        >>> half = Judged(low=4, likely=8, high=12, chance=0.5, measured=4, chance_moved=1)
        >>> record = TrackRecord.of([half, half])
        >>> record.size, record.verdicts
        (0.75, 2)
        >>> TrackRecord.of([]) == TrackRecord()
        True
        """
        wider = within or cls()
        # In an order of their own: sums of the same figures then agree to the last bit, however a database sorts.
        verdicts = sorted(judged, key=_by_figures)
        if not verdicts:
            return wider
        shift, slope = _curve(verdicts, wider)
        size, width = _factors([v for v in verdicts if v.measured is not None and v.chance_moved > 0], wider)
        moved = sum(verdict.chance_moved for verdict in verdicts)
        wider_rate = wider.hits / (wider.hits + wider.misses)
        return cls(
            verdicts=len(verdicts) + wider.verdicts,
            moved=moved + wider.moved,
            size=size,
            width=width,
            shift=shift,
            slope=slope,
            hits=PRIOR_STRENGTH * wider_rate + moved,
            misses=PRIOR_STRENGTH * (1 - wider_rate) + len(verdicts) - moved,
        )

    @property
    def hit_rate(self) -> float:
        """The chance that a promise like these moves its Key Result: the mean of the Beta distribution."""
        return self.hits / (self.hits + self.misses)

    def hit_range(self, level: float = 0.8) -> tuple[float, float]:
        """Return between what the hit rate lies at this level, 0 to 1.

        >>> [round(end, 2) for end in TrackRecord().hit_range()]
        [0.05, 0.68]
        """
        from scipy.special import betaincinv

        low, high = betaincinv(self.hits, self.misses, [(1 - level) / 2, (1 + level) / 2])
        return float(low), float(high)

    def corrected(self, low: float, likely: float, high: float, chance: float) -> Corrected:
        """Return a promise as this record reads it.

        Its mean becomes ``size`` times the promised one, exactly; so does likely. Its range becomes
        ``size`` · ``width`` times as wide, as lopsided as before where there is room; with ``width`` over 1 it may
        then reach below 0. A chance of 0 stays: nobody believes in it.

        Parameters
        ----------
        low, likely, high : float
            Percentiles of the movement, in any unit.
        chance : float
            0 to 1; what is nearer than 0.01 to certain is read as 0.01 from it, and moved by as much.

        Raises
        ------
        ValueError
            Not in order, not numbers, or out of range.

        Examples
        --------
        >>> TrackRecord(verdicts=4, size=0.5, width=2.0).corrected(4, 6, 10, 0.6)
        Corrected(low=0.5, likely=3.0, high=6.5, chance=0.6, size=0.5, width=2.0, verdicts=4)
        """
        _check_promise(low, likely, high, chance)
        down, up = likely - low, high - likely
        if self.width != 1:
            lean = float(np.clip(up - down, -self.width * (up + down), self.width * (up + down)))
            down, up = (self.width * (up + down) - lean) / 2, (self.width * (up + down) + lean) / 2
            low, high = likely - max(down, 0.0), likely + max(up, 0.0)
        return Corrected(
            low=self.size * low,
            likely=self.size * likely,
            high=self.size * high,
            chance=self._chance(chance),
            size=self.size,
            width=self.width,
            verdicts=self.verdicts,
        )

    def _chance(self, chance: float) -> float:
        if chance == 0 or (self.shift, self.slope) == (0.0, 1.0):
            return chance
        near = min(max(chance, _SURE), 1 - _SURE)
        read = float(_sigmoid(self.shift + self.slope * _logit(np.asarray(near))))
        return min(max(read + chance - near, 0.0), 1.0)


def by_area(judged: Mapping[Area, Sequence[Judged]]) -> dict[Area, TrackRecord]:
    """Return the track record of each area of a team: its own verdicts, pulled to those of the other areas.

    No verdict counts twice in a factor. The curve for chances is the team's: hope is a habit of people, and an area
    has too few verdicts for a curve of its own. An area that is not in it has the team's record.

    Examples
    --------
    >>> half, all_of_it = (Judged(4, 8, 12, chance=0.5, measured=m, chance_moved=1) for m in (4, 8))
    >>> {area: record.size for area, record in by_area({"price": [half] * 2, "speed": [all_of_it] * 2}).items()}
    {'price': 0.75, 'speed': 0.875}
    """
    team = TrackRecord.of(one for own in judged.values() for one in own)
    records = {}
    for area, own in judged.items():
        others = TrackRecord.of(one for other, its_own in judged.items() if other != area for one in its_own)
        record = TrackRecord.of(own, within=others)
        records[area] = replace(record, shift=team.shift, slope=team.slope)
    return records


@dataclass(frozen=True)
class Pooled:
    """Several people's private estimates as one. ``disagreement``: 0 all say the same, 1 as wide as the range."""

    low: float
    likely: float
    high: float
    chance: float
    disagreement: float
    people: int


def pool(estimates: Sequence[tuple[float, float, float, float]]) -> Pooled:
    """Return private estimates as one: medians, of chances in log odds.

    Parameters
    ----------
    estimates : sequence of (low, likely, high, chance)
        At least one, each with low ≤ likely ≤ high [unit of the Key Result] and a chance 0 to 1.

    Returns
    -------
    Pooled
        ``disagreement`` is the distance between the 10th and the 90th percentile of the likely figures over the
        width of the pooled range, at most 10.

    Raises
    ------
    ValueError
        No estimate, or one out of order or range.

    References
    ----------
    .. [1] Satopää, V. A. et al. (2014), Combining multiple probability predictions using a simple logit model,
       International Journal of Forecasting 30(2), doi:10.1016/j.ijforecast.2013.09.009 (the median here, against
       a single voice).

    Examples
    --------
    >>> pool([(1, 2, 4, 0.5), (2, 3, 5, 0.8), (0, 6, 9, 0.6)])
    Pooled(low=1.0, likely=3.0, high=5.0, chance=0.6, disagreement=0.8, people=3)
    """
    if not estimates:
        raise ValueError("estimates must not be empty")
    for estimate in estimates:
        _check_promise(*estimate)
    low, likely, high, _ = (float(middle) for middle in np.median(np.asarray(estimates, dtype=float), axis=0))
    said = np.asarray([estimate[1] for estimate in estimates], dtype=float)
    apart = float(np.quantile(said, 0.9) - np.quantile(said, 0.1))
    width = high - low
    disagreement = _share(apart, width, at_most=_MOST_DISAGREEMENT)
    return Pooled(low, likely, high, _median_chance([e[3] for e in estimates]), disagreement, len(estimates))


@dataclass(frozen=True)
class Grade:
    """How good ranges were: of ``told`` promises that moved, ``held`` lay in their 80 % range.

    ``bins`` counts, from far below to far above, in which fifth of its promised distribution each lay; well-made
    ranges fill all five alike.
    """

    bins: tuple[int, ...] = field(default=(0,) * BINS)
    held: int = 0
    told: int = 0


def grade_of_ranges(judged: Iterable[Judged]) -> Grade:
    """Grade promised ranges by what was measured, over promises that more likely than not moved.

    Examples
    --------
    >>> said = dict(low=4, likely=8, high=12, chance=0.5, chance_moved=1)
    >>> grade_of_ranges([Judged(**said, measured=3), Judged(**said, measured=8), Judged(**said, measured=11)])
    Grade(bins=(1, 0, 1, 0, 1), held=2, told=3)
    """
    bins, held, told = [0] * BINS, 0, 0
    for verdict in judged:
        if verdict.measured is None or verdict.chance_moved <= 0.5:
            continue
        told += 1
        held += verdict.low <= verdict.measured <= verdict.high
        bins[min(int(_position(verdict, verdict.measured) * BINS), BINS - 1)] += 1
    return Grade(tuple(bins), held, told)


@dataclass(frozen=True)
class Brought:
    """What one judged item brought to one Key Result or area.

    ``value`` with its 80 % range ``low`` to ``high`` [points or money], if it moved at all, which it did with
    ``chance_moved``; ``weeks`` of work it took, ≥ 0 (0: counted with another of its Key Results).
    """

    group: Hashable
    value: float
    low: float
    high: float
    weeks: float
    chance_moved: float = 1.0

    def __post_init__(self) -> None:
        if not -_LARGEST <= self.low <= self.high <= _LARGEST or not abs(self.value) <= _LARGEST:
            raise ValueError("value, low and high must be numbers, with low ≤ high")
        if not 0 <= self.weeks <= _LARGEST:
            raise ValueError("weeks must be at least 0")
        if not 0 <= self.chance_moved <= 1:
            raise ValueError("chance_moved must be between 0 and 1")


@dataclass(frozen=True)
class Ranked:
    """What a week of work brought to a group: ``per_week`` with its 80 % range. Equal ``rank`` is a tie."""

    group: Hashable
    per_week: float
    low: float
    high: float
    weeks: float
    verdicts: int
    rank: int


def rank_by_week(brought: Iterable[Brought]) -> list[Ranked]:
    """Rank groups by what a week of work brought them, best first.

    Parameters
    ----------
    brought : iterable of Brought

    Returns
    -------
    list of Ranked
        Groups with any work; without it there is no "per week". Neighbours tie with the first of their tie while
        that one is better with a chance under 70 %; tied groups share the rank of the first.

    Notes
    -----
    Values are taken as independent, their sum as normal: its variance is that of the ranges and of whether they
    moved at all. Weeks of work are taken as known.

    Examples
    --------
    >>> ranked = rank_by_week([
    ...     Brought("activation", value=30, low=25, high=35, weeks=3),
    ...     Brought("price", value=10, low=5, high=15, weeks=2),
    ...     Brought("speed", value=4, low=-2, high=10, weeks=1),
    ... ])
    >>> [(one.group, one.per_week, one.rank) for one in ranked]
    [('activation', 10.0, 1), ('price', 5.0, 2), ('speed', 4.0, 2)]
    """
    groups: dict[Hashable, list[Brought]] = {}
    for one in brought:
        groups.setdefault(one.group, []).append(one)
    found = [_per_week(group, rows) for group, rows in groups.items() if sum(row.weeks for row in rows) > 0]
    found.sort(key=lambda one: -one.per_week)
    ranked: list[Ranked] = []
    first: Ranked | None = None
    for place, group in enumerate(found, start=1):
        if first is None or _chance_better(first, group) >= _TIE_BELOW:
            first = replace(group, rank=place)
        ranked.append(replace(group, rank=first.rank))
    return ranked


@dataclass(frozen=True)
class _Told:
    """Judged promises with a figure as arrays (n,), all turned so that their mean is promised upward."""

    weight: Floats
    measured: Floats
    likely: Floats
    mean: Floats
    spread: Floats
    lean: Floats

    @classmethod
    def of(cls, told: Sequence[Judged]) -> "_Told":
        rows = np.array([(v.low, v.likely, v.high, v.measured, v.chance_moved) for v in told], dtype=float)
        low, likely, high, measured, weight = rows.T
        mean = np.asarray(bet_mean(low, likely, high))
        turn = np.where(mean < 0, -1.0, 1.0)
        return cls(weight, turn * measured, turn * likely, turn * mean, high - low, turn * (low + high - 2 * likely))


def _by_figures(one: Judged) -> tuple[float, ...]:
    is_told = one.measured is not None
    return (one.low, one.likely, one.high, one.chance, one.chance_moved, is_told, one.measured or 0.0)


def _factors(told: Sequence[Judged], wider: TrackRecord) -> tuple[float, float]:
    if not told:
        return wider.size, wider.width
    rows = _Told.of(told)
    got, said, n = rows.weight * rows.measured, rows.weight * rows.mean, rows.weight.sum()
    size = _pulled(got.sum(), said.sum(), n, wider.size)
    without = [
        _pulled(got.sum() - got[i], said.sum() - said[i], n - rows.weight[i], wider.size) for i in range(len(told))
    ]
    return size, _width(rows, np.array(without), wider.width)


def _pulled(got: float, said: float, n: float, towards: float) -> float:
    """Return got / said, pulled linearly by n / (n + 2); ``towards`` where nothing was promised."""
    # Sums less one of their parts: what is left of nothing are the last bits.
    if n <= 1e-9 or said <= 0:
        return towards
    ratio = min(max(got / said, 0.0), _MOST_SIZE)
    return float(towards + (ratio - towards) * n / (n + PULL))


def _width(rows: _Told, size: Floats, towards: float) -> float:
    """Return the width factor with which 80 % of the weight lies inside."""
    away = rows.measured / size - rows.likely
    outside = np.maximum(2 * np.abs(away) - np.sign(away) * rows.lean, 0.0)
    needed = np.full(away.shape, _MOST_WIDTH)
    np.divide(outside, rows.spread, out=needed, where=_MOST_WIDTH * rows.spread > outside)
    needed[outside == 0] = 0.0
    n = rows.weight.sum()
    values = np.append(needed, _IN_LINE * towards)
    weights = np.append(rows.weight, np.full(_IN_LINE.size, PULL / _IN_LINE.size))
    order = np.argsort(values, kind="stable")
    middle = np.cumsum(weights[order]) - weights[order] / 2
    wanted = 0.8 * (n + PULL) + _FEW * n / (n + PULL)
    return float(np.interp(wanted, middle, values[order]))


def _curve(verdicts: Sequence[Judged], wider: TrackRecord) -> tuple[float, float]:
    """Return the most likely shift and slope: Newton's method, the slope kept at 0 or over."""
    said = _logit(np.clip([v.chance for v in verdicts], _SURE, 1 - _SURE))
    moved = np.array([v.chance_moved for v in verdicts])
    columns = np.stack([np.ones_like(said), said])
    precision = np.array([_SHIFT_SPREAD**-2, _SLOPE_SPREAD**-2])
    start = np.array([wider.shift, wider.slope])
    best = _most_likely(columns, moved, start, precision)
    if best[1] < 0:
        best = np.append(_most_likely(columns[:1], moved, start[:1], precision[:1]), 0.0)
    return float(best[0]), float(best[1])


def _most_likely(columns: Floats, moved: Floats, prior: Floats, precision: Floats) -> Floats:
    """Return the mode of a logistic regression (parameters,) with a normal prior: strictly concave, one mode."""
    at = prior.copy()
    for _ in range(_CURVE_STEPS):
        chance = _sigmoid(at @ columns)
        slope = columns @ (moved - chance) - precision * (at - prior)
        bend = (columns * np.maximum(chance * (1 - chance), 1e-12)) @ columns.T + np.diag(precision)
        step = np.linalg.solve(bend, slope)
        # From far away a whole step may overshoot; half a unit of log odds never does for long.
        at = at + step * min(1.0, 1.0 / max(float(np.abs(step).max()), 1e-300))
        if np.abs(step).max() < 1e-12:
            break
    return at


def _share(part: float, whole: float, *, at_most: float) -> float:
    if part == 0:
        return 0.0
    return part / whole if whole * at_most > part else at_most


def _median_chance(chances: Sequence[float]) -> float:
    ordered = sorted(chances)
    below, above = ordered[(len(ordered) - 1) // 2], ordered[len(ordered) // 2]
    if below == above:
        return float(below)
    middle = _logit(np.clip([below, above], 1e-6, 1 - 1e-6)).mean()
    return min(max(float(_sigmoid(middle)), below), above)


def _position(verdict: Judged, measured: float) -> float:
    """Return where a figure lies in the promised two-piece normal, 0 to 1."""
    side = verdict.high - verdict.likely if measured > verdict.likely else verdict.likely - verdict.low
    away = measured - verdict.likely
    if away == 0:
        return 0.5
    if side <= abs(away) / 40:  # 40 standard deviations and more
        return 1.0 if away > 0 else 0.0
    return NormalDist().cdf(_TEN_PERCENT_Z * away / side)


def _per_week(group: Hashable, rows: Sequence[Brought]) -> Ranked:
    weeks = sum(row.weeks for row in rows)
    value = sum(row.chance_moved * row.value for row in rows) / weeks
    half = _TEN_PERCENT_Z * float(np.sqrt(sum(_variance(row) for row in rows))) / weeks
    return Ranked(group, value, value - half, value + half, weeks, len(rows), rank=0)


def _variance(row: Brought) -> float:
    of_size = ((row.high - row.low) / (2 * _TEN_PERCENT_Z)) ** 2
    return row.chance_moved * of_size + row.chance_moved * (1 - row.chance_moved) * row.value**2


def _chance_better(first: Ranked, second: Ranked) -> float:
    apart = first.per_week - second.per_week
    spread = float(np.hypot(first.high - first.low, second.high - second.low)) / (2 * _TEN_PERCENT_Z)
    if apart <= 0 or spread <= apart / 40:
        return 0.5 if apart <= 0 else 1.0
    return NormalDist().cdf(apart / spread)


def _sigmoid(x: NDArray[np.float64]) -> Floats:
    # By tanh, which never overflows.
    return np.asarray(0.5 + 0.5 * np.tanh(x / 2))


def _logit(p: NDArray[np.float64]) -> Floats:
    return np.asarray(np.log(p) - np.log1p(-p))


def _check_promise(low: float, likely: float, high: float, chance: float) -> None:
    if not -_LARGEST <= low <= likely <= high <= _LARGEST:
        raise ValueError("low, likely, high must be numbers in this order")
    if not 0 <= chance <= 1:
        raise ValueError("chance must be between 0 and 1")
