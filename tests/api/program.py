"""A program with a token, as short as a test wants it."""

from typing import Any

from django.http import HttpResponse
from django.test import Client

ROOT = "/api/v1"


class Program:
    """Sends JSON with its token: `ana.post("/cycles", {"name": …})`. Headers by their names: `if_match='"…"'`."""

    def __init__(self, token: str | None) -> None:
        self.token = token
        self._client = Client(raise_request_exception=True)

    def get(self, path: str, **headers: str) -> Any:
        return self.send("GET", path, **headers)

    def post(self, path: str, body: Any = None, **headers: str) -> Any:
        return self.send("POST", path, body, **headers)

    def patch(self, path: str, body: Any, **headers: str) -> Any:
        return self.send("PATCH", path, body, **headers)

    def put(self, path: str, body: Any, **headers: str) -> Any:
        return self.send("PUT", path, body, **headers)

    def delete(self, path: str, **headers: str) -> Any:
        return self.send("DELETE", path, **headers)

    def send(self, method: str, path: str, body: Any = None, **headers: str) -> HttpResponse:
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if self.token:
            sent.setdefault("authorization", f"Bearer {self.token}")
        options: dict[str, Any] = {} if body is None else {"data": body, "content_type": "application/json"}
        return self._client.generic(method, ROOT + path, headers=sent, **_encoded(options))


def _encoded(options: dict[str, Any]) -> dict[str, Any]:
    import json

    if isinstance(options.get("data"), dict | list):
        options["data"] = json.dumps(options["data"])
    return options
