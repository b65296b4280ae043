"""Who is in which Sprint since when: rows that keep burn-ups right when the scope changes."""

import datetime as dt
from collections.abc import Iterable

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from headway.people.access import require
from headway.people.actor import Actor

from ..models import Item, Sprint, SprintStay


def require_open(by: Actor, sprint: Sprint) -> None:
    """Refuse to change what is in a Sprint that is over, and who may not.

    Before it starts that is planning (Scrum Master, Product Owner); from then on the Sprint Backlog is the Developers'
    too.
    """
    if sprint.closed_at is not None:
        raise ValidationError(_("%(sprint)s is over.") % {"sprint": sprint.name})
    require(by, "write_item" if sprint.started_at else "plan_sprint", sprint)


def enter(sprint: Sprint, items: Iterable[Item], *, at: dt.datetime) -> None:
    """Note that these items are in the Sprint from now on. The caller sets and saves `item.sprint`."""
    SprintStay.objects.bulk_create([SprintStay(sprint=sprint, item=item, added_at=at) for item in items])


def leave(items: Iterable[Item], *, at: dt.datetime) -> None:
    """End the stay of these items wherever they are; a Sprint that is over keeps its own."""
    SprintStay.objects.filter(item__in=list(items), removed_at=None, sprint__closed_at=None).update(removed_at=at)
