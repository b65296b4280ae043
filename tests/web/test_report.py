"""The report's page and its files."""

import datetime as dt
import json
import re

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from headway.lib import clock
from headway.scrum.models import Category
from headway.value.actions import link_item
from tests.world import World, make_item, make_sprint, make_world

PAGE = "/t/ANT/report/"


@pytest.fixture
def world(db: None) -> World:
    return make_world()


def as_(world: World, name: str) -> Client:
    client = Client()
    client.force_login(world.people[name])
    return client


def text(client: Client, address: str = PAGE, status: int = 200) -> str:
    answer = client.get(address)
    assert answer.status_code == status
    return answer.content.decode()


@pytest.mark.parametrize("who", ["ana", "bo", "cy", "di"])
def test_every_member_reads_it(world: World, who: str) -> None:
    make_item(world.team, "One tap")
    assert "One tap" in text(as_(world, who))


@pytest.mark.parametrize("address", [PAGE, "/t/ANT/report.md", "/t/ANT/report.csv", "/t/ANT/report.json"])
def test_for_a_stranger_it_is_not_there(world: World, address: str) -> None:
    assert as_(world, "eve").get(address).status_code == 404
    assert Client().get(address).status_code == 302


def test_it_says_that_done_moves_nothing(world: World) -> None:
    assert "it moves no Key Result by itself" in text(as_(world, "di"))


def test_the_copied_link_shows_tomorrow_what_is_shown_today(world: World, settings: object) -> None:
    item = make_item(world.team, "One tap")
    client = as_(world, "cy")
    link = re.search(r'data-copy="http://testserver([^"]+)"', text(client))
    assert link is not None
    address = link[1].replace("&amp;", "&")
    assert f"on={clock.today()}" in address
    before = client.get(address.replace("/report/", "/report.json")).json()
    settings.TEST_NOW = (clock.now() + dt.timedelta(days=3)).isoformat()  # type: ignore[attr-defined]
    item.category, item.column = Category.DONE, world.team.columns.get(category="done")
    item.done_at = clock.now()
    item.save()
    item.transitions.create(status="Done", category="done", at=clock.now())
    assert client.get(address.replace("/report/", "/report.json")).json() == before
    assert "As it stood on" in text(client, address)
    assert client.get("/t/ANT/report.json").json() != before


def test_a_sprint_and_days_can_be_chosen(world: World) -> None:
    make_item(world.team, "In the Sprint", sprint=make_sprint(world.team, 4))
    make_item(world.team, "In the backlog")
    client = as_(world, "bo")
    sprint = text(client, PAGE + "?sprint=4")
    assert "In the Sprint" in sprint
    assert "In the backlog" not in sprint
    days = text(client, f"{PAGE}?from={clock.today()}&to={clock.today()}")
    assert 'name="from"' in days


@pytest.mark.parametrize(
    "query",
    [
        "sprint=77",
        "sprint=x",
        "sprint=99999999999999999999",
        "cycle=0",
        "on=2999-01-01",
        "on=monday",
        "from=2026-02-02&to=2026-02-01",
    ],
)
def test_what_cannot_be_shown_is_said(world: World, query: str) -> None:
    client = as_(world, "ana")
    assert 'role="alert"' in text(client, f"{PAGE}?{query}", status=422)
    answer = client.get(f"/t/ANT/report.csv?{query}")
    assert (answer.status_code, answer["Content-Type"]) == (422, "text/plain; charset=utf-8")


def test_long_lists_fold_on_the_page_and_are_whole_in_the_files(world: World) -> None:
    for number in range(30):
        make_item(world.team, f"Item number {number}")
    client = as_(world, "ana")
    folded = text(client)
    assert folded.count("Item number") == 20
    assert "… and 10 more" in folded
    assert text(client, PAGE + "?all=1").count("Item number") == 30
    for suffix in ("md", "json"):
        assert client.get(f"/t/ANT/report.{suffix}").content.decode().count("Item number") == 30
    streamed = b"".join(client.get("/t/ANT/report.csv")).decode()  # type: ignore[arg-type]
    assert streamed.count("Item number") == 30


@pytest.mark.parametrize(
    ("suffix", "kind"), [("md", "text/markdown"), ("csv", "text/csv"), ("json", "application/json")]
)
def test_files_have_a_name_and_a_kind(world: World, suffix: str, kind: str) -> None:
    answer = as_(world, "di").get(f"/t/ANT/report.{suffix}")
    assert answer["Content-Type"].startswith(kind)
    assert answer["Content-Disposition"] == f'attachment; filename="ANT-report-{clock.today()}.{suffix}"'


def test_there_is_no_other_kind_of_file(world: World) -> None:
    assert as_(world, "di").get("/t/ANT/report.xls").status_code == 404


def test_csv_tells_a_spreadsheet_that_it_is_utf_8(world: World) -> None:
    make_item(world.team, "Größe")
    raw = b"".join(as_(world, "di").get("/t/ANT/report.csv"))  # type: ignore[arg-type]
    assert raw.startswith(b"\xef\xbb\xbf")
    assert "Größe" in raw.decode()


def test_json_is_one_document(world: World) -> None:
    assert json.loads(as_(world, "di").get("/t/ANT/report.json").content)["team"] == "ANT"


def test_titles_are_text_and_nothing_else(world: World) -> None:
    make_item(world.team, "<script>alert(1)</script>")
    assert "<script>alert" not in text(as_(world, "di"))


def test_it_is_read_only(world: World) -> None:
    assert as_(world, "ana").post(PAGE).status_code == 405


def test_its_queries_do_not_grow_with_the_work(world: World) -> None:
    client = as_(world, "ana")

    def count() -> int:
        with CaptureQueriesContext(connection) as queries:
            text(client, PAGE + "?all=1")
        return len(queries)

    link_item(make_item(world.team), by=world.cy, key_result=world.key_result)
    count()
    few = count()
    for number in range(20):
        item = make_item(world.team, f"Item {number}", category=Category.values[number % 3])
        if number % 2:
            link_item(item, by=world.cy, key_result=world.key_result)
    assert count() == few
