"""The board, the backlog, an item's page, burn-up and the figures for the engine."""

import datetime as dt

import pytest
from django.db import connection
from django.test import override_settings
from django.test.utils import CaptureQueriesContext

from headway.lib import clock
from headway.lib.days import days_between, working_days
from headway.scrum import actions, queries
from headway.scrum.models import Category, Column, Item, ItemLink, SprintStay, Transition
from tests.world import World, make_item, make_sprint, make_world

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> World:
    return make_world()


def column(world: World, name: str) -> Column:
    return Column.objects.get(team=world.team, name=name)


def at(day: str, hour: int = 12) -> override_settings:
    return override_settings(TEST_NOW=f"{day}T{hour:02}:00:00Z")


# Days


def test_working_days_count_both_ends_and_leave_out_the_weekend() -> None:
    friday, monday = dt.date(2026, 3, 6), dt.date(2026, 3, 9)
    assert working_days(friday, monday) == 2
    assert working_days(monday, friday) == 0
    assert working_days(friday, friday + dt.timedelta(days=1)) == 1
    assert working_days(friday, friday + dt.timedelta(days=27)) == 20
    assert working_days(friday, monday, [5, 6]) == 2


def test_working_days_agree_with_the_days_themselves() -> None:
    for offset in range(7):
        for length in range(20):
            first = dt.date(2026, 3, 2) + dt.timedelta(days=offset)
            last = first + dt.timedelta(days=length)
            assert working_days(first, last, [0, 2, 6]) == len(days_between(first, last, [0, 2, 6]))


# Board


@at("2026-03-12")
def test_the_board_of_a_sprint(world: World) -> None:
    sprint = make_sprint(world.team, starts_in=-3, goal="One tap")
    todo = make_item(world.team, "Later", size=3, sprint=sprint)
    make_item(world.team, "Elsewhere", size=8)
    started = dt.datetime(2026, 3, 6, 9, tzinfo=dt.UTC)
    doing = make_item(
        world.team,
        "Now",
        category=Category.DOING,
        size=5,
        sprint=sprint,
        started_at=started,
        blocked_since=dt.date(2026, 3, 10),
        blocked_because="No contract",
    )
    doing.assignees.set([world.people["cy"], world.people["bo"]])
    make_item(world.team, "Ready", category=Category.DONE, size=2, sprint=sprint)
    Column.objects.filter(pk=doing.column_id).update(limit=1)
    board = queries.board_for(world.team, sprint, world.di)
    assert [(lane.name, lane.count, lane.size) for lane in board.lanes] == [
        ("To do", 1, 3.0),
        ("In progress", 1, 5.0),
        ("Done", 1, 2.0),
    ]
    card = board.lanes[1].cards[0]
    assert (card.key, card.days, card.blocked_days, card.blocked_because) == ("ANT-3", 5, 2, "No contract")
    assert [face.initials for face in card.faces] == ["BB", "CC"]
    assert board.lanes[0].cards[0].id == todo.pk
    assert board.lanes[0].cards[0].days is None
    assert (board.lanes[1].is_full, board.lanes[1].is_over, board.lanes[0].is_full) == (True, False, False)
    assert board.delivered == 0.2
    assert board.sprint is not None
    assert (board.sprint.day, board.sprint.days, board.sprint.goal) == (4, 10, "One tap")


def test_without_a_sprint_the_board_shows_everything_but_not_all_of_it(world: World) -> None:
    make_many(world, 200)
    board = queries.board_for(world.team, None, world.cy)
    assert board.total == 200
    assert max(len(lane.cards) for lane in board.lanes) <= 60
    done = board.lanes[2]
    assert done.hidden == done.count - len(done.cards)
    assert board.sprint is None
    ends = [card.done_on for card in done.cards if card.done_on]
    assert ends == sorted(ends, reverse=True)


def test_an_empty_board_has_no_share_delivered(world: World) -> None:
    board = queries.board_for(world.team, None, world.cy)
    assert (board.total, board.delivered) == (0, None)


def test_the_board_of_another_organisation_is_empty(world: World) -> None:
    make_item(world.team)
    assert queries.board_for(world.team, None, world.eve).lanes == ()


def test_removed_items_are_on_no_board(world: World) -> None:
    actions.remove_item(make_item(world.team), by=world.cy)
    assert queries.board_for(world.team, None, world.cy).total == 0
    assert queries.backlog_rows(world.team, world.cy) == ()


def test_the_board_takes_as_many_queries_for_sixty_cards_as_for_one(world: World) -> None:
    sprint = make_sprint(world.team)
    make_item(world.team, sprint=sprint).assignees.set([world.people["cy"]])
    with CaptureQueriesContext(
        connection,
    ) as few:
        queries.board_for(world.team, sprint, world.cy)
    for number in range(60):
        make_item(world.team, f"Item {number}", sprint=sprint).assignees.set([world.people["cy"]])
    with CaptureQueriesContext(connection) as many:
        queries.board_for(world.team, sprint, world.cy)
    assert len(many) == len(few) == 5


def test_the_sprint_that_runs(world: World) -> None:
    assert queries.current_sprint(world.team) is None
    imported = make_sprint(world.team, 1, started_at=None)
    assert queries.current_sprint(world.team) == imported
    running = make_sprint(world.team, 2)
    make_sprint(world.team, 3, starts_in=10)
    assert queries.current_sprint(world.team) == running
    actions.close_sprint(running, by=world.ana)
    assert queries.current_sprint(world.team) == imported


@at("2026-03-31")
def test_ageing_warns_after_what_most_items_took(world: World) -> None:
    now = clock.now()
    for days in [1] * 9:
        make_item(world.team, category=Category.DONE, started_at=now - dt.timedelta(days=days), done_at=now)
    assert queries.ageing_alarm(world.team) is None
    make_item(world.team, category=Category.DONE, started_at=now - dt.timedelta(days=14), done_at=now)
    assert queries.ageing_alarm(world.team) == 2
    for days in [1] * 9:
        make_item(world.team, category=Category.DONE, started_at=now - dt.timedelta(days=days), done_at=now)
    old = make_item(world.team, category=Category.DOING, started_at=now - dt.timedelta(days=6))
    cards = queries.board_for(world.team, None, world.cy).lanes[1].cards
    assert [(card.id, card.is_ageing) for card in cards] == [(old.pk, True)]


# Backlog


def test_the_backlog_is_what_is_open_in_order(world: World) -> None:
    sprint = make_sprint(world.team)
    a = make_item(world.team, "a", size=2, sprint=sprint)
    make_item(world.team, "done", category=Category.DONE)
    b = make_item(world.team, "b")
    actions.rank_item(b, at_top=True, by=world.bo)
    rows = queries.backlog_rows(world.team, world.di)
    assert [(row.id, row.place, row.sprint_name) for row in rows] == [(b.pk, 1, ""), (a.pk, 2, "Sprint 1")]
    assert queries.backlog_rows(world.team, world.eve) == ()
    assert len(queries.backlog_rows(world.team, world.di, limit=1)) == 1


# Item


def test_the_page_of_an_item(world: World) -> None:
    parent = make_item(world.team, "Parent", kind=Item.Kind.EPIC)
    item = actions.create_item(world.team, by=world.cy, title="One", parent=parent)
    child = actions.create_item(world.team, by=world.cy, title="Child", parent=item)
    ItemLink.objects.create(item=item, to=child, type="blocks")
    ItemLink.objects.create(item=parent, to=item, type="relates to")
    actions.edit_item(item, by=world.bo, size=3)
    actions.move_item(item, to=column(world, "In progress"), by=world.cy)
    Transition.objects.create(
        item=item, status="Selected", category="todo", at=clock.now() - dt.timedelta(days=9), is_imported=True
    )
    page = queries.item_page(world.team, item.number, world.di)
    assert page is not None
    assert (page.place, page.places, page.days) == (2, 3, 1)
    assert page.parent is not None
    assert page.parent.id == parent.pk
    assert [ref.id for ref in page.children] == [child.pk]
    assert [(ref.how, ref.id) for ref in page.links] == [("blocks", child.pk), ("← relates to", parent.pk)]
    assert [(step.name, step.who) for step in page.history] == [
        ("item.moved", "Cy Cole"),
        ("item.edited", "Bo Berg"),
        ("item.created", "Cy Cole"),
        ("status.entered", ""),
    ]
    assert queries.item_page(world.team, item.number, world.eve) is None
    assert queries.item_page(world.team, 99, world.di) is None


# Burn-up


def test_burn_up_is_right_when_the_scope_changes_and_a_done_item_is_reopened(world: World) -> None:
    with at("2026-03-02", 9):  # a Monday
        sprint = actions.start_sprint(
            actions.create_sprint(
                world.team, by=world.ana, starts_on=dt.date(2026, 3, 2), ends_on=dt.date(2026, 3, 13)
            ),
            by=world.ana,
        )
        a, b, c = (make_item(world.team, name, size=size) for name, size in (("a", 3), ("b", 5), ("c", 2)))
        actions.add_items_to_sprint([a, b], sprint, by=world.ana)
    with at("2026-03-04"):
        a = actions.move_item(a, to=column(world, "Done"), by=world.cy)
    with at("2026-03-05"):
        actions.add_to_sprint(c, sprint, by=world.cy)
    with at("2026-03-06"):
        actions.move_item(a, to=column(world, "In progress"), by=world.cy)
    with at("2026-03-08"):  # a Sunday counts with Monday
        actions.move_item(c, to=column(world, "Done"), by=world.cy)
    with at("2026-03-10"):
        actions.take_out_of_sprint(b, by=world.cy)
        chart = queries.burn_up(sprint)
    assert chart is not None
    assert [(day.on.day, day.scope, day.done) for day in chart.days] == [
        (2, 8.0, 0.0),
        (3, 8.0, 0.0),
        (4, 8.0, 3.0),
        (5, 10.0, 3.0),
        (6, 10.0, 0.0),
        (9, 10.0, 2.0),
        (10, 5.0, 2.0),
        (11, 5.0, None),
        (12, 5.0, None),
        (13, 5.0, None),
    ]
    assert (chart.unit, chart.open_items, chart.unsized, chart.scope, chart.done) == ("size", 1, 0, 5.0, 2.0)


def test_burn_up_of_a_closed_sprint_keeps_what_was_carried_over_in_its_scope(world: World) -> None:
    with at("2026-03-02", 9):
        sprint = actions.create_sprint(
            world.team, by=world.ana, starts_on=dt.date(2026, 3, 2), ends_on=dt.date(2026, 3, 6)
        )
        actions.start_sprint(sprint, by=world.ana)
        for title in "ab":
            actions.add_to_sprint(make_item(world.team, title), sprint, by=world.ana)
    with at("2026-03-06"):
        actions.move_item(Item.objects.get(title="a"), to=column(world, "Done"), by=world.cy)
        actions.close_sprint(sprint, by=world.ana, reason="Late")
        sprint.refresh_from_db()
    with at("2026-03-09"):
        actions.move_item(Item.objects.get(title="b"), to=column(world, "Done"), by=world.cy)
        chart = queries.burn_up(sprint)
    assert chart is not None
    assert (chart.unit, chart.days[-1].scope, chart.days[-1].done) == ("items", 2.0, 1.0)


def test_burn_up_without_dates_is_none(world: World) -> None:
    assert queries.burn_up(make_sprint(world.team, starts_on=None, ends_on=None)) is None


def test_done_without_a_transition_counts_from_its_date(world: World) -> None:
    sprint = make_sprint(world.team, starts_in=-7)
    item = make_item(world.team, category=Category.DONE, sprint=sprint)
    SprintStay.objects.create(sprint=sprint, item=item, added_at=clock.now() - dt.timedelta(days=7))
    chart = queries.burn_up(sprint)
    assert chart is not None
    assert (chart.done, chart.open_items) == (1.0, 0)


# Figures for the engine


@at("2026-03-31")
def test_throughput_counts_full_weeks_that_end_today(world: World) -> None:
    for days_ago in (0, 6, 7, 20, 22):
        make_done(world, days_ago)
    assert queries.throughput(world.team) == [1, 1, 2]
    assert queries.throughput(world.team, weeks=2) == [1, 2]
    assert queries.throughput(world.team, today=dt.date(2026, 3, 30)) == [1, 0, 2]
    assert queries.daily_done(world.team)[0] == dt.date(2026, 3, 9)
    assert queries.daily_done(world.team)[1][:3] == [1, 0, 1]
    assert len(queries.daily_done(world.team)[1]) == 23


@at("2026-03-31")
def test_a_quiet_week_is_a_zero_and_a_reopened_item_counts_once(world: World) -> None:
    item = make_done(world, 20)
    make_done(world, 20)
    assert queries.throughput(world.team) == [2, 0, 0]
    actions.move_item(item, to=column(world, "In progress"), by=world.cy)
    assert queries.throughput(world.team) == [1, 0, 0]
    actions.move_item(item, to=column(world, "Done"), by=world.cy)
    assert queries.throughput(world.team) == [1, 0, 1]


def test_without_anything_done_there_is_no_history(world: World) -> None:
    make_item(world.team)
    assert queries.throughput(world.team) == []
    assert queries.daily_done(world.team) == (None, [])
    assert queries.team_pace(world.team) == queries.Pace(None, None, 0)
    assert queries.sprint_history(world.team) == []


@at("2026-03-31")
def test_pace_is_per_week_over_the_last_full_weeks(world: World) -> None:
    for days_ago in (1, 2, 8, 27):
        make_done(world, days_ago, size=3)
    assert queries.team_pace(world.team) == queries.Pace(1.0, 3.0, 4)


@at("2026-03-31")
def test_days_belong_to_the_time_zone_of_the_viewer(world: World) -> None:
    from django.utils import timezone

    make_done(world, 7, done_at=dt.datetime(2026, 3, 24, 23, 30, tzinfo=dt.UTC))
    with timezone.override("Europe/Madrid"):  # there it is the 25th already
        assert queries.throughput(world.team) == [1]
    assert queries.throughput(world.team) == [0]
    assert queries.daily_done(world.team)[0] == dt.date(2026, 3, 24)
    with timezone.override("Europe/Madrid"):
        assert queries.daily_done(world.team)[0] == dt.date(2026, 3, 25)


def test_cycle_times_and_ages(world: World) -> None:
    now = clock.now()
    make_item(
        world.team, category=Category.DONE, started_at=now - dt.timedelta(days=5), done_at=now - dt.timedelta(days=2)
    )
    make_item(world.team, category=Category.DOING, started_at=now - dt.timedelta(days=4))
    make_item(world.team, category=Category.DONE, started_at=None)
    times = queries.cycle_times(world.team)
    assert times.done == (3.0,)
    assert times.still_open == (pytest.approx(4.0, abs=0.01),)


def test_sprint_history_is_committed_and_delivered(world: World) -> None:
    with at("2026-03-02", 9):
        sprint = actions.create_sprint(
            world.team, by=world.ana, starts_on=dt.date(2026, 3, 2), ends_on=dt.date(2026, 3, 6)
        )
        actions.start_sprint(sprint, by=world.ana)
        items = [make_item(world.team, str(n), size=n + 1) for n in range(4)]
        actions.add_items_to_sprint(items[:2], sprint, by=world.ana)
    with at("2026-03-04"):
        actions.add_items_to_sprint(items[2:], sprint, by=world.ana)
        for item in (items[0], items[3]):
            actions.move_item(item, to=column(world, "Done"), by=world.cy)
    with at("2026-03-06"):
        actions.close_sprint(sprint, by=world.ana, reason="Late")
    with at("2026-03-10"):
        actions.move_item(items[1], to=column(world, "Done"), by=world.cy)
        assert queries.sprint_history(world.team) == [
            queries.SprintResult(
                sprint_id=sprint.pk,
                name="Sprint 1",
                ends_on=dt.date(2026, 3, 6),
                committed=3.0,
                delivered=5.0,
                unit="size",
            )
        ]


def test_sprints_in_a_list(world: World) -> None:
    sprint = make_sprint(world.team)
    make_item(world.team, sprint=sprint, size=2)
    make_item(world.team, sprint=sprint, size=3, category=Category.DONE)
    make_sprint(world.team, 2, starts_in=10)
    rows = queries.sprint_rows(world.team, world.di)
    assert [(row.number, row.items, row.done, row.size) for row in rows] == [(2, 0, 0, 0.0), (1, 2, 1, 5.0)]
    assert queries.sprint_rows(world.team, world.eve) == ()
    assert [item.size for item in queries.open_items_of(sprint)] == [2]


@pytest.mark.parametrize("name", ["board", "whole board", "throughput", "cycle times", "item"])
def test_a_thousand_items_take_as_many_queries_as_ten(world: World, name: str) -> None:
    sprint = make_sprint(world.team)
    read = {
        "board": lambda: queries.board_for(world.team, sprint, world.cy),
        "whole board": lambda: queries.board_for(world.team, None, world.cy),
        "throughput": lambda: queries.throughput(world.team),
        "cycle times": lambda: queries.cycle_times(world.team),
        "item": lambda: queries.item_page(world.team, 5, world.cy),
    }[name]
    counts = []
    for many in (10, 1_000):
        Item.objects.filter(team=world.team).delete()
        make_many(world, many)
        Item.objects.filter(number__lte=many // 2).update(sprint=sprint)
        with CaptureQueriesContext(connection) as captured:
            read()
        counts.append(len(captured))
    assert counts[0] == counts[1]


def make_done(world: World, days_ago: int, **fields: object) -> Item:
    fields = {"done_at": clock.now() - dt.timedelta(days=days_ago)} | fields
    return make_item(world.team, category=Category.DONE, **fields)


def make_many(world: World, count: int) -> None:
    """Make items of all three categories quickly: half of them done, on different days."""
    from headway.lib import ranks

    columns = {column.category: column for column in Column.objects.filter(team=world.team)}
    categories = [Category.TODO, Category.DONE, Category.DOING, Category.DONE]
    now = clock.now()
    Item.objects.bulk_create(
        [
            Item(
                team=world.team,
                number=number,
                title=f"Item {number}",
                category=categories[number % 4],
                column=columns[categories[number % 4]],
                rank=rank,
                created_at=now - dt.timedelta(days=400),
                updated_at=now,
                started_at=now - dt.timedelta(days=number % 300 + 5) if number % 4 else None,
                done_at=now - dt.timedelta(days=number % 300) if number % 2 else None,
            )
            for number, rank in enumerate(ranks.many_between(None, None, count), 1)
        ],
        batch_size=1000,
    )
