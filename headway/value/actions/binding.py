"""What binds the order of a backlog: what an item needs first, and what has to be done by a day."""

import datetime as dt
from collections import defaultdict
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from headway.lib import clock
from headway.live.history import CannotUndo, inverse, record
from headway.live.models import Change
from headway.people.access import require
from headway.people.actor import Actor
from headway.people.models import Team
from headway.scrum.models import Item

from ..models import MustHave, Prerequisite
from .rules import refuse_done


@transaction.atomic
def need(item: Item, *, needs: Item, by: Actor) -> Prerequisite:
    """Say that an item brings nothing before another one is done. Nothing is recorded where it was said already.

    Refused where the two would wait for each other, with the way from one to the other.
    """
    return _need(item, needs, by=by)


def _need(item: Item, needs: Item, *, by: Actor, undoes: Change | None = None) -> Prerequisite:
    require(by, "link_item", item)
    if needs.team_id != item.team_id or needs.removed_at is not None:
        raise ValidationError({"needs": _("There is no such item in this team.")})
    if needs.pk == item.pk:
        raise ValidationError({"needs": _("An item cannot need itself.")})
    refuse_done(item)
    # Two that add one each at the same time could close a circle that neither sees.
    Team.objects.select_for_update(no_key=True).get(pk=item.team_id)
    known = Prerequisite.objects.filter(item=item, needs=needs).first()
    if known is not None:
        return known
    way = _way(needs, item)
    if way:
        raise ValidationError(
            {"needs": _("They would wait for each other: %(way)s.") % {"way": " → ".join([item.key, *way])}}
        )
    row = Prerequisite.objects.create(item=item, needs=needs, by_id=by.person_id, at=clock.now())
    _record("prerequisite.added", item, by=by, after={"needs": needs.pk, "needs_key": needs.key}, undoes=undoes)
    return row


@transaction.atomic
def need_no_more(item: Item, *, needs: Item, by: Actor) -> Change | None:
    """Take back that an item needs another one. Returns None where it does not."""
    return _need_no_more(item, needs, by=by)


def _need_no_more(item: Item, needs: Item, *, by: Actor, undoes: Change | None = None) -> Change | None:
    require(by, "link_item", item)
    deleted, _rows = Prerequisite.objects.filter(item=item, needs=needs).delete()
    if not deleted:
        return None
    left = {"needs": needs.pk, "needs_key": needs.key}
    return _record("prerequisite.removed", item, by=by, before=left, after={"needs_key": needs.key}, undoes=undoes)


@transaction.atomic
def must_be_done(item: Item, *, by: Actor, reason: str, by_on: dt.date | None = None) -> MustHave:
    """Say that an item has to be done, by a day or within the horizon, and why; anew, it changes day and reason."""
    require(by, "order_backlog", item)
    refuse_done(item)
    if by_on is not None and by_on < clock.today():
        raise ValidationError({"by_on": _("This day is over: choose today or later.")})
    was = MustHave.objects.select_for_update().filter(item=item).first()
    before = _plain(was) if was else None
    row = was or MustHave(item=item)
    row.by_on, row.reason, row.by_id, row.at = by_on, reason.strip(), by.person_id, clock.now()
    row.clean_fields(exclude=["by", "item"])
    if before == _plain(row):
        return row
    row.save()
    _record("must.set", item, by=by, before=before, after=_plain(row))
    return row


@transaction.atomic
def need_not_be_done(item: Item, *, by: Actor) -> Change | None:
    """Take back that an item has to be done. Returns None where it has not."""
    return _put_must(item, None, by=by)


def _put_must(item: Item, wanted: dict[str, Any] | None, *, by: Actor, undoes: Change | None = None) -> Change | None:
    require(by, "order_backlog", item)
    was = MustHave.objects.select_for_update().filter(item=item).first()
    before = _plain(was) if was else None
    if before == wanted:
        return None
    if wanted is None:
        MustHave.objects.filter(item=item).delete()
        return _record("must.lifted", item, by=by, before=before, after={}, undoes=undoes)
    fields = {"by_on": _day(wanted["by_on"]), "reason": wanted["reason"], "by_id": by.person_id, "at": clock.now()}
    MustHave.objects.update_or_create(item=item, defaults=fields)
    return _record("must.set", item, by=by, before=before, after=wanted, undoes=undoes)


# The way back


@inverse("prerequisite.added")
def _undo_added(change: Change, by: Actor) -> Change:
    item, needs = _both(change, change.after["needs"])
    undone = _need_no_more(item, needs, by=by, undoes=change)
    if undone is None:
        raise CannotUndo(_("%(item)s does not need it any more.") % {"item": item.key})
    return undone


@inverse("prerequisite.removed")
def _undo_removed(change: Change, by: Actor) -> Change:
    item, needs = _both(change, change.before["needs"])
    if Prerequisite.objects.filter(item=item, needs=needs).exists():
        raise CannotUndo(_("%(item)s needs it again already.") % {"item": item.key})
    try:
        _need(item, needs, by=by, undoes=change)
    except ValidationError as error:
        raise CannotUndo(" ".join(error.messages)) from error
    return Change.objects.filter(undoes=change).latest("pk")


@inverse("must.set")
@inverse("must.lifted")
def _undo_must(change: Change, by: Actor) -> Change:
    item = Item.objects.select_related("team").filter(pk=change.subject_id, removed_at=None).first()
    if item is None:
        raise CannotUndo(_("%(item)s is gone.") % {"item": change.subject_label})
    row = MustHave.objects.filter(item=item).first()
    if (_plain(row) if row else {}) != change.after:
        raise CannotUndo(_("Its day was changed since."))
    undone = _put_must(item, change.before or None, by=by, undoes=change)
    if undone is None:
        raise CannotUndo(_("It stands so already."))
    return undone


# Below


def _way(start: Item, goal: Item) -> list[str]:
    """Return the keys from one item to another over what each needs; empty where no way leads there."""
    direct: dict[int, list[int]] = defaultdict(list)
    pairs = Prerequisite.objects.filter(item__team=start.team_id).order_by("item_id", "needs_id")
    for item_id, needs_id in pairs.values_list("item_id", "needs_id"):
        direct[item_id].append(needs_id)
    ways = {start.pk: [start.pk]}
    waiting = [start.pk]
    for one in waiting:
        for following in direct[one]:
            if following not in ways:
                ways[following] = [*ways[one], following]
                waiting.append(following)
    if goal.pk not in ways:
        return []
    keys = {item.pk: item.key for item in Item.objects.select_related("team").filter(pk__in=ways[goal.pk])}
    return [keys[pk] for pk in ways[goal.pk]]


def _both(change: Change, needs: int) -> tuple[Item, Item]:
    found = Item.objects.select_related("team").filter(removed_at=None).in_bulk([change.subject_id, needs])
    if len(found) < 2:
        raise CannotUndo(_("One of the two items is gone."))
    return found[change.subject_id], found[needs]


def _record(
    name: str,
    item: Item,
    *,
    by: Actor,
    after: dict[str, Any],
    before: dict[str, Any] | None = None,
    undoes: Change | None = None,
) -> Change:
    return record(name, by=by, subject=item, team_id=item.team_id, before=before, after=after, undoes=undoes)


def _plain(row: MustHave) -> dict[str, Any]:
    return {"by_on": row.by_on.isoformat() if row.by_on else None, "reason": row.reason}


def _day(text: str | None) -> dt.date | None:
    return dt.date.fromisoformat(text) if text else None
