"""What became of a proposal: the order that was proposed and the one that was followed, beside what was measured."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from django.utils import timezone

from headway.scrum.models import Category, Item

from ..models import FocusProposal, Verdict
from .focus import Figures, KeptItem

Status = FocusProposal.Status


class Told(StrEnum):
    """What can be said of two orders."""

    NOTHING_BUILT = "nothing_built"
    NOTHING_JUDGED = "nothing_judged"
    MEASURED = "measured"  # of what was built and judged; of nothing else


@dataclass(frozen=True)
class Built:
    """An item among the first of an order: done or not, and what it was expected to bring and brought."""

    item_id: int
    key: str
    title: str
    done_on: dt.date | None
    expected: float | None
    measured: float | None  # None: not built, not judged, or judged without a figure


@dataclass(frozen=True)
class Beginning:
    """The first items of an order, as many as were delivered, and what the order was worth on that day (`value`).

    `in_time`: what all that was judged brought by its measured size, counted from when this order would have it done.
    """

    value: float | None
    items: tuple[Built, ...]
    in_time: float | None

    @property
    def built(self) -> tuple[Built, ...]:
        return tuple(item for item in self.items if item.done_on is not None)

    @property
    def not_built(self) -> tuple[Built, ...]:
        return tuple(item for item in self.items if item.done_on is None)


@dataclass(frozen=True)
class Compared:
    """Both orders beside what was measured until `until`. `other` is the one followed, or the one it took the place of.

    Values in `currency`, or points. `delivered` of the proposal's items were done in this time, `judged` of them have a
    verdict with a figure: that `expected` and `measured` are of.
    """

    until: dt.date
    is_over: bool
    currency: str | None
    delivered: int
    judged: int
    expected: float
    measured: float
    is_followed: bool  # the proposed order was followed as it was
    proposed: Beginning
    other: Beginning
    told: Told

    @property
    def difference(self) -> float | None:
        """What of the measured value is owed to the proposed order having it sooner; None where that is not known."""
        if self.told is not Told.MEASURED or self.proposed.in_time is None or self.other.in_time is None:
            return None
        return self.proposed.in_time - self.other.in_time


def compared(proposal: FocusProposal, *, today: dt.date) -> Compared | None:
    """Return both orders beside what was measured; None where nobody has decided. Two queries."""
    if proposal.followed is None or proposal.status == Status.WITHDRAWN:
        return None
    kept = Figures.read(proposal.facts)
    from_on = timezone.localdate(proposal.at)
    until = proposal.cycle.ends_on if proposal.cycle else from_on + dt.timedelta(weeks=kept.horizon_weeks)
    done = _done(kept, from_on, min(until, today))
    measured = _measured(kept, done)
    is_followed = list(proposal.followed) == list(proposal.order)

    def beginning(order: Sequence[int], value: float | None, lands: str) -> Beginning:
        known = [pk for pk in order if pk in kept.items][: len(done)]
        items = tuple(_built(pk, kept.items[pk], done, measured) for pk in known)
        return Beginning(value, items, _in_time(kept, measured, lands))

    every = [_built(pk, kept.items[pk], done, measured) for pk in measured]
    proposed = beginning(proposal.order, kept.proposed, "lands_proposed")
    other = (
        beginning(proposal.present, kept.present, "lands_present")
        if is_followed
        else beginning(proposal.followed, kept.followed, "lands_followed")
    )
    return Compared(
        until=until,
        is_over=today > until,
        currency=kept.currency,
        delivered=len(done),
        judged=len(measured),
        expected=sum(item.expected or 0.0 for item in every),
        measured=sum(measured.values()),
        is_followed=is_followed,
        proposed=proposed,
        other=other,
        told=Told.NOTHING_BUILT if not done else Told.MEASURED if measured else Told.NOTHING_JUDGED,
    )


def _in_time(kept: Figures, measured: Mapping[int, float], lands: str) -> float | None:
    """Return what was measured, each counted for the share of the horizon left when an order would have it done."""
    weeks: dict[int, float | None] = {pk: getattr(kept.items[pk], lands) for pk in measured}
    known = {pk: week for pk, week in weeks.items() if week is not None}
    if len(known) < len(weeks):
        return None
    return sum(moved * max(1 - known[pk] / kept.horizon_weeks, 0.0) for pk, moved in measured.items())


def _done(kept: Figures, from_on: dt.date, until: dt.date) -> dict[int, dt.date]:
    """Return the proposal's items that were done in this time, with the day."""
    rows = Item.objects.filter(pk__in=kept.items, category=Category.DONE, done_at__isnull=False, removed_at=None)
    days = {pk: timezone.localdate(at) for pk, at in rows.values_list("pk", "done_at") if at is not None}
    return {pk: day for pk, day in days.items() if from_on <= day <= until}


def _measured(kept: Figures, done: Mapping[int, dt.date]) -> dict[int, float]:
    """Return what delivered items moved, by the verdicts on their bets of then; none where one has no figure yet."""
    bets = {bet.bet: bet for pk in done for bet in kept.items[pk].bets}
    found = {verdict.bet_id: _figure(verdict) for verdict in Verdict.objects.filter(bet__in=bets)}
    measured = {}
    for pk in done:
        own = [(found.get(bet.bet), bet.per_unit) for bet in kept.items[pk].bets]
        known = [moved * per_unit for moved, per_unit in own if moved is not None and per_unit is not None]
        if own and len(known) == len(own):
            measured[pk] = sum(known)
    return measured


def _figure(verdict: Verdict) -> float | None:
    """Return what a verdict says was moved; nothing where it cannot be told."""
    if verdict.outcome == Verdict.Outcome.CANNOT_TELL:
        return None
    if verdict.measured is None and verdict.outcome == Verdict.Outcome.DID_NOT:
        return 0.0
    return verdict.measured


def _built(pk: int, item: KeptItem, done: Mapping[int, dt.date], measured: Mapping[int, float]) -> Built:
    expected = [bet.expected for bet in item.bets if bet.expected is not None]
    return Built(pk, item.key, item.title, done.get(pk), sum(expected) if expected else None, measured.get(pk))
