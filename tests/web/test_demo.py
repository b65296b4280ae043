"""The door of the demonstration: one click for its own people, shut for everybody else's."""

import pytest
from django.test import Client

from headway.demo import actions, queries
from headway.lib import clock
from headway.people.access import Forbidden
from headway.people.actions import add_person, issue_password_link, issue_setup_link
from headway.people.actor import actor_for, system_actor
from headway.people.models import Membership, Organisation, Person
from tests.world import make_world

pytestmark = pytest.mark.django_db


@pytest.fixture
def organisation() -> Organisation:
    return actions.load(by=system_actor(None))


@pytest.mark.parametrize("part", ["scrum_master", "product_owner", "developer", "stakeholder"])
def test_one_click_signs_in(client, organisation, part):
    assert part in client.get("/demo/").content.decode()
    answer = client.post("/demo/", {"part": part})
    assert answer.status_code == 302
    person = queries.person_for(organisation, part)
    assert client.session["_auth_user_id"] == str(person.pk)


@pytest.mark.parametrize("part", ["", "administrator", "1", "ana@northwind.example"])
def test_nobody_else_can_be_signed_in_as(client, organisation, part):
    make_world()
    assert client.post("/demo/", {"part": part}).status_code == 404
    assert "_auth_user_id" not in client.session


def test_a_member_of_a_real_organisation_is_never_signed_in_as(client, organisation):
    world = make_world()
    noor = queries.person_for(organisation, "scrum_master")
    Membership.objects.create(organisation=world.organisation, person=noor, joined_at=clock.now())
    assert client.post("/demo/", {"part": "scrum_master"}).status_code == 404


def test_without_a_demonstration_the_page_says_how_to_load_one(client):
    make_world()
    page = client.get("/demo/")
    assert page.status_code == 200
    assert "headway demo" in page.content.decode()
    assert client.post("/demo/", {"part": "scrum_master"}).status_code == 200
    assert "_auth_user_id" not in client.session


def test_a_stranger_cannot_load_it(client):
    make_world()
    assert client.post("/demo/load/").status_code == 404
    assert client.post("/demo/load/", {"setup": "guessed"}).status_code == 404
    assert queries.demonstration() is None


def test_an_administrator_loads_it(client):
    world = make_world()
    client.force_login(world.people["ana"])
    assert "Load it" in client.get("/demo/").content.decode()
    assert client.post("/demo/load/").status_code == 302
    assert queries.demonstration() is not None


def test_a_member_who_is_no_administrator_does_not(client):
    client.force_login(make_world().people["bo"])
    assert client.post("/demo/load/").status_code == 404


def test_who_holds_the_setup_link_may_look_around_first(client):
    token = issue_setup_link()
    assert client.post("/demo/load/", {"setup": token}).status_code == 302
    assert queries.demonstration() is not None
    assert client.get(f"/setup/{token}/").status_code == 200  # and comes back afterwards


def test_every_page_says_that_it_is_a_demonstration_and_deletes_it(client, organisation):
    client.post("/demo/", {"part": "stakeholder"})
    page = client.get("/settings/me/").content.decode()
    assert "A demonstration" in page
    assert 'action="/demo/delete/"' in page
    assert client.post("/demo/delete/").status_code == 302
    assert queries.demonstration() is None
    assert client.get("/settings/me/").status_code == 302  # signed out


def test_no_real_organisation_can_be_deleted(client, organisation):
    world = make_world()
    client.force_login(world.people["ana"])
    assert client.post("/demo/delete/").status_code == 403
    assert Organisation.objects.filter(pk=world.organisation.pk).exists()


def test_it_is_changed_by_posts_only(organisation):
    client = Client()
    client.post("/demo/", {"part": "scrum_master"})
    assert client.get("/demo/delete/").status_code == 405
    assert client.get("/demo/load/").status_code == 405
    assert queries.demonstration() is not None


def test_its_administrator_gets_nobody_elses_account(organisation):
    world = make_world()
    noor = actor_for(queries.person_for(organisation, "scrum_master"), organisation)
    with pytest.raises(Forbidden):
        add_person(organisation, by=noor, email=world.people["ana"].email, name="Ana")
    ana = Membership.objects.create(organisation=organisation, person=world.people["ana"], joined_at=clock.now())
    with pytest.raises(Forbidden):
        issue_password_link(ana, by=noor)
    assert Person.objects.get(pk=world.people["ana"].pk).has_usable_password()
