"""What items promise, and how much of the linked work is done."""

import datetime as dt

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from headway.lib import clock
from headway.scrum.models import Category
from headway.value.actions import enter_verdict, link_item, shelve
from headway.value.models import due_on
from headway.value.queries import bets_of, delivered_share, promises_for
from tests.value.make import make_bet
from tests.world import World, make_item, make_key_result, make_sprint


def test_an_item_shows_key_results_first_then_its_kind(world: World) -> None:
    item, plain = make_item(world.team), make_item(world.team)
    link_item(item, by=world.cy, kind="learning", reason="Buys knowledge")
    make_bet(item, world.key_result, judge_on=clock.today())
    promise = promises_for([item.pk, plain.pk])[item.pk]
    assert [line.name for line in promise.serves] == [world.key_result.short_name, "learning"]
    assert promise.first is not None
    assert promise.first.bet is not None
    assert promise.first.bet.judge_on == clock.today()
    assert promise.kind is not None
    assert promise.kind.title == "Buys knowledge"
    assert plain.pk not in promises_for([item.pk, plain.pk])


def test_all_promises_come_in_one_query(world: World) -> None:
    items = [make_item(world.team) for _ in range(5)]
    for item in items:
        make_bet(item, world.key_result)
    with CaptureQueriesContext(connection) as queries:
        promises = promises_for([item.pk for item in items])
    assert len(queries) == 1
    assert len(promises) == 5


def test_the_ledger_shows_what_was_promised_and_found(world: World) -> None:
    open_item = make_item(world.team, "Open")
    done = make_item(world.team, "Done", category=Category.DONE)
    make_bet(open_item, world.key_result)
    enter_verdict(make_bet(done, world.key_result), by=world.ana, outcome="moved", measured=2.2, scale=4)
    ledger = bets_of(world.key_result.pk)
    assert [row.title for row in ledger] == ["Done", "Open"]
    assert ledger[0].bet.verdict is not None
    assert (ledger[0].bet.verdict.measured, ledger[0].bet.verdict.scale) == (2.2, 4)
    assert ledger[0].key == done.key


def test_delivered_is_the_share_of_size_with_the_median_for_what_has_none(world: World) -> None:
    empty = make_key_result(world.objective, "Nothing linked")
    for size, category in [(2, Category.DONE), (4, Category.TODO), (None, Category.DONE)]:
        link_item(make_item(world.team, size=size, category=category), by=world.cy, key_result=world.key_result)
    make_item(world.team, size=9)
    found = delivered_share([world.key_result.pk, empty.pk])
    delivered = found[world.key_result.pk]
    assert (delivered.done, delivered.total) == (6.0, 10.0), "the one without a size counts as the median, 4"
    assert (delivered.share, delivered.items, delivered.guessed) == (pytest.approx(0.6), 3, 1)
    assert found[empty.pk].share is None


def test_delivered_counts_what_was_taken_on_and_no_candidates(world: World) -> None:
    sprint, over = make_sprint(world.team, 2), make_sprint(world.team, 1, closed_at=clock.now())
    for size, category, of in [
        (1, Category.DONE, over),
        (2, Category.DOING, None),
        (4, Category.TODO, sprint),
        (8, Category.TODO, None),  # a candidate in the backlog
    ]:
        item = make_item(world.team, size=size, category=category, sprint=of)
        link_item(item, by=world.cy, key_result=world.key_result)
    delivered = delivered_share([world.key_result.pk])[world.key_result.pk]
    assert (delivered.done, delivered.total, delivered.items) == (1.0, 7.0, 3)


def test_without_sprints_delivered_counts_all_but_what_is_not_now(world: World) -> None:
    for size, category in [(1, Category.DONE), (3, Category.TODO), (8, Category.TODO)]:
        item = make_item(world.team, size=size, category=category)
        link_item(item, by=world.cy, key_result=world.key_result)
    shelve(item, by=world.bo, reason="Too large")
    delivered = delivered_share([world.key_result.pk])[world.key_result.pk]
    assert (delivered.done, delivered.total) == (1.0, 4.0)


def test_a_bet_is_due_on_the_promised_day_else_four_weeks_after_it_shows(world: World) -> None:
    done = dt.date(2026, 5, 4)
    assert due_on(done, lag_weeks=0, judge_on=None) == dt.date(2026, 6, 1)
    assert due_on(done, lag_weeks=3, judge_on=None) == dt.date(2026, 6, 22)
    assert due_on(done, lag_weeks=3, judge_on=dt.date(2026, 5, 20)) == dt.date(2026, 5, 20)
    assert due_on(done, lag_weeks=0, judge_on=dt.date(2026, 4, 1)) == done, "never before it is done"
    bet = promises_for([make_bet(make_item(world.team), world.key_result, lag_weeks=1).serves.item_id])
    [line] = next(iter(bet.values())).bets
    assert line.due_on(done) == dt.date(2026, 6, 8)
    assert line.due_on(None) is None
