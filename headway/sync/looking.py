"""The first look over a file in the browser: what it is, what becomes of its rows, what must be asked."""

from dataclasses import asdict
from typing import Any

from headway.people.models import Team

from . import uploads
from .models import Import
from .preview import preview
from .rows import NotThisFormat
from .sources import open_source
from .survey import Answers, ColumnSeen, StatusSeen, Survey

NOW_BYTES = 3 * 2**20  # what is larger is looked over in the background


def look_over(run: Import) -> None:
    """Look a file over with the answers so far and keep what was found, or why it is refused, as `run.preview`."""
    team = Team.objects.select_related("organisation").get(pk=run.team_id or 0)
    try:
        source = open_source(run.provider, uploads.path_of(run), Answers.from_json(run.mapping), team)
        found: dict[str, Any] = {"survey": asdict(source.survey)}
        if not source.survey.missing:
            seen = preview(team, run.provider, source, may_wait=True, decisions=run.decisions)
            found |= {"counts": seen.counts, "rows": seen.rows}
    except NotThisFormat as error:
        found = {"refused": {"message": error.message, "line": error.line, "todo": error.todo}}
    run.preview = found
    run.rows_total = found["survey"]["rows"] if "survey" in found else None
    run.save(update_fields=["preview", "rows_total"])


def survey_of(run: Import) -> Survey | None:
    """Return the survey that was kept; None where the file was refused or nobody has looked yet."""
    kept = run.preview.get("survey")
    if kept is None:
        return None
    given: dict[str, Any] = dict(kept)
    given["columns"] = tuple(ColumnSeen(**row) for row in kept["columns"])
    given["statuses"] = tuple(StatusSeen(**row) for row in kept["statuses"])
    for name in ("missing", "languages"):
        given[name] = tuple(kept[name])
    return Survey(**given)
