"""Taking back: who may, once only, never another organisation's, and two people at the same moment."""

import threading

import pytest
from django.db import connection
from django.test import Client

from headway.live.history import CannotUndo, undo
from headway.live.models import Change
from headway.people.access import Forbidden
from headway.people.actions import edit_organisation, edit_team, set_roles
from headway.people.models import Role
from headway.scrum.actions import edit_item, move_item, move_items
from headway.scrum.models import Column, Item
from tests.world import World, make_item, make_world


@pytest.fixture
def world(db: None) -> World:
    return make_world()


def client_of(world: World, name: str) -> Client:
    client = Client()
    client.force_login(world.people[name])
    return client


def told(client: Client) -> str:
    return client.get("/activity/").content.decode()


def test_the_second_undo_says_who_was_first(world: World) -> None:
    edit_team(world.team, by=world.ana, name="Ants")
    change = Change.objects.latest("pk")
    undo(change, by=world.ana)
    with pytest.raises(CannotUndo, match="Ana Abel took this back already"):
        undo(change, by=world.ana)


def test_what_was_changed_since_says_what_by_whom_and_what_to_do(world: World) -> None:
    item = make_item(world.team)
    edit_item(item, by=world.bo, title="Repeat")
    mine = Change.objects.latest("pk")
    edit_item(item, by=world.cy, title="Once more")
    with pytest.raises(CannotUndo, match=f"Cy Cole changed {item.key} since. Take that back first, or change it"):
        undo(mine, by=world.bo)
    edit_organisation(world.organisation, by=world.ana, currency="CHF")
    theirs = Change.objects.latest("pk")
    edit_organisation(world.organisation, by=world.ana, currency="USD")
    with pytest.raises(CannotUndo, match="Ana Abel changed “currency” since"):
        undo(theirs, by=world.ana)


def test_a_move_of_many_that_stands_in_the_way_is_named_too(world: World) -> None:
    item = make_item(world.team)
    doing, done = (
        Column.objects.get(team=world.team, name="In progress"),
        Column.objects.get(team=world.team, name="Done"),
    )
    move_item(item, to=doing, by=world.bo)
    mine = Change.objects.latest("pk")
    move_items([item, make_item(world.team)], to=done, by=world.cy, team=world.team)
    with pytest.raises(CannotUndo, match="Cy Cole changed"):
        undo(mine, by=world.bo)


def test_roles_given_since_name_who_gave_them(world: World) -> None:
    cy = world.people["cy"]
    change = set_roles(world.team, cy, [Role.STAKEHOLDER], by=world.ana)
    assert change is not None
    set_roles(world.team, cy, [Role.DEVELOPER, Role.SCRUM_MASTER], by=world.ana)
    with pytest.raises(CannotUndo, match="Ana Abel changed the roles of Cy Cole since"):
        undo(change, by=world.ana)


def test_the_page_offers_to_take_the_undo_back(world: World) -> None:
    edit_team(world.team, by=world.ana, name="Ants")
    ana = client_of(world, "ana")
    ana.post(f"/changes/{Change.objects.latest('pk').pk}/undo/")
    back = Change.objects.latest("pk")
    page = told(ana)
    assert "Taken back." in page
    assert f"/changes/{back.pk}/undo/" in page.split("data-toast")[1]


def test_who_may_not_do_it_may_not_take_it_back(world: World) -> None:
    edit_team(world.team, by=world.ana, name="Ants")
    change = Change.objects.latest("pk")
    with pytest.raises(Forbidden):
        undo(change, by=world.di)
    assert client_of(world, "di").post(f"/changes/{change.pk}/undo/").status_code == 403
    world.team.refresh_from_db()
    assert world.team.name == "Ants"


def test_the_change_of_another_organisation_is_absent(world: World) -> None:
    edit_team(world.team, by=world.ana, name="Ants")
    change = Change.objects.latest("pk")
    assert client_of(world, "eve").post(f"/changes/{change.pk}/undo/").status_code == 404
    assert not Change.objects.filter(undoes=change).exists()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("of", ["a team", "an item"])
def test_of_two_who_press_undo_at_once_one_does_it_and_the_other_is_told(of: str) -> None:
    world = make_world()
    item = make_item(world.team, "Order")
    if of == "a team":
        edit_team(world.team, by=world.ana, name="Ants")
    else:
        edit_item(item, by=world.ana, title="Repeat")
    change = Change.objects.latest("pk")
    together = threading.Barrier(2, timeout=60)
    answers: list[str] = []

    def press(actor: object) -> None:
        together.wait()
        try:
            undo(change, by=actor)
            answers.append("done")
        except CannotUndo as reason:
            answers.append(str(reason))
        except Exception as error:
            answers.append(repr(error))
        finally:
            connection.close()

    threads = [threading.Thread(target=press, args=[actor]) for actor in (world.ana, world.ana)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(answers) == ["Ana Abel took this back already.", "done"]
    assert Change.objects.filter(undoes=change).count() == 1
    assert Item.objects.get(pk=item.pk).title == "Order"
