"""What every operation stands on: repeats, limits, problems, methods, deprecation, who asks."""

import datetime as dt
import json
import threading
from collections.abc import Callable
from importlib import import_module
from typing import Any

import pytest
from django.contrib.auth.decorators import login_not_required
from django.db import connections
from django.test import Client
from django.urls import include
from django.urls import path as route
from ninja import NinjaAPI

from headway.api.models import Answered
from headway.api.platform import asking, limits, repeats
from headway.api.platform.problems import add_handlers
from headway.api.platform.routes import Area, Deprecation
from headway.api.platform.schemas import Filters, In, Out
from headway.lib import clock
from headway.okr.models import Cycle
from headway.people import throttle
from headway.people.actions import make_token
from headway.people.models import ApiToken
from headway.urls import urlpatterns as all_addresses
from tests.api.conftest import ALL_SCOPES
from tests.api.program import ROOT, Program
from tests.world import World, make_world

NEW = {"name": "Q1 2027", "starts_on": "2027-01-01", "ends_on": "2027-03-31"}


def problem(answer: Any) -> dict[str, Any]:
    assert answer["Content-Type"] == "application/problem+json"
    told: dict[str, Any] = answer.json()
    assert told["status"] == answer.status_code
    return told


# Repeats


def test_the_same_request_with_a_key_is_done_once(ana: Program) -> None:
    first = ana.post("/cycles", NEW, idempotency_key="one")
    again = ana.post("/cycles", NEW, idempotency_key="one")
    assert (first.status_code, again.status_code, again["Idempotency-Replayed"]) == (201, 201, "true")
    assert (again.content, again["Headway-Change"], again["ETag"]) == (
        first.content,
        first["Headway-Change"],
        first["ETag"],
    )
    assert Cycle.objects.filter(name="Q1 2027").count() == 1


def test_a_key_is_for_one_request_of_one_token(ana: Program, program: Callable[..., Program]) -> None:
    ana.post("/cycles", NEW, idempotency_key="one")
    assert ana.post("/cycles", NEW | {"name": "Q2"}, idempotency_key="one").status_code == 422
    assert program("bo").post("/cycles", NEW | {"name": "Q3"}, idempotency_key="one").status_code == 201


def test_what_was_refused_is_tried_anew(ana: Program) -> None:
    assert ana.post("/cycles", NEW | {"ends_on": "2026-01-01"}, idempotency_key="one").status_code == 422
    assert not Answered.objects.exists()
    assert ana.post("/cycles", NEW, idempotency_key="one").status_code == 201


def test_while_the_first_runs_the_second_is_told_to_wait(ana: Program) -> None:
    ana.post("/cycles", NEW, idempotency_key="one")
    Answered.objects.update(status=None)
    waiting = ana.post("/cycles", NEW, idempotency_key="one")
    assert (waiting.status_code, waiting["Retry-After"]) == (409, "1")


def test_a_claim_that_a_process_left_is_taken_over(ana: Program) -> None:
    ana.post("/cycles", NEW, idempotency_key="one")
    Cycle.objects.filter(name="Q1 2027").delete()
    Answered.objects.update(status=None, started_at=clock.now() - dt.timedelta(minutes=2))
    assert ana.post("/cycles", NEW, idempotency_key="one").status_code == 201


def test_answers_go_after_a_day(ana: Program) -> None:
    ana.post("/cycles", NEW, idempotency_key="one")
    Answered.objects.update(started_at=clock.now() - dt.timedelta(hours=25))
    assert ana.post("/cycles", NEW | {"name": "Q2"}, idempotency_key="one").status_code == 201
    Answered.objects.update(started_at=clock.now() - dt.timedelta(hours=25))
    assert repeats.sweep() == 1


@pytest.mark.django_db(transaction=True)
def test_of_many_at_once_one_is_done() -> None:
    world = make_world()
    _token, text = make_token(world.people["ana"], world.organisation, by=world.ana, name="x", scopes=ALL_SCOPES)
    statuses: list[int] = []

    def send() -> None:
        statuses.append(Program(text).post("/cycles", NEW, idempotency_key="one").status_code)
        connections.close_all()

    threads = [threading.Thread(target=send) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Cycle.objects.filter(name="Q1 2027").count() == 1
    assert 201 in statuses
    assert set(statuses) <= {201, 409}


@pytest.mark.django_db(transaction=True)
def test_of_two_edits_with_the_same_etag_one_is_refused() -> None:
    world = make_world()
    _token, text = make_token(world.people["ana"], world.organisation, by=world.ana, name="x", scopes=ALL_SCOPES)
    path = f"/cycles/{world.cycle.pk}"
    etag = Program(text).get(path)["ETag"]
    statuses: list[int] = []

    def send(name: str) -> None:
        statuses.append(Program(text).patch(path, {"name": name}, if_match=etag).status_code)
        connections.close_all()

    threads = [threading.Thread(target=send, args=(f"Name {number}",)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [200, 412, 412, 412]


# Limits


def test_a_token_that_asks_too_often_waits(ana: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "_blocks", throttle.Blocks("api-test", limit=2, per=60, size=1))
    assert [ana.get("/me").status_code for _ in range(2)] == [200, 200]
    answer = ana.get("/me")
    assert problem(answer)["status"] == 429
    assert int(answer["Retry-After"]) > 0
    assert answer["RateLimit"].startswith('"default";r=0')
    assert answer["RateLimit-Policy"] == limits.POLICY


def test_who_tries_tokens_waits(world: World, ana: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "_WRONG_TOKENS", (2, 60))
    wrong = Program("hw_0123456789abcdef_x")
    assert [wrong.get("/me").status_code for _ in range(3)] == [401, 401, 429]
    assert ana.get("/me").status_code == 200


def test_a_body_that_is_too_large_is_not_read(ana: Program) -> None:
    assert problem(ana.post("/cycles", NEW | {"name": "x" * 1_000_001}))["status"] == 413


# Problems


def test_an_address_that_is_none_is_a_problem_too(ana: Program) -> None:
    for wrong in ("/nothing", "/cycles/", "/cycles/x", "/cycles/99999999999999999999"):
        assert problem(ana.get(wrong))["status"] == 404


def test_a_method_that_is_none_names_those_that_are(ana: Program) -> None:
    answer = ana.delete("/cycles")
    assert (problem(answer)["status"], answer["Allow"]) == (405, "GET, HEAD, OPTIONS, POST")
    answer = ana.send("OPTIONS", "/cycles")
    assert (answer.status_code, answer["Allow"]) == (204, "GET, HEAD, OPTIONS, POST")


def test_head_is_get_without_the_body(ana: Program) -> None:
    assert ana.send("HEAD", "/cycles")["ETag"] == ana.get("/cycles")["ETag"]


def test_only_json_is_read_and_told(ana: Program) -> None:
    headers = {"authorization": f"Bearer {ana.token}"}
    for body in ("{", '{"name": NaN}', '{"name": "a", "name": "b"}', "\xff"):
        answer = Client().post(f"{ROOT}/cycles", body, content_type="application/json", headers=headers)
        assert problem(answer)["status"] == 400, body
    form = Client().post(f"{ROOT}/cycles", NEW, headers=headers)
    assert problem(form)["status"] == 415
    assert problem(ana.get("/cycles", accept="text/html"))["status"] == 406


@pytest.mark.parametrize("wrong", ["a\0b", "\ud800", 5, None, ["a"]])
def test_a_text_is_a_text(ana: Program, wrong: Any) -> None:
    answer = ana.post("/cycles", NEW | {"name": wrong})
    assert [error["field"] for error in problem(answer)["errors"]] == ["name"]


def test_a_problem_names_the_request_and_where_it_is_explained(ana: Program) -> None:
    answer = ana.get("/nothing")
    told = problem(answer)
    assert told["request_id"] == answer["X-Request-ID"]
    page, _hash, place = told["type"].partition("#")
    assert f'id="{place}"'.encode() in Client().get(page).content


# Who asks


def test_a_token_costs_three_queries_beside_those_of_the_answer(
    ana: Program, django_assert_num_queries: Callable[..., Any], world: World
) -> None:
    ana.get("/cycles")  # notes that it is in use, and takes its requests
    with django_assert_num_queries(4) as captured:
        ana.get("/cycles")
    tables = [query["sql"] or "" for query in captured.captured_queries]
    assert sum("okr_cycle" in sql for sql in tables) == 1


def test_a_team_s_token_works_in_its_team(world: World) -> None:
    _token, text = make_token(world.team, world.organisation, by=world.ana, name="x", scopes=ALL_SCOPES)
    program = Program(text)
    me = program.get("/me").json()
    assert (me["person"], me["team_key"]) == (None, "ANT")
    measured = program.post(f"/key-results/{world.key_result.pk}/measurements", {"value": 41})
    assert (measured.status_code, measured.json()["by"]) == (201, "")
    assert program.post("/cycles", NEW).status_code == 403
    assert program.patch("/me", {"name": "Somebody"}).status_code == 403


def test_a_browser_writes_with_the_token_of_its_forms(world: World) -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(world.people["ana"])
    browser.get("/settings/me/")
    token = browser.cookies["csrftoken"].value
    body = json.dumps(NEW)
    answer = browser.post(f"{ROOT}/cycles", body, content_type="application/json", headers={"X-CSRFToken": token})
    assert answer.status_code == 201


def test_a_token_is_used_even_where_a_browser_is_signed_in(world: World, program: Callable[..., Program]) -> None:
    reader = program("di", scopes=["read"])
    browser = Client()
    browser.force_login(world.people["ana"])
    answer = browser.get(f"{ROOT}/me", headers={"authorization": f"Bearer {reader.token}"})
    assert answer.json()["person"]["name"] == "Di Dorn"
    assert ApiToken.objects.get(name="Nightly").last_used_at is not None


# Deprecation


class Old(Out):
    """Something old."""

    old: bool


@pytest.mark.urls(__name__)
def test_what_will_go_says_so(world: World, program: Callable[..., Program]) -> None:
    answer = program("ana").get("/old")
    assert answer.json() == {"old": True}
    assert answer["Deprecation"] == "@1798761600"
    assert answer["Sunset"] == "Thu, 01 Jul 2027 00:00:00 GMT"


_area = Area("Old")


@_area.read("/old", deprecated=Deprecation(dt.date(2027, 1, 1), dt.date(2027, 7, 1), "Use the new one."))
def read_old(request: asking.ApiRequest) -> Old:
    """Read something old."""
    return Old(old=True)


_api = NinjaAPI(title="Old", urls_namespace="old", docs_url=None, openapi_url=None)
add_handlers(_api)
_api.add_router("", _area)
_old_addresses = _api.urls[0]
for _pattern in _old_addresses:
    login_not_required(_pattern.callback)
urlpatterns = [route("api/v1/", include((_old_addresses, "old"))), *all_addresses]


def test_the_document_is_openapi_3_1(db: None) -> None:
    told = Client().get(f"{ROOT}/openapi.json").json()
    assert told["openapi"].startswith("3.1")
    assert len({op["operationId"] for ops in told["paths"].values() for op in ops.values()}) == sum(
        map(len, told["paths"].values())
    )


def test_no_two_shapes_have_one_name() -> None:
    """The document knows a shape by its name alone: one would stand in the place of the other."""
    import_module("headway.api.urls")  # loads every area
    shapes = [shape for base in (Out, In, Filters) for shape in _below(base) if shape.__module__.startswith("headway.")]
    names = [shape.__name__ for shape in shapes if "[" not in shape.__name__]
    assert {name for name in names if names.count(name) > 1} == set()


def _below(base: type) -> set[type]:
    return {base, *(deeper for shape in base.__subclasses__() for deeper in _below(shape))}


def test_a_link_that_is_shown_once_is_kept_for_no_repeat(ana: Program) -> None:
    body = {"roles": [{"team_key": "ANT", "roles": ["developer"]}]}
    first = ana.post("/invitations", body, idempotency_key="one")
    token = first.json()["link"].rstrip("/").rpartition("/")[2]
    assert len(token) > 40
    assert not Answered.objects.filter(body__contains=token).exists()
    again = ana.post("/invitations", body, idempotency_key="one")
    assert (again.status_code, again["Idempotency-Replayed"]) == (201, "true")
    assert again.json() == first.json() | {"link": ""}
    table = {"table": "email,team,role\nzoe@x.example,ANT,dev"}
    made = ana.post("/people/import", table, idempotency_key="two").json()["invited"][0]["link"]
    assert made
    assert not Answered.objects.filter(body__contains=made).exists()
    assert Answered.objects.filter(body__contains="zoe@x.example").exists()
