"""Open any delimited table of work items."""

import datetime as dt
from collections.abc import Mapping, Sequence
from pathlib import Path

from headway.sync.headings import are_keys, field_of
from headway.sync.statuses import category_of
from headway.sync.survey import Answers
from headway.sync.tables import open_table
from headway.sync.tabular import TableSource, looks_like_dates, read_table, zone_named

from .headings import KNOWN

# Of several columns that could be the one, the first here is it; the others stay with the item.
_BEST_FIRST = {
    "key": ("issue key", "issuekey", "key", "ticket key", "ticket id", "id"),
    "status": ("status", "state", "current status"),
}


def open_csv(path: Path, answers: Answers, zone: dt.tzinfo) -> TableSource:
    """Look over a table. Raises NotThisFormat for what is none; `zone` holds for dates that name none."""
    table = open_table(path, answers.options.get("delimiter", ""))
    named = answers.options.get("zone")
    return read_table(table, guess_fields, answers, zone_named(named) if named else zone)


def guess_fields(headings: Sequence[str], samples: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """Return heading → field by name, and a date per status where a status heads a column of dates."""
    fields = {heading: field_of(heading, KNOWN) or "extra" for heading in headings}
    for heading in headings:
        if category_of(heading) and looks_like_dates(samples[heading]):
            fields[heading] = f"status:{heading.replace('_', ' ')}"
        elif fields[heading] in _DATES and samples[heading] and not looks_like_dates(samples[heading][:3]):
            fields[heading] = "extra"  # "Closed: yes" is no date
    for name in ("key", "title", "status", "kind", "description", "rank"):
        _keep_one(fields, name, samples)
    if "status" not in fields.values():
        fields = {heading: "status" if to == "status_category" else to for heading, to in fields.items()}
    if "key" not in fields.values():
        for heading in headings:
            if fields[heading] == "extra" and are_keys(samples[heading]):
                fields[heading] = "key"
                break
    if "parent" in fields.values():
        fields = {heading: "extra" if to == "parent_id" else to for heading, to in fields.items()}
    return fields


_DATES = frozenset({"created", "updated", "started", "done", "due", "sprint_start", "sprint_end"})


def _keep_one(fields: dict[str, str], name: str, samples: Mapping[str, Sequence[str]]) -> None:
    """Leave one column for a field that can have one only: that of the best heading, else the first."""
    claims = [heading for heading, to in fields.items() if to == name]
    if len(claims) < 2:
        return
    best = _BEST_FIRST.get(name, ())

    def rank(heading: str) -> tuple[int, int]:
        plain = " ".join(heading.replace("_", " ").casefold().split())
        return (best.index(plain) if plain in best else len(best), claims.index(heading))

    if name == "key":
        keyed = [heading for heading in claims if are_keys(samples[heading])]
        chosen = min(keyed or claims, key=rank)
    else:
        chosen = min(claims, key=rank)
    for heading in claims:
        if heading != chosen:
            fields[heading] = "extra"
