import datetime as dt

import pytest
from django.test import Client

from headway.lib import clock
from headway.scrum.models import Category, Item
from headway.scrum.queries import item_ahead
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
