"""The processes of this installation on this machine: which are alive, and what each has counted.

Each writes its figures to a small file in the data folder every few seconds and again before it is asked. A file that
nobody has touched for a minute belongs to a process that is gone: what it counted is added to `past.json`, so that
sums never fall.
"""

import contextlib
import fcntl
import json
import os
import resource
import secrets
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

from headway.lib.metrics import REGISTRY, Snapshot, merged

WRITES_EVERY = 10  # seconds
GONE_AFTER = 60  # seconds without a sign of life

SERVER, WORKER = "serve", "worker"
_STANDBY = "-standby-"


@dataclass(frozen=True)
class Seen:
    """A process as its file shows it; `ago` seconds since its last sign of life."""

    kind: str
    ago: float

    @property
    def is_alive(self) -> bool:
        return self.ago < GONE_AFTER


class Process:
    """This process: shows that it is alive until leave()."""

    def __init__(self, kind: str) -> None:
        self._kind = kind
        self._path = _folder() / f"{kind}-{secrets.token_hex(6)}.json"
        self._has_written = False
        self._leaving = threading.Event()
        self._lock = threading.Lock()
        self._writer = threading.Thread(target=self._keep_writing, name="figures", daemon=True)

    def enter(self) -> None:
        """Show that it is alive from now on."""
        REGISTRY.ask("headway_process_memory_bytes", memory_bytes, (("process", self._kind),))
        self.write()
        self._writer.start()

    def write(self) -> None:
        """Write the figures down. Says nothing where the folder cannot be written: readiness does."""
        with self._lock, contextlib.suppress(OSError):
            if self._has_written and not self._path.exists():
                REGISTRY.forget()  # taken for dead, for instance after a sleep of the machine: already added up
            document = {"kind": self._kind, "figures": REGISTRY.snapshot().to_json()}
            _replace(self._path, document)
            self._has_written = True

    def leave(self) -> None:
        """Add what was counted to the past and go."""
        self._leaving.set()
        self.write()
        with self._lock, contextlib.suppress(OSError), _locked():
            _bury(self._path)

    def _keep_writing(self) -> None:
        while not self._leaving.wait(WRITES_EVERY):
            self.write()


class Standby:
    """A process of a kind that is not running and is started as soon as there is something to do."""

    def __init__(self, kind: str) -> None:
        self._path = _folder() / f"{kind}{_STANDBY}{secrets.token_hex(6)}.json"
        self._kind = kind

    def show(self) -> None:
        """Show that the kind is provided for; again and again, and at most every few seconds."""
        touched = _touched(self._path)
        if touched is None or time.time() - touched >= WRITES_EVERY:
            with contextlib.suppress(OSError):
                _replace(self._path, {"kind": self._kind, "figures": Snapshot().to_json()})

    def leave(self) -> None:
        """Nobody provides for it any more."""
        with contextlib.suppress(OSError):
            self._path.unlink(missing_ok=True)


_this: Process | None = None


def enter(kind: str) -> Process:
    """Make this process known as a server or a worker."""
    global _this
    _this = Process(kind)
    _this.enter()
    return _this


def seen(kind: str) -> list[Seen]:
    """Return the processes of a kind that have left a file, the liveliest first; where none is alive, who stands by."""
    now = time.time()
    found: dict[bool, list[Seen]] = {False: [], True: []}
    for path in _files(kind):
        if (at := _touched(path)) is not None:
            found[_STANDBY in path.name].append(Seen(kind, now - at))
    running, standing_by = (sorted(part, key=lambda one: one.ago) for part in found.values())
    if any(one.is_alive for one in running):
        return running
    return sorted([*running, *standing_by], key=lambda one: one.ago)


def figures() -> Snapshot:
    """Return what all processes of this machine have counted, also those that are gone."""
    if _this is not None:
        _this.write()
    with _locked():
        for path in _files():
            touched = _touched(path)
            if touched is not None and time.time() - touched >= GONE_AFTER:
                _bury(path)
        # Without a process of ours (in a test, on the command line) what is in memory stands in no file.
        parts = [REGISTRY.snapshot()] if _this is None else []
        return merged([*parts, *(snapshot for path in [_past(), *_files()] if (snapshot := _read(path)))])


def memory_bytes() -> float:
    """Return the resident memory of this process [bytes]."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except OSError:
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return float(peak if sys.platform == "darwin" else peak * 1024)
    return float(pages * resource.getpagesize())


def _folder() -> Path:
    return Path(settings.DATA_DIR) / "run"


def _past() -> Path:
    return _folder() / "past.json"


def _files(kind: str = "*") -> list[Path]:
    return sorted(_folder().glob(f"{kind}-*.json"))


def _touched(path: Path) -> float | None:
    try:
        return path.stat().st_mtime
    except OSError:
        return None


def _read(path: Path) -> Snapshot | None:
    try:
        return Snapshot.from_json(json.loads(path.read_text())["figures"])
    except (OSError, KeyError, TypeError, ValueError):
        return None


def _replace(path: Path, document: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_suffix(".new")
    new.write_text(json.dumps(document))
    os.replace(new, path)


def _bury(path: Path) -> None:
    """Add what a process counted to the past; its gauges end with it."""
    gone = _read(path)
    if gone is not None:
        gone.gauges.clear()
        _replace(_past(), {"figures": merged([_read(_past()) or Snapshot(), gone]).to_json()})
    path.unlink(missing_ok=True)


@contextlib.contextmanager
def _locked() -> Iterator[None]:
    _folder().mkdir(parents=True, exist_ok=True)
    with (_folder() / "lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
