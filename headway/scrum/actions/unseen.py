"""What others did to an item after what somebody has seen of it: nothing of theirs is overwritten unseen.

An action may be told up to which Change its actor has seen the item. What another did since, and that bears on the
action, refuses it with Meanwhile; without being told, the action does as it is asked.
"""

from collections.abc import Collection
from typing import Any

from django.db.models import Q

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

_ABOUT_ONE = Item._meta.label_lower
_SINCE = Prepared(
    lambda seen, item, team: (
        Change.objects.filter(Q(subject_type=_ABOUT_ONE, subject_id=item) | Q(name__startswith="items."))
        .filter(pk__gt=seen, team_id=team)
        .order_by("-pk")[:100]
    ),
    *(int, int, int),
)


class Meanwhile(Exception):
    """Somebody else was faster. `change` is the newest of what they did, None where history does not tell.

    `is_done`: what was asked for is so already, and nobody needs to do it.
    """

    def __init__(self, change: Change | None, *, is_done: bool = False) -> None:
        super().__init__(change)
        self.change = change
        self.is_done = is_done


def refuse_unseen(item: Item, *, by: Actor, seen: int | None, bears: Collection[str], is_done: bool = False) -> None:
    """Raise Meanwhile where another did what `bears` on an action after the Change `seen`. One query, none without."""
    if seen is None:
        return
    changes = _SINCE.all(seen, item.pk, item.team_id)
    taken_back = {change.undoes_id for change in changes}
    for change in changes:
        is_moot = change.pk in taken_back or (change.undoes_id is not None and change.undoes_id > seen)
        if not is_moot and change.actor_id != by.person_id and not _done_to(item, change).isdisjoint(bears):
            raise Meanwhile(change, is_done=is_done)


def _done_to(item: Item, change: Change) -> set[str]:
    """Return what a Change did to an item; nothing where it is about others."""
    after = change.after
    if change.subject_type != _ABOUT_ONE:
        of_many: Any = after.get("items", after)
        if item.pk not in of_many and str(item.pk) not in of_many:
            return set()
        after = after.get(str(item.pk), {})
    done = change.name.partition(".")[2]
    more = {"ranked": "rank", "finished": "done_at"} if done == "moved" and isinstance(after, dict) else {}
    return {done, *(deed for deed, field in more.items() if field in after)}
