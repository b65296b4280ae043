"""How fast a tracker's export comes in, and how much memory that takes.

    python bench/import_speed.py [FOLDER] [--rows 10000 100000] [--postgres]

Writes Jira exports of its own (FOLDER, which other programs of this folder read, is not needed), brings each in by the
real command into a data folder of its own: first all new, then the same file again, then a newer one in which every
tenth issue has changed. Prints seconds, those of computing alone (on a busy machine the others are longer), and the
highest resident memory of the command.
"""

import argparse
import csv
import os
import random
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

TOOLS = Path(__file__).resolve().parent.parent / "tools"
HEADWAY = Path(sys.executable).with_name("headway")
TARGETS = {10_000: (15.0, 300.0)}  # rows: seconds, megabytes

HEADINGS = [
    *("Summary", "Issue key", "Issue id", "Issue Type", "Status", "Project key", "Project name", "Priority"),
    *("Resolution", "Assignee", "Reporter", "Creator", "Created", "Updated", "Last Viewed", "Resolved", "Due date"),
    *("Votes", "Labels", "Labels", "Labels", "Description", "Environment", "Watchers", "Watchers"),
    *("Outward issue link (Blocks)", "Outward issue link (Relates)", "Custom field (Rank)", *["Sprint"] * 3),
    *("Custom field (Story Points)", "Custom field (Team)", "Custom field (Severity)", "Custom field (Customer)"),
    *("Comment", "Comment", "Parent", "Parent key", "Parent summary", "Status Category", "Status Category Changed"),
]
STATUSES = [("To Do", "To Do"), ("In Progress", "In Progress"), ("In Review", "In Progress"), ("Done", "Done")]
TEXT = "pay card stamp ferry ticket price harbour crew night reader label queue order refund gate season"
WORDS = TEXT.split()


def write_export(path: Path, rows: int, *, newer: bool = False) -> None:
    """Write a Jira export: the newest issue first, a parent for most, a description of some lines."""
    random.seed(7)
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(HEADINGS)
        for number in range(rows, 0, -1):
            cells = _issue(number)
            if newer and number % 10 == 0:
                cells[0] += ", changed"
                cells[13] = "21/Nov/26 8:00 AM"
            writer.writerow(cells)


def _issue(number: int) -> list[str]:
    status, category = STATUSES[min(3, random.randrange(8))]
    is_done = category == "Done"
    day = f"{number % 28 + 1:02}/{['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun'][number // 28 % 6]}/26"
    text = "\n\n".join(" ".join(random.choices(WORDS, k=30)) + ", and so on" for _ in range(3))
    parent = number // 20 * 20 + 1
    return [
        f"{random.choice(WORDS).title()} the {random.choice(WORDS)} {number}",
        *(f"BIG-{number}", str(10_000 + number), random.choice(["Story", "Bug", "Task", "Sub-task"]), status),
        *("BIG", "Big project", random.choice(["High", "Medium", "Low"]), "Done" if is_done else ""),
        *(f"Person {number % 40}", f"Person {number % 13}", f"Person {number % 13}"),
        *(f"{day} 9:{number % 60:02} AM", f"{day} 4:00 PM", "", f"{day} 3:30 PM" if is_done else "", ""),
        *("0", random.choice(WORDS), random.choice(WORDS), "", text, "", f"Person {number % 40}", ""),
        *(f"BIG-{max(1, number - 3)}" if number % 7 == 0 else "", "", f"0|i{number:06}:"),
        *(f"Sprint {number // 400 + 1}" if number % 3 else "", f"Sprint {number // 400 + 2}" if number % 9 else "", ""),
        *(str(random.choice([1, 2, 3, 5, 8])), f"Team {number % 5}", "", f"Customer {number % 300}"),
        *(f"{day} 9:00 AM;person{number % 40};{' '.join(random.choices(WORDS, k=20))}", ""),
        *((str(10_000 + parent), f"BIG-{parent}", f"Parent {parent}") if parent != number else ("", "", "")),
        *(category, f"{day} 3:30 PM"),
    ]


def timed(command: list[str], environment: dict[str, str]) -> tuple[float, float, float]:
    """Run a command; return its seconds, the seconds it computed, and its highest resident memory [MB]."""
    started = time.monotonic()
    with tempfile.TemporaryFile("w+") as out:
        process = subprocess.Popen(command, env=environment, stdout=out, stderr=subprocess.STDOUT)
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            out.seek(0)
            raise SystemExit(out.read())
    megabytes = used.ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)
    return time.monotonic() - started, used.ru_utime + used.ru_stime, megabytes


def measure(rows: int, folder: Path, database_url: str) -> bool:
    """Bring an export of so many rows in three times; say whether it kept its target."""
    environment = {**os.environ, "HEADWAY_DATA": str(folder / f"data-{rows}"), "DATABASE_URL": database_url}
    key = f"BIG{rows}"
    write_export(folder / "first.csv", rows)
    write_export(folder / "newer.csv", rows, newer=True)
    size = (folder / "first.csv").stat().st_size / 2**20
    print(f"{rows:,} rows, {len(HEADINGS)} columns, {size:.0f} MB")
    well = True
    for name, what in (("first", "all new"), ("first", "the same again"), ("newer", "every tenth changed")):
        command = [str(HEADWAY), "import", "jira", str(folder / f"{name}.csv"), "--team", key]
        seconds, computed, megabytes = timed([*command, "--create-team", "--json"], environment)
        target = TARGETS.get(rows)
        verdict = ""
        if target:
            kept = seconds < target[0] and megabytes < target[1]
            well = well and kept
            verdict = f"  target {target[0]:.0f} s, {target[1]:.0f} MB: {'kept' if kept else 'MISSED'}"
        print(f"  {what:<20} {seconds:6.1f} s ({computed:.1f} s computing) {megabytes:6.0f} MB{verdict}")
    return well


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", help="not needed here")
    parser.add_argument("--rows", nargs="*", type=int, default=[10_000, 100_000])
    parser.add_argument("--postgres", action="store_true", help="on PostgreSQL too")
    given = parser.parse_args()
    well = True
    with ExitStack() as stack:
        urls = {"SQLite": ""}
        if given.postgres:
            sys.path.insert(0, str(TOOLS))
            import postgres

            urls["PostgreSQL"] = stack.enter_context(postgres.server())
        for name, url in urls.items():
            print(name)
            for rows in given.rows:
                folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="headway-bench-")))
                well = measure(rows, folder, url) and well
    return 0 if well else 1


if __name__ == "__main__":
    sys.exit(main())
