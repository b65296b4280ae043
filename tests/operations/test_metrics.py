"""Figures: counted cheaply, added up over processes, readable by Prometheus, and only by who may."""

import json
import os
import re
import time
from pathlib import Path

import pytest
from django.test import Client

from headway.lib.metrics import Registry, Snapshot, exposition, merged
from headway.operations import figures, processes
from tests.world import make_world

SAMPLE = re.compile(r'[a-z_]+(\{([a-z]+="[^"\n]*",?)+\})? -?[0-9.e+-]+')


@pytest.fixture
def data(tmp_path: Path, settings: object) -> Path:
    settings.DATA_DIR = tmp_path  # type: ignore[attr-defined]
    return tmp_path


def test_durations_fall_into_buckets_that_add_up() -> None:
    registry = Registry()
    for seconds in (0.001, 0.005, 0.0051, 0.3, 60):
        registry.observe("took_seconds", seconds, (("route", "board"),))
    text = exposition(registry.snapshot(), {"took_seconds": "How long it took"})
    counts = re.findall(r'took_seconds_bucket\{route="board",le="([^"]+)"\} (\d+)', text)
    assert dict(counts) == {
        "0.005": "2",
        "0.01": "3",
        "0.025": "3",
        "0.05": "3",
        "0.1": "3",
        "0.25": "3",
        "0.5": "4",
        "1.0": "4",
        "2.5": "4",
        "5.0": "4",
        "10.0": "4",
        "+Inf": "5",
    }
    assert 'took_seconds_sum{route="board"} 60.311100' in text
    assert 'took_seconds_count{route="board"} 5' in text


def test_gauges_rise_and_fall_and_are_asked_when_read() -> None:
    registry = Registry()
    registry.change("open", 3)
    registry.change("open", -1)
    registry.ask("age", lambda: 7)
    assert registry.snapshot().gauges == {("open", ()): 2, ("age", ()): 7}


def test_a_snapshot_survives_being_written_down() -> None:
    registry = Registry()
    registry.count("seen_total", labels=(("route", 'a "b" \\ c'), ("status", "200")))
    registry.observe("took_seconds", 0.2)
    before = registry.snapshot()
    assert Snapshot.from_json(json.loads(json.dumps(before.to_json()))) == before
    with pytest.raises((KeyError, TypeError, ValueError)):
        Snapshot.from_json({"counters": [1]})


def test_sums_of_several_processes() -> None:
    one = Snapshot({("seen", ()): 2.0}, {("open", ()): 1.0}, {("took", ()): [1.0, 0.5]})
    other = Snapshot({("seen", ()): 3.0, ("new", ()): 1.0}, {("open", ()): 4.0}, {("took", ()): [2.0, 0.25]})
    total = merged([one, other])
    assert total.counters == {("seen", ()): 5.0, ("new", ()): 1.0}
    assert total.gauges == {("open", ()): 5.0}
    assert total.durations == {("took", ()): [3.0, 0.75]}


def seen_by(process: str, count: float, *, ago: float, folder: Path) -> Path:
    """Leave the file of another process that was alive `ago` seconds ago."""
    path = folder / "run" / f"{process}.json"
    path.parent.mkdir(exist_ok=True)
    snapshot = Snapshot({("seen_total", ()): count}, {("open", ()): 1.0})
    path.write_text(json.dumps({"kind": process, "figures": snapshot.to_json()}))
    os.utime(path, (time.time() - ago,) * 2)
    return path


def test_what_a_process_counted_stays_when_it_is_gone(data: Path) -> None:
    seen_by("serve-a", 5, ago=1, folder=data)
    gone = seen_by("serve-b", 7, ago=processes.GONE_AFTER + 1, folder=data)
    for _ in range(2):  # what was added to the past is not added twice
        total = processes.figures()
        assert total.counters["seen_total", ()] == 12
        assert total.gauges["open", ()] == 1
        assert not gone.exists()


def test_a_process_that_leaves_takes_nothing_with_it(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    registry = Registry()
    monkeypatch.setattr(processes, "REGISTRY", registry)
    registry.count("seen_total", 3)
    process = processes.Process("serve")
    process.enter()
    assert [one.is_alive for one in processes.seen("serve")] == [True]
    process.leave()
    assert processes.seen("serve") == []
    registry.forget()
    assert processes.figures().counters["seen_total", ()] == 3


def test_who_stands_by_counts_while_no_other_is_alive(data: Path) -> None:
    standby = processes.Standby("worker")
    standby.show()
    seen_by("worker-a", 5, ago=processes.GONE_AFTER + 1, folder=data)
    assert processes.seen("worker")[0].is_alive
    seen_by("worker-b", 5, ago=30, folder=data)
    assert [round(one.ago) for one in processes.seen("worker") if one.is_alive] == [30]
    standby.leave()
    assert all(one.ago >= 30 for one in processes.seen("worker"))


def test_a_process_taken_for_dead_counts_on_from_zero(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    registry = Registry()
    monkeypatch.setattr(processes, "REGISTRY", registry)
    registry.count("seen_total", 3)
    process = processes.Process("serve")
    process.write()
    (path,) = (data / "run").glob("serve-*.json")
    os.utime(path, (0, 0))
    monkeypatch.setattr(processes, "_this", process)
    monkeypatch.setattr(process, "write", lambda: None)
    assert processes.figures().counters["seen_total", ()] == 3  # buried
    monkeypatch.undo()
    monkeypatch.setattr(processes, "REGISTRY", registry)
    registry.count("seen_total", 2)  # before it notices: lost, but never counted twice
    process.write()
    registry.count("seen_total", 4)
    process.write()
    total = merged([processes._read(path) or Snapshot() for path in (data / "run").glob("*.json")])
    assert total.counters["seen_total", ()] == 3 + 4


def test_a_broken_file_of_a_process_hides_nothing_else(data: Path) -> None:
    seen_by("serve-a", 5, ago=1, folder=data)
    (data / "run" / "serve-b.json").write_text("{")
    assert processes.figures().counters["seen_total", ()] == 5


# Over HTTP


@pytest.mark.django_db
def test_figures_are_absent_for_everybody_unless_a_setting_opens_them(client: Client) -> None:
    world = make_world()
    client.force_login(world.people["ana"])
    assert client.get("/metrics").status_code == 404
    assert client.get("/metrics", headers={"authorization": "Bearer "}).status_code == 404


@pytest.mark.django_db
def test_a_token_opens_them(client: Client, settings: object) -> None:
    settings.METRICS_TOKEN = "a-long-enough-token"  # type: ignore[attr-defined]
    assert client.get("/metrics").status_code == 404
    assert client.get("/metrics", headers={"authorization": "Bearer a-long-enough-toke"}).status_code == 404
    assert client.get("/metrics", headers={"authorization": "Bearer a-long-enough-token"}).status_code == 200


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("address", "status"), [("10.1.2.3", 200), ("fd00::1", 200), ("11.1.2.3", 404), ("", 404), ("nonsense", 404)]
)
def test_an_address_opens_them(client: Client, settings: object, address: str, status: int) -> None:
    settings.METRICS_FROM = ["10.0.0.0/8", "fd00::/8"]  # type: ignore[attr-defined]
    assert client.get("/metrics", REMOTE_ADDR=address).status_code == status


@pytest.mark.django_db
def test_prometheus_can_read_them_and_they_name_nobody(client: Client, settings: object) -> None:
    settings.METRICS_FROM = ["127.0.0.1"]  # type: ignore[attr-defined]
    world = make_world()
    client.force_login(world.people["ana"])
    assert client.get("/t/ANT/board/").status_code == 200
    client.get("/t/NOSUCH/board/")
    client.get("/password/a-token-that-is-secret/")
    client.generic("BREW", "/sign-in/")
    answer = client.get("/metrics")
    assert answer["Content-Type"].startswith("text/plain; version=0.0.4")
    assert answer["Cache-Control"] == "no-store"
    text = answer.content.decode()
    for line in text.splitlines():
        assert re.fullmatch(r"# (HELP|TYPE) [a-z_]+ .+", line) or SAMPLE.fullmatch(line), line
    typed = re.findall(r"^# TYPE (\w+)", text, re.MULTILINE)
    assert len(typed) == len(set(typed))
    assert set(typed) <= set(figures.HELP)
    assert 'headway_request_seconds_count{route="board",method="GET",status="200"}' in text
    assert 'headway_request_seconds_count{route="board",method="GET",status="404"}' in text
    assert 'method="OTHER"' in text
    assert "headway_database_up 1" in text
    assert re.search(r"^headway_database_bytes [1-9]\d+$", text, re.MULTILINE)
    assert re.search(r"^headway_changes_total \d+$", text, re.MULTILINE)
    assert 'headway_tasks{status="failed"} 0' in text
    for private in ("a-token-that-is-secret", "ANT", "Ana", "northwind"):
        assert private not in text
