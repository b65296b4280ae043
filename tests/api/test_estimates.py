"""Private estimates and champions over the API: nobody reads another's before giving the own, nobody is named."""

from collections.abc import Callable

from headway.live.models import Change
from headway.people.models import Role, TeamRole
from headway.value.actions import give_estimate, link_item
from headway.value.models import Bet, Estimate
from tests.api.program import Program
from tests.world import World, make_item

MINE = {"low": 1, "likely": 2, "high": 4, "chance": 0.6}


def test_estimates_are_hidden_until_the_own_is_given(world: World, program: Callable[..., Program]) -> None:
    TeamRole.objects.create(team=world.team, person=world.people["ana"], role=Role.DEVELOPER)
    item = make_item(world.team)
    link_item(item, by=world.bo, key_result=world.key_result)
    path = f"/teams/ANT/items/{item.number}/estimates/{world.key_result.pk}"
    cy = program("cy")
    for number, giver in enumerate("abc"):
        Estimate.objects.create(
            item=item, key_result=world.key_result, low=1, likely=3 - number, high=6, chance=0.5, giver=giver
        )
    told = cy.send("GET", path).json()
    assert (told["count"], told["own"], told["answers"], told["pooled"]) == (3, None, None, None)
    told = cy.send("PUT", path, MINE).json()
    assert [one["likely"] for one in told["answers"]] == [1, 2, 2, 3], "sorted, not in the order given"
    assert told["own"] == MINE
    assert told["pooled"]["likely"] == 2
    assert set(told["answers"][0]) == {"low", "likely", "high", "chance"}
    assert program("di").send("GET", path).json()["own"] is None
    assert cy.send("DELETE", path).json()["own"] is None
    assert cy.send("DELETE", path).status_code == 422


def test_under_three_nobody_sees_any(world: World, program: Callable[..., Program]) -> None:
    item = make_item(world.team)
    link_item(item, by=world.bo, key_result=world.key_result)
    path = f"/teams/ANT/items/{item.number}/estimates/{world.key_result.pk}"
    give_estimate(item, by=world.bo, key_result=world.key_result, low=1, likely=2, high=3, chance=0.5)
    for name in ("ana", "bo", "cy", "di"):
        told = program(name).send("GET", path).json()
        assert (told["count"], told["answers"], told["pooled"]) == (1, None, None)


def test_history_does_not_tell_who_gave_one(world: World, program: Callable[..., Program]) -> None:
    item = make_item(world.team)
    link_item(item, by=world.bo, key_result=world.key_result)
    path = f"/teams/ANT/items/{item.number}/estimates/{world.key_result.pk}"
    program("cy").send("PUT", path, MINE)
    change = Change.objects.get(name="item.estimated")
    told = program("ana").send("GET", f"/changes/{change.pk}").json()
    assert (told["actor_id"], told["actor"], told["token_name"], told["is_undoable"]) == (None, "", None, False)
    assert told["at"].endswith("T00:00:00.000000Z")


def test_three_become_the_promise(world: World, program: Callable[..., Program]) -> None:
    item = make_item(world.team)
    link_item(item, by=world.bo, key_result=world.key_result)
    path = f"/teams/ANT/items/{item.number}/estimates/{world.key_result.pk}"
    for giver in "abc":
        Estimate.objects.create(item=item, key_result=world.key_result, giver=giver, **MINE)
    told = program("ana").send("POST", f"{path}/promise", {}).json()
    assert told["is_closed"]
    assert Bet.objects.get().likely == 2
    assert program("cy").send("PUT", path, MINE).status_code == 422


def test_a_champion_volunteers_and_is_shown(world: World, program: Callable[..., Program]) -> None:
    item = make_item(world.team)
    bet = (
        program("bo")
        .send(
            "POST",
            f"/teams/ANT/items/{item.number}/bets",
            {"key_result_id": world.key_result.pk, "lag_weeks": 3, **MINE},
        )
        .json()
    )
    assert (bet["lag_weeks"], bet["champion_id"]) == (3, None)
    path = f"/teams/ANT/bets/{bet['id']}"
    cy = world.people["cy"].pk
    assert program("ana").send("POST", f"{path}/ask-champion", {"person_id": cy}).json()["champion_asked_id"] == cy
    assert program("cy").send("POST", f"{path}/decline").json()["champion_asked_id"] is None
    assert program("cy").send("POST", f"{path}/volunteer").json()["champion_id"] == cy
    assert program("bo").send("POST", f"{path}/volunteer").status_code == 422
    assert program("cy").send("POST", f"{path}/hand-back").json()["champion_id"] is None
    assert program("cy").send("PATCH", path, {"lag_weeks": 105}).status_code == 422
