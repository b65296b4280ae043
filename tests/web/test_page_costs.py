"""What a page may cost: SQL queries and bytes on the wire; the time is measured by bench/platform_speed.py."""

import gzip
from collections.abc import Callable, Iterator

import brotli
import pytest
from django.db import connection
from django.http import HttpResponse
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext

from headway.lib import clock
from headway.live import known
from headway.people.actions import set_roles
from headway.scrum import actions
from headway.scrum.models import Column, Item
from headway.value.models import Bet, Serves
from headway.web.compressing import Compressed, brotli_of, gzip_of
from tests.world import World, make_item, make_sprint, make_world

pytestmark = pytest.mark.django_db(transaction=True)

MOST_QUERIES = 12
MOST_BYTES = 12_000
Pack = Callable[[bytes], bytes]


@pytest.fixture
def world() -> Iterator[World]:
    known.forget()
    world = make_world()
    sprint = make_sprint(world.team, goal="Repeat in one tap")
    for number in range(30):
        item = make_item(world.team, f"Item {number}", size=3, sprint=sprint if number < 10 else None)
        serves = Serves.objects.create(item=item, key_result=world.key_result, at=clock.now())
        Bet.objects.create(serves=serves, low=0.1, likely=1, high=2, chance=0.5, at=clock.now())
    yield world
    known.forget()


def signed_in(world: World) -> Client:
    client = Client(headers={"accept-encoding": "gzip"})
    client.force_login(world.people["bo"])
    return client


@pytest.mark.parametrize(
    ("page", "most"),
    [("/t/ANT/board/", MOST_QUERIES), ("/t/ANT/board/beside/", MOST_QUERIES), ("/t/ANT/backlog/", MOST_QUERIES)],
)
def test_a_page_needs_few_queries_and_fewer_while_nothing_changes(world: World, page: str, most: int) -> None:
    client = signed_in(world)
    client.get(page)
    with CaptureQueriesContext(connection) as again:
        assert client.get(page).status_code == 200
    assert len(again) <= 5
    items = list(Item.objects.filter(team=world.team).in_order())
    in_progress, done = Column.objects.filter(team=world.team).order_by("position")[1:3]
    for change in (
        lambda: actions.rank_item(items[3], before=items[0], by=world.bo),
        lambda: actions.move_item(items[3], to=in_progress, by=world.bo),
        lambda: actions.move_item(items[3], to=done, by=world.bo),
    ):
        change()
        with CaptureQueriesContext(connection) as after_a_change:
            assert client.get(page).status_code == 200
        assert len(after_a_change) <= most


@pytest.mark.parametrize("page", ["/t/ANT/board/", "/t/ANT/backlog/"])
def test_a_page_goes_over_the_wire_compressed_and_small(world: World, page: str) -> None:
    answer = signed_in(world).get(page)
    assert answer.headers["Content-Encoding"] == "gzip"
    assert len(answer.content) <= MOST_BYTES


def test_a_long_page_goes_as_brotli_where_the_browser_takes_it(rf: RequestFactory) -> None:
    page = "<p>Harbour</p>" * 5_000
    answers = {
        coding: Compressed(lambda request: HttpResponse(page))(rf.get("/", headers={"accept-encoding": coding}))
        for coding in ["gzip, deflate, br", "gzip", "identity"]
    }
    assert [answer.headers.get("Content-Encoding") for answer in answers.values()] == ["br", "gzip", None]
    packed, zipped, plain = (answer.content for answer in answers.values())
    assert brotli.decompress(packed) == gzip.decompress(zipped) == plain == page.encode()


@pytest.mark.parametrize(("pack", "unpack"), [(brotli_of, brotli.decompress), (gzip_of, gzip.decompress)])
def test_the_length_of_what_is_packed_is_blurred(pack: Pack, unpack: Pack) -> None:
    content = b"<p>Harbour</p>" * 100
    packed = [pack(content) for _ in range(50)]
    assert {unpack(one) for one in packed} == {content}
    assert len({len(one) for one in packed}) > 10


def test_what_is_drawn_for_all_holds_the_token_of_the_one_who_asks(world: World) -> None:
    first, second = signed_in(world).get("/t/ANT/board/"), Client().get("/sign-in/")
    assert second.status_code == 200
    page = gzip.decompress(first.content).decode()
    assert "data-csrf-slot" not in page
    assert 'name="csrfmiddlewaretoken"' in page


def test_a_role_taken_away_shows_in_the_next_answer(world: World) -> None:
    client = signed_in(world)
    column = Column.objects.filter(team=world.team).last()
    assert column is not None
    item = Item.objects.filter(team=world.team).in_order()[0]
    address = f"/t/ANT/items/{item.number}/column/"
    assert client.post(address, {"column": column.pk}).status_code == 302
    set_roles(world.team, world.people["bo"], [], by=world.ana)
    first = Column.objects.filter(team=world.team).first()
    assert first is not None
    assert client.post(address, {"column": first.pk}).status_code == 403
