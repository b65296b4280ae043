"""Doors that must stay shut in a browser."""

import io
import json
import zipfile
from typing import Any

import pytest
from django.conf import settings
from django.http import HttpResponse
from django.test import Client

from headway.demo import actions as demo
from headway.lib import clock
from headway.people.actor import system_actor
from headway.people.sign_in.providers import Provider
from headway.sync.listing import rows_done
from headway.sync.models import Import, ImportedRow
from tests.world import PASSWORD, World, make_world

pytestmark = pytest.mark.django_db
CORP = Provider("corp", "Corp", "https://corp.example", "headway", "secret", asks_second_factor=True)


@pytest.fixture
def world() -> World:
    return make_world()


def signed_in(name: str) -> Client:
    client = Client()
    assert client.post("/sign-in/", {"email": f"{name}@northwind.example", "password": PASSWORD}).status_code == 302
    return client


def test_an_answer_that_no_provider_gave_is_no_second_factor(world: World, monkeypatch: Any) -> None:
    monkeypatch.setattr(settings, "OIDC_PROVIDERS", [CORP])
    monkeypatch.setattr(
        "allauth.socialaccount.providers.openid_connect.views.callback", lambda *given: HttpResponse(status=403)
    )
    client = signed_in("cy")
    assert client.get("/sign-in/with/corp/back/").status_code == 403
    assert "second_factor" not in client.session


def test_a_page_of_ours_with_a_strange_path_leads_nowhere_else(world: World) -> None:
    client = signed_in("cy")
    for header in ("HTTP_REFERER", "HTTP_HX_CURRENT_URL"):
        answer = client.post("/theme/", {"theme": "dark"}, **{header: "http://testserver//evil.example/x"})
        assert not answer["Location"].startswith("//")


def test_a_visitor_of_the_demonstration_takes_no_others_addresses_along() -> None:
    demo.load(by=system_actor(None))
    Client(REMOTE_ADDR="192.0.2.44").post("/demo/", {"part": "developer"})
    second = Client()
    second.post("/demo/", {"part": "developer"})
    answer = second.post("/settings/me/data.zip")
    document = zipfile.ZipFile(io.BytesIO(answer.content)).read("data.json").decode()
    assert "192.0.2.44" not in document
    assert json.loads(document)["held"]


def test_the_rows_of_an_import_hold_no_formula(world: World) -> None:
    run = Import.objects.create(
        organisation=world.organisation,
        team=world.team,
        provider="csv",
        created_at=clock.now(),
        skipped=[{"line": 3, "key": "@b", "reason": "+c"}],
    )
    before, after = {"fields": {"size": 1.0, "title": "=old"}}, {"fields": {"size": -2.0, "title": "\tnew"}}
    what = {"what": "changed", "before": before, "after": after}
    ImportedRow.objects.create(run=run, line=2, key="-a", title="=HYPERLINK()", **what)
    made = sorted(rows_done(run))
    assert made == [
        ("2", "'-a", "'=HYPERLINK()", "changed", "size", "1.0", "-2.0", ""),
        ("2", "'-a", "'=HYPERLINK()", "changed", "title", "'=old", "'\tnew", ""),
        ("3", "'@b", "", "skipped", "", "", "", "'+c"),
    ]


def test_a_factor_taken_away_in_one_browser_is_missed_in_the_other(world: World) -> None:
    from allauth.mfa.models import Authenticator

    from headway.people.models import SecondFactor

    world.organisation.second_factor = SecondFactor.EVERYBODY
    world.organisation.save()
    one, other = signed_in("cy"), signed_in("cy")
    row = Authenticator.objects.create(user=world.people["cy"], type=Authenticator.Type.TOTP, data={"secret": "x"})
    assert one.get("/").status_code == other.get("/").status_code == 200
    assert one.post("/settings/me/sign-in/app/remove/").status_code == 302
    assert not Authenticator.objects.filter(pk=row.pk).exists()
    assert other.get("/").status_code == 302
    assert one.get("/").status_code == 302
