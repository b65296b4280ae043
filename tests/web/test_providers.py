"""Sign-in with OpenID Connect, against a certified provider that runs beside the tests (tests/oidc)."""

import datetime as dt
import fcntl
import hashlib
import json
import os
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qs, urljoin, urlsplit

import pytest
import requests
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, generate_totp_secret, hotp_value
from allauth.socialaccount.models import SocialAccount
from django.test import Client

from headway.desks.sentences import Told, sentence
from headway.lib import clock
from headway.live.models import Change
from headway.people.actions import deactivate_member, invite, issue_password_link, make_token
from headway.people.actor import actor_for
from headway.people.models import ApiToken, Membership, Organisation, Person, Role, SecondFactor
from headway.people.sign_in.actions import link_provider
from headway.people.sign_in.providers import Provider, WrongProvider, read_providers
from tests.world import PASSWORD, World, make_organisation, make_world

OIDC = Path(__file__).parent.parent / "oidc"
CACHE = Path(__file__).parent.parent.parent / "var" / "oidc"
BACK = "http://testserver/sign-in/with/corp/back/"


@pytest.fixture(scope="session")
def issuer() -> Iterator[str]:
    """The address of the running provider."""
    node = os.environ.get("NODE") or "node"
    for program in (node, "npm"):
        if shutil.which(program) is None:
            pytest.fail(f"These tests need {program} (Node.js 20 or later): run them by `make test`.")
    script = _installed() / "provider.mjs"
    running = subprocess.Popen(
        [node, str(script), BACK], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    assert running.stdout is not None
    assert running.stdin is not None
    line = running.stdout.readline()
    assert line, "the provider did not start"
    yield json.loads(line)["issuer"]
    running.stdin.close()
    running.wait(10)


def _installed() -> Path:
    """Install the provider once for each state of its lock file; several test processes wait for one."""
    files = [OIDC / name for name in ("package.json", "package-lock.json", "provider.mjs")]
    state = hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:16]
    folder = CACHE / state
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "done").exists():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            for file in files:
                shutil.copy(file, folder)
            command = ["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts"]
            done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
            if done.returncode:
                pytest.fail(f"npm could not install the provider:\n{done.stderr[-2000:]}")
            (folder / "done").touch()
    return folder


@pytest.fixture
def world(db) -> World:
    return make_world()


@pytest.fixture
def corp(issuer, settings):
    """Name the provider in the settings, with what a test changes."""

    def name(**changes) -> Provider:
        given = {"key": "corp", "name": "Corp", "issuer": issuer, "client_id": "headway"}
        chosen = Provider(**(given | {"secret": "only-for-tests-only-for-tests-only"} | changes))
        settings.OIDC_PROVIDERS = [chosen]
        settings.SOCIALACCOUNT_PROVIDERS = {"openid_connect": {"APPS": [chosen.for_allauth()]}}
        return chosen

    name()
    return name


def leave(client: Client, **query: str) -> str:
    """Press the button; return the provider's address that the browser is sent to."""
    answer = client.get("/sign-in/with/corp/", query)
    assert answer.status_code == 302
    return answer["Location"]


def at_the_provider(address: str, login: str) -> str:
    """Sign in and agree at the provider as a person does; return where it sends the browser back to."""
    browser = requests.Session()
    method, data = "get", None
    for _ in range(12):
        answer = browser.request(method, address, data=data, allow_redirects=False, timeout=60)
        if answer.is_redirect:
            address, method, data = urljoin(address, answer.headers["Location"]), "get", None
            if address.startswith("http://testserver"):
                return address
            continue
        assert answer.status_code == 200, answer.text
        prompt = re.search(r'name="prompt" value="(\w+)"', answer.text)[1]
        address, method = re.search(r'action="([^"]+)"', answer.text)[1], "post"
        data = {"prompt": prompt, "login": login, "password": "any"}
    raise AssertionError("the provider never sent the browser back")


def come_back(client: Client, address: str):
    parts = urlsplit(address)
    return client.get(f"{parts.path}?{parts.query}")


def sign_in(login: str, client: Client | None = None, **query: str):
    client = client or Client()
    return client, come_back(client, at_the_provider(leave(client, **query), login))


def is_in(client: Client) -> bool:
    return "_auth_user_id" in client.session


def nobody_can_get_in(person: Person) -> None:
    """Leave somebody as an administrator adds them: without a password."""
    person.set_unusable_password()
    person.save()


@pytest.fixture
def cy(world) -> Person:
    """Cy, who was added by an administrator and has no way in yet."""
    nobody_can_get_in(world.people["cy"])
    return world.people["cy"]


# In


@pytest.mark.parametrize("login", ["cy@northwind.example", "CY@Northwind.EXAMPLE"])
def test_a_member_whom_nobody_can_sign_in_as_comes_in_at_once(world, corp, cy, login):
    link = issue_password_link(Membership.objects.get(person=cy), by=world.ana)
    client, answer = sign_in(login)
    assert answer["Location"] == "/"
    assert client.session["_auth_user_id"] == str(cy.pk)
    assert client.get("/settings/me/").status_code == 200
    assert SocialAccount.objects.get().user == cy
    change = Change.objects.get(name="provider.linked")
    assert change.subject_label == "Cy Cole: Corp"
    assert change.before == change.after == {}
    assert Client().get(f"/password/{link}/").status_code == 410  # whoever was given it comes too late


def test_the_second_time_the_link_is_there(world, corp, cy):
    sign_in("cy@northwind.example")
    client, answer = sign_in("cy@northwind.example")
    assert answer["Location"] == "/"
    assert is_in(client)
    assert SocialAccount.objects.count() == 1
    assert Change.objects.filter(name="provider.linked").count() == 1


# Whose account is it?


def test_an_account_with_a_password_is_linked_once_its_password_is_given(world, corp):
    client, answer = sign_in("CY@northwind.example", next="/settings/me/")
    assert answer["Location"] == "/sign-in/link/"
    assert not is_in(client)
    page = client.get("/sign-in/link/").content.decode()
    assert "cy@northwind.example" in page
    assert "Remove every way in" in page
    assert not SocialAccount.objects.exists()
    answer = client.post("/sign-in/link/", {"password": PASSWORD})
    assert answer["Location"] == "/settings/me/"
    assert client.session["_auth_user_id"] == str(world.people["cy"].pk)
    assert SocialAccount.objects.get().user == world.people["cy"]
    assert "Corp is linked" in client.get("/settings/me/").content.decode()
    assert Person.objects.get(pk=world.people["cy"].pk).check_password(PASSWORD)  # the other way in stays
    change = Change.objects.get(name="provider.linked")
    assert sentence(Told(change.name, "Cy Cole", change.subject_label)) == (
        "A provider was linked for signing in: Cy Cole: Corp"
    )
    again, answer = sign_in("CY@northwind.example")
    assert answer["Location"] == "/"
    assert is_in(again)


def test_without_the_password_nothing_is_linked(world, corp):
    client, _ = sign_in("cy@northwind.example")
    for wrong in ("", "made-up", "another-long-password"):
        answer = client.post("/sign-in/link/", {"password": wrong})
        assert answer.status_code == 422
        assert not is_in(client)
    for data in ({}, {"credential": "{}"}, {"credential": "made-up"}):
        client.post("/sign-in/link/", data)
        assert not is_in(client)
    assert not SocialAccount.objects.exists()
    assert not Change.objects.filter(name="provider.linked").exists()


def test_tries_of_the_password_are_counted_with_those_of_the_sign_in(world, corp):
    client, _ = sign_in("cy@northwind.example")
    for _try in range(5):
        Client().post("/sign-in/", {"email": "cy@northwind.example", "password": "made-up-made-up"})
    answer = client.post("/sign-in/link/", {"password": PASSWORD})
    assert answer.status_code == 422
    assert not SocialAccount.objects.exists()


def test_whoever_opened_an_account_under_the_address_of_another_loses_it_to_them(world, corp):
    """The reason for all this: an invitation that was meant for nobody in particular takes any address."""
    _invitation, token = invite(world.organisation, by=world.ana, roles={world.team: [Role.DEVELOPER]})
    squatter = Client()
    details = {"name": "Sam", "email": "sam@corp.example", "password": "horse-battery-of-mine"}
    assert squatter.post(f"/invitation/{token}/", details).status_code == 302
    assert is_in(squatter)
    # Sam comes: neither in, nor linked to what the other can still open.
    sam, answer = sign_in("sam@corp.example")
    assert answer["Location"] == "/sign-in/link/"
    assert not is_in(sam)
    # The administrator helps.
    ana = Client()
    ana.force_login(world.people["ana"])
    member = Membership.objects.get(person__email="sam@corp.example")
    ApiToken.objects.filter(person=member.person).delete()
    make_token(
        member.person, world.organisation, by=actor_for(member.person, world.organisation), name="x", scopes=["read"]
    )
    address = f"/settings/members/{member.pk}/sign-in/clear/"
    assert address in ana.get("/settings/members/").content.decode()
    assert "Sign in with Corp" in ana.get(address).content.decode()
    assert ana.post(address, {"do": "clear"})["Location"] == "/settings/members/"
    assert squatter.get("/").status_code == 302
    assert not squatter.login(username="sam@corp.example", password="horse-battery-of-mine")
    assert not ApiToken.objects.filter(person=member.person, revoked_at=None).exists()
    change = Change.objects.get(name="sign_in.cleared")
    assert (change.actor_id, change.subject_label) == (world.people["ana"].pk, "Sam")
    assert change.before == change.after == {}
    # Now the account is Sam's alone.
    sam, answer = sign_in("sam@corp.example")
    assert answer["Location"] == "/"
    assert is_in(sam)
    assert "removed your password and every other way in" in sam.get("/").content.decode()


def test_only_an_administrator_of_theirs_removes_every_way_in(world, corp):
    member = Membership.objects.get(person=world.people["cy"])
    address = f"/settings/members/{member.pk}/sign-in/clear/"
    for name, expected in (("bo", 403), ("di", 403), ("eve", 404)):
        client = Client()
        client.force_login(world.people[name])
        assert client.post(address, {"do": "clear"}).status_code == expected
    ana = Client()
    ana.force_login(world.people["ana"])
    own = Membership.objects.get(person=world.people["ana"])
    answer = ana.post(f"/settings/members/{own.pk}/sign-in/clear/", {"do": "clear"})
    assert "lock yourself out" in answer.content.decode()
    Membership.objects.create(organisation=make_organisation("Second"), person=member.person, joined_at=clock.now())
    assert "belongs to another organisation too" in ana.post(address, {"do": "clear"}).content.decode()
    assert Person.objects.get(pk=member.person_id).check_password(PASSWORD)
    assert not Change.objects.filter(name="sign_in.cleared").exists()


def test_a_second_factor_is_asked_for_before_the_link_is_made(world, corp):
    secret = generate_totp_secret()
    TOTP.activate(world.people["cy"], secret)
    client, _ = sign_in("cy@northwind.example")
    answer = client.post("/sign-in/link/", {"password": PASSWORD})
    assert answer["Location"] == "/sign-in/second/"
    assert not SocialAccount.objects.exists()
    assert client.post("/sign-in/second/", {"code": "000000"}).status_code == 422
    assert not SocialAccount.objects.exists()
    code = format_hotp_value(hotp_value(secret, int(time.time()) // 30))
    assert client.post("/sign-in/second/", {"code": code})["Location"] == "/"
    assert SocialAccount.objects.get().user == world.people["cy"]


def test_who_is_signed_in_already_links_by_a_click(world, corp):
    client = Client()
    client.post("/sign-in/", {"email": "cy@northwind.example", "password": PASSWORD})
    sign_in("cy@northwind.example", client)
    assert "Link Corp" in client.get("/sign-in/link/").content.decode()
    assert not SocialAccount.objects.exists()
    assert client.post("/sign-in/link/")["Location"] == "/"
    assert SocialAccount.objects.get().user == world.people["cy"]


def test_who_is_signed_in_since_long_proves_it_anew(world, corp):
    client = Client()
    client.force_login(world.people["cy"])
    sign_in("cy@northwind.example", client)
    client.post("/sign-in/link/")
    assert not SocialAccount.objects.exists()
    client.post("/sign-in/link/", {"password": PASSWORD})
    assert SocialAccount.objects.exists()


def test_somebody_else_who_was_signed_in_has_left(world, corp):
    client = Client()
    client.force_login(world.people["bo"])
    _, answer = sign_in("cy@northwind.example", client)
    assert answer["Location"] == "/sign-in/link/"
    assert not is_in(client)
    client.post("/sign-in/", {"email": "bo@northwind.example", "password": PASSWORD})
    assert is_in(client)
    client.post("/sign-in/link/")
    assert not SocialAccount.objects.exists()  # Bo is in, and Cy is who must prove it


def test_another_provider_proves_it(world, corp, cy, settings):
    first = corp()
    SocialAccount.objects.create(user=cy, provider="old", uid="cy@northwind.example")
    old = replace(first, key="old", name="Old")
    settings.OIDC_PROVIDERS = [first, old]
    client, answer = sign_in("cy@northwind.example")
    assert answer["Location"] == "/sign-in/link/"
    page = client.get("/sign-in/link/").content.decode()
    assert "/sign-in/with/old/?next=%2Fsign-in%2Flink%2F" in page
    assert "Password of the account" not in page


def test_an_address_that_was_given_to_somebody_new_opens_nothing(world, corp, cy):
    """Whom the provider calls another person now, with an address that it gave out again."""
    SocialAccount.objects.create(user=cy, provider="corp", uid="whoever-had-it-before")
    client, answer = sign_in("cy@northwind.example")
    assert answer["Location"] == "/sign-in/link/"
    page = client.get("/sign-in/link/").content.decode()
    assert "Nobody can prove it here" in page
    assert "Remove every way in" in page
    client.post("/sign-in/link/", {"password": ""})
    assert not is_in(client)


def test_what_waits_ends_after_a_quarter_of_an_hour_or_when_it_is_left(world, corp, monkeypatch):
    client, _ = sign_in("cy@northwind.example")
    now = clock.now()
    with monkeypatch.context() as later:
        later.setattr(clock, "now", lambda: now + dt.timedelta(minutes=16))
        assert client.post("/sign-in/link/", {"password": PASSWORD})["Location"] == "/sign-in/"
    assert client.post("/sign-in/link/", {"cancel": "1"})["Location"] == "/sign-in/"
    client.post("/sign-in/", {"email": "cy@northwind.example", "password": PASSWORD})
    assert is_in(client)
    assert not SocialAccount.objects.exists()


def test_who_signs_in_elsewhere_meanwhile_has_agreed_to_nothing(world, corp):
    client, _ = sign_in("cy@northwind.example")
    client.post("/sign-in/", {"email": "cy@northwind.example", "password": PASSWORD})
    assert is_in(client)
    assert not SocialAccount.objects.exists()


def test_nothing_waits_in_another_browser(world, corp):
    sign_in("cy@northwind.example")
    assert Client().get("/sign-in/link/")["Location"] == "/sign-in/"


def test_a_password_that_is_set_meanwhile_is_seen(world, corp, cy):
    """Whoever holds a link to set a password is faster than the provider's answer by a moment."""
    row = Person.objects.get(pk=cy.pk)  # as the sign-in has read it
    row.set_password(PASSWORD)
    row.save()
    assert not link_provider(cy, corp(), uid="cy", said={}, is_proved=False)
    assert not SocialAccount.objects.exists()


def test_an_identity_of_another_is_never_taken_over(world, corp, cy):
    SocialAccount.objects.create(user=world.people["bo"], provider="corp", uid="same")
    assert not link_provider(cy, corp(), uid="same", said={}, is_proved=True)
    assert SocialAccount.objects.get().user == world.people["bo"]


def test_one_goes_on_to_where_one_wanted(world, corp, cy):
    _, answer = sign_in("cy@northwind.example", next="/settings/me/")
    assert answer["Location"] == "/settings/me/"


@pytest.mark.parametrize("away", ["https://evil.example/", "//evil.example/"])
def test_one_is_never_sent_to_a_foreign_place(world, corp, cy, away):
    _, answer = sign_in("cy@northwind.example", next=away)
    assert answer["Location"] == "/"


def test_state_and_pkce_go_along(world, corp):
    asked = parse_qs(urlsplit(leave(Client())).query)
    assert asked["code_challenge_method"] == ["S256"]
    assert len(asked["code_challenge"][0]) == 43
    assert len(asked["state"][0]) >= 16
    assert set(asked["scope"][0].split()) == {"openid", "profile", "email"}
    assert asked["redirect_uri"] == [BACK]


def test_the_page_offers_it(world, corp):
    page = Client().get("/sign-in/").content.decode()
    assert "Sign in with Corp" in page
    assert 'href="/sign-in/with/corp/"' in page


# Not in


def test_an_address_that_nobody_has_is_refused(world, corp):
    people = Person.objects.count()
    client, answer = sign_in("stranger@northwind.example")
    assert answer.status_code == 403
    assert "nobody here has that address" in answer.content.decode()
    assert not is_in(client)
    assert Person.objects.count() == people
    assert not SocialAccount.objects.exists()


def test_an_address_that_was_never_verified_is_refused(world, corp):
    client, answer = sign_in("unverified:cy@northwind.example")
    assert answer.status_code == 403
    assert "has not verified your e-mail address" in answer.content.decode()
    assert not is_in(client)
    assert not SocialAccount.objects.exists()


def test_an_answer_with_another_state_is_refused(world, corp):
    client = Client()
    address = at_the_provider(leave(client), "cy@northwind.example")
    state = parse_qs(urlsplit(address).query)["state"][0]
    for wrong in (address.replace(state, "made-up"), address.replace(f"state={state}", "state=")):
        answer = come_back(client, wrong)
        assert answer.status_code == 403
        assert not is_in(client)


def test_an_answer_in_another_browser_is_refused(world, corp):
    address = at_the_provider(leave(Client()), "cy@northwind.example")
    victim = Client()
    assert come_back(victim, address).status_code == 403
    assert not is_in(victim)


def test_an_answer_is_good_once(world, corp, cy):
    client = Client()
    address = at_the_provider(leave(client), "cy@northwind.example")
    assert come_back(client, address).status_code == 302
    client.post("/sign-out/")
    assert come_back(client, address).status_code == 403
    assert not is_in(client)


def test_a_wrong_secret_lets_nobody_in(world, corp):
    corp(secret="another-secret-another-secret-123")
    client, answer = sign_in("cy@northwind.example")
    assert answer.status_code == 403
    assert "gave no answer that fits" in answer.content.decode()
    assert not is_in(client)


def test_who_says_no_at_the_provider_stays_outside(world, corp):
    client = Client()
    state = parse_qs(urlsplit(leave(client)).query)["state"][0]
    answer = client.get("/sign-in/with/corp/back/", {"error": "access_denied", "state": state})
    assert answer.status_code == 403
    assert not is_in(client)


def test_who_is_deactivated_stays_outside(world, corp, cy):
    sign_in("cy@northwind.example")
    deactivate_member(Membership.objects.get(person=world.people["cy"]), by=world.ana)
    client, _ = sign_in("cy@northwind.example")
    assert client.get("/t/ANT/board/").status_code == 403
    Person.objects.filter(pk=world.people["bo"].pk).update(is_active=False)
    client, answer = sign_in("bo@northwind.example")
    assert answer.status_code == 403
    assert not is_in(client)


def test_nobody_of_the_demonstration_is_found(world, corp):
    Organisation.objects.filter(pk=world.organisation.pk).update(is_demonstration=True)
    client, answer = sign_in("cy@northwind.example")
    assert answer.status_code == 403
    assert not is_in(client)


def test_a_provider_that_is_not_there(world, corp):
    assert Client().get("/sign-in/with/other/").status_code == 404
    assert Client().get("/sign-in/with/other/back/").status_code == 404


# Strangers of an allowed domain


def test_a_stranger_of_an_allowed_domain_joins_the_organisation(world, corp):
    make_organisation("Second")
    corp(domains=("northwind.example",), organisation="Northwind")
    client, answer = sign_in("sam@northwind.example")
    assert answer["Location"] == "/"
    membership = Membership.objects.get(person__email="sam@northwind.example")
    assert membership.organisation == world.organisation
    assert not membership.is_administrator
    assert membership.person.name == "Sam Stranger"
    assert client.get("/settings/me/").status_code == 200
    assert Change.objects.filter(name="member.added", subject_label="Sam Stranger").exists()


@pytest.mark.parametrize("login", ["sam@evil.example", "unverified:sam@northwind.example", "sam@sub.northwind.example"])
def test_no_other_stranger_does(world, corp, login):
    corp(domains=("northwind.example",), organisation="Northwind")
    client, answer = sign_in(login)
    assert answer.status_code == 403
    assert not is_in(client)


# Beside other ways in


def test_a_required_second_factor_is_asked_of_them_too(world, corp, cy):
    Organisation.objects.filter(pk=world.organisation.pk).update(second_factor=SecondFactor.EVERYBODY)
    client, _ = sign_in("cy@northwind.example")
    assert client.get("/")["Location"] == "/settings/me/sign-in/"
    corp(asks_second_factor=True)
    client, _ = sign_in("cy@northwind.example")
    assert client.get("/").status_code == 200


def test_the_only_way_in_cannot_be_taken_away(world, corp):
    corp(domains=("northwind.example",), organisation="Northwind")
    client, _ = sign_in("sam@northwind.example")
    row = SocialAccount.objects.get()
    assert "Corp" in client.get("/settings/me/sign-in/").content.decode()
    page = client.post(f"/settings/me/sign-in/providers/{row.pk}/", follow=True).content.decode()
    assert "your only way in" in page
    client.post("/settings/me/sign-in/password/", {"password": "correct-horse-battery"})
    client.post("/sign-in/", {"email": "sam@northwind.example", "password": "correct-horse-battery"})
    again = Client()
    again.post("/sign-in/", {"email": "sam@northwind.example", "password": "correct-horse-battery"})
    again.post(f"/settings/me/sign-in/providers/{row.pk}/")
    assert not SocialAccount.objects.exists()
    assert Change.objects.filter(name="provider.unlinked").exists()


def test_the_link_of_another_is_absent(world, corp, cy):
    sign_in("cy@northwind.example")
    bo = Client()
    bo.force_login(world.people["bo"])
    assert bo.post(f"/settings/me/sign-in/providers/{SocialAccount.objects.get().pk}/").status_code == 404


# Settings

GOOD = {
    "HEADWAY_OIDC_CORP_ISSUER": "https://id.corp.example/",
    "HEADWAY_OIDC_CORP_CLIENT_ID": "headway",
    "HEADWAY_OIDC_CORP_SECRET": "s",
    "HEADWAY_OIDC_CORP_NAME": "Corp login",
    "HEADWAY_OIDC_CORP_DOMAINS": "corp.example, @CORP.example.org",
    "HEADWAY_OIDC_CORP_ORGANISATION": "Northwind",
    "HEADWAY_OIDC_MY_OWN_ISSUER": "http://localhost:9000",
    "HEADWAY_OIDC_MY_OWN_CLIENT_ID": "headway",
    "HEADWAY_OIDC_MY_OWN_SECRET": "s",
}


def test_several_providers_are_read_from_the_environment():
    corp, own = read_providers("corp, my-own", GOOD)
    assert (corp.key, corp.name, corp.issuer) == ("corp", "Corp login", "https://id.corp.example")
    assert corp.domains == ("corp.example", "corp.example.org")
    assert (own.key, own.name, own.domains) == ("my-own", "My-own", ())
    assert read_providers("", {}) == []


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"HEADWAY_OIDC_CORP_SECRET": ""}, "HEADWAY_OIDC_CORP_SECRET is not set"),
        ({"HEADWAY_OIDC_CORP_ISSUER": "http://id.corp.example"}, "must be an https address"),
        ({"HEADWAY_OIDC_CORP_ORGANISATION": ""}, "go together"),
        ({"HEADWAY_OIDC_CORP_TOKEN_AUTH": "magic"}, "client_secret_basic or"),
    ],
)
def test_what_is_wrong_is_named(changes, told):
    with pytest.raises(WrongProvider, match=told):
        read_providers("corp, my-own", GOOD | changes)


def test_a_key_stands_in_an_address():
    with pytest.raises(WrongProvider, match="letters, digits and hyphens"):
        read_providers("a/b", GOOD)
