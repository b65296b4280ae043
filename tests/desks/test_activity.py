"""The activity: every Change in a sentence, of one thing or of all, with its way back."""

import ast
from functools import cache
from pathlib import Path

import pytest

import headway
from headway.desks.activity import activity, subject_for
from headway.desks.sentences import Told, has_sentence, sentence
from headway.live.models import Change
from headway.okr.actions import measure
from headway.people.actor import Actor
from headway.scrum.actions import move_item, move_items, rank_items
from headway.scrum.models import Column
from headway.scrum.queries import item_page
from headway.value.actions import link_item, place_bet
from tests.world import World, make_item

ROOT = Path(headway.__file__).parent


@cache
def recorded_names() -> set[str]:
    """Every literal name with which the code records a Change, or registers how to take one back."""
    found = set()
    for path in ROOT.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.Call):
                continue
            called = getattr(node.func, "id", getattr(node.func, "attr", ""))
            named = [word.value for word in node.keywords if word.arg == "name"]
            if called in {"record", "edit", "_edit", "edit_row", "note", "_remove", "_record", "_put_back", "inverse"}:
                named += node.args[:3]
                found |= {one.value for one in named if isinstance(one, ast.Constant) and "." in str(one.value)}
    return found


def test_every_change_that_the_code_records_has_a_sentence() -> None:
    names = recorded_names()
    assert "item.moved" in names
    assert {name for name in names if not has_sentence(name)} == set()


@pytest.mark.parametrize("name", sorted(recorded_names()))
def test_a_sentence_can_be_said_with_nothing_but_its_name(name: str) -> None:
    assert "Headway" in sentence(Told(name, "", "Ferry")) or "Ferry" in sentence(Told(name, "", "Ferry"))


def test_an_unknown_change_is_still_told() -> None:
    assert sentence(Told("moon.landed", "Ana", "Apollo")) == "Ana: moon.landed, Apollo"


@pytest.mark.django_db
def test_what_was_done_is_told_newest_first_with_who(world: World) -> None:
    item = make_item(world.team, title="Pay by card")
    move_item(item, to=column(world, "In progress"), by=world.cy)
    lines = activity(world.ana).lines
    assert lines[0].text == f"Cy Cole moved {item.key} Pay by card to “In progress”"
    assert lines[0].team == world.team.name


@pytest.mark.django_db
def test_the_way_back_is_offered_to_who_did_it_and_to_those_who_lead(world: World) -> None:
    move_item(make_item(world.team), to=column(world, "In progress"), by=world.cy)
    offered = {name: activity(getattr(world, name)).lines[0].is_undoable for name in ("cy", "ana", "di")}
    assert offered == {"cy": True, "ana": True, "di": False}


@pytest.mark.django_db
def test_nothing_of_another_organisation_is_told(world: World) -> None:
    move_item(make_item(world.team), to=column(world, "In progress"), by=world.cy)
    assert all("Cy" not in line.text for line in activity(world.eve).lines)
    assert subject_for(world.eve, f"scrum.item:{make_item(world.team).pk}") is None


@pytest.mark.django_db
def test_an_item_tells_what_was_done_to_many_and_to_its_bet(world: World) -> None:
    one, other = make_item(world.team), make_item(world.team)
    link_item(one, key_result=world.key_result, by=world.bo)
    place_bet(one, key_result=world.key_result, low=1, likely=2, high=3, chance=0.5, by=world.bo)
    move_items([one, other], to=column(world, "In progress"), by=world.ana, team=world.team)
    rank_items([one], by=world.bo, team=world.team, at_top=True)
    subject = subject_for(world.ana, f"scrum.item:{one.pk}")
    names = names_of(activity(world.ana, subject=subject).lines)
    assert names[:4] == ["items.ranked", "items.moved", "bet.placed", "item.linked"]
    assert "items.ranked" not in names_of(activity(world.ana, subject=subject_of(world.ana, other.pk)).lines)


@pytest.mark.django_db
def test_the_page_of_an_item_tells_a_move_of_many_as_its_own(world: World) -> None:
    one, other = make_item(world.team), make_item(world.team)
    move_items([one, other], to=column(world, "In progress"), by=world.ana, team=world.team)
    page = item_page(world.team, one.number, world.ana)
    assert page is not None
    assert [(step.name, step.after["column_id"]) for step in page.history] == [
        ("item.moved", column(world, "In progress").pk)
    ]


@pytest.mark.django_db
def test_a_key_result_tells_its_measurements_and_its_objective_does_too(world: World) -> None:
    key_result = world.key_result
    measure(key_result, value=40, by=world.bo)
    for of in (f"okr.keyresult:{key_result.pk}", f"okr.objective:{key_result.objective_id}"):
        subject = subject_for(world.di, of)
        assert "measurement.recorded" in names_of(activity(world.di, subject=subject).lines)


@pytest.mark.django_db
def test_it_can_be_narrowed_and_paged(world: World) -> None:
    item = make_item(world.team)
    for name in ("In progress", "Done", "In progress"):
        move_item(item, to=column(world, name), by=world.cy)
    first = activity(world.ana, team=world.team, area="work", limit=2)
    rest = activity(world.ana, team=world.team, area="work", limit=50, before=first.older)
    told = [line.change_id for line in first.lines + rest.lines]
    assert told == sorted(told, reverse=True)
    assert len(first.lines) == 2
    assert rest.older is None
    assert activity(world.ana, area="okrs").lines == ()


@pytest.mark.django_db
@pytest.mark.parametrize("of", ["", "scrum.item", "scrum.item:x", "auth.user:1", "scrum.item:" + "9" * 30])
def test_nonsense_names_no_subject(world: World, of: str) -> None:
    assert subject_for(world.ana, of) is None


def column(world: World, name: str) -> Column:
    return Column.objects.get(team=world.team, name=name)


def names_of(lines: tuple) -> list[str]:
    changes = Change.objects.in_bulk([line.change_id for line in lines])
    return [changes[line.change_id].name for line in lines]


def subject_of(viewer: Actor, item_id: int):
    return subject_for(viewer, f"scrum.item:{item_id}")
