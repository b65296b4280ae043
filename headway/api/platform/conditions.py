"""ETags: what a program has still holds (304), or was changed since it read it (412)."""

import base64
import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from django.db import OperationalError, connection
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from .problems import Problem


def etag_of(body: bytes) -> str:
    """Return the ETag of a representation."""
    return '"' + base64.urlsafe_b64encode(hashlib.sha256(body).digest()[:15]).decode() + '"'


def not_modified(request: HttpRequest, etag: str) -> HttpResponse | None:
    """Return 304 where the program has this already (If-None-Match), else None."""
    given = request.headers.get("If-None-Match")
    if given is None or not _fits(given, etag, weak=True):
        return None
    return HttpResponse(status=304, headers={"ETag": etag})


@contextmanager
def unchanged(request: HttpRequest, current: Callable[[], bytes] | None) -> Iterator[None]:
    """Do the block only while the resource is what `If-Match` says, else raise Problem 412.

    Enter it as the first thing in a transaction. On PostgreSQL the transaction sees one moment only (REPEATABLE READ):
    a write to a row that somebody changed in between fails there, and is told as 412 too. On SQLite writes queue.
    """
    given = request.headers.get("If-Match")
    if given is None or current is None:
        yield
        return
    if connection.vendor == "postgresql" and len(connection.atomic_blocks) == 1:
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
    if not _fits(given, etag_of(current()), weak=False):
        raise _changed()
    try:
        yield
    except OperationalError as error:
        if getattr(error.__cause__, "sqlstate", None) == "40001":
            raise _changed() from error
        raise


def _changed() -> Problem:
    return Problem(412, _("It was changed since you read it: read it again, and decide."))


def _fits(given: str, etag: str, *, weak: bool) -> bool:
    known = [part.strip() for part in given.split(",")]
    if weak:
        known = [part.removeprefix("W/") for part in known]
    return "*" in known or etag in known
