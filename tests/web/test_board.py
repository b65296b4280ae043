"""The board: whole and in parts, moves with and without a script, who may do what."""

import datetime as dt
import json
import re

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from headway.agreements.models import Impediment
from headway.lib import clock
from headway.live.models import Change
from headway.scrum import actions
from headway.scrum.models import Category, Column, Item
from headway.value.models import Bet, Serves, SprintAim
from tests.world import World, make_item, make_measurement, make_sprint, make_world

pytestmark = pytest.mark.django_db
FROM_BOARD = {"HTTP_HX_REQUEST": "true", "HTTP_HX_CURRENT_URL": "http://testserver/t/ANT/board/"}


@pytest.fixture
def world() -> World:
    return make_world()


def signed_in(world: World, name: str) -> Client:
    client = Client()
    client.force_login(world.people[name])
    return client


def column(world: World, name: str) -> Column:
    return Column.objects.get(team=world.team, name=name)


def make_full_sprint(world: World):
    sprint = make_sprint(world.team, goal="Repeat in one tap")
    SprintAim.objects.create(sprint=sprint, key_result=world.key_result)
    make_measurement(world.key_result, 40.0)
    items = [
        make_item(world.team, "One tap", size=3, sprint=sprint),
        make_item(world.team, "Home screen", size=5, sprint=sprint, category=Category.DOING),
        make_item(world.team, "Repeat list", size=2, sprint=sprint, category=Category.DONE),
    ]
    actions.block_item(items[1], because="No contract", by=world.cy)
    serves = Serves.objects.create(item=items[0], key_result=world.key_result, at=clock.now())
    Bet.objects.create(serves=serves, low=0.4, likely=1.3, high=2.5, chance=0.6, at=clock.now())
    Serves.objects.create(item=items[2], kind="compliance", reason="The law asks for it", at=clock.now())
    return sprint, items


def test_the_board_of_the_sprint_that_runs(world: World) -> None:
    make_full_sprint(world)
    Impediment.objects.create(team=world.team, title="Test phones run out", raised_on=clock.today())
    page = signed_in(world, "di").get("/t/ANT/board/").content.decode()
    for text in (
        "Repeat in one tap",
        "One tap",
        "+0.4 to +2.5",
        "No contract",
        "moves no KR by itself",
        "The law asks for it",
        "nothing to judge",
        "Test phones run out",
        "3 left",
        "Delivered",
    ):
        assert text in page, text
    assert page.count('class="card') == 3
    assert "Moved" in page
    assert "50" in page  # 40 of 30 to 50 % is half of the way


def test_a_reader_sees_no_way_to_move(world: World) -> None:
    make_full_sprint(world)
    page = signed_in(world, "di").get("/t/ANT/board/").content.decode()
    assert "data-can-move" not in page
    assert 'class="menu card-menu"' not in page
    assert "data-can-move" in signed_in(world, "cy").get("/t/ANT/board/").content.decode()


def test_strangers_get_404_and_guests_sign_in(world: World) -> None:
    item = make_item(world.team)
    for address in ("/t/ANT/board/", "/t/ANT/items/1/", "/t/ANT/sprints/", "/t/ANT/items/1/column/"):
        assert signed_in(world, "eve").get(address).status_code == 404
        assert Client().get(address).status_code == 302
    assert signed_in(world, "eve").post("/t/ANT/items/1/column/", {"column": item.column_id}).status_code == 404


def test_without_a_sprint_everything_is_shown(world: World) -> None:
    make_item(world.team, "Loose")
    page = signed_in(world, "cy").get("/t/ANT/board/").content.decode()
    assert "No Sprint runs." in page
    assert "Loose" in page
    sprint, _items = make_full_sprint(world)
    assert (
        "Loose"
        not in signed_in(world, "cy")
        .get("/t/ANT/board/")
        .content.decode()
        .split('class="lanes"')[1]
        .split("empty pull")[0]
    )
    assert "Loose" in signed_in(world, "cy").get("/t/ANT/board/?sprint=all").content.decode()
    assert signed_in(world, "cy").get(f"/t/ANT/board/?sprint={sprint.number}").status_code == 200
    assert signed_in(world, "cy").get("/t/ANT/board/?sprint=99").status_code == 404


def test_an_empty_team_has_a_board(world: World) -> None:
    page = signed_in(world, "cy").get("/t/ANT/board/").content.decode()
    assert "Nothing here." in page
    assert not re.search(r"\bNaN\b", page)


def lanes(client: Client) -> str:
    return client.get("/t/ANT/board/", HTTP_HX_REQUEST="true").content.decode()


def test_a_move_over_htmx_leaves_it_to_the_stream_to_show_what_changed(world: World) -> None:
    _sprint, items = make_full_sprint(world)
    client = signed_in(world, "cy")
    answer = client.post("/t/ANT/items/1/column/", {"column": column(world, "Done").pk}, **FROM_BOARD)
    assert (answer.status_code, answer.content) == (204, b"")
    told = json.loads(answer.headers["HX-Trigger"])
    assert told["value-changed"] == {"change": Change.objects.latest("pk").pk}
    assert told["toasts"][0]["undo"]
    items[0].refresh_from_db()
    assert items[0].category == "done"


def test_a_move_that_changes_nothing_answers_with_the_two_lanes_as_they_are(world: World) -> None:
    make_full_sprint(world)
    before = Change.objects.count()
    sent = {"column": column(world, "To do").pk, "from": column(world, "To do").pk}
    answer = signed_in(world, "cy").post("/t/ANT/items/1/column/", sent, **FROM_BOARD)
    text = answer.content.decode()
    assert answer.status_code == 200
    assert text.count("<section") == text.count("hx-swap-oob") == 1
    assert f'id="lane-{column(world, "To do").pk}"' in text
    assert Change.objects.count() == before


def test_the_toast_takes_the_move_back(world: World) -> None:
    make_full_sprint(world)
    client = signed_in(world, "cy")
    client.post("/t/ANT/items/1/column/", {"column": column(world, "Done").pk})
    page = client.get("/t/ANT/board/").content.decode()
    undo = page.split("/undo/")[0].rpartition("/changes/")[2]
    client.post(f"/changes/{undo}/undo/")
    assert Item.objects.get(number=1).category == "todo"


def test_a_move_without_a_script_leads_back_to_the_board(world: World) -> None:
    make_full_sprint(world)
    client = signed_in(world, "cy")
    form = client.get("/t/ANT/items/1/column/").content.decode()
    assert "<html" in form
    assert "In progress" in form
    answer = client.post(
        "/t/ANT/items/1/column/",
        {"column": column(world, "In progress").pk},
        HTTP_REFERER="http://testserver/t/ANT/board/",
    )
    assert answer.status_code == 302
    assert answer.headers["Location"] == "/t/ANT/board/"


def test_a_move_is_refused_for_a_reader_and_into_a_strange_column(world: World) -> None:
    make_full_sprint(world)
    assert (
        signed_in(world, "di").post("/t/ANT/items/1/column/", {"column": column(world, "Done").pk}).status_code == 403
    )
    strange = world.other_team.columns.all()[0]
    assert signed_in(world, "cy").post("/t/ANT/items/1/column/", {"column": strange.pk}).status_code == 404
    assert signed_in(world, "cy").post("/t/ANT/items/1/column/", {"column": "x"}).status_code == 404


def test_where_a_card_is_dropped_is_its_place_in_the_order(world: World) -> None:
    sprint, _items = make_full_sprint(world)
    make_item(world.team, "Four", sprint=sprint)
    signed_in(world, "cy").post(
        "/t/ANT/items/4/column/", {"column": column(world, "To do").pk, "before": "1"}, **FROM_BOARD
    )
    order = list(Item.objects.in_order().values_list("number", flat=True))
    assert order.index(4) < order.index(1)


def test_on_the_whole_board_a_drop_by_a_developer_moves_but_does_not_order(world: World) -> None:
    first, second = make_item(world.team, "a"), make_item(world.team, "b", category=Category.DOING)
    answer = signed_in(world, "cy").post(
        "/t/ANT/items/2/column/", {"column": first.column_id, "before": "1"}, **FROM_BOARD
    )
    assert answer.status_code == 204
    second.refresh_from_db()
    assert second.category == "todo"
    assert list(Item.objects.in_order()) == [first, second]


def test_over_the_limit_the_note_says_so(world: World) -> None:
    make_full_sprint(world)
    Column.objects.filter(name="In progress").update(limit=1)
    client = signed_in(world, "cy")
    answer = client.post("/t/ANT/items/1/column/", {"column": column(world, "In progress").pk}, **FROM_BOARD)
    assert "its limit is 1" in answer.headers["HX-Trigger"]
    assert "over by 1" in lanes(client)


def test_block_and_free(world: World) -> None:
    make_full_sprint(world)
    client = signed_in(world, "cy")
    assert client.get("/t/ANT/items/1/block/").status_code == 200
    empty = client.post("/t/ANT/items/1/block/", {"because": " "})
    assert empty.status_code == 422
    assert "Say what is in the way." in empty.content.decode()
    client.post("/t/ANT/items/1/block/", {"because": "Waiting for Finance"})
    assert Item.objects.get(number=1).blocked_because == "Waiting for Finance"
    assert "Waiting for Finance" in lanes(client)
    client.post("/t/ANT/items/1/block/", {"free": "1"}, **FROM_BOARD)
    assert "Waiting for Finance" not in lanes(client)
    assert Item.objects.get(number=1).blocked_since is None
    assert signed_in(world, "di").post("/t/ANT/items/1/block/", {"because": "x"}).status_code == 403


def test_pull_the_next_item_into_the_sprint(world: World) -> None:
    sprint, _items = make_full_sprint(world)
    item = make_item(world.team, "Watch five people")
    client = signed_in(world, "cy")
    assert "Next: 4 Watch five people" in client.get("/t/ANT/board/").content.decode()
    assert "Watch five people" in client.get("/t/ANT/board/pull/", **FROM_BOARD).content.decode()
    assert client.post("/t/ANT/board/pull/", {"item": item.number}, **FROM_BOARD).status_code == 204
    assert "Watch five people" in lanes(client)
    item.refresh_from_db()
    assert item.sprint == sprint
    assert signed_in(world, "di").post("/t/ANT/board/pull/", {"item": "1"}).status_code == 403


def test_pull_without_a_sprint_is_404(world: World) -> None:
    assert signed_in(world, "cy").get("/t/ANT/board/pull/").status_code == 404


def test_beside_the_lanes_comes_as_a_part_with_the_pair(world: World) -> None:
    make_full_sprint(world)
    text = signed_in(world, "di").get("/t/ANT/board/beside/", HTTP_HX_REQUEST="true").content.decode()
    assert "<html" not in text
    assert "Burn-up" in text
    assert 'id="aim" hx-swap-oob="true"' in text


def test_the_board_over_htmx_is_its_lanes(world: World) -> None:
    make_full_sprint(world)
    text = signed_in(world, "di").get("/t/ANT/board/", HTTP_HX_REQUEST="true").content.decode()
    assert "<html" not in text
    assert text.count("<section") == 3


def test_sixty_cards_take_no_more_queries_than_three(world: World) -> None:
    sprint, _items = make_full_sprint(world)
    client = signed_in(world, "cy")
    client.get("/t/ANT/board/")
    with CaptureQueriesContext(connection) as few:
        client.get("/t/ANT/board/")
    for number in range(60):
        item = make_item(world.team, f"Item {number}", sprint=sprint, size=1)
        item.assignees.set([world.people["cy"]])
        Serves.objects.create(item=item, key_result=world.key_result, at=clock.now())
    with CaptureQueriesContext(connection) as many:
        client.get("/t/ANT/board/")
    assert len(many) <= len(few)
    assert len(many) < 40


def test_the_forecast_stands_beside_the_burn_up_where_history_allows(world: World) -> None:
    sprint, _items = make_full_sprint(world)
    actions.add_items_to_sprint(list(Item.objects.filter(sprint=sprint)), sprint, by=world.ana)
    for item in Item.objects.filter(sprint=sprint):
        item.sprint = None
        item.save()
    actions.add_items_to_sprint(list(Item.objects.all()), sprint, by=world.ana)
    client = signed_in(world, "di")
    assert "8 in 10 runs" not in client.get("/t/ANT/board/").content.decode()
    for week in range(12):
        for number in range(1 + week % 3):
            done_at = clock.now() - dt.timedelta(days=7 * week + number + 1)
            make_item(world.team, category=Category.DONE, done_at=done_at)
    page = client.get("/t/ANT/board/").content.decode()
    assert "8 in 10 runs" in page
    assert "all of it by" in page


def test_text_from_people_is_escaped(world: World) -> None:
    make_item(world.team, "<script>alert(1)</script>")
    page = signed_in(world, "cy").get("/t/ANT/board/").content.decode()
    assert "<script>alert" not in page
    assert "&lt;script&gt;" in page
