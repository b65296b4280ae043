"""Where sessions are kept: Django's own table, read by a statement that is put together once.

Or, of whoever is a member somewhere, by the statement that reads their memberships.
"""

from typing import Any

from django.contrib.sessions.backends import db
from django.db.models import Subquery
from django.db.models.functions import Now

from headway.lib.prepared import Prepared
from headway.people.models import Membership


class SessionStore(db.SessionStore):
    """Django's sessions in the database; every request reads one."""

    @classmethod
    def get_model_class(cls) -> Any:
        from django.contrib.sessions.models import Session

        return Session

    def read_with_memberships(self) -> list[Membership]:
        """Read this session and the memberships of the person whose it was noted to be, where it is not read yet.

        They are memberships with their person and organisation, by its name; none of whoever has none. Who is signed
        in stands in the session alone. One query.
        """
        if not self.session_key or hasattr(self, "_session_cache"):
            return []
        found = _WITH_MEMBERSHIPS.all(self.session_key)
        self._data = found[0].session_data if found else None
        return found

    def _get_session_from_db(self) -> Any:
        data = self.__dict__.pop("_data", None)
        if data is not None:
            return self.get_model_class()(session_key=self.session_key, session_data=data)
        found = _BY_KEY.first(self.session_key or "")
        if found is None:
            self._session_key = None
        return found


def _with_memberships(key: str) -> Any:
    alive = SessionStore.get_model_class().objects.filter(session_key=key, expire_date__gt=Now())
    held = Membership.objects.filter(person__usersession__session_key=key, deactivated_at=None)
    said = held.annotate(session_data=Subquery(alive.values("session_data")))
    return said.select_related("person", "organisation").order_by("organisation__name")


_WITH_MEMBERSHIPS: Prepared[Any] = Prepared(_with_memberships, str)
_BY_KEY: Prepared[Any] = Prepared(
    lambda key: SessionStore.get_model_class().objects.filter(session_key=key, expire_date__gt=Now()), str
)
