"""The page of search."""

import pytest
from django.test import Client

from headway.search import spelling
from tests.world import World, make_item, make_world

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> World:
    world = make_world()
    for number in range(8):
        make_item(world.team, f"Repeat item {number}")
    return world


def read(world: World, address: str, name: str = "di", **headers: str) -> str:
    client = Client()
    client.force_login(world.people[name])
    answer = client.get(address, **headers)
    assert answer.status_code == 200
    return answer.content.decode()


def test_results_by_kind_with_what_matched(world: World) -> None:
    page = read(world, "/search/?q=repeat")
    assert "<mark>Repeat</mark> item" in page
    assert "6 of 8" in page
    assert "Key Results" in page
    assert 'href="/t/ANT/items/' in page
    assert 'aria-label="Objectives"' not in page.split('id="results"')[1]


def test_one_kind_shows_more_of_it(world: World) -> None:
    page = read(world, "/search/?q=repeat&kind=item")
    assert page.count('role="option"') == 8
    assert "Key Results</span>" not in page.split('id="results"')[1]


def test_over_htmx_only_the_results(world: World) -> None:
    part = read(world, "/search/?q=repeat", HTTP_HX_REQUEST="true")
    assert "<html" not in part
    assert part.count('role="option"') == 7


def test_nothing_found_offers_a_new_item(world: World) -> None:
    page = read(world, "/search/?q=unheard-of")
    assert "Nothing by that name." in page
    assert "/t/ANT/items/new/?title=unheard-of" in page


def test_an_empty_search_says_what_it_searches(world: World) -> None:
    assert "Key Results and people" in read(world, "/search/")


@pytest.mark.parametrize("text", ["%22", "%00", "%3Cscript%3E", "a" * 5000, "%F0%9F%98%80", "%FF", "NOT+OR+AND"])
def test_any_text_is_safe(world: World, text: str) -> None:
    page = read(world, f"/search/?q={text}")
    assert "<script>alert" not in page


def test_another_organisation_finds_nothing_of_this_one(world: World) -> None:
    assert "Nothing by that name." in read(world, "/search/?q=repeat", "eve")


def test_guests_sign_in() -> None:
    assert Client().get("/search/?q=x").status_code == 302


def test_filters_narrow_and_stay_chosen(world: World) -> None:
    page = read(world, "/search/?q=repeat&kind=item&state=done")
    assert "The filters leave nothing of it." in page
    assert '<option value="done" selected>' in page
    assert page.count('role="option"') == 0
    assert read(world, "/search/?state=open&kind=item").count('role="option"') == 8


def test_a_kind_has_pages(world: World) -> None:
    for number in range(40):
        make_item(world.team, f"Paged {number}")
    first = read(world, "/search/?q=paged&kind=item")
    second = read(world, "/search/?q=paged&kind=item&page=2")
    assert "1 to 30 of 40" in first
    assert "31 to 40 of 40" in second
    assert 'rel="next"' in first
    assert 'rel="prev"' in second
    assert first.count('role="option"') + second.count('role="option"') == 40


def test_a_slip_and_what_is_not_understood_are_said(world: World) -> None:
    spelling.forget()
    page = read(world, "/search/?q=reqeat+kind:elephant")
    assert "Nothing has “reqeat”. These have “repeat”." in page
    assert "kind:elephant" in page.split('id="results"')[1]


@pytest.mark.parametrize(
    "query", ["kind=x&state=y&since=z&page=-3", "page=99999999", "page=%00&team=%00", "since=1y&person=%27"]
)
def test_any_filter_is_safe(world: World, query: str) -> None:
    read(world, f"/search/?q=repeat&{query}")


def test_the_choices_name_nothing_of_another_organisation(world: World) -> None:
    page = read(world, "/search/", "eve")
    assert "Ana Abel" not in page
    assert "This quarter" not in page
    assert "Eel" in page
