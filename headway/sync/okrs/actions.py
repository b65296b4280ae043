"""Write what was planned, and take it back."""

import datetime as dt
from collections import defaultdict
from pathlib import Path
from typing import Any

from django.db import models, transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from headway.lib import clock
from headway.live.edits import differences, referred_to, write
from headway.live.history import CannotUndo, inverse, record, undo
from headway.live.models import Change
from headway.okr.models import CheckIn, Cycle, KeyResult, Measurement, Objective
from headway.people import access
from headway.people.actor import Actor
from headway.people.models import Person, Team

from ..models import Import
from .plan import CHANGED, CREATED, Plan, PlannedKeyResult, plan_okrs, score_text
from .reading import read_okrs

PROVIDER = "okrs"
_MODELS: dict[str, Any] = {
    "check_ins": CheckIn,
    "measurements": Measurement,
    "key_results": KeyResult,
    "objectives": Objective,
    "cycles": Cycle,
}


@transaction.atomic
def import_okrs(plan: Plan, *, by: Actor, run: Import | None = None) -> Import:
    """Write a plan: new cycles, objectives and Key Results, their scores and values. One Change for all of it.

    `run`: the Import of an upload that was looked at before; without one it is made.
    """
    access.require(by, "write_okr", plan.team)
    now = clock.now()
    run = run or new_run(plan, by=by)
    created: dict[str, list[int]] = {}
    _save(created, "cycles", plan.new_cycles)
    _save(created, "objectives", _placed_objectives(plan))
    _save(created, "key_results", _placed_key_results(plan))
    changed = _write_changes(plan)
    measured = [(planned, planned.current) for planned in plan.key_results if planned.current is not None]
    measurements = [_measurement(planned, value, run, now, by) for planned, value in measured]
    _save(created, "measurements", measurements)
    _save(created, "check_ins", [_check_in(planned, by) for planned in plan.key_results if planned.score])
    run.state = Import.State.DONE
    run.counts = plan.counts
    run.skipped = [{"line": row.line, "key": row.key, "reason": row.reason} for row in plan.skipped[:1000]]
    run.unmapped = plan.unmapped
    run.finished_at = clock.now()
    change = record(
        "okrs.imported",
        by=by,
        subject=run,
        team_id=plan.team.pk,
        label=run.file_name,
        after={"created": created, "changed": changed},
    )
    run.change_id = change.pk
    run.save()
    return run


def new_run(plan: Plan, *, by: Actor, **fields: Any) -> Import:
    """Make the Import row of a plan that is about to run or to be looked at."""
    run = Import(
        organisation_id=plan.team.organisation_id,
        team=plan.team,
        provider=PROVIDER,
        file_name=Path(plan.file_name).name[:255],
        by_id=by.person_id,
        created_at=clock.now(),
        **fields,
    )
    run.save()
    return run


def import_file(
    path: Path, *, team: Team, by: Actor, cycle: str = "", file_name: str = "", dry_run: bool = False
) -> dict[str, Any]:
    """Read, plan and (unless `dry_run`) import a file; return what `headway import okrs --json` prints.

    Raises NotThisFormat where the file is none, and Forbidden. Nothing is written then.
    """
    name = file_name or path.name
    access.require(by, "write_okr", team)
    plan = plan_okrs(read_okrs(path, name=name), team=team, file_name=name, today=clock.today(), cycle=cycle)
    return document_of(None, plan) if dry_run else document_of(import_okrs(plan, by=by))


@transaction.atomic
def undo_okrs(run: Import, *, by: Actor) -> Import:
    """Take an import back. What people changed since stays, and is named in `run.left`."""
    change = Change.objects.filter(pk=run.change_id).first() if run.change_id else None
    if change is None or run.state != Import.State.DONE:
        raise CannotUndo(_("This import was taken back already, or it never ended."))
    undo(change, by=by)
    run.refresh_from_db()
    return run


def document_of(run: Import | None, plan: Plan | None = None) -> dict[str, Any]:
    """Return what `headway import okrs --json` prints: of a run, or of a plan that was only looked at."""
    counts = run.counts if run else plan.counts if plan else {}
    skipped = run.skipped if run else [{"line": row.line, "reason": row.reason} for row in plan.skipped] if plan else []
    return {
        "id": run.pk if run else None,
        **{name: counts.get(name, 0) for name in ("read", "created", "changed", "unchanged", "missing")},
        "skipped": [{"line": row["line"], "reason": row["reason"]} for row in skipped],
        "unmapped": list(run.unmapped if run else plan.unmapped if plan else []),
    }


def _save(created: dict[str, list[int]], name: str, rows: list[Any]) -> None:
    _MODELS[name].objects.bulk_create(rows)
    created[name] = [row.pk for row in rows]


def _placed_objectives(plan: Plan) -> list[Objective]:
    new = [planned.objective for planned in plan.objectives if planned.is_new]
    for objective in new:
        objective.cycle = objective.cycle  # its id is known only now
    last: dict[tuple[int, int | None], int] = {
        (row["cycle_id"], row["team_id"]): row["last"]
        for row in Objective.objects.filter(organisation_id=plan.team.organisation_id)
        .values("cycle_id", "team_id")
        .annotate(last=Max("position"))
    }
    for objective in new:
        place = (objective.cycle_id, objective.team_id)
        last[place] = objective.position = last.get(place, -1) + 1
    return new


def _placed_key_results(plan: Plan) -> list[KeyResult]:
    new = []
    known = [planned.objective.pk for planned in plan.objectives if not planned.is_new]
    last: dict[int, int] = defaultdict(lambda: -1)
    last.update(
        KeyResult.objects.filter(objective__in=known)
        .values("objective_id")
        .annotate(last=Max("position"))
        .values_list("objective_id", "last")
    )
    for objective in plan.objectives:
        for planned in objective.key_results:
            if planned.what == CREATED:
                planned.key_result.objective = objective.objective
                last[objective.objective.pk] += 1
                planned.key_result.position = last[objective.objective.pk]
                new.append(planned.key_result)
    return new


def _write_changes(plan: Plan) -> list[dict[str, Any]]:
    changed = []
    for planned in plan.key_results:
        if planned.what == CHANGED and planned.values:
            before, after = differences(planned.key_result, planned.values)
            write(planned.key_result, after)
            changed.append({"key_result": planned.key_result.pk, "before": before, "after": after})
    return changed


def _measurement(planned: PlannedKeyResult, value: float, run: Import, now: dt.datetime, by: Actor) -> Measurement:
    return Measurement(
        key_result=planned.key_result,
        measured_on=min(planned.key_result.objective.cycle.ends_on, clock.today()),
        value=value,
        source=run.file_name[:200],
        by_id=by.person_id,
        entered_at=now,
    )


def _check_in(planned: PlannedKeyResult, by: Actor) -> CheckIn:
    return CheckIn(
        key_result=planned.key_result,
        on=min(planned.key_result.objective.cycle.ends_on, clock.today()),
        text=score_text(planned.score),
        by_id=by.person_id,
    )


@inverse("okrs.imported")
def _undo(change: Change, by: Actor) -> Change:
    """Remove what the import made and nobody touched since; put changed numbers back; name what stays."""
    run = Import.objects.select_for_update().filter(pk=change.subject_id).first()
    if run is None or run.team is None:
        raise CannotUndo(_("It is gone."))
    access.require(by, "write_okr", run.team)
    created = change.after["created"]
    left = _put_numbers_back(change)
    touched = _touched(change)
    for name in ("check_ins", "measurements"):
        rows = _MODELS[name].objects.filter(pk__in=created[name])
        rows.filter(models.Q(measurement__isnull=True) if name == "check_ins" else models.Q(corrected_by=None)).delete()
    for name in ("key_results", "objectives", "cycles"):
        rows = {row.pk: row for row in _MODELS[name].objects.filter(pk__in=created[name])}
        stay = referred_to(_MODELS[name], rows) | {
            pk for pk in rows if (_MODELS[name]._meta.label_lower, pk) in touched
        }
        left += [_left(rows[pk], change) for pk in rows if pk in stay]
        _MODELS[name].objects.filter(pk__in=rows.keys() - stay).delete()
    run.state = Import.State.UNDONE
    run.left = left
    run.save(update_fields=["state", "left"])
    return record("okrs.import_undone", by=by, subject=run, team_id=run.team_id, label=run.file_name, undoes=change)


def _put_numbers_back(change: Change) -> list[dict[str, Any]]:
    left = []
    for entry in change.after["changed"]:
        key_result = KeyResult.objects.filter(pk=entry["key_result"]).first()
        if key_result is None:
            continue
        if differences(key_result, entry["after"])[1]:
            left.append(_left(key_result, change))
        else:
            write(key_result, entry["before"])
    return left


def _touched(change: Change) -> set[tuple[str, int]]:
    """Return (type, id) of the rows that somebody changed after the import."""
    later = Change.objects.filter(
        organisation_id=change.organisation_id,
        id__gt=change.pk,
        subject_type__in=["okr.keyresult", "okr.objective", "okr.cycle"],
        undoes=None,
        undone_by=None,
    )
    return set(later.values_list("subject_type", "subject_id"))


def _left(row: Any, change: Change) -> dict[str, Any]:
    """Name a row that stays, and who changed it last."""
    last = (
        Change.objects.filter(subject_type=row._meta.label_lower, subject_id=row.pk, id__gt=change.pk)
        .order_by("-id")
        .first()
    )
    person = Person.objects.filter(pk=last.actor_id).first() if last and last.actor_id else None
    return {
        "key": str(row.pk),
        "title": str(row),
        "who": person.name if person else "",
        "at": last.at.isoformat() if last else "",
        "what": last.name if last else _("measured, linked or in use since"),
    }
