"""The API: all areas together, and their addresses."""

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, URLResolver, path
from django.views.decorators.http import require_safe
from ninja import NinjaAPI

from . import (
    agreements,
    bets,
    binding,
    changes,
    columns,
    cycles,
    estimates,
    forecasts,
    holidays,
    imports,
    invitations,
    items,
    key_results,
    links,
    measurements,
    objectives,
    okr_imports,
    organisation,
    people,
    proposals,
    reports,
    search,
    shelf,
    sprints,
    teams,
    value,
    verdicts,
)
from .platform.body import StrictJson
from .platform.docs import serve_docs
from .platform.openapi import serve_document
from .platform.problems import add_handlers

#: One line an area; a new area is one more.
AREAS = [
    people.area,
    organisation.area,
    teams.area,
    holidays.area,
    invitations.area,
    cycles.area,
    objectives.area,
    key_results.area,
    measurements.area,
    okr_imports.area,
    agreements.area,
    columns.area,
    items.area,
    sprints.area,
    links.area,
    bets.area,
    estimates.area,
    verdicts.area,
    shelf.area,
    binding.area,
    proposals.area,
    value.area,
    forecasts.area,
    imports.area,
    reports.area,
    search.area,
    changes.area,
]

DESCRIPTION = """\
Everything that the pages do. Send a token from Settings, API tokens: `Authorization: Bearer hw_…`.

Lists come in pages: follow `next_cursor`. What a write did is a Change: its id is in the header `Headway-Change`, and
`POST /changes/{id}/undo` takes it back. What is refused is a problem (RFC 9457) that names the fields.
"""

api = NinjaAPI(
    title="Headway API",
    version="1.0.0",
    description=DESCRIPTION,
    openapi_url=None,
    docs_url=None,
    urls_namespace="api",
    parser=StrictJson(),
)
add_handlers(api)
for area in AREAS:
    api.add_router("", area)


@login_not_required
@require_safe
def docs(request: HttpRequest) -> HttpResponse:
    """Answer with the document for people to read."""
    return serve_docs(request, api)


@login_not_required
@require_safe
def openapi(request: HttpRequest) -> HttpResponse:
    """Answer with the OpenAPI document."""
    return serve_document(request, api)


def addresses() -> list[URLPattern | URLResolver]:
    """Return the addresses under /api/v1/; a browser that is not signed in gets 401 there and no page to sign in."""
    patterns = api.urls[0]
    for pattern in patterns:
        if isinstance(pattern, URLPattern):
            login_not_required(pattern.callback)
    return [path("docs", docs, name="docs"), path("openapi.json", openapi, name="openapi"), *patterns]
