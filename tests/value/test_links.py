"""Linking items: works, refused for Di, absent for Eve, no-op, Change recorded, taken back."""

import pytest
from django.core.exceptions import ValidationError

from headway.lib import clock
from headway.live.history import CannotUndo, undo
from headway.live.models import Change
from headway.people.access import Forbidden
from headway.value.actions import link_item, link_items, place_bet, unlink
from headway.value.models import Bet, Serves
from tests.world import World, make_cycle, make_item, make_key_result, make_objective, make_team


def test_a_developer_links_an_item_to_a_key_result(world: World) -> None:
    item = make_item(world.team)
    serves = link_item(item, by=world.cy, key_result=world.key_result)
    assert serves.key_result == world.key_result
    change = Change.objects.get()
    assert (change.name, change.subject_id, change.team_id) == ("item.linked", item.pk, world.team.pk)


def test_linking_twice_changes_nothing(world: World) -> None:
    item = make_item(world.team)
    first = link_item(item, by=world.cy, key_result=world.key_result)
    assert link_item(item, by=world.cy, key_result=world.key_result) == first
    assert Change.objects.count() == 1


def test_a_kind_needs_its_reason(world: World) -> None:
    item = make_item(world.team)
    with pytest.raises(ValidationError, match="Say why"):
        link_item(item, by=world.cy, kind="compliance", reason="  ")
    with pytest.raises(ValidationError, match="Choose a Key Result"):
        link_item(item, by=world.cy, kind="fun", reason="because")
    assert not Serves.objects.exists()
    assert not Change.objects.exists()


def test_another_kind_takes_the_place_of_the_former_one_and_back(world: World) -> None:
    item = make_item(world.team)
    link_item(item, by=world.cy, kind="health", reason="The printer driver is old")
    link_item(item, by=world.cy, kind="compliance", reason="Law of 2024")
    serves = Serves.objects.get()
    assert (serves.kind, serves.reason) == ("compliance", "Law of 2024")
    undo(Change.objects.latest("id"), by=world.cy)
    serves.refresh_from_db()
    assert (serves.kind, serves.reason) == ("health", "The printer driver is old")


def test_a_key_result_and_a_kind_may_stand_together(world: World) -> None:
    item = make_item(world.team)
    link_item(item, by=world.cy, key_result=world.key_result)
    link_item(item, by=world.cy, kind="learning", reason="Buys knowledge first")
    assert item.serves.count() == 2


def test_many_items_at_once_are_one_change_and_go_back_in_one(world: World) -> None:
    items = [make_item(world.team, f"Item {n}") for n in range(3)]
    link_item(items[0], by=world.cy, key_result=world.key_result)
    change = link_items(items, by=world.bo, key_result=world.key_result)
    assert change is not None
    assert change.name == "items.linked"
    assert Serves.objects.count() == 3
    undo(change, by=world.bo)
    assert [serves.item for serves in Serves.objects.all()] == [items[0]], "the one linked before stays"
    assert link_items([items[0]], by=world.bo, key_result=world.key_result) is None


def test_items_of_two_teams_are_refused(world: World) -> None:
    other = make_team(world.organisation, "BEE", "Bee")
    with pytest.raises(ValidationError, match="one team"):
        link_items([make_item(world.team), make_item(other)], by=world.system, key_result=world.key_result)
    with pytest.raises(ValidationError, match="one team"):
        link_items([], by=world.system, key_result=world.key_result)


def test_di_may_not_link_and_eve_is_a_stranger(world: World) -> None:
    item = make_item(world.team)
    for stranger in (world.di, world.eve):
        with pytest.raises(Forbidden):
            link_item(item, by=stranger, key_result=world.key_result)
    assert not Serves.objects.exists()


def test_a_key_result_of_another_organisation_is_absent(world: World) -> None:
    theirs = make_key_result(make_objective(make_cycle(world.other_team.organisation), team=world.other_team))
    with pytest.raises(ValidationError, match="no such Key Result"):
        link_item(make_item(world.team), by=world.cy, key_result=theirs)


def test_a_key_result_that_was_put_away_is_refused(world: World) -> None:
    world.key_result.archived_at = clock.now()
    world.key_result.save()
    with pytest.raises(ValidationError, match="put away"):
        link_item(make_item(world.team), by=world.cy, key_result=world.key_result)


def test_undo_stops_where_a_bet_was_placed_since(world: World) -> None:
    item = make_item(world.team)
    link_item(item, by=world.cy, key_result=world.key_result)
    change = Change.objects.get()
    place_bet(item, by=world.cy, key_result=world.key_result, low=1, likely=2, high=3, chance=0.5)
    with pytest.raises(CannotUndo, match="ANT-1"):
        undo(change, by=world.cy)


def test_unlinking_takes_the_bet_along_and_undo_brings_both_back(world: World) -> None:
    item = make_item(world.team)
    bet = place_bet(item, by=world.cy, key_result=world.key_result, low=1, likely=2, high=3, chance=0.5)
    change = unlink(bet.serves, by=world.bo)
    assert not Serves.objects.exists()
    undo(change, by=world.bo)
    again = Bet.objects.get()
    assert (again.low, again.likely, again.high, again.chance) == (1, 2, 3, 0.5)
    assert again.by_id == world.cy.person_id, "the promise stays with whoever made it"


def test_unlinking_is_refused_where_a_promise_would_vanish(world: World) -> None:
    item = make_item(world.team)
    bet = place_bet(item, by=world.cy, key_result=world.key_result, low=1, likely=2, high=3, chance=0.5)
    item.started_at = clock.now()
    item.save()
    bet.serves.item.refresh_from_db()
    with pytest.raises(ValidationError, match="withdraw its bet first"):
        unlink(bet.serves, by=world.bo)
    with pytest.raises(Forbidden):
        unlink(bet.serves, by=world.di)
