"""The impact ledger: never more than was moved, the same on every page, and good with a thousand verdicts."""

import datetime as dt
import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st

from headway.lib import clock, ranks
from headway.okr.models import KeyResult
from headway.scrum.models import Category, Column, Item
from headway.value.models import Bet, Serves, Verdict
from headway.value.queries import impact_ledger, verdict_list, verdict_screen
from headway.value.queries.judged import credit_of
from tests.web.test_backlog import signed_in
from tests.world import World, make_key_result, make_measurement

figure = st.floats(-1e9, 1e9)


@given(figures=st.lists(figure, max_size=30), moved=figure)
def test_judged_bets_are_never_credited_with_more_than_was_moved(figures: list[float], moved: float) -> None:
    credit = credit_of(figures, moved)
    credited = [credit.of(one) for one in figures]
    harm = -sum(one for one in figures if one < 0)
    assert 0 <= credit.factor <= 1
    assert sum(one for one in credited if one > 0) <= max(moved + harm, 0.0) + 1e-6 * (abs(moved) + harm + 1)
    assert [one for one in credited if one < 0] == [one for one in figures if one < 0]


def judged(world: World, key_result: KeyResult, figures: list[float | None]) -> list[Bet]:
    """Judge a bet for each figure, all shipped in the last hundred days; the title is as long as titles may be."""
    column = Column.objects.get(team=world.team, category=Category.DONE)
    numbers = Item.objects.count()
    last = Item.objects.filter(team=world.team).order_by("rank").last()
    places = ranks.many_between(last.rank if last else None, None, len(figures))
    items = Item.objects.bulk_create(
        Item(
            team=world.team,
            title=f"{number} " + "Sehrlangeswortohnelücke" * 12,
            number=10_000 * (numbers + 1) + number,
            rank=place,
            column=column,
            category=Category.DONE,
            created_at=clock.now(),
            updated_at=clock.now(),
            started_at=clock.now() - dt.timedelta(days=number % 100 + 5),
            done_at=clock.now() - dt.timedelta(days=number % 100 + 1),
        )
        for number, place in enumerate(places)
    )
    links = Serves.objects.bulk_create(Serves(item=item, key_result=key_result, at=clock.now()) for item in items)
    bets = Bet.objects.bulk_create(
        Bet(serves=link, low=1, likely=2, high=3, chance=0.5, at=clock.now()) for link in links
    )
    Verdict.objects.bulk_create(
        Verdict(
            bet=bet,
            outcome="cannot_tell" if moved is None else "moved" if moved > 0 else "did_not",
            scale=None if moved is None else 4 if moved > 0 else 1,
            measured=moved,
            judged_on=clock.today() - dt.timedelta(days=place % 20),
        )
        for place, (bet, moved) in enumerate(zip(bets, figures, strict=True))
    )
    return bets


@pytest.mark.parametrize("figures", [[3.0, 1.0, -0.5, None], [5.0, -4.9], [-3.0], [0.0], [1e9, 1e9], []])
@pytest.mark.parametrize("direction", ["increase", "decrease"])
def test_ledger_and_verdict_say_the_same(world: World, figures: list[float | None], direction: str) -> None:
    kr = make_key_result(world.objective, "Orders", direction=direction, unit="orders", baseline=10, target=20)
    make_measurement(kr, 12.0 if direction == "increase" else 8.0, days_ago=1)
    bets = judged(world, kr, figures)
    [row] = [
        one for one in impact_ledger(world.team, world.cycle, today=clock.today()).key_results if one.row.id == kr.pk
    ]
    credited = {line.judged.bet_id: line.brought for line in row.lines}
    for bet in bets:
        screen = verdict_screen(Bet.objects.get(pk=bet.pk), world.bo, today=clock.today())
        assert screen.moved == row.moved
        assert screen.brought == credited[bet.pk]
    if row.explained is not None:
        assert row.explained <= max(row.moved or 0.0, sum(one for one in figures if one and one < 0)) + 1e-9


def test_a_thousand_verdicts_are_paged_and_ask_as_often_as_one(world: World) -> None:
    kr = make_key_result(world.objective, "Orders", unit="orders", baseline=10, target=20)
    make_measurement(kr, 12.0, days_ago=1)
    counts = []
    for figures in ([1.0], [0.001 * number for number in range(999)]):
        judged(world, kr, list(figures))
        with CaptureQueriesContext(connection) as asked:
            found = verdict_list(world.team, today=clock.today())
            impact_ledger(world.team, world.cycle, today=clock.today())
        counts.append(len(asked))
    assert counts[0] == counts[1]
    assert (found.judged_in_all, len(found.judged), found.pages) == (1000, 50, 20)
    assert verdict_list(world.team, today=clock.today(), page=10**9).page == 20
    bo = signed_in(world, "bo")
    pages = [
        bo.get(address)
        for address in (
            "/t/ANT/verdicts/?page=20",
            "/t/ANT/ledger/",
            f"/t/ANT/ledger/?kr={kr.pk}&page=2",
            f"/t/ANT/ledger/?kr={kr.pk}&page=99",
        )
    ]
    assert [page.status_code for page in pages] == [200] * 4
    assert "All 1000 verdicts on" in pages[1].content.decode()
    assert "Page 2 of 20" in pages[2].content.decode()
    assert "Page 20 of 20" in pages[3].content.decode()
    assert all(len(page.content) < 150_000 for page in pages)
    assert not any(re.search(rb"\b(nan|inf)\b", page.content.lower()) for page in pages)
