"""What import-linter cannot say: which parts of Django an area may know."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

HEADWAY = Path(__file__).parent.parent / "headway"
KNOW_HTTP = {"web", "api"}
BELOW = sorted(path.parent.name for path in HEADWAY.glob("*/__init__.py") if path.parent.name not in KNOW_HTTP)
HTTP = ("django.http", "django.shortcuts", "django.middleware", "django.urls", "django.template")


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize("area", BELOW)
def test_areas_below_web_know_no_http(area: str) -> None:
    found = [
        f"{path.relative_to(HEADWAY)}: {module}"
        for path in sorted((HEADWAY / area).rglob("*.py"))
        for module in imports(path)
        if module.startswith(HTTP)
    ]
    assert not found


def test_only_the_clock_reads_the_time() -> None:
    """A quarter can be played in a test only where nothing else asks the system; files have the system's times."""
    reading = {"datetime.now", "datetime.utcnow", "date.today", "timezone.now", "time.time", "dt.datetime.now"}
    found = [
        f"{path.relative_to(HEADWAY)}:{node.lineno}: {ast.unparse(node.func)}"
        for path in sorted(HEADWAY.rglob("*.py"))
        if path not in {HEADWAY / "lib/clock.py", HEADWAY / "operations/processes.py"}
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith(tuple(reading))
    ]
    assert not found


def test_writes_are_recorded_by_actions_only() -> None:
    """`record()` elsewhere would be a write that no permission was asked for."""
    found = [
        str(path.relative_to(HEADWAY))
        for path in sorted(HEADWAY.rglob("*.py"))
        if "migrations" not in path.parts and not {"actions", "actions.py"} & set(path.parts)
        # live offers record(), and edits that use it, to actions; demo plays what happened in a past quarter.
        if path.relative_to(HEADWAY).parts[0] not in {"live", "demo"}
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and ast.unparse(node.func) in {"record", "history.record", "live.record"}
    ]
    assert not found
