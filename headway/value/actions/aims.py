"""The Key Result that a Sprint Goal names."""

from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from headway.live.edits import told_since
from headway.live.history import CannotUndo, inverse, record
from headway.live.models import Change
from headway.okr.models import KeyResult
from headway.people.access import require
from headway.people.actor import Actor
from headway.people.models import Team
from headway.scrum.actions import create_sprint, rewrite_sprint
from headway.scrum.models import Sprint

from ..models import SprintAim
from .rules import refuse_closed


@transaction.atomic
def set_sprint_aim(sprint: Sprint, key_result: KeyResult | None, *, by: Actor) -> Change | None:
    """Name the Key Result that the Sprint Goal is about (None: none). Returns None where that is so already."""
    return _set_sprint_aim(sprint, key_result, by=by)


def _set_sprint_aim(
    sprint: Sprint, key_result: KeyResult | None, *, by: Actor, undoes: Change | None = None
) -> Change | None:
    before, after = _write_aim(sprint, key_result, by=by)
    if before == after:
        return None
    return record(
        "sprint.aimed",
        by=by,
        subject=sprint,
        team_id=sprint.team_id,
        before={"key_result": before},
        after={"key_result": after},
        undoes=undoes,
    )


def _write_aim(sprint: Sprint, key_result: KeyResult | None, *, by: Actor) -> tuple[int | None, int | None]:
    """Write the aim; return the ids of the Key Results that it was and is."""
    require(by, "plan_sprint", sprint)
    before = _aim_of(sprint)
    after = key_result.pk if key_result else None
    if before == after:
        return before, after
    if key_result is None:
        SprintAim.objects.filter(sprint=sprint).delete()
    else:
        refuse_closed(key_result, sprint)
        SprintAim.objects.update_or_create(sprint=sprint, defaults={"key_result": key_result})
    return before, after


def _aim_of(sprint: Sprint) -> int | None:
    held = SprintAim.objects.select_for_update().filter(sprint=sprint).first()
    return held.key_result_id if held else None


@transaction.atomic
def plan_sprint(team: Team, key_result: KeyResult | None, *, by: Actor, **fields: Any) -> Sprint:
    """Create the next Sprint with its aim: one Change, whose undo takes both back. `fields` as for `create_sprint`."""
    sprint = create_sprint(team, by=by, **fields)
    _write_aim(sprint, key_result, by=by)
    return sprint


@transaction.atomic
def replan_sprint(sprint: Sprint, key_result: KeyResult | None, *, by: Actor, **fields: Any) -> Change | None:
    """Change fields (as for `edit_sprint`) and the aim of a Sprint with one Change; None where all is so already."""
    sprint, before, after = rewrite_sprint(sprint, fields, by=by)
    was, aim = _write_aim(sprint, key_result, by=by)
    if was == aim:
        name = "sprint.edited"
    elif after:
        name, before, after = "sprint.replanned", before | {"key_result": was}, after | {"key_result": aim}
    else:
        name, before, after = "sprint.aimed", {"key_result": was}, {"key_result": aim}
    if not after:
        return None
    return record(name, by=by, subject=sprint, team_id=sprint.team_id, before=before, after=after)


@inverse("sprint.replanned")
def _replan_back(change: Change, by: Actor) -> Change:
    sprint = Sprint.objects.select_related("team").get(pk=change.subject_id)
    fields = {name: value for name, value in change.before.items() if name != "key_result"}
    try:
        sprint, left, _now = rewrite_sprint(sprint, fields, by=by)
        before, aim = _write_aim(sprint, _key_result(change.before["key_result"]), by=by)
    except ValidationError as error:
        raise CannotUndo(" ".join(error.messages)) from error
    if {**left, "key_result": before} != change.after:
        about = Q(subject_type=change.subject_type, subject_id=sprint.pk)
        raise CannotUndo(told_since(change, about, sprint.name))
    return record(
        change.name,
        by=by,
        subject=sprint,
        team_id=sprint.team_id,
        before=change.after,
        after={**fields, "key_result": aim},
        undoes=change,
    )


def _key_result(pk: int | None) -> KeyResult | None:
    return KeyResult.objects.select_related("objective").filter(pk=pk).first() if pk else None


@inverse("sprint.aimed")
def _aim_back(change: Change, by: Actor) -> Change | None:
    sprint = Sprint.objects.select_related("team").get(pk=change.subject_id)
    now = SprintAim.objects.filter(sprint=sprint).values_list("key_result_id", flat=True).first()
    if now != change.after["key_result"]:
        about = Q(subject_type=change.subject_type, subject_id=sprint.pk, after__has_key="key_result")
        raise CannotUndo(told_since(change, about, _("the aim of %(sprint)s") % {"sprint": sprint.name}))
    return _set_sprint_aim(sprint, _key_result(change.before["key_result"]), by=by, undoes=change)
