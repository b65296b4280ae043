"""Private estimates of what an item would move: given alone, changed and withdrawn by whoever gave it, pooled.

Nobody is named: history says only that an estimate was given, and on which day; a row holds no person but a keyed
digest, and not even that once work has started (docs/decisions/0022).
"""

import datetime as dt
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from headway.engine.track_record import pool
from headway.lib import clock
from headway.live.history import CannotUndo, inverse, record
from headway.live.models import Change
from headway.okr.models import KeyResult
from headway.people.access import require
from headway.people.actor import Actor
from headway.scrum.models import Category, Item

from ..models import ESTIMATES_NEEDED, Bet, Estimate, Serves
from .rules import (
    bet_as_left,
    check,
    check_numbers,
    decide_if_started,
    from_plain,
    has_started,
    in_words,
    locked,
    plain,
    recorded,
    refuse_closed,
    refuse_done,
    refuse_judged,
    refuse_looked_back,
    refuse_past,
    refuse_to_keep,
)


@transaction.atomic
def give_estimate(
    item: Item, *, by: Actor, key_result: KeyResult, low: float, likely: float, high: float, chance: float
) -> Estimate:
    """Say alone how far an item would move a Key Result, or say it anew, while the estimates are open.

    As `place_bet` means it: percentiles in the Key Result's unit, towards better; `chance` 0–1. Only for oneself.
    """
    item = _open(item, key_result, by)
    given = {"low": low, "likely": likely, "high": high, "chance": chance}
    giver = Estimate.giver_of(item.pk, key_result.pk, by.person_id)
    estimate = Estimate.objects.filter(item=item, key_result=key_result, giver=giver).first()
    if estimate is not None and all(getattr(estimate, field) == value for field, value in given.items()):
        return estimate
    estimate = estimate or Estimate(item=item, key_result=key_result, giver=giver)
    for field, value in given.items():
        setattr(estimate, field, value)
    check_numbers(estimate)
    estimate.save()
    _record_unnamed("item.estimated", item, key_result, by=by)
    return estimate


@transaction.atomic
def withdraw_estimate(item: Item, *, by: Actor, key_result: KeyResult) -> Change:
    """Take one's own estimate back while the estimates are open."""
    item = _open(item, key_result, by)
    own = Estimate.objects.filter(
        item=item, key_result=key_result, giver=Estimate.giver_of(item.pk, key_result.pk, by.person_id)
    )
    if not own.delete()[0]:
        raise ValidationError(_("You have given no estimate of it."))
    return _record_unnamed("item.estimate_withdrawn", item, key_result, by=by)


@transaction.atomic
def promise_pooled(
    item: Item, *, by: Actor, key_result: KeyResult, judge_on: dt.date | None = None, reason: str = ""
) -> Bet:
    """Make the pooled estimates the promise, in place of the one that there is; closes them.

    Once work has started it needs a `reason` and becomes a Decision. `judge_on` is kept where none is given.
    """
    require(by, "promise_pooled", item)
    item = Item.objects.select_for_update(of=("self",)).select_related("team").get(pk=item.pk)
    refuse_closed(key_result, item)
    refuse_done(item)
    refuse_past(judge_on)
    rows = Estimate.objects.filter(item=item, key_result=key_result)
    pooled = _pooled(list(rows))
    serves, is_linked_now = Serves.objects.get_or_create(
        item=item, key_result=key_result, defaults={"by_id": by.person_id, "at": clock.now()}
    )
    bet = Bet.objects.filter(serves=serves).first()
    was: dict[str, Any] = {}
    if bet is None:
        refuse_to_keep(key_result)
        bet = Bet(serves=serves, by_id=by.person_id, at=clock.now())
    else:
        bet = locked(bet)
        refuse_judged(bet)
        was = plain(bet)
    former = in_words(bet) if was else ""
    for field, value in pooled.items():
        setattr(bet, field, value)
    bet.judge_on = judge_on or bet.judge_on
    people = len(rows)
    is_closed = not rows.filter(closed_at=None).exists()
    if is_closed and plain(bet) == was:
        return bet
    check(bet)
    bet.save()
    rows.update(closed_at=clock.now(), **({"giver": ""} if has_started(item) else {}))
    title = _("Promise made of %(people)s private estimates: %(bet)s") % {"people": people, "bet": in_words(bet)}
    if former:
        title = _("%(title)s, instead of %(was)s") % {"title": title, "was": former}
    decision = decide_if_started(bet, title, reason, by=by)
    after = plain(bet) | {"linked": is_linked_now, "decision": decision, "people": people}
    return recorded(bet, "bet.pooled", by=by, before=was, after=after)


@inverse("bet.pooled")
def _promise_as_before(change: Change, by: Actor) -> Change:
    bet = bet_as_left(change, by)
    serves, item = bet.serves, bet.serves.item
    require(by, "promise_pooled", item)
    if has_started(item) and not change.after.get("decision"):
        raise CannotUndo(_("Work has started since: change the bet with a reason."))
    if bet.champion_id is not None and not change.before:
        raise CannotUndo(_("Somebody champions it since: withdraw the bet."))
    refuse_looked_back(change)
    rows = Estimate.objects.filter(item=item, key_result=serves.key_result)
    if not has_started(item):
        rows.exclude(giver="").update(closed_at=None)
    if change.before:
        for field, value in from_plain(change.before).items():
            setattr(bet, field, value)
        bet.save()
        after = plain(bet) | {"decision": None}
        return record(
            "bet.changed",
            by=by,
            subject=bet,
            team_id=item.team_id,
            label=item.title,
            before=change.after,
            after=after,
            undoes=change,
        )
    before = plain(bet) | {"serves": serves.pk}
    bet.delete()
    if change.after.get("linked"):
        serves.delete()
    return record(
        "bet.withdrawn", by=by, subject=item, team_id=item.team_id, label=item.title, before=before, undoes=change
    )


def forget_givers() -> int:
    """Drop the digest of estimates that can no longer change, because work has started. Returns of how many."""
    started = Q(item__started_at__isnull=False) | ~Q(item__category=Category.TODO)
    ids = Estimate.objects.exclude(giver="").filter(started).values_list("pk", flat=True)
    return Estimate.objects.filter(pk__in=list(ids)).update(giver="")


def _open(item: Item, key_result: KeyResult, by: Actor) -> Item:
    """Return the item, locked, where its estimates may still change; else say why not."""
    require(by, "estimate_bet", item)
    if by.person_id is None:
        raise ValidationError(_("An estimate is a person's own: a program cannot give it."))
    item = Item.objects.select_for_update(of=("self",)).select_related("team").get(pk=item.pk)
    refuse_closed(key_result, item)
    refuse_to_keep(key_result)
    refuse_done(item)
    if not Serves.objects.filter(item=item, key_result=key_result).exists():
        raise ValidationError({"key_result": _("Link the item to this Key Result first.")})
    if has_started(item):
        raise ValidationError(_("Work on %(item)s has started: its estimates are closed.") % {"item": item.key})
    if Estimate.objects.filter(Q(giver="") | Q(closed_at__isnull=False), item=item, key_result=key_result).exists():
        raise ValidationError(_("These estimates are closed: a promise was made of them, or work had started."))
    return item


def _pooled(rows: list[Estimate]) -> dict[str, float]:
    if len(rows) < ESTIMATES_NEEDED:
        raise ValidationError(
            ngettext(
                "%(count)s estimate so far: %(needed)s are needed.",
                "%(count)s estimates so far: %(needed)s are needed.",
                len(rows),
            )
            % {"count": len(rows), "needed": ESTIMATES_NEEDED}
        )
    found = pool([(row.low, row.likely, row.high, row.chance) for row in rows])
    # A chance finer than a whole per cent would say more than anybody did.
    return {
        "low": _clean(found.low),
        "likely": _clean(found.likely),
        "high": _clean(found.high),
        "chance": round(found.chance, 2),
    }


def _clean(value: float) -> float:
    """Drop what halving two decimals leaves behind: 1.3500000000000001 is 1.35."""
    return float(f"{value:.12g}")


def _record_unnamed(name: str, item: Item, key_result: KeyResult, *, by: Actor) -> Change:
    """Write that something was said, but not by whom, what, or at which hour."""
    return record(
        name,
        by=Actor(organisation_id=by.organisation_id),
        subject=item,
        team_id=item.team_id,
        label=item.title,
        after={"key_result": key_result.pk},
        at=clock.now().replace(hour=0, minute=0, second=0, microsecond=0),
    )
