"""The report as files: whole, safe in a spreadsheet, and readable by a program."""

import csv
import io
import json

import pytest

from headway.desks import documents
from headway.desks.report import report_for, scopes_for
from headway.scrum.models import Category
from headway.value.actions import enter_verdict, link_item
from tests.value.make import make_bet
from tests.world import World, make_item, make_measurement


def make_report(world: World):  # type: ignore[no-untyped-def]
    return report_for(world.team, scopes_for(world.team).chosen)


def rows(world: World) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO("".join(documents.csv_lines(make_report(world))))))


def make_judged(world: World) -> None:
    item = make_item(world.team, "Judged", category=Category.DONE, size=3)
    enter_verdict(make_bet(item, world.key_result), by=world.ana, outcome="moved", measured=2.5, scale=4)


def test_csv_has_a_line_for_each_item_with_its_promise_and_verdict(world: World) -> None:
    make_judged(world)
    link_item(make_item(world.team, "Kept healthy"), by=world.cy, kind="health", reason="Old")
    judged, healthy = rows(world)
    assert list(judged) == list(documents.COLUMNS)
    assert (judged["state"], judged["serves"], judged["key_result"]) == ("done", "key_result", world.key_result.title)
    assert [judged[column] for column in ("low", "likely", "high", "chance")] == ["1.0", "2.0", "3.0", "0.5"]
    assert [judged[column] for column in ("outcome", "measured", "scale")] == ["moved", "2.5", "4"]
    assert (healthy["serves"], healthy["reason"], healthy["key_result"]) == ("health", "Old", "")


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t"])
def test_no_title_becomes_a_formula(world: World, start: str) -> None:
    make_item(world.team, f"{start}cmd|' /C calc'!A0")
    assert rows(world)[0]["title"] == f"'{start}cmd|' /C calc'!A0"


def test_numbers_below_nothing_stay_numbers(world: World) -> None:
    item = make_item(world.team, category=Category.DONE)
    enter_verdict(make_bet(item, world.key_result), by=world.ana, outcome="did_not", measured=-0.5, scale=1)
    assert rows(world)[0]["measured"] == "-0.5"


def test_quotes_commas_and_lines_come_back_whole(world: World) -> None:
    make_item(world.team, 'A "quoted", long\ntitle')
    assert rows(world)[0]["title"] == 'A "quoted", long\ntitle'


def test_json_says_it_all_in_plain_values(world: World) -> None:
    make_judged(world)
    make_item(world.team, "Loose")
    make_measurement(world.key_result, 35.0)
    document = documents.json_document(make_report(world))
    assert json.loads(json.dumps(document, allow_nan=False)) == document
    assert document["team"] == "ANT"
    assert document["counts"] == {"todo": 1, "doing": 0, "done": 1, "done_undated": 0}
    group, none = document["groups"]
    assert group["key_result"] | {"id": 0, "time_used": 0} == {
        "id": 0,
        "short_name": world.key_result.short_name,
        "title": world.key_result.title,
        "unit": "%",
        "from": 30.0,
        "to": 50.0,
        "at_least": None,
        "at_most": None,
        "now": 35.0,
        "measured_on": document["on"],
        "delivered": 1.0,
        "moved": 0.25,
        "time_used": 0,
        "of": None,
    }
    assert group["done"][0]["measured"] == 2.5
    assert none["key_result"] is None
    assert none["todo"][0]["serves"] is None


def test_markdown_is_for_people(world: World) -> None:
    make_judged(world)
    link_item(make_item(world.team, "Kept *healthy*"), by=world.cy, kind="health", reason="Old")
    text = documents.markdown(make_report(world)).replace("\u202f", " ")
    assert text.startswith("# Ant: work by Key Result\n")
    assert "1 to do, 0 in progress, 1 done." in text
    assert f"## {world.key_result.short_name}: {world.key_result.title}" in text
    assert "- ANT-1 Judged (+2.5 %, verdict 4 of 5)" in text
    assert "## Serves no Key Result" in text
    assert "- ANT-2 Kept \\*healthy\\* (health: Old)" in text
    assert "it moves no Key Result by itself" in text


def test_a_title_cannot_break_out_of_its_line(world: World) -> None:
    make_item(world.team, "One\n# Not a heading <script>")
    text = documents.markdown(make_report(world))
    assert "One \\# Not a heading \\<script\\>" in text


def test_an_empty_report_is_a_report(world: World) -> None:
    report = make_report(world)
    assert documents.markdown(report)
    assert list(documents.csv_lines(report)) == [",".join(documents.COLUMNS) + "\r\n"]
    assert documents.json_document(report)["serves_no_key_result"]["share"] is None
