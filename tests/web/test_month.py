"""The calendar of a team's month: from the first day of the person's week, with what is off and its Sprints."""

import datetime as dt
import re

import pytest
from django.test import Client

from headway.lib.days import Calendar, Off
from headway.people import actions
from headway.people.models import Holiday
from headway.scrum.models import Sprint
from headway.web.month import Day, bounds_of, first_of, month_of
from tests.world import World, make_world

pytestmark = pytest.mark.django_db

DECEMBER = dt.date(2026, 12, 1)
CHRISTMAS = Holiday(name="Christmas", first_on=dt.date(2020, 12, 24), last_on=dt.date(2020, 12, 26), is_yearly=True)
TURN = Holiday(name="Turn", first_on=dt.date(2019, 12, 31), last_on=dt.date(2020, 1, 1), is_yearly=True)
SPRINT = Sprint(name="Sprint 9", starts_on=dt.date(2026, 12, 14), ends_on=dt.date(2026, 12, 27))
NAMELESS = Sprint(name="Some day")


@pytest.fixture
def world() -> World:
    return make_world()


def days_of(first: dt.date = DECEMBER, *, week_start: int = 0) -> list[list[int | None]]:
    month = month_of(first, works=Calendar(), week_start=week_start, holidays=[], sprints=[])
    return [[day.on.day if day else None for day in week] for week in month.weeks]


@pytest.mark.parametrize(
    ("week_start", "first_week", "headings"),
    [
        (0, [None, 1, 2, 3, 4, 5, 6], "Mon"),
        (6, [None, None, 1, 2, 3, 4, 5], "Sun"),
        (5, [None] * 3 + [1, 2, 3, 4], "Sat"),
    ],
)
def test_weeks_begin_with_the_day_that_is_chosen(week_start: int, first_week: list[int | None], headings: str) -> None:
    assert days_of(week_start=week_start)[0] == first_week
    month = month_of(DECEMBER, works=Calendar(), week_start=week_start, holidays=[], sprints=[])
    assert month.headings[0].short == headings
    assert len({heading.full for heading in month.headings}) == 7


def test_every_day_of_the_month_is_there_once() -> None:
    for first in (DECEMBER, dt.date(2027, 2, 1), dt.date(2028, 2, 1)):
        for week_start in range(7):
            days = [day for week in days_of(first, week_start=week_start) for day in week if day]
            assert days == list(range(1, bounds_of(first)[1].day + 1))


def test_days_off_holidays_and_sprints_are_marked() -> None:
    works = Calendar(off=(CHRISTMAS.off,))
    month = month_of(DECEMBER, works=works, week_start=0, holidays=[CHRISTMAS], sprints=[SPRINT, NAMELESS])
    days: dict[int, Day] = {day.on.day: day for week in month.weeks for day in week if day}
    assert [number for number, day in days.items() if day.holidays] == [24, 25, 26]
    assert [number for number, day in days.items() if not day.is_working] == [5, 6, 12, 13, 19, 20, 24, 25, 26, 27]
    assert [number for number, day in days.items() if day.begins or day.ends] == [14, 27]
    assert [number for number, day in days.items() if day.sprint] == list(range(14, 28))
    assert month.working_days == 23 - 2
    (sprint,) = month.sprints
    assert (sprint.working_days, sprint.lost_days) == (8, 2)
    assert [(one.name, one.first) for one in month.holidays] == [("Christmas", dt.date(2026, 12, 24))]


@pytest.mark.parametrize("first", [DECEMBER, dt.date(2027, 1, 1)])
def test_a_yearly_holiday_over_the_turn_of_the_year_stands_in_both_months(first: dt.date) -> None:
    month = month_of(first, works=Calendar(off=(TURN.off,)), week_start=0, holidays=[TURN], sprints=[])
    assert [(one.first, one.last) for one in month.holidays] == [(dt.date(2026, 12, 31), dt.date(2027, 1, 1))]


@pytest.mark.parametrize("text", ["", "x", "2026-13", "0000-01", "9999-12", "2026-12-01", "1969-12"])
def test_a_month_that_is_none_is_the_present_one(text: str) -> None:
    assert first_of(text, dt.date(2026, 11, 22)) == dt.date(2026, 11, 1)


def test_there_is_an_end_on_both_sides() -> None:
    first, last = (
        month_of(day, works=Calendar(), week_start=0, holidays=[], sprints=[])
        for day in (dt.date(1970, 1, 1), dt.date(2199, 12, 1))
    )
    assert (first.before, last.after) == (None, None)
    assert (first.after, last.before) == (dt.date(1970, 2, 1), dt.date(2199, 11, 1))


def test_a_person_sees_weeks_as_they_are_used_to(world: World, client: Client) -> None:
    client.force_login(world.people["di"])

    def first_heading() -> str:
        page = client.get("/t/ANT/holidays/?month=2026-12").content.decode()
        found = re.search(r'<abbr title="(\w+)">', page)
        assert found
        assert "December 2026" in page
        return found[1]

    assert first_heading() == "Monday"
    actions.edit_organisation(world.organisation, by=world.ana, week_start=6)
    assert first_heading() == "Sunday"
    place = {"locale": "", "time_zone": "", "week_start": 5}
    actions.place_person(world.people["di"], by=world.di, **place)  # type: ignore[arg-type]
    assert first_heading() == "Saturday"


def test_the_page_of_the_organisation_has_no_calendar_as_working_days_are_a_teams(world: World, client: Client) -> None:
    client.force_login(world.people["di"])
    assert "<caption" not in client.get("/settings/holidays/").content.decode()


def test_off_of_a_holiday() -> None:
    assert CHRISTMAS.off == Off(dt.date(2020, 12, 24), dt.date(2020, 12, 26), True)
