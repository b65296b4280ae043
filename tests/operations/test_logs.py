"""What the log holds: enough to find a fault, and nothing about people."""

import io
import json
import logging
import re
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from http.cookiejar import CookieJar
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from headway.lib import logs
from headway.lib.metrics import REGISTRY
from tests.installation import Installation

SENTINELS = ["zebrafish", "quokka", "sesquipedalian", "tapioca", "0123456789", "198.51.100.77"]


def record(name: str, message: str, *args: object, error: BaseException | None = None) -> logging.LogRecord:
    info = (type(error), error, error.__traceback__) if error else None
    return logging.LogRecord(name, logging.ERROR, __file__, 1, message, args, info)


def raised(error: Exception, cause: Exception | None = None) -> Exception:
    try:
        raise error from cause
    except Exception as caught:
        return caught


def test_a_line_is_one_json_object_with_time_level_logger_and_message() -> None:
    token = logs.request_id.set("abc")
    try:
        line = logs.JsonLines().format(record("headway.scrum", "moved %d\nitems", 3))
    finally:
        logs.request_id.reset(token)
    assert "\n" not in line
    told = json.loads(line)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+00:00", told.pop("time"))
    assert told == {"level": "ERROR", "logger": "headway.scrum", "message": "moved 3\nitems", "request": "abc"}


def test_messages_of_libraries_come_without_what_they_were_about() -> None:
    told = logs.facts_of(record("asyncio", "task of %s failed", "zebrafish@example.org"))
    assert told["message"] == "task of %s failed"


def test_an_exception_is_told_by_kind_and_place_and_not_by_its_values() -> None:
    error = raised(ValueError("zebrafish@example.org is no number"), raised(KeyError("quokka")))
    told = logs.facts_of(record("headway.web", "failed", error=error))
    assert told["error"] == "ValueError"
    assert told["cause"]["error"] == "KeyError"
    assert told["trace"][0].startswith("tests/operations/test_logs.py:")
    assert told["trace"][0].endswith(" raised")
    text = json.dumps(told)
    assert "zebrafish" not in text
    assert "quokka" not in text


def test_an_exception_of_the_machine_keeps_its_text() -> None:
    from django.db import IntegrityError, OperationalError

    told = logs.facts_of(record("headway", "failed", error=raised(OperationalError("database is locked\nDETAIL: x"))))
    assert told["reason"] == "database is locked"
    told = logs.facts_of(record("headway", "failed", error=raised(OSError(28, "No space left on device", "zebrafish"))))
    assert told["reason"] == "No space left on device"
    told = logs.facts_of(record("headway", "failed", error=raised(IntegrityError("Key (email)=(zebrafish)"))))
    assert "reason" not in told


def test_a_terminal_gets_plain_lines() -> None:
    line = logs.PlainLines().format(record("headway.web", "failed", error=raised(ValueError("zebrafish"))))
    first, *places = line.splitlines()
    assert re.match(r"\d\d:\d\d:\d\d ERROR   headway.web: failed \(error=ValueError\)", first)
    assert places[0].strip().startswith("tests/operations/test_logs.py:")


def test_a_log_that_nobody_reads_holds_nobody_up(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = logs.Lines()
    monkeypatch.setattr(logs, "_LONGEST_QUEUE", 2)
    monkeypatch.setattr(lines, "_keep_writing", lambda: None)  # a reader that never reads
    before = REGISTRY.snapshot().counters.get(("headway_log_lines_dropped_total", ()), 0)
    for _ in range(5):
        lines.handle(logging.LogRecord("headway", logging.INFO, __file__, 1, "line", (), None))
    assert REGISTRY.snapshot().counters["headway_log_lines_dropped_total", ()] == before + 3


def test_lines_are_written_in_order_and_flushed(monkeypatch: pytest.MonkeyPatch) -> None:
    written = io.StringIO()
    monkeypatch.setattr(sys, "stderr", written)
    lines = logs.Lines()
    for number in range(200):
        lines.handle(logging.LogRecord("headway", logging.INFO, __file__, 1, "line %d", (number,), None))
    lines.flush()
    assert re.findall(r"line (\d+)", written.getvalue()) == [str(number) for number in range(200)]


# A request


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("given", "is_taken"),
    [
        ("0123456789abcdef0123456789abcdef", True),
        ("3f0c8f3e-53c4-4bb9-9b3c-2f4f5f6b7a8c", True),
        ("short", False),
        ("ana-abel-of-northwind-was-here", False),
        ("a" * 65, False),
        ("", False),
    ],
)
def test_a_request_has_an_id_that_comes_back(client: Client, given: str, is_taken: bool) -> None:
    answer = client.get("/sign-in/", headers={"x-request-id": given})
    assert (answer["X-Request-ID"] == given) is is_taken
    assert re.fullmatch(r"[0-9A-Fa-f-]{16,64}", answer["X-Request-ID"])


@pytest.mark.django_db
def test_a_page_that_failed_shows_the_id_that_the_log_has(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_arguments: Any, **_names: Any) -> None:
        raise ValueError("zebrafish")

    monkeypatch.setattr("headway.web.middleware.attach_actor", fail)
    answer = Client(raise_request_exception=False).get("/sign-in/?q=quokka")
    assert answer.status_code == 500
    assert answer["X-Request-ID"] in answer.content.decode()
    (failed,) = [entry for entry in caplog.records if entry.name == "headway.access" and entry.levelname == "ERROR"]
    told = json.dumps(logs.facts_of(failed))
    assert "ValueError" in told
    assert "zebrafish" not in told
    (line,) = [entry for entry in caplog.records if getattr(entry, "facts", {}).get("status") == 500]
    assert "quokka" not in json.dumps(logs.facts_of(line))


def test_the_log_of_a_day_names_nobody(installation: Installation) -> None:
    """Sign-in, failed sign-in, links with tokens, search, a wrong host, a wrong page and a failed task."""
    installation.python(
        "from headway.people.actions import complete_setup, issue_setup_link\n"
        "complete_setup(issue_setup_link(), organisation='Tapioca', name='Zebrafish Quokka',"
        " email='zebrafish@example.org', password='sesquipedalian-words-9')"
    )
    server = installation.start()
    browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))
    browser.addheaders = [("X-Forwarded-For", "198.51.100.77"), ("User-Agent", "quokka/1.0")]

    def ask(path: str, fields: dict[str, str] | None = None, **headers: str) -> int:
        body = urllib.parse.urlencode(fields).encode() if fields is not None else None
        try:
            with browser.open(urllib.request.Request(server.url + path, body, headers), timeout=60) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            return error.code

    def sign_in(password: str) -> int:
        with browser.open(server.url + "/sign-in/", timeout=60) as page:
            token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.read().decode())
        assert token
        fields = {"csrfmiddlewaretoken": token[1], "email": "zebrafish@example.org", "password": password}
        return ask("/sign-in/", fields)

    statuses = [
        sign_in("sesquipedalian-guess"),
        sign_in("sesquipedalian-words-9"),
        ask("/search/?q=tapioca"),
        ask("/setup/tapioca0123456789/"),
        ask("/password/zebrafish0123456789/"),
        ask("/quokka/0123456789/"),
        ask("/sign-in/?next=/quokka/", {"email": "zebrafish@example.org"}),  # no token
        ask("/", Host="tapioca.example"),
        ask("/search/?q=%ff%00quokka"),
    ]
    assert 200 in statuses
    assert {400, 403, 404} <= set(statuses)
    log = server.stop()
    assert len([line for line in log.splitlines() if json.loads(line)["logger"] == "headway.access"]) >= len(statuses)
    assert [word for word in SENTINELS if word in log.lower()] == []
    signed_in = [json.loads(line) for line in log.splitlines() if '"organisation": 1' in line]
    assert {line["route"] for line in signed_in} >= {"search"}


def test_the_worker_logs_its_tasks_without_what_they_were_given(installation: Installation) -> None:
    installation.environment |= {"PYTHONPATH": str(Path(__file__).parents[2]), "HEADWAY_METRICS_FROM": "127.0.0.1"}
    server = installation.start()
    installation.python(
        "from tests.tasks import fail, touch\ntouch.enqueue('/nowhere/zebrafish')\nfail.enqueue('quokka')"
    )
    deadline = time.monotonic() + 60
    while 'headway_tasks{status="failed"} 2' not in server.get("/metrics")[1]:
        assert time.monotonic() < deadline, "no worker did what was asked"
        time.sleep(0.1)
    log = server.stop()
    lines = [
        line for line in map(json.loads, re.findall(r"^{.*", log, re.MULTILINE)) if line["logger"] == "headway.tasks"
    ]
    told = {line["task"]: (line["level"], line["status"], line["error"]) for line in lines}
    assert told == {
        "tests.tasks.fail": ("ERROR", "failed", "ValueError"),
        "tests.tasks.touch": ("ERROR", "failed", "FileNotFoundError"),
    }
    assert all(line["request"] and line["trace"] for line in lines)
    assert "zebrafish" not in log
    assert "quokka" not in log
