"""OKRs in the browser: pages, forms, who may write, and query counts."""

import datetime as dt
import re

import pytest
from django.test import Client

from headway.lib import clock
from headway.live.models import Change
from headway.okr import actions
from headway.okr.models import Alignment, CheckIn, Cycle, KeyResult, Measurement, Objective
from tests.value.make import make_bet
from tests.world import (
    World,
    make_item,
    make_key_result,
    make_measurement,
    make_objective,
    make_sprint,
    make_team,
    make_world,
)


@pytest.fixture
def world(db: None) -> World:
    return make_world()


def signed_in(world: World, name: str) -> Client:
    client = Client()
    client.force_login(world.people[name])
    return client


def fill(world: World) -> KeyResult:
    """Give the Key Result values, talk, a decision, bets, Sprints and an upper one."""
    kr = world.key_result
    for days_ago, value in [(42, 30), (21, 34), (0, 40)]:
        make_measurement(kr, value, days_ago=days_ago)
    actions.check_in(kr, by=world.cy, confidence=6, text="Fewer fields", on=clock.today() - dt.timedelta(days=8))
    actions.check_in(kr, by=world.cy, confidence=4, text="It did not help", next_step="Watch five people")
    actions.edit_key_result(kr, by=world.bo, target=52.0, reason="One shop more")
    actions.align(
        kr, by=world.bo, upper=make_key_result(make_objective(world.cycle, "Nobody runs out"), "Gap of three days")
    )
    make_sprint(world.team)
    make_bet(make_item(world.team, "Open bet"), kr, 0.5, 1, 2)
    done = make_item(world.team, "Shipped bet", category="done")
    make_bet(done, kr, 1, 2, 4)
    return kr


def pages(world: World) -> list[str]:
    measurement = world.key_result.measurements.first()
    return [
        "/okrs/",
        f"/okrs/{world.key_result.pk}/",
        f"/okrs/{world.key_result.pk}/?measure=1",
        f"/okrs/objectives/{world.objective.pk}/",
        "/sightline/",
        "/settings/cycles/",
        *([f"/okrs/measurements/{measurement.pk}/"] if measurement else []),
    ]


WRITERS_ONLY = [
    "/okrs/objectives/new/",
    "/okrs/objectives/{objective}/edit/",
    "/okrs/objectives/{objective}/new/",
    "/okrs/{key_result}/edit/",
    "/settings/cycles/{cycle}/",
    "/t/ANT/okrs/import/",
]


def at(world: World, address: str) -> str:
    return address.format(objective=world.objective.pk, key_result=world.key_result.pk, cycle=world.cycle.pk)


@pytest.mark.parametrize("name", ["ana", "bo", "cy"])
def test_every_page_answers_empty_and_full(world: World, name: str) -> None:
    client = signed_in(world, name)
    assert all(client.get(page).status_code == 200 for page in pages(world))
    fill(world)
    for page in pages(world):
        response = client.get(page)
        assert response.status_code == 200, page
        text = response.content.decode()
        assert not re.search(r"\bNaN\b", text)
        assert ">None<" not in text


def test_a_reader_sees_the_pages_and_is_refused_the_forms(world: World) -> None:
    fill(world)
    client = signed_in(world, "di")
    for page in pages(world)[:-1]:
        assert client.get(page).status_code == 200
    assert "Check in</" not in client.get(f"/okrs/{world.key_result.pk}/").content.decode()
    for address in WRITERS_ONLY:
        assert client.get(at(world, address)).status_code == 403, address


def test_an_organisation_elsewhere_finds_none_of_it(world: World) -> None:
    fill(world)
    client = signed_in(world, "eve")
    missing = [f"/okrs/{world.key_result.pk}/", f"/okrs/objectives/{world.objective.pk}/", "/t/ANT/okrs/import/"]
    for address in [*missing, f"/okrs/measurements/{Measurement.objects.earliest('pk').pk}/"]:
        assert client.get(address).status_code == 404, address
    assert "Repeat orders" not in client.get("/okrs/").content.decode()
    assert "Repeat orders" not in client.get("/sightline/").content.decode()


def test_without_a_cycle_the_pages_say_what_to_do(world: World) -> None:
    Cycle.objects.all().delete()
    client = signed_in(world, "bo")
    assert "No cycle yet" in client.get("/okrs/").content.decode()
    assert "No Key Result yet" in client.get("/sightline/").content.decode()


def test_an_objective_is_written_edited_and_archived(world: World) -> None:
    client = signed_in(world, "bo")
    fields = {"title": "Orders are right", "why": "", "cycle": world.cycle.pk, "of": f"team-{world.team.pk}"}
    assert client.post("/okrs/objectives/new/", fields | {"title": " "}).status_code == 422
    response = client.post("/okrs/objectives/new/", fields)
    objective = Objective.objects.get(title="Orders are right")
    assert response["Location"] == f"/okrs/objectives/{objective.pk}/"
    assert objective.team == world.team
    client.post(f"/okrs/objectives/{objective.pk}/edit/", {**fields, "title": "Orders are always right"})
    client.post(f"/okrs/objectives/{objective.pk}/archive/")
    objective.refresh_from_db()
    assert (objective.title, objective.archived_at is None) == ("Orders are always right", False)
    client.post(f"/okrs/objectives/{objective.pk}/archive/", {"restore": 1})
    assert Objective.objects.active().filter(pk=objective.pk).exists()
    assert "Undo" in client.get("/okrs/").content.decode()


def test_the_organisation_and_units_own_objectives_too(world: World) -> None:
    client = signed_in(world, "bo")
    client.post("/okrs/objectives/new/", {"title": "All", "cycle": world.cycle.pk, "of": "organisation"})
    assert Objective.objects.get(title="All").team is None


def key_result_fields(**fields: object) -> dict[str, object]:
    return {
        "title": "New patients who finish",
        "short_name": "",
        "direction": "increase",
        "baseline": "44 %",
        "target": "60",
        "unit": "%",
        "type": "aspirational",
        "klass": "leading",
    } | fields


def test_a_key_result_is_written_and_what_is_wrong_is_said_at_its_field(world: World) -> None:
    client = signed_in(world, "bo")
    address = f"/okrs/objectives/{world.objective.pk}/new/"
    for wrong, told in [
        ({"target": "60 h"}, "The unit is %, but here stands h"),
        ({"target": "many"}, "Write one number"),
        ({"target": "44"}, "nothing would have to move"),
        ({"direction": "decrease"}, "choose “increase”"),
        ({"klass": "guardrail"}, "stays within limits"),
    ]:
        response = client.post(address, key_result_fields(**wrong))
        assert response.status_code == 422
        assert told in response.content.decode()
        assert "New patients who finish" in response.content.decode()  # what was typed stays
    response = client.post(address, key_result_fields())
    key_result = KeyResult.objects.get(title="New patients who finish")
    assert response["Location"] == f"/okrs/{key_result.pk}/"
    assert (key_result.baseline, key_result.target, key_result.short_name) == (44, 60, "New patients")


def test_a_measured_target_asks_for_a_reason(world: World) -> None:
    make_measurement(world.key_result, 40)
    client = signed_in(world, "bo")
    address = f"/okrs/{world.key_result.pk}/edit/"
    fields = key_result_fields(title=world.key_result.title, baseline="30", target="45")
    response = client.post(address, fields)
    assert response.status_code == 422
    assert "Say why it changes" in response.content.decode()
    client.post(address, fields | {"reason": "Half of the shops closed"})
    world.key_result.refresh_from_db()
    assert world.key_result.target == 45
    page = client.get(f"/okrs/{world.key_result.pk}/").content.decode()
    assert "Half of the shops closed" in page
    assert "By that, the score would be 0.50" in page


def measured(**fields: object) -> dict[str, object]:
    return {"value": "", "on": clock.today().isoformat(), "confidence": "", "text": "", "next_step": ""} | fields


def test_a_value_alone_is_a_measurement_and_with_words_a_check_in(world: World) -> None:
    client = signed_in(world, "cy")
    address = f"/okrs/{world.key_result.pk}/measure/"
    assert client.post(address, measured(value="36,5 %")).status_code == 302
    assert Measurement.objects.get().value == 36.5
    assert not CheckIn.objects.exists()
    client.post(address, measured(value="37", confidence="6"))
    assert CheckIn.objects.get().confidence == 6
    response = client.post(address, measured(confidence="4"))
    assert response.status_code == 422
    assert "say why" in response.content.decode()
    assert client.post(address, measured()).status_code == 422


def test_a_value_before_the_cycle_is_told_to_be_history(world: World) -> None:
    client = signed_in(world, "cy")
    before = (world.cycle.starts_on - dt.timedelta(days=3)).isoformat()
    client.post(f"/okrs/{world.key_result.pk}/measure/", measured(value="29", on=before))
    page = client.get(f"/okrs/{world.key_result.pk}/").content.decode()
    assert "before the cycle" in page
    assert "Recorded as history" in page


def test_a_value_is_corrected_or_taken_back(world: World) -> None:
    client = signed_in(world, "cy")
    value = make_measurement(world.key_result, 400)
    address = f"/okrs/measurements/{value.pk}/"
    client.post(address, {"value": "40", "on": clock.today().isoformat(), "source": ""})
    assert list(Measurement.objects.current().values_list("value", flat=True)) == [40]
    right = Measurement.objects.current().get()
    client.post(f"/okrs/measurements/{right.pk}/", {"withdraw": 1})
    assert list(Measurement.objects.current().values_list("value", flat=True)) == [400]
    assert signed_in(world, "di").post(address, {"withdraw": 1}).status_code == 403


def test_an_undo_of_a_measurement_works_from_the_toast(world: World) -> None:
    client = signed_in(world, "cy")
    client.post(f"/okrs/{world.key_result.pk}/measure/", measured(value="36"))
    change = Change.objects.latest("pk")
    assert f"/changes/{change.pk}/undo/" in client.get(f"/okrs/{world.key_result.pk}/").content.decode()
    client.post(f"/changes/{change.pk}/undo/")
    assert not Measurement.objects.current().exists()


def test_decisions_alignment_order_and_archive(world: World) -> None:
    client = signed_in(world, "bo")
    address = f"/okrs/{world.key_result.pk}/"
    assert client.post(f"{address}decide/", {"title": "Keep it", "because": ""}).status_code == 422
    client.post(f"{address}decide/", {"title": "Keep it", "because": "It is good"})
    upper = make_key_result(make_objective(world.cycle, "Nobody runs out"), "Gap of three days")
    assert "Gap of three days" in client.get(address).content.decode()
    client.post(f"{address}align/", {"upper": upper.pk})
    assert Alignment.objects.count() == 1
    client.post(f"{address}align/", {"upper": upper.pk, "remove": 1})
    assert not Alignment.objects.exists()
    assert client.post(f"{address}align/", {"upper": "x"}).status_code == 404
    client.post(f"/okrs/{upper.pk}/align/", {"upper": upper.pk})  # refused in words, not with an error page
    second = make_key_result(world.objective, "Second", position=1)
    client.post(f"/okrs/{second.pk}/move/", {"to": 0})
    assert list(world.objective.key_results.all()) == [second, world.key_result]
    client.post(f"{address}archive/")
    page = client.get(address).content.decode()
    assert "It is good" in page
    assert "is archived" in page
    client.post(f"{address}archive/", {"restore": 1})
    assert KeyResult.objects.active().filter(pk=world.key_result.pk).exists()


def test_cycles_are_made_edited_and_archived_in_the_settings(world: World) -> None:
    client = signed_in(world, "bo")
    page = client.get("/settings/cycles/").content.decode()
    assert "This quarter" in page
    fields = {"name": "Q1 2031", "starts_on": "2031-01-01", "ends_on": "2031-03-31"}
    assert client.post("/settings/cycles/", fields | {"ends_on": "2030-01-01"}).status_code == 422
    client.post("/settings/cycles/", fields)
    cycle = Cycle.objects.get(name="Q1 2031")
    client.post(f"/settings/cycles/{cycle.pk}/", fields | {"name": "First of 2031"})
    client.post(f"/settings/cycles/{cycle.pk}/archive/")
    cycle.refresh_from_db()
    assert (cycle.name, cycle.archived_at is None) == ("First of 2031", False)
    client.post(f"/settings/cycles/{cycle.pk}/archive/", {"restore": 1})
    assert Cycle.objects.active().filter(pk=cycle.pk).exists()
    assert signed_in(world, "di").post("/settings/cycles/", fields).status_code == 403


def test_the_line_of_sight_shows_work_gaps_and_the_way_up(world: World) -> None:
    kr = fill(world)
    lonely = make_key_result(world.objective, "Nobody works on it", short_name="Lonely")
    make_item(world.team, "Printer driver", category="doing")
    page = signed_in(world, "di").get("/sightline/").content.decode()
    assert "Nobody runs out" in page
    assert "No work serves this Key Result" in page
    assert lonely.short_name in page
    assert "Printer driver" in page
    assert "no reason given" in page
    assert kr.short_name in page
    asked = signed_in(world, "di").get("/sightline/?item=ANT-2").content.decode()
    assert "Why 2?" in asked


def test_pages_ask_a_constant_number_of_questions(world: World, django_assert_max_num_queries: object) -> None:
    fill(world)
    for n in range(5):
        team = make_team(world.organisation, f"T{n}", f"Team {n}")
        objective = make_objective(world.cycle, f"Objective {n}", team=team)
        for m in range(4):
            key_result = make_key_result(objective, f"Key Result {n} {m}", owner=world.people["cy"])
            make_measurement(key_result, 35)
            make_bet(make_item(team, f"Item {n} {m}"), key_result, 0, 1, 2)
    client = signed_in(world, "bo")
    for page, most in [
        ("/okrs/", 30),
        ("/sightline/", 36),
        (f"/okrs/{world.key_result.pk}/", 44),
        (f"/okrs/objectives/{world.objective.pk}/", 32),
    ]:
        with django_assert_max_num_queries(most):  # type: ignore[operator]
            client.get(page)


def test_long_names_stay_within_the_page(world: World) -> None:
    fill(world)
    long = "Zweihundertfünfzigmillionenfach " * 12
    KeyResult.objects.update(title=long[:500], short_name=long[:40])
    Objective.objects.update(title=long[:500])
    client = signed_in(world, "bo")
    assert all(client.get(page).status_code == 200 for page in pages(world))


def test_all_that_one_holds_is_checked_in_at_once_or_not_at_all(world: World) -> None:
    client = signed_in(world, "cy")
    assert "No Key Result is yours" in client.get("/check-in/").content.decode()
    KeyResult.objects.update(owner=world.people["cy"])
    guardrail = make_key_result(
        world.objective,
        "Sent back",
        direction="stay_within",
        klass="guardrail",
        baseline=None,
        target=None,
        upper=2.5,
        owner=world.people["cy"],
    )
    mine, other = f"kr{world.key_result.pk}", f"kr{guardrail.pk}"
    assert "Sent back" in client.get("/check-in/").content.decode()
    client.post("/check-in/", {f"{mine}-value": "34", f"{mine}-confidence": "5", f"{other}-value": "2,1"})
    assert sorted(Measurement.objects.values_list("value", flat=True)) == [2.1, 34]
    response = client.post("/check-in/", {f"{mine}-confidence": "3", f"{other}-value": "2.2"})
    assert response.status_code == 422
    assert "say why" in response.content.decode()
    assert Measurement.objects.count() == 2  # none of it was written
    assert client.post("/check-in/", {f"{other}-value": "many"}).status_code == 422
    assert client.post("/check-in/", {}).status_code == 200
    assert client.get("/okrs/").content.decode().count("/check-in/") == 1


def test_what_was_checked_in_is_told_and_one_alone_can_be_taken_back_at_once(world: World) -> None:
    client = signed_in(world, "cy")
    other = make_key_result(world.objective, "Orders within two days", owner=world.people["cy"])
    KeyResult.objects.filter(pk=world.key_result.pk).update(owner=world.people["cy"])
    one, two = f"kr{world.key_result.pk}", f"kr{other.pk}"
    assert "Nothing was said, so nothing is recorded." in client.post("/check-in/", {}).content.decode()
    client.post("/check-in/", {f"{one}-value": "34", f"{two}-value": "7"})
    page = client.get("/okrs/").content.decode()
    assert "2 check-ins recorded. Each can be taken back in the activity." in page
    assert not re.search(r'action="/changes/\d+/undo/"', page)
    assert "check-ins recorded" not in client.get("/okrs/").content.decode(), "told once"
    client.post("/check-in/", {f"{two}-value": "8", f"{two}-confidence": "6"})
    change = Change.objects.latest("pk")
    page = client.get("/okrs/").content.decode()
    assert "1 check-in recorded." in page
    assert f'action="/changes/{change.pk}/undo/"' in page
    assert client.post(f"/changes/{change.pk}/undo/").status_code == 302
    assert Measurement.objects.filter(key_result=other, withdrawn_at=None).get().value == 7
