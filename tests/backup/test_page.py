"""Settings → Export and backup: who gets what, and for how long."""

import datetime as dt
import io
import zipfile
from pathlib import Path

import pytest
from django.core.files.storage import default_storage
from django.test import Client

from headway.backup import actions, tasks
from headway.backup.copy import back_up, backups_in
from headway.backup.models import Daily, Export
from headway.lib import clock
from headway.live.history import undo
from headway.live.models import Change
from headway.people.access import Forbidden
from headway.people.models import Membership
from tests.world import World, make_world

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def world() -> World:
    return make_world()


def signed_in(world: World, name: str) -> Client:
    client = Client()
    client.force_login(world.people[name], backend="django.contrib.auth.backends.ModelBackend")
    return client


def test_an_administrator_gets_the_export_of_their_organisation_and_nothing_else(world: World) -> None:
    ana = signed_in(world, "ana")
    assert b"Make an export" in ana.get("/settings/export/").content
    ana.post("/settings/export/", {"do": "export"})
    export = Export.objects.get()
    assert export.state == Export.State.READY
    assert b"Download" in ana.get("/settings/export/").content
    answer = ana.get(f"/settings/export/{export.pk}/headway.zip")
    assert answer["Cache-Control"] == "private, no-store"
    with zipfile.ZipFile(io.BytesIO(b"".join(answer.streaming_content))) as file:
        text = b"".join(file.read(name) for name in file.namelist()).decode()
    assert "Northwind" in text
    assert "Ana Abel" in text
    for foreign in ("Elsewhere", "Eve Eder", "EEL", "md5$"):
        assert foreign not in text
    assert Change.objects.filter(name="export.asked", subject_id=export.pk).count() == 1


def test_it_is_for_nobody_but_its_maker(world: World) -> None:
    export = actions.ask_for_export(world.organisation, by=world.ana)
    Membership.objects.filter(person=world.people["bo"]).update(is_administrator=True)
    for name, status in [("bo", 404), ("cy", 403), ("di", 403), ("eve", 404)]:
        assert signed_in(world, name).get(f"/settings/export/{export.pk}/headway.zip").status_code == status
        assert signed_in(world, name).post(f"/settings/export/{export.pk}/delete/").status_code in {403, 404}
    with pytest.raises(Forbidden):
        actions.ask_for_export(world.organisation, by=world.di)
    assert signed_in(world, "di").get("/settings/export/").status_code == 403


def test_its_file_goes_after_a_day_or_before(world: World) -> None:
    export = actions.ask_for_export(world.organisation, by=world.ana)
    export.refresh_from_db()
    path = Path(default_storage.path(export.stored_as))
    assert path.exists()
    assert actions.forget_old() == 0
    Export.objects.update(created_at=clock.now() - dt.timedelta(hours=25))
    assert signed_in(world, "ana").get(f"/settings/export/{export.pk}/headway.zip").status_code == 404
    assert actions.forget_old() == 1
    assert not path.exists()

    again = actions.ask_for_export(world.organisation, by=world.ana)
    signed_in(world, "ana").post(f"/settings/export/{again.pk}/delete/")
    assert not Export.objects.exists()


def test_the_daily_backup_is_for_who_administers_all_of_it(world: World, tmp_path: Path, settings: object) -> None:
    settings.BACKUP_FOLDER = tmp_path / "kept"  # type: ignore[attr-defined]
    ana = signed_in(world, "ana")
    assert b"Several organisations" in ana.get("/settings/export/").content
    assert ana.post("/settings/export/daily/", {"daily": "on"}).status_code == 403
    Membership.objects.create(
        organisation=world.other_team.organisation,
        person=world.people["ana"],
        is_administrator=True,
        joined_at=clock.now(),
    )
    ana.post("/settings/export/daily/", {"daily": "on"})
    assert Daily.objects.get().is_on
    tasks.daily_backup.func()
    daily = Daily.objects.get()
    assert daily.error == ""
    assert [str(found.path) for found in backups_in(tmp_path / "kept")] == [daily.path]
    assert b"checked" in ana.get("/settings/export/").content
    undo(Change.objects.get(name="daily_backup.switched"), by=world.ana)
    assert not Daily.objects.get().is_on


def test_a_failed_backup_is_told(world: World, tmp_path: Path, settings: object) -> None:
    (tmp_path / "file").write_text("in the way")
    settings.BACKUP_FOLDER = tmp_path / "file" / "kept"  # type: ignore[attr-defined]
    Daily.objects.create(pk=1, is_on=True)
    tasks.daily_backup.func()
    assert Daily.objects.get().error
    assert Daily.objects.get().made_at is None


def test_only_the_newest_stay_and_nothing_else_is_touched(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "letters.zip").write_text("mine")
    (tmp_path / ".headway-2026-01-01-000000.backup.zip.77.part").write_text("broken off just now")
    start = clock.now()
    for day in range(4):
        monkeypatch.setattr(clock, "now", lambda day=day: start + dt.timedelta(days=day))
        back_up(tmp_path, keep=2)
    assert len(backups_in(tmp_path)) == 2
    assert backups_in(tmp_path)[0].made_at.date() == (start + dt.timedelta(days=3)).date()
    assert (tmp_path / "letters.zip").exists()
    assert not list(tmp_path.glob("*.part"))
