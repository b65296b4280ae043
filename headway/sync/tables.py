"""Delimited files: encoding, delimiter, heading, and each record with the line it starts on; or a clear refusal."""

import codecs
import csv
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from django.utils.translation import gettext as _

from .rows import NotThisFormat

DELIMITERS = ",;\t|"
LONGEST_CELL = 8 * 2**20  # characters; a longer one is a quote that never ends
_HEAD = 64 * 2**10


@dataclass(frozen=True)
class Table:
    """A delimited file that was looked at: how to read it, and its heading."""

    path: Path
    encoding: str
    delimiter: str
    headings: tuple[str, ...]
    heading_line: int

    def records(self) -> Iterator[tuple[int, list[str]]]:
        """Yield (line, cells) of every record after the heading; blank lines are passed over.

        Raises NotThisFormat with the line where quoting breaks or the file ends inside a record.
        """
        with _open(self.path, self.encoding) as file:
            for line, cells in _parse(file, self.delimiter):
                if line > self.heading_line and any(cells):
                    yield line, cells


def open_table(path: Path, delimiter: str = "") -> Table:
    """Look at a delimited file. Raises NotThisFormat where it is none (binary, a web page, JSON, XML, empty)."""
    encoding = sniff_encoding(path)
    with _open(path, encoding) as file:
        head = file.read(_HEAD)
    refuse_other_formats(head)
    first = head.split("\n", 1)[0].strip()
    if first.casefold().startswith("sep=") and len(first) == 5:  # Excel's own hint
        delimiter, skip = first[4], 1
    else:
        skip = 0
    delimiter = delimiter or _sniff_delimiter(head)
    with _open(path, encoding) as file:
        for line, cells in _parse(file, delimiter):
            if line > skip and any(cell.strip() for cell in cells):
                headings = tuple(cell.strip() for cell in cells)
                return Table(path, encoding, delimiter, headings, line)
    raise NotThisFormat(_("The file is empty."), line=1, todo=_("Export it again, and look whether it holds rows."))


def sniff_encoding(path: Path) -> str:
    """Return the encoding of a text file. Raises NotThisFormat for what is no text."""
    with path.open("rb") as file:
        head = file.read(_HEAD)
        _refuse_binary(head)
        if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            return "utf-16"
        decoder = codecs.getincrementaldecoder("utf-8-sig")()
        line = 1
        chunk = head
        while chunk:
            if b"\0" in chunk:
                raise _binary(_("a zero byte"), line + chunk[: chunk.index(b"\0")].count(b"\n"))
            try:
                decoder.decode(chunk)
            except UnicodeDecodeError:
                return "cp1252"  # what Excel writes in Western Europe
            line += chunk.count(b"\n")
            chunk = file.read(2**20)
    return "utf-8-sig"


def refuse_other_formats(head: str) -> None:
    """Raise NotThisFormat where the beginning of a text is a web page, XML or JSON."""
    start = head.lstrip("\ufeff \r\n\t").casefold()
    if start.startswith(("<!doctype html", "<html", "<head")):
        raise NotThisFormat(
            _("This is a web page, probably the tracker's sign-in page, and not an export."),
            line=1,
            todo=_("Sign in to the tracker, export again, and choose the file that it sends."),
        )
    if start.startswith("<"):
        raise NotThisFormat(
            _("This is XML, and a table is needed."),
            line=1,
            todo=_("In Jira choose Export, then “CSV (all fields)”."),
        )
    if start.startswith(("[{", "[ {", "[\n", '{"', "{\n", "{ ", "{\r", "[\r")):
        raise NotThisFormat(
            _("This is JSON, and a table is needed."),
            line=1,
            todo=_("For GitHub's issues choose GitHub; otherwise export as CSV."),
        )


def _open(path: Path, encoding: str) -> TextIO:
    # A byte that cp1252 has no letter for stays visible instead of ending the import.
    return path.open(encoding=encoding, newline="", errors="strict" if encoding.startswith("utf") else "replace")


_SIGNATURES = {
    b"PK\x03\x04": "Excel / ZIP",
    b"\xd0\xcf\x11\xe0": "Excel",
    b"%PDF": "PDF",
    b"\x1f\x8b": "gzip",
    b"SQLite format": "SQLite",
    b"\x89PNG": "PNG",
    b"\xff\xd8\xff": "JPEG",
}


def _refuse_binary(head: bytes) -> None:
    for signature, name in _SIGNATURES.items():
        if head.startswith(signature):
            raise _binary(name, 1)


def _binary(what: str, line: int) -> NotThisFormat:
    return NotThisFormat(
        _("This is no text file (%(what)s).") % {"what": what},
        line=line,
        todo=_("Save or export it as CSV (UTF-8), unpacked, and bring that file."),
    )


def _sniff_delimiter(head: str) -> str:
    """Choose the delimiter that cuts the first records into the most, and equally many, cells."""

    def score(delimiter: str) -> tuple[bool, int]:
        lines = head.splitlines(keepends=True)
        if len(head) == _HEAD:
            lines = lines[:-1]
        try:
            widths = [len(row) for row in itertools.islice(csv.reader(lines, delimiter=delimiter), 20) if any(row)]
        except csv.Error:
            widths = []
        if not widths:
            return (False, 0)
        return (widths[0] > 1 and max(widths) == min(widths), widths[0])

    return max(DELIMITERS, key=score)


def _parse(file: TextIO, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    csv.field_size_limit(LONGEST_CELL)
    reader = csv.reader(file, delimiter=delimiter, strict=True)
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except UnicodeDecodeError as error:
            raise _binary(str(error.reason), line) from error
        except csv.Error as error:
            raise _broken_record(str(error), line, reader.line_num) from error
        yield line, cells


def _broken_record(error: str, line: int, last_line: int) -> NotThisFormat:
    if "unexpected end" in error or "field larger" in error:
        return NotThisFormat(
            _("The file ends inside the quotes that are opened in the record of line %(line)s: it was cut off.")
            % {"line": line},
            line=line,
            todo=_("Export it again and look whether the download was complete."),
        )
    return NotThisFormat(
        _("Line %(line)s: a quote stands in the middle of a cell.") % {"line": last_line},
        line=last_line,
        todo=_('Write a quote within a cell twice (""), or export the file again.'),
    )


def repeated(headings: Sequence[str]) -> dict[str, list[int]]:
    """Return heading → its places, in order of the first; a heading without a name gets its number."""
    places: dict[str, list[int]] = {}
    for place, heading in enumerate(headings):
        places.setdefault(heading or _("Column %(n)s") % {"n": place + 1}, []).append(place)
    return places
