"""Bring a tracker's export in: a file, what becomes of it, the import as it runs, what it did, and the way back."""

from collections.abc import Iterable, Mapping
from itertools import chain
from typing import Any, Literal

from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile
from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render, resolve_url
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from headway.live.history import CannotUndo
from headway.live.models import Change
from headway.people.access import allows, require
from headway.people.models import Team
from headway.scrum.models import Item
from headway.sync import actions, listing, uploads
from headway.sync.looking import survey_of
from headway.sync.models import Conflict, Import
from headway.sync.receiving import look_now_or_later, receive
from headway.sync.rows import NotThisFormat
from headway.sync.sources import NAMES, remembered
from headway.sync.survey import FIELDS, Answers, Survey, is_field
from headway.sync.tasks import bring_in
from headway.sync.undoing import Left, left_by_undo

from ..live import Follows, Per, live
from . import Request, back, get_team, go, is_htmx, toast
from .import_parts import MEANINGS, SHOWN, button_text, csv_lines, groups_of, segments_of, told, told_row


@live(page=Follows({"import", "conflict", "conflicts"}, Per.TEAM))
def imports(request: Request, team_key: str) -> HttpResponse:
    """Take a file; conflicts that wait; what was brought in before."""
    team = get_team(request, team_key)
    require(request.actor, "import_items", team)
    refused = None
    if request.method == "POST":
        file, provider = request.FILES.get("file") or ContentFile(b""), request.POST.get("provider", "")
        try:
            run = receive(team, file, by=request.actor, provider=provider)
            return redirect("import-run", team_key=team.key, run_id=run.pk)
        except NotThisFormat as error:
            refused = error
    runs = Import.objects.filter(team=team, provider__in=NAMES).select_related("by")
    context = {
        "team": team,
        "names": NAMES,
        "refused": refused,
        "begun": list(runs.filter(state__in=["uploaded", "running"])[:10]),
        "earlier": runs.exclude(state__in=["uploaded", "running"])[:30],
        "conflicts": _conflicts(team),
        "has_items": Item.objects.active().filter(team=team).exists(),
    }
    return render(request, "imports/imports.html", context, status=422 if refused else 200)


def run(request: Request, team_key: str, run_id: int) -> HttpResponse:
    """Show an import in the state it is in: what becomes what, running, done, or why not."""
    team, found = _run(request, team_key, run_id)
    if found.state == Import.State.UPLOADED:
        return render(request, "imports/look.html", _look(found, team, is_part=False))
    if found.state == Import.State.RUNNING:
        return render(request, "imports/running.html", _progress(found, team))
    return render(request, "imports/done.html", _done(request, found, team))


@require_POST
def answers(request: Request, team_key: str, run_id: int) -> HttpResponse:
    """Take answers on columns, statuses, options and conflicts, and look over the file again with them."""
    team, found = _run(request, team_key, run_id)
    survey = survey_of(found)
    given, decisions = _given_answers(request.POST, found, survey)
    try:
        actions.save_answers(found, given, decisions, by=request.actor)
    except ValidationError as error:
        toast(request, " ".join(error.messages), tone="bad")
        return go(request, resolve_url("import-run", team_key=team.key, run_id=found.pk))
    found.refresh_from_db()
    look_now_or_later(found)
    if is_htmx(request):
        return render(request, "imports/_look.html", _look(found, team))
    return redirect("import-run", team_key=team.key, run_id=found.pk)


def look(request: Request, team_key: str, run_id: int) -> HttpResponse:
    """The part of the page that follows the answers; asked again and again while a large file is read."""
    team, found = _run(request, team_key, run_id)
    if found.state != Import.State.UPLOADED:
        return HttpResponse(headers={"HX-Refresh": "true"})
    return render(request, "imports/_look.html", _look(found, team))


@require_POST
def start(request: Request, team_key: str, run_id: int) -> HttpResponse:
    """Bring the file in, in the background."""
    team, found = _run(request, team_key, run_id)
    try:
        actions.start_import(found, by=request.actor)
    except ValidationError as error:
        toast(request, " ".join(error.messages), tone="bad")
    else:
        bring_in.enqueue(import_id=found.pk, person_id=request.user.pk)
    return redirect("import-run", team_key=team.key, run_id=found.pk)


def progress(request: Request, team_key: str, run_id: int) -> HttpResponse:
    """How far it is; once it is over, the whole page is asked for."""
    team, found = _run(request, team_key, run_id)
    if found.state != Import.State.RUNNING:
        return HttpResponse(headers={"HX-Refresh": "true"})
    return render(request, "imports/_progress.html", _progress(found, team))


@require_POST
def stop(request: Request, team_key: str, run_id: int) -> HttpResponse:
    """Stop a running import; nothing of it is written."""
    team, found = _run(request, team_key, run_id)
    require(request.actor, "import_items", team)
    if found.state == Import.State.RUNNING:
        uploads.ask_to_stop(found)
        if uploads.is_dead(found):
            actions.stop_import(found)
        toast(request, _("It stops; nothing is written."))
    return redirect("import-run", team_key=team.key, run_id=found.pk)


@require_POST
def undo(request: Request, team_key: str, run_id: int) -> HttpResponse:
    """Take an import back, or drop a file that was only looked at."""
    team, found = _run(request, team_key, run_id)
    if found.state in {Import.State.UPLOADED, Import.State.FAILED, Import.State.STOPPED}:
        require(request.actor, "import_items", team)
        uploads.forget(found)
        actions.discard_import(found, by=request.actor)
        toast(request, _("The file is dropped; nothing was written."))
        return redirect("import", team_key=team.key)
    try:
        result = actions.undo_import(found, by=request.actor)
        uploads.forget(found)
        count = result.taken_back
        toast(request, ngettext("%(count)s row taken back.", "%(count)s rows taken back.", count) % {"count": count})
    except CannotUndo as reason:
        toast(request, str(reason), tone="bad")
    return redirect("import-run", team_key=team.key, run_id=found.pk)


@require_POST
def statuses(request: Request, team_key: str, run_id: int) -> HttpResponse:
    """Say afterwards what statuses mean: rows that waited come in, items that came as to do are corrected."""
    team, found = _run(request, team_key, run_id)
    given = _given_statuses(request.POST, found.unmapped)
    if not given:
        toast(request, _("Say what at least one of them means."), tone="bad")
        return redirect("import-run", team_key=team.key, run_id=found.pk)
    if found.stored_as:
        again = actions.bring_in_again(found, Answers(statuses=given), by=request.actor)
        bring_in.enqueue(import_id=again.pk, person_id=request.user.pk)
        return redirect("import-run", team_key=team.key, run_id=again.pk)
    corrected = actions.answer_statuses(team, found.provider, given, by=request.actor)
    toast(request, _("Remembered for the next file."))
    return redirect("import-run", team_key=team.key, run_id=(corrected or found).pk)


@require_POST
def conflicts(request: Request, team_key: str) -> HttpResponse:
    """Settle conflicts that an import left: one, or all of the team."""
    team = get_team(request, team_key)
    choice: Literal["ours", "theirs"] = "theirs" if request.POST.get("choice") == "theirs" else "ours"
    rows = Conflict.objects.filter(item__team=team, decided="").select_related("item__team")
    if "all" not in request.POST:
        rows = rows.filter(pk=_number(request.POST.get("conflict")))
    try:
        change = actions.decide_conflicts(list(rows), choice, by=request.actor)
    except ValidationError as error:
        toast(request, " ".join(error.messages), tone="bad")
    else:
        if change is not None:
            toast(request, _("Decided."), change)
    return back(request, "import", team_key=team.key)


def rows(request: Request, team_key: str, run_id: int) -> HttpResponse | StreamingHttpResponse:
    """Every row that is not unchanged, as CSV."""
    _team, found = _run(request, team_key, run_id)
    source = listing.rows_to_come if found.state == Import.State.UPLOADED else listing.rows_done
    name = f"import-{found.pk}.csv"
    lines = csv_lines(chain([listing.HEADINGS], source(found)))
    return StreamingHttpResponse(
        lines,
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


# The file


def _run(request: Request, team_key: str, run_id: int) -> tuple[Team, Import]:
    team = get_team(request, team_key)
    require(request.actor, "import_items", team)
    found = get_object_or_404(
        Import.objects.select_related("team__organisation", "by"), pk=run_id, team=team, provider__in=NAMES
    )
    return team, found


# What becomes what


def _look(found: Import, team: Team, *, is_part: bool = True) -> dict[str, Any]:
    survey = survey_of(found)
    context: dict[str, Any] = {
        "is_part": is_part,
        "run": found,
        "team": team,
        "tracker": NAMES[found.provider],
        "survey": survey,
        "refused": found.preview.get("refused"),
        "is_reading": not found.preview,
        "last": _last_import(team, found),
    }
    if survey is None:
        return context
    counts: Mapping[str, int] = found.preview.get("counts", {})
    kept = [column for column in survey.columns if column.field in {"extra", "skip"}]
    known = [column for column in survey.columns if column.field not in {"extra", "skip"}]
    # What was asked for this file stays in sight once it is answered.
    new = Answers.from_json(found.mapping).statuses.keys() - remembered(team, found.provider).statuses.keys()
    asked = [seen for seen in survey.statuses if seen.meaning is None or seen.name in new]
    return context | {
        "counts": counts,
        "segments": segments_of(counts),
        "asked": asked,
        "answered": sum(seen.meaning is not None for seen in asked),
        "known_statuses": [seen for seen in survey.statuses if seen not in asked],
        "known": known,
        "kept": kept,
        "repeated": [column for column in known if column.times > 1],
        "column_choices": [("", _("choose a column")), *((seen.heading, seen.heading) for seen in survey.columns)],
        "missing_fields": [(name, FIELDS[name]) for name in survey.missing],
        "fields": [(name, text) for name, text in FIELDS.items()],
        "meanings": MEANINGS,
        "groups": groups_of(found),
        "options": Answers.from_json(found.mapping).options,
        "button": button_text(counts),
    }


def _given_answers(form: Mapping[str, Any], found: Import, survey: Survey | None) -> tuple[Answers, dict[str, str]]:
    """Read the answers of the form; what says no more than what is known already is no answer."""
    before = Answers.from_json(found.mapping)
    columns, statuses, options = dict(before.columns), dict(before.statuses), dict(before.options)
    known_columns = {column.heading: column.field for column in survey.columns} if survey else {}
    known_statuses = {seen.name: seen.meaning for seen in survey.statuses} if survey else {}
    decisions = dict(found.decisions)
    for name, value in form.items():
        kind, _colon, key = name.partition(":")
        if kind == "column" and is_field(value) and known_columns.get(key, value) != value:
            columns[key] = value
        elif kind == "field" and value in known_columns:  # "which column holds the title?"
            columns[value] = key
        elif kind == "status" and value in dict(MEANINGS) and known_statuses.get(key, value) != value:
            statuses[key] = value
        elif kind == "option" and key == "dates" and value in {"dmy", "mdy"}:
            options[key] = value
        elif kind == "option" and key in {"milestones", "pull_requests"}:
            options[key] = value == "yes"
        elif kind == "conflict" and value in {"ours", "theirs"}:
            decisions[key] = value
    return Answers(columns, statuses, options), decisions


def _given_statuses(form: Mapping[str, Any], names: Iterable[str]) -> dict[str, str]:
    given = {name: form.get(f"status:{name}") for name in names}
    return {name: means for name, means in given.items() if means in dict(MEANINGS)}


def _last_import(team: Team, found: Import) -> Import | None:
    done = Import.objects.filter(team=team, provider=found.provider, state=Import.State.DONE, pk__lt=found.pk)
    return done.exclude(size_bytes=0).first()


# Running and done


def _progress(found: Import, team: Team) -> dict[str, Any]:
    seen = uploads.read_progress(found)
    return {
        "run": found,
        "team": team,
        "tracker": NAMES[found.provider],
        "seen": seen,
        "percent": round(seen.share * 100),
        "rows": [told_row(row) for row in seen.rows],
        "is_silent": uploads.is_dead(found),
    }


def _done(request: Request, found: Import, team: Team) -> dict[str, Any]:
    change = Change.objects.filter(pk=found.change_id).first() if found.change_id else None
    stands = found.state == Import.State.DONE
    left: list[Left] = left_by_undo(found, change, thoroughly=False) if change and stands else []
    open_ones = len(found.unmapped)
    changed = sum(found.counts.get(name, 0) for name in ("created", "changed", "missing"))
    created = found.rows.filter(what="created").values("item_id")
    earlier = Import.objects.filter(team=team, provider__in=NAMES, pk__lt=found.pk).select_related("by")
    return {
        "run": found,
        "team": team,
        "tracker": NAMES[found.provider],
        "stands": stands,
        "counts": found.counts,
        "segments": segments_of(found.counts),
        "seconds": (found.finished_at - found.created_at).total_seconds() if found.finished_at else None,
        "left": left,
        "unanswered": (
            ngettext("%(count)s status waits for an answer", "%(count)s statuses wait for an answer", open_ones)
            % {"count": open_ones}
            if open_ones
            else ""
        ),
        "can_take_back": stands and allows(request.actor, "import_items", team),
        "touched": changed,
        "unlinked": Item.objects.active().filter(pk__in=created, serves=None).count() if stands else 0,
        "waiting": found.rows.filter(what="waiting").count() if stands else 0,
        "missing": list(found.rows.filter(what="missing").select_related("item")[:SHOWN]) if stands else [],
        "meanings": MEANINGS,
        "conflicts": [row for row in _conflicts(team) if row["run"] == found.pk] if stands else [],
        "skipped": found.skipped[:50],
        "earlier": earlier.exclude(state__in=["uploaded", "running"])[:6],
        "counts_earlier": earlier.exclude(state__in=["uploaded", "running"]).count(),
    }


def _conflicts(team: Team) -> list[dict[str, Any]]:
    """Return the conflicts of a team that wait for a decision."""
    found = Conflict.objects.filter(item__team=team, item__removed_at=None, decided="").select_related("item", "run")
    return [
        {
            "pk": row.pk,
            "run": row.run_id,
            "number": row.item.number,
            "title": row.item.title,
            "tracker": NAMES.get(row.run.provider, row.run.provider),
            "told": told(row.field, row.ours, row.theirs),
        }
        for row in found.order_by("pk")[:200]
    ]


def _number(text: str | None) -> int:
    return int(text) if text and text.isdecimal() else 0
