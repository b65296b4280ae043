"""Objectives: write, order, archive."""

import datetime as dt
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from headway.lib import clock
from headway.live.edits import edit, is_referred_to, put_back, subject_of
from headway.live.history import CannotUndo, inverse, record
from headway.live.models import Change
from headway.people import access
from headway.people.actor import Actor
from headway.people.models import Team, Unit

from ..models import Cycle, Objective, ObjectiveQuerySet
from .ordering import next_position, reorder


@transaction.atomic
def create_objective(
    cycle: Cycle,
    *,
    by: Actor,
    title: str,
    why: str = "",
    team: Team | None = None,
    unit: Unit | None = None,
    source: str = "",
) -> Objective:
    """Write an objective of a team, a unit, or (neither) the organisation, after those that are there."""
    access.require(by, "write_okr", team or cycle)
    objective = Objective(
        cycle=cycle,
        organisation_id=cycle.organisation_id,
        team=team,
        unit=unit,
        title=title.strip(),
        why=why.strip(),
        source=source[:300],
    )
    _require_sound(objective)
    objective.position = next_position(_beside(objective))
    objective.save()
    record("objective.created", by=by, subject=objective, team_id=objective.team_id)
    return objective


@transaction.atomic
def edit_objective(objective: Objective, *, by: Actor, **fields: Any) -> Objective:
    """Change its title, its why, or its cycle."""
    access.require(by, "write_okr", objective)
    objective = Objective.objects.select_for_update().get(pk=objective.pk)
    values: dict[str, Any] = {name: _stripped(value) for name, value in fields.items()}
    wanted = Objective(
        cycle=values.get("cycle", objective.cycle),
        organisation_id=objective.organisation_id,
        team_id=objective.team_id,
        unit_id=objective.unit_id,
        title=values.get("title", objective.title),
        why=values.get("why", objective.why),
    )
    _require_sound(wanted)
    edit(objective, values, name="objective.edited", by=by, team_id=objective.team_id)
    return objective


@transaction.atomic
def move_objective(objective: Objective, *, by: Actor, to: int) -> Objective:
    """Put it at place `to` (0 = first) among the objectives of its team, unit or organisation."""
    access.require(by, "write_okr", objective)
    moved = reorder(objective, list(_beside(objective).active().select_for_update()), to)
    if moved:
        before, after = moved
        record(
            "objective.moved",
            by=by,
            subject=objective,
            team_id=objective.team_id,
            before={"to": before},
            after={"to": after},
        )
    objective.refresh_from_db()
    return objective


@transaction.atomic
def archive_objective(objective: Objective, *, by: Actor) -> Objective:
    """Take an objective and its Key Results off the pages; their history stays."""
    return _set_archived(objective, clock.now(), "objective.archived", by)


@transaction.atomic
def restore_objective(objective: Objective, *, by: Actor) -> Objective:
    return _set_archived(objective, None, "objective.restored", by)


def _stripped(value: Any) -> Any:
    return value.strip() if isinstance(value, str) else value


def _set_archived(objective: Objective, at: dt.datetime | None, name: str, by: Actor) -> Objective:
    access.require(by, "write_okr", objective)
    objective = Objective.objects.select_for_update().get(pk=objective.pk)
    if (objective.archived_at is None) != (at is None):
        edit(objective, {"archived_at": at}, name=name, by=by, team_id=objective.team_id)
    return objective


def _beside(objective: Objective) -> ObjectiveQuerySet:
    """Return the objectives among which this one has its place, itself included."""
    place: dict[str, Any] = {name: getattr(objective, name) for name in ("cycle_id", "team_id", "unit_id")}
    return Objective.objects.filter(**place)


def _require_sound(objective: Objective) -> None:
    errors: dict[str, Any] = {}
    if not objective.title:
        errors["title"] = _("Say in one line what will be different, and for whom.")
    elif len(objective.title) > 500:
        errors["title"] = _("One line of up to 500 characters; put the rest under “Why now”.")
    if objective.cycle.organisation_id != objective.organisation_id:
        errors["cycle"] = _("Choose a cycle of this organisation.")
    if objective.team and objective.team.organisation_id != objective.organisation_id:
        errors["team"] = _("Choose a team of this organisation.")
    if objective.unit and objective.unit.organisation_id != objective.organisation_id:
        errors["unit"] = _("Choose a unit of this organisation.")
    if objective.team and objective.unit:
        errors["unit"] = _("An objective belongs to a team or to a unit, not to both.")
    if errors:
        raise ValidationError(errors)


@inverse("objective.created")
def _uncreate(change: Change, by: Actor) -> Change:
    objective = subject_of(change, Objective)
    access.require(by, "write_okr", objective)
    if is_referred_to(objective):
        raise CannotUndo(_("It has Key Results by now. Archive it instead."))
    done = record("objective.removed", by=by, subject=objective, team_id=objective.team_id)
    objective.delete()
    return done


@inverse("objective.edited")
@inverse("objective.archived")
@inverse("objective.restored")
def _put_back(change: Change, by: Actor) -> Change:
    objective = subject_of(change, Objective)
    access.require(by, "write_okr", objective)
    return put_back(objective, change, by=by, team_id=objective.team_id)


@inverse("objective.moved")
def _move_back(change: Change, by: Actor) -> Change | None:
    objective = subject_of(change, Objective)
    access.require(by, "write_okr", objective)
    moved = reorder(
        objective,
        list(_beside(objective).active().select_for_update()),
        change.before["to"],
        expected=change.after["to"],
    )
    if moved is None:
        return None
    return record(
        change.name,
        by=by,
        subject=objective,
        team_id=objective.team_id,
        before=change.after,
        after=change.before,
        undoes=change,
    )
