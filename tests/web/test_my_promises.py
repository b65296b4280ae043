"""One's own record of promises: for oneself alone."""

import pytest
from django.test import Client

from headway.lib import clock
from headway.scrum.models import Category
from headway.value.models import Bet, Estimate, Verdict
from tests.value.make import make_bet
from tests.world import World, make_item, make_world

PAGE = "/settings/me/promises/"


@pytest.fixture
def world(db: None) -> World:
    return make_world()


@pytest.fixture
def bet(world: World) -> Bet:
    """Cy's bet, judged."""
    item = make_item(world.team, "Judged", category=Category.DONE, done_at=clock.now())
    made = make_bet(item, world.key_result, by_id=world.cy.person_id)
    Verdict.objects.create(bet=made, outcome="moved", measured=0.5, scale=3, judged_on=clock.today())
    return made


def page(client: Client, world: World, name: str) -> str:
    client.force_login(world.people[name])
    answer = client.get(PAGE)
    assert answer.status_code == 200
    return answer.content.decode()


def test_cy_sees_the_own_and_nobody_else_does(world: World, bet: Bet, client: Client) -> None:
    html = page(client, world, "cy")
    assert "× 0.75" in html
    assert "0 of 1" in html
    for name in ("ana", "bo", "di", "eve"):
        assert "No verdict yet." in page(client, world, name)


def test_what_was_made_of_many_estimates_is_nobodys_own(world: World, bet: Bet, client: Client) -> None:
    Estimate.objects.create(
        item=bet.serves.item,
        key_result=world.key_result,
        low=1,
        likely=2,
        high=3,
        chance=0.5,
        closed_at=clock.now(),
    )
    assert "No verdict yet." in page(client, world, "cy")


def test_it_is_kept_by_no_cache(world: World, bet: Bet, client: Client) -> None:
    client.force_login(world.people["cy"])
    assert "no-store" in client.get(PAGE)["Cache-Control"]
