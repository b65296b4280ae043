"""`headway brief`: the economic brief of a team as Markdown or PDF, as docs/howto/proposals.md has it."""

import sys
from pathlib import Path

from django.utils.translation import gettext as _

from headway.cli_value import Refused, team_of
from headway.lib import paper
from headway.people.actor import system_actor
from headway.value.brief import economic_brief
from headway.value.brief_documents import markdown, pdf

FORMATS = ("md", "pdf")


def brief(team_key: str, *, format: str | None, file: Path | None) -> None:
    """Write the brief to a file, or to standard output; the format is that of the file's name unless told."""
    chosen = format or (file.suffix.removeprefix(".").lower() if file else "") or "md"
    if chosen not in FORMATS:
        raise Refused(_("%(text)s is no format: write md or pdf.") % {"text": chosen})
    with team_of(team_key) as team:
        found = economic_brief(team, system_actor(team))
        try:
            content = markdown(found).encode() if chosen == "md" else pdf(found)
        except (paper.Busy, paper.CannotPrint) as error:
            raise Refused(_("The PDF could not be made: %(why)s") % {"why": error}) from error
    if file is None:
        sys.stdout.buffer.write(content)
        sys.stdout.flush()
        return
    try:
        file.write_bytes(content)
    except OSError as error:
        raise Refused(_("%(file)s cannot be written: %(why)s.") % {"file": file, "why": error.strerror}) from error
