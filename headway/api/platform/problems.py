"""Problems (RFC 9457): every answer that is no success, in one form."""

import logging
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pydantic
from django.core.exceptions import RequestDataTooBig, TooManyFilesSent, ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.http.multipartparser import MultiPartParserError
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from ninja import NinjaAPI
from ninja.errors import HttpError
from ninja.errors import ValidationError as ParametersInvalid

from headway.desks.meanwhile import told_meanwhile
from headway.lib.logs import request_id
from headway.live.history import CannotUndo
from headway.people.access import Forbidden
from headway.scrum.actions import Meanwhile

log = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"

#: status → (name in `type`, title)
KINDS = {
    400: ("unreadable", gettext_lazy("The request could not be read")),
    401: ("no-token", gettext_lazy("No token that works")),
    403: ("forbidden", gettext_lazy("Not allowed")),
    404: ("absent", gettext_lazy("Nothing here")),
    405: ("method", gettext_lazy("This method is not for this address")),
    406: ("not-acceptable", gettext_lazy("Only JSON can be had")),
    409: ("conflict", gettext_lazy("It does not go as things stand")),
    410: ("gone", gettext_lazy("No longer here")),
    412: ("changed-since", gettext_lazy("It was changed since you read it")),
    413: ("too-large", gettext_lazy("The body is too large")),
    415: ("media-type", gettext_lazy("This kind of body is not read here")),
    422: ("invalid", gettext_lazy("A field is not as it should be")),
    429: ("too-many", gettext_lazy("Too many requests")),
    500: ("failure", gettext_lazy("Headway failed")),
}


class FieldError(pydantic.BaseModel):
    """What is wrong with one field; `field` is empty for what concerns none alone."""

    field: str
    message: str


class ProblemBody(pydantic.BaseModel):
    """Why a request was not done. `type` leads to a page that explains it; `errors` names the fields."""

    type: str
    title: str
    status: int
    detail: str
    errors: list[FieldError]
    request_id: str


class Problem(Exception):
    """An answer that is no success. `errors` are (field, message)."""

    def __init__(
        self,
        status: int,
        detail: str = "",
        *,
        errors: Iterable[tuple[str, str]] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status, self.detail, self.errors, self.headers = status, detail, tuple(errors), dict(headers or {})


def problem_response(problem: Problem) -> HttpResponse:
    """Return a problem as an answer."""
    kind, title = KINDS.get(problem.status, KINDS[500 if problem.status >= 500 else 400])
    body = ProblemBody(
        type=f"{reverse('api:docs')}#problem-{kind}",
        title=str(title),
        status=problem.status,
        detail=problem.detail or str(title),
        errors=[FieldError(field=field, message=message) for field, message in problem.errors],
        request_id=request_id.get() or "",
    )
    return HttpResponse(body.model_dump_json(), status=problem.status, content_type=MEDIA_TYPE, headers=problem.headers)


def field_problem(field: str, message: str) -> Problem:
    """Return the problem that one field is wrong."""
    return Problem(422, message, errors=[(field, message)])


def add_handlers(api: NinjaAPI) -> None:
    """Let every exception that an operation may raise become a problem."""
    for kind, tell in _TELLING:

        def handle(request: HttpRequest, error: Any, tell: Any = tell) -> HttpResponse:
            return problem_response(tell(request, error))

        api.add_exception_handler(kind, handle)


def of_validation(request: HttpRequest, error: ValidationError) -> Problem:
    """Return what an action found wrong, by the names that the fields have in the API."""
    errors = []
    for field, messages in (error.message_dict if hasattr(error, "error_dict") else {"": error.messages}).items():
        errors += [(_field_name(request, field), message) for message in messages]
    return Problem(422, " ".join(message for _field, message in errors), errors=errors)


def _of_parameters(request: HttpRequest, error: ParametersInvalid) -> Problem:
    errors = []
    for found in error.errors:
        # ("body", name of our parameter, field, …) · ("query", field) · ("path", field)
        place = [str(part) for part in found["loc"]]
        kept = place[2:] if place[0] in {"body", "form", "file"} and len(place) > 2 else place[1:]
        errors.append((".".join(kept), _sentence(found)))
    return Problem(422, _("Look at “errors”: each names a field."), errors=errors)


def _sentence(found: Mapping[str, Any]) -> str:
    message = str(found["msg"]).removeprefix("Value error, ")
    return message[:1].upper() + message[1:] + ("" if message.endswith((".", "!", "?")) else ".")


def _field_name(request: HttpRequest, field: str) -> str:
    """Return the API's name of a field of a model: `owner` is `owner_id` here, `klass` is `class`."""
    names: Iterable[str] = request.__dict__.get("body_fields", ())
    if field in {"__all__", ""}:
        return ""
    for name in (field, f"{field}_id", field.replace("klass", "class")):
        if name in names:
            return name
    return field


@contextmanager
def unless_done() -> Iterator[None]:
    """Do the block; where it is refused because another has done the same meanwhile, go on as if it had done it."""
    try:
        yield
    except Meanwhile as error:
        if not error.is_done:
            raise


def _of_meanwhile(request: HttpRequest, error: Meanwhile) -> Problem:
    return Problem(412, told_meanwhile(error.item, error) if error.item else "")


def _of_http(request: HttpRequest, error: HttpError) -> Problem:
    if error.status_code == 400:
        return Problem(400, _("The body is no JSON that can be read."))
    return Problem(error.status_code, str(error))


_TELLING: list[tuple[type[Exception], Any]] = [
    (Problem, lambda request, error: error),
    (HttpError, _of_http),
    (ParametersInvalid, _of_parameters),
    (ValidationError, of_validation),
    (Meanwhile, _of_meanwhile),
    (Forbidden, lambda request, error: Problem(403, str(error))),
    (CannotUndo, lambda request, error: Problem(409, str(error))),
    (Http404, lambda request, error: Problem(404, _("It is not here, or not for you to see."))),
    (RequestDataTooBig, lambda request, error: Problem(413)),
    (TooManyFilesSent, lambda request, error: Problem(413)),
    (MultiPartParserError, lambda request, error: Problem(400, _("The form could not be read."))),
]
