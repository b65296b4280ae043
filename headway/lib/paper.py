"""PDF by typst, in a process of its own: the memory that a page takes is given back, and a bad one harms nobody."""

import json
import subprocess
import sys
from threading import BoundedSemaphore
from typing import Any

SECONDS = 20
"""A page takes a fifth of a second; what takes this long is stopped."""
WAIT_SECONDS = 10
AT_ONCE = 1

# Limits of its own: half a minute of processor and 1 GB, where the system knows such limits.
_CHILD = """
import sys, json
try:
    import resource
    resource.setrlimit(resource.RLIMIT_CPU, (30, 30))
    resource.setrlimit(resource.RLIMIT_AS, (2**30, 2**30))
except (ImportError, OSError, ValueError):
    pass
import typst
given = json.load(sys.stdin.buffer)
made = typst.compile(given["source"].encode(), format="pdf", sys_inputs={"data": given["data"]})
sys.stdout.buffer.write(made)
"""

_turns = BoundedSemaphore(AT_ONCE)


class Busy(Exception):
    """Others are printing: try again in a moment."""


class CannotPrint(Exception):
    """The page could not be set; the message is for whoever runs the program."""


def pdf(source: str, data: Any) -> bytes:
    """Return a PDF of a typst document that reads ``json(bytes(sys.inputs.data))``.

    What people wrote belongs into `data`, never into `source`. Raises Busy where others print for long, CannotPrint.
    """
    if not _turns.acquire(timeout=WAIT_SECONDS):
        raise Busy
    try:
        done = subprocess.run(
            [sys.executable, "-I", "-c", _CHILD],
            input=json.dumps({"source": source, "data": json.dumps(data)}).encode(),
            capture_output=True,
            timeout=SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise CannotPrint(f"stopped after {SECONDS} seconds") from error
    finally:
        _turns.release()
    if done.returncode != 0 or not done.stdout.startswith(b"%PDF"):
        raise CannotPrint(done.stderr.decode(errors="replace").strip()[-2000:])
    return done.stdout
