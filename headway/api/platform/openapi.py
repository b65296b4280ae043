"""The OpenAPI 3.1 document: what ninja knows of each operation, and what holds for all of them."""

from typing import Any

from django.http import HttpRequest, JsonResponse
from django.urls import reverse
from ninja import NinjaAPI

from .limits import PER_MINUTE
from .problems import KINDS, MEDIA_TYPE, FieldError, ProblemBody
from .routes import CHANGE_HEADER

_TEXT = {"type": "string"}
_IF_NONE_MATCH = {
    "name": "If-None-Match",
    "in": "header",
    "required": False,
    "schema": _TEXT,
    "description": "ETag of what you have: 304 while it still holds.",
}
_IF_MATCH = {
    "name": "If-Match",
    "in": "header",
    "required": False,
    "schema": _TEXT,
    "description": "ETag of what you read: 412 where it was changed since. Without it the last write wins.",
}
_SEEN_CHANGE = {
    "name": "Seen-Change",
    "in": "header",
    "required": False,
    "schema": {"type": "string", "pattern": "^[0-9]{1,18}$"},
    "description": "Id of the last Change that you saw (`GET /changes?limit=1`): what another did since that bears on"
    " this is told with 412; where it is what you ask for, nothing is left to do.",
}
_IDEMPOTENCY_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
    "description": "A text of your own for this request: sent once more within 24 hours, it is done once.",
}
_ETAG = {"schema": _TEXT, "description": "Of this representation, for If-None-Match and If-Match."}
_CHANGE = {
    "schema": _TEXT,
    "description": "Id of the Change that was recorded (of several, all): POST /changes/{id}/undo takes it back.",
}
_RETRY = {"Retry-After": {"schema": {"type": "integer"}, "description": "Seconds to wait."}}


def document(api: NinjaAPI) -> dict[str, Any]:
    """Return the whole document."""
    made: dict[str, Any] = dict(api.get_openapi_schema(path_prefix=""))
    made["servers"] = [{"url": reverse("api:api-root").rstrip("/")}]
    for path, operations in made["paths"].items():
        for method, operation in operations.items():
            _complete(path, method, operation)
    components = made["components"]
    components.setdefault("schemas", {}).update(
        {
            "Problem": _schema(ProblemBody),
            "FieldError": _schema(FieldError),
        }
    )
    components["schemas"] = dict(sorted(components["schemas"].items()))
    components["securitySchemes"] = {
        "token": {
            "type": "http",
            "scheme": "bearer",
            "description": "A token from Settings, API tokens: `Authorization: Bearer hw_…`.",
        },
        "browser": {
            "type": "apiKey",
            "in": "cookie",
            "name": "sessionid",
            "description": "The session of a signed-in browser; a write also needs the header X-CSRFToken.",
        },
    }
    components["responses"] = {f"Problem{status}": _problem(status) for status in KINDS}
    return made


def serve_document(request: HttpRequest, api: NinjaAPI) -> JsonResponse:
    """Answer with the document."""
    return JsonResponse(document(api), json_dumps_params={"ensure_ascii": False})


def _complete(path: str, method: str, operation: dict[str, Any]) -> None:
    resource = operation.pop("x-if-match", None)
    takes_seen = operation.pop("x-takes-seen", False)
    has_if_match = bool(resource and resource())
    if not operation.get("x-deprecation"):
        operation.pop("x-deprecation", None)
    scope = operation["x-scope"]
    operation["description"] = "\n\n".join(part for part in (_description(operation), f"Scope: `{scope}`.") if part)
    operation["security"] = [{"token": [scope]}, {"browser": []}]
    parameters = operation.setdefault("parameters", [])
    for parameter in parameters:
        _simplify(parameter)
    statuses = [400, 401, 403, 406, 422, 429]
    if "{" in path:
        statuses.append(404)
    if any(parameter["name"] == "cursor" for parameter in parameters):
        statuses.append(409)
    if method == "get":
        parameters.append(_IF_NONE_MATCH)
        operation["responses"]["304"] = {"description": "What you have still holds.", "headers": {"ETag": _ETAG}}
    else:
        statuses.append(409)
        if "requestBody" in operation:
            statuses += [413, 415]
        if has_if_match:
            parameters.append(_IF_MATCH)
        if takes_seen:
            parameters.append(_SEEN_CHANGE)
        if has_if_match or takes_seen:
            statuses.append(412)
        if method == "post":
            parameters.append(_IDEMPOTENCY_KEY)
    for status, answer in operation["responses"].items():
        if int(status) < 300:
            answer.setdefault("headers", {})["X-Request-ID"] = {"schema": _TEXT, "description": "Names it in the log."}
            if method != "get":
                answer["headers"][CHANGE_HEADER] = _CHANGE
            if int(status) != 204:
                answer["headers"]["ETag"] = _ETAG
    for status in sorted(set(statuses)):
        operation["responses"][str(status)] = {"$ref": f"#/components/responses/Problem{status}"}
    answers = sorted(operation["responses"].items(), key=lambda pair: int(pair[0]))
    operation["responses"] = {str(status): answer for status, answer in answers}


def _description(operation: dict[str, Any]) -> str:
    """Return what is said beyond the summary."""
    told = str(operation.get("description") or "")
    return "" if told.rstrip(".") == operation["summary"] else told


def _simplify(parameter: dict[str, Any]) -> None:
    """Say of a parameter that may be left out what it is when given: a query knows no null."""
    schema = parameter["schema"]
    kinds = [kind for kind in schema.get("anyOf", []) if kind != {"type": "null"}]
    if len(kinds) == 1:
        parameter["schema"] = {**kinds[0], **{name: value for name, value in schema.items() if name != "anyOf"}}
    for name in ("title", "description"):
        parameter["schema"].pop(name, None)


def _problem(status: int) -> dict[str, Any]:
    made: dict[str, Any] = {
        "description": str(KINDS[status][1]),
        "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
    if status == 429:
        made["headers"] = _RETRY
        made["description"] += f" ({PER_MINUTE} a minute)"
    return made


def _schema(model: Any) -> dict[str, Any]:
    made: dict[str, Any] = model.model_json_schema(ref_template="#/components/schemas/{model}")
    made.pop("$defs", None)
    return made
