"""Every write of this area: bring a file in, take it back, decide a conflict, say what a status means."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from headway.lib import clock
from headway.live.history import CannotUndo, inverse, record
from headway.live.models import Change
from headway.people.access import require
from headway.people.actor import Actor
from headway.people.models import Team
from headway.scrum.actions import ensure_columns

from .answered import AnsweredSource
from .bulk import update_rows
from .deciding import apply_field, put_back
from .models import Conflict, Import
from .plan import Place, Planned, plan
from .rows import NotThisFormat
from .sources import NAMES, open_source, remember, remembered, zone_of
from .survey import Answers, Source, require_fields
from .undoing import UndoResult, take_back
from .write import Writer

OnBatch = Callable[[Writer, Sequence[Planned]], None]


class Stopped(Exception):
    """Somebody stopped the import; nothing of it was written."""


def begin_import(
    team: Team, *, by: Actor, provider: str, file_name: str, size_bytes: int = 0, stored_as: str = ""
) -> Import:
    """Note that a file is there. Nothing of it is read or written yet, so there is no Change."""
    require(by, "import_items", team)
    return Import.objects.create(
        organisation_id=team.organisation_id,
        team=team,
        provider=provider,
        file_name=Path(file_name).name[:255],
        stored_as=stored_as,
        size_bytes=size_bytes,
        mapping=remembered(team, provider).to_json(),
        by_id=by.person_id,
        created_at=clock.now(),
    )


def import_file(
    run: Import,
    path: Path,
    *,
    by: Actor,
    answers: Answers,
    may_wait: bool,
    on_batch: OnBatch | None = None,
    source: Source | None = None,
) -> Import:
    """Bring a file in: all of it or nothing, as one Change.

    Rows whose status nobody has explained stay out with `may_wait`, else they count as to do; either way they are
    named in `run.unmapped`. `on_batch` is called after each batch and may raise Stopped. The answers are remembered
    for the team. A `source` that was opened with them already is not opened again. Raises NotThisFormat where the
    file is not what it says; the run then says so too.
    """
    team = _team_of(run)
    require(by, "import_items", team)
    Import.objects.filter(pk=run.pk).update(state=Import.State.RUNNING, mapping=answers.to_json())
    try:
        source = source or open_source(run.provider, path, answers, team)
        require_fields(source.survey)
        run.rows_total = source.survey.rows
        Import.objects.filter(pk=run.pk).update(rows_total=run.rows_total)
        _write(run, team, source, by=by, answers=answers, may_wait=may_wait, on_batch=on_batch)
    except Stopped:
        _end(run, Import.State.STOPPED)
        raise
    except NotThisFormat as error:
        _end(run, Import.State.FAILED, error.message)
        raise
    except BaseException:
        _end(run, Import.State.FAILED, _("It broke off; nothing was written."))
        raise
    return run


def answer_statuses(team: Team, provider: str, statuses: Mapping[str, str], *, by: Actor) -> Import | None:
    """Say what statuses mean, and correct the items that came with them before; None where none did.

    The correction is an import of its own, without a file: it is listed, and can be taken back.
    """
    require(by, "import_items", team)
    answers = remembered(team, provider).with_(Answers.from_json({"statuses": dict(statuses)}))
    source = AnsweredSource(team, provider, statuses)
    if not source.keys:
        with transaction.atomic():
            remember(team, provider, answers)
        return None
    run = begin_import(team, by=by, provider=provider, file_name=_("Answers: %(n)s") % {"n": ", ".join(statuses)})
    _write(run, _team_of(run), source, by=by, answers=answers, may_wait=False, with_missing=False)
    return run


@transaction.atomic
def save_answers(run: Import, answers: Answers, decisions: Mapping[str, str], *, by: Actor) -> None:
    """Keep what somebody said about a file that is not in yet; it is remembered for the team when it comes in."""
    require(by, "import_items", _team_of(run))
    run = Import.objects.select_for_update(of=("self",)).get(pk=run.pk)
    _refuse_unless(run, Import.State.UPLOADED)
    run.mapping, run.decisions, run.preview = answers.to_json(), dict(decisions), {}
    run.save(update_fields=["mapping", "decisions", "preview"])


@transaction.atomic
def start_import(run: Import, *, by: Actor) -> None:
    """Say that a file is to come in; the work itself is a task of its own."""
    require(by, "import_items", _team_of(run))
    run = Import.objects.select_for_update(of=("self",)).get(pk=run.pk)
    _refuse_unless(run, Import.State.UPLOADED)
    run.state, run.created_at = Import.State.RUNNING, clock.now()
    run.save(update_fields=["state", "created_at"])


@transaction.atomic
def bring_in_again(run: Import, answers: Answers, *, by: Actor) -> Import:
    """Make a new import of the file that an earlier one kept, with more answers; it takes the file over and runs."""
    team = _team_of(run)
    again = begin_import(
        team,
        by=by,
        provider=run.provider,
        file_name=run.file_name,
        size_bytes=run.size_bytes,
        stored_as=run.stored_as,
    )
    again.mapping = Answers.from_json(again.mapping).with_(answers).to_json()
    again.state = Import.State.RUNNING
    again.save(update_fields=["mapping", "state"])
    run.stored_as = ""
    run.save(update_fields=["stored_as"])
    return again


def stop_import(run: Import, reason: str = "") -> None:
    """Note that an import that had begun wrote nothing."""
    if run.state == Import.State.RUNNING:
        _end(run, Import.State.STOPPED, reason)


@transaction.atomic
def discard_import(run: Import, *, by: Actor) -> None:
    """Forget a file that was looked at and not brought in."""
    require(by, "import_items", _team_of(run))
    Import.objects.filter(pk=run.pk, state__in=[Import.State.UPLOADED, Import.State.FAILED]).delete()


@transaction.atomic
def undo_import(run: Import, *, by: Actor) -> UndoResult:
    """Take an import back: created items go, changed ones get their old values.

    What people changed since stays as it is and is named in the result and in `run.left`. Raises CannotUndo where the
    import was taken back already or never finished.
    """
    team = _team_of(run)
    require(by, "import_items", team)
    team = Team.objects.select_for_update(no_key=True).select_related("organisation").get(pk=team.pk)
    run = Import.objects.select_for_update(of=("self",)).get(pk=run.pk)
    if run.state == Import.State.UNDONE:
        raise CannotUndo(_("Import %(id)s was taken back already.") % {"id": run.pk})
    if run.state != Import.State.DONE or run.change_id is None:
        raise CannotUndo(_("Import %(id)s never finished: there is nothing to take back.") % {"id": run.pk})
    change = Change.objects.get(pk=run.change_id)
    result = take_back(run, change)
    run.state = Import.State.UNDONE
    run.left = [row.to_json() for row in result.left]
    run.save(update_fields=["state", "left"])
    record(
        "import.undone",
        by=by,
        subject=run,
        team_id=team.pk,
        label=run.file_name,
        after={"taken_back": result.taken_back, "left": len(result.left)},
        undoes=change,
    )
    return result


@inverse("import.finished")
def _undo_finished(change: Change, by: Actor) -> Change:
    run = Import.objects.filter(pk=change.subject_id).first()
    if run is None:
        raise CannotUndo(_("It is gone."))
    undo_import(run, by=by)
    return Change.objects.get(undoes=change)


@transaction.atomic
def decide_conflicts(conflicts: Sequence[Conflict], choice: Literal["ours", "theirs"], *, by: Actor) -> Change | None:
    """Settle conflicts of one team: ours stays for good, or the tracker's value comes. None where nothing was open."""
    if choice not in {"ours", "theirs"}:
        raise ValidationError(_("Choose ours or the tracker's."))
    rows = list(
        Conflict.objects.select_for_update(of=("self",))
        .filter(pk__in=[conflict.pk for conflict in conflicts], decided="")
        .select_related("item__team__organisation", "item__tracked", "item__sprint", "item__column")
    )
    if not rows:
        return None
    team = rows[0].item.team
    require(by, "import_items", team)
    if any(row.item.team_id != team.pk for row in rows):
        raise ValidationError(_("These are of different teams."))
    before: dict[str, Any] = {}
    if choice == "theirs":
        for row in rows:
            before[str(row.pk)] = apply_field(row.item, row.field, row.theirs, now=clock.now())
    for row in rows:
        row.decided, row.decided_at, row.decided_by_id = choice, clock.now(), by.person_id
    update_rows(rows, ["decided", "decided_at", "decided_by"])
    return record(
        "conflict.decided" if len(rows) == 1 else "conflicts.decided",
        by=by,
        subject=rows[0].item if len(rows) == 1 else team,
        team_id=team.pk,
        label=rows[0].item.title if len(rows) == 1 else "",
        before=before,
        after={"choice": choice, "conflicts": [row.pk for row in rows], "items": [row.item_id for row in rows]},
    )


@inverse("conflict.decided")
@inverse("conflicts.decided")
def _undo_decided(change: Change, by: Actor) -> Change:
    rows = list(Conflict.objects.filter(pk__in=change.after["conflicts"]).select_related("item__team", "item__column"))
    if not rows:
        raise CannotUndo(_("It is gone."))
    require(by, "import_items", rows[0].item.team)
    for row in rows:
        if Conflict.objects.filter(item=row.item_id, field=row.field, decided="").exists():
            raise CannotUndo(_("A later import asks about %(item)s again.") % {"item": row.item.title})
        was = change.before.get(str(row.pk))
        if was is not None:
            put_back(row.item, was, now=clock.now())
        row.decided, row.decided_at, row.decided_by_id = "", None, None
    update_rows(rows, ["decided", "decided_at", "decided_by"])
    return record(
        "conflict.reopened",
        by=by,
        subject=rows[0].item,
        team_id=change.team_id,
        label=rows[0].item.title,
        undoes=change,
    )


# Below


def _write(
    run: Import,
    team: Team,
    source: Source,
    *,
    by: Actor,
    answers: Answers,
    may_wait: bool,
    on_batch: OnBatch | None = None,
    with_missing: bool = True,
) -> None:
    with transaction.atomic():
        team = Team.objects.select_for_update(no_key=True, of=("self",)).select_related("organisation").get(pk=team.pk)
        ensure_columns(team)
        place = Place.of(team, source, may_wait=may_wait, zone=zone_of(team), decisions=run.decisions)
        writer = Writer(run, team, place, source)
        writer.begin()
        for batch in plan(place, source):
            writer.write(batch)
            if on_batch is not None:
                on_batch(writer, batch)
        writer.finish(with_missing=with_missing)
        remember(team, run.provider, answers)
        run.state = Import.State.DONE
        run.mapping = answers.to_json()
        run.rows_total = run.rows_done = source.survey.rows
        run.counts = writer.totals()
        run.skipped = writer.skipped
        run.unmapped = [seen.name for seen in source.survey.unknown_statuses]
        run.finished_at = clock.now()
        change = record(
            "import.finished",
            by=by,
            subject=run,
            team_id=team.pk,
            label=run.file_name,
            after={"counts": run.counts, "provider": NAMES[run.provider], "sprints": writer.sprints.created},
        )
        run.change_id = change.pk
        run.save()


def _end(run: Import, state: Import.State, error: str = "") -> None:
    run.state, run.error, run.finished_at = state, error, clock.now()
    run.save(update_fields=["state", "error", "finished_at"])


def _refuse_unless(run: Import, state: Import.State) -> None:
    if run.state != state:
        raise ValidationError(_("This file is on its way in, or was brought in already."))


def _team_of(run: Import) -> Team:
    if run.team_id is None:
        raise ValidationError(_("This import has no team."))
    return Team.objects.select_related("organisation").get(pk=run.team_id)
