"""The page of an item, and what is done there."""

import datetime as dt
import re

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from headway.lib import clock
from headway.okr.models import Alignment
from headway.scrum import actions
from headway.scrum.models import Category, Item, ItemLink, Transition
from headway.sync.models import Conflict, Import, TrackedItem
from headway.value.models import Bet, Serves
from headway.web.markdown import markdown
from tests.world import (
    World,
    make_item,
    make_key_result,
    make_measurement,
    make_objective,
    make_sprint,
    make_team,
    make_world,
)

pytestmark = pytest.mark.django_db
EXTRA = {"URL": "https://example.org/7", "Script": "javascript:alert(1)"}


@pytest.fixture
def world() -> World:
    return make_world()


def signed_in(world: World, name: str) -> Client:
    client = Client()
    client.force_login(world.people[name])
    return client


def read(world: World, address: str, name: str = "di") -> str:
    answer = signed_in(world, name).get(address)
    assert answer.status_code == 200
    return answer.content.decode()


def make_tracked(world: World, **fields: object) -> Item:
    item = make_item(world.team, tracker_key="SHOP-7", extra={"Labels": ["price", "sign-in"], **EXTRA}, **fields)
    run = Import.objects.create(
        organisation=world.organisation,
        team=world.team,
        provider="jira",
        file_name="shop.csv",
        created_at=clock.now(),
        finished_at=clock.now(),
    )
    tracked = {"title": item.title, "status": "To do", "size": 3, "description": ""}
    TrackedItem.objects.create(item=item, provider="jira", fields=tracked, last_seen=run)
    Conflict.objects.create(item=item, run=run, field="title", ours=item.title, theirs="Their title")
    return item


def test_everything_that_is_known(world: World) -> None:
    upper = make_key_result(make_objective(world.cycle, "Nobody runs out"), "Patients served")
    Alignment.objects.create(key_result=world.key_result, upper=upper)
    make_measurement(world.key_result, 41.5)
    parent = make_item(world.team, "Parent")
    item = make_item(
        world.team,
        "Show the price",
        description="**Bold** words\n\n- one",
        size=3,
        sprint=make_sprint(world.team),
        due_on=clock.today() + dt.timedelta(days=3),
        parent=parent,
    )
    child = make_item(world.team, "Child", parent=item)
    ItemLink.objects.create(item=item, to=child, type="blocks")
    serves = Serves.objects.create(item=item, key_result=world.key_result, at=clock.now())
    Bet.objects.create(
        serves=serves, low=1, likely=2.5, high=4.5, chance=0.65, hypothesis="If they see it", at=clock.now()
    )
    actions.edit_item(item, by=world.bo, size=5)
    Transition.objects.create(item=item, status="Selected", category="todo", at=clock.now(), is_imported=True)
    page = read(world, "/t/ANT/items/2/")
    for text in (
        "Show the price",
        "41.5",
        "Ordering again is easy",
        "Nobody runs out",
        "<strong>Bold</strong>",
        "If they see it",
        "65",
        "Parent",
        "Child",
        "blocks",
        "Bo Berg changed the size of ANT-2 from 3 to 5",
        "In the status “Selected”",
        "Sprint 1",
        "in Sprint 1",
    ):
        assert text in page, text


def test_the_rank_is_that_of_the_value_sheet(world: World) -> None:
    make_item(world.team, "No promise")
    in_sprint = make_item(world.team, "In the Sprint", sprint=make_sprint(world.team))
    items = [make_item(world.team, title) for title in ("Health", "Bet", "Last kind")]
    for item in (in_sprint, items[1]):
        serves = Serves.objects.create(item=item, key_result=world.key_result, at=clock.now())
        Bet.objects.create(serves=serves, low=1, likely=2, high=3, chance=0.5, at=clock.now())
    for item in (items[0], items[2]):
        Serves.objects.create(item=item, kind="health", reason="Old driver", at=clock.now())
    assert "rank 1<" in read(world, "/t/ANT/items/3/")
    assert "rank 2<" in read(world, "/t/ANT/items/4/")
    assert "5 of 5 in the backlog" in read(world, "/t/ANT/items/5/")
    assert "1 of 5 in the backlog" in read(world, "/t/ANT/items/1/")
    sheet = read(world, "/t/ANT/backlog/")
    assert sheet.index("Health") < sheet.index("Bet</a>")


def test_an_item_that_serves_nothing_says_so(world: World) -> None:
    make_item(world.team)
    assert "Nobody has said what this serves." in read(world, "/t/ANT/items/1/")
    assert "Link it" in read(world, "/t/ANT/items/1/", "cy")


def test_absent_for_strangers_and_where_there_is_none(world: World) -> None:
    make_item(world.team)
    assert signed_in(world, "eve").get("/t/ANT/items/1/").status_code == 404
    assert signed_in(world, "di").get("/t/ANT/items/9/").status_code == 404


def test_what_the_tracker_owns_is_marked_and_the_rest_of_the_file_shown(world: World) -> None:
    make_tracked(world, size=3)
    page = read(world, "/t/ANT/items/1/")
    assert "SHOP-7 in Jira" in page
    assert page.count("Jira owns this field") == 3
    assert "price, sign-in" in page
    assert 'href="https://example.org/7"' in page
    assert 'href="javascript' not in page
    assert "Their title" in page
    assert "Keep ours" not in page
    assert "Keep ours" in read(world, "/t/ANT/items/1/", "bo")


@pytest.mark.parametrize(("choice", "title"), [("ours", "Order again in one tap"), ("theirs", "Their title")])
def test_a_conflict_is_decided(world: World, choice: str, title: str) -> None:
    item = make_tracked(world)
    conflict = Conflict.objects.get()
    address = f"/t/ANT/items/1/conflicts/{conflict.pk}/"
    assert signed_in(world, "di").post(address, {"choice": choice}).status_code == 403
    assert signed_in(world, "bo").post(address, {"choice": choice}).status_code == 302
    item.refresh_from_db()
    conflict.refresh_from_db()
    assert (item.title, conflict.decided) == (title, choice)


def test_a_new_item_on_a_page_and_in_the_dialog(world: World) -> None:
    client = signed_in(world, "cy")
    assert "What is to be done?" in client.get("/t/ANT/items/new/").content.decode()
    answer = client.post("/t/ANT/items/new/", {"title": "One", "kind": "bug", "size": "2.5"})
    assert answer.headers["Location"] == "/t/ANT/items/1/"
    item = Item.objects.get()
    assert (item.title, item.kind, item.size) == ("One", "bug", 2.5)
    assert "is created." in client.get("/t/ANT/items/1/").content.decode()
    sprint = make_sprint(world.team)
    from_board = {"HTTP_HX_REQUEST": "true", "HTTP_HX_CURRENT_URL": "http://testserver/t/ANT/board/"}
    answer = client.post(
        "/t/ANT/items/new/?sprint=1", {"title": "Two", "kind": "story", "in_sprint": "on"}, **from_board
    )
    assert answer.status_code == 204
    assert Item.objects.get(title="Two").sprint == sprint


def test_what_was_typed_is_kept_where_it_is_refused(world: World) -> None:
    answer = signed_in(world, "cy").post("/t/ANT/items/new/", {"title": "  ", "kind": "bug", "size": "-2"})
    assert answer.status_code == 422
    assert 'value="-2"' in answer.content.decode()
    assert not Item.objects.exists()


def test_only_the_product_owner_is_offered_the_top(world: World) -> None:
    make_item(world.team, "First")
    assert "At the top" not in read(world, "/t/ANT/items/new/", "cy")
    client = signed_in(world, "bo")
    client.post("/t/ANT/items/new/", {"title": "Top", "kind": "story", "at_top": "on"})
    assert Item.objects.in_order()[0].title == "Top"
    given = {"title": "Top", "kind": "story", "at_top": "on"}
    assert signed_in(world, "cy").post("/t/ANT/items/new/", given).status_code == 403


def test_readers_create_and_edit_nothing(world: World) -> None:
    make_item(world.team)
    client = signed_in(world, "di")
    for address in ("/t/ANT/items/new/", "/t/ANT/items/1/edit/"):
        assert client.get(address).status_code == 403
        assert client.post(address, {"title": "x", "kind": "story"}).status_code == 403
    assert client.post("/t/ANT/items/1/remove/").status_code == 403
    assert client.post("/t/ANT/items/1/sprint/", {"sprint": ""}).status_code == 403


def test_edit_and_undo(world: World) -> None:
    make_item(world.team, "Parent")
    make_item(world.team, "Old", size=2)
    client = signed_in(world, "cy")
    assert 'value="Old"' in client.get("/t/ANT/items/2/edit/").content.decode()
    given = {
        "title": "New",
        "description": "Line one\r\nLine two",
        "kind": "task",
        "size": "",
        "due_on": "2026-12-24",
        "parent": "ant-1",
        "assignees": [str(world.people["cy"].pk)],
    }
    answer = client.post("/t/ANT/items/2/edit/", given)
    assert answer.status_code == 302
    item = Item.objects.get(number=2)
    assert (item.title, item.kind, item.size, item.due_on) == ("New", "task", None, dt.date(2026, 12, 24))
    assert item.parent is not None
    assert [person.name for person in item.assignees.all()] == ["Cy Cole"]
    page = client.get("/t/ANT/items/2/").content.decode()
    undo = page.split("/undo/")[0].rpartition("/changes/")[2]
    client.post(f"/changes/{undo}/undo/")
    item.refresh_from_db()
    assert (item.title, item.parent, item.assignees.count()) == ("Old", None, 0)


@pytest.mark.parametrize(("parent", "told"), [("99", "There is no such item"), ("2", "under itself"), ("x", "no such")])
def test_a_parent_that_does_not_do(world: World, parent: str, told: str) -> None:
    make_item(world.team)
    make_item(world.team)
    answer = signed_in(world, "cy").post("/t/ANT/items/2/edit/", {"title": "x", "kind": "story", "parent": parent})
    assert answer.status_code == 422
    assert told in answer.content.decode()


def test_into_a_sprint_and_out(world: World) -> None:
    sprint = make_sprint(world.team)
    item = make_item(world.team)
    client = signed_in(world, "cy")
    assert "Into Sprint 1" in client.get("/t/ANT/items/1/column/").content.decode()
    client.post("/t/ANT/items/1/sprint/", {"sprint": "1"})
    item.refresh_from_db()
    assert item.sprint == sprint
    client.post("/t/ANT/items/1/sprint/", {"sprint": ""})
    item.refresh_from_db()
    assert item.sprint is None
    assert client.post("/t/ANT/items/1/sprint/", {"sprint": "9"}).status_code == 404


def test_remove_and_bring_back(world: World) -> None:
    item = make_item(world.team)
    client = signed_in(world, "cy")
    assert client.post("/t/ANT/items/1/remove/").headers["Location"] == "/t/ANT/backlog/"
    page = client.get("/t/ANT/items/1/").content.decode()
    assert "was removed on" in page
    client.post("/t/ANT/items/1/restore/")
    item.refresh_from_db()
    assert item.removed_at is None


def test_writes_are_posts_only(world: World) -> None:
    make_item(world.team)
    client = signed_in(world, "cy")
    for name in ("sprint", "remove", "restore"):
        assert client.get(f"/t/ANT/items/1/{name}/").status_code == 405


def test_a_done_item_says_when_and_how_long(world: World) -> None:
    make_item(world.team, category=Category.DONE)
    page = read(world, "/t/ANT/items/1/")
    assert "working day" in page
    assert not re.search(r"\bNaN\b", page)


def test_queries_do_not_grow_with_history(world: World) -> None:
    item = make_item(world.team)
    client = signed_in(world, "cy")
    client.get("/t/ANT/items/1/")
    with CaptureQueriesContext(connection) as few:
        client.get("/t/ANT/items/1/")
    for size in range(30):
        actions.edit_item(item, by=world.cy, size=float(size))
        make_item(world.team, f"Child {size}", parent=item)
    with CaptureQueriesContext(connection) as many:
        client.get("/t/ANT/items/1/")
    assert len(many) <= len(few) + 1


def test_a_link_to_another_teams_item_leads_there(world: World) -> None:
    item = make_item(world.team)
    other = make_item(make_team(world.organisation, "BEE", "Bee"), "Of Bee")
    ItemLink.objects.create(item=item, to=other, type="depends on")
    assert 'href="/t/BEE/items/1/"' in read(world, "/t/ANT/items/1/")


def test_markdown_is_safe() -> None:
    text = markdown(
        "# Head\n\n<script>alert(1)</script> ![cat](http://example.com/cat.png) [bad](javascript:alert(1))"
        " [good](https://example.com)\n\n| a | b |\n|:-:|--:|\n| 1 | 2 |"
    )
    assert "<script" not in text
    assert "<img" not in text
    assert "javascript:alert" not in text.replace("[bad](javascript:alert(1))", "")
    assert "style=" not in text
    assert "<h3>Head</h3>" in text
    assert 'rel="noopener noreferrer nofollow"' in text
    assert "<td>1</td>" in text
    assert "<em>cat</em>" in text
