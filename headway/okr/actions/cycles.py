"""Cycles: make, edit, archive, restore."""

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
from headway.people.models import Organisation

from ..models import Cycle


@transaction.atomic
def create_cycle(organisation: Organisation, *, by: Actor, name: str, starts_on: dt.date, ends_on: dt.date) -> Cycle:
    """Make a cycle; several may run at once (a year beside its quarters)."""
    access.require(by, "manage_cycles", organisation)
    cycle = Cycle(organisation=organisation, name=name.strip(), starts_on=starts_on, ends_on=ends_on)
    _require_sound(cycle)
    cycle.save()
    record("cycle.created", by=by, subject=cycle)
    return cycle


@transaction.atomic
def edit_cycle(cycle: Cycle, *, by: Actor, **fields: Any) -> Cycle:
    """Change the name or the days of a cycle."""
    access.require(by, "manage_cycles", cycle)
    cycle = Cycle.objects.select_for_update().get(pk=cycle.pk)
    values = {name: value.strip() if isinstance(value, str) else value for name, value in fields.items()}
    _require_sound(Cycle(**{**_facts(cycle), **values}))
    edit(cycle, values, name="cycle.edited", by=by)
    return cycle


@transaction.atomic
def archive_cycle(cycle: Cycle, *, by: Actor) -> Cycle:
    """Take a cycle off the pages; its objectives and their history stay."""
    return _set_archived(cycle, clock.now(), "cycle.archived", by)


@transaction.atomic
def restore_cycle(cycle: Cycle, *, by: Actor) -> Cycle:
    return _set_archived(cycle, None, "cycle.restored", by)


def _set_archived(cycle: Cycle, at: dt.datetime | None, name: str, by: Actor) -> Cycle:
    access.require(by, "manage_cycles", cycle)
    cycle = Cycle.objects.select_for_update().get(pk=cycle.pk)
    if (cycle.archived_at is None) != (at is None):
        edit(cycle, {"archived_at": at}, name=name, by=by)
    return cycle


def _facts(cycle: Cycle) -> dict[str, Any]:
    names = ("id", "organisation_id", "name", "starts_on", "ends_on", "archived_at")
    return {name: getattr(cycle, name) for name in names}


def _require_sound(cycle: Cycle) -> None:
    errors: dict[str, Any] = {}
    if not cycle.name:
        errors["name"] = _("Give the cycle a name, for example Q4 2026.")
    if cycle.starts_on and cycle.ends_on and cycle.ends_on <= cycle.starts_on:
        errors["ends_on"] = _("The last day lies before the first. A quarter has about 90 days.")
    same_name = Cycle.objects.filter(organisation_id=cycle.organisation_id, name=cycle.name).exclude(pk=cycle.pk)
    if cycle.name and same_name.exists():
        errors["name"] = _("There is a cycle of this name already. Choose another, or edit that one.")
    if errors:
        raise ValidationError(errors)
    cycle.full_clean(exclude=["organisation"], validate_unique=False, validate_constraints=False)


@inverse("cycle.created")
def _uncreate(change: Change, by: Actor) -> Change:
    cycle = subject_of(change, Cycle)
    access.require(by, "manage_cycles", cycle)
    if is_referred_to(cycle):
        raise CannotUndo(_("There are objectives in this cycle. Archive it instead."))
    done = record("cycle.removed", by=by, subject=cycle)
    cycle.delete()
    return done


@inverse("cycle.edited")
@inverse("cycle.archived")
@inverse("cycle.restored")
def _put_back(change: Change, by: Actor) -> Change:
    cycle = subject_of(change, Cycle)
    access.require(by, "manage_cycles", cycle)
    return put_back(cycle, change, by=by)
