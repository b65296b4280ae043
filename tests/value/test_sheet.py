"""The value sheet: the Product Owner's order with range, chance, weeks, value, waiting, ties and the shelf."""

import math
from collections.abc import Iterator
from itertools import permutations
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from headway.engine import portfolio as engine
from headway.lib import clock
from headway.okr.models import KeyResult
from headway.scrum.models import Category, Item
from headway.value.actions import link_item, shelve
from headway.value.documents import plan_document
from headway.value.queries import Sheet, rest_of_backlog, value_sheet
from tests.value.make import make_bet, make_done
from tests.world import World, make_item, make_key_result, make_measurement, make_sprint


def sheet_of(world: World) -> Sheet:
    return value_sheet(world.team, world.bo)


def figures(document: Any) -> Iterator[float]:
    """Walk a document for every number in it."""
    if isinstance(document, dict):
        document = list(document.values())
    if isinstance(document, list):
        for part in document:
            yield from figures(part)
    if isinstance(document, int | float):
        yield document


def test_value_is_chance_times_mean_times_worth_over_the_way(world: World) -> None:
    make_done(world.team)
    make_bet(make_item(world.team, size=6), world.key_result, 1, 2, 3, 0.5)  # 1 of 20 points to expect
    row = sheet_of(world).rows[0]
    assert row.value == pytest.approx(5.0)
    assert row.weeks == pytest.approx(1.0), "6 of the 2 × 3 that a week holds"
    assert row.value_per_week == pytest.approx(5.0)
    assert row.adds == pytest.approx(5.0 * 25 / 26, rel=0.1), "it lands after a week, and is shared by the reserve"
    assert row.cost_of_waiting == pytest.approx(5.0 * 2 / 26, rel=0.1), "a Sprint of two weeks"
    assert row.pays == pytest.approx(0.5, abs=0.02)
    assert row.bets[0].expected == pytest.approx(1.0)


def test_money_where_every_key_result_has_a_worth_else_points(world: World) -> None:
    make_done(world.team)
    other = make_key_result(world.objective, "Other", worth=40_000.0)
    make_bet(make_item(world.team), world.key_result)
    make_bet(make_item(world.team), other)
    assert sheet_of(world).currency is None
    KeyResult.objects.filter(pk=world.key_result.pk).update(worth=20_000.0)
    sheet = sheet_of(world)
    assert sheet.currency == "EUR"
    assert [row.value for row in sheet.rows] == [pytest.approx(1_000.0), pytest.approx(2_000.0)]


def test_what_is_reached_is_worth_nothing_more(world: World) -> None:
    make_done(world.team)
    make_bet(make_item(world.team), world.key_result)
    make_measurement(world.key_result, 55.0)
    row = sheet_of(world).rows[0]
    assert (row.value, row.bets[0].gap) == (0.0, 0.0)


def test_a_key_result_that_should_fall_counts_the_same(world: World) -> None:
    make_done(world.team)
    falling = make_key_result(world.objective, "Gaps", baseline=12.0, target=7.0, direction="decrease")
    make_measurement(falling, 10.0)
    make_bet(make_item(world.team), falling, 1, 2, 3, 0.5)
    row = sheet_of(world).rows[0]
    assert row.bets[0].gap == 3.0
    assert row.value == pytest.approx(20.0)


def test_a_key_result_without_from_and_to_has_no_price_and_says_so(world: World) -> None:
    make_done(world.team)
    learning = make_key_result(world.objective, "Learning", baseline=None)
    make_bet(make_item(world.team), learning)
    row = sheet_of(world).rows[0]
    assert row.value is None
    assert "no from and to" in row.bets[0].no_price_because


def test_without_history_value_is_shown_and_what_is_missing_is_said(world: World) -> None:
    make_bet(make_item(world.team), world.key_result)
    sheet = sheet_of(world)
    row = sheet.rows[0]
    assert row.value == pytest.approx(5.0)
    assert (row.weeks, row.value_per_week, row.cost_of_waiting) == (None, None, None)
    assert (sheet.value_present, sheet.value_best, sheet.capacity) == (None, None, None)
    assert "4 full weeks" in sheet.pace.missing


def test_weeks_fall_back_to_items_where_nothing_has_a_size(world: World) -> None:
    make_done(world.team, a_week=2, size=None)
    make_bet(make_item(world.team, size=5), world.key_result)
    make_bet(make_item(world.team), world.key_result)
    assert [row.weeks for row in sheet_of(world).rows] == [0.5, 0.5]


def test_the_present_order_is_never_worth_more_than_the_best_found(world: World) -> None:
    make_done(world.team)
    make_bet(make_item(world.team, size=30), world.key_result, 0, 1, 2, 0.3)
    make_bet(make_item(world.team, size=3), world.key_result, 3, 4, 5, 0.8)
    sheet = sheet_of(world)
    assert sheet.value_present is not None
    assert sheet.value_best is not None
    assert sheet.value_present < sheet.value_best
    assert sheet.waiting == pytest.approx(sheet.value_best - sheet.value_present)
    assert sheet.plan is not None
    assert sheet.plan.best.order == (sheet.rows[1].number, sheet.rows[0].number)
    assert sheet.plan.best.gap == 0.0, "of so few every order is tried"


def test_two_that_cannot_be_told_apart_are_a_tie_and_a_kind_between_only_stands_there(world: World) -> None:
    make_done(world.team)
    make_bet(make_item(world.team, "One", size=3), world.key_result, 0, 2, 5)
    link_item(make_item(world.team, "Law", size=3), by=world.cy, kind="compliance", reason="The law")
    make_bet(make_item(world.team, "Two", size=3), world.key_result, 0, 2, 5)
    make_bet(make_item(world.team, "Far less", size=30), world.key_result, 0.0, 0.1, 0.2, 0.1)
    rows = sheet_of(world).rows
    assert [(row.tie, row.tie_place) for row in rows] == [(1, "first"), (None, "through"), (1, "last"), (None, "")]
    assert rows[0].tie_with == (str(rows[2].number),)


def test_the_same_input_gives_the_same_sheet_bit_for_bit(world: World) -> None:
    make_done(world.team)
    for number in range(12):
        make_bet(make_item(world.team, size=number % 4 + 1), world.key_result, 0, number / 5, number / 2, 0.5)
    assert plan_document(sheet_of(world)) == plan_document(sheet_of(world))


def test_the_capacity_line_stands_after_the_last_that_fits(world: World) -> None:
    make_done(world.team)  # 6 points a week; the next Sprint holds 2 × 0.8 weeks = 9.6 points
    make_sprint(world.team, 7, starts_in=10)
    for size in (6, 3, 3):
        make_bet(make_item(world.team, size=size), world.key_result)
    capacity = sheet_of(world).capacity
    assert capacity is not None
    assert (capacity.sprint, capacity.rows) == ("Sprint 7", 2)
    assert capacity.weeks == pytest.approx(1.6)
    assert capacity.reserve_weeks == pytest.approx(0.4)


def test_what_is_in_the_running_sprint_is_only_counted(world: World) -> None:
    make_done(world.team)
    sprint = make_sprint(world.team, 4)
    make_bet(make_item(world.team, sprint=sprint), world.key_result)
    make_bet(make_item(world.team, "After"), world.key_result)
    sheet = sheet_of(world)
    assert [row.title for row in sheet.rows] == ["After"]
    assert (sheet.in_sprint, sheet.running_sprint) == (1, "Sprint 4")


def test_the_shelf_has_its_price_and_reasons(world: World) -> None:
    make_done(world.team)
    priced = make_item(world.team, "Chat")
    make_bet(priced, world.key_result)
    make_bet(make_item(world.team, "Now"), world.key_result)
    shelve(priced, by=world.bo, reason="Four times the effort", asked_by="Priya")
    shelve(make_item(world.team, "Dark theme"), by=world.bo, reason="Serves nothing")
    sheet = sheet_of(world)
    assert [row.title for row in sheet.rows] == ["Now"]
    assert [(row.title, row.price is not None) for row in sheet.not_now] == [("Chat", True), ("Dark theme", False)]
    assert sheet.given_up == sheet.not_now[0].price


def test_done_and_removed_work_is_gone(world: World) -> None:
    make_bet(make_item(world.team, category=Category.DONE), world.key_result)
    make_bet(make_item(world.team, removed_at=clock.now()), world.key_result)
    assert sheet_of(world).rows == ()


def test_the_rest_is_paged_filtered_and_counts_what_it_leaves_out(world: World) -> None:
    make_bet(make_item(world.team, "Priced"), world.key_result)
    for number in range(5):
        make_item(world.team, f"Plain {number}")
    linked = make_item(world.team, "Linked without a range")
    link_item(linked, by=world.cy, key_result=world.key_result)
    shelve(make_item(world.team, "Put aside"), by=world.bo, reason="So")
    sheet = sheet_of(world)
    first, second = (rest_of_backlog(world.team, sheet, page=page, per_page=4) for page in (1, 2))
    assert (first.count, first.pages) == (6, 2)
    assert [row.title for row in first.rows + second.rows] == [*(f"Plain {n}" for n in range(5)), linked.title]
    assert [row.title for row in rest_of_backlog(world.team, sheet, unlinked=True).rows][-1] == "Plain 4"
    assert [row.title for row in rest_of_backlog(world.team, sheet, text="plain 3").rows] == ["Plain 3"]
    assert [row.title for row in rest_of_backlog(world.team, sheet, text=f"ANT-{linked.number}").rows] == [linked.title]
    by_kr = rest_of_backlog(world.team, sheet, key_result_id=world.key_result.pk)
    assert [row.title for row in by_kr.rows] == [linked.title]
    assert rest_of_backlog(world.team, sheet, page=99, per_page=4).page == 2
    assert sheet.linked.share == pytest.approx(2 / 7), "the shelf does not count"


def test_a_thousand_bets_on_one_key_result_take_the_same_queries_and_no_nan(world: World) -> None:
    make_done(world.team)
    make_bet(make_item(world.team), world.key_result)
    with CaptureQueriesContext(
        connection,
    ) as few:
        sheet_of(world)
    columns = {"team": world.team, "column": Item.objects.filter(category=Category.TODO)[0].column}
    now = clock.now()
    items = Item.objects.bulk_create(
        Item(**columns, number=10_000 + n, title=f"Bet {n}", rank=f"b{n:06}", created_at=now, updated_at=now)
        for n in range(999)
    )
    for item in items:
        make_bet(item, world.key_result, 0, 0.1, 0.4, 0.5)
    with CaptureQueriesContext(connection) as many:
        sheet = sheet_of(world)
    assert len(many) == len(few)
    assert len(sheet.rows) == 1000
    document = plan_document(sheet)
    assert all(map(math.isfinite, figures(document)))
    assert document["value_present"] <= 100.0, "together they never bring more than the gap"


MOVEMENTS = st.lists(st.floats(-1e12, 1e12), min_size=3, max_size=3).map(sorted)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    bets=st.lists(st.tuples(MOVEMENTS, st.floats(0, 1)), min_size=1, max_size=4),
    way=st.tuples(st.floats(-1e9, 1e9), st.floats(-1e9, 1e9), st.floats(-1e9, 1e9)),
    worth=st.none() | st.floats(0, 1e12),
    size=st.none() | st.floats(0, 1e6),
)
def test_never_nan(
    world: World,
    bets: list[tuple[list[float], float]],
    way: tuple[float, float, float],
    worth: float | None,
    size: float | None,
) -> None:
    Item.objects.all().delete()
    KeyResult.objects.all().delete()
    make_done(world.team, weeks=5, a_week=1)
    key_result = make_key_result(world.objective, baseline=way[0], target=way[1], worth=worth)
    make_measurement(key_result, way[2])
    for (low, likely, high), chance in bets:
        make_bet(make_item(world.team, size=size), key_result, low, likely, high, chance)
    sheet = sheet_of(world)
    assert all(map(math.isfinite, figures(plan_document(sheet))))
    if sheet.scale:
        for row in sheet.rows:
            for bet in row.bets:
                assert 0 <= sheet.scale.at(bet.promise.low, bet.span) <= 100


def test_the_figures_are_those_of_the_engine_on_any_database(world: World) -> None:
    make_done(world.team)  # 2 × 3 points a week
    promises = [
        (1.0, 2.0, 3.0, 0.5, 6.0),
        (0.5, 4.0, 9.5, 0.3, 4.0),
        (0.1, 0.7, 1.9, 0.9, 1.0),
        (2.0, 5.0, 7.0, 0.6, 12.0),
    ]
    for low, likely, high, chance, size in promises:
        make_bet(make_item(world.team, size=size), world.key_result, low, likely, high, chance)
    make_measurement(world.key_result, 43.3)
    bets = [engine.BetInput(item, 0, *promise) for item, (*promise, _size) in enumerate(promises)]
    sheet = sheet_of(world)
    assert sheet.plan is not None
    portfolio = engine.Portfolio(
        effort=[size / 6.0 for *_promise, size in promises],
        capacity=[2 * 0.8],
        bets=bets,
        gap=[50.0 - 43.3],
        worth=[100.0],
        span=[20.0],
        drift=[0.0],
        capacity_spread=sheet.plan.asked.portfolio.capacity_spread,
    )
    assert sheet.plan.asked.portfolio == portfolio
    drawn = engine.Scenarios(portfolio, rng=sheet.plan.asked.rng())
    assert [row.value for row in sheet.rows] == pytest.approx(engine.cost_of_delay(portfolio).tolist())
    assert [row.adds for row in sheet.rows] == [step.adds for step in drawn.steps(range(4))]
    assert [row.cost_of_waiting for row in sheet.rows] == [step.waiting for step in drawn.steps(range(4))]
    assert sheet.value_present == drawn.score(range(4))
    assert sheet.value_best == max(drawn.score(order) for order in permutations(range(4)))
