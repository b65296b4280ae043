"""What the documentation says is so: links, commands, settings, examples and the tables."""

import ast
import doctest
import re
import shlex
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

ROOT = Path(__file__).parent.parent
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("headway/**/*.md")])
FENCE = re.compile(r"^(```+|~~~+)(.*?)\n(.*?)^\1", re.MULTILINE | re.DOTALL)


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_links_lead_somewhere(page: Path) -> None:
    broken = [link for link in links_in(page) if not leads_somewhere(page, link)]
    assert not broken


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_commands_are_ones_that_the_programme_knows(page: Path) -> None:
    wrong = [f"{line}: {why}" for line in commands_in(page) if (why := unknown_in(line))]
    assert not wrong


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_make_targets_exist(page: Path) -> None:
    known = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    used = set(re.findall(r"(?:`|^|&& )make ([a-z-]+)", page.read_text(), re.MULTILINE))
    assert used <= known


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_python_examples_give_what_they_show(page: Path) -> None:
    examples = [code for kind, code in fences_in(page) if kind.startswith("python") and ">>>" in code]
    for number, code in enumerate(examples, 1):
        test = doctest.DocTestParser().get_doctest(code, {}, f"{name(page)} example {number}", str(page), 0)
        said: list[str] = []
        doctest.DocTestRunner(optionflags=doctest.ELLIPSIS).run(test, out=said.append)
        assert not said, "".join(said)


def test_every_setting_stands_in_the_table_and_every_row_is_a_setting() -> None:
    table = (ROOT / "docs/howto/settings.md").read_text()
    told = set(re.findall(r"^\| `([A-Z_]+)`", table, re.MULTILINE))
    read = {setting for path in sorted((ROOT / "headway").rglob("*.py")) for setting in environment_read_by(path)}
    assert told == read


def test_every_dependency_has_its_reason_and_every_row_is_a_dependency() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    declared = [*project["dependencies"], *project["optional-dependencies"]["dev"]]
    names = {re.split(r"[<>=\[ ]", requirement)[0].lower() for requirement in declared}
    table = (ROOT / "docs/decisions/dependencies.md").read_text().split("## Kept in the source tree")[0]
    assert set(re.findall(r"^\| `([\w.-]+)`", table, re.MULTILINE)) == names


def test_every_dependency_is_pinned_for_repeatable_installs() -> None:
    pinned = {
        re.split(r"==", line)[0].lower().replace("_", "-")
        for line in (ROOT / "constraints.txt").read_text().splitlines()
        if "==" in line
    }
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    declared = [*project["dependencies"], *project["optional-dependencies"]["dev"]]
    assert {re.split(r"[<>=\[ ]", requirement)[0].lower() for requirement in declared} <= pinned


def test_decisions_are_numbered_without_a_gap_and_listed() -> None:
    folder = ROOT / "docs/decisions"
    numbers = sorted(int(path.name[:4]) for path in folder.glob("[0-9]*.md"))
    assert numbers == list(range(1, len(numbers) + 1))
    listed = (folder / "README.md").read_text()
    assert [path.name for path in folder.glob("[0-9]*.md") if f"({path.name})" not in listed] == []


def test_every_algorithm_of_the_engine_has_a_page() -> None:
    public = {
        path.stem
        for path in (ROOT / "headway/engine").glob("*.py")
        if not path.stem.startswith("_") and path.stem not in {"errors", "distributions"}
    }
    assert {path.stem.replace("-", "_") for path in (ROOT / "docs/algorithms").glob("*.md")} >= public


def test_the_map_of_the_areas_names_each_area() -> None:
    told = (ROOT / "docs/architecture.md").read_text()
    areas = {path.parent.name for path in (ROOT / "headway").glob("*/__init__.py")}
    assert {area for area in areas if f"`{area}`" not in told and f"{area}/" not in told} == set()


# How it is read


def links_in(page: Path) -> list[str]:
    prose = re.sub(r"`[^`\n]*`", "", FENCE.sub("", page.read_text()))
    found = re.findall(r"\]\(<?([^)\s>]+)>?(?:\s+\"[^\"]*\")?\)", prose)
    found += re.findall(r"(?:src|href|srcset)=\"([^\"]+)\"", prose)
    return [link for link in found if not re.match(r"[a-z+]+:", link)]


def leads_somewhere(page: Path, link: str) -> bool:
    path, _, anchor = link.partition("#")
    target = (page.parent / path).resolve() if path else page
    if not target.exists() or not target.is_relative_to(ROOT):
        return False
    return not anchor or target.suffix != ".md" or anchor in anchors_in(target)


def anchors_in(page: Path) -> set[str]:
    """Return the anchors that GitHub makes of the headings."""
    headings = re.findall(r"^#+\s+(.+?)\s*$", FENCE.sub("", page.read_text()), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def fences_in(page: Path) -> list[tuple[str, str]]:
    return [(kind.strip(), code) for _, kind, code in FENCE.findall(page.read_text())]


def commands_in(page: Path) -> Iterator[str]:
    """Yield each `headway …` of a page: the lines of its shell examples, and its inline code."""
    lines = [
        line.strip().removeprefix("$ ")
        for kind, code in fences_in(page)
        if kind in {"", "sh", "bash", "console", "shell"}
        for line in code.replace("\\\n", " ").splitlines()
    ]
    lines += re.findall(r"`([^`\n]+)`", FENCE.sub("", page.read_text()))
    for line in lines:
        found = re.match(r"(?:[A-Z_]+=\S+ )*((?:\S*/)?headway(?: .*)?)$", line)
        if found:
            yield found[1].split("/")[-1]


def unknown_in(line: str) -> str:
    """Say which word of a command line the programme does not know; an ellipsis stands for anything."""
    from headway.cli import app

    words = shlex.split(line.split(" | ")[0].split(" > ")[0], comments=True)[1:]
    command: Any = typer.main.get_command(app)
    while words and (known_commands := getattr(command, "commands", None)):
        if words[0] in {"…", "..."} or words[0].startswith("-"):
            break
        found = known_commands.get(words[0])
        if found is None:
            return f"no command {words[0]!r}"
        command, words = found, words[1:]
    known = {option for parameter in command.params for option in parameter.opts} | {"--help"}
    for word in words:
        flag = word.strip("[]()").split("=")[0]
        if flag.startswith("--") and flag not in known:
            return f"no option {flag}"
    return ""


def environment_read_by(path: Path) -> Iterator[str]:
    """Yield the environment variables that a module reads."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
            called = ast.unparse(node.func)
            if called in {"os.environ.get", "os.getenv", "_flag", "_names", "environ.get", "_number"}:
                yield str(node.args[0].value)
        elif isinstance(node, ast.Subscript) and ast.unparse(node.value) == "os.environ":
            yield str(ast.literal_eval(node.slice))
