"""What tools/run_tests.py asks of pytest besides (`-p tests.second_try`).

A browser on a busy machine may miss a beat: a journey in it that fails is tried once more, as Playwright's own runner
does in CI. Nothing of it is silent: --second-try=FILE names each that passed only then. What fails twice has failed.

--on-another-database leaves out what touches no database, where the suite has run on another one before.
"""

from pathlib import Path

import pytest

TOUCHING = {"db", "transactional_db", "django_db_setup"}
#: what a test has in its module that runs the programme in a process of its own
RUNNING = {"subprocess", "Installation", "new_installation", "Place"}


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--second-try", metavar="FILE", help="where to write which journeys passed only the second time")
    parser.addoption("--on-another-database", action="store_true", help="leave out what touches no database")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    for item in items:
        if item.get_closest_marker("e2e"):
            item.add_marker(pytest.mark.flaky(reruns=1))
    if config.getoption("on_another_database"):
        without = [item for item in items if not touches_database(item)]
        config.hook.pytest_deselected(items=without)
        items[:] = [item for item in items if item not in set(without)]


def touches_database(item: pytest.Item) -> bool:
    """Say whether a test may reach the database: pytest-django lets it only by a mark or a fixture."""
    if item.get_closest_marker("django_db") or TOUCHING & set(getattr(item, "fixturenames", ())):
        return True
    return bool(RUNNING & set(vars(getattr(item, "module", None) or object)))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    def named(outcome: str) -> set[str]:
        return {report.nodeid for report in terminalreporter.stats.get(outcome, [])}

    if path := config.getoption("second_try"):
        again = named("rerun") - named("failed") - named("error")
        Path(path).write_text("\n".join(sorted(again)), encoding="utf-8")
