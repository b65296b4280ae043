"""What the demonstration brought in from a tracker: real imports of small files, through the import's own actions."""

import csv
import datetime as dt
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from headway.live.models import Change
from headway.people.actor import Actor, actor_for
from headway.scrum.actions import edit_item
from headway.scrum.models import Item
from headway.sync.actions import begin_import, import_file
from headway.sync.models import Import
from headway.sync.survey import Answers

from .calendar import Calendar
from .people import Cast

HEADINGS = ("Issue key", "Summary", "Issue Type", "Status", "Created", "Story Points")


def imports_of(
    story: dict[str, Any], cast: Cast, calendar: Calendar
) -> Iterator[tuple[dt.datetime, Callable[[], None]]]:
    """Return what brings in each file of a team, as its Product Owner did, and the moment when that was."""
    for told in story.get("imports", ()):
        yield calendar.moment(told["on"], 16), partial(_bring_in, told, story, cast, calendar)


def _bring_in(told: dict[str, Any], story: dict[str, Any], cast: Cast, calendar: Calendar) -> None:
    """Bring in a file, after the edits that were made here before it."""
    actor = actor_for(cast.people[story["roles"]["product_owner"]], cast.organisation)
    assert actor is not None
    known = Change.objects.filter(organisation_id=cast.organisation.pk).latest("pk").pk
    moment = calendar.moment(told["on"], 16)
    _edit(told.get("edits", {}), cast.teams[story["id"]].pk, by=actor)
    run = _import(told, story, cast, calendar, by=actor)
    Import.objects.filter(pk=run.pk).update(created_at=moment, finished_at=moment)
    Change.objects.filter(organisation_id=cast.organisation.pk, pk__gt=known).update(at=moment)


def _edit(edits: dict[str, dict[str, Any]], team_id: int, *, by: Actor) -> None:
    for tracker_key, fields in edits.items():
        edit_item(Item.objects.get(team=team_id, tracker_key=tracker_key), by=by, **fields)


def _import(told: dict[str, Any], story: dict[str, Any], cast: Cast, calendar: Calendar, *, by: Actor) -> Import:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / told["file"]
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(HEADINGS)
            writer.writerows([_created(cell, calendar) for cell in row] for row in told["rows"])
        team = cast.teams[story["id"]]
        run = begin_import(team, by=by, provider="jira", file_name=path.name, size_bytes=path.stat().st_size)
        return import_file(run, path, by=by, answers=Answers(), may_wait=False)


def _created(cell: Any, calendar: Calendar) -> Any:
    """Write a day that stands in braces as the tracker writes it; anything else as it is."""
    if isinstance(cell, str) and cell.startswith("{"):
        return f"{calendar.day(cell.strip('{}')).isoformat()} 09:12"
    return cell
