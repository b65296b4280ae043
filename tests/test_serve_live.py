"""Streams of the programme as people run it: several processes on one database, and a stop while they are open."""

import json
import re
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from headway.web.cuts import put_together
from tests.installation import BOTH_TAKE, Installation, Started

MANY = 200

MAKE = """
from django.test import Client
from django.conf import settings
settings.ALLOWED_HOSTS = ["testserver"]
from tests.world import make_item, make_sprint, make_world
from headway.scrum.actions import add_items_to_sprint
world = make_world()
add_items_to_sprint([make_item(world.team, "Alpha")], make_sprint(world.team), by=world.ana)
def session(name):
    client = Client()
    client.force_login(world.people[name])
    return client.session.session_key
import json, pathlib
pathlib.Path({file!r}).write_text(json.dumps({{name: session(name) for name in world.people}}))
"""
MOVE = """
from headway.people.models import Person
from headway.people.actor import actor_for
from headway.scrum.actions import move_item
from headway.scrum.models import Column, Item
item = Item.objects.get(title="Alpha")
bo = actor_for(Person.objects.get(name="Bo Berg"), item.team.organisation)
move_item(item, to=Column.objects.exclude(pk=item.column_id).filter(team=item.team).first(), by=bo)
"""
DEACTIVATE = """
from headway.people.actions import deactivate_member
from headway.people.actor import actor_for
from headway.people.models import Membership, Person
row = Membership.objects.get(person__name="Cy Cole")
deactivate_member(row, by=actor_for(Person.objects.get(name="Ana Abel"), row.organisation))
"""
SIGN_OUT = """
from headway.live.notice import close_streams
close_streams(session_key={key!r})
"""


class Stream:
    """One stream, as a browser keeps it open."""

    def __init__(self, server: Started, session: str, query: str = "r=part:/t/ANT/board/?sprint=1") -> None:
        at = urlsplit(server.url)
        self._socket = socket.create_connection((at.hostname, at.port), timeout=60)
        query = query.replace("?", "%3F").replace("=1", "%3D1")
        lines = [f"GET /live/?page=/t/ANT/board/&{query} HTTP/1.1", "Host: localhost", f"Cookie: sessionid={session}"]
        self._socket.sendall("\r\n".join([*lines, "", ""]).encode())
        self._file = self._socket.makefile("rb")
        self.status = int(self._file.readline().split()[1])
        while self._file.readline() != b"\r\n":
            pass
        self._texts: dict[str, tuple[str, str]] = {}  # region → what it shows, and its HTML
        self.events = self._read()

    def _read(self) -> Iterator[tuple[str, Any]]:
        text = b""
        while size := int(self._file.readline() or b"0", 16):
            text += self._file.read(size)
            self._file.read(2)
            *events, text = text.split(b"\n\n")
            for event in events:
                fields = dict(line.split(": ", 1) for line in event.decode().split("\n"))
                data = json.loads(fields["data"])
                if fields["event"] == "part":
                    self._take(data)
                yield fields["event"], data

    def _take(self, part: Any) -> None:
        """Put a part together where only what is new of it was sent."""
        if "cut" in part:
            shows, html = self._texts[part["at"]]
            assert part["was"] == shows
            part["html"] = put_together(html, part["cut"])
        self._texts[part["at"]] = (part["is"], part["html"])

    def until(self, name: str, is_so: Callable[[Any], bool] = lambda data: True) -> Any:
        """Return the data of the next event of this name that is so; what comes before it is passed over."""
        for event, data in self.events:
            if event == name and is_so(data):
                return data
        pytest.fail(f"the stream ended without {name}")


def sessions_of(installation: Installation) -> dict[str, str]:
    """Make the cast and return a session of each."""
    installation.environment["PYTHONPATH"] = str(Path(__file__).parents[1])
    file = Path(installation.environment["HEADWAY_DATA"]).with_name("sessions.json")
    installation.python(MAKE.format(file=str(file)))
    found: dict[str, str] = json.loads(file.read_text())
    return found


def test_all_processes_of_one_database_tell_the_same(installation: Installation) -> None:
    sessions = sessions_of(installation)
    servers = [installation.start(), installation.start()]
    (one, other) = servers
    ana, cy, elsewhere = Stream(one, sessions["ana"]), Stream(other, sessions["cy"]), Stream(other, sessions["ana"])
    streams = [ana, cy, elsewhere]
    stranger = Stream(one, sessions["eve"])
    for stream in streams:
        assert stream.status == 200
        first = stream.until("part")
        assert re.search(r'data-category="todo".*Alpha.*data-category="doing"', first["html"], re.DOTALL)
    ana.until("here", lambda people: [person["initials"] for person in people] == ["AA", "CC"])  # Cy is at the other
    installation.python(MOVE)  # a third process
    for stream in streams:
        part = stream.until("part")
        assert part["say"] == "Bo Berg changed ANT-1 Alpha."
        assert re.search(r'data-category="doing".*Alpha', part["html"], re.DOTALL)
    installation.python(DEACTIVATE)
    assert cy.until("bye") == {"why": "check"}
    assert list(cy.events) == []
    assert Stream(other, sessions["cy"]).status == 401
    installation.python(SIGN_OUT.format(key=sessions["ana"]))
    for stream in (ana, elsewhere):
        assert stream.until("bye") == {"why": "check"}
    installation.python(MOVE)
    seen = []
    for name, _data in stranger.events:
        seen.append(name)
        if name == "beat":  # the first, some seconds after all that
            break
    assert set(seen) <= {"hello", "here", "beat"}, "nothing of another organisation"


def test_a_stop_ends_open_streams_first(installation: Installation) -> None:
    sessions = sessions_of(installation)
    server = installation.start()
    names = list(sessions)
    streams = [Stream(server, sessions[names[n % len(names)]], "after=1") for n in range(MANY)]
    for stream in streams[-40:]:
        stream.until("hello")
    asked = time.monotonic()
    server.stop()
    assert time.monotonic() - asked < BOTH_TAKE
    assert streams[-1].until("bye") == {"why": "stop"}
