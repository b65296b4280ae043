"""The economic brief: one page about the order that is proposed, in words, as Markdown and on paper."""

import re
from pathlib import Path

import pytest

from headway.cli_brief import brief as brief_command
from headway.cli_value import Refused
from headway.scrum.models import Item
from headway.value.actions import propose_order, shelve
from headway.value.brief import Brief, economic_brief
from headway.value.brief_documents import document, headings, markdown, pdf
from headway.value.models import Verdict
from tests.value.make import make_bet, make_done
from tests.world import World, make_item, make_measurement


@pytest.fixture
def backlog(world: World) -> list[Item]:
    make_done(world.team)
    make_measurement(world.key_result, 32.0)
    items = [make_item(world.team, title, size=3.0) for title in ("Little", "Some", "Much")]
    for item, likely in zip(items, (1.0, 3.0, 9.0), strict=True):
        make_bet(item, world.key_result, likely / 2, likely, likely * 1.5, 0.6)
    return items


def told(world: World) -> Brief:
    return economic_brief(world.team, world.bo)


def pages_of(content: bytes) -> int:
    return len(re.findall(rb"/Type\s*/Page\b", content))


def test_without_a_proposal_it_is_about_the_best_order(world: World, backlog: list[Item]) -> None:
    found = told(world)
    assert found.order_from == "The best order found. Nobody has proposed one."
    assert [row.title for row in found.focus] == ["Much", "Some", "Little"]
    assert [row.was for row in found.focus] == [3, 2, 1]
    assert "more than the present order over 26 weeks" in found.gain
    assert "8 times in 10 between" in found.spread
    assert found.minds
    assert found.waiting[0].startswith("If all of this begins one Sprint later, ")
    assert all(row.later.startswith("−") for row in found.focus)


def test_it_is_about_the_order_that_is_proposed(world: World, backlog: list[Item]) -> None:
    order = [backlog[1].pk, backlog[2].pk, backlog[0].pk]
    propose_order(world.team, by=world.ana, order=order, reason="Some is *asked* for")
    found = told(world)
    assert found.order_from.startswith("The order that Ana Abel proposed on ")
    assert [row.title for row in found.focus] == ["Some", "Much", "Little"]
    assert found.reason == "Some is *asked* for"
    assert "> Some is \\*asked\\* for" in markdown(found)


def test_the_best_order_that_stands_is_said(world: World, backlog: list[Item]) -> None:
    for rank, item in zip("abc", reversed(backlog), strict=True):
        Item.objects.filter(pk=item.pk).update(rank=f"zz{rank}")
    found = told(world)
    assert found.order_from == "The order that stands: no better one was found."
    assert found.gain == ""


def test_it_says_how_far_to_trust_it(world: World, backlog: list[Item]) -> None:
    assert found_in(told(world).record, "No promise of this team was judged yet")
    done = Item.objects.filter(team=world.team, category="done")[:4]
    for item in done:
        bet = make_bet(item, world.key_result, 1, 2, 3, 0.5)
        Verdict.objects.create(bet=bet, outcome="moved", measured=0.5, scale=3, judged_on=item.done_at)
    record = told(world).record
    assert found_in(record, "4 promises were judged; 4 moved")
    assert found_in(record, "brought less than promised")


def test_it_says_what_it_cannot_say(world: World, backlog: list[Item]) -> None:
    make_item(world.team, "Serves nothing")
    world.key_result.target = None
    world.key_result.save()
    found = told(world)
    assert found_in(found.cannot, "1 open item does not say what it serves")
    assert found_in(found.cannot, "has no from and to yet")


def test_what_is_put_aside_has_its_price(world: World, backlog: list[Item]) -> None:
    shelve(backlog[2], by=world.bo, reason="Later")
    assert found_in(told(world).waiting, f"What is put aside ({backlog[2].key} Much) gives up")


def test_nothing_priced_is_a_page_too(world: World) -> None:
    found = told(world)
    assert found.is_empty
    assert "give one item a promise" in markdown(found)
    assert pages_of(pdf(found)) == 1


def test_without_known_work_there_is_no_gain(world: World) -> None:
    for title in ("One", "Two"):
        make_bet(make_item(world.team, title), world.key_result)
    found = told(world)
    assert [row.adds for row in found.focus] == ["–", "–"]
    assert found.cannot
    assert pages_of(pdf(found)) == 1


def test_markdown_has_every_part(world: World, backlog: list[Item]) -> None:
    lines = markdown(told(world)).splitlines()
    assert lines[0] == "# Economic brief: Ant"
    for name in ("focus", "waiting", "minds", "record", "cannot"):
        assert f"## {headings()[name]}" in lines
    assert any(line.startswith(f"| 1 | ANT-{backlog[2].number} Much |") for line in lines)


ODD = [
    "a | b\n# c [x](y) <b> `d` *e* _f_",
    "W" * 300,
    "🎉👩‍👩‍👧 عربي עברית 日本語 \u202e\u200f",
    "#panic() $ @x <y> \\ // /* ] }",
]


@pytest.mark.parametrize("title", ODD)
def test_whatever_people_call_things_it_stays_one_page(world: World, title: str) -> None:
    make_done(world.team)
    make_measurement(world.key_result, 32.0)
    world.team.name = title[:60]
    world.key_result.short_name = title[:40]
    world.key_result.save()
    items = [make_item(world.team, title, size=1.0) for _number in range(12)]
    for item in items:
        make_bet(item, world.key_result, 1, 2, 3, 0.5)
    order = [item.pk for item in reversed(items)]
    propose_order(world.team, by=world.ana, order=order, reason=(title + " ") * 6)
    found = told(world)
    assert len(found.focus) <= 8
    content = pdf(found)
    assert pages_of(content) == 1
    table = [line for line in markdown(found).splitlines() if line.startswith("|")]
    assert len(table) == 2 + len(found.focus)
    assert all(len(re.findall(r"(?<!\\)\|", line)) == 7 for line in table)


def test_the_same_brief_is_the_same_paper(world: World, backlog: list[Item]) -> None:
    assert pdf(told(world)) == pdf(told(world))


def test_the_document_is_json(world: World, backlog: list[Item]) -> None:
    found = document(told(world))
    assert found["team"] == "ANT"
    assert found["focus"][0]["title"] == "Much"


def test_the_command_writes_both(world: World, backlog: list[Item], tmp_path: Path) -> None:
    brief_command("ant", format=None, file=tmp_path / "brief.pdf")
    assert (tmp_path / "brief.pdf").read_bytes().startswith(b"%PDF-")
    brief_command("ANT", format=None, file=tmp_path / "brief.md")
    assert (tmp_path / "brief.md").read_text(encoding="utf-8").startswith("# Economic brief: Ant")
    with pytest.raises(Refused, match="no format"):
        brief_command("ANT", format="docx", file=None)
    with pytest.raises(Refused, match="There is no team"):
        brief_command("XXX", format="md", file=None)
    with pytest.raises(Refused, match="cannot be written"):
        brief_command("ANT", format="md", file=tmp_path / "nowhere" / "brief.md")


def found_in(lines: tuple[str, ...], text: str) -> bool:
    return any(text in line for line in lines)
