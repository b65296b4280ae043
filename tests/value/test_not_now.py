"""Not now: only the Product Owner puts aside and brings back, each with who, when and why."""

import datetime as dt

import pytest
from django.core.exceptions import ValidationError

from headway.lib import clock
from headway.live.history import CannotUndo, undo
from headway.live.models import Change
from headway.people.access import Forbidden
from headway.scrum.models import Category
from headway.value.actions import bring_back, mark_told, set_sprint_aim, shelve
from headway.value.models import NotNow, SprintAim
from tests.world import World, make_item, make_key_result, make_sprint


def test_the_product_owner_puts_an_item_aside_and_brings_it_back(world: World) -> None:
    item = make_item(world.team)
    lying = shelve(item, by=world.bo, reason="Four times the effort", asked_by="Priya")
    assert (lying.reason, lying.asked_by, lying.ended_at) == ("Four times the effort", "Priya", None)
    bring_back(item, by=world.bo)
    lying.refresh_from_db()
    assert lying.ended_at is not None, "who put it aside, and why, stays on record"
    assert [change.name for change in Change.objects.order_by("id")] == ["item.shelved", "item.brought_back"]


@pytest.mark.parametrize("who", ["ana", "cy", "di", "eve"])
def test_nobody_else_decides_what_is_not_now(world: World, who: str) -> None:
    item = make_item(world.team)
    with pytest.raises(Forbidden):
        shelve(item, by=getattr(world, who), reason="I think so")
    shelve(item, by=world.bo, reason="So")
    with pytest.raises(Forbidden):
        bring_back(item, by=getattr(world, who))


def test_no_without_a_reason_is_refused(world: World) -> None:
    with pytest.raises(ValidationError) as refused:
        shelve(make_item(world.team), by=world.bo, reason=" ")
    assert "reason" in refused.value.message_dict


def test_twice_is_once(world: World) -> None:
    item = make_item(world.team)
    first = shelve(item, by=world.bo, reason="So")
    assert shelve(item, by=world.bo, reason="Again") == first
    assert Change.objects.count() == 1
    assert bring_back(make_item(world.team), by=world.bo) is None


def test_work_that_is_done_or_in_the_running_sprint_is_refused(world: World) -> None:
    with pytest.raises(ValidationError, match="is done"):
        shelve(make_item(world.team, category=Category.DONE), by=world.bo, reason="So")
    with pytest.raises(ValidationError, match="which is running"):
        shelve(make_item(world.team, sprint=make_sprint(world.team)), by=world.bo, reason="So")


def test_both_go_back_by_undo(world: World) -> None:
    item = make_item(world.team)
    shelve(item, by=world.bo, reason="So")
    undo(Change.objects.get(), by=world.bo)
    assert not NotNow.objects.filter(ended_at=None).exists()
    shelve(item, by=world.bo, reason="Still so")
    back = bring_back(item, by=world.bo)
    assert back is not None
    undo(back, by=world.bo)
    assert NotNow.objects.get(ended_at=None).reason == "Still so"


def test_undo_stops_where_it_was_put_aside_anew(world: World) -> None:
    item = make_item(world.team)
    shelve(item, by=world.bo, reason="So")
    back = bring_back(item, by=world.bo)
    assert back is not None
    shelve(item, by=world.bo, reason="Anew")
    with pytest.raises(CannotUndo):
        undo(back, by=world.bo)


def test_whoever_asked_is_told(world: World) -> None:
    lying = shelve(make_item(world.team), by=world.bo, reason="So", asked_by="Priya")
    change = mark_told(lying, by=world.ana)
    assert change is not None
    assert lying.told_on == clock.today()
    assert mark_told(lying, by=world.ana) is None
    undo(change, by=world.ana)
    lying.refresh_from_db()
    assert lying.told_on is None


def test_telling_needs_somebody_and_a_day_that_has_come(world: World) -> None:
    with pytest.raises(ValidationError, match="Nobody is named"):
        mark_told(shelve(make_item(world.team), by=world.bo, reason="So"), by=world.ana)
    lying = shelve(make_item(world.team), by=world.bo, reason="So", asked_by="Priya")
    with pytest.raises(ValidationError, match="today or earlier"):
        mark_told(lying, by=world.ana, told_on=clock.today() + dt.timedelta(days=1))
    with pytest.raises(Forbidden):
        mark_told(lying, by=world.di)


def test_a_sprint_aims_at_one_key_result(world: World) -> None:
    sprint = make_sprint(world.team)
    change = set_sprint_aim(sprint, world.key_result, by=world.ana)
    assert change is not None
    assert set_sprint_aim(sprint, world.key_result, by=world.ana) is None
    other = make_key_result(world.objective, "Another")
    set_sprint_aim(sprint, other, by=world.bo)
    assert SprintAim.objects.get().key_result == other
    with pytest.raises(CannotUndo):
        undo(change, by=world.ana)
    undo(Change.objects.latest("id"), by=world.bo)
    assert SprintAim.objects.get().key_result == world.key_result
    set_sprint_aim(sprint, None, by=world.bo)
    assert not SprintAim.objects.exists()
    with pytest.raises(Forbidden):
        set_sprint_aim(sprint, other, by=world.cy)
