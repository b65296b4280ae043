"""Forecasts where some coming weeks are not worked in full: closed forms and what never happens."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headway.engine.forecast import HORIZON_WEEKS, items_done, weeks_to_finish

HISTORY = [3, 5, 4, 6, 2, 4, 5, 3]
WEEKS = np.arange(0.0, HORIZON_WEEKS + 1)
histories = st.lists(st.integers(0, 12), min_size=4, max_size=20)
shares = st.lists(st.sampled_from([0.0, 0.2, 0.4, 0.6, 0.8, 1.0]), max_size=30)


def chances(history: list[int], items: int, share: list[float] | None = None) -> np.ndarray:
    return np.asarray(weeks_to_finish(history, items=items, week_share=share).cdf(WEEKS))


def test_whole_weeks_change_nothing_to_the_last_bit() -> None:
    assert np.array_equal(chances(HISTORY, 20), chances(HISTORY, 20, [1.0] * 40))
    assert np.array_equal(chances(HISTORY, 20), chances(HISTORY, 20, []))


@pytest.mark.parametrize("begins", [0, 1, 3])
def test_two_weeks_off_are_two_weeks_later_where_they_lie_before_the_end(begins: int) -> None:
    plain, off = chances(HISTORY, 20), chances(HISTORY, 20, [1.0] * begins + [0.0, 0.0])
    assert off[begins + 2 : 54] == pytest.approx(plain[begins:52], abs=1e-9)
    assert off[: begins + 1] == pytest.approx(plain[: begins + 1], abs=1e-9)


def test_what_is_worked_in_part_is_the_same_work_later() -> None:
    """After two weeks of half their days as much is done as after one whole week."""
    half = chances(HISTORY, 5, [0.5] * 20)
    for weeks in range(1, 9):
        assert half[2 * weeks] == pytest.approx(float(items_done(HISTORY, weeks=weeks).at_least(5)), abs=2e-3)


@given(histories, st.integers(0, 60), shares)
def test_days_off_never_make_it_sooner(history: list[int], items: int, share: list[float]) -> None:
    off = chances(history, items, share)
    assert np.all(off <= chances(history, items) + 1e-12)
    assert np.all(np.diff(off) >= 0)
    assert np.all(chances(history, items + 1, share) <= off + 1e-12)


@pytest.mark.parametrize("share", [[-0.1], [1.1], [float("nan")], [[1.0]]])
def test_what_is_no_share_is_refused(share: list[float]) -> None:
    with pytest.raises(ValueError, match="week_share"):
        weeks_to_finish(HISTORY, items=3, week_share=share)
