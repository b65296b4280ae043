"""Coming in: password, the setup link, a link to set a password, and the way between organisations."""

import datetime as dt

import pytest
from django.test import Client

from headway.lib import clock
from headway.people import actions
from headway.people.models import Membership, OneTimeLink, Organisation, Person
from tests.world import PASSWORD, World, make_organisation, make_world

pytestmark = pytest.mark.django_db
GOOD = "correct-horse-battery"


@pytest.fixture
def world() -> World:
    return make_world()


def sign_in(client, email, password, **more):
    return client.post("/sign-in/", {"email": email, "password": password, **more})


def is_in(client) -> bool:
    return "_auth_user_id" in client.session


# Password


def test_the_right_password_lets_in_whatever_the_case_of_the_address(client, world):
    answer = sign_in(client, "ANA@Northwind.example", PASSWORD)
    assert answer.status_code == 302
    assert answer["Location"] == "/"
    assert client.get("/settings/me/").status_code == 200


def test_one_goes_on_to_where_one_wanted(client, world):
    assert sign_in(client, "ana@northwind.example", PASSWORD, next="/settings/me/")["Location"] == "/settings/me/"


@pytest.mark.parametrize("away", ["https://evil.example/", "//evil.example/", "javascript:alert(1)"])
def test_one_is_never_sent_to_a_foreign_place(client, world, away):
    assert sign_in(client, "ana@northwind.example", PASSWORD, next=away)["Location"] == "/"


def test_the_wrong_password_keeps_the_address_and_says_no_more_than_needed(client, world):
    for email in ("ana@northwind.example", "nobody@northwind.example"):
        answer = sign_in(client, email, "wrong")
        assert answer.status_code == 422
        html = answer.content.decode()
        assert f'value="{email}"' in html
        assert "E-mail and password do not go together." in html
        assert "wrong" not in html
        assert not is_in(client)


def test_after_five_tries_there_is_a_pause(client, world):
    for _ in range(5):
        sign_in(client, "ana@northwind.example", "wrong")
    answer = sign_in(client, "Ana@northwind.example", PASSWORD)
    assert answer.status_code == 422
    assert "Too many tries. Wait 1" in answer.content.decode()
    assert not is_in(client)
    assert sign_in(client, "bo@northwind.example", PASSWORD).status_code == 302


def from_elsewhere(number: int) -> dict[str, str]:
    return {"REMOTE_ADDR": f"198.51.100.{number}"}


def test_from_another_address_one_still_comes_in(client, world):
    for _ in range(6):
        sign_in(client, "ana@northwind.example", "wrong")
    other = Client(**from_elsewhere(1))
    assert sign_in(other, "ana@northwind.example", PASSWORD).status_code == 302


def test_one_address_does_not_try_everybody(client, world):
    told = [sign_in(client, f"nobody{number}@northwind.example", "wrong").content.decode() for number in range(61)]
    assert not any("Too many tries" in html for html in told[:60])
    assert "Too many tries" in told[60]


def test_many_addresses_use_up_what_strangers_have_but_not_the_owner(client, world):
    assert sign_in(client, "ana@northwind.example", PASSWORD).status_code == 302  # this browser is known now
    client.post("/sign-out/")
    strangers = [Client(**from_elsewhere(number)) for number in range(31)]
    told = [sign_in(one, "ana@northwind.example", "wrong").content.decode() for one in strangers]
    assert "do not go together" in told[29]
    assert "Too many tries" in told[30]
    assert "Too many tries" in sign_in(Client(**from_elsewhere(99)), "ana@northwind.example", PASSWORD).content.decode()
    assert sign_in(client, "ana@northwind.example", PASSWORD).status_code == 302


def test_a_made_up_mark_of_a_known_browser_is_none(client, world):
    client.cookies["known"] = "x:y"
    for _ in range(5):
        sign_in(client, "ana@northwind.example", "wrong")
    assert "Too many tries" in sign_in(client, "ana@northwind.example", PASSWORD).content.decode()


def test_who_tries_links_has_to_wait(client):
    answers = [client.get(f"/password/made-up-{number}/").status_code for number in range(31)]
    assert answers == [410] * 30 + [429]


def test_the_right_password_forgets_wrong_tries(client, world):
    for _ in range(4):
        sign_in(client, "ana@northwind.example", "wrong")
    assert sign_in(client, "ana@northwind.example", PASSWORD).status_code == 302
    client.post("/sign-out/")
    for _ in range(4):
        sign_in(client, "ana@northwind.example", "wrong")
    assert sign_in(client, "ana@northwind.example", PASSWORD).status_code == 302


def test_the_page_names_the_organisation_where_there_is_one(client):
    organisation = make_organisation("Northwind")
    assert "Sign in to Northwind" in client.get("/sign-in/").content.decode()
    make_organisation("Elsewhere")
    assert organisation.name not in client.get("/sign-in/").content.decode()


def test_who_is_in_is_sent_on(client, world):
    client.force_login(world.people["ana"])
    assert client.get("/sign-in/")["Location"] == "/"


def test_signing_out_ends_the_session_and_needs_a_form(client, world):
    client.force_login(world.people["ana"])
    assert client.get("/sign-out/").status_code == 405
    assert is_in(client)
    client.post("/sign-out/")
    assert not is_in(client)


# First run


def setup_form(**changes):
    given = {"organisation": "Wrenfield", "name": "Noor Haddad", "email": "noor@wrenfield.example", "password": GOOD}
    return given | changes


def test_the_setup_link_makes_the_first_administrator_once(client):
    token = actions.issue_setup_link()
    assert "Create the organisation" in client.get(f"/setup/{token}/").content.decode()
    answer = client.post(f"/setup/{token}/", setup_form())
    assert answer["Location"] == "/settings/teams/"
    member = Membership.objects.get()
    assert member.is_administrator
    assert (member.organisation.name, member.person.email) == ("Wrenfield", "noor@wrenfield.example")
    assert "Wrenfield is here." in client.get("/settings/teams/").content.decode()

    client.post("/sign-out/")
    again = client.post(f"/setup/{token}/", setup_form(email="other@wrenfield.example"))
    assert again.status_code == 410
    assert "no longer works" in again.content.decode()
    assert Person.objects.count() == 1


def test_a_weak_password_is_refused_at_its_field_and_the_rest_stays(client):
    token = actions.issue_setup_link()
    answer = client.post(f"/setup/{token}/", setup_form(password="short"))
    assert answer.status_code == 422
    html = answer.content.decode()
    assert 'value="Wrenfield"' in html
    assert "too short" in html
    assert 'value="short"' not in html
    assert not Organisation.objects.exists()
    assert client.post(f"/setup/{token}/", setup_form()).status_code == 302


def test_what_is_missing_is_named(client):
    token = actions.issue_setup_link()
    html = client.post(f"/setup/{token}/", setup_form(email="no address")).content.decode()
    assert "Enter a valid email address." in html
    assert 'aria-invalid="true"' in html
    assert 'aria-describedby="id_email-error"' in html


@pytest.mark.parametrize("address", ["/setup/made-up/", "/password/made-up/"])
def test_a_made_up_link_opens_nothing(client, address):
    assert client.get(address).status_code == 410
    assert client.post(address, setup_form()).status_code == 410


def test_a_setup_link_sets_no_password_and_the_other_way_round(client, world):
    Membership.objects.update(is_administrator=False)
    setup = actions.issue_setup_link()
    Membership.objects.update(is_administrator=True)
    link = actions.issue_password_link(world.people["cy"].memberships.get(), by=world.ana)
    assert client.get(f"/password/{setup}/").status_code == 410
    assert client.get(f"/setup/{link}/").status_code == 410


# A link to set a password


def test_a_link_sets_the_password_and_lets_in_once(client, world):
    link = actions.issue_password_link(world.people["cy"].memberships.get(), by=world.ana)
    assert "Welcome, Cy" in client.get(f"/password/{link}/").content.decode()
    assert client.post(f"/password/{link}/", {"password": GOOD})["Location"] == "/"
    assert client.session["_auth_user_id"] == str(world.people["cy"].pk)
    client.post("/sign-out/")
    assert client.get(f"/password/{link}/").status_code == 410
    assert sign_in(client, "cy@northwind.example", GOOD).status_code == 302


def test_a_weak_one_leaves_the_link_open(client, world):
    link = actions.issue_password_link(world.people["cy"].memberships.get(), by=world.ana)
    answer = client.post(f"/password/{link}/", {"password": "cy"})
    assert answer.status_code == 422
    assert "too short" in answer.content.decode()
    assert client.post(f"/password/{link}/", {"password": GOOD}).status_code == 302


def test_a_link_grows_old(client, world):
    link = actions.issue_password_link(world.people["cy"].memberships.get(), by=world.ana)
    OneTimeLink.objects.update(expires_at=clock.now() - dt.timedelta(seconds=1))
    assert client.get(f"/password/{link}/").status_code == 410


# Between organisations


@pytest.fixture
def two(world) -> Organisation:
    organisation = make_organisation("Second")
    Membership.objects.create(organisation=organisation, person=world.people["ana"], joined_at=clock.now())
    return organisation


def test_a_person_of_two_switches(client, world, two):
    client.force_login(world.people["ana"])
    assert "Second" in client.get("/settings/me/").content.decode()
    client.post("/o/switch/", {"organisation": two.pk})
    html = client.get("/settings/members/").content.decode()
    assert "Everyone at Second" in html
    assert "Cy Cole" not in html
    assert client.get("/t/ANT/people/").status_code == 404
    client.post("/o/switch/", {"organisation": world.organisation.pk})
    assert client.get("/t/ANT/people/").status_code == 200


def test_nobody_switches_to_where_they_are_not(client, world, two):
    client.force_login(world.people["bo"])
    assert client.post("/o/switch/", {"organisation": two.pk}).status_code == 404
    assert client.post("/o/switch/", {"organisation": "x"}).status_code == 404


def test_who_is_closed_out_of_one_sees_the_other(client, world, two):
    client.force_login(world.people["ana"])
    client.post("/o/switch/", {"organisation": two.pk})
    Membership.objects.filter(organisation=two).update(deactivated_at=clock.now())
    assert "Everyone at Northwind" in client.get("/settings/members/").content.decode()
