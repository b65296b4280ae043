import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import stats

from headway.engine import impact
from headway.engine.impact import (
    Arm,
    Fact,
    Impact,
    Method,
    Outcome,
    Promise,
    TooLittleHistory,
    evidence,
    measure,
    shares,
    smallest_visible,
    verdict,
)

PROMISE = Promise(2.0, 4.0, 8.0, 0.5)
values = st.lists(st.one_of(st.floats(-1e6, 1e6), st.just(float("nan"))), min_size=12, max_size=60)
promises = st.tuples(
    st.lists(st.floats(-1e6, 1e6), min_size=3, max_size=3).map(sorted), st.sampled_from([0.0, 0.2, 0.5, 1.0])
).map(lambda drawn: Promise(*drawn[0], drawn[1]))


def noisy(weeks: int, *, level: float = 50.0, seed: int = 3) -> np.ndarray:
    return level + np.random.default_rng(seed).normal(size=weeks)


def numbers(found: Impact) -> list[float]:
    levels = (found.level_before, found.level_without, found.level_after)
    return [
        found.estimate,
        found.low,
        found.high,
        found.measured,
        found.measured_low,
        found.measured_high,
        found.chance_moved,
        found.chance_harmed,
        found.smallest_visible,
        *found.fake_effects,
        *(level for level in levels if level is not None),
    ]


class TestByHand:
    """The worked example of the documentation: eight weeks before, two after."""

    weeks = (10, 13, 9, 12, 14, 10, 13, 11, 17, 16)

    def test_the_effect_is_the_level_after_minus_the_level_before(self) -> None:
        found = measure(self.weeks, launched_at=8)
        weight = 0.9 ** np.arange(8)
        before, after = weight @ np.array(self.weeks[7::-1]) / weight.sum(), (17 + 0.9 * 16) / 1.9
        assert (found.level_before, found.level_after) == (pytest.approx(before), pytest.approx(after))
        assert (found.level_before, found.level_after) == pytest.approx((11.57, 16.53), abs=0.005)
        assert found.measured == pytest.approx(after - before)
        assert found.measured == pytest.approx(4.96, abs=0.005)

    def test_the_fake_launches_and_the_range(self) -> None:
        found = measure(self.weeks, launched_at=8)
        assert found.fake_at == (4, 5, 6)
        near = 0.9 ** np.arange(7)
        expected = []
        for at in found.fake_at:
            behind, ahead = np.array(self.weeks[:at][::-1]), np.array(self.weeks[at : at + 2])
            b, a = near[: behind.size], near[: ahead.size]
            expected.append(a @ ahead / a.sum() - b @ behind / b.sum())
        assert found.fake_effects == pytest.approx(expected)
        assert found.fake_effects == pytest.approx([1.08, -0.33, 0.67], abs=0.005)
        spread = np.sqrt(np.mean(np.square(expected)))
        assert spread == pytest.approx(0.759, abs=0.0005)
        assert found.smallest_visible == pytest.approx(stats.t.ppf(0.95, 2) * spread)
        assert found.smallest_visible == pytest.approx(2.22, abs=0.005)
        assert (found.measured_low, found.measured_high) == pytest.approx((2.74, 7.17), abs=0.005)

    def test_its_belief_its_verdict_and_its_evidence(self) -> None:
        found = measure(self.weeks, launched_at=8, prior=PROMISE)
        assert (found.chance_moved, found.chance_harmed) == pytest.approx((0.978, 0.005), abs=0.0005)
        assert (found.estimate, found.low, found.high) == pytest.approx((4.6, 2.7, 6.4), abs=0.05)
        assert verdict(found, promise=PROMISE) == impact.Verdict(Outcome.MOVED, 4)
        assert evidence(found).quality == 3

    def test_whole_numbers_that_hardly_move_are_known_to_their_rounding(self) -> None:
        found = measure((10, 12, 10, 12, 10, 12, 10, 12, 16, 16), launched_at=8)
        assert np.sqrt(np.mean(np.square(found.fake_effects))) < 1 / np.sqrt(6)
        assert found.smallest_visible == pytest.approx(stats.t.ppf(0.95, 2) / np.sqrt(6))


class TestTheMethod:
    def test_for_noise_around_one_level_the_effect_is_near_the_difference_of_means(self) -> None:
        week = noisy(80)
        week[60:] += 6
        found = measure(week, launched_at=60)
        assert found.measured == pytest.approx(week[60:].mean() - week[:60].mean(), abs=0.6)
        assert found.measured_low > 4.5
        assert found.measured_high < 6.5

    def test_fake_launches_see_nothing_of_the_launch(self) -> None:
        week = noisy(60)
        stepped = np.concatenate([week[:48], week[48:] + 1000])
        plain, lifted = measure(week, launched_at=48), measure(stepped, launched_at=48)
        assert plain.fake_effects == lifted.fake_effects
        assert plain.smallest_visible == lifted.smallest_visible
        assert lifted.measured == pytest.approx(plain.measured + 1000)
        assert len(plain.fake_at) == 40
        assert max(plain.fake_at) == 46

    def test_a_wandering_level_is_no_effect_most_of_the_time(self) -> None:
        rng = np.random.default_rng(8)
        called = []
        for _ in range(150):
            week = np.cumsum(rng.normal(size=60))
            found = measure(week, launched_at=52)
            called.append(not found.measured_low <= 0 <= found.measured_high)
        assert 0.04 < np.mean(called) < 0.17

    def test_a_larger_step_is_never_less_likely_to_have_moved(self) -> None:
        week = noisy(40)
        chances = []
        for step in (-4, -1, 0, 1, 2, 4):
            moved = np.concatenate([week[:32], week[32:] + step])
            chances.append(measure(moved, launched_at=32, prior=PROMISE).chance_moved)
        assert chances == sorted(chances)

    def test_a_higher_level_of_trust_is_a_wider_range(self) -> None:
        week = noisy(40)
        widths = [measure(week, launched_at=32, level=level).smallest_visible for level in (0.5, 0.8, 0.9, 0.95)]
        assert widths == sorted(widths)

    def test_the_unit_does_not_matter(self) -> None:
        week = noisy(40)
        small, large = measure(week, launched_at=32), measure(week * 1024, launched_at=32)
        assert large.measured == pytest.approx(small.measured * 1024, rel=1e-9)
        assert large.smallest_visible == pytest.approx(small.smallest_visible * 1024, rel=1e-9)

    def test_a_fall_that_is_better_is_the_same_effect_upside_down(self) -> None:
        week = noisy(40)
        week[32:] -= 5
        rising = measure(-week, launched_at=32, prior=PROMISE)
        falling = measure(week, launched_at=32, prior=PROMISE, falling_is_better=True)
        assert falling.measured == pytest.approx(rising.measured)
        assert (falling.low, falling.high) == pytest.approx((rising.low, rising.high))
        assert falling.chance_moved == pytest.approx(rising.chance_moved)
        assert falling.fake_effects == pytest.approx(rising.fake_effects)
        assert verdict(falling, promise=PROMISE).outcome is Outcome.MOVED
        assert falling.level_after is not None
        assert falling.level_before is not None
        assert falling.level_after < falling.level_before

    def test_the_lag_is_not_counted(self) -> None:
        week = noisy(60)
        week[52:] += 8
        late = measure(week, launched_at=48, lag=4)
        assert late.measured == pytest.approx(8, abs=1.5)
        assert late.weeks_after == 8
        assert late.measured > measure(week, launched_at=48).measured

    def test_on_the_log_scale_a_step_is_a_factor(self) -> None:
        week = np.exp(noisy(60, level=5.0) / 50)
        lifted = np.concatenate([week[:48], week[48:] * 1.2])
        plain, stepped = (measure(one, launched_at=48, scale="log") for one in (week, lifted))
        assert plain.level_without is not None
        factor = (stepped.measured + plain.level_without) / (plain.measured + plain.level_without)
        assert factor == pytest.approx(1.2)

    def test_on_the_logit_scale_nothing_leaves_0_to_1(self) -> None:
        week = [0.97, 0.98, 0.99, 0.98, 1.0, 0.97, 0.99, 0.98, 0.99, 1.0, 1.0, 1.0]
        found = measure(week, launched_at=9, scale="logit")
        assert found.level_without is not None
        assert found.level_without + found.measured_high <= 1
        assert found.level_without + found.measured_low >= 0

    def test_the_same_input_gives_the_same_bits(self) -> None:
        week = noisy(60)
        assert measure(week, launched_at=48, prior=PROMISE) == measure(list(week), launched_at=48, prior=PROMISE)


class TestAControl:
    def test_what_moved_both_is_taken_away(self) -> None:
        drift = np.cumsum(np.random.default_rng(5).normal(size=60)) * 3
        week, other = noisy(60) + drift, noisy(60, level=20, seed=4) + drift
        week[48:] += 5
        alone, beside = measure(week, launched_at=48), measure(week, launched_at=48, control=other)
        assert beside.method is Method.CONTROL
        assert beside.smallest_visible < alone.smallest_visible / 2
        assert beside.measured == pytest.approx(5, abs=2)

    def test_levels_add_up(self) -> None:
        week, other = noisy(40), noisy(40, level=20, seed=4)
        other[32:] += 3
        found = measure(week, launched_at=32, control=other)
        assert found.level_before is not None
        assert found.level_without is not None
        assert found.level_after is not None
        assert found.level_without == pytest.approx(found.level_before + 3, abs=1.5)
        assert found.level_after - found.level_without == pytest.approx(found.measured)

    def test_it_must_be_as_long(self) -> None:
        with pytest.raises(ValueError, match="control must have as many"):
            measure(noisy(40), launched_at=32, control=noisy(39))
        with pytest.raises(ValueError, match="control must have as many"):
            smallest_visible(noisy(40), steps=4, control=noisy(39))


class TestAnExperiment:
    control, treatment = (4000, 0.110, 0.0979), (3900, 0.128, 0.1116)

    def test_it_is_welch_s_interval(self) -> None:
        found = measure([], launched_at=0, experiment=(self.control, self.treatment))
        errors = 0.0979 / 4000, 0.1116 / 3900
        freedom = sum(errors) ** 2 / (errors[0] ** 2 / 3999 + errors[1] ** 2 / 3899)
        half = stats.t.ppf(0.95, freedom) * np.sqrt(sum(errors))
        assert found.method is Method.EXPERIMENT
        assert found.measured == pytest.approx(0.018)
        assert found.smallest_visible == pytest.approx(half)
        assert (found.level_before, found.level_after, found.fake_effects) == (None, None, ())
        assert evidence(found).quality == 5

    def test_it_comes_before_the_series(self) -> None:
        week = noisy(40)
        week[32:] -= 20
        found = measure(week, launched_at=32, control=week, experiment=(self.control, self.treatment))
        assert found.measured == pytest.approx(0.018)
        assert found.level_before is not None
        assert found.fake_effects == ()

    def test_a_fall_may_be_better(self) -> None:
        found = measure([], launched_at=0, experiment=(self.treatment, self.control), falling_is_better=True)
        assert found.measured == pytest.approx(0.018)
        assert found.measured_low < found.measured < found.measured_high

    def test_arms_without_variance_are_compared(self) -> None:
        same = measure([], launched_at=0, experiment=((10, 1, 0), (10, 1, 0)), prior=PROMISE)
        assert same.measured == 0
        assert np.isfinite(numbers(same)).all()
        assert measure([], launched_at=0, experiment=((10, 1, 0), (10, 2, 0))).measured_low > 0

    @pytest.mark.parametrize(
        "arm", [(1, 0, 1), (10, 0, -1), (10, float("nan"), 1), (10, 0, float("inf")), (10, 1), (0, 0, 0)]
    )
    def test_what_is_no_arm_is_refused(self, arm: tuple[float, ...]) -> None:
        for experiment in ((arm, self.control), (self.control, arm)):
            with pytest.raises(ValueError, match="experiment must"):
                measure([], launched_at=0, experiment=experiment)


class TestThePromise:
    def test_without_one_nothing_is_shrunk(self) -> None:
        found = measure(noisy(40), launched_at=32)
        assert (found.estimate, found.low, found.high) == (found.measured, found.measured_low, found.measured_high)

    def test_a_weak_measurement_is_drawn_towards_it(self) -> None:
        weak = Arm(20, 6.0, 800.0)
        found = measure([], launched_at=0, experiment=(Arm(20, 0.0, 800.0), weak), prior=(1, 2, 3, 0.6))
        assert 0 < found.estimate < 3
        assert found.measured == 6
        assert found.chance_moved == pytest.approx(0.6, abs=0.15)

    def test_a_strong_measurement_speaks_for_itself(self) -> None:
        arms = Arm(10_000, 0.0, 100.0), Arm(10_000, 6.0, 100.0)
        found = measure([], launched_at=0, experiment=arms, prior=(1, 2, 3, 0.1))
        assert found.estimate == pytest.approx(6, abs=0.2)
        assert found.chance_moved > 0.999

    def test_the_posterior_is_that_of_a_sum_over_a_fine_grid(self) -> None:
        low, likely, high, chance = promise = Promise(1.0, 3.0, 4.0, 0.4)
        arms = Arm(500, 0.0, 500.0), Arm(500, 2.0, 500.0)
        found = measure([], launched_at=0, experiment=arms, prior=promise)
        at = np.linspace(-40, 40, 1_600_001)
        under, over = (likely - low) / stats.norm.ppf(0.9), (high - likely) / stats.norm.ppf(0.9)
        helps = np.where(at < likely, stats.norm.pdf(at, likely, under), stats.norm.pdf(at, likely, over))
        harms = np.where(at < 0, 2 * stats.norm.pdf(at, 0, max(likely, high - low)), 0)
        spread, freedom = np.sqrt(2.0), 998
        likelihood = stats.t.pdf((at - 2) / spread, freedom)
        nothing = (1 - chance) / 2 * stats.t.pdf(-2 / spread, freedom)
        mass = (chance * helps + (1 - chance) / 2 * harms) * likelihood * (at[1] - at[0])
        total = mass.sum() + nothing
        assert found.chance_moved == pytest.approx(mass[at > 0].sum() / total, abs=0.004)
        assert found.chance_harmed == pytest.approx(mass[at < 0].sum() / total, abs=0.004)
        assert found.estimate == pytest.approx(mass @ at / total, abs=0.01)

    def test_a_chance_of_nothing_stays_nothing_and_one_of_all_leaves_no_miss(self) -> None:
        week = noisy(40)
        week[32:] += 3
        never = measure(week, launched_at=32, prior=(2, 4, 8, 0.0))
        always = measure(week, launched_at=32, prior=(2, 4, 8, 1.0))
        assert never.chance_moved == 0
        assert always.chance_moved > 0.99
        assert verdict(never, promise=(2, 4, 8, 0.0)).outcome is Outcome.MOVED

    @pytest.mark.parametrize(
        "prior",
        [(3, 2, 4, 0.5), (1, 2, 3, 1.1), (1, 2, 3, -0.1), (1, 2, 3), (1, float("nan"), 3, 0.5), (0, 1, 1e16, 0.5)],
    )
    def test_what_is_no_promise_is_refused(self, prior: tuple[float, ...]) -> None:
        with pytest.raises(ValueError, match="prior must"):
            measure(noisy(40), launched_at=32, prior=prior)
        with pytest.raises(ValueError, match="prior must"):
            verdict(measure(noisy(40), launched_at=32), promise=prior)


class TestBadInput:
    @given(drawn=values, cut=st.floats(0, 1), prior=st.none() | promises, scale=st.sampled_from(["linear", "log"]))
    @settings(max_examples=120, deadline=None)
    def test_never_nan(self, drawn: list[float], cut: float, prior: Promise | None, scale: str) -> None:
        week = np.array(drawn)
        if scale == "log":
            week = np.abs(week) + 1e-3
        at = round(cut * len(drawn))
        try:
            found = measure(week, launched_at=at, scale=scale, prior=prior)
        except TooLittleHistory:
            measured = np.isfinite(week)
            assert measured[:at].sum() < 8 or measured[at:].sum() < 2 or np.isnan(week).sum() > 2
            return
        assert np.isfinite(numbers(found)).all()
        assert found.measured_low <= found.measured <= found.measured_high
        assert found.low <= found.high
        assert found.smallest_visible > 0
        assert 0 <= found.chance_moved <= 1
        assert found.chance_moved + found.chance_harmed <= 1 + 1e-9
        judged = verdict(found, promise=prior)
        assert (judged.scale is None) == (judged.outcome is Outcome.CANNOT_TELL)
        assert 1 <= evidence(found).quality <= 5

    @given(drawn=st.lists(st.floats(0, 1), min_size=12, max_size=40), prior=st.none() | promises)
    @settings(max_examples=60, deadline=None)
    def test_never_nan_on_shares(self, drawn: list[float], prior: Promise | None) -> None:
        found = measure(drawn, launched_at=9, scale="logit", prior=prior)
        assert np.isfinite(numbers(found)).all()
        assert -1 <= found.measured_low <= found.measured <= found.measured_high <= 1

    @pytest.mark.parametrize("level", [0.0, 40.0, -3.25, 1e12])
    def test_a_series_that_never_changes_is_known_to_its_rounding(self, level: float) -> None:
        found = measure([level] * 20, launched_at=12, prior=PROMISE)
        assert found.measured == 0
        assert found.smallest_visible > 0
        assert set(found.fake_effects) == {0.0}
        assert verdict(found, promise=PROMISE).outcome is not Outcome.MOVED

    def test_one_giant_week_widens_the_range(self) -> None:
        week = noisy(40)
        week[20] = 1e12
        found = measure(week, launched_at=32, prior=PROMISE)
        assert np.isfinite(numbers(found)).all()
        assert verdict(found, promise=PROMISE).outcome is Outcome.CANNOT_TELL

    def test_weeks_that_were_not_measured_are_left_out(self) -> None:
        week = noisy(60)
        week[48:] += 6
        gaps = week.copy()
        gaps[[3, 10, 11, 12, 30, 47, 49, 55]] = np.nan
        found = measure(gaps, launched_at=48)
        assert (found.weeks_before, found.weeks_after, found.weeks_missing) == (42, 10, 8)
        assert found.measured == pytest.approx(measure(week, launched_at=48).measured, abs=1)
        assert evidence(found).facts[Fact.MEASURED_OFTEN]
        monthly = np.full(60, np.nan)
        monthly[::4] = week[::4]
        assert not evidence(measure(monthly, launched_at=48)).facts[Fact.MEASURED_OFTEN]

    @pytest.mark.parametrize(
        ("before", "after", "missing"), [(7, 8, (8, 7)), (12, 1, (2, 1)), (0, 5, (8, 0)), (12, 0, (2, 0))]
    )
    def test_too_little_says_what_is_needed(self, before: int, after: int, missing: tuple[int, int]) -> None:
        with pytest.raises(TooLittleHistory) as told:
            measure(noisy(before + after), launched_at=before)
        assert (told.value.needed, told.value.given) == missing

    def test_weeks_that_are_missing_are_no_history(self) -> None:
        with pytest.raises(TooLittleHistory) as told:
            measure([np.nan] * 20 + [1.0] * 7 + [2.0] * 5, launched_at=27)
        assert (told.value.needed, told.value.given) == (8, 7)

    @pytest.mark.parametrize(
        ("weeks", "at", "missing"),
        [
            ([1.0, 2.0] * 10 + [np.nan] * 70 + [3.0] * 4, 90, (8, 0)),
            ([1.0, 2.0] * 10 + [np.nan] * 200 + [3.0] * 4, 220, (8, 0)),
            ([1.0, 2.0] * 10 + [np.nan] * 20 + [3.0] * 4, 20, (2, 0)),
        ],
    )
    def test_weeks_that_are_too_far_away_are_none(self, weeks: list[float], at: int, missing: tuple[int, int]) -> None:
        with pytest.raises(TooLittleHistory) as told:
            measure(weeks, launched_at=at)
        assert (told.value.needed, told.value.given) == missing
        arms = Arm(100, 1.0, 1.0), Arm(100, 2.0, 1.0)
        assert measure(weeks, launched_at=at, experiment=arms).level_before is None

    @pytest.mark.parametrize("at", [-1, 41, 3.5, float("nan")])
    def test_a_launch_outside_the_series_is_refused(self, at: float) -> None:
        with pytest.raises(ValueError, match="launched_at must"):
            measure(noisy(40), launched_at=at)

    @pytest.mark.parametrize(
        ("given_values", "scale", "says"),
        [
            ([[1.0] * 20], "linear", "values must have one dimension"),
            ([1.0] * 19 + [float("inf")], "linear", "values must hold"),
            ([1.0] * 19 + [1e16], "linear", "values must hold"),
            ([1.0] * 19 + [0.0], "log", "values must be over 0"),
            ([0.5] * 19 + [1.5], "logit", "values must be shares"),
            ([1.0] * 20, "sqrt", "scale must"),
        ],
    )
    def test_what_is_no_series_is_refused_by_name(self, given_values: object, scale: str, says: str) -> None:
        with pytest.raises(ValueError, match=says):
            measure(given_values, launched_at=12, scale=scale)
        with pytest.raises(ValueError, match=says):
            smallest_visible(given_values, steps=4, scale=scale)

    @pytest.mark.parametrize(
        ("fields", "says"),
        [({"level": 0.0}, "level"), ({"level": 1.0}, "level"), ({"lag": -1}, "lag"), ({"lag": 0.5}, "lag")],
    )
    def test_other_arguments_out_of_range_are_refused(self, fields: dict[str, float], says: str) -> None:
        with pytest.raises(ValueError, match=f"{says} must"):
            measure(noisy(40), launched_at=32, **fields)


class TestSmallestVisible:
    @given(seed=st.integers(0, 1000), steps=st.integers(2, 20), lag=st.integers(0, 3), falling=st.booleans())
    @settings(max_examples=40, deadline=None)
    def test_on_the_day_of_the_launch_it_is_the_later_half_width(
        self, seed: int, steps: int, lag: int, falling: bool
    ) -> None:
        assume(steps >= lag + 2)
        week = np.abs(np.cumsum(noisy(40 + steps, level=1.0, seed=seed))) + 1
        for scale in ("linear", "log"):
            said = smallest_visible(week[:40], steps=steps, scale=scale, lag=lag, falling_is_better=falling)
            later = measure(week, launched_at=40, scale=scale, lag=lag, falling_is_better=falling)
            assert said == pytest.approx(later.smallest_visible, rel=1e-9)

    def test_beside_a_control_too(self) -> None:
        week, other = noisy(48), noisy(48, seed=9)
        said = smallest_visible(week[:40], steps=8, control=other[:40])
        assert said == pytest.approx(measure(week, launched_at=40, control=other).smallest_visible)

    def test_more_weeks_until_the_launch_make_it_surer(self) -> None:
        week = noisy(20)
        assert smallest_visible(week, steps=8, until_launch=20) < smallest_visible(week, steps=8)

    def test_an_effect_of_this_size_is_seen_every_second_time(self) -> None:
        week = noisy(60)
        plain = measure(week, launched_at=48)
        lifted = week.copy()
        lifted[48:] += plain.smallest_visible - plain.measured
        assert measure(lifted, launched_at=48).measured_low == pytest.approx(0, abs=1e-9)

    @pytest.mark.parametrize(
        "fields", [{"steps": 1}, {"steps": 4, "lag": 3}, {"steps": 2.5}, {"steps": 4, "until_launch": -1}]
    )
    def test_what_cannot_be_is_refused(self, fields: dict[str, float]) -> None:
        with pytest.raises(ValueError, match="must be"):
            smallest_visible(noisy(40), **fields)

    def test_too_little_says_what_is_needed(self) -> None:
        with pytest.raises(TooLittleHistory) as told:
            smallest_visible(noisy(5), steps=4)
        assert (told.value.needed, told.value.given) == (8, 5)


landed = st.lists(st.tuples(st.integers(0, 120), st.floats(-100, 1e6), st.floats(0, 1)), min_size=1, max_size=40)


class TestShares:
    """Whoever may have moved it shares it: never more than all of it, on any day."""

    @given(bets=landed, days=st.integers(0, 60), seed=st.integers(0, 10**6))
    @settings(max_examples=60, deadline=None)
    def test_on_no_day_more_than_all_of_it_however_they_overlap(
        self, bets: list[tuple[int, float, float]], days: int, seed: int
    ) -> None:
        lands_on, likely, chance = (np.array(column) for column in zip(*bets, strict=True))
        parts = shares(lands_on, until=lands_on + days, likely=likely, chance=chance)
        assert np.all((parts >= 0) & (parts <= 1))
        by_day = np.array([parts[(lands_on <= day) & (day <= lands_on + days)].sum() for day in range(200)])
        assert by_day.max() <= 1 + 1e-9
        moves = np.random.default_rng(seed).exponential(size=200)
        brought = sum(
            part * moves[day : day + days + 1].sum() for part, day in zip(parts, lands_on.tolist(), strict=True)
        )
        assert brought <= moves.sum() * (1 + 1e-9)

    @given(bets=landed, order=st.randoms(use_true_random=False), days=st.integers(0, 60))
    @settings(max_examples=40, deadline=None)
    def test_judged_one_after_the_other_they_never_share_more(
        self, bets: list[tuple[int, float, float]], order: object, days: int
    ) -> None:
        lands_on, likely, chance = (np.array(column) for column in zip(*bets, strict=True))
        given_away = np.full(len(bets), np.nan)
        turns = list(range(len(bets)))
        order.shuffle(turns)  # type: ignore[attr-defined]
        for turn in turns:
            parts = shares(lands_on, until=lands_on + days, likely=likely, chance=chance, given=given_away)
            given_away[turn] = parts[turn]
        for day in range(200):
            assert given_away[(lands_on <= day) & (day <= lands_on + days)].sum() <= 1 + 1e-9

    def test_in_one_window_they_get_all_of_it_by_promise_and_chance(self) -> None:
        parts = shares([5, 5, 5], until=[33, 33, 33], likely=[2, 4, -5], chance=[0.5, 0.5, 0.9])
        assert parts.tolist() == pytest.approx([1 / 3, 2 / 3, 0])

    def test_promises_of_nothing_share_alike(self) -> None:
        parts = shares([0, 0, 0], until=[9, 9, 9], likely=[0, -1, 5], chance=[0.5, 0.5, 0.0])
        assert parts.tolist() == pytest.approx([1 / 3] * 3)

    def test_who_is_judged_keeps_the_share_and_the_rest_is_for_the_others(self) -> None:
        nan = float("nan")
        parts = shares([0, 10, 20], until=[9, 38, 48], likely=[1, 1, 3], chance=[1, 1, 1], given=[1.0, 0.7, nan])
        assert parts.tolist() == pytest.approx([1.0, 0.7, 0.3])

    def test_without_bets_there_is_nothing_to_share(self) -> None:
        assert shares([], until=[], likely=[], chance=[]).size == 0

    @pytest.mark.parametrize(
        "fields",
        [
            {"likely": [1, 2]},
            {"chance": [1.5]},
            {"likely": [float("nan")]},
            {"until": [-1]},
            {"given": [1.1]},
            {"until": [float("inf")]},
        ],
    )
    def test_what_is_no_list_of_bets_is_refused(self, fields: dict[str, list[float]]) -> None:
        asked = {"lands_on": [0], "until": [28], "likely": [1.0], "chance": [0.5]} | fields
        with pytest.raises(ValueError, match="must"):
            shares(**asked)


def found(measured: float, *, half: float = 1.0) -> Impact:
    """A measurement of an experiment whose range is ``measured`` ± ``half``."""
    size = 10**6
    variance = (half / stats.norm.ppf(0.95)) ** 2 * size / 2
    return measure([], launched_at=0, experiment=(Arm(size, 0.0, variance), Arm(size, measured, variance)))


class TestVerdict:
    @pytest.mark.parametrize(
        ("measured", "outcome", "scale"),
        [
            (9.0, Outcome.MOVED, 5),
            (8.0, Outcome.MOVED, 4),
            (2.5, Outcome.MOVED, 4),
            (1.5, Outcome.MOVED, 3),
            (0.5, Outcome.DID_NOT, 2),
            (-0.5, Outcome.DID_NOT, 2),
            (-1.5, Outcome.DID_NOT, 1),
        ],
    )
    def test_graded_by_the_range(self, measured: float, outcome: Outcome, scale: int) -> None:
        assert verdict(found(measured), promise=PROMISE) == impact.Verdict(outcome, scale)

    def test_what_could_not_have_been_seen_cannot_be_told(self) -> None:
        assert verdict(found(0.5, half=5.0), promise=PROMISE).outcome is Outcome.CANNOT_TELL

    def test_a_range_that_holds_both_nothing_and_the_promise_tells_nothing(self) -> None:
        assert verdict(found(2.0, half=3.0), promise=PROMISE).outcome is Outcome.CANNOT_TELL

    def test_a_share_is_graded_as_such(self) -> None:
        assert verdict(found(9.0), promise=PROMISE, share=0.5).scale == 4
        assert verdict(found(9.0), promise=PROMISE, share=0.1).scale == 3
        with pytest.raises(ValueError, match="share must"):
            verdict(found(9.0), promise=PROMISE, share=1.5)

    def test_without_a_promise_nothing_is_missing(self) -> None:
        assert verdict(found(0.1), promise=None).outcome is Outcome.CANNOT_TELL
        assert verdict(found(3.0), promise=None) == impact.Verdict(Outcome.MOVED, 4)


class TestEvidence:
    def test_each_fact_is_a_point(self) -> None:
        long, brief = noisy(60), noisy(16)
        long[48:] += 6
        brief[12:] += 6
        best = measure(long, launched_at=48, control=noisy(60, level=20, seed=9))
        assert evidence(best).quality == 5
        assert evidence(measure(long, launched_at=48)).quality == 4
        assert evidence(measure(long, launched_at=48), landed_together=2).quality == 3
        assert evidence(measure(brief, launched_at=12)).quality == 3
        assert [fact for fact, holds in evidence(measure(brief, launched_at=12)).facts.items() if not holds] == [
            Fact.LONG_ENOUGH,
            Fact.COMPARED,
        ]

    def test_it_is_never_under_one(self) -> None:
        gaps = np.full(40, np.nan)
        gaps[::4] = noisy(10)
        assert evidence(measure(gaps, launched_at=32), landed_together=3).quality == 1
