"""JSON objects out of a large file, one at a time, each with the line it starts on."""

import json
import re
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any, TextIO

from django.utils.translation import gettext as _

from .rows import NotThisFormat

_CHUNK = 2**18
_LONGEST = 64 * 2**20  # characters of one value; a longer one is no issue
_BLANK = re.compile(r"[\s,]*")
_decode = json.JSONDecoder().raw_decode


class JsonStream:
    """Values of a JSON text: lists one element at a time, lists after one another and JSON Lines alike."""

    def __init__(self, path: Path, encoding: str) -> None:
        self.path, self.encoding = path, encoding

    def objects(self, lists: Collection[str]) -> Iterator[tuple[int, str, Any]]:
        """Yield (line, name of the list, value).

        Elements of a top-level list, and top-level objects themselves, come under the name "". Where a top-level
        object holds a list under a name in `lists`, the elements come one by one under that name instead.
        Raises NotThisFormat with the line where the text is no JSON or ends too early.
        """
        with self.path.open(encoding=self.encoding, newline="") as file:
            cursor = _Cursor(file)
            while True:
                start = cursor.peek()
                if start == "":
                    return
                if start == "[":
                    for line, value in cursor.elements():
                        yield line, "", value
                elif start == "{":
                    yield from _top_object(cursor, lists)
                else:
                    raise cursor.refusal(
                        _("This is no JSON of objects: it starts with “%(start)s”.") % {"start": start}
                    )


def _top_object(cursor: "_Cursor", lists: Collection[str]) -> Iterator[tuple[int, str, Any]]:
    first_line = cursor.line
    scalars: dict[str, Any] = {}
    is_holder = False
    cursor.take("{")
    while cursor.peek() != "}":
        name = cursor.value()
        if not isinstance(name, str):
            raise cursor.refusal(_("A name is missing in a JSON object."))
        cursor.take(":")
        if name in lists and cursor.peek() == "[":
            is_holder = True
            for line, value in cursor.elements():
                yield line, name, value
        else:
            scalars[name] = cursor.value()
            if is_holder or len(scalars) > 200:
                scalars.pop(name)
    cursor.take("}")
    if not is_holder:
        yield first_line, "", scalars


class _Cursor:
    """A place in the text; keeps the current chunk and counts lines."""

    def __init__(self, file: TextIO) -> None:
        self._file = file
        self._text = ""
        self._at = 0
        self.line = 1

    def elements(self) -> Iterator[tuple[int, Any]]:
        self.take("[")
        while self.peek() != "]":
            if self.peek() == "":
                raise self._cut_off()
            line = self.line
            yield line, self.value()
        self.take("]")

    def peek(self) -> str:
        """Return the next character that is no blank or comma; "" at the end."""
        while True:
            blank = _BLANK.match(self._text, self._at)
            end = blank.end() if blank else self._at
            self._move(end)
            if self._at < len(self._text):
                return self._text[self._at]
            if not self._more():
                return ""

    def take(self, sign: str) -> None:
        found = self.peek()
        if found == "":
            raise self._cut_off()
        if found != sign:
            raise self.refusal(
                _("“%(sign)s” is expected and “%(found)s” stands there.") % {"sign": sign, "found": found}
            )
        self._move(self._at + 1)

    def value(self) -> Any:
        if self.peek() == "":
            raise self._cut_off()
        while True:
            try:
                value, end = _decode(self._text, self._at)
            except json.JSONDecodeError as error:
                # The value may just go on in the next chunk; a text without one more to read is broken here.
                if len(self._text) - self._at < _LONGEST and self._more():
                    continue
                if error.pos >= len(self._text.rstrip()) - 1 or "Unterminated" in error.msg:
                    raise self._cut_off() from error
                line = self.line + self._text.count("\n", self._at, error.pos)
                raise self.refusal(_("This is no JSON (%(what)s).") % {"what": error.msg}, line) from error
            if end == len(self._text) and isinstance(value, int | float) and self._more():
                continue  # a number may go on
            self._move(end)
            return value

    def refusal(self, message: str, line: int | None = None) -> NotThisFormat:
        return NotThisFormat(
            message,
            line=line or self.line,
            todo=_("Export the issues again as JSON, or choose the right kind of file."),
        )

    def _cut_off(self) -> NotThisFormat:
        return NotThisFormat(
            _("The file ends within the JSON: it was cut off."),
            line=self.line,
            todo=_("Export it again and look whether the download was complete."),
        )

    def _move(self, to: int) -> None:
        self.line += self._text.count("\n", self._at, to)
        self._at = to

    def _more(self) -> bool:
        try:
            chunk = self._file.read(max(_CHUNK, len(self._text) - self._at))
        except UnicodeDecodeError as error:
            raise NotThisFormat(
                _("This is no text file (%(what)s).") % {"what": error.reason},
                line=self.line,
                todo=_("Choose the JSON file itself, unpacked."),
            ) from error
        if chunk:
            self._text = self._text[self._at :] + chunk
            self._at = 0
        return bool(chunk)
