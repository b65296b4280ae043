"""What was forecast and how good it was, over the API."""

from collections.abc import Iterator

import pytest

from headway.value import keeping
from headway.value.models import KeptForecast
from tests.api.program import Program
from tests.value.make import make_done
from tests.web.test_calibration import score
from tests.world import World

TEAM = "/teams/ANT"


@pytest.fixture(autouse=True)
def nothing_known() -> Iterator[None]:
    keeping.forget()
    yield
    keeping.forget()


def test_what_a_program_asks_is_kept_and_listed(world: World, bo: Program) -> None:
    make_done(world.team)
    answer = bo.get(f"{TEAM}/forecast?items=5").json()
    keeping.flush()
    (row,) = bo.get(f"{TEAM}/kept-forecasts").json()["items"]
    assert (row["kind"], row["items"], row["scored_at"]) == ("day_for_items", 5, None)
    assert row["quantiles"]["0.5"] == answer["quantiles"]["0.5"]
    assert len(row["quantiles"]) == len(KeptForecast.LEVELS)
    assert bo.get(f"{TEAM}/kept-forecasts?scored=true").json()["items"] == []
    assert bo.get(f"{TEAM}/kept-forecasts?kind=guess").status_code == 422


def test_the_record_says_what_is_missing_and_then_how_good_it_was(world: World, bo: Program) -> None:
    score(world, 0)
    dates = bo.get(f"{TEAM}/calibration").json()["dates"]
    assert (dates["told"], dates["missing"], dates["held"], dates["fifths"]) == (1, 4, None, [])
    for number in range(1, 5):
        score(world, number, held=False)
    dates = bo.get(f"{TEAM}/calibration").json()["dates"]
    assert (dates["told"], dates["held"], dates["fifths"]) == (5, 1, [0, 0, 5, 0, 0])
    assert (dates["closer"], dates["compared"], dates["score_ratio"]) == (5, 5, 0.5)
