"""What every kind of answer tells a browser: a page, a file, an export, a stream, an error."""

import json
from typing import Any

import pytest
from django.http import HttpRequest
from django.test import Client, override_settings

from tests.world import World, make_item, make_world

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> World:
    world = make_world()
    make_item(world.team)
    return world


@pytest.fixture
def bo(world: World) -> Client:
    client = Client(raise_request_exception=False)
    client.force_login(world.people["bo"])
    return client


PLACES = {
    "page": "/",
    "sign-in": "/sign-in/",
    "file to keep": "/t/ANT/report.csv",
    "JSON": "/t/ANT/report.json",
    "palette": "/search/?q=x",
    "redirect": "/settings",
    "missing": "/nowhere/",
    "probe": "/readyz",
    "refused": "/settings/organisation/",
}


@pytest.mark.parametrize("address", PLACES.values(), ids=PLACES)
def test_every_answer_says_what_a_browser_may_do_with_it(bo: Client, address: str) -> None:
    headers = bo.get(address).headers
    policy = dict(part.split(" ", 1) for part in headers["Content-Security-Policy"].split("; "))
    assert policy["default-src"] == "'none'"
    assert policy["frame-ancestors"] == "'none'"
    assert policy["base-uri"] == "'none'"
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert "geolocation=()" in headers["Permissions-Policy"]
    assert "private" in headers["Cache-Control"] or "no-store" in headers["Cache-Control"]
    assert "Server" not in headers
    assert "Strict-Transport-Security" not in headers


def test_a_page_that_failed_says_so_too(bo: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(request: HttpRequest) -> None:
        raise RuntimeError

    monkeypatch.setattr("headway.web.middleware.attach_actor", fail)
    answer = bo.get("/")
    assert answer.status_code == 500
    assert "default-src 'none'" in answer["Content-Security-Policy"]
    assert answer["X-Content-Type-Options"] == "nosniff"


def test_a_file_to_keep_is_never_shown_as_a_page(bo: Client) -> None:
    for suffix, kind in [("csv", "text/csv"), ("json", "application/json"), ("md", "text/markdown")]:
        answer = bo.get(f"/t/ANT/report.{suffix}")
        assert answer.status_code == 200
        assert answer["Content-Type"].startswith(kind)
        disposition = answer["Content-Disposition"]
        assert disposition.startswith("attachment; filename")
        assert not set(disposition) & set("\r\n\\")


def test_static_files_may_be_kept_and_are_not_guessed_at(client: Client, settings: Any) -> None:
    with override_settings(WHITENOISE_USE_FINDERS=True, WHITENOISE_AUTOREFRESH=True):
        answer = Client().get("/static/css/headway.css")
    assert answer.status_code == 200
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Type"].startswith("text/css")
    assert "Set-Cookie" not in answer


def test_strict_transport_security_comes_with_tls_only(bo: Client) -> None:
    with override_settings(SECURE_HSTS_SECONDS=31_536_000, SECURE_PROXY_SSL_HEADER=("HTTP_X_FORWARDED_PROTO", "https")):
        client = Client()
        assert "Strict-Transport-Security" not in client.get("/sign-in/")
        over_tls = client.get("/sign-in/", headers={"x-forwarded-proto": "https"})
    assert over_tls["Strict-Transport-Security"] == "max-age=31536000"


def test_json_answers_are_json(bo: Client) -> None:
    answer = bo.get("/t/ANT/report.json")
    assert answer["Content-Type"].startswith("application/json")
    json.loads(answer.content)
