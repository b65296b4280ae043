"""Where sessions are kept: Django's own table, read by a statement that is put together once."""

from typing import Any

from django.contrib.sessions.backends import db
from django.db.models.functions import Now

from headway.lib.prepared import Prepared


class SessionStore(db.SessionStore):
    """Django's sessions in the database; every request reads one."""

    @classmethod
    def get_model_class(cls) -> Any:
        from django.contrib.sessions.models import Session

        return Session

    def _get_session_from_db(self) -> Any:
        found = _BY_KEY.first(self.session_key or "")
        if found is None:
            self._session_key = None
        return found


_BY_KEY: Prepared[Any] = Prepared(
    lambda key: SessionStore.get_model_class().objects.filter(session_key=key, expire_date__gt=Now()), str
)
