import pytest
from hypothesis import given
from hypothesis import strategies as st

from headway.okr.grading import Terms, band, disagreement, holds, moved, objective_score, pace, pace_band, score

UP = Terms("aspirational", "increase", baseline=44, target=60)
DOWN = Terms("committed", "decrease", baseline=11.8, target=7)
LIMIT = Terms("aspirational", "stay_within", is_guardrail=True, upper=2.5)


def test_moved_is_the_share_of_the_way_whichever_way_it_goes():
    assert moved(UP, 46.4) == pytest.approx(0.15)
    assert moved(DOWN, 10.4) == pytest.approx(1.4 / 4.8)
    assert moved(UP, 40) == 0
    assert moved(UP, 80) == 1
    assert moved(UP, None) is None


numbers = st.floats(-1e9, 1e9).filter(lambda x: abs(x) > 1e-3)


@given(numbers, numbers, numbers)
def test_moved_lies_between_0_and_1_or_is_absent(baseline, target, value):
    share = moved(Terms("aspirational", "increase", baseline=baseline, target=target), value)
    assert (share is None) == (baseline == target)
    assert share is None or 0 <= share <= 1


@pytest.mark.parametrize(
    ("terms", "value", "expected"),
    [
        (UP, 55.2, "good"),
        (UP, 55.19, "fair"),
        (UP, 50.4, "fair"),
        (UP, 50.3, "poor"),
        (DOWN, 7.1, "poor"),
        (DOWN, 7, "good"),
        (Terms("compliance", "milestone", baseline=0, target=1), 0.5, "poor"),
        (Terms("compliance", "milestone", baseline=0, target=1), 1, "good"),
        (Terms("committed", "stay_within", lower=3), 3, "good"),
        (LIMIT, 2.0, ""),
        (Terms("learning", "increase", baseline=0, target=1), 1, ""),
        (UP, None, ""),
    ],
)
def test_the_band_follows_the_type(terms, value, expected):
    assert band(terms, value) == expected


def test_a_limit_holds_at_the_limit_itself():
    assert [holds(LIMIT, v) for v in (2.4, 2.5, 2.6, None)] == [True, True, False, None]
    assert holds(UP, 50) is None


def test_without_a_baseline_it_is_learning_and_has_no_score():
    terms = Terms("aspirational", "increase", target=60)
    assert terms.is_learning
    assert score(terms, 50) is None


def test_an_objective_is_the_plain_mean_of_what_can_be_observed():
    learning = Terms("learning", "increase")
    result = objective_score([(UP, 52.0), (DOWN, 7.0), (UP, None), (LIMIT, 2.0), (learning, 4.0)])
    assert result.score == pytest.approx(0.75)
    assert (result.observed, result.counted) == (2, 3)
    assert objective_score([(LIMIT, 2.0)]).score is None


def test_pace_is_movement_over_time():
    assert pace(0.15, 0.6167) == pytest.approx(0.243, abs=1e-3)
    assert pace(0.15, 0.0) is None
    assert pace(None, 0.5) is None
    assert [pace_band(p) for p in (0.95, 0.949, 0.75, 0.749)] == ["on_track", "lagging", "lagging", "at_risk"]


def test_people_and_numbers_may_disagree_either_way():
    assert disagreement("at_risk", 7) == "hopeful"
    assert disagreement("on_track", 3) == "worried"
    assert disagreement("at_risk", 3) == disagreement("lagging", 8) == disagreement("", 9) == ""
