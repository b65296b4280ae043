"""`headway doctor`: each thing is broken, and the finding says so; a healthy installation has none."""

import datetime as dt
import json
import shutil
import sqlite3
from collections import namedtuple
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.db import DatabaseError, connection
from django.db.migrations.recorder import MigrationRecorder
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from headway.backup.models import Daily
from headway.lib import clock
from headway.lib.metrics import REGISTRY
from headway.live.models import Change
from headway.operations import doctor, readiness
from headway.people.models import Membership, Organisation
from headway.search.index import drop_triggers
from tests.installation import Installation
from tests.world import World, make_item, make_world

pytestmark = pytest.mark.django_db


@pytest.fixture
def healthy(tmp_path: Path, settings: Any) -> World:
    """An installation with nothing wrong."""
    tmp_path.chmod(0o700)
    settings.DATA_DIR = tmp_path
    settings.STATIC_ROOT = tmp_path / "static"
    REGISTRY.forget()
    Daily.objects.update_or_create(pk=1, defaults={"is_on": True, "made_at": clock.now(), "error": ""})
    return make_world()


def found(**environment: str) -> dict[str, doctor.Finding]:
    return {finding.code: finding for finding in doctor.examine(environment)}


def wrong(**environment: str) -> set[str]:
    return {code for code, finding in found(**environment).items() if not finding.is_advice}


def advice(**environment: str) -> set[str]:
    return {code for code, finding in found(**environment).items() if finding.is_advice}


def test_a_healthy_installation_has_no_finding(healthy: World) -> None:
    assert found() == {}


def test_settings_are_looked_at(healthy: World, settings: Any) -> None:
    assert wrong(HEADWAY_HOSTS="*") == {"any-host"}
    assert advice(HEADWAY_TLS="1") == {"tls-without-host"}
    settings.DEBUG = True
    assert advice() == {"debug-is-on"}


def test_every_finding_says_what_why_and_what_to_do(healthy: World, tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    Membership.objects.update(is_administrator=False)
    findings = doctor.examine({"HEADWAY_HOSTS": "*"})
    assert len(findings) >= 3
    for finding in findings:
        assert finding.what.endswith((".", ")."))
        assert finding.why.endswith(".")
        assert finding.remedy


# The machine


def test_a_folder_that_is_missing_or_open(healthy: World, tmp_path: Path, settings: Any) -> None:
    (tmp_path / "secret.key").write_text("x" * 64)
    (tmp_path / "secret.key").chmod(0o604)
    assert wrong() == {"folder-is-open"}
    (tmp_path / "secret.key").chmod(0o640)
    assert advice() == {"secret-for-group"}
    (tmp_path / "secret.key").write_text("short")
    (tmp_path / "secret.key").chmod(0o600)
    assert wrong() == {"weak-secret"}
    settings.DATA_DIR = tmp_path / "nowhere"
    assert "folder-not-writable" in wrong()


def test_a_file_system_over_the_network(healthy: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mounts = tmp_path / "mounts"
    mounts.write_text(f"/dev/sda / ext4 rw 0 0\nserver:/x {tmp_path} nfs4 rw 0 0\nproc /proc proc rw 0 0\n")
    assert doctor.file_system_of(tmp_path, mounts) == "nfs4"
    assert doctor.file_system_of(Path("/etc"), mounts) == "ext4"
    assert doctor.file_system_of(tmp_path, tmp_path / "none") == ""
    monkeypatch.setattr(doctor, "file_system_of", lambda folder: "nfs4")
    assert wrong() == ({"sqlite-over-a-network"} if connection.vendor == "sqlite" else set())


def test_little_space(healthy: World, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(1, 1, 500 * 2**20))
    assert advice() == {"little-space"}
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(1, 1, 50 * 2**20))
    assert wrong() == {"little-space"}


def test_an_old_sqlite(healthy: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite3, "sqlite_version_info", (3, 8, 0))
    assert wrong() == {"sqlite-too-old"}


# The database


def test_a_database_that_does_not_answer(healthy: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> None:
        raise DatabaseError("could not connect\nto server")

    monkeypatch.setattr(doctor.connection, "cursor", fail)
    (finding,) = doctor.examine({})
    assert finding.code == "database-unreachable"
    assert "could not connect" in finding.what


def answering(monkeypatch: pytest.MonkeyPatch, **answers: Any) -> None:
    """Let a question to the database that begins with one of `answers` (_ for a space) be answered otherwise."""
    really = doctor._all

    def ask(query: str) -> list[tuple[Any, ...]]:
        for start, rows in answers.items():
            if query.startswith(start.replace("_", " ", 1)):
                if isinstance(rows, Exception):
                    raise rows
                return list(rows)
        return really(query)

    monkeypatch.setattr(doctor, "_all", ask)


@pytest.mark.skipif("connection.vendor != 'sqlite'", reason="of SQLite")
def test_sqlite_without_its_log_damaged_or_with_orphans(healthy: World, monkeypatch: pytest.MonkeyPatch) -> None:
    answering(monkeypatch, PRAGMA_journal=[("delete",)])
    assert wrong() == {"sqlite-without-wal"}
    answering(monkeypatch, PRAGMA_journal=[("wal",)], PRAGMA_quick=[("*** in database main ***\nTree 2",)])
    assert "database-damaged" in wrong()
    answering(monkeypatch, PRAGMA_quick=DatabaseError("database disk image is malformed"))
    assert "database-damaged" in wrong()
    answering(monkeypatch, PRAGMA_quick=[("ok",)], PRAGMA_foreign=[("scrum_item", 1, "people_team", 0)])
    assert wrong() == {"rows-without-their-owner"}


@pytest.mark.skipif("connection.vendor != 'postgresql'", reason="of PostgreSQL")
def test_postgresql_too_old_read_only_or_with_a_broken_index(healthy: World, monkeypatch: pytest.MonkeyPatch) -> None:
    answering(monkeypatch, SHOW_server_version=[("130005",)])
    assert wrong() == {"postgresql-too-old"}
    answering(monkeypatch, SHOW_server_version=[("170001",)], SHOW_server_encoding=[("SQL_ASCII",)])
    assert wrong() == {"database-not-utf8"}
    answering(monkeypatch, SHOW_server_encoding=[("UTF8",)], SHOW_default=[("on",)])
    assert wrong() == {"database-read-only"}
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'change_by_team'::regclass RETURNING 1"
        )
    answering(monkeypatch, SHOW_default=[("off",)])
    assert wrong() == {"index-invalid"}


def test_a_database_of_another_version(healthy: World) -> None:
    recorder = MigrationRecorder(connection)
    recorder.record_applied("people", "9999_of_the_future")
    assert wrong() == {"database-is-newer"}
    MigrationRecorder.Migration.objects.filter(name="9999_of_the_future").delete()
    recorder.record_unapplied("search", "0001_initial")
    assert wrong() == {"migrations-pending"}


def test_clocks_that_are_wrong(healthy: World, monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    Change.objects.create(name="a.b", subject_type="x", subject_id=1, at=clock.now() + dt.timedelta(hours=3))
    assert wrong() == {"clock-went-back"}
    Change.objects.all().delete()
    if connection.vendor == "postgresql":
        now = timezone.now() + dt.timedelta(minutes=1)
        answering(monkeypatch, SELECT_clock_timestamp=[(now,)])
        assert wrong() == {"clocks-differ"}
        return
    settings.TIME_ZONE = "Nowhere/Land"
    assert "time-zones-missing" in wrong()


def test_a_search_index_out_of_step(healthy: World) -> None:
    make_item(healthy.team)
    assert wrong() == set()
    drop_triggers(connection)
    assert wrong() == {"search-out-of-step"}


# What runs


def test_a_server_without_its_worker(healthy: World, tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "serve-a.json").write_text("{}")
    assert wrong() == {"no-worker"}
    (tmp_path / "run" / "worker-a.json").write_text("{}")
    assert wrong() == set()


def make_task(status: str, **fields: Any) -> None:
    now = clock.now()
    fields = {"enqueued_at": now, "started_at": now, "finished_at": now, "run_after": now} | fields
    DBTaskResult.objects.create(
        id=uuid4(),
        status=status,
        args_kwargs={"args": [], "kwargs": {}},
        task_path="tests.tasks.touch",
        priority=0,
        queue_name="default",
        backend_name="default",
        exception_class_path="",
        traceback="",
        **fields,
    )
    DBTaskResult.objects.update(**{name: value for name, value in fields.items() if name == "enqueued_at"})


def test_tasks_that_wait_hang_or_failed(healthy: World) -> None:
    now = clock.now()
    make_task("READY", enqueued_at=now - dt.timedelta(minutes=5), run_after=now - dt.timedelta(minutes=5))
    assert found() == {}
    DBTaskResult.objects.all().delete()
    make_task("READY", enqueued_at=now - dt.timedelta(minutes=11), run_after=now - dt.timedelta(minutes=11))
    assert wrong() == {"tasks-wait"}
    DBTaskResult.objects.all().delete()
    make_task("RUNNING", started_at=now - dt.timedelta(hours=7))
    assert wrong() == {"tasks-stuck"}
    DBTaskResult.objects.all().delete()
    make_task("FAILED")
    assert advice() == {"tasks-failed"}


def test_static_files_that_are_gone(healthy: World, tmp_path: Path) -> None:
    static = tmp_path / "static"
    static.mkdir()
    assert wrong() == {"static-files-missing"}
    (static / "staticfiles.json").write_text(json.dumps({"paths": {"a.css": "a.0.css"}}))
    assert "a.0.css" in found()["static-files-missing"].what
    (static / "a.0.css").write_text("")
    assert wrong() == set()


@pytest.mark.parametrize(
    ("reason", "code"), [("without_tls", "proxy-says-no-tls"), ("host", "unknown-hosts"), ("origin", "unknown-origins")]
)
def test_a_proxy_that_does_not_fit_the_settings(healthy: World, reason: str, code: str) -> None:
    REGISTRY.count("headway_requests_refused_total", labels=(("reason", reason),))
    assert advice() == {code}
    REGISTRY.forget()


def test_requests_show_what_the_proxy_lacks(healthy: World, client: Any, settings: Any) -> None:
    settings.BEHIND_TLS = True
    assert client.get("/sign-in/", headers={"host": "other.example"}).status_code == 400
    assert client.get("/healthz").status_code == 200
    assert advice() == {"unknown-hosts", "proxy-says-no-tls"}
    assert "2 requests came without" not in found()["proxy-says-no-tls"].what  # a probe comes past the proxy
    REGISTRY.forget()


# What it holds


def test_an_organisation_without_an_administrator(healthy: World) -> None:
    person = healthy.people["ana"]
    person.is_active = False
    person.save()
    assert wrong() == {"no-administrator"}
    assert str(healthy.organisation.pk) in found()["no-administrator"].what
    assert "Northwind" not in found()["no-administrator"].what
    Organisation.objects.update(is_demonstration=True)
    assert wrong() == set()


def test_an_organisation_in_no_time_zone(healthy: World) -> None:
    Organisation.objects.filter(pk=healthy.organisation.pk).update(time_zone="Mars/Olympus")
    assert wrong() == {"time-zone-unknown"}


def test_backups_that_are_not_made(healthy: World) -> None:
    Daily.objects.update(error="No space left on device")
    assert wrong() == {"backup-failed"}
    Daily.objects.update(error="", made_at=clock.now() - dt.timedelta(days=3))
    assert wrong() == {"backup-is-old"}
    Daily.objects.update(is_on=False)
    assert advice() == {"no-daily-backup"}
    Daily.objects.all().delete()
    assert advice() == {"no-daily-backup"}
    Organisation.objects.update(is_demonstration=True)
    assert found() == {}


# On the command line


def test_the_command_says_it_and_its_exit_code_too(installation: Installation, tmp_path: Path) -> None:
    installation.start().stop()
    well = installation.run("doctor", "--json")
    document = json.loads(well.stdout)
    assert well.returncode == 0, document
    assert document["well"] is True
    (tmp_path / "data").chmod(0o755)
    sick = installation.run("doctor")
    assert sick.returncode == 1
    assert "folder-is-open" in sick.stdout
    told = json.loads(installation.run("doctor", "--json").stdout)
    assert told["well"] is False
    (finding,) = [one for one in told["findings"] if one["level"] == "wrong"]
    assert set(finding) == {"code", "level", "what", "why", "do"}


def test_the_command_mends_the_search_index(installation: Installation, tmp_path: Path) -> None:
    installation.start().stop()
    installation.python(
        "from django.db import connection\nfrom headway.search.index import drop_triggers\ndrop_triggers(connection)"
    )
    assert "search-out-of-step" in installation.run("doctor").stdout
    mended = installation.run("doctor", "--mend-search")
    assert mended.returncode == 0, mended.stdout
    assert "search-out-of-step" not in mended.stdout


def test_readiness_and_doctor_agree_on_what_full_means() -> None:
    assert doctor.SPACE_IS_SCARCE_BELOW > readiness.SMALLEST_SPACE
