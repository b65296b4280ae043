"""Bets on items, by hand from the first promise to the verdict."""

from functools import partial
from typing import Any

from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from headway.lib import clock
from headway.live.known import last_change
from headway.okr.models import KeyResult
from headway.people.access import require
from headway.people.models import Team
from headway.scrum.actions import Meanwhile
from headway.scrum.models import Item
from headway.value.actions import change_bet, enter_verdict, place_bet, withdraw_bet, withdraw_verdict
from headway.value.models import Bet, Verdict
from headway.value.queries import ItemPromise, KeyResultChoice, item_promise, key_result_choices, visible_effects

from . import Request, add_errors, get_team, toast
from .changes import change_of, follow
from .meanwhile import refused, seen_of
from .value_forms import BetForm, VerdictForm, WithdrawForm
from .value_parts import amount, dialog, get_item, posted, visible_text


def bet(request: Request, team_key: str, number: int) -> HttpResponse:
    """Place a bet on an item."""
    team, item = get_item(request, team_key, number)
    require(request.actor, "place_bet", team)
    own = item_promise(item, request.actor)
    taken = {line.key_result_id for line in own.promise.key_results if line.bet}
    if request.method == "POST":
        taken.clear()  # where another was faster the form stays, and what is sent again takes the place of their bet
    choices = [row for row in key_result_choices(team, request.actor) if row.can_move and row.id not in taken]
    form = BetForm(posted(request), choices=choices, initial=_first_guess(request, own))
    if request.method == "POST" and choices and form.is_valid():
        given = form.cleaned_data
        key_result = get_object_or_404(KeyResult.objects.visible_to(request.actor), pk=given.pop("key_result"))
        placed: list[Bet] = []

        def act() -> None:
            faster = Bet.objects.filter(serves__item=item, serves__key_result=key_result).first()
            if faster and seen_of(request) is not None:
                placed.append(change_bet(faster, by=request.actor, seen=seen_of(request), **given))
            else:
                placed.append(place_bet(item, by=request.actor, key_result=key_result, **given))

        if _did(request, form, item, act, _("The bet on %(item)s is placed.") % {"item": item.title}):
            for row in placed:
                _warn(request, row)
            return follow(request, team, "item", team_key=team.key, number=item.number)
    context = _context(own, form, choices) | {"bet": None}
    told = _visible(own, [row.id for row in choices]) if choices else {}
    for pk, text in told.items():
        context["facts"][pk]["visible"] = text
    return dialog(request, "bet", context, form.errors)


def edit_bet(request: Request, team_key: str, bet_id: int) -> HttpResponse:
    """Change a bet: freely before work starts, afterwards with a reason."""
    team, row = _bet(request, team_key, bet_id)
    require(request.actor, "place_bet", team)
    key_result = row.serves.key_result
    own = item_promise(row.serves.item, request.actor)
    initial = {
        "low": row.low,
        "likely": row.likely,
        "high": row.high,
        "chance": float(f"{row.chance * 100:.10g}"),
        "lag_weeks": row.lag_weeks,
        "judge_on": row.judge_on,
        "hypothesis": row.hypothesis,
    }
    form = BetForm(posted(request), initial=initial, subject=row)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        changed = partial(change_bet, row, by=request.actor, **given)
        if _did(request, form, own.item, changed, _("The bet on %(item)s is changed.") % {"item": own.item.title}):
            row.refresh_from_db()
            _warn(request, row)
            return follow(request, team, "item", team_key=team.key, number=own.item.number)
    told = _visible(own, [key_result.pk] if key_result else [], row)
    context = _context(own, form, []) | {"bet": row, "key_result": key_result, "visible": "".join(told.values())}
    return dialog(request, "bet", context, form.errors)


def withdraw(request: Request, team_key: str, bet_id: int) -> HttpResponse:
    """Take a bet away; the link stays."""
    team, row = _bet(request, team_key, bet_id)
    require(request.actor, "place_bet", team)
    own = item_promise(row.serves.item, request.actor)
    form = WithdrawForm(posted(request))
    if request.method == "POST" and form.is_valid():
        reason = form.cleaned_data["reason"]
        done = partial(withdraw_bet, row, by=request.actor, reason=reason, seen=seen_of(request))
        if _did(request, form, own.item, done, _("The bet on %(item)s is withdrawn.") % {"item": own.item.title}):
            return follow(request, team, "item", team_key=team.key, number=own.item.number)
    return dialog(request, "withdraw", _context(own, form, []) | {"bet": row}, form.errors)


def verdict(request: Request, team_key: str, bet_id: int) -> HttpResponse:
    """Judge a bet by hand, after delivery."""
    team, row = _bet(request, team_key, bet_id)
    require(request.actor, "judge_bet", team)
    own = item_promise(row.serves.item, request.actor)
    given = Verdict.objects.filter(bet=row).select_related("by").first()
    unit = row.serves.key_result.unit if row.serves.key_result else ""
    initial = {"judged_on": clock.today(), "evidence": 3}
    form = VerdictForm(posted(request), team=team, unit=unit, actor=request.actor, initial=initial)
    if request.method == "POST" and form.is_valid():
        entered = partial(enter_verdict, row, by=request.actor, **form.cleaned_data)
        if _did(request, form, own.item, entered, _("The verdict on %(item)s is recorded.") % {"item": own.item.title}):
            return follow(request, team, "item", team_key=team.key, number=own.item.number)
    priced = next(line for line in own.bets if line.promise.id == row.pk)
    context = _context(own, form, []) | {"bet": row, "priced": priced, "verdict": given}
    return dialog(request, "verdict", context, form.errors)


@require_POST
def unjudge(request: Request, team_key: str, bet_id: int) -> HttpResponse:
    """Take a verdict back, so that the bet can be judged anew."""
    team, row = _bet(request, team_key, bet_id)
    given = get_object_or_404(Verdict.objects.select_related("bet"), bet=row)
    change = change_of(request, lambda: withdraw_verdict(given, by=request.actor))
    toast(request, _("The verdict is withdrawn."), change)
    return follow(request, team, "item", team_key=team.key, number=row.serves.item.number)


def _bet(request: Request, team_key: str, bet_id: int) -> tuple[Team, Bet]:
    team = get_team(request, team_key)
    rows = Bet.objects.select_related("serves__item__team__organisation", "serves__key_result", "by")
    return team, get_object_or_404(rows, pk=bet_id, serves__item__team=team, serves__item__removed_at=None)


def _did(request: Request, form: Any, item: Item, act: Any, message: str) -> bool:
    """Do it and say so; where a rule says no, put the sentence at its field and return False."""
    try:
        change = change_of(request, act)
    except Meanwhile as error:
        return refused(request, form, item, error)
    except ValidationError as error:
        add_errors(form, error)
        return False
    if change:
        toast(request, message, change)
    return True


def _warn(request: Request, row: Bet) -> None:
    for text in row.warnings():
        toast(request, text)


def _first_guess(request: Request, own: ItemPromise) -> dict[str, Any]:
    """Fill in what is known: the Key Result asked for or linked without a bet.

    Without a day to judge it on it is judged four weeks after it is done and shows, whenever that is.
    """
    linked = next((line.key_result_id for line in own.promise.key_results if not line.bet), None)
    return {"key_result": request.GET.get("kr") or linked, "lag_weeks": 0}


def _visible(own: ItemPromise, ids: list[int], row: Bet | None = None) -> dict[int, str]:
    """Say of each Key Result how small an effect can be seen. Two queries."""
    key_results = KeyResult.objects.filter(pk__in=ids)
    judge_on, lag = (row.judge_on, row.lag_weeks) if row else (None, 0)
    wanted = [(key_result, judge_on, lag) for key_result in key_results]
    found = visible_effects(wanted, weeks=own.row.weeks, today=clock.today())
    return {key_result.pk: visible_text(found[key_result.pk], key_result.unit) for key_result in key_results}


def _context(own: ItemPromise, form: Any, choices: list[KeyResultChoice]) -> dict[str, Any]:
    return {
        "team": own.item.team,
        "item": own.item,
        "seen": last_change(own.item.team.organisation_id),
        "own": own,
        "form": form,
        "choices": choices,
        "facts": {row.id: {"unit": _("points") if row.unit == "%" else row.unit, "left": row.left} for row in choices},
        "amount": partial(amount, currency=own.currency),
    }
