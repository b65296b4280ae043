"""Bets and verdicts in the browser."""

import datetime as dt
from typing import Any

import pytest
from django.test import Client

from headway.agreements.models import Decision
from headway.lib import clock
from headway.scrum.models import Category, Item
from headway.value.models import Bet, Verdict
from tests.value.make import make_bet
from tests.web.test_backlog import HTMX, signed_in
from tests.world import World, make_item, make_key_result, make_world


@pytest.fixture
def world(db: None) -> World:
    return make_world()


def promise(world: World, **fields: Any) -> dict[str, Any]:
    return {
        "key_result": world.key_result.pk,
        "low": "1",
        "likely": "2.5",
        "high": "4.5",
        "chance": "65",
        "judge_on": (clock.today() + dt.timedelta(days=30)).isoformat(),
        "hypothesis": "If people see the price",
    } | fields


def start(item: Item, category: str = Category.DOING) -> None:
    item.category, item.started_at = category, clock.now()
    item.done_at = clock.now() if category == Category.DONE else None
    item.save()


def test_a_bet_is_placed_from_its_form(world: World) -> None:
    item = make_item(world.team)
    client = signed_in(world, "cy")
    assert "Place the bet" in client.get(f"/t/ANT/items/{item.number}/bet/").content.decode()
    answer = client.post(f"/t/ANT/items/{item.number}/bet/", promise(world), headers=HTMX)
    assert answer.status_code == 200
    assert "HX-Redirect" in answer.headers
    bet = Bet.objects.get()
    assert (bet.low, bet.likely, bet.high, bet.chance) == (1.0, 2.5, 4.5, 0.65)


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"low": "3"}, "Low is above likely"),
        ({"high": "2"}, "High is below likely"),
        ({"chance": "101"}, "between 0 and 100"),
        ({"likely": "nan"}, "Enter a number"),
        ({"judge_on": "2001-01-01"}, "This day is over"),
        ({"low": ""}, "required"),
    ],
)
def test_what_is_no_promise_is_told_at_its_field(world: World, fields: dict[str, str], told: str) -> None:
    item = make_item(world.team)
    answer = signed_in(world, "cy").post(f"/t/ANT/items/{item.number}/bet/", promise(world, **fields), headers=HTMX)
    assert answer.status_code == 422
    assert told in answer.content.decode()
    assert not Bet.objects.exists()


def test_certainty_is_taken_with_a_warning(world: World) -> None:
    item = make_item(world.team)
    client = signed_in(world, "cy")
    client.post(f"/t/ANT/items/{item.number}/bet/", promise(world, chance="100"))
    assert Bet.objects.get().chance == 1.0
    assert "leaves no room for a miss" in client.get("/t/ANT/backlog/").content.decode()


def test_the_form_fills_in_what_is_linked_and_the_percentage_as_typed(world: World) -> None:
    bet = make_bet(make_item(world.team), world.key_result, chance=0.07)
    text = signed_in(world, "cy").get(f"/t/ANT/bets/{bet.pk}/").content.decode()
    assert 'value="7.0"' in text or 'value="7"' in text


def test_after_the_start_a_change_asks_for_its_reason(world: World) -> None:
    bet = make_bet(make_item(world.team), world.key_result)
    start(bet.serves.item)
    client = signed_in(world, "cy")
    address = f"/t/ANT/bets/{bet.pk}/"
    assert "Work has started" in client.get(address).content.decode()
    fields = promise(world, low="0", likely="1", high="2")
    assert client.post(address, fields, headers=HTMX).status_code == 422
    assert client.post(address, fields | {"reason": "A test went badly"}).status_code == 302
    bet.refresh_from_db()
    assert bet.likely == 1.0
    assert Decision.objects.get().because == "A test went badly"


def test_a_bet_is_withdrawn(world: World) -> None:
    bet = make_bet(make_item(world.team), world.key_result)
    client = signed_in(world, "cy")
    assert "The link to the Key Result stays" in client.get(f"/t/ANT/bets/{bet.pk}/withdraw/").content.decode()
    client.post(f"/t/ANT/bets/{bet.pk}/withdraw/")
    assert not Bet.objects.exists()


def test_a_done_item_and_a_missing_key_result_say_what_is_wrong(world: World) -> None:
    done = make_item(world.team, category=Category.DONE)
    client = signed_in(world, "cy")
    assert "before its result can be known" in client.get(f"/t/ANT/items/{done.number}/bet/").content.decode()
    world.key_result.delete()
    item = make_item(world.team)
    assert "No Key Result to bet on" in client.get(f"/t/ANT/items/{item.number}/bet/").content.decode()
    assert client.post(f"/t/ANT/items/{item.number}/bet/", {"low": "1"}).status_code in {200, 422}


def test_a_verdict_is_recorded_and_withdrawn(world: World) -> None:
    bet = make_bet(make_item(world.team), world.key_result)
    address = f"/t/ANT/bets/{bet.pk}/verdict/"
    client = signed_in(world, "ana")
    assert "not done yet" in client.get(address).content.decode()
    start(bet.serves.item, Category.DONE)
    assert "Record the verdict" in client.get(address).content.decode()
    fields = {
        "outcome": "moved",
        "measured": "2.2",
        "scale": "4",
        "evidence": "4",
        "learned": "Small",
        "judged_on": clock.today().isoformat(),
    }
    assert client.post(address, fields | {"scale": ""}, headers=HTMX).status_code == 422
    client.post(address, fields)
    assert (Verdict.objects.get().measured, Verdict.objects.get().scale) == (2.2, 4)
    assert "Withdraw the verdict" in client.get(address).content.decode()
    client.post(f"{address}withdraw/")
    assert not Verdict.objects.exists()


def test_what_cannot_be_told_needs_no_grade(world: World) -> None:
    bet = make_bet(make_item(world.team), world.key_result)
    start(bet.serves.item, Category.DONE)
    fields = {"outcome": "cannot_tell", "evidence": "2", "judged_on": clock.today().isoformat()}
    signed_in(world, "ana").post(f"/t/ANT/bets/{bet.pk}/verdict/", fields)
    assert Verdict.objects.get().scale is None


def test_di_may_not_and_eve_finds_nothing(world: World) -> None:
    bet = make_bet(make_item(world.team), world.key_result)
    number = bet.serves.item.number
    addresses = [
        f"/t/ANT/items/{number}/bet/",
        f"/t/ANT/bets/{bet.pk}/",
        f"/t/ANT/bets/{bet.pk}/withdraw/",
        f"/t/ANT/bets/{bet.pk}/verdict/",
    ]
    for address in addresses:
        assert signed_in(world, "di").post(address, promise(world)).status_code == 403
        assert signed_in(world, "eve").post(address, promise(world)).status_code == 404
        assert Client().get(address).status_code == 302


def test_a_key_result_of_another_organisation_cannot_be_named(world: World) -> None:
    theirs = make_key_result(world.objective)
    world.objective.organisation = world.other_team.organisation
    world.objective.save()
    item = make_item(world.team)
    answer = signed_in(world, "cy").post(
        f"/t/ANT/items/{item.number}/bet/", promise(world, key_result=theirs.pk), headers=HTMX
    )
    assert answer.status_code in {200, 422}
    assert not Bet.objects.exists()
