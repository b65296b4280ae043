"""Champions volunteer; a Scrum Master may ask; who leaves hands over."""

import pytest
from django.core.exceptions import ValidationError

from headway.live.history import CannotUndo, undo
from headway.live.models import Change
from headway.people.access import Forbidden
from headway.people.holdings import hand_over, open_holdings
from headway.scrum.models import Category
from headway.value.actions import (
    ask_champion,
    champion_bet,
    decline_champion,
    enter_verdict,
    place_bet,
    release_bet,
    withdraw_bet,
)
from headway.value.models import Bet
from tests.world import World, make_item


def make_bet(world: World) -> Bet:
    return place_bet(
        make_item(world.team), by=world.bo, key_result=world.key_result, low=1, likely=2, high=4, chance=0.6
    )


def test_one_volunteers_and_hands_back(world: World) -> None:
    bet = champion_bet(make_bet(world), by=world.cy)
    assert bet.champion == world.people["cy"]
    assert Change.objects.latest("id").name == "bet.championed"
    count = Change.objects.count()
    champion_bet(bet, by=world.cy)
    assert Change.objects.count() == count
    with pytest.raises(ValidationError, match="Cy Cole champions it already"):
        champion_bet(bet, by=world.bo)
    with pytest.raises(ValidationError, match="Only whoever"):
        release_bet(bet, by=world.ana)
    assert release_bet(bet, by=world.cy).champion is None
    release_bet(bet, by=world.cy)
    assert Change.objects.count() == count + 1


def test_readers_and_strangers_do_not_champion(world: World) -> None:
    bet = make_bet(world)
    for actor in (world.di, world.eve):
        for act in (champion_bet, release_bet, decline_champion):
            with pytest.raises(Forbidden):
                act(bet, by=actor)
    with pytest.raises(ValidationError, match="Only a person"):
        champion_bet(bet, by=world.system)


def test_a_scrum_master_asks_and_who_is_asked_says_yes_or_no(world: World) -> None:
    bet = make_bet(world)
    for actor in (world.bo, world.cy, world.di, world.eve):
        with pytest.raises(Forbidden):
            ask_champion(bet, world.people["cy"], by=actor)
    bet = ask_champion(bet, world.people["cy"], by=world.ana)
    assert (bet.champion, bet.champion_asked) == (None, world.people["cy"])
    with pytest.raises(ValidationError, match="not asked"):
        decline_champion(bet, by=world.bo)
    assert decline_champion(bet, by=world.cy).champion_asked is None
    ask_champion(bet, world.people["cy"], by=world.ana)
    bet = champion_bet(bet, by=world.cy)
    assert (bet.champion, bet.champion_asked) == (world.people["cy"], None)
    with pytest.raises(ValidationError, match="already"):
        ask_champion(bet, world.people["bo"], by=world.ana)


def test_asked_is_who_works_on_the_team(world: World) -> None:
    bet = make_bet(world)
    for name in ("di", "eve"):
        with pytest.raises(ValidationError, match="of the team"):
            ask_champion(bet, world.people[name], by=world.ana)


def test_only_who_did_it_takes_it_back(world: World) -> None:
    bet = champion_bet(make_bet(world), by=world.cy)
    change = Change.objects.latest("id")
    with pytest.raises(CannotUndo, match="only whoever did this"):
        undo(change, by=world.bo)
    undo(change, by=world.cy)
    bet.refresh_from_db()
    assert bet.champion is None


def test_a_judged_bet_needs_no_champion(world: World) -> None:
    bet = make_bet(world)
    item = bet.serves.item
    item.category = Category.DONE
    item.save()
    enter_verdict(bet, by=world.bo, outcome="moved", measured=2.0, scale=4)
    with pytest.raises(ValidationError, match="judged"):
        champion_bet(bet, by=world.cy)


def test_who_leaves_hands_over(world: World) -> None:
    bet = champion_bet(make_bet(world), by=world.cy)
    (group,) = open_holdings(world.people["cy"].pk, world.organisation.pk)
    assert (group.kind, len(group.held)) == ("value.bet", 1)
    count, stay = hand_over(
        world.people["cy"], to=world.people["bo"], organisation_id=world.organisation.pk, by=world.ana
    )
    assert (count, stay) == (1, [])
    bet.refresh_from_db()
    assert bet.champion == world.people["bo"]
    hand_over(world.people["bo"], to=None, organisation_id=world.organisation.pk, by=world.ana)
    bet.refresh_from_db()
    assert bet.champion is None


def test_a_withdrawn_bet_comes_back_with_its_champion(world: World) -> None:
    bet = champion_bet(make_bet(world), by=world.cy)
    undo(withdraw_bet(bet, by=world.bo), by=world.bo)
    assert Bet.objects.get().champion == world.people["cy"]


def test_placing_is_not_taken_back_over_a_champion(world: World) -> None:
    bet = make_bet(world)
    change = Change.objects.latest("id")
    champion_bet(bet, by=world.cy)
    with pytest.raises(CannotUndo, match="champions it"):
        undo(change, by=world.bo)
