"""What the worker does, in the log and in the figures."""

import logging
import threading
import time
from typing import Any

from django_tasks.signals import task_finished, task_started

from headway.lib.logs import request_id
from headway.lib.metrics import REGISTRY

log = logging.getLogger("headway.tasks")
_begun = threading.local()


def watch() -> None:
    """Log each task as it ends, and count it."""
    task_started.connect(_started, dispatch_uid="headway.operations")
    task_finished.connect(_finished, dispatch_uid="headway.operations")


def _started(*, task_result: Any, **_signal: Any) -> None:
    _begun.at = time.perf_counter()
    request_id.set(str(task_result.id))


def _finished(*, task_result: Any, **_signal: Any) -> None:
    seconds = time.perf_counter() - getattr(_begun, "at", time.perf_counter())
    name = str(task_result.task.module_path)
    status = str(task_result.status).lower()
    has_failed = status == "failed"
    REGISTRY.observe("headway_task_seconds", seconds, (("task", name), ("status", status)))
    facts = {"task": name, "status": status, "ms": round(1000 * seconds, 1)}
    # The worker sends this signal while it handles the exception.
    log.log(
        logging.ERROR if has_failed else logging.INFO, "task %s", status, exc_info=has_failed, extra={"facts": facts}
    )
    request_id.set("")
