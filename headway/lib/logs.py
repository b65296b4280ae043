"""What is logged, and how: JSON lines for machines, plain lines for a terminal, and no personal data in either.

Our own messages hold none by rule. Those of libraries are written without their arguments (an address with a token, a
host that somebody made up), and an exception with its kind and place; its text only where no row's content can stand
in it. Lines are written by a thread of their own: a reader that does not read must not hold a request.
"""

import datetime as dt
import json
import logging
import queue
import sys
import threading
import time
import traceback
from contextvars import ContextVar
from pathlib import Path
from types import TracebackType
from typing import Any

from .metrics import REGISTRY

#: The id of the request (or task) under way, "" outside of one.
request_id: ContextVar[str] = ContextVar("request_id", default="")

#: Exceptions whose text tells of the machine or of the code, never of what people wrote.
_OPEN_KINDS = frozenset(
    {
        "OperationalError",
        "ImproperlyConfigured",
        "ImportError",
        "ModuleNotFoundError",
        "AttributeError",
        "NameError",
        "TypeError",
        "UndefinedError",
        "TemplateNotFound",
        "TemplateDoesNotExist",
        "TemplateSyntaxError",
        "NoReverseMatch",
        "MemoryError",
        "RecursionError",
        "TimeoutError",
        "CannotServe",
    }
)
_OWN = "headway"
_ROOT = str(Path(__file__).resolve().parents[2]) + "/"
_LONGEST_QUEUE = 10_000
_GATHERED_FOR = 0.05  # seconds: so many lines go out in one write


class JsonLines(logging.Formatter):
    """One JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        return json.dumps(facts_of(record), ensure_ascii=False, default=str)


class PlainLines(logging.Formatter):
    """One line for a person at a terminal; an exception below it."""

    def format(self, record: logging.LogRecord) -> str:
        facts = facts_of(record)
        time_of_day = facts.pop("time")[11:19]
        line = f"{time_of_day} {facts.pop('level'):<7} {facts.pop('logger')}: {facts.pop('message')}"
        trace = facts.pop("trace", [])
        rest = " ".join(f"{name}={value}" for name, value in facts.items())
        return "\n".join([f"{line} ({rest})" if rest else line, *(f"    {place}" for place in trace)])


def facts_of(record: logging.LogRecord) -> dict[str, Any]:
    """Return what is written of a record, in order: time, level, logger, message, request, the facts, the error."""
    facts: dict[str, Any] = {
        "time": dt.datetime.fromtimestamp(record.created, dt.UTC).isoformat(timespec="milliseconds"),
        "level": record.levelname,
        "logger": record.name,
        "message": _message(record),
    }
    if name := request_id.get():
        facts["request"] = name
    facts |= record.__dict__.get("facts", {})
    if record.exc_info and record.exc_info[1]:
        facts |= _error(record.exc_info[1])
    return facts


def _message(record: logging.LogRecord) -> str:
    if record.name == _OWN or record.name.startswith(_OWN + "."):
        return record.getMessage()
    if status := getattr(record, "status_code", None):  # django.request, which names the address
        return f"answered {status}"
    return str(record.msg)


def _error(error: BaseException) -> dict[str, Any]:
    kinds = [kind.__name__ for kind in type(error).__mro__]
    told: dict[str, Any] = {"error": kinds[0]}
    if isinstance(error, OSError):
        told["reason"] = error.strerror or ""
    elif not _OPEN_KINDS.isdisjoint(kinds):
        told["reason"] = str(error).partition("\n")[0]
    told["trace"] = _places(error.__traceback__)
    if cause := (error.__cause__ or (None if error.__suppress_context__ else error.__context__)):
        told["cause"] = {name: value for name, value in _error(cause).items() if name != "cause"}
    return told


def _places(trace: TracebackType | None) -> list[str]:
    """Return file, line and function of each step, outermost first; of code, never of values."""
    return [
        f"{frame.filename.removeprefix(_ROOT)}:{frame.lineno} {frame.name}"
        for frame in traceback.StackSummary.extract(traceback.walk_tb(trace), lookup_lines=False)
    ]


class Lines(logging.Handler):
    """Write to standard error from a thread of its own; drop and count where nobody reads."""

    def __init__(self) -> None:
        super().__init__()
        self._waiting: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._given = self._written = 0
        self._writer: threading.Thread | None = None

    def emit(self, record: logging.LogRecord) -> None:
        try:
            line = self.format(record)
        except Exception:
            self.handleError(record)
            return
        if self._waiting.qsize() >= _LONGEST_QUEUE:
            REGISTRY.count("headway_log_lines_dropped_total")
            return
        self._given += 1  # logging holds this handler's lock
        self._waiting.put(line)
        if self._writer is None:
            self._writer = threading.Thread(target=self._keep_writing, name="log", daemon=True)
            self._writer.start()
        if record.levelno >= logging.ERROR:
            self.flush()

    def flush(self) -> None:
        """Return when everything is written, after one second at the latest."""
        deadline = time.monotonic() + 1
        while self._written < self._given and time.monotonic() < deadline:
            time.sleep(0.002)

    def _keep_writing(self) -> None:
        while True:
            lines = [self._waiting.get()]
            time.sleep(_GATHERED_FOR)
            while not self._waiting.empty():
                lines.append(self._waiting.get())
            try:
                sys.stderr.write("\n".join(lines) + "\n")
                sys.stderr.flush()
            except (OSError, ValueError):  # closed: there is nobody to tell
                REGISTRY.count("headway_log_lines_dropped_total", len(lines))
            self._written += len(lines)


def log_what_nobody_caught() -> None:
    """Write an exception that ends a thread or the programme as a log line, without its values."""
    log = logging.getLogger(_OWN)

    def note(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if issubclass(kind, KeyboardInterrupt):
            return
        log.critical("ended by an error that nobody caught", exc_info=(kind, error, trace))

    sys.excepthook = note
    threading.excepthook = lambda args: (
        note(args.exc_type, args.exc_value, args.exc_traceback) if args.exc_value is not None else None
    )
