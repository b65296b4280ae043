"""Second factors: an app, recovery codes, who must have one, and help for whoever lost it."""

import datetime as dt
import re
import time

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.test import Client

from headway.lib import clock
from headway.live.models import Change
from headway.people.access import Forbidden
from headway.people.models import Membership, Organisation, SecondFactor, Throttle
from headway.people.sign_in import actions, second_factor
from tests.world import PASSWORD, World, make_organisation, make_world

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> World:
    return make_world()


def signed_in(name: str) -> Client:
    """A browser that came in with the password, and so need not prove it again for a while."""
    client = Client()
    assert sign_in(client, name).status_code == 302
    return client


def sign_in(client: Client, name: str, password: str = PASSWORD):
    return client.post("/sign-in/", {"email": f"{name}@northwind.example", "password": password})


def is_in(client: Client) -> bool:
    return "_auth_user_id" in client.session


def code_of(secret: str, steps: int = 0) -> str:
    return format_hotp_value(hotp_value(secret, int(time.time()) // 30 + steps))


def wrong(secret: str) -> str:
    near = {code_of(secret, steps) for steps in (-2, -1, 0, 1, 2)}
    return next(code for code in ("000000", "111111", "222222", "333333", "444444", "555555") if code not in near)


def set_up(client: Client) -> tuple[str, list[str]]:
    """Set an app up; return its key and the recovery codes that were shown."""
    page = client.get("/settings/me/sign-in/app/").content.decode()
    secret = re.search(r'data-copy="([A-Z2-7]{32})"', page)[1]
    answer = client.post("/settings/me/sign-in/app/", {"code": code_of(secret)})
    assert answer["Location"] == "/settings/me/sign-in/codes/"
    codes = re.findall(r"<code>(\d{4} \d{4})</code>", client.get(answer["Location"]).content.decode())
    assert len(codes) == 10
    return secret, codes


def asked(name: str) -> Client:
    """A browser whose password was right, before its second factor."""
    client = Client()
    assert sign_in(client, name)["Location"] == "/sign-in/second/"
    assert not is_in(client)
    return client


def again(client: Client) -> None:
    """Forget the limits and the codes used so far, as if time had passed."""
    Throttle.objects.all().delete()


# The app


def test_an_app_is_asked_for_after_the_password(world):
    secret, _ = set_up(signed_in("cy"))
    client = asked("cy")
    assert client.get("/settings/me/").status_code == 302
    page = client.get("/sign-in/second/").content.decode()
    assert "Your password was right." in page
    answer = client.post("/sign-in/second/", {"code": wrong(secret)})
    assert answer.status_code == 422
    assert "This code does not fit." in answer.content.decode()
    assert not is_in(client)
    assert client.post("/sign-in/second/", {"code": code_of(secret)})["Location"] == "/"
    assert is_in(client)


def test_one_goes_on_to_where_one_wanted(world):
    secret, _ = set_up(signed_in("cy"))
    client = Client()
    client.post("/sign-in/", {"email": "cy@northwind.example", "password": PASSWORD, "next": "/settings/me/"})
    assert client.post("/sign-in/second/", {"code": code_of(secret)})["Location"] == "/settings/me/"


def test_a_code_is_good_once(world):
    secret, _ = set_up(signed_in("cy"))
    code = code_of(secret, 1)
    first, second = asked("cy"), asked("cy")
    assert first.post("/sign-in/second/", {"code": code}).status_code == 302
    answer = second.post("/sign-in/second/", {"code": code})
    assert answer.status_code == 422
    assert not is_in(second)


def test_a_wrong_code_sets_nothing_up(world):
    client = signed_in("cy")
    page = client.get("/settings/me/sign-in/app/").content.decode()
    secret = re.search(r'data-copy="([A-Z2-7]{32})"', page)[1]
    answer = client.post("/settings/me/sign-in/app/", {"code": wrong(secret)})
    assert answer.status_code == 422
    assert secret in answer.content.decode()  # the same code is shown: it need not be scanned again
    assert not Authenticator.objects.exists()


def test_the_key_lies_encrypted_and_in_no_change(world):
    secret, codes = set_up(signed_in("cy"))
    for row in Authenticator.objects.all():
        assert secret not in str(row.data)
    told = str(list(Change.objects.values()))
    assert secret not in told
    assert codes[0].replace(" ", "") not in told
    assert list(Change.objects.values_list("name", flat=True)) == ["authenticator_app.added"]


def test_tries_are_counted(world):
    secret, _ = set_up(signed_in("cy"))
    client = asked("cy")
    told = [client.post("/sign-in/second/", {"code": wrong(secret)}).content.decode() for _ in range(6)]
    assert "does not fit" in told[4]
    assert "Too many tries" in told[5]
    assert "Too many tries" in client.post("/sign-in/second/", {"code": code_of(secret)}).content.decode()
    assert not is_in(client)


def test_without_a_password_nobody_is_asked(world):
    assert Client().get("/sign-in/second/")["Location"] == "/sign-in/"
    assert Client().post("/sign-in/second/", {"code": "123456"})["Location"] == "/sign-in/"


def test_the_app_is_taken_away(world):
    client = signed_in("cy")
    set_up(client)
    assert client.post("/settings/me/sign-in/app/remove/").status_code == 302
    assert not Authenticator.objects.exists()  # the recovery codes go with it
    assert Change.objects.filter(name="authenticator_app.removed", actor_id=world.people["cy"].pk).exists()
    assert sign_in(Client(), "cy")["Location"] == "/"


def test_one_leaves_a_half_done_sign_in(world):
    set_up(signed_in("cy"))
    client = asked("cy")
    client.post("/sign-out/")
    assert client.get("/sign-in/second/")["Location"] == "/sign-in/"


# Recovery codes


def test_a_recovery_code_opens_once(world):
    _, codes = set_up(signed_in("cy"))
    client = asked("cy")
    assert client.post("/sign-in/second/", {"code": codes[0]}).status_code == 302
    assert is_in(client)
    assert "9 codes left" in client.get("/settings/me/sign-in/").content.decode()
    assert asked("cy").post("/sign-in/second/", {"code": codes[0]}).status_code == 422


def test_codes_are_shown_for_a_while_and_never_again(world, monkeypatch):
    client = signed_in("cy")
    _, codes = set_up(client)
    file = client.get("/settings/me/sign-in/codes.txt")
    assert codes[3] in file.content.decode()
    assert "attachment" in file["Content-Disposition"]
    now = clock.now()
    monkeypatch.setattr(clock, "now", lambda: now + dt.timedelta(seconds=601))
    assert codes[3] not in client.get("/settings/me/sign-in/codes/").content.decode()
    assert client.get("/settings/me/sign-in/codes.txt").status_code == 404


def test_new_codes_make_the_old_ones_void(world):
    client = signed_in("cy")
    _, codes = set_up(client)
    assert client.post("/settings/me/sign-in/codes/").status_code == 302
    page = client.get("/settings/me/sign-in/codes/").content.decode()
    assert codes[0] not in page
    assert asked("cy").post("/sign-in/second/", {"code": codes[0]}).status_code == 422
    assert Change.objects.filter(name="recovery_codes.made").exists()


def test_without_a_factor_there_are_no_codes(world):
    client = signed_in("cy")
    assert client.post("/settings/me/sign-in/codes/").status_code == 404
    assert client.get("/settings/me/sign-in/codes.txt").status_code == 404


# Is it you?


@pytest.mark.parametrize("address", ["app/", "passkeys/new/", "codes/", "codes.txt"])
def test_an_old_session_proves_it_again(world, address):
    client = Client()
    client.force_login(world.people["cy"])
    answer = client.get(f"/settings/me/sign-in/{address}")
    assert answer["Location"].startswith("/settings/me/sign-in/confirm/?next=")
    told = client.post(answer["Location"], {"password": "wrong"})
    assert told.status_code == 422
    assert "That is not your password." in told.content.decode()
    page = client.get(answer["Location"]).content.decode()
    wanted = re.search(r'name="next" value="([^"]+)"', page.partition('id="main"')[2])[1]
    assert wanted == f"/settings/me/sign-in/{address}"
    assert client.post(answer["Location"], {"password": PASSWORD, "next": wanted})["Location"] == wanted
    assert client.get("/settings/me/sign-in/app/").status_code == 200


def test_an_old_session_changes_nothing(world):
    set_up(signed_in("cy"))
    client = Client()
    client.force_login(world.people["cy"])
    client.post("/settings/me/sign-in/app/remove/")
    client.post("/settings/me/sign-in/codes/")
    assert Authenticator.objects.count() == 2
    assert not Change.objects.filter(name="recovery_codes.made").exists()


def test_the_app_proves_it_too(world):
    secret, _ = set_up(signed_in("cy"))
    client = Client()
    client.force_login(world.people["cy"])
    again(client)
    answer = client.post("/settings/me/sign-in/confirm/", {"code": code_of(secret, 1)})
    assert answer["Location"] == "/settings/me/sign-in/"
    assert client.get("/settings/me/sign-in/codes/").status_code == 200


def test_one_is_never_sent_to_a_foreign_place(world):
    client = Client()
    client.force_login(world.people["cy"])
    answer = client.post("/settings/me/sign-in/confirm/", {"password": PASSWORD, "next": "https://evil.example/"})
    assert answer["Location"] == "/settings/me/sign-in/"


def test_whoever_looks_around_in_the_demonstration_sets_nothing_up(world):
    Organisation.objects.filter(pk=world.organisation.pk).update(is_demonstration=True)
    client = signed_in("cy")
    assert client.get("/settings/me/sign-in/app/")["Location"] == "/settings/me/sign-in/"
    assert "nothing can be set here" in client.get("/settings/me/sign-in/").content.decode()
    answer = client.post("/settings/me/sign-in/password/", {"present": PASSWORD, "password": "correct-horse-battery"})
    assert "signs in with one click" in client.get(answer["Location"]).content.decode()
    assert sign_in(Client(), "cy").status_code == 302  # with the password of before


# Required by the organisation


def require(world: World, rule: SecondFactor) -> None:
    client = signed_in("ana")
    assert client.post("/settings/sign-in/", {"second_factor": rule}).status_code == 302


def test_who_has_none_can_do_nothing_but_set_one_up(world):
    require(world, SecondFactor.EVERYBODY)
    client = signed_in("cy")
    assert client.get("/")["Location"] == "/settings/me/sign-in/"
    assert client.get("/t/ANT/board/")["Location"] == "/settings/me/sign-in/"
    assert client.post("/t/ANT/items/new/", {"title": "x"})["Location"] == "/settings/me/sign-in/"
    htmx = client.get("/t/ANT/board/", headers={"HX-Request": "true"})
    assert htmx["HX-Redirect"] == "/settings/me/sign-in/"
    assert "asks everyone in your place" in client.get("/settings/me/sign-in/").content.decode()
    set_up(client)
    assert client.get("/t/ANT/board/").status_code == 200


def test_of_administrators_only(world):
    require(world, SecondFactor.ADMINISTRATORS)
    assert signed_in("cy").get("/t/ANT/board/").status_code == 200
    assert signed_in("ana").get("/t/ANT/board/")["Location"] == "/settings/me/sign-in/"


def test_who_takes_the_last_one_away_is_asked_again(world):
    require(world, SecondFactor.EVERYBODY)
    client = signed_in("cy")
    set_up(client)
    assert client.get("/t/ANT/board/").status_code == 200
    client.post("/settings/me/sign-in/app/remove/")
    assert client.get("/t/ANT/board/").status_code == 302


def test_the_rule_costs_no_query_where_there_is_none(world, django_assert_num_queries):
    with django_assert_num_queries(0):
        assert not second_factor.is_missing(world.cy, world.organisation, {})


def test_only_administrators_set_the_rule_and_it_can_be_taken_back(world):
    di = Client()
    di.force_login(world.people["di"])
    assert di.post("/settings/sign-in/", {"second_factor": "everybody"}).status_code == 403
    assert "Without a second factor" not in di.get("/settings/sign-in/").content.decode()
    ana = signed_in("ana")
    assert "Cy Cole" in ana.get("/settings/sign-in/").content.decode()
    require(world, SecondFactor.EVERYBODY)
    assert Change.objects.filter(name="organisation.edited").exists()


def test_a_rule_that_is_none_is_refused(world):
    assert signed_in("ana").post("/settings/sign-in/", {"second_factor": "nonsense"}).status_code == 422


# Lost


def member_of(world: World, name: str) -> Membership:
    return Membership.objects.get(person=world.people[name])


def test_an_administrator_takes_a_lost_one_away_and_the_person_is_told(world):
    cy = signed_in("cy")
    set_up(cy)
    ana = signed_in("ana")
    assert (
        ana.post(f"/settings/members/{member_of(world, 'cy').pk}/sign-in/", {"do": "reset_factor"}).status_code == 302
    )
    assert not Authenticator.objects.exists()
    assert cy.get("/settings/me/").status_code == 302  # signed out everywhere
    change = Change.objects.get(name="second_factor.reset")
    assert (change.actor_id, change.subject_id) == (world.people["ana"].pk, world.people["cy"].pk)
    back = signed_in("cy")
    assert "took your second factor away" in back.get("/settings/me/sign-in/").content.decode()
    assert "took your second factor away" not in signed_in("cy").get("/settings/me/sign-in/").content.decode()


def test_nobody_else_takes_it_away(world):
    set_up(signed_in("cy"))
    with pytest.raises(Forbidden):
        actions.reset_second_factor(member_of(world, "cy"), by=world.di)
    with pytest.raises(Forbidden):
        actions.reset_second_factor(member_of(world, "cy"), by=world.eve)
    eve = Client()
    eve.force_login(world.people["eve"])
    assert (
        eve.post(f"/settings/members/{member_of(world, 'cy').pk}/sign-in/", {"do": "reset_factor"}).status_code == 404
    )
    assert Authenticator.objects.exists()


def test_of_a_person_of_two_organisations_nobody_takes_it_away(world):
    set_up(signed_in("cy"))
    second = make_organisation("Second")
    Membership.objects.create(organisation=second, person=world.people["cy"], joined_at=clock.now())
    ana = signed_in("ana")
    page = ana.post(
        f"/settings/members/{member_row(world).pk}/sign-in/", {"do": "reset_factor"}, follow=True
    ).content.decode()
    assert "belongs to another organisation too" in page
    assert Authenticator.objects.exists()


def member_row(world: World) -> Membership:
    return Membership.objects.get(person=world.people["cy"], organisation=world.organisation)


def test_what_is_not_there_cannot_be_taken_away(world):
    ana = signed_in("ana")
    page = ana.post(
        f"/settings/members/{member_of(world, 'cy').pk}/sign-in/", {"do": "reset_factor"}, follow=True
    ).content.decode()
    assert "has no second factor" in page
    assert not Change.objects.filter(name="second_factor.reset").exists()


def test_a_link_to_set_a_password_does_not_go_around_it(world):
    from headway.people.actions import issue_password_link

    secret, _ = set_up(signed_in("cy"))
    link = issue_password_link(member_of(world, "cy"), by=world.ana)
    client = Client()
    answer = client.post(f"/password/{link}/", {"password": "correct-horse-battery"})
    assert answer["Location"] == "/sign-in/second/"
    assert not is_in(client)
    assert client.post("/sign-in/second/", {"code": code_of(secret, 1)}).status_code == 302
    assert is_in(client)


def test_made_up_passkeys_open_nothing(world):
    client = Client()
    assert client.get("/sign-in/passkey/").json()["publicKey"]["challenge"]
    for made_up in ("", "null", "[]", "{}", '{"response": {}}', '{"response": {"userHandle": "MQ"}}', "not json"):
        answer = client.post("/sign-in/passkey/", {"credential": made_up})
        assert answer["Location"] == "/sign-in/"
        assert not is_in(client)
    asked_for = signed_in("cy")
    for made_up in ("null", "{}", '{"response": {}}'):
        told = asked_for.post("/settings/me/sign-in/passkeys/new/", {"name": "x", "credential": made_up})
        assert told.status_code == 422
    assert not Authenticator.objects.exists()
