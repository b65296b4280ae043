"""`headway doctor`: looks at everything that an installation stands on and says what is wrong and how to mend it.

Each check yields findings; a healthy installation has none. Texts name settings, files and counts; no person, no
secret.
"""

import datetime as dt
import json
import os
import shutil
import sqlite3
import stat
import tempfile
import zoneinfo
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import DatabaseError, connection
from django.db.models import Max
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django_tasks_db.models import DBTaskResult

from headway.backup.models import Daily
from headway.lib import clock
from headway.live.models import Change
from headway.people.models import Membership, Organisation
from headway.search import index
from headway.search.sources import SOURCES

from . import processes, readiness, safety

OLDEST_SQLITE = (3, 37, 0)
OLDEST_POSTGRESQL = 15
TASK_WAITS_AT_MOST = dt.timedelta(minutes=10)
TASK_RUNS_AT_MOST = dt.timedelta(hours=6)
OLDEST_BACKUP = dt.timedelta(days=2)
CLOCKS_DIFFER_AT_MOST = 5  # seconds
SPACE_IS_SCARCE_BELOW = 2**30  # bytes

#: File systems on which SQLite's write-ahead log does not work: it shares memory between processes.
_OVER_A_NETWORK = frozenset({"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "fuse.sshfs", "afs", "glusterfs"})


@dataclass(frozen=True)
class Finding:
    """What is wrong, why it matters, what to do. Advice does not make the installation a sick one."""

    code: str
    what: str
    why: str
    remedy: str
    is_advice: bool = False


def examine(environment: Mapping[str, str]) -> list[Finding]:
    """Run every check. Those that need the database are left out where it does not answer."""
    findings = [finding for check in (_versions, _settings_of(environment), _folder, _space) for finding in check()]
    unreachable = list(_reachable())
    if unreachable:
        return findings + unreachable
    migrations = list(_migrations())
    findings += [*_database(), *migrations, *_clock(), *_processes(), *_static(), *_refusals()]
    if any(not finding.is_advice for finding in migrations):
        return findings  # the tables may not be there yet
    return findings + [finding for check in (_search, _tasks, _backups, _organisations) for finding in check()]


# The machine


def _versions() -> Iterator[Finding]:
    if sqlite3.sqlite_version_info < OLDEST_SQLITE:
        yield Finding(
            "sqlite-too-old",
            _("This Python comes with SQLite %(version)s.") % {"version": sqlite3.sqlite_version},
            _("Headway is tried with %(version)s and newer.") % {"version": ".".join(map(str, OLDEST_SQLITE))},
            _("Install a newer Python, or use PostgreSQL."),
        )


def _settings_of(environment: Mapping[str, str]) -> Callable[[], Iterator[Finding]]:
    def check() -> Iterator[Finding]:
        for problem in safety.problems(environment):
            yield Finding(problem.code, problem.what, problem.why, problem.remedy, is_advice=not problem.is_refused)
        if settings.DEBUG:
            yield Finding(
                "debug-is-on",
                _("HEADWAY_DEBUG is on."),
                _("Error pages show code and settings to whoever causes an error."),
                _("Unset HEADWAY_DEBUG where others use it."),
                is_advice=True,
            )

    return check


def _folder() -> Iterator[Finding]:
    folder = Path(settings.DATA_DIR)
    try:
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        yield Finding(
            "folder-not-writable",
            _("The data folder %(folder)s cannot be written (%(reason)s).")
            % {"folder": folder, "reason": error.strerror or ""},
            _("Nothing can be kept there."),
            _("Make it writable for the account that runs Headway, or name another in HEADWAY_DATA."),
        )
        return
    for path in safety.open_files(folder):
        yield Finding(
            "folder-is-open",
            _("Other accounts of this machine have rights on %(path)s.") % {"path": path},
            _("It holds the work of your teams and the secret that signs sessions."),
            _("chmod o-rwx %(path)s (a start of Headway does that too).") % {"path": path},
        )
    secret = folder / "secret.key"
    if not os.environ.get("HEADWAY_SECRET_KEY") and secret.exists():
        if len(secret.read_text().strip()) < safety.SHORTEST_SECRET:
            yield Finding(
                "weak-secret",
                _("The secret in %(path)s is too short.") % {"path": secret},
                _("It signs sessions and links: who guesses it signs in as anybody."),
                _("Delete the file and start Headway again: it makes a new one, and everybody signs in anew."),
            )
        if stat.S_IMODE(secret.stat().st_mode) & 0o070:
            yield Finding(
                "secret-for-group",
                _("The group of %(path)s can read it.") % {"path": secret},
                _("It signs sessions and links: who reads it can sign in as anybody."),
                _("chmod 600 %(path)s") % {"path": secret},
                is_advice=True,
            )
    if (kind := file_system_of(folder)) in _OVER_A_NETWORK and connection.vendor == "sqlite":
        yield Finding(
            "sqlite-over-a-network",
            _("The SQLite database lies on a file system of the network (%(kind)s).") % {"kind": kind},
            _("SQLite's write-ahead log does not work there; the database can be damaged."),
            _("Put the data folder on a disk of this machine, or use PostgreSQL."),
        )


def file_system_of(folder: Path, mounts: Path = Path("/proc/mounts")) -> str:
    """Return the kind of file system that a folder lies on; "" where the system does not say."""
    try:
        lines = [line.split() for line in mounts.read_text().splitlines()]
    except OSError:
        return ""
    found = [(len(place), kind) for _device, place, kind, *_rest in lines if folder.is_relative_to(place)]
    return max(found)[1] if found else ""


def _space() -> Iterator[Finding]:
    try:
        free = shutil.disk_usage(settings.DATA_DIR).free
    except OSError:  # said by _folder
        return
    if free < SPACE_IS_SCARCE_BELOW:
        yield Finding(
            "little-space",
            _("%(count)d MB are free in the data folder.") % {"count": free // 2**20},
            _("When the disk is full nothing can be written, and a backup needs as much again."),
            _("Make room, or move the data folder to a larger disk."),
            is_advice=free >= readiness.SMALLEST_SPACE,
        )


# The database


def _reachable() -> Iterator[Finding]:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError as error:
        is_sqlite = connection.vendor == "sqlite"
        yield Finding(
            "database-unreachable",
            _("The database does not answer: %(reason)s") % {"reason": str(error).strip().partition("\n")[0]},
            _("Without it no page can be shown."),
            _("Restore a backup into an empty data folder, or look whether the disk is readable.")
            if is_sqlite
            else _("Start PostgreSQL, and see that DATABASE_URL names the right host, user and database."),
        )


def _database() -> Iterator[Finding]:
    yield from _sqlite() if connection.vendor == "sqlite" else _postgresql()


def _sqlite() -> Iterator[Finding]:
    if _one("PRAGMA journal_mode") != "wal":
        yield Finding(
            "sqlite-without-wal",
            _("The database does not keep a write-ahead log."),
            _("Readers and writers wait for each other, and a crash can cost more."),
            _("Put the data folder on a disk of this machine; Headway turns the log on when it starts."),
        )
    try:
        said = [str(row[0]) for row in _all("PRAGMA quick_check(5)")]
    except DatabaseError as error:
        said = [str(error)]
    if said != ["ok"]:
        yield Finding(
            "database-damaged",
            _("The database is damaged: %(said)s") % {"said": said[0].partition("\n")[0]},
            _("What is read may be wrong, and what is written may be lost."),
            _("Stop Headway, keep a copy of the data folder, and restore the last backup."),
        )
        return
    if orphans := len(_all("PRAGMA foreign_key_check")):
        yield Finding(
            "rows-without-their-owner",
            ngettext(
                "%(count)d row points to one that is not there.",
                "%(count)d rows point to ones that are not there.",
                orphans,
            )
            % {"count": orphans},
            _("Pages that meet them fail. Somebody has written past Headway."),
            _("Restore the last backup, or delete those rows: PRAGMA foreign_key_check names them."),
        )


def _postgresql() -> Iterator[Finding]:
    version = int(_one("SHOW server_version_num")) // 10_000
    if version < OLDEST_POSTGRESQL:
        yield Finding(
            "postgresql-too-old",
            _("This is PostgreSQL %(version)d.") % {"version": version},
            _("Headway is tried with %(oldest)d and newer.") % {"oldest": OLDEST_POSTGRESQL},
            _("Move the database to a newer server."),
        )
    if _one("SHOW server_encoding") != "UTF8":
        yield Finding(
            "database-not-utf8",
            _("The database does not keep UTF-8."),
            _("Letters outside its own set are refused."),
            _("Make a new one (CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0) and move the data."),
        )
    if _one("SHOW default_transaction_read_only") == "on" or _one("SELECT pg_is_in_recovery()"):
        yield Finding(
            "database-read-only",
            _("The database takes no writes: it is a replica, or set to read only."),
            _("Every change fails."),
            _("Name the primary server in DATABASE_URL."),
        )
    if broken := int(_one("SELECT count(*) FROM pg_index WHERE NOT indisvalid") or 0):
        yield Finding(
            "index-invalid",
            ngettext("%(count)d index is not valid.", "%(count)d indexes are not valid.", broken) % {"count": broken},
            _("Searches that need it are slow, and a rule that something is unique may not hold."),
            _("REINDEX DATABASE CONCURRENTLY; as the owner of the database."),
        )


def _migrations() -> Iterator[Finding]:
    missing, newer = readiness.unapplied()
    if newer:
        yield Finding(
            "database-is-newer",
            _("A newer version of Headway has changed this database (%(migration)s).")
            % {"migration": ".".join(max(newer))},
            _("This version would misread it."),
            _("Install that version again, or restore a backup made by this one."),
        )
    if missing:
        yield Finding(
            "migrations-pending",
            ngettext(
                "%(count)d change of the database is still to be made.",
                "%(count)d changes of the database are still to be made.",
                len(missing),
            )
            % {"count": len(missing)},
            _("Pages of this version look for what is not there yet."),
            _("Make a backup and start Headway: it makes them before it serves."),
        )


def _clock() -> Iterator[Finding]:
    now = clock.now()
    if connection.vendor == "postgresql":
        seconds = abs((_one("SELECT clock_timestamp()") - now).total_seconds())
        if seconds > CLOCKS_DIFFER_AT_MOST:
            yield Finding(
                "clocks-differ",
                _("The clock of the database server differs by %(count)d seconds.") % {"count": seconds},
                _("Times in the history and the end of sessions and links become wrong."),
                _("Turn on time synchronisation (NTP) on both machines."),
            )
    try:
        last = Change.objects.aggregate(last=Max("at"))["last"]
    except DatabaseError:  # not migrated yet
        last = None
    if last and (last - now).total_seconds() > 60:
        yield Finding(
            "clock-went-back",
            _("The last change was recorded at %(at)s, which is in the future.")
            % {"at": last.isoformat("T", "minutes")},
            _("The clock of this machine is wrong, or was when that was written."),
            _("Turn on time synchronisation (NTP)."),
        )
    try:
        zoneinfo.ZoneInfo("Europe/Berlin")
        zoneinfo.ZoneInfo(settings.TIME_ZONE)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError):
        yield Finding(
            "time-zones-missing",
            _("Data of time zones are missing, or HEADWAY_TIME_ZONE names none."),
            _("Days begin at the wrong hour, and organisations in such a zone cannot be opened."),
            _("Install the system's package tzdata, or: pip install tzdata."),
        )


def _search() -> Iterator[Finding]:
    indexed = int(_one(f"SELECT count(*) FROM {index.TABLE}"))
    expected = sum(int(_one(f"SELECT count(*) FROM ({source.select[connection.vendor]}) s")) for source in SOURCES)
    if not index.has_triggers(connection) or indexed != expected:
        yield Finding(
            "search-out-of-step",
            _("The search index holds %(count)d entries, and there are %(expected)d things to find.")
            % {"count": indexed, "expected": expected},
            _("Search misses what is there, or finds what is gone."),
            _("headway doctor --mend-search fills it anew; that takes seconds."),
        )


# What runs


def _processes() -> Iterator[Finding]:
    servers = [process for process in processes.seen(processes.SERVER) if process.is_alive]
    workers = [process for process in processes.seen(processes.WORKER) if process.is_alive]
    if servers and not workers:
        yield Finding(
            "no-worker",
            _("Headway serves, and no worker was seen within the last minute."),
            _("Imports and other background tasks wait."),
            _("Restart Headway; if it happens again, its log says why the worker ends."),
        )


def _tasks() -> Iterator[Finding]:
    now = clock.now()
    waiting = DBTaskResult.objects.filter(status="READY", enqueued_at__lt=now - TASK_WAITS_AT_MOST)
    if count := waiting.exclude(run_after__gt=now).count():
        yield Finding(
            "tasks-wait",
            ngettext(
                "%(count)d background task has waited for more than ten minutes.",
                "%(count)d background tasks have waited for more than ten minutes.",
                count,
            )
            % {"count": count},
            _("No worker runs, or it has more to do than it can."),
            _("See that headway serve runs; on PostgreSQL start more with headway worker."),
        )
    if count := DBTaskResult.objects.filter(status="RUNNING", started_at__lt=now - TASK_RUNS_AT_MOST).count():
        yield Finding(
            "tasks-stuck",
            ngettext(
                "%(count)d background task has been running for more than six hours.",
                "%(count)d background tasks have been running for more than six hours.",
                count,
            )
            % {"count": count},
            _("Its worker was most likely killed in the middle of it; nothing takes it up again."),
            _("Start what it was to do (an import, for instance) once more."),
        )
    if count := DBTaskResult.objects.filter(status="FAILED", finished_at__gt=now - dt.timedelta(days=1)).count():
        yield Finding(
            "tasks-failed",
            ngettext(
                "%(count)d background task failed within a day.",
                "%(count)d background tasks failed within a day.",
                count,
            )
            % {"count": count},
            _("What somebody asked for was not done."),
            _("The log of that time says why: look for logger headway.tasks, level ERROR."),
            is_advice=True,
        )


def _static() -> Iterator[Finding]:
    root = Path(settings.STATIC_ROOT)
    if not root.exists() or settings.DEBUG:  # not started yet; served as they lie
        return
    try:
        named = json.loads((root / "staticfiles.json").read_text())["paths"].values()
        missing = [name for name in named if not (root / name).exists()]
    except (OSError, ValueError, KeyError):
        missing = ["staticfiles.json"]
    if missing:
        yield Finding(
            "static-files-missing",
            _("Prepared static files are missing: %(name)s.") % {"name": missing[0]},
            _("Pages come without style or script."),
            _("Delete %(folder)s and start Headway again: it prepares them anew.") % {"folder": root},
        )


def _refusals() -> Iterator[Finding]:
    counted = {
        dict(labels).get("reason"): int(count)
        for (name, labels), count in processes.figures().counters.items()
        if name == "headway_requests_refused_total"
    }
    if count := counted.get("without_tls", 0):
        yield Finding(
            "proxy-says-no-tls",
            ngettext(
                "HEADWAY_TLS is on, and %(count)d request came without X-Forwarded-Proto: https from a trusted proxy.",
                "HEADWAY_TLS is on, and %(count)d requests came without X-Forwarded-Proto: https from a trusted proxy.",
                count,
            )
            % {"count": count},
            _("Browsers then do not send the session back, and nobody can sign in."),
            _("Let the proxy set the header, name its address in HEADWAY_PROXIES, and close the port to others."),
            is_advice=True,
        )
    if count := counted.get("host", 0):
        yield Finding(
            "unknown-hosts",
            ngettext(
                "%(count)d request came for a host that HEADWAY_HOSTS does not name.",
                "%(count)d requests came for a host that HEADWAY_HOSTS does not name.",
                count,
            )
            % {"count": count},
            _("Such requests are refused. Some come from machines that try addresses; people may be among them."),
            _("Where people use another name, add it to HEADWAY_HOSTS; let the proxy pass the Host header on."),
            is_advice=True,
        )
    if count := counted.get("origin", 0):
        yield Finding(
            "unknown-origins",
            ngettext(
                "%(count)d form was refused, as it came from an origin that is not ours.",
                "%(count)d forms were refused, as they came from an origin that is not ours.",
                count,
            )
            % {"count": count},
            _("Behind a proxy that changes the Host header or the scheme, people cannot sign in or save."),
            _("Let the proxy pass Host and X-Forwarded-Proto on, or name its origin in HEADWAY_ORIGINS."),
            is_advice=True,
        )


# What it holds


def _backups() -> Iterator[Finding]:
    if not Organisation.objects.filter(is_demonstration=False).exists():
        return
    daily = Daily.objects.first()
    if daily is None or not daily.is_on:
        yield Finding(
            "no-daily-backup",
            _("Headway makes no daily backup by itself."),
            _("When the disk breaks, everything since the last copy is lost."),
            _("Turn it on in Settings, or run headway backup every day and keep the file on another machine."),
            is_advice=True,
        )
    elif daily.error:
        yield Finding(
            "backup-failed",
            _("The last daily backup failed: %(reason)s") % {"reason": daily.error.partition("\n")[0]},
            _("When the disk breaks, everything since the last copy is lost."),
            _("Mend what it names, then run headway backup once by hand."),
        )
    elif daily.made_at is None or clock.now() - daily.made_at > OLDEST_BACKUP:
        yield Finding(
            "backup-is-old",
            _("The daily backup is on, and none was made within two days."),
            _("When the disk breaks, everything since the last copy is lost."),
            _("See that a worker runs (headway serve keeps one), and run headway backup once by hand."),
            is_advice=daily.made_at is None,
        )


def _organisations() -> Iterator[Finding]:
    administered = Membership.objects.filter(is_administrator=True, deactivated_at=None, person__is_active=True).values(
        "organisation_id"
    )
    without = Organisation.objects.filter(is_demonstration=False).exclude(pk__in=administered)
    if count := without.count():
        yield Finding(
            "no-administrator",
            ngettext(
                "%(count)d organisation has no administrator who can sign in (id %(ids)s).",
                "%(count)d organisations have no administrator who can sign in (ids %(ids)s).",
                count,
            )
            % {"count": count, "ids": ", ".join(str(key) for key in without.values_list("pk", flat=True)[:10])},
            _("Nobody can add people or change its settings."),
            _("headway administrator ana@example.org makes one and prints a link to a password."),
        )
    for organisation in Organisation.objects.only("pk", "time_zone"):
        try:
            zoneinfo.ZoneInfo(organisation.time_zone)
        except (zoneinfo.ZoneInfoNotFoundError, ValueError):
            yield Finding(
                "time-zone-unknown",
                _("Organisation %(id)d is in the time zone %(zone)s, which this machine does not know.")
                % {"id": organisation.pk, "zone": organisation.time_zone},
                _("Its pages cannot be shown."),
                _("Install the system's package tzdata, or: pip install tzdata."),
            )


def _one(query: str) -> Any:
    return _all(query)[0][0]


def _all(query: str) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(query)
        return list(cursor.fetchall())
