"""What an item serves: a Key Result, or a kind of work with its reason."""

from collections.abc import Sequence
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from headway.lib import clock
from headway.live.history import CannotUndo, inverse, record
from headway.live.models import Change
from headway.okr.models import KeyResult
from headway.people.access import require
from headway.people.actor import Actor
from headway.scrum.actions.unseen import (
    BEARS_ON_LINKS,
    Meanwhile,
    refuse_unseen,
    refuse_unseen_about,
    refuse_unseen_of_many,
)
from headway.scrum.models import Item

from ..models import Bet, Serves
from .rules import BEARS_ON_PROMISE, bet_again, has_started, plain, refuse_closed, refuse_judged, require_one_team


@transaction.atomic
def link_item(
    item: Item,
    *,
    by: Actor,
    key_result: KeyResult | None = None,
    kind: str = "",
    reason: str = "",
    seen: int | None = None,
) -> Serves:
    """Say what an item serves: a Key Result, or a kind of work with its reason.

    Nothing is recorded where it serves that already. Another kind takes the place of the former one. `seen`, the last
    Change that the actor saw, refuses with Meanwhile where another linked or unlinked it since.
    """
    if seen is not None:
        require(by, "link_item", item)
        Item.objects.select_for_update(of=("self",)).get(pk=item.pk)
        is_done = bool(_serving_so([item], key_result, kind, reason))
        refuse_unseen(item, by=by, seen=seen, bears=BEARS_ON_LINKS, is_done=is_done)
    _link([item], by=by, key_result=key_result, kind=kind, reason=reason)
    return Serves.objects.get(item=item, key_result=key_result, **({} if key_result else {"kind": kind}))


@transaction.atomic
def link_items(
    items: Sequence[Item],
    *,
    by: Actor,
    key_result: KeyResult | None = None,
    kind: str = "",
    reason: str = "",
    seen: int | None = None,
) -> Change | None:
    """Link many items of one team at once; those that serve it already stay as they are. None where all do.

    `seen` as for one: refused with Meanwhile where another linked some of them elsewhere, or unlinked them.
    """
    if seen is not None:
        require_one_team(items, by, "link_item")
        list(Item.objects.select_for_update(of=("self",)).filter(pk__in=[item.pk for item in items]).order_by("pk"))
        so = _serving_so(items, key_result, kind, reason)
        refuse_unseen_of_many(items, by=by, seen=seen, bears=BEARS_ON_LINKS, is_done=lambda item: item.pk in so)
    return _link(items, by=by, key_result=key_result, kind=kind, reason=reason)


def _serving_so(items: Sequence[Item], key_result: KeyResult | None, kind: str, reason: str) -> set[int]:
    """Return which of the items serve this already."""
    same = Q(key_result=key_result) if key_result else Q(key_result=None, kind=kind, reason=reason.strip())
    rows = Serves.objects.filter(same, item__in=[item.pk for item in items])
    return set(rows.values_list("item_id", flat=True))


def _link(items: Sequence[Item], *, by: Actor, key_result: KeyResult | None, kind: str, reason: str) -> Change | None:
    require_one_team(items, by, "link_item")
    if key_result is None:
        changed = _declare_kind(items, kind, reason.strip(), by=by)
        to: dict[str, Any] = {"kind": kind, "reason": reason.strip()}
    else:
        refuse_closed(key_result, items[0])
        changed = _serve(items, key_result, by=by)
        to = {"key_result": key_result.pk, "name": key_result.short_name}
    if not changed:
        return None
    linked = [row for row, _former in changed]
    formers = {str(row.pk): former for row, former in changed if former}
    after = {"serves": [row.pk for row in linked], "items": [row.item_id for row in linked], **to}
    return record(
        "item.linked" if len(items) == 1 else "items.linked",
        by=by,
        subject=items[0] if len(items) == 1 else key_result or items[0].team,
        team_id=items[0].team_id,
        label=items[0].title if len(items) == 1 else "",
        before={"kinds": formers},
        after=after,
    )


def _serve(items: Sequence[Item], key_result: KeyResult, *, by: Actor) -> list[tuple[Serves, dict[str, str] | None]]:
    have = set(
        Serves.objects.select_for_update()
        .filter(key_result=key_result, item__in=[item.pk for item in items])
        .values_list("item_id", flat=True)
    )
    rows = [
        Serves(item=item, key_result=key_result, by_id=by.person_id, at=clock.now())
        for item in items
        if item.pk not in have
    ]
    return [(row, None) for row in Serves.objects.bulk_create(rows)]


def _declare_kind(
    items: Sequence[Item], kind: str, reason: str, *, by: Actor
) -> list[tuple[Serves, dict[str, str] | None]]:
    """Return the new or changed rows, each with the kind and reason that it had before."""
    if kind not in Serves.Kind.values:
        raise ValidationError({"kind": _("Choose a Key Result, or a kind of work.")})
    if not reason:
        raise ValidationError({"reason": _("Say why: what serves no Key Result needs a reason.")})
    if len(reason) > 300:
        raise ValidationError({"reason": _("Say it in 300 characters.")})
    held = {
        row.item_id: row
        for row in Serves.objects.select_for_update()
        .filter(item__in=[item.pk for item in items], key_result=None)
        .order_by("id")
    }
    changed: list[tuple[Serves, dict[str, str] | None]] = []
    for item in items:
        row = held.get(item.pk)
        if row is None:
            row = Serves.objects.create(item=item, kind=kind, reason=reason, by_id=by.person_id, at=clock.now())
            changed.append((row, None))
        elif (row.kind, row.reason) != (kind, reason):
            former = {"kind": row.kind, "reason": row.reason}
            row.kind, row.reason = kind, reason
            row.save(update_fields=["kind", "reason"])
            changed.append((row, former))
    return changed


@inverse("item.linked")
@inverse("items.linked")
def _unlink_again(change: Change, by: Actor) -> Change | None:
    rows = list(
        Serves.objects.select_for_update(of=("self",))
        .filter(pk__in=change.after["serves"])
        .select_related("item__team")
    )
    if not rows:
        return None
    require_one_team([row.item for row in rows], by, "link_item")
    betted = Bet.objects.filter(serves__in=rows).select_related("serves__item__team")
    if names := ", ".join(bet.serves.item.key for bet in betted[:5]):
        raise CannotUndo(_("A bet was placed since: %(items)s.") % {"items": names})
    formers = change.before["kinds"]
    for row in rows:
        former = formers.get(str(row.pk))
        if former is None:
            row.delete()
        elif (row.kind, row.reason) == (change.after["kind"], change.after["reason"]):
            row.kind, row.reason = former["kind"], former["reason"]
            row.save(update_fields=["kind", "reason"])
        else:
            raise CannotUndo(_("The kind of %(item)s was changed since.") % {"item": row.item.key})
    return record(
        "item.unlinked" if len(rows) == 1 else "items.unlinked",
        by=by,
        subject=rows[0].item,
        team_id=change.team_id,
        before=change.after,
        undoes=change,
    )


@transaction.atomic
def unlink(serves: Serves, *, by: Actor, seen: int | None = None) -> Change:
    """Take a link away, with its bet while work has not started. Refused where a prediction would vanish.

    Meanwhile says that another took it away already, or, by `seen`, the last Change that the actor saw, that another
    placed or changed a bet on it since.
    """
    require(by, "link_item", serves.item)
    if not Serves.objects.select_for_update(of=("self",)).filter(pk=serves.pk):
        refuse_unseen(serves.item, by=by, seen=seen, bears=BEARS_ON_LINKS, is_done=True)
        raise Meanwhile(None, is_done=True)
    bet = Bet.objects.filter(serves=serves).first()
    if bet is not None:
        refuse_unseen_about(bet, by=by, seen=seen, bears=BEARS_ON_PROMISE)
        refuse_judged(bet)
        if has_started(serves.item):
            raise ValidationError(
                _("Work on %(item)s has started: withdraw its bet first, with a reason.") % {"item": serves.item.key}
            )
    before = {
        "key_result": serves.key_result_id,
        "kind": serves.kind,
        "reason": serves.reason,
        "by": serves.by_id,
        "at": serves.at.isoformat(),
        "bet": plain(bet) if bet else None,
    }
    serves.delete()
    return record(
        "item.unlinked", by=by, subject=serves.item, team_id=serves.item.team_id, label=str(serves)[:300], before=before
    )


@inverse("item.unlinked")
def _link_again(change: Change, by: Actor) -> Change:
    was = change.before
    item = Item.objects.select_related("team").get(pk=change.subject_id)
    require(by, "link_item", item)
    if "at" not in was:
        raise CannotUndo(_("This took a link back. Link it anew."))
    of = {"key_result_id": was["key_result"]} if was["key_result"] else {"key_result": None}
    if Serves.objects.filter(item=item, **of).exists():
        raise CannotUndo(_("%(item)s was linked again since.") % {"item": item.key})
    serves = Serves.objects.create(
        item=item,
        key_result_id=was["key_result"],
        kind=was["kind"],
        reason=was["reason"],
        by_id=was["by"],
        at=was["at"],
    )
    if was["bet"]:
        bet_again(serves, was["bet"])
    return record(
        "item.linked",
        by=by,
        subject=item,
        team_id=item.team_id,
        before={"kinds": {}},
        after={"serves": [serves.pk], "items": [item.pk], "key_result": was["key_result"], "kind": was["kind"]},
        undoes=change,
    )
