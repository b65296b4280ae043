"""Enter what a bet moved, and take a verdict back."""

import datetime as dt
import math
from collections.abc import Mapping, Sequence
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
from headway.scrum.models import Category, Item

from ..models import Bet, Verdict
from ..queries.controls import why_no_control
from ..queries.found import Found, find
from .rules import LARGEST_MOVEMENT, locked, plain_verdict, refuse_judged

SAME_SHARE = 0.05
"""A figure that lies within so much of the measured range's width is the computed one, rounded by whoever typed it."""

Arms = Mapping[str, Sequence[float]]


@transaction.atomic
def enter_verdict(
    bet: Bet,
    *,
    by: Actor,
    outcome: str,
    measured: float | None = None,
    low: float | None = None,
    high: float | None = None,
    scale: int | None = None,
    evidence: int | None = None,
    learned: str = "",
    judged_on: dt.date | None = None,
    follow_up: str = "",
    follow_item: Item | None = None,
    overruled_because: str = "",
    experiment: Arms | None = None,
    controls: Sequence[KeyResult] = (),
) -> Verdict:
    """Enter what was found: did the item move its Key Result, by how much, how well do we know it?

    `measured`, `low`, `high` in the Key Result's unit, towards better; `scale` and `evidence` 1–5. What cannot be told
    has no grade. Where the engine has a verdict, one that agrees with it takes its figures, and one that does not
    needs `overruled_because` and is marked as people's words. What the engine found is kept as it was on the day.
    `experiment` holds size, mean and variance of "control" and "treatment", in the Key Result's unit; it comes before
    `controls`, Key Results of the organisation with which this one is compared.
    """
    bet = locked(bet)
    require(by, "judge_bet", bet.serves.item)
    refuse_judged(bet)
    if bet.serves.item.category != Category.DONE:
        raise ValidationError(_("%(item)s is not done yet: there is nothing to judge.") % {"item": bet.serves.item.key})
    if judged_on is not None and judged_on > clock.today():
        raise ValidationError({"judged_on": _("A verdict is about what has happened: choose today or earlier.")})
    _check_grade(outcome, scale)
    _check_figures(low, measured, high)
    if follow_item is not None and (follow_item.team_id != bet.serves.item.team_id or follow_item.removed_at):
        raise ValidationError({"follow_item": _("There is no such item in this team.")})
    day, because = judged_on or clock.today(), overruled_because.strip()
    found = _found(bet, day, experiment, controls)
    agrees = found is not None and _agrees(found, outcome, scale, measured)
    if found is not None and not agrees and not because:
        raise ValidationError(
            {
                "overruled_because": _("The figures say something else: %(what)s. Say why you overrule them.")
                % {"what": in_words(found)}
            }
        )
    if because and (found is None or agrees):
        raise ValidationError({"overruled_because": _("Nothing is overruled: leave this empty.")})
    verdict = Verdict(
        bet=bet,
        outcome=outcome,
        measured=measured,
        low=low,
        high=high,
        scale=scale,
        evidence=evidence if evidence is not None else found.quality if found and agrees else 3,
        learned=learned.strip(),
        follow_up=follow_up,
        follow_item=follow_item,
        overruled_because=because,
        experiment={arm: [float(part) for part in experiment[arm]] for arm in ARMS} if experiment else None,
        facts=found.as_json() if found else {},
        judged_on=day,
        by_id=by.person_id,
    )
    if found is not None and agrees:
        verdict.measured, verdict.low, verdict.high = found.measured, found.low, found.high
        verdict.chance_moved, verdict.method = found.chance_moved, found.method
    verdict.full_clean(exclude=["by", "follow_item"])
    verdict.save()
    record(
        "verdict.entered",
        by=by,
        subject=verdict,
        team_id=bet.serves.item.team_id,
        label=bet.serves.item.title,
        after=plain_verdict(verdict),
    )
    return verdict


ARMS = ("control", "treatment")


def in_words(found: Found) -> str:
    """Say what was computed: "moved, grade 3 of 5"."""
    outcome = Verdict.Outcome(found.outcome).label
    if found.scale is None:
        return str(outcome)
    return _("%(outcome)s, grade %(scale)s of 5") % {"outcome": outcome, "scale": found.scale}


def _found(bet: Bet, day: dt.date, experiment: Arms | None, controls: Sequence[KeyResult]) -> Found | None:
    arms = None
    if experiment is not None:
        if any(len(experiment.get(arm, ())) != 3 for arm in ARMS):
            raise ValidationError({"experiment": _("Give size, mean and variance of both groups.")})
        arms = (experiment["control"], experiment["treatment"])
    if controls and (why := _why_not(bet, controls, day)):
        raise ValidationError({"controls": why})
    try:
        found, too_little = find(bet, today=day, experiment=arms, controls=controls)
    except ValueError:
        if arms is None:
            raise
        raise ValidationError(
            {"experiment": _("Both groups need at least 2 in them, a mean, and a variance of 0 or more.")}
        ) from None
    if found is None and controls:
        raise ValidationError({"controls": too_little})
    return found


def _why_not(bet: Bet, controls: Sequence[KeyResult], day: dt.date) -> str:
    if any(one.organisation_id != bet.serves.item.team.organisation_id for one in controls):
        return _("There is no such Key Result.")
    return why_no_control(bet, controls, today=day)


def _agrees(found: Found, outcome: str, scale: int | None, measured: float | None) -> bool:
    if (outcome, scale) != (found.outcome, found.scale):
        return False
    return measured is None or abs(measured - found.measured) <= SAME_SHARE * (found.high - found.low)


def _check_grade(outcome: str, scale: int | None) -> None:
    if outcome == Verdict.Outcome.CANNOT_TELL and scale is not None:
        raise ValidationError({"scale": _("What cannot be told has no grade.")})
    if outcome != Verdict.Outcome.CANNOT_TELL and scale is None:
        raise ValidationError({"scale": _("Choose 1 to 5.")})
    if (outcome == Verdict.Outcome.MOVED and scale == 2) or (
        outcome == Verdict.Outcome.DID_NOT and scale is not None and scale > 2
    ):
        raise ValidationError({"scale": _("The grade and what is said to have happened do not fit together.")})


def _check_figures(low: float | None, measured: float | None, high: float | None) -> None:
    errors = {
        name: _("Write a number.")
        for name, figure in (("low", low), ("measured", measured), ("high", high))
        if figure is not None and not (math.isfinite(figure) and abs(figure) <= LARGEST_MOVEMENT)
    }
    if errors:
        raise ValidationError(errors)
    known = [figure for figure in (low, measured, high) if figure is not None]
    if known != sorted(known):
        raise ValidationError({"measured": _("It must lie between what it was at least and at most.")})


@transaction.atomic
def withdraw_verdict(verdict: Verdict, *, by: Actor) -> Change:
    """Take a verdict back, so that the bet can be judged anew; history keeps it."""
    return _withdraw_verdict(verdict, by=by)


def _withdraw_verdict(verdict: Verdict, *, by: Actor, undoes: Change | None = None) -> Change:
    bet = locked(verdict.bet)
    require(by, "judge_bet", bet.serves.item)
    before = plain_verdict(verdict) | {"facts": verdict.facts}
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
    verdict = Verdict.objects.create(bet=bet, **_as_it_was(was))
    return record(
        "verdict.entered",
        by=by,
        subject=verdict,
        team_id=bet.serves.item.team_id,
        label=bet.serves.item.title,
        after=plain_verdict(verdict),
        undoes=change,
    )


def _as_it_was(was: dict[str, Any]) -> dict[str, Any]:
    """Return the fields of a verdict that was withdrawn. Those of a release that knew fewer fields have fewer."""
    columns = {field.attname for field in Verdict._meta.concrete_fields} - {"id", "bet_id", "by_id", "judged_on"}
    fields = {name: value for name, value in was.items() if name in columns}
    follows: int | None = was.get("follow_item_id")
    if follows is None or not Item.objects.filter(pk=follows).exists():
        fields["follow_item_id"] = None
    return fields | {"judged_on": dt.date.fromisoformat(was["judged_on"]), "by_id": was["by"]}
