"""What the actions here share: an edit with its way back, and what is always refused."""

from copy import copy
from typing import Any, TypeVar

from django.core.exceptions import ValidationError
from django.db.models import Model
from django.utils.translation import gettext as _

from headway.live.edits import edit, put_back, subject_of
from headway.live.models import Change

from ..access import Forbidden, require
from ..actor import Actor
from ..models import Membership, Organisation, Person, Unit

Row = TypeVar("Row", bound=Model)


def edit_row(row: Row, name: str, values: dict[str, Any], *, by: Actor, team_id: int | None = None) -> Row:
    """Check `values` as the row would stand with them, then write and record what differs."""
    changed = copy(row)
    for field, value in values.items():
        setattr(changed, field, value)
    changed.full_clean(exclude=["password"])
    edit(row, values, name=name, by=by, team_id=team_id)
    return row


def undo_edit(model: Any, verb: str) -> Any:
    def back(change: Change, by: Actor) -> Change:
        row: Any = subject_of(change, model)
        if model is Person:
            require_self(by, row)
        else:
            require(by, verb, row.organisation if model is Unit else row)
        return put_back(row, change, by=by, team_id=change.team_id)

    return back


def require_self(by: Actor, person: Person) -> None:
    if by.kind != "system" and by.person_id != person.pk:
        raise Forbidden(_("Everyone changes their own name and password."))


def refuse_last_administrator(membership: Membership) -> None:
    others = Membership.objects.filter(
        organisation=membership.organisation, is_administrator=True, deactivated_at=None
    ).exclude(pk=membership.pk)
    if membership.is_administrator and not others.exists():
        raise ValidationError(_("This is the last administrator: make somebody else one first."))


def refuse_in_demonstration(organisation: Organisation) -> None:
    """Anybody may be administrator of the demonstration for a click: there nobody is let in, nobody gets a link."""
    if organisation.is_demonstration:
        raise Forbidden(_("Nobody is added to the demonstration and nobody gets a password there."))
