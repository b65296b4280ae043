"""Imports of a tracker's export: hand a file in, see what becomes of it, answer, start, look back, take it back."""

from pathlib import Path
from typing import Annotated, Any, Literal

from django.utils.translation import gettext as _
from ninja import File, Form, Query
from ninja.files import UploadedFile
from pydantic import Field

from headway.people.access import require
from headway.people.models import Team
from headway.scrum.models import Item
from headway.sync import actions, uploads
from headway.sync import models as sync
from headway.sync.looking import survey_of
from headway.sync.receiving import look_now_or_later, receive
from headway.sync.rows import NotThisFormat
from headway.sync.sources import NAMES
from headway.sync.survey import Answers
from headway.sync.tasks import bring_in

from .platform.asking import ApiRequest
from .platform.finding import found, team_of
from .platform.paging import Page, Paging, page_of
from .platform.problems import Problem, field_problem
from .platform.routes import Area
from .platform.schemas import Id, In, Line, Moment, Out

area = Area("Imports")
SCOPE = "import"
MOST_BYTES = 512 * 2**20

Provider = Literal["jira", "github", "csv"]
Meaning = Literal["todo", "doing", "done", "skip"]
Choice = Literal["ours", "theirs"]
State = Literal["uploaded", "running", "done", "stopped", "failed", "undone"]


class ImportColumn(Out):
    """A heading of the file and what it becomes."""

    heading: str
    field: str
    filled: int
    sample: str


class Status(Out):
    """A status of the file; `meaning` is null where somebody must say."""

    name: str
    rows: int
    meaning: str | None


class Left(Out):
    """A row that an undo left as it was, because somebody had changed it since."""

    key: str
    title: str


class Skipped(Out):
    """A row that could not be read, and why."""

    line: int | None
    key: str
    reason: str


class Import(Out):
    """One file. While it is looked at, `columns` and `statuses` say what becomes what, and `counts` what would be."""

    id: Id
    team_key: str
    provider: str
    file_name: str
    state: State
    is_read: Annotated[bool, Field(description="Whether the first look is over: a large file is read in between.")]
    refused: Annotated[str, Field(description="Why it cannot come in, or empty.")]
    counts: dict[str, int]
    columns: list[ImportColumn]
    statuses: list[Status]
    missing: Annotated[list[str], Field(description="Fields for which no column was found.")]
    rows_done: int
    rows_total: int | None
    unmapped: Annotated[list[str], Field(description="Statuses that wait for their meaning.")]
    skipped: list[Skipped]
    left: list[Left]
    created_at: Moment
    finished_at: Moment | None


class ImportAnswers(In):
    """What columns and statuses mean, and how conflicts are decided; what is not named stays."""

    columns: Annotated[dict[str, Line], Field(description="Heading to field, `extra` or `skip`.")] = {}
    statuses: Annotated[dict[str, Meaning], Field(description="Status to category or `skip`.")] = {}
    dates: Annotated[Literal["dmy", "mdy"] | None, Field(description="The order of day and month.")] = None
    pull_requests: bool | None = None
    milestones: bool | None = None


class StatusMeanings(In):
    """What statuses mean that nobody had explained."""

    statuses: Annotated[dict[str, Meaning], Field(min_length=1, examples=[{"In review": "doing"}])]


class Conflict(Out):
    """A field that was changed here and in the tracker: ours stays until somebody decides."""

    id: Id
    item_key: str
    item_number: Id
    team_key: str
    field: str
    ours: Any
    theirs: Any


class ConflictDecision(In):
    """Ours stays for good, or the tracker's comes."""

    choice: Choice


class Row(Out):
    """What an import did to one item."""

    line: int | None
    key: str
    title: str
    what: Annotated[str, Field(description="created, changed, kept, missing or waiting.")]
    item_number: Id | None


@area.read("/teams/{team_key}/imports", scope=SCOPE)
def list_imports(request: ApiRequest, team_key: str, filters: Query[Paging]) -> Page[Import]:
    """List the imports of a team, the newest first."""
    return page_of(_imports(_team(request, team_key)), filters, represent, order=("-id",))


@area.read("/teams/{team_key}/imports/{int:import_id}", scope=SCOPE)
def get_import(request: ApiRequest, team_key: str, import_id: int) -> Import:
    """Read an import in the state it is in."""
    return represent(_import(request, team_key, import_id))


@area.read("/teams/{team_key}/imports/{int:import_id}/rows", scope=SCOPE)
def list_import_rows(request: ApiRequest, team_key: str, import_id: int, filters: Query[Paging]) -> Page[Row]:
    """List what an import did, row by row; rows that it left as they were are not kept."""
    rows = sync.ImportedRow.objects.filter(run=_import(request, team_key, import_id)).select_related("item")
    return page_of(rows, filters, _row, order=("id",))


@area.create("/teams/{team_key}/imports", scope=SCOPE, most_bytes=MOST_BYTES)
def upload_import(
    request: ApiRequest,
    team_key: str,
    file: File[UploadedFile],
    provider: Annotated[Provider | None, Form(description="Guessed from the file where it is not given.")] = None,
) -> Import:
    """Hand a file in and see what would become of it; nothing is written yet."""
    team = _team(request, team_key)
    file.name = Path(file.name or "export.csv").name
    try:
        return represent(receive(team, file, by=request.actor, provider=provider or ""))
    except NotThisFormat as error:
        raise field_problem("file", " ".join(part for part in (error.message, error.todo) if part)) from error


@area.change("/teams/{team_key}/imports/{int:import_id}/answers", scope=SCOPE)
def answer_import(request: ApiRequest, team_key: str, import_id: int, body: ImportAnswers) -> Import:
    """Say what columns and statuses mean; the file is looked over again with that."""
    run = _import(request, team_key, import_id)
    options = {name: value for name, value in _options(body).items() if value is not None}
    try:
        given = Answers.from_json({"columns": body.columns, "statuses": body.statuses, "options": options})
    except NotThisFormat as error:
        raise field_problem("columns", error.message) from error
    actions.save_answers(run, Answers.from_json(run.mapping).with_(given), run.decisions, by=request.actor)
    run.refresh_from_db()
    look_now_or_later(run)
    return represent(run)


@area.act("/teams/{team_key}/imports/{int:import_id}/start", scope=SCOPE)
def start_import(request: ApiRequest, team_key: str, import_id: int) -> Import:
    """Bring the file in, in the background: read the import until its state is no longer `running`."""
    run = _import(request, team_key, import_id)
    actions.start_import(run, by=request.actor)
    bring_in.enqueue(import_id=run.pk, person_id=_person(request))
    return get_import(request, team_key, import_id)


@area.act("/teams/{team_key}/imports/{int:import_id}/stop", scope=SCOPE)
def stop_import(request: ApiRequest, team_key: str, import_id: int) -> Import:
    """Stop an import that runs; nothing of it is written."""
    run = _import(request, team_key, import_id)
    if run.state == sync.Import.State.RUNNING:
        uploads.ask_to_stop(run)
        if uploads.is_dead(run):
            actions.stop_import(run)
    return get_import(request, team_key, import_id)


@area.act("/teams/{team_key}/imports/{int:import_id}/undo", scope=SCOPE)
def undo_import(request: ApiRequest, team_key: str, import_id: int) -> Import:
    """Take an import back. What people changed since stays, and is named in `left`."""
    run = _import(request, team_key, import_id)
    actions.undo_import(run, by=request.actor)
    uploads.forget(run)
    return get_import(request, team_key, import_id)


@area.remove("/teams/{team_key}/imports/{int:import_id}", scope=SCOPE)
def discard_import(request: ApiRequest, team_key: str, import_id: int) -> None:
    """Drop a file that was only looked at, or that did not come in."""
    run = _import(request, team_key, import_id)
    if run.state not in {sync.Import.State.UPLOADED, sync.Import.State.FAILED, sync.Import.State.STOPPED}:
        raise Problem(409, _("This file is on its way in, or was brought in already."))
    uploads.forget(run)
    actions.discard_import(run, by=request.actor)


@area.act("/teams/{team_key}/imports/{int:import_id}/statuses", scope=SCOPE)
def explain_statuses(request: ApiRequest, team_key: str, import_id: int, body: StatusMeanings) -> Import:
    """Say afterwards what statuses mean: rows that waited come in, items that came as to do are corrected."""
    run = _import(request, team_key, import_id)
    if run.stored_as:
        again = actions.bring_in_again(run, Answers(statuses=body.statuses), by=request.actor)
        bring_in.enqueue(import_id=again.pk, person_id=_person(request))
        return get_import(request, team_key, again.pk)
    team = _team(request, team_key)
    corrected = actions.answer_statuses(team, run.provider, body.statuses, by=request.actor)
    return get_import(request, team_key, (corrected or run).pk)


@area.read("/teams/{team_key}/conflicts", scope=SCOPE)
def list_conflicts(request: ApiRequest, team_key: str, filters: Query[Paging]) -> Page[Conflict]:
    """List the conflicts that wait for a decision."""
    return page_of(_conflicts(_team(request, team_key)), filters, _conflict, order=("id",))


@area.act("/teams/{team_key}/conflicts/{int:conflict_id}/decide", scope=SCOPE)
def decide_conflict(request: ApiRequest, team_key: str, conflict_id: int, body: ConflictDecision) -> Conflict:
    """Settle a conflict."""
    row = found(_conflicts(_team(request, team_key)), pk=conflict_id)
    actions.decide_conflicts([row], body.choice, by=request.actor)
    return _conflict(row)


def represent(run: sync.Import) -> Import:
    """Return an import as the API shows it."""
    survey = survey_of(run)
    state: Any = run.state
    columns = survey.columns if survey else ()
    statuses = survey.statuses if survey else ()
    refused = run.preview.get("refused") or {}
    return Import(
        id=run.pk,
        team_key=run.team.key if run.team else "",
        provider=run.provider,
        file_name=run.file_name,
        state=state,
        is_read=run.state != sync.Import.State.UPLOADED or bool(run.preview),
        refused=str(refused.get("message", "")) or run.error,
        counts=run.counts or run.preview.get("counts", {}),
        columns=[ImportColumn(heading=c.heading, field=c.field, filled=c.filled, sample=c.sample) for c in columns],
        statuses=[Status(name=s.name, rows=s.rows, meaning=s.meaning) for s in statuses],
        missing=list(survey.missing) if survey else [],
        rows_done=run.rows_done,
        rows_total=run.rows_total,
        unmapped=run.unmapped,
        skipped=[Skipped(line=_line(row), key=str(row.get("key") or ""), reason=row["reason"]) for row in run.skipped],
        left=[Left(key=str(row.get("key") or ""), title=str(row.get("title") or "")) for row in run.left],
        created_at=run.created_at,
        finished_at=run.finished_at,
    )


def _line(row: dict[str, Any]) -> int | None:
    line = row.get("line")
    return line if isinstance(line, int) else None


def _row(row: sync.ImportedRow) -> Row:
    number = row.item.number if row.item else None
    return Row(line=row.line, key=row.key, title=row.title, what=row.what, item_number=number)


def _conflict(row: sync.Conflict) -> Conflict:
    return Conflict(
        id=row.pk,
        item_key=row.item.key,
        item_number=row.item.number,
        team_key=row.item.team.key,
        field=row.field,
        ours=row.ours,
        theirs=row.theirs,
    )


def _options(body: ImportAnswers) -> dict[str, Any]:
    return {"dates": body.dates, "pull_requests": body.pull_requests, "milestones": body.milestones}


def _person(request: ApiRequest) -> int:
    """Return who brings a file in: it runs with that person's roles, so a team's token cannot start it."""
    if request.actor.person_id is None:
        raise Problem(403, _("An import runs as a person: send a personal token."))
    return request.actor.person_id


def _team(request: ApiRequest, team_key: str) -> Team:
    """Return the team of an address where the viewer may import into it: a file may hold what others may not see."""
    team = team_of(request, team_key)
    require(request.actor, "import_items", team)
    return team


def _imports(team: Team) -> Any:
    return sync.Import.objects.filter(team=team, provider__in=NAMES).select_related("team")


def _import(request: ApiRequest, team_key: str, import_id: int) -> sync.Import:
    run: sync.Import = found(_imports(_team(request, team_key)), pk=import_id)
    return run


def _conflicts(team: Team) -> Any:
    items = Item.objects.active().filter(team=team)
    return sync.Conflict.objects.filter(item__in=items, decided="").select_related("item__team")
