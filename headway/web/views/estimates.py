"""Private estimates of a bet, and who champions it: dialogs that are each person's own, beside the shared page."""

from functools import partial
from typing import Any

from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _

from headway.live.history import has_inverse
from headway.people.access import VERBS, allows, require
from headway.people.models import Membership, Person, Team
from headway.value.actions import (
    ask_champion,
    champion_bet,
    decline_champion,
    give_estimate,
    promise_pooled,
    release_bet,
    withdraw_estimate,
)
from headway.value.models import Bet, Serves
from headway.value.queries import Estimates, estimates_of

from . import Request, add_errors, get_team, toast
from .changes import change_of, follow
from .value_forms import ChampionForm, EstimateForm, PoolForm
from .value_parts import dialog, get_item


def estimates(request: Request, team_key: str, number: int, key_result_id: int) -> HttpResponse:
    """Say alone what an item would move, see what was said, and make it the promise."""
    team, item = get_item(request, team_key, number)
    rows = Serves.objects.select_related("key_result__objective")
    serves = get_object_or_404(rows, item=item, key_result=key_result_id)
    key_result = serves.key_result
    assert key_result is not None
    known = estimates_of(item, key_result, request.actor)
    does = request.POST.get("do", "give") if request.method == "POST" else ""
    form = EstimateForm(request.POST if does == "give" else None, initial=_own(known))
    pool_form = PoolForm(request.POST if does == "promise" else None)
    if does == "withdraw":
        withdrawn = partial(withdraw_estimate, item, by=request.actor, key_result=key_result)
        if _did(request, form, withdrawn, _("Your estimate is withdrawn.")):
            return follow(request, team, "item", team_key=team.key, number=item.number)
    elif does == "promise":
        require(request.actor, "promise_pooled", team)
        if pool_form.is_valid():
            promised = partial(promise_pooled, item, by=request.actor, key_result=key_result, **pool_form.cleaned_data)
            if _did(request, pool_form, promised, _("It is the promise on %(item)s now.") % {"item": item.title}):
                return follow(request, team, "item", team_key=team.key, number=item.number)
    elif does:
        require(request.actor, "estimate_bet", team)
        if form.is_valid():
            given = partial(give_estimate, item, by=request.actor, key_result=key_result, **form.cleaned_data)
            if _did(request, form, given, _("Your estimate is kept. Nobody sees that it is yours.")):
                return follow(request, team, "item", team_key=team.key, number=item.number)
    context = {
        "team": team,
        "item": item,
        "key_result": key_result,
        "known": known,
        "form": form,
        "pool_form": pool_form,
        "is_started": item.category != "todo" or item.started_at is not None,
        "facts": {},
    }
    return dialog(request, "estimates", context, {**form.errors, **pool_form.errors})


def champion(request: Request, team_key: str, bet_id: int) -> HttpResponse:
    """Volunteer to see a bet through, hand it back, ask somebody, or answer to having been asked."""
    team, row = _bet(request, team_key, bet_id)
    require(request.actor, "place_bet", team)
    may_ask = allows(request.actor, "ask_champion", team)
    form = ChampionForm(request.POST or None, people=_askable(team) if may_ask else [])
    acts: dict[str, tuple[Any, str]] = {
        "volunteer": (champion_bet, _("You champion it.")),
        "release": (release_bet, _("You handed it back.")),
        "decline": (decline_champion, _("You declined.")),
    }
    does = request.POST.get("do", "") if request.method == "POST" else ""
    act, message = acts.get(does, (None, ""))
    if does == "ask" and form.is_valid():
        asked = form.cleaned_data["person"]
        person = Person.objects.get(pk=asked) if asked else None
        act = partial(ask_champion, person=person)
        message = _("%(name)s is asked.") % {"name": person.name} if person else _("Nobody is asked any more.")
    if act is not None and _did(request, form, lambda: act(row, by=request.actor), message):
        return follow(request, team, "item", team_key=team.key, number=row.serves.item.number)
    context = {
        "team": team,
        "item": row.serves.item,
        "bet": row,
        "form": form,
        "may_ask": may_ask,
        "is_mine": row.champion_id is not None and row.champion_id == request.actor.person_id,
        "am_asked": row.champion_asked_id is not None and row.champion_asked_id == request.actor.person_id,
    }
    return dialog(request, "champion", context, form.errors if does else None)


def _bet(request: Request, team_key: str, bet_id: int) -> tuple[Team, Bet]:
    team = get_team(request, team_key)
    rows = Bet.objects.select_related(
        "serves__item__team__organisation", "serves__key_result", "champion", "champion_asked"
    )
    return team, get_object_or_404(rows, pk=bet_id, serves__item__team=team, serves__item__removed_at=None)


def _askable(team: Team) -> list[tuple[str, str]]:
    """Return whom a Scrum Master may ask: active members who work on the team's items. One query."""
    here = Membership.objects.filter(organisation=team.organisation_id, deactivated_at=None)
    people = Person.objects.filter(
        team_roles__team=team, team_roles__role__in=VERBS["place_bet"], memberships__in=here, is_active=True
    )
    return [(str(pk), name) for pk, name in people.distinct().order_by("name").values_list("pk", "name")]


def _own(known: Estimates) -> dict[str, Any]:
    if known.own is None:
        return {}
    own = known.own
    return {"low": own.low, "likely": own.likely, "high": own.high, "chance": float(f"{own.chance * 100:.10g}")}


def _did(request: Request, form: Any, act: Any, message: str) -> bool:
    """Do it and say so; where a rule says no, put the sentence at its field and return False."""
    try:
        change = change_of(request, act)
    except ValidationError as error:
        if not form.is_bound:
            toast(request, " ".join(error.messages), tone="bad")
            return True
        add_errors(form, error)
        return False
    if change:  # of an own estimate nobody takes back but by the same dialog
        toast(request, message, change if has_inverse(change.name) else None)
    return True
