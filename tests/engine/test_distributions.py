import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headway.engine.distributions import (
    Amounts,
    Discrete,
    Distribution,
    NegativeBinomialMixture,
    negative_binomials_at_least,
)

means = st.floats(0.05, 500)
sizes = st.floats(0.05, 200)


def mixture(first: float, second: float, size: float) -> Distribution:
    return NegativeBinomialMixture([first, second], [size, size], [0.3, 0.7])


def test_a_negative_binomial_agrees_with_its_mass_function() -> None:
    mean, size = 4.0, 2.5
    counts = np.arange(400)
    from scipy.stats import nbinom

    mass = nbinom.pmf(counts, size, size / (size + mean))
    one = NegativeBinomialMixture([mean], [size], [1.0])
    assert one.cdf(counts) == pytest.approx(np.cumsum(mass), abs=1e-12)
    assert one.mean() == pytest.approx(mass @ counts)


def test_a_mixture_is_the_weighted_mean_of_its_parts() -> None:
    both = NegativeBinomialMixture([2.0, 9.0], [3.0, 0.5], [0.3, 0.7]).cdf(np.arange(30))
    parts = [NegativeBinomialMixture([m], [r], [1.0]).cdf(np.arange(30)) for m, r in ((2.0, 3.0), (9.0, 0.5))]
    assert both == pytest.approx(0.3 * parts[0] + 0.7 * parts[1])


@given(first=means, second=means, size=sizes, p=st.floats(0.001, 0.999))
def test_a_quantile_is_the_smallest_count_that_reaches_its_chance(
    first: float, second: float, size: float, p: float
) -> None:
    counts = mixture(first, second, size)
    x = counts.quantile(p)
    assert counts.cdf(x) >= p
    assert x == 0 or counts.cdf(x - 1) < p


@given(first=means, second=means, size=sizes)
def test_a_cdf_never_falls_and_at_least_is_its_complement(first: float, second: float, size: float) -> None:
    counts = mixture(first, second, size)
    x = np.arange(-2, 60)
    chances = counts.cdf(x)
    assert np.all(np.diff(chances) >= -1e-12)
    assert counts.at_least(x + 1) == pytest.approx(1 - chances, abs=1e-9)


def test_samples_follow_the_distribution_and_the_seed() -> None:
    counts = mixture(3.0, 12.0, 2.0)
    drawn = counts.sample(np.random.default_rng(7), 40_000)
    assert np.array_equal(drawn, counts.sample(np.random.default_rng(7), 40_000))
    assert drawn.mean() == pytest.approx(counts.mean(), rel=0.03)
    for p in (0.1, 0.5, 0.9):
        assert counts.cdf(counts.quantile(p)) == pytest.approx(np.mean(drawn <= counts.quantile(p)), abs=0.01)


@pytest.mark.parametrize(
    "distribution", [mixture(3.0, 12.0, 2.0), Discrete([0, 2, 5], [0.1, 0.6, 0.9])], ids=["counts", "steps"]
)
def test_scalars_give_floats_and_arrays_keep_their_shape(distribution: Distribution) -> None:
    assert isinstance(distribution.quantile(0.5), float)
    assert isinstance(distribution.cdf(2), float)
    assert isinstance(distribution.at_least(2), float)
    assert distribution.quantile(np.full((2, 3), 0.5)).shape == (2, 3)
    assert distribution.cdf([[1], [2]]).shape == (2, 1)
    assert distribution.sample(np.random.default_rng(1), 5).shape == (5,)


@pytest.mark.parametrize(
    "distribution", [mixture(3.0, 12.0, 2.0), Discrete([0, 2, 5], [0.1, 0.6, 0.9])], ids=["counts", "steps"]
)
def test_the_ends_of_a_distribution_are_defined(distribution: Distribution) -> None:
    assert distribution.quantile(0) == 0
    assert distribution.quantile(1) == np.inf
    assert distribution.cdf(-1) == 0
    assert distribution.cdf(np.inf) == 1
    assert distribution.at_least(0) == 1
    assert distribution.at_least(-np.inf) == 1
    with pytest.raises(ValueError, match="p must"):
        distribution.quantile(1.01)
    with pytest.raises(ValueError, match="p must"):
        distribution.quantile([0.5, np.nan])
    with pytest.raises(ValueError, match="x must"):
        distribution.cdf(np.nan)


def test_the_rest_of_a_list_of_values_lies_at_infinity() -> None:
    weeks = Discrete([1, 2, 3], [0.2, 0.7, 0.9])
    assert weeks.cdf([0.5, 1, 2.5, 3, 100, np.inf]).tolist() == [0, 0.2, 0.7, 0.9, 0.9, 1]
    assert weeks.at_least([1, 1.5, 3, np.inf]) == pytest.approx([1, 0.8, 0.3, 0.1])
    assert weeks.quantile([0.2, 0.21, 0.9, 0.91]).tolist() == [1, 2, 3, np.inf]
    assert weeks.mean() == pytest.approx(0.2 * 1 + 0.5 * 2 + 0.3 * 3)
    drawn = weeks.sample(np.random.default_rng(3), 20_000)
    assert np.mean(np.isinf(drawn)) == pytest.approx(0.1, abs=0.01)


def test_extreme_counts_stay_exact_enough_and_finite() -> None:
    huge = NegativeBinomialMixture([1e11, 3e11], [0.1, 0.1], [0.5, 0.5])
    asked = huge.quantile([0.01, 0.5, 0.99, 0.999999])
    assert np.all(np.isfinite(asked))
    assert np.all(np.diff(asked) > 0)
    assert negative_binomials_at_least(5, means=[1e-9], sizes=[0.5], weights=[1.0]) == pytest.approx(0, abs=1e-20)


class TestAmounts:
    points = Amounts([0, 10, 10, 30], [0, 0.2, 0.5, 1])  # with a jump at 10

    def test_between_points_it_is_a_line_and_equal_points_are_a_jump(self) -> None:
        assert self.points.cdf([-1, 0, 5, 10, 20, 30, np.inf]) == pytest.approx([0, 0, 0.1, 0.5, 0.75, 1, 1])
        assert self.points.at_least([-np.inf, 0, 5, 10, 20, 30, 31]) == pytest.approx([1, 1, 0.9, 0.8, 0.25, 0, 0])
        assert self.points.quantile([0, 0.1, 0.2, 0.4, 0.5, 0.75, 1]) == pytest.approx([0, 5, 10, 10, 10, 20, 30])
        assert self.points.mean() == pytest.approx(0.2 * 5 + 0.3 * 10 + 0.5 * 20)

    @given(
        values=st.lists(st.integers(-1000, 1000).map(lambda eighths: eighths / 8), min_size=1, max_size=30),
        p=st.floats(0, 1),
        rng=st.integers(0, 10).map(np.random.default_rng),
    )
    def test_a_sample_gives_a_distribution(self, values: list[float], p: float, rng: np.random.Generator) -> None:
        amounts = Amounts.of_sample(values, rng.random(len(values)) + 0.01)
        x = amounts.quantile(p)
        assert min(values) <= x <= max(values)
        assert amounts.cdf(x) >= p - 1e-9
        assert amounts.cdf(max(values)) == 1
        assert amounts.at_least(min(values)) == 1
        assert min(values) <= amounts.mean() + 1e-9
        assert amounts.mean() <= max(values) + 1e-9

    def test_a_large_even_sample_has_its_own_quantiles(self) -> None:
        drawn = np.random.default_rng(2).normal(size=2001)
        p = np.array([0.1, 0.5, 0.9])
        assert Amounts.of_sample(drawn, np.ones(2001)).quantile(p) == pytest.approx(np.quantile(drawn, p), abs=0.01)

    def test_samples_follow_the_distribution(self) -> None:
        drawn = self.points.sample(np.random.default_rng(7), 40_000)
        assert np.mean(drawn == 10) == pytest.approx(0.3, abs=0.01)
        assert drawn.mean() == pytest.approx(self.points.mean(), abs=0.2)

    @pytest.mark.parametrize(
        ("values", "cumulative"),
        [([1], [1]), ([1, 2], [0, 0.5, 1]), ([2, 1], [0, 1]), ([1, np.nan], [0, 1]), ([1, np.inf], [0, 1])],
    )
    def test_points_that_are_no_curve_are_refused(self, values: list[float], cumulative: list[float]) -> None:
        with pytest.raises(ValueError, match="values"):
            Amounts(values, cumulative)

    def test_chances_that_fall_or_do_not_run_from_none_to_all_are_refused(self) -> None:
        for cumulative in ([0.1, 1], [0, 0.9], [0, np.nan]):
            with pytest.raises(ValueError, match="cumulative must"):
                Amounts([1, 2], cumulative)
        with pytest.raises(ValueError, match="cumulative must"):
            Amounts([1, 2, 3, 4], [0, 0.6, 0.5, 1])
        with pytest.raises(ValueError, match="weights over 0"):
            Amounts.of_sample([1, 2], [1, 0])
        with pytest.raises(ValueError, match="factor must"):
            self.points.times(0)
