"""The Key Result that a Sprint Goal names."""

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from headway.live.edits import told_since
from headway.live.history import CannotUndo, inverse, record
from headway.live.models import Change
from headway.okr.models import KeyResult
from headway.people.access import require
from headway.people.actor import Actor
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
    require(by, "plan_sprint", sprint)
    held = SprintAim.objects.select_for_update().filter(sprint=sprint).first()
    before = held.key_result_id if held else None
    after = key_result.pk if key_result else None
    if before == after:
        return None
    if key_result is None:
        SprintAim.objects.filter(sprint=sprint).delete()
    else:
        refuse_closed(key_result, sprint)
        SprintAim.objects.update_or_create(sprint=sprint, defaults={"key_result": key_result})
    return record(
        "sprint.aimed",
        by=by,
        subject=sprint,
        team_id=sprint.team_id,
        before={"key_result": before},
        after={"key_result": after},
        undoes=undoes,
    )


@inverse("sprint.aimed")
def _aim_back(change: Change, by: Actor) -> Change | None:
    sprint = Sprint.objects.select_related("team").get(pk=change.subject_id)
    now = SprintAim.objects.filter(sprint=sprint).values_list("key_result_id", flat=True).first()
    if now != change.after["key_result"]:
        about = Q(subject_type=change.subject_type, subject_id=sprint.pk, name="sprint.aimed")
        raise CannotUndo(told_since(change, about, _("the aim of %(sprint)s") % {"sprint": sprint.name}))
    before = change.before["key_result"]
    key_result = KeyResult.objects.select_related("objective").get(pk=before) if before else None
    return _set_sprint_aim(sprint, key_result, by=by, undoes=change)
