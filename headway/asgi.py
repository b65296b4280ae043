"""The programme as one ASGI application: Django's pages on a pool of threads.

Sync views behind Django's own ASGI handler would take a thread switch for each piece of middleware; behind its WSGI
handler a request is one call on one thread.
"""

import os

import django
from a2wsgi import WSGIMiddleware
from django.core.handlers.wsgi import WSGIHandler

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "headway.settings")
django.setup()

# Each thread keeps a database connection of its own; SQLite writes one at a time however many there are.
THREADS = 8

# Django types what it returns as a response; it is the iterable of bytes that WSGI asks for.
application = WSGIMiddleware(WSGIHandler(), workers=THREADS)  # type: ignore[arg-type]
