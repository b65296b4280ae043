"""What `headway doctor` prints."""

import json
import os

from django.db import connection
from django.utils.translation import gettext as _
from rich.console import Console
from rich.text import Text

from headway.operations import doctor
from headway.search import index


def examine(*, as_json: bool, out: Console) -> bool:
    """Print what is wrong. Returns whether nothing is, advice aside."""
    findings = doctor.examine(os.environ)
    is_well = all(finding.is_advice for finding in findings)
    if as_json:
        document = {
            "well": is_well,
            "findings": [
                {
                    "code": finding.code,
                    "level": "advice" if finding.is_advice else "wrong",
                    "what": finding.what,
                    "why": finding.why,
                    "do": finding.remedy,
                }
                for finding in findings
            ],
        }
        print(json.dumps(document, ensure_ascii=False))  # noqa: T201
        return is_well
    for finding in sorted(findings, key=lambda one: one.is_advice):
        mark = Text(_("advice"), style="yellow") if finding.is_advice else Text(_("wrong"), style="bold red")
        out.print(mark, Text(f" {finding.what}", style="bold"), Text(f" [{finding.code}]", style="dim"), sep="")
        out.print(Text(f"    {finding.why}"))
        out.print(Text(f"    {_('What to do:')} {finding.remedy}"))
    if is_well:
        out.print(Text(_("Nothing is wrong.") if not findings else _("Nothing is wrong; see the advice above.")))
    return is_well


def mend_search(*, out: Console) -> None:
    """Make the search index anew from the tables."""
    index.drop_triggers(connection)
    index.create_triggers(connection)
    index.rebuild(connection)
    out.print(_("The search index was filled anew."))
