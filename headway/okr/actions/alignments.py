"""A Key Result contributes to another, one level up."""

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from headway.live.history import CannotUndo, inverse, record
from headway.live.models import Change
from headway.people import access
from headway.people.actor import Actor

from ..models import Alignment, KeyResult


@transaction.atomic
def align(key_result: KeyResult, *, by: Actor, upper: KeyResult) -> Alignment:
    """Say that a Key Result contributes to `upper`. Nothing happens where it does already."""
    access.require(by, "write_okr", key_result)
    existing = Alignment.objects.filter(key_result=key_result, upper=upper).first()
    if existing:
        return existing
    _require_upwards(key_result, upper)
    alignment = Alignment.objects.create(key_result=key_result, upper=upper)
    _record("key_result.aligned", key_result, upper, by=by)
    return alignment


@transaction.atomic
def unalign(key_result: KeyResult, *, by: Actor, upper: KeyResult) -> None:
    """Say that it does not contribute to `upper` (any more)."""
    access.require(by, "write_okr", key_result)
    if Alignment.objects.filter(key_result=key_result, upper=upper).delete()[0]:
        _record("key_result.unaligned", key_result, upper, by=by)


def _require_upwards(key_result: KeyResult, upper: KeyResult) -> None:
    if upper.organisation_id != key_result.organisation_id:
        raise ValidationError({"upper": _("Choose a Key Result of this organisation.")})
    above, seen = {upper.pk}, set[int]()
    while above:
        if key_result.pk in above:
            raise ValidationError({"upper": _("That one contributes to this one: it would go round in a circle.")})
        seen |= above
        links = Alignment.objects.filter(key_result__in=above)
        above = set(links.values_list("upper_id", flat=True)) - seen


def _record(name: str, key_result: KeyResult, upper: KeyResult, *, by: Actor, undoes: Change | None = None) -> Change:
    return record(
        name,
        by=by,
        subject=key_result,
        team_id=key_result.team_id,
        after={"upper": upper.pk},
        undoes=undoes,
    )


@inverse("key_result.aligned")
def _unalign(change: Change, by: Actor) -> Change:
    key_result, upper = _both(change)
    access.require(by, "write_okr", key_result)
    if not Alignment.objects.filter(key_result=key_result, upper=upper).delete()[0]:
        raise CannotUndo(_("It was taken away already."))
    return _record("key_result.unaligned", key_result, upper, by=by, undoes=change)


@inverse("key_result.unaligned")
def _realign(change: Change, by: Actor) -> Change:
    key_result, upper = _both(change)
    access.require(by, "write_okr", key_result)
    if Alignment.objects.filter(key_result=key_result, upper=upper).exists():
        raise CannotUndo(_("It is there again already."))
    try:
        _require_upwards(key_result, upper)
    except ValidationError as error:
        raise CannotUndo(" ".join(error.messages)) from error
    Alignment.objects.create(key_result=key_result, upper=upper)
    return _record("key_result.aligned", key_result, upper, by=by, undoes=change)


def _both(change: Change) -> tuple[KeyResult, KeyResult]:
    found = KeyResult.objects.in_bulk([change.subject_id, change.after["upper"]])
    if len(found) < 2:
        raise CannotUndo(_("One of the two is gone."))
    return found[change.subject_id], found[change.after["upper"]]
