"""OKRs brought in by the browser: upload, preview, import, undo."""

import pytest
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from headway.okr.models import Cycle, KeyResult
from headway.sync.models import Import
from tests.world import World, make_world

UPLOAD = "/t/ANT/okrs/import/"
MARKDOWN = (
    b"# OKRs 2026 Q3\n\n## Bread is warm\n\n- Share of warm loaves from 40 % to 80 %\n- [Old](https://example.org)\n"
)


@pytest.fixture
def world(db: None) -> World:
    return make_world()


def signed_in(world: World, name: str) -> Client:
    client = Client()
    client.force_login(world.people[name])
    return client


def upload(client: Client, text: bytes = MARKDOWN, name: str = "okrs.md") -> str:
    response = client.post(UPLOAD, {"file": SimpleUploadedFile(name, text)})
    assert response.status_code == 302
    return str(response["Location"])


def test_a_file_is_looked_at_imported_and_taken_back(world: World) -> None:
    client = signed_in(world, "bo")
    address = upload(client)
    page = client.get(address).content.decode()
    for shown in ("Bread is warm", "Share of warm loaves", "Q3 2026", "Only a link", "Import 1 Key Results"):
        assert shown in page
    assert not KeyResult.objects.filter(title__startswith="Share of warm").exists()

    client.post(address)
    run = Import.objects.get()
    assert (run.state, run.by, run.stored_as) == ("done", world.people["bo"], "")
    assert KeyResult.objects.get(title__startswith="Share of warm").target == 80
    assert "Take it back" in client.get(address).content.decode()

    client.post(f"{address}undo/")
    assert not KeyResult.objects.filter(title__startswith="Share of warm").exists()
    assert not Cycle.objects.filter(name="Q3 2026").exists()
    assert "gone again" in client.get(address).content.decode()
    assert client.post(f"{address}undo/").status_code == 302  # told in a toast


def test_the_cycle_can_be_said(world: World) -> None:
    client = signed_in(world, "bo")
    address = upload(client)
    assert "This quarter" in client.get(f"{address}?cycle=This+quarter").content.decode()
    response = client.get(f"{address}?cycle=nonsense")
    assert response.status_code == 422
    assert "There is no cycle" in response.content.decode()
    client.post(address, {"cycle": "This quarter"})
    assert KeyResult.objects.get(title__startswith="Share of warm").objective.cycle == world.cycle


def test_the_same_file_again_says_that_nothing_changed(world: World) -> None:
    client = signed_in(world, "bo")
    client.post(upload(client))
    again = upload(client)
    assert "Nothing changes" in client.get(again).content.decode()
    client.post(again)
    assert "The same file again: nothing changed" in client.get(again).content.decode()


def test_a_file_that_is_none_is_refused_whole_and_not_kept(world: World) -> None:
    client = signed_in(world, "bo")
    response = client.post(UPLOAD, {"file": SimpleUploadedFile("okrs.md", b"Only words.\n")})
    assert response.status_code == 422
    assert "No Key Result was found" in response.content.decode()
    assert client.post(UPLOAD, {}).status_code == 422
    assert not Import.objects.exists()


def test_an_upload_can_be_dropped(world: World) -> None:
    client = signed_in(world, "bo")
    address = upload(client)
    stored = Import.objects.get().stored_as
    assert default_storage.exists(stored)
    client.post(f"{address}undo/")
    assert not default_storage.exists(stored)
    assert client.get(address).status_code == 404


def test_only_those_who_write_okrs_and_never_strangers(world: World) -> None:
    address = upload(signed_in(world, "bo"))
    for name, status in [("cy", 403), ("di", 403), ("eve", 404)]:
        client = signed_in(world, name)
        assert client.get(UPLOAD).status_code == status
        assert client.get(address).status_code == status
        assert client.post(address).status_code == status
        assert client.post(f"{address}undo/").status_code == status
