"""`headway serve`: one process, one port; migrates, serves, starts a worker where there is work, and stops cleanly.

The worker is a child of this process with a pipe between them: where this process dies, however it dies, the pipe
closes and the worker ends too. It ends as well when it had nothing to do for a minute: a quiet installation is one
process.
"""

import ctypes
import gc
import hashlib
import logging
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import django
import uvicorn
from django.apps import apps
from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command
from django.db import OperationalError, connection
from django.db.migrations.executor import MigrationExecutor
from django.urls import get_resolver, get_script_prefix, reverse
from django.utils.translation import gettext as _

from headway.lib import logs
from headway.operations import processes, safety

if TYPE_CHECKING:
    from django_tasks_db.management.commands.db_worker import Worker

log = logging.getLogger("headway.serve")

# A stop takes less than five seconds: whoever asked for it (a service manager, a container) kills after ten.
REQUESTS_MAY_TAKE = 3
TASK_MAY_TAKE = 2.5
STOPPED_AFTER = 4.5

LOOKS_FOR_WORK_EVERY = 0.5  # [s]
WORKER_STAYS = 60  # [s] with nothing to do

# What is written belongs to this account and its group.
NOT_FOR_OTHERS = 0o027

_MIGRATION_LOCK = 0x48574D


class CannotServe(Exception):
    """The programme cannot start; the message tells a person why and what to do."""


# What a command calls


def serve(
    *,
    host: str = "127.0.0.1",
    port: int = 8000,
    greet: Callable[[str], Iterable[str]] | None = None,
    say: Callable[[str], None] = print,
) -> None:
    """Serve until SIGTERM or SIGINT, then let requests under way finish and return.

    `greet` is called with the address once the database is up to date and before the first request; it returns the
    lines to print (first_steps() without one). Raises CannotServe.
    """
    refuse_what_is_unsafe(host)
    _on_stop(_end)  # from the first moment on; uvicorn takes them over and raises them again when it has stopped
    with _listening(host, port) as listener:
        address = _address(host, listener.getsockname()[1])
        prepare()
        for line in (greet or first_steps)(address):
            say(line)
        _serve_until_stopped(listener)


def refuse_what_is_unsafe(host: str | None = None) -> None:
    """Raise CannotServe where a setting is unsafe or contradicts another; log what is only doubtful."""
    found = safety.problems(os.environ, host=host)
    for problem in found:
        if not problem.is_refused:
            log.warning("%s", problem)
    if refused := [str(problem) for problem in found if problem.is_refused]:
        raise CannotServe("\n".join(refused))


def prepare() -> None:
    """Bring data folder, database and static files to the state that this version needs. Raises CannotServe."""
    _check_folder(settings.DATA_DIR)
    _close_folder(settings.DATA_DIR)
    try:
        migrate()
    except OperationalError as error:
        where = connection.settings_dict["NAME"]
        raise CannotServe(
            _("The database %(where)s cannot be used: %(error)s") % {"where": where, "error": str(error).strip()}
        ) from error
    if not settings.DEBUG:
        _collect_static()


def migrate() -> None:
    """Bring the database to this version; of several processes that start at once, one does it.

    Raises CannotServe where a newer version has written the database: this one would misread it.
    """
    with _alone():
        executor = MigrationExecutor(connection)
        ours = {config.label for config in apps.get_app_configs() if config.name.startswith("headway.")}
        known = executor.loader.disk_migrations
        newer = sorted(key for key in executor.loader.applied_migrations if key[0] in ours and key not in known)
        if newer:
            raise CannotServe(
                _(
                    "A newer version of Headway has written this database (%(migration)s). "
                    "Install that version again, or restore a backup made by this one."
                )
                % {"migration": ".".join(newer[-1])}
            )
        if executor.migration_plan(executor.loader.graph.leaf_nodes()):
            call_command("migrate", interactive=False, verbosity=0)


def first_steps(address: str) -> Iterator[str]:
    """Say where to go; while there is no administrator, with a link that makes one and works once."""
    from headway.people.actions import issue_setup_link

    yield _("Headway is at %(address)s") % {"address": address + get_script_prefix()}
    token = issue_setup_link()
    if token:
        yield _("Create the first administrator (this link works once):")
        yield "  " + address + reverse("setup", args=[token])


def work(*, supervised: bool = False) -> None:
    """Run background tasks until SIGTERM or SIGINT; the task under way finishes.

    A `supervised` worker also ends when it had nothing to do for a while, and when its standard input closes, that is,
    when its parent is gone.
    """
    from django.utils.crypto import get_random_string
    from django_tasks_db.management.commands.db_worker import Worker

    from headway.schedule import jobs

    refuse_what_is_unsafe()
    logs.log_what_nobody_caught()
    os.umask(NOT_FOR_OTHERS)
    logging.getLogger("django_tasks_db").setLevel(logging.ERROR)  # a stop is no warning
    process = processes.enter(processes.WORKER)
    stop = threading.Event()
    worker = Worker(
        queue_names=["*"],
        excluded_queue_names=[],
        interval=0.5,
        batch=False,
        backend_name="default",
        startup_delay=False,
        max_tasks=None,
        worker_id=get_random_string(32),
    )
    worker.configure_signals()
    if supervised:  # the server looks at the schedule
        threading.Thread(target=_end_with_parent, daemon=True).start()
        beside = threading.Thread(target=_end_when_idle, args=[worker, stop], name="idle", daemon=True)
    else:
        beside = threading.Thread(target=jobs.keep_ticking, args=[stop], name="schedule", daemon=True)
    beside.start()
    try:
        worker.run()
    finally:
        stop.set()
        beside.join(TASK_MAY_TAKE)
        process.leave()


# Before the first request


@contextmanager
def _listening(host: str, port: int) -> Iterator[socket.socket]:
    """Take the port first: what cannot be served need not be migrated."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.create_server((host, port), family=family, backlog=512)
    except OSError as error:
        reason = (error.strerror or "").partition(" (while")[0]  # Python adds the address, which we say ourselves
        raise CannotServe(
            _("Port %(port)d at %(host)s cannot be used (%(reason)s). Choose another: --port %(other)d")
            % {"port": port, "host": host, "reason": reason, "other": port + 1}
        ) from error
    with listener:
        yield listener


def _address(host: str, port: int) -> str:
    shown = {"0.0.0.0": "localhost", "::": "localhost"}.get(host, f"[{host}]" if ":" in host else host)
    return f"http://{shown}:{port}"


def _check_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise CannotServe(
            _(
                "The data folder %(folder)s cannot be written (%(reason)s). "
                "Make it writable, or name another in HEADWAY_DATA."
            )
            % {"folder": folder, "reason": error.strerror}
        ) from error


def _close_folder(folder: Path) -> None:
    """Take other accounts' rights on the data folder away, and give none to what is written from now on."""
    os.umask(NOT_FOR_OTHERS)
    if still_open := safety.close_files(folder):
        raise CannotServe(
            _(
                "Other accounts of this machine can read %(files)s, and that cannot be changed from here. "
                "Make them private (chmod o-rwx), or name a data folder on a file system that keeps rights."
            )
            % {"files": ", ".join(map(str, still_open))}
        )


@contextmanager
def _alone() -> Iterator[None]:
    """Hold off other processes of ours on PostgreSQL; on SQLite each migration takes the write lock anyway."""
    if connection.vendor != "postgresql":
        yield
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [_MIGRATION_LOCK])
        try:
            yield
        finally:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [_MIGRATION_LOCK])


def _collect_static() -> None:
    """Copy and hash the static files, unless they are those of the last start (hashing takes a second)."""
    stamp = Path(settings.STATIC_ROOT) / ".collected"
    state = _static_state()
    if stamp.exists() and stamp.read_text() == state:
        return
    call_command("collectstatic", interactive=False, verbosity=0)
    stamp.write_text(state)


def _static_state() -> str:
    files = [
        (path, storage.size(path), storage.get_modified_time(path).timestamp())
        for finder in get_finders()
        for path, storage in finder.list([])
    ]
    return hashlib.sha256(repr(sorted(files)).encode()).hexdigest()


# While it serves


class Child:
    """A command that runs when it is needed, by default always; one that fails is started again, ever more slowly.

    `is_needed` is asked again and again while the command does not run; it may end by itself, with exit code 0.
    """

    def __init__(
        self,
        command: Sequence[str],
        *,
        is_needed: Callable[[], bool] = lambda: True,
        first_wait: float = 1,
        longest_wait: float = 60,
    ) -> None:
        self._command = command
        self._is_needed = is_needed
        self._first_wait = first_wait
        self._longest_wait = longest_wait
        self._process: subprocess.Popen[bytes] | None = None
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._keeper = threading.Thread(target=self._keep, name="keeper", daemon=True)
        self._stopper = threading.Thread(target=self._stop, name="stopper", daemon=True)

    def start(self) -> None:
        """Start the command and return."""
        self._keeper.start()

    def begin_stop(self) -> None:
        """Ask the command to end and return; asked harder after TASK_MAY_TAKE seconds, killed soon after."""
        if not self._stopping.is_set():
            self._stopping.set()
            self._stopper.start()

    def wait(self) -> None:
        """Return when the command has ended after begin_stop()."""
        self._stopper.join()

    def _keep(self) -> None:
        wait = self._first_wait
        if not self._wait_for_need():
            return
        while True:
            started = time.monotonic()
            with self._lock:
                if self._stopping.is_set():
                    return
                # A session of its own: Ctrl+C in a terminal reaches this process only, which then stops the child.
                self._process = subprocess.Popen(self._command, stdin=subprocess.PIPE, start_new_session=True)
            code = self._process.wait()
            if self._stopping.is_set():
                return
            # One that failed may have left something undone: it starts again, needed or not.
            if code == 0 and not self._is_needed():
                wait = self._first_wait
                if not self._wait_for_need():
                    return
                continue
            if time.monotonic() - started > self._longest_wait:
                wait = self._first_wait
            log.warning("the worker ended with exit code %s; it starts again in %g s", code, wait)
            if self._stopping.wait(wait):
                return
            wait = min(2 * wait, self._longest_wait)

    def _wait_for_need(self) -> bool:
        """Return True when the command is needed, False when it is to stop."""
        while not self._is_needed():
            if self._stopping.wait(LOOKS_FOR_WORK_EVERY):
                return False
        return True

    def _stop(self) -> None:
        with self._lock:
            process = self._process
        if process is None:
            return
        # The second SIGTERM breaks the task off, which is then written down as failed.
        for ask, patience in [(process.terminate, TASK_MAY_TAKE), (process.terminate, 1), (process.kill, 1)]:
            ask()
            try:
                process.wait(patience)
                return
            except subprocess.TimeoutExpired:
                log.warning("the worker takes long to end")


class _Server(uvicorn.Server):
    """uvicorn, with the worker stopping beside the requests and an end to all patience."""

    def __init__(self, config: uvicorn.Config, worker: Child) -> None:
        super().__init__(config)
        self._worker = worker

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        from headway.asgi import streams

        self._worker.begin_stop()
        end = threading.Timer(STOPPED_AFTER, _break_off)
        end.daemon = True
        end.start()
        await streams.close()
        await super().shutdown(sockets)


def _serve_until_stopped(listener: socket.socket) -> None:
    _share_heap()
    from headway.asgi import application
    from headway.schedule import jobs

    get_resolver().url_patterns  # noqa: B018  (loads all pages now, and not in the first request)
    # What is loaded by now stays: nobody need look through it for garbage.
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)
    standby = processes.Standby(processes.WORKER)

    def is_worker_needed() -> bool:
        standby.show()
        return jobs.is_anything_to_do()

    worker = Child([sys.executable, "-m", "headway.serve"], is_needed=is_worker_needed)
    stop = threading.Event()
    schedule = threading.Thread(target=jobs.keep_ticking, args=[stop], name="schedule", daemon=True)
    config = uvicorn.Config(
        application,
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=REQUESTS_MAY_TAKE,
        forwarded_allow_ips=settings.PROXIES,
    )
    logs.log_what_nobody_caught()
    process = processes.enter(processes.SERVER)
    worker.start()
    schedule.start()
    try:
        _Server(config, worker).run(sockets=[listener])
    finally:
        _on_stop(_already_stopping)
        stop.set()
        process.leave()
        worker.begin_stop()
        worker.wait()
        standby.leave()


def _share_heap() -> None:
    """Let all threads take memory from two heaps: with one each, as by default, much of each lies empty.

    NumPy, which is not loaded yet, shares no sums among threads: ours are small, and each thread would hold memory.
    """
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    arenas = -8  # M_ARENA_MAX of malloc.h
    with suppress(AttributeError, OSError):  # another library than that of GNU has no such setting
        ctypes.CDLL(None).mallopt(arenas, 2)


def _on_stop(handler: Callable[[int, object], None]) -> None:
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, handler)


def _end(number: int, frame: object) -> None:
    """Leave at once; what is open is closed on the way out."""
    raise SystemExit(0)


def _already_stopping(number: int, frame: object) -> None:
    """Take a signal and do nothing."""


def _break_off() -> None:
    """End now: a thread that still answers a request would hold the process. Nothing acknowledged is lost."""
    log.warning("requests were still under way; they were broken off")
    logging.shutdown()
    os._exit(0)


def _end_when_idle(worker: "Worker", stop: threading.Event) -> None:
    """Let the worker end after WORKER_STAYS seconds without a task."""
    busy_at, done = time.monotonic(), 0
    while worker.running and not stop.wait(1):
        if worker.running_task or worker._run_tasks != done:
            busy_at, done = time.monotonic(), worker._run_tasks
        elif time.monotonic() - busy_at > WORKER_STAYS:
            worker.running = False


def _end_with_parent() -> None:
    while os.read(0, 1024):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(STOPPED_AFTER)
    os._exit(1)


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "headway.settings")
    django.setup()
    work(supervised=True)
