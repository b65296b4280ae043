"""Run tasks again and again, each time once, however many workers there are.

    @task()
    def keep_to_the_rules() -> None: ...

    jobs.daily("people.retention", keep_to_the_rules, hour=3)     # in an AppConfig.ready()

Every server and every `headway worker` asks now and then what is due (`tick`). One statement moves the row of a job on
to its next moment, and in the same transaction the task is put into the queue: whoever's statement changed the row has
the job, the others find it moved. A crash between leaves both or neither. The queue then gives the task to one worker
(django-tasks).

A job that was missed while nothing ran is done once when something runs again, not once for each time.
"""

import datetime as dt
import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db import close_old_connections, connection, transaction
from django.db.utils import DatabaseError
from django_tasks_db.models import DBTaskResult

from headway.lib import clock

from .models import Job

log = logging.getLogger("headway.schedule")

LOOK_EVERY = 30  # [s]


@dataclass(frozen=True)
class _Plan:
    task: Any
    after: Callable[[dt.datetime], dt.datetime]  # the first moment that is due after this one


_plans: dict[str, _Plan] = {}


def daily(name: str, task: Any, *, hour: int = 3) -> None:
    """Run a task without arguments each day at this hour, UTC."""
    _plans[name] = _Plan(task, lambda moment: _next_day(moment, hour))


def every(name: str, task: Any, *, minutes: int) -> None:
    """Run a task without arguments every so many minutes."""
    _plans[name] = _Plan(task, lambda moment: moment + dt.timedelta(minutes=minutes))


def tick(now: dt.datetime | None = None) -> list[str]:
    """Put into the queue what is due. Returns the names of the jobs. One query where nothing is."""
    now = now or clock.now()
    known = dict(Job.objects.filter(name__in=_plans).values_list("name", "due_at"))
    for name in _plans.keys() - known.keys():
        # ignore_conflicts: another worker may look at the same moment.
        Job.objects.bulk_create([Job(name=name, due_at=_plans[name].after(now))], ignore_conflicts=True)
    return [name for name, due_at in sorted(known.items()) if due_at <= now and _hand_out(name, due_at, now)]


def keep_ticking(stop: threading.Event) -> None:
    """Look again and again until `stop` is set; for a thread of its own."""
    while not stop.wait(LOOK_EVERY):
        try:
            tick()
        except DatabaseError:  # a database that is away comes back
            log.exception("the schedule could not be read")
        finally:
            close_old_connections()
    connection.close()


def is_anything_to_do() -> bool:
    """Tell whether a task in the queue may begin. One query; False where the database does not answer."""
    try:
        return bool(DBTaskResult.objects.ready().exists())
    except DatabaseError:  # said by whoever else needs it: this is asked every moment
        return False
    finally:
        close_old_connections()


def _hand_out(name: str, due_at: dt.datetime, now: dt.datetime) -> bool:
    with transaction.atomic():
        mine = Job.objects.filter(name=name, due_at=due_at).update(due_at=_plans[name].after(now), handed_at=now)
        if mine:
            _plans[name].task.enqueue()
            log.info("job %s is handed out", name)
    return bool(mine)


def _next_day(moment: dt.datetime, hour: int) -> dt.datetime:
    due = moment.astimezone(dt.UTC).replace(hour=hour, minute=0, second=0, microsecond=0)
    return due if due > moment else due + dt.timedelta(days=1)
