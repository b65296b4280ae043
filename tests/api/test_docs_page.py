"""The page of the API: each operation with a line for the shell that does what it shows."""

import html
import json
import re
import shlex

import jsonschema_rs
import pytest
from django.test import Client

from headway.api.application import api
from headway.api.platform.docs import _quoted
from headway.api.platform.openapi import document
from tests.api.program import ROOT, Program
from tests.world import World

PAGE = "/api/v1/docs"


def lines_of(page: str) -> dict[str, list[str]]:
    """Return the words of the line of each operation, as a shell reads them."""
    found = re.findall(r'api-op" id="(\w+)".*?<div class="api-try"><code>(.*?)</code>', page, re.DOTALL)
    return {name: shlex.split(html.unescape(line)) for name, line in found}


@pytest.fixture
def lines(db: None) -> dict[str, list[str]]:
    return lines_of(Client().get(PAGE).content.decode())


def test_a_line_names_method_token_body_and_address(lines: dict[str, list[str]]) -> None:
    token = ["-H", "Authorization: Bearer $HEADWAY_TOKEN"]
    assert lines["list_items"] == ["curl", *token, "http://testserver/api/v1/teams/{team_key}/items"]
    made = lines["create_item"]
    assert made[:3] == ["curl", "-X", "POST"]
    assert made[3:5] == token
    assert made[5:8] == ["-H", "Content-Type: application/json", "-d"]
    assert json.loads(made[8]) == {"title": "Order again in one tap"}
    assert made[9:] == ["http://testserver/api/v1/teams/{team_key}/items"]
    assert lines["upload_import"][-3:-1] == ["-F", "file=@FILE"]
    assert lines["remove_item"][:3] == ["curl", "-X", "DELETE"]


def test_every_body_is_one_that_the_document_allows(lines: dict[str, list[str]]) -> None:
    promised, bodies = document(api), 0
    for operations in promised["paths"].values():
        for operation in operations.values():
            content = operation.get("requestBody", {}).get("content", {}).get("application/json")
            words = lines[operation["operationId"]]
            assert ("-d" in words) == (content is not None)
            if content:
                shape = {**content["schema"], "components": promised["components"]}
                jsonschema_rs.validate(shape, json.loads(words[words.index("-d") + 1]))
                bodies += 1
    assert bodies > 40


def test_a_line_does_what_it_says(world: World, bo: Program, lines: dict[str, list[str]]) -> None:
    words = lines["create_item"]
    answer = bo.send(words[2], words[-1].partition(ROOT)[2].format(team_key="ANT"), words[8])
    assert (answer.status_code, answer.json()["title"]) == (201, "Order again in one tap")


def test_quotes_in_an_example_stay_in_it() -> None:
    assert shlex.split(_quoted('{"reason": "It isn\'t ready"}')) == ['{"reason": "It isn\'t ready"}']
