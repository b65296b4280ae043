"""Forecasts that a person has just been shown, on their way into the table.

Reading never waits for a write: `keep_…` puts a forecast aside in memory, and a thread of its own writes what has
gathered a moment later, in one statement (an import may hold the database for seconds). What is known to be kept is
not even worked out again. A process that is killed within that moment loses it; the next look keeps it.

Nothing that goes wrong here reaches whoever asked: a forecast is shown also where it cannot be kept.
"""

import atexit
import datetime as dt
import logging
import math
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from django.conf import settings
from django.db import Error, connection, connections

from headway.engine.distributions import Distribution
from headway.lib import clock
from headway.okr.models import KeyResult
from headway.people.models import Team
from headway.scrum.models import Sprint

from .models import KeptForecast

log = logging.getLogger("headway.value")

#: The models by which forecasts are made; a new one gets a new name, so that its record is its own.
ITEMS_MODEL, KEY_RESULT_MODEL = "negative binomial 1", "level and own errors 1"
#: Seconds until what has gathered is written.
PATIENCE = 1.0
#: So many questions of one kind are kept of a team in a day; who asks a thousand is playing with it.
MOST_A_DAY = 20
#: So many may wait while the database is away.
MOST_WAITING = 1000

Kind = KeptForecast.Kind
Key = tuple[int, str, str, dt.date]

_lock = threading.Lock()
_newest = [dt.date.min]
_known: set[Key] = set()
_asked: Counter[tuple[str, int | None, dt.date]] = Counter()
_waiting: list[KeptForecast] = []
_timer: list[threading.Timer] = []


class _Here(threading.local):
    gathered: list[KeptForecast] | None = None


_here = _Here()


def keep_items_by_day(team: Team, done: Distribution, *, by: dt.date, today: dt.date, naive: float, weeks: int) -> None:
    """Keep "so many items by the evening of a day". `weeks` is the sample."""

    def make() -> KeptForecast:
        return KeptForecast(
            team=team, due_on=by, quantiles=_quantiles(done), naive=_finite(naive), sample=weeks, model=ITEMS_MODEL
        )

    _keep(team.organisation_id, team.pk, Kind.ITEMS_BY_DAY, f"team {team.pk} by {by}", today, make)


def keep_day_for_items(team: Team, when: Distribution, *, items: int, today: dt.date, naive: float, weeks: int) -> None:
    """Keep "so many items in so many weeks". Its date is the last one that it names: until then it may come out."""

    def make() -> KeptForecast:
        quantiles = _quantiles(when)
        last = max((value for value in quantiles if value is not None), default=260.0)
        return KeptForecast(
            team=team,
            items=items,
            due_on=today + dt.timedelta(days=max(math.ceil(7 * last), 1) - 1),
            quantiles=quantiles,
            naive=_finite(naive),
            sample=weeks,
            model=ITEMS_MODEL,
        )

    _keep(team.organisation_id, team.pk, Kind.DAY_FOR_ITEMS, f"team {team.pk} items {items}", today, make)


def keep_sprint_done(
    team: Team,
    sprint: Sprint,
    *,
    chance: float,
    ends_on: dt.date,
    items: int,
    today: dt.date,
    weeks: int,
    of_goal: Iterable[int] | None = None,
) -> None:
    """Keep "all that is open in the Sprint by its end", or the items `of_goal`.

    Which items are open in it is read when it is written.
    """

    def make() -> KeptForecast:
        return KeptForecast(
            team=team,
            sprint=sprint,
            due_on=ends_on,
            chance=chance,
            items=items,
            item_ids=sorted(of_goal or ()),
            sample=weeks,
            model=ITEMS_MODEL,
        )

    question = f"sprint {sprint.pk}" if of_goal is None else f"sprint {sprint.pk} goal"
    if items:
        _keep(team.organisation_id, team.pk, Kind.SPRINT_DONE, question, today, make)


def keep_key_result(
    key_result: KeyResult,
    ahead: Distribution,
    *,
    chance: float | None,
    due_on: dt.date,
    today: dt.date,
    last: float,
    measurements: int,
) -> None:
    """Keep "the Key Result at a day", and the chance of its target. `last` is the value now, the naive answer."""

    def make() -> KeptForecast:
        return KeptForecast(
            team_id=key_result.team_id,
            key_result=key_result,
            due_on=due_on,
            target=key_result.target,
            quantiles=_quantiles(ahead),
            chance=chance,
            naive=_finite(last),
            sample=measurements,
            model=KEY_RESULT_MODEL,
        )

    question = f"key result {key_result.pk} on {due_on}"
    _keep(key_result.organisation_id, key_result.team_id, Kind.KEY_RESULT, question, today, make)


@contextmanager
def gathered() -> Iterator[list[KeptForecast]]:
    """Gather what this thread keeps meanwhile, of whatever day, and write none of it: the caller does."""
    _here.gathered = []
    try:
        yield _here.gathered
    finally:
        _here.gathered = None


def flush() -> int:
    """Write what waits. Returns how many that was; what the database refuses for now waits on."""
    from .actions.kept_forecasts import write_kept  # actions stand above what queries use

    with _lock:
        rows = _waiting[:]
        _waiting.clear()
        _timer.clear()
    if not rows:
        return 0
    try:
        write_kept(rows)
    except Error as error:
        log.warning("%s forecasts could not be kept yet: %s", len(rows), error)
        with _lock:
            _waiting[:0] = rows[: MOST_WAITING - len(_waiting)]
        return 0
    return len(rows)


def forget() -> None:
    """Forget what is known to be kept and drop what waits: another database stands in the place of this one."""
    with _lock:
        _newest[0] = dt.date.min
        _known.clear()
        _asked.clear()
        _waiting.clear()


def _keep(
    organisation_id: int,
    team_id: int | None,
    kind: str,
    question: str,
    today: dt.date,
    make: Callable[[], KeptForecast],
) -> None:
    try:
        key = (organisation_id, kind, question, today)
        if not _is_new(key, team_id):
            return
        row = make()
        row.organisation_id, row.kind, row.question, row.made_on = key
        if _here.gathered is not None:
            _here.gathered.append(row)
            return
        with _lock:
            _waiting.append(row)
        _write_soon()
    except Exception:
        log.exception("a forecast could not be kept")


def _is_new(key: Key, team_id: int | None) -> bool:
    """Say whether a forecast is to be kept, and take it for kept. One of the past, made in hindsight, is not."""
    if _here.gathered is not None:
        return True
    _organisation_id, kind, _question, made_on = key
    if made_on != clock.today():
        return False
    with _lock:
        if made_on > _newest[0]:  # yesterday is not asked again
            _newest[0] = made_on
            _known.clear()
            _asked.clear()
        counted = (kind, team_id, made_on)
        if key in _known or _asked[counted] >= MOST_A_DAY or len(_waiting) >= MOST_WAITING:
            return False
        _known.add(key)
        _asked[counted] += 1
        return True


def _write_soon() -> None:
    if settings.TESTING:  # a test's own transaction would not be seen from another thread
        return
    with _lock:
        if _timer:
            return
        timer = threading.Timer(PATIENCE, _flush_on_thread)
        timer.daemon = True
        _timer.append(timer)
    timer.start()


def _flush_on_thread() -> None:
    try:
        flush()
    finally:
        connections.close_all()
    if _waiting:
        _write_soon()


def _quantiles(distribution: Distribution) -> list[float | None]:
    values = distribution.quantile(list(KeptForecast.LEVELS))
    assert not isinstance(values, float)
    return [_finite(float(value)) for value in values]


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


@atexit.register
def _at_the_end() -> None:
    """Write what waits: a command ends before the thread begins. Whoever is to stop waits a second at most."""
    if not settings.configured or settings.TESTING or not _waiting:
        return
    try:
        if connection.vendor == "sqlite":
            with connection.cursor() as cursor:
                cursor.execute(f"PRAGMA busy_timeout = {int(1000 * PATIENCE)}")
        flush()
    except Error as error:
        log.warning("%s forecasts could not be kept: %s", len(_waiting), error)
