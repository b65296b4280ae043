"""What binds the order: prerequisites and must-haves, in the plan and in history."""

import datetime as dt

import pytest
from django.core.exceptions import ValidationError

from headway.lib import clock
from headway.live.history import CannotUndo, undo
from headway.live.models import Change
from headway.people.access import Forbidden
from headway.scrum.models import Category, Column, Item
from headway.value.actions import must_be_done, need, need_no_more, need_not_be_done, shelve
from headway.value.models import MustHave, Prerequisite
from headway.value.queries import Sheet, value_sheet
from headway.value.queries.mind import mind_of
from tests.value.make import make_bet, make_done
from tests.world import World, make_item, make_team


def sheet_of(world: World) -> Sheet:
    return value_sheet(world.team, world.bo)


def best_titles(sheet: Sheet) -> list[str]:
    assert sheet.plan is not None
    titles = {row.number: row.title for row in sheet.rows}
    return [titles[number] for number in sheet.plan.best.order]


def dear_and_cheap(world: World) -> tuple[Item, Item]:
    make_done(world.team)
    cheap, dear = make_item(world.team, "Cheap", size=3), make_item(world.team, "Dear", size=12)
    make_bet(cheap, world.key_result, 3, 4, 5, 0.9)
    make_bet(dear, world.key_result, 0.1, 0.2, 0.3, 0.2)
    return cheap, dear


def test_what_is_needed_comes_first_in_the_best_order(world: World) -> None:
    cheap, dear = dear_and_cheap(world)
    assert best_titles(sheet_of(world)) == ["Cheap", "Dear"]
    need(cheap, needs=dear, by=world.cy)
    sheet = sheet_of(world)
    assert best_titles(sheet) == ["Dear", "Cheap"]
    assert sheet.rows[0].needs == (dear.number,)
    assert sheet.figures is not None
    assert sheet.figures.too_early == ((cheap.number, dear.number),)


def test_what_is_needed_stands_in_the_sheet_though_it_promises_nothing(world: World) -> None:
    cheap, _dear = dear_and_cheap(world)
    plumbing = make_item(world.team, "Plumbing", size=3)
    need(cheap, needs=plumbing, by=world.cy)
    sheet = sheet_of(world)
    assert [row.title for row in sheet.rows] == ["Cheap", "Dear", "Plumbing"]
    assert best_titles(sheet) == ["Plumbing", "Cheap", "Dear"]
    assert sheet.rows[2].adds is None


def test_what_is_done_is_needed_no_more_and_what_is_not_now_bars(world: World) -> None:
    cheap, dear = dear_and_cheap(world)
    need(cheap, needs=dear, by=world.cy)
    shelve(dear, by=world.bo, reason="Too dear")
    row = sheet_of(world).rows[0]
    assert (row.shelved_needs, row.adds) == ((dear.number,), 0.0)
    Item.objects.filter(pk=dear.pk).update(
        category=Category.DONE, done_at=clock.now(), column=Column.objects.get(team=world.team, category="done")
    )
    row = sheet_of(world).rows[0]
    assert row.shelved_needs == ()
    assert row.adds
    assert row.adds > 0


def test_a_must_have_is_done_by_its_day_and_says_what_that_costs(world: World) -> None:
    _cheap, dear = dear_and_cheap(world)
    in_time = clock.today() + dt.timedelta(days=20)
    must_be_done(dear, by=world.bo, reason="The law", by_on=in_time)
    sheet = sheet_of(world)
    assert best_titles(sheet) == ["Dear", "Cheap"], "2 weeks of 1.6 a Sprint: it cannot come second"
    assert sheet.figures is not None
    assert sheet.figures.too_late == (dear.number,)
    found = mind_of(sheet)
    assert found is not None
    assert found.date_costs[dear.number] > 0
    assert sheet.rows[1].must is not None
    assert sheet.rows[1].must.is_kept
    must_be_done(dear, by=world.bo, reason="The law", by_on=clock.today())
    sheet = sheet_of(world)
    assert sheet.rows[1].must is not None
    assert not sheet.rows[1].must.is_kept, "nobody can do it today"
    assert best_titles(sheet) == ["Cheap", "Dear"]


def test_a_circle_is_refused_with_the_way(world: World) -> None:
    one, two, three = (make_item(world.team, title) for title in ("One", "Two", "Three"))
    need(one, needs=two, by=world.cy)
    need(two, needs=three, by=world.cy)
    with pytest.raises(ValidationError) as refused:
        need(three, needs=one, by=world.cy)
    assert f"{three.key} → {one.key} → {two.key} → {three.key}" in str(refused.value)
    with pytest.raises(ValidationError, match="cannot need itself"):
        need(one, needs=one, by=world.cy)
    assert Prerequisite.objects.count() == 2


def test_only_an_open_item_of_the_team_is_bound(world: World) -> None:
    item, other = make_item(world.team), make_item(make_team(world.organisation, "BEE", "Bee"))
    done = make_item(world.team, "Done", category=Category.DONE)
    with pytest.raises(ValidationError, match="no such item"):
        need(item, needs=other, by=world.cy)
    with pytest.raises(ValidationError, match="is done"):
        need(done, needs=item, by=world.cy)
    with pytest.raises(ValidationError, match="is over"):
        must_be_done(item, by=world.bo, reason="So", by_on=clock.today() - dt.timedelta(days=1))
    with pytest.raises(ValidationError):
        must_be_done(item, by=world.bo, reason="  ")
    assert not MustHave.objects.exists()


def test_who_may_not_is_refused(world: World) -> None:
    one, two = make_item(world.team), make_item(world.team)
    for by in (world.di, world.eve):
        with pytest.raises(Forbidden):
            need(one, needs=two, by=by)
        with pytest.raises(Forbidden):
            must_be_done(one, by=by, reason="So")
    with pytest.raises(Forbidden):
        must_be_done(one, by=world.cy, reason="So")
    assert not Change.objects.exists()


def test_all_of_it_is_one_change_each_and_is_taken_back(world: World) -> None:
    one, two = make_item(world.team), make_item(world.team)
    need(one, needs=two, by=world.cy)
    need(one, needs=two, by=world.cy)
    added = Change.objects.get(name="prerequisite.added")
    undo(added, by=world.cy)
    assert not Prerequisite.objects.exists()
    removed = Change.objects.get(name="prerequisite.removed")
    undo(removed, by=world.cy)
    assert Prerequisite.objects.count() == 1
    assert need_no_more(one, needs=two, by=world.cy)
    assert need_no_more(one, needs=two, by=world.cy) is None
    day = clock.today() + dt.timedelta(days=30)
    must_be_done(one, by=world.bo, reason="The law", by_on=day)
    must_be_done(one, by=world.bo, reason="The law", by_on=day)
    must_be_done(one, by=world.bo, reason="The law", by_on=None)
    first, second = Change.objects.filter(name="must.set").order_by("pk")
    with pytest.raises(CannotUndo):
        undo(first, by=world.bo)
    undo(second, by=world.bo)
    assert MustHave.objects.get().by_on == day
    need_not_be_done(one, by=world.bo)
    assert need_not_be_done(one, by=world.bo) is None
    undo(Change.objects.get(name="must.lifted"), by=world.bo)
    assert MustHave.objects.get().reason == "The law"


def test_an_undo_that_would_close_a_circle_is_refused(world: World) -> None:
    one, two = make_item(world.team), make_item(world.team)
    need(one, needs=two, by=world.cy)
    need_no_more(one, needs=two, by=world.cy)
    need(two, needs=one, by=world.cy)
    with pytest.raises(CannotUndo, match="wait for each other"):
        undo(Change.objects.get(name="prerequisite.removed"), by=world.cy)
