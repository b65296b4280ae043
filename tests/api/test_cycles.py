"""Cycles over the API; with them, what every operation has in common."""

from collections.abc import Callable

import pytest

from headway.lib import clock
from headway.live.models import Change
from headway.okr.models import Cycle
from tests.api.program import Program
from tests.world import World, make_cycle

NEW = {"name": "Q1 2027", "starts_on": "2027-01-01", "ends_on": "2027-03-31"}


def test_list_and_read(world: World, ana: Program) -> None:
    answer = ana.get("/cycles")
    assert answer.status_code == 200
    assert [row["name"] for row in answer.json()["items"]] == ["This quarter"]
    one = ana.get(f"/cycles/{world.cycle.pk}")
    assert one.json() == answer.json()["items"][0]
    assert one.json()["starts_on"] == world.cycle.starts_on.isoformat()


def test_make_one_and_take_it_back(ana: Program) -> None:
    answer = ana.post("/cycles", NEW)
    assert answer.status_code == 201
    made = Cycle.objects.get(name="Q1 2027")
    assert answer.json()["id"] == made.pk
    change = Change.objects.latest("pk")
    assert (change.name, str(change.pk), change.actor_kind) == ("cycle.created", answer["Headway-Change"], "token")


def test_a_wrong_field_is_named(ana: Program) -> None:
    answer = ana.post("/cycles", NEW | {"ends_on": "2026-12-31"})
    assert answer.status_code == 422
    assert answer["Content-Type"] == "application/problem+json"
    assert [error["field"] for error in answer.json()["errors"]] == ["ends_on"]
    assert [error["field"] for error in ana.post("/cycles", NEW | {"colour": "red"}).json()["errors"]] == ["colour"]
    assert [error["field"] for error in ana.post("/cycles", NEW | {"starts_on": 5}).json()["errors"]] == ["starts_on"]


def test_edit_only_what_is_as_it_was_read(world: World, ana: Program) -> None:
    path = f"/cycles/{world.cycle.pk}"
    etag = ana.get(path)["ETag"]
    answer = ana.patch(path, {"name": "Autumn"}, if_match=etag)
    assert (answer.status_code, answer.json()["name"]) == (200, "Autumn")
    assert ana.patch(path, {"name": "Winter"}, if_match=etag).status_code == 412
    assert ana.get(path, if_none_match=answer["ETag"]).status_code == 304
    assert ana.patch(path, {"name": "Winter"}, if_match=answer["ETag"]).status_code == 200


def test_archive_and_restore(world: World, ana: Program) -> None:
    path = f"/cycles/{world.cycle.pk}"
    assert ana.post(f"{path}/archive").json()["archived_at"] is not None
    assert ana.get("/cycles").json()["items"] == []
    assert len(ana.get("/cycles?archived=true").json()["items"]) == 1
    assert ana.post(f"{path}/restore").json()["archived_at"] is None


def test_who_may(world: World, program: Callable[..., Program]) -> None:
    path = f"/cycles/{world.cycle.pk}"
    assert program("di").post("/cycles", NEW).status_code == 403
    assert program("eve").get(path).status_code == 404
    assert program("ana", scopes=["read"]).post("/cycles", NEW).status_code == 403
    assert program("ana", scopes=["write:okr"]).get(path).status_code == 403
    assert Program(None).get(path).status_code == 401
    assert Program("hw_0123456789abcdef_x").get(path).status_code == 401


def test_pages_keep_their_place(world: World, ana: Program) -> None:
    for number in range(5):
        make_cycle(world.organisation, f"Cycle {number}")
    first = ana.get("/cycles?limit=2").json()
    make_cycle(world.organisation, "Before all", starts_on=clock.today().replace(year=2000))
    seen = [row["id"] for row in first["items"]]
    cursor = first["next_cursor"]
    while cursor:
        page = ana.get(f"/cycles?limit=2&cursor={cursor}").json()
        seen += [row["id"] for row in page["items"]]
        cursor = page["next_cursor"]
    assert len(seen) == len(set(seen)) == 6


@pytest.mark.parametrize(
    "query", ["cursor=made-up", "limit=0", "limit=201", "limit=x", "colour=red", "limit=1&limit=2"]
)
def test_a_wrong_parameter_is_named(ana: Program, query: str) -> None:
    answer = ana.get(f"/cycles?{query}")
    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == [query.partition("=")[0]]
