"""Every operation of the API with the whole cast, an outsider, no token, one of too few scopes, and an old one.

An operation that is not in the table (tests/api/walk) fails the walk, so that nobody forgets one.
"""

import importlib
import json
import pkgutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.test import Client

from headway.api.application import api
from headway.api.platform import limits
from headway.api.platform.openapi import document
from headway.lib import clock
from headway.live.models import Change
from headway.people.access import SCOPES, VERBS, allows
from headway.people.models import ApiToken
from tests.api import walk
from tests.api.conftest import ALL_SCOPES
from tests.api.program import ROOT, Program
from tests.api.walk import Op
from tests.world import World

CAST = ["ana", "bo", "cy", "di"]
DONE = range(200, 300)
AREAS = [importlib.import_module(f"tests.api.walk.{found.name}") for found in pkgutil.iter_modules(walk.__path__)]
OPERATIONS: dict[str, Op] = {name: op for area in AREAS for name, op in area.OPERATIONS.items()}


@dataclass(frozen=True)
class Route:
    name: str
    method: str
    path: str
    scope: str


@cache
def routes() -> tuple[Route, ...]:
    return tuple(
        Route(operation["operationId"], method.upper(), path, operation["x-scope"])
        for path, operations in document(api)["paths"].items()
        for method, operation in operations.items()
    )


@pytest.fixture
def places(world: World, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """One of each thing that an address can name, all of Ana's organisation."""
    monkeypatch.setattr(limits, "take", lambda request: None)  # the walk is faster than anybody may be
    found: dict[str, Any] = {"team_key": world.team.key}
    for area in AREAS:
        found |= area.places(world)
    return found


@pytest.fixture
def ask(places: dict[str, Any]) -> Callable[[Program, Route], Any]:
    """Send a right request of a route, and leave everything as it was."""

    def ask(program: Program, route: Route) -> Any:
        op = OPERATIONS[route.name]
        named = {**places, **{part: places[place] for part, place in op.places.items()}}
        path = route.path.format_map(named) + op.query.format_map(named)
        with transaction.atomic():
            try:
                return _send(program, route.method, path, op, named)
            finally:
                transaction.set_rollback(True)

    return ask


def _send(program: Program, method: str, path: str, op: Op, named: dict[str, Any]) -> Any:
    if op.form is not None:
        headers = {"authorization": f"Bearer {program.token}"} if program.token else {}
        data = {
            name: SimpleUploadedFile("file.csv", value) if isinstance(value, bytes) else value
            for name, value in _filled(dict(op.form), named).items()
        }
        return Client().post(ROOT + path, data, headers=headers)
    return program.send(method, path, None if op.body is None else _filled(dict(op.body), named))


def _filled(value: Any, named: dict[str, Any]) -> Any:
    if isinstance(value, dict):
        return {name: _filled(part, named) for name, part in value.items()}
    if isinstance(value, list):
        return [_filled(part, named) for part in value]
    if isinstance(value, str) and value.startswith("{") and value.endswith("}"):
        return named[value[1:-1]]
    return value


def _differing(expected: Callable[[Route], Any], got: Callable[[Route], Any]) -> Iterator[str]:
    for route in routes():
        answer, right = got(route), expected(route)
        if answer.status_code not in right:
            yield f"{route.method} {route.path}: {answer.status_code}, not {right}: {answer.content.decode()[:300]}"


def test_every_operation_is_in_the_table_and_the_other_way_round() -> None:
    assert {route.name for route in routes()} == set(OPERATIONS)
    assert {op.verb for op in OPERATIONS.values()} <= {"self", *VERBS}


def test_every_verb_has_a_scope_and_every_operation_that_of_its_verb() -> None:
    assert set(SCOPES) == set(VERBS)
    wrong = [
        route.name
        for route in routes()
        if OPERATIONS[route.name].verb != "self"
        and route.scope != (OPERATIONS[route.name].scope or SCOPES[OPERATIONS[route.name].verb])
    ]
    assert not wrong


@pytest.mark.parametrize("name", CAST)
def test_who_may_what(
    world: World, program: Callable[..., Program], ask: Callable[[Program, Route], Any], name: str
) -> None:
    actor, asking = getattr(world, name), program(name)

    def expected(route: Route) -> Any:
        op = OPERATIONS[route.name]
        if op.verb == "self" or allows(actor, op.verb, world.team):
            return DONE if op.can_do else {*DONE, 409, 422}
        return {op.refusal}

    assert not list(_differing(expected, lambda route: ask(asking, route)))


def test_an_outsider_finds_nothing(
    world: World, program: Callable[..., Program], ask: Callable[[Program, Route], Any]
) -> None:
    eve = program("eve")
    changes = Change.objects.filter(organisation_id=world.organisation.pk).count()
    assert not list(
        _differing(lambda route: {404} if "{" in route.path else {*DONE, 403, 409, 422}, lambda route: ask(eve, route))
    )
    for route in routes():
        if route.method == "GET" and "{" not in route.path:
            assert b"Northwind" not in ask(eve, route).content, route.path
    assert Change.objects.filter(organisation_id=world.organisation.pk).count() == changes


def test_without_a_token_nobody_gets_in(ask: Callable[[Program, Route], Any]) -> None:
    assert not list(_differing(lambda route: {401}, lambda route: ask(Program(None), route)))


def test_a_token_that_was_revoked_or_is_too_old_gets_nobody_in(
    program: Callable[..., Program], ask: Callable[[Program, Route], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("headway.people.throttle.take", lambda *args: 0)
    revoked, old = program("ana"), program("ana")
    first, second = ApiToken.objects.filter(name="Nightly").order_by("pk")
    ApiToken.objects.filter(pk=first.pk).update(revoked_at=clock.now())
    ApiToken.objects.filter(pk=second.pk).update(expires_at=clock.now())
    for stopped in (revoked, old):
        assert not list(_differing(lambda route: {401}, lambda route: ask(stopped, route)))  # noqa: B023


@pytest.mark.parametrize("scope", ALL_SCOPES)
def test_a_token_does_nothing_beyond_its_scopes(
    program: Callable[..., Program], ask: Callable[[Program, Route], Any], scope: str
) -> None:
    without = program("ana", scopes=[other for other in ALL_SCOPES if other != scope])
    got = [(route, ask(without, route)) for route in routes() if route.scope == scope]
    assert [route.name for route, answer in got if answer.status_code != 403] == []


def test_a_browser_that_is_signed_in_reads_and_writes_only_with_its_form_token(world: World) -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(world.people["ana"])
    assert browser.get(f"{ROOT}/cycles").status_code == 200
    body = json.dumps(dict(OPERATIONS["create_cycle"].body or {}))
    refused = browser.post(f"{ROOT}/cycles", body, content_type="application/json")
    assert (refused.status_code, refused["Content-Type"]) == (403, "application/problem+json")
