"""Bring a tracker's export in by the browser: look, answer, start, watch, take back."""

import csv
import io
import json
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from headway.scrum.actions import edit_item, move_item
from headway.scrum.models import Category, Column, Item, Sprint
from headway.sync import looking, tasks, uploads
from headway.sync.models import Conflict, Import, Mapping
from tests.sync.test_import import FIRST, PARKED, bring, item
from tests.world import World, make_world

HERE = "/t/ANT/import/"


@pytest.fixture
def world(db: None) -> World:
    for path in stored():
        path.unlink()
    return make_world()


@pytest.fixture
def ana(world: World) -> Client:
    return signed_in(world, "ana")


def signed_in(world: World, name: str) -> Client:
    client = Client()
    client.force_login(world.people[name])
    return client


def upload(client: Client, text: str, name: str = "export.csv", provider: str = "") -> Import:
    file = SimpleUploadedFile(name, text.encode())
    response = client.post(HERE, {"file": file, "provider": provider})
    assert response.status_code == 302, response.content.decode()
    return Import.objects.latest("pk")


def page(client: Client, address: str = HERE, **headers: str) -> str:
    response = client.get(address, headers=headers)
    assert response.status_code == 200
    return response.content.decode()


def stored() -> list[Path]:
    """Return what lies beside the database of uploads and of running imports."""
    return list(Path(uploads.default_storage.path("imports")).glob("[0-9t]*"))


def at(run: Import, part: str = "") -> str:
    return f"{HERE}{run.pk}/{part}"


def test_the_first_page_says_what_it_takes(ana: Client) -> None:
    text = page(ana)
    assert "The tracker’s export" in text
    assert "None yet." in text
    assert "headway import jira FILE --team ANT" in text


def test_look_answer_start_and_take_back(world: World, ana: Client) -> None:
    run = upload(ana, PARKED)
    assert run.provider == "jira"
    text = page(ana, at(run))
    assert "One status we do not know" in text
    assert "Parked" in text
    assert "Create 2, change 0, leave 1 out" in text
    assert not Item.objects.exists()

    part = ana.post(at(run, "answers/"), {"status:Parked": "doing"}, headers={"HX-Request": "true"})
    assert "Create 3, change 0" in part.content.decode()
    assert "<html" not in part.content.decode()
    assert not Mapping.objects.exists()

    assert ana.post(at(run, "start/")).status_code == 302
    run.refresh_from_db()
    assert (run.state, run.by) == (Import.State.DONE, world.people["ana"])
    assert item("FER-2").category == Category.DOING
    assert not stored()
    assert run.stored_as == ""
    text = page(ana, at(run))
    assert f"Import {run.pk} is in" in text
    assert "3 new items serve no Key Result yet" in text
    assert Mapping.objects.get().answers["statuses"] == {"Parked": "doing"}

    ana.post(at(run, "undo/"))
    assert not Item.objects.exists()
    assert "is taken back" in page(ana, at(run))
    assert "<del>" in page(ana)


def test_the_same_file_again_says_so(world: World, ana: Client, tmp_path: Path) -> None:
    bring(world, tmp_path, FIRST)
    run = upload(ana, FIRST)
    assert "The same file again: nothing changes." in page(ana, at(run))
    ana.post(at(run, "start/"))
    assert "The same file again: nothing changed" in page(ana, at(run))


def test_what_waited_comes_in_without_the_file(world: World, ana: Client) -> None:
    run = upload(ana, PARKED)
    ana.post(at(run, "start/"))
    run.refresh_from_db()
    assert (run.counts["waiting"], bool(run.stored_as)) == (1, True)
    assert "stayed out" in page(ana, at(run))
    ana.post(at(run, "statuses/"), {"status:Parked": "done"})
    assert item("FER-2").category == Category.DONE
    again = Import.objects.latest("pk")
    assert (again.counts["created"], again.counts["unchanged"]) == (1, 2)
    assert not stored()


def test_what_came_as_to_do_is_corrected(world: World, ana: Client, tmp_path: Path) -> None:
    run = bring(world, tmp_path, PARKED)
    assert "count as to do" in page(ana, at(run))
    ana.post(at(run, "statuses/"), {"status:Parked": "doing"})
    assert item("FER-2").category == Category.DOING
    ana.post(at(run, "statuses/"), {})
    assert Import.objects.count() == 2


def test_conflicts_are_settled_before_the_import(world: World, ana: Client, tmp_path: Path) -> None:
    bring(world, tmp_path, FIRST)
    two = item("FER-2")
    edit_item(two, by=world.cy, title="Buy a nice stamp", size=8.0)
    newer = FIRST.replace("Buy a stamp", "Buy a cheap stamp").replace("Sprint 10,,", "Sprint 10,2,")
    run = upload(ana, newer)
    text = page(ana, at(run))
    assert "Buy a cheap stamp" in text
    assert "Ours kept" in text
    ana.post(at(run, "answers/"), {f"conflict:{two.pk}:title": "theirs", f"conflict:{two.pk}:size": "ours"})
    assert "Buy a cheap stamp" in page(ana, at(run))
    ana.post(at(run, "start/"))
    two.refresh_from_db()
    assert (two.title, two.size) == ("Buy a cheap stamp", 8.0)
    assert list(Conflict.objects.values_list("field", "decided")) == [("size", "ours")]


def test_conflicts_are_settled_afterwards(world: World, ana: Client, tmp_path: Path) -> None:
    bring(world, tmp_path, FIRST)
    edit_item(item("FER-2"), by=world.cy, title="Ours", size=8.0)
    move_item(item("FER-3"), to=Column.objects.get(team=world.team, category=Category.DOING), by=world.cy)
    run = bring(world, tmp_path, FIRST.replace("Sprint 10,,", "Sprint 10,2,"))
    assert "Ours" in page(ana, at(run))
    assert "Take the tracker’s" in page(ana)
    one = Conflict.objects.get(field="title")
    ana.post(f"{HERE}conflicts/", {"conflict": one.pk, "choice": "ours"})
    assert Conflict.objects.filter(decided="").count() == 2
    ana.post(f"{HERE}conflicts/", {"all": "1", "choice": "theirs"})
    assert not Conflict.objects.filter(decided="").exists()
    assert (item("FER-2").title, item("FER-2").size, item("FER-3").category) == ("Ours", 2.0, Category.DONE)


def test_columns_of_another_language_are_asked(ana: Client) -> None:
    run = upload(ana, "Schlüssel,Zusammenfassung\nA-1,Eins\nA-2,Zwei\n", provider="jira")
    text = page(ana, at(run))
    assert "Which columns are these?" in text
    assert "import-start" not in text
    assert 'value="Zusammenfassung"' in text
    ana.post(at(run, "answers/"), {"field:title": "Zusammenfassung"})
    assert "Create 2, change 0" in page(ana, at(run))
    ana.post(at(run, "start/"))
    assert item("A-1").title == "Eins"


def test_dates_that_can_be_read_both_ways_are_asked(ana: Client) -> None:
    run = upload(ana, "Issue key,Summary,Created\nA-1,one,05/11/26\n")
    assert "Which comes first" in page(ana, at(run))
    ana.post(at(run, "answers/"), {"option:dates": "mdy"})
    ana.post(at(run, "start/"))
    assert item("A-1").created_at.month == 5


def test_github_asks_for_milestones_and_pull_requests(ana: Client) -> None:
    issues = [
        {
            "number": 1,
            "title": "One",
            "state": "open",
            "milestone": {"title": "M1"},
            "created_at": "2026-01-05T10:00:00Z",
        },
        {"number": 2, "title": "Two", "state": "open", "pull_request": {}, "created_at": "2026-01-05T10:00:00Z"},
    ]
    issues[1]["pull_request"] = {"url": "x"}
    run = upload(ana, json.dumps(issues), "issues.json")
    assert run.provider == "github"
    text = page(ana, at(run))
    assert "Shall milestones become Sprints?" in text
    assert "Pull requests, too?" in text
    ana.post(at(run, "answers/"), {"option:milestones": "yes", "option:pull_requests": "yes"})
    ana.post(at(run, "start/"))
    assert Item.objects.count() == 2
    assert Sprint.objects.get().name == "M1"


@pytest.mark.parametrize(
    ("content", "says"),
    [("<!doctype html><title>Sign in", "sign-in page"), ("", "No file"), ('Issue key,Summary\nA-1,"cut', "cut off")],
)
def test_what_is_no_export_is_refused_with_what_to_do(ana: Client, content: str, says: str) -> None:
    response = ana.post(HERE, {"file": SimpleUploadedFile("x.csv", content.encode()), "provider": "jira"})
    assert response.status_code == 422
    assert says in response.content.decode()
    assert not Import.objects.exists()
    assert not stored()


def test_a_large_file_is_looked_over_in_the_background(ana: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("headway.sync.receiving.NOW_BYTES", 10)
    looked = []
    monkeypatch.setattr("headway.sync.tasks.look_over", looked.append)
    run = upload(ana, FIRST)
    assert looked == [run]
    assert "Reading the file" in page(ana, at(run))
    assert "Reading the file" in page(ana, at(run, "look/"))
    looking.look_over(run)
    assert "Create 3, change 0" in page(ana, at(run, "look/"))


def test_a_running_import_shows_how_far_it_is_and_can_be_stopped(
    world: World, ana: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []

    def stop_half_way(run: Import, progress: uploads.Progress) -> None:
        original(run, progress)
        seen.append(page(ana, at(run)) + page(ana, at(run, "progress/")))
        ana.post(at(run, "stop/"))

    original = uploads.write_progress
    monkeypatch.setattr(tasks.uploads, "write_progress", stop_half_way)
    many = "Issue key,Summary\n" + "".join(f"A-{n},Item {n}\n" for n in range(1, 1201))
    run = upload(ana, many)
    ana.post(at(run, "start/"))
    assert "Row 500 of 1,200" in seen[0]
    assert len(seen) == 1
    run.refresh_from_db()
    assert run.state == Import.State.STOPPED
    assert not Item.objects.exists()
    assert "was stopped" in page(ana, at(run))


def test_the_job_has_the_roles_of_the_person(world: World, ana: Client) -> None:
    run = upload(ana, FIRST)
    Import.objects.filter(pk=run.pk).update(state=Import.State.RUNNING)
    tasks.bring_in.call(import_id=run.pk, person_id=world.people["di"].pk)
    run.refresh_from_db()
    assert run.state == Import.State.STOPPED
    assert not Item.objects.exists()


def test_not_started_twice(ana: Client) -> None:
    run = upload(ana, FIRST)
    ana.post(at(run, "start/"))
    ana.post(at(run, "start/"))
    assert Item.objects.count() == 3


def test_an_upload_is_dropped(ana: Client) -> None:
    run = upload(ana, FIRST)
    assert "Not finished" in page(ana)
    ana.post(at(run, "undo/"))
    assert not Import.objects.exists()
    assert not stored()


def test_the_list_as_csv_before_and_after(world: World, ana: Client, tmp_path: Path) -> None:
    bring(world, tmp_path, FIRST)
    run = upload(ana, FIRST.replace("Buy a stamp", "=Buy()") + ",No key,,,,,,,,,,,,,,\n")
    for _ in range(2):
        response = ana.get(at(run, "rows.csv"))
        text = b"".join(response.streaming_content).decode()  # type: ignore[attr-defined]
        rows = list(csv.DictReader(io.StringIO(text)))
        assert {(row["line"], row["what"], row["field"], row["after"]) for row in rows} == {
            ("3", "changed", "title", "'=Buy()"),
            ("5", "skipped", "", ""),
        }
        ana.post(at(run, "start/"))


def test_the_summary_names_what_people_changed_since(world: World, ana: Client, tmp_path: Path) -> None:
    run = bring(world, tmp_path, FIRST)
    edit_item(item("FER-2"), by=world.cy, title="Else")
    text = page(ana, at(run))
    assert "edited by Cy Cole" in text
    assert "Take back 2 of 3" in text
    ana.post(at(run, "undo/"))
    assert "Changed since, so it stays" in page(ana, at(run))


def test_refused_for_di_and_absent_for_eve(world: World, ana: Client) -> None:
    run = upload(ana, FIRST)
    for name, status in [("di", 403), ("cy", 403), ("eve", 404)]:
        client = signed_in(world, name)
        assert client.get(HERE).status_code == status
        assert client.get(at(run)).status_code == status
        assert client.post(at(run, "start/")).status_code == status
        assert client.post(at(run, "undo/")).status_code == status
        assert client.post(f"{HERE}conflicts/", {"all": "1"}).status_code in {status, 302}
    assert not Item.objects.exists()


def test_pages_ask_a_constant_number_of_queries(
    world: World, ana: Client, tmp_path: Path, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    many = "Issue key,Summary,Status\n" + "".join(f"A-{n},Item {n},Parked\n" for n in range(1, 301))
    run = bring(world, tmp_path, many)
    for number in range(1, 40):
        edit_item(item(f"A-{number}"), by=world.cy, title=f"Else {number}")
    bring(world, tmp_path, many)
    page(ana)
    with django_assert_max_num_queries(24):
        page(ana)
    with django_assert_max_num_queries(34):
        page(ana, at(run))
