"""The economic brief as a page and as files."""

import re

import pytest
from django.test import Client

from headway.lib import paper
from headway.scrum.models import Item
from headway.value.actions import propose_order
from tests.value.make import make_bet, make_done
from tests.web.test_backlog import signed_in
from tests.world import World, make_item, make_measurement, make_world


@pytest.fixture
def world(db: None) -> World:
    return make_world()


@pytest.fixture
def backlog(world: World) -> list[Item]:
    make_done(world.team)
    make_measurement(world.key_result, 32.0)
    items = [make_item(world.team, title, size=3.0) for title in ("Little", "<i>Much</i>")]
    for item, likely in zip(items, (1.0, 9.0), strict=True):
        make_bet(item, world.key_result, likely / 2, likely, likely * 1.5, 0.6)
    return items


def page(client: Client) -> str:
    answer = client.get("/t/ANT/brief/")
    assert answer.status_code == 200
    return " ".join(answer.content.decode().split())


def test_every_member_reads_it(world: World, backlog: list[Item]) -> None:
    shown = page(signed_in(world, "di"))
    for text in ("Where to focus", "What waiting costs", "What would change our mind", "&lt;i&gt;Much"):
        assert text in shown
    assert not re.search(r"\bnan\b", shown.split("<article")[1].split("</article>")[0], re.IGNORECASE)


def test_it_leads_to_the_proposal(world: World, backlog: list[Item]) -> None:
    row = propose_order(world.team, by=world.ana, order=[item.pk for item in reversed(backlog)], reason="Much first")
    shown = page(signed_in(world, "bo"))
    assert f"/t/ANT/proposals/{row.pk}/" in shown
    assert "Much first" in shown


def test_an_empty_sheet_has_a_page(world: World) -> None:
    assert "give one item a promise" in page(signed_in(world, "bo"))


def test_files_are_sent_by_name(world: World, backlog: list[Item]) -> None:
    client = signed_in(world, "bo")
    for suffix, kind, start in (("md", "text/markdown", b"# "), ("pdf", "application/pdf", b"%PDF-")):
        answer = client.get(f"/t/ANT/brief.{suffix}")
        assert answer.status_code == 200
        assert answer.headers["Content-Type"].startswith(kind)
        assert answer.content.startswith(start)
        assert f'.{suffix}"' in answer.headers["Content-Disposition"]


def test_who_comes_while_others_print_is_asked_to_come_again(
    world: World, backlog: list[Item], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paper, "WAIT_SECONDS", 0)
    assert paper._turns.acquire(timeout=60)
    try:
        answer = signed_in(world, "bo").get("/t/ANT/brief.pdf")
    finally:
        paper._turns.release()
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "5"


def test_another_organisation_sees_none(world: World, backlog: list[Item]) -> None:
    for where in ("/t/ANT/brief/", "/t/ANT/brief.md", "/t/ANT/brief.pdf"):
        assert signed_in(world, "eve").get(where).status_code == 404
