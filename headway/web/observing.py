"""What is seen of each request: an id, one line in the log, a figure. Never who it was or what they wrote."""

import logging
import re
import secrets
import sys
import time
from collections.abc import Callable

from django.conf import settings
from django.core.signals import got_request_exception
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse

from headway.lib.logs import request_id
from headway.lib.metrics import REGISTRY

log = logging.getLogger("headway.access")

#: An id of a proxy in front is taken over where it is one that machines make: nobody's name fits into it.
_ID = re.compile(r"[0-9A-Fa-f-]{16,64}")
#: Asked from beside the proxy, by address: no part of what people do.
PROBES = frozenset({"healthz", "readyz", "metrics"})
STATIC = "static"
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})

Answer = Callable[[HttpRequest], HttpResponse]


@receiver(got_request_exception)
def note_failure(**_signal: object) -> None:
    """Log what a page, or the page that says that one failed, did not catch. Django's own line names the address."""
    log.error("a request failed", exc_info=sys.exc_info())


class Observed:
    """Give each request its id, log it with the name of its route, count and time it. The outermost middleware."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response
        self._static = settings.STATIC_URL

    def __call__(self, request: HttpRequest) -> HttpResponse:
        began = time.perf_counter()
        given = request.META.get("HTTP_X_REQUEST_ID", "")
        name = given if _ID.fullmatch(given) else secrets.token_hex(16)
        token = request_id.set(name)
        try:
            response = self.get_response(request)
            route = self._route(request)
            if route != STATIC:
                response.headers["X-Request-ID"] = name
            self._note(request, route, response.status_code, time.perf_counter() - began)
        finally:
            request_id.reset(token)
        return response

    def _note(self, request: HttpRequest, route: str, status: int, seconds: float) -> None:
        method = request.method if request.method in _METHODS else "OTHER"
        labels = (("route", route), ("method", str(method)), ("status", str(status)))
        REGISTRY.observe("headway_request_seconds", seconds, labels)
        if settings.BEHIND_TLS and route not in PROBES and not request.is_secure():
            REGISTRY.count("headway_requests_refused_total", labels=(("reason", "without_tls"),))
        organisation = request.__dict__.get("organisation")
        log.info(
            "%s %s %s",
            method,
            route,
            status,
            extra={
                "facts": {
                    "route": route,
                    "method": method,
                    "status": status,
                    "ms": round(1000 * seconds, 1),
                    "organisation": organisation.pk if organisation else None,
                }
            },
        )

    def _route(self, request: HttpRequest) -> str:
        """Return the name of the route: an address may hold a token, and what people search for."""
        match = request.resolver_match
        if match is not None:
            return match.view_name or "unnamed"
        return STATIC if request.path.startswith(self._static) else "unknown"
