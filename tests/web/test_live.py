"""Who gets a stream, of what; and what one may share: nothing of one session, nothing of another organisation."""

import pytest
from django.test import Client
from django.urls import reverse

from headway.scrum.actions import add_items_to_sprint
from headway.web.live import Per, draw, regions_of
from headway.web.views.live import StreamAnswer, Watch
from tests.world import World, make_item, make_sprint, make_world

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
