import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headway.engine import forecast
from headway.engine.forecast import (
    TooLittleHistory,
    flag_bulk_days,
    items_done,
    mean_velocity,
    sprint_delivery,
    weekly,
    weeks_by_mean_velocity,
    weeks_to_finish,
)

STEADY = [3, 5, 4, 6, 2, 4, 5, 3, 4, 4, 6, 2]
histories = st.lists(st.integers(0, 60), min_size=4, max_size=60)


class TestTheModelByHand:
    """A history of four weeks is short enough to do every step of the documentation on paper."""

    history = (2, 4, 0, 6)

    def test_mean_evidence_and_over_dispersion(self) -> None:
        rate = forecast._Rate.of(np.array(self.history))
        weights = 0.85**3, 0.85**2, 0.85, 1.0
        mean = (0.5 + weights[0] * 2 + weights[1] * 4 + 6) / (0.25 + sum(weights))
        slow = 0.945**3, 0.945**2, 0.945, 1.0
        spread = sum(v * (y - mean) ** 2 for v, y in zip(slow, self.history, strict=True)) / sum(slow)
        assert rate.mean == pytest.approx(mean)
        assert rate.weeks_of_evidence == pytest.approx(sum(weights))
        assert rate.over_dispersion == pytest.approx((spread - mean) / mean**2)

    def test_the_figures_of_the_documentation(self) -> None:
        three_weeks = items_done(self.history, weeks=3)
        assert three_weeks.quantile([0.1, 0.5, 0.9]).tolist() == [3, 8, 18]
        assert three_weeks.mean() == pytest.approx(9.8, abs=0.05)
        ten = weeks_to_finish(self.history, items=10)
        assert ten.cdf([3, 4, 6, 7]) == pytest.approx([0.43, 0.61, 0.83, 0.88], abs=0.005)
        assert ten.quantile([0.5, 0.85]).tolist() == [4, 7]
        assert weeks_by_mean_velocity(self.history, items=10) == 4
        assert sprint_delivery(10, history=[(8, 8)] * 3).at_least(10) == pytest.approx(0.67, abs=0.005)

    def test_the_distribution_is_a_negative_binomial_with_a_log_normal_rate(self) -> None:
        rate = forecast._Rate.of(np.array(self.history))
        weeks = 3
        variance = (1 / rate.mean + rate.over_dispersion) / rate.weeks_of_evidence * (1 + 0.11 * weeks)
        rng = np.random.default_rng(11)
        log_variance = np.log1p(variance)
        levels = rate.mean * np.exp(np.sqrt(log_variance) * rng.standard_normal(200_000) - log_variance / 4)
        shape = weeks / (rate.over_dispersion * rng.choice([0.3, 2.4], p=[2 / 3, 1 / 3], size=levels.size))
        simulated = rng.poisson(levels * weeks * rng.gamma(shape, 1 / shape, levels.size))
        exact = items_done(self.history, weeks=weeks)
        for items in (1, 5, 10, 20, 40):
            assert exact.at_least(items) == pytest.approx(np.mean(simulated >= items), abs=0.005)

    def test_the_drift_stops_after_a_quarter(self) -> None:
        rate = forecast._Rate.of(np.array(STEADY))
        near, far = (rate.ahead(np.array([weeks]))[0] / weeks for weeks in (13.0, 52.0))
        assert far == pytest.approx(near)


class TestItemsDone:
    @given(history=histories, weeks=st.sampled_from([0.2, 1, 4, 13, 52]))
    @settings(max_examples=40)
    def test_answers_are_ordered_whole_and_finite(self, history: list[int], weeks: float) -> None:
        asked = items_done(history, weeks=weeks).quantile([0.025, 0.1, 0.5, 0.9, 0.975])
        assert np.all(np.isfinite(asked))
        assert np.all(np.diff(asked) >= 0)
        assert np.all(asked == np.floor(asked))
        assert asked[0] >= 0

    @given(history=histories, weeks=st.integers(1, 100))
    @settings(max_examples=40)
    def test_twice_the_weeks_never_promise_less(self, history: list[int], weeks: int) -> None:
        p = [0.1, 0.5, 0.9]
        short, long = (items_done(history, weeks=w).quantile(p) for w in (weeks, 2 * weeks))
        assert np.all(long >= short)

    def test_the_newest_weeks_count_most(self) -> None:
        rising, falling = [2] * 10 + [8] * 10, [8] * 10 + [2] * 10
        assert items_done(rising, weeks=4).mean() > 2 * items_done(falling, weeks=4).mean()

    def test_a_history_of_nothing_promises_next_to_nothing(self) -> None:
        nothing = items_done([0] * 12, weeks=4)
        assert nothing.quantile(0.5) == 0
        assert 0 < nothing.mean() < 1

    def test_one_giant_week_widens_the_range_and_stays_finite(self) -> None:
        giant = items_done([4] * 11 + [10**9], weeks=4)
        low, high = giant.quantile([0.1, 0.9])
        assert np.isfinite(giant.mean())
        assert high > 5 * low > 0

    def test_the_same_input_gives_the_same_bits(self) -> None:
        p = np.linspace(0.01, 0.99, 25)
        assert np.array_equal(items_done(STEADY, weeks=6).quantile(p), items_done(list(STEADY), weeks=6).quantile(p))

    @pytest.mark.parametrize("weeks", [0, -1, 261, float("nan"), float("inf")])
    def test_weeks_out_of_range_are_refused_by_name(self, weeks: float) -> None:
        with pytest.raises(ValueError, match="weeks must"):
            items_done(STEADY, weeks=weeks)

    @pytest.mark.parametrize(
        "history", [[[1, 2], [3, 4]], [1, 2, -1, 3], [1, 2, 2.5, 3], [1, 2, float("nan"), 3], [1, 2, 3, 10**10], 4]
    )
    def test_a_history_that_is_none_is_refused_by_name(self, history: object) -> None:
        with pytest.raises(ValueError, match="throughput must"):
            items_done(history, weeks=4)
        with pytest.raises(ValueError, match="throughput must"):
            weeks_to_finish(history, items=4)

    @pytest.mark.parametrize("given_weeks", range(4))
    def test_fewer_than_four_weeks_are_too_little(self, given_weeks: int) -> None:
        with pytest.raises(TooLittleHistory) as missing:
            items_done([5] * given_weeks, weeks=4)
        assert (missing.value.needed, missing.value.given) == (4, given_weeks)
        assert items_done([5] * 4, weeks=4).quantile(0.5) > 0


class TestWeeksToFinish:
    @given(history=histories, items=st.integers(0, 300), more=st.integers(1, 100))
    @settings(max_examples=40)
    def test_more_items_are_never_sooner(self, history: list[int], items: int, more: int) -> None:
        p = [0.1, 0.5, 0.85, 0.95]
        few, many = (weeks_to_finish(history, items=n).quantile(p) for n in (items, items + more))
        assert np.all(many >= few)

    @given(history=histories, items=st.integers(1, 300))
    @settings(max_examples=40)
    def test_a_later_date_is_never_less_likely(self, history: list[int], items: int) -> None:
        chances = np.asarray(weeks_to_finish(history, items=items).cdf(np.arange(0, 262)))
        assert np.all(np.diff(chances) >= 0)
        assert chances[0] == 0
        assert chances[-1] <= 1

    @given(history=histories, items=st.integers(1, 100), weeks=st.integers(1, 60))
    @settings(max_examples=40)
    def test_both_questions_have_one_answer(self, history: list[int], items: int, weeks: int) -> None:
        by_date = weeks_to_finish(history, items=items).cdf(weeks)
        by_amount = items_done(history, weeks=weeks).at_least(items)
        assert by_date >= by_amount - 2e-3
        assert by_date == pytest.approx(by_amount, abs=0.05)

    def test_no_items_are_done_at_once(self) -> None:
        at_once = weeks_to_finish(STEADY, items=0)
        assert at_once.quantile([0.01, 0.99]).tolist() == [0, 0]
        assert at_once.mean() == 0

    def test_what_takes_longer_than_five_years_is_infinite(self) -> None:
        assert weeks_to_finish([0] * 12, items=1000).quantile([0.5, 0.85]).tolist() == [np.inf, np.inf]
        assert weeks_to_finish(STEADY, items=10**6).at_least(np.inf) == pytest.approx(1)
        assert weeks_to_finish(STEADY, items=10**6).mean() == forecast.HORIZON_WEEKS

    @pytest.mark.parametrize("items", [-1, 2.5])
    def test_items_that_are_no_number_of_items_are_refused_by_name(self, items: float) -> None:
        with pytest.raises(ValueError, match="items must"):
            weeks_to_finish(STEADY, items=items)


@pytest.fixture(scope="module")
def teams() -> list[np.ndarray]:
    rng = np.random.default_rng(2024)
    teams = []
    for _ in range(150):
        level = np.log(rng.uniform(2, 15)) + np.cumsum(0.05 * rng.standard_normal(60))
        teams.append(rng.poisson(np.exp(level) * rng.gamma(2.0, 0.5, 60)))
    return teams


class TestCalibration:
    """On teams whose rate wanders, as real ones do, ranges hold about as often as they say (coarse bounds)."""

    @pytest.mark.parametrize("weeks", [1, 4, 13])
    def test_an_80_percent_range_holds_about_80_percent(self, teams: list[np.ndarray], weeks: int) -> None:
        held = []
        for team in teams:
            low, high = items_done(team[:47], weeks=weeks).quantile([0.1, 0.9])
            held.append(low <= team[47 : 47 + weeks].sum() <= high)
        assert 0.72 <= np.mean(held) <= 0.95

    def test_an_85_percent_date_is_kept_about_as_often(self, teams: list[np.ndarray]) -> None:
        kept = []
        for team in teams:
            items = max(1, round(6 * mean_velocity(team[:47])))
            date = weeks_to_finish(team[:47], items=items).quantile(0.85)
            kept.append(team[47:][: int(min(date, 13))].sum() >= items)
        assert 0.78 <= np.mean(kept) <= 0.97


class TestTheNaiveBaseline:
    def test_mean_velocity_is_the_mean_of_the_last_six_weeks(self) -> None:
        assert mean_velocity([100, 100, 1, 2, 3, 4, 5, 6]) == 3.5
        assert mean_velocity([2, 4, 6, 8]) == 5
        assert mean_velocity([2, 4, 6, 8], last=1) == 8

    def test_weeks_are_rounded_up_and_infinite_without_pace(self) -> None:
        assert weeks_by_mean_velocity([4] * 6, items=9) == 3
        assert weeks_by_mean_velocity([4] * 6, items=8) == 2
        assert weeks_by_mean_velocity([0] * 6, items=1) == np.inf
        assert weeks_by_mean_velocity([0] * 6, items=0) == 0

    def test_wrong_arguments_are_refused_by_name(self) -> None:
        with pytest.raises(ValueError, match="last must"):
            mean_velocity(STEADY, last=0)
        with pytest.raises(ValueError, match="items must"):
            weeks_by_mean_velocity(STEADY, items=-1)


class TestBulkDays:
    def test_a_day_above_six_times_the_usual_busy_day_is_clipped_to_that(self) -> None:
        daily = [4, 0, 5, 4, 0] * 80
        daily[390] = 200
        found = flag_bulk_days(daily)
        assert np.flatnonzero(found.flagged).tolist() == [390]
        assert found.clipped[390] == 30
        assert found.clipped.sum() == sum(daily) - 170

    def test_up_to_fifteen_items_a_day_are_never_a_clean_up(self) -> None:
        assert not flag_bulk_days([1, 0, 15, 0, 1]).flagged.any()
        assert flag_bulk_days([1, 0, 16, 0, 1]).flagged.tolist() == [False, False, True, False, False]

    def test_a_busy_team_is_not_a_clean_up(self) -> None:
        assert not flag_bulk_days([60, 70, 0, 80, 55] * 60).flagged.any()

    def test_the_first_clean_up_does_not_excuse_the_second(self) -> None:
        daily = [1] * 5 + [0] * 395
        daily[380], daily[385] = 500, 400
        assert np.flatnonzero(flag_bulk_days(daily).flagged).tolist() == [380, 385]

    def test_the_input_is_left_alone_and_nothing_is_nothing(self) -> None:
        daily = np.array([1, 400, 1])
        flag_bulk_days(daily)
        assert daily.tolist() == [1, 400, 1]
        assert flag_bulk_days([]).clipped.size == 0

    def test_wrong_counts_are_refused_by_name(self) -> None:
        with pytest.raises(ValueError, match="daily must"):
            flag_bulk_days([1, -1])


class TestWeekly:
    def test_weeks_end_with_the_last_day_and_a_part_of_a_week_is_left_out(self) -> None:
        assert weekly([50, 50] + [1] * 7 + [2] * 7).tolist() == [7, 14]
        assert weekly([3] * 6).tolist() == []
        assert weekly([]).tolist() == []

    @given(daily=st.lists(st.integers(0, 9), max_size=60))
    def test_only_days_before_the_first_full_week_are_lost(self, daily: list[int]) -> None:
        assert weekly(daily).sum() == sum(daily[len(daily) % 7 :])


class TestSprintDelivery:
    history = ((20, 18), (25, 20), (18, 18), (22, 20), (20, 20))

    def test_with_an_own_reference_it_is_the_weighted_ratio(self) -> None:
        always = sprint_delivery(10, history=[(8, 8)] * 3, reference=[0.5])
        own = sum(0.5 ** (age / 8) for age in range(3))
        assert always.at_least(10) == pytest.approx(own / (own + 4))
        assert always.quantile([0.1, 0.9]).tolist() == [5, 10]
        assert always.mean() == pytest.approx((10 * own + 5 * 4) / (own + 4))

    def test_recent_sprints_count_most(self) -> None:
        better, worse = [(10, 5)] * 10 + [(10, 10)] * 10, [(10, 10)] * 10 + [(10, 5)] * 10
        chance = [sprint_delivery(10, history=history).at_least(10) for history in (better, worse)]
        assert chance[0] > chance[1]

    def test_it_scales_with_the_commitment_and_is_capped_at_three_times(self) -> None:
        one, two = (sprint_delivery(c, history=[*self.history, (1, 50)]) for c in (10, 20))
        p = np.linspace(0.05, 1, 20)
        assert two.quantile(p) == pytest.approx(2 * one.quantile(p))
        assert one.quantile(1) == 30

    def test_sprints_without_a_commitment_say_nothing(self) -> None:
        with_empty = sprint_delivery(20, history=[*self.history, (0, 3)])
        assert with_empty.mean() == sprint_delivery(20, history=self.history).mean()
        with pytest.raises(TooLittleHistory) as missing:
            sprint_delivery(20, history=[(0, 3), (10, 10), (10, 8)])
        assert (missing.value.needed, missing.value.given) == (3, 2)
        with pytest.raises(TooLittleHistory):
            sprint_delivery(20, history=[])

    @pytest.mark.parametrize(
        ("name", "arguments"),
        [
            ("committed", {"committed": 0, "history": history}),
            ("committed", {"committed": float("nan"), "history": history}),
            ("history", {"committed": 5, "history": [1, 2, 3]}),
            ("history", {"committed": 5, "history": [(1, 2, 3)] * 3}),
            ("history", {"committed": 5, "history": [(1, -2)] * 3}),
            ("reference", {"committed": 5, "history": history, "reference": []}),
        ],
    )
    def test_wrong_arguments_are_refused_by_name(self, name: str, arguments: dict[str, object]) -> None:
        with pytest.raises(ValueError, match=f"{name} must"):
            sprint_delivery(**arguments)
