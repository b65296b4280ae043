"""Working days with days off: closed forms, and the same as counting one by one."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headway.lib.days import Calendar, Off, working_days

MONDAY = dt.date(2026, 12, 21)
DAYS = st.dates(dt.date(2020, 1, 1), dt.date(2032, 12, 31))


def off(first: str, last: str = "", *, yearly: bool = False) -> Off:
    return Off(dt.date.fromisoformat(first), dt.date.fromisoformat(last or first), yearly)


@st.composite
def calendars(draw: st.DrawFn) -> Calendar:
    spans = draw(st.lists(st.tuples(DAYS, st.integers(0, 20), st.booleans()), max_size=6))
    days_off = tuple(Off(first, first + dt.timedelta(days=length), yearly) for first, length, yearly in spans)
    return Calendar(tuple(draw(st.sets(st.integers(0, 6), max_size=7))), days_off)


@given(calendars(), DAYS, st.integers(0, 120))
def test_counting_is_the_same_as_looking_at_each_day(calendar: Calendar, first: dt.date, length: int) -> None:
    last = first + dt.timedelta(days=length)
    days = [first + dt.timedelta(days=offset) for offset in range(length + 1)]
    looked_at = [day for day in days if calendar.is_working(day)]
    assert calendar.count(first, last) == len(looked_at)
    assert list(calendar.days(first, last)) == looked_at
    assert calendar.count(first, last) <= working_days(first, last, calendar.working)


def test_a_week_with_christmas_has_three_fifths_of_its_days() -> None:
    calendar = Calendar(off=(off("2025-12-24", "2025-12-25", yearly=True),))
    assert calendar.week_shares(MONDAY, 3) == [0.6, 1.0, 1.0]
    assert Calendar(off=(off("2026-12-26"),)).week_shares(MONDAY, 1) == [1.0]  # a Saturday takes nothing away


def test_days_over_the_end_of_a_year() -> None:
    calendar = Calendar(off=(off("2020-12-30", "2021-01-02", yearly=True),))
    assert not calendar.is_working(dt.date(2026, 12, 31))
    assert not calendar.is_working(dt.date(2027, 1, 1))
    assert calendar.is_working(dt.date(2027, 1, 4))
    assert calendar.is_working(dt.date(2026, 12, 29))


def test_a_leap_day_is_the_28th_in_other_years() -> None:
    calendar = Calendar(working=(0, 1, 2, 3, 4, 5, 6), off=(off("2024-02-29", yearly=True),))
    assert not calendar.is_working(dt.date(2027, 2, 28))
    assert not calendar.is_working(dt.date(2028, 2, 29))
    assert calendar.is_working(dt.date(2028, 2, 28))


@pytest.mark.parametrize(
    ("day", "moved"), [("2026-12-23", "2026-12-23"), ("2026-12-24", "2026-12-28"), ("2026-12-26", "2026-12-28")]
)
def test_a_day_off_moves_to_the_next_working_day(day: str, moved: str) -> None:
    calendar = Calendar(off=(off("2026-12-24", "2026-12-25"),))
    assert calendar.at_or_after(dt.date.fromisoformat(day)) == dt.date.fromisoformat(moved)


def test_where_nobody_ever_works_a_day_stays_where_it_is() -> None:
    calendar = Calendar(off=(off("2026-01-01", "2026-12-31", yearly=True),))
    assert calendar.at_or_after(MONDAY) == MONDAY
    assert calendar.count(MONDAY, MONDAY + dt.timedelta(days=30)) == 0
