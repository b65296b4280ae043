"""Move items over the board, and give them their place in the strict order."""

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from headway.lib import clock
from headway.lib.prepared import insert
from headway.live.history import CannotUndo, inverse, record
from headway.live.models import Change
from headway.people.access import require
from headway.people.actor import Actor
from headway.people.models import Team

from ..models import Category, Column, Item, Transition
from . import ranking
from .rows import (
    changed_since,
    fields_as_json,
    item_label,
    item_labels,
    item_of,
    locked_items,
    locked_pair,
    locked_team,
    put_fields,
    refuse_if_changed,
    save_items,
)
from .unseen import BEARS_ON_COLUMN, BEARS_ON_RANK, Meanwhile, refuse_unseen, refuse_unseen_of_many

FIELDS_OF_MOVE = ("column_id", "category", "started_at", "done_at", "rank")


@transaction.atomic
def move_item(
    item: Item,
    *,
    to: Column,
    by: Actor,
    before: Item | None = None,
    after: Item | None = None,
    seen_in: int | None = None,
    seen: int | None = None,
) -> Item:
    """Move an item into a column; with `before` or `after` also next to that item in the order.

    The category follows the column. `started_at` is set when work first begins, `done_at` when it is done and cleared
    when it is reopened; each status entered is a Transition. In a Sprint that runs the order is the Developers' too,
    elsewhere only the Product Owner's. No-op where nothing changes. `seen_in`, the column that the actor saw it in, and
    `seen`, the last Change that they saw, refuse with Meanwhile what another did since.
    """
    require(by, "write_item", item)
    _check_neighbour(item.team_id, [item], before or after)
    item, beside = locked_pair(item, before or after)
    _check_column(item, to)
    if seen_in is not None and item.column_id != seen_in:
        raise Meanwhile(None, is_done=item.column_id == to.pk)
    was, gap = fields_as_json(item, FIELDS_OF_MOVE), None
    if beside is not None:
        _require_order(by, item)
        where: Any = {"before" if before is not None else "after": beside}
        gap = ranking.gap_of_one(item.team, item, **where)
        if item.column_id == to.pk:
            refuse_unseen(item, by=by, seen=seen, bears=BEARS_ON_RANK, is_done=gap is None)
        if gap is not None:
            ranking.place_one(item.team, item, gap, **where)
    if item.column_id != to.pk:
        enter_column([item], to, by=by, at=clock.now(), also=["rank"] if gap else [])
    elif gap is not None:
        save_items([item], ["rank"])
    was, left = _differences(was, fields_as_json(item, FIELDS_OF_MOVE))
    if not left:
        return item
    record(
        "item.moved" if "column_id" in left else "item.ranked",
        by=by,
        subject=item,
        team_id=item.team_id,
        label=item_label(item),
        before=was,
        after=left,
    )
    return item


@transaction.atomic
def move_items(items: Iterable[Item], *, to: Column, by: Actor, team: Team, seen: int | None = None) -> Change | None:
    """Move several items of one team into a column with one Change; None where all are there already.

    `seen`, the last Change that the actor saw, refuses with Meanwhile where another moved some elsewhere since.
    """
    require(by, "write_item", team)
    wanted = locked_items(team, items)
    refuse_unseen_of_many(wanted, by=by, seen=seen, bears=BEARS_ON_COLUMN, is_done=lambda item: item.column_id == to.pk)
    rows = [item for item in wanted if item.column_id != to.pk]
    if not rows:
        return None
    _check_column(rows[0], to)
    was = {str(item.pk): fields_as_json(item, FIELDS_OF_MOVE) for item in rows}
    enter_column(rows, to, by=by, at=clock.now())
    both = {str(item.pk): _differences(was[str(item.pk)], fields_as_json(item, FIELDS_OF_MOVE)) for item in rows}
    return record(
        "items.moved",
        by=by,
        subject=team,
        team_id=team.pk,
        label=item_labels(rows),
        before={pk: before for pk, (before, _after) in both.items()},
        after={pk: after for pk, (_before, after) in both.items()},
    )


@transaction.atomic
def rank_item(
    item: Item,
    *,
    by: Actor,
    before: Item | None = None,
    after: Item | None = None,
    at_top: bool = False,
    seen: int | None = None,
) -> Item:
    """Put an item before or after another, at the top, or (by default) at the end of the backlog.

    `seen`, the last Change that the actor saw, refuses with Meanwhile what another did to its place since.
    """
    require(by, "order_backlog", item)
    _check_neighbour(item.team_id, [item], before or after)
    item, beside = locked_pair(item, before or after)
    where: dict[str, Any] = {"before" if before is not None else "after": beside, "at_top": at_top}
    gap = ranking.gap_of_one(item.team, item, **where)
    refuse_unseen(item, by=by, seen=seen, bears=BEARS_ON_RANK, is_done=gap is None)
    if gap is None:
        return item
    was = fields_as_json(item, ["rank"])
    ranking.place_one(item.team, item, gap, **where)
    save_items([item], ["rank"])
    record(
        "item.ranked",
        by=by,
        subject=item,
        team_id=item.team_id,
        label=item_label(item),
        before=was,
        after=fields_as_json(item, ["rank"]),
    )
    return item


@transaction.atomic
def rank_items(
    items: Sequence[Item],
    *,
    by: Actor,
    team: Team,
    before: Item | None = None,
    after: Item | None = None,
    at_top: bool = False,
    seen: int | None = None,
) -> Change | None:
    """Put several items, in the order given, next to another, at the top or at the end, with one Change.

    `seen`, the last Change that the actor saw, refuses with Meanwhile where another gave some another place since.
    """
    require(by, "order_backlog", team)
    rows = locked_items(team, items)
    if not rows:
        return None
    _check_neighbour(team.pk, rows, before or after)
    if (neighbour := before or after) and not Item.objects.filter(pk=neighbour.pk).exists():
        raise ValidationError(_("The item next to it is gone. Look at the order again."))
    if seen is not None:
        stand = ranking.stand_there(team, rows, before=before, after=after, at_top=at_top)
        refuse_unseen_of_many(rows, by=by, seen=seen, bears=BEARS_ON_RANK, is_done=lambda _item: stand)
    was = {str(item.pk): item.rank for item in rows}
    ranking.place(team, rows, before=before, after=after, at_top=at_top)
    left = dict(Item.objects.filter(pk__in=[item.pk for item in rows]).values_list("pk", "rank"))
    return record(
        "items.ranked",
        by=by,
        subject=team,
        team_id=team.pk,
        label=item_labels(rows),
        before=was,
        after={str(pk): rank for pk, rank in left.items()},
    )


def enter_column(
    items: Sequence[Item], column: Column, *, by: Actor, at: dt.datetime, also: Sequence[str] = ()
) -> None:
    """Write that these items enter a column at a moment: category, times and one Transition each.

    Saves the fields of `also` with them.
    """
    for item in items:
        item.column = column
        set_category(item, column.category, at=at)
        item.updated_at = at
    save_items(items, ["column", "category", "started_at", "done_at", "updated_at", *also])
    entered = [
        Transition(item=item, status=column.name, category=column.category, at=at, by_id=by.person_id) for item in items
    ]
    if len(entered) == 1:
        insert(entered[0])
    else:
        Transition.objects.bulk_create(entered, batch_size=500)


def set_category(item: Item, category: str, *, at: dt.datetime) -> None:
    """Set the category and what follows from it, without saving."""
    item.category = category
    if category == Category.DOING and item.started_at is None:
        item.started_at = at
    if category != Category.DONE:
        item.done_at = None
    elif item.done_at is None:
        item.done_at = at


# The way back


@inverse("item.moved")
def _undo_moved(change: Change, by: Actor) -> Change:
    item = item_of(change, by)
    refuse_if_changed(change, item, change.after, item.key)
    _put_back(item, change.before, by=by)
    return record(
        "item.moved",
        by=by,
        subject=item,
        team_id=item.team_id,
        label=item_label(item),
        before=change.after,
        after=fields_as_json(item, change.before),
        undoes=change,
    )


@inverse("items.moved")
def _undo_items_moved(change: Change, by: Actor) -> Change:
    team, rows = _rows_of(change, by, "write_item")
    for item in rows:
        refuse_if_changed(change, item, change.after[str(item.pk)], item.key)
    for item in rows:
        _put_back(item, change.before[str(item.pk)], by=by)
    return record(
        "items.moved",
        by=by,
        subject=team,
        team_id=team.pk,
        label=item_labels(rows),
        before=change.after,
        after={str(item.pk): fields_as_json(item, change.before[str(item.pk)]) for item in rows},
        undoes=change,
    )


@inverse("item.ranked")
def _undo_ranked(change: Change, by: Actor) -> Change:
    item = item_of(change, by)
    _require_order(by, item)
    refuse_if_changed(change, item, change.after, item.key)
    ranking.put_back(item.team, item, change.before["rank"])
    return record(
        "item.ranked",
        by=by,
        subject=item,
        team_id=item.team_id,
        label=item_label(item),
        before=change.after,
        after=fields_as_json(item, ["rank"]),
        undoes=change,
    )


@inverse("items.ranked")
def _undo_items_ranked(change: Change, by: Actor) -> Change:
    team, rows = _rows_of(change, by, "order_backlog")
    for item in rows:
        if item.rank != change.after[str(item.pk)]:
            raise CannotUndo(changed_since(change, [item, team], item.key))
    if sorted(change.before.values()) == sorted(change.after.values()):
        ranking.permute(team, sorted(rows, key=lambda item: change.before[str(item.pk)]))
    else:
        for item in rows:
            ranking.put_back(team, item, change.before[str(item.pk)])
    return record(
        "items.ranked",
        by=by,
        subject=team,
        team_id=team.pk,
        label=item_labels(rows),
        before=change.after,
        after={str(item.pk): item.rank for item in rows},
        undoes=change,
    )


# Below


def _require_order(by: Actor, item: Item) -> None:
    """Refuse who may not say where the item stands: in a Sprint that runs the Developers may too."""
    runs = item.sprint is not None and item.sprint.started_at is not None and item.sprint.closed_at is None
    require(by, "write_item" if runs else "order_backlog", item)


def _differences(was: dict[str, Any], left: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return of both only what differs: an undo looks at nothing else."""
    names = [name for name in left if was[name] != left[name]]
    return {name: was[name] for name in names}, {name: left[name] for name in names}


def _check_column(item: Item, column: Column) -> None:
    if column.team_id != item.team_id:
        raise ValidationError({"to": _("This column is another team's.")})


def _check_neighbour(team_id: int, items: Sequence[Item], neighbour: Item | None) -> None:
    if neighbour is None:
        return
    if neighbour.team_id != team_id:
        raise ValidationError(_("This item is another team's."))
    if neighbour.pk in {item.pk for item in items}:
        raise ValidationError(_("An item cannot stand next to itself."))


def _put_back(item: Item, values: dict[str, Any], *, by: Actor) -> None:
    """Restore column, times and place. The way back is a Transition of its own: history keeps both."""
    column = Column.objects.filter(pk=values["column_id"], team=item.team_id).first()
    if column is None:
        raise CannotUndo(_("The column that %(item)s was in is gone.") % {"item": item.key})
    enter_column([item], column, by=by, at=clock.now())
    # What the move had set is set back exactly: a slip of the hand is no start and no end of work.
    times: dict[str, Any] = {name: values[name] for name in ("started_at", "done_at") if name in values}
    put_fields(item, times)
    item.save(update_fields=[*times])
    if "rank" in values:
        ranking.put_back(item.team, item, values["rank"])


def _rows_of(change: Change, by: Actor, verb: str) -> tuple[Team, list[Item]]:
    """Lock the team and return the items of a bulk Change; refuse where one is gone."""
    team = locked_team(change.team_id or 0)
    require(by, verb, team)
    rows = list(
        Item.objects.select_related("team", "column").filter(team=team, pk__in=[int(pk) for pk in change.after])
    )
    if len(rows) != len(change.after):
        raise CannotUndo(_("Some of these items are gone."))
    return team, sorted(rows, key=lambda item: item.rank)
