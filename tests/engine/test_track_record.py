from dataclasses import asdict, fields

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headway.engine.portfolio import bet_mean
from headway.engine.track_record import (
    Brought,
    Corrected,
    Grade,
    Judged,
    Pooled,
    Ranked,
    TrackRecord,
    by_area,
    grade_of_ranges,
    pool,
    rank_by_week,
)


def judged(
    measured: float | None,
    moved: float = 1.0,
    *,
    promised: tuple[float, float, float] = (4.0, 8.0, 12.0),
    chance: float = 0.5,
) -> Judged:
    return Judged(*promised, chance=chance, measured=measured, chance_moved=moved)


amounts = st.floats(-1e9, 1e9)
chances = st.one_of(st.sampled_from([0.0, 1.0]), st.floats(0, 1))
promises = st.tuples(st.lists(amounts, min_size=3, max_size=3).map(sorted), chances)


@st.composite
def verdicts(draw: st.DrawFn) -> Judged:
    (low, likely, high), chance = draw(promises)
    return Judged(low, likely, high, chance, draw(st.none() | amounts), draw(chances))


records = st.lists(verdicts(), max_size=8).map(TrackRecord.of)


def test_without_verdicts_nothing_is_corrected() -> None:
    record = TrackRecord.of([])
    assert record == TrackRecord()
    assert record.corrected(1, 2, 6, 0.3) == Corrected(1, 2, 6, 0.3, size=1, width=1, verdicts=0)
    assert record.hit_rate == pytest.approx(1 / 3)


def test_the_figures_of_the_documentation() -> None:
    record = TrackRecord.of(
        [
            judged(3.0, chance=0.6),
            judged(0.0, moved=0.1, promised=(2, 5, 8), chance=0.5),
            judged(2.0, moved=0.9, promised=(5, 6, 10), chance=0.7),
            judged(None, moved=0.5, chance=0.5),
        ]
    )
    assert record.verdicts == 4
    assert record.moved == pytest.approx(2.5)
    assert record.hit_rate == pytest.approx(3.5 / 7)
    # (1 · 3 + .1 · 0 + .9 · 2) / (1 · 8 + .1 · 5 + .9 · 6.934) = .3257, pulled by 2 / (2 + 2).
    assert record.size == pytest.approx(0.663, abs=0.0005)


def test_one_verdict_moves_the_size_a_third_of_the_way() -> None:
    assert TrackRecord.of([judged(4.0)]).size == pytest.approx(1 + (0.5 - 1) / 3)


def test_four_verdicts_that_brought_a_sixth_leave_045() -> None:
    record = TrackRecord.of([judged(8 * 0.175)] * 4)
    assert record.size == pytest.approx(0.45)
    assert record.corrected(4, 8, 12, 0.5).likely == pytest.approx(3.6)
    assert record.corrected(4, 8, 12, 0.5).verdicts == 4


def test_misses_are_in_the_hit_rate_and_not_in_the_size() -> None:
    record = TrackRecord.of([judged(0.0, moved=0.0)] * 6)
    assert (record.size, record.width) == (1, 1)
    assert record.hit_rate == pytest.approx(1 / 9)
    assert record.corrected(4, 8, 12, 0.5).chance == pytest.approx(0.366, abs=0.001)


def test_what_brought_all_it_promised_needs_no_correction_of_size() -> None:
    assert TrackRecord.of([judged(8.0)] * 12).size == 1


def test_harm_makes_the_size_smaller_and_never_turns_it() -> None:
    helped = TrackRecord.of([judged(8.0), judged(2.0)])
    harmed = TrackRecord.of([judged(8.0), judged(-4.0)])
    only_harm = TrackRecord.of([judged(-8.0)] * 20)
    assert 0 < only_harm.size < harmed.size < helped.size
    low, likely, high = (only_harm.corrected(4, 8, 12, 0.5).__dict__[name] for name in ("low", "likely", "high"))
    assert low <= likely <= high


def test_what_cannot_be_told_counts_by_its_chance_alone() -> None:
    record = TrackRecord.of([judged(None, moved=0.5, chance=0.5)] * 5)
    assert (record.size, record.width) == (1, 1)
    assert record.corrected(4, 8, 12, 0.5).chance == pytest.approx(0.5)
    assert record.hits == pytest.approx(1 + 2.5)


def test_a_promise_of_nothing_says_nothing_of_sizes() -> None:
    assert TrackRecord.of([judged(3.0, promised=(0, 0, 0))]).size == 1


def test_a_promised_fall_that_came_as_promised_is_no_bias() -> None:
    assert TrackRecord.of([judged(-8.0, promised=(-12, -8, -4))] * 3).size == 1


def test_ranges_that_are_too_narrow_are_widened_and_too_wide_ones_narrowed() -> None:
    away = np.array([-9, -6, -3, 3, 6, 9.0])
    narrow = TrackRecord.of([judged(8 + d, promised=(7, 8, 9)) for d in away])
    wide = TrackRecord.of([judged(8 + d, promised=(-42, 8, 58)) for d in away])
    assert narrow.width > 2
    assert wide.width < 0.8
    assert narrow.corrected(7, 8, 9, 0.5).high - narrow.corrected(7, 8, 9, 0.5).low == pytest.approx(
        2 * narrow.size * narrow.width
    )


def test_one_verdict_in_line_leaves_the_width_nearly_as_it_was() -> None:
    assert TrackRecord.of([judged(9.0)]).width == pytest.approx(1, abs=0.2)


def test_a_verdict_of_little_weight_changes_little() -> None:
    record = TrackRecord.of([judged(80.0, moved=1e-6)])
    assert record.size == pytest.approx(1, abs=1e-4)
    assert record.width == pytest.approx(1, abs=0.02)


def test_hopeful_chances_come_down_and_stay_in_order() -> None:
    record = TrackRecord.of([judged(8.0, chance=0.9)] * 3 + [judged(0.0, moved=0.0, chance=0.9)] * 9)
    read = [record.corrected(4, 8, 12, p).chance for p in (0, 0.1, 0.5, 0.9, 1)]
    assert read == sorted(read)
    assert read[0] == 0
    assert 0.25 < read[3] < 0.75
    assert read[4] < 0.85


def test_an_area_without_verdicts_reads_like_its_team() -> None:
    team = TrackRecord.of([judged(4.0)] * 5)
    assert TrackRecord.of([], within=team) == team


def test_an_area_is_pulled_to_the_others_of_its_team() -> None:
    records = by_area({"price": [judged(4.0)] * 6, "speed": [judged(8.0)] * 2})
    others = TrackRecord.of([judged(4.0)] * 6)
    team = TrackRecord.of([judged(4.0)] * 6 + [judged(8.0)] * 2)
    assert (records["speed"].shift, records["speed"].slope) == pytest.approx((team.shift, team.slope))
    assert records["speed"].size == pytest.approx(others.size + (1 - others.size) / 2)
    assert records["speed"].verdicts == records["price"].verdicts == 8
    assert records["price"].size < records["speed"].size


def test_the_only_area_of_a_team_is_the_team() -> None:
    told = [judged(1.4)] * 4
    assert by_area({"price": told}) == {"price": TrackRecord.of(told)}


def test_an_area_of_other_units_would_mislead_so_shares_add_up() -> None:
    small, large = judged(0.04, promised=(0.04, 0.08, 0.12)), judged(0.08, promised=(0.04, 0.08, 0.12))
    assert TrackRecord.of([small, large]).size == pytest.approx(1 + (0.75 - 1) / 2)


@given(records, promises)
def test_a_corrected_promise_is_always_one(record: TrackRecord, promise: tuple[list[float], float]) -> None:
    (low, likely, high), chance = promise
    read = record.corrected(low, likely, high, chance)
    assert np.isfinite(list(asdict(read).values())).all()
    assert read.low <= read.likely <= read.high
    assert 0 <= read.chance <= 1
    assert np.isfinite(list(asdict(record).values())).all()
    assert record.size > 0
    assert 0 <= record.width <= 8


@given(records, promises)
def test_the_mean_is_scaled_by_the_size_alone(record: TrackRecord, promise: tuple[list[float], float]) -> None:
    (low, likely, high), chance = promise
    if record.width < 1:
        return  # where a lopsided range is narrowed there is not always room for all its lean
    read = record.corrected(low, likely, high, chance)
    scale = max(abs(low), abs(high), 1e-9) * record.size * record.width
    assert bet_mean(read.low, read.likely, read.high) == pytest.approx(
        record.size * bet_mean(low, likely, high), abs=1e-9 * scale
    )


@given(records, chances, chances)
def test_a_higher_chance_is_never_read_as_a_lower_one(record: TrackRecord, one: float, other: float) -> None:
    low, high = sorted((one, other))
    assert record._chance(low) <= record._chance(high) + 1e-12


@given(st.lists(verdicts(), max_size=8), st.randoms())
def test_the_order_of_verdicts_does_not_matter(told: list[Judged], dice: object) -> None:
    shuffled = list(told)
    dice.shuffle(shuffled)  # type: ignore[attr-defined]
    assert TrackRecord.of(told) == TrackRecord.of(shuffled)


@given(st.lists(verdicts(), max_size=6), st.lists(verdicts(), max_size=6))
def test_areas_within_teams_are_defined_too(team: list[Judged], area: list[Judged]) -> None:
    record = TrackRecord.of(area, within=TrackRecord.of(team))
    low, high = record.hit_range()
    assert 0 <= low <= record.hit_rate <= 1
    assert low <= high <= 1
    assert np.isfinite([record.size, record.width, record.shift, record.slope]).all()


@pytest.mark.parametrize(
    ("change", "name"),
    [
        ({"low": 9.0}, "low"),
        ({"likely": float("nan")}, "low"),
        ({"high": float("inf")}, "low"),
        ({"chance": 1.2}, "chance"),
        ({"chance": float("nan")}, "chance"),
        ({"measured": float("nan")}, "measured"),
        ({"measured": float("inf")}, "measured"),
        ({"chance_moved": -0.1}, "chance_moved"),
    ],
)
def test_what_is_no_promise_or_verdict_is_refused(change: dict[str, float], name: str) -> None:
    with pytest.raises(ValueError, match=name):
        Judged(**{**asdict(judged(8.0)), **change})


def test_a_correction_refuses_what_is_no_promise() -> None:
    with pytest.raises(ValueError, match="order"):
        TrackRecord().corrected(3, 2, 1, 0.5)
    with pytest.raises(ValueError, match="chance"):
        TrackRecord().corrected(1, 2, 3, 2)


def test_nothing_here_knows_a_person() -> None:
    kinds = (Judged, TrackRecord, Corrected, Pooled, Grade, Brought, Ranked)
    names = {field.name for kind in kinds for field in fields(kind)}
    assert not names & {"by", "person", "person_id", "name", "author", "champion", "who"}


def test_private_estimates_are_pooled_by_their_middle() -> None:
    pooled = pool([(1, 2, 4, 0.5), (2, 3, 5, 0.8), (0, 6, 9, 0.6)])
    assert (pooled.low, pooled.likely, pooled.high, pooled.chance) == (1, 3, 5, 0.6)
    two = pool([(1, 2, 4, 0.5), (1, 2, 4, 0.8)])
    assert two.chance == pytest.approx(2 / 3)  # odds 1 and 4: the middle of their logs is odds 2
    assert two.disagreement == 0


def test_one_estimate_is_itself_and_no_estimate_is_refused() -> None:
    assert pool([(1, 2, 4, 1.0)]) == Pooled(1, 2, 4, 1.0, disagreement=0, people=1)
    with pytest.raises(ValueError, match="estimates"):
        pool([])
    with pytest.raises(ValueError, match="order"):
        pool([(3, 2, 4, 0.5)])


def test_people_who_are_sure_of_different_things_disagree_as_much_as_is_counted() -> None:
    assert pool([(1, 1, 1, 0), (9, 9, 9, 1)]).disagreement == pytest.approx(10)
    assert pool([(1, 1, 1, 0), (9, 9, 9, 1)]).chance == pytest.approx(0.5)


@given(st.lists(promises, min_size=1, max_size=7))
def test_what_is_pooled_is_a_promise(said: list[tuple[list[float], float]]) -> None:
    pooled = pool([(*ends, chance) for ends, chance in said])
    assert pooled.low <= pooled.likely <= pooled.high
    assert min(c for _, c in said) <= pooled.chance <= max(c for _, c in said)
    assert 0 <= pooled.disagreement <= 10


def test_ranges_are_graded_by_where_verdicts_fell() -> None:
    grade = grade_of_ranges(
        [judged(-9), judged(4), judged(7.9), judged(8), judged(30), judged(None), judged(9, moved=0.5)]
    )
    assert grade == Grade(bins=(2, 0, 2, 0, 1), held=3, told=5)
    assert grade_of_ranges([]) == Grade()


def test_a_range_of_one_point_is_graded_too() -> None:
    point = (8.0, 8.0, 8.0)
    grade = grade_of_ranges([judged(8, promised=point), judged(9, promised=point), judged(7, promised=point)])
    assert grade == Grade(bins=(1, 0, 1, 0, 1), held=1, told=3)


def test_a_week_of_work_is_ranked_with_its_ties() -> None:
    ranked = rank_by_week(
        [
            Brought("activation", value=30, low=25, high=35, weeks=3),
            Brought("price", value=10, low=5, high=15, weeks=2),
            Brought("speed", value=4, low=-2, high=10, weeks=1),
            Brought("unstarted", value=0, low=0, high=0, weeks=0),
        ]
    )
    assert [(one.group, one.per_week, one.rank) for one in ranked] == [
        ("activation", 10, 1),
        ("price", 5, 2),
        ("speed", 4, 2),
    ]
    assert (ranked[0].low, ranked[0].high) == pytest.approx((25 / 3, 35 / 3))


def test_what_may_not_have_moved_has_a_wide_range() -> None:
    sure, unsure = (
        rank_by_week([Brought("a", value=10, low=9, high=11, weeks=1, chance_moved=chance)])[0] for chance in (1, 0.5)
    )
    assert unsure.per_week == 5
    assert unsure.high - unsure.low > 3 * (sure.high - sure.low)


@given(
    st.lists(
        st.builds(
            lambda group, ends, weeks, chance: Brought(group, ends[1], ends[0], ends[2], weeks, chance),
            st.sampled_from("abc"),
            st.lists(amounts, min_size=3, max_size=3).map(sorted),
            st.floats(0, 1e4).map(lambda weeks: weeks if weeks > 1e-6 else 0.0),
            chances,
        ),
        max_size=8,
    )
)
def test_a_ranking_has_every_group_with_work_once(brought: list[Brought]) -> None:
    ranked = rank_by_week(brought)
    assert {one.group for one in ranked} == {one.group for one in brought if one.weeks > 0}
    assert all(one.low <= one.per_week <= one.high for one in ranked)
    assert [one.per_week for one in ranked] == sorted((one.per_week for one in ranked), reverse=True)
    assert [one.rank for one in ranked] == sorted(one.rank for one in ranked)
