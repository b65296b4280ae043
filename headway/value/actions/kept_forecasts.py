"""Forecasts kept as they were shown, and scored once their date has passed (docs/decisions/0021-…).

The program's own record of itself: nobody asks for it, nobody may change it, so there is neither a verb nor a Change.
"""

import datetime as dt
import logging
import math
import zlib
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

import numpy as np
from django.db import IntegrityError, transaction
from django.utils import timezone

from headway.engine.forecast import flag_bulk_days
from headway.engine.scoring import brier, crps_of_quantiles, pit_bounds_of_quantiles, randomised_pit
from headway.lib import clock
from headway.okr.models import KeyResult, Measurement
from headway.people.models import Organisation, Team
from headway.scrum.models import Category, Item
from headway.scrum.queries import daily_done

from ..models import KeptForecast
from ..queries.effort import last_sign

log = logging.getLogger("headway.value")

Kind = KeptForecast.Kind
LEVELS = KeptForecast.LEVELS
LOW, HIGH = LEVELS.index(0.1), LEVELS.index(0.9)
#: A Key Result is measured when it is: so many days after the date its last value before that counts.
WAIT_FOR_VALUE = 14


def write_kept(rows: Iterable[KeptForecast]) -> None:
    """Insert forecasts; one that is kept already stays as it is."""
    rows = list(rows)
    _name_items(rows)
    try:
        with transaction.atomic():
            KeptForecast.objects.bulk_create(rows, ignore_conflicts=True)
    except IntegrityError:  # a team or Sprint of one is gone meanwhile: that one goes with it
        for row in rows:
            try:
                with transaction.atomic():
                    KeptForecast.objects.bulk_create([row], ignore_conflicts=True)
            except IntegrityError:
                log.info("what a forecast was about is gone: %s", row)


def score_due(organisations: Iterable[Organisation] | None = None) -> int:
    """Score every forecast whose date has passed and whose truth is known, once: of these organisations, else of all.

    Returns how many.

    A date has passed when the organisation's day is over. Where the record does not reach that far (nothing happened
    after it: an import is to come) it waits. May run any number of times: what is scored stays as it is.
    """
    scored = 0
    for organisation in Organisation.objects.order_by("pk") if organisations is None else organisations:
        with timezone.override(ZoneInfo(organisation.time_zone)):
            try:
                scored += _score_of(organisation)
            except Exception:  # one that fails keeps no other from its own
                log.exception("the forecasts of organisation %s could not be scored", organisation.pk)
    return scored


def _score_of(organisation: Organisation) -> int:
    today = clock.today()
    due = KeptForecast.objects.filter(organisation=organisation, scored_at=None, due_on__lt=today)
    found = due.select_related("team", "sprint", "key_result").order_by("team_id", "pk")
    records: dict[int, _Record] = {}
    scored = 0
    for row in found:
        if row.kind == Kind.KEY_RESULT:
            is_known = _score_key_result(row, today)
        elif row.team is None:
            continue
        else:
            record = records.setdefault(row.team.pk, _Record.of(row.team, today))
            is_known = record.reaches(row.due_on) and _score_work(row, record)
        if is_known:
            scored += _write(row)
    return scored


@dataclass(frozen=True)
class _Record:
    """What a team has done day by day from `first` on, mass clean-ups clipped as for the forecasts themselves."""

    first: dt.date | None
    done_up_to: Sequence[int]  # items done up to and including each day
    last_sign: dt.date | None

    @classmethod
    def of(cls, team: Team, today: dt.date) -> "_Record":
        first, daily = daily_done(team, today=today)
        done_up_to = np.cumsum(flag_bulk_days(daily).clipped).tolist() if daily else []
        return cls(first, done_up_to, last_sign(team))

    def reaches(self, day: dt.date) -> bool:
        return self.last_sign is not None and self.last_sign > day

    def done_before(self, day: dt.date) -> int:
        """Count the items done before a day."""
        if self.first is None or day <= self.first:
            return 0
        return int(self.done_up_to[min((day - self.first).days, len(self.done_up_to)) - 1])

    def day_of(self, number: int) -> dt.date | None:
        """Return the day on which so many items were done in all; None where there are fewer."""
        place = bisect_left(self.done_up_to, number)
        if self.first is None or place >= len(self.done_up_to):
            return None
        return self.first + dt.timedelta(days=place)


def _score_work(row: KeptForecast, record: _Record) -> bool:
    if row.kind == Kind.SPRINT_DONE:
        return _score_sprint(row)
    before = record.done_before(row.made_on)
    if row.kind == Kind.ITEMS_BY_DAY:
        row.truth = float(record.done_before(row.due_on + dt.timedelta(days=1)) - before)
        _score_range(row, row.truth, naive=row.naive)
        return True
    assert row.items is not None
    day = record.day_of(before + row.items)
    limit = ((row.due_on - row.made_on).days + 1) / 7
    if day is not None and day <= row.due_on:
        row.happened_on = day
        row.truth = float((day - row.made_on).days // 7 + 1)  # a forecast names whole weeks
    # Beyond its last date all forecasts score alike, so the score stays proper though the end is not waited for.
    _score_range(row, math.inf if row.truth is None else row.truth, naive=row.naive, limit=limit)
    return True


def _score_sprint(row: KeptForecast) -> bool:
    """Score whether all that was open then and was not removed since was done by the evening of the last day."""
    end = timezone.make_aware(dt.datetime.combine(row.due_on + dt.timedelta(days=1), dt.time.min))
    items = Item.objects.active().filter(pk__in=row.item_ids)
    count, done = items.count(), items.filter(category=Category.DONE, done_at__lt=end).count()
    if not count or row.chance is None:
        return False
    row.truth = float(done == count)
    row.brier = float(brier(row.chance, row.truth))
    return True


def _score_key_result(row: KeptForecast, today: dt.date) -> bool:
    assert row.key_result is not None
    values = Measurement.objects.current().filter(key_result=row.key_result_id).order_by("measured_on", "pk")
    is_past = values.filter(measured_on__gte=row.due_on).exists()
    if not is_past and (today - row.due_on).days < WAIT_FOR_VALUE:
        return False
    last = values.filter(measured_on__gt=row.made_on, measured_on__lte=row.due_on).last()
    if last is None:
        return False
    row.truth = last.value
    _score_range(row, last.value, naive=row.naive)
    if row.chance is not None and row.target is not None:
        is_falling = row.key_result.direction == KeyResult.Direction.DECREASE
        is_there = last.value <= row.target if is_falling else last.value >= row.target
        row.brier = float(brier(row.chance, float(is_there)))
    return True


def _score_range(row: KeptForecast, truth: float, *, naive: float | None, limit: float = math.inf) -> None:
    values = [math.inf if value is None else value for value in row.quantiles]
    row.held = values[LOW] <= truth <= values[HIGH] and math.isfinite(truth)
    rng = np.random.default_rng(zlib.crc32(f"{row.kind} {row.question} {row.made_on}".encode()))
    under, up_to = pit_bounds_of_quantiles(LEVELS, values, truth)
    row.pit = float(randomised_pit(under, up_to, rng=rng))
    seen = min(truth, limit)
    row.crps = crps_of_quantiles(LEVELS, np.minimum(values, limit), seen) if _is_told(values, limit) else None
    said = min(math.inf if naive is None else naive, limit)
    row.naive_crps = abs(said - seen) if math.isfinite(said) else None


def _is_told(values: Sequence[float], limit: float) -> bool:
    return math.isfinite(limit) or all(map(math.isfinite, values))


def _write(row: KeptForecast) -> int:
    """Write a score where there is none yet: of two that score at once, the first counts."""
    scored = {
        name: getattr(row, name) for name in ("truth", "happened_on", "crps", "naive_crps", "pit", "held", "brier")
    }
    return KeptForecast.objects.filter(pk=row.pk, scored_at=None).update(scored_at=clock.now(), **scored)


def _name_items(rows: Iterable[KeptForecast]) -> None:
    """Put the open items into the forecasts of Sprints. One query."""
    of_sprints = [row for row in rows if row.kind == Kind.SPRINT_DONE and not row.item_ids]
    if not of_sprints:
        return
    open_items = Item.objects.open().filter(sprint__in={row.sprint_id for row in of_sprints}).order_by("pk")
    found: dict[int | None, list[int]] = {}
    for sprint_id, pk in open_items.values_list("sprint_id", "pk"):
        found.setdefault(sprint_id, []).append(pk)
    for row in of_sprints:
        row.item_ids = found.get(row.sprint_id, [])
