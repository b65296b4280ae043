"""Limits on tries: they hold for all processes together, fill up again, and keep no names."""

import datetime as dt
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection
from django.test import RequestFactory

from headway.lib import clock
from headway.people import throttle
from headway.people.models import Throttle

pytestmark = pytest.mark.django_db
NOON = dt.datetime(2026, 11, 17, 12, tzinfo=dt.UTC)


@pytest.fixture
def at(monkeypatch):
    """Move the clock: `at(30)` is half a minute past noon."""

    def move(seconds: float) -> None:
        monkeypatch.setattr(clock, "now", lambda: NOON + dt.timedelta(seconds=seconds))

    move(0)
    return move


def five(key: str = "ana", kind: str = "sign-in") -> int:
    return throttle.take(kind, key, 5, 60)


def test_the_tries_are_given_and_then_there_is_a_wait(at):
    assert [five() for _ in range(6)] == [0, 0, 0, 0, 0, 12]


def test_tries_come_back_one_by_one(at):
    for _ in range(5):
        five()
    at(11)
    assert five() == 1
    at(12)
    assert (five(), five()) == (0, 12)
    at(200)
    assert [five() for _ in range(6)] == [0, 0, 0, 0, 0, 12]


def test_knocking_does_not_make_the_wait_longer(at):
    for _ in range(50):
        five()
    at(12)
    assert five() == 0


def test_another_key_and_another_kind_are_not_touched(at):
    for _ in range(6):
        five()
    assert five("bo") == 0
    assert five(kind="totp") == 0
    assert five("ANA") > 0  # an address is the same in capitals


def test_a_try_given_back_or_forgotten_can_be_taken_again(at):
    for _ in range(5):
        five()
    throttle.give_back("sign-in", "ana", 5, 60)
    assert (five(), five()) == (0, 12)
    throttle.forget("sign-in", "ana")
    assert five() == 0


def test_several_are_taken_at_once_or_none(at):
    assert throttle.take("link", "x", 10, 60, count=8) == 0
    assert throttle.take("link", "x", 10, 60, count=4) == 12
    assert throttle.take("link", "x", 10, 60, count=2) == 0


def test_nothing_in_the_table_tells_who(at):
    five("ana@northwind.example 192.0.2.7")
    row = Throttle.objects.get()
    assert "ana" not in row.key
    assert len(row.key) == 64


def test_what_is_over_is_swept(at):
    five("ana")
    five("bo")
    at(30)
    five("bo")
    assert throttle.sweep() == 1
    at(300)
    assert throttle.sweep() == 1
    assert not Throttle.objects.exists()


def test_blocks_write_once_for_many(at, django_assert_num_queries):
    blocks = throttle.Blocks("token", limit=20, per=60, size=10)
    with django_assert_num_queries(2):
        assert {blocks.take("t") for _ in range(20)} == {0}
    assert blocks.take("t") == 3
    other_process = throttle.Blocks("token", limit=20, per=60, size=10)
    assert other_process.take("t") == 3
    at(3)
    assert blocks.take("t") == 0


@pytest.mark.django_db(transaction=True)
def test_many_at_once_get_no_more_than_the_limit():
    def knock(_: int) -> int:
        try:
            return throttle.take("sign-in", "ana", 10, 36_000)
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as threads:
        waits = list(threads.map(knock, range(40)))
    assert waits.count(0) == 10


@pytest.mark.parametrize(
    ("seconds", "told"), [(1, "1 second,"), (59, "59 seconds"), (600, "10 minutes"), (601, "11 minutes")]
)
def test_the_wait_is_said_in_words(seconds, told):
    assert told in throttle.please_wait(seconds)


def test_an_ipv6_network_counts_as_one_address():
    def of(address: str) -> str:
        return throttle.address_of(RequestFactory().get("/", REMOTE_ADDR=address))

    assert of("192.0.2.7") == "192.0.2.7"
    assert of("2001:db8:1:2:3:4:5:6") == of("2001:db8:1:2:9:9:9:9") != of("2001:db8:1:3::1")
