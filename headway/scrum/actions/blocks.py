"""Say that an item is blocked, why, and that it is no longer."""

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from headway.lib import clock
from headway.live.history import inverse, record
from headway.live.models import Change
from headway.people.access import require
from headway.people.actor import Actor

from ..models import Category, Item
from .rows import fields_as_json, item_label, item_of, locked_item, put_fields, refuse_if_changed

FIELDS = ("blocked_since", "blocked_because")


@transaction.atomic
def block_item(item: Item, *, because: str, by: Actor) -> Item:
    """Mark an item as blocked, with the reason. A new reason keeps the day since when."""
    require(by, "write_item", item)
    item = locked_item(item)
    because = because.strip()
    if not because:
        raise ValidationError({"because": _("Say what is in the way.")})
    if item.category == Category.DONE:
        raise ValidationError(_("%(item)s is done.") % {"item": item.key})
    return _write(
        item, "item.blocked", {"blocked_since": item.blocked_since or clock.today(), "blocked_because": because}, by
    )


@transaction.atomic
def unblock_item(item: Item, *, by: Actor) -> Item:
    """Take the mark away; no-op where there is none."""
    require(by, "write_item", item)
    return _write(locked_item(item), "item.unblocked", {"blocked_since": None, "blocked_because": ""}, by)


def _undo(change: Change, by: Actor) -> Change:
    item = item_of(change, by)
    refuse_if_changed(change, item, change.after, item.key)
    put_fields(item, change.before)
    item.save(update_fields=[*FIELDS])
    return record(
        "item.blocked" if item.blocked_since else "item.unblocked",
        by=by,
        subject=item,
        team_id=item.team_id,
        label=item_label(item),
        before=change.after,
        after=change.before,
        undoes=change,
    )


inverse("item.blocked")(_undo)
inverse("item.unblocked")(_undo)


def _write(item: Item, name: str, values: dict[str, object], by: Actor) -> Item:
    before = fields_as_json(item, FIELDS)
    for field, value in values.items():
        setattr(item, field, value)
    item.clean_fields(exclude=[field.name for field in item._meta.fields if field.name not in FIELDS])
    after = fields_as_json(item, FIELDS)
    if after != before:
        item.updated_at = clock.now()
        item.save(update_fields=[*FIELDS, "updated_at"])
        record(name, by=by, subject=item, team_id=item.team_id, label=item_label(item), before=before, after=after)
    return item
