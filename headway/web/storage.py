"""Static files under names that carry their hash: browsers may keep them for ever."""

import re
from collections.abc import Iterator
from typing import Any

from django.core.files.base import ContentFile
from whitenoise.storage import CompressedManifestStaticFilesStorage

ENTRY = "css/headway.css"
IMPORT = re.compile(r'@import url\("([^"]+)"\)(?: layer\((\w+)\))?;')


class HashedStatic(CompressedManifestStaticFilesStorage):
    """Rewrites `import … from "./x.js";` of our ES modules too (each import ends in a semicolon for that).

    The style sheet that pages link is served with its imports written out: fifty small files are good to read and
    slow to fetch.
    """

    support_js_module_import_aggregation = True

    def post_process(self, paths: dict[str, Any], *args: Any, **options: Any) -> Iterator[Any]:
        if ENTRY in paths:
            storage, path = paths[ENTRY]
            paths = paths | {ENTRY: (_WithImports(storage), path)}
        yield from super().post_process(paths, *args, **options)  # type: ignore[no-untyped-call]


class _WithImports:
    """Opens a style sheet with its imports written out, each in its layer."""

    def __init__(self, storage: Any) -> None:
        self._storage = storage

    def open(self, name: str) -> ContentFile[bytes]:
        def write_out(match: re.Match[str]) -> str:
            imported, layer = match.groups()
            text = self._read(name.rpartition("/")[0] + "/" + imported)
            if "/" in imported and "url(" in text:
                raise ValueError(f"{imported}: a relative url() would point elsewhere once it is written out")
            return f"@layer {layer} {{\n{text}}}\n" if layer else text

        return ContentFile(IMPORT.sub(write_out, self._read(name)).encode())

    def _read(self, name: str) -> str:
        with self._storage.open(name) as file:
            return str(file.read().decode())
