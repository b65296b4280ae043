"""Bets: free before work starts, by a dated Decision afterwards, never silently; bad numbers are refused by field."""

import datetime as dt
import math
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from hypothesis import given
from hypothesis import strategies as st

from headway.agreements.actions import set_outcome
from headway.agreements.models import Decision
from headway.lib import clock
from headway.live.history import CannotUndo, undo
from headway.live.models import Change
from headway.okr.models import KeyResult
from headway.people.access import Forbidden
from headway.scrum.models import Category, Item
from headway.value.actions import change_bet, place_bet, rules, withdraw_bet
from headway.value.models import Bet, Serves
from tests.world import World, make_item, make_key_result


def make_bet(world: World, item: Item | None = None, **fields: Any) -> Bet:
    fields = {"low": 1.0, "likely": 2.0, "high": 4.0, "chance": 0.6, "key_result": world.key_result} | fields
    return place_bet(item or make_item(world.team), by=world.cy, **fields)


def start(item: Item) -> None:
    item.started_at = clock.now()
    item.category = Category.DOING
    item.save()


def test_a_bet_links_the_item_and_leaves_one_change(world: World) -> None:
    bet = make_bet(world, judge_on=clock.today() + dt.timedelta(days=20), hypothesis=" People call less ")
    assert bet.serves.key_result == world.key_result
    assert bet.hypothesis == "People call less"
    change = Change.objects.get()
    assert change.name == "bet.placed"
    assert change.after["likely"] == 2.0
    assert not Decision.objects.exists()


def test_taking_the_bet_back_takes_the_link_it_made(world: World) -> None:
    make_bet(world)
    undo(Change.objects.get(), by=world.cy)
    assert not Bet.objects.exists()
    assert not Serves.objects.exists()


def test_di_may_not_bet_and_eve_is_a_stranger(world: World) -> None:
    item = make_item(world.team)
    for actor in (world.di, world.eve):
        with pytest.raises(Forbidden):
            place_bet(item, by=actor, key_result=world.key_result, low=1, likely=2, high=3, chance=0.5)
    assert not Bet.objects.exists()


@pytest.mark.parametrize(
    ("numbers", "field"),
    [
        ({"low": 3.0}, "low"),
        ({"high": 1.0}, "high"),
        ({"chance": 1.01}, "chance"),
        ({"chance": -0.1}, "chance"),
        ({"likely": math.nan}, "likely"),
        ({"high": math.inf}, "high"),
        ({"chance": math.nan}, "chance"),
        ({"judge_on": dt.date(2001, 1, 1)}, "judge_on"),
    ],
)
def test_what_is_no_promise_is_refused_by_field(world: World, numbers: dict[str, Any], field: str) -> None:
    with pytest.raises(ValidationError) as refused:
        make_bet(world, **numbers)
    assert list(refused.value.message_dict) == [field]
    assert not Bet.objects.exists()
    assert not Serves.objects.exists(), "the link goes with the refused bet"


NUMBERS = st.floats(allow_nan=True, allow_infinity=True)


@given(NUMBERS, NUMBERS, NUMBERS, NUMBERS)
def test_only_finite_numbers_in_order_pass(low: float, likely: float, high: float, chance: float) -> None:
    bet = Bet(low=low, likely=likely, high=high, chance=chance, at=clock.now())
    is_promise = (
        all(abs(number) <= 1e12 for number in (low, likely, high)) and low <= likely <= high and 0 <= chance <= 1
    )
    try:
        rules.check_numbers(bet)
    except ValidationError:
        assert not is_promise
    else:
        assert is_promise


@pytest.mark.parametrize("chance", [0.0, 1.0])
def test_certainty_is_taken_and_warned_of(world: World, chance: float) -> None:
    bet = make_bet(world, chance=chance)
    assert len(bet.warnings()) == 1
    assert make_bet(world, chance=0.5).warnings() == []


def test_a_second_bet_on_the_same_key_result_is_refused(world: World) -> None:
    item = make_item(world.team)
    make_bet(world, item)
    with pytest.raises(ValidationError, match="already"):
        make_bet(world, item)


def test_a_key_result_that_is_put_away_or_only_to_be_kept_is_refused(world: World) -> None:
    guard = make_key_result(world.objective, "Sent back", direction=KeyResult.Direction.STAY_WITHIN, upper=2.5)
    with pytest.raises(ValidationError, match="within its limits"):
        make_bet(world, key_result=guard)
    world.objective.archived_at = clock.now()
    world.objective.save()
    world.key_result.refresh_from_db()
    with pytest.raises(ValidationError, match="put away"):
        make_bet(world)


def test_a_promise_on_done_work_is_refused(world: World) -> None:
    with pytest.raises(ValidationError, match="is done"):
        make_bet(world, make_item(world.team, category=Category.DONE))


def test_before_work_starts_a_bet_changes_freely_and_goes_back(world: World) -> None:
    bet = make_bet(world)
    changed = change_bet(bet, by=world.bo, likely=3.0)
    assert changed.likely == 3.0
    change = Change.objects.latest("id")
    assert (change.before["likely"], change.after["likely"]) == (2.0, 3.0)
    undo(change, by=world.bo)
    bet.refresh_from_db()
    assert bet.likely == 2.0


def test_the_same_promise_again_records_nothing(world: World) -> None:
    bet = make_bet(world)
    change_bet(bet, by=world.cy, low=1.0, chance=0.6)
    assert Change.objects.count() == 1


def test_after_work_started_a_change_needs_a_reason_and_becomes_a_decision(world: World) -> None:
    bet = make_bet(world)
    start(bet.serves.item)
    with pytest.raises(ValidationError) as refused:
        change_bet(bet, by=world.cy, likely=1.5)
    assert list(refused.value.message_dict) == ["reason"]
    bet.refresh_from_db()
    assert bet.likely == 2.0, "a refused change leaves the promise as it was"

    change_bet(bet, by=world.cy, likely=1.5, reason="The test with five people went badly")
    decision = Decision.objects.get()
    assert "1 / 2 / 4" in decision.title
    assert "1 / 1.5 / 4" in decision.title
    assert decision.because == "The test with five people went badly"
    assert (decision.subject_type, decision.subject_id) == ("scrum.item", bet.serves.item_id)


def test_a_first_bet_after_the_start_needs_a_reason(world: World) -> None:
    item = make_item(world.team, category=Category.DOING)
    with pytest.raises(ValidationError, match="has started"):
        make_bet(world, item)
    make_bet(world, item, reason="We forgot")
    assert Decision.objects.get().team == world.team


def test_withdrawing_after_the_start_needs_a_reason_and_can_be_undone_with_its_decision(world: World) -> None:
    bet = make_bet(world)
    start(bet.serves.item)
    with pytest.raises(ValidationError):
        withdraw_bet(bet, by=world.cy)
    change = withdraw_bet(bet, by=world.cy, reason="The Key Result is measured anew")
    assert not Bet.objects.exists()
    undo(change, by=world.cy)
    assert Bet.objects.get().likely == 2.0
    assert not Decision.objects.exists()


def test_undo_stops_once_somebody_looked_back_at_the_decision(world: World) -> None:
    bet = make_bet(world)
    start(bet.serves.item)
    change_bet(bet, by=world.cy, likely=1.5, reason="Second thoughts")
    change = Change.objects.latest("id")
    set_outcome(Decision.objects.get(), by=world.bo, held=True, outcome="It held")
    with pytest.raises(CannotUndo, match="looked back"):
        undo(change, by=world.cy)


def test_undo_of_a_placed_bet_stops_once_work_has_started(world: World) -> None:
    bet = make_bet(world)
    start(bet.serves.item)
    with pytest.raises(CannotUndo, match="Work has started"):
        undo(Change.objects.get(), by=world.cy)


def test_undo_stops_where_the_bet_was_changed_since(world: World) -> None:
    bet = make_bet(world)
    placed = Change.objects.get()
    change_bet(bet, by=world.bo, likely=3.0)
    with pytest.raises(CannotUndo, match="Bo Berg changed the bet"):
        undo(placed, by=world.cy)
