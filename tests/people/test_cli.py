"""`headway clear-sign-in`, `administrator`, `setup-link`: ways in that whoever runs the installation gives or takes."""

import datetime as dt

import pytest
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from django.test import Client
from typer.testing import CliRunner, Result

from headway.cli import app
from headway.lib import clock
from headway.live.models import Change
from headway.people.actions import issue_password_link, make_token
from headway.people.models import ApiToken, Membership, OneTimeLink, Organisation, Person
from headway.people.sign_in.actions import has_way_in
from tests.world import World, make_organisation, make_world

pytestmark = pytest.mark.django_db

PASSWORD = "seven old lanterns"


@pytest.fixture
def world() -> World:
    return make_world()


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, [*arguments])


def clear(email: str, *more: str) -> Result:
    return run("clear-sign-in", email, "--organisation", "Northwind", *more)


@pytest.fixture
def cy(world: World) -> Person:
    """Cy with every way in that there is, and a browser signed in."""
    cy = world.people["cy"]
    cy.set_password(PASSWORD)
    cy.save()
    Authenticator.objects.create(user=cy, type=Authenticator.Type.TOTP, data={"secret": "x"})
    SocialAccount.objects.create(user=cy, provider="openid_connect", uid="17")
    make_token(cy, world.organisation, by=world.cy, name="Nightly", scopes=["read"])
    issue_password_link(Membership.objects.get(person=cy), by=world.ana)
    return cy


def test_every_way_in_is_gone_and_history_says_who_did_it(world: World, cy: Person) -> None:
    browser = Client()
    assert browser.login(username=cy.email, password=PASSWORD)
    assert browser.get("/settings/me/").status_code == 200
    done = clear(f"  {cy.email.upper()} ")
    assert done.exit_code == 0, done.stderr
    assert done.stdout == "Nobody can sign in as Cy Cole until they prove anew who they are.\n"
    cy.refresh_from_db()
    assert not has_way_in(cy)
    assert not OneTimeLink.objects.filter(person=cy, used_at=None).exists()
    assert not ApiToken.objects.filter(person=cy, revoked_at=None).exists()
    assert browser.get("/settings/me/").status_code == 302  # to the door
    assert not Client().login(username=cy.email, password=PASSWORD)
    change = Change.objects.latest("pk")
    assert (change.name, change.actor_kind, change.subject_id) == ("sign_in.cleared", "system", cy.pk)
    assert Membership.objects.get(person=cy).deactivated_at is None, "they stay a member"


def test_it_works_for_somebody_of_several_organisations(world: World, cy: Person) -> None:
    Membership.objects.create(person=cy, organisation=make_organisation("Southwind"), joined_at=clock.now())
    assert clear(cy.email).exit_code == 0
    cy.refresh_from_db()
    assert not has_way_in(cy)


def test_who_is_no_member_there_is_said(world: World) -> None:
    for email in ("nobody@northwind.example", world.people["eve"].email):
        answer = clear(email)
        assert (answer.exit_code, answer.stdout) == (1, "")
        assert f"Nobody with the e-mail {email} is active in Northwind." in answer.stderr


def test_a_former_member_and_the_demonstration_are_left_alone(world: World, cy: Person) -> None:
    Membership.objects.filter(person=cy).update(deactivated_at=dt.datetime(2026, 1, 1, tzinfo=dt.UTC))
    assert clear(cy.email).exit_code == 1
    Membership.objects.filter(person=cy).update(deactivated_at=None)
    Organisation.objects.filter(pk=world.organisation.pk).update(is_demonstration=True)
    assert clear(cy.email).exit_code == 1
    cy.refresh_from_db()
    assert cy.check_password(PASSWORD)


def test_of_several_organisations_one_is_named(world: World, cy: Person) -> None:
    answer = run("clear-sign-in", cy.email)
    assert answer.exit_code == 1
    assert "Northwind" in answer.stderr
    assert clear(cy.email).exit_code == 0


def test_a_lost_administrator_comes_in_again(world: World) -> None:
    answer = run("administrator", world.people["cy"].email, "--organisation", "Northwind")
    assert answer.exit_code == 0, answer.stderr
    assert "an administrator of Northwind now" in answer.stdout
    assert Membership.objects.get(person=world.people["cy"]).is_administrator
    link = answer.stdout.split()[-1]
    assert Client().get("/" + link.split("/", 3)[3]).status_code == 200


def test_a_setup_link_is_given_only_where_there_is_no_administrator(world: World) -> None:
    answer = run("setup-link")
    assert answer.exit_code == 1
    assert "There is an administrator already" in answer.stderr
    Membership.objects.update(is_administrator=False)
    first, second = (run("setup-link").stdout.split()[-1] for _ in range(2))
    assert first != second
    statuses = [Client().get("/" + link.split("/", 3)[3]).status_code for link in (first, second)]
    assert statuses == [410, 200], "the earlier one works no longer"
