"""The value sheet with promises as the team's record reads them, and the switch to how they were made."""

import pytest
from django.test import Client

from headway.lib import clock
from headway.scrum.models import Category
from headway.value.models import Verdict
from tests.value.make import make_bet, make_done
from tests.world import World, make_item, make_world

SHEET = "/t/ANT/backlog/"


@pytest.fixture
def world(db: None) -> World:
    made = make_world()
    make_done(made.team)
    item = make_item(made.team, "Judged", category=Category.DONE, done_at=clock.now())
    bet = make_bet(item, made.key_result)
    Verdict.objects.create(bet=bet, outcome="moved", measured=0.5, scale=3, judged_on=clock.today())
    make_bet(make_item(made.team, "Next"), made.key_result)
    return made


def page(client: Client, world: World, address: str = SHEET) -> str:
    client.force_login(world.people["di"])
    answer = client.get(address)
    assert answer.status_code == 200
    return answer.content.decode()


def test_promises_are_corrected_and_say_so(world: World, client: Client) -> None:
    html = page(client, world)
    assert "promised 2, × 0.75" in html
    assert "Promises are corrected by Ant’s own record." in html
    assert "It has 1 verdict; of 1 ranges that could be judged, 0 held." in html
    assert 'href="?raw=1"' in html


def test_they_can_be_shown_as_they_were_made(world: World, client: Client) -> None:
    html = page(client, world, f"{SHEET}?raw=1")
    assert "promised 2" not in html
    assert "Promises stand as they were made." in html
    assert f'href="{SHEET}"' in html
    assert 'name="raw" value="1"' in html


def test_why_says_how_a_promise_is_read(world: World, client: Client) -> None:
    number = world.team.items.get(title="Next").number
    html = page(client, world, f"/t/ANT/items/{number}/why/")
    assert "After our record" in html
    assert "× 0.75 after 1 verdict; chance 50" in html


def test_without_verdicts_nothing_is_said_of_a_record(world: World, client: Client) -> None:
    Verdict.objects.all().delete()
    html = page(client, world)
    assert "own record" not in html
    assert "raw=1" not in html
