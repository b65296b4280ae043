"""The main job on real files, by the real command: import, import again, bets and verdicts, plan, forecast, report.

    python tools/trial.py [FOLDER] [--postgres] [--only=TEAM,TEAM]

FOLDER holds `trackers/` and `okrs/` (default: HEADWAY_TRIAL_DATA, else ../shared/data). Works in a temporary data
folder. Fails on a traceback, on a refused file, on a second import of the same file that changes anything, on a figure
that no sheet may show, and where the command plans otherwise than the sheet.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

HEADWAY = Path(sys.executable).with_name("headway")
COUNTS = ("read", "created", "changed", "unchanged", "missing")

# What a person would answer in the mapping step of the browser.
STATUS_DATES = {
    "columns": {
        "ID": "key",
        "Title": "title",
        "Backlog": "status:Backlog",
        "In_Refinement": "status:In refinement",
        "Ready": "status:Ready",
        "In_Progress": "status:In progress",
        "In_Review": "status:In review",
        "Ready_for_QA": "status:Ready for QA",
        "In_QA": "status:In QA",
        "Done": "status:Done",
        "Current_Status_Category": "status",
        "Issue_Type": "kind",
        "Parent": "parent",
        "Labels": "labels",
        "Resolution": "resolution",
        "Updated": "updated",
        "Link": "url",
    },
    "statuses": {"INTERNALLY_REVIEWED": "doing", "LOCALLY_TESTED": "doing", "TO_DO": "todo"},
}


@dataclass(frozen=True)
class Files:
    """Files that one team brings in, oldest first, and what its reader is called."""

    team: str
    provider: str
    paths: tuple[str, ...]
    mapping: dict[str, Any] = field(default_factory=dict)
    okrs: str = ""
    bets_on_all: bool = False


TRACKERS = [
    Files(
        "TIC",
        "jira",
        ("trackers/jira_csv_spanish_short/Jira4.csv", "trackers/jira_csv_spanish_sprint3/Jira3.csv"),
        okrs="okrs/okrs-2018-Q3.md",
    ),
    Files("NINE", "jira", ("trackers/jira_csv_student_team9/Jira.csv",), okrs="okrs/okrs-2018-Q4.md"),
    Files("HIVE", "jira", ("trackers/jira_csv_apache_hive_short/jira_issues.csv",)),
    Files("QUIC", "github", ("trackers/github_issues_quic_2017/issues.json",), okrs="okrs/team-mgmt-OKR-PROJECT.md"),
    Files("TLS", "github", ("trackers/github_issues_tls13/archive.json",), okrs="okrs/team-mgmt-OKR-CLUSTER.md"),
    Files(
        "COMP",
        "csv",
        ("trackers/status_dates_company/jira_issues_pivoted.csv",),
        STATUS_DATES,
        "okrs/okr_texts.csv",
        True,
    ),
    Files("JSW", "csv", ("trackers/storypoints_jirasoftware/jirasoftware.csv",)),
    Files("MESOS", "csv", ("trackers/storypoints_mesos/mesos.csv",)),
]
OKRS = [
    Files("SRCQ3", "okrs", ("okrs/okrs-2018-Q3.md",)),
    Files("SRCQ4", "okrs", ("okrs/okrs-2018-Q4.md",)),
    Files("IPFSC", "okrs", ("okrs/team-mgmt-OKR-CLUSTER.md",)),
    Files("IPFSP", "okrs", ("okrs/team-mgmt-OKR-PROJECT.md",)),
    Files("OKRS", "okrs", ("okrs/okr_texts.csv",)),
]


@dataclass(frozen=True)
class Answer:
    """What a command said, and what it took."""

    code: int
    out: str
    err: str
    seconds: float
    megabytes: float

    def json(self) -> dict[str, Any]:
        """Return the one document on standard output; {} where it is none."""
        try:
            document = json.loads(self.out)
        except ValueError:
            return {}
        return document if isinstance(document, dict) else {}


class Trial:
    """One run through everything, in one data folder."""

    def __init__(self, data: Path, folder: Path, database_url: str) -> None:
        self.data = data
        self.folder = folder
        self.environment = {**os.environ, "HEADWAY_DATA": str(folder / "data"), "DATABASE_URL": database_url}
        self.failures: list[str] = []
        self.imports = Table("team", "file", *COUNTS, "skipped", "unmapped", "s", "MB", title="Imports")
        self.promises = Table(
            *("team", "bets", "refused", "judged: moved / did not / cannot be told", "sizes by the record", "items"),
            *("value now → best", "gap", "ties", "first s", "search s", "again s", "s", "MB"),
            title="Made-up bets and verdicts, through the whole plan (seconds of the processor)",
        )
        self.answers = Table(
            *("team", "plan", "value now → best", "not now", "ties", "forecast of 10 items (50 / 85 / 95 %)"),
            *("to do / in progress / done", "s"),
            title="Plan, forecast, report",
        )

    def run(self, only: Sequence[str] = ()) -> None:
        """Bring everything in (or what these teams have), ask everything."""
        for files in [*TRACKERS, *OKRS]:
            if only and files.team not in only:
                continue
            for path in files.paths:
                self.bring_in(files, path)
            self.bring_in(files, files.paths[-1], again=True)
            if files.okrs:
                self.bring_in(Files(files.team, "okrs", (files.okrs,)), files.okrs)
                self.bet(files.team, all_of_them=files.bets_on_all)
            self.ask(files.team)

    def bring_in(self, files: Files, name: str, *, again: bool = False) -> None:
        """Import a file; the same one again must leave everything as it is."""
        path = self.data / name
        command = ["import", files.provider, str(path), "--team", files.team, "--create-team", "--json"]
        if files.mapping:
            mapping = self.folder / f"{files.team}.json"
            mapping.write_text(json.dumps(files.mapping))
            command += ["--map", str(mapping)]
        answer = self.headway(*command)
        counts = answer.json()
        what = f"{files.team}: {path.name}{' again' if again else ''}"
        if answer.code or not counts:
            self.failures.append(f"{what}: exit code {answer.code}: {(answer.err or answer.out).strip()[-400:]}")
        elif not again and not counts.get("read"):
            self.failures.append(f"{what}: nothing was read")
        elif again and any(counts.get(name) for name in ("created", "changed", "missing")):
            self.failures.append(f"{what}: it changed something: {_told(counts)}")
        unmapped = counts.get("unmapped", [])
        self.imports.add_row(
            files.team,
            ("  again" if again else path.name),
            *(str(counts.get(name, "–")) for name in COUNTS),
            str(len(counts.get("skipped", []))),
            str(len(unmapped)),
            f"{answer.seconds:.1f}",
            f"{answer.megabytes:.0f}",
        )

    def bet(self, team: str, *, all_of_them: bool) -> None:
        """Judge what the team did and bet on what is open (made-up numbers: no export holds any), and plan it."""
        program = [sys.executable, str(Path(__file__).with_name("trial_bets.py")), team]
        answer = self.run_program(program + ["--all"] * all_of_them, {"DJANGO_SETTINGS_MODULE": "headway.settings"})
        told = answer.json()
        if answer.code or not told:
            self.failures.append(f"{team}: bets: {answer.err.strip()[-400:]}")
            return
        self.failures += [f"{team}: {fault}" for fault in told["faults"]]
        self.promises.add_row(
            team,
            str(told["bets"]),
            str(len(told["refused"])),
            f"{told['judged']}: {told['moved']} / {told['did_not']} / {told['cannot_tell']}",
            ", ".join(f"{name} × {size}" for name, size in told["sizes"].items()) or "–",
            str(told["items"]),
            f"{_number(told['present'])} → {_number(told['best'])}",
            "–" if told["gap"] is None else f"{told['gap']:.1%}",
            str(told["ties"]),
            *(f"{seconds:.2f}" for seconds in told["seconds"]),
            f"{answer.seconds:.1f}",
            f"{answer.megabytes:.0f}",
        )
        self.plan_again(team, told)

    def plan_again(self, team: str, told: dict[str, Any]) -> None:
        """Ask the command for the same plan on the same day: it must say the same to the last digit."""
        moved = {"HEADWAY_TEST_NOW": told["now"], "HEADWAY_DEBUG": "1"} if told["now"] else {}
        plan = self.run_program([str(HEADWAY), "plan", "--team", team, "--json"], moved).json()
        for name, known in (("value_present", told["present"]), ("value_best", told["best"])):
            if plan.get(name) != known:
                self.failures.append(f"{team}: the command says {name} {plan.get(name)}, the sheet {known}")

    def ask(self, team: str) -> None:
        """Plan, forecast and report; each must answer."""
        plan = self.headway("plan", "--team", team, "--json")
        forecast = self.headway("forecast", "--team", team, "--items", "10", "--json")
        # Without days it covers the last quarter; the files are older.
        report = self.headway("report", "--team", team, "--format", "json", "--from", "2000-01-01")
        others = [self.headway("report", "--team", team, "--format", format) for format in ("md", "csv")]
        # A team without history is told so, on purpose: that is an answer.
        for answer, name in [(plan, "plan"), (report, "report"), *((other, "report") for other in others)]:
            if answer.code or not answer.out.strip():
                self.failures.append(f"{team}: {name}: exit code {answer.code}: {answer.err.strip()[-400:]}")
        if not forecast.json():
            self.failures.append(f"{team}: forecast is no JSON: {(forecast.out + forecast.err).strip()[-400:]}")
        planned = plan.json()
        self.answers.add_row(
            team,
            str(len(planned.get("items", []))),
            f"{_number(planned.get('value_present'))} → {_number(planned.get('value_best'))}",
            str(len(planned.get("not_now", []))),
            str(len({item["tie"] for item in planned.get("items", []) if item.get("tie") is not None})),
            _forecast(forecast.json()),
            _columns(report.json()),
            f"{sum(answer.seconds for answer in (plan, forecast, report, *others)):.1f}",
        )

    def headway(self, *arguments: str) -> Answer:
        """Run the command."""
        return self.run_program([str(HEADWAY), *arguments])

    def run_program(self, program: Sequence[str], environment: Mapping[str, str] | None = None) -> Answer:
        """Run a program in the installation; a traceback is a failure whatever else it says."""
        started = time.monotonic()
        with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
            process = subprocess.Popen(
                program,
                env={**self.environment, **(environment or {})},
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
            )
            _, status, used = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
            out.seek(0)
            err.seek(0)
            per_megabyte = 2**20 if sys.platform == "darwin" else 2**10
            answer = Answer(
                process.returncode,
                out.read(),
                err.read(),
                time.monotonic() - started,
                used.ru_maxrss / per_megabyte,
            )
        if "Traceback (most recent call last)" in answer.err + answer.out:
            self.failures.append(f"{' '.join(program[:4])} …: {answer.err.strip()[-1500:]}")
        return answer


def _told(counts: dict[str, Any]) -> str:
    return ", ".join(f"{counts.get(name)} {name}" for name in COUNTS)


def _number(value: object) -> str:
    return f"{value:.3g}" if isinstance(value, int | float) else "–"


def _forecast(answer: dict[str, Any]) -> str:
    quantiles = answer.get("quantiles") or {}
    if not quantiles:
        return str(answer.get("message") or answer.get("error") or "–")[:60]
    told = " / ".join(_number(quantiles.get(chance)) for chance in ("0.5", "0.85", "0.95"))
    return f"{told} weeks, from {answer.get('sample_weeks')} weeks"


def _columns(report: dict[str, Any]) -> str:
    counts = report.get("counts", {})
    return " / ".join(str(counts.get(name, "–")) for name in ("todo", "doing", "done"))


def main() -> int:
    """Run the trial; return 1 where something failed."""
    named = [argument for argument in sys.argv[1:] if not argument.startswith("--")]
    data = Path(named[0] if named else os.environ.get("HEADWAY_TRIAL_DATA") or "../shared/data").resolve()
    if not (data / "trackers").is_dir():
        print(f"No trial: there are no files in {data}. Name a folder in HEADWAY_TRIAL_DATA.")
        return 0
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="headway-trial-")))
        url = ""
        if "--postgres" in sys.argv:
            import postgres

            url = stack.enter_context(postgres.server())
        trial = Trial(data, folder, url)
        trial.run([team for argument in sys.argv if argument.startswith("--only=") for team in argument[7:].split(",")])
    console = Console(width=160)
    console.print(trial.imports, trial.promises, trial.answers)
    for failure in trial.failures:
        console.print(f"FAILED {failure}", style="bold red", markup=False, highlight=False)
    where = "PostgreSQL" if url else "SQLite"
    print(f"Trial on {where}: {len(trial.failures)} failures" if trial.failures else f"Trial on {where}: all well")
    return 1 if trial.failures else 0


if __name__ == "__main__":
    sys.exit(main())
