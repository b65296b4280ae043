"""The page of activity: who changed what, narrowed, paged, and taken back."""

import pytest
from django.test import Client

from headway.people.models import Person
from headway.scrum.actions import create_item, move_item
from headway.scrum.models import Column, Item
from tests.world import World, make_item, make_world

pytestmark = pytest.mark.django_db


@pytest.fixture
def world(db: None) -> World:
    return make_world()


def client_of(person: Person) -> Client:
    client = Client()
    client.force_login(person)
    return client


def test_it_tells_what_was_done_and_links_to_it(world: World) -> None:
    item = create_item(world.team, title="Pay <by> card", by=world.cy)
    page = client_of(world.people["di"]).get("/activity/").content.decode()
    assert f"Cy Cole created {item.key} Pay &lt;by&gt; card" in page
    assert f'href="/t/ANT/items/{item.number}/"' in page


def test_a_change_is_taken_back_from_it(world: World) -> None:
    item = make_item(world.team)
    move_item(item, to=Column.objects.get(team=world.team, name="Done"), by=world.cy)
    client = client_of(world.people["cy"])
    page = client.get("/activity/?area=work").content.decode()
    address = page.split('action="/changes/')[1].split('"')[0]
    client.post(f"/changes/{address}", {"next": "/activity/"})
    assert Item.objects.get(pk=item.pk).column.name == "To do"
    assert "taken back" in client.get("/activity/").content.decode()


def test_a_stakeholder_is_offered_no_way_back(world: World) -> None:
    move_item(make_item(world.team), to=Column.objects.get(team=world.team, name="Done"), by=world.cy)
    assert "/undo/" not in client_of(world.people["di"]).get("/activity/").content.decode()


def test_what_is_not_theirs_is_absent(world: World) -> None:
    item = create_item(world.team, title="Secret", by=world.cy)
    eve = client_of(world.people["eve"])
    assert "Secret" not in eve.get("/activity/").content.decode()
    assert eve.get("/activity/?team=ANT").status_code == 404
    assert eve.get(f"/activity/?of=scrum.item:{item.pk}").status_code == 404
    assert client_of(world.people["di"]).get("/activity/?of=moon.base:1").status_code == 404


def test_older_ones_are_a_page_further(world: World) -> None:
    for number in range(55):
        create_item(world.team, title=f"Item {number}", by=world.cy)
    client = client_of(world.people["ana"])
    first = client.get("/activity/?team=ANT").content.decode()
    assert "Item 54" in first
    assert "Item 4<" not in first
    older = first.split('rel="next" href="')[1].split('"')[0].replace("&amp;", "&")
    second = client.get(older).content.decode()
    assert "Item 4<" in second
    assert "Item 54<" not in second


def test_the_number_of_queries_does_not_grow(world: World, django_assert_max_num_queries) -> None:  # type: ignore[no-untyped-def]
    for number in range(40):
        create_item(world.team, title=f"Item {number}", by=world.cy)
    client = client_of(world.people["ana"])
    client.get("/activity/")
    with django_assert_max_num_queries(20):
        client.get("/activity/")
