"""`/healthz` and `/readyz`: what a supervisor and a load balancer are told."""

import json
import os
import shutil
import time
from collections import namedtuple
from pathlib import Path

import pytest
from django.db import DatabaseError, connection
from django.db.migrations.recorder import MigrationRecorder
from django.test import Client

from headway.operations import readiness
from tests.installation import Installation


@pytest.fixture
def ready(tmp_path: Path, settings: object) -> Path:
    """An installation that lacks nothing."""
    settings.DATA_DIR = tmp_path  # type: ignore[attr-defined]
    worker = tmp_path / "run" / "worker-a.json"
    worker.parent.mkdir()
    worker.write_text("{}")
    return tmp_path


def asked(client: Client) -> tuple[int, dict[str, str]]:
    answer = client.get("/readyz")
    document = json.loads(answer.content)
    assert document["ready"] is (answer.status_code == 200)
    assert answer["Cache-Control"] == "no-store"
    return answer.status_code, document["checks"]


def test_it_runs_whatever_the_database_does(client: Client) -> None:
    """No database is asked: this test has none."""
    for address in ("/healthz", "/healthz/"):
        answer = client.get(address)
        assert (answer.status_code, answer.content) == (200, b"ok\n")


@pytest.mark.django_db
def test_it_is_asked_by_address_and_not_by_name(client: Client, ready: Path) -> None:
    for address in ("/healthz", "/readyz"):
        assert client.get(address, headers={"host": "10.2.3.4:8000"}).status_code == 200
    assert client.get("/sign-in/", headers={"host": "10.2.3.4:8000"}).status_code == 400


@pytest.mark.django_db
def test_it_is_ready_when_nothing_is_missing(client: Client, ready: Path) -> None:
    assert asked(client) == (200, {"database": "ok", "migrations": "ok", "worker": "ok", "disk": "ok"})


@pytest.mark.django_db
def test_a_database_that_does_not_answer(client: Client, ready: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> None:
        raise DatabaseError("password of zebrafish")

    monkeypatch.setattr("headway.operations.readiness.connection.cursor", fail)
    status, checks = asked(client)
    assert status == 503
    assert checks == {"database": "the database does not answer", "worker": "ok", "disk": "ok"}


@pytest.mark.django_db
def test_migrations_that_are_missing_or_of_a_newer_version(client: Client, ready: Path) -> None:
    recorder = MigrationRecorder(connection)
    recorder.record_unapplied("people", "0001_initial")
    assert asked(client)[1]["migrations"] == "1 migrations are not applied"
    recorder.record_applied("people", "0001_initial")
    recorder.record_applied("people", "9999_of_the_future")
    assert asked(client) == (
        503,
        {"database": "ok", "migrations": "a newer version has changed the database", "worker": "ok", "disk": "ok"},
    )


@pytest.mark.django_db
def test_a_worker_that_is_gone(client: Client, ready: Path) -> None:
    worker = ready / "run" / "worker-a.json"
    os.utime(worker, (time.time() - 90,) * 2)
    status, checks = asked(client)
    assert status == 503
    assert checks["worker"].startswith("the worker was last seen 9")
    worker.unlink()
    assert asked(client)[1]["worker"] == "no worker has started"


@pytest.mark.django_db
def test_a_disk_that_is_full(client: Client, ready: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(10, 10, readiness.SMALLEST_SPACE - 1))
    assert asked(client) == (
        503,
        {"database": "ok", "migrations": "ok", "worker": "ok", "disk": "less than 100 MB are free in the data folder"},
    )


def test_a_real_start_becomes_ready_with_its_worker(installation: Installation) -> None:
    server = installation.start()
    assert server.get("/healthz") == (200, "ok\n")
    deadline = time.monotonic() + 60
    while True:
        try:
            status, _ = server.get("/readyz")
            break
        except OSError:  # 503 until the worker has shown itself
            assert time.monotonic() < deadline
            time.sleep(0.1)
    assert status == 200
