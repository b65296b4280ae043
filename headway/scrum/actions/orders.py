"""Put many items into another order at once: they change places with each other, all others stay where they are."""

from collections.abc import Sequence

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from headway.live.history import record
from headway.live.models import Change
from headway.people.access import require
from headway.people.actor import Actor
from headway.people.models import Team

from ..models import Item
from . import ranking
from .rows import item_labels, locked_items
from .unseen import BEARS_ON_RANK, refuse_unseen_of_many


@transaction.atomic
def order_items(team: Team, items: Sequence[Item], *, by: Actor, seen: int | None = None) -> Change | None:
    """Put items into the order given, in the places that they hold together, with one Change; None where they stand so.

    `seen`, the last Change that the actor saw, refuses with Meanwhile where another gave one of them another place, or
    planned it or put it aside, since.
    """
    require(by, "order_backlog", team)
    rows = locked_items(team, items)
    if len(rows) != len(items):
        raise ValidationError(_("Some of these items are gone. Look at the order again."))
    is_so = [(row.rank, row.pk) for row in rows] == sorted((row.rank, row.pk) for row in rows)
    refuse_unseen_of_many(rows, by=by, seen=seen, bears=BEARS_ON_RANK, is_done=lambda _item: is_so)
    if is_so:
        return None
    was = {row.pk: row.rank for row in rows}
    ranking.permute(team, rows)
    moved = [row for row in rows if row.rank != was[row.pk]]
    return record(
        "items.ranked",
        by=by,
        subject=team,
        team_id=team.pk,
        label=item_labels(moved),
        before={str(row.pk): was[row.pk] for row in moved},
        after={str(row.pk): row.rank for row in moved},
    )
