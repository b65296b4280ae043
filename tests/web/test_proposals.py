"""Pages of focus proposals: proposed by the Scrum Master, decided by the Product Owner, seen by all."""

import re
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from headway.live.models import Change
from headway.scrum.actions import move_item, rank_item
from headway.scrum.models import Column, Item
from headway.value.actions import accept_proposal, propose_order
from headway.value.models import FocusProposal
from headway.value.queries import value_sheet
from headway.value.queries.focus import order_of
from tests.value.make import make_bet, make_done
from tests.web.test_backlog import signed_in
from tests.world import World, make_item, make_measurement, make_world

Status = FocusProposal.Status


@pytest.fixture
def world(db: None) -> World:
    return make_world()


@pytest.fixture
def backlog(world: World) -> list[Item]:
    """Return three items in the wrong order: the best bet is the last."""
    make_done(world.team)
    make_measurement(world.key_result, 32.0)
    items = [make_item(world.team, title, size=3.0) for title in ("Little", "Some", "Much")]
    for item, likely in zip(items, (1.0, 3.0, 9.0), strict=True):
        make_bet(item, world.key_result, likely / 2, likely, likely * 1.5, 0.6)
    return items


@pytest.fixture
def proposal(world: World, backlog: list[Item]) -> FocusProposal:
    order = [item.pk for item in reversed(backlog)]
    return propose_order(world.team, by=world.ana, order=order, reason="Much <b>first</b>")


def address(row: FocusProposal, act: str = "") -> str:
    return f"/t/ANT/proposals/{row.pk}/" + (f"{act}/" if act else "")


def text(client: Client, where: str, status: int = 200) -> str:
    answer = client.get(where)
    assert answer.status_code == status
    return " ".join(answer.content.decode().split())


def places(items: list[Item], **wanted: Any) -> dict[str, str]:
    """Return what the form sends: the places shown (those of `items`), and places that were typed instead."""
    sent = {f"was-{item.number}": str(at) for at, item in enumerate(items, start=1)}
    sent |= {f"place-{item.number}": str(at) for at, item in enumerate(items, start=1)}
    return sent | {name: str(value) for name, value in wanted.items()}


def test_a_new_team_is_told_what_a_proposal_is(world: World) -> None:
    page = text(signed_in(world, "ana"), "/t/ANT/proposals/")
    assert "Nothing was proposed yet" in page
    assert "The value sheet is empty" in text(signed_in(world, "ana"), "/t/ANT/proposals/new/")


def test_the_scrum_master_begins_with_the_best_order(world: World, backlog: list[Item]) -> None:
    page = text(signed_in(world, "ana"), "/t/ANT/proposals/new/")
    places_of = [page.index(f">{title}<") for title in ("Much", "Some", "Little")]
    assert places_of == sorted(places_of)
    assert "more than the present order over 26 weeks" in page
    assert "8 times in 10 between" in page


def test_places_are_typed_without_scripts(world: World, backlog: list[Item]) -> None:
    client = signed_in(world, "ana")
    shown = list(reversed(backlog))
    sent = places(shown, **{f"place-{backlog[0].number}": 1, "look": 1})
    page = " ".join(client.post("/t/ANT/proposals/new/", sent).content.decode().split())
    at = [page.index(f">{title}<") for title in ("Little", "Much", "Some")]
    assert at == sorted(at)
    assert not FocusProposal.objects.exists()
    sent |= {"propose": "1", "reason": "Little is due"}
    del sent["look"]
    assert client.post("/t/ANT/proposals/new/", sent).status_code == 302
    row = FocusProposal.objects.get()
    assert row.order == [backlog[0].pk, backlog[2].pk, backlog[1].pk]


def test_down_the_list_too(world: World, backlog: list[Item]) -> None:
    shown = list(reversed(backlog))
    sent = places(shown, **{f"place-{backlog[2].number}": 2, "propose": 1, "reason": "Some, then much"})
    signed_in(world, "ana").post("/t/ANT/proposals/new/", sent)
    assert FocusProposal.objects.get().order == [backlog[1].pk, backlog[2].pk, backlog[0].pk]


def test_an_order_of_the_address_is_proposed(world: World, backlog: list[Item]) -> None:
    numbers = ".".join(str(item.number) for item in (backlog[1], backlog[2], backlog[0]))
    page = text(signed_in(world, "ana"), f"/t/ANT/proposals/new/?order={numbers}")
    at = [page.index(f">{title}<") for title in ("Some", "Much", "Little")]
    assert at == sorted(at)
    for odd in ("1.2", "x", "1.1.1", "9" * 30, ".".join("7" * 3000)):
        assert signed_in(world, "ana").get("/t/ANT/proposals/new/", {"order": odd}).status_code == 200


@pytest.mark.parametrize("reason", ["", "x" * 2001])
def test_a_proposal_without_a_reason_is_sent_back(world: World, backlog: list[Item], reason: str) -> None:
    sent = places(list(reversed(backlog))) | {"propose": "1", "reason": reason}
    answer = signed_in(world, "ana").post("/t/ANT/proposals/new/", sent)
    assert answer.status_code == 422
    assert not FocusProposal.objects.exists()


def test_the_order_that_stands_is_refused_with_words(world: World, backlog: list[Item]) -> None:
    sent = places(backlog, propose=1, reason="As it is")
    sent |= {f"was-{item.number}": str(at) for at, item in enumerate(reversed(backlog), start=1)}
    answer = signed_in(world, "ana").post("/t/ANT/proposals/new/", sent)
    assert answer.status_code == 422
    assert "This is the order that stands" in answer.content.decode()


def test_a_second_one_waits_for_the_first(world: World, proposal: FocusProposal) -> None:
    page = text(signed_in(world, "ana"), "/t/ANT/proposals/new/")
    assert "A proposal waits already" in page
    assert address(proposal) in page


@pytest.mark.parametrize(("who", "status"), [("bo", 403), ("cy", 403), ("di", 403), ("eve", 404)])
def test_nobody_else_proposes(world: World, backlog: list[Item], who: str, status: int) -> None:
    client = signed_in(world, who)
    assert client.get("/t/ANT/proposals/new/").status_code == status
    sent = places(list(reversed(backlog))) | {"propose": "1", "reason": "Me"}
    assert client.post("/t/ANT/proposals/new/", sent).status_code == status
    assert not FocusProposal.objects.exists()


def test_the_page_says_what_it_brings(world: World, proposal: FocusProposal) -> None:
    page = text(signed_in(world, "di"), address(proposal))
    assert "Much &lt;b&gt;first&lt;/b&gt;" in page
    assert "Ana Abel proposed it" in page
    assert "more than the present order over 26 weeks" in page
    assert "change places if" in page
    assert "It waits for the Product Owner" in page
    assert address(proposal, "accept") not in page
    assert not re.search(r"\bnan\b", page, re.IGNORECASE)  # a random token may hold the three letters


def test_the_product_owner_accepts_with_one_click(world: World, proposal: FocusProposal, backlog: list[Item]) -> None:
    client = signed_in(world, "bo")
    assert address(proposal, "accept") in text(client, "/t/ANT/backlog/")
    answer = client.post(address(proposal, "accept"), follow=True)
    assert "The backlog is in this order now." in answer.content.decode()
    assert order_of(value_sheet(world.team, world.bo)) == proposal.order
    change = Change.objects.latest("pk")
    assert f"/changes/{change.pk}/undo/" in answer.content.decode()
    client.post(f"/changes/{change.pk}/undo/")
    assert order_of(value_sheet(world.team, world.bo)) == [item.pk for item in backlog]
    assert FocusProposal.objects.get().is_open


def test_what_changed_meanwhile_is_seen_first(world: World, proposal: FocusProposal, backlog: list[Item]) -> None:
    client = signed_in(world, "bo")
    move_item(backlog[1], to=Column.objects.get(team=world.team, name="Done"), by=world.cy)
    answer = client.post(address(proposal, "accept"), follow=True)
    page = " ".join(answer.content.decode().split())
    assert "The backlog changed since this was proposed" in page
    assert f"{backlog[1].key} Some: done." in page
    assert FocusProposal.objects.get().is_open
    seen = page.split('name="seen" value="')[1].split('"')[0]
    client.post(address(proposal, "accept"), {"seen": seen})
    assert FocusProposal.objects.get().status == Status.ACCEPTED
    assert "changed since" not in text(client, "/t/ANT/backlog/")


def test_on_the_sheet_nothing_stale_is_accepted_unseen(
    world: World, proposal: FocusProposal, backlog: list[Item]
) -> None:
    rank_item(backlog[1], by=world.bo, at_top=True)
    page = text(signed_in(world, "bo"), "/t/ANT/backlog/")
    assert "The backlog changed since." in page
    assert address(proposal, "accept") not in page


def test_changed_first_then_accepted(world: World, proposal: FocusProposal, backlog: list[Item]) -> None:
    client = signed_in(world, "bo")
    assert "Change the order, then accept" in text(client, address(proposal, "change"))
    sent = places(list(reversed(backlog)), **{f"place-{backlog[0].number}": 1, "accept": 1, "reason": "The fair"})
    assert client.post(address(proposal, "change"), sent).status_code == 302
    row = FocusProposal.objects.get()
    assert (row.status, row.because) == (Status.CHANGED, "The fair")
    assert row.followed == [backlog[0].pk, backlog[2].pk, backlog[1].pk]
    page = text(client, address(proposal))
    assert f"The order decided: {backlog[0].key}, {backlog[2].key}, {backlog[1].key}" in page
    assert client.get(address(proposal, "change")).status_code == 302


def test_declined_with_its_reason(world: World, proposal: FocusProposal) -> None:
    client = signed_in(world, "bo")
    assert client.post(address(proposal, "decline"), {"because": ""}).status_code == 422
    client.post(address(proposal, "decline"), {"because": "The fair comes first"})
    page = text(client, address(proposal))
    assert "Declined by Bo Berg" in page
    assert "The fair comes first" in page
    assert "so far; the cycle ends on" in page
    again = client.post(address(proposal, "decline"), {"because": "Again"})
    assert again.status_code == 422
    assert "declined already: by Bo Berg" in again.content.decode()


def test_withdrawn_by_the_scrum_master(world: World, proposal: FocusProposal) -> None:
    client = signed_in(world, "ana")
    assert address(proposal, "withdraw") in text(client, address(proposal))
    client.post(address(proposal, "withdraw"))
    assert FocusProposal.objects.get().status == Status.WITHDRAWN
    assert "Withdrawn by Ana Abel" in text(client, address(proposal))


@pytest.mark.parametrize(("who", "status"), [("ana", 403), ("cy", 403), ("di", 403), ("eve", 404)])
def test_nobody_else_decides(world: World, proposal: FocusProposal, who: str, status: int) -> None:
    client = signed_in(world, who)
    for act in ("accept", "decline", "change"):
        assert client.post(address(proposal, act), {"because": "Me", "accept": "1"}).status_code == status
    if who != "ana":
        assert client.post(address(proposal, "withdraw")).status_code == status
    assert FocusProposal.objects.get().is_open


def test_another_organisation_sees_none(world: World, proposal: FocusProposal) -> None:
    client = signed_in(world, "eve")
    for where in ("/t/ANT/proposals/", address(proposal), "/t/ANT/proposals/bar/", "/t/EEL/proposals/999999/"):
        assert client.get(where).status_code == 404
    assert client.get(f"/t/EEL/proposals/{proposal.pk}/").status_code == 404


def test_the_list_shows_all_newest_first(world: World, proposal: FocusProposal) -> None:
    accept_proposal(proposal, by=world.bo)
    page = text(signed_in(world, "cy"), "/t/ANT/proposals/")
    assert "accepted" in page
    assert "Bo Berg" in page
    assert signed_in(world, "cy").get("/t/ANT/proposals/?page=x").status_code == 200


def test_today_tells_the_product_owner(world: World, proposal: FocusProposal) -> None:
    page = text(signed_in(world, "bo"), "/")
    assert "Ana proposes an order: Much &lt;b&gt;first&lt;/b&gt;" in page
    assert address(proposal) in page
    accept_proposal(proposal, by=world.bo)
    assert "proposes an order" not in text(signed_in(world, "bo"), "/")


def test_the_activity_leads_to_it(world: World, proposal: FocusProposal) -> None:
    page = text(signed_in(world, "di"), "/activity/")
    assert "Ana Abel proposed an order for the backlog of Ant" in page
    assert address(proposal) in page


def test_many_proposals_cost_no_more_queries(world: World, proposal: FocusProposal) -> None:
    client = signed_in(world, "cy")

    def queries() -> int:
        with CaptureQueriesContext(
            connection,
        ) as found:
            client.get("/t/ANT/proposals/")
        return len(found)

    queries()
    one = queries()
    accept_proposal(proposal, by=world.bo)
    for _again in range(3):
        FocusProposal.objects.create(
            team=world.team,
            order=proposal.order,
            present=proposal.present,
            reason="Again",
            facts=proposal.facts,
            by=world.people["ana"],
            at=proposal.at,
            status=Status.DECLINED,
            because="No",
            decided_by=world.people["bo"],
            decided_at=proposal.at,
        )
    queries()
    assert queries() <= one
