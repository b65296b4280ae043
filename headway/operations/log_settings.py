"""Where log lines come from and where they go: Django's LOGGING."""

from typing import Any


def configuration(*, form: str, level: str, access: bool) -> dict[str, Any]:
    """Return Django's LOGGING: everything through Lines, in `form` ("json" or "text")."""
    formatter = {"json": "headway.lib.logs.JsonLines", "text": "headway.lib.logs.PlainLines"}[form]
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"lines": {"()": formatter}},
        "handlers": {
            "lines": {"()": "headway.lib.logs.Lines", "formatter": "lines"},
            "refusals": {"()": "headway.operations.refusals.Refusals"},
        },
        "root": {"handlers": ["lines"], "level": "WARNING"},
        "loggers": {
            "headway": {"level": level},
            "headway.access": {"level": "INFO" if access else "WARNING"},
            # Each request stands in the access log by the name of its route, and what fails is logged beside it
            # (headway.web.observing); Django's own lines hold addresses.
            "django": {"handlers": [], "level": "WARNING", "propagate": True},
            "django.request": {"level": "CRITICAL"},
            "django.security": {"handlers": ["refusals"], "level": "WARNING", "propagate": False},
            "django.server": {"handlers": [], "level": "WARNING", "propagate": True},
            # Tasks are logged by headway.operations, with their name and time.
            "django_tasks": {"level": "CRITICAL"},
        },
    }
