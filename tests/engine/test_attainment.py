import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import stdtrit

from headway.engine import attainment
from headway.engine.attainment import SCALES, Chances, TooLittleHistory, chance, evenly, key_result, straight_line
from headway.engine.distributions import Amounts, Discrete

RISING = [40.0, 42, 41, 43, 44, 43, 45, 46, 45, 47]
#: In the width that a share may have, over 0: what every scale takes.
shares = st.lists(st.floats(0.001, 0.999), min_size=5, max_size=80)
amounts = st.lists(st.floats(-1e15, 1e15), min_size=5, max_size=40)
steps = st.integers(1, 30)
P = np.array([0.025, 0.1, 0.5, 0.9, 0.975])


class TestTheModelByHand:
    """Six values and eight steps: no error of eight steps was made yet, so the reference says it all."""

    values = (30, 33, 31, 34, 33, 36)

    def test_the_figures_of_the_documentation(self) -> None:
        level, trend = attainment._smoothed(np.array(self.values, dtype=float), 0.4, 0.0)
        assert level == pytest.approx([30, 31.2, 31.12, 32.27, 32.56, 33.94], abs=0.005)
        assert not trend.any()
        errors = np.array(self.values[1:]) - level[:-1]
        usual = math.sqrt(np.average(errors**2, weights=0.5 ** (np.arange(4, -1, -1) / 104)) * 8)
        assert usual == pytest.approx(6.9, abs=0.01)
        later = key_result(self.values, steps=8)
        assert later.quantile(0.5) == pytest.approx(level[-1])
        assert later.quantile([0.1, 0.25, 0.75, 0.9]) == pytest.approx(
            level[-1] + 0.8 * usual * stdtrit(2, [0.1, 0.25, 0.75, 0.9]), abs=0.02
        )
        ahead = chance(later, baseline=30, target=40)
        assert [ahead.target, ahead.seven_tenths, ahead.attainment] == pytest.approx([0.19, 0.32, 0.44], abs=0.005)

    def test_the_damped_trend_is_that_of_gardner_and_mckenzie(self) -> None:
        path = np.array([3.0, 5, 4, 8, 9])
        level, trend = attainment._smoothed(path, 0.4, 0.1)
        before = path[0], 0.0
        for value, one, other in zip(path, level, trend, strict=True):
            error = value - (before[0] + 0.9 * before[1])
            before = before[0] + 0.9 * before[1] + 0.4 * error, 0.9 * before[1] + 0.1 * error
            assert (one, other) == pytest.approx(before)
        three = level[-1] + trend[-1] * (0.9 + 0.81 + 0.729)
        assert attainment._ahead(level, trend, 3)[-1] == pytest.approx(three)

    def test_the_own_errors_take_over_as_they_become_known(self) -> None:
        """With many independent past errors, the forecast is their distribution around the last value."""
        rng = np.random.default_rng(3)
        path = np.cumsum(rng.normal(size=520))
        later = key_result(path, steps=1)
        moves = np.diff(path)
        assert later.quantile([0.1, 0.5, 0.9]) - path[-1] == pytest.approx(
            np.quantile(moves, [0.1, 0.5, 0.9]), abs=0.25
        )


class TestKeyResult:
    @given(values=shares, steps=steps, scale=st.sampled_from(SCALES))
    @settings(max_examples=60)
    def test_answers_are_ordered_finite_and_on_their_scale(self, values: list[float], steps: int, scale: str) -> None:
        later = key_result(values, steps=steps, scale=scale)
        asked = later.quantile(P)
        assert np.all(np.isfinite(asked))
        assert np.all(np.diff(asked) >= -1e-12)
        assert math.isfinite(later.mean())
        if scale != "linear":
            assert np.all(asked >= 0)
        if scale == "logit":
            assert np.all(asked <= 1)
            assert 0 <= later.mean() <= 1

    @given(values=amounts, steps=steps, baseline=st.floats(-1e15, 1e15), target=st.floats(-1e15, 1e15))
    @settings(max_examples=60)
    def test_never_nan(self, values: list[float], steps: int, baseline: float, target: float) -> None:
        later = key_result(values, steps=steps)
        assert np.all(np.isfinite(later.quantile(P)))
        if baseline != target:
            ahead = chance(later, baseline=baseline, target=target)
            assert 0 <= ahead.target <= ahead.seven_tenths <= 1
            assert 0 <= ahead.attainment <= 1

    @pytest.mark.parametrize("count", [5, 6, 9, 13, 20, 33, 60])
    def test_upside_down_and_in_another_unit_it_is_the_same(self, count: int) -> None:
        values = np.cumsum(np.random.default_rng(count).normal(size=count))
        for ahead in (1, 6, 13):
            later, other = key_result(values, steps=ahead), key_result(-2.54 * values + 7, steps=ahead)
            assert other.quantile(1 - P) == pytest.approx(-2.54 * np.asarray(later.quantile(P)) + 7, rel=1e-9)

    def test_further_ahead_is_wider(self) -> None:
        near, far = (np.diff(key_result(RISING, steps=h).quantile([0.1, 0.9]))[0] for h in (1, 13))
        assert far > 2 * near

    def test_an_even_rise_is_expected_to_go_on_slower(self) -> None:
        later = key_result(np.arange(40.0), steps=13)
        assert 45 < later.quantile(0.5) <= 53
        assert later.at_least(39) > 0.75

    def test_noise_around_a_level_is_not_taken_for_a_walk(self) -> None:
        rng = np.random.default_rng(8)
        later = key_result(50 + 3 * rng.normal(size=200), steps=13)
        assert later.quantile(0.5) == pytest.approx(50, abs=2)
        assert np.diff(later.quantile([0.1, 0.9]))[0] < 3 * 2.56 * 1.4

    def test_calibration_on_walks_with_a_known_spread(self) -> None:
        rng = np.random.default_rng(12)
        held = []
        for _walk in range(150):
            path = np.cumsum(rng.normal(size=113))
            low, high = key_result(path[:100], steps=13).quantile([0.1, 0.9])
            held.append(low <= path[-1] <= high)
        assert 0.7 <= np.mean(held) <= 0.9

    def test_values_that_never_moved_are_forecast_to_stay(self) -> None:
        for scale in SCALES:
            same = key_result([0.3] * 12, steps=13, scale=scale)
            assert [same.quantile(p) for p in (0.0, 0.1, 0.9, 1.0)] == [0.3] * 4
            assert (same.at_least(0.3), same.cdf(0.3), same.cdf(0.29), same.mean()) == (1, 1, 0, 0.3)
        assert key_result([0.0] * 12, steps=13, scale="logit").quantile(0.5) == 0

    def test_shares_of_none_and_of_all_stay_shares(self) -> None:
        later = key_result([0, 0, 0.02, 0, 0.1, 0.08], steps=4, scale="logit")
        assert 0 < later.quantile(0.01) < later.quantile(0.99) < 1
        ended = key_result([0.9, 1, 0.95, 1, 1, 1], steps=4, scale="logit")
        assert ended.quantile(0.9) <= 1
        assert 0 < ended.at_least(0.95) < 1

    def test_only_the_newest_values_count(self) -> None:
        rng = np.random.default_rng(1)
        path = np.cumsum(rng.normal(size=600))
        assert np.array_equal(key_result(path, steps=4).quantile(P), key_result(path[-520:], steps=4).quantile(P))

    def test_the_same_input_gives_the_same_bits(self) -> None:
        p = np.linspace(0.01, 0.99, 25)
        first, second = (key_result(values, steps=6).quantile(p) for values in (RISING, list(RISING)))
        assert np.array_equal(first, second)

    @pytest.mark.parametrize("count", range(5))
    def test_fewer_than_five_measurements_are_too_little(self, count: int) -> None:
        with pytest.raises(TooLittleHistory) as missing:
            key_result([40.0] * count, steps=4)
        assert (missing.value.needed, missing.value.given) == (5, count)

    @pytest.mark.parametrize("bad", [[1, 2, 3, 4, math.nan], [1, 2, 3, 4, math.inf], [1, 2, 3, 4, 1e16], [RISING], 4.0])
    def test_values_that_are_none_are_refused_by_name(self, bad: Any) -> None:
        with pytest.raises(ValueError, match="values must"):
            key_result(bad, steps=4)

    @pytest.mark.parametrize(("scale", "bad"), [("log", 0.0), ("log", -3.0), ("logit", 1.01), ("logit", -0.01)])
    def test_values_off_their_scale_are_refused_by_name(self, scale: str, bad: float) -> None:
        with pytest.raises(ValueError, match=f'values must .* "{scale}" scale'):
            key_result([0.4, 0.5, bad, 0.5, 0.6, 0.7], steps=4, scale=scale)

    def test_steps_and_scale_out_of_range_are_refused_by_name(self) -> None:
        for ahead in (0, -1, 261, 1.5, math.nan, math.inf):
            with pytest.raises(ValueError, match="steps must"):
                key_result(RISING, steps=ahead)  # type: ignore[arg-type]
        with pytest.raises(ValueError, match="scale must"):
            key_result(RISING, steps=4, scale="percent")


class TestChance:
    uniform = Amounts([20, 40], [0, 1])

    @pytest.mark.parametrize(
        ("baseline", "target", "expected"),
        [
            (20, 40, (0.0, 0.3, 0.5)),
            (20, 30, (0.5, 0.65, 0.75)),  # half the values lie beyond the target: ½ · 1 + ½ · ½
            (40, 30, (0.5, 0.65, 0.75)),  # decreasing
            (40, 20, (0.0, 0.3, 0.5)),
            (0, 10, (1.0, 1.0, 1.0)),  # reached already, and sure to stay so
            (50, 60, (0.0, 0.0, 0.0)),  # worse than at the start
        ],
    )
    def test_closed_forms(self, baseline: float, target: float, expected: tuple[float, float, float]) -> None:
        ahead = chance(self.uniform, baseline=baseline, target=target)
        assert (ahead.target, ahead.seven_tenths, ahead.attainment) == pytest.approx(expected, abs=1 / 400)

    def test_it_agrees_with_a_sample(self) -> None:
        later = key_result(RISING, steps=6)
        drawn = later.sample(np.random.default_rng(4), 50_000)
        ahead = chance(later, baseline=40, target=50)
        assert ahead.target == pytest.approx(np.mean(drawn >= 50), abs=0.01)
        assert ahead.attainment == pytest.approx(np.clip((drawn - 40) / 10, 0, 1).mean(), abs=0.01)

    def test_a_target_nearer_to_the_baseline_is_never_less_likely(self) -> None:
        later = key_result(RISING, steps=6)
        targets = [chance(later, baseline=40, target=target).target for target in (41, 45, 50, 60, 100)]
        assert targets == sorted(targets, reverse=True)

    def test_a_value_that_stays_at_its_target_has_reached_it(self) -> None:
        stays = key_result([12.0] * 6, steps=4)
        assert chance(stays, baseline=10, target=12) == Chances(1, 1, 1)
        assert chance(stays, baseline=14, target=12) == Chances(1, 1, 1)

    def test_distributions_of_counts_are_taken_too(self) -> None:
        ahead = chance(Discrete([1, 2, 3], [0.2, 0.7, 1.0]), baseline=1, target=3)
        assert ahead.target == pytest.approx(0.3)
        assert ahead.attainment == pytest.approx(0.5 * 0.5 + 0.3, abs=1 / 400)

    @pytest.mark.parametrize("bad", [math.nan, math.inf])
    def test_a_target_that_is_none_is_refused(self, bad: float) -> None:
        with pytest.raises(ValueError, match="must be finite"):
            chance(self.uniform, baseline=bad, target=4)
        with pytest.raises(ValueError, match="must be finite"):
            chance(self.uniform, baseline=4, target=bad)
        with pytest.raises(ValueError, match="must differ"):
            chance(self.uniform, baseline=4, target=4)


class TestStraightLine:
    def test_it_is_the_least_squares_line_of_the_last_values(self) -> None:
        values = [100.0, 3, 5, 4, 8, 9]
        slope, at_zero = np.polyfit(np.arange(5), values[1:], 1)
        assert straight_line(values, steps=3, last=5) == pytest.approx(at_zero + slope * 7)

    def test_one_value_has_no_line(self) -> None:
        with pytest.raises(TooLittleHistory):
            straight_line([4.0], steps=3)


class TestEvenly:
    def test_weekly_values_stay_as_they_are_though_the_weekday_wobbles(self) -> None:
        values, every = evenly([0, 8, 13, 22, 28], [1, 2, 3, 4, 5])
        assert (values.tolist(), every) == ([1, 2, 3, 4, 5], 7)

    def test_a_missing_week_lies_between_its_neighbours(self) -> None:
        values, every = evenly([0, 7, 14, 28, 35], [1, 2, 3, 7, 8])
        assert (values.tolist(), every) == ([1, 2, 3, 5, 7, 8], 7)

    def test_daily_values_become_the_last_of_each_week(self) -> None:
        values, every = evenly(np.arange(22), np.arange(22.0))
        assert (values.tolist(), every) == ([0, 7, 14, 21], 7)

    def test_monthly_values_stay_monthly(self) -> None:
        values, every = evenly([0, 31, 59, 90, 120], [1, 2, 3, 4, 5])
        assert (values.tolist(), every) == ([1, 2, 3, 4, 5], 30)

    def test_what_lies_before_a_long_pause_is_left_out(self) -> None:
        values, every = evenly([0, 7, 14, 200, 207, 214], [90, 91, 92, 5, 6, 7])
        assert (values.tolist(), every) == ([5, 6, 7], 7)

    def test_of_one_day_the_last_counts(self) -> None:
        values, every = evenly([0, 7, 7], [1, 2, 3])
        assert (values.tolist(), every) == ([1, 3], 7)
        assert evenly([4], [9])[0].tolist() == [9]
        assert evenly([], [])[0].size == 0

    @given(
        gaps=st.lists(st.integers(0, 60), min_size=1, max_size=40),
        seed=st.integers(0, 100),
    )
    def test_the_last_value_stays_the_last_and_nothing_leaves_the_range(self, gaps: list[int], seed: int) -> None:
        measured = np.random.default_rng(seed).normal(size=len(gaps))
        values, every = evenly(np.cumsum(gaps), measured)
        assert values[-1] == measured[-1]
        assert every >= 7
        assert measured.min() <= values.min() + 1e-12
        assert values.max() <= measured.max() + 1e-12
        assert values.size <= sum(gaps) / every + 1.5

    def test_bad_input_is_refused_by_name(self) -> None:
        for days in ([7, 0], [0]):
            with pytest.raises(ValueError, match="days must"):
                evenly(days, [1, 2])
        with pytest.raises(ValueError, match="shortest must"):
            evenly([0, 7], [1, 2], shortest=0)
        with pytest.raises(ValueError, match="values must"):
            evenly([0, 7], [1, math.nan])
