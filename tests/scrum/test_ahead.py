import datetime as dt

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from headway.lib import clock
from headway.live import known
from headway.scrum import actions
from headway.scrum.models import Category, Column, Item
from headway.scrum.queries import ageing_alarm, board_for, item_ahead
from tests.world import World, make_item, make_world

TIMES = [1, 2, 2, 3, 3, 4, 5, 5, 8, 13]


@pytest.fixture
def world(db: None) -> World:
    return make_world()


def finish(world: World, *days: float, ended: int = 1) -> None:
    for each in days:
        done_at = clock.now() - dt.timedelta(days=ended)
        make_item(world.team, category=Category.DONE, started_at=done_at - dt.timedelta(days=each), done_at=done_at)


def in_progress(world: World, *, days: float) -> Item:
    started_at = clock.now() - dt.timedelta(days=days)
    return make_item(world.team, category=Category.DOING, started_at=started_at)


def test_the_chances_are_those_of_the_example_by_hand(world: World) -> None:
    """docs/algorithms/flow.md, with an item of four days and a half beside."""
    finish(world, *TIMES)
    for days in (6, 20):
        in_progress(world, days=days)
    item = in_progress(world, days=4.5)
    ahead = item_ahead(item)
    assert ahead is not None
    assert (ahead.done, ahead.still_open, ahead.is_ageing) == (10, 3, False)
    # 13 items, 6 done by day 4.5; then two of six, one of three left by 11.5, and one of two by 18.5.
    assert ahead.chances == ((7, pytest.approx(1 - 4 / 6 * 2 / 3)), (14, pytest.approx(1 - 4 / 6 * 2 / 3 / 2)))


def test_an_old_one_is_ageing_and_what_was_never_seen_is_not_made_up(world: World) -> None:
    finish(world, *[1] * 20)
    item = in_progress(world, days=9)
    ahead = item_ahead(item)
    assert ahead is not None
    assert ahead.is_ageing
    assert ahead.chances is None


def test_of_what_is_not_in_progress_and_under_ten_finished_nothing_is_said(world: World) -> None:
    finish(world, *TIMES[:9])
    item = in_progress(world, days=2)
    assert item_ahead(item) is None
    finish(world, 3, ended=400)
    assert item_ahead(item) is None, "begun more than a year ago"
    finish(world, 3)
    assert item_ahead(item) is not None
    assert item_ahead(make_item(world.team)) is None
    item.removed_at = clock.now()
    assert item_ahead(item) is None


def test_the_page_of_an_item_says_it(client: Client, world: World) -> None:
    finish(world, *TIMES * 3)
    young, old = in_progress(world, days=2), in_progress(world, days=40)
    client.force_login(world.people["di"])
    page = client.get(f"/t/ANT/items/{young.number}/").content.decode()
    assert "within 1 week" in page
    assert "From 30 finished items of the last year and 2 in progress." in page
    assert "Ageing:" not in page
    answer = client.get(f"/api/v1/teams/ANT/items/{young.number}/outlook").json()
    ahead = item_ahead(young)
    assert ahead is not None
    assert answer["within_days"] == pytest.approx({str(days): chance for days, chance in ahead.chances or ()})
    assert answer["is_ageing"] is False
    assert "Ageing:" in client.get(f"/t/ANT/items/{old.number}/").content.decode()


def begun(world: World, *days_ago: int, done: bool = True) -> None:
    """Make items begun so many days ago, and, unless they are in progress, done on the same day."""
    for days in days_ago:
        at = clock.now() - dt.timedelta(days=days)
        category, done_at = (Category.DONE, at) if done else (Category.DOING, None)
        make_item(world.team, category=category, started_at=at, done_at=done_at)


def test_open_items_that_are_never_done_move_the_alarm_of_the_board(world: World) -> None:
    world.team.working_days = [0, 1, 2, 3, 4, 5, 6]
    world.team.save()
    finish(world, *TIMES)
    assert ageing_alarm(world.team) == 9  # 8 days, the first counted
    begun(world, 30, 31, 32, done=False)
    assert ageing_alarm(world.team) == 14, "3 of 13 were never seen done: the longest that any took"
    finish(world, *[1] * 20)
    assert ageing_alarm(world.team) == 9  # 5 of 33 are open for longer


def test_what_was_begun_today_is_too_young_to_count(world: World) -> None:
    world.team.working_days = [0, 1, 2, 3, 4, 5, 6]
    world.team.save()
    finish(world, *TIMES)
    begun(world, *[0] * 20, done=False)
    assert ageing_alarm(world.team) == 9


def test_board_and_item_agree_on_what_is_ageing(world: World) -> None:
    finish(world, *TIMES * 6)
    items = [in_progress(world, days=days) for days in (1, 4, 7, 10, 13, 16, 19, 22)]
    cards = board_for(world.team, None, world.cy).lanes[1].cards
    said = {card.id: card.is_ageing for card in cards}
    assert set(said.values()) == {True, False}
    for item in items:
        ahead = item_ahead(item)
        assert ahead is not None
        assert ahead.is_ageing is said[item.pk]


@pytest.mark.django_db(transaction=True)
def test_what_was_done_before_today_is_remembered_and_today_is_looked_at(world: World) -> None:
    world.team.working_days = [0, 1, 2, 3, 4, 5, 6]
    world.team.save()
    finish(world, *TIMES)
    old = in_progress(world, days=40)
    with known.request(), CaptureQueriesContext(connection) as first:
        assert ageing_alarm(world.team) == 14
    with known.request(), CaptureQueriesContext(connection) as second:
        assert ageing_alarm(world.team) == 14
    done = Column.objects.get(team=world.team, category=Category.DONE)
    for _number in range(9):
        actions.move_item(make_item(world.team), to=done, by=world.cy)
    begun(world, *[0] * 9)
    actions.move_item(old, to=done, by=world.cy)
    with known.request(), CaptureQueriesContext(connection) as third:
        assert ageing_alarm(world.team) == 6
    assert [len(caught) for caught in (first, second, third)] == [3, 1, 2]  # one of each is history's
