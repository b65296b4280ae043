"""Who sees a bet through: whoever volunteers, or whom a Scrum Master asks and who then says yes."""

from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from headway.live.history import CannotUndo, inverse, record
from headway.live.models import Change
from headway.people.access import VERBS, require
from headway.people.actor import Actor
from headway.people.models import Person, TeamRole

from ..models import Bet
from .rules import is_here, locked, refuse_judged


@transaction.atomic
def champion_bet(bet: Bet, *, by: Actor) -> Bet:
    """Volunteer oneself. Refused where somebody else champions it; nothing is recorded where one does already."""
    bet = locked(bet)
    require(by, "place_bet", bet.serves.item)
    _require_person(by)
    refuse_judged(bet)
    if bet.champion_id == by.person_id:
        return bet
    if bet.champion is not None:
        raise ValidationError(_("%(name)s champions it already.") % {"name": bet.champion.name})
    _set(bet, "bet.championed", champion=by.person_id, asked=None, by=by)
    return bet


@transaction.atomic
def release_bet(bet: Bet, *, by: Actor) -> Bet:
    """Hand one's own championing back; the bet is then without a champion."""
    bet = locked(bet)
    require(by, "place_bet", bet.serves.item)
    _require_person(by)
    if bet.champion_id is None:
        return bet
    if bet.champion_id != by.person_id:
        raise ValidationError(_("Only whoever champions it can hand it back."))
    _set(bet, "bet.released", champion=None, asked=None, by=by)
    return bet


@transaction.atomic
def ask_champion(bet: Bet, person: Person | None, *, by: Actor) -> Bet:
    """Ask somebody of the team to champion a bet, or (None) take the asking back. Nobody becomes it by being asked."""
    bet = locked(bet)
    require(by, "ask_champion", bet.serves.item)
    refuse_judged(bet)
    if bet.champion is not None and person is not None:
        raise ValidationError(_("%(name)s champions it already.") % {"name": bet.champion.name})
    if person is not None and not _may_champion(person, bet):
        raise ValidationError({"person": _("Choose somebody of the team who works on its items.")})
    asked = person.pk if person else None
    if bet.champion_asked_id == asked:
        return bet
    _set(bet, "bet.champion_asked", champion=bet.champion_id, asked=asked, by=by)
    return bet


@transaction.atomic
def decline_champion(bet: Bet, *, by: Actor) -> Bet:
    """Say no to having been asked."""
    bet = locked(bet)
    require(by, "place_bet", bet.serves.item)
    _require_person(by)
    if bet.champion_asked_id != by.person_id:
        raise ValidationError(_("You were not asked."))
    _set(bet, "bet.champion_declined", champion=bet.champion_id, asked=None, by=by)
    return bet


@transaction.atomic
def hand_champion_over(bet: Bet, *, to: Person | None, by: Actor) -> Bet:
    """Give a bet to another champion, or to none, because the former one leaves. For the deactivation of a member."""
    bet = locked(bet)
    require(by, "place_bet", bet.serves.item)
    refuse_judged(bet)
    _set(bet, "bet.champion_left", champion=to.pk if to else None, asked=None, by=by)
    return bet


def _require_person(by: Actor) -> None:
    if by.person_id is None:
        raise ValidationError(_("Only a person can champion a bet."))


def _may_champion(person: Person, bet: Bet) -> bool:
    """Say whether somebody is active and has a role in the team by which they could volunteer."""
    team = bet.serves.item.team
    has_role = TeamRole.objects.filter(team=team, person=person, role__in=VERBS["place_bet"]).exists()
    return has_role and is_here(person.pk, team.organisation_id)


def _set(
    bet: Bet, name: str, *, champion: int | None, asked: int | None, by: Actor, undoes: Change | None = None
) -> Change:
    before = _plain(bet)
    bet.champion_id, bet.champion_asked_id = champion, asked
    bet.save(update_fields=["champion", "champion_asked"])
    item = bet.serves.item
    return record(
        name,
        by=by,
        subject=bet,
        team_id=item.team_id,
        label=item.title,
        before=before,
        after=_plain(bet),
        undoes=undoes,
    )


def _plain(bet: Bet) -> dict[str, Any]:
    return {"champion": bet.champion_id, "champion_asked": bet.champion_asked_id}


@inverse("bet.championed")
@inverse("bet.released")
@inverse("bet.champion_asked")
@inverse("bet.champion_declined")
def _champion_as_before(change: Change, by: Actor) -> Change:
    found = Bet.objects.filter(pk=change.subject_id).first()
    if found is None:
        raise CannotUndo(_("The bet was withdrawn since."))
    bet = locked(found)
    require(by, "place_bet", bet.serves.item)
    if by.person_id is None or by.person_id != change.actor_id:
        raise CannotUndo(_("Nobody is made champion by others: only whoever did this can take it back."))
    if _plain(bet) != change.after:
        raise CannotUndo(_("Who champions it has changed since."))
    organisation_id = bet.serves.item.team.organisation_id
    if any(pk is not None and not is_here(pk, organisation_id) for pk in change.before.values()):
        raise CannotUndo(_("Whoever it was is no longer here."))
    was = change.before
    name = "bet.championed" if was["champion"] else "bet.champion_asked" if was["champion_asked"] else "bet.released"
    return _set(bet, name, champion=was["champion"], asked=was["champion_asked"], by=by, undoes=change)
