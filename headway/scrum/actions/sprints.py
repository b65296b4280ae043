"""Create, edit, start and close Sprints, and say what is in them."""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from headway.lib import clock
from headway.live.history import CannotUndo, inverse, record
from headway.live.models import Change
from headway.people.access import require
from headway.people.actor import Actor
from headway.people.models import Team

from ..models import Category, Item, Sprint, SprintStay
from .rows import (
    KEEP,
    Keep,
    changed_since,
    fields_as_json,
    item_label,
    item_labels,
    locked_item,
    locked_items,
    locked_team,
    put_fields,
    refuse_if_changed,
)
from .stays import enter, leave, require_open
from .unseen import BEARS_ON_PLAN, refuse_unseen, refuse_unseen_of_many

FIELDS = ("name", "goal", "starts_on", "ends_on")


@transaction.atomic
def create_sprint(
    team: Team,
    *,
    by: Actor,
    name: str = "",
    goal: str = "",
    starts_on: dt.date | None = None,
    ends_on: dt.date | None = None,
) -> Sprint:
    """Create the next Sprint. Without dates it follows the last one and is as long as the team's Sprints are."""
    require(by, "plan_sprint", team)
    team = locked_team(team.pk)
    known = Sprint.objects.filter(team=team).aggregate(number=Max("number"), ends_on=Max("ends_on"))
    number = (known["number"] or 0) + 1
    if starts_on is None:
        starts_on = max(clock.today(), known["ends_on"] + dt.timedelta(days=1)) if known["ends_on"] else clock.today()
    sprint = Sprint(
        team=team,
        number=number,
        name=name.strip() or _("Sprint %(number)s") % {"number": number},
        goal=goal.strip(),
        starts_on=starts_on,
        ends_on=ends_on or starts_on + dt.timedelta(days=team.sprint_days - 1),
    )
    _check(sprint)
    sprint.save()
    record("sprint.created", by=by, subject=sprint, team_id=team.pk, after=fields_as_json(sprint, FIELDS))
    return sprint


@transaction.atomic
def edit_sprint(
    sprint: Sprint,
    *,
    by: Actor,
    name: str | Keep = KEEP,
    goal: str | Keep = KEEP,
    starts_on: dt.date | Keep | None = KEEP,
    ends_on: dt.date | Keep | None = KEEP,
) -> Sprint:
    """Change name, goal or dates of a Sprint that is not over."""
    given = {"name": name, "goal": goal, "starts_on": starts_on, "ends_on": ends_on}
    sprint, before, after = rewrite_sprint(sprint, given, by=by)
    if after:
        record("sprint.edited", by=by, subject=sprint, team_id=sprint.team_id, before=before, after=after)
    return sprint


def rewrite_sprint(
    sprint: Sprint, given: Mapping[str, Any], *, by: Actor
) -> tuple[Sprint, dict[str, Any], dict[str, Any]]:
    """Write fields of a Sprint that is not over, for an action that records it; KEEP leaves one as it is.

    Returns the Sprint, locked, with (before, after) of what differs, fit for JSON.
    """
    require(by, "plan_sprint", sprint)
    sprint = _locked(sprint)
    if sprint.closed_at is not None:
        raise ValidationError(_("%(sprint)s is over.") % {"sprint": sprint.name})
    given = {
        field: value.strip() if isinstance(value, str) else value for field, value in given.items() if value is not KEEP
    }
    before = fields_as_json(sprint, given)
    put_fields(sprint, given)
    _check(sprint)
    after = fields_as_json(sprint, given)
    changed = [field for field in given if before[field] != after[field]]
    if changed:
        sprint.save(update_fields=changed)
    return sprint, {field: before[field] for field in changed}, {field: after[field] for field in changed}


@transaction.atomic
def start_sprint(sprint: Sprint, *, by: Actor) -> Sprint:
    """Start a Sprint; one at a time. No-op where it runs already."""
    require(by, "plan_sprint", sprint)
    sprint = _locked(sprint)
    if sprint.closed_at is not None:
        raise ValidationError(_("%(sprint)s is over.") % {"sprint": sprint.name})
    if sprint.started_at is not None:
        return sprint
    running = Sprint.objects.filter(team=sprint.team_id, started_at__isnull=False, closed_at=None).first()
    if running is not None:
        raise ValidationError(_("%(sprint)s still runs. Close it first.") % {"sprint": running.name})
    before = fields_as_json(sprint, ["started_at", "starts_on", "ends_on"])
    sprint.started_at = clock.now()
    sprint.starts_on = sprint.starts_on or clock.today()
    sprint.ends_on = sprint.ends_on or sprint.starts_on + dt.timedelta(days=sprint.team.sprint_days - 1)
    sprint.save(update_fields=["started_at", "starts_on", "ends_on"])
    record(
        "sprint.started",
        by=by,
        subject=sprint,
        team_id=sprint.team_id,
        before=before,
        after=fields_as_json(sprint, ["started_at", "starts_on", "ends_on"]),
    )
    return sprint


@transaction.atomic
def close_sprint(sprint: Sprint, *, by: Actor, carry_to: Sprint | None = None, reason: str = "") -> Sprint:
    """Close a Sprint that runs. What is not done goes to `carry_to`, or back to the backlog, for a reason.

    Raises ValidationError with the items' keys where something is open and no reason is given.
    """
    require(by, "plan_sprint", sprint)
    sprint = _locked(sprint)
    if sprint.closed_at is not None:
        return sprint
    if sprint.started_at is None:
        raise ValidationError(_("%(sprint)s has not started.") % {"sprint": sprint.name})
    if carry_to is not None and (
        carry_to.team_id != sprint.team_id or carry_to.pk == sprint.pk or carry_to.closed_at is not None
    ):
        raise ValidationError({"carry_to": _("Carry over into a Sprint of the same team that is not over.")})
    open_items = list(sprint.items.active().exclude(category=Category.DONE).select_related("team"))
    if open_items and not reason.strip():
        raise ValidationError(
            {"reason": _("Say why this is carried over: %(items)s.") % {"items": item_labels(open_items)}}
        )
    now = clock.now()
    leave(open_items, at=now)
    sprint.closed_at = now
    sprint.save(update_fields=["closed_at"])
    for item in open_items:
        item.sprint = carry_to
    Item.objects.bulk_update(open_items, ["sprint"])
    if carry_to is not None:
        enter(carry_to, open_items, at=now)
    record(
        "sprint.closed",
        by=by,
        subject=sprint,
        team_id=sprint.team_id,
        before={"closed_at": None},
        after={
            "closed_at": now.isoformat(),
            "carried": [item.pk for item in open_items],
            "carried_to": carry_to.pk if carry_to else None,
            "reason": reason.strip(),
        },
    )
    return sprint


@transaction.atomic
def add_to_sprint(item: Item, sprint: Sprint, *, by: Actor, seen: int | None = None) -> Item:
    """Put an item into a Sprint, out of any other; no-op where it is in it.

    `seen`, the last Change that the actor saw, refuses with Meanwhile what another planned since.
    """
    if seen is not None:
        _refuse_unseen(item, sprint, by=by, seen=seen)
    add_items_to_sprint([item], sprint, by=by)
    item.refresh_from_db()
    return item


@transaction.atomic
def add_items_to_sprint(items: Iterable[Item], sprint: Sprint, *, by: Actor, seen: int | None = None) -> Change | None:
    """Put several items into a Sprint with one Change; None where all are in it already. `seen` as for one."""
    require(by, "write_item", sprint)
    sprint = _locked(sprint)
    require_open(by, sprint)
    wanted = locked_items(sprint.team, items)
    _refuse_unseen_of_many(wanted, sprint, by=by, seen=seen)
    rows = [item for item in wanted if item.sprint_id != sprint.pk]
    return _shift([(item, sprint) for item in rows], sprint.team, by=by) if rows else None


@transaction.atomic
def take_out_of_sprint(item: Item, *, by: Actor, seen: int | None = None) -> Item:
    """Put an item back into the backlog; no-op where it is in no Sprint. `seen` as for `add_to_sprint`."""
    if seen is not None:
        _refuse_unseen(item, None, by=by, seen=seen)
    take_items_out_of_sprint([item], by=by, team=item.team)
    item.refresh_from_db()
    return item


@transaction.atomic
def take_items_out_of_sprint(items: Iterable[Item], *, by: Actor, team: Team, seen: int | None = None) -> Change | None:
    """Put several items back into the backlog with one Change; a Sprint that is over keeps its items.

    `seen` as for `add_to_sprint`.
    """
    require(by, "write_item", team)
    wanted = locked_items(team, items)
    _refuse_unseen_of_many(wanted, None, by=by, seen=seen)
    rows = [item for item in wanted if item.sprint_id is not None]
    for item in rows:
        assert item.sprint is not None
        require_open(by, item.sprint)
    return _shift([(item, None) for item in rows], team, by=by) if rows else None


# The way back


@inverse("sprint.created")
def _undo_created(change: Change, by: Actor) -> Change:
    sprint = _sprint_of(change, by)
    refuse_if_changed(change, sprint, change.after, sprint.name)
    if sprint.started_at or sprint.stays.exists():
        raise CannotUndo(changed_since(change, [sprint], sprint.name))
    done = record("sprint.deleted", by=by, subject=sprint, team_id=sprint.team_id, before=change.after, undoes=change)
    sprint.delete()
    return done


@inverse("sprint.edited")
def _undo_edited(change: Change, by: Actor) -> Change:
    return _put_back(change, by, "sprint.edited")


@inverse("sprint.started")
def _undo_started(change: Change, by: Actor) -> Change:
    sprint = _sprint_of(change, by)
    if sprint.closed_at is not None:
        raise CannotUndo(changed_since(change, [sprint], sprint.name))
    return _put_back(change, by, "sprint.stopped")


@inverse("sprint.stopped")
def _undo_stopped(change: Change, by: Actor) -> Change:
    sprint = _sprint_of(change, by)
    running = Sprint.objects.filter(team=sprint.team_id, started_at__isnull=False, closed_at=None).first()
    if running is not None:
        raise CannotUndo(_("%(sprint)s runs now.") % {"sprint": running.name})
    return _put_back(change, by, "sprint.started")


@inverse("sprint.closed")
def _undo_closed(change: Change, by: Actor) -> Change:
    sprint = _sprint_of(change, by)
    refuse_if_changed(change, sprint, {"closed_at": change.after["closed_at"]}, sprint.name)
    running = Sprint.objects.filter(team=sprint.team_id, started_at__isnull=False, closed_at=None).first()
    if running is not None:
        raise CannotUndo(_("%(sprint)s runs now.") % {"sprint": running.name})
    carried = list(Item.objects.select_related("team").filter(pk__in=change.after["carried"]))
    for item in carried:
        if item.sprint_id != change.after["carried_to"] or item.removed_at is not None:
            raise CannotUndo(changed_since(change, [item], item.key))
    at = change.after["closed_at"]
    SprintStay.objects.filter(sprint_id=change.after["carried_to"], item__in=carried, added_at=at).delete()
    SprintStay.objects.filter(sprint=sprint, item__in=carried, removed_at=at).update(removed_at=None)
    for item in carried:
        item.sprint = sprint
    Item.objects.bulk_update(carried, ["sprint"])
    sprint.closed_at = None
    sprint.save(update_fields=["closed_at"])
    return record("sprint.reopened", by=by, subject=sprint, team_id=sprint.team_id, before=change.after, undoes=change)


def _undo_shift(change: Change, by: Actor) -> Change:
    team = locked_team(change.team_id or 0)
    require(by, "write_item", team)
    was: dict[str, int | None] = change.before["items"]
    rows = list(Item.objects.select_related("team", "sprint").filter(team=team, pk__in=[int(pk) for pk in was]))
    if len(rows) != len(was):
        raise CannotUndo(_("Some of these items are gone."))
    sprints = Sprint.objects.select_related("team").in_bulk([pk for pk in was.values() if pk])
    for item in rows:
        if item.sprint_id != change.after["items"][str(item.pk)] or item.removed_at is not None:
            raise CannotUndo(changed_since(change, [item], item.key))
    for sprint in sprints.values():
        require_open(by, sprint)
    return _shift([(item, sprints.get(was[str(item.pk)] or 0)) for item in rows], team, by=by, undoes=change)


for _name in ("item.planned", "item.unplanned", "items.planned", "items.unplanned"):
    inverse(_name)(_undo_shift)


# Below


def _locked(sprint: Sprint) -> Sprint:
    locked_team(sprint.team_id)
    return Sprint.objects.select_related("team").get(pk=sprint.pk)


def _check(sprint: Sprint) -> None:
    sprint.full_clean(exclude=["team", "number"], validate_constraints=False)
    if sprint.starts_on and sprint.ends_on and sprint.ends_on < sprint.starts_on:
        raise ValidationError({"ends_on": _("A Sprint ends on its first day or later.")})


def _refuse_unseen(item: Item, sprint: Sprint | None, *, by: Actor, seen: int) -> None:
    require(by, "write_item", item)
    fresh = locked_item(item)
    is_done = fresh.sprint_id == (sprint.pk if sprint else None)
    refuse_unseen(fresh, by=by, seen=seen, bears=BEARS_ON_PLAN, is_done=is_done)


def _refuse_unseen_of_many(items: Sequence[Item], sprint: Sprint | None, *, by: Actor, seen: int | None) -> None:
    wanted = sprint.pk if sprint else None
    refuse_unseen_of_many(items, by=by, seen=seen, bears=BEARS_ON_PLAN, is_done=lambda item: item.sprint_id == wanted)


def _shift(
    moves: Sequence[tuple[Item, Sprint | None]], team: Team, *, by: Actor, undoes: Change | None = None
) -> Change:
    """Put each item into its Sprint, or into none, and record it: on the item where it is one, on the team for many."""
    items = [item for item, _sprint in moves]
    was = {str(item.pk): item.sprint_id for item in items}
    now = clock.now()
    leave(items, at=now)
    for item, sprint in moves:
        item.sprint = sprint
        if sprint is not None:
            enter(sprint, [item], at=now)
    Item.objects.bulk_update(items, ["sprint"], batch_size=500)
    verb = "planned" if any(sprint for _item, sprint in moves) else "unplanned"
    return record(
        f"item.{verb}" if len(items) == 1 else f"items.{verb}",
        by=by,
        subject=items[0] if len(items) == 1 else team,
        team_id=team.pk,
        label=item_label(items[0]) if len(items) == 1 else item_labels(items),
        before={"items": was},
        after={"items": {str(item.pk): item.sprint_id for item in items}},
        undoes=undoes,
    )


def _sprint_of(change: Change, by: Actor) -> Sprint:
    sprint = Sprint.objects.select_related("team").filter(pk=change.subject_id).first()
    if sprint is None:
        raise CannotUndo(_("%(item)s is gone.") % {"item": change.subject_label})
    require(by, "plan_sprint", sprint)
    return _locked(sprint)


def _put_back(change: Change, by: Actor, name: str) -> Change:
    sprint = _sprint_of(change, by)
    refuse_if_changed(change, sprint, change.after, sprint.name)
    put_fields(sprint, change.before)
    sprint.save(update_fields=[*change.before])
    return record(
        name, by=by, subject=sprint, team_id=sprint.team_id, before=change.after, after=change.before, undoes=change
    )
