"""The connection to PostgreSQL."""

import select
import time
from typing import Any

from django.db.backends.postgresql import base

#: [s] after which a kept connection is asked although nothing was heard from it: a cut cable is silent
ASK_AFTER = 30.0


class DatabaseWrapper(base.DatabaseWrapper):
    """A connection that looks at its socket before a request, where Django's own asks the server each time.

    A server that ends a connection says so, and until then nothing comes that was not asked for.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._asked = float("-inf")

    def get_connection_params(self) -> dict[str, Any]:
        """Return what to connect with. What is prepared here finds rows by keys: one plan serves whatever is asked."""
        given: dict[str, Any] = super().get_connection_params()
        given["options"] = f"-c plan_cache_mode=force_generic_plan {given.get('options', '')}".strip()
        return given

    def is_usable(self) -> bool:
        """Say whether the connection still stands."""
        is_fresh = time.monotonic() - self._asked < ASK_AFTER and not self.errors_occurred
        if is_fresh and self.connection is not None and _is_silent(self.connection):
            return True
        self._asked = time.monotonic()
        return super().is_usable()


def _is_silent(connection: Any) -> bool:
    """Say whether nothing has come over an open connection that nobody waits for."""
    if connection.closed or connection.broken:
        return False
    looked = select.poll()
    looked.register(connection.fileno(), select.POLLIN)
    return not looked.poll(0)
