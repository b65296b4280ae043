"""Limits on what can be tried again and again: sign-in, second factors, one-time links, tokens, public links.

    wait = throttle.take("sign-in", f"{email} {address}", limit=5, per=60)
    if wait:
        form.add_error(None, throttle.please_wait(wait))

The limits stand in the database: they hold over a restart and for all processes together. Each key is a bucket of
`limit` tries that fills evenly over `per` seconds (the generic cell rate algorithm: one moment a key, moved by one
statement, so that two processes never count the same try). Keys are kept as keyed hashes: no e-mail and no address
can be read or guessed from the table.

Call it outside a transaction that may roll back: what is rolled back was not counted.
"""

import ipaddress
import secrets
import threading
import time
from dataclasses import dataclass
from typing import Any, Protocol

from django.db import connection
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from headway.lib import clock

from .models import Throttle

MICROSECONDS = 1_000_000
_SWEEP_ONE_IN = 256


def take(kind: str, key: str, limit: int, per: float, *, count: int = 1) -> int:
    """Take `count` of the `limit` tries that `key` has in `per` [s]. Returns 0, or the seconds to wait.

    A try that is refused is not counted: knocking does not make the wait longer. One statement, two where refused.
    """
    now = _now()
    name, step, whole = _name(kind, key), int(per * MICROSECONDS / limit) * count, int(per * MICROSECONDS)
    table = Throttle._meta.db_table
    if secrets.randbelow(_SWEEP_ONE_IN) == 0:
        sweep()
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {table} (key, full_at) VALUES (%s, %s) ON CONFLICT (key) DO UPDATE SET full_at = "
            f"CASE WHEN {table}.full_at > %s THEN {table}.full_at ELSE %s END + %s "
            f"WHERE {table}.full_at <= %s RETURNING full_at",
            [name, now + step, now, now, step, now + whole - step],
        )
        if cursor.fetchall():
            return 0
    full_at = Throttle.objects.filter(key=name).values_list("full_at", flat=True).first() or now
    return max(1, -(-(full_at + step - now - whole) // MICROSECONDS))


def give_back(kind: str, key: str, limit: int, per: float, *, count: int = 1) -> None:
    """Give tries back that turned out to be none: the password was right."""
    step = int(per * MICROSECONDS / limit) * count
    table = Throttle._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE {table} SET full_at = full_at - %s WHERE key = %s", [step, _name(kind, key)])


def forget(kind: str, key: str) -> None:
    """Forget every try of `key`."""
    Throttle.objects.filter(key=_name(kind, key)).delete()


def sweep() -> int:
    """Delete the buckets that are full again. Returns how many; `take` calls it now and then."""
    return Throttle.objects.filter(full_at__lte=_now()).delete()[0]


class Asking(Protocol):
    """A request, as far as this needs to know it."""

    @property
    def META(self) -> dict[str, Any]: ...  # noqa: N802  (as Django calls it)


@dataclass
class _Block:
    left: int
    until: float


class Blocks:
    """`take` for what comes often, as each request with a token: one write for `size` tries, not one for each.

    A process takes `size` tries at once from the table and spends them from memory within `per` seconds: nobody gets
    a try that the table did not give, and a process that ends leaves at most `size - 1` unspent. Keep `size` at a
    tenth of the limit or less.
    """

    def __init__(self, kind: str, limit: int, per: float, size: int) -> None:
        self._kind, self._limit, self._per, self._size = kind, limit, per, size
        self._blocks: dict[str, _Block] = {}
        self._lock = threading.Lock()

    def take(self, key: str) -> int:
        """Take one try of `key`. Returns 0, or the seconds to wait."""
        with self._lock:
            if self._spend(key):
                return 0
        for size in (self._size, 1):
            wait = take(self._kind, key, self._limit, self._per, count=size)
            if not wait:
                self._keep(key, size - 1)
                return 0
        return wait

    def _spend(self, key: str) -> bool:
        block = self._blocks.get(key)
        if block is None or block.left < 1 or block.until < time.monotonic():
            return False
        block.left -= 1
        return True

    def _keep(self, key: str, left: int) -> None:
        now = time.monotonic()
        with self._lock:
            if len(self._blocks) > 1000:
                self._blocks = {name: block for name, block in self._blocks.items() if block.until >= now}
            self._blocks[key] = _Block(left, now + self._per)


def address_of(request: Asking) -> str:
    """Return what counts as one address: an IPv4 address, or the half of an IPv6 one that names a network."""
    given = str(request.META.get("REMOTE_ADDR") or "")
    try:
        address = ipaddress.ip_address(given)
    except ValueError:  # a socket of this machine has none
        return given
    if isinstance(address, ipaddress.IPv4Address) or address.ipv4_mapped:
        return given
    return str(ipaddress.IPv6Network((int(address) >> 64 << 64, 64)))


def please_wait(seconds: int) -> str:
    """Say how long to wait."""
    if seconds < 120:
        told = ngettext("%(count)d second", "%(count)d seconds", seconds) % {"count": seconds}
    else:
        minutes = -(-seconds // 60)
        told = ngettext("%(count)d minute", "%(count)d minutes", minutes) % {"count": minutes}
    return _("Too many tries. Wait %(time)s, then try once more.") % {"time": told}


def _name(kind: str, key: str) -> str:
    return salted_hmac(f"headway.throttle.{kind}", key.casefold(), algorithm="sha256").hexdigest()


def _now() -> int:
    return int(clock.now().timestamp() * MICROSECONDS)
