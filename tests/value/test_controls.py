"""What a verdict is compared with: Key Results that the launch did not touch, measured in the same weeks."""

import datetime as dt
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.test.utils import CaptureQueriesContext

from headway.lib import clock
from headway.live.history import undo
from headway.live.models import Change
from headway.okr.models import KeyResult
from headway.scrum.models import Category
from headway.value.actions import enter_verdict, link_item
from headway.value.models import Bet, Verdict
from headway.value.queries import Found
from headway.value.queries.controls import MOST_CONTROLS, control_choices, why_no_control
from tests.value.make import make_bet
from tests.world import World, make_cycle, make_item, make_key_result, make_measurement, make_objective

WEEKS = 30
LAUNCHED_WEEKS_AGO = 6
WANDERS = [0, 2, 3, 1, 4, 6, 5, 8, 7, 9, 12, 10, 9, 11, 14, 13, 15, 13, 12, 14, 15, 16, 18, 17, 24, 25, 26, 25, 27, 28]


def measured(key_result: KeyResult, *, times: float = 1.0, jump: float = 0.0, weeks: int = WEEKS) -> KeyResult:
    """Measure it each week: 100 and the common drift; `jump` more after the launch."""
    for back in range(weeks):
        drift = WANDERS[WEEKS - 1 - back] + (back % 3) * 0.3
        value = (100 + drift) * times * (1 + jump if back < LAUNCHED_WEEKS_AGO else 1)
        make_measurement(key_result, value, days_ago=7 * back)
    return key_result


def shipped(world: World, title: str = "One page", *, weeks_ago: int = LAUNCHED_WEEKS_AGO) -> Any:
    done_at = clock.now() - dt.timedelta(weeks=weeks_ago)
    return make_item(world.team, title, category=Category.DONE, done_at=done_at, started_at=done_at)


@pytest.fixture
def orders(world: World) -> KeyResult:
    return measured(make_key_result(world.objective, "Orders", unit="orders", baseline=100, target=200))


@pytest.fixture
def elsewhere(world: World) -> KeyResult:
    return measured(make_key_result(world.objective, "Orders elsewhere", unit="calls", baseline=9, target=1), times=0.1)


@pytest.fixture
def bet(world: World, orders: KeyResult) -> Bet:
    return make_bet(shipped(world), orders, 4, 8, 14, 0.6)


def judge(bet: Bet, world: World, **fields: Any) -> Verdict:
    return enter_verdict(bet, by=world.bo, **{"outcome": "did_not", "scale": 2} | fields)


def test_what_moved_both_was_not_the_launch(world: World, bet: Bet, elsewhere: KeyResult) -> None:
    alone = judge(bet, world, outcome="moved", scale=4)
    assert alone.method == "placebo"
    alone.delete()
    verdict = judge(bet, world, controls=[elsewhere])
    assert (verdict.method, verdict.outcome) == ("control", "did_not")
    found = Found.read(Verdict.objects.get().facts)
    assert found is not None
    assert [one.name for one in found.controls] == [elsewhere.short_name]
    assert found.alone is not None
    assert found.alone.outcome == "moved"
    assert found.checks["compared"]
    assert found.smallest_visible < found.alone.smallest_visible
    assert Change.objects.latest("id").after["controls"] == [elsewhere.pk]


def test_of_several_the_mean_counts_and_undo_brings_them_back(world: World, bet: Bet, elsewhere: KeyResult) -> None:
    further = measured(make_key_result(world.objective, "Visits", unit="visits"), times=7.0)
    judge(bet, world, controls=[elsewhere, further])
    before = Verdict.objects.values().get()
    undo(Change.objects.latest("id"), by=world.bo)
    undo(Change.objects.latest("id"), by=world.bo)
    assert {**Verdict.objects.values().get(), "id": 0} == {**before, "id": 0}
    assert [one["key_result_id"] for one in before["facts"]["controls"]] == [elsewhere.pk, further.pk]


def test_an_experiment_comes_before_controls(world: World, bet: Bet, elsewhere: KeyResult) -> None:
    arms = {"control": (4000, 100.0, 90.0), "treatment": (4000, 108.0, 90.0)}
    verdict = judge(bet, world, outcome="moved", scale=4, experiment=arms, controls=[elsewhere])
    assert verdict.method == "experiment"
    assert not verdict.facts["controls"]


def refused(bet: Bet, controls: list[KeyResult]) -> str:
    return why_no_control(bet, controls, today=clock.today())


def test_what_cannot_be_a_control_is_refused_by_name(world: World, bet: Bet, elsewhere: KeyResult) -> None:
    short = measured(make_key_result(world.objective, "New", unit="orders"), weeks=10)
    share = measured(make_key_result(world.objective, "Share", unit="%"), times=0.5)
    touched = measured(make_key_result(world.objective, "Touched", unit="orders"))
    served = measured(make_key_result(world.objective, "Served", unit="orders"))
    make_bet(shipped(world, "Another", weeks_ago=LAUNCHED_WEEKS_AGO - 3), touched)
    link_item(bet.serves.item, by=world.bo, key_result=served)
    assert "in 4 weeks before the launch" in refused(bet, [short])
    assert "counted otherwise" in refused(bet, [elsewhere, share])
    assert "landed on it in the same four weeks" in refused(bet, [touched])
    assert "this item serves it too" in refused(bet, [served])
    assert "with itself" in refused(bet, [bet.serves.key_result])
    assert "at most" in refused(bet, [elsewhere] * (MOST_CONTROLS + 1))
    assert refused(bet, [elsewhere]) == ""
    for wrong in (short, share, touched, served):
        with pytest.raises(ValidationError) as told:
            judge(bet, world, controls=[wrong])
        assert wrong.short_name in told.value.message_dict["controls"][0]
    assert not Verdict.objects.exists()


def test_a_key_result_of_another_organisation_is_no_control(world: World, bet: Bet, elsewhere: KeyResult) -> None:
    theirs = make_objective(make_cycle(world.other_team.organisation), team=world.other_team)
    KeyResult.objects.filter(pk=elsewhere.pk).update(objective=theirs)
    elsewhere = KeyResult.objects.get(pk=elsewhere.pk)
    with pytest.raises(ValidationError) as told:
        judge(bet, world, controls=[elsewhere])
    assert "no such Key Result" in told.value.message_dict["controls"][0]


def test_choices_begin_with_what_can_be_compared(world: World, bet: Bet, elsewhere: KeyResult) -> None:
    measured(make_key_result(world.objective, "New", unit="orders"), weeks=10)
    make_key_result(world.objective, "Never measured", unit="orders")
    choices = control_choices(bet, today=clock.today())
    assert [(one.name, bool(one.refused)) for one in choices] == [(elsewhere.short_name, False), ("New", True)]
    assert (choices[0].weeks_before, choices[0].weeks_after) == (WEEKS - LAUNCHED_WEEKS_AGO, LAUNCHED_WEEKS_AGO)
    assert choices[0].is_near


def test_choices_ask_as_often_however_many_there_are(world: World, bet: Bet) -> None:
    counts = []
    for number in range(2):
        measured(make_key_result(world.objective, f"More {number}", unit="orders"))
        with CaptureQueriesContext(connection) as asked:
            control_choices(bet, today=clock.today())
        counts.append(len(asked))
    assert counts == [4, 4]
