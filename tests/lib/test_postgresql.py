"""The connection to PostgreSQL: is it still there? (On SQLite, which has none, these have nothing to look at.)"""

import threading

import pytest
from django.db import OperationalError, close_old_connections, connection, connections

from headway.lib.postgresql import base
from headway.people.models import Organisation

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor != "postgresql", reason="a file is not lost"),
]


@pytest.fixture
def kept():
    """A connection as a server's thread keeps it."""
    connection.close()
    connection.settings_dict["CONN_HEALTH_CHECKS"], before = True, connection.settings_dict["CONN_HEALTH_CHECKS"]
    connection.settings_dict["CONN_MAX_AGE"], age = 600, connection.settings_dict["CONN_MAX_AGE"]
    connection.ensure_connection()
    connection._asked = float("-inf")
    yield connection
    connection.settings_dict["CONN_HEALTH_CHECKS"], connection.settings_dict["CONN_MAX_AGE"] = before, age
    connection.close()


def begin_request():
    """Do what Django does before each request."""
    close_old_connections()
    return Organisation.objects.count()


def end_of(wrapper):
    """End a connection from another one, as a server does that is started again."""
    pid = wrapper.connection.info.backend_pid

    def end():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])
        connections.close_all()

    other = threading.Thread(target=end)
    other.start()
    other.join()


def asked(monkeypatch):
    """Note each time that the server is asked whether it is there."""
    times: list[bool] = []
    django_asks = base.base.DatabaseWrapper.is_usable
    monkeypatch.setattr(
        base.base.DatabaseWrapper, "is_usable", lambda self: times.append(True) or django_asks(self), raising=True
    )
    return times


def test_a_connection_that_stands_is_not_asked_each_time(kept, monkeypatch):
    times = asked(monkeypatch)
    pid = kept.connection.info.backend_pid
    for _request in range(3):
        begin_request()
    assert len(times) == 1
    monkeypatch.setattr(base, "ASK_AFTER", 0.0)
    begin_request()
    assert len(times) == 2
    assert kept.connection.info.backend_pid == pid


def test_a_connection_that_the_server_ended_is_made_anew(kept, monkeypatch):
    begin_request()
    times = asked(monkeypatch)
    pid = kept.connection.info.backend_pid
    end_of(kept)
    assert begin_request() == 0  # answered, and not refused
    assert kept.connection.info.backend_pid != pid
    assert times == [True]


def test_after_an_error_the_server_is_asked(kept, monkeypatch):
    begin_request()
    times = asked(monkeypatch)
    with pytest.raises(OperationalError), kept.cursor() as cursor:
        cursor.execute("SET LOCAL statement_timeout = 1; SELECT pg_sleep(1)")
    begin_request()
    assert times
