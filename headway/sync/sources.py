"""Open a file of any tracker, and what a team has said about such files before."""

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from zoneinfo import ZoneInfo

from headway.people.models import Team

from .csv.reader import open_csv
from .github.reader import open_github
from .headings import plain_heading
from .jira.headings import KNOWN as JIRA
from .jira.reader import open_jira
from .models import Mapping
from .survey import Answers, Source
from .tables import open_table

Opener = Callable[[Path, Answers, dt.tzinfo], Source]

OPENERS: dict[str, Opener] = {"jira": open_jira, "github": open_github, "csv": open_csv}
NAMES = {"jira": "Jira", "github": "GitHub", "csv": "CSV"}


def guess_provider(path: Path) -> str:
    """Say what a file looks like: GitHub's JSON, Jira's headings, or any table. Raises NotThisFormat."""
    with path.open("rb") as file:
        start = file.read(4096).lstrip(b"\xef\xbb\xbf \r\n\t")
    if start[:1] in {b"[", b"{"}:
        return "github"
    headings = {plain_heading(heading) for heading in open_table(path).headings}
    return "jira" if headings & _JIRAS_TITLES and headings & _JIRAS_KEYS else "csv"


_JIRAS_TITLES = frozenset(name for name, field in JIRA.items() if field == "title") - {"title"}
_JIRAS_KEYS = frozenset(name for name, field in JIRA.items() if field == "key")


def open_source(provider: str, path: Path, answers: Answers, team: Team) -> Source:
    """Look over a file; dates that name no zone are of the organisation's. Raises NotThisFormat."""
    return OPENERS[provider](path, answers, zone_of(team))


def zone_of(team: Team) -> ZoneInfo:
    return ZoneInfo(team.organisation.time_zone)


def remembered(team: Team, provider: str) -> Answers:
    """Return what the team has said about files of this provider."""
    row = Mapping.objects.filter(team=team, provider=provider).first()
    return Answers.from_json(row.answers) if row else Answers()


def remember(team: Team, provider: str, answers: Answers) -> None:
    """Keep answers for the team's next file. Call inside a transaction."""
    Mapping.objects.update_or_create(team=team, provider=provider, defaults={"answers": answers.to_json()})
