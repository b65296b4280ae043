"""Sign-in with OpenID Connect, against a certified provider that runs beside the tests (tests/oidc)."""

import fcntl
import hashlib
import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urljoin, urlsplit

import pytest
import requests
from allauth.socialaccount.models import SocialAccount
from django.test import Client

from headway.live.models import Change
from headway.people.actions import deactivate_member
from headway.people.models import Membership, Organisation, Person, SecondFactor
from headway.people.sign_in.providers import Provider, WrongProvider, read_providers
from tests.world import World, make_organisation, make_world

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
        answer = browser.request(method, address, data=data, allow_redirects=False, timeout=20)
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


# In


def test_a_member_with_a_verified_address_comes_in(world, corp):
    client, answer = sign_in("Cy@northwind.example")
    assert answer["Location"] == "/"
    assert client.session["_auth_user_id"] == str(world.people["cy"].pk)
    assert client.get("/settings/me/").status_code == 200
    assert SocialAccount.objects.get().user == world.people["cy"]
    assert Change.objects.get(name="provider.linked").subject_label == "Cy Cole: Corp"
    assert world.people["cy"].check_password("a-long-enough-password")
    assert Person.objects.get(pk=world.people["cy"].pk).has_usable_password()  # the other way in stays


def test_the_second_time_the_link_is_there(world, corp):
    sign_in("cy@northwind.example")
    client, answer = sign_in("cy@northwind.example")
    assert answer["Location"] == "/"
    assert is_in(client)
    assert SocialAccount.objects.count() == 1
    assert Change.objects.filter(name="provider.linked").count() == 1


def test_one_goes_on_to_where_one_wanted(world, corp):
    _, answer = sign_in("cy@northwind.example", next="/settings/me/")
    assert answer["Location"] == "/settings/me/"


@pytest.mark.parametrize("away", ["https://evil.example/", "//evil.example/"])
def test_one_is_never_sent_to_a_foreign_place(world, corp, away):
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


def test_an_answer_is_good_once(world, corp):
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


def test_who_is_deactivated_stays_outside(world, corp):
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


def test_a_required_second_factor_is_asked_of_them_too(world, corp):
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


def test_the_link_of_another_is_absent(world, corp):
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
