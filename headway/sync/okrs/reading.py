"""Find out what a file is, and read it."""

from pathlib import Path

from ..rows import NotThisFormat
from ..tables import open_table, refuse_other_formats, sniff_encoding
from .markdown import read_markdown
from .rows import Document
from .table import columns_of, read_csv

_MARKDOWN = {".md", ".markdown", ".mdx", ".mkd"}
_TABLE = {".csv", ".tsv"}


def read_okrs(path: Path, *, name: str = "") -> Document:
    """Read the OKRs of a file, by what its name ends with or else by what is in it.

    Raises NotThisFormat, with the line and what to do, for what is neither Markdown nor a table of OKRs.
    """
    suffix = Path(name or path.name).suffix.casefold()
    if suffix in _TABLE or (suffix not in _MARKDOWN and _is_table(path)):
        return read_csv(path)
    encoding = sniff_encoding(path)
    text = path.read_text(encoding=encoding, errors="replace" if encoding == "cp1252" else "strict")
    if suffix not in _MARKDOWN:  # Markdown may begin with HTML
        refuse_other_formats(text[:4096])
    return read_markdown(text)


def _is_table(path: Path) -> bool:
    try:
        return "key_result" in columns_of(open_table(path).headings)
    except NotThisFormat:
        return False
