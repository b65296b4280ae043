"""The sessions of a person: where they are signed in, and the end of it.

The row of a session (allauth's UserSession) says which browser and address it comes from; it goes when the session
goes. Whoever ends a session calls here, so that open streams of it are closed too.
"""

import datetime as dt
from dataclasses import dataclass
from typing import Any

from allauth.usersessions.models import UserSession
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.models import Session

from headway.lib import clock
from headway.live.notice import close_streams

SEEN_EVERY = 300  # [s] the moment is written at most this often
NO_ADDRESS = "0.0.0.0"
_SEEN = "seen"


@dataclass(frozen=True)
class SessionRow:
    """One session as its person sees it."""

    id: int
    browser: str
    system: str
    address: str
    began_at: dt.datetime
    seen_at: dt.datetime
    is_this: bool


def begin(session: Any, person_id: int, address: str, agent: str) -> None:
    """Note a session that has just begun. One or two queries."""
    now = clock.now()
    if session.session_key is None:  # somebody else was signed in here: Django has thrown their session away
        session.create()
    session[_SEEN] = int(now.timestamp())
    UserSession.objects.update_or_create(
        session_key=session.session_key,
        defaults={"user_id": person_id, "ip": address, "user_agent": agent[:200], "last_seen_at": now},
    )


def see(session: Any, person_id: int, address: str, agent: str) -> None:
    """Keep when a session was last seen: no query, but for one request in five minutes."""
    if clock.now().timestamp() - session.get(_SEEN, 0) >= SEEN_EVERY:
        begin(session, person_id, address, agent)


def sessions_of(person_id: int, this_key: str | None) -> list[SessionRow]:
    """Return a person's sessions that still stand, the latest first. One query."""
    alive = Session.objects.filter(expire_date__gt=clock.now()).values("session_key")
    rows = UserSession.objects.filter(user_id=person_id, session_key__in=alive).order_by("-last_seen_at")
    return [
        SessionRow(
            id=row.pk,
            browser=browser_of(row.user_agent),
            system=system_of(row.user_agent),
            address="" if row.ip == NO_ADDRESS else row.ip,
            began_at=row.created_at,
            seen_at=row.last_seen_at,
            is_this=row.session_key == this_key,
        )
        for row in rows
    ]


def end(person_id: int, *, only: int | None = None, keep: str | None = None) -> int:
    """End sessions of a person: the one with the id `only`, or all but the one with the key `keep`.

    Returns how many ended. Sessions of before their rows were kept are found too, where all are to end.
    """
    rows = UserSession.objects.filter(user_id=person_id)
    if only is not None:
        keys = set(rows.filter(pk=only).values_list("session_key", flat=True)) - {keep}
    else:
        keys = (set(rows.values_list("session_key", flat=True)) | _unnoted(person_id)) - {keep}
    ended, _ = Session.objects.filter(session_key__in=keys).delete()
    rows.filter(session_key__in=keys).delete()
    for key in keys:
        close_streams(session_key=key)
    return ended


def finish(session_key: str | None) -> None:
    """Forget a session that its person ends now, and close its streams."""
    if session_key:
        UserSession.objects.filter(session_key=session_key).delete()
        close_streams(session_key=session_key)


def _unnoted(person_id: int) -> set[str]:
    noted = UserSession.objects.values("session_key")
    others = Session.objects.filter(expire_date__gt=clock.now()).exclude(session_key__in=noted)
    return {row.session_key for row in others.iterator() if row.get_decoded().get(SESSION_KEY) == str(person_id)}


def browser_of(agent: str) -> str:
    """Name the browser of a User-Agent; nothing where it is unknown."""
    marks = [("Edg", "Edge"), ("OPR/", "Opera"), ("SamsungBrowser", "Samsung Internet"), ("Firefox", "Firefox")]
    marks += [("FxiOS", "Firefox"), ("CriOS", "Chrome"), ("Chrome", "Chrome"), ("Safari", "Safari")]
    return next((name for mark, name in marks if mark in agent), "")


def system_of(agent: str) -> str:
    """Name the operating system of a User-Agent; nothing where it is unknown."""
    marks = [("iPhone", "iPhone"), ("iPad", "iPad"), ("Android", "Android"), ("Windows", "Windows")]
    marks += [("Mac OS X", "macOS"), ("CrOS", "ChromeOS"), ("Linux", "Linux")]
    return next((name for mark, name in marks if mark in agent), "")
