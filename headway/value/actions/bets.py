"""Place a bet, change it, withdraw it: freely before work starts, afterwards only by a Decision with its reason."""

import datetime as dt
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from headway.lib import clock
from headway.live.history import CannotUndo, inverse, record
from headway.live.models import Change
from headway.okr.models import KeyResult
from headway.people.access import require
from headway.people.actor import Actor
from headway.scrum.actions.unseen import refuse_unseen_about
from headway.scrum.models import Item

from ..models import Bet, Serves
from .rules import (
    BEARS_ON_PROMISE,
    PREDICTION,
    bet_again,
    bet_as_left,
    check,
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
def place_bet(
    item: Item,
    *,
    by: Actor,
    key_result: KeyResult,
    low: float,
    likely: float,
    high: float,
    chance: float,
    lag_weeks: int = 0,
    judge_on: dt.date | None = None,
    hypothesis: str = "",
    reason: str = "",
) -> Bet:
    """Promise how far an item moves a Key Result; links the two where they are not linked yet.

    `low`, `likely`, `high` are the 10th, 50th and 90th percentile in the Key Result's unit, towards better;
    `chance` is 0–1; `lag_weeks` whole weeks until it shows after it lands. Once work has started it needs a `reason`
    and becomes a Decision; on a done item it is refused.
    """
    require(by, "place_bet", item)
    item = Item.objects.select_for_update(of=("self",)).select_related("team").get(pk=item.pk)
    refuse_closed(key_result, item)
    refuse_to_keep(key_result)
    refuse_done(item)
    refuse_past(judge_on)
    serves = Serves.objects.filter(item=item, key_result=key_result).first()
    if serves is not None and Bet.objects.filter(serves=serves).exists():
        raise ValidationError(
            _("%(item)s has a bet on “%(name)s” already: change that one.")
            % {"item": item.key, "name": key_result.short_name}
        )
    linked = serves is None
    if serves is None:
        serves = Serves.objects.create(item=item, key_result=key_result, by_id=by.person_id, at=clock.now())
    bet = Bet(
        serves=serves,
        low=low,
        likely=likely,
        high=high,
        chance=chance,
        lag_weeks=lag_weeks,
        judge_on=judge_on,
        hypothesis=hypothesis.strip(),
        by_id=by.person_id,
        at=clock.now(),
    )
    check(bet)
    bet.save()
    decision = decide_if_started(
        bet, _("Bet placed after work had started: %(bet)s") % {"bet": in_words(bet)}, reason, by=by
    )
    return recorded(bet, "bet.placed", by=by, after=plain(bet) | {"linked": linked, "decision": decision})


@inverse("bet.placed")
def _take_bet_back(change: Change, by: Actor) -> Change:
    bet = bet_as_left(change, by)
    if has_started(bet.serves.item) and not change.after.get("decision"):
        raise CannotUndo(_("Work has started since: withdraw the bet with a reason."))
    if bet.champion_id is not None and bet.champion_id != change.after.get("champion"):
        raise CannotUndo(_("Somebody champions it since: withdraw the bet."))
    refuse_looked_back(change)
    serves = bet.serves
    bet.delete()
    if change.after.get("linked"):
        serves.delete()
    return record(
        "bet.withdrawn",
        by=by,
        subject=serves.item,
        team_id=serves.item.team_id,
        before=change.after | {"serves": serves.pk},
        undoes=change,
    )


@transaction.atomic
def change_bet(bet: Bet, *, by: Actor, reason: str = "", seen: int | None = None, **prediction: Any) -> Bet:
    """Change what was promised (`low`, `likely`, `high`, `chance`, `lag_weeks`, `judge_on`, `hypothesis`).

    Free before work starts. Afterwards it needs a `reason` and leaves a dated Decision with both promises.
    A judged bet is refused. `seen`, the last Change that the actor saw, refuses with Meanwhile where another placed or
    changed it since.
    """
    bet = locked(bet)
    require(by, "place_bet", bet.serves.item)
    refuse_judged(bet)
    before, was = plain(bet), in_words(bet)
    for field, value in prediction.items():
        if field not in PREDICTION:
            raise TypeError(f"a bet has no {field}")
        setattr(bet, field, value.strip() if isinstance(value, str) else value)
    after = plain(bet)
    refuse_unseen_about(bet, by=by, seen=seen, bears=BEARS_ON_PROMISE, is_done=after == before)
    if after == before:
        return bet
    check(bet)
    if after["judge_on"] != before["judge_on"]:
        refuse_past(bet.judge_on)
    bet.save()
    decision = decide_if_started(
        bet, _("Bet changed from %(was)s to %(bet)s") % {"was": was, "bet": in_words(bet)}, reason, by=by
    )
    return recorded(bet, "bet.changed", by=by, before=before, after=after | {"decision": decision})


@inverse("bet.changed")
def _change_bet_back(change: Change, by: Actor) -> Change:
    bet = bet_as_left(change, by)
    if has_started(bet.serves.item) and not change.after.get("decision"):
        raise CannotUndo(_("Work has started since: change the bet with a reason."))
    refuse_looked_back(change)
    for field, value in from_plain(change.before).items():
        setattr(bet, field, value)
    bet.save()
    return record(
        "bet.changed",
        by=by,
        subject=bet,
        team_id=bet.serves.item.team_id,
        before=change.after,
        after=plain(bet) | {"decision": None},
        undoes=change,
    )


@transaction.atomic
def withdraw_bet(bet: Bet, *, by: Actor, reason: str = "", seen: int | None = None) -> Change:
    """Take a promise away; the link stays. Once work has started it needs a `reason` and becomes a Decision.

    `seen` as for changing it.
    """
    bet = locked(bet)
    require(by, "place_bet", bet.serves.item)
    refuse_judged(bet)
    refuse_unseen_about(bet, by=by, seen=seen, bears=BEARS_ON_PROMISE)
    decision = decide_if_started(bet, _("Bet withdrawn: %(bet)s") % {"bet": in_words(bet)}, reason, by=by)
    before = plain(bet) | {"serves": bet.serves_id}
    serves = bet.serves
    bet.delete()
    return record(
        "bet.withdrawn",
        by=by,
        subject=serves.item,
        team_id=serves.item.team_id,
        before=before,
        after={"decision": decision},
    )


@inverse("bet.withdrawn")
def _place_bet_again(change: Change, by: Actor) -> Change:
    serves = Serves.objects.filter(pk=change.before["serves"]).select_related("item__team").first()
    if serves is None or Bet.objects.filter(serves=serves).exists():
        raise CannotUndo(_("The item was linked or bet on anew since."))
    require(by, "place_bet", serves.item)
    refuse_looked_back(change)
    bet = bet_again(serves, change.before)
    return record(
        "bet.placed",
        by=by,
        subject=bet,
        team_id=serves.item.team_id,
        label=serves.item.title,
        after=plain(bet) | {"linked": False, "decision": None},
        undoes=change,
    )
