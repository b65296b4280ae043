"""Open a Jira export."""

import datetime as dt
from collections.abc import Mapping, Sequence
from pathlib import Path

from headway.sync.headings import are_keys, field_of
from headway.sync.survey import Answers
from headway.sync.tables import open_table
from headway.sync.tabular import TableSource, read_table, zone_named

from .headings import KNOWN


def open_jira(path: Path, answers: Answers, zone: dt.tzinfo) -> TableSource:
    """Look over a Jira CSV (comma, semicolon or tab). Raises NotThisFormat for what is none.

    `zone` holds for dates that name none, unless the answers name another.
    """
    table = open_table(path, answers.options.get("delimiter", ""))
    named = answers.options.get("zone")
    return read_table(table, guess_fields, answers, zone_named(named) if named else zone)


def guess_fields(headings: Sequence[str], samples: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """Return heading → field as far as Jira's own headings tell; the rest is kept with the item."""
    fields = {heading: field_of(heading, KNOWN) or "extra" for heading in headings}
    if "key" not in fields.values():
        for heading in headings:  # a language that we do not know: keys are told by their look
            if fields[heading] == "extra" and are_keys(samples[heading]):
                fields[heading] = "key"
                break
    if "parent" in fields.values():  # the number of the parent is worth nothing beside its key
        fields = {heading: "skip" if to == "parent_id" else to for heading, to in fields.items()}
    return fields
