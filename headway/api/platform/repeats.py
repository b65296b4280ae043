"""Idempotency-Key: a program that heard no answer sends a POST once more, and it is done once.

A claim is committed before the work begins (so that a second request at the same time is told to wait), and the answer
is kept in the transaction of the work itself: either both are there or none. What was refused did nothing, so nothing
is kept of it. A claim of a process that died is taken over after a minute.
"""

import datetime as dt
import hashlib
import secrets
from typing import Any

from django.db import IntegrityError, transaction
from django.http import HttpResponse
from django.utils.translation import gettext as _

from headway.lib import clock

from ..models import Answered
from .asking import ApiRequest
from .limits import owner_of
from .problems import Problem

KEPT = dt.timedelta(hours=24)
_GIVEN_UP = dt.timedelta(minutes=1)
_SWEEP_ONE_IN = 64


class Claim:
    """The right to do the work of a key; `answer` is there where it was done already."""

    def __init__(self, row: Answered, answer: HttpResponse | None = None) -> None:
        self._row, self.answer = row, answer

    def keep(self, response: HttpResponse, body: bytes) -> None:
        """Keep the answer, with this body; call it in the transaction of the work."""
        headers = {name: value for name, value in response.headers.items() if name.lower() != "content-length"}
        Answered.objects.filter(pk=self._row.pk).update(
            status=response.status_code, headers=headers, body=body.decode()
        )

    def release(self) -> None:
        """Give the key back: nothing was done."""
        Answered.objects.filter(pk=self._row.pk, status=None).delete()


def claim(request: ApiRequest) -> Claim | None:
    """Claim the key of a request; None where it has none. Raises Problem 409 or 422."""
    key = request.headers.get("Idempotency-Key")
    if key is None:
        return None
    if not key.strip() or len(key) > 255 or not key.isprintable():
        raise Problem(422, errors=[("Idempotency-Key", _("1 to 255 characters that can be printed."))])
    if secrets.randbelow(_SWEEP_ONE_IN) == 0:
        sweep()
    now, fingerprint = clock.now(), _fingerprint(request)
    try:
        with transaction.atomic():
            row = Answered.objects.create(owner=owner_of(request), key=key, fingerprint=fingerprint, started_at=now)
        return Claim(row)
    except IntegrityError:
        found = Answered.objects.filter(owner=owner_of(request), key=key).first()
    if found is None:  # given back in between
        raise _busy()
    return _claim_again(found, fingerprint, now)


def sweep() -> int:
    """Delete what is older than a day. Returns how many."""
    return Answered.objects.filter(started_at__lt=clock.now() - KEPT).delete()[0]


def _claim_again(row: Answered, fingerprint: str, now: dt.datetime) -> Claim:
    is_over = row.started_at < now - KEPT
    is_left = row.status is None and row.started_at < now - _GIVEN_UP
    if is_over or is_left:
        taken = Answered.objects.filter(pk=row.pk, started_at=row.started_at, status=row.status).update(
            fingerprint=fingerprint, started_at=now, status=None, headers={}, body=""
        )
        if taken:
            return Claim(row)
        raise _busy()
    if row.fingerprint != fingerprint:
        message = _("This key was used for another request. Take a new one for each.")
        raise Problem(422, message, errors=[("Idempotency-Key", message)])
    if row.status is None:
        raise _busy()
    answer = HttpResponse(row.body, status=row.status, headers={**row.headers, "Idempotency-Replayed": "true"})
    return Claim(row, answer)


def _busy() -> Problem:
    return Problem(409, _("The first request with this key is still running."), headers={"Retry-After": "1"})


def _fingerprint(request: ApiRequest) -> str:
    made = hashlib.sha256(f"{request.method} {request.get_full_path()}\n".encode())
    if request.content_type == "multipart/form-data":
        for name, value in sorted(request.POST.items()):
            made.update(f"{name}={value}\n".encode())
        files: dict[str, Any] = dict(request.FILES.items())
        for name, file in sorted(files.items()):
            made.update(f"{name}:{file.size}\n".encode())
            for chunk in file.chunks():
                made.update(chunk)
            file.seek(0)
    else:
        made.update(request.body)
    return made.hexdigest()
