"""Where somebody is signed in, and the end of it."""

import datetime as dt

import pytest
from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import Client

from headway.lib import clock
from headway.live.models import Change
from headway.people.access import Forbidden
from headway.people.actions import deactivate_member, set_password
from headway.people.models import Membership, Organisation, Person
from headway.people.sign_in import actions, sessions
from tests.world import PASSWORD, World, make_world

pytestmark = pytest.mark.django_db
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"
IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 Version/18.5 Mobile Safari/604.1"


@pytest.fixture
def world() -> World:
    return make_world()


@pytest.fixture
def closed(monkeypatch) -> list[str]:
    """The keys of the sessions whose streams were closed."""
    keys: list[str] = []
    monkeypatch.setattr(sessions, "close_streams", lambda *, session_key: keys.append(session_key))
    return keys


def browser(person: Person, agent: str = FIREFOX, address: str = "192.0.2.7") -> Client:
    client = Client(HTTP_USER_AGENT=agent, REMOTE_ADDR=address)
    assert client.post("/sign-in/", {"email": person.email, "password": PASSWORD}).status_code == 302
    return client


def is_in(client: Client) -> bool:
    return client.get("/settings/me/").status_code == 200


def member(world: World, name: str) -> Membership:
    return Membership.objects.get(person=world.people[name])


def test_one_sees_where_one_is_signed_in(world):
    here = browser(world.people["cy"])
    browser(world.people["cy"], IPHONE, "198.51.100.4")
    browser(world.people["bo"], FIREFOX, "203.0.113.9")
    page = here.get("/settings/me/sign-in/").content.decode()
    assert "Firefox on Linux" in page
    assert "Safari on iPhone" in page
    assert "198.51.100.4" in page
    assert page.count("this one") == 1
    assert "203.0.113.9" not in page


def test_one_ends_one_session(world, closed):
    here, there = browser(world.people["cy"]), browser(world.people["cy"], IPHONE)
    key = there.session.session_key
    row = UserSession.objects.get(session_key=key)
    assert here.post("/settings/me/sign-in/sessions/", {"session": row.pk}).status_code == 302
    assert not is_in(there)
    assert is_in(here)
    assert closed == [key]
    assert not UserSession.objects.filter(pk=row.pk).exists()  # and its address with it
    assert Change.objects.get(name="sessions.ended").actor_id == world.people["cy"].pk


def test_one_ends_all_others(world, closed):
    here = browser(world.people["cy"])
    others = [browser(world.people["cy"], IPHONE) for _ in range(3)]
    bo = browser(world.people["bo"])
    here.post("/settings/me/sign-in/sessions/", {"session": "others"})
    assert is_in(here)
    assert not any(is_in(one) for one in others)
    assert is_in(bo)
    assert len(closed) == 3


def test_nobody_ends_the_sessions_of_others(world, closed):
    here, bo = browser(world.people["cy"]), browser(world.people["bo"])
    row = UserSession.objects.get(session_key=bo.session.session_key)
    for chosen in (row.pk, "", "x", "999999999"):
        here.post("/settings/me/sign-in/sessions/", {"session": chosen})
    assert is_in(bo)
    assert closed == []
    assert not Change.objects.filter(name="sessions.ended").exists()


def test_an_administrator_signs_a_member_out_everywhere(world, closed):
    cy, ana = browser(world.people["cy"]), browser(world.people["ana"])
    page = ana.post(f"/settings/members/{member(world, 'cy').pk}/sign-in/", {"do": "end_sessions"}, follow=True)
    assert "Cy Cole is signed out" in page.content.decode()
    assert not is_in(cy)
    assert is_in(ana)
    again = browser(world.people["cy"])
    assert "signed you out everywhere" in again.get("/settings/me/sign-in/").content.decode()


def test_nobody_else_does(world, closed):
    cy = browser(world.people["cy"])
    for by in (world.di, world.bo, world.eve):
        with pytest.raises(Forbidden):
            actions.end_sessions(member(world, "cy"), by=by)
    eve = Client()
    eve.force_login(world.people["eve"])
    answer = eve.post(f"/settings/members/{member(world, 'cy').pk}/sign-in/", {"do": "end_sessions"})
    assert answer.status_code == 404
    assert is_in(cy)


def test_who_is_deactivated_is_signed_out(world, closed):
    cy = browser(world.people["cy"])
    key = cy.session.session_key
    deactivate_member(member(world, "cy"), by=world.ana)
    assert not Session.objects.filter(session_key=key).exists()
    assert closed == [key]


def test_a_new_password_ends_the_other_sessions(world, closed):
    here, there = browser(world.people["cy"]), browser(world.people["cy"], IPHONE)
    answer = here.post("/settings/me/sign-in/password/", {"present": PASSWORD, "password": "correct-horse-battery"})
    assert answer.status_code == 302
    assert is_in(here)
    assert not is_in(there)
    assert Person.objects.get(pk=world.people["cy"].pk).check_password("correct-horse-battery")
    assert [row.is_this for row in sessions.sessions_of(world.people["cy"].pk, here.session.session_key)] == [True]


def test_it_needs_the_present_one_and_a_good_one(world):
    here = browser(world.people["cy"])
    address = "/settings/me/sign-in/password/"
    answer = here.post(address, {"present": "wrong", "password": "correct-horse-battery"})
    assert answer.status_code == 422
    assert "That is not your present password." in answer.content.decode()
    assert "too short" in here.post(address, {"present": PASSWORD, "password": "short"}).content.decode()
    weak = here.post(address, {"present": PASSWORD, "password": "password1234"}).content.decode()
    assert "This is a very common password." in weak
    for _ in range(5):
        here.post(address, {"present": "wrong", "password": "correct-horse-battery"})
    told = here.post(address, {"present": PASSWORD, "password": "correct-horse-battery"}).content.decode()
    assert "Too many tries" in told
    assert Person.objects.get(pk=world.people["cy"].pk).check_password(PASSWORD)


def test_sessions_of_before_their_rows_end_too(world):
    cy = browser(world.people["cy"])
    UserSession.objects.all().delete()
    set_password(world.people["cy"], "correct-horse-battery", by=world.cy)
    assert not Session.objects.filter(session_key=cy.session.session_key).exists()


def test_being_seen_is_written_once_in_five_minutes(world, monkeypatch, django_assert_num_queries):
    here = browser(world.people["cy"])
    session, person = here.session, world.people["cy"]
    assert session["seen"]
    with django_assert_num_queries(0):
        sessions.see(session, person.pk, "192.0.2.7", FIREFOX)
    later = clock.now() + dt.timedelta(seconds=301)
    monkeypatch.setattr(clock, "now", lambda: later)
    here.get("/settings/me/")
    assert UserSession.objects.get(session_key=session.session_key).last_seen_at == later


def test_signing_out_forgets_the_session(world, closed):
    here = browser(world.people["cy"])
    key = here.session.session_key
    here.post("/sign-out/")
    assert not UserSession.objects.exists()
    assert closed == [key]


def test_another_person_in_the_same_browser_has_a_session_of_their_own(world):
    here = browser(world.people["cy"])
    here.force_login(world.people["bo"])
    assert UserSession.objects.get(session_key=here.session.session_key).user == world.people["bo"]


def test_in_the_demonstration_nobody_sees_the_addresses_of_others(world):
    Organisation.objects.filter(pk=world.organisation.pk).update(is_demonstration=True)
    here = browser(world.people["cy"])
    browser(world.people["cy"], IPHONE, "198.51.100.4")
    assert "198.51.100.4" not in here.get("/settings/me/sign-in/").content.decode()
    assert here.post("/settings/me/sign-in/sessions/", {"session": "others"}).status_code == 404


def test_a_session_that_is_over_signs_nobody_in(client, world):
    client.force_login(world.people["cy"])
    assert client.get("/settings/me/").status_code == 200
    row = Session.objects.get(pk=client.session.session_key)
    Session.objects.filter(pk=row.pk).update(expire_date=row.expire_date - dt.timedelta(days=31))
    answer = client.get("/settings/me/")
    assert (answer.status_code, answer["Location"]) == (302, "/sign-in/?next=/settings/me/")


# What each request asks


def test_who_is_signed_in_comes_with_their_memberships_in_one_query(world):
    client = browser(world.people["cy"])
    assert is_in(client)
    asked = []

    def note(execute, sql, *given):
        asked.append(sql)
        return execute(sql, *given)

    with connection.execute_wrapper(note):
        assert is_in(client)
    of_sign_in = [sql for sql in asked if "django_session" in sql or "people_person" in sql]
    assert len(of_sign_in) == 1, of_sign_in


def test_it_is_the_session_that_says_who_it_is(world):
    """The note of a session that names somebody else changes nothing."""
    client = browser(world.people["cy"])
    UserSession.objects.update(user=world.people["ana"])
    page = client.get("/settings/me/").content.decode()
    assert world.people["cy"].email in page
    assert world.people["ana"].email not in page


def test_a_session_without_its_note_is_still_somebody_s(world):
    client = browser(world.people["cy"])
    UserSession.objects.all().delete()
    assert is_in(client)


@pytest.mark.parametrize("end", ["deleted", "expired", "closed", "changed"])
def test_what_ended_a_session_holds_for_the_very_next_request(world, end):
    client = browser(world.people["cy"])
    assert is_in(client)
    if end == "deleted":
        Session.objects.all().delete()
    elif end == "expired":
        Session.objects.update(expire_date=clock.now() - dt.timedelta(seconds=1))
    elif end == "closed":
        Person.objects.filter(pk=world.people["cy"].pk).update(is_active=False)
    else:
        Person.objects.filter(pk=world.people["cy"].pk).update(password="another")
    assert not is_in(client)


def test_who_is_a_member_nowhere_is_told_so(world):
    client = browser(world.people["cy"])
    Membership.objects.filter(person=world.people["cy"]).update(deactivated_at=clock.now())
    answer = client.get("/settings/me/")
    assert answer.status_code == 403
