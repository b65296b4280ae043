"""Imports of OKRs: a file of Markdown or CSV, what becomes of it, and the way back."""

import tempfile
from pathlib import Path
from typing import Annotated, Any

from ninja import File, Form, Query
from ninja.files import UploadedFile
from pydantic import Field

from headway.people.access import require
from headway.sync.models import Import
from headway.sync.okrs import actions
from headway.sync.rows import NotThisFormat

from .platform.asking import ApiRequest
from .platform.finding import found, team_of
from .platform.paging import Page, Paging, page_of
from .platform.problems import Problem
from .platform.routes import Area
from .platform.schemas import Id, Moment, Out

area = Area("Imports of OKRs")
SCOPE = "write:okr"
MOST_BYTES = 10 * 2**20


class SkippedLine(Out):
    """A line that was left out, and why."""

    line: int | None
    reason: str


class OkrImport(Out):
    """What an import of OKRs did, or (with `id` null) would do."""

    id: Id | None
    team_key: str
    file_name: str
    state: Annotated[str, Field(description="done, undone, or planned.")]
    read: int
    created: int
    changed: int
    unchanged: int
    skipped: list[SkippedLine]
    unmapped: Annotated[list[str], Field(description="Columns that nothing was made of.")]
    left: Annotated[list[str], Field(description="What an undo left, as others had changed it since.")]
    created_at: Moment | None


@area.read("/teams/{team_key}/okr-imports")
def list_okr_imports(request: ApiRequest, team_key: str, paging: Query[Paging]) -> Page[OkrImport]:
    """List the imports of OKRs into a team, the newest first."""
    rows = _imports(request).filter(team=team_of(request, team_key))
    return page_of(rows, paging, represent, order=("-id",))


@area.read("/okr-imports/{int:import_id}")
def get_okr_import(request: ApiRequest, import_id: int) -> OkrImport:
    """Read what an import of OKRs did."""
    return represent(found(_imports(request), pk=import_id))


@area.create("/teams/{team_key}/okr-imports", scope=SCOPE, most_bytes=MOST_BYTES)
def import_okrs(
    request: ApiRequest,
    team_key: str,
    file: File[UploadedFile],
    cycle: Annotated[str, Form(max_length=80, description="Take the rows of this period only.")] = "",
    dry_run: Annotated[bool, Form(description="Only say what would become of it.")] = False,
) -> OkrImport:
    """Import OKRs of a file: Markdown, or a table as CSV."""
    team = team_of(request, team_key)
    name = Path(file.name or "okrs.md").name
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"okrs{Path(name).suffix.casefold()[:10]}"
        path.write_bytes(file.read())
        try:
            done = actions.import_file(path, team=team, by=request.actor, cycle=cycle, file_name=name, dry_run=dry_run)
        except NotThisFormat as error:
            told = " ".join(part for part in (error.message, error.todo) if part)
            raise Problem(422, told, errors=[("file", told)]) from error
    if done["id"] is not None:
        return get_okr_import(request, done["id"])
    return _represent(done, team_key=team.key, file_name=name, state="planned", left=[], created_at=None)


@area.act("/okr-imports/{int:import_id}/undo", scope=SCOPE)
def undo_okr_import(request: ApiRequest, import_id: int) -> OkrImport:
    """Take an import back. What people changed since stays, and is named in `left`."""
    row = found(_imports(request), pk=import_id)
    require(request.actor, "write_okr", row.team)
    return represent(actions.undo_okrs(row, by=request.actor))


def represent(row: Import) -> OkrImport:
    """Return an import as the API shows it."""
    return _represent(
        actions.document_of(row),
        team_key=row.team.key if row.team else "",
        file_name=row.file_name,
        state=row.state,
        left=[str(entry.get("title", "")) for entry in row.left or []],
        created_at=row.created_at,
    )


def _represent(document: dict[str, Any], **values: Any) -> OkrImport:
    names = ("id", "read", "created", "changed", "unchanged", "unmapped")
    skipped = [SkippedLine(line=row["line"], reason=row["reason"]) for row in document["skipped"]]
    return OkrImport(**{name: document[name] for name in names}, skipped=skipped, **values)


def _imports(request: ApiRequest) -> Any:
    rows = Import.objects.filter(organisation=request.organisation, provider=actions.PROVIDER)
    return rows.exclude(state=Import.State.UPLOADED).select_related("team")
