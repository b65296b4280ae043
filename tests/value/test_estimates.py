"""Private estimates: each gives the own, nobody is named, three make a promise, and closing forgets whose they were."""

import threading
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import connection

from headway.agreements.models import Decision
from headway.lib import clock
from headway.live.history import CannotUndo, is_undoable, undo
from headway.live.models import Change
from headway.okr.models import KeyResult
from headway.people.access import Forbidden
from headway.people.actor import Actor, actor_for
from headway.people.models import Role, TeamRole
from headway.scrum.models import Category, Item
from headway.value.actions import (
    change_bet,
    forget_givers,
    give_estimate,
    link_item,
    place_bet,
    promise_pooled,
    unlink,
    withdraw_estimate,
)
from headway.value.models import Bet, Estimate, Serves
from tests.world import World, make_item, make_key_result, make_person, make_world


def linked(world: World, **fields: Any) -> Item:
    item = make_item(world.team, **fields)
    link_item(item, by=world.bo, key_result=world.key_result)
    return item


def developer(world: World, name: str) -> Actor:
    person = make_person(world.organisation, name)
    TeamRole.objects.create(team=world.team, person=person, role=Role.DEVELOPER)
    actor = actor_for(person, world.organisation)
    assert actor is not None
    return actor


def give(world: World, item: Item, by: Actor, *numbers: float) -> Estimate:
    low, likely, high, chance = numbers or (1.0, 2.0, 4.0, 0.6)
    return give_estimate(item, by=by, key_result=world.key_result, low=low, likely=likely, high=high, chance=chance)


def three(world: World, item: Item) -> None:
    give(world, item, world.cy, 1, 2, 4, 0.5)
    give(world, item, world.bo, 0, 3, 5, 0.8)
    give(world, item, developer(world, "Flo Fisk"), 2, 6, 9, 0.6)


def start(item: Item, category: str = Category.DOING) -> None:
    item.refresh_from_db()
    item.category, item.started_at = category, clock.now()
    item.save()


def test_an_estimate_is_kept_and_says_nowhere_whose_it_is(world: World) -> None:
    item = linked(world)
    give(world, item, world.cy)
    estimate = Estimate.objects.get()
    assert (estimate.low, estimate.likely, estimate.high, estimate.chance) == (1, 2, 4, 0.6)
    assert not [field for field in Estimate._meta.fields if field.related_model is type(world.people["cy"])]
    assert len(estimate.giver) == 64
    change = Change.objects.latest("id")
    assert (change.name, change.actor_id, change.token_name) == ("item.estimated", None, None)
    assert (change.at.hour, change.at.minute, change.at.second) == (0, 0, 0), "the hour would tell who it was"
    assert (change.before, change.after) == ({}, {"key_result": world.key_result.pk})
    assert not is_undoable(change), "nobody else takes it back"


def test_the_own_is_changed_and_withdrawn_and_counts_once(world: World) -> None:
    item = linked(world)
    give(world, item, world.cy)
    give(world, item, world.cy, 2, 3, 4, 0.7)
    assert Estimate.objects.get().likely == 3
    changes = Change.objects.count()
    give(world, item, world.cy, 2, 3, 4, 0.7)
    assert Change.objects.count() == changes, "the same again records nothing"
    withdraw_estimate(item, by=world.cy, key_result=world.key_result)
    assert not Estimate.objects.exists()
    with pytest.raises(ValidationError, match="given no estimate"):
        withdraw_estimate(item, by=world.cy, key_result=world.key_result)


def test_withdrawing_touches_nobody_elses(world: World) -> None:
    item = linked(world)
    give(world, item, world.cy)
    with pytest.raises(ValidationError, match="given no estimate"):
        withdraw_estimate(item, by=world.bo, key_result=world.key_result)
    assert Estimate.objects.count() == 1


def test_who_is_asked_are_developers_and_the_product_owner(world: World) -> None:
    item = linked(world)
    for actor in (world.ana, world.di, world.eve):
        with pytest.raises(Forbidden):
            give(world, item, actor)
    team_token = Actor(
        world.organisation.pk, kind="token", roles={world.team.pk: frozenset({Role.DEVELOPER})}, team_id=world.team.pk
    )
    with pytest.raises(ValidationError, match="person's own"):
        give(world, item, team_token)
    assert not Estimate.objects.exists()


@pytest.mark.parametrize(
    ("numbers", "field"),
    [
        ((3, 2, 4, 0.5), "low"),
        ((1, 5, 4, 0.5), "high"),
        ((1, 2, 4, 1.2), "chance"),
        ((1, float("nan"), 4, 0.5), "likely"),
    ],
)
def test_bad_numbers_are_refused_by_field(world: World, numbers: tuple[float, ...], field: str) -> None:
    with pytest.raises(ValidationError) as refused:
        give(world, linked(world), world.cy, *numbers)
    assert list(refused.value.message_dict) == [field]


def test_what_cannot_be_estimated_says_why(world: World) -> None:
    with pytest.raises(ValidationError, match="Link the item"):
        give(world, make_item(world.team), world.cy)
    started = linked(world)
    start(started)
    with pytest.raises(ValidationError, match="has started"):
        give(world, started, world.cy)
    with pytest.raises(ValidationError, match="is done"):
        give(world, linked(world, category=Category.DONE), world.cy)
    item = linked(world)
    guard = make_key_result(world.objective, "Sent back", direction=KeyResult.Direction.STAY_WITHIN, upper=2.5)
    link_item(item, by=world.bo, key_result=guard)
    with pytest.raises(ValidationError, match="within its limits"):
        give_estimate(item, by=world.cy, key_result=guard, low=1, likely=2, high=3, chance=0.5)
    world.key_result.archived_at = clock.now()
    world.key_result.save()
    with pytest.raises(ValidationError, match="put away"):
        give(world, item, world.cy)


def test_three_make_the_promise_which_goes_back(world: World) -> None:
    item = linked(world)
    three(world, item)
    bet = promise_pooled(item, by=world.bo, key_result=world.key_result)
    assert (bet.low, bet.likely, bet.high, bet.chance) == (1, 3, 5, 0.6)
    change = Change.objects.latest("id")
    assert (change.name, change.after["people"], change.actor_id) == ("bet.pooled", 3, world.bo.person_id)
    with pytest.raises(ValidationError, match="closed"):
        give(world, item, world.cy, 5, 6, 7, 0.9)
    undo(change, by=world.ana)
    assert not Bet.objects.exists()
    assert Serves.objects.filter(item=item).exists(), "the link was there before"
    give(world, item, world.cy, 5, 6, 7, 0.9)
    assert Estimate.objects.count() == 3


def test_a_promise_that_was_there_comes_back(world: World) -> None:
    item = linked(world)
    three(world, item)
    place_bet(item, by=world.bo, key_result=world.key_result, low=7, likely=8, high=9, chance=0.9, lag_weeks=2)
    bet = promise_pooled(item, by=world.ana, key_result=world.key_result)
    assert (bet.likely, bet.lag_weeks) == (3, 2)
    changes = Change.objects.count()
    promise_pooled(item, by=world.ana, key_result=world.key_result)
    assert Change.objects.count() == changes
    undo(Change.objects.latest("id"), by=world.bo)
    assert Bet.objects.get().likely == 8


def test_two_are_too_few_and_only_who_orders_or_serves_promises(world: World) -> None:
    item = linked(world)
    give(world, item, world.cy)
    give(world, item, world.bo)
    with pytest.raises(ValidationError, match="2 estimates so far: 3 are needed"):
        promise_pooled(item, by=world.bo, key_result=world.key_result)
    for actor in (world.cy, world.di, world.eve):
        with pytest.raises(Forbidden):
            promise_pooled(item, by=actor, key_result=world.key_result)
    assert not Bet.objects.exists()


def test_after_the_start_only_a_decision_makes_it_the_promise(world: World) -> None:
    item = linked(world)
    three(world, item)
    start(item)
    with pytest.raises(ValidationError) as refused:
        promise_pooled(item, by=world.bo, key_result=world.key_result)
    assert list(refused.value.message_dict) == ["reason"]
    assert not Bet.objects.exists()
    promise_pooled(item, by=world.bo, key_result=world.key_result, reason="We forgot to")
    assert Decision.objects.get().because == "We forgot to"
    assert set(Estimate.objects.values_list("giver", flat=True)) == {""}, "nothing can change any more"


def test_the_promise_is_not_taken_back_over_a_later_change(world: World) -> None:
    item = linked(world)
    three(world, item)
    bet = promise_pooled(item, by=world.bo, key_result=world.key_result)
    change = Change.objects.latest("id")
    change_bet(bet, by=world.cy, likely=4.0)
    with pytest.raises(CannotUndo):
        undo(change, by=world.bo)


def test_once_work_has_started_nothing_tells_whose_they_were(world: World) -> None:
    item, other = linked(world), linked(world)
    three(world, item)
    give(world, other, world.cy)
    start(item)
    assert forget_givers() == 3
    assert set(item.estimates.values_list("giver", flat=True)) == {""}
    assert other.estimates.exclude(giver="").count() == 1
    item.category, item.started_at = Category.TODO, None
    item.save()
    with pytest.raises(ValidationError, match="closed"):  # or one could answer twice
        give(world, item, world.cy)


def test_estimates_outlive_an_unlinking(world: World) -> None:
    item = linked(world)
    three(world, item)
    change = unlink(Serves.objects.get(item=item), by=world.bo)
    undo(change, by=world.bo)
    withdraw_estimate(item, by=world.cy, key_result=world.key_result)
    assert Estimate.objects.count() == 2


def test_the_same_person_has_another_digest_on_each_bet(world: World) -> None:
    """Or whoever gave one could be followed over all of them."""
    one, other = linked(world), linked(world)
    assert give(world, one, world.cy).giver != give(world, other, world.cy).giver


@pytest.mark.django_db(transaction=True)
def test_two_who_give_theirs_at_the_same_time_both_count() -> None:
    world = make_world()
    item = linked(world)
    together = threading.Barrier(2, timeout=60)
    failed: list[str] = []

    def say(actor: Actor) -> None:
        together.wait()
        try:
            give(world, item, actor)
        except Exception as error:
            failed.append(repr(error))
        finally:
            connection.close()

    threads = [threading.Thread(target=say, args=[actor]) for actor in (world.bo, world.cy)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert failed == []
    assert Estimate.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_one_who_sends_twice_at_the_same_time_counts_once() -> None:
    world = make_world()
    item = linked(world)
    together = threading.Barrier(2, timeout=60)

    def say() -> None:
        together.wait()
        try:
            give(world, item, world.cy)
        finally:
            connection.close()

    threads = [threading.Thread(target=say) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert Estimate.objects.count() == 1
