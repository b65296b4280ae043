"""Tell all processes something that is no Change: whose streams end, who looks at a page.

On PostgreSQL a notice is a NOTIFY; on SQLite, which has none, a row that the others read and a later one sweeps away.
Either way it is told when the transaction around it commits, and nobody can read it later.
"""

import datetime as dt
import hashlib
import json
from typing import Any

from django.db import connection

from headway.lib import clock

from .models import Notice

CHANNEL = "headway_live"

# Kinds of notices; the body of each is JSON.
CHANGED = "changed"  # a Change of this organisation is there (PostgreSQL only: SQLite's reader sees the commit itself)
CLOSE = "close"  # streams of a person or of a session end
HERE = "here"  # who looks at what, as far as one process knows

#: A row of SQLite is read within a fraction of a second; a reader that was away longer asks anew for everything.
KEPT = dt.timedelta(seconds=60)


def tell(kind: str, **body: Any) -> None:
    """Tell every process (this one too) when the transaction under way commits; at once outside of one.

    On PostgreSQL the JSON of `body` must stay under 8,000 bytes.
    """
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_notify(%s, %s)", [CHANNEL, payload(kind, **body)])
        return
    now = clock.now()
    Notice.objects.filter(at__lt=now - KEPT).delete()
    Notice.objects.create(kind=kind, body=body, at=now)


def close_streams(*, person_id: int | None = None, session_key: str | None = None) -> None:
    """End the open streams of a person, or of one session of theirs, in every process.

    Call it where somebody signs out, a session is revoked, a password changes or a membership ends, inside the
    transaction that does it. The browser asks again at once and is refused, or served what it may see by now.
    """
    if person_id is not None:
        tell(CLOSE, person=person_id)
    if session_key:
        tell(CLOSE, session=digest(session_key))


def digest(session_key: str) -> str:
    """Return what stands for a session in a notice: who reads it cannot sign in with it."""
    return hashlib.sha256(session_key.encode()).hexdigest()[:24]


def payload(kind: str, **body: Any) -> str:
    """Return a notice as it goes over NOTIFY."""
    return json.dumps([kind, body], separators=(",", ":"))


def read_payload(text: str) -> tuple[str, dict[str, Any]]:
    """Return (kind, body) of what payload() wrote."""
    kind, body = json.loads(text)
    return kind, body
