"""Enter what a bet moved, and take a verdict back."""

import datetime as dt
import math

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from headway.lib import clock
from headway.live.history import CannotUndo, inverse, record
from headway.live.models import Change
from headway.people.access import require
from headway.people.actor import Actor
from headway.scrum.models import Category

from ..models import Bet, Verdict
from .rules import locked, plain_verdict, refuse_judged


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
    bet = locked(bet)
    require(by, "judge_bet", bet.serves.item)
    refuse_judged(bet)
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
        after=plain_verdict(verdict),
    )
    return verdict


@transaction.atomic
def withdraw_verdict(verdict: Verdict, *, by: Actor) -> Change:
    """Take a verdict back, so that the bet can be judged anew; history keeps it."""
    return _withdraw_verdict(verdict, by=by)


def _withdraw_verdict(verdict: Verdict, *, by: Actor, undoes: Change | None = None) -> Change:
    bet = locked(verdict.bet)
    require(by, "judge_bet", bet.serves.item)
    before = plain_verdict(verdict)
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
