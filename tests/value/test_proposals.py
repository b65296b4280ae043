"""The order that the Scrum Master proposes and the Product Owner decides on."""

import datetime as dt
import json
import threading
from dataclasses import replace
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import connection

from headway.agreements.models import Decision
from headway.lib import clock
from headway.live.history import CannotUndo, undo
from headway.live.models import Change
from headway.people.access import Forbidden
from headway.scrum.actions import create_item, move_item, rank_item, remove_item
from headway.scrum.models import Column, Item
from headway.value import telling
from headway.value.actions import (
    Stale,
    accept_proposal,
    decline_proposal,
    place_bet,
    propose_order,
    shelve,
    withdraw_proposal,
)
from headway.value.models import FocusProposal
from headway.value.queries import value_sheet
from headway.value.queries.focus import Figures, FlipPoint, best_order_of, figures_of, fitted, order_of, since
from tests.value.make import make_bet, make_done
from tests.world import World, make_item, make_measurement, make_sprint, make_world

Status = FocusProposal.Status


@pytest.fixture
def backlog(world: World) -> list[Item]:
    """Return three items in the wrong order: the best bet is the last."""
    make_done(world.team)
    make_measurement(world.key_result, 32.0)
    items = [make_item(world.team, title, size=3.0) for title in ("Little", "Some", "Much")]
    for item, likely in zip(items, (1.0, 3.0, 9.0), strict=True):
        make_bet(item, world.key_result, likely / 2, likely, likely * 1.5, 0.6)
    return items


def sheet_order(world: World) -> list[int]:
    return order_of(value_sheet(world.team, world.bo))


def propose(world: World, backlog: list[Item], **fields: Any) -> FocusProposal:
    given: dict[str, Any] = {"order": [item.pk for item in reversed(backlog)], "reason": "Much first"} | fields
    return propose_order(world.team, by=world.ana, **given)


def newest() -> Change:
    return Change.objects.latest("pk")


def test_a_proposal_keeps_its_figures(world: World, backlog: list[Item]) -> None:
    sprint = make_sprint(world.team, 2, starts_in=3, started_at=None)
    proposal = propose(world, backlog)
    assert proposal.sprint == sprint
    assert proposal.cycle == world.cycle
    assert proposal.present == [item.pk for item in backlog]
    kept = Figures.read(FocusProposal.objects.get().facts)
    assert kept.gain is not None
    assert kept.present is not None
    assert kept.proposed == pytest.approx(kept.present + kept.gain)
    assert kept.gain > 0
    assert kept.low is not None
    assert kept.high is not None
    assert kept.low <= kept.gain <= kept.high or kept.low < kept.high
    assert 0.5 < (kept.chance or 0) <= 1
    assert {kept.items[item.pk].key for item in backlog} == {item.key for item in backlog}
    assert sum(item.proposed or 0 for item in kept.items.values()) == pytest.approx(kept.proposed)
    assert newest().name == "focus_proposal.made"
    assert sheet_order(world) == [item.pk for item in backlog]  # nothing is reordered by a proposal


def test_the_best_order_brings_most(world: World, backlog: list[Item]) -> None:
    sheet = value_sheet(world.team, world.ana)
    best = figures_of(sheet, best_order_of(sheet))
    for order in ([0, 1, 2], [1, 0, 2], [2, 0, 1], [2, 1, 0]):
        found = figures_of(sheet, [backlog[place].pk for place in order])
        assert found.proposed is not None
        assert best.proposed is not None
        assert found.proposed <= best.proposed + 1e-9


def test_what_would_turn_it_and_what_to_test_are_of_the_order(world: World, backlog: list[Item]) -> None:
    sheet = value_sheet(world.team, world.ana)
    found = figures_of(sheet, best_order_of(sheet))
    ids = {item.pk for item in backlog}
    assert found.flips
    for flip in found.flips:
        assert {flip.item, flip.other} <= ids
        assert flip.belief in ("chance", "size", "effort")
        assert flip.now != flip.at
    assert found.test is None or (found.test.item in ids and found.test.worth > 0)


def test_what_an_order_breaks_is_said(world: World, backlog: list[Item]) -> None:
    sheet = value_sheet(world.team, world.ana)
    found = figures_of(sheet, [item.pk for item in reversed(backlog)])
    assert list(telling.breaks(found)) == []
    broken = replace(found, too_early=((backlog[2].pk, backlog[0].pk),), too_late=(backlog[1].pk,))
    assert list(telling.breaks(Figures.read(json.loads(json.dumps(broken.as_json()))))) == [
        f"{backlog[2].key} stands above {backlog[0].key}, which it needs.",
        f"{backlog[1].key} would miss its day.",
    ]


def test_a_belief_that_hardly_differs_is_told_with_more_figures(world: World, backlog: list[Item]) -> None:
    found = figures_of(value_sheet(world.team, world.ana), [item.pk for item in reversed(backlog)])
    first, second = backlog[0].pk, backlog[1].pk

    def told(belief: str, now: float, at: float) -> str:
        return " ".join(telling.flip(found, FlipPoint(first, second, belief, now, at)).split())

    assert "below 59.7 % (we say 60.0 %)" in told("chance", 0.6, 0.597)
    assert "below 35 % (we say 60 %)" in told("chance", 0.6, 0.35)
    assert "over 1.02 weeks (we say 1.00)" in told("effort", 1.0, 1.02)
    assert "less than 80 % of what we say" in told("size", 1.0, 0.8)


def test_an_order_of_other_items_has_no_figures(world: World, backlog: list[Item]) -> None:
    with pytest.raises(ValueError, match="order must name"):
        figures_of(value_sheet(world.team, world.ana), [backlog[0].pk])


def test_only_the_scrum_master_proposes(world: World, backlog: list[Item]) -> None:
    for by in (world.bo, world.cy, world.di, world.eve):
        with pytest.raises(Forbidden):
            propose_order(world.team, by=by, order=[item.pk for item in reversed(backlog)], reason="I would")
    assert not FocusProposal.objects.exists()


@pytest.mark.parametrize("reason", ["", "   ", "x" * 2001])
def test_a_proposal_has_a_reason(world: World, backlog: list[Item], reason: str) -> None:
    with pytest.raises(ValidationError) as refused:
        propose(world, backlog, reason=reason)
    assert "reason" in refused.value.message_dict


def test_an_order_names_every_item_once(world: World, backlog: list[Item]) -> None:
    first, second, third = (item.pk for item in backlog)
    for order in ([], [third, second], [third, third, second], [third, second, 0], [third, second, first, 0]):
        with pytest.raises(ValidationError) as refused:
            propose(world, backlog, order=order)
        assert "order" in refused.value.message_dict


def test_the_order_that_stands_is_no_proposal(world: World, backlog: list[Item]) -> None:
    with pytest.raises(ValidationError, match="order that stands"):
        propose(world, backlog, order=[item.pk for item in backlog])


def test_one_waits_at_a_time(world: World, backlog: list[Item]) -> None:
    propose(world, backlog)
    with pytest.raises(ValidationError, match="waits already"):
        propose(world, backlog)
    assert FocusProposal.objects.count() == 1


def test_accepted_it_is_the_order_and_a_decision(world: World, backlog: list[Item]) -> None:
    between = make_item(world.team, "Serves nothing", size=1.0)
    rank_item(between, by=world.bo, after=backlog[0])
    proposal = accept_proposal(propose(world, backlog), by=world.bo)
    assert proposal.status == Status.ACCEPTED
    assert proposal.followed == proposal.order == sheet_order(world)
    every = list(Item.objects.open().filter(team=world.team).in_order().values_list("pk", flat=True))
    assert every == [backlog[2].pk, between.pk, backlog[1].pk, backlog[0].pk]  # what was not in it stays in its place
    decision = Decision.objects.get()
    assert proposal.decision == decision
    assert "Much first" in decision.because
    assert f"Proposed: {backlog[2].key}, {backlog[1].key}, {backlog[0].key}" in decision.because
    assert f"Until then: {backlog[0].key}, {backlog[1].key}, {backlog[2].key}" in decision.because
    assert decision.review_on == world.cycle.ends_on
    assert (decision.subject_type, decision.subject_id) == ("value.focusproposal", proposal.pk)
    change = newest()
    assert change.name == "focus_proposal.accepted"
    assert Change.objects.filter(name__startswith="item").count() == 1  # the rank given above: one Change for all


def test_accepting_is_taken_back_whole(world: World, backlog: list[Item]) -> None:
    proposal = accept_proposal(propose(world, backlog), by=world.bo)
    undo(newest(), by=world.bo)
    proposal.refresh_from_db()
    assert proposal.is_open
    assert proposal.followed is None
    assert proposal.decision is None
    assert not Decision.objects.exists()
    assert sheet_order(world) == [item.pk for item in backlog]


def test_it_is_not_taken_back_over_a_later_move(world: World, backlog: list[Item]) -> None:
    accept_proposal(propose(world, backlog), by=world.bo)
    accepted = newest()
    rank_item(backlog[0], by=world.bo, at_top=True)
    with pytest.raises(CannotUndo, match="Bo Berg"):
        undo(accepted, by=world.bo)
    assert FocusProposal.objects.get().status == Status.ACCEPTED


def test_it_is_not_taken_back_once_looked_back_at(world: World, backlog: list[Item]) -> None:
    accept_proposal(propose(world, backlog), by=world.bo)
    Decision.objects.update(held=True, outcome="It did")
    with pytest.raises(CannotUndo, match="looked back"):
        undo(newest(), by=world.bo)
    assert sheet_order(world) == [item.pk for item in reversed(backlog)]


def test_the_product_owner_changes_it_first(world: World, backlog: list[Item]) -> None:
    wanted = [backlog[2].pk, backlog[0].pk, backlog[1].pk]
    proposal = accept_proposal(propose(world, backlog), by=world.bo, order=wanted, because="Little is promised")
    assert proposal.status == Status.CHANGED
    assert proposal.followed == wanted == sheet_order(world)
    assert proposal.order == [item.pk for item in reversed(backlog)]
    because = Decision.objects.get().because
    assert "Little is promised" in because
    assert "Decided: " in because
    undo(newest(), by=world.bo)
    assert sheet_order(world) == [item.pk for item in backlog]


def test_changes_that_change_nothing_are_none(world: World, backlog: list[Item]) -> None:
    proposal = propose(world, backlog)
    assert accept_proposal(proposal, by=world.bo, order=proposal.order).status == Status.ACCEPTED


def test_declined_with_a_reason_it_is_a_decision_too(world: World, backlog: list[Item]) -> None:
    proposal = propose(world, backlog)
    with pytest.raises(ValidationError):
        decline_proposal(proposal, by=world.bo, because=" ")
    declined = decline_proposal(proposal, by=world.bo, because="The fair comes first")
    assert declined.status == Status.DECLINED
    assert declined.followed == sheet_order(world) == [item.pk for item in backlog]
    assert "The fair comes first" in Decision.objects.get().because
    undo(newest(), by=world.bo)
    assert FocusProposal.objects.get().is_open
    assert not Decision.objects.exists()


def test_only_the_product_owner_decides(world: World, backlog: list[Item]) -> None:
    proposal = propose(world, backlog)
    for by in (world.ana, world.cy, world.di, world.eve):
        with pytest.raises(Forbidden):
            accept_proposal(proposal, by=by)
        with pytest.raises(Forbidden):
            decline_proposal(proposal, by=by, because="No")
    for by in (world.bo, world.cy, world.di, world.eve):
        with pytest.raises(Forbidden):
            withdraw_proposal(proposal, by=by)
    assert FocusProposal.objects.get().is_open


def test_it_is_decided_once(world: World, backlog: list[Item]) -> None:
    proposal = propose(world, backlog)
    seen_by_two = FocusProposal.objects.get()
    decline_proposal(proposal, by=world.bo, because="Later")
    for again in (
        lambda: accept_proposal(seen_by_two, by=world.bo),
        lambda: decline_proposal(seen_by_two, by=world.bo, because="Again"),
        lambda: withdraw_proposal(seen_by_two, by=world.ana),
    ):
        with pytest.raises(ValidationError, match=r"declined already: by Bo Berg"):
            again()
    assert Decision.objects.count() == 1


def test_withdrawn_and_opened_again(world: World, backlog: list[Item]) -> None:
    proposal = propose(world, backlog)
    withdrawn = withdraw_proposal(proposal, by=world.ana)
    assert FocusProposal.objects.get().status == Status.WITHDRAWN
    undo(withdrawn, by=world.ana)
    assert FocusProposal.objects.get().is_open


def test_making_one_is_taken_back(world: World, backlog: list[Item]) -> None:
    propose(world, backlog)
    undo(newest(), by=world.ana)
    assert FocusProposal.objects.get().status == Status.WITHDRAWN
    assert propose(world, backlog).is_open


def test_none_is_opened_again_beside_another(world: World, backlog: list[Item]) -> None:
    withdrawn = withdraw_proposal(propose(world, backlog), by=world.ana)
    propose(world, backlog)
    with pytest.raises(CannotUndo, match="Another proposal"):
        undo(withdrawn, by=world.ana)


def test_what_is_done_meanwhile_is_said_before_it_is_accepted(world: World, backlog: list[Item]) -> None:
    proposal = propose(world, backlog)
    move_item(backlog[2], to=Column.objects.get(team=world.team, name="Done"), by=world.cy)
    with pytest.raises(Stale) as stale:
        accept_proposal(proposal, by=world.bo)
    happened = since(proposal, value_sheet(world.team, world.bo))
    assert [(gone.key, gone.why) for gone in happened.gone] == [(backlog[2].key, "done")]
    assert not happened.is_reordered
    assert stale.value.digest == happened.digest
    assert sheet_order(world) == [backlog[0].pk, backlog[1].pk]
    accepted = accept_proposal(proposal, by=world.bo, seen=happened.digest)
    assert accepted.status == Status.ACCEPTED
    assert accepted.followed == sheet_order(world) == [backlog[1].pk, backlog[0].pk]


def test_what_was_seen_before_is_not_what_is_seen_now(world: World, backlog: list[Item]) -> None:
    proposal = propose(world, backlog)
    shelve(backlog[2], by=world.bo, reason="Too dear")
    seen = since(proposal, value_sheet(world.team, world.bo)).digest
    remove_item(backlog[1], by=world.bo)
    with pytest.raises(Stale):
        accept_proposal(proposal, by=world.bo, seen=seen)
    happened = since(proposal, value_sheet(world.team, world.bo))
    assert {(gone.key, gone.why) for gone in happened.gone} == {
        (backlog[2].key, "not now"),
        (backlog[1].key, "removed"),
    }


def test_another_order_and_a_new_bet_are_said(world: World, backlog: list[Item]) -> None:
    proposal = propose(world, backlog)
    rank_item(backlog[1], by=world.bo, at_top=True)
    assert since(proposal, value_sheet(world.team, world.bo)).is_reordered
    new = create_item(world.team, by=world.bo, title="New")
    rank_item(new, by=world.bo, after=backlog[0])
    place_bet(new, key_result=world.key_result, by=world.bo, low=1, likely=2, high=3, chance=0.5)
    happened = since(proposal, value_sheet(world.team, world.bo))
    assert happened.added == ((new.key, "New"),)
    accepted = accept_proposal(proposal, by=world.bo, seen=happened.digest)
    assert accepted.followed == [backlog[2].pk, backlog[1].pk, backlog[0].pk, new.pk]


def test_nothing_is_stale_where_nothing_happened(world: World, backlog: list[Item]) -> None:
    proposal = propose(world, backlog)
    make_item(world.team, "Serves nothing")
    assert not since(proposal, value_sheet(world.team, world.bo)).is_stale


@pytest.mark.parametrize(
    ("order", "present", "fits"),
    [
        ([3, 2, 1], [1, 2, 3], [3, 2, 1]),
        ([3, 2, 1], [1, 3], [3, 1]),
        ([3, 2, 1], [1, 2, 9, 3], [3, 2, 9, 1]),
        ([3, 2, 1], [8, 9, 1, 2, 3], [8, 9, 3, 2, 1]),
        ([3, 2], [7, 8], [7, 8]),
        ([], [], []),
    ],
)
def test_a_proposal_is_fitted_to_what_is_there(order: list[int], present: list[int], fits: list[int]) -> None:
    assert fitted(order, present) == fits


def test_it_can_be_proposed_without_any_price(world: World) -> None:
    items = [make_item(world.team, title) for title in ("One", "Two")]
    for item in items:
        make_bet(item, world.key_result)
    proposal = propose(world, items)
    kept = Figures.read(proposal.facts)
    assert kept.gain is None
    assert kept.flips == ()
    assert accept_proposal(proposal, by=world.bo).followed == [items[1].pk, items[0].pk]


def test_outside_of_a_cycle_it_has_none(world: World, backlog: list[Item]) -> None:
    world.cycle.ends_on = clock.today() - dt.timedelta(days=1)
    world.cycle.save()
    proposal = propose(world, backlog)
    assert proposal.cycle is None
    assert accept_proposal(proposal, by=world.bo).decision.review_on is None  # type: ignore[union-attr]


@pytest.mark.django_db(transaction=True)
def test_of_two_who_decide_at_once_one_does() -> None:
    world = make_world()
    items = [make_item(world.team, title) for title in ("One", "Two")]
    for item in items:
        make_bet(item, world.key_result)
    proposal = propose(world, items)
    together = threading.Barrier(2, timeout=60)
    told: list[str] = []

    def decide() -> None:
        try:
            mine = FocusProposal.objects.get(pk=proposal.pk)
            together.wait()
            told.append(accept_proposal(mine, by=world.bo).status)
        except ValidationError as refused:
            told.append(" ".join(refused.messages))
        finally:
            connection.close()

    threads = [threading.Thread(target=decide) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(told)[1] == Status.ACCEPTED
    assert sorted(told)[0].startswith("This proposal is accepted already")
    assert Decision.objects.count() == 1
    assert sheet_order(world) == [items[1].pk, items[0].pk]
