import datetime as dt
import json
from collections.abc import Sequence

import pytest
from django.test import Client

from headway.engine import attainment
from headway.lib import clock
from headway.okr import actions
from headway.okr.models import KeyResult
from headway.value.keeping import gathered
from headway.value.models import KeptForecast
from headway.value.queries import TooLittle
from headway.value.queries.outlook import Outlook, outlook_of
from tests.world import World, make_key_result, make_measurement

RISING = [30.0, 31.5, 31, 33, 34, 33.5, 35, 36]


@pytest.fixture
def key_result(world: World) -> KeyResult:
    """A Key Result from 30 to 50 % whose cycle ends in five weeks."""
    cycle = world.key_result.objective.cycle
    cycle.ends_on = clock.today() + dt.timedelta(weeks=5)
    cycle.save()
    return KeyResult.objects.select_related("objective__cycle", "objective__team").get(pk=world.key_result.pk)


def measure(key_result: KeyResult, values: Sequence[float], *, every: int = 7) -> None:
    for weeks_ago, value in enumerate(reversed(values)):
        make_measurement(key_result, value, days_ago=every * weeks_ago)


def told(key_result: KeyResult) -> Outlook:
    found = outlook_of(key_result)
    assert isinstance(found, Outlook)
    return found


def test_it_says_what_the_engine_says_on_the_scale_of_shares(key_result: KeyResult) -> None:
    measure(key_result, RISING)
    found = told(key_result)
    ahead = attainment.key_result([value / 100 for value in RISING], steps=5, scale="logit").times(100)
    chances = attainment.chance(ahead, baseline=30, target=50)
    assert (found.low, found.middle, found.high) == tuple(ahead.quantile(p) for p in (0.1, 0.5, 0.9))
    assert (found.target, found.seven_tenths, found.attainment) == (
        chances.target,
        chances.seven_tenths,
        chances.attainment,
    )
    assert (found.measurements, found.ends_on) == (8, key_result.objective.cycle.ends_on)
    assert found.target <= found.seven_tenths < 1


def test_amounts_stay_over_nothing_and_what_may_fall_below_does_not(world: World, key_result: KeyResult) -> None:
    hours = make_key_result(world.objective, "Hours", unit="h", baseline=12, target=4, direction="decrease")
    measure(hours, [12, 9, 11, 7, 8, 5])
    assert told(hours).low > 0
    score = make_key_result(world.objective, "Score", unit="", baseline=-5, target=30)
    measure(score, [-5, 2, -8, 4, -3, 1])
    assert told(score).low < 0


def test_all_and_none_of_a_share_can_be_reached(world: World, key_result: KeyResult) -> None:
    shops = make_key_result(world.objective, "Shops", baseline=60, target=100)
    measure(shops, [60, 70, 85, 90, 98, 100])
    assert told(shops).target > 0.1


def test_limits_have_a_chance_and_no_way(world: World, key_result: KeyResult) -> None:
    limits = {"baseline": None, "target": None, "lower": 20.0, "upper": 40.0, "direction": "stay_within"}
    steady = make_key_result(world.objective, "Steady", **limits)
    measure(steady, [30, 31, 29, 30, 31, 30])
    found = told(steady)
    assert found.target > 0.9
    assert found.seven_tenths is None
    assert found.attainment is None


def test_too_little_history_and_one_that_never_moved_say_so(world: World, key_result: KeyResult) -> None:
    measure(key_result, RISING[:4])
    missing = outlook_of(key_result)
    assert isinstance(missing, TooLittle)
    assert (missing.needed, missing.given) == (5, 4)
    still = make_key_result(world.objective, "Still")
    measure(still, [30] * 8)
    missing = outlook_of(still)
    assert isinstance(missing, TooLittle)
    assert "All 8 measurements are the same" in missing.text
    unmeasured = outlook_of(make_key_result(world.objective, "Never"))
    assert isinstance(unmeasured, TooLittle)


def test_nothing_is_said_where_nothing_is_open(world: World, key_result: KeyResult) -> None:
    measure(key_result, RISING)
    today = clock.today()
    assert outlook_of(key_result, today=today + dt.timedelta(weeks=6)) is None
    assert outlook_of(make_key_result(world.objective, "Learning", target=None)) is None
    assert outlook_of(make_key_result(world.objective, "No way", baseline=30, target=30)) is None
    make_measurement(key_result, 44, days_ago=-35)
    assert outlook_of(key_result, today=today + dt.timedelta(weeks=5)) is None
    assert isinstance(outlook_of(key_result, today=today), Outlook)
    actions.archive_key_result(key_result, by=world.bo)
    key_result.refresh_from_db()
    assert outlook_of(key_result) is None


def test_what_was_seen_is_kept(key_result: KeyResult) -> None:
    measure(key_result, RISING)
    with gathered() as kept:
        found = told(key_result)
    (row,) = kept
    assert (row.kind, row.key_result, row.due_on) == (KeptForecast.Kind.KEY_RESULT, key_result, found.ends_on)
    assert (row.chance, row.naive, row.sample, row.target) == (found.target, 36, 8, 50)
    assert row.quantiles[9] == pytest.approx(found.middle)


def test_the_page_says_it_or_what_is_missing(client: Client, world: World, key_result: KeyResult) -> None:
    client.force_login(world.people["di"])
    address = f"/okrs/{key_result.pk}/"
    assert "A forecast needs 5 measurements" in client.get(address).content.decode()
    measure(key_result, RISING)
    page = client.get(address).content.decode()
    assert "of 0.7 of the way" in page
    assert "from its own 8 measurements" in page
    assert "A straight line would say" in page


def test_the_api_gives_the_same_figures(client: Client, world: World, key_result: KeyResult) -> None:
    client.force_login(world.people["di"])
    address = f"/api/v1/key-results/{key_result.pk}/outlook"
    assert json.loads(client.get(address).content)["missing"]["needed"] == 5
    measure(key_result, RISING)
    found, answer = told(key_result), json.loads(client.get(address).content)
    assert answer["target"] == pytest.approx(found.target)
    assert answer["low"] == pytest.approx(found.low)
    assert answer["missing"] is None
    client.force_login(world.people["eve"])
    assert client.get(address).status_code == 404


def test_the_same_queries_however_long_the_history(
    world: World, key_result: KeyResult, django_assert_num_queries: object
) -> None:
    measure(key_result, RISING * 4)
    with django_assert_num_queries(1):  # type: ignore[operator]
        outlook_of(key_result)
    with django_assert_num_queries(0):  # type: ignore[operator]
        outlook_of(key_result, series=[(clock.today(), 30.0)])
