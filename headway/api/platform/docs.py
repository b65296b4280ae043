"""The document for people: one page, readable and searchable without a script."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from ninja import NinjaAPI

from .openapi import document
from .problems import KINDS

_METHODS = ("get", "post", "patch", "put", "delete")


@dataclass(frozen=True)
class Field:
    """A field of a body, an answer or a query, for a reader."""

    name: str
    kind: str
    is_required: bool
    told: str


@dataclass(frozen=True)
class Shown:
    """One operation for a reader."""

    id: str
    method: str
    path: str
    summary: str
    description: str
    scope: str
    is_deprecated: bool
    parameters: tuple[Field, ...]
    body: tuple[Field, ...]
    answer: tuple[Field, ...]
    statuses: tuple[str, ...]
    curl: str


def serve_docs(request: HttpRequest, api: NinjaAPI) -> HttpResponse:
    """Show the document; `q` narrows it to operations in whose address, name or text all its words are."""
    whole = document(api)
    words = request.GET.get("q", "").casefold().split()
    groups: dict[str, list[Shown]] = {}
    for tag, shown in _operations(whole, request.build_absolute_uri(whole["servers"][0]["url"])):
        text = f"{tag} {shown.method} {shown.path} {shown.summary} {shown.description}".casefold()
        if all(word in text for word in words):
            groups.setdefault(tag, []).append(shown)
    context = {
        "groups": groups,
        "asked": request.GET.get("q", ""),
        "version": whole["info"]["version"],
        "server": whole["servers"][0]["url"],
        "kinds": [(status, name, title) for status, (name, title) in KINDS.items()],
    }
    return render(request, "api/docs.html", context)


def _operations(whole: dict[str, Any], server: str) -> Iterator[tuple[str, Shown]]:
    for path, operations in whole["paths"].items():
        for method in _METHODS:
            if method in operations:
                operation = operations[method]
                yield operation["tags"][0], _shown(whole, server, path, method, operation)


def _shown(whole: dict[str, Any], server: str, path: str, method: str, operation: dict[str, Any]) -> Shown:
    contents: dict[str, dict[str, Any]] = operation.get("requestBody", {}).get("content", {})
    body_type = next(iter(contents), "")
    body = contents.get(body_type, {})
    answers = {status: answer for status, answer in operation["responses"].items() if status.startswith("2")}
    answer = next(iter(answers.values())).get("content", {}).get("application/json", {})
    return Shown(
        id=operation["operationId"],
        method=method.upper(),
        path=path,
        summary=operation["summary"],
        description=operation["description"].rpartition("Scope:")[0].strip(),
        scope=operation["x-scope"],
        is_deprecated=operation.get("deprecated", False),
        parameters=tuple(
            Field(row["name"], _kind(row["schema"]), row["required"], row.get("description", ""))
            for row in operation["parameters"]
        ),
        body=_fields(whole, body.get("schema", {})),
        answer=_fields(whole, answer.get("schema", {})),
        statuses=tuple(operation["responses"]),
        curl=_curl(whole, server, path, method, body_type, body.get("schema", {})),
    )


def _curl(whole: dict[str, Any], server: str, path: str, method: str, body_type: str, schema: dict[str, Any]) -> str:
    parts = ["curl"] if method == "get" else ["curl", "-X", method.upper()]
    parts += ["-H", '"Authorization: Bearer $HEADWAY_TOKEN"']
    if body_type == "application/json":
        example = json.dumps(_example(whole, schema), ensure_ascii=False)
        parts += ["-H", '"Content-Type: application/json"', "-d", _quoted(example)]
    elif body_type:
        parts += ["-F", "file=@FILE"]
    return " ".join([*parts, f'"{server}{path}"'])


def _quoted(text: str) -> str:
    """Return a text as one word for a shell, single quotes in it included."""
    return "'" + text.replace("'", "'\\''") + "'"


def _example(whole: dict[str, Any], schema: dict[str, Any]) -> Any:
    """Return something of this shape: what the document gives as examples, and only what is required."""
    schema = _resolved(whole, schema)
    if "examples" in schema:
        return schema["examples"][0]
    if "properties" in schema:
        required = set(schema.get("required", []))
        named = {
            name: _example(whole, part)
            for name, part in schema["properties"].items()
            if name in required or "examples" in part
        }
        return named or {name: _example(whole, part) for name, part in list(schema["properties"].items())[:1]}
    if schema.get("enum"):
        return schema["enum"][0]
    if "anyOf" in schema:
        return _example(whole, schema["anyOf"][0])
    plain = {"integer": 1, "number": 1.5, "boolean": True, "array": [], "object": {}}
    if schema.get("type") == "array" and schema.get("minItems"):
        return [_example(whole, schema["items"])]
    return "2026-11-22" if schema.get("format") == "date" else plain.get(schema.get("type", ""), "…")


def _fields(whole: dict[str, Any], schema: dict[str, Any]) -> tuple[Field, ...]:
    schema = _resolved(whole, schema)
    required = set(schema.get("required", []))
    return tuple(
        Field(name, _kind(part), name in required, part.get("description", ""))
        for name, part in schema.get("properties", {}).items()
    )


def _kind(schema: dict[str, Any]) -> str:
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    if "enum" in schema:
        return " | ".join(str(value) or "“”" for value in schema["enum"])
    if "anyOf" in schema:
        return " | ".join(dict.fromkeys(_kind(part) for part in schema["anyOf"]))
    if schema.get("type") == "array":
        return f"{_kind(schema.get('items', {}))}[]"
    return str(schema.get("format") or schema.get("type") or "any")


def _resolved(whole: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    name = schema.get("$ref", "").rpartition("/")[2]
    found: dict[str, Any] = whole["components"]["schemas"][name] if name else schema
    return found
