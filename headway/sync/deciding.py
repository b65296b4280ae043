"""Take the tracker's value of one field, and put ours back."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

from headway.scrum.models import Category, Item, Sprint, SprintStay, Transition

from .plan import column_for, tracked_fields


def apply_field(item: Item, name: str, value: Any, *, now: dt.datetime) -> dict[str, Any]:
    """Give one field of an item the tracker's value, and save it. Returns what it was, for the way back.

    `item` has team, column, sprint and tracked fetched.
    """
    was: dict[str, Any] = {"fields": {}}
    fields: dict[str, Any] = {}
    if name == "status":
        category = tracked_fields(item).get("category", Category.TODO)
        column = column_for(list(item.team.columns.all()), value, category)
        fields = {"column": column, "category": category}
        fields["done_at"] = (item.done_at or now) if category == Category.DONE else None
        if category == Category.DOING:
            fields["started_at"] = item.started_at or now
        step = Transition.objects.create(item=item, status=value, category=category, at=now, is_imported=True)
        was["transitions"] = [step.pk]
    elif name == "sprint":
        fields = {"sprint": Sprint.objects.filter(team=item.team, tracker_name=value).first() if value else None}
        SprintStay.objects.filter(item=item, removed_at=None, sprint__closed_at=None).update(removed_at=now)
        if fields["sprint"] is not None:
            SprintStay.objects.create(sprint=fields["sprint"], item=item, added_at=now)
    elif name == "parent":
        others = Item.objects.active().filter(team__organisation_id=item.team.organisation_id)
        fields = {"parent": others.filter(tracker_key=value).first() if value else None}
    elif name == "due_on":
        fields = {"due_on": dt.date.fromisoformat(value) if value else None}
    elif name == "assignees":
        was["assignees"] = sorted(item.assignees.values_list("pk", flat=True))
        item.assignees.set(value)
    else:
        fields = {name: value}
    for field_name, new in fields.items():
        attname = Item._meta.get_field(field_name).attname  # type: ignore[union-attr]
        old = getattr(item, attname)
        was["fields"][field_name] = old.isoformat() if hasattr(old, "isoformat") else old
        setattr(item, field_name, new)
    item.updated_at = now
    item.save(update_fields=[*fields, "updated_at"])
    return was


def put_back(item: Item, was: Mapping[str, Any], *, now: dt.datetime) -> None:
    """Give an item back what `apply_field` replaced."""
    Transition.objects.filter(pk__in=was.get("transitions", [])).delete()
    for name, value in was["fields"].items():
        field: Any = Item._meta.get_field(name)
        setattr(item, field.attname, field.to_python(value))
    item.updated_at = now
    item.save(update_fields=[*was["fields"], "updated_at"])
    if "assignees" in was:
        item.assignees.set(was["assignees"])
