"""Area: the operations of one area, each with its guard, its transaction, its conditions and its place in the document.

    area = Area("Cycles")

    @area.read("/cycles/{int:cycle_id}")
    def get_cycle(request: ApiRequest, cycle_id: int) -> Cycle:
        '''Return a cycle.

        The rest of the docstring is the description in the document.
        '''

    @area.change("/cycles/{int:cycle_id}", scope="write:okr")
    def edit_cycle(request: ApiRequest, cycle_id: int, body: CycleEdit) -> Cycle: ...

What a function returns by its annotation is what the document promises. The module must not postpone annotations.
"""

import datetime as dt
import functools
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from email.utils import format_datetime
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from django.db import transaction
from django.http import HttpResponse
from django.utils import timezone
from ninja import Router
from pydantic import BaseModel

from headway.live.history import recording
from headway.live.models import Change

from .asking import MOST_BYTES, ApiRequest, Guard
from .conditions import etag_of, not_modified, unchanged
from .repeats import claim
from .schemas import Out

View = TypeVar("View", bound=Callable[..., Any])

CHANGE_HEADER = "Headway-Change"
_TEAM = "/teams/{team_key}"

# What reads the resource of an address, of all areas: a write of one area may be about a resource of another.
_READS: dict[str, Callable[..., Any]] = {}


@dataclass(frozen=True)
class Deprecation:
    """An operation that will go: since when it is deprecated, when it goes, and what to use in its place."""

    since: dt.date
    until: dt.date
    instead: str

    def headers(self) -> dict[str, str]:
        """Return the headers of RFC 9745 and RFC 8594."""
        since, until = (dt.datetime.combine(day, dt.time.min, tzinfo=dt.UTC) for day in (self.since, self.until))
        return {"Deprecation": f"@{int(since.timestamp())}", "Sunset": format_datetime(until, usegmt=True)}


class Area(Router):
    """The operations of one area; `tag` is its heading in the document."""

    def __init__(self, tag: str) -> None:
        super().__init__(tags=[tag])

    def read(self, path: str, *, scope: str = "read", deprecated: Deprecation | None = None) -> Callable[[View], View]:
        """GET: answers with what the function returns, its ETag, or 304."""
        return self._operation("GET", path, 200, scope, deprecated)

    def create(
        self,
        path: str,
        *,
        scope: str,
        status: int = 201,
        most_bytes: int = MOST_BYTES,
        deprecated: Deprecation | None = None,
    ) -> Callable[[View], View]:
        """POST that makes something: 201, or 202 for what goes on afterwards."""
        return self._operation("POST", path, status, scope, deprecated, most_bytes=most_bytes)

    def act(
        self,
        path: str,
        *,
        scope: str,
        of: Callable[..., Any] | None = None,
        takes_seen: bool = False,
        deprecated: Deprecation | None = None,
    ) -> Callable[[View], View]:
        """POST that does something to what is there: 200 with the resource as it is then; 204 for None.

        `of` reads what If-Match is compared with, where no address above does; it takes what the address names. One
        that `takes_seen` hands `request.seen` to its action.
        """
        return self._operation("POST", path, 200, scope, deprecated, of=of, takes_seen=takes_seen)

    def change(self, path: str, *, scope: str, deprecated: Deprecation | None = None) -> Callable[[View], View]:
        """PATCH: what is not given stays."""
        return self._operation("PATCH", path, 200, scope, deprecated)

    def replace(self, path: str, *, scope: str, deprecated: Deprecation | None = None) -> Callable[[View], View]:
        """PUT: it is as the body says, whatever it was."""
        return self._operation("PUT", path, 200, scope, deprecated)

    def remove(
        self,
        path: str,
        *,
        scope: str,
        of: Callable[..., Any] | None = None,
        deprecated: Deprecation | None = None,
    ) -> Callable[[View], View]:
        """DELETE: 200 with what remains of it, or 204 for None. `of` as for `act`."""
        return self._operation("DELETE", path, 200, scope, deprecated, of=of)

    def _operation(
        self,
        method: str,
        path: str,
        status: int,
        scope: str,
        deprecated: Deprecation | None,
        most_bytes: int = MOST_BYTES,
        of: Callable[..., Any] | None = None,
        takes_seen: bool = False,
    ) -> Callable[[View], View]:
        def register(view: View) -> View:
            returns = inspect.signature(view).return_annotation
            answers = None if returns in {None, inspect.Signature.empty} else returns
            guard = Guard(scope, most_bytes=most_bytes, takes_seen=takes_seen)

            def resource() -> tuple[str, Callable[..., Any]] | None:
                return (path, of) if of else _resource_of(path, made=status != 200)

            @functools.wraps(view)
            def run(request: ApiRequest, *args: Any, **kwargs: Any) -> HttpResponse:
                call = functools.partial(view, request, *args, **kwargs)
                with timezone.override(ZoneInfo(request.organisation.time_zone)):
                    if method == "GET":
                        response = _read(request, call, status)
                    else:
                        response = _write(request, call, status, _current(request, resource(), kwargs))
                if deprecated:
                    for name, value in deprecated.headers().items():
                        response.headers[name] = value
                return response

            summary, _line, description = inspect.cleandoc(view.__doc__ or "").partition("\n")
            self.add_api_operation(
                path,
                [method],
                run,
                auth=guard,
                response={204 if answers is None else status: answers},
                operation_id=view.__name__,
                url_name=None,
                summary=summary.rstrip("."),
                description=description.strip() or None,
                deprecated=bool(deprecated) or None,
                by_alias=True,
                openapi_extra={
                    "x-scope": scope,
                    "x-if-match": method != "GET" and resource,
                    "x-takes-seen": takes_seen,
                    "x-deprecation": deprecated and f"{deprecated.until.isoformat()}: {deprecated.instead}",
                },
            )
            _tell(guard, run._ninja_operation)  # type: ignore[attr-defined]
            if method == "GET":
                _READS[path] = view
            return view

        return register


def _resource_of(path: str, *, made: bool) -> tuple[str, Callable[..., Any]] | None:
    """Return the address and the reading function of what a write is about: the nearest that can be read.

    That is its own address or one up to two steps above it which names a thing by an id. What is in a team is not
    about the team's own fields; what is done right under its address is, unless something is `made` there.
    """
    above = path.rpartition("/")[0]
    for address in (path, above, above.rpartition("/")[0]):
        if address == _TEAM and path != _TEAM and (made or above != _TEAM):
            return None
        if address in _READS and (address.endswith("}") or (address == path and not made)):
            return address, _READS[address]
    return None


def _current(
    request: ApiRequest, resource: tuple[str, Callable[..., Any]] | None, given: dict[str, Any]
) -> Callable[[], Any] | None:
    """Return what answers with the resource as it is now."""
    if resource is None:
        return None
    address, read = resource
    names = [name for name in given if f":{name}}}" in address or f"{{{name}}}" in address]
    return functools.partial(read, request, **{name: given[name] for name in names})


def _tell(guard: Guard, operation: Any) -> None:
    """Let the guard know what the operation takes."""
    parameters: set[str] = set()
    for model in operation.models:
        source = model.__ninja_param_source__
        flat = [name for names in getattr(model, "__ninja_flatten_map__", {}).values() for name in names[-1:]]
        names = {*(flat or model.model_fields)}
        if source == "query":
            parameters |= names
        elif source == "body":
            guard.takes = "application/json"
            for field in model.model_fields.values():
                if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
                    guard.body_fields = tuple(
                        shape.alias or name for name, shape in field.annotation.model_fields.items()
                    )
        elif source in {"file", "form"}:
            guard.takes = "multipart/form-data"
    guard.parameters = frozenset(parameters)


def _read(request: ApiRequest, call: Callable[[], Any], status: int) -> HttpResponse:
    response = _response(call(), status)
    etag = response.headers.get("ETag")
    return (not_modified(request, etag) if etag else None) or response


def _write(
    request: ApiRequest, call: Callable[[], Any], status: int, current: Callable[[], Any] | None
) -> HttpResponse:
    claimed = claim(request) if request.method == "POST" else None
    if claimed and claimed.answer:
        return claimed.answer
    try:
        with transaction.atomic(), unchanged(request, current and (lambda: _body(current()))):
            with recording() as changes:
                result = call()
                response = _response(result, status)
            _name_change(response, changes)
            if claimed:
                claimed.keep(response, _kept(result))
    except BaseException:
        if claimed:
            claimed.release()
        raise
    return response


def _name_change(response: HttpResponse, changes: list[Change]) -> None:
    """Name the Change of a write: its id takes it back. Of several, all, in their order."""
    if changes:
        response.headers[CHANGE_HEADER] = ", ".join(str(change.pk) for change in changes)


def _response(result: Any, status: int) -> HttpResponse:
    if isinstance(result, HttpResponse):
        return result
    if result is None:
        return HttpResponse(status=204)
    body = _body(result)
    return HttpResponse(body, status=status, content_type="application/json", headers={"ETag": etag_of(body)})


def _kept(result: Any) -> bytes:
    return _body(result.to_keep()) if isinstance(result, Out) else b""


def _body(result: BaseModel) -> bytes:
    return result.model_dump_json(by_alias=True).encode()
