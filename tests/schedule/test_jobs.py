"""Jobs that come again: each is handed out once, however many workers look."""

import datetime as dt
import threading
from collections.abc import Iterator

import pytest
from django.db import connection
from django_tasks import task

from headway.schedule import jobs
from headway.schedule.models import Job

ran: list[str] = []
NOON = dt.datetime(2026, 3, 2, 12, 0, tzinfo=dt.UTC)


@task()
def count_one() -> None:
    ran.append("one")


@pytest.fixture(autouse=True)
def plans(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    ran.clear()
    monkeypatch.setattr(jobs, "_plans", {})
    jobs.daily("test.daily", count_one, hour=3)
    yield
    ran.clear()


@pytest.mark.django_db
def test_a_job_is_due_at_its_hour_once_a_day() -> None:
    assert jobs.tick(NOON) == []  # seen for the first time: it waits for its hour
    assert Job.objects.get().due_at == NOON.replace(day=3, hour=3)
    night = NOON.replace(day=3, hour=3, minute=1)
    assert jobs.tick(night) == ["test.daily"]
    assert jobs.tick(night) == []
    assert ran == ["one"]
    assert Job.objects.get().due_at == NOON.replace(day=4, hour=3)


@pytest.mark.django_db
def test_what_was_missed_is_done_once() -> None:
    jobs.tick(NOON)
    assert jobs.tick(NOON + dt.timedelta(days=9)) == ["test.daily"]
    assert ran == ["one"]


@pytest.mark.django_db
def test_a_task_that_cannot_be_queued_leaves_the_job_due(monkeypatch: pytest.MonkeyPatch) -> None:
    class Broken:
        def enqueue(self) -> None:
            raise RuntimeError

    jobs.tick(NOON)
    jobs.daily("test.daily", Broken(), hour=3)
    with pytest.raises(RuntimeError):
        jobs.tick(NOON + dt.timedelta(days=1))
    assert Job.objects.get().handed_at is None
    jobs.daily("test.daily", count_one, hour=3)
    assert jobs.tick(NOON + dt.timedelta(days=1)) == ["test.daily"]


@pytest.mark.django_db(transaction=True)
def test_of_several_workers_one_has_it() -> None:
    jobs.tick(NOON)
    ready, handed = threading.Barrier(4), []

    def look() -> None:
        ready.wait(10)
        handed.extend(jobs.tick(NOON + dt.timedelta(days=1)))
        connection.close()

    threads = [threading.Thread(target=look) for _number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert handed == ["test.daily"]
    assert ran == ["one"]
    Job.objects.all().delete()
