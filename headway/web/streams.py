"""Streams of open pages (server-sent events): the one thing that is served async, beside the pages on their threads.

Django decides who may have a stream (views/live.py); from then on it lives on the event loop. The hub's thread says
what changed; each region of a page is drawn once for those who share it (an Audience), on a thread, and its bytes,
compressed once, go to all of them.
"""

import asyncio
import json
import logging
import random
import zlib
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

from django.core.handlers.wsgi import WSGIHandler, WSGIRequest, get_script_name
from django.core.signals import request_started
from django.db import close_old_connections
from django.http import HttpResponse
from django.urls import set_script_prefix

from headway.lib.metrics import REGISTRY
from headway.live.hub import Changes, Heard, Hub, Interrupted, News, Notified, changes_after
from headway.live.notice import CLOSE, HERE, tell
from headway.live.presence import Page, Presence
from headway.people.models import Person

from .cuts import cut_between, pieces_of
from .live import Pace, Region, Viewer, announcement, draw
from .threads import environ_of
from .views.live import Watch

log = logging.getLogger("headway.live")

Result = TypeVar("Result")

PATH = "/live/"
#: Streams of one person in one process; the oldest makes way.
STREAMS_A_PERSON = 12
#: Messages that may wait for a slow connection before it is cut: it will come back and ask anew.
MOST_WAITING = 100
#: Seconds between two signs of life.
BEAT_EVERY = 12.0
#: Seconds in which further Changes are gathered after a region was drawn: a burst is drawn once or twice.
REST = 0.03
#: Seconds between two looks at who came and went.
PRESENCE_EVERY = 2.0
#: Seconds, drawn at random for each stream, until a browser that lost it comes back: a restart brings no storm.
RETRY = (0.5, 5.0)
#: Seconds that slow regions leave to the quick ones: one process has one interpreter.
SLOW_WAITS = 0.1
#: Presence shows so many names; the page says how many more there are.
NAMES_SHOWN = 30

#: Nouns of Changes after which somebody may see or do something else than before.
RIGHTS = frozenset({"member", "members", "role", "roles", "password", "authenticator_app", "passkey", "person"})

#: A gzip stream of no end: its parts are deflated one by one and may be shared.
_GZIP_HEAD = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03"


class Message:
    """One event as bytes, made once however many get it."""

    def __init__(self, event: str, data: Any, id: int | None = None) -> None:
        self._event, self._data, self._id = event, data, id

    @cached_property
    def plain(self) -> bytes:
        head = f"id: {self._id}\n" if self._id is not None else ""
        return f"{head}event: {self._event}\ndata: {json.dumps(self._data, separators=(',', ':'))}\n\n".encode()

    @cached_property
    def packed(self) -> bytes:
        """Deflated on its own, up to a border of bytes: such pieces can follow each other in one gzip stream."""
        deflate = zlib.compressobj(1, zlib.DEFLATED, -15)
        return deflate.compress(self.plain) + deflate.flush(zlib.Z_FULL_FLUSH)


@dataclass(frozen=True)
class Drawing:
    """A region as it was drawn: for who has nothing of it yet, and for who has the drawing before."""

    upto: int  # everything up to this Change is in it
    shows: int  # stands for what it shows
    whole: Message
    pieces: list[str] | None = None
    was: int | None = None  # what the drawing before shows
    cut: Message | None = None  # what is new since then


class Stream:
    """One open page."""

    def __init__(self, watch: Watch, *, packs: bool) -> None:
        self.watch = watch
        self.packs = packs
        # Asked for each stream at each Change, so they stand here.
        self.viewer: Viewer = watch.viewer
        self.person_id: int = watch.viewer.person.pk
        self.organisation_id: int = watch.viewer.organisation.pk
        self.place: Page = (self.organisation_id, watch.page)
        self.audiences: list[Audience] = []
        self.shown: dict[str, int] = {}  # region → hash of what this stream was sent last
        self._waiting: asyncio.Queue[Message | None] = asyncio.Queue()
        self.is_ended = False

    def put(self, message: Message) -> None:
        """Send a message soon; a connection that takes none is cut."""
        if self.is_ended:
            return
        if self._waiting.qsize() >= MOST_WAITING:
            self.end("slow")
        else:
            self._waiting.put_nowait(message)

    def end(self, why: str) -> None:
        """Send nothing more but the reason: the browser asks again, or not, by what it is."""
        if not self.is_ended:
            self.is_ended = True
            while not self._waiting.empty():
                self._waiting.get_nowait()
            self._waiting.put_nowait(Message("bye", {"why": why}))
            self._waiting.put_nowait(None)

    def cut(self) -> None:
        """The browser is gone."""
        self.is_ended = True
        self._waiting.put_nowait(None)

    async def run(self, send: Callable[[Any], Any]) -> None:
        """Send what comes until the end."""
        while (message := await self._waiting.get()) is not None:
            body = message.packed if self.packs else message.plain
            await send({"type": "http.response.body", "body": body, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})


class Audience:
    """Those who look at one region and may be sent the same bytes."""

    def __init__(self, desk: "Desk", region: Region) -> None:
        self.region = region
        self.streams: set[Stream] = set()
        self.dirty_from: int | None = None  # the first Change that is not drawn yet
        self._desk = desk
        self._news: list[News] = []
        self._late: set[Stream] = set()  # who came after a Change that their page does not show
        self._is_due = False
        self._task: asyncio.Task[None] | None = None
        self._drawn: Drawing | None = None

    def changed(self, news: Iterable[News]) -> None:
        """Draw the region anew for all."""
        self._news += news
        self._is_due = True
        # What was too much to tell one by one: until it is drawn, no id is sure.
        self._go_on([one.id for one in self._news] or [1])

    def catch_up(self, stream: Stream, upto: int) -> None:
        """Show a stream the state of the Change `upto` at least; from the last drawing where that is new enough."""
        if self._drawn and self._drawn.upto >= upto and not self._is_due:
            self._send(stream, self._drawn)
            return
        self._late.add(stream)
        self._go_on([upto])

    def _go_on(self, ids: list[int]) -> None:
        self.dirty_from = min([*ids, *([self.dirty_from] if self.dirty_from else [])])
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._work())

    async def _work(self) -> None:
        try:
            if self.region.follows.pace is Pace.SLOW:
                await asyncio.sleep(SLOW_WAITS)
            while (self._is_due or self._late) and self.streams:
                news, self._news = self._news, []
                everybody, self._is_due = self._is_due, False
                late, self._late = self._late, set()
                await self._draw(news, None if everybody else late)
                if not self._news and not self._late:
                    self.dirty_from = None
                await asyncio.sleep(REST)
        finally:
            self._task = None

    async def _draw(self, news: list[News], only: set[Stream] | None) -> None:
        viewer = next(iter(self.streams)).viewer
        organisation_id = viewer.organisation.pk
        upto = self._desk.hub.position(organisation_id) or 0
        number = self._desk.next_number()
        to = list(self.streams if only is None else only & self.streams)
        if self.region.follows.pace is Pace.ASK:
            stale = Message("part", {"at": self.region.name, "n": number, "stale": True})
            drawing = Drawing(upto, upto, stale)
        else:
            before = self._drawn
            is_new_to_some = before is None or any(one.shown.get(self.region.name) != before.shows for one in to)
            work = partial(_drawn, self.region, viewer, news, number, upto, before, packs_whole=is_new_to_some)
            drawing = await self._desk.on_thread(work, self.region.follows.pace)
        self._drawn = drawing
        for stream in to:
            self._send(stream, drawing)

    def _send(self, stream: Stream, drawing: Drawing) -> None:
        has = stream.shown.get(self.region.name)
        if has != drawing.shows:
            stream.shown[self.region.name] = drawing.shows
            stream.put(drawing.cut if drawing.cut is not None and has == drawing.was else drawing.whole)


class Desk:
    """Everything of one event loop: its streams, what they share, and what the hub says."""

    def __init__(self, django: WSGIHandler) -> None:
        self._loop = asyncio.get_running_loop()
        self._django = django
        self._streams: dict[Stream, None] = {}  # in the order they came
        self._audiences: dict[Any, Audience] = {}
        self._presence = Presence()
        self._shown_people: dict[Page, frozenset[int]] = {}
        self._number = 0
        self._threads = {pace: ThreadPoolExecutor(1, f"live {pace.value}") for pace in (Pace.QUICK, Pace.SLOW)}
        self._asking = ThreadPoolExecutor(2, "live ask")
        self._keeping: asyncio.Task[None] | None = None
        self._is_closing = False
        self.hub = Hub(self._hear)

    # Streams come and go

    async def serve(self, scope: Any, receive: Callable[[], Any], send: Callable[[Any], Any]) -> None:
        """Serve one request for a stream until either side ends it."""
        response = await self._loop.run_in_executor(self._asking, self._ask_django, scope)
        watch: Watch | None = getattr(response, "watch", None)
        if watch is None or self._is_closing:
            await _send_whole(response, send)
            return
        stream = Stream(watch, packs=_takes_gzip(scope))
        await send(
            {"type": "http.response.start", "status": 200, "headers": _headers(response, packs=stream.packs)},
        )
        if stream.packs:
            await send({"type": "http.response.body", "body": _GZIP_HEAD, "more_body": True})
        listening = self._loop.create_task(_until_gone(receive, stream))
        try:
            await self._join(stream)
            await stream.run(send)
        finally:
            listening.cancel()
            self._leave(stream)

    async def close(self) -> None:
        """End all streams, so that a stop waits for none; browsers come back spread over some seconds."""
        self._is_closing = True
        for stream in list(self._streams):
            stream.end("stop")
        patience = self._loop.time() + 1
        while self._streams and self._loop.time() < patience:
            await asyncio.sleep(0.01)
        if self._keeping:
            self._keeping.cancel()
            await self._tell_presence()
        await self._loop.run_in_executor(self._asking, self.hub.stop)

    async def _join(self, stream: Stream) -> None:
        viewer, watch, organisation_id = stream.viewer, stream.watch, stream.organisation_id
        own = [other for other in self._streams if other.person_id == stream.person_id]
        if len(own) >= STREAMS_A_PERSON:
            own[0].end("many")
        self._streams[stream] = None
        REGISTRY.change("headway_streams_open", 1)
        for region in watch.regions:
            key = (region.name, region.team_id, viewer.permission_class(region))
            audience = self._audiences.setdefault(key, Audience(self, region))
            audience.streams.add(stream)
            stream.audiences.append(audience)
        if self._keeping is None:
            self._keeping = self._loop.create_task(self._keep())
        stream.put(Message("hello", {"retry": round(1000 * random.uniform(*RETRY))}))
        self._presence.join(stream.place, stream.person_id)
        await self._loop.run_in_executor(self._asking, self.hub.watch, organisation_id)
        if watch.regions:
            await self._catch_up(stream)
        people = self._shown_people.get(stream.place)
        if people:
            await self._show_people({stream.place}, only=stream)

    async def _catch_up(self, stream: Stream) -> None:
        """Bring a page from what it showed to what holds: nothing between its drawing and its stream is lost."""
        after, organisation_id = stream.watch.after, stream.organisation_id
        read = partial(_on_database, partial(changes_after, organisation_id, after or 0))
        missed = await self._loop.run_in_executor(self._asking, read)
        # An id that this database has not given yet is none of ours: after a restore, for instance.
        unknown = after is None or after > max(missed.upto, self.hub.position(organisation_id) or 0)
        for audience in stream.audiences:
            ids = [one.id for one in missed.news if audience.region.matters(one)]
            if unknown or missed.is_flood:
                audience.catch_up(stream, missed.upto)
            elif ids:
                audience.catch_up(stream, ids[-1])

    def _leave(self, stream: Stream) -> None:
        stream.is_ended = True
        if stream not in self._streams:
            return
        del self._streams[stream]
        REGISTRY.change("headway_streams_open", -1)
        for audience in stream.audiences:
            audience.streams.discard(stream)
        self._audiences = {key: audience for key, audience in self._audiences.items() if audience.streams}
        self._presence.leave(stream.place, stream.person_id)
        organisation_id = stream.organisation_id
        if not any(other.organisation_id == organisation_id for other in self._streams):
            self._loop.run_in_executor(self._asking, self.hub.forget, organisation_id)

    # What the hub says

    def _hear(self, heard: Heard) -> None:
        """Take news over from the hub's thread."""
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._take, heard)

    def _take(self, heard: Heard) -> None:
        if isinstance(heard, Changes):
            self._end_where_rights_change(heard)
            self._tell_audiences(heard.organisation_id, heard.news, heard.upto if heard.is_flood else None)
        elif isinstance(heard, Interrupted):
            # Somebody may have been signed out meanwhile, and we were not told.
            for stream in list(self._streams):
                stream.end("stop")
        else:
            self._take_notice(heard)

    def _take_notice(self, notice: Notified) -> None:
        body = notice.body
        if notice.kind == CLOSE:
            for stream in list(self._streams):
                if stream.person_id == body.get("person") or stream.watch.session == body.get("session"):
                    stream.end("check")
        elif notice.kind == HERE:
            changed = self._presence.hear(body)
            if changed & {stream.place for stream in self._streams}:
                self._loop.create_task(self._show_people(changed))

    def _tell_audiences(self, organisation_id: int, news: tuple[News, ...], flood: int | None) -> None:
        # Quick regions first: they are on the threads before the slow ones ask for the same processor.
        ordered = sorted(self._audiences.values(), key=lambda audience: audience.region.follows.pace is not Pace.QUICK)
        for audience in ordered:
            if next(iter(audience.streams)).organisation_id != organisation_id:
                continue
            matters = [one for one in news if audience.region.matters(one)]
            if matters or flood is not None:
                audience.changed(matters)

    def _end_where_rights_change(self, changes: Changes) -> None:
        """End the streams of those whose rights, names or places changed; each asks again and is judged anew."""
        rights = [one for one in changes.news if one.noun in RIGHTS]
        everybody = changes.is_flood or any(one.noun == "organisation" for one in changes.news)
        memberships = {one.subject_id for one in rights if one.subject_type == "people.membership"}
        people = {one.subject_id for one in rights if one.subject_type == "people.person"}
        # Any other subject could be about anybody.
        everybody |= any(one.subject_type not in {"people.membership", "people.person"} for one in rights)
        if not (everybody or memberships or people):
            return
        ours = [one for one in self._streams if one.organisation_id == changes.organisation_id]
        for stream in ours:
            if everybody or stream.person_id in people or stream.watch.membership_id in memberships:
                stream.end("check")

    # Signs of life, and who is here

    async def _keep(self) -> None:
        beat = self._loop.time() + BEAT_EVERY
        while self._streams:
            await asyncio.sleep(PRESENCE_EVERY)
            await self._tell_presence()
            if self._loop.time() >= beat:
                beat = self._loop.time() + BEAT_EVERY
                self._beat()
        await self._tell_presence()
        self._keeping = None
        if self._streams:
            self._keeping = self._loop.create_task(self._keep())

    def _beat(self) -> None:
        """Tell each page that it is connected, and up to which Change it shows everything."""
        made: dict[int, Message] = {}
        for stream in list(self._streams):
            position = self.hub.position(stream.organisation_id)
            waiting = [audience.dirty_from for audience in stream.audiences if audience.dirty_from is not None]
            at = min([*([position] if position is not None else []), *(first - 1 for first in waiting)], default=0)
            stream.put(made.setdefault(at, Message("beat", at, id=at)))

    async def _tell_presence(self) -> None:
        changed = self._presence.forget_silent()
        for body in list(self._presence.to_tell()):
            changed |= {(organisation_id, address) for organisation_id, address, _people in body["pages"]}
            try:
                await self._loop.run_in_executor(self._asking, _on_database, partial(tell, HERE, **body))
            except Exception:
                log.exception("who is here could not be told to other processes")
        await self._show_people(changed)

    async def _show_people(self, pages: set[Page], only: Stream | None = None) -> None:
        if not pages:
            return
        places = {stream.place for stream in self._streams}
        watched = pages & places
        now = {page: self._presence.people_at(page) for page in watched}
        if only is None:
            now = {page: people for page, people in now.items() if self._shown_people.get(page) != people}
            self._shown_people |= now
            gone = [page for page in self._shown_people if page not in places]
            for page in gone:
                del self._shown_people[page]
        if not now:
            return
        everybody = frozenset[int]().union(*now.values())
        names = await self._loop.run_in_executor(self._asking, _on_database, partial(_names, everybody))
        for page, people in now.items():
            message = Message("here", [names[person] for person in sorted(people) if person in names][:NAMES_SHOWN])
            for stream in [only] if only else [one for one in self._streams if one.place == page]:
                stream.put(message)

    # Threads

    async def on_thread(self, work: Callable[[], Result], pace: Pace) -> Result:
        """Do what needs the database beside the event loop."""
        return await self._loop.run_in_executor(self._threads[pace], _on_database, work)

    def next_number(self) -> int:
        """Number the drawings of this process: a page takes no older one after a newer one."""
        self._number += 1
        return self._number

    def _ask_django(self, scope: Any) -> HttpResponse:
        environ = environ_of({**scope, "method": "GET"})
        set_script_prefix(get_script_name(environ))
        request_started.send(sender=self.__class__, environ=environ)
        response = self._django.get_response(WSGIRequest(environ))
        response.close()
        assert isinstance(response, HttpResponse)  # nothing at this address streams by WSGI
        return response


class Streams:
    """The ASGI application of all streams of this process."""

    def __init__(self, django: WSGIHandler) -> None:
        self._django = django
        self._desks: WeakKeyDictionary[asyncio.AbstractEventLoop, Desk] = WeakKeyDictionary()

    async def __call__(self, scope: Any, receive: Callable[[], Any], send: Callable[[Any], Any]) -> None:
        desk = self._desks.get(asyncio.get_running_loop())
        if desk is None:
            desk = self._desks[asyncio.get_running_loop()] = Desk(self._django)
        await desk.serve(scope, receive, send)

    async def close(self) -> None:
        """End the streams of the running loop; to be called first when the server stops."""
        desk = self._desks.get(asyncio.get_running_loop())
        if desk is not None:
            await desk.close()


def is_stream(scope: Any) -> bool:
    """Say whether a request is one for a stream."""
    return bool(scope["type"] == "http" and scope["method"] == "GET" and scope["path"].endswith(PATH))


def _drawn(
    region: Region,
    viewer: Viewer,
    news: list[News],
    number: int,
    upto: int,
    before: Drawing | None,
    *,
    packs_whole: bool,
) -> Drawing:
    """Draw a region; the messages that are needed are packed already: the event loop has better to do."""
    try:
        html = draw(region, viewer)
    except Exception:
        log.exception("a part of a page could not be drawn: %s", region.kind)
        html = None
    shows = hash(html)
    data: dict[str, Any] = {"at": region.name, "n": number, "upto": upto, "is": f"{shows:x}"}
    told = {"by": [one.actor_id for one in news], "say": announcement(news, viewer)} if news else {}
    if html is None:
        return Drawing(upto, shows, Message("part", data | {"stale": True} | told))
    whole = Message("part", data | {"html": html} | told)
    pieces = pieces_of(html)
    cut = None
    if before is not None and before.pieces is not None and before.shows != shows:
        cut = Message("part", data | {"was": f"{before.shows:x}", "cut": cut_between(before.pieces, pieces)} | told)
        cut.packed  # noqa: B018  (a cached property)
    if packs_whole:
        whole.packed  # noqa: B018
    return Drawing(upto, shows, whole, pieces, before.shows if before else None, cut)


def _names(people: Iterable[int]) -> dict[int, dict[str, Any]]:
    rows = Person.objects.filter(pk__in=people, is_active=True)
    return {row.pk: {"id": row.pk, "name": row.name, "initials": row.initials} for row in rows}


def _on_database(work: Callable[[], Result]) -> Result:
    close_old_connections()
    try:
        return work()
    finally:
        close_old_connections()


async def _until_gone(receive: Callable[[], Any], stream: Stream) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    stream.cut()


async def _send_whole(response: HttpResponse, send: Callable[[Any], Any]) -> None:
    body = response.content
    start = {"type": "http.response.start", "status": response.status_code, "headers": _headers(response, packs=False)}
    await send(start)
    await send({"type": "http.response.body", "body": body})


def _headers(response: HttpResponse, *, packs: bool) -> list[tuple[bytes, bytes]]:
    rows = [(name, value) for name, value in response.items() if name.lower() != "content-length"]
    rows += [("Set-Cookie", cookie.output(header="").strip()) for cookie in response.cookies.values()]
    rows += [("Content-Encoding", "gzip"), ("Vary", "Accept-Encoding")] if packs else []
    return [(name.lower().encode("latin1"), value.encode("latin1")) for name, value in rows]


def _takes_gzip(scope: Any) -> bool:
    return any(name == b"accept-encoding" and b"gzip" in value for name, value in scope["headers"])
