"""Doors that must stay shut in a browser."""

import asyncio
import csv
import io
import json
import os
import zipfile
from pathlib import Path
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler
from django.http import HttpResponse
from django.test import Client

from headway.backup.archive import Writer, new_file
from headway.demo import actions as demo
from headway.lib import clock
from headway.live.hub import Changes, changes_after, last_id
from headway.people import actions
from headway.people.actor import system_actor
from headway.people.holiday_files import NoHolidays, read_holidays
from headway.people.member_table import NotATable, plan_members
from headway.people.models import Role, SecondFactor
from headway.people.sign_in.providers import Provider
from headway.scrum.actions import create_item
from headway.sync.listing import rows_done
from headway.sync.models import Import, ImportedRow
from headway.web.streams import Desk, Stream
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
    world.organisation.second_factor = SecondFactor.EVERYBODY
    world.organisation.save()
    one, other = signed_in("cy"), signed_in("cy")
    row = Authenticator.objects.create(user=world.people["cy"], type=Authenticator.Type.TOTP, data={"secret": "x"})
    assert one.get("/").status_code == other.get("/").status_code == 200
    assert one.post("/settings/me/sign-in/app/remove/").status_code == 302
    assert not Authenticator.objects.filter(pk=row.pk).exists()
    assert other.get("/").status_code == 302
    assert one.get("/").status_code == 302


def test_a_stream_ends_when_rights_change_hands(world: World) -> None:
    """Each stream asks again at once, and is judged anew."""
    before = last_id(world.organisation.pk)
    cy, bo = world.people["cy"], world.people["bo"]
    actions.hand_over_role(world.team, Role.DEVELOPER, giver=cy, to=bo, by=world.ana)
    assert ends_streams(changes_after(world.organisation.pk, before))
    before = last_id(world.organisation.pk)
    actions.import_members(world.organisation, f"email,team,role\n{cy.email},ANT,dev", by=world.ana)
    assert ends_streams(changes_after(world.organisation.pk, before))
    before = last_id(world.organisation.pk)
    create_item(world.team, by=world.cy, title="Another")
    assert not ends_streams(changes_after(world.organisation.pk, before))


def ends_streams(changes: Changes) -> bool:
    """Say whether these Changes end the stream of somebody of the team."""
    watch = signed_in("cy").get("/live/").watch  # type: ignore[attr-defined]

    async def tell() -> bool:
        desk, stream = Desk(WSGIHandler()), Stream(watch, packs=False)
        desk._streams[stream] = None
        desk._take(changes)
        return stream.is_ended

    return asyncio.run(tell())


@pytest.mark.parametrize(
    ("who", "length", "status"), [(None, 2 * 2**20, 413), ("cy", 2 * 2**20, 404), ("cy", 2**40, 413)]
)
def test_a_body_that_is_too_large_is_not_read(world: World, who: str | None, length: int, status: int) -> None:
    client = signed_in(who) if who else Client(enforce_csrf_checks=True)
    answer = client.post("/t/NONE/import/", {"kind": "x"}, CONTENT_LENGTH=str(length))
    assert answer.status_code == status
    assert ("_read_started" in vars(answer.wsgi_request) and answer.wsgi_request._read_started) is False


def test_a_calendar_of_events_without_an_end_is_read_quickly() -> None:
    """Each event was once looked for to the end of the text: minutes for what anybody may paste."""
    assert len(read_holidays("BEGIN:VEVENT\nDTSTART:20261225\n" * 30_000)) == 2_000


def test_a_cell_that_is_too_long_is_told_and_breaks_nothing(world: World, request: Any) -> None:
    usual = csv.field_size_limit(100_000)
    request.addfinalizer(lambda: csv.field_size_limit(usual))
    with pytest.raises(NotATable):
        plan_members(world.organisation, "email," + "x" * 200_000 + "\na@b.example,")
    with pytest.raises(NoHolidays):
        read_holidays('2026-12-25,"' + "x" * 200_000)


def test_a_backup_is_for_this_account_alone(tmp_path: Path) -> None:
    usual = os.umask(0)
    try:
        with new_file(tmp_path / "all.zip") as part, Writer(part) as writer:
            writer.add("people.jsonl", [b"{}"])
            assert part.stat().st_mode & 0o077 == 0
    finally:
        os.umask(usual)
    assert (tmp_path / "all.zip").stat().st_mode & 0o077 == 0
