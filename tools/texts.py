"""The texts that people read: extracted by Babel (Django's own command misses Jinja's forms), checked, compiled.

python tools/texts.py check            what is no gettext call and should be; catalogues with mistakes
python tools/texts.py update           extract, bring headway/locale/*/ up to date, compile
python tools/texts.py add LANGUAGE     start a language (de, es, pt_BR …)
"""

import ast
import re
import sys
import tempfile
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

from babel.messages.frontend import CommandLineInterface
from babel.messages.pofile import read_po
from jinja2 import Environment, TemplateSyntaxError

LOCALE = Path("headway/locale")
TEMPLATES = Path("headway/web/templates")
CALLS = {"_", "gettext", "gettext_lazy", "ngettext", "ngettext_lazy", "pgettext", "pgettext_lazy", "npgettext"}

# What a person reads besides the text between tags.
SPOKEN = {
    *("title", "alt", "placeholder", "label", "aria-label", "aria-description", "aria-roledescription"),
    *("aria-valuetext", "hx-confirm", "hx-prompt", "data-confirm", "data-label", "data-text", "data-empty"),
}
SILENT = {"script", "style", "code", "kbd", "samp"}
# Names are the same in every language.
NAMES = {"Headway", "OKR", "OKRs", "KR", "KRs", "CSV", "JSON", "Markdown", "Jira", "GitHub"}
NO_WORDS = ("class", "query", "address")  # parts of names that a block `set` gives to what nobody reads
HOLE = "xholex"  # stands for what a template fills in; letters, as it may be the name of a tag


def main() -> int:
    """Do what the command line asks; return the exit code."""
    try:
        return _run(sys.argv[1:])
    except TemplateSyntaxError as error:
        print(f"A template does not compile (tools/check_templates.py says which): {error}", file=sys.stderr)
        return 1


def _run(arguments: list[str]) -> int:
    match arguments:
        case ["check"]:
            return check()
        case ["update"]:
            update()
        case ["add", language]:
            with tempfile.TemporaryDirectory() as folder:
                template = extract(Path(folder))
                _babel("init", "-D", "django", "-i", str(template), "-d", str(LOCALE), "-l", language)
            update()
        case _:
            print(__doc__, file=sys.stderr)
            return 2
    return 0


def check() -> int:
    """Print every mistake; return 1 if there is one."""
    with tempfile.TemporaryDirectory() as folder:
        catalogue = read_po(extract(Path(folder)).open("rb"))
    wrong = [line for path in sorted(Path("headway").rglob("*.py")) for line in unextractable(path)]
    wrong += [line for path in sorted(TEMPLATES.rglob("*.*")) for line in untranslated(path)]
    wrong += [line for path in sorted(LOCALE.glob("*/LC_MESSAGES/*.po")) for line in mistakes(path)]
    print("\n".join(wrong) or f"{len(catalogue)} texts, all of them through gettext")
    return 1 if wrong else 0


def update() -> None:
    """Bring the catalogue of each language up to date and compile it."""
    with tempfile.TemporaryDirectory() as folder:
        template = extract(Path(folder))
        for path in sorted(LOCALE.glob("*/LC_MESSAGES/django.po")):
            language = path.parts[-3]
            _babel("update", "-D", "django", "-i", str(template), "-d", str(LOCALE), "-l", language, "--no-wrap")
    if any(LOCALE.glob("*/LC_MESSAGES/*.po")):
        _babel("compile", "-D", "django", "-d", str(LOCALE), "--statistics")


def extract(folder: Path) -> Path:
    """Write the template of all catalogues into `folder` and return its path."""
    path = folder / "django.pot"
    keywords = ["gettext_lazy", "ngettext_lazy:1,2", "pgettext_lazy:1c,2", "pgettext:1c,2", "npgettext:1c,2,3"]
    options = [option for keyword in keywords for option in ("-k", keyword)]
    _babel("-q", "extract", "-F", "babel.cfg", *options, "--no-location", "-o", str(path), ".")
    return path


def unextractable(path: Path) -> Iterator[str]:
    """Name gettext calls whose text is put together at run time: no catalogue can hold it."""
    for node in ast.walk(ast.parse(path.read_text())):
        if not isinstance(node, ast.Call) or not node.args:
            continue
        name = getattr(node.func, "attr", getattr(node.func, "id", ""))
        texts = {"ngettext": 2, "ngettext_lazy": 2, "pgettext": 2, "pgettext_lazy": 2, "npgettext": 3}.get(name, 1)
        if name in CALLS and not all(
            isinstance(text, ast.Constant) and isinstance(text.value, str) for text in node.args[:texts]
        ):
            yield f"{path}:{node.lineno}: {name}() of something else than a plain text"


def untranslated(path: Path) -> Iterator[str]:
    """Name the words of a template that stand there as they are."""
    if path.suffix != ".html":
        return
    reader = _Reader()
    reader.feed(_skeleton(path.read_text()))
    reader.close()
    for line, text in reader.found:
        words = [word for word in re.findall(r"[^\W\d_]{2,}", text.replace(HOLE, " ")) if word not in NAMES]
        if words:
            yield f"{path}:{line}: {' '.join(text.replace(HOLE, '…').split())!r} is not through gettext"


def mistakes(path: Path) -> Iterator[str]:
    """Name translations whose placeholders are not those of the text."""
    with path.open("rb") as file:
        catalogue = read_po(file)
    for message, errors in catalogue.check():
        for error in errors:
            yield f"{path}:{message.lineno}: {error}"


def _skeleton(source: str) -> str:
    """Return the HTML of a template with a hole for each expression; lines stay.

    Left out is what `trans` holds, and what a block `set` keeps under a name of NO_WORDS.
    """
    out: list[str] = []
    block: list[str] = []
    left_out = ""  # the tag that ends what is left out
    for _line, kind, value in Environment().lex(source):
        if kind in {"variable_begin", "block_begin"}:
            block = [kind]
        elif kind in {"name", "operator"}:
            block.append(value)
        elif kind == "data" and not left_out:
            out.append(value)
            continue
        elif kind == "variable_end" and not left_out:
            out.append(HOLE)
        elif kind == "block_end":
            if block[1] == "trans":
                left_out = "endtrans"
            elif block[1] == "set" and "=" not in block and any(kind in block[2] for kind in NO_WORDS):
                left_out = "endset"
            elif block[1] == left_out:
                left_out = ""
        out.append("\n" * value.count("\n"))
    return "".join(out)


class _Reader(HTMLParser):
    """Collects what a person would read: text between tags, and some attributes."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[int, str]] = []
        self._silent: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in SILENT:
            self._silent.append(tag)
        self._note_attributes(tag, dict(attrs))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._note_attributes(tag, dict(attrs))

    def handle_endtag(self, tag: str) -> None:
        if self._silent and self._silent[-1] == tag:
            self._silent.pop()

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.found.append((self.getpos()[0], data))

    def _note_attributes(self, tag: str, attributes: dict[str, str | None]) -> None:
        # The value of an <input type="submit"> is what it says; that of a <button> is sent and never seen.
        is_input_button = tag == "input" and attributes.get("type") in {"submit", "button", "reset"}
        spoken = SPOKEN | ({"value"} if is_input_button else set())
        if tag == "meta" and attributes.get("name") == "description":
            spoken = spoken | {"content"}
        self.found += [(self.getpos()[0], value) for name, value in attributes.items() if name in spoken and value]


def _babel(*arguments: str) -> None:
    CommandLineInterface().run(["pybabel", *arguments])  # type: ignore[no-untyped-call]


if __name__ == "__main__":
    sys.exit(main())
