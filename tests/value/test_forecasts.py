"""Forecasts from the team's own throughput: ranges with their sample; too little history says so."""

import datetime as dt
import math

import pytest
from django.core.exceptions import ValidationError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from headway.engine.forecast import items_done, weeks_to_finish
from headway.lib import clock
from headway.lib.days import working_days
from headway.people import actions
from headway.people.models import Team
from headway.scrum.models import Category, Item
from headway.value.documents import forecast_document
from headway.value.queries import Forecast, TooLittle, forecast_for, sprint_chance
from headway.value.queries.forecasts import SprintChance
from tests.value.make import make_done
from tests.world import World, make_item, make_sprint

CHANCES = ["0.5", "0.8", "0.85", "0.95"]


def forecast(world: World, **asked: object) -> Forecast:
    found = forecast_for(world.team, **asked)  # type: ignore[arg-type]
    assert isinstance(found, Forecast)
    return found


def test_when_is_the_engine_s_answer_to_the_weekly_counts(world: World) -> None:
    make_done(world.team, weeks=8, a_week=3)
    found = forecast(world, items=12)
    assert found.history.weekly == (3,) * 8
    expected = weeks_to_finish([3] * 8, items=12)
    assert found.quantiles == {chance: expected.quantile(chance) for chance in (0.5, 0.8, 0.85, 0.95)}
    assert found.dates[0.5] == clock.today() + dt.timedelta(days=7 * int(found.quantiles[0.5]) - 1)
    assert (found.baseline, found.sample_weeks) == (4.0, 8)


def test_how_many_is_at_least_so_many_with_that_chance(world: World) -> None:
    make_done(world.team, weeks=8, a_week=3)
    found = forecast(world, by=clock.today() + dt.timedelta(days=13))
    expected = items_done([3] * 8, weeks=2)
    assert found.quantiles[0.85] == expected.quantile(0.15)
    assert found.baseline == pytest.approx(6.0)
    assert list(found.quantiles.values()) == sorted(found.quantiles.values(), reverse=True)


def test_the_document_has_the_documented_keys(world: World) -> None:
    make_done(world.team)
    when = forecast_document(forecast(world, items=5))
    assert list(when["quantiles"]) == CHANCES
    assert {"quantiles", "sample_weeks", "baseline", "dates"} <= when.keys()
    how_many = forecast_document(forecast(world, by=clock.today()))
    assert list(how_many["quantiles"]) == CHANCES
    assert how_many["unit"] == "items"


def test_too_little_history_names_what_is_missing_and_shows_no_number(world: World) -> None:
    make_done(world.team, weeks=3)
    found = forecast_for(world.team, items=5)
    assert isinstance(found, TooLittle)
    assert found.needed == 4
    assert found.given < 4
    assert forecast_document(found).keys() == {"error", "needed", "given"}


def test_a_clean_up_is_named_and_clipped(world: World) -> None:
    make_done(world.team, weeks=10, a_week=2)
    done_at = clock.now() - dt.timedelta(days=10)
    template = Item.objects.filter(category=Category.DONE)[0]
    Item.objects.bulk_create(
        Item(
            team=world.team,
            number=1000 + n,
            title="Closed in one go",
            column=template.column,
            category=Category.DONE,
            rank=f"z{n:05}",
            created_at=done_at,
            updated_at=done_at,
            started_at=done_at,
            done_at=done_at,
        )
        for n in range(200)
    )
    found = forecast(world, items=10)
    (bulk,) = found.bulk_days
    assert bulk.count >= 200
    assert bulk.counted_as < 30
    assert sum(found.history.weekly) < 60


def test_an_old_export_ends_where_its_record_ends(world: World) -> None:
    make_done(world.team, weeks=8, a_week=3)
    year = dt.timedelta(days=365)
    for item in Item.objects.all():
        item.created_at, item.started_at, item.done_at = (
            moment - year if moment else None for moment in (item.created_at, item.started_at, item.done_at)
        )
        item.save()
    found = forecast(world, items=12)
    assert found.history.is_stale
    assert found.history.ends_on == clock.today() - year - dt.timedelta(days=5)
    assert sum(found.history.weekly) >= 21
    make_item(world.team, "Somebody is at work here", created_at=clock.now())
    assert not forecast(world, items=12).history.is_stale


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"items": 3, "by": dt.date(2999, 1, 1)},
        {"items": 0},
        {"items": -1},
        {"items": 10**9},
        {"by": dt.date(2001, 1, 1)},
        {"by": dt.date(2999, 1, 1)},
    ],
)
def test_what_cannot_be_asked_is_refused(world: World, asked: dict[str, object]) -> None:
    make_done(world.team)
    with pytest.raises(ValidationError):
        forecast_for(world.team, **asked)  # type: ignore[arg-type]


def test_a_team_that_finished_nothing_lately_is_told_so_without_nan(world: World) -> None:
    make_item(
        world.team,
        category=Category.DONE,
        created_at=clock.now() - dt.timedelta(days=210),
        started_at=clock.now() - dt.timedelta(days=201),
        done_at=clock.now() - dt.timedelta(days=200),
    )
    make_item(world.team, created_at=clock.now())
    document = forecast_document(forecast(world, items=500))
    assert document["quantiles"]["0.95"] is None, "beyond five years is no number"
    assert document["baseline"] is None


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(items=st.integers(1, 1_000_000), days=st.integers(0, 1800), weeks=st.integers(4, 9), a_week=st.integers(1, 3))
def test_never_nan_and_more_is_never_sooner(world: World, items: int, days: int, weeks: int, a_week: int) -> None:
    Item.objects.all().delete()
    make_done(world.team, weeks=weeks + 1, a_week=a_week)
    when = forecast(world, items=items)
    assert not any(math.isnan(value) for value in when.quantiles.values())
    assert list(when.quantiles.values()) == sorted(when.quantiles.values())
    assert all(0 <= chance <= 1 for _x, chance in when.curve)
    many = forecast(world, by=clock.today() + dt.timedelta(days=days))
    assert all(value >= 0 and math.isfinite(value) for value in many.quantiles.values())


def test_the_sprint_s_chance_is_of_all_that_is_open_in_it(world: World) -> None:
    assert sprint_chance(world.team) is None
    make_done(world.team, weeks=8, a_week=3)
    sprint = make_sprint(world.team, 4)
    for _ in range(3):
        make_item(world.team, sprint=sprint)
    found = sprint_chance(world.team)
    assert isinstance(found, SprintChance)
    assert sprint.ends_on is not None
    days = working_days(clock.today(), sprint.ends_on)
    assert found.open_items == 3
    assert found.chance == items_done([3] * 8, weeks=days / 5).at_least(3)


# Days off


def test_a_holiday_in_the_rest_of_the_sprint_leaves_fewer_days_for_it(world: World) -> None:
    make_done(world.team, weeks=8, a_week=3)
    sprint = make_sprint(world.team, 4, days=18)
    for _ in range(3):
        make_item(world.team, sprint=sprint)
    plain = sprint_chance(world.team)
    today = clock.today()
    off = {"first_on": today + dt.timedelta(days=1), "last_on": today + dt.timedelta(days=7)}
    actions.add_holiday(world.team, by=world.ana, name="Fair", **off)
    assert sprint.ends_on is not None
    days = working_days(today, sprint.ends_on) - 5  # seven days in a row hold five working days
    short = sprint_chance(Team.objects.get(pk=world.team.pk))
    assert isinstance(plain, SprintChance)
    assert isinstance(short, SprintChance)
    assert short.chance == items_done([3] * 8, weeks=days / 5).at_least(3)
    assert short.chance < plain.chance


def test_a_forecast_over_christmas_is_later_and_falls_on_a_working_day(world: World) -> None:
    today = dt.date(2026, 12, 14)
    for week in range(8):
        for _ in range(4):
            done_at = dt.datetime(2026, 12, 11, 12, tzinfo=dt.UTC) - dt.timedelta(weeks=week)
            make_item(world.team, category="done", created_at=done_at - dt.timedelta(days=20), done_at=done_at)
    plain = forecast_for(world.team, items=10, today=today)
    plain_by = forecast_for(world.team, by=dt.date(2027, 1, 3), today=today)
    actions.add_holiday(
        world.organisation, by=world.ana, name="Christmas", first_on=dt.date(2026, 12, 21), last_on=dt.date(2027, 1, 3)
    )
    team = Team.objects.get(pk=world.team.pk)
    off = forecast_for(team, items=10, today=today)
    assert isinstance(plain, Forecast)
    assert isinstance(off, Forecast)
    for chance, weeks in plain.quantiles.items():
        assert off.quantiles[chance] == weeks + 2
        assert team.calendar.is_working(off.dates[chance] or today)
    off_by = forecast_for(team, by=dt.date(2027, 1, 3), today=today)
    one_week = forecast_for(world.team, by=dt.date(2026, 12, 20), today=today)
    assert isinstance(plain_by, Forecast)
    assert isinstance(off_by, Forecast)
    assert isinstance(one_week, Forecast)
    assert off_by.quantiles == one_week.quantiles
    assert off_by.quantiles[0.5] < plain_by.quantiles[0.5]
    before = forecast_for(team, items=1, today=today)
    assert isinstance(before, Forecast)
    assert before.dates[0.5] == dt.date(2027, 1, 4)  # a week from today ends on a Sunday, and then nobody works
