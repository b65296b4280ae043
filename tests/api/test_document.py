"""The OpenAPI document keeps what it promises: schemathesis looks for requests that show that it does not.

Each operation gets the requests at the edges of its shapes, right and wrong ones, some forty of them, and EXAMPLES that
are drawn, with ids that exist. It fails on a 5xx, on a status or a body that the document does not name, on wrong data
that is accepted, and on an answer to nobody.
"""

import os
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest
import schemathesis
from django.core.handlers.wsgi import WSGIHandler
from django.core.signals import request_finished, request_started
from django.db import close_old_connections, transaction
from hypothesis import HealthCheck, Phase, settings
from schemathesis.core.parameters import ParameterLocation
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from headway.api.application import api
from headway.api.platform import limits
from headway.api.platform.openapi import document
from headway.people.actions import make_token
from tests.api.conftest import ALL_SCOPES
from tests.api.test_access_walk import AREAS
from tests.world import make_world

pytestmark = pytest.mark.django_db

# Of those that are drawn. Six more cost a fifth more CPU (0.79 s an operation for 0.66) and found nothing in 74
# operations that the forty at the edges had not.
EXAMPLES = int(os.environ.get("HEADWAY_API_EXAMPLES") or 6)

PROMISED = document(api)
for operations in PROMISED["paths"].values():  # who gets in is the access walk's: here everything has Ana's token
    for operation in operations.values():
        del operation["security"]
del PROMISED["components"]["securitySchemes"]

schema = schemathesis.openapi.from_dict(PROMISED)
schema.app = WSGIHandler()
schema.location = "/api/v1/openapi.json"
# What refuses before it looks at the field that is wrong is right too: too large, or changed since.
rejecting = schema.config.checks.negative_data_rejection
rejecting.expected_statuses = [*rejecting.expected_statuses, "412", "413"]

CHECKS = [
    schemathesis.checks.not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    response_headers_conformance,
    negative_data_rejection,
]


@pytest.fixture(scope="module")
def asking(django_db_setup: None, django_db_blocker: Any) -> Iterator[dict[str, Any]]:
    """A token of Ana's, and one of each thing that an address can name: one company for all, which each request leaves.

    To make it anew for each operation cost as much as its requests.
    """
    with ExitStack() as stack:
        stack.enter_context(django_db_blocker.unblock())
        stack.enter_context(pytest.MonkeyPatch.context()).setattr(limits, "take", lambda request: None)
        for signal in (request_started, request_finished):  # one connection, with this transaction in it
            signal.disconnect(close_old_connections)
            stack.callback(signal.connect, close_old_connections)
        stack.enter_context(transaction.atomic())
        world = make_world()
        places: dict[str, Any] = {"team_key": world.team.key}
        for area in AREAS:
            places |= area.places(world)
        _token, text = make_token(world.people["ana"], world.organisation, by=world.ana, name="Fuzz", scopes=ALL_SCOPES)
        yield {"headers": {"Authorization": f"Bearer {text}"}, "places": places}
        transaction.set_rollback(True)


@schema.parametrize()
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_every_operation_answers_as_the_document_says(case: Any, asking: dict[str, Any]) -> None:
    path = case.meta.components.get(ParameterLocation.PATH) if case.meta else None
    is_wrong = path is not None and path.mode == GenerationMode.NEGATIVE
    for name in [] if is_wrong else list(case.path_parameters or {}):
        case.path_parameters[name] = asking["places"].get(name, case.path_parameters[name])
    with transaction.atomic():
        try:
            case.call_and_validate(headers=asking["headers"], checks=CHECKS)
        finally:
            transaction.set_rollback(True)
