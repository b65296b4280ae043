"""Bring OKRs in: a file, what becomes of it, then the import with its undo."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.core.files.storage import default_storage
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from headway.lib import clock
from headway.live.history import CannotUndo
from headway.okr import queries
from headway.people.access import require
from headway.people.models import Team
from headway.sync.models import Import
from headway.sync.okrs import actions
from headway.sync.okrs.plan import Plan, plan_okrs
from headway.sync.okrs.reading import read_okrs
from headway.sync.rows import NotThisFormat, Skipped

from . import Request, get_team, toast
from .okr_forms import OkrUploadForm

SHOWN = 300  # objectives of a preview; the rest is counted


@dataclass(frozen=True)
class Refusal:
    """Why a file is not taken, where, and what to do."""

    message: str
    line: int | None
    todo: str


def upload(request: Request, team_key: str) -> HttpResponse:
    """Take a file; nothing is written before the last step."""
    team = get_team(request, team_key)
    require(request.actor, "write_okr", team)
    form = OkrUploadForm(request.POST, request.FILES) if request.method == "POST" else OkrUploadForm()
    refused = None
    if request.method == "POST" and form.is_valid():
        run = _keep(request, team, form.cleaned_data["file"])
        try:
            read_okrs(_file_of(run), name=run.file_name)
        except NotThisFormat as error:
            refused = Refusal(error.message, error.line, error.todo)
            _forget(run)
            run.delete()
        else:
            return redirect("okr-import-run", import_id=run.pk)
    earlier = Import.objects.filter(team=team, provider=actions.PROVIDER, state__in=["done", "undone"])[:10]
    context = {"team": team, "form": form, "refused": refused, "earlier": earlier}
    return render(request, "okrs/import_upload.html", context, status=422 if refused or form.errors else 200)


def run(request: Request, import_id: int) -> HttpResponse:
    """What becomes of each line, then (`POST`) the import; afterwards what it did, with its undo."""
    found = _run(request, import_id)
    team = _team_of(found)
    require(request.actor, "write_okr", team)
    if found.state != Import.State.UPLOADED:
        return render(request, "okrs/import_done.html", {"run": found, "team": team, "skipped": found.skipped})
    cycle = (request.POST if request.method == "POST" else request.GET).get("cycle", "").strip()
    try:
        document = read_okrs(_file_of(found), name=found.file_name)
        plan = plan_okrs(document, team=team, file_name=found.file_name, today=clock.today(), cycle=cycle)
    except NotThisFormat as error:
        refused = Refusal(error.message, error.line, error.todo)
        return _preview(request, found, team, cycle, refused=refused)
    if request.method == "POST":
        actions.import_okrs(plan, by=request.actor, run=found)
        _forget(found)
        return redirect("okr-import-run", import_id=found.pk)
    return _preview(request, found, team, cycle, plan=plan, periods=document.periods)


@require_POST
def undo(request: Request, import_id: int) -> HttpResponse:
    """Take a finished import back, or drop one that was only looked at."""
    found = _run(request, import_id)
    team = _team_of(found)
    if found.state == Import.State.UPLOADED:
        require(request.actor, "write_okr", team)
        _forget(found)
        found.delete()
        toast(request, _("The file is dropped; nothing was written."))
        return redirect("okr-import", team_key=team.key)
    try:
        actions.undo_okrs(found, by=request.actor)
        toast(request, _("Taken back."))
    except CannotUndo as reason:
        toast(request, str(reason), tone="bad")
    return redirect("okr-import-run", import_id=found.pk)


def _preview(
    request: Request,
    found: Import,
    team: Team,
    cycle: str,
    *,
    plan: Plan | None = None,
    periods: list[str] | None = None,
    refused: Refusal | None = None,
) -> HttpResponse:
    skipped: list[Skipped] = plan.skipped if plan else []
    context: dict[str, Any] = {
        "run": found,
        "team": team,
        "plan": plan,
        "objectives": plan.objectives[:SHOWN] if plan else [],
        "hidden": max(0, len(plan.objectives) - SHOWN) if plan else 0,
        "skipped": skipped,
        "periods": periods or [],
        "cycle": cycle,
        "cycles": queries.cycle_choices(request.organisation, today=clock.today()),
        "refused": refused,
    }
    return render(request, "okrs/import_preview.html", context, status=422 if refused else 200)


def _run(request: Request, pk: int) -> Import:
    rows = Import.objects.select_related("team__organisation", "by")
    return get_object_or_404(rows, pk=pk, organisation=request.organisation, provider=actions.PROVIDER)


def _team_of(found: Import) -> Team:
    assert found.team is not None  # an import of OKRs is always a team's
    return found.team


def _keep(request: Request, team: Team, file: Any) -> Import:
    """Store an upload below the data folder until it is imported or dropped."""
    name = Path(file.name or "okrs.md").name
    return Import.objects.create(
        organisation_id=team.organisation_id,
        team=team,
        provider=actions.PROVIDER,
        file_name=name[-255:],
        stored_as=default_storage.save(f"imports/okrs{Path(name).suffix.casefold()[:10]}", file),
        size_bytes=file.size or 0,
        by=request.user,
        created_at=clock.now(),
    )


def _file_of(found: Import) -> Path:
    path = Path(default_storage.path(found.stored_as))
    if not path.is_file():
        raise NotThisFormat(
            _("The file is no longer here."),
            todo=_("Choose it once more."),
        )
    return path


def _forget(found: Import) -> None:
    """Remove the stored file; the import keeps what it did."""
    if found.stored_as:
        default_storage.delete(found.stored_as)
        found.stored_as = ""
        found.save(update_fields=["stored_as"])
