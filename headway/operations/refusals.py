"""Requests that Django refuses before a page sees them: counted, and said once, as most come of a wrong setting."""

import logging

from headway.lib.metrics import REGISTRY

log = logging.getLogger("headway.refusals")

_REMEDIES = {
    "host": "a request came for a host that HEADWAY_HOSTS does not name",
    "origin": "a form came from an origin that fits neither the host nor HEADWAY_ORIGINS; does the proxy in front"
    " pass the Host header on, and X-Forwarded-Proto?",
}


class Refusals(logging.Handler):
    """Stands in for the log of `django.security`, whose messages hold what strangers sent."""

    def __init__(self) -> None:
        super().__init__()
        self._told: set[str] = set()

    def emit(self, record: logging.LogRecord) -> None:
        reason = _reason(record)
        REGISTRY.count("headway_requests_refused_total", labels=(("reason", reason),))
        if reason in _REMEDIES and reason not in self._told:
            self._told.add(reason)
            log.warning(_REMEDIES[reason])


def _reason(record: logging.LogRecord) -> str:
    kind = record.name.rpartition(".")[2]
    if kind == "DisallowedHost":
        return "host"
    if kind == "csrf":
        return "origin" if "Origin" in str(record.args) or "Referer" in str(record.args) else "form_token"
    return "suspicious"
