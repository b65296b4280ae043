"""Holidays over the API: kept, changed, taken away, brought in, and the public ones taken over."""

from collections.abc import Callable

import pytest

from headway.lib import clock
from headway.people.models import Holiday
from tests.api.program import Program
from tests.world import World

YEAR = clock.today().year + 1
NEW_YEAR = f"{YEAR}-01-01"


def test_the_api_adds_them_too(world: World, program: Callable[..., Program]) -> None:
    ana = program("ana")
    asked = f"country=AT&year={YEAR}&team_key=ANT"
    offered = ana.get(f"/public-holidays?{asked}").json()["holidays"]
    assert {"name": "New Year's Day", "on": NEW_YEAR, "is_kept": False} in offered
    body = {"team_key": "ANT", "country": "AT", "year": YEAR, "days": [NEW_YEAR]}
    assert ana.post("/holidays/public", body).json() == {"added": 1, "left_out": 0}
    everything = {"team_key": "ANT", "country": "AT", "year": YEAR}
    assert ana.post("/holidays/public", everything).json() == {"added": len(offered) - 1, "left_out": 1}
    assert all(one["is_kept"] for one in ana.get(f"/public-holidays?{asked}").json()["holidays"])
    assert not any(one["is_kept"] for one in ana.get(f"/public-holidays?country=AT&year={YEAR}").json()["holidays"])
    assert len(ana.get("/holidays?team_key=ANT").json()["items"]) == len(offered)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"country": "XX", "year": YEAR}, "country"),
        ({"country": "AT", "year": 1066}, "year"),
        ({"country": "AT", "year": YEAR, "region": "none such"}, "region"),
        ({"country": "AT", "year": YEAR, "days": [f"{YEAR}-02-03"]}, "days"),
        ({"country": "AT", "year": YEAR, "team_key": "EEL"}, "team_key"),
    ],
)
def test_the_api_names_what_is_wrong(
    world: World, program: Callable[..., Program], body: dict[str, object], field: str
) -> None:
    answer = program("ana").post("/holidays/public", body)
    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == [field]
    assert not Holiday.objects.exists()


def test_the_api_keeps_changes_and_takes_away_a_holiday(world: World, program: Callable[..., Program]) -> None:
    ana = program("ana")
    made = ana.post("/holidays", {"name": "Outing", "first_on": f"{YEAR}-05-03", "team_key": "ANT"}).json()
    assert (made["last_on"], made["team_key"]) == (f"{YEAR}-05-03", "ANT")
    path = f"/holidays/{made['id']}"
    assert ana.patch(path, {"last_on": f"{YEAR}-05-04"}).json()["last_on"] == f"{YEAR}-05-04"
    assert ana.patch(path, {"last_on": f"{YEAR}-05-01"}).status_code == 422
    assert ana.post("/holidays/list", {"text": f"{YEAR}-06-01;Fair"}).json() == {"added": 1, "left_out": 0}
    assert ana.post("/holidays/list", {"text": "nothing"}).status_code == 422
    assert program("eve").get(path).status_code == 404
    assert ana.delete(path).status_code == 204
    assert [row["name"] for row in ana.get("/holidays").json()["items"]] == ["Fair"]
