"""The economic brief as Markdown, as JSON and on paper."""

import re
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.utils.translation import get_language, get_language_bidi
from django.utils.translation import gettext as _

from headway.lib import paper
from headway.lib.formats import full_day

from .brief import Brief, FocusRow

_SPECIAL = re.compile(r"([\\`*_\[\]<>|~])")
_FIRST = re.compile(r"^(#|\+|-|\d+(?=[.)]))")


def headings() -> dict[str, str]:
    """Return what stands over the parts of the brief, in its order."""
    return {
        "focus": _("Where to focus"),
        "waiting": _("What waiting costs"),
        "minds": _("What would change our mind"),
        "test": _("What to find out first"),
        "record": _("How far to trust it"),
        "cannot": _("What this cannot say"),
    }


def title(brief: Brief) -> str:
    return _("Economic brief: %(team)s") % {"team": brief.team.name}


def columns() -> tuple[str, ...]:
    """Return the headings of the focus: its place, the item, what it serves, weeks, what it brings and loses."""
    return ("#", _("Item"), _("Serves"), _("Weeks"), _("Brings"), _("A Sprint later"))


def document(brief: Brief) -> dict[str, Any]:
    """Return the brief as JSON can hold it: sentences in the reader's language."""
    kept = {name: value for name, value in asdict_of(brief).items() if name != "team"}
    return {"team": brief.team.key} | kept | {"on": brief.on.isoformat()}


def asdict_of(brief: Brief) -> dict[str, Any]:
    """Return the fields; the team stays a row."""
    fields = {name: getattr(brief, name) for name in brief.__dataclass_fields__}
    return fields | {"focus": [asdict(row) for row in brief.focus]}


def markdown(brief: Brief) -> str:
    """Return the brief for people, to be pasted into a page or a mail. What people wrote is text, never markup."""
    return "\n".join(_lines(brief)) + "\n"


def pdf(brief: Brief) -> bytes:
    """Return the brief on one page of A4. Raises paper.Busy and paper.CannotPrint."""
    data = {
        "title": title(brief),
        "on": full_day(brief.on),
        "lang": (get_language() or "en").split("-")[0],
        "dir": "rtl" if get_language_bidi() else "ltr",
        "order_from": brief.order_from,
        "reason": brief.reason,
        "gain": " ".join(filter(None, [brief.gain, brief.spread])),
        "breaks": list(brief.breaks),
        "headings": headings(),
        "columns": columns(),
        "focus": [_cells(row) for row in brief.focus],
        "more": more(brief),
        "parts": {name: list(lines) for name, lines in parts(brief)},
        "empty": empty() if brief.is_empty else "",
    }
    return paper.pdf((Path(__file__).parent / "brief.typ").read_text(encoding="utf-8"), data)


def parts(brief: Brief) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield what follows the focus: name of the heading, and its sentences; parts without any are left out."""
    test = (brief.test,) if brief.test else ()
    for name, lines in (
        ("waiting", brief.waiting),
        ("minds", brief.minds),
        ("test", test),
        ("record", brief.record),
        ("cannot", brief.cannot),
    ):
        if lines:
            yield name, lines


def more(brief: Brief) -> str:
    """Say how many items follow those named."""
    return _("%(count)s more follow.") % {"count": brief.not_named} if brief.not_named else ""


def empty() -> str:
    return _("Nothing on the value sheet yet: give one item a promise, and this page has something to say.")


def _lines(brief: Brief) -> Iterator[str]:
    yield f"# {_text(title(brief))}"
    yield ""
    yield f"{full_day(brief.on)}. {_text(brief.order_from)}"
    if brief.is_empty:
        yield ""
        yield empty()
        return
    if brief.reason:
        yield ""
        yield f"> {_text(brief.reason)}"
    if brief.gain:
        yield ""
        yield " ".join(filter(None, [f"**{_text(brief.gain)}**", _text(brief.spread)]))
    for line in brief.breaks:
        yield ""
        yield _text(line)
    told = headings()
    yield ""
    yield f"## {told['focus']}"
    yield ""
    yield "| " + " | ".join(columns()) + " |"
    yield "|--:|---|---|--:|--:|--:|"
    for row in brief.focus:
        yield "| " + " | ".join(_text(cell) for cell in _cells(row)) + " |"
    if brief.not_named:
        yield ""
        yield more(brief)
    for name, lines in parts(brief):
        yield ""
        yield f"## {told[name]}"
        yield ""
        yield from (f"- {_text(line)}" for line in lines)


def _cells(row: FocusRow) -> list[str]:
    return [str(row.place), f"{row.key} {row.title}", row.serves, row.weeks, row.adds, row.later]


def _text(text: str) -> str:
    """Write what people wrote so that Markdown shows it as it is, in one line."""
    return _FIRST.sub(_escaped, _SPECIAL.sub(r"\\\1", " ".join(text.split())))


def _escaped(found: re.Match[str]) -> str:
    """Put a backslash before what would begin a list or a heading; in a number before what follows it."""
    return f"{found[0]}\\" if found[0].isdecimal() else f"\\{found[0]}"
