"""The report as Markdown, CSV and JSON: whole, however long (docs/howto/report.md)."""

import csv
import io
from collections.abc import Iterator
from typing import Any

from django.utils.translation import gettext as _

from headway.lib.formats import from_to, full_day, percent, signed, with_unit
from headway.okr.queries import KeyResultRow
from headway.scrum.models import Category

from .report import Group, Line, Report

COLUMNS = (
    "team",
    "serves",
    "key_result",
    "state",
    "key",
    "title",
    "kind",
    "size",
    "sprint",
    "tracker_key",
    "started_on",
    "done_on",
    "blocked_days",
    "reason",
    "low",
    "likely",
    "high",
    "chance",
    "judge_on",
    "outcome",
    "measured",
    "scale",
)
#: What a spreadsheet takes for the beginning of a formula.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")


# JSON


def json_document(report: Report) -> dict[str, Any]:
    """Return the report as one JSON document; shares are 0–1, days ISO 8601, what is not known null."""
    share = report.unserved_share
    return {
        "team": report.team.key,
        "scope": {
            "kind": report.scope.kind,
            "name": report.scope.name,
            "starts_on": _iso(report.scope.starts_on),
            "ends_on": _iso(report.scope.ends_on),
        },
        "on": report.on.isoformat(),
        "counts": {"todo": report.todo, "doing": report.doing, "done": report.done, "done_undated": report.undated},
        "serves_no_key_result": {
            "share": share.share if share else None,
            "of": share.of if share else None,
            "limit": report.unserved_limit,
        },
        "groups": [_group_document(group) for group in report.all_groups],
    }


def _group_document(group: Group) -> dict[str, Any]:
    return {
        "key_result": _key_result_document(group) if group.key_result else None,
        **{category: [_line_document(line) for line in lines] for category, lines in group.lanes},
    }


def _key_result_document(group: Group) -> dict[str, Any]:
    row = group.key_result
    assert row is not None
    return {
        "id": row.id,
        "short_name": row.short_name,
        "title": row.title,
        "unit": row.unit,
        "from": row.baseline,
        "to": row.target,
        "at_least": row.lower,
        "at_most": row.upper,
        "now": row.progress.now,
        "measured_on": _iso(row.progress.measured_on),
        "delivered": group.delivered.share if group.delivered else None,
        "moved": row.progress.moved,
        "time_used": row.progress.time_used,
        "of": group.of or None,
    }


def _line_document(line: Line) -> dict[str, Any]:
    item, serves = line.item, line.serves
    bet = serves.bet if serves else None
    verdict = bet.verdict if bet else None
    return {
        "key": item.key,
        "title": item.title,
        "kind": item.kind,
        "size": item.size,
        "sprint": item.sprint or None,
        "tracker_key": item.tracker_key or None,
        "started_on": _iso(item.started_on),
        "done_on": _iso(item.done_on),
        "blocked_days": item.blocked_days,
        "serves": (serves.kind or "key_result") if serves else None,
        "reason": serves.reason or None if serves else None,
        "low": bet.low if bet else None,
        "likely": bet.likely if bet else None,
        "high": bet.high if bet else None,
        "chance": bet.chance if bet else None,
        "judge_on": _iso(bet.judge_on) if bet else None,
        "outcome": verdict.outcome if verdict else None,
        "measured": verdict.measured if verdict else None,
        "scale": verdict.scale if verdict else None,
    }


# CSV


def csv_lines(report: Report) -> Iterator[str]:
    """Yield the lines of a CSV file: one for each item and Key Result, columns as in COLUMNS."""
    yield _csv_line(COLUMNS)
    for group in report.all_groups:
        key_result = group.key_result.title if group.key_result else ""
        for state, lines in group.lanes:
            for line in lines:
                cells = _line_document(line) | {
                    "team": report.team.key,
                    "key_result": key_result,
                    "state": state,
                }
                yield _csv_line([cells[column] for column in COLUMNS])


def _csv_line(cells: Any) -> str:
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\r\n").writerow([_cell(cell) for cell in cells])
    return buffer.getvalue()


def _cell(value: Any) -> Any:
    """Keep a spreadsheet from running what somebody wrote into a title; numbers stay numbers."""
    if isinstance(value, str) and value.startswith(FORMULA_STARTS):
        return "'" + value
    return "" if value is None else value


# Markdown


def markdown(report: Report) -> str:
    """Return the report for people, to be pasted into a page or a mail."""
    return "\n".join(_markdown_lines(report)) + "\n"


def _markdown_lines(report: Report) -> Iterator[str]:
    yield f"# {_text(report.team.name)}: {_('work by Key Result')}"
    yield ""
    yield f"{_heading(report)}"
    yield ""
    yield _("%(todo)s to do, %(doing)s in progress, %(done)s done.") % {
        "todo": report.todo,
        "doing": report.doing,
        "done": report.done,
    } + _share_sentence(report)
    if report.undated:
        yield ""
        yield report.undated_sentence
    for group in report.all_groups:
        yield ""
        yield from _markdown_group(group)
    yield ""
    yield (
        _("Done is work; it moves no Key Result by itself.")
        + " "
        + _("Delivered counts the size of done work on a Key Result, moved counts only measurements.")
    )


def _heading(report: Report) -> str:
    day = _("as of %(day)s") % {"day": full_day(report.on)}
    scope = report.scope
    if scope.starts_on and scope.ends_on:
        days = _("%(first)s to %(last)s") % {"first": full_day(scope.starts_on), "last": full_day(scope.ends_on)}
        return ", ".join(filter(None, [_text(scope.name), days, day]))
    return ", ".join(filter(None, [_text(scope.name), day]))


def _share_sentence(report: Report) -> str:
    share = report.unserved_share
    if share is None:
        return ""
    values = {"share": percent(share.share), "of": _text(share.of), "limit": percent(report.unserved_limit)}
    if report.unserved_limit is None:
        return " " + _("%(share)s of %(of)s serves no Key Result.") % values
    return " " + _("%(share)s of %(of)s serves no Key Result; the team agreed to stay under %(limit)s.") % values


def _markdown_group(group: Group) -> Iterator[str]:
    row = group.key_result
    if row is None:
        yield f"## {_('Serves no Key Result')}"
    else:
        yield f"## {_text(row.short_name)}: {_text(row.title)}"
        yield ""
        yield " · ".join(_facts(row, group))
    names = {Category.TODO: _("To do"), Category.DOING: _("In progress"), Category.DONE: _("Done")}
    for category, lines in group.lanes:
        if not lines:
            continue
        yield ""
        yield f"**{names[Category(category)]}** ({len(lines)})"
        yield ""
        for line in lines:
            yield f"- {_text(line.item.key)} {_text(line.item.title)}{_note(line)}"
    if group.is_empty:
        yield ""
        yield _("No work.")


def _facts(row: KeyResultRow, group: Group) -> Iterator[str]:
    yield _("delivered %(share)s") % {"share": percent(group.delivered.share if group.delivered else None)}
    yield _("moved %(share)s") % {"share": percent(row.progress.moved)}
    yield _("time used %(share)s") % {"share": percent(row.progress.time_used)}
    if row.baseline is not None and row.target is not None:
        yield _("from %(range)s") % {"range": from_to(row.baseline, row.target, _text(row.unit))}
    yield _("now %(value)s") % {"value": with_unit(row.progress.now, _text(row.unit))}
    if group.of:
        yield _text(group.of)


def _note(line: Line) -> str:
    """Say in brackets what is worth knowing of an item in its state."""
    item, bet = line.item, line.serves.bet if line.serves else None
    notes = []
    if line.serves and line.serves.kind:
        notes.append(f"{_text(line.serves.name)}: {_text(line.serves.reason)}")
    if item.category != Category.DONE:
        notes += [_text(item.sprint)] if item.sprint and item.category == Category.TODO else []
        notes += [_("day %(count)s") % {"count": item.day}] if item.day else []
        notes += [_("blocked for %(count)s d") % {"count": item.blocked_days}] if item.is_blocked else []
    elif bet and bet.verdict:
        notes.append(_verdict(line))
    elif bet and (due := bet.due_on(item.done_on)):
        notes.append(_("judge on %(day)s") % {"day": full_day(due)})
    if item.category == Category.TODO and bet:
        notes.append(
            _("promises %(range)s, chance %(chance)s")
            % {"range": from_to(bet.low, bet.high, _unit(line)), "chance": percent(bet.chance)}
        )
    return f" ({'; '.join(notes)})" if notes else ""


def _verdict(line: Line) -> str:
    bet = line.serves.bet if line.serves else None
    verdict = bet.verdict if bet else None
    assert verdict is not None
    if verdict.scale is None:
        return _text(verdict.outcome_name)
    grade = _("verdict %(scale)s of 5") % {"scale": verdict.scale}
    if verdict.measured is None:
        return grade
    return f"{signed(verdict.measured)} {_unit(line)}".rstrip() + f", {grade}"


def _unit(line: Line) -> str:
    return _text(line.serves.unit) if line.serves else ""


def _text(text: str) -> str:
    """Escape what Markdown would read as its own; a title is one line."""
    escaped = "".join("\\" + character if character in "\\`*_[]<>|#" else character for character in text)
    return " ".join(escaped.split())


def _iso(day: Any) -> str | None:
    return day.isoformat() if day else None
