"""Forecasts that were shown are kept once a day and scored once, when their date has passed and the record is there."""

import datetime as dt
from collections.abc import Iterator

import pytest
from django.db import DatabaseError
from django.utils import timezone

from headway.backup import policy
from headway.engine.distributions import Discrete
from headway.lib import clock
from headway.live.models import Change
from headway.people.actor import Actor
from headway.scrum.models import Category, Item
from headway.value import keeping
from headway.value.actions import kept_forecasts
from headway.value.actions.kept_forecasts import score_due
from headway.value.models import KeptForecast
from headway.value.queries import forecast_for, sprint_chance
from tests.value.make import make_done
from tests.world import World, make_item, make_measurement, make_sprint

Kind = KeptForecast.Kind
TODAY = dt.date(2026, 11, 17)


@pytest.fixture(autouse=True)
def nothing_known() -> Iterator[None]:
    keeping.forget()
    yield
    keeping.forget()


@pytest.fixture
def day(settings: object) -> "Day":
    return Day(settings)


class Day:
    """The clock of a test: `day(3)` is three days later."""

    def __init__(self, settings: object) -> None:
        self._settings = settings
        self(0)

    def __call__(self, later: int) -> dt.date:
        on = TODAY + dt.timedelta(days=later)
        self._settings.TEST_NOW = f"{on.isoformat()}T10:00:00+00:00"  # type: ignore[attr-defined]
        return on


def finish(world: World, *, on: dt.date, count: int = 1) -> None:
    moment = timezone.make_aware(dt.datetime.combine(on, dt.time(12)))
    for _number in range(count):
        make_item(world.team, "Later", category=Category.DONE, created_at=moment, started_at=moment, done_at=moment)


def kept() -> KeptForecast:
    return KeptForecast.objects.get()


def test_what_was_asked_is_kept_once_however_often_it_is_looked_at(world: World, day: Day) -> None:
    make_done(world.team)
    for _look in range(10):
        forecast_for(world.team, items=12)
    assert keeping.flush() == 1
    keeping.forget()  # another process
    forecast_for(world.team, items=12)
    keeping.flush()
    row = kept()
    assert (row.kind, row.items, row.made_on, row.sample) == (Kind.DAY_FOR_ITEMS, 12, TODAY, 12)
    assert row.quantiles == sorted(row.quantiles)
    assert len(row.quantiles) == len(KeptForecast.LEVELS)
    assert row.naive == 6.0
    assert row.due_on == TODAY + dt.timedelta(days=7 * int(row.quantiles[-1]) - 1)
    assert row.scored_at is None
    assert not Change.objects.exists()


def test_each_day_and_each_question_is_its_own(world: World, day: Day) -> None:
    make_done(world.team)
    forecast_for(world.team, items=12)
    forecast_for(world.team, by=TODAY + dt.timedelta(days=20))
    day(1)
    forecast_for(world.team, items=12)
    keeping.flush()
    assert KeptForecast.objects.count() == 3


def test_hindsight_and_too_little_history_keep_nothing(world: World, day: Day) -> None:
    forecast_for(world.team, items=12)
    make_done(world.team)
    forecast_for(world.team, items=12, today=TODAY - dt.timedelta(days=7))
    assert keeping.flush() == 0


def test_who_asks_for_everything_fills_no_table(world: World, day: Day) -> None:
    make_done(world.team)
    for items in range(1, 60):
        forecast_for(world.team, items=items)
    assert keeping.flush() == keeping.MOST_A_DAY


def test_a_forecast_is_shown_though_it_cannot_be_kept(world: World, day: Day, monkeypatch: pytest.MonkeyPatch) -> None:
    make_done(world.team)

    def broken(*_args: object) -> None:
        raise DatabaseError("locked")

    monkeypatch.setattr(keeping, "_quantiles", broken)
    assert forecast_for(world.team, items=12)
    monkeypatch.undo()
    monkeypatch.setattr(kept_forecasts, "write_kept", broken)
    forecast_for(world.team, items=13)
    assert keeping.flush() == 0
    monkeypatch.undo()
    assert keeping.flush() == 1  # it waited


def test_items_by_a_day_are_scored_the_day_after_and_once(world: World, day: Day) -> None:
    make_done(world.team, a_week=3)
    by = TODAY + dt.timedelta(days=6)
    forecast_for(world.team, by=by)
    keeping.flush()
    finish(world, on=TODAY, count=3)
    finish(world, on=by)
    day(6)
    assert score_due() == 0  # the day is not over
    day(7)
    assert score_due() == 0  # and now nothing says that the record reaches beyond it
    finish(world, on=day(7))
    assert score_due() == 1
    row = kept()
    assert row.truth == 4.0
    assert row.held == (row.quantiles[1] <= 4 <= row.quantiles[17])
    assert row.naive == pytest.approx(3.0)
    assert row.naive_crps == pytest.approx(1.0)
    assert row.crps is not None
    assert row.crps < 1.5
    assert row.pit is not None
    assert 0.5 < row.pit < 1
    # An import that changes the past does not rewrite what was scored.
    finish(world, on=TODAY, count=9)
    assert score_due() == 0
    assert kept().truth == 4.0


def test_scored_again_it_is_the_same(world: World, day: Day) -> None:
    make_done(world.team, a_week=3)
    forecast_for(world.team, by=TODAY + dt.timedelta(days=6))
    keeping.flush()
    finish(world, on=day(7))
    score_due()
    first = kept()
    KeptForecast.objects.update(scored_at=None, pit=None, crps=None)
    score_due()
    assert (kept().pit, kept().crps) == (first.pit, first.crps)


def test_a_date_is_scored_by_the_day_of_the_last_of_so_many(world: World, day: Day) -> None:
    make_done(world.team, a_week=3)
    forecast_for(world.team, items=5)
    keeping.flush()
    due = kept().due_on
    finish(world, on=TODAY, count=4)
    finish(world, on=TODAY + dt.timedelta(days=8))
    finish(world, on=due + dt.timedelta(days=1))
    day((due - TODAY).days + 2)
    assert score_due() == 1
    row = kept()
    assert (row.truth, row.happened_on) == (2.0, TODAY + dt.timedelta(days=8))
    assert row.naive_crps == 0.0  # mean velocity said two weeks
    assert row.held is True


def test_what_came_later_than_all_that_was_said_did_not_hold(world: World, day: Day) -> None:
    make_done(world.team, a_week=3)
    forecast_for(world.team, items=5)
    keeping.flush()
    due = kept().due_on
    finish(world, on=due + dt.timedelta(days=1))
    day((due - TODAY).days + 2)
    assert score_due() == 1
    row = kept()
    assert (row.truth, row.happened_on, row.held) == (None, None, False)
    assert row.pit is not None
    assert row.pit >= 0.95
    assert row.crps is not None
    assert row.crps > 0


@pytest.mark.parametrize("is_done", [True, False])
def test_a_sprint_holds_where_all_that_was_open_is_done(world: World, day: Day, is_done: bool) -> None:
    make_done(world.team)
    sprint = make_sprint(world.team)
    one, other, gone = (make_item(world.team, name, sprint=sprint) for name in ("One", "Other", "Gone"))
    found = sprint_chance(world.team)
    keeping.flush()
    row = kept()
    assert (row.kind, row.items, row.item_ids) == (Kind.SPRINT_DONE, 3, [one.pk, other.pk, gone.pk])
    done = {"category": Category.DONE, "done_at": clock.now()}
    Item.objects.filter(pk__in=[one.pk, other.pk] if is_done else [one.pk]).update(**done)
    Item.objects.filter(pk=gone.pk).update(removed_at=clock.now())
    assert sprint.ends_on
    finish(world, on=sprint.ends_on + dt.timedelta(days=1))
    day(20)
    assert score_due() == 1
    row = kept()
    assert row.truth == float(is_done)
    assert row.brier == pytest.approx((found.chance - is_done) ** 2)  # type: ignore[union-attr]
    assert (row.crps, row.pit, row.held) == (None, None, None)


def test_a_key_result_is_scored_by_its_last_value(world: World, day: Day) -> None:
    ahead = Discrete([30.0, 40.0, 50.0, 60.0], [0.25, 0.5, 0.75, 1.0])
    due = TODAY + dt.timedelta(days=10)
    for _look in range(2):
        keeping.keep_key_result(
            world.key_result, ahead, chance=0.5, due_on=due, today=TODAY, last=30.0, measurements=20
        )
    keeping.flush()
    day(8)
    make_measurement(world.key_result, 52.0)
    day(12)
    assert score_due() == 0  # the value of that day may come
    day(25)
    assert score_due() == 1
    row = kept()
    assert (row.truth, row.held, row.brier, row.naive_crps) == (52.0, True, 0.25, 22.0)


def test_it_goes_into_an_export_and_away_with_its_team(world: World, day: Day) -> None:
    make_done(world.team)
    forecast_for(world.team, items=12)
    keeping.flush()
    assert "value.keptforecast" in {model._meta.label_lower for model in policy.exported(secrets=False)}
    assert policy.path_to_organisation(KeptForecast) == "organisation_id"
    world.team.items.all().delete()
    world.team.delete()
    assert not KeptForecast.objects.exists()


def test_a_stranger_sees_none(world: World, day: Day) -> None:
    make_done(world.team)
    forecast_for(world.team, items=12)
    keeping.flush()

    def seen(by: Actor) -> int:
        return KeptForecast.objects.visible_to(by).count()

    assert (seen(world.di), seen(world.eve)) == (1, 0)
