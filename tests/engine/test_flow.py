import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headway.engine.errors import TooLittleHistory
from headway.engine.flow import LittlesLaw, cycle_times, littles_law

TIMES = [1.0, 2, 2, 3, 3, 4, 5, 5, 8, 13]
days = st.floats(0, 400)
finished = st.lists(days, min_size=10, max_size=60)
waiting = st.lists(days, max_size=20)


class TestCycleTimes:
    def test_the_example_of_kaplan_and_meier(self) -> None:
        """Deaths at .8, 3.1, 5.4, 9.2 and losses at 1.0, 2.7, 7.0, 12.1; three of each leave the shares the same."""
        times = cycle_times([0.8, 3.1, 5.4, 9.2] * 3, still_open=[1.0, 2.7, 7.0, 12.1] * 3)
        assert times.ends.tolist() == [0.8, 3.1, 5.4, 9.2]
        assert times.open_share == pytest.approx([0.875, 0.7, 0.525, 0.2625])

    def test_without_open_items_it_is_the_share_of_those_that_took_longer(self) -> None:
        times = cycle_times(TIMES)
        for day in (0, 1, 2.5, 5, 12.9, 13, 40):
            assert times.open_after(day) == pytest.approx(np.mean(np.array(TIMES) > day))

    def test_the_figures_of_the_documentation(self) -> None:
        times = cycle_times(TIMES, still_open=[6, 20])
        assert times.open_after(5) == pytest.approx(4 / 12)
        assert times.open_after(8) == pytest.approx(4 / 12 * 2 / 3)
        assert times.done_within(5, age=5) == pytest.approx(1 / 3)
        assert [times.taken.quantile(p) for p in (0.5, 0.85)] == [4, 13]
        assert not times.is_ageing(8)
        assert times.is_ageing(13)

    def test_what_waits_makes_items_longer(self) -> None:
        alone, beside = cycle_times(TIMES), cycle_times(TIMES, still_open=[30] * 5)
        assert beside.done_within(5) < alone.done_within(5)
        assert beside.taken.quantile(0.9) == math.inf

    @given(done=finished, still_open=waiting, age=days, within=days, more=days)
    def test_more_time_is_never_less_likely(
        self, done: list[float], still_open: list[float], age: float, within: float, more: float
    ) -> None:
        times = cycle_times(done, still_open=still_open)
        try:
            short, long = (times.done_within(x, age=age) for x in (within, within + more))
        except TooLittleHistory:
            assert age > 0
            assert sum(seen > age for seen in done + still_open) < 3
        else:
            assert 0 <= short <= long <= 1
            assert age == 0 or times.done_within(0, age=age) == 0

    @given(done=finished, still_open=waiting)
    def test_the_share_that_is_open_never_rises(self, done: list[float], still_open: list[float]) -> None:
        times = cycle_times(done, still_open=still_open)
        assert np.all(np.diff(times.open_share) <= 0)
        assert np.all((times.open_share >= -1e-15) & (times.open_share < 1))
        assert times.is_ageing(1e6) == (times.open_share[-1] < 0.15)

    @given(
        done=st.lists(st.integers(0, 400), min_size=10, max_size=60),
        age=st.integers(0, 400),
        within=st.integers(0, 400),
    )
    def test_a_chance_is_that_of_its_two_halves(self, done: list[int], age: int, within: int) -> None:
        """Done within two spans, or open after the first and done in the second of an item that much older."""
        times = cycle_times(done)
        if age and sum(seen > age + within for seen in done) >= 3:
            first, second = times.done_within(within, age=age), times.done_within(within, age=age + within)
            assert times.done_within(2 * within, age=age) == pytest.approx(first + (1 - first) * second)

    def test_an_item_of_an_age_that_hardly_any_had_says_too_little(self) -> None:
        times = cycle_times(TIMES)
        assert times.done_within(3, age=4) == pytest.approx(1 / 2)
        with pytest.raises(TooLittleHistory) as missing:
            times.done_within(3, age=6)
        assert (missing.value.needed, missing.value.given) == (3, 2)

    def test_fewer_than_ten_finished_items_are_too_little(self) -> None:
        with pytest.raises(TooLittleHistory) as missing:
            cycle_times([1] * 9, still_open=[5] * 50)
        assert (missing.value.needed, missing.value.given) == (10, 9)

    def test_items_that_all_took_the_same_or_no_time(self) -> None:
        assert cycle_times([0.0] * 10).done_within(0) == 1.0
        same = cycle_times([3.0] * 10)
        assert (same.done_within(2.9), same.done_within(3)) == (0, 1)

    @pytest.mark.parametrize("bad", [[-1.0] * 10, [math.nan] * 10, [math.inf] * 10, [[1.0] * 10], 4])
    def test_times_that_are_none_are_refused_by_name(self, bad: Any) -> None:
        with pytest.raises(ValueError, match="done must"):
            cycle_times(bad)
        with pytest.raises(ValueError, match="still_open must"):
            cycle_times(TIMES, still_open=bad)

    @pytest.mark.parametrize("bad", [-1.0, math.nan])
    def test_ages_that_are_none_are_refused_by_name(self, bad: float) -> None:
        times = cycle_times(TIMES)
        with pytest.raises(ValueError, match="age must"):
            times.done_within(3, age=bad)
        with pytest.raises(ValueError, match="days must"):
            times.done_within(bad)
        with pytest.raises(ValueError, match="days must"):
            times.is_ageing(bad)


class TestLittlesLaw:
    def test_one_item_a_day_of_five_days_each(self) -> None:
        law = littles_law(np.arange(-10, 40), np.arange(-5, 45), days=30)
        assert law == LittlesLaw(in_progress=5.0, per_day=1.0, days_each=5.0)
        assert law.holds

    def test_it_fails_where_more_is_begun_than_finished(self) -> None:
        started = np.repeat(np.arange(30), 2)
        done = np.where(np.arange(60) % 2 == 0, started + 3.0, np.inf)
        law = littles_law(started, done, days=30)
        assert law.days_each == 3
        assert law.in_progress > 3 * law.per_day * law.days_each
        assert not law.holds

    @given(starts=st.lists(st.floats(0, 50), min_size=10, max_size=40), each=st.floats(0, 10))
    def test_it_is_exact_where_the_period_begins_and_ends_empty(self, starts: list[float], each: float) -> None:
        started = np.array(starts) + 1.0
        law = littles_law(started, started + each, days=100)
        assert law.in_progress == pytest.approx(law.per_day * law.days_each)
        assert law.holds

    def test_too_little_and_bad_input(self) -> None:
        with pytest.raises(TooLittleHistory):
            littles_law([0.0] * 9, [1.0] * 9, days=30)
        with pytest.raises(ValueError, match="days must"):
            littles_law([0.0], [1.0], days=0)
        with pytest.raises(ValueError, match="started and done must"):
            littles_law([0.0, 1.0], [1.0], days=3)
        for started, done in (([2.0], [1.0]), ([math.nan], [1.0]), ([0.0], [math.nan]), ([-math.inf], [1.0])):
            with pytest.raises(ValueError, match="done must not be before started"):
                littles_law(started, done, days=3)
