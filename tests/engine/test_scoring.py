import numpy as np
import pytest

from headway.engine import scoring


def test_crps_of_a_sure_forecast_is_the_absolute_error() -> None:
    for observed in (-2.0, 3.0, 7.5):
        assert scoring.crps_of_steps([3.0], [1.0], observed) == abs(observed - 3)


def test_crps_of_a_normal_matches_its_closed_form() -> None:
    from scipy.stats import norm

    z = np.linspace(-8, 8, 20_001)
    for y in (-1.3, 0.0, 2.2):
        closed = y * (2 * norm.cdf(y) - 1) + 2 * norm.pdf(y) - 1 / np.sqrt(np.pi)
        assert scoring.crps_of_steps(z, norm.cdf(z), y) == pytest.approx(closed, abs=1e-3)


def test_crps_of_samples_is_its_energy_form() -> None:
    rng = np.random.default_rng(4)
    drawn = rng.normal(size=60)
    for y in (-3.0, 0.1, 5.0):
        energy = np.abs(drawn - y).mean() - np.abs(drawn[:, None] - drawn).mean() / 2
        assert scoring.crps_of_samples(drawn, y) == pytest.approx(energy)


def test_crps_rewards_the_true_distribution() -> None:
    rng = np.random.default_rng(5)
    truths = rng.normal(size=4000)
    z = np.linspace(-6, 6, 400)
    from scipy.stats import norm

    mean = {
        sd: np.mean([scoring.crps_of_steps(z, norm.cdf(z / sd), y) for y in truths[:800]]) for sd in (0.4, 1.0, 2.5)
    }
    assert mean[1.0] < mean[0.4]
    assert mean[1.0] < mean[2.5]


@pytest.mark.parametrize(
    ("values", "cumulative", "name"),
    [([], [], "values"), ([2.0, 1.0], [0.5, 1.0], "values"), ([1.0, 2.0], [1.0], "cumulative")],
)
def test_crps_refuses_what_is_no_distribution(values: list[float], cumulative: list[float], name: str) -> None:
    with pytest.raises(ValueError, match=f"{name} must"):
        scoring.crps_of_steps(values, cumulative, 1.0)


def test_pinball_is_least_at_the_true_quantile() -> None:
    truths = np.random.default_rng(6).exponential(size=20_000)
    loss = [scoring.pinball(q, 0.8, truths).mean() for q in (1.2, -np.log(0.2), 2.1)]
    assert loss[1] == min(loss)


def test_brier_and_log_score_of_sure_forecasts() -> None:
    assert scoring.brier([1, 0, 1], [1, 0, 0]).tolist() == [0, 0, 1]
    assert scoring.log_score([1.0]).tolist() == [0]
    assert np.isfinite(scoring.log_score([0.0])).all()


def test_coverage_counts_the_ends() -> None:
    assert scoring.coverage([0, 0, 0], [2, 2, 2], [0, 2, 3]) == pytest.approx(2 / 3)
    with pytest.raises(ValueError, match="observed must"):
        scoring.coverage([], [], [])


def test_pit_of_calibrated_counts_is_uniform_and_its_share_is_the_level() -> None:
    from scipy.stats import poisson

    rng = np.random.default_rng(8)
    truths = rng.poisson(1.5, 20_000)
    under, up_to = poisson.cdf(truths - 1, 1.5), poisson.cdf(truths, 1.5)
    pit = scoring.randomised_pit(under, up_to, rng=rng)
    assert np.histogram(pit, 10, (0, 1))[0] / pit.size == pytest.approx(np.full(10, 0.1), abs=0.01)
    for level in (0.5, 0.8, 0.95):
        exact = scoring.share_inside(under, up_to, level=level).mean()
        assert exact == pytest.approx(level, abs=0.01)
        assert exact == pytest.approx(np.mean(np.abs(pit - 0.5) < level / 2), abs=0.01)


def test_the_same_seed_gives_the_same_pit() -> None:
    first, second = (scoring.randomised_pit([0.1] * 9, [0.6] * 9, rng=np.random.default_rng(2)) for _ in range(2))
    assert np.array_equal(first, second)


@pytest.mark.parametrize("chance", [-0.1, 1.1, float("nan")])
def test_a_chance_that_is_none_is_refused(chance: float) -> None:
    with pytest.raises(ValueError, match="chance must"):
        scoring.brier([chance], [1])
    with pytest.raises(ValueError, match="chance must"):
        scoring.log_score([chance])
