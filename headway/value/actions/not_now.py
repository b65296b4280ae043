"""The Not now shelf: put aside with a reason, brought back, and who asked for it told."""

import datetime as dt

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from headway.lib import clock
from headway.live.history import CannotUndo, inverse, record
from headway.live.models import Change
from headway.people.access import require
from headway.people.actor import Actor
from headway.scrum.actions.unseen import BEARS_ON_SHELF, refuse_unseen
from headway.scrum.models import Category, Item

from ..models import NotNow


@transaction.atomic
def shelve(item: Item, *, by: Actor, reason: str, asked_by: str = "", seen: int | None = None) -> NotNow:
    """Put an item on the Not now shelf with its reason. Nothing is recorded where it lies there already.

    `seen`, the last Change that the actor saw, refuses with Meanwhile what another did since that bears on it.
    """
    require(by, "order_backlog", item)
    item = Item.objects.select_for_update(of=("self",)).select_related("team", "sprint").get(pk=item.pk)
    lying = NotNow.objects.filter(item=item, ended_at=None).first()
    refuse_unseen(item, by=by, seen=seen, bears=BEARS_ON_SHELF, is_done=lying is not None)
    if lying:
        return lying
    if item.category == Category.DONE:
        raise ValidationError(_("%(item)s is done.") % {"item": item.key})
    if item.sprint and item.sprint.started_at and not item.sprint.closed_at:
        raise ValidationError(
            _("%(item)s is in %(sprint)s, which is running: take it out of the Sprint first.")
            % {"item": item.key, "sprint": item.sprint.name}
        )
    shelved = NotNow(item=item, reason=reason.strip(), asked_by=asked_by.strip(), by_id=by.person_id, at=clock.now())
    shelved.full_clean(exclude=["by"])
    shelved.save()
    record(
        "item.shelved",
        by=by,
        subject=item,
        team_id=item.team_id,
        after={"not_now": shelved.pk, "reason": shelved.reason, "asked_by": shelved.asked_by},
    )
    return shelved


@transaction.atomic
def bring_back(item: Item, *, by: Actor) -> Change | None:
    """Take an item off the shelf. Returns None where it is not there."""
    return _bring_back(item, by=by)


def _bring_back(item: Item, *, by: Actor, undoes: Change | None = None) -> Change | None:
    require(by, "order_backlog", item)
    shelved = NotNow.objects.select_for_update().filter(item=item, ended_at=None).first()
    if shelved is None:
        return None
    shelved.ended_at = clock.now()
    shelved.save(update_fields=["ended_at"])
    return record(
        "item.brought_back", by=by, subject=item, team_id=item.team_id, before={"not_now": shelved.pk}, undoes=undoes
    )


@inverse("item.shelved")
def _unshelve(change: Change, by: Actor) -> Change | None:
    item = Item.objects.select_related("team").get(pk=change.subject_id)
    return _bring_back(item, by=by, undoes=change)


@inverse("item.brought_back")
def _shelve_again(change: Change, by: Actor) -> Change:
    shelved = NotNow.objects.select_related("item__team").get(pk=change.before["not_now"])
    item = shelved.item
    require(by, "order_backlog", item)
    if item.category == Category.DONE or NotNow.objects.filter(item=item, ended_at=None).exists():
        raise CannotUndo(_("%(item)s was done or put aside anew since.") % {"item": item.key})
    shelved.ended_at = None
    shelved.save(update_fields=["ended_at"])
    return record(
        "item.shelved",
        by=by,
        subject=item,
        team_id=item.team_id,
        after={"not_now": shelved.pk, "reason": shelved.reason, "asked_by": shelved.asked_by},
        undoes=change,
    )


@transaction.atomic
def mark_told(not_now: NotNow, *, by: Actor, told_on: dt.date | None = None) -> Change | None:
    """Note the day on which whoever asked for it was told. Returns None where that day is noted already."""
    require(by, "write_item", not_now.item)
    if not not_now.asked_by:
        raise ValidationError(_("Nobody is named as having asked for it."))
    told_on = told_on or clock.today()
    if told_on > clock.today():
        raise ValidationError({"told_on": _("Choose today or earlier.")})
    if not_now.told_on == told_on:
        return None
    return _tell(not_now, told_on, by=by)


def _tell(not_now: NotNow, told_on: dt.date | None, *, by: Actor, undoes: Change | None = None) -> Change:
    before = not_now.told_on
    not_now.told_on = told_on
    not_now.save(update_fields=["told_on"])
    return record(
        "asker.told",
        by=by,
        subject=not_now,
        team_id=not_now.item.team_id,
        label=not_now.item.title,
        before={"told_on": before.isoformat() if before else None},
        after={"told_on": told_on.isoformat() if told_on else None},
        undoes=undoes,
    )


@inverse("asker.told")
def _untell(change: Change, by: Actor) -> Change:
    not_now = NotNow.objects.select_related("item__team").get(pk=change.subject_id)
    require(by, "write_item", not_now.item)
    before = change.before["told_on"]
    return _tell(not_now, dt.date.fromisoformat(before) if before else None, by=by, undoes=change)
