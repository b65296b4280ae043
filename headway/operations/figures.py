"""The figures of the installation for Prometheus: those of all processes, and a few asked of the database.

They count requests, tasks and bytes; no name, no address, nobody's work.
"""

from pathlib import Path
from typing import Any

from django.db import DatabaseError, connection
from django.db.models import Count, Max
from django_tasks_db.models import DBTaskResult

from headway.lib.metrics import exposition
from headway.live.models import Change

from . import processes

HELP = {
    "headway_request_seconds": "Time to the answer of a request, by route, method and status",
    "headway_requests_refused_total": "Requests that were refused before a page saw them, by reason",
    "headway_task_seconds": "Time that a background task took, by task and status",
    "headway_streams_open": "Live streams that are open",
    "headway_changes_total": "Changes recorded since the installation began",
    "headway_tasks": "Background tasks in the database, by status",
    "headway_database_bytes": "Size of the database",
    "headway_database_up": "1 where the database answers",
    "headway_process_memory_bytes": "Resident memory, by kind of process",
    "headway_processes": "Processes seen alive within the last minute, by kind",
    "headway_log_lines_dropped_total": "Log lines that nobody read in time",
}


def exposed() -> str:
    """Return all figures as text. Where the database does not answer, its figures are missing and `up` is 0."""
    snapshot = processes.figures()
    for kind in (processes.SERVER, processes.WORKER):
        alive = sum(process.is_alive for process in processes.seen(kind))
        snapshot.gauges["headway_processes", (("process", kind),)] = alive
    up = ("headway_database_up", ())
    try:
        snapshot.counters["headway_changes_total", ()] = Change.objects.aggregate(last=Max("id"))["last"] or 0
        for status, count in _tasks():
            snapshot.gauges["headway_tasks", (("status", status.lower()),)] = count
        snapshot.gauges["headway_database_bytes", ()] = database_bytes()
        snapshot.gauges[up] = 1
    except DatabaseError:
        snapshot.gauges[up] = 0
    return exposition(snapshot, HELP)


def database_bytes() -> int:
    """Return the size of the database, its write-ahead log included [bytes]."""
    if connection.vendor == "sqlite":
        path = Path(str(connection.settings_dict["NAME"]))
        return sum(file.stat().st_size for file in path.parent.glob(f"{path.name}*") if file.is_file())
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_database_size(current_database())")
        return int(cursor.fetchone()[0])


def _tasks() -> list[tuple[str, int]]:
    counted: dict[str, Any] = dict(
        DBTaskResult.objects.order_by().values_list("status").annotate(count=Count("pk")).values_list("status", "count")
    )
    return [(status, counted.get(status, 0)) for status in ("READY", "RUNNING", "FAILED", "SUCCESSFUL")]
