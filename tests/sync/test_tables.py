"""Delimited files: whatever can be read is, with its line; the rest is refused with what to do."""

import csv
import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headway.sync.rows import NotThisFormat
from headway.sync.tables import open_table

cells = st.text(
    alphabet=st.characters(codec="utf-8", exclude_characters="\0\r", exclude_categories=["Cs"]), max_size=12
)


def write(folder: Path, text: str | bytes, name: str = "export.csv") -> Path:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def records(path: Path) -> list[tuple[int, list[str]]]:
    return list(open_table(path).records())


@given(rows=st.lists(st.tuples(cells, cells, cells), min_size=1, max_size=8), delimiter=st.sampled_from(",;\t|"))
def test_what_is_written_is_read_with_its_line(
    rows: list[tuple[str, str, str]], delimiter: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=delimiter, lineterminator="\n", quoting=csv.QUOTE_ALL)
    writer.writerow(["Issue key", "Summary", "Status"])
    lines, line = [], 2
    for row in rows:
        writer.writerow(row)
        lines.append(line)
        line += 1 + sum(cell.count("\n") for cell in row)
    path = write(tmp_path_factory.mktemp("csv"), out.getvalue())
    table = open_table(path)
    assert table.delimiter == delimiter
    expected = [(at, list(row)) for at, row in zip(lines, rows, strict=True) if any(row)]
    assert list(table.records()) == expected


def test_lines_are_counted_in_the_file_not_in_records(tmp_path: Path) -> None:
    path = write(tmp_path, 'Key,Summary\nA-1,"one\ntwo\n\nthree"\n\nA-2,next\n')
    assert [line for line, _ in records(path)] == [2, 7]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_encodings(tmp_path: Path, encoding: str) -> None:
    path = write(tmp_path, "Clave,Descripción\nA-1,más\n".encode(encoding))
    table = open_table(path)
    assert table.headings == ("Clave", "Descripción")
    assert [row for _, row in table.records()] == [["A-1", "más"]]


def test_a_semicolon_file_with_commas_in_its_heading(tmp_path: Path) -> None:
    path = write(tmp_path, "Key;Summary, short;Points\nA-1;a, b and c;2,5\n")
    assert open_table(path).headings == ("Key", "Summary, short", "Points")


def test_excels_hint(tmp_path: Path) -> None:
    path = write(tmp_path, "sep=;\nKey;Summary\nA-1;one\n")
    assert open_table(path).headings == ("Key", "Summary")
    assert records(path) == [(3, ["A-1", "one"])]


@pytest.mark.parametrize(
    ("content", "says", "line"),
    [
        (b"", "empty", 1),
        (b"\n\n", "empty", 1),
        (b"PK\x03\x04rest", "Excel", 1),
        (b"Key,Summary\nA-1,\x00\x01\n", "no text file", 2),
        (b"<!DOCTYPE html><html><title>Log in</title>", "sign-in page", 1),
        (b'<?xml version="1.0"?><rss/>', "XML", 1),
        (b'[{"number": 1}]', "JSON", 1),
        (b'Key,Summary\nA-1,fine\nA-2,"cut o', "cut off", 3),
        (b'Key,Summary\nA-1,fine\nA-2,"quote" inside\n', "quote", 3),
    ],
)
def test_refuses_with_the_line_and_what_to_do(tmp_path: Path, content: bytes, says: str, line: int) -> None:
    with pytest.raises(NotThisFormat) as refused:
        records(write(tmp_path, content))
    assert says in refused.value.message
    assert refused.value.line == line
    assert refused.value.todo
