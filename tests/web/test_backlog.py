"""The value sheet in the browser: whole and partial, who may order, ranks, the shelf, filters, and its query count."""

import re

import pytest
from django.test import Client

from headway.lib import clock
from headway.live.models import Change
from headway.scrum.models import Item
from headway.value.actions import link_item, shelve
from headway.value.models import NotNow
from tests.value.make import make_bet, make_done
from tests.world import World, make_item, make_key_result, make_sprint, make_world

HTMX = {"HX-Request": "true"}
BACKLOG = "/t/ANT/backlog/"


@pytest.fixture
def world(db: None) -> World:
    return make_world()


def signed_in(world: World, name: str) -> Client:
    client = Client()
    client.force_login(world.people[name])
    return client


def order(world: World) -> list[str]:
    return list(Item.objects.open().filter(team=world.team).in_order().values_list("title", flat=True))


def three(world: World) -> list[Item]:
    make_done(world.team)
    items = [make_item(world.team, title, size=3) for title in ("One", "Two", "Three")]
    for likely, item in enumerate(items, start=1):
        make_bet(item, world.key_result, 0, likely, 2 * likely + 1)
    return items


def test_the_sheet_shows_range_chance_weeks_value_and_waiting(world: World) -> None:
    three(world)
    make_item(world.team, "Plain")
    text = signed_in(world, "di").get(BACKLOG).content.decode()
    for shown in ("Value sheet", "Present order", "Best order found", "Not now, and why", "Plain", "50"):
        assert shown in text
    assert "Only Bo can order" in text
    assert "draggable" not in text
    assert not re.search(r"\bNaN\b", text)


def test_over_htmx_only_the_part_comes_with_the_orders_beside_it(world: World) -> None:
    three(world)
    client = signed_in(world, "bo")
    part = client.get(BACKLOG, headers=HTMX).content.decode()
    assert "<html" not in part
    assert 'id="sheet"' in part
    assert 'hx-swap-oob="morph"' in part
    assert 'hx-swap-oob="morph"' not in client.get(BACKLOG).content.decode()


def test_empty_says_what_to_do(world: World) -> None:
    text = signed_in(world, "bo").get(BACKLOG).content.decode()
    assert "Nothing priced. Give one item a range." in text


def test_a_stranger_finds_nothing(world: World) -> None:
    item = make_item(world.team)
    eve = signed_in(world, "eve")
    for address in (BACKLOG, f"/t/ANT/items/{item.number}/why/", "/t/ANT/link/", "/t/ANT/forecast/"):
        assert eve.get(address).status_code == 404
    assert Client().get(BACKLOG).status_code == 302


def test_the_number_of_queries_does_not_grow(world: World, django_assert_max_num_queries: object) -> None:
    three(world)
    for number in range(20):
        make_bet(make_item(world.team, f"More {number}"), world.key_result)
        link_item(make_item(world.team, f"Linked {number}"), by=world.cy, key_result=world.key_result)
        shelve(make_item(world.team, f"Shelved {number}"), by=world.bo, reason="So")
    client = signed_in(world, "bo")
    with django_assert_max_num_queries(42):  # type: ignore[operator]
        assert client.get(BACKLOG).status_code == 200


@pytest.mark.parametrize(("side", "wanted"), [("before", ["Three", "One", "Two"]), ("after", ["One", "Three", "Two"])])
def test_a_drag_puts_an_item_beside_another(world: World, side: str, wanted: list[str]) -> None:
    one, _two, last = three(world)
    answer = signed_in(world, "bo").post(
        f"/t/ANT/items/{last.number}/rank/",
        {side: one.number},
        headers=HTMX | {"HX-Current-URL": "http://testserver/t/ANT/backlog/"},
    )
    assert answer.status_code == 204
    assert "value-changed" in answer.headers["HX-Trigger"]
    assert "undo" in answer.headers["HX-Trigger"]
    assert order(world) == wanted


def test_only_the_product_owner_orders(world: World) -> None:
    one, two, _last = three(world)
    for name in ("ana", "cy", "di"):
        client = signed_in(world, name)
        assert client.post(f"/t/ANT/items/{two.number}/rank/", {"before": one.number}).status_code == 403
        assert client.post(f"/t/ANT/items/{two.number}/move/", {"rank": 1}).status_code == 403
        assert client.post(f"/t/ANT/items/{two.number}/not-now/", {"reason": "So"}).status_code == 403
        assert "Only Bo can order" in client.get(f"/t/ANT/items/{two.number}/move/").content.decode()
    assert order(world) == ["One", "Two", "Three"]


@pytest.mark.parametrize(
    ("rank", "wanted"), [(1, ["Three", "One", "Two"]), (2, ["One", "Three", "Two"]), (9, ["One", "Two", "Three"])]
)
def test_an_item_moves_to_a_rank(world: World, rank: int, wanted: list[str]) -> None:
    last = three(world)[2]
    client = signed_in(world, "bo")
    assert client.post(f"/t/ANT/items/{last.number}/move/", {"rank": rank}).status_code == 302
    assert order(world) == wanted
    if rank != 9:
        assert f"is now rank {rank}" in client.get(BACKLOG).content.decode()


def test_a_rank_that_is_none_is_refused_at_its_field(world: World) -> None:
    item = three(world)[0]
    answer = signed_in(world, "bo").post(f"/t/ANT/items/{item.number}/move/", {"rank": "first"}, headers=HTMX)
    assert answer.status_code == 422
    assert "whole number" in answer.content.decode()


def test_undo_puts_the_order_back(world: World) -> None:
    one, _two, last = three(world)
    client = signed_in(world, "bo")
    client.post(f"/t/ANT/items/{last.number}/rank/", {"before": one.number})
    client.post(f"/changes/{Change.objects.latest('id').pk}/undo/")
    assert order(world) == ["One", "Two", "Three"]


def test_not_now_needs_a_reason_and_comes_back(world: World) -> None:
    item = three(world)[0]
    client = signed_in(world, "bo")
    assert client.post(f"/t/ANT/items/{item.number}/not-now/", {"reason": ""}, headers=HTMX).status_code == 422
    client.post(f"/t/ANT/items/{item.number}/not-now/", {"reason": "Too dear for few", "asked_by": "Priya"})
    text = client.get(BACKLOG).content.decode()
    assert "Too dear for few" in text
    assert "Priya not told yet" in text
    client.post(f"/t/ANT/not-now/{NotNow.objects.get().pk}/told/")
    assert "Priya was told" in client.get(BACKLOG).content.decode()
    client.post(f"/t/ANT/items/{item.number}/back/")
    assert not NotNow.objects.filter(ended_at=None).exists()


def test_why_shows_the_figures_behind_a_rank(world: World) -> None:
    item = three(world)[1]
    client = signed_in(world, "di")
    whole = client.get(f"/t/ANT/items/{item.number}/why/").content.decode()
    part = client.get(f"/t/ANT/items/{item.number}/why/", headers=HTMX).content.decode()
    for text in (whole, part):
        assert "Why rank 2" in text
        assert "To expect" in text
        assert "A Sprint later" in text
    assert "<html" in whole
    assert "<html" not in part


@pytest.mark.parametrize(
    ("query", "seen", "unseen"),
    [
        ("show=priced", ["One"], ["Plain"]),
        ("show=unlinked", ["Plain"], ["One", "Linked only"]),
        ("q=two", ["Two"], ["Three", "Plain"]),
        ("q=ANT-99999", [], ["One", "Plain"]),
        ("kr={kr}", ["One", "Linked only"], ["Plain", "Elsewhere"]),
        ("kr=none&page=x&now=-1&show=wrong", ["One", "Plain"], []),
    ],
)
def test_the_filter(world: World, query: str, seen: list[str], unseen: list[str]) -> None:
    three(world)
    make_item(world.team, "Plain")
    link_item(make_item(world.team, "Linked only"), by=world.cy, key_result=world.key_result)
    make_bet(make_item(world.team, "Elsewhere"), make_key_result(world.objective, "Other"))
    text = signed_in(world, "bo").get(f"{BACKLOG}?{query.format(kr=world.key_result.pk)}").content.decode()
    for title in seen:
        assert f">{title}<" in text
    for title in unseen:
        assert f">{title}<" not in text


def test_the_capacity_line_and_the_running_sprint_are_named(world: World) -> None:
    one = three(world)[0]
    one.sprint = make_sprint(world.team, 4)
    one.save()
    text = signed_in(world, "bo").get(BACKLOG).content.decode()
    assert "Sprint 5 holds 1.6 weeks of work" in text
    assert "1 more is in Sprint 4" in text


def test_a_kind_shows_its_reason_or_its_day_in_place_of_a_range(world: World) -> None:
    make_done(world.team)
    due = clock.today()
    law = make_item(world.team, "Delete patient data", due_on=due)
    link_item(law, by=world.cy, kind="compliance", reason="Ten years are over")
    link_item(make_item(world.team, "Watch five people"), by=world.cy, kind="learning", reason="We guess")
    make_bet(make_item(world.team, "Last"), world.key_result)
    text = signed_in(world, "bo").get(BACKLOG).content.decode()
    assert "Law" in text
    assert "Due " in text
    assert "Buys knowledge first" in text
