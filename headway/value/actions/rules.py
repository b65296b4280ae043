"""What several actions of this area check, lock and write down in the same way."""

import datetime as dt
import math
from collections.abc import Sequence
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import Q
from django.utils.translation import gettext as _

from headway.agreements.actions import write_decision
from headway.agreements.models import Decision
from headway.lib import clock
from headway.live.edits import told_since
from headway.live.history import CannotUndo, record
from headway.live.models import Change
from headway.okr.models import KeyResult
from headway.people.access import require
from headway.people.actor import Actor
from headway.people.models import Membership
from headway.scrum.models import Category, Item, Sprint

from ..models import LONGEST_LAG_WEEKS, Bet, Estimate, Serves, Verdict

PREDICTION = ("low", "likely", "high", "chance", "lag_weeks", "judge_on", "hypothesis")

#: what was done to a bet, by the last word of the Change, that whoever takes it away or changes it has to know
BEARS_ON_PROMISE = frozenset({"placed", "changed", "pooled"})

CHAMPIONS = ("champion", "champion_asked")

_WAS = {"lag_weeks": 0}
"""What Changes do not hold that are older than the field."""

LARGEST_MOVEMENT = 1e12
"""Far beyond any metric, and small enough that no sum of bets overflows."""


def require_one_team(items: Sequence[Item], by: Actor, verb: str) -> None:
    if len({item.team_id for item in items}) != 1:
        raise ValidationError(_("Choose items of one team."))
    require(by, verb, items[0])


def refuse_closed(key_result: KeyResult, subject: Item | Sprint) -> None:
    """Refuse a Key Result that was put away, or that another organisation holds."""
    if key_result.organisation_id != subject.team.organisation_id:
        raise ValidationError({"key_result": _("There is no such Key Result.")})
    if key_result.archived_at or key_result.objective.archived_at:
        raise ValidationError(
            {"key_result": _("“%(name)s” was put away: nothing new can aim at it.") % {"name": key_result.short_name}}
        )


def refuse_past(judge_on: dt.date | None) -> None:
    if judge_on is not None and judge_on < clock.today():
        raise ValidationError({"judge_on": _("This day is over: choose one on which the result can be seen.")})


def refuse_judged(bet: Bet) -> None:
    verdict = Verdict.objects.filter(bet=bet).first()
    if verdict is not None:
        raise ValidationError(
            _("This bet was judged on %(day)s: withdraw the verdict first.") % {"day": verdict.judged_on.isoformat()}
        )


def refuse_looked_back(change: Change) -> None:
    """Delete the Decision that a Change left behind, unless somebody has looked back at it already."""
    number = change.after.get("decision")
    if number is None:
        return
    decision = Decision.objects.filter(pk=number).first()
    if decision is not None and (decision.held is not None or decision.outcome):
        raise CannotUndo(_("The decision behind it has been looked back at since."))
    if decision is not None:
        decision.delete()


def refuse_to_keep(key_result: KeyResult) -> None:
    """Refuse a Key Result that is only to stay as it is."""
    if key_result.direction == KeyResult.Direction.STAY_WITHIN:
        raise ValidationError(
            {
                "key_result": _("“%(name)s” is to stay within its limits: there is nothing to move it to.")
                % {"name": key_result.short_name}
            }
        )


def refuse_done(item: Item) -> None:
    if item.category == Category.DONE:
        raise ValidationError(
            _("%(item)s is done. A promise is written before its result can be known.") % {"item": item.key}
        )


def check(bet: Bet) -> None:
    check_numbers(bet)
    if not isinstance(bet.lag_weeks, int) or not 0 <= bet.lag_weeks <= LONGEST_LAG_WEEKS:
        raise ValidationError(
            {"lag_weeks": _("Write whole weeks, from 0 to %(longest)s.") % {"longest": LONGEST_LAG_WEEKS}}
        )
    bet.clean_fields(exclude=["by"])  # the command line has nobody to name


def check_numbers(bet: Bet | Estimate) -> None:
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


def has_started(item: Item) -> bool:
    return item.category != Category.TODO or item.started_at is not None


def decide_if_started(bet: Bet, title: str, reason: str, *, by: Actor) -> int | None:
    """Once work has started a prediction changes only by a dated Decision; return its id."""
    item = bet.serves.item
    if not has_started(item):
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


def recorded(bet: Bet, name: str, *, by: Actor, after: dict[str, Any], before: dict[str, Any] | None = None) -> Bet:
    item = bet.serves.item
    record(name, by=by, subject=bet, team_id=item.team_id, label=item.title, before=before, after=after)
    return bet


def locked(bet: Bet) -> Bet:
    return (
        Bet.objects.select_for_update(of=("self",))
        .select_related("serves__item__team", "serves__key_result__objective")
        .get(pk=bet.pk)
    )


def bet_as_left(change: Change, by: Actor) -> Bet:
    """Return the bet of a Change, for its inverse; CannotUndo where it was touched since."""
    bet = Bet.objects.filter(pk=change.subject_id).first()
    if bet is None:
        raise CannotUndo(_("The bet was withdrawn since."))
    bet = locked(bet)
    require(by, "place_bet", bet.serves.item)
    if Verdict.objects.filter(bet=bet).exists():
        raise CannotUndo(_("The bet was judged since."))
    now = plain(bet)
    if any(now[field] != change.after.get(field, _WAS.get(field)) for field in PREDICTION):
        about = Q(subject_type=change.subject_type, subject_id=bet.pk)
        raise CannotUndo(told_since(change, about, _("the bet on %(item)s") % {"item": bet.serves.item.key}))
    return bet


def bet_again(serves: Serves, was: dict[str, Any]) -> Bet:
    champions = {field: was[field] for field in CHAMPIONS if is_here(was.get(field), serves.item.team.organisation_id)}
    return Bet.objects.create(
        serves=serves,
        by_id=was["by"],
        at=was["at"],
        **from_plain(was),
        **{f"{field}_id": pk for field, pk in champions.items()},
    )


def is_here(person_id: int | None, organisation_id: int) -> bool:
    """Say whether somebody is an active member."""
    here = Membership.objects.filter(organisation=organisation_id, deactivated_at=None, person__is_active=True)
    return person_id is not None and here.filter(person=person_id).exists()


def plain(bet: Bet) -> dict[str, Any]:
    return {
        "low": float(bet.low),
        "likely": float(bet.likely),
        "high": float(bet.high),
        "chance": float(bet.chance),
        "lag_weeks": bet.lag_weeks,
        "judge_on": bet.judge_on.isoformat() if bet.judge_on else None,
        "hypothesis": bet.hypothesis,
        "champion": bet.champion_id,
        "champion_asked": bet.champion_asked_id,
        "by": bet.by_id,
        "at": bet.at.isoformat() if isinstance(bet.at, dt.datetime) else bet.at,
    }


def from_plain(was: dict[str, Any]) -> dict[str, Any]:
    fields = {field: was.get(field, _WAS.get(field)) for field in PREDICTION}
    fields["judge_on"] = dt.date.fromisoformat(was["judge_on"]) if was["judge_on"] else None
    return fields


def plain_verdict(verdict: Verdict) -> dict[str, Any]:
    return {
        "outcome": verdict.outcome,
        "measured": verdict.measured,
        "scale": verdict.scale,
        "evidence": verdict.evidence,
        "learned": verdict.learned,
        "low": verdict.low,
        "high": verdict.high,
        "chance_moved": verdict.chance_moved,
        "method": verdict.method,
        "follow_up": verdict.follow_up,
        "follow_item_id": verdict.follow_item_id,
        "overruled_because": verdict.overruled_because,
        "experiment": verdict.experiment,
        "controls": [one["key_result_id"] for one in verdict.facts.get("controls", ())],
        "judged_on": verdict.judged_on.isoformat(),
        "by": verdict.by_id,
    }


def in_words(bet: Bet) -> str:
    """Say a promise in figures: "1 / 2.5 / 4.5 %, chance 65 %"."""
    return _("%(low)s / %(likely)s / %(high)s %(unit)s, chance %(chance)s %%") % {
        "low": f"{bet.low:g}",
        "likely": f"{bet.likely:g}",
        "high": f"{bet.high:g}",
        "unit": bet.serves.key_result.unit if bet.serves.key_result else "",
        "chance": f"{bet.chance * 100:g}",
    }
