"""How tools/run_tests.py counts: a journey has a second try, which is named; what fails twice has failed."""

import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SUITE = '''
from pathlib import Path
import pytest

@pytest.fixture
def runs(request):
    """How often this test ran before."""
    path = Path(__file__).with_name(request.node.name)
    path.write_text("x" + (path.read_text() if path.exists() else ""))
    return len(path.read_text()) - 1

@pytest.fixture
def complaining(runs):
    yield
    assert runs, "the first time it complains when the test is over"

def test_passes(): pass

@pytest.mark.skip
def test_is_skipped(): pass

@pytest.mark.e2e
def test_journey_passes(): pass

@pytest.mark.e2e
def test_journey_stumbles(runs): assert runs == 1

@pytest.mark.e2e
def test_journey_stumbles_at_the_end(complaining): pass

@pytest.mark.e2e
def test_journey_fails_twice(runs): assert runs == 2, "a third time it would pass"

def test_is_no_journey(runs): assert runs == 1
'''
INI = "[pytest]\nmarkers = e2e\naddopts = -p no:django -p no:schemathesis -p no:hypothesispytest\n"


@pytest.fixture
def run_tests(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.syspath_prepend(ROOT / "tools")
    import run_tests

    monkeypatch.setattr(run_tests, "PROCESSES", 2)
    yield run_tests
    del sys.modules["run_tests"]


def test_only_a_journey_is_tried_again_and_what_fails_twice_fails(run_tests, tmp_path: Path) -> None:
    (tmp_path / "pytest.ini").write_text(INI)
    (tmp_path / "test_them.py").write_text(SUITE)
    given = ["-c", str(tmp_path / "pytest.ini"), "--rootdir", str(tmp_path), str(tmp_path)]
    outcome = run_tests.run("A suite", given, {"PYTHONPATH": str(ROOT)})
    assert outcome.told == "4 passed, 2 failed, 1 skipped"
    assert [name.rpartition("::")[2] for name in outcome.again] == [
        "test_journey_stumbles",
        "test_journey_stumbles_at_the_end",
    ]


def test_a_module_that_cannot_be_imported_has_failed(run_tests, tmp_path: Path) -> None:
    """With our own options: one of them let the doctest collector pass over it, and its tests were missed by nobody."""
    options = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["pytest"]["ini_options"]["addopts"]
    (tmp_path / "pytest.ini").write_text(f"{INI.rstrip()} {options}\n")
    (tmp_path / "test_them.py").write_text("import nothing_of_that_name\n\ndef test_passes(): pass\n")
    (tmp_path / "test_others.py").write_text("def test_passes(): pass\n")
    given = ["-c", str(tmp_path / "pytest.ini"), "--rootdir", str(tmp_path), str(tmp_path)]
    assert run_tests.run("A suite", given, {"PYTHONPATH": str(ROOT)}).failed


def test_a_suite_that_breaks_off_has_failed(run_tests, tmp_path: Path) -> None:
    (tmp_path / "pytest.ini").write_text(INI)
    (tmp_path / "test_them.py").write_text("import nothing_of_this_name\n")
    given = ["-c", str(tmp_path / "pytest.ini"), "--rootdir", str(tmp_path), str(tmp_path)]
    outcome = run_tests.run("A suite", given, {"PYTHONPATH": str(ROOT)})
    assert outcome.failed == 1


def test_on_another_database_what_touches_none_is_left_out(run_tests, tmp_path: Path) -> None:
    (tmp_path / "pytest.ini").write_text(INI.replace("e2e", "e2e\n  django_db"))
    (tmp_path / "test_them.py").write_text(
        "import pytest\n\n"
        "@pytest.fixture\ndef db(): pass\n\n"
        "@pytest.fixture\ndef world(db): pass\n\n"
        "def test_sums(): assert False, 'it is left out'\n\n"
        "def test_by_fixture(world): pass\n\n"
        "@pytest.mark.django_db\ndef test_by_mark(): pass\n"
    )
    (tmp_path / "test_others.py").write_text("import subprocess\n\ndef test_runs_the_programme(): pass\n")
    given = ["-c", str(tmp_path / "pytest.ini"), "--rootdir", str(tmp_path), str(tmp_path), "--on-another-database"]
    outcome = run_tests.run("A suite", given, {"PYTHONPATH": str(ROOT)})
    assert outcome.told == "3 passed, 0 failed, 0 skipped"
