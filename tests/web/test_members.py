"""Invitations, members from a table, leaving, retention and personal data, as their pages do it."""

import re

import pytest
from django.test import Client

from headway.live.models import Change
from headway.people import actions, throttle
from headway.people.actor import actor_for
from headway.people.models import Invitation, Membership, Person, Role, Team, TeamRole, Unit
from tests.world import PASSWORD, World, make_item, make_person, make_world

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> World:
    return make_world()


@pytest.fixture
def ana(client, world):
    client.force_login(world.people["ana"])
    return client


def html(answer) -> str:
    return answer.content.decode()


def link_in(page: str) -> str:
    return re.findall(r'value="http://testserver(/invitation/[^"]+/)"', page)[0]


def invite(ana, world, **fields) -> str:
    given = {"email": "", "name": "", "days": 7, f"roles-{world.team.pk}": ["developer"]} | fields
    assert ana.post("/settings/invitations/", given)["Location"] == "/settings/invitations/"
    return link_in(html(ana.get("/settings/invitations/")))


# Invitations


def test_a_link_is_shown_once_and_lets_one_in(ana, world):
    address = invite(ana, world, name="Fay Fox", email="fay@x.example")
    page = html(ana.get("/settings/invitations/"))
    assert "/invitation/" not in page
    assert "Fay Fox" in page
    stranger = Client()
    shown = html(stranger.get(address))
    assert "Join Northwind" in shown
    assert "Developer" in shown
    answer = stranger.post(address, {"name": "Fay Fox", "password": PASSWORD})
    assert answer.status_code == 302
    assert stranger.get("/").status_code == 200
    assert TeamRole.objects.get(person__email="fay@x.example").role == "developer"
    assert Client().get(address).status_code == 410


def test_somebody_known_signs_in_and_joins(ana, world):
    address = invite(ana, world)
    eve = Client()
    answer = eve.post(address, {"name": "Eve", "email": "eve@elsewhere.example", "password": PASSWORD})
    assert (answer.status_code, "There is an account" in html(answer)) == (422, True)
    eve.force_login(world.people["eve"])
    assert "Join as Eve" in html(eve.get(address))
    assert eve.post(address).status_code == 302
    assert "Northwind" in html(eve.get("/settings/members/"))
    eve.post("/o/switch/", {"organisation": world.other_team.organisation_id})
    assert "Ana Abel" not in html(eve.get("/settings/members/"))


def test_a_void_link_says_what_to_do(client, world):
    answer = client.get("/invitation/none-such/")
    assert answer.status_code == 410
    assert "Ask whoever sent you the link for a new one." in html(answer)


def test_guessing_links_is_slowed_down(client, world):
    for _try in range(40):
        answer = client.get("/invitation/none-such/")
    assert answer.status_code == 429
    assert "Wait" in html(answer)
    throttle.forget("invitation", "127.0.0.1")
    assert client.get("/invitation/none-such/").status_code == 410


def test_a_withdrawn_link_can_be_opened_again(ana, world):
    address = invite(ana, world)
    row = Invitation.objects.get()
    ana.post(f"/settings/invitations/{row.pk}/revoke/")
    assert Client().get(address).status_code == 410
    ana.post(f"/changes/{Change.objects.latest('pk').pk}/undo/")
    assert Client().get(address).status_code == 200


def test_a_scrum_master_sees_the_own_teams_only(ana, world):
    invite(ana, world, name="Fay Fox")
    invite(ana, world, name="Gil Gray", is_administrator="on")
    bee = actions.create_team(world.organisation, by=world.ana, key="BEE", name="Bee")
    TeamRole.objects.create(team=bee, person=world.people["bo"], role=Role.SCRUM_MASTER)
    bo = Client()
    bo.force_login(world.people["bo"])
    page = html(bo.get("/settings/invitations/"))
    assert "Fay Fox" not in page
    assert "Administrator of the organisation" not in page
    assert f"roles-{world.team.pk}" not in page
    given = {
        "days": 7,
        f"roles-{bee.pk}": ["developer"],
        f"roles-{world.team.pk}": ["developer"],
        "is_administrator": 1,
    }
    bo.post("/settings/invitations/", given)
    made = Invitation.objects.latest("pk")
    assert (made.is_administrator, [row.team for row in made.roles.all()]) == (False, [bee])
    row = Invitation.objects.get(name="Fay Fox")
    assert bo.post(f"/settings/invitations/{row.pk}/revoke/").status_code == 403


def test_others_do_not_see_invitations(client, world):
    client.force_login(world.people["di"])
    assert client.get("/settings/invitations/").status_code == 403
    assert "/settings/invitations/" not in html(client.get("/settings/members/"))


# Everyone


def test_a_thousand_members_come_in_pages_and_are_found(ana, world, django_assert_max_num_queries):
    people = Person.objects.bulk_create(
        Person(email=f"p{n}@x.example", name=f"Person {n:04}", created_at=world.organisation.created_at)
        for n in range(1000)
    )
    Membership.objects.bulk_create(
        Membership(organisation=world.organisation, person=person, joined_at=world.organisation.created_at)
        for person in people
    )
    with django_assert_max_num_queries(16):
        page = html(ana.get("/settings/members/"))
    assert "1004 people" in page
    assert page.count('class="ttl"') == 100
    assert "Page 1 of 11" in page
    assert "Person 0999" in html(ana.get("/settings/members/?page=11"))
    found = html(ana.get("/settings/members/?q=P500%40x"))
    assert "Person 0500" in found
    assert found.count('class="ttl"') == 1
    assert "Nobody is found." in html(ana.get("/settings/members/?q=zzz&page=99"))
    assert html(ana.get("/settings/members/?state=administrator")).count('class="ttl"') == 1


def test_what_is_open_is_handed_over_with_the_deactivation(ana, world):
    make_item(world.team, "Two taps").assignees.add(world.people["cy"])
    row = world.people["cy"].memberships.get()
    page = html(ana.get(f"/settings/members/{row.pk}/deactivate/"))
    assert "ANT-1 Two taps" in page
    answer = ana.post(f"/settings/members/{row.pk}/deactivate/", {"hand_over": world.people["eve"].pk})
    assert answer.status_code == 422
    ana.post(f"/settings/members/{row.pk}/deactivate/", {"hand_over": world.people["bo"].pk})
    assert list(world.team.items.get().assignees.all()) == [world.people["bo"]]
    assert "One thing changed hands." in html(ana.get("/settings/members/"))
    ana.post(f"/changes/{Change.objects.get(name='member.deactivated').pk}/undo/")
    assert list(world.team.items.get().assignees.all()) == [world.people["cy"]]


def test_who_is_deactivated_is_out_with_the_next_request(ana, world):
    cy = Client()
    cy.force_login(world.people["cy"])
    assert cy.get("/").status_code == 200
    ana.post(f"/settings/members/{world.people['cy'].memberships.get().pk}/deactivate/")
    assert cy.get("/")["Location"].startswith("/sign-in/")


# Roles


def test_a_second_product_owner_is_asked_for_twice(ana, world):
    given = {"kind": "set", "person": world.people["cy"].pk, "roles": ["developer", "product_owner"]}
    page = html(ana.post("/t/ANT/people/", given))
    assert "In Scrum a team has one Product Owner" in page
    assert "Bo Berg" in page
    assert not TeamRole.objects.filter(person=world.people["cy"], role="product_owner").exists()
    ana.post("/t/ANT/people/", given | {"confirmed": "yes"})
    assert TeamRole.objects.filter(person=world.people["cy"], role="product_owner").exists()


def test_a_role_is_handed_over_on_its_page(ana, world):
    bo, cy = world.people["bo"], world.people["cy"]
    given = {"held": f"{bo.pk}-product_owner", "to": cy.pk}
    ana.post("/t/ANT/people/hand-over/", given)
    assert "Cy Cole is Product Owner now." in html(ana.get("/t/ANT/people/"))
    assert ana.post("/t/ANT/people/hand-over/", given).status_code == 422


def test_one_hands_on_the_own_roles_only(client, world):
    client.force_login(world.people["di"])
    page = html(client.get("/t/ANT/people/hand-over/"))
    assert "Stakeholder · Di Dorn" in page
    assert "Bo Berg</option>" in page
    given = {"held": f"{world.people['bo'].pk}-product_owner", "to": world.people["di"].pk}
    assert client.post("/t/ANT/people/hand-over/", given).status_code == 422
    client.force_login(world.people["eve"])
    assert client.get("/t/ANT/people/hand-over/").status_code == 404


# A table


TABLE = "name,email,team,roles\nAda Ash,ada@x.example,ANT,Dev\nCy,cy@northwind.example,ANT,PO\n"


def test_a_table_is_looked_at_and_then_written(ana, world):
    page = html(ana.post("/settings/members/import/", {"table": TABLE}))
    assert "One person is invited." in page
    assert "several Product Owners: Bo Berg, Cy Cole" in page
    assert not Invitation.objects.exists()
    page = html(ana.post("/settings/members/import/", {"table": TABLE, "do": "write"}))
    (address,) = re.findall(r"http://testserver(/invitation/[^<]+/)", page)
    assert "data:text/csv;base64," in page
    assert Client().get(address).status_code == 200
    ana.post(f"/changes/{Change.objects.get(name='members.imported').pk}/undo/")
    assert Client().get(address).status_code == 410


def test_a_wrong_line_stops_all_of_it(ana, world):
    page = html(ana.post("/settings/members/import/", {"table": TABLE + "x,x,x,x\n", "do": "write"}))
    assert "Line 4" in page
    assert not Invitation.objects.exists()
    assert ana.post("/settings/members/import/", {"table": ""}).status_code == 422


# Units


def test_units_are_put_in_order_and_deleted_with_undo(ana, world):
    one = actions.create_unit(world.organisation, "One", by=world.ana)
    two = actions.create_unit(world.organisation, "Two", by=world.ana)
    ana.post(f"/settings/units/{two.pk}/order/", {"do": "up"})
    page = html(ana.get("/settings/teams/"))
    assert page.index("<h2>Two") < page.index("<h2>One")
    ana.post(f"/settings/units/{one.pk}/delete/")
    assert not Unit.objects.filter(pk=one.pk).exists()
    ana.post(f"/changes/{Change.objects.latest('pk').pk}/undo/")
    assert Unit.objects.get(pk=one.pk).name == "One"


def test_a_new_team_is_taken_back(ana, world):
    ana.post("/settings/teams/", {"kind": "team", "name": "Bee", "key": "BEE"})
    ana.post(f"/changes/{Change.objects.get(name='team.created').pk}/undo/")
    assert not Team.objects.active().filter(key="BEE").exists()


# Personal data


def test_rules_are_counted_before_they_are_saved(ana, world):
    given = {"members": "", "links": 5, "sessions": 30, "tasks": 30, "files": 7}
    page = html(ana.post("/settings/retention/", given | {"do": "count"}))
    assert "Nothing is saved yet." in page
    assert not Change.objects.filter(name="retention.set").exists()
    ana.post("/settings/retention/", given | {"do": "save"})
    assert Change.objects.get(name="retention.set").after == {"days": {"links": 5}}
    assert ana.post("/settings/retention/", given | {"links": 0, "do": "save"}).status_code == 422


def test_one_takes_the_own_data_along(client, world):
    client.force_login(world.people["cy"])
    answer = client.post("/settings/me/data.zip")
    assert answer["Content-Type"] == "application/zip"
    assert answer.content.startswith(b"PK")
    row = world.people["bo"].memberships.get()
    assert client.post(f"/settings/members/{row.pk}/data/").status_code == 403


def test_anonymising_needs_the_name_typed(ana, world):
    cy = world.people["cy"]
    row = cy.memberships.get()
    actions.deactivate_member(row, by=world.ana)
    page = html(ana.get(f"/settings/members/{row.pk}/anonymise/"))
    assert "There is no way back." in page
    assert ana.post(f"/settings/members/{row.pk}/anonymise/", {"typed": "Bo"}).status_code == 422
    ana.post(f"/settings/members/{row.pk}/anonymise/", {"typed": "cy  cole"})
    page = html(ana.get("/settings/members/"))
    assert f"Former member {cy.pk}" in page
    assert "anonymised.invalid" not in page


def test_one_is_forgotten_on_the_own_wish(client, world):
    client.force_login(world.people["cy"])
    assert client.post("/settings/me/data/", {"typed": "Cy Cole"})["Location"].startswith("/sign-in/")
    assert actor_for(Person.objects.get(pk=world.people["cy"].pk), world.organisation) is None


def test_leaving_one_organisation_leaves_the_other(ana, world):
    person = make_person(world.other_team.organisation, "Pat Poe")
    Membership.objects.create(organisation=world.organisation, person=person, joined_at=world.organisation.created_at)
    pat = Client()
    pat.force_login(person)
    pat.post("/o/switch/", {"organisation": world.organisation.pk})
    ana.post(f"/settings/members/{person.memberships.get(organisation=world.organisation).pk}/deactivate/")
    assert "Elsewhere" in html(pat.get("/"))
    assert pat.get("/t/ANT/board/").status_code == 404
