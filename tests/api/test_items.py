"""Items over the API: read, write, move, order, plan, one by one and many at once."""

from collections.abc import Callable
from typing import Any

import pytest

from headway.live.models import Change
from headway.scrum.models import Column, Item
from headway.value.actions import link_item
from tests.api.program import Program
from tests.world import World, make_item, make_sprint

ITEMS = "/teams/ANT/items"


def column(world: World, name: str) -> int:
    return Column.objects.get(team=world.team, name=name).pk


def test_make_read_and_edit(world: World, bo: Program) -> None:
    parent = make_item(world.team, "Above")
    made = bo.post(ITEMS, {"title": "Pay by card", "size": 3, "parent_number": parent.number})
    assert made.status_code == 201
    body = made.json()
    assert (body["key"], body["size"], body["category"]) == (f"ANT-{body['number']}", 3.0, "todo")
    path = f"{ITEMS}/{body['number']}"
    assert bo.get(path).json() == body
    edited = bo.patch(path, {"title": "Pay by phone", "parent_number": None, "assignee_ids": [world.bo.person_id]})
    assert edited.json()["title"] == "Pay by phone"
    assert edited.json()["parent_number"] is None
    assert edited.json()["assignee_ids"] == [world.bo.person_id]
    assert edited.json()["size"] == 3.0


def test_two_who_edit_at_once_do_not_overwrite_each_other(world: World, bo: Program, cy: Program) -> None:
    path = f"{ITEMS}/{make_item(world.team).number}"
    seen = bo.get(path)["ETag"]
    assert cy.patch(path, {"title": "Cy was first"}, if_match=seen).status_code == 200
    assert bo.patch(path, {"title": "Bo was late"}, if_match=seen).status_code == 412
    assert bo.get(path).json()["title"] == "Cy was first"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"title": ""}, "title"),
        ({"title": "x", "size": -1}, "size"),
        ({"title": "x", "kind": "saga"}, "kind"),
        ({"title": "x", "parent_number": 99}, "parent_number"),
        ({"title": "x", "sprint_number": 99}, "sprint_number"),
        ({"title": "x", "column_id": 10**9}, "column_id"),
        ({"title": "x", "assignee_ids": [10**9]}, "assignee_ids"),
    ],
)
def test_a_wrong_field_is_named_and_nothing_is_made(world: World, bo: Program, body: Any, field: str) -> None:
    answer = bo.post(ITEMS, body)
    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == [field]
    assert not Item.objects.filter(title="x").exists()


def test_another_organisations_column_and_people_are_none(world: World, bo: Program) -> None:
    theirs = Column.objects.filter(team=world.other_team).first()
    assert theirs is not None
    assert bo.post(ITEMS, {"title": "x", "column_id": theirs.pk}).status_code == 422
    assert bo.post(ITEMS, {"title": "x", "assignee_ids": [world.eve.person_id]}).status_code == 422


def test_move_block_and_take_back(world: World, cy: Program) -> None:
    item = make_item(world.team)
    path = f"{ITEMS}/{item.number}"
    moved = cy.post(f"{path}/move", {"column_id": column(world, "Done")})
    assert (moved.json()["category"], moved.json()["done_at"] is not None) == ("done", True)
    statuses = cy.get(f"{path}/statuses").json()["items"]
    assert [row["status"] for row in statuses] == ["Done"]
    assert Change.objects.get(pk=moved["Headway-Change"]).name == "item.moved"
    other = f"{ITEMS}/{make_item(world.team).number}"
    blocked = cy.post(f"{other}/block", {"because": "No contract"})
    assert blocked.json()["blocked_because"] == "No contract"
    assert cy.post(f"{other}/unblock").json()["blocked_since"] is None


def test_the_order_is_the_product_owners(world: World, bo: Program, cy: Program) -> None:
    one, other = make_item(world.team, "One"), make_item(world.team, "Other")
    assert cy.post(f"{ITEMS}/{other.number}/rank", {"at_top": True}).status_code == 403
    bo.post(f"{ITEMS}/{other.number}/rank", {"before": one.number})
    assert [row["title"] for row in bo.get(ITEMS).json()["items"]] == ["Other", "One"]
    bo.post(f"{ITEMS}/rank", {"numbers": [one.number, other.number], "at_top": True})
    assert [row["title"] for row in bo.get(ITEMS).json()["items"]] == ["One", "Other"]


def test_many_at_once_are_one_change(world: World, bo: Program) -> None:
    numbers = [make_item(world.team).number for _ in range(3)]
    sprint = make_sprint(world.team, 1)
    planned = bo.post(f"{ITEMS}/sprint", {"numbers": numbers, "sprint_number": sprint.number})
    assert {row["sprint_number"] for row in planned.json()["items"]} == {sprint.number}
    assert Change.objects.latest("pk").name == "items.planned"
    bo.post(f"{ITEMS}/move", {"numbers": numbers, "column_id": column(world, "In progress")})
    removed = bo.post(f"{ITEMS}/remove", {"numbers": numbers})
    assert all(row["removed_at"] for row in removed.json()["items"])
    assert bo.get(ITEMS).json()["items"] == []
    assert len(bo.get(f"{ITEMS}?removed=true").json()["items"]) == 3
    answer = bo.post(f"{ITEMS}/remove", {"numbers": [99]})
    assert [error["field"] for error in answer.json()["errors"]] == ["numbers"]


def test_lists_are_narrowed(world: World, bo: Program) -> None:
    item = make_item(world.team, "Linked")
    make_item(world.team, "Plain")
    link_item(item, key_result=world.key_result, by=world.bo)
    for query in (f"key_result_id={world.key_result.pk}", "category=todo&blocked=false&kind=story"):
        answer = bo.get(f"{ITEMS}?{query}")
        assert answer.status_code == 200, answer.content
        found = [row["title"] for row in answer.json()["items"]]
        assert "Linked" in found
    assert [row["title"] for row in bo.get(f"{ITEMS}?key_result_id={world.key_result.pk}").json()["items"]] == [
        "Linked"
    ]
    assert bo.get(f"{ITEMS}?category=done").json()["items"] == []


def test_a_repeated_request_makes_one_item(world: World, bo: Program) -> None:
    first = bo.post(ITEMS, {"title": "Once"}, idempotency_key="k1")
    again = bo.post(ITEMS, {"title": "Once"}, idempotency_key="k1")
    assert (again.status_code, again.json()) == (201, first.json())
    assert Item.objects.filter(title="Once").count() == 1


def test_who_may(world: World, program: Callable[..., Program]) -> None:
    path = f"{ITEMS}/{make_item(world.team).number}"
    assert program("di").get(path).status_code == 200
    assert program("di").patch(path, {"title": "x"}).status_code == 403
    assert program("eve").get(path).status_code == 404
    assert program("eve").post(ITEMS, {"title": "x"}).status_code == 404


def test_queries_do_not_grow_with_the_list(
    world: World, bo: Program, django_assert_max_num_queries: Callable[..., Any]
) -> None:
    for _number in range(30):
        make_item(world.team)
    with django_assert_max_num_queries(12):
        assert len(bo.get(ITEMS).json()["items"]) == 30


def test_sprints_are_planned_started_and_closed(world: World, bo: Program) -> None:
    sprints = "/teams/ANT/sprints"
    made = bo.post(sprints, {"goal": "Ship it"}).json()
    path = f"{sprints}/{made['number']}"
    assert bo.patch(path, {"goal": "Ship it well"}).json()["goal"] == "Ship it well"
    assert bo.post(f"{path}/aim", {"key_result_id": world.key_result.pk}).json()["aim_id"] == world.key_result.pk
    bo.post(ITEMS, {"title": "In it", "sprint_number": made["number"], "size": 2})
    assert bo.post(f"{path}/start").json()["started_at"] is not None
    burn_up = bo.get(f"{path}/burn-up").json()
    assert (burn_up["scope"], burn_up["done"], burn_up["open_items"]) == (2.0, 0.0, 1)
    assert bo.post(f"{path}/close", {}).status_code == 422  # something is open, and nobody said why
    assert bo.post(f"{path}/close", {"reason": "Too much"}).json()["closed_at"] is not None
    assert [row["number"] for row in bo.get(sprints).json()["items"]] == [made["number"]]


def test_columns(world: World, ana: Program, cy: Program) -> None:
    columns = "/teams/ANT/columns"
    assert cy.post(columns, {"name": "In review", "category": "doing"}).status_code == 403
    made = ana.post(columns, {"name": "In review", "category": "doing", "limit": 2}).json()
    ids = [row["id"] for row in ana.get(columns).json()["items"]]
    order = [made["id"], *(pk for pk in ids if pk != made["id"])]
    assert [row["id"] for row in ana.post(f"{columns}/order", {"column_ids": order}).json()["columns"]] == order
    assert ana.patch(f"{columns}/{made['id']}", {"limit": None}).json()["limit"] is None
    left = ana.post(f"{columns}/{made['id']}/delete", {}).json()["columns"]
    assert made["id"] not in [row["id"] for row in left]
