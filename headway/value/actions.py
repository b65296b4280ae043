"""Every write of this area: links, bets, verdicts, Not now, the Sprint's aim.

A rule that says no raises ValidationError with the field and a sentence for a person.
"""

import datetime as dt
import math
from collections.abc import Sequence
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from headway.agreements.actions import write_decision
from headway.agreements.models import Decision
from headway.lib import clock
from headway.live.history import CannotUndo, inverse, record
from headway.live.models import Change
from headway.okr.models import KeyResult
from headway.people.access import require
from headway.people.actor import Actor
from headway.scrum.models import Category, Item, Sprint

from .models import Bet, NotNow, Serves, SprintAim, Verdict

PREDICTION = ("low", "likely", "high", "chance", "judge_on", "hypothesis")

LARGEST_MOVEMENT = 1e12
"""Far beyond any metric, and small enough that no sum of bets overflows."""


# Links


@transaction.atomic
def link_item(
    item: Item, *, by: Actor, key_result: KeyResult | None = None, kind: str = "", reason: str = ""
) -> Serves:
    """Say what an item serves: a Key Result, or a kind of work with its reason.

    Nothing is recorded where it serves that already. Another kind takes the place of the former one.
    """
    _link([item], by=by, key_result=key_result, kind=kind, reason=reason)
    return Serves.objects.get(item=item, key_result=key_result, **({} if key_result else {"kind": kind}))


@transaction.atomic
def link_items(
    items: Sequence[Item], *, by: Actor, key_result: KeyResult | None = None, kind: str = "", reason: str = ""
) -> Change | None:
    """Link many items of one team at once; those that serve it already stay as they are. None where all do."""
    return _link(items, by=by, key_result=key_result, kind=kind, reason=reason)


def _link(items: Sequence[Item], *, by: Actor, key_result: KeyResult | None, kind: str, reason: str) -> Change | None:
    _require_one_team(items, by, "link_item")
    if key_result is None:
        changed = _declare_kind(items, kind, reason.strip(), by=by)
        to: dict[str, Any] = {"kind": kind, "reason": reason.strip()}
    else:
        _refuse_closed(key_result, items[0])
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
    _require_one_team([row.item for row in rows], by, "link_item")
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
def unlink(serves: Serves, *, by: Actor) -> Change:
    """Take a link away, with its bet while work has not started. Refused where a prediction would vanish."""
    require(by, "link_item", serves.item)
    bet = Bet.objects.filter(serves=serves).first()
    if bet is not None:
        _refuse_judged(bet)
        if _has_started(serves.item):
            raise ValidationError(
                _("Work on %(item)s has started: withdraw its bet first, with a reason.") % {"item": serves.item.key}
            )
    before = {
        "key_result": serves.key_result_id,
        "kind": serves.kind,
        "reason": serves.reason,
        "by": serves.by_id,
        "at": serves.at.isoformat(),
        "bet": _plain(bet) if bet else None,
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
        _bet_again(serves, was["bet"])
    return record(
        "item.linked",
        by=by,
        subject=item,
        team_id=item.team_id,
        before={"kinds": {}},
        after={"serves": [serves.pk], "items": [item.pk], "key_result": was["key_result"], "kind": was["kind"]},
        undoes=change,
    )


# Bets


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
    judge_on: dt.date | None = None,
    hypothesis: str = "",
    reason: str = "",
) -> Bet:
    """Promise how far an item moves a Key Result; links the two where they are not linked yet.

    `low`, `likely`, `high` are the 10th, 50th and 90th percentile in the Key Result's unit, towards better;
    `chance` is 0–1. Once work has started it needs a `reason` and becomes a Decision; on a done item it is refused.
    """
    require(by, "place_bet", item)
    item = Item.objects.select_for_update(of=("self",)).select_related("team").get(pk=item.pk)
    _refuse_closed(key_result, item)
    if key_result.direction == KeyResult.Direction.STAY_WITHIN:
        raise ValidationError(
            {
                "key_result": _("“%(name)s” is to stay within its limits: there is nothing to move it to.")
                % {"name": key_result.short_name}
            }
        )
    if item.category == Category.DONE:
        raise ValidationError(
            _("%(item)s is done. A promise is written before its result can be known.") % {"item": item.key}
        )
    _refuse_past(judge_on)
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
        judge_on=judge_on,
        hypothesis=hypothesis.strip(),
        by_id=by.person_id,
        at=clock.now(),
    )
    _check(bet)
    bet.save()
    decision = _decide_if_started(
        bet, _("Bet placed after work had started: %(bet)s") % {"bet": _in_words(bet)}, reason, by=by
    )
    return _recorded(bet, "bet.placed", by=by, after=_plain(bet) | {"linked": linked, "decision": decision})


@inverse("bet.placed")
def _take_bet_back(change: Change, by: Actor) -> Change:
    bet = _bet_as_left(change, by)
    if _has_started(bet.serves.item) and not change.after.get("decision"):
        raise CannotUndo(_("Work has started since: withdraw the bet with a reason."))
    _refuse_looked_back(change)
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
def change_bet(bet: Bet, *, by: Actor, reason: str = "", **prediction: Any) -> Bet:
    """Change what was promised (`low`, `likely`, `high`, `chance`, `judge_on`, `hypothesis`).

    Free before work starts. Afterwards it needs a `reason` and leaves a dated Decision with both promises.
    A judged bet is refused.
    """
    bet = _locked(bet)
    require(by, "place_bet", bet.serves.item)
    _refuse_judged(bet)
    before, was = _plain(bet), _in_words(bet)
    for field, value in prediction.items():
        if field not in PREDICTION:
            raise TypeError(f"a bet has no {field}")
        setattr(bet, field, value.strip() if isinstance(value, str) else value)
    after = _plain(bet)
    if after == before:
        return bet
    _check(bet)
    if after["judge_on"] != before["judge_on"]:
        _refuse_past(bet.judge_on)
    bet.save()
    decision = _decide_if_started(
        bet, _("Bet changed from %(was)s to %(bet)s") % {"was": was, "bet": _in_words(bet)}, reason, by=by
    )
    return _recorded(bet, "bet.changed", by=by, before=before, after=after | {"decision": decision})


@inverse("bet.changed")
def _change_bet_back(change: Change, by: Actor) -> Change:
    bet = _bet_as_left(change, by)
    if _has_started(bet.serves.item) and not change.after.get("decision"):
        raise CannotUndo(_("Work has started since: change the bet with a reason."))
    _refuse_looked_back(change)
    for field, value in _from_plain(change.before).items():
        setattr(bet, field, value)
    bet.save()
    return record(
        "bet.changed",
        by=by,
        subject=bet,
        team_id=bet.serves.item.team_id,
        before=change.after,
        after=_plain(bet) | {"decision": None},
        undoes=change,
    )


@transaction.atomic
def withdraw_bet(bet: Bet, *, by: Actor, reason: str = "") -> Change:
    """Take a promise away; the link stays. Once work has started it needs a `reason` and becomes a Decision."""
    bet = _locked(bet)
    require(by, "place_bet", bet.serves.item)
    _refuse_judged(bet)
    decision = _decide_if_started(bet, _("Bet withdrawn: %(bet)s") % {"bet": _in_words(bet)}, reason, by=by)
    before = _plain(bet) | {"serves": bet.serves_id}
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
    _refuse_looked_back(change)
    bet = _bet_again(serves, change.before)
    return record(
        "bet.placed",
        by=by,
        subject=bet,
        team_id=serves.item.team_id,
        label=serves.item.title,
        after=_plain(bet) | {"linked": False, "decision": None},
        undoes=change,
    )


# Verdicts


@transaction.atomic
def enter_verdict(
    bet: Bet,
    *,
    by: Actor,
    outcome: str,
    measured: float | None = None,
    scale: int | None = None,
    evidence: int = 3,
    learned: str = "",
    judged_on: dt.date | None = None,
) -> Verdict:
    """Enter what people found: did the item move its Key Result, by how much, how well do we know it?

    `measured` in the Key Result's unit, towards better; `scale` and `evidence` 1–5. What cannot be told has no grade.
    """
    bet = _locked(bet)
    require(by, "judge_bet", bet.serves.item)
    _refuse_judged(bet)
    if bet.serves.item.category != Category.DONE:
        raise ValidationError(_("%(item)s is not done yet: there is nothing to judge.") % {"item": bet.serves.item.key})
    if judged_on is not None and judged_on > clock.today():
        raise ValidationError({"judged_on": _("A verdict is about what has happened: choose today or earlier.")})
    if outcome == Verdict.Outcome.CANNOT_TELL and scale is not None:
        raise ValidationError({"scale": _("What cannot be told has no grade.")})
    if outcome != Verdict.Outcome.CANNOT_TELL and scale is None:
        raise ValidationError({"scale": _("Choose 1 to 5.")})
    if (outcome == Verdict.Outcome.MOVED and scale == 2) or (
        outcome == Verdict.Outcome.DID_NOT and scale is not None and scale > 2
    ):
        raise ValidationError({"scale": _("The grade and what is said to have happened do not fit together.")})
    if measured is not None and not math.isfinite(measured):
        raise ValidationError({"measured": _("Write a number.")})
    verdict = Verdict(
        bet=bet,
        outcome=outcome,
        measured=measured,
        scale=scale,
        evidence=evidence,
        learned=learned.strip(),
        judged_on=judged_on or clock.today(),
        by_id=by.person_id,
    )
    verdict.full_clean(exclude=["by"])
    verdict.save()
    record(
        "verdict.entered",
        by=by,
        subject=verdict,
        team_id=bet.serves.item.team_id,
        label=bet.serves.item.title,
        after=_plain_verdict(verdict),
    )
    return verdict


@transaction.atomic
def withdraw_verdict(verdict: Verdict, *, by: Actor) -> Change:
    """Take a verdict back, so that the bet can be judged anew; history keeps it."""
    return _withdraw_verdict(verdict, by=by)


def _withdraw_verdict(verdict: Verdict, *, by: Actor, undoes: Change | None = None) -> Change:
    bet = _locked(verdict.bet)
    require(by, "judge_bet", bet.serves.item)
    before = _plain_verdict(verdict)
    verdict.delete()
    return record(
        "verdict.withdrawn",
        by=by,
        subject=bet,
        team_id=bet.serves.item.team_id,
        label=bet.serves.item.title,
        before=before,
        undoes=undoes,
    )


@inverse("verdict.entered")
def _withdraw_entered(change: Change, by: Actor) -> Change:
    verdict = Verdict.objects.filter(pk=change.subject_id).select_related("bet").first()
    if verdict is None:
        raise CannotUndo(_("The verdict was withdrawn since."))
    return _withdraw_verdict(verdict, by=by, undoes=change)


@inverse("verdict.withdrawn")
def _enter_withdrawn(change: Change, by: Actor) -> Change:
    bet = Bet.objects.select_related("serves__item__team").filter(pk=change.subject_id).first()
    if bet is None or Verdict.objects.filter(bet=bet).exists():
        raise CannotUndo(_("The bet was judged anew or withdrawn since."))
    require(by, "judge_bet", bet.serves.item)
    was = change.before
    verdict = Verdict.objects.create(
        bet=bet,
        outcome=was["outcome"],
        measured=was["measured"],
        scale=was["scale"],
        evidence=was["evidence"],
        learned=was["learned"],
        judged_on=dt.date.fromisoformat(was["judged_on"]),
        by_id=was["by"],
    )
    return record(
        "verdict.entered",
        by=by,
        subject=verdict,
        team_id=bet.serves.item.team_id,
        label=bet.serves.item.title,
        after=was,
        undoes=change,
    )


# Not now


@transaction.atomic
def shelve(item: Item, *, by: Actor, reason: str, asked_by: str = "") -> NotNow:
    """Put an item on the Not now shelf with its reason. Nothing is recorded where it lies there already."""
    require(by, "order_backlog", item)
    item = Item.objects.select_for_update(of=("self",)).select_related("team", "sprint").get(pk=item.pk)
    if lying := NotNow.objects.filter(item=item, ended_at=None).first():
        return lying
    if item.category == Category.DONE:
        raise ValidationError(_("%(item)s is done.") % {"item": item.key})
    if item.sprint and item.sprint.started_at and not item.sprint.closed_at:
        raise ValidationError(
            _("%(item)s is in %(sprint)s, which is running: take it out of the Sprint first.")
            % {"item": item.key, "sprint": item.sprint.name}
        )
    shelved = NotNow(item=item, reason=reason.strip(), asked_by=asked_by.strip(), by_id=by.person_id, at=clock.now())
    shelved.full_clean(exclude=["by"])
    shelved.save()
    record(
        "item.shelved",
        by=by,
        subject=item,
        team_id=item.team_id,
        after={"not_now": shelved.pk, "reason": shelved.reason, "asked_by": shelved.asked_by},
    )
    return shelved


@transaction.atomic
def bring_back(item: Item, *, by: Actor) -> Change | None:
    """Take an item off the shelf. Returns None where it is not there."""
    return _bring_back(item, by=by)


def _bring_back(item: Item, *, by: Actor, undoes: Change | None = None) -> Change | None:
    require(by, "order_backlog", item)
    shelved = NotNow.objects.select_for_update().filter(item=item, ended_at=None).first()
    if shelved is None:
        return None
    shelved.ended_at = clock.now()
    shelved.save(update_fields=["ended_at"])
    return record(
        "item.brought_back", by=by, subject=item, team_id=item.team_id, before={"not_now": shelved.pk}, undoes=undoes
    )


@inverse("item.shelved")
def _unshelve(change: Change, by: Actor) -> Change | None:
    item = Item.objects.select_related("team").get(pk=change.subject_id)
    return _bring_back(item, by=by, undoes=change)


@inverse("item.brought_back")
def _shelve_again(change: Change, by: Actor) -> Change:
    shelved = NotNow.objects.select_related("item__team").get(pk=change.before["not_now"])
    item = shelved.item
    require(by, "order_backlog", item)
    if item.category == Category.DONE or NotNow.objects.filter(item=item, ended_at=None).exists():
        raise CannotUndo(_("%(item)s was done or put aside anew since.") % {"item": item.key})
    shelved.ended_at = None
    shelved.save(update_fields=["ended_at"])
    return record(
        "item.shelved",
        by=by,
        subject=item,
        team_id=item.team_id,
        after={"not_now": shelved.pk, "reason": shelved.reason, "asked_by": shelved.asked_by},
        undoes=change,
    )


@transaction.atomic
def mark_told(not_now: NotNow, *, by: Actor, told_on: dt.date | None = None) -> Change | None:
    """Note the day on which whoever asked for it was told. Returns None where that day is noted already."""
    require(by, "write_item", not_now.item)
    if not not_now.asked_by:
        raise ValidationError(_("Nobody is named as having asked for it."))
    told_on = told_on or clock.today()
    if told_on > clock.today():
        raise ValidationError({"told_on": _("Choose today or earlier.")})
    if not_now.told_on == told_on:
        return None
    return _tell(not_now, told_on, by=by)


def _tell(not_now: NotNow, told_on: dt.date | None, *, by: Actor, undoes: Change | None = None) -> Change:
    before = not_now.told_on
    not_now.told_on = told_on
    not_now.save(update_fields=["told_on"])
    return record(
        "asker.told",
        by=by,
        subject=not_now,
        team_id=not_now.item.team_id,
        label=not_now.item.title,
        before={"told_on": before.isoformat() if before else None},
        after={"told_on": told_on.isoformat() if told_on else None},
        undoes=undoes,
    )


@inverse("asker.told")
def _untell(change: Change, by: Actor) -> Change:
    not_now = NotNow.objects.select_related("item__team").get(pk=change.subject_id)
    require(by, "write_item", not_now.item)
    before = change.before["told_on"]
    return _tell(not_now, dt.date.fromisoformat(before) if before else None, by=by, undoes=change)


# The Sprint's aim


@transaction.atomic
def set_sprint_aim(sprint: Sprint, key_result: KeyResult | None, *, by: Actor) -> Change | None:
    """Name the Key Result that the Sprint Goal is about (None: none). Returns None where that is so already."""
    return _set_sprint_aim(sprint, key_result, by=by)


def _set_sprint_aim(
    sprint: Sprint, key_result: KeyResult | None, *, by: Actor, undoes: Change | None = None
) -> Change | None:
    require(by, "plan_sprint", sprint)
    held = SprintAim.objects.select_for_update().filter(sprint=sprint).first()
    before = held.key_result_id if held else None
    after = key_result.pk if key_result else None
    if before == after:
        return None
    if key_result is None:
        SprintAim.objects.filter(sprint=sprint).delete()
    else:
        _refuse_closed(key_result, sprint)
        SprintAim.objects.update_or_create(sprint=sprint, defaults={"key_result": key_result})
    return record(
        "sprint.aimed",
        by=by,
        subject=sprint,
        team_id=sprint.team_id,
        before={"key_result": before},
        after={"key_result": after},
        undoes=undoes,
    )


@inverse("sprint.aimed")
def _aim_back(change: Change, by: Actor) -> Change | None:
    sprint = Sprint.objects.select_related("team").get(pk=change.subject_id)
    now = SprintAim.objects.filter(sprint=sprint).values_list("key_result_id", flat=True).first()
    if now != change.after["key_result"]:
        raise CannotUndo(_("%(sprint)s aims at something else since.") % {"sprint": sprint.name})
    before = change.before["key_result"]
    key_result = KeyResult.objects.select_related("objective").get(pk=before) if before else None
    return _set_sprint_aim(sprint, key_result, by=by, undoes=change)


# Shared


def _require_one_team(items: Sequence[Item], by: Actor, verb: str) -> None:
    if len({item.team_id for item in items}) != 1:
        raise ValidationError(_("Choose items of one team."))
    require(by, verb, items[0])


def _refuse_closed(key_result: KeyResult, subject: Item | Sprint) -> None:
    """Refuse a Key Result that was put away, or that another organisation holds."""
    if key_result.organisation_id != subject.team.organisation_id:
        raise ValidationError({"key_result": _("There is no such Key Result.")})
    if key_result.archived_at or key_result.objective.archived_at:
        raise ValidationError(
            {"key_result": _("“%(name)s” was put away: nothing new can aim at it.") % {"name": key_result.short_name}}
        )


def _refuse_past(judge_on: dt.date | None) -> None:
    if judge_on is not None and judge_on < clock.today():
        raise ValidationError({"judge_on": _("This day is over: choose one on which the result can be seen.")})


def _refuse_judged(bet: Bet) -> None:
    verdict = Verdict.objects.filter(bet=bet).first()
    if verdict is not None:
        raise ValidationError(
            _("This bet was judged on %(day)s: withdraw the verdict first.") % {"day": verdict.judged_on.isoformat()}
        )


def _refuse_looked_back(change: Change) -> None:
    """Delete the Decision that a Change left behind, unless somebody has looked back at it already."""
    number = change.after.get("decision")
    if number is None:
        return
    decision = Decision.objects.filter(pk=number).first()
    if decision is not None and (decision.held is not None or decision.outcome):
        raise CannotUndo(_("The decision behind it has been looked back at since."))
    if decision is not None:
        decision.delete()


def _check(bet: Bet) -> None:
    _check_numbers(bet)
    bet.clean_fields(exclude=["by"])  # the command line has nobody to name


def _check_numbers(bet: Bet) -> None:
    """Refuse numbers that are no promise, by field."""
    errors: dict[str, str] = {}
    for field in ("low", "likely", "high", "chance"):
        value = getattr(bet, field)
        if not isinstance(value, int | float) or not math.isfinite(value):
            errors[field] = _("Write a number.")
        elif abs(value) > LARGEST_MOVEMENT:
            errors[field] = _("No Key Result moves that far.")
    if not errors and bet.low > bet.likely:
        errors["low"] = _("Low is above likely: 9 times in 10 it should be more than low.")
    if not errors and bet.likely > bet.high:
        errors["high"] = _("High is below likely: 9 times in 10 it should be less than high.")
    if "chance" not in errors and not 0 <= bet.chance <= 1:
        errors["chance"] = _("A chance lies between 0 and 100 %.")
    if errors:
        raise ValidationError(errors)


def _has_started(item: Item) -> bool:
    return item.category != Category.TODO or item.started_at is not None


def _decide_if_started(bet: Bet, title: str, reason: str, *, by: Actor) -> int | None:
    """Once work has started a prediction changes only by a dated Decision; return its id."""
    item = bet.serves.item
    if not _has_started(item):
        return None
    if not reason.strip():
        raise ValidationError(
            {
                "reason": _("Work on %(item)s has started: say why. It becomes a decision that all can read.")
                % {"item": item.key}
            }
        )
    decision = write_decision(
        item.team,
        by=by,
        title=f"{item.key}: {title}"[:300],
        because=reason,
        subject=item,
        review_on=bet.judge_on if bet.judge_on and bet.judge_on > clock.today() else None,
    )
    return decision.pk


def _recorded(bet: Bet, name: str, *, by: Actor, after: dict[str, Any], before: dict[str, Any] | None = None) -> Bet:
    item = bet.serves.item
    record(name, by=by, subject=bet, team_id=item.team_id, label=item.title, before=before, after=after)
    return bet


def _locked(bet: Bet) -> Bet:
    return (
        Bet.objects.select_for_update(of=("self",))
        .select_related("serves__item__team", "serves__key_result__objective")
        .get(pk=bet.pk)
    )


def _bet_as_left(change: Change, by: Actor) -> Bet:
    """Return the bet of a Change, for its inverse; CannotUndo where it was touched since."""
    bet = Bet.objects.filter(pk=change.subject_id).first()
    if bet is None:
        raise CannotUndo(_("The bet was withdrawn since."))
    bet = _locked(bet)
    require(by, "place_bet", bet.serves.item)
    if Verdict.objects.filter(bet=bet).exists():
        raise CannotUndo(_("The bet was judged since."))
    now = _plain(bet)
    if any(now[field] != change.after[field] for field in PREDICTION):
        raise CannotUndo(_("The bet was changed since."))
    return bet


def _bet_again(serves: Serves, was: dict[str, Any]) -> Bet:
    return Bet.objects.create(serves=serves, by_id=was["by"], at=was["at"], **_from_plain(was))


def _plain(bet: Bet) -> dict[str, Any]:
    return {
        "low": float(bet.low),
        "likely": float(bet.likely),
        "high": float(bet.high),
        "chance": float(bet.chance),
        "judge_on": bet.judge_on.isoformat() if bet.judge_on else None,
        "hypothesis": bet.hypothesis,
        "by": bet.by_id,
        "at": bet.at.isoformat() if isinstance(bet.at, dt.datetime) else bet.at,
    }


def _from_plain(was: dict[str, Any]) -> dict[str, Any]:
    fields = {field: was[field] for field in PREDICTION}
    fields["judge_on"] = dt.date.fromisoformat(was["judge_on"]) if was["judge_on"] else None
    return fields


def _plain_verdict(verdict: Verdict) -> dict[str, Any]:
    return {
        "outcome": verdict.outcome,
        "measured": verdict.measured,
        "scale": verdict.scale,
        "evidence": verdict.evidence,
        "learned": verdict.learned,
        "judged_on": verdict.judged_on.isoformat(),
        "by": verdict.by_id,
    }


def _in_words(bet: Bet) -> str:
    """Say a promise in figures: "1 / 2.5 / 4.5 %, chance 65 %"."""
    return _("%(low)s / %(likely)s / %(high)s %(unit)s, chance %(chance)s %%") % {
        "low": f"{bet.low:g}",
        "likely": f"{bet.likely:g}",
        "high": f"{bet.high:g}",
        "unit": bet.serves.key_result.unit if bet.serves.key_result else "",
        "chance": f"{bet.chance * 100:g}",
    }
