"""The programme as one ASGI application: Django's pages on a pool of threads, streams on the event loop.

Sync views behind Django's own ASGI handler would take a thread switch for each piece of middleware; behind its WSGI
handler a request is one call on one thread.
"""

import os
from collections.abc import Callable
from typing import Any

import django
from django.core.handlers.wsgi import WSGIHandler

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "headway.settings")
django.setup()

from headway.web.streams import Streams, is_stream  # noqa: E402  (needs what setup() has loaded)
from headway.web.threads import OnThreads  # noqa: E402

# Each thread keeps a database connection of its own; SQLite writes one at a time however many there are.
THREADS = 8

handler = WSGIHandler()
pages = OnThreads(handler, THREADS)
streams = Streams(handler)


async def application(scope: Any, receive: Callable[[], Any], send: Callable[[Any], Any]) -> None:
    """Serve a request: a stream for as long as it lasts, a page from a thread."""
    await (streams if is_stream(scope) else pages)(scope, receive, send)
