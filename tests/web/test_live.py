"""Who gets a stream, of what; and what one may share: nothing of one session, nothing of another organisation."""

import re

import pytest
from django.test import Client
from django.urls import resolve, reverse

from headway.live.hub import News
from headway.live.models import Change
from headway.people.models import Organisation, Role, SecondFactor, TeamRole
from headway.scrum.actions import add_items_to_sprint
from headway.web.live import Per, announcement, draw, regions_of
from headway.web.views.live import StreamAnswer, Watch
from tests.web.test_access_walk import ROUTES, Places, places
from tests.world import World, make_item, make_person, make_sprint, make_world

__all__ = ["places"]  # a fixture

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> World:
    world = make_world()
    items = [make_item(world.team, title) for title in ("Alpha", "Beta")]
    add_items_to_sprint(items, make_sprint(world.team), by=world.ana)
    return world


def watch(world: World, name: str, *regions: str, **query: str) -> Watch:
    """Ask for a stream as somebody and return what it is to carry."""
    client = Client()
    client.force_login(world.people[name])
    answer = client.get(reverse("live"), {"r": regions, "page": "/t/ANT/board/", **query})
    assert isinstance(answer, StreamAnswer), answer
    return answer.watch


BOARD = "part:/t/ANT/board/?sprint=1"


def test_a_member_gets_the_regions_of_a_page(world: World) -> None:
    found = watch(world, "cy", BOARD, "part:/t/ANT/board/beside/?sprint=1", after="12")
    assert [region.name for region in found.regions] == [BOARD, "part:/t/ANT/board/beside/?sprint=1"]
    assert found.after == 12
    assert found.viewer.actor == world.cy


def test_a_stranger_gets_no_stream(world: World) -> None:
    assert Client().get(reverse("live"), {"r": BOARD}).status_code == 401


def test_a_page_of_another_organisation_is_none(world: World) -> None:
    assert watch(world, "eve", BOARD, "page:/t/ANT/items/1/", "page:/t/NONE/sprints/").regions == ()


def test_what_no_view_offers_is_no_region(world: World) -> None:
    names = ["page:/sign-out/", "page:/nothing/", "part:/okrs/", "board", "page:https://example.com/", "page:/healthz/"]
    assert watch(world, "cy", *names).regions == ()


@pytest.mark.parametrize("after", ["", "x", "-1", "9" * 40])
def test_an_id_that_is_none_asks_for_everything(world: World, after: str) -> None:
    assert watch(world, "cy", BOARD, after=after).after is None


def test_a_page_begins_after_the_change_before_its_reading(world: World) -> None:
    client = Client()
    client.force_login(world.people["cy"])
    page = client.get("/t/ANT/board/").content.decode()
    assert f'data-after="{Change.objects.latest("pk").pk}"' in page
    assert f'data-live="{BOARD}"' in page
    # A page that answers a form shows what was typed, and is nobody else's.
    answer = client.post("/t/ANT/sprints/", {"starts_on": "no day"})
    assert answer.status_code == 422
    assert "data-live=" not in answer.content.decode()


def test_a_change_matters_where_it_belongs(world: World) -> None:
    (lanes, sheet, today) = regions_of([BOARD, "part:/t/ANT/backlog/", "page:/"], world.cy)
    moved = News(1, world.team.pk, 1, "item.moved", "scrum.item", 1, "")
    elsewhere = News(2, world.other_team.pk, 1, "item.moved", "scrum.item", 1, "")
    of_all = News(3, None, 1, "key_result.edited", "okr.keyresult", 1, "")
    members = News(4, None, 1, "member.added", "people.membership", 1, "")
    assert [one.matters(moved) for one in (lanes, sheet, today)] == [True, True, True]
    assert [one.matters(elsewhere) for one in (lanes, sheet, today)] == [False, False, True]
    assert [one.matters(of_all) for one in (lanes, sheet, today)] == [True, True, True]
    assert [one.matters(members) for one in (lanes, sheet, today)] == [False, False, True]


def live_regions(places: Places) -> list[str]:
    """Name every region that a view offers."""
    found = []
    for name, route in ROUTES.items():
        if route.reads:
            address = places.address(name)
            offered = getattr(resolve(address).func, "live", {})
            found += [f"{kind}:{address}" for kind, follows in offered.items() if follows is not None]
    assert len(found) > 15
    return found


def test_those_of_one_class_see_the_same_and_nothing_of_a_session(places: Places) -> None:
    """What is sent to many must not hold what is one person's: for two of a class it is the same bytes."""
    world = places.world
    twin = make_person(world.organisation, "Zoe Zander")
    TeamRole.objects.create(team=world.team, person=twin, role=Role.DEVELOPER)
    world.people["zoe"] = twin
    names = live_regions(places)
    cy, zoe = watch(world, "cy", *names[:12]).viewer, watch(world, "zoe", *names[:12]).viewer
    drawn = 0
    for region in regions_of(names, world.cy):
        mine, theirs = draw(region, cy), draw(region, zoe)
        if region.follows.per is Per.PERSON:
            assert cy.permission_class(region) != zoe.permission_class(region)
        else:
            assert cy.permission_class(region) == zoe.permission_class(region)
            assert mine == theirs, region.name
        if mine is None:
            continue  # not for developers
        drawn += 1
        assert not re.search(r'csrfmiddlewaretoken" value="[^"]', mine), region.name
        assert "X-CSRFToken" not in mine
        if region.kind == "page":
            assert mine.strip().startswith("<main"), "without the frame around it"
    assert drawn > 15


def test_who_may_less_shares_with_nobody_who_may_more(places: Places) -> None:
    world = places.world
    viewers = [watch(world, name).viewer for name in ("ana", "bo", "cy", "di")]
    by_verbs = 0
    for region in regions_of(live_regions(places), world.cy):
        seen: dict[object, set[str | None]] = {}
        for viewer in viewers:
            drawn = draw(region, viewer) if region.follows.verbs is not None else None
            seen.setdefault(viewer.permission_class(region), set()).add(drawn)
        if region.follows.verbs is None:
            assert len(seen) == 4
        else:  # the view says what it depends on: those of one class must see the same
            by_verbs += 1
            assert {len(bodies) for bodies in seen.values()} == {1}, region.name
    assert by_verbs == 2


def test_a_board_is_drawn_once_for_all_who_may_do_the_same_there(world: World) -> None:
    lanes, beside = regions_of([BOARD, "part:/t/ANT/board/beside/?sprint=1"], world.cy)
    viewers = [watch(world, name).viewer for name in ("ana", "bo", "cy", "di")]
    assert len({viewer.permission_class(lanes) for viewer in viewers}) < 4
    assert len({viewer.permission_class(beside) for viewer in viewers}) == 1
    # What the lanes of those who may less say is not what the others get.
    stranger = watch(world, "di").viewer
    assert all(stranger.permission_class(lanes) != one.permission_class(lanes) for one in viewers[:3])


def test_a_session_without_the_second_factor_that_is_asked_for_gets_no_stream(world: World) -> None:
    Organisation.objects.filter(pk=world.organisation.pk).update(second_factor=SecondFactor.EVERYBODY)
    client = Client()
    client.force_login(world.people["cy"])
    answer = client.get(reverse("live"), {"r": BOARD, "page": "/t/ANT/board/"})
    assert not hasattr(answer, "watch")
    assert answer.status_code == 302
    assert answer["Location"] == reverse("my-sign-in")


def test_the_other_organisation_draws_nothing_of_ours(places: Places) -> None:
    world = places.world
    eve = watch(world, "eve").viewer
    ours = regions_of(live_regions(places), world.cy)
    drawn = {region.name: draw(region, eve) for region in ours}
    assert [name for name, html in drawn.items() if "/t/" in name and html is not None] == []
    told = " ".join(html for html in drawn.values() if html)
    assert told
    for secret in ("Northwind", "Cy Cole", "/t/ANT/", world.key_result.title):
        assert secret not in told


def test_the_announcement_names_who_and_what(world: World) -> None:
    viewer = watch(world, "cy").viewer
    bo, ana = world.people["bo"].pk, world.people["ana"].pk
    one = News(1, 1, bo, "item.moved", "scrum.item", 1, "ANT-1 Alpha")
    two = News(2, 1, bo, "item.moved", "scrum.item", 2, "ANT-2 Beta")
    other = News(3, 1, ana, "item.moved", "scrum.item", 2, "ANT-2 Beta")
    assert announcement([one], viewer) == "Bo Berg changed ANT-1 Alpha."
    assert announcement([one, two], viewer) == "Bo Berg made 2 changes."
    assert announcement([one, other], viewer) == "2 changes by others."
