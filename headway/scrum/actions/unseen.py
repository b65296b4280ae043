"""What others did to an item after what somebody has seen of it: nothing of theirs is overwritten unseen.

An action may be told up to which Change its actor has seen the item. What another did since, and that bears on the
action, refuses it with Meanwhile; without being told, the action does as it is asked.
"""

from collections.abc import Callable, Collection, Iterable, Iterator
from typing import Any

from django.db.models import Model, Q

from headway.lib.prepared import Prepared
from headway.live.models import Change
from headway.people.actor import Actor

from ..models import Item

#: What was done to an item, by the last word of the Change; of a move also "ranked" where it gave it another place,
#: and "finished" where it went into or out of what is done.
BEARS_ON_RANK = frozenset({"ranked", "planned", "unplanned", "shelved", "brought_back", "finished"})
BEARS_ON_PLAN = frozenset({"planned", "unplanned", "shelved", "finished"})
BEARS_ON_SHELF = frozenset({"ranked", "planned", "unplanned", "shelved", "brought_back", "moved"})
BEARS_ON_LINKS = frozenset({"linked", "unlinked"})
BEARS_ON_COLUMN = frozenset({"moved"})

_ABOUT_ONE = Item._meta.label_lower
_SINCE = Prepared(
    lambda seen, item, team: (
        Change.objects.filter(Q(subject_type=_ABOUT_ONE, subject_id=item) | Q(name__startswith="items."))
        .filter(pk__gt=seen, team_id=team)
        .order_by("-pk")[:100]
    ),
    *(int, int, int),
)
#: of so many Changes since, the newest, it is looked whether they bear on one of many items
_LOOKED_AT = 2000


class Meanwhile(Exception):
    """Somebody else was faster. `change` is the newest of what they did, None where history does not tell.

    `is_done`: what was asked for is so already, and nobody needs to do it. `item` is the one that `change` is told of;
    of many, so many `others` beside it were changed.
    """

    def __init__(
        self, change: Change | None, *, is_done: bool = False, item: Item | None = None, others: int = 0
    ) -> None:
        super().__init__(change)
        self.change = change
        self.is_done = is_done
        self.item = item
        self.others = others


def refuse_unseen(item: Item, *, by: Actor, seen: int | None, bears: Collection[str], is_done: bool = False) -> None:
    """Raise Meanwhile where another did what `bears` on an action after the Change `seen`. One query, none without."""
    if seen is None:
        return
    for change in _by_others(_SINCE.all(seen, item.pk, item.team_id), by, seen):
        if item.pk in _items_of(change) and not _done_to(item.pk, change).isdisjoint(bears):
            raise Meanwhile(change, is_done=is_done, item=item)


def refuse_unseen_of_many(
    items: Collection[Item],
    *,
    by: Actor,
    seen: int | None,
    bears: Collection[str],
    is_done: Callable[[Item], bool],
) -> None:
    """Raise Meanwhile where another did what `bears` on an action to some of these items of one team.

    Those for which all is as asked already (`is_done`) are no reason to refuse; where that is so for all of them there
    is nothing left to do. One query, none without `seen`.
    """
    if seen is None or not items:
        return
    wanted = {item.pk: item for item in items}
    about = Q(subject_type=_ABOUT_ONE) | Q(name__startswith="items.")
    since = Change.objects.filter(about, team_id=next(iter(items)).team_id, pk__gt=seen).order_by("-pk")
    touched: dict[int, Change] = {}  # the newest of each
    for change in _by_others(since[:_LOOKED_AT], by, seen):
        for pk in _items_of(change) & wanted.keys():
            if not _done_to(pk, change).isdisjoint(bears):
                touched.setdefault(pk, change)
    against = [pk for pk in touched if not is_done(wanted[pk])]
    told = against or ([*touched] if all(is_done(item) for item in items) else [])
    if told:
        first = told[0]
        raise Meanwhile(touched[first], is_done=not against, item=wanted[first], others=len(told) - 1)


def refuse_unseen_about(
    row: Model, *, by: Actor, seen: int | None, bears: Collection[str], is_done: bool = False
) -> None:
    """Raise Meanwhile where another did what `bears` on an action to a row of any kind. One query, none without."""
    if seen is None:
        return
    since = Change.objects.filter(subject_type=row._meta.label_lower, subject_id=row.pk, pk__gt=seen)
    for change in _by_others(since.order_by("-pk")[:100], by, seen):
        if change.name.partition(".")[2] in bears:
            raise Meanwhile(change, is_done=is_done)


def _by_others(newest_first: Iterable[Change], by: Actor, seen: int) -> Iterator[Change]:
    """Leave out what one did oneself, and what was taken back since."""
    changes = list(newest_first)
    taken_back = {change.undoes_id for change in changes}
    for change in changes:
        is_moot = change.pk in taken_back or (change.undoes_id is not None and change.undoes_id > seen)
        if not is_moot and change.actor_id != by.person_id:
            yield change


def _items_of(change: Change) -> set[int]:
    """Return the items that a Change is about."""
    if change.subject_type == _ABOUT_ONE and change.name.startswith("item."):
        return {change.subject_id}
    of_many: Any = change.after.get("items") or (change.before or {}).get("items") or change.after
    return {int(pk) for pk in of_many if str(pk).isdecimal()}


def _done_to(item_id: int, change: Change) -> set[str]:
    """Return what a Change did to one of the items that it is about."""
    after = change.after
    if change.name.startswith("items."):
        after = after.get(str(item_id), {})
    done = change.name.partition(".")[2]
    more = {"ranked": "rank", "finished": "done_at"} if done == "moved" and isinstance(after, dict) else {}
    return {done, *(deed for deed, field in more.items() if field in after)}
