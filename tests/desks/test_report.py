"""The report: what is in it, how it is grouped, and that it can tell what was."""

import datetime as dt

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.test.utils import CaptureQueriesContext

from headway.desks.report import Group, Report, report_for, scopes_for
from headway.lib import clock, ranks
from headway.scrum.actions import move_item
from headway.scrum.models import Category, Column, Item, SprintStay, Transition
from headway.value.actions import enter_verdict, link_item, place_bet, shelve
from headway.value.models import Serves
from headway.value.queries import delivered_share
from tests.world import (
    World,
    make_cycle,
    make_item,
    make_key_result,
    make_measurement,
    make_objective,
    make_sprint,
    make_team,
)

DAY = dt.timedelta(days=1)
MONDAY = "2026-11-16T12:00:00+00:00"
LATER = "2026-11-25T12:00:00+00:00"


def report(world: World, *, on: dt.date | None = None, **scope: object) -> Report:
    chosen = scopes_for(world.team, **scope, on=on).chosen  # type: ignore[arg-type]
    return report_for(world.team, chosen, on=on)


def titles(group: Group) -> dict[str, list[str]]:
    return {category: [line.item.title for line in lines] for category, lines in group.lanes}


def linked(world: World, title: str, category: str = Category.TODO, **fields: object) -> Item:
    item = make_item(world.team, title, category=category, **fields)
    link_item(item, by=world.cy, key_result=world.key_result)
    return item


def test_work_stands_by_the_key_result_it_serves_and_what_serves_none_beside_it(world: World) -> None:
    for category in Category.values:
        linked(world, f"linked {category}", category)
        make_item(world.team, f"loose {category}", category=category)
    found = report(world)
    assert [titles(group) for group in found.all_groups] == [
        {category: [f"linked {category}"] for category in Category.values},
        {category: [f"loose {category}"] for category in Category.values},
    ]
    assert (found.todo, found.doing, found.done) == (2, 2, 2)
    assert found.unserved.key_result is None


def test_what_serves_none_says_its_kind_and_reason(world: World) -> None:
    item = make_item(world.team)
    link_item(item, by=world.cy, kind="health", reason="It stops in March")
    make_item(world.team, "Nothing said")
    lines = report(world).unserved.todo
    assert [(line.serves.kind, line.serves.reason) if line.serves else None for line in lines] == [
        ("health", "It stops in March"),
        None,
    ]


def test_an_item_that_serves_two_stands_in_both_and_counts_once(world: World) -> None:
    second = make_key_result(world.objective, "Second", position=1)
    link_item(linked(world, "Both"), by=world.cy, key_result=second)
    found = report(world)
    assert [titles(group)["todo"] for group in found.groups] == [["Both"], ["Both"]]
    assert found.todo == 1


def test_a_key_result_without_work_is_shown_and_a_guardrail_without_is_not(world: World) -> None:
    make_key_result(world.objective, "Guards", klass="guardrail", direction="stay_within", upper=3.0)
    make_item(world.team)
    assert [group.key_result.title for group in report(world).groups if group.key_result] == [world.key_result.title]
    assert report(world).groups[0].is_empty


def test_delivered_moved_and_time_are_those_of_every_other_page(world: World) -> None:
    linked(world, "Done", Category.DONE, size=3)
    linked(world, "Open", size=1)
    make_measurement(world.key_result, 35.0)
    group = report(world).groups[0]
    assert group.key_result is not None
    assert group.delivered == delivered_share([world.key_result.pk])[world.key_result.pk]
    assert group.delivered is not None
    assert group.delivered.share == 0.75
    assert group.key_result.progress.moved == 0.25


def test_the_shelf_is_no_to_do(world: World) -> None:
    shelve(linked(world, "Not now"), by=world.bo, reason="Later")
    assert report(world).todo == 0


def test_removed_items_are_gone(world: World) -> None:
    linked(world, "Gone", removed_at=clock.now())
    assert report(world).is_empty


def test_no_other_team_s_work_is_in_it(world: World) -> None:
    make_item(make_team(world.organisation, "BEE", "Bee"), "Theirs")
    make_item(world.other_team, "Strangers'")
    assert report(world).is_empty


# Scopes


def test_without_a_wish_it_is_the_cycle_then_the_sprint_then_the_last_months(world: World) -> None:
    assert scopes_for(world.team).chosen.kind == "cycle"
    world.objective.delete()
    world.cycle.delete()
    sprint = make_sprint(world.team, 3)
    assert scopes_for(world.team).chosen.id == sprint.number
    sprint.delete()
    assert scopes_for(world.team).chosen.kind == "span"


def test_a_cycle_holds_what_was_done_in_it_and_all_that_is_open(world: World) -> None:
    make_item(world.team, "Before", category=Category.DONE, done_at=clock.now() - 60 * DAY)
    make_item(world.team, "In it", category=Category.DONE, done_at=clock.now() - 3 * DAY)
    make_item(world.team, "Open", created_at=clock.now() - 90 * DAY)
    assert titles(report(world).unserved) == {"todo": ["Open"], "doing": [], "done": ["In it"]}


def test_days_hold_what_was_done_in_them(world: World) -> None:
    for days in (3, 10, 20):
        make_item(world.team, f"{days} days ago", category=Category.DONE, done_at=clock.now() - days * DAY)
    today = clock.today()
    found = report(world, start=today - 12 * DAY, end=today - 5 * DAY)
    assert titles(found.unserved)["done"] == ["10 days ago"]


def test_what_is_done_on_no_known_day_is_counted_and_said(world: World) -> None:
    item = make_item(world.team, category=Category.DONE)
    Item.objects.filter(pk=item.pk).update(done_at=None)
    today = clock.today()
    found = report_for(world.team, scopes_for(world.team, start=today - dt.timedelta(days=7)).chosen)
    assert (found.done, found.undated) == (0, 1)
    assert found.undated_sentence.startswith("1 more item ended")
    assert report_for(world.team, scopes_for(world.team, end=today).chosen).undated == 0  # no first day: all are in it


def test_a_sprint_holds_its_own_work_only(world: World) -> None:
    sprint = make_sprint(world.team, 4)
    for item in (linked(world, "In", sprint=sprint), make_item(world.team, "In, loose", sprint=sprint)):
        SprintStay.objects.create(item=item, sprint=sprint, added_at=clock.now() - DAY)
    make_item(world.team, "Out")
    found = report(world, sprint=4)
    assert found.todo == 2
    assert found.unserved_share is not None
    assert (found.unserved_share.of, found.unserved_share.share) == ("Sprint 4", 0.5)


def test_a_sprint_that_is_over_is_shown_as_it_ended(world: World) -> None:
    """What was carried over was not done in it, whatever became of it since."""
    ended = clock.now() - 10 * DAY
    first = make_sprint(world.team, 1, starts_in=-24, closed_at=ended)
    second = make_sprint(world.team, 2, starts_in=-10)
    carried = make_item(world.team, "Carried", category=Category.DONE, sprint=second, created_at=ended - 30 * DAY)
    done = make_item(world.team, "Done", category=Category.DONE, sprint=first, done_at=ended - DAY)
    SprintStay.objects.create(item=carried, sprint=first, added_at=ended - 14 * DAY, removed_at=ended)
    SprintStay.objects.create(item=carried, sprint=second, added_at=ended)
    SprintStay.objects.create(item=done, sprint=first, added_at=ended - 14 * DAY)
    for category, at in [("todo", ended - 30 * DAY), ("doing", ended - 2 * DAY), ("done", ended + 2 * DAY)]:
        Transition.objects.create(item=carried, status=category, category=category, at=at)
    found = report(world, sprint=1)
    assert titles(found.unserved) == {"todo": [], "doing": ["Carried"], "done": ["Done"]}
    assert (found.is_past, found.unserved.doing[0].item.sprint) == (True, "")
    assert titles(report(world, sprint=2).unserved)["done"] == ["Carried"]


def test_key_results_of_another_cycle_come_last_and_say_whose_they_are(world: World) -> None:
    past = make_cycle(
        world.organisation,
        "Last quarter",
        starts_on=world.cycle.starts_on - 90 * DAY,
        ends_on=world.cycle.starts_on - DAY,
    )
    old = make_key_result(make_objective(past, "Old", team=world.team), "Old result")
    link_item(make_item(world.team, "Old debt"), by=world.cy, key_result=old)
    assert [(group.key_result.title, group.of) for group in report(world).groups if group.key_result] == [
        (world.key_result.title, ""),
        ("Old result", "Last quarter"),
    ]


@pytest.mark.parametrize(
    ("scope", "field"),
    [
        ({"sprint": 99}, "sprint"),
        ({"cycle": 10**6}, "cycle"),
        ({"start": dt.date(2026, 5, 2), "end": dt.date(2026, 5, 1)}, "from"),
        ({"on": dt.date(2999, 1, 1)}, "on"),
    ],
)
def test_what_is_not_there_is_refused(world: World, scope: dict[str, object], field: str) -> None:
    with pytest.raises(ValidationError) as refused:
        scopes_for(world.team, **scope)  # type: ignore[arg-type]
    assert list(refused.value.message_dict) == [field]


def test_another_organisation_s_cycle_is_not_there(world: World) -> None:
    theirs = make_cycle(world.other_team.organisation, "Theirs")
    with pytest.raises(ValidationError):
        scopes_for(world.team, cycle=theirs.pk)


# What was


def test_a_day_of_the_past_is_told_as_it_was(settings: object, world: World) -> None:
    """Moved, measured, linked, judged, put aside and added since: none of it shows."""
    settings.TEST_NOW = MONDAY  # type: ignore[attr-defined]
    monday = clock.today()
    doing, done = (Column.objects.get(team=world.team, category=category) for category in ("doing", "done"))
    first = make_item(world.team, "First", created_at=clock.now() - 9 * DAY)
    second = make_item(world.team, "Second", created_at=clock.now() - 9 * DAY)
    link_item(first, by=world.cy, key_result=world.key_result)
    place_bet(first, key_result=world.key_result, by=world.bo, low=1, likely=2, high=3, chance=0.5)
    move_item(first, to=doing, by=world.cy)
    make_measurement(world.key_result, 34.0, days_ago=1)
    before = report(world)

    settings.TEST_NOW = LATER  # type: ignore[attr-defined]
    move_item(first, to=done, by=world.cy)
    enter_verdict(Serves.objects.get(item=first).bet, by=world.ana, outcome="moved", measured=2.0, scale=4)
    link_item(second, by=world.cy, key_result=world.key_result)
    shelve(second, by=world.bo, reason="Not now")
    make_measurement(world.key_result, 40.0)
    make_item(world.team, "New", created_at=clock.now())

    now = report(world)
    assert titles(now.groups[0]) == {"todo": [], "doing": [], "done": ["First"]}
    assert titles(now.unserved)["todo"] == ["New"]

    then = report(world, on=monday)
    assert then.is_past
    assert titles(then.groups[0]) == {"todo": [], "doing": ["First"], "done": []} == titles(before.groups[0])
    assert titles(then.unserved) == {"todo": ["Second"], "doing": [], "done": []} == titles(before.unserved)
    group, was = then.groups[0], before.groups[0]
    assert group.key_result is not None
    assert was.key_result is not None
    assert group.key_result.progress == was.key_result.progress
    assert group.delivered == was.delivered
    bet = group.doing[0].serves.bet if group.doing[0].serves else None
    assert bet is not None
    assert bet.verdict is None


def test_a_reopened_item_was_done_before(world: World) -> None:
    item = make_item(world.team, created_at=clock.now() - 30 * DAY, started_at=clock.now() - 20 * DAY)
    for category, days in [("todo", 30), ("doing", 20), ("done", 10), ("todo", 5)]:
        Transition.objects.create(item=item, status="x", category=category, at=clock.now() - days * DAY)
    today = clock.today()
    states = {days: titles(report(world, on=today - days * DAY).unserved) for days in (25, 15, 7, 2)}
    assert [next(state for state, found in states[days].items() if found) for days in (25, 15, 7, 2)] == [
        "todo",
        "doing",
        "done",
        "todo",
    ]


def test_an_import_that_knows_only_the_dates_is_told_by_them(world: World) -> None:
    make_item(
        world.team,
        category=Category.DONE,
        created_at=clock.now() - 30 * DAY,
        started_at=clock.now() - 20 * DAY,
        done_at=clock.now() - 10 * DAY,
    )
    today = clock.today()
    for days, state in [(25, "todo"), (15, "doing"), (5, "done")]:
        assert titles(report(world, on=today - days * DAY).unserved)[state]


def test_done_without_a_transition_that_says_so_counts_from_its_date(world: World) -> None:
    long_ago = clock.now() - 30 * DAY
    item = make_item(world.team, category=Category.DONE, created_at=long_ago, done_at=clock.now() - 9 * DAY)
    Transition.objects.create(item=item, status="Open", category="todo", at=long_ago)
    assert titles(report(world, on=clock.today() - 5 * DAY).unserved)["done"]


def test_what_did_not_exist_yet_is_not_told(world: World) -> None:
    make_item(world.team, created_at=clock.now() - 2 * DAY)
    assert report(world, on=clock.today() - 5 * DAY).is_empty


def test_today_s_link_shows_what_the_page_shows(world: World) -> None:
    linked(world, "One", Category.DOING)
    assert report(world, on=clock.today()) == report(world)


# Large


def make_many(world: World, count: int) -> None:
    columns = {column.category: column for column in Column.objects.filter(team=world.team)}
    now = clock.now()
    categories = [Category.TODO, Category.DOING, Category.DONE, Category.DONE]
    items = Item.objects.bulk_create(
        [
            Item(
                team=world.team,
                number=number,
                title=f"Item {number}",
                rank=rank,
                category=categories[number % 4],
                column=columns[categories[number % 4]],
                size=number % 8,
                created_at=now - 60 * DAY,
                started_at=now - 20 * DAY,
                done_at=now - (number % 40) * DAY if number % 4 > 1 else None,
                updated_at=now,
            )
            for number, rank in zip(range(1, count + 1), ranks.many_between(None, None, count), strict=True)
        ],
        batch_size=2000,
    )
    Transition.objects.bulk_create(
        [Transition(item=item, status="x", category=item.category, at=now - 30 * DAY) for item in items],
        batch_size=5000,
    )
    Serves.objects.bulk_create(
        [Serves(item=item, key_result=world.key_result, at=now - 30 * DAY) for item in items[::3]], batch_size=5000
    )


@pytest.mark.parametrize("on", [None, dt.timedelta(days=3)])
def test_ten_thousand_items_take_as_many_queries_as_ten(world: World, on: dt.timedelta | None) -> None:
    day = clock.today() - on if on else None
    make_many(world, 10)
    with CaptureQueriesContext(connection) as few:
        report(world, on=day)
    Item.objects.filter(team=world.team).delete()
    make_many(world, 10_000)
    with CaptureQueriesContext(connection) as many:
        found = report(world, on=day)
    assert len(many) == len(few) <= 17
    assert found.todo + found.doing + found.done > 5_000
