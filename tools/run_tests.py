"""Every test: all of them on SQLite, then all but the browser's journeys on PostgreSQL.

Ends with one line for both runs, `N passed, N failed`. Arguments go to pytest.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from xml.etree import ElementTree

import postgres

#: What the tests need of the system: how it may be called, and its package where that is called otherwise.
NEEDED = {
    "CHROMIUM": ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable"),
    "NGINX": ("nginx", "/usr/sbin/nginx"),
    "NODE": ("node", "nodejs"),  # runs the OpenID Connect provider of tests/oidc
}
INSTALLERS = (
    ("apt-get", "apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -y -q {package}"),
    ("dnf", "dnf install -y -q {package}"),
    ("apk", "apk add --no-progress {package}"),
    ("pacman", "pacman -Sy --noconfirm {package}"),
    ("brew", "brew install {package}"),
)
PACKAGES = {
    ("CHROMIUM", "brew"): "--cask chromium",
    ("NGINX", "apt-get"): "nginx-light",
    **{("NODE", installer): "nodejs npm" for installer in ("apt-get", "dnf", "apk", "pacman")},
}


def needed(variable: str) -> str:
    """Return the path of a program; install the system's package where it is missing; exit where that fails."""
    if path := _installed(variable):
        return path
    name = variable.lower()
    for program, template in INSTALLERS:
        if shutil.which(program):
            command = template.format(package=PACKAGES.get((variable, program), name))
            if program != "brew" and os.geteuid() != 0:
                command = f"sudo -n sh -c '{command}'"
            print(f"No {name} found; installing it: {command}", flush=True)
            subprocess.run(command, shell=True, check=False, stdout=sys.stderr)
            break
    if path := _installed(variable):
        return path
    sys.exit(
        f"The tests need {name}, and it could be neither found nor installed.\n"
        f"Install it, or name it: {variable}=/path/to/{name} make test"
    )


def _installed(variable: str) -> str | None:
    named = os.environ.get(variable)
    if named and not shutil.which(named):
        sys.exit(f"{variable} is {named!r}, and there is no such program.")
    return shutil.which(named) if named else next(filter(None, map(shutil.which, NEEDED[variable])), None)


def run(title: str, arguments: list[str], environment: dict[str, str]) -> tuple[Counter[str], bool]:
    """Run pytest once. Return its counts, and whether it went well."""
    print(f"\n── {title}", flush=True)
    with tempfile.TemporaryDirectory(prefix="headway-tests-") as folder:
        report = Path(folder) / "report.xml"
        processes = str(min(4, os.cpu_count() or 1))
        command = [sys.executable, "-m", "pytest", "-q", "-n", processes, "--dist", "worksteal", f"--junitxml={report}"]
        done = subprocess.run([*command, *arguments], env={**os.environ, **environment}, check=False)
        counts: Counter[str] = Counter()
        if report.exists():
            for suite in ElementTree.parse(report).iter("testsuite"):
                counts.update({name: int(suite.get(name, 0)) for name in ("tests", "failures", "errors", "skipped")})
    failed = counts["failures"] + counts["errors"]
    if done.returncode and not failed:  # it broke off before it could count
        failed = 1
    passed = max(0, counts["tests"] - failed - counts["skipped"])
    return Counter(passed=passed, failed=failed, skipped=counts["skipped"]), done.returncode == 0


def main() -> int:
    """Run both; return 0 only if both went well."""
    started = time.monotonic()
    programs = {variable: needed(variable) for variable in NEEDED}
    given = sys.argv[1:]
    sqlite, sqlite_is_good = run("SQLite", given, {**programs, "DATABASE_URL": ""})
    with postgres.server() as url:
        chosen = [*given, "-m", "not e2e"]
        postgresql, postgresql_is_good = run("PostgreSQL", chosen, {**programs, "DATABASE_URL": url})
    both = sqlite + postgresql
    print(f"\nSQLite: {_told(sqlite)}. PostgreSQL: {_told(postgresql)}. {time.monotonic() - started:.0f} s.")
    print(f"{both['passed']} passed, {both['failed']} failed", flush=True)
    return 0 if sqlite_is_good and postgresql_is_good else 1


def _told(counts: Counter[str]) -> str:
    return ", ".join(f"{counts[name]} {name}" for name in ("passed", "failed", "skipped"))


if __name__ == "__main__":
    sys.exit(main())
