"""What a bet moved: its Key Result's measurements as weeks around the launch, judged by the engine."""

import datetime as dt
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from headway.engine import impact as engine
from headway.okr.models import KeyResult, Measurement
from headway.scrum.models import Category

from ..models import Bet, Verdict

WINDOW_DAYS = 28
"""So long after it landed, its lag over, a movement of the Key Result may be due to a bet."""
LEAST_AMOUNT = 1e-9
"""What is nearer to nothing is taken for nothing: then changes are not told in per cent."""
WEEKS_KEPT = 156
"""Weeks before the launch that are looked at: three years."""


@dataclass(frozen=True)
class Week:
    """Seven days of a Key Result; `value` is the last one measured in them, None where there was none."""

    from_on: dt.date
    to_on: dt.date
    value: float | None


@dataclass(frozen=True)
class LandedTogether:
    """Another bet on the Key Result that may have moved it in the same weeks; `share` 0–1 of its own weeks is its."""

    bet_id: int
    item_id: int
    key: str
    title: str
    done_on: dt.date
    share: float


@dataclass(frozen=True)
class TooLittle:
    """Nothing can be measured yet; `text` says what is missing. `needed` and `given` in measured weeks, or 0."""

    needed: int
    given: int
    text: str


@dataclass(frozen=True)
class MeasuredImpact:
    """What a bet moved, in its Key Result's unit, towards better; levels and weeks in plain values.

    `impact` is of the Key Result as a whole, None where `too_little` says why there is none. `share` (0–1) is the part
    that falls to this bet, with `measured`, `low`, `high`, `estimate`, the range of it; `verdict` and `evidence` are
    proposals for people. `promise` is the bet as (low, likely, high, chance). `weeks[launched_at]` is the first
    week after the launch.
    """

    bet_id: int
    key_result_id: int
    unit: str
    falling_is_better: bool
    promise: engine.Promise
    launched_on: dt.date | None
    weeks: tuple[Week, ...]
    launched_at: int
    together: tuple[LandedTogether, ...]
    share: float
    impact: engine.Impact | None
    measured: float | None
    low: float | None
    high: float | None
    estimate: float | None
    verdict: engine.Verdict | None
    evidence: engine.Evidence | None
    too_little: TooLittle | None


@dataclass(frozen=True)
class Visible:
    """How large an effect on a Key Result must be to be seen; None where `too_little` says why it cannot be said."""

    smallest: float | None
    too_little: TooLittle | None


def impact_of(
    bet: Bet,
    *,
    today: dt.date,
    experiment: tuple[Sequence[float], Sequence[float]] | None = None,
    controls: Sequence[KeyResult] = (),
) -> MeasuredImpact:
    """Measure what a bet moved up to `today`. Two queries, beside those for `bet.serves`.

    The launch is the day on which the item was done; the bet's lag after it is not counted. `experiment`: (size, mean,
    variance) of control and of treatment, in the Key Result's unit; what else landed was in both, so nothing is shared.
    `controls`: Key Results that can be compared with this one (`controls.why_no_control` says which cannot).
    """
    item, key_result = bet.serves.item, bet.serves.key_result
    assert key_result is not None  # a bet is on a Key Result
    promise = engine.Promise(bet.low, bet.likely, bet.high, bet.chance)
    launched_on = timezone.localdate(item.done_at) if item.category == Category.DONE and item.done_at else None
    if launched_on is None or launched_on > today:
        return _nothing(bet, promise, None, TooLittle(0, 0, _("It is not done yet: nothing can have moved.")))
    known = measured_of([key_result, *controls], today)
    weeks, launched_at = weeks_around(known[key_result.pk], launched_on=launched_on, today=today)
    first = weeks[0].from_on if weeks else launched_on
    others = [
        weeks_around(known[one.pk], launched_on=launched_on, today=today, first=first)[0]
        for one in controls
        if experiment is None
    ]
    together, share = _landed_together(bet, today) if experiment is None else ((), 1.0)
    ruler = _Ruler.of(key_result, *weeks, *(week for series in others for week in series))
    try:
        found = engine.measure(
            ruler.read(weeks),
            launched_at=launched_at,
            scale=ruler.scale,
            control=[ruler.read(series) for series in others] or None,
            experiment=None if experiment is None else (ruler.arm(experiment[0]), ruler.arm(experiment[1])),
            prior=ruler.promise(promise),
            lag=bet.lag_weeks,
            falling_is_better=ruler.falling_is_better,
        )
    except engine.TooLittleHistory as missing:
        return _nothing(bet, promise, launched_on, _too_little(missing), weeks, launched_at, together, share)
    impact = ruler.written(found)
    return MeasuredImpact(
        bet_id=bet.pk,
        key_result_id=key_result.pk,
        unit=key_result.unit,
        falling_is_better=ruler.falling_is_better,
        promise=promise,
        launched_on=launched_on,
        weeks=weeks,
        launched_at=launched_at,
        together=together,
        share=share,
        impact=impact,
        measured=impact.measured * share,
        low=impact.measured_low * share,
        high=impact.measured_high * share,
        estimate=impact.estimate * share,
        verdict=engine.verdict(impact, promise=promise, share=share),
        evidence=engine.evidence(impact, landed_together=len(together)),
        too_little=None,
    )


def visible_effect(
    key_result: KeyResult,
    *,
    today: dt.date,
    judged_after_weeks: int,
    lag_weeks: int = 0,
    weeks_until_launch: int = 0,
    measured: Iterable[tuple[dt.date, float]] | None = None,
) -> Visible:
    """Say how large an effect on `key_result` must be to be seen, as things stand today.

    One query, none where `measured`, its measurements up to today in their order, are known.

    `judged_after_weeks` counts from the launch, the lag among them; fewer than the lag and 2 weeks count as that.
    """
    known = measured_of([key_result], today)[key_result.pk] if measured is None else measured
    weeks, _at = weeks_around(known, launched_on=today, today=today)
    ruler = _Ruler.of(key_result, *weeks)
    try:
        smallest = engine.smallest_visible(
            ruler.read(weeks),
            steps=max(judged_after_weeks, lag_weeks + engine.AFTER_NEEDED),
            scale=ruler.scale,
            lag=lag_weeks,
            until_launch=max(weeks_until_launch, 0),
            falling_is_better=ruler.falling_is_better,
        )
    except engine.TooLittleHistory as missing:
        return Visible(None, _too_little(missing))
    return Visible(smallest / ruler.factor, None)


def weeks_around(
    measured: Iterable[tuple[dt.date, float]],
    *,
    launched_on: dt.date,
    today: dt.date,
    first: dt.date | None = None,
) -> tuple[tuple[Week, ...], int]:
    """Return the weeks up to `today` around a launch, oldest first, and the index of the first after it.

    A week is seven days; the last before the launch ends on the day of the launch, so that no week lies on both sides.
    Its value is the last one measured in it; a week without one has none. Nothing is carried over: a value that
    is carried makes a Key Result look calmer than it is, and carried past a launch it would hide what the launch did.
    The weeks begin with the first measurement (or `first`), at most three years before the launch.
    """
    by_day = sorted(measured)
    first = first or min((day for day, _value in by_day), default=launched_on + dt.timedelta(days=1))
    before = min(max((launched_on - first).days + 7, 0) // 7, WEEKS_KEPT)
    after = max((today - launched_on).days + 6, 0) // 7
    values: list[float | None] = [None] * (before + after)
    for day, value in by_day:
        week = before + ((day - launched_on).days - 1) // 7
        if 0 <= week < len(values) and day <= today:
            values[week] = value
    start = launched_on - dt.timedelta(days=7 * before - 1)
    return tuple(
        Week(start + dt.timedelta(days=7 * n), start + dt.timedelta(days=7 * n + 6), value)
        for n, value in enumerate(values)
    ), before


@dataclass(frozen=True)
class _Ruler:
    """How the engine reads a Key Result, so that changes are alike: per cent as shares on the log-odds scale,
    amounts over 0 on the log scale, all else (and per cent that came to an end, 0 or 100) as it is.
    """

    scale: str
    factor: float
    falling_is_better: bool

    @classmethod
    def of(cls, key_result: KeyResult, *weeks: Week) -> "_Ruler":
        falling = key_result.direction == KeyResult.Direction.DECREASE
        values = [week.value for week in weeks if week.value is not None]
        is_share, least, most = key_result.unit.strip() == "%", min(values, default=0.0), max(values, default=0.0)
        if is_share and least > 0 and most < 100:
            return cls("logit", 0.01, falling)
        return cls("log" if least >= LEAST_AMOUNT and not is_share else "linear", 1.0, falling)

    def read(self, weeks: Iterable[Week]) -> list[float]:
        return [math.nan if week.value is None else week.value * self.factor for week in weeks]

    def promise(self, promise: engine.Promise) -> engine.Promise:
        low, likely, high, chance = promise
        return engine.Promise(low * self.factor, likely * self.factor, high * self.factor, chance)

    def arm(self, arm: Sequence[float]) -> engine.Arm:
        size, mean, variance = arm
        return engine.Arm(int(size), mean * self.factor, variance * self.factor**2)

    def written(self, impact: engine.Impact) -> engine.Impact:
        """Return what the engine found in the Key Result's unit."""

        def back(value: float) -> float:
            return value / self.factor

        def level(value: float | None) -> float | None:
            return None if value is None else value / self.factor

        return replace(
            impact,
            estimate=back(impact.estimate),
            low=back(impact.low),
            high=back(impact.high),
            measured=back(impact.measured),
            measured_low=back(impact.measured_low),
            measured_high=back(impact.measured_high),
            smallest_visible=back(impact.smallest_visible),
            level_before=level(impact.level_before),
            level_without=level(impact.level_without),
            level_after=level(impact.level_after),
            fake_effects=tuple(back(effect) for effect in impact.fake_effects),
        )


def measured_of(key_results: Sequence[KeyResult], today: dt.date) -> dict[int, list[tuple[dt.date, float]]]:
    """Return the measurements of Key Results up to a day that count, oldest first. One query."""
    found: dict[int, list[tuple[dt.date, float]]] = {one.pk: [] for one in key_results}
    rows = Measurement.objects.current().filter(key_result__in=list(found), measured_on__lte=today)
    for pk, day, value in rows.order_by("measured_on", "id").values_list("key_result_id", "measured_on", "value"):
        found[pk].append((day, value))
    return found


def comparable(key_result: KeyResult, control: KeyResult, own: Iterable[Week], others: Iterable[Week]) -> bool:
    """Say whether changes of two Key Results can be set against each other: of one unit, or two amounts over 0."""
    if key_result.unit.strip() == control.unit.strip():
        return True
    if "%" in (key_result.unit.strip(), control.unit.strip()):
        return False
    return _Ruler.of(key_result, *own, *others).scale == "log"


@dataclass(frozen=True)
class _Landing:
    """A delivered bet on the Key Result: when it lands, its lag over, and the share that a verdict has given it."""

    bet_id: int
    item_id: int
    key: str
    title: str
    done_on: dt.date
    lands_on: dt.date
    likely: float
    chance: float
    judged_on: dt.date | None
    given: float | None

    @property
    def until(self) -> dt.date:
        """The last day on which a movement may be due to it: what comes after its verdict is not in its figures."""
        window_ends = self.lands_on + dt.timedelta(days=WINDOW_DAYS)
        if self.given is None or self.judged_on is None:
            return window_ends
        return max(min(window_ends, self.judged_on), self.lands_on)


def _landed_together(bet: Bet, today: dt.date) -> tuple[tuple[LandedTogether, ...], float]:
    """Return the other bets that may have moved it on the days of this one, oldest first, and this one's share.

    What a Key Result moves on a day is shared by the bets that landed in the four weeks up to it, their lag over.
    """
    landings = [one for one in _landings(bet) if one.bet_id == bet.pk or one.lands_on <= today]
    own = next((place for place, one in enumerate(landings) if one.bet_id == bet.pk), None)
    if own is None:
        return (), 1.0
    shares = engine.shares(
        [one.lands_on.toordinal() for one in landings],
        until=[one.until.toordinal() for one in landings],
        likely=[one.likely for one in landings],
        chance=[one.chance for one in landings],
        given=[math.nan if one.given is None or one.bet_id == bet.pk else one.given for one in landings],
    ).tolist()
    this = landings[own]
    return tuple(
        LandedTogether(one.bet_id, one.item_id, one.key, one.title, one.done_on, share)
        for one, share in zip(landings, shares, strict=True)
        if one is not this and one.lands_on <= this.until and this.lands_on <= one.until
    ), shares[own]


def _landings(bet: Bet) -> list[_Landing]:
    """Return the delivered bets on a bet's Key Result, oldest first. One query."""
    rows = Bet.objects.filter(
        serves__key_result_id=bet.serves.key_result_id,
        serves__item__category=Category.DONE,
        serves__item__removed_at=None,
        serves__item__done_at__isnull=False,
    ).order_by("serves__item__done_at", "pk")
    found = rows.values(
        *("pk", "lag_weeks", "likely", "chance"),
        *("verdict__judged_on", "verdict__method", "verdict__outcome"),
        item_id=F("serves__item_id"),
        team_key=F("serves__item__team__key"),
        number=F("serves__item__number"),
        title=F("serves__item__title"),
        done_at=F("serves__item__done_at"),
        share=F("verdict__facts__share"),
    )
    return [_landing(row) for row in found]


def _landing(row: Mapping[str, Any]) -> _Landing:
    done_on = timezone.localdate(row["done_at"])
    return _Landing(
        bet_id=row["pk"],
        item_id=row["item_id"],
        key=f"{row['team_key']}-{row['number']}",
        title=row["title"],
        done_on=done_on,
        lands_on=done_on + dt.timedelta(weeks=row["lag_weeks"]),
        likely=row["likely"],
        chance=row["chance"],
        judged_on=row["verdict__judged_on"],
        given=_given(row["verdict__method"], row["verdict__outcome"], row["share"]),
    )


def _given(method: str | None, outcome: str | None, share: float | None) -> float | None:
    """Return the share that a verdict of figures fixes; what an experiment found to move nothing has none."""
    if method in (Verdict.Method.PLACEBO, Verdict.Method.CONTROL):
        return share
    return 0.0 if (method, outcome) == (Verdict.Method.EXPERIMENT, Verdict.Outcome.DID_NOT) else None


def _nothing(
    bet: Bet,
    promise: engine.Promise,
    launched_on: dt.date | None,
    too_little: TooLittle,
    weeks: tuple[Week, ...] = (),
    launched_at: int = 0,
    together: tuple[LandedTogether, ...] = (),
    share: float = 1.0,
) -> MeasuredImpact:
    key_result = bet.serves.key_result
    assert key_result is not None
    return MeasuredImpact(
        bet_id=bet.pk,
        key_result_id=key_result.pk,
        unit=key_result.unit,
        falling_is_better=key_result.direction == KeyResult.Direction.DECREASE,
        promise=promise,
        launched_on=launched_on,
        weeks=weeks,
        launched_at=launched_at,
        together=together,
        share=share,
        impact=None,
        measured=None,
        low=None,
        high=None,
        estimate=None,
        verdict=None,
        evidence=None,
        too_little=too_little,
    )


def _too_little(missing: engine.TooLittleHistory) -> TooLittle:
    needed, given = missing.needed, missing.given
    if needed == engine.AFTER_NEEDED:
        text = ngettext(
            "To see an effect takes %(needed)s measured weeks after the launch and its lag; there is %(given)s.",
            "To see an effect takes %(needed)s measured weeks after the launch and its lag; there are %(given)s.",
            given,
        )
    else:
        text = ngettext(
            "It takes %(needed)s weeks with a measurement before the launch to know how this moves by itself; "
            "there is %(given)s.",
            "It takes %(needed)s weeks with a measurement before the launch to know how this moves by itself; "
            "there are %(given)s.",
            given,
        )
    return TooLittle(needed, given, text % {"needed": needed, "given": given})
