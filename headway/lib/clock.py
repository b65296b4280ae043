"""The one source of time. A test setting moves it; nothing else reads the system's clock."""

import datetime as dt

from django.conf import settings
from django.utils import timezone


def now() -> dt.datetime:
    """Return the present moment, aware, in UTC."""
    if settings.TEST_NOW:
        moment = dt.datetime.fromisoformat(settings.TEST_NOW)
        return moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)
    return dt.datetime.now(dt.UTC)


def today() -> dt.date:
    """Return the present date in the time zone that is active (the organisation's during a request)."""
    return now().astimezone(timezone.get_current_timezone()).date()
