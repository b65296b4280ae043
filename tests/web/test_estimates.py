"""Private estimates and champions in the browser."""

import re
from typing import Any

import pytest
from django.test import Client

from headway.lib import clock
from headway.live.models import Change
from headway.scrum.models import Category, Item
from headway.value.actions import ask_champion, link_item
from headway.value.models import Bet, Estimate
from tests.value.make import make_bet
from tests.web.test_backlog import HTMX, signed_in
from tests.world import World, make_item, make_measurement, make_world


@pytest.fixture
def world(db: None) -> World:
    return make_world()


@pytest.fixture
def item(world: World) -> Item:
    item = make_item(world.team)
    link_item(item, by=world.bo, key_result=world.key_result)
    return item


MINE = {"low": "1", "likely": "2.5", "high": "4.5", "chance": "65"}


def address(world: World, item: Item) -> str:
    return f"/t/ANT/items/{item.number}/estimates/{world.key_result.pk}/"


def three(world: World, item: Item, *, closed: bool = False) -> None:
    for number, likely in enumerate((1.5, 2.25, 7.125)):
        Estimate.objects.create(
            item=item,
            key_result=world.key_result,
            low=1,
            likely=likely,
            high=9,
            chance=0.5,
            giver=f"somebody {number}",
            closed_at=clock.now() if closed else None,
        )


def text_of(client: Client, path: str) -> str:
    """Return the page without its points of time, whose seconds may read like any figure."""
    answer = client.get(path)
    assert answer.status_code == 200
    return re.sub(r' datetime="[^"]*"', "", answer.content.decode())


def test_one_says_alone_and_finds_it_again(world: World, item: Item) -> None:
    client = signed_in(world, "cy")
    assert "Give my estimate" in text_of(client, address(world, item))
    answer = client.post(address(world, item), MINE, headers=HTMX)
    assert (answer.status_code, "HX-Redirect" in answer.headers) == (200, True)
    estimate = Estimate.objects.get()
    assert (estimate.likely, estimate.chance) == (2.5, 0.65)
    assert 'value="65.0"' in text_of(client, address(world, item)) or 'value="65"' in text_of(
        client, address(world, item)
    )
    assert "2.5" not in text_of(signed_in(world, "bo"), address(world, item))
    client.post(address(world, item), {"do": "withdraw"})
    assert not Estimate.objects.exists()


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"low": "3"}, "Low is above likely"),
        ({"high": "2"}, "High is below likely"),
        ({"chance": "101"}, "between 0 and 100"),
        ({"likely": ""}, "required"),
    ],
)
def test_what_is_no_estimate_is_told_at_its_field(world: World, item: Item, fields: dict[str, Any], told: str) -> None:
    answer = signed_in(world, "cy").post(address(world, item), MINE | fields, headers=HTMX)
    assert answer.status_code == 422
    assert told in answer.content.decode()
    assert not Estimate.objects.exists()


def test_others_are_seen_after_the_own_and_from_three_on(world: World, item: Item) -> None:
    three(world, item)
    client = signed_in(world, "cy")
    before = text_of(client, address(world, item))
    assert "You see them when you have said yours" in before
    assert "7.1" not in before
    client.post(address(world, item), MINE)
    after = text_of(client, address(world, item))
    assert "7.1" in after
    assert "Some disagreement: likely from 1.5 to 7.1" in after
    assert "somebody" not in after


def test_the_shared_page_shows_none_while_they_are_open(world: World, item: Item) -> None:
    """It is drawn once for all Developers: who has not given the own must not see the others'."""
    three(world, item)
    page = text_of(signed_in(world, "cy"), f"/t/ANT/items/{item.number}/")
    assert "3 of us have said" in page
    assert "7.1" not in page


def test_the_product_owner_makes_them_the_promise_and_the_page_shows_them(world: World, item: Item) -> None:
    three(world, item)
    client = signed_in(world, "ana")
    assert "Make this the promise" in text_of(client, address(world, item))
    client.post(address(world, item), {"do": "promise"})
    assert Bet.objects.get().likely == 2.25
    page = text_of(client, f"/t/ANT/items/{item.number}/")
    assert "What 3 of us said" in page
    assert "Likely, as each of us said: 1.5" in page
    assert signed_in(world, "cy").post(address(world, item), {"do": "promise"}).status_code == 403


def test_two_are_too_few(world: World, item: Item) -> None:
    three(world, item)
    Estimate.objects.filter(giver="somebody 0").delete()
    answer = signed_in(world, "bo").post(address(world, item), {"do": "promise"}, headers=HTMX)
    assert answer.status_code == 422
    assert not Bet.objects.exists()


def test_once_work_has_started_the_promise_needs_its_reason(world: World, item: Item) -> None:
    three(world, item)
    item.category, item.started_at = Category.DOING, clock.now()
    item.save()
    client = signed_in(world, "bo")
    assert "Work has started" in text_of(client, address(world, item))
    assert client.post(address(world, item), {"do": "promise"}, headers=HTMX).status_code == 422
    client.post(address(world, item), {"do": "promise", "reason": "Forgotten"})
    assert Bet.objects.exists()


def test_a_champion_volunteers_hands_back_and_is_asked(world: World, item: Item) -> None:
    bet = make_bet(make_item(world.team), world.key_result)
    path = f"/t/ANT/bets/{bet.pk}/champion/"
    client = signed_in(world, "cy")
    assert "I’ll champion it" in text_of(client, path)
    client.post(path, {"do": "volunteer"})
    assert "Cy Cole" in text_of(client, f"/t/ANT/items/{bet.serves.item.number}/")
    client.post(path, {"do": "release"})
    bet.refresh_from_db()
    assert bet.champion is None
    signed_in(world, "ana").post(path, {"do": "ask", "person": str(world.people["cy"].pk)})
    assert "You are asked" in text_of(client, path)
    client.post(path, {"do": "decline"})
    bet.refresh_from_db()
    assert bet.champion_asked is None
    count = Change.objects.count()
    signed_in(world, "bo").post(path, {"do": "ask", "person": str(world.people["cy"].pk)})
    assert Change.objects.count() == count, "only a Scrum Master asks"


def test_readers_look_and_strangers_find_nothing(world: World, item: Item) -> None:
    bet = make_bet(make_item(world.team), world.key_result)
    ask_champion(bet, world.people["cy"], by=world.ana)
    three(world, item, closed=True)
    for path in (address(world, item), f"/t/ANT/bets/{bet.pk}/champion/"):
        for does in ("give", "withdraw", "promise", "volunteer", "decline"):
            assert signed_in(world, "di").post(path, MINE | {"do": does}).status_code == 403
            assert signed_in(world, "eve").post(path, MINE | {"do": does}).status_code == 404
    assert "7.1" in text_of(signed_in(world, "di"), address(world, item))
    assert Estimate.objects.count() == 3


def test_the_smallest_effect_is_said_at_the_form_and_on_the_page(world: World, item: Item) -> None:
    bet = make_bet(make_item(world.team), world.key_result, low=0.01, likely=0.02, high=0.03)
    client = signed_in(world, "cy")
    page = f"/t/ANT/items/{bet.serves.item.number}/"
    assert "How small an effect can be seen is not known yet" in text_of(client, page)
    assert "How small an effect can be seen is not known yet" in text_of(client, f"/t/ANT/bets/{bet.pk}/")
    for week in range(30):
        make_measurement(world.key_result, 40 + (week * 7) % 5, days_ago=7 * week)
    assert "cannot be seen here" in text_of(client, page)
    assert "Use an experiment, or judge it by a nearer measure." in text_of(client, page)
    assert "use an experiment or a nearer measure" in text_of(client, f"/t/ANT/bets/{bet.pk}/")
    assert "use an experiment or a nearer measure" in text_of(client, f"/t/ANT/items/{item.number}/bet/")
