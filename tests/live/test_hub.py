"""The hub: everything that is committed is handed on once, in order, whoever commits it."""

import random
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, connections, transaction

from headway.live.history import record
from headway.live.hub import MOST, Changes, Heard, Hub, Interrupted, Notified, changes_after, last_id, position
from headway.live.models import Change, Notice
from headway.live.notice import CLOSE, close_streams, digest, read_payload, tell
from headway.people.actor import Actor
from tests.world import World, make_world

pytestmark = pytest.mark.django_db(transaction=True)

WRITERS, EACH = 4, 15


@pytest.fixture
def heard() -> list[Heard]:
    return []


@pytest.fixture
def hub(heard: list[Heard]) -> Iterator[Hub]:
    hub = Hub(heard.append)
    yield hub
    hub.stop()


def until(is_so: Callable[[], bool]) -> None:
    """Wait for another thread; fail after a long while."""
    end = time.monotonic() + 60
    while not is_so():
        assert time.monotonic() < end, "it did not come"
        time.sleep(0.01)


def poke(world: World, by: Actor, pause: float = 0.0) -> None:
    with transaction.atomic():
        record("team.poked", by=by, subject=world.team, team_id=world.team.pk)
        time.sleep(pause)  # committed later than others that began after it


@transaction.atomic
def rolled_back(act: Callable[[], object]) -> None:
    act()
    transaction.set_rollback(True)


def ids(heard: list[Heard], organisation_id: int) -> list[int]:
    found = [part for part in heard if isinstance(part, Changes) and part.organisation_id == organisation_id]
    return [one.id for part in found for one in part.news]


def write_many(world: World, by: Actor, seed: int) -> None:
    dice = random.Random(seed)
    try:
        for _number in range(EACH):
            poke(world, by, dice.random() / 200)
    finally:
        connections.close_all()


def test_nothing_is_lost_or_told_twice_under_many_writers(hub: Hub, heard: list[Heard]) -> None:
    """Ids are taken under a lock that lasts until commit: whoever reads "after this id" never skips one."""
    world = make_world()
    hub.watch(world.organisation.pk)
    hub.watch(world.other_team.organisation_id)
    seen: list[int] = []
    stop = threading.Event()

    def read_by_id() -> None:
        try:
            while not stop.is_set():
                seen.extend(one.id for one in changes_after(world.organisation.pk, max(seen, default=0)).news)
        finally:
            connections.close_all()

    reader = threading.Thread(target=read_by_id)
    reader.start()
    with ThreadPoolExecutor(WRITERS) as pool:
        done = [pool.submit(write_many, world, world.eve if n % 2 else world.ana, n) for n in range(WRITERS)]
    for one in done:
        one.result()
    mine = list(
        Change.objects.filter(organisation_id=world.organisation.pk).order_by("pk").values_list("pk", flat=True)
    )
    assert len(mine) == WRITERS * EACH // 2
    until(lambda: len(ids(heard, world.organisation.pk)) == len(mine))
    stop.set()
    reader.join()
    assert ids(heard, world.organisation.pk) == mine
    assert seen[: len(mine)] == mine[: len(seen)]
    assert hub.position(world.organisation.pk) == mine[-1] == position(world.organisation.pk)
    # What is of another organisation is told as theirs only.
    theirs = Change.objects.filter(organisation_id=world.other_team.organisation_id).order_by("pk")
    until(lambda: len(ids(heard, world.other_team.organisation_id)) == len(theirs))
    assert ids(heard, world.other_team.organisation_id) == [row.pk for row in theirs]


def test_an_action_that_is_rolled_back_is_not_told(hub: Hub, heard: list[Heard]) -> None:
    world = make_world()
    hub.watch(world.organisation.pk)
    rolled_back(lambda: record("team.poked", by=world.ana, subject=world.team))
    poke(world, world.ana)
    until(lambda: bool(heard))
    assert ids(heard, world.organisation.pk) == [last_id(world.organisation.pk)]


def test_too_much_to_tell_one_by_one_is_a_flood() -> None:
    world = make_world()
    with transaction.atomic():
        for _number in range(MOST + 1):
            record("team.poked", by=world.ana, subject=world.team)
    found = changes_after(world.organisation.pk, 0)
    assert found.is_flood
    assert found.news == ()
    assert found.upto == last_id(world.organisation.pk)
    assert not changes_after(world.organisation.pk, found.upto - 1).is_flood


def test_whose_streams_end_is_told_on_commit(hub: Hub, heard: list[Heard]) -> None:
    world = make_world()
    hub.watch(world.organisation.pk)
    rolled_back(lambda: close_streams(person_id=1))
    with transaction.atomic():
        close_streams(person_id=2, session_key="secret")
        assert not heard
    until(lambda: len(heard) == 2)
    assert heard == [Notified(CLOSE, {"person": 2}), Notified(CLOSE, {"session": digest("secret")})]
    assert "secret" not in str(heard)


def test_notices_leave_nothing_behind() -> None:
    tell("here", process="a", pages=[])
    if connection.vendor == "postgresql":
        assert not Notice.objects.exists()
        return
    Notice.objects.update(at="2020-01-01T00:00:00Z")
    tell("here", process="b", pages=[])
    assert [row.body["process"] for row in Notice.objects.all()] == ["b"]


def test_a_lost_connection_comes_back_and_catches_up(hub: Hub, heard: list[Heard]) -> None:
    if connection.vendor != "postgresql":
        assert connection.vendor == "sqlite"  # a file is not lost
        return
    world = make_world()
    hub.watch(world.organisation.pk)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN%%'"
            " AND datname = current_database()"
        )
        assert cursor.rowcount == 1
    poke(world, world.ana)
    until(lambda: Interrupted() in heard)
    assert ids(heard, world.organisation.pk) == [last_id(world.organisation.pk)]
    poke(world, world.ana)
    until(lambda: len(ids(heard, world.organisation.pk)) == 2)


def test_the_thread_ends_with_the_last_watched_organisation(hub: Hub) -> None:
    world = make_world()
    hub.watch(world.organisation.pk)
    assert any(thread.name == "live hub" for thread in threading.enumerate())
    hub.forget(world.organisation.pk)
    until(lambda: not any(thread.name == "live hub" for thread in threading.enumerate()))
    assert hub.position(world.organisation.pk) is None
    assert position(world.organisation.pk) == last_id(world.organisation.pk)


def test_a_payload_is_read_back() -> None:
    assert read_payload('["close",{"person":3}]') == ("close", {"person": 3})
