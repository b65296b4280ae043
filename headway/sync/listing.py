"""The rows of an import as a list: what became of each, or would."""

from collections.abc import Iterator, Mapping
from typing import Any

from django.utils.translation import gettext as _

from headway.people.models import Team

from . import uploads
from .models import Import
from .plan import Difference, Place, missing_items, plan
from .sources import open_source, zone_of
from .survey import Answers

HEADINGS = ("line", "key", "title", "what", "field", "before", "after", "reason")
Row = tuple[str, ...]


def rows_to_come(run: Import) -> Iterator[Row]:
    """Yield what would become of every row of a file that was looked over. Raises NotThisFormat."""
    team = Team.objects.select_related("organisation").get(pk=run.team_id or 0)
    source = open_source(run.provider, uploads.path_of(run), Answers.from_json(run.mapping), team)
    place = Place.of(team, source, may_wait=True, zone=zone_of(team), decisions=run.decisions)
    for batch in plan(place, source):
        for planned in batch:
            head = (str(planned.line), _cell(planned.key), _cell(planned.title), planned.what)
            differences = [*planned.changes, *planned.conflicts]
            if planned.what != "unchanged" and not differences:
                yield (*head, "", "", "", _cell(planned.reason))
            for difference in differences:
                yield (*head, *_difference(difference), _cell(planned.reason))
    for item in missing_items(place, source, run.provider):
        yield ("", _cell(item.tracker_key), _cell(item.title), "missing", "", "", "", "")


def rows_done(run: Import) -> Iterator[Row]:
    """Yield what became of the rows that were not left as they were, and those that could not be read."""
    for row in run.rows.order_by("pk").iterator(chunk_size=500):
        head = (str(row.line or ""), _cell(row.key), _cell(row.title), row.what)
        fields: Mapping[str, Any] = row.before.get("fields", {})
        if not fields:
            yield (*head, "", "", "", "")
        for name, before in fields.items():
            yield (*head, *_difference(Difference(name, before, row.after.get("fields", {}).get(name))), "")
    for skipped in run.skipped:
        key, reason = _cell(skipped.get("key") or ""), _cell(skipped["reason"])
        yield (str(skipped["line"]), key, "", "skipped", "", "", "", reason)


def _difference(difference: Difference) -> tuple[str, str, str]:
    return difference.name, _text(difference.ours), _text(difference.theirs)


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, str) and value.startswith("sha1:"):
        return _("(long text)")
    return str(value) if isinstance(value, int | float) else _cell(str(value))


def _cell(text: str) -> str:
    """Keep a spreadsheet from running what somebody wrote."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r", "\n")) else text
