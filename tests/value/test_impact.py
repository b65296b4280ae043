"""What a bet moved, from its Key Result's measurements: weeks around the launch, shares, what is missing."""

import datetime as dt
from itertools import pairwise
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st

from headway.engine.impact import Fact, Method, Outcome
from headway.lib import clock
from headway.okr.models import KeyResult, Measurement
from headway.scrum.models import Category, Item
from headway.value.actions import enter_verdict
from headway.value.models import Bet, Serves, Verdict
from headway.value.queries.impact import impact_of, visible_effect, weeks_around
from tests.world import World, make_item, make_key_result, make_measurement

CALM = (31.0, 30.6, 31.3, 30.9, 31.2, 30.7, 31.1, 30.8, 31.0, 31.4, 30.6, 31.0)
LAUNCHED_DAYS_AGO = 28


@pytest.fixture
def key_result(world: World) -> KeyResult:
    """A Key Result without measurements of the world's own."""
    return make_key_result(world.objective, "Baskets that are bought")


def delivered(world: World, key_result: KeyResult, *, days_ago: int = LAUNCHED_DAYS_AGO, **promise: Any) -> Bet:
    item = make_item(world.team, category=Category.DONE, done_at=clock.now() - dt.timedelta(days=days_ago))
    serves = Serves.objects.create(item=item, key_result=key_result, at=clock.now())
    return Bet.objects.create(
        serves=serves, at=clock.now(), **({"low": 2.0, "likely": 4.0, "high": 8.0, "chance": 0.5} | promise)
    )


def measure_weekly(key_result: KeyResult, before: tuple[float, ...], after: tuple[float, ...]) -> None:
    """Measure on the last day of each week, the last before the launch on the day of the launch."""
    first = LAUNCHED_DAYS_AGO + 7 * (len(before) - 1)
    for week, value in enumerate((*before, *after)):
        make_measurement(key_result, value, days_ago=first - 7 * week)


def test_a_step_is_seen_and_graded_by_the_promise(world: World, key_result: KeyResult) -> None:
    bet = delivered(world, key_result)
    measure_weekly(key_result, CALM, (36.0, 36.3, 35.8, 36.1))
    found = impact_of(bet, today=clock.today())
    assert found.impact is not None
    assert found.verdict is not None
    assert found.evidence is not None
    assert found.measured == pytest.approx(5, abs=0.3)
    assert found.low is not None
    assert found.high is not None
    assert 4 < found.low < found.measured < found.high < 6.5
    assert (found.verdict.outcome, found.verdict.scale) == (Outcome.MOVED, 4)
    assert found.impact.method is Method.PLACEBO
    assert found.impact.level_before == pytest.approx(31, abs=0.3)
    assert [fact for fact, holds in found.evidence.facts.items() if holds] == [
        Fact.MEASURED_OFTEN,
        Fact.LARGER_THAN_FAKES,
        Fact.ALONE,
    ]
    assert [week.value for week in found.weeks] == [*CALM, 36.0, 36.3, 35.8, 36.1]
    assert found.launched_at == len(CALM)
    assert found.weeks[found.launched_at].from_on == found.launched_on + dt.timedelta(days=1)
    assert found.weeks[-1].to_on == clock.today()


def test_a_fall_that_was_wanted_counts_as_better(world: World) -> None:
    fewer = make_key_result(world.objective, "Fewer calls", direction="decrease", unit="calls", baseline=40, target=20)
    bet = delivered(world, fewer)
    measure_weekly(fewer, CALM, (26.0, 26.3, 25.8, 26.1))
    found = impact_of(bet, today=clock.today())
    assert found.measured == pytest.approx(5, abs=0.3)
    assert found.verdict is not None
    assert found.verdict.outcome is Outcome.MOVED


def test_harm_is_a_verdict_too(world: World, key_result: KeyResult) -> None:
    bet = delivered(world, key_result)
    measure_weekly(key_result, CALM, (26.0, 26.3, 25.8, 26.1))
    found = impact_of(bet, today=clock.today())
    assert found.verdict is not None
    assert (found.verdict.outcome, found.verdict.scale) == (Outcome.DID_NOT, 1)
    assert found.measured is not None
    assert found.measured < -4


def test_bets_of_one_window_share_and_never_more_than_it_moved(world: World, key_result: KeyResult) -> None:
    bets = [
        delivered(world, key_result),
        delivered(world, key_result, days_ago=LAUNCHED_DAYS_AGO, likely=4.0, chance=0.25),
        delivered(world, key_result, days_ago=LAUNCHED_DAYS_AGO, likely=8.0, chance=0.25),
    ]
    delivered(world, key_result, days_ago=LAUNCHED_DAYS_AGO + 40)
    measure_weekly(key_result, CALM, (36.0, 36.3, 35.8, 36.1))
    found = [impact_of(bet, today=clock.today()) for bet in bets]
    assert [one.share for one in found] == pytest.approx([0.4, 0.2, 0.4])
    assert found[0].impact is not None
    assert sum(one.measured or 0 for one in found) == pytest.approx(found[0].impact.measured)
    assert [other.bet_id for other in found[0].together] == [bet.pk for bet in bets[1:]]
    assert [other.share for other in found[0].together] == pytest.approx([0.2, 0.4])
    assert found[0].evidence is not None
    assert not found[0].evidence.facts[Fact.ALONE]


def test_a_chain_of_launches_shares_each_day_among_those_that_have_landed(world: World, key_result: KeyResult) -> None:
    chain = [delivered(world, key_result, days_ago=days) for days in (68, 48, LAUNCHED_DAYS_AGO)]
    measure_weekly(key_result, CALM, (36.0, 36.3, 35.8, 36.1))
    found = [impact_of(bet, today=clock.today()) for bet in chain]
    assert [one.share for one in found] == pytest.approx([0.5, 0.5, 0.5])
    assert [[other.bet_id for other in one.together] for one in found] == [
        [chain[1].pk],
        [chain[0].pk, chain[2].pk],
        [chain[1].pk],
    ]


def test_who_is_judged_first_keeps_the_share_and_never_is_more_given_out(world: World, key_result: KeyResult) -> None:
    first, second = delivered(world, key_result), delivered(world, key_result, days_ago=LAUNCHED_DAYS_AGO - 5)
    measure_weekly(key_result, CALM, (36.0, 36.3, 35.8, 36.1))
    early = clock.today() - dt.timedelta(days=7)
    enter_verdict(first, by=world.bo, outcome="moved", scale=4, judged_on=early)
    third = delivered(world, key_result, days_ago=LAUNCHED_DAYS_AGO - 5, likely=100.0, high=100.0)
    given_away = [impact_of(bet, today=clock.today()).share for bet in (second, third)]
    kept = Verdict.objects.get().facts["share"]
    assert kept == pytest.approx(0.5)
    assert kept + sum(given_away) == pytest.approx(1)


def test_what_a_bet_lands_after_the_verdict_takes_nothing_from_it(world: World, key_result: KeyResult) -> None:
    first = delivered(world, key_result)
    measure_weekly(key_result, CALM, (36.0, 36.3, 35.8, 36.1))
    enter_verdict(first, by=world.bo, outcome="moved", scale=4, judged_on=clock.today() - dt.timedelta(days=7))
    late = delivered(world, key_result, days_ago=3)
    assert impact_of(late, today=clock.today()).share == 1.0


def test_the_lag_is_not_counted_and_moves_the_window(world: World, key_result: KeyResult) -> None:
    late = delivered(world, key_result, lag_weeks=2)
    soon = delivered(world, key_result, days_ago=LAUNCHED_DAYS_AGO + 20)
    measure_weekly(key_result, CALM, (31.2, 30.8, 36.0, 36.3))
    found = impact_of(late, today=clock.today())
    assert found.measured == pytest.approx(5, abs=0.3)
    assert found.together == ()
    late.lag_weeks = 0
    late.save()
    assert [one.bet_id for one in impact_of(late, today=clock.today()).together] == [soon.pk]
    late.lag_weeks = 3
    missing = impact_of(late, today=clock.today()).too_little
    assert missing is not None
    assert (missing.needed, missing.given) == (2, 1)
    assert "lag" in missing.text


def test_work_that_is_not_done_moved_nothing(world: World, key_result: KeyResult) -> None:
    bet = delivered(world, key_result)
    Item.objects.filter(pk=bet.serves.item_id).update(category=Category.DOING, done_at=None)
    bet.refresh_from_db()
    bet.serves.item.refresh_from_db()
    measure_weekly(key_result, CALM, (36.0, 36.3))
    found = impact_of(bet, today=clock.today())
    assert found.impact is None
    assert found.too_little is not None
    assert "not done" in found.too_little.text
    assert found.launched_on is None


@pytest.mark.parametrize(
    ("before", "after", "needed", "given_weeks", "says"),
    [
        (CALM[:5], (36.0, 36.0, 36.0, 36.0), 8, 5, "before the launch"),
        (CALM, (36.0,), 2, 1, "there is 1"),
        ((), (), 8, 0, "there are 0"),
    ],
)
def test_what_is_missing_is_said(
    world: World,
    key_result: KeyResult,
    before: tuple[float, ...],
    after: tuple[float, ...],
    needed: int,
    given_weeks: int,
    says: str,
) -> None:
    bet = delivered(world, key_result)
    measure_weekly(key_result, before, after)
    found = impact_of(bet, today=clock.today())
    assert (found.impact, found.verdict, found.measured) == (None, None, None)
    assert found.too_little is not None
    assert (found.too_little.needed, found.too_little.given) == (needed, given_weeks)
    assert says in found.too_little.text


def test_an_experiment_comes_before_the_series(world: World, key_result: KeyResult) -> None:
    bet = delivered(world, key_result)
    delivered(world, key_result)
    measure_weekly(key_result, CALM, (26.0, 26.3, 25.8, 26.1))
    found = impact_of(bet, today=clock.today(), experiment=((4000, 31.0, 2100.0), (4000, 35.0, 2200.0)))
    assert found.impact is not None
    assert found.impact.method is Method.EXPERIMENT
    assert found.measured == pytest.approx(4.0)
    assert (found.share, found.together) == (1.0, ())
    assert found.evidence is not None
    assert found.evidence.quality == 5


def test_a_control_takes_away_what_moved_both(world: World) -> None:
    here = make_key_result(world.objective, "Orders", unit="orders")
    control = make_key_result(world.objective, "Orders elsewhere", unit="orders")
    bet = delivered(world, here)
    drift = (0.0, 0.5, 1.1, 1.4, 2.1, 2.4, 3.1, 3.6, 3.9, 4.6, 5.0, 5.4, 9.0, 9.4, 9.9, 10.5)
    measure_weekly(here, tuple(30 + d for d in drift[:12]), tuple(30 + d for d in drift[12:]))
    measure_weekly(control, tuple(300 + 10 * d for d in drift[:12]), tuple(300 + 10 * d for d in drift[12:]))
    alone = impact_of(bet, today=clock.today())
    beside = impact_of(bet, today=clock.today(), controls=[control])
    assert alone.impact is not None
    assert beside.impact is not None
    assert beside.impact.method is Method.CONTROL
    assert abs(beside.impact.measured) < abs(alone.impact.measured) / 2
    assert beside.impact.measured_low < 0 < beside.impact.measured_high


def test_withdrawn_measurements_and_those_to_come_do_not_count(world: World, key_result: KeyResult) -> None:
    bet = delivered(world, key_result)
    measure_weekly(key_result, CALM, (36.0, 36.3, 35.8, 36.1))
    wrong = make_measurement(key_result, 90.0, days_ago=3)
    Measurement.objects.filter(pk=wrong.pk).update(withdrawn_at=clock.now())
    Measurement.objects.create(
        key_result=key_result, value=90.0, measured_on=clock.today() + dt.timedelta(days=3), entered_at=clock.now()
    )
    found = impact_of(bet, today=clock.today())
    assert max(week.value or 0 for week in found.weeks) == 36.3


def test_the_number_of_queries_is_constant(world: World, key_result: KeyResult) -> None:
    for bets in (1, 4):
        for _ in range(bets):
            newest = delivered(world, key_result)
        Measurement.objects.filter(key_result=key_result).delete()
        measure_weekly(key_result, CALM, (36.0, 36.3, 35.8, 36.1))
        bet = Bet.objects.select_related("serves__item__team", "serves__key_result").get(pk=newest.pk)
        with CaptureQueriesContext(
            connection,
        ) as asked:
            impact_of(bet, today=clock.today())
        assert len(asked) == 2


def test_before_the_launch_it_is_said_what_could_be_seen(world: World, key_result: KeyResult) -> None:
    assert visible_effect(key_result, today=clock.today(), judged_after_weeks=4).smallest is None
    measure_weekly(key_result, CALM, (31.1, 30.8, 31.0, 30.9))
    visible = visible_effect(key_result, today=clock.today(), judged_after_weeks=4)
    assert visible.too_little is None
    assert visible.smallest is not None
    assert 0.2 < visible.smallest < 2
    longer = visible_effect(key_result, today=clock.today(), judged_after_weeks=0, lag_weeks=3, weeks_until_launch=6)
    assert longer.smallest is not None


def test_a_percentage_stays_under_100_and_an_amount_over_0(world: World, key_result: KeyResult) -> None:
    errors = make_key_result(world.objective, "Errors", direction="decrease", unit="errors", baseline=9, target=1)
    near_all, near_none = delivered(world, key_result), delivered(world, errors)
    measure_weekly(key_result, (98.0, 99.0, 98.5, 99.0, 98.0, 98.7, 99.1, 98.6), (99.5, 99.9, 99.8, 99.7))
    measure_weekly(errors, (2.0, 5.0, 1.0, 6.0, 2.0, 7.0, 1.0, 4.0), (1.0, 0.5, 0.7, 0.4))
    for bet, better in ((near_all, 1), (near_none, -1)):
        impact = impact_of(bet, today=clock.today()).impact
        assert impact is not None
        assert impact.level_without is not None
        for effect in (impact.measured_low, impact.measured_high):
            assert impact.level_without + better * effect > 0
            assert better < 0 or impact.level_without + effect < 100
        assert impact.measured > 0


@pytest.mark.parametrize(
    "values", [(0.0, 3.0, 1.0, 0.0, 2.0, 0.0, 1.0, 4.0), (-2.0, 1.0, -1.0, 0.0, 2.0, 1.0, -3.0, 1.0)]
)
@pytest.mark.parametrize("unit", ["%", "orders"])
def test_nothing_at_all_and_less_than_nothing_are_values(
    world: World, key_result: KeyResult, values: tuple[float, ...], unit: str
) -> None:
    KeyResult.objects.filter(pk=key_result.pk).update(unit=unit)
    bet = delivered(world, key_result)
    measure_weekly(key_result, values, (0.0, 1.0, 0.0, 2.0))
    found = impact_of(bet, today=clock.today())
    assert found.impact is not None
    assert found.verdict is not None
    assert found.verdict.outcome is not Outcome.MOVED


def test_a_thousand_bets_on_one_key_result_share_what_it_moved(world: World, key_result: KeyResult) -> None:
    first = delivered(world, key_result)
    items = Item.objects.bulk_create(
        Item(
            team=world.team,
            title="Another",
            number=1000 + n,
            rank=f"z{n:04}",
            column=first.serves.item.column,
            category=Category.DONE,
            created_at=clock.now(),
            updated_at=clock.now(),
            done_at=first.serves.item.done_at,
        )
        for n in range(999)
    )
    links = Serves.objects.bulk_create(Serves(item=item, key_result=key_result, at=clock.now()) for item in items)
    Bet.objects.bulk_create(Bet(serves=link, low=1, likely=4, high=8, chance=0.5, at=clock.now()) for link in links)
    measure_weekly(key_result, CALM, (36.0, 36.3, 35.8, 36.1))
    found = impact_of(first, today=clock.today())
    assert found.impact is not None
    assert found.measured == pytest.approx(found.impact.measured / 1000)
    assert len(found.together) == 999


class TestWeeksAroundALaunch:
    launch = dt.date(2026, 5, 7)

    def test_no_week_lies_on_both_sides(self) -> None:
        day = dt.timedelta(days=1)
        weeks, at = weeks_around(
            [(self.launch, 1.0), (self.launch + day, 2.0)], launched_on=self.launch, today=self.launch + 2 * day
        )
        assert [week.value for week in weeks] == [1.0, 2.0]
        assert (weeks[at - 1].to_on, weeks[at].from_on) == (self.launch, self.launch + day)

    def test_a_week_without_a_measurement_is_empty(self) -> None:
        measured = [(self.launch - dt.timedelta(days=days), float(days)) for days in (21, 14, 0)]
        weeks, at = weeks_around(measured, launched_on=self.launch, today=self.launch + dt.timedelta(days=7))
        assert [week.value for week in weeks] == [21.0, 14.0, None, 0.0, None]
        assert at == 4

    def test_the_last_of_a_week_counts(self) -> None:
        measured = [(self.launch - dt.timedelta(days=days), float(days)) for days in (6, 3, 1)]
        assert [week.value for week in weeks_around(measured, launched_on=self.launch, today=self.launch)[0]] == [1.0]

    def test_nothing_measured_gives_no_weeks_before(self) -> None:
        weeks, at = weeks_around([], launched_on=self.launch, today=self.launch + dt.timedelta(days=10))
        assert [week.value for week in weeks] == [None, None]
        assert at == 0

    @given(days=st.lists(st.integers(-2000, 400), max_size=40), today=st.integers(0, 400))
    def test_weeks_follow_one_another_and_hold_what_was_measured_in_them(self, days: list[int], today: int) -> None:
        now = self.launch + dt.timedelta(days=today)
        measured = [(self.launch + dt.timedelta(days=day), float(day)) for day in days if day <= today]
        weeks, at = weeks_around(measured, launched_on=self.launch, today=now)
        for before, after in pairwise(weeks):
            assert after.from_on == before.to_on + dt.timedelta(days=1)
        for week in weeks:
            inside = [value for day, value in measured if week.from_on <= day <= week.to_on]
            assert week.value == (max(inside) if inside else None)
        assert all(week.to_on <= self.launch for week in weeks[:at])
        assert all(week.from_on > self.launch for week in weeks[at:])
        assert at <= 156
