"""Imports of a tracker's export, conflicts, the report and Today over the API."""

from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from headway.scrum.models import Item
from headway.value.actions import link_item
from tests.api.program import ROOT, Program
from tests.world import World, make_item

IMPORTS = "/teams/ANT/imports"
FILE = "Issue key,Summary,Status,Issue Type\nX-1,Order again,To Do,Story\nX-2,Pay by card,Strange,Bug\n"


def upload(program: Program, text: str = FILE, path: str = IMPORTS, **fields: str) -> Any:
    data = {"file": SimpleUploadedFile("jira.csv", text.encode()), **fields}
    return Client().post(ROOT + path, data, headers={"authorization": f"Bearer {program.token}"})


def test_a_file_is_looked_over_answered_brought_in_and_taken_back(
    world: World, ana: Program, django_capture_on_commit_callbacks: Any
) -> None:
    seen = upload(ana).json()
    assert (seen["state"], seen["provider"], seen["is_read"]) == ("uploaded", "jira", True)
    assert [status["name"] for status in seen["statuses"] if status["meaning"] is None] == ["Strange"]
    path = f"{IMPORTS}/{seen['id']}"
    answered = ana.patch(f"{path}/answers", {"statuses": {"Strange": "done"}}).json()
    assert answered["counts"]["created"] == 2
    assert not Item.objects.exists()
    with django_capture_on_commit_callbacks(execute=True):
        ana.post(f"{path}/start")
    done = ana.get(path).json()
    assert (done["state"], done["counts"]["created"]) == ("done", 2)
    assert [row["what"] for row in ana.get(f"{path}/rows").json()["items"]] == ["created", "created"]
    assert set(Item.objects.values_list("category", flat=True)) == {"todo", "done"}
    assert ana.delete(path).status_code == 409
    assert ana.post(f"{path}/undo").json()["state"] == "undone"
    assert not Item.objects.active().exists()


def test_a_file_that_was_only_looked_at_is_dropped(world: World, ana: Program) -> None:
    path = f"{IMPORTS}/{upload(ana).json()['id']}"
    assert ana.delete(path).status_code == 204
    assert ana.get(path).status_code == 404


@pytest.mark.parametrize("text", ["", '{"a": 1}'])
def test_what_is_no_export_is_refused_by_its_field(world: World, ana: Program, text: str) -> None:
    answer = upload(ana, text)
    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == ["file"]
    assert ana.get(IMPORTS).json()["items"] == []


def test_who_may(world: World, ana: Program, program: Callable[..., Program]) -> None:
    path = f"{IMPORTS}/{upload(ana).json()['id']}"
    assert upload(program("cy")).status_code == 403
    assert program("di").get(path).status_code == 403
    assert upload(program("eve")).status_code == 404
    assert program("eve").get(path).status_code == 404
    assert program("ana", scopes=["read"]).get(path).status_code == 403


def test_the_report_and_today(world: World, bo: Program, program: Callable[..., Program]) -> None:
    item = make_item(world.team, "Linked")
    link_item(item, key_result=world.key_result, by=world.bo)
    report = bo.get("/teams/ANT/report").json()
    assert report["scope"]["name"] == "This quarter"
    group = next(one for one in report["groups"] if one["key_result"])
    assert (group["key_result"]["id"], [line["key"] for line in group["todo"]]) == (world.key_result.pk, [item.key])
    assert bo.get("/teams/ANT/report?sprint=99").status_code == 422
    assert bo.get("/teams/ANT/report?on=2999-01-01").status_code == 422
    assert bo.get("/teams/ANT/today").json()["signals"]
    assert program("eve").get("/teams/ANT/report").status_code == 404
