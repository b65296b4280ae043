"""Ways to sign in, in a real browser with a virtual passkey: at three widths, in both themes, by keyboard."""

import re
import time

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from allauth.socialaccount.models import SocialAccount
from django.contrib.auth.models import AnonymousUser
from django.test import RequestFactory
from playwright.sync_api import expect

from headway.live.models import Change
from headway.people.actions import issue_password_link
from headway.people.models import Person
from headway.people.sign_in.providers import Provider
from headway.people.sign_in.session_store import SessionStore
from headway.web.pending_link import PendingLink, keep
from tests.browser import assert_accessible, ready
from tests.e2e.pages import complaints_about
from tests.world import PASSWORD, World, make_world

pytestmark = pytest.mark.e2e


@pytest.fixture
def world(live) -> World:
    return make_world()


@pytest.fixture
def page(open_page, live):
    """A page under the name localhost: a passkey belongs to a name, never to an address of digits."""
    page = open_page(color_scheme="light", viewport={"width": 1440, "height": 900})
    page.home = live.url.replace("127.0.0.1", "localhost")
    return page


@pytest.fixture
def device(page):
    """A device that makes passkeys, and whose person always agrees."""
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    made = session.send("WebAuthn.addVirtualAuthenticator", {"options": options})

    def agrees(does: bool) -> None:
        session.send("WebAuthn.setUserVerified", {"authenticatorId": made["authenticatorId"], "isUserVerified": does})

    return agrees


def sign_in(page, name: str = "cy") -> None:
    page.goto(page.home + "/sign-in/")
    page.get_by_label("E-mail").fill(f"{name}@northwind.example")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_label("Password").press("Enter")
    expect(page).not_to_have_url(page.home + "/sign-in/")
    ready(page)


def forget(page) -> None:
    """Leave as another browser would come: no page is open that still talks to the server, and no cookie is kept."""
    page.goto("about:blank")
    page.context.clear_cookies()


def add_passkey(page) -> None:
    page.goto(page.home + "/settings/me/sign-in/passkeys/new/")
    page.get_by_label("Name").fill("My laptop")
    page.get_by_role("button", name="Make the passkey").click()
    expect(page.get_by_role("heading", name="Recovery codes")).to_be_visible()


def code_of(secret: str, steps: int = 0) -> str:
    return format_hotp_value(hotp_value(secret, int(time.time()) // 30 + steps))


def test_a_passkey_is_made_and_signs_in_without_a_password(page, device, world):
    sign_in(page)
    expect(page).to_have_url(page.home + "/")
    add_passkey(page)
    page.goto(page.home + "/settings/me/sign-in/")
    expect(page.get_by_role("heading", name="My laptop")).to_be_visible()
    forget(page)
    page.goto(page.home + "/sign-in/?next=/settings/me/")
    page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page).to_have_url(page.home + "/settings/me/")
    assert Authenticator.objects.get(type="webauthn").last_used_at is not None
    assert list(Change.objects.values_list("name", "subject_label")) == [("passkey.added", "Cy Cole: My laptop")]


def test_after_the_password_the_passkey_is_the_second_factor(page, device, world):
    sign_in(page)
    add_passkey(page)
    forget(page)
    sign_in(page)
    expect(page.get_by_role("heading", name="One more proof")).to_be_visible()
    page.get_by_role("button", name="Use a passkey").press("Enter")
    expect(page).to_have_url(page.home + "/")


def test_who_is_not_verified_by_the_device_stays_outside(page, device, world):
    sign_in(page)
    add_passkey(page)
    forget(page)
    device(False)
    page.goto(page.home + "/sign-in/")
    page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page.get_by_text("The browser gave no passkey.")).to_be_visible()
    expect(page).to_have_url(page.home + "/sign-in/")


def test_a_passkey_that_was_taken_away_opens_nothing(page, device, world):
    sign_in(page)
    add_passkey(page)
    page.goto(page.home + "/settings/me/sign-in/")
    page.get_by_label("Change the passkey My laptop").click()
    page.get_by_label("Name").fill("Old laptop")
    page.get_by_role("button", name="Save the name").click()
    page.get_by_label("Change the passkey Old laptop").click()
    page.locator("[value=remove]").click()
    expect(page.get_by_text("no longer opens this account")).to_be_visible()
    forget(page)
    page.goto(page.home + "/sign-in/")
    page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page.get_by_role("status").get_by_text("That passkey is not known here.")).to_be_visible()


def test_a_link_takes_a_passkey_instead_of_a_password(page, device, world):
    cy = world.people["cy"]
    cy.set_unusable_password()
    cy.save()
    token = issue_password_link(cy.memberships.get(), by=world.ana)
    page.goto(f"{page.home}/password/{token}/")
    page.get_by_role("button", name="Use a passkey instead").click()
    expect(page).to_have_url(page.home + "/")
    assert Authenticator.objects.get().user == cy
    page.goto(f"{page.home}/settings/me/sign-in/")
    expect(page.get_by_text("You have none yet; you do not need one.")).to_be_visible()
    forget(page)
    page.goto(page.home + "/sign-in/")
    page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page).to_have_url(page.home + "/")


def test_an_app_is_set_up_and_asked_for(page, world):
    sign_in(page)
    page.goto(page.home + "/settings/me/sign-in/")
    page.get_by_role("link", name="Set up").click()
    expect(page.get_by_role("img", name="QR code for the app")).to_be_visible()
    secret = page.locator("[data-copy]").get_attribute("data-copy")
    page.get_by_label("Code", exact=True).fill(code_of(secret))
    page.get_by_label("Code", exact=True).press("Enter")
    expect(page.get_by_role("heading", name="Recovery codes")).to_be_visible()
    with page.expect_download() as waiting:
        page.get_by_role("link", name="Download").click()
    assert len(re.findall(r"^\d{4} \d{4}$", waiting.value.path().read_text(), re.MULTILINE)) == 10
    forget(page)
    sign_in(page)
    page.get_by_label("Code of your app, or a recovery code").fill(code_of(secret, 1))
    page.get_by_role("button", name="Go on").click()
    expect(page).to_have_url(page.home + "/")


@pytest.mark.parametrize(
    "address",
    ["/settings/me/sign-in/", "/settings/me/sign-in/app/", "/settings/me/sign-in/passkeys/new/", "/settings/sign-in/"],
)
def test_its_pages_are_accessible_and_fit(page, device, world, address):
    sign_in(page, "ana")
    add_passkey(page)
    page.goto(page.home + address)
    assert not complaints_about(page)


def test_so_are_those_that_ask(page, device, world, live):
    sign_in(page, "ana")
    add_passkey(page)
    assert not complaints_about(page)  # the recovery codes
    forget(page)
    for theme in ("light", "dark"):
        page.emulate_media(color_scheme=theme)
        sign_in(page, "ana")
        expect(page.get_by_role("heading", name="One more proof")).to_be_visible()
        assert_accessible(page)
        page.goto(page.home + "/sign-in/")
        assert_accessible(page)
    live.sign_in(page, world.people["cy"])
    page.goto(live.url + "/settings/me/sign-in/confirm/")
    assert not complaints_about(page)


def sign_out(page) -> None:
    page.locator("summary.who").click()
    page.get_by_role("button", name="Sign out").click()
    expect(page).to_have_url(page.home + "/sign-in/")


def with_passkey(page) -> None:
    page.goto(page.home + "/sign-in/")
    page.get_by_role("button", name="Sign in with a passkey").click()


def test_a_passkey_from_its_making_to_its_end(page, device, world):
    sign_in(page)
    add_passkey(page)
    sign_out(page)
    device(False)
    with_passkey(page)
    expect(page.get_by_text("The browser gave no passkey.")).to_be_visible()
    device(True)
    with_passkey(page)
    expect(page).to_have_url(page.home + "/")
    page.goto(page.home + "/settings/me/sign-in/")
    page.get_by_label("Change the passkey My laptop").click()
    page.locator("[value=remove]").click()
    expect(page.get_by_text("no longer opens this account")).to_be_visible()
    sign_out(page)
    with_passkey(page)
    expect(page.get_by_role("status").get_by_text("That passkey is not known here.")).to_be_visible()
    sign_in(page)  # the password is asked for alone again
    expect(page).to_have_url(page.home + "/")
    told = list(Change.objects.order_by("pk").values_list("name", flat=True))
    assert [name for name in told if name.startswith("passkey")] == ["passkey.added", "passkey.removed"]


# A provider that does not sign in to an account yet


@pytest.fixture
def link_waits(page, world, settings):
    """Let Cy be back from a provider, in the page's browser."""
    corp = Provider(key="corp", name="Corp", issuer="https://id.corp.example", client_id="headway", secret="s")
    settings.OIDC_PROVIDERS = [corp]
    request = RequestFactory().get("/")
    request.user, request.session = AnonymousUser(), SessionStore()
    keep(request, PendingLink(corp, world.people["cy"], "uid-of-cy", {}, "/settings/me/"))
    request.session.save()

    def come_back() -> None:
        cookie = {"name": settings.SESSION_COOKIE_NAME, "value": request.session.session_key, "url": page.home}
        page.context.add_cookies([cookie])
        page.goto(page.home + "/sign-in/link/")

    return come_back


def test_a_passkey_proves_whose_account_it_is_and_the_provider_is_linked(page, device, world, link_waits):
    sign_in(page)
    add_passkey(page)
    forget(page)
    link_waits()
    assert not complaints_about(page)
    device(False)
    page.get_by_role("button", name="Use a passkey").click()
    expect(page.get_by_text("The browser gave no passkey.")).to_be_visible()
    assert not SocialAccount.objects.exists()
    device(True)
    page.get_by_role("button", name="Use a passkey").press("Enter")
    expect(page).to_have_url(page.home + "/settings/me/")
    expect(page.get_by_text("Corp is linked")).to_be_visible()
    assert SocialAccount.objects.get().user == world.people["cy"]


def test_the_passkey_of_another_links_nothing(page, device, world, link_waits):
    sign_in(page, "bo")
    add_passkey(page)
    forget(page)
    add_a_passkey_in_the_database(world.people["cy"])
    link_waits()
    page.get_by_role("button", name="Use a passkey").click()
    expect(page.get_by_text("That passkey does not belong to this account.")).to_be_visible()
    assert not SocialAccount.objects.exists()


def add_a_passkey_in_the_database(person) -> None:
    """Give somebody a passkey that lies on another device."""
    Authenticator.objects.create(user=person, type="webauthn", data={"name": "Elsewhere", "credential": {}})


def test_an_administrator_removes_every_way_in(page, device, world):
    sign_in(page, "ana")
    page.goto(page.home + "/settings/members/")
    page.get_by_label("More about Cy Cole").click()
    page.get_by_role("link", name="Remove every way in").click()
    expect(page.get_by_role("heading", name="Remove every way in of Cy Cole")).to_be_visible()
    assert not complaints_about(page)
    page.get_by_role("button", name="Remove every way in").click()
    expect(page.get_by_text("Nobody can sign in as Cy Cole until they prove anew who they are.")).to_be_visible()
    assert not Person.objects.get(pk=world.people["cy"].pk).has_usable_password()
