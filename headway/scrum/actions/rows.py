"""What every action here stands on: the lock of a team, fields as JSON and back, and refusing an undo by name."""

from collections.abc import Iterable, Sequence
from enum import Enum
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.db.models import Model, Q
from django.utils.translation import gettext as _

from headway.lib.prepared import Prepared, update
from headway.live.edits import told_since
from headway.live.history import CannotUndo
from headway.live.models import Change
from headway.people.access import require
from headway.people.actor import Actor
from headway.people.models import Team

from ..models import Item
from ..queries.item import about_item


class Keep(Enum):
    KEEP = "keep"


KEEP: Final = Keep.KEEP  # "leave this field as it is", where None means "make it empty"


_TEAM = Prepared(lambda pk: Team.objects.select_for_update(no_key=True).filter(pk=pk), int)
_PAIR = Prepared(
    lambda team, pk, other: Item.objects.select_related("sprint").filter(Q(pk=pk) | Q(pk=other), team=team),
    *(int, int, int),
)


def locked_team(team_id: int) -> Team:
    """Lock a team until the transaction ends: its numbers, ranks and columns are written by one at a time."""
    team = _TEAM.first(team_id)
    if team is None:
        raise Team.DoesNotExist
    return team


def locked_item(item: Item) -> Item:
    """Lock the item's team and read the item anew; an item that was removed meanwhile is refused."""
    return locked_pair(item, None)[0]


def locked_pair(item: Item, beside: Item | None) -> tuple[Item, Item | None]:
    """Lock the item's team and read the item anew, and with it the one beside it; refused where either is gone."""
    team = locked_team(item.team_id)
    found = {row.pk: row for row in _PAIR.all(team.pk, item.pk, beside.pk if beside else 0)}
    if item.pk not in found:
        raise Item.DoesNotExist
    for row in found.values():
        row.team = team
    fresh = found[item.pk]
    if fresh.removed_at is not None:
        raise ValidationError(_("%(item)s was removed. Bring it back first.") % {"item": fresh.key})
    if beside is not None and beside.pk not in found:
        raise ValidationError(_("The item next to it is gone. Look at the order again."))
    return fresh, found.get(beside.pk) if beside else None


def locked_items(team: Team, items: Iterable[Item]) -> list[Item]:
    """Lock the team and read these items of it anew, in the order given; those removed meanwhile are left out."""
    locked_team(team.pk)
    wanted = [item.pk for item in items]
    found = Item.objects.active().filter(team=team).select_related("team", "column", "sprint").in_bulk(wanted)
    return [found[pk] for pk in dict.fromkeys(wanted) if pk in found]


def save_items(items: Sequence[Item], fields: Sequence[str]) -> None:
    """Save these fields of the items."""
    if len(items) == 1:  # the statement that writes many takes longer to put together than to run
        update(items[0], fields)
    else:
        Item.objects.bulk_update(items, fields, batch_size=500)


def item_of(change: Change, by: Actor) -> Item:
    """Return the item of a Change under the lock of its team; refuse who may not write it."""
    item = Item.objects.select_related("team", "column", "sprint").filter(pk=change.subject_id).first()
    if item is None:
        raise CannotUndo(_("%(item)s is gone.") % {"item": change.subject_label})
    require(by, "write_item", item)
    locked_team(item.team_id)
    item.refresh_from_db()
    return item


def last_change(row: Model) -> Change:
    """Return the newest Change of a row: the one that an action called by an inverse has just recorded."""
    return Change.objects.filter(subject_type=row._meta.label_lower, subject_id=row.pk).latest("pk")


def item_label(item: Item) -> str:
    return f"{item.key} {item.title}"


def item_labels(items: Iterable[Item]) -> str:
    return ", ".join(item.key for item in items)


def fields_as_json(row: Model, names: Iterable[str]) -> dict[str, Any]:
    """Return the fields (by attribute name) as JSON can hold them."""
    return {name: _plain(getattr(row, name)) for name in names}


def put_fields(row: Model, values: dict[str, Any]) -> None:
    """Set fields from what `fields_as_json` gave, without saving."""
    fields = {field.attname: field for field in row._meta.concrete_fields}
    for name, value in values.items():
        setattr(row, name, fields[name].to_python(value))


def refuse_if_changed(change: Change, row: Model, left: dict[str, Any], label: str) -> None:
    """Raise CannotUndo, naming who, where `row` no longer says what `change` left in these fields."""
    if fields_as_json(row, left) != left:
        raise CannotUndo(changed_since(change, [row], label))


def changed_since(change: Change, rows: Sequence[Model], label: str) -> str:
    """Say who changed one of `rows` after `change`, for a person to read."""
    about = Q(subject_type=rows[0]._meta.label_lower, subject_id__in=[row.pk for row in rows])
    for row in rows:
        if isinstance(row, Item):
            about |= about_item(row)
    return told_since(change, about, label)


def _plain(value: Any) -> Any:
    return value.isoformat() if hasattr(value, "isoformat") else value
