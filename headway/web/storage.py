"""Static files under names that carry their hash, small: browsers may keep them for ever."""

import re
from collections.abc import Callable, Iterator
from typing import Any

from django.core.files.base import ContentFile
from whitenoise.storage import CompressedManifestStaticFilesStorage

ENTRIES = {"css/headway.css", "css/more.css"}
IMPORT = re.compile(r'@import url\("([^"]+)"\)(?: layer\((\w+)\))?;')
#: What lies there as others have packed it.
VENDOR = "vendor/"
COMMENT_OF_STYLES = re.compile(r"/\*.*?\*/", re.DOTALL)
#: Strings stay; before a colon white space means something: `.a :is(b)` is not `.a:is(b)`.
SPACE_OF_STYLES = re.compile(r"""("[^"\n]*"|'[^'\n]*')|\s*([{};,])\s*|(?<=:)\s+|(\s)\s*""")
MARGIN_OF_SCRIPT = re.compile(r"^[ \t]*(?://.*)?\n|^[ \t]+", re.MULTILINE)


class HashedStatic(CompressedManifestStaticFilesStorage):
    """Rewrites `import … from "./x.js";` of our ES modules too (each import ends in a semicolon for that).

    The style sheets that pages link are served with their imports written out: fifty small files are good to read
    and slow to fetch. Comments and indentation stay at home.
    """

    support_js_module_import_aggregation = True

    def post_process(self, paths: dict[str, Any], *args: Any, **options: Any) -> Iterator[Any]:
        paths = {name: (_Written(storage, _writer(name)), path) for name, (storage, path) in paths.items()}
        yield from super().post_process(paths, *args, **options)  # type: ignore[no-untyped-call]


Read = Callable[[str], str]


def _writer(name: str) -> Callable[[str, Read], str] | None:
    """Return what makes the text to serve of the text of a file; None for what is served as it is."""
    if name.startswith(VENDOR):
        return None
    if name in ENTRIES:
        return lambda text, read: terse_styles(_with_imports(text, read))
    if name.endswith(".css"):
        return lambda text, read: terse_styles(text)
    if name.endswith(".js"):
        return lambda text, read: terse_script(text)
    return None


def terse_styles(text: str) -> str:
    """Return a style sheet without comments, and with no more white space than keeps words and selectors apart."""

    def shorter(match: re.Match[str]) -> str:
        string, sign, space = match.groups()
        return string or sign or (" " if space else "")

    return SPACE_OF_STYLES.sub(shorter, COMMENT_OF_STYLES.sub("", text))


def terse_script(text: str) -> str:
    """Return a script without indentation and lines that are comments. No string of it may go over several lines."""
    return MARGIN_OF_SCRIPT.sub("", text)


def _with_imports(text: str, read: Read) -> str:
    def write_out(match: re.Match[str]) -> str:
        imported, layer = match.groups()
        inner = read(imported)
        if "/" in imported and "url(" in inner:
            raise ValueError(f"{imported}: a relative url() would point elsewhere once it is written out")
        return f"@layer {layer} {{\n{inner}}}\n" if layer else inner

    return IMPORT.sub(write_out, text)


class _Written:
    """A storage whose file is opened as it is to be served."""

    def __init__(self, storage: Any, write: Callable[[str, Read], str] | None) -> None:
        self._storage = storage
        self._write = write

    def open(self, name: str) -> Any:
        if self._write is None:
            return self._storage.open(name)
        folder = name.rpartition("/")[0]
        text = self._write(self._read(name), lambda imported: self._read(f"{folder}/{imported}"))
        return ContentFile(text.encode())

    def _read(self, name: str) -> str:
        with self._storage.open(name) as file:
            return str(file.read().decode())
