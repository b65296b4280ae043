"""A form on something that others change while it is open: merged field by field, refused where both wrote."""

import html
import json
import re

import pytest
from django.http import QueryDict
from django.test import Client
from django.utils.html import escape

from headway.okr.actions import edit_objective
from headway.scrum.actions import edit_item, edit_sprint
from headway.scrum.models import Item
from headway.web.views.item_forms import ItemForm
from tests.value.make import make_bet
from tests.world import World, make_item, make_sprint, make_world

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> World:
    return make_world()


@pytest.fixture
def item(world: World) -> Item:
    return make_item(world.team, "Order again", size=3, description="Why\nand how")


def client_of(world: World, name: str) -> Client:
    client = Client()
    client.force_login(world.people[name])
    return client


def shown(client: Client, address: str) -> dict[str, list[str]]:
    """Return what a browser sends from a form that nobody touched; what was shown says it field by field."""
    seen = seen_in(client.get(address).content.decode())
    return json.loads(seen) | {"seen": [seen]}


def seen_in(page: str) -> str:
    found = re.search(r'name="seen" value="([^"]*)"', page)
    assert found
    return html.unescape(found[1])


def test_each_one_s_field_is_kept(world: World, item: Item) -> None:
    client = client_of(world, "cy")
    address = f"/t/ANT/items/{item.number}/edit/"
    mine = shown(client, address)
    edit_item(item, by=world.bo, title="Order again by text", assignees=[world.people["bo"]])
    answer = client.post(address, mine | {"size": "5"})
    assert answer.status_code == 302
    item.refresh_from_db()
    assert (item.title, item.size, item.description) == ("Order again by text", 5.0, "Why\nand how")
    assert list(item.assignees.all()) == [world.people["bo"]]


def test_the_same_field_is_refused_by_name_and_taken_the_second_time(world: World, item: Item) -> None:
    client = client_of(world, "cy")
    address = f"/t/ANT/items/{item.number}/edit/"
    mine = shown(client, address) | {"title": "Order again by phone"}
    edit_item(item, by=world.bo, title="Order again by text")
    answer = client.post(address, mine)
    assert answer.status_code == 422
    page = answer.content.decode()
    assert escape("Bo Berg changed this meanwhile to “Order again by text”.") in page
    assert 'value="Order again by phone"' in page, "what was typed stays"
    item.refresh_from_db()
    assert item.title == "Order again by text"
    assert client.post(address, mine | {"seen": seen_in(page)}).status_code == 302
    item.refresh_from_db()
    assert item.title == "Order again by phone"


def test_what_both_wrote_alike_is_no_conflict(world: World, item: Item) -> None:
    client = client_of(world, "cy")
    address = f"/t/ANT/items/{item.number}/edit/"
    mine = shown(client, address) | {"title": "The same"}
    edit_item(item, by=world.bo, title="The same")
    assert client.post(address, mine).status_code == 302


def test_a_field_that_was_emptied_meanwhile_stays_empty(world: World, item: Item) -> None:
    client = client_of(world, "cy")
    address = f"/t/ANT/items/{item.number}/edit/"
    mine = shown(client, address) | {"title": "Order again by phone"}
    edit_item(item, by=world.bo, size=None, description="")
    assert client.post(address, mine).status_code == 302
    item.refresh_from_db()
    assert (item.title, item.size, item.description) == ("Order again by phone", None, "")


def test_line_ends_of_the_browser_are_no_change(item: Item) -> None:
    form = ItemForm(None, item=item)
    sent = {"title": "Order again", "description": "Why\r\nand how", "kind": "story", "size": "3", "seen": form.seen}
    Item.objects.filter(pk=item.pk).update(description="Better")
    item.refresh_from_db()
    form = ItemForm(_query(sent), item=item)
    assert form.is_valid()
    assert form.cleaned_data["description"] == "Better"


@pytest.mark.parametrize("stored", ["Why\nand how", "Why\r\nand how", " Why\nand how "])
def test_a_text_that_nobody_touched_stays_as_it_is(world: World, stored: str) -> None:
    item = make_item(world.team, "Order again", description=stored)
    client = client_of(world, "cy")
    address = f"/t/ANT/items/{item.number}/edit/"
    mine = shown(client, address) | {"title": "Else", "description": "Why\r\nand how"}
    assert client.post(address, mine).status_code == 302
    item.refresh_from_db()
    assert (item.title, item.description) == ("Else", stored.strip())


@pytest.mark.parametrize("seen", ["", "no json", "[1]", '{"title": 7}', '{"other": []}'])
def test_a_form_without_what_was_shown_is_a_plain_form(world: World, item: Item, seen: str) -> None:
    data = {"title": "Order", "kind": "story", "seen": seen}
    assert client_of(world, "cy").post(f"/t/ANT/items/{item.number}/edit/", data).status_code == 302
    item.refresh_from_db()
    assert item.title == "Order"


def test_objectives_sprints_and_bets_merge_too(world: World, item: Item) -> None:
    client = client_of(world, "bo")
    objective = f"/okrs/objectives/{world.objective.pk}/edit/"
    mine = shown(client, objective) | {"why": "Care drowns"}
    edit_objective(world.objective, by=world.ana, title="Nobody calls to order")
    assert client.post(objective, mine).status_code == 302
    world.objective.refresh_from_db()
    assert (world.objective.title, world.objective.why) == ("Nobody calls to order", "Care drowns")

    row = make_sprint(world.team, goal="Repeat in one tap")
    sprint = f"/t/ANT/sprints/{row.number}/"
    mine = shown(client, sprint) | {"name": "Sprint of ferries"}
    edit_sprint(row, by=world.ana, goal="Repeat in no tap")
    assert client.post(sprint, mine).status_code == 302
    row.refresh_from_db()
    assert (row.name, row.goal) == ("Sprint of ferries", "Repeat in no tap")

    bet = make_bet(item, world.key_result, 1, 2, 3, 0.5)
    address = f"/t/ANT/bets/{bet.pk}/"
    mine = shown(client, address) | {"chance": "40"}
    type(bet).objects.filter(pk=bet.pk).update(high=4)
    assert client.post(address, mine).status_code == 302
    bet.refresh_from_db()
    assert (bet.high, bet.chance) == (4, 0.4)


def _query(data: dict[str, str]) -> QueryDict:
    query = QueryDict(mutable=True)
    query.update(data)
    return query
