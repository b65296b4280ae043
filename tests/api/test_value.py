"""Links, bets, verdicts, the shelf, the value sheet and forecasts over the API."""

import datetime as dt
from collections.abc import Callable

import pytest

from headway.agreements.models import Decision
from headway.lib import clock
from headway.scrum.actions import move_item
from headway.scrum.models import Column, Item
from headway.value.models import Bet
from tests.api.program import Program
from tests.value.make import make_bet
from tests.world import World, make_item, make_key_result, make_measurement

TEAM = "/teams/ANT"
RANGE = {"low": 1, "likely": 2, "high": 3, "chance": 0.5}


def path_of(item: Item) -> str:
    return f"{TEAM}/items/{item.number}"


def test_an_item_is_linked_and_unlinked(world: World, cy: Program) -> None:
    path = path_of(make_item(world.team))
    linked = cy.post(f"{path}/links", {"key_result_id": world.key_result.pk})
    assert [link["key_result_id"] for link in linked.json()["serves"]] == [world.key_result.pk]
    cy.post(f"{path}/links", {"kind": "health", "reason": "It hurts"})
    serves = cy.get(path).json()["serves"]
    assert [link["kind"] for link in serves] == ["", "health"]
    left = cy.delete(f"{TEAM}/links/{serves[0]['id']}")
    assert [link["kind"] for link in left.json()["serves"]] == ["health"]


def test_a_kind_needs_its_reason(world: World, cy: Program) -> None:
    answer = cy.post(f"{path_of(make_item(world.team))}/links", {"kind": "health"})
    assert answer.status_code == 422


def test_many_are_linked_with_one_change(world: World, bo: Program) -> None:
    numbers = [make_item(world.team).number for _ in range(3)]
    answer = bo.post(f"{TEAM}/items/links", {"numbers": numbers, "key_result_id": world.key_result.pk})
    assert all(row["serves"] for row in answer.json()["items"])
    assert "," not in answer["Headway-Change"]


def test_a_bet_lives_from_promise_to_verdict(world: World, bo: Program) -> None:
    item = make_item(world.team)
    made = bo.post(f"{path_of(item)}/bets", {"key_result_id": world.key_result.pk, **RANGE})
    assert made.status_code == 201
    path = f"{TEAM}/bets/{made.json()['id']}"
    assert bo.patch(path, {"chance": 0.8}).json()["chance"] == 0.8
    assert bo.post(f"{path}/verdict", {"outcome": "moved", "measured": 2, "scale": 4}).status_code == 422  # not done
    move_item(item, to=Column.objects.get(team=world.team, name="Done"), by=world.bo)
    judged = bo.post(f"{path}/verdict", {"outcome": "moved", "measured": 2, "scale": 4, "learned": "It works"})
    assert judged.json()["verdict"]["scale"] == 4
    assert [row["id"] for row in bo.get(f"{TEAM}/bets?judged=true").json()["items"]] == [made.json()["id"]]
    assert bo.delete(f"{path}/verdict").json()["verdict"] is None
    assert bo.delete(f"{path}/verdict").status_code == 404


def test_a_promise_changes_after_the_start_only_by_a_decision(world: World, bo: Program) -> None:
    item = make_item(world.team)
    bet = bo.post(f"{path_of(item)}/bets", {"key_result_id": world.key_result.pk, **RANGE}).json()
    move_item(item, to=Column.objects.get(team=world.team, name="In progress"), by=world.bo)
    path = f"{TEAM}/bets/{bet['id']}"
    refused = bo.patch(path, {"chance": 0.9})
    assert [error["field"] for error in refused.json()["errors"]] == ["reason"]
    assert bo.patch(path, {"chance": 0.9, "reason": "A test said so"}).status_code == 200
    assert Decision.objects.count() == 1
    assert bo.post(f"{path}/withdraw", {"reason": "Nobody wants it"}).json()["number"] == item.number
    assert bo.get(path).status_code == 404


@pytest.mark.parametrize(
    ("wrong", "field"),
    [({"low": 5}, "low"), ({"chance": 1.2}, "chance"), ({"judge_on": "2001-01-01"}, "judge_on")],
)
def test_what_is_no_promise_is_refused_by_its_field(world: World, bo: Program, wrong: dict, field: str) -> None:
    body = {"key_result_id": world.key_result.pk, **RANGE, **wrong}
    answer = bo.post(f"{path_of(make_item(world.team))}/bets", body)
    assert answer.status_code == 422
    assert field in [error["field"] for error in answer.json()["errors"]]


def test_the_shelf(world: World, bo: Program, cy: Program) -> None:
    path = path_of(make_item(world.team))
    assert cy.post(f"{path}/shelve", {"reason": "Later"}).status_code == 403
    assert bo.post(f"{path}/shelve", {"reason": "Later", "asked_by": "Sales"}).json()["asked_by"] == "Sales"
    assert cy.post(f"{path}/told", {}).json()["told_on"] is not None
    assert len(bo.get(f"{TEAM}/not-now").json()["items"]) == 1
    bo.post(f"{path}/bring-back")
    assert bo.get(f"{TEAM}/not-now").json()["items"] == []
    assert len(bo.get(f"{TEAM}/not-now?ended=true").json()["items"]) == 1
    assert cy.post(f"{path}/told", {}).status_code == 404


def test_the_value_sheet_shows_bets_in_order_and_the_rest(world: World, bo: Program) -> None:
    item, _plain = make_item(world.team, "Promised"), make_item(world.team, "Plain")
    bo.post(f"{path_of(item)}/bets", {"key_result_id": world.key_result.pk, **RANGE})
    sheet = bo.get(f"{TEAM}/value-sheet").json()
    assert [row["title"] for row in sheet["items"]] == ["Promised", "Plain"]
    assert sheet["items"][0]["chance"] == 0.5
    assert sheet["missing"]  # a team that finished nothing has no pace: no number is made up
    assert sheet["items"][0]["weeks"] is None


def test_without_history_a_forecast_says_what_is_missing(world: World, bo: Program) -> None:
    answer = bo.get(f"{TEAM}/forecast?items=5").json()
    assert answer["missing"]["needed"] > answer["missing"]["given"]
    assert answer["quantiles"] == {}
    assert bo.get(f"{TEAM}/forecast").status_code == 422
    assert bo.get(f"{TEAM}/forecast?by=2001-01-01").status_code == 422
    assert bo.get(f"{TEAM}/sprint-chance").json()["sprint"] is None


def test_who_may(world: World, program: Callable[..., Program]) -> None:
    path = path_of(make_item(world.team))
    body = {"key_result_id": world.key_result.pk, **RANGE}
    assert program("di").post(f"{path}/bets", body).status_code == 403
    assert program("eve").post(f"{path}/bets", body).status_code == 404
    assert program("eve").get(f"{TEAM}/value-sheet").status_code == 404
    assert program("bo", scopes=["read"]).post(f"{path}/bets", body).status_code == 403


def shipped_bet(world: World) -> Bet:
    """A bet on an item that was done 40 days ago; its Key Result is 5 points better since."""
    done_at = clock.now() - dt.timedelta(days=40)
    for week in range(20):
        days = 7 * week + 2
        make_measurement(world.key_result, 30 + (week % 3) * 0.4 + (5 if days < 40 else 0), days_ago=days)
    item = make_item(world.team, category="done", done_at=done_at, started_at=done_at - dt.timedelta(days=7))
    return make_bet(item, world.key_result, 2, 4, 6, 0.6)


def test_a_verdict_is_compared_with_another_key_result(world: World, bo: Program) -> None:
    bet, other = shipped_bet(world), make_key_result(world.objective, "Elsewhere")
    path = f"{TEAM}/bets/{bet.pk}"
    assert bo.get(f"{path}/impact").json()["choices"] == [], "it was never measured"
    for week in range(20):
        make_measurement(other, 50 + (week % 4) * 0.3, days_ago=7 * week + 2)
    alone = bo.get(f"{path}/impact").json()
    assert [(one["key_result_id"], one["refused"]) for one in alone["choices"]] == [(other.pk, "")]
    assert alone["size_before"] != alone["size_after"]
    beside = bo.get(f"{path}/impact?control_id={other.pk}").json()["found"]
    assert (beside["method"], [one["name"] for one in beside["controls"]]) == ("control", ["Elsewhere"])
    itself = bo.get(f"{path}/impact?control_id={world.key_result.pk}").json()
    assert "with itself" in itself["no_control"]
    assert itself["found"]["method"] == "placebo"
    body = {"outcome": beside["outcome"], "scale": beside["scale"], "control_ids": [other.pk]}
    assert bo.post(f"{path}/verdict", body | {"control_ids": [10**6]}).status_code == 422
    verdict = bo.post(f"{path}/verdict", body).json()["verdict"]
    assert (verdict["method"], verdict["found"]) == ("control", beside)


def test_a_bet_says_when_it_is_to_be_judged(world: World, bo: Program) -> None:
    bet = make_bet(make_item(world.team), world.key_result, lag_weeks=2)
    assert bo.get(f"{TEAM}/bets/{bet.pk}").json()["due_on"] is None
    shipped = shipped_bet(world)
    due = (clock.now() - dt.timedelta(days=12)).date().isoformat()
    assert bo.get(f"{TEAM}/bets/{shipped.pk}").json()["due_on"] == due


def test_the_figures_of_a_bet_are_read_agreed_to_and_kept(world: World, bo: Program) -> None:
    path = f"{TEAM}/bets/{shipped_bet(world).pk}"
    found = bo.get(f"{path}/impact").json()["found"]
    assert (found["outcome"], found["scale"], found["method"]) == ("moved", 4, "placebo")
    refused = bo.post(f"{path}/verdict", {"outcome": "did_not", "scale": 2})
    assert refused.status_code == 422
    assert "overruled_because" in refused.text
    follows = make_item(world.team, "Watch five people")
    body = {"outcome": "moved", "scale": 4, "follow_up": "tweak", "follow_item_number": follows.number}
    verdict = bo.post(f"{path}/verdict", body).json()["verdict"]
    assert verdict["found"] == found
    assert verdict["measured"] == found["measured"]
    assert (verdict["method"], verdict["evidence"], verdict["follow_item_number"]) == ("placebo", 3, follows.number)
    [line] = bo.get(f"{TEAM}/ledger").json()["key_results"]
    assert (line["verdicts"], line["rank"], line["explained"]) == (1, 1, line["moved"])


def test_an_experiment_is_taken_and_a_bad_one_refused(world: World, bo: Program) -> None:
    path = f"{TEAM}/bets/{shipped_bet(world).pk}/verdict"
    groups = {
        "control": {"size": 4000, "mean": 30, "variance": 2100},
        "treatment": {"size": 4000, "mean": 41, "variance": 2419},
    }
    bad = groups | {"control": groups["control"] | {"size": 1}}
    assert bo.post(path, {"outcome": "moved", "scale": 5, "experiment": bad}).status_code == 422
    assert bo.post(path, {"outcome": "moved", "scale": 5, "follow_item_number": 999}).status_code == 422
    assert (
        bo.post(path, {"outcome": "moved", "scale": 5, "experiment": groups}).json()["verdict"]["method"]
        == "experiment"
    )


def test_a_ledger_of_a_cycle_that_is_not_there_is_absent(world: World, bo: Program) -> None:
    assert bo.get(f"{TEAM}/ledger?cycle_id=99999").status_code == 404
