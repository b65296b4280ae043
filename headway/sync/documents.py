"""What `headway import … --json` prints."""

from collections.abc import Mapping, Sequence
from typing import Any

from .models import Import
from .preview import Preview
from .rows import NotThisFormat
from .survey import Survey
from .undoing import UndoResult

COUNTS = ("read", "created", "changed", "unchanged", "missing", "kept")


def import_document(run: Import, survey: Survey | None = None) -> dict[str, Any]:
    return _document(run.pk, run.counts, run.skipped, run.unmapped, survey)


def preview_document(found: Preview, survey: Survey) -> dict[str, Any]:
    unmapped = [seen.name for seen in survey.unknown_statuses]
    return _document(None, found.counts, found.rows["skipped"], unmapped, survey)


def undo_document(run: Import, result: UndoResult) -> dict[str, Any]:
    return {"id": run.pk, "taken_back": result.taken_back, "left": [row.to_json() for row in result.left]}


def refusal_document(error: NotThisFormat) -> dict[str, Any]:
    return {"error": error.message, "line": error.line, "todo": error.todo}


def _document(
    id: int | None,
    counts: Mapping[str, int],
    skipped: Sequence[Mapping[str, Any]],
    unmapped: Sequence[str],
    survey: Survey | None,
) -> dict[str, Any]:
    document: dict[str, Any] = {
        "id": id,
        **{name: counts.get(name, 0) for name in COUNTS},
        "skipped": [{"line": row["line"], "reason": row["reason"]} for row in skipped],
        "unmapped": list(unmapped),
    }
    if survey and survey.is_date_order_open:
        # Every date of the file can be read both ways and nobody has said how.
        document["assumed"] = {"dates": survey.date_order}
    return document
