"""`headway report`: the report of a team as Markdown, CSV or JSON, as docs/howto/report.md has it."""

import json
from typing import Any, TextIO

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from headway.cli_value import Refused, day_of, team_of
from headway.desks import documents
from headway.desks.report import report_for, scopes_for

FORMATS = ("md", "csv", "json")


def report(
    team_key: str,
    *,
    format: str,
    sprint: int | None,
    start: str | None,
    end: str | None,
    on: str | None,
    out: TextIO,
) -> None:
    """Write the report of a Sprint, of days, or (without either) of the cycle, as it stands or stood on a day."""
    if format not in FORMATS:
        raise Refused(_("%(text)s is no format: write md, csv or json.") % {"text": format})
    if sprint is not None and (start or end):
        raise Refused(_("Ask one of the two: --sprint N, or --from DATE --to DATE."))
    with team_of(team_key) as team:
        days: dict[str, Any] = {name: day_of(text) for name, text in (("start", start), ("end", end)) if text}
        as_of = day_of(on) if on else None
        try:
            found = report_for(team, scopes_for(team, sprint=sprint, **days, on=as_of).chosen, on=as_of)
        except ValidationError as error:
            raise Refused(" ".join(error.messages)) from error
        if format == "csv":
            out.writelines(documents.csv_lines(found))
        elif format == "json":
            json.dump(documents.json_document(found), out, ensure_ascii=False, indent=2, allow_nan=False)
            out.write("\n")
        else:
            out.write(documents.markdown(found))
