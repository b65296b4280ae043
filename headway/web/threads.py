"""Pages on threads: from the event loop to Django's WSGI handler and back, with one change of threads each way.

A change of threads costs about as much as a query, and waits for the interpreter besides. So a small body is read
before a thread is taken (which also keeps a slow sender from holding one), and an answer goes back whole; only what is
large goes in pieces, as fast as it comes or is taken. Of the threads that wait the one that worked last is taken: its
database connection has read and planned what is asked.
"""

import asyncio
import contextvars
import io
import sys
import threading
from collections import deque
from collections.abc import Awaitable, Callable, Iterable
from concurrent.futures import Executor, Future
from queue import Empty, SimpleQueue
from typing import Any

from django.db import connections

Event = dict[str, Any]
Receive = Callable[[], Awaitable[Event]]
Send = Callable[[Event], Awaitable[None]]
Say = Callable[[list[Event]], None]

SMALL_BODY = 64 * 1024  # [bytes]
PIECE = 256 * 1024  # [bytes] of an answer that is gathered before it is sent
IDLE_FOR = 300.0  # [s] after which a thread ends, and with it its connection
_OWN_NAMES = {b"content-length": "CONTENT_LENGTH", b"content-type": "CONTENT_TYPE"}


class OnThreads:
    """A WSGI application on a pool of threads, as an ASGI application."""

    def __init__(self, application: Callable[..., Iterable[bytes]], threads: int) -> None:
        self._application = application
        self._threads = LastFirst(threads)

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1000})
            return
        loop = asyncio.get_running_loop()
        environ = environ_of(scope)
        try:
            environ["wsgi.input"] = await _input(environ, receive, loop)
        except ConnectionResetError:
            return  # there is nobody to answer

        async def send_all(events: list[Event]) -> None:
            for event in events:
                await send(event)

        def say(events: list[Event]) -> None:
            asyncio.run_coroutine_threadsafe(send_all(events), loop).result()

        # What a request sets for itself (language, its id) ends with its context.
        run = contextvars.copy_context().run
        await send_all(await loop.run_in_executor(self._threads, run, self._answer, environ, say))

    def _answer(self, environ: dict[str, Any], say: Say) -> list[Event]:
        """Answer a request, on a thread: `say` what is too long to be gathered, and return the rest."""
        events: list[Event] = []

        def start_response(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> None:
            head = [(name.lower().encode("latin-1"), text.strip().encode("latin-1")) for name, text in headers]
            events.append({"type": "http.response.start", "status": int(status[:3]), "headers": head})

        chunks = self._application(environ, start_response)
        gathered = bytearray()
        try:
            for chunk in chunks:
                gathered += chunk
                if len(gathered) >= PIECE:
                    say([*events, _part(gathered, is_last=False)])
                    events.clear()
                    gathered = bytearray()
        finally:
            if close := getattr(chunks, "close", None):
                close()
        return [*events, _part(gathered, is_last=True)]


Work = tuple["Future[Any]", Callable[..., Any], tuple[Any, ...]]


class LastFirst(Executor):
    """Up to `most` threads, of which the one that has waited shortest takes what comes."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._count = 0
        self._waiting: list[SimpleQueue[Work]] = []
        self._undone: deque[Work] = deque()
        self._lock = threading.Lock()

    def submit(self, function: Callable[..., Any], /, *given: Any, **_named: Any) -> "Future[Any]":
        """Call a function on a thread; return its Future."""
        work: Work = Future(), function, given
        with self._lock:
            if self._waiting:
                self._waiting.pop().put(work)
            elif self._count < self._most:
                self._count += 1
                threading.Thread(target=self._run, args=[work], name="page", daemon=True).start()
            else:
                self._undone.append(work)
        return work[0]

    def _run(self, work: Work | None) -> None:
        own: SimpleQueue[Work] = SimpleQueue()
        while work is not None:
            future, function, given = work
            done, failed = None, None
            if is_wanted := future.set_running_or_notify_cancel():
                try:
                    done = function(*given)
                except BaseException as error:
                    failed = error
            work = self._next(own)  # before anybody hears of the result, and asks for more
            if failed is not None:
                future.set_exception(failed)
            elif is_wanted:
                future.set_result(done)
            del future, function, given, done, failed
            work = work or self._wait(own)
        connections.close_all()

    def _next(self, own: "SimpleQueue[Work]") -> Work | None:
        with self._lock:
            if self._undone:
                return self._undone.popleft()
            self._waiting.append(own)
            return None

    def _wait(self, own: "SimpleQueue[Work]") -> Work | None:
        """Return what to do next; None where there was nothing for long."""
        try:
            return own.get(timeout=IDLE_FOR)
        except Empty:
            with self._lock:
                if own in self._waiting:
                    self._waiting.remove(own)
                    self._count -= 1
                    return None
            return own.get()


def environ_of(scope: Any) -> dict[str, Any]:
    """Return what WSGI calls the environment of a request, with an empty body.

    A header with an underscore in its name is left out, as by Django's own server: it would be taken for the one with a
    hyphen, which a proxy in front may have set.
    """
    root = scope.get("root_path", "")
    server, port = scope.get("server") or ("localhost", 80)
    environ = {
        "REQUEST_METHOD": scope["method"],
        "SCRIPT_NAME": _as_latin(root),
        "PATH_INFO": _as_latin(scope["path"].removeprefix(root)),
        "QUERY_STRING": scope["query_string"].decode("latin-1"),
        "SERVER_PROTOCOL": f"HTTP/{scope['http_version']}",
        "SERVER_NAME": server,
        "SERVER_PORT": str(port or 0),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope.get("scheme", "http"),
        "wsgi.input": io.BytesIO(),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
    if client := scope.get("client"):
        environ["REMOTE_ADDR"], environ["REMOTE_PORT"] = client[0], str(client[1])
    for raw, value in scope["headers"]:
        if b"_" in raw:
            continue
        name = _OWN_NAMES.get(raw) or f"HTTP_{raw.decode('latin-1').upper().replace('-', '_')}"
        text = value.decode("latin-1")
        environ[name] = f"{environ[name]},{text}" if name in environ else text
    return environ


def _as_latin(text: str) -> str:
    """Return text as WSGI has it: each byte a sign."""
    return text.encode().decode("latin-1")


def _part(body: bytearray, *, is_last: bool) -> Event:
    return {"type": "http.response.body", "body": bytes(body), "more_body": not is_last}


# What a request brings


async def _input(wsgi: dict[str, Any], receive: Receive, loop: asyncio.AbstractEventLoop) -> Any:
    length = wsgi.get("CONTENT_LENGTH", "")
    if not length and "HTTP_TRANSFER_ENCODING" not in wsgi:
        return io.BytesIO()
    if length.isdecimal() and len(length) <= len(str(SMALL_BODY)) and int(length) <= SMALL_BODY:
        return io.BytesIO(await _whole(receive))
    return io.BufferedReader(_Arriving(receive, loop), SMALL_BODY)


async def _whole(receive: Receive) -> bytes:
    body, is_more = bytearray(), True
    while is_more:
        event = await _next(receive)
        body += event.get("body", b"")
        is_more = event.get("more_body", False)
    return bytes(body)


class _Arriving(io.RawIOBase):
    """A large body, read on a thread while it arrives: the sender waits for the reader."""

    def __init__(self, receive: Receive, loop: asyncio.AbstractEventLoop) -> None:
        self._receive, self._loop = receive, loop
        self._held = memoryview(b"")
        self._is_more = True

    def readable(self) -> bool:
        return True

    def readinto(self, into: Any) -> int:
        while not self._held and self._is_more:
            event = asyncio.run_coroutine_threadsafe(_next(self._receive), self._loop).result()
            self._held = memoryview(event.get("body", b""))
            self._is_more = event.get("more_body", False)
        count = min(len(into), len(self._held))
        into[:count] = self._held[:count]
        self._held = self._held[count:]
        return count


async def _next(receive: Receive) -> Event:
    """Return the next part of a body. Half of one is never taken for a whole: raises where its sender is gone."""
    event = await receive()
    if event["type"] == "http.disconnect":
        raise ConnectionResetError("The sender is gone.")
    return event
