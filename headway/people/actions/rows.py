"""What the actions here share: an edit with its way back, taking many back at once, and what is always refused."""

from collections.abc import Iterable
from copy import copy
from typing import Any, TypeVar

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Model
from django.utils.translation import gettext as _

from headway.live.edits import edit, put_back, subject_of
from headway.live.history import CannotUndo, undo
from headway.live.models import Change

from ..access import Forbidden, require
from ..actor import Actor
from ..models import Membership, Organisation, Person

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
    """Return the inverse of an `edit_row` of this model."""

    def back(change: Change, by: Actor) -> Change:
        row: Any = subject_of(change, model)
        if model is Person:
            require_self(by, row)
        else:
            require(by, verb, row)
        return put_back(row, change, by=by, team_id=change.team_id)

    return back


def changes_since(first: Change) -> list[int]:
    """Return what this transaction recorded after `first`, which it recorded too.

    A transaction's first Change locks the history of its organisation until it ends: nobody else's lie between.
    """
    rows = Change.objects.filter(pk__gt=first.pk, organisation_id=first.organisation_id)
    return list(rows.order_by("pk").values_list("pk", flat=True))


def undo_all(change_ids: Iterable[int], *, by: Actor) -> list[str]:
    """Take Changes back, the last one first. Returns the labels of those that others have changed since."""
    left: list[str] = []
    for change in Change.objects.filter(pk__in=list(change_ids)).order_by("-pk"):
        try:
            with transaction.atomic():
                undo(change, by=by)
        except CannotUndo:
            left.append(change.subject_label)
    return left


def lock(organisation: Organisation | int) -> Organisation:
    """Lock an organisation until the transaction ends: its members and units are written by one at a time."""
    pk = organisation if isinstance(organisation, int) else organisation.pk
    return Organisation.objects.select_for_update(no_key=True).get(pk=pk)


def require_self(by: Actor, person: Person) -> None:
    if by.kind != "system" and by.person_id != person.pk:
        raise Forbidden(_("Everyone changes their own name and password."))


def refuse_last_administrator(membership: Membership) -> None:
    others = Membership.objects.filter(
        organisation=membership.organisation, is_administrator=True, deactivated_at=None
    ).exclude(pk=membership.pk)
    if membership.is_administrator and not others.exists():
        raise ValidationError(_("This is the last administrator: make somebody else one first."))


def refuse_of_demonstration(person: Person) -> None:
    """Anybody may be somebody of the demonstration for a click, and would come along into a real organisation."""
    if Membership.objects.filter(person=person, organisation__is_demonstration=True).exists():
        raise ValidationError(
            _("%(name)s belongs to the demonstration. Sign out of it, then open the link again.")
            % {"name": person.name}
        )


def refuse_in_demonstration(organisation: Organisation) -> None:
    """Anybody may be administrator of the demonstration for a click: there nobody is let in, nobody gets a link."""
    if organisation.is_demonstration:
        raise Forbidden(_("Nobody is added to the demonstration and nobody gets a password there."))
