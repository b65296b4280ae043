"""Verdicts by hand: after delivery, graded unless it cannot be told, once, and kept in history when withdrawn."""

import datetime as dt
import math
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from hypothesis import given
from hypothesis import strategies as st

from headway.lib import clock
from headway.live.history import CannotUndo, undo
from headway.live.models import Change
from headway.people.access import Forbidden
from headway.scrum.models import Category
from headway.value.actions import (
    change_bet,
    enter_verdict,
    place_bet,
    shelve,
    unlink,
    withdraw_bet,
    withdraw_verdict,
)
from headway.value.models import Bet, Verdict
from tests.world import World, make_item


@pytest.fixture
def bet(world: World) -> Bet:
    """A bet whose item was delivered."""
    item = make_item(world.team)
    bet = place_bet(item, by=world.cy, key_result=world.key_result, low=1, likely=2, high=4, chance=0.6)
    item.category, item.started_at, item.done_at = Category.DONE, clock.now(), clock.now()
    item.save()
    bet.serves.item.refresh_from_db()
    Change.objects.all().delete()
    return bet


def moved(**fields: Any) -> dict[str, Any]:
    return {"outcome": "moved", "measured": 1.6, "scale": 4, "evidence": 4, "learned": "The step was small"} | fields


def test_a_verdict_is_entered_with_who_and_when(world: World, bet: Bet) -> None:
    verdict = enter_verdict(bet, by=world.ana, **moved())
    assert (verdict.outcome, verdict.scale, verdict.judged_on) == ("moved", 4, clock.today())
    assert verdict.by_id == world.ana.person_id
    assert Change.objects.get().name == "verdict.entered"


def test_di_may_not_judge_and_eve_is_a_stranger(world: World, bet: Bet) -> None:
    for actor in (world.di, world.eve):
        with pytest.raises(Forbidden):
            enter_verdict(bet, by=actor, **moved())


def test_nothing_is_judged_before_it_is_delivered(world: World) -> None:
    bet = place_bet(
        make_item(world.team), by=world.cy, key_result=world.key_result, low=1, likely=2, high=4, chance=0.6
    )
    with pytest.raises(ValidationError, match="not done yet"):
        enter_verdict(bet, by=world.ana, **moved())


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"outcome": "cannot_tell"}, "scale"),
        ({"scale": None}, "scale"),
        ({"scale": 2}, "scale"),
        ({"outcome": "did_not", "scale": 4}, "scale"),
        ({"scale": 6}, "scale"),
        ({"evidence": 0}, "evidence"),
        ({"measured": math.nan}, "measured"),
        ({"judged_on": dt.date(2999, 1, 1)}, "judged_on"),
        ({"outcome": "perhaps"}, "outcome"),
    ],
)
def test_what_does_not_fit_together_is_refused(world: World, bet: Bet, fields: dict[str, Any], field: str) -> None:
    with pytest.raises(ValidationError) as refused:
        enter_verdict(bet, by=world.ana, **moved(**fields))
    assert field in refused.value.message_dict
    assert not Verdict.objects.exists()


def test_what_cannot_be_told_has_no_grade(world: World, bet: Bet) -> None:
    verdict = enter_verdict(bet, by=world.ana, outcome="cannot_tell")
    assert verdict.scale is None


def test_after_the_verdict_the_promise_stands(world: World, bet: Bet) -> None:
    enter_verdict(bet, by=world.ana, **moved())
    for act in (
        lambda: enter_verdict(bet, by=world.ana, **moved()),
        lambda: change_bet(bet, by=world.cy, likely=1.6, reason="To look better"),
        lambda: withdraw_bet(bet, by=world.cy, reason="To look better"),
        lambda: unlink(bet.serves, by=world.cy),
    ):
        with pytest.raises(ValidationError, match="was judged"):
            act()


def test_a_verdict_is_withdrawn_and_comes_back_by_undo(world: World, bet: Bet) -> None:
    verdict = enter_verdict(bet, by=world.ana, **moved())
    change = withdraw_verdict(verdict, by=world.bo)
    assert not Verdict.objects.exists()
    undo(change, by=world.bo)
    again = Verdict.objects.get()
    assert (again.measured, again.scale, again.learned) == (1.6, 4, "The step was small")
    undo(Change.objects.latest("id"), by=world.bo)
    assert not Verdict.objects.exists()


def test_undo_of_a_withdrawal_stops_where_it_was_judged_anew(world: World, bet: Bet) -> None:
    change = withdraw_verdict(enter_verdict(bet, by=world.ana, **moved()), by=world.ana)
    enter_verdict(bet, by=world.ana, **moved(scale=3))
    with pytest.raises(CannotUndo):
        undo(change, by=world.ana)


@pytest.mark.parametrize(("measured", "scale"), [(4.1, 5), (4.0, 4), (2.0, 4), (1.0, 4), (0.5, 3), (0.0, 2), (-0.1, 1)])
def test_the_scale_follows_from_what_was_measured(measured: float, scale: int) -> None:
    assert Bet(low=1, likely=2, high=4, chance=0.6).scale_of(measured) == scale


@given(st.floats(-1e9, 1e9), st.tuples(*[st.floats(-1e6, 1e6)] * 3))
def test_the_scale_is_always_one_to_five(measured: float, three: tuple[float, float, float]) -> None:
    low, likely, high = sorted(three)
    assert Bet(low=low, likely=likely, high=high).scale_of(measured) in range(1, 6)


def test_the_command_line_may_do_all_of_it_without_a_name(world: World, bet: Bet) -> None:
    other = make_item(world.team)
    placed = place_bet(other, by=world.system, key_result=world.key_result, low=1, likely=2, high=4, chance=0.6)
    assert change_bet(placed, by=world.system, likely=3.0).by_id is None
    assert enter_verdict(bet, by=world.system, **moved()).by_id is None
    assert shelve(other, by=world.system, reason="So").by_id is None
