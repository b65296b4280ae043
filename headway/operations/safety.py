"""Settings that are unsafe, contradict each other or are misspelt: what, why it matters, what to do.

Pure: reads the environment that it is given, so that settings, the start, `headway doctor` and tests see the same.
"""

import difflib
import ipaddress
import os
import re
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from django.utils.translation import gettext as _

#: Every variable of ours that is read anywhere (table: docs/howto/settings.md).
VARIABLES = frozenset(
    {
        "HEADWAY_ACCESS_LOG",
        "HEADWAY_BACKUP_FOLDER",
        "HEADWAY_BREACHED_PASSWORDS",
        "HEADWAY_DATA",
        "HEADWAY_DEBUG",
        "HEADWAY_HOSTS",
        "HEADWAY_LANGUAGE",
        "HEADWAY_LOG_FORMAT",
        "HEADWAY_LOG_LEVEL",
        "HEADWAY_METRICS_FROM",
        "HEADWAY_METRICS_TOKEN",
        "HEADWAY_OIDC",
        "HEADWAY_ORIGINS",
        "HEADWAY_PATH",
        "HEADWAY_PROXIES",
        "HEADWAY_SECRET_KEY",
        "HEADWAY_TEST_NOW",
        "HEADWAY_TIME_ZONE",
        "HEADWAY_TLS",
    }
)
#: Variables of sign-in providers carry the provider's name (docs/howto/sign-in.md).
_FAMILIES = ("HEADWAY_OIDC_",)
#: Read by the tools beside the programme.
_OF_TOOLS = frozenset({"HEADWAY_TRIAL_DATA"})

SHORTEST_SECRET = 32
_TRUE = {"1", "yes", "true", "on"}
_LOOPBACK = {"localhost", "127.0.0.1", "::1", "[::1]"}


@dataclass(frozen=True)
class Problem:
    """`is_refused`: the programme does not start with it; otherwise it is said and goes on."""

    code: str
    what: str
    why: str
    remedy: str
    is_refused: bool = True

    def __str__(self) -> str:
        return f"{self.what} {self.why} {self.remedy}"


def problems(environment: Mapping[str, str], *, host: str | None = None) -> list[Problem]:
    """Return what is wrong with the settings; `host` is the address to listen on, where one is."""
    return [
        *_misspelt(environment),
        *_secret(environment),
        *_open_to_everybody(environment, host),
        *_names(environment),
        *_proxy(environment),
        *_metrics(environment),
    ]


def _is_on(environment: Mapping[str, str], name: str) -> bool:
    return environment.get(name, "").strip().lower() in _TRUE


def _listed(environment: Mapping[str, str], name: str) -> list[str]:
    return [part.strip() for part in environment.get(name, "").split(",") if part.strip()]


def _misspelt(environment: Mapping[str, str]) -> Iterator[Problem]:
    for name in sorted(environment):
        if not name.startswith("HEADWAY_") or name.startswith(_FAMILIES) or name in VARIABLES | _OF_TOOLS:
            continue
        near = difflib.get_close_matches(name, VARIABLES, n=1, cutoff=0.8)
        yield Problem(
            "unknown-variable",
            _("%(name)s is no setting of Headway.") % {"name": name},
            _("Nothing reads it, so what it was meant to do is not done."),
            _("Did you mean %(near)s? Rename it, or unset it.") % {"near": near[0]} if near else _("Unset it."),
            is_refused=bool(near),
        )


def _secret(environment: Mapping[str, str]) -> Iterator[Problem]:
    secret = environment.get("HEADWAY_SECRET_KEY", "")
    if secret and (len(secret) < SHORTEST_SECRET or len(set(secret)) < 8):
        yield Problem(
            "weak-secret",
            _("HEADWAY_SECRET_KEY is shorter than %(count)d characters, or of few different ones.")
            % {"count": SHORTEST_SECRET},
            _("It signs sessions and links: who guesses it signs in as anybody."),
            _("Unset it, so that Headway makes one in the data folder, or give 50 random characters."),
        )


def _open_to_everybody(environment: Mapping[str, str], host: str | None) -> Iterator[Problem]:
    is_reachable = host is not None and not is_loopback(host)
    if _is_on(environment, "HEADWAY_DEBUG") and is_reachable:
        yield Problem(
            "debug-in-public",
            _("HEADWAY_DEBUG=1 while listening on %(host)s.") % {"host": host},
            _("Its error pages show code and settings to everybody who can reach it."),
            _("Unset HEADWAY_DEBUG, or listen on 127.0.0.1."),
        )
    if any(name == "*" for name in _listed(environment, "HEADWAY_HOSTS")):
        yield Problem(
            "any-host",
            _("HEADWAY_HOSTS allows every name (*)."),
            _("Links in mails and redirects could then be made to lead to somebody else's site."),
            _("Name the hosts under which people reach it: HEADWAY_HOSTS=okr.example.org"),
        )


def _names(environment: Mapping[str, str]) -> Iterator[Problem]:
    hosts = _listed(environment, "HEADWAY_HOSTS")
    for host in hosts:
        if host != "*" and not re.fullmatch(r"\.?[A-Za-z0-9.-]+|\[[0-9A-Fa-f:]+\]", host):
            yield Problem(
                "host-is-no-name",
                _("HEADWAY_HOSTS holds %(host)s, which is no name of a host.") % {"host": host},
                _("No request would ever fit it."),
                _("Write the name alone, without https://, port or path."),
            )
    has_tls = _is_on(environment, "HEADWAY_TLS")
    for origin in _listed(environment, "HEADWAY_ORIGINS"):
        parts = urlsplit(origin)
        if parts.scheme not in {"http", "https"} or not parts.netloc or parts.path not in {"", "/"} or parts.query:
            yield Problem(
                "origin-is-no-origin",
                _("HEADWAY_ORIGINS holds %(origin)s, which is no origin.") % {"origin": origin},
                _("Forms sent from there would be refused."),
                _("Write scheme and name, without a path: https://okr.example.org"),
            )
        elif has_tls and parts.scheme == "http":
            yield Problem(
                "origin-without-tls",
                _("HEADWAY_ORIGINS holds %(origin)s, and HEADWAY_TLS is on.") % {"origin": origin},
                _("What is sent in the clear could be changed on its way."),
                _("Write https:// in HEADWAY_ORIGINS."),
            )
        elif hosts and not _fits(parts.hostname or "", hosts):
            yield Problem(
                "origin-is-no-host",
                _("HEADWAY_ORIGINS holds %(origin)s, and HEADWAY_HOSTS does not hold its name.") % {"origin": origin},
                _('Requests to that name are answered with "bad request".'),
                _("Add %(name)s to HEADWAY_HOSTS.") % {"name": parts.hostname},
                is_refused=False,
            )


def _proxy(environment: Mapping[str, str]) -> Iterator[Problem]:
    path = environment.get("HEADWAY_PATH", "")
    if path and not re.fullmatch(r"(/[A-Za-z0-9._~-]+)+", path):
        yield Problem(
            "path-is-no-path",
            _("HEADWAY_PATH is %(path)s.") % {"path": path},
            _("Every link and every redirect is made of it and would lead nowhere."),
            _("Write a slash first and none at the end: /headway"),
        )
    for address in _listed(environment, "HEADWAY_PROXIES"):
        if address == "*":
            yield Problem(
                "any-proxy",
                _("HEADWAY_PROXIES trusts every address (*)."),
                _("Anybody could then name any address as their own, and limits on tries would limit nobody."),
                _("Write the address of your proxy, or its network: 10.0.0.0/8"),
            )
        elif not is_network(address):
            yield Problem(
                "proxy-is-no-address",
                _("HEADWAY_PROXIES holds %(address)s, which is no address.") % {"address": address},
                _("Headers of the proxy would not be read."),
                _("Write its address, or its network: 10.0.0.0/8"),
            )
    if _is_on(environment, "HEADWAY_TLS") and not environment.get("HEADWAY_HOSTS"):
        yield Problem(
            "tls-without-host",
            _("HEADWAY_TLS is on, and HEADWAY_HOSTS is not set."),
            _('Only localhost is answered; through a proxy under another name everybody gets "bad request".'),
            _("Set HEADWAY_HOSTS to the name under which people reach it."),
            is_refused=False,
        )


def _metrics(environment: Mapping[str, str]) -> Iterator[Problem]:
    token = environment.get("HEADWAY_METRICS_TOKEN", "")
    if token and len(token) < 16:
        yield Problem(
            "weak-metrics-token",
            _("HEADWAY_METRICS_TOKEN is shorter than 16 characters."),
            _("It could be guessed; the figures tell how much your organisation works."),
            _("Give at least 16 random characters."),
        )
    for address in _listed(environment, "HEADWAY_METRICS_FROM"):
        if not is_network(address):
            yield Problem(
                "metrics-from-no-address",
                _("HEADWAY_METRICS_FROM holds %(address)s, which is no address.") % {"address": address},
                _("Nobody could read the figures from there."),
                _("Write an address or a network: 127.0.0.1, 10.0.0.0/8"),
            )


def is_loopback(host: str) -> bool:
    """Say whether only this machine reaches an address to listen on."""
    if host in _LOOPBACK:
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def is_network(text: str) -> bool:
    try:
        ipaddress.ip_network(text, strict=False)
    except ValueError:
        return False
    return True


def _fits(name: str, hosts: list[str]) -> bool:
    return any(name == host or (host.startswith(".") and (name == host[1:] or name.endswith(host))) for host in hosts)


# The data folder

#: What must not be read by other accounts of the machine.
_PRIVATE = ("secret.key", "headway.sqlite3", "headway.sqlite3-wal", "headway.sqlite3-shm")


def open_files(folder: Path) -> list[Path]:
    """Return what in the data folder (and the folder itself) other accounts of the machine can read or write."""
    return [path for path in [folder, *(folder / name for name in _PRIVATE)] if path.exists() and _mode(path) & 0o007]


def close_files(folder: Path) -> list[Path]:
    """Take other accounts' rights on the data folder away. Returns what stays open though it holds secrets.

    A folder that belongs to somebody else (a volume of a container) may stay open while the files in it are closed.
    """
    for path in open_files(folder):
        try:
            path.chmod(_mode(path) & ~0o007)
        except OSError:  # not ours, or a file system without rights
            continue
    return [path for path in open_files(folder) if path != folder and os.name == "posix"]


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)
