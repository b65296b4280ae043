"""Pages on threads, called as a server calls them."""

import asyncio
import io
import threading

import pytest

from headway.web import threads as threads_module
from headway.web.threads import PIECE, SMALL_BODY, LastFirst, OnThreads, environ_of


def scope(method="GET", path="/", headers=(), query=b""):
    return {
        "type": "http",
        "http_version": "1.1",
        "method": method,
        "path": path,
        "query_string": query,
        "headers": [(name.encode(), value.encode()) for name, value in headers],
        "server": ("127.0.0.1", 8000),
        "client": ("127.0.0.9", 4711),
    }


def ask(application, scope, *parts, more=()):
    """Return the events that are sent for a request whose body comes in `parts`."""
    sent = []
    coming = [
        *({"type": "http.request", "body": part, "more_body": n + 1 < len(parts)} for n, part in enumerate(parts)),
        *more,
    ]

    async def receive():
        return coming.pop(0)

    async def send(event):
        sent.append(event)

    asyncio.run(OnThreads(application, 2)(scope, receive, send))
    return sent


def echo(environ, start_response):
    start_response("201 Created", [("X-Length", environ.get("CONTENT_LENGTH", "none"))])
    return [environ["wsgi.input"].read()]


def test_a_whole_answer_goes_back_at_once():
    sent = ask(echo, scope())
    assert sent == [
        {"type": "http.response.start", "status": 201, "headers": [(b"x-length", b"none")]},
        {"type": "http.response.body", "body": b"", "more_body": False},
    ]


@pytest.mark.parametrize("size", [5, SMALL_BODY, SMALL_BODY + 1, 5 * SMALL_BODY])
def test_a_body_of_any_size_and_number_of_parts_is_read_whole(size):
    body = bytes(n % 251 for n in range(size))
    third = size // 3
    parts = [body[:third], b"", body[third : 2 * third], body[2 * third :]]
    sent = ask(echo, scope("POST", headers=[("content-length", str(size))]), *parts)
    assert b"".join(event["body"] for event in sent[1:]) == body


def test_a_body_of_unknown_length_is_read_as_it_comes():
    sent = ask(echo, scope("POST", headers=[("transfer-encoding", "chunked")]), b"one ", b"two")
    assert sent[1]["body"] == b"one two"


def test_half_a_body_is_never_taken_for_a_whole():
    coming = [{"type": "http.request", "body": b"half", "more_body": True}, {"type": "http.disconnect"}]
    called = []
    small = scope("POST", headers=[("content-length", "100")])
    assert ask(lambda *given: called.append(given), small, more=coming) == []
    assert called == []

    def reads(environ, start_response):
        with pytest.raises(OSError, match="gone"):
            environ["wsgi.input"].read()
        start_response("400 Bad Request", [])
        return [b""]

    large = scope("POST", headers=[("content-length", str(SMALL_BODY + 1))])
    assert ask(reads, large, more=coming)[0]["status"] == 400


def test_a_long_answer_goes_in_pieces_and_is_closed():
    class Long:
        closed = False

        def __iter__(self):
            yield from (bytes([n]) * 4096 for n in range(200))

        def close(self):
            self.closed = True

    long = Long()

    def application(environ, start_response):
        start_response("200 OK", [])
        return long

    start, *parts = ask(application, scope())
    assert start["status"] == 200
    assert b"".join(part["body"] for part in parts) == b"".join(Long())
    assert [part["more_body"] for part in parts] == [True] * (len(parts) - 1) + [False]
    assert len(parts) == 200 * 4096 // PIECE + 1
    assert long.closed


def test_the_environment_says_what_the_request_says():
    headers = [("content-type", "text/plain"), ("x-one", "1"), ("x-one", "2"), ("x_one", "forged")]
    found = environ_of(scope("PUT", "/ü/b", headers, b"q=%C3%BC"))
    assert found["REQUEST_METHOD"] == "PUT"
    assert found["PATH_INFO"].encode("latin-1").decode() == "/ü/b"
    assert (found["QUERY_STRING"], found["CONTENT_TYPE"], found["HTTP_X_ONE"]) == ("q=%C3%BC", "text/plain", "1,2")
    assert (found["SERVER_NAME"], found["SERVER_PORT"]) == ("127.0.0.1", "8000")
    assert (found["REMOTE_ADDR"], found["REMOTE_PORT"]) == ("127.0.0.9", "4711")
    assert isinstance(found["wsgi.input"], io.BytesIO)


def test_an_application_under_a_path_knows_it():
    found = environ_of(scope(path="/team/board/") | {"root_path": "/team"})
    assert (found["SCRIPT_NAME"], found["PATH_INFO"]) == ("/team", "/board/")


def test_an_application_that_fails_sends_nothing():
    def fails(environ, start_response):
        raise RuntimeError("broken")

    with pytest.raises(RuntimeError, match="broken"):
        ask(fails, scope())


def test_what_a_request_sets_for_itself_ends_with_it():
    from headway.lib.logs import request_id

    seen = []

    def application(environ, start_response):
        seen.append(request_id.get())
        request_id.set("mine")
        start_response("200 OK", [])
        return [b""]

    async def both():
        on_threads = OnThreads(application, 1)

        async def send(event):
            return None

        for _ in range(2):
            await on_threads(scope(), send, send)

    asyncio.run(both())
    assert seen == ["", ""]


# Which thread


def test_the_thread_that_worked_last_takes_what_comes():
    threads = LastFirst(3)
    ways = [threading.Event() for _n in range(3)]
    held = [threads.submit(lambda way=way: way.wait(10) and threading.get_ident()) for way in ways]
    named = []
    for way, future in zip(ways, held, strict=True):
        way.set()
        named.append(future.result(10))
    assert len(set(named)) == 3
    assert {threads.submit(threading.get_ident).result(10) for _n in range(20)} == {named[-1]}


def test_more_than_all_threads_can_do_waits_its_turn():
    threads, gate, most = LastFirst(2), threading.Event(), []

    def work(number):
        gate.wait(10)
        most.append(threading.get_ident())
        return number

    futures = [threads.submit(work, number) for number in range(40)]
    gate.set()
    assert [future.result(10) for future in futures] == list(range(40))
    assert len(set(most)) <= 2


def test_a_failure_is_its_askers_and_the_thread_goes_on():
    threads = LastFirst(1)
    with pytest.raises(ZeroDivisionError):
        threads.submit(lambda: 1 // 0).result(10)
    assert threads.submit(lambda: "well").result(10) == "well"


def test_what_nobody_waits_for_any_more_is_not_begun():
    threads, gate, done = LastFirst(1), threading.Event(), []
    first = threads.submit(gate.wait, 10)
    dropped, kept = threads.submit(done.append, "dropped"), threads.submit(done.append, "kept")
    assert dropped.cancel()
    gate.set()
    kept.result(10)
    assert first.result(10)
    assert done == ["kept"]


def test_a_thread_ends_when_it_had_nothing_to_do_for_long(monkeypatch):
    monkeypatch.setattr(threads_module, "IDLE_FOR", 0.01)
    threads = LastFirst(1)
    worked = threads.submit(threading.current_thread).result(10)
    worked.join(10)
    assert not worked.is_alive()
    assert threads.submit(lambda: "anew").result(10) == "anew"
