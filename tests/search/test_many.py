"""Searches for words that thousands have: what is looked at is bounded, and what somebody means is still first."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from headway.lib import clock, ranks
from headway.okr.models import Objective
from headway.people.actor import actor_for
from headway.people.models import Team
from headway.scrum.models import Category, Column, Item
from headway.search.queries import Found, find, find_by_kind
from tests.world import World, make_item, make_objective, make_organisation, make_person, make_team, make_world

pytestmark = pytest.mark.django_db

MANY = 10_000


@pytest.fixture
def world() -> World:
    return make_world()


def titles(found: Found) -> list[str]:
    return [hit.text for hit in found.hits]


def fill(team: Team, count: int, title: str, description: str = "") -> None:
    """Make open items after those that are there; "{n}" in the title stands for the number of each."""
    column = Column.objects.filter(team=team)[0]
    now = clock.now()
    given = zip(range(100_001, 100_001 + count), ranks.many_between(None, None, count), strict=True)
    Item.objects.bulk_create(
        [
            Item(
                team=team,
                number=number,
                title=title.replace("{n}", str(number)),
                description=description,
                column=column,
                rank=rank,
                created_at=now,
                updated_at=now,
            )
            for number, rank in given
        ],
        batch_size=500,
    )


def test_a_title_of_just_these_words_is_first_among_thousands_that_begin_with_them(world: World) -> None:
    oldest = make_item(world.team, "Price list")
    fill(world.team, MANY, "Price list of the shop number {n}", "The price list, again")
    for text in ("price list", "Price LIST", "list price"):
        assert find(text, viewer=world.di).total == 2_000
    for text in ("price list", "Price LIST"):
        assert find(text, viewer=world.di).hits[0].id == oldest.pk, text
        assert find_by_kind(text, viewer=world.di)["item"].hits[0].id == oldest.pk, text
        assert find(text, viewer=world.di, kinds=["item"], limit=30).hits[0].id == oldest.pk, text


def test_a_title_is_first_among_thousands_of_texts(world: World) -> None:
    oldest = make_item(world.team, "Where the price is shown in a list of all that we sell")
    fill(world.team, 3_000, "Something {n}", "The price is in the list")
    assert find("price list", viewer=world.di).hits[0].id == oldest.pk
    assert find("pri lis", viewer=world.di).hits[0].id == oldest.pk


def test_a_key_is_first_among_thousands(world: World) -> None:
    item = make_item(world.team, "Small")
    fill(world.team, 3_000, "Like ANT-{n}", f"as ANT-{item.number} says")
    for text in (f"ANT-{item.number}", f"ant {item.number}", str(item.number)):
        assert find_by_kind(text, viewer=world.di)["item"].hits[0].id == item.pk, text


def test_thousands_of_items_hide_nothing_of_another_kind(world: World) -> None:
    fill(world.team, 3_000, "Price list {n}")
    make_objective(world.cycle, "Nobody asks for a price list")
    Objective.objects.filter(pk=world.objective.pk).update(why="The price list is asked for")
    found = find_by_kind("price list", viewer=world.di)
    assert titles(found["objective"]) == ["Nobody asks for a price list", world.objective.title]
    assert (found["objective"].total, found["objective"].has_more) == (2, False)
    assert (found["item"].total, found["item"].has_more) == (2_000, True)


def test_a_team_and_filters_narrow_thousands(world: World) -> None:
    mine = make_item(world.team, "Price list of Ana")
    mine.assignees.add(world.people["ana"])
    fill(world.team, 3_000, "Price list {n}")
    found = find("price list @ana", viewer=world.di)
    assert (titles(found), found.total, found.has_more) == (["Price list of Ana"], 1, False)


def test_open_comes_before_done_among_those_that_mention_it(world: World) -> None:
    fill(world.team, 50, "Something {n}", "The price")
    Item.objects.filter(number__gt=100_001).update(category=Category.DONE, done_at=clock.now())
    found = find("price", viewer=world.di, kinds=["item"], limit=3)
    assert [hit.category for hit in found.hits] == ["todo", "done", "done"]


def test_an_old_title_is_found_behind_thousands_that_mention_it(world: World) -> None:
    oldest = make_item(world.team, "Price of a stamp")
    fill(world.team, 2_100, "Something {n}", "The price")
    found = find("price", viewer=world.di, limit=3)
    assert (found.hits[0].id, found.total, found.has_more) == (oldest.pk, 2_000, True)


def test_an_only_organisation_finds_what_it_finds_among_others() -> None:
    organisation = make_organisation()
    pat = make_person(organisation)
    team = make_team(organisation)
    for title in ("Price list", "Price of a stamp"):
        make_item(team, title)
    viewer = actor_for(pat, organisation)
    alone = find("price -stamp", viewer=viewer), find("price", viewer=viewer), find("state:open", viewer=viewer)
    make_item(make_team(make_organisation("Southwind"), "BEE"), "Price list")
    assert alone == (
        find("price -stamp", viewer=viewer),
        find("price", viewer=viewer),
        find("state:open", viewer=viewer),
    )
    assert [found.total for found in alone] == [1, 2, 2]


def test_pages_of_many_hold_each_item_once(world: World) -> None:
    fill(world.team, 700, "Price list {n}", "It mentions stamps")
    for text in ("price", "stamps"):
        seen = [
            hit.id
            for page in range(24)
            for hit in find(text, viewer=world.di, kinds=["item"], limit=30, offset=30 * page).hits
        ]
        assert len(seen) == len(set(seen)) == 700, text


def test_nothing_of_many_is_seen_from_another_organisation(world: World) -> None:
    fill(world.team, 3_000, "Price list {n}")
    theirs = make_item(world.other_team, "Price list")
    assert [hit.id for hit in find("price list", viewer=world.eve).hits] == [theirs.pk]
    found = find("price list", viewer=world.eve)
    assert (found.total, found.has_more) == (1, False)


def test_a_search_among_thousands_takes_few_queries(world: World) -> None:
    fill(world.team, 3_000, "Price list {n}", "The price list")
    with CaptureQueriesContext(connection) as seen:
        find_by_kind("price list", viewer=world.di)
    assert len(seen) <= 5, [query["sql"] for query in seen]


def test_the_page_and_the_palette_say_that_there_are_more(world: World) -> None:
    fill(world.team, 2_100, "Price list {n}")
    client = Client()
    client.force_login(world.people["di"])
    assert "6 of more than 2,000" in client.get(reverse("search"), {"q": "price"}).content.decode()
    page = client.get(reverse("search"), {"q": "price", "kind": "item", "page": 2}).content.decode()
    assert "31 to 60 of more than 2,000" in page
    (group,) = client.get(reverse("palette-found"), {"q": "price"}).json()["groups"]
    assert group["note"] == "5 of more than 2,000"
    (few,) = client.get(reverse("palette-found"), {"q": "price 100007"}).json()["groups"]
    assert few["note"] == ""
