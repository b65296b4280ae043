"""A token that acts is named in the history, under the name that it had then."""

import pytest

from headway.desks.activity import activity, item_lines
from headway.live.models import Change
from headway.people.actions import make_token
from headway.people.actor import actor_for_token
from headway.scrum.actions import move_item
from headway.scrum.models import Column
from headway.scrum.queries import item_page
from tests.world import World, make_item, make_world

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> World:
    return make_world()


def moved_by(world: World, of, name: str) -> str:
    token, _text = make_token(of, world.organisation, by=world.ana, name=name, scopes=["read", "write:scrum"])
    actor = actor_for_token(token)
    assert actor is not None
    item = make_item(world.team, title="Pay by card")
    move_item(item, to=Column.objects.get(team=world.team, name="In progress"), by=actor)
    told = activity(world.ana).lines[0].text
    page = item_page(world.team, item.number, world.ana)
    assert page is not None
    assert item_lines(item, page.history)[0].text == told.replace(" Pay by card", "")
    assert Change.objects.latest("pk").token_name == name
    return told


def test_a_teams_token_is_named_with_its_team(world: World) -> None:
    told = moved_by(world, world.team, "CI pipeline")
    assert told == "The token “CI pipeline” of the team Ant moved ANT-1 Pay by card to “In progress”"


def test_a_persons_token_is_named_with_the_person(world: World) -> None:
    told = moved_by(world, world.people["ana"], "Board")
    assert told == "Ana Abel by the token “Board” moved ANT-1 Pay by card to “In progress”"


def test_what_people_and_the_system_do_names_none(world: World) -> None:
    make_token(world.people["ana"], world.organisation, by=world.ana, name="Board", scopes=["read"])
    assert Change.objects.get(name="token.made").token_name is None
    assert "by the token" not in activity(world.ana).lines[0].text
