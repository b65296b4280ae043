"""Two people and one item: the second is told what the first did, and may do theirs nonetheless."""

import json
import re

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils.html import escape

from headway.live.models import Change
from headway.people.models import Role, TeamRole
from headway.scrum import actions
from headway.scrum.models import Category, Column, Item
from headway.value.actions import change_bet, link_item, place_bet, shelve, unlink
from headway.value.models import Bet, NotNow, Serves
from tests.world import World, make_item, make_key_result, make_sprint, make_world

pytestmark = pytest.mark.django_db

BACKLOG = "http://testserver/t/ANT/backlog/"
BOARD = "http://testserver/t/ANT/board/"


@pytest.fixture
def world() -> World:
    found = make_world()
    TeamRole.objects.create(team=found.team, person=found.people["cy"], role=Role.PRODUCT_OWNER)
    for title in ("One", "Two", "Three"):
        make_item(found.team, title)
    actions.edit_item(Item.objects.get(number=1), by=found.bo, size=3)
    return found


@pytest.fixture
def cy(world: World) -> Client:
    client = Client()
    client.force_login(world.people["cy"])
    return client


def item(number: int) -> Item:
    return Item.objects.select_related("team", "sprint", "column").get(number=number)


def now() -> int:
    return Change.objects.latest("pk").pk


def order() -> list[int]:
    return list(Item.objects.in_order().values_list("number", flat=True))


def sent(client: Client, address: str, page: str, seen: int, **given: object):
    """Send what a script of a page sends that shows everything up to a Change."""
    return client.post(address, given, headers={"HX-Request": "true", "HX-Current-URL": page, "Seen-Change": str(seen)})


def note(answer) -> dict:
    (only,) = json.loads(answer.headers["HX-Trigger"])["toasts"]
    return only


def nonetheless(client: Client, told: dict) -> None:
    """Press the button of a note."""
    fields: dict[str, list[str]] = {}
    for name, text in told["again"]["fields"]:
        fields.setdefault(name, []).append(text)
    assert client.post(told["again"]["address"], fields).status_code == 302


def test_another_place_in_the_order_is_told_and_can_be_taken_nonetheless(world: World, cy: Client) -> None:
    seen = now()
    actions.rank_item(item(3), by=world.bo, before=item(1))
    told = note(sent(cy, "/t/ANT/items/3/rank/", BACKLOG, seen, after=1))
    assert told["message"] == "Meanwhile: Bo Berg gave ANT-3 another place in the order."
    assert told["tone"] == "bad"
    assert order() == [3, 1, 2]
    nonetheless(cy, told)
    assert order() == [1, 3, 2]


def test_the_same_place_is_told_quietly(world: World, cy: Client) -> None:
    seen = now()
    actions.rank_item(item(3), by=world.bo, before=item(1))
    before = now()
    told = note(sent(cy, "/t/ANT/items/3/rank/", BACKLOG, seen, before=1))
    assert told["message"] == "Already done: Bo Berg gave ANT-3 another place in the order."
    assert (told["tone"], "again" in told, now()) == ("", False, before)


def test_who_has_seen_it_is_not_asked(world: World, cy: Client) -> None:
    actions.rank_item(item(3), by=world.bo, before=item(1))
    answer = sent(cy, "/t/ANT/items/3/rank/", BACKLOG, now(), after=1)
    assert answer.status_code == 204
    assert note(answer)["message"] == "Three now stands after One."
    assert order() == [1, 3, 2]


def test_a_card_moved_by_another_is_told_and_can_be_moved_nonetheless(world: World, cy: Client) -> None:
    todo, doing, done = Column.objects.filter(team=world.team)
    actions.move_item(item(1), to=done, by=world.bo)
    answer = sent(cy, "/t/ANT/items/1/column/", BOARD, now(), column=doing.pk, **{"from": todo.pk})
    assert answer.content.decode().count("<section") == 3  # the lanes as they are: the card goes back there
    assert note(answer)["message"] == "Bo Berg put ANT-1 into “Done” meanwhile; it stays there."
    assert item(1).category == Category.DONE
    nonetheless(cy, note(answer))
    assert item(1).column == doing


def test_a_card_that_is_there_already_is_told_quietly(world: World, cy: Client) -> None:
    todo, _doing, done = Column.objects.filter(team=world.team)
    actions.move_item(item(1), to=done, by=world.bo)
    told = note(sent(cy, "/t/ANT/items/1/column/", BOARD, now(), column=done.pk, **{"from": todo.pk}))
    assert told["message"] == "Bo Berg has already put ANT-1 into “Done”."
    assert (told["tone"], "again" in told) == ("", False)


def test_a_sprint_that_another_planned_is_told(world: World, cy: Client) -> None:
    running = make_sprint(world.team)
    later = actions.create_sprint(world.team, by=world.ana)
    seen = now()
    actions.add_to_sprint(item(2), running, by=world.bo)
    told = note(sent(cy, "/t/ANT/items/2/sprint/", BOARD, seen, sprint=later.number))
    assert told["message"].startswith("Meanwhile: Bo Berg put ANT-2 into")
    assert item(2).sprint == running
    assert note(sent(cy, "/t/ANT/board/pull/", BOARD, seen, item=2))["message"].startswith("Already done: Bo Berg")
    nonetheless(cy, told)
    assert item(2).sprint == later


def test_what_another_put_aside_is_told_with_what_was_typed_kept(world: World, cy: Client) -> None:
    address = "/t/ANT/items/2/not-now/"
    seen = seen_in(cy.get(address))
    actions.rank_item(item(2), by=world.bo, before=item(1))
    answer = cy.post(address, {"reason": "Too dear", "seen": seen})
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "Meanwhile: Bo Berg gave ANT-2 another place in the order. Send it again to do it nonetheless." in page
    assert "Too dear" in page
    assert not NotNow.objects.exists()
    assert cy.post(address, {"reason": "Too dear", "seen": seen_in(answer)}).status_code == 302
    assert NotNow.objects.get().reason == "Too dear"


def test_what_lies_on_the_shelf_already_is_told_quietly(world: World, cy: Client) -> None:
    address = "/t/ANT/items/2/not-now/"
    seen = seen_in(cy.get(address))
    shelve(item(2), by=world.bo, reason="No money")
    assert cy.post(address, {"reason": "Too dear", "seen": seen}).status_code == 302
    assert "Already done: Bo Berg" in cy.get("/t/ANT/backlog/").content.decode()
    assert NotNow.objects.get().reason == "No money"


def test_a_link_that_another_made_is_told(world: World, cy: Client) -> None:
    address = "/t/ANT/items/2/link/"
    seen, other = seen_in(cy.get(address)), make_key_result(world.objective, "Calls")
    link_item(item(2), by=world.bo, key_result=world.key_result)
    answer = cy.post(address, {"key_result": other.pk, "seen": seen})
    assert answer.status_code == 422
    assert "Meanwhile: Bo Berg" in answer.content.decode()
    assert Serves.objects.get().key_result == world.key_result
    assert cy.post(address, {"key_result": world.key_result.pk, "seen": seen}).status_code == 302
    assert Serves.objects.count() == 1
    assert cy.post(address, {"key_result": other.pk, "seen": seen_in(answer)}).status_code == 302
    assert Serves.objects.count() == 2


def test_the_linking_page_goes_on_and_asks(world: World, cy: Client) -> None:
    seen = seen_in(cy.get("/t/ANT/link/"))
    link_item(item(1), by=world.bo, key_result=world.key_result)
    page = "http://testserver/t/ANT/link/"
    other = make_key_result(world.objective, "Calls")
    told = note(sent(cy, "/t/ANT/link/item/", page, seen, item=1, key_result=other.pk))
    assert told["message"].startswith("Meanwhile: Bo Berg")
    assert Serves.objects.count() == 1
    nonetheless(cy, told)
    assert Serves.objects.count() == 2


def test_many_are_linked_nonetheless_where_another_linked_some_of_them(world: World, cy: Client) -> None:
    other = make_key_result(world.objective, "Calls")
    seen = now()
    for number in (2, 3):
        link_item(item(number), by=world.bo, key_result=world.key_result)
    address = "/t/ANT/backlog/link/?show=unlinked"
    chosen = {"item": [1, 2, 3], "key_result": other.pk}
    answer = sent(cy, address, BACKLOG, seen, **chosen)
    told = note(answer)
    assert answer.status_code == 204
    assert told["message"].startswith("Meanwhile: Bo Berg said what ANT-3 serves.")
    assert told["message"].endswith("1 more of these items was changed too.")
    assert (told["again"]["label"], told["again"]["address"]) == ("Link them nonetheless", address)
    assert not Serves.objects.filter(key_result=other).exists()
    nonetheless(cy, told)
    assert Serves.objects.filter(key_result=other).count() == 3


def test_what_of_many_another_linked_there_already_is_left_alone(world: World, cy: Client) -> None:
    seen = now()
    link_item(item(2), by=world.bo, key_result=world.key_result)
    chosen = {"item": [1, 2], "key_result": world.key_result.pk}
    assert note(sent(cy, "/t/ANT/backlog/link/", BACKLOG, seen, **chosen))["message"].startswith("2 items are linked")
    assert Serves.objects.count() == 2
    told = note(sent(cy, "/t/ANT/backlog/link/", BACKLOG, now(), **chosen | {"item": [2, 3]}))
    assert told["message"].startswith("2 items are linked")


def test_so_many_that_no_note_holds_them_are_chosen_still_and_sent_again(world: World, cy: Client) -> None:
    seen, other = now(), make_key_result(world.objective, "Calls")
    link_item(item(2), by=world.bo, key_result=world.key_result)
    chosen = {"item": [2, *(90_000_000 + n for n in range(80))], "key_result": other.pk}
    link_item(item(3), by=world.bo, key_result=world.key_result)
    chosen["item"].append(3)
    told = note(sent(cy, "/t/ANT/backlog/link/", BACKLOG, seen, **chosen))
    assert told["message"].endswith("Send it again to do it nonetheless.")
    assert "again" not in told
    sent(cy, "/t/ANT/backlog/link/", BACKLOG, now(), **chosen)
    assert Serves.objects.filter(key_result=other).count() == 2


def test_a_link_that_another_took_away_is_told_quietly(world: World, cy: Client) -> None:
    link_item(item(2), by=world.bo, key_result=world.key_result)
    seen, address = now(), f"/t/ANT/links/{Serves.objects.get().pk}/remove/"
    unlink(Serves.objects.get(), by=world.bo)
    told = note(sent(cy, address, BACKLOG, seen, item=2))
    assert told["message"].startswith("Already done: Bo Berg")
    assert told["tone"] == ""
    assert sent(cy, address, BACKLOG, now(), item=2).status_code == 404
    assert sent(cy, address, BACKLOG, seen).status_code == 404


def test_a_link_with_a_bet_that_one_has_not_seen_is_not_taken_away(world: World, cy: Client) -> None:
    link_item(item(2), by=world.bo, key_result=world.key_result)
    seen, address = seen_in(cy.get("/t/ANT/items/2/link/")), f"/t/ANT/links/{Serves.objects.get().pk}/remove/"
    place_bet(item(2), by=world.bo, key_result=world.key_result, low=1, likely=2, high=3, chance=0.5)
    told = note(sent(cy, address, BACKLOG, int(seen), item=2))
    assert told["message"].startswith("Meanwhile: Bo Berg placed a bet on ANT-2")
    assert Bet.objects.exists()
    nonetheless(cy, told)
    assert not Serves.objects.exists()


def promise(world: World, **fields: object) -> dict[str, object]:
    return {"key_result": world.key_result.pk, "low": 1, "likely": 2, "high": 4, "chance": 65, "lag_weeks": 0} | fields


def test_a_bet_that_another_placed_is_told_and_replaced_only_when_sent_again(world: World, cy: Client) -> None:
    address = "/t/ANT/items/2/bet/"
    seen = seen_in(cy.get(address))
    place_bet(item(2), by=world.bo, key_result=world.key_result, low=1, likely=2, high=3, chance=0.5)
    answer = cy.post(address, promise(world, seen=seen))
    assert answer.status_code == 422
    assert "Meanwhile: Bo Berg placed a bet on ANT-2" in answer.content.decode()
    assert Bet.objects.get().high == 3
    assert cy.post(address, promise(world, seen=seen_in(answer))).status_code == 302
    assert Bet.objects.get().high == 4
    assert Change.objects.latest("pk").name == "bet.changed"  # both promises are in history


def test_the_same_bet_is_told_quietly(world: World, cy: Client) -> None:
    address = "/t/ANT/items/2/bet/"
    seen = seen_in(cy.get(address))
    place_bet(item(2), by=world.bo, key_result=world.key_result, low=1, likely=2, high=4, chance=0.65)
    before = now()
    assert cy.post(address, promise(world, seen=seen)).status_code == 302
    assert now() == before
    assert "Already done: Bo Berg placed a bet" in cy.get("/t/ANT/backlog/").content.decode()


def test_a_bet_that_another_changed_is_not_withdrawn_unseen(world: World, cy: Client) -> None:
    bet = place_bet(item(2), by=world.bo, key_result=world.key_result, low=1, likely=2, high=3, chance=0.5)
    withdraw = f"/t/ANT/bets/{bet.pk}/withdraw/"
    seen = seen_in(cy.get(withdraw))
    change_bet(bet, by=world.bo, likely=2.5)
    answer = cy.post(withdraw, {"seen": seen})
    assert answer.status_code == 422
    assert "Meanwhile: Bo Berg changed the bet on ANT-2" in answer.content.decode()
    assert Bet.objects.get().likely == 2.5
    assert cy.post(withdraw, {"seen": seen_in(answer)}).status_code == 302
    assert not Bet.objects.exists()


def test_what_another_brought_back_is_told_quietly(world: World, cy: Client) -> None:
    told = note(sent(cy, "/t/ANT/items/2/back/", BACKLOG, now()))
    assert told["message"].endswith("has already brought ANT-2 back.")


@pytest.mark.parametrize("seen", ["", "x", "-1", "9" * 30, "٣"])
def test_what_was_seen_is_a_number_or_nothing(world: World, cy: Client, seen: str) -> None:
    actions.rank_item(item(3), by=world.bo, before=item(1))
    assert cy.post("/t/ANT/items/3/rank/", {"after": 1, "seen": seen}).status_code == 302
    assert order() == [1, 3, 2]


def test_a_stranger_hears_nothing_and_a_reader_is_refused(world: World) -> None:
    seen = now()
    actions.rank_item(item(3), by=world.bo, before=item(1))
    for name, status in (("eve", 404), ("di", 403)):
        client = Client()
        client.force_login(world.people[name])
        for address, given in (
            ("/t/ANT/items/3/rank/", {"after": 1}),
            ("/t/ANT/items/3/not-now/", {"reason": "So"}),
            ("/t/ANT/items/3/link/", {"kind": "compliance", "reason": "So"}),
        ):
            answer = client.post(address, given | {"seen": seen})
            assert answer.status_code == status
            assert "Meanwhile" not in answer.content.decode()


@pytest.mark.django_db(transaction=True)
def test_a_move_and_a_new_place_take_at_most_twelve_queries(world: World, cy: Client) -> None:
    make_sprint(world.team)
    column = Column.objects.filter(team=world.team, category=Category.DOING).get()
    for address, given, page in (
        ("/t/ANT/items/1/column/", {"column": column.pk, "before": 2}, BOARD),
        ("/t/ANT/items/3/rank/", {"before": 2}, BACKLOG),
    ):
        cy.get(page)  # what is remembered from request to request
        seen = now()
        with CaptureQueriesContext(connection) as caught:
            assert sent(cy, address, page, seen, **given).status_code == 204
        told = [one["sql"] or "" for one in caught]  # of some prepared ones the driver cannot tell the text
        asked = [sql for sql in told if not sql.startswith(("BEGIN", "COMMIT"))]
        assert len(asked) <= 12, asked


def seen_in(answer) -> str:
    found = re.search(r'name="seen" value="(\d+)"', answer.content.decode())
    assert found
    return found[1]


def test_text_that_people_wrote_is_escaped_in_the_note(world: World, cy: Client) -> None:
    address = "/t/ANT/items/2/not-now/"
    seen = seen_in(cy.get(address))
    shelve(item(2), by=world.bo, reason="<b>No</b>")
    cy.post(address, {"reason": "So", "seen": seen})
    page = cy.get("/t/ANT/backlog/").content.decode()
    assert "<b>No</b>" not in page
    assert escape("<b>No</b>") in page
