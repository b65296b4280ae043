import numpy as np
import pytest

from headway.engine.portfolio import bet_mean, value_of


class TestBetMean:
    def test_it_is_the_mean_of_draws_through_the_three_percentiles(self) -> None:
        low, likely, high = 1.0, 2.0, 6.0
        z = np.random.default_rng(1).standard_normal(400_000)
        drawn = likely + np.where(z < 0, likely - low, high - likely) / 1.2815515655446004 * z
        assert np.quantile(drawn, [0.1, 0.5, 0.9]) == pytest.approx([low, likely, high], abs=0.03)
        assert bet_mean(low, likely, high) == pytest.approx(drawn.mean(), abs=0.02)

    def test_it_takes_arrays_and_is_likely_where_the_range_is_even(self) -> None:
        assert bet_mean([1, -3], [2, 0], [3, 3]).tolist() == [2, 0]

    @pytest.mark.parametrize("points", [(3, 2, 4), (1, 5, 4), (float("nan"), 1, 2)])
    def test_percentiles_out_of_order_are_refused(self, points: tuple[float, ...]) -> None:
        with pytest.raises(ValueError, match="low, likely, high"):
            bet_mean(*points)


def test_value_is_the_share_of_the_way_times_its_worth() -> None:
    assert value_of(2.5, worth=100, gap=10, span=10) == 25
    assert value_of([2, 20, -1], worth=100, gap=5, span=10).tolist() == [20, 50, -10]
