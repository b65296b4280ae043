"""What verdicts make of the next promises: by team and area, beside the promise as it was made, without a person."""

import datetime as dt
from typing import Any

import pytest

from headway.lib import clock
from headway.okr.models import KeyResult
from headway.scrum.models import Category, Item
from headway.value.documents import plan_document
from headway.value.models import Bet, Serves, Verdict
from headway.value.queries import item_promise, value_sheet
from headway.value.queries.track_record import track_record
from tests.value.make import make_bet, make_done
from tests.world import World, make_item


def make_judged(world: World, measured: float | None, key_result: KeyResult | None = None, **fields: Any) -> Verdict:
    """A delivered bet of 1 / 2 / 3 with its verdict."""
    item = make_item(world.team, "Judged", category=Category.DONE, done_at=clock.now())
    bet = make_bet(item, key_result or world.key_result)
    given: dict[str, Any] = {"outcome": "moved", "scale": 4, "judged_on": clock.today()} | fields
    return Verdict.objects.create(bet=bet, measured=measured, **given)


def make_key_result(world: World, **fields: Any) -> KeyResult:
    given = {"title": "Another", "short_name": "Another", "baseline": 0.0, "target": 1000.0} | fields
    return KeyResult.objects.create(objective=world.key_result.objective, **given)


def row_on_sheet(world: World, item: Item, **how: Any) -> Any:
    row = value_sheet(world.team, world.bo, **how).row(item.pk)
    assert row is not None
    return row


def test_before_the_first_verdict_a_promise_is_priced_as_it_was_made(world: World) -> None:
    make_done(world.team)
    item = make_item(world.team)
    make_bet(item, world.key_result)
    assert track_record(world.team).verdicts == 0
    assert row_on_sheet(world, item).bets[0].corrected is None
    assert row_on_sheet(world, item) == row_on_sheet(world, item, raw=True)


def test_after_four_verdicts_the_next_promise_is_read_by_them(world: World) -> None:
    make_done(world.team)
    for _ in range(4):
        make_judged(world, 2 * 0.175)
    item = make_item(world.team)
    make_bet(item, world.key_result)
    corrected, raw = row_on_sheet(world, item), row_on_sheet(world, item, raw=True)
    read = corrected.bets[0].corrected
    assert read.verdicts == 4
    assert (read.size, read.likely) == (pytest.approx(0.45), pytest.approx(0.9))
    assert (corrected.bets[0].promise.likely, raw.bets[0].corrected) == (2, None)
    assert corrected.value == pytest.approx(raw.value * read.size * read.chance / 0.5)
    assert item_promise(item, world.bo).bets[0].corrected == read


def test_what_is_judged_stands_as_it_was_promised(world: World) -> None:
    verdict = make_judged(world, 0.5)
    assert item_promise(verdict.bet.serves.item, world.bo).bets[0].corrected is None


def test_a_value_area_has_a_record_of_its_own_within_the_teams(world: World) -> None:
    slow = make_key_result(world, short_name="Slow", ebm_area="T2M", target=10.0)
    other = make_key_result(world, short_name="Other", ebm_area="T2M", target=10.0)
    for _ in range(3):
        make_judged(world, 2.0)
        make_judged(world, 0.2, slow)
    record = track_record(world.team)
    assert record.of(slow) == record.of(other)
    assert record.of(slow).size < record.team.size < record.of(world.key_result).size
    assert {area.name: area.verdicts for area in record.areas.values()} == {
        "time to market": 3,
        world.key_result.short_name: 3,
    }


def test_a_key_result_without_a_value_area_has_its_own(world: World) -> None:
    other = make_key_result(world, target=10.0)
    make_judged(world, 0.4)
    assert track_record(world.team).of(other) == track_record(world.team).team
    make_judged(world, 2.0, other)
    record = track_record(world.team)
    assert record.of(world.key_result).size < record.of(other).size


def test_key_results_in_other_units_add_up_as_shares_of_their_way(world: World) -> None:
    large = make_key_result(world, ebm_area="CV", target=100_000.0)
    make_judged(world, 2.0)
    item = make_item(world.team, category=Category.DONE, done_at=clock.now())
    Verdict.objects.create(
        bet=make_bet(item, large, 1e4, 2e4, 3e4), outcome="moved", measured=2e4, scale=4, judged_on=clock.today()
    )
    assert track_record(world.team).team.size == pytest.approx(1)


@pytest.mark.parametrize(
    ("fields", "moved"),
    [
        ({"outcome": "did_not", "scale": 2, "measured": 0.0}, 0),
        ({"outcome": "cannot_tell", "scale": None, "measured": None}, 0.5),
        ({"outcome": "moved", "scale": 4, "measured": 2.0}, 1),
        ({"outcome": "cannot_tell", "scale": None, "measured": 1.0, "chance_moved": 0.7}, 0.7),
    ],
)
def test_words_count_where_nothing_was_computed(world: World, fields: dict[str, Any], moved: float) -> None:
    make_judged(world, **fields)
    assert track_record(world.team).team.moved == pytest.approx(moved)


def test_without_a_from_and_to_a_verdict_counts_in_the_hit_rate_alone(world: World) -> None:
    make_judged(world, 0.1, make_key_result(world, target=None))
    record = track_record(world.team).team
    assert (record.verdicts, record.size, record.width) == (1, 1, 1)
    assert record.hit_rate == pytest.approx(0.5)


def test_another_team_has_its_own(world: World) -> None:
    make_judged(world, 0.1)
    assert track_record(world.other_team).verdicts == 0


def test_one_query_however_many_verdicts(world: World, django_assert_num_queries: Any) -> None:
    for _ in range(5):
        make_judged(world, 1.0)
    with django_assert_num_queries(1):
        track_record(world.team)


def test_no_person_is_in_it(world: World) -> None:
    verdict = make_judged(world, 1.0)
    Bet.objects.filter(pk=verdict.bet_id).update(by=world.cy.person_id)
    one = track_record(world.team)
    Bet.objects.filter(pk=verdict.bet_id).update(by=None)
    assert track_record(world.team) == one


def test_a_verdict_taken_back_is_forgotten(world: World) -> None:
    make_judged(world, 0.1).delete()
    assert track_record(world.team).verdicts == 0
    assert Serves.objects.filter(item__done_at__gte=clock.now() - dt.timedelta(days=1)).exists()


def test_the_plan_says_what_was_promised_and_how_it_is_read(world: World) -> None:
    make_done(world.team)
    make_judged(world, 0.5)
    make_bet(make_item(world.team), world.key_result)
    read = plan_document(value_sheet(world.team, world.bo))["items"][0]
    raw = plan_document(value_sheet(world.team, world.bo, raw=True))["items"][0]
    assert read["likely"] == raw["likely"] == 2
    assert (read["corrected"]["size"], read["corrected"]["verdicts"]) == (pytest.approx(0.75), 1)
    assert raw["corrected"] is None
    assert read["value"] < raw["value"]
