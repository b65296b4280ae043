"""Settings that are unsafe, contradict each other or are misspelt are found, and the programme does not start."""

import re
import stat
from pathlib import Path

import pytest

from headway.operations import safety
from tests.installation import Installation

ROOT = Path(__file__).parents[2]


def codes(host: str | None = None, **environment: str) -> list[str]:
    return [problem.code for problem in safety.problems(environment, host=host)]


def test_without_any_setting_nothing_is_wrong() -> None:
    assert codes() == []
    assert codes(host="0.0.0.0") == []


def test_a_usual_installation_behind_a_proxy_is_right() -> None:
    assert not codes(
        host="0.0.0.0",
        HEADWAY_TLS="1",
        HEADWAY_HOSTS="okr.example.org, .teams.example.org, [::1]",
        HEADWAY_ORIGINS="https://okr.example.org",
        HEADWAY_PATH="/headway",
        HEADWAY_PROXIES="10.0.0.0/8, ::1",
        HEADWAY_METRICS_TOKEN="0123456789abcdef",
        HEADWAY_METRICS_FROM="127.0.0.1,fd00::/8",
        HEADWAY_SECRET_KEY="0123456789abcdefghijklmnopqrstuv",
    )


@pytest.mark.parametrize(
    ("environment", "code"),
    [
        ({"HEADWAY_HOST": "okr.example.org"}, "unknown-variable"),
        ({"HEADWAY_TSL": "1"}, "unknown-variable"),
        ({"HEADWAY_SECRET_KEY": "short"}, "weak-secret"),
        ({"HEADWAY_SECRET_KEY": "a" * 60}, "weak-secret"),
        ({"HEADWAY_HOSTS": "*"}, "any-host"),
        ({"HEADWAY_HOSTS": "https://okr.example.org"}, "host-is-no-name"),
        ({"HEADWAY_ORIGINS": "okr.example.org"}, "origin-is-no-origin"),
        ({"HEADWAY_ORIGINS": "https://okr.example.org/headway"}, "origin-is-no-origin"),
        (
            {"HEADWAY_ORIGINS": "http://a.example", "HEADWAY_TLS": "1", "HEADWAY_HOSTS": "a.example"},
            "origin-without-tls",
        ),
        ({"HEADWAY_PATH": "headway"}, "path-is-no-path"),
        ({"HEADWAY_PATH": "/headway/"}, "path-is-no-path"),
        ({"HEADWAY_PROXIES": "*"}, "any-proxy"),
        ({"HEADWAY_PROXIES": "my-proxy"}, "proxy-is-no-address"),
        ({"HEADWAY_METRICS_TOKEN": "guess"}, "weak-metrics-token"),
        ({"HEADWAY_METRICS_FROM": "everywhere"}, "metrics-from-no-address"),
    ],
)
def test_what_is_wrong_is_refused_with_its_reason_and_its_remedy(environment: dict[str, str], code: str) -> None:
    found = safety.problems(environment)
    assert [problem.code for problem in found] == [code]
    assert found[0].is_refused
    assert found[0].what
    assert found[0].why
    assert found[0].remedy


def test_a_misspelt_variable_is_told_with_the_one_that_was_meant() -> None:
    (problem,) = safety.problems({"HEADWAY_ORIGIN": "https://a.example"})
    assert "HEADWAY_ORIGINS" in problem.remedy
    (stranger,) = safety.problems({"HEADWAY_COFFEE_MACHINE": "on"})
    assert not stranger.is_refused


def test_debugging_is_for_this_machine_only() -> None:
    assert codes("127.0.0.1", HEADWAY_DEBUG="1") == []
    assert codes("::1", HEADWAY_DEBUG="1") == []
    for host in ("0.0.0.0", "::", "192.168.1.4", "okr.example.org"):
        assert codes(host, HEADWAY_DEBUG="1") == ["debug-in-public"]


def test_what_is_only_doubtful_is_said_and_not_refused() -> None:
    doubtful = [
        *safety.problems({"HEADWAY_TLS": "1"}),
        *safety.problems({"HEADWAY_HOSTS": "a.example", "HEADWAY_ORIGINS": "https://b.example"}),
    ]
    assert [problem.code for problem in doubtful] == ["tls-without-host", "origin-is-no-host"]
    assert not any(problem.is_refused for problem in doubtful)


def test_the_programme_does_not_start_and_says_why(fresh_installation: Installation) -> None:
    fresh_installation.environment |= {
        "HEADWAY_HOSTS": "*",
        "HEADWAY_TSL": "1",
        "HEADWAY_SECRET_KEY": "short-and-secret",
    }
    for command in (["serve", "--port", "0"], ["worker"]):
        refused = fresh_installation.run(*command)
        assert refused.returncode == 1
        assert "HEADWAY_HOSTS=okr.example.org" in refused.stderr
        assert "Did you mean HEADWAY_TLS?" in refused.stderr
        assert "short-and-secret" not in refused.stderr
        assert "Traceback" not in refused.stderr


def test_a_start_closes_the_data_folder_to_other_accounts(fresh_installation: Installation, tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir(mode=0o777)
    folder.chmod(0o777)
    fresh_installation.python("from headway.serve import migrate\nmigrate()")
    (folder / "secret.key").chmod(0o644)
    assert safety.open_files(folder)
    fresh_installation.start().stop()
    assert not safety.open_files(folder)
    written = [path for path in folder.rglob("*") if path.is_file()]
    assert (folder / "secret.key") in written
    open_ones = [path for path in written if stat.S_IMODE(path.stat().st_mode) & 0o007]
    assert not open_ones


def test_a_file_that_stays_open_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "secret.key").write_text("x")
    (tmp_path / "secret.key").chmod(0o644)

    def refuse(self: Path, mode: int) -> None:
        raise PermissionError

    monkeypatch.setattr(Path, "chmod", refuse)
    assert safety.close_files(tmp_path) == [tmp_path / "secret.key"]


def test_every_variable_of_ours_is_known() -> None:
    table = (ROOT / "docs/howto/settings.md").read_text()
    told = set(re.findall(r"^\| `(HEADWAY_[A-Z_]+)`", table, re.MULTILINE))
    assert told == safety.VARIABLES
