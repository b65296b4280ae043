"""What is handed out to deploy with: as far as it can be checked without an engine."""

import re
import shlex
import shutil
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from headway.cli import app
from headway.operations import safety

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())
    return document


def instructions() -> list[tuple[str, str]]:
    """The Dockerfile as (instruction, rest), lines joined."""
    text = re.sub(r"\\\n\s*", "", (ROOT / "Dockerfile").read_text())
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    return [(line.split(" ", 1)[0], line.split(" ", 1)[1]) for line in lines]


def ignored(path: str) -> bool:
    """Say whether .dockerignore keeps a path of the root away from the engine (all but what is named with !)."""
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    assert "*" in lines
    return f"!{path.rstrip('/')}" not in lines


def test_each_file_that_the_image_copies_is_there_and_reaches_the_engine() -> None:
    sources = []
    for name, rest in instructions():
        if name == "COPY" and "--from" not in rest:
            sources += shlex.split(rest)[:-1]
    assert "headway" in {source.removeprefix("./") for source in sources}
    for source in sources:
        assert (ROOT / source).exists(), source
        assert not ignored(source.removeprefix("./")), source


def test_what_the_package_needs_to_be_built_is_copied() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    copied = {word.removeprefix("./") for name, rest in instructions() if name == "COPY" for word in shlex.split(rest)}
    assert {project["readme"], *project["license-files"], "pyproject.toml", "constraints.txt"} <= copied


def test_the_image_runs_as_nobody_special_and_keeps_its_data_in_a_volume() -> None:
    found = dict(reversed(instructions()))  # of several, the first
    last = dict(instructions())
    assert last["USER"] == "headway"
    assert last["VOLUME"] == "/data"
    assert "HEADWAY_DATA=/data" in last["ENV"]
    assert "/healthz" in last["HEALTHCHECK"]
    assert "[dev]" not in (ROOT / "Dockerfile").read_text()
    stages = [rest for name, rest in instructions() if name == "FROM"]
    assert len(stages) == 2
    assert all("slim" in stage for stage in stages)
    assert {rest.split(" AS ")[0] for rest in stages} == {found["FROM"].split(" AS ")[0]}
    names = [name for name, _ in instructions()]
    assert names.index("USER") > max(index for index, name in enumerate(names) if name == "RUN")


def test_the_command_of_the_image_is_one_that_the_programme_knows() -> None:
    last = dict(instructions())
    assert last["ENTRYPOINT"] == '["headway"]'
    command = [word.strip('"') for word in re.findall(r'"[^"]+"', last["CMD"])]
    assert CliRunner().invoke(app, [*command, "--help"]).exit_code == 0


def test_compose_serves_with_postgresql_or_with_sqlite_alone(compose: dict[str, Any]) -> None:
    services = compose["services"]
    profiles = {name: service["profiles"] for name, service in services.items()}
    assert profiles == {"headway": ["postgresql"], "headway-sqlite": ["sqlite"], "database": ["postgresql"]}
    assert services["headway"]["depends_on"]["database"]["condition"] == "service_healthy"
    assert "DATABASE_URL" in services["headway"]["environment"]
    assert "DATABASE_URL" not in services["headway-sqlite"]["environment"]
    for name in ("headway", "headway-sqlite"):
        assert services[name]["ports"] == ["${HEADWAY_PUBLISH:-127.0.0.1:8000}:8000"]
        assert services[name]["read_only"] is True
        assert services[name]["cap_drop"] == ["ALL"]
        assert services[name]["volumes"] == ["data:/data"]
    named = {volume.split(":")[0] for service in services.values() for volume in service["volumes"]}
    assert named == set(compose["volumes"])


def test_compose_sets_only_what_is_a_setting(compose: dict[str, Any]) -> None:
    for service in ("headway", "headway-sqlite"):
        variables = set(compose["services"][service]["environment"])
        assert variables - {"DATABASE_URL"} <= safety.VARIABLES
    # A variable of compose itself: what it would be as a setting must not be taken for a misspelt one.
    assert "HEADWAY_PUBLISH" not in safety.VARIABLES


def test_the_defaults_of_compose_are_safe(compose: dict[str, Any]) -> None:
    for service in ("headway", "headway-sqlite"):
        environment = {
            name: re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", str(value))
            for name, value in compose["services"][service]["environment"].items()
        }
        assert not [problem for problem in safety.problems(environment, host="0.0.0.0") if problem.is_refused]


def test_the_service_is_one_that_systemd_reads(tmp_path: Path) -> None:
    unit = (ROOT / "deploy" / "headway.service").read_text()
    command = re.search(r"^ExecStart=\S+/headway (.+)$", unit, re.MULTILINE)
    assert command
    assert CliRunner().invoke(app, [*shlex.split(command[1]), "--help"]).exit_code == 0
    for line in ("NoNewPrivileges=yes", "ProtectSystem=strict", "StateDirectory=headway", "DynamicUser=yes"):
        assert line in unit.splitlines()
    variables = set(re.findall(r"^Environment=(\w+)=", unit, re.MULTILINE))
    assert variables <= safety.VARIABLES
    if analyse := shutil.which("systemd-analyze"):  # where the machine has it, it reads the unit itself
        tried = tmp_path / "headway.service"
        tried.write_text(re.sub(r"^ExecStart=\S+", "ExecStart=/bin/true", unit, flags=re.MULTILINE))
        done = subprocess.run([analyse, "verify", tried], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        assert "headway.service" not in done.stderr


def test_nginx_passes_on_what_the_programme_needs() -> None:
    site = (ROOT / "deploy" / "nginx.conf").read_text()
    for header in ("Host $http_host", "X-Forwarded-For", "X-Forwarded-Proto $scheme", "X-Request-ID"):
        assert f"proxy_set_header {header}" in site
