"""At the end of the cycle: the order that was proposed and the one followed, beside what was measured."""

import datetime as dt

import pytest

from headway.lib import clock
from headway.scrum.models import Category, Item
from headway.value.actions import accept_proposal, decline_proposal, propose_order
from headway.value.models import Bet, FocusProposal, Verdict
from headway.value.queries.focus_outcome import Compared, Told, compared
from tests.value.make import make_bet, make_done
from tests.world import World, make_item, make_measurement


@pytest.fixture
def items(world: World) -> list[Item]:
    """Return four items in the wrong order, each with one bet: expected 1, 2, 3 and 4 of the 20 points of the way."""
    make_done(world.team)
    make_measurement(world.key_result, 30.0)
    found = [make_item(world.team, title, size=3.0) for title in ("One", "Two", "Three", "Four")]
    for place, item in enumerate(found, start=1):
        make_bet(item, world.key_result, place * 2, place * 2, place * 2, 0.5)
    return found


def propose(world: World, items: list[Item]) -> FocusProposal:
    return propose_order(world.team, by=world.ana, order=[item.pk for item in reversed(items)], reason="Four first")


def deliver(*items: Item) -> None:
    Item.objects.filter(pk__in=[item.pk for item in items]).update(category=Category.DONE, done_at=clock.now())


def judge(item: Item, measured: float | None, outcome: str = "moved") -> None:
    scale = None if outcome == "cannot_tell" else 4 if outcome == "moved" else 2
    bet = Bet.objects.get(serves__item=item)
    Verdict.objects.create(bet=bet, outcome=outcome, measured=measured, scale=scale, judged_on=clock.today())


def seen(proposal: FocusProposal, *, in_days: int = 0) -> Compared:
    found = compared(FocusProposal.objects.get(), today=clock.today() + dt.timedelta(days=in_days))
    assert found is not None
    return found


def test_nothing_is_compared_before_it_is_decided(world: World, items: list[Item]) -> None:
    assert compared(propose(world, items), today=clock.today()) is None


def test_nothing_built_nothing_told(world: World, items: list[Item]) -> None:
    accept_proposal(propose(world, items), by=world.bo)
    found = seen(FocusProposal.objects.get(), in_days=100)
    assert found.told is Told.NOTHING_BUILT
    assert found.is_over
    assert found.until == world.cycle.ends_on


def test_what_was_not_built_was_not_measured(world: World, items: list[Item]) -> None:
    proposal = accept_proposal(propose(world, items), by=world.bo)
    deliver(items[3], items[2])
    judge(items[3], 8.0)
    judge(items[2], 2.0)
    found = seen(proposal)
    assert not found.is_over
    assert found.is_followed
    assert found.delivered == 2
    assert [item.title for item in found.proposed.items] == ["Four", "Three"]
    assert [item.title for item in found.other.not_built] == ["One", "Two"]
    # 100 points are the whole way of 20: 8 of it are 40, and half of that was expected.
    assert (found.judged, found.expected, found.measured) == (2, pytest.approx(20 + 15), pytest.approx(40 + 10))
    assert found.told is Told.MEASURED
    # What was measured counts for longer in the order that has it done first.
    assert found.difference is not None
    assert found.difference > 0


def test_declined_the_order_that_stood_is_the_other(world: World, items: list[Item]) -> None:
    proposal = decline_proposal(propose(world, items), by=world.bo, because="The fair")
    deliver(items[0], items[1])
    judge(items[0], 1.0)
    found = seen(proposal)
    assert not found.is_followed
    assert [item.title for item in found.proposed.not_built] == ["Four", "Three"]
    assert [item.title for item in found.other.built] == ["One", "Two"]
    assert found.judged == 1
    assert found.difference is not None
    assert found.difference < 0  # One came last in the proposal


def test_what_was_done_after_the_cycle_does_not_count(world: World, items: list[Item]) -> None:
    proposal = accept_proposal(propose(world, items), by=world.bo)
    deliver(items[3])
    Item.objects.filter(pk=items[3].pk).update(done_at=clock.now() + dt.timedelta(days=60))
    assert seen(proposal, in_days=100).told is Told.NOTHING_BUILT


def test_a_verdict_that_cannot_tell_is_no_figure(world: World, items: list[Item]) -> None:
    proposal = accept_proposal(propose(world, items), by=world.bo)
    deliver(items[3])
    judge(items[3], 3.0, "cannot_tell")
    found = seen(proposal)
    assert found.told is Told.NOTHING_JUDGED
    assert found.difference is None
    assert len(found.proposed.built) == 1


def test_did_not_move_is_a_figure(world: World, items: list[Item]) -> None:
    proposal = accept_proposal(propose(world, items), by=world.bo)
    deliver(items[3])
    judge(items[3], None, "did_not")
    assert (seen(proposal).judged, seen(proposal).measured) == (1, 0.0)
