"""Decide, and clear the way: every write of Decisions and Impediments."""

import datetime as dt
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.utils.translation import gettext as _

from headway.lib import clock
from headway.live.edits import edit, put_back, subject_of
from headway.live.history import CannotUndo, inverse, record
from headway.live.models import Change
from headway.people import access
from headway.people.actor import Actor
from headway.people.models import Membership, Organisation, Team

from .models import Decision, Impediment


@transaction.atomic
def record_decision(
    of: Organisation | Team,
    *,
    by: Actor,
    title: str,
    because: str,
    subject: models.Model | None = None,
    decided_on: dt.date | None = None,
    review_on: dt.date | None = None,
) -> Decision:
    """Write down what was decided and why, for a team or the whole organisation."""
    access.require(by, "decide", of)
    decision = write_decision(
        of, by=by, title=title, because=because, subject=subject, decided_on=decided_on, review_on=review_on
    )
    record("decision.recorded", by=by, subject=decision, team_id=decision.team_id)
    return decision


def write_decision(
    of: Organisation | Team,
    *,
    by: Actor,
    title: str,
    because: str,
    subject: models.Model | None = None,
    decided_on: dt.date | None = None,
    review_on: dt.date | None = None,
) -> Decision:
    """Write the Decision that another area's action gives rise to: that action has the right and the Change."""
    decision = Decision(
        organisation_id=of.organisation_id if isinstance(of, Team) else of.pk,
        team=of if isinstance(of, Team) else None,
        title=title.strip(),
        because=because.strip(),
        subject_type=subject._meta.label_lower if subject else "",
        subject_id=subject.pk if subject else None,
        by_id=by.person_id,
        decided_on=decided_on or clock.today(),
        review_on=review_on,
    )
    _require_decision(decision)
    decision.save()
    return decision


@transaction.atomic
def set_outcome(decision: Decision, *, by: Actor, held: bool | None, outcome: str) -> Decision:
    """Say what became of a Decision; `held` None: still open."""
    access.require(by, "decide", decision)
    decision = Decision.objects.select_for_update().get(pk=decision.pk)
    if held is not None and not outcome.strip():
        raise ValidationError({"outcome": _("Say in a sentence what became of it.")})
    values = {"held": held, "outcome": outcome.strip()}
    edit(decision, values, name="decision.reviewed", by=by, team_id=decision.team_id)
    return decision


@transaction.atomic
def raise_impediment(
    team: Team,
    *,
    by: Actor,
    title: str,
    item_id: int | None = None,
    asked: str = "",
    raised_on: dt.date | None = None,
) -> Impediment:
    """Name what stands in the team's way; nobody holds it yet."""
    access.require(by, "raise_impediment", team)
    impediment = Impediment(
        team=team,
        title=title.strip(),
        item_id=item_id,
        asked=asked.strip(),
        raised_on=raised_on or clock.today(),
    )
    if not impediment.title:
        raise ValidationError({"title": _("Say what is in the way.")})
    if impediment.raised_on > clock.today():
        raise ValidationError({"raised_on": _("This day is still to come.")})
    impediment.full_clean(exclude=["team", "item_id", "owner"])
    impediment.save()
    record("impediment.raised", by=by, subject=impediment, team_id=team.pk)
    return impediment


@transaction.atomic
def own_impediment(impediment: Impediment, *, by: Actor, owner_id: int | None) -> Impediment:
    """Let a person of the organisation hold an impediment, or nobody."""
    access.require(by, "raise_impediment", impediment)
    impediment = Impediment.objects.select_for_update().get(pk=impediment.pk)
    if owner_id is not None and not _is_member(owner_id, impediment.team):
        raise ValidationError({"owner": _("Choose somebody of this organisation.")})
    edit(impediment, {"owner": owner_id}, name="impediment.owned", by=by, team_id=impediment.team_id)
    return impediment


@transaction.atomic
def resolve_impediment(impediment: Impediment, *, by: Actor, on: dt.date | None = None) -> Impediment:
    """Say that the way is clear, since today or the day given."""
    access.require(by, "raise_impediment", impediment)
    impediment = Impediment.objects.select_for_update().get(pk=impediment.pk)
    on = on or clock.today()
    if on > clock.today():
        raise ValidationError({"resolved_on": _("This day is still to come.")})
    if on < impediment.raised_on:
        raise ValidationError({"resolved_on": _("It was raised only after this day.")})
    if impediment.resolved_on is None:
        edit(impediment, {"resolved_on": on}, name="impediment.resolved", by=by, team_id=impediment.team_id)
    return impediment


def _require_decision(decision: Decision) -> None:
    errors: dict[str, Any] = {}
    if not decision.title:
        errors["title"] = _("Say in one line what was decided.")
    if not decision.because:
        errors["because"] = _("Give the reason: a decision without one cannot be looked back at.")
    if decision.decided_on > clock.today():
        errors["decided_on"] = _("This day is still to come.")
    if decision.review_on and decision.review_on <= decision.decided_on:
        errors["review_on"] = _("Look back on a day after the decision.")
    if errors:
        raise ValidationError(errors)
    decision.full_clean(exclude=["organisation", "team", "by", "held", "subject_id"])


def _is_member(person_id: int, team: Team) -> bool:
    return Membership.objects.filter(
        organisation_id=team.organisation_id, person_id=person_id, deactivated_at=None
    ).exists()


@inverse("decision.recorded")
def _unrecord_decision(change: Change, by: Actor) -> Change:
    decision = subject_of(change, Decision)
    access.require(by, "decide", decision)
    if decision.held is not None or decision.outcome:
        raise CannotUndo(_("The outcome of this decision was recorded since."))
    done = record("decision.withdrawn", by=by, subject=decision, team_id=decision.team_id)
    decision.delete()
    return done


@inverse("decision.reviewed")
def _unreview_decision(change: Change, by: Actor) -> Change:
    decision = subject_of(change, Decision)
    access.require(by, "decide", decision)
    return put_back(decision, change, by=by, team_id=decision.team_id)


@inverse("impediment.raised")
def _unraise_impediment(change: Change, by: Actor) -> Change:
    impediment = subject_of(change, Impediment)
    access.require(by, "raise_impediment", impediment)
    if impediment.owner_id is not None or impediment.resolved_on is not None:
        raise CannotUndo(_("Somebody took this impediment up since."))
    done = record("impediment.withdrawn", by=by, subject=impediment, team_id=impediment.team_id)
    impediment.delete()
    return done


@inverse("impediment.owned")
@inverse("impediment.resolved")
def _put_back_impediment(change: Change, by: Actor) -> Change:
    impediment = subject_of(change, Impediment)
    access.require(by, "raise_impediment", impediment)
    return put_back(impediment, change, by=by, team_id=impediment.team_id)
