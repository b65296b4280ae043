"""Every test on SQLite, then on PostgreSQL all but the browser's journeys and what touches no database.

Ends with one line for both runs, `N passed, N failed`; before it stands which journeys passed only the second time
(tests/second_try.py). Arguments go to pytest.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

import postgres

ROOT = Path(__file__).parent.parent
#: One more than there are cores: a test often waits for a browser or for a programme that it started.
PROCESSES = min(4, (os.cpu_count() or 1) + 1)
OUTCOMES = ("failed", "skipped", "passed")  # the worst first
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


@dataclass
class Outcome:
    """What one run of pytest came to; `again` names the journeys that passed only the second time."""

    passed: int
    failed: int
    skipped: int
    again: list[str]

    @property
    def told(self) -> str:
        return f"{self.passed} passed, {self.failed} failed, {self.skipped} skipped"


def run(title: str, arguments: list[str], environment: dict[str, str]) -> Outcome:
    """Run pytest once and count. A run that broke off before it could count has failed."""
    print(f"\n── {title}", flush=True)
    with tempfile.TemporaryDirectory(prefix="headway-tests-") as folder:
        report, again = Path(folder) / "report.xml", Path(folder) / "again.txt"
        command = [sys.executable, "-m", "pytest", "-q", "-n", str(PROCESSES), "--dist", "worksteal"]
        command += ["-p", "tests.second_try", f"--second-try={again}", f"--junitxml={report}"]
        done = subprocess.run([*command, *arguments], cwd=ROOT, env={**os.environ, **environment}, check=False)
        counts = _counts(report) if report.exists() else Counter()
        second = again.read_text(encoding="utf-8").splitlines() if again.exists() else []
    if done.returncode and not counts["failed"]:
        counts["failed"] = 1
    return Outcome(counts["passed"], counts["failed"], counts["skipped"], second)


def _counts(report: Path) -> Counter[str]:
    """Count each test once, by the worst that came of it: a fixture may fail after its test passed."""
    worst: dict[tuple[str, str], str] = {}
    for case in ElementTree.parse(report).iter("testcase"):
        name = (case.get("classname", ""), case.get("name", ""))
        found = {part.tag for part in case}
        outcome = "failed" if found & {"failure", "error"} else "skipped" if "skipped" in found else "passed"
        worst[name] = min(outcome, worst.get(name, outcome), key=OUTCOMES.index)
    return Counter(worst.values())


def main() -> int:
    """Run both; return 0 only if both went well."""
    started = time.monotonic()
    programs = {variable: needed(variable) for variable in NEEDED}
    given = sys.argv[1:]
    sqlite = run("SQLite", given, {**programs, "DATABASE_URL": ""})
    with postgres.server() as url:
        chosen = [*given, "-m", "not e2e", "--on-another-database"]
        postgresql = run("PostgreSQL", chosen, {**programs, "DATABASE_URL": url})
    print(
        f"\nSQLite: {sqlite.told}. PostgreSQL, without what touches no database: {postgresql.told}."
        f" {time.monotonic() - started:.0f} s."
    )
    for name in sqlite.again:
        print(f"Passed only the second time: {name}")
    failed = sqlite.failed + postgresql.failed
    print(f"{sqlite.passed + postgresql.passed} passed, {failed} failed", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
