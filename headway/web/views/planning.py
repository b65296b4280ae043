"""Orders of the backlog as a whole: saved, looked for, and what would change our mind about the best one."""

from functools import partial
from typing import Any

from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from headway.scrum.actions import Meanwhile, order_items
from headway.scrum.models import Item
from headway.value.queries import Sheet, value_sheet
from headway.value.queries.mind import Mind, departure_in_words, mind_of, nearest, turn_in_words

from . import Request, get_team, go, is_htmx, toast
from .changes import change_of
from .meanwhile import seen_of, tell_meanwhile, told_meanwhile
from .value_parts import amount, backlog_address, order_in


@require_POST
def save_order(request: Request, team_key: str) -> HttpResponse:
    """Put the items of the sheet into the order given, by number: what was tried, or the best order found."""
    team = get_team(request, team_key)
    wanted = order_in(request.POST.get("order"))
    found = {item.number: item for item in Item.objects.open().filter(team=team, number__in=wanted)}
    here = backlog_address(team)
    if not wanted or found.keys() != set(wanted) or len(found) != len(wanted):
        toast(request, _("The backlog has changed since. Look at the order again."), tone="bad")
        return go(request, here)
    items = [found[number] for number in wanted]
    try:
        change = change_of(request, lambda: order_items(team, items, by=request.actor, seen=seen_of(request)))
    except Meanwhile as error:
        tell_meanwhile(request, error, told_meanwhile(items[0], error), _("Save my order nonetheless"))
        return go(request, here)
    except ValidationError as error:
        toast(request, " ".join(error.messages), tone="bad")
        return go(request, here)
    if change is None:
        toast(request, _("The backlog stands in this order already."))
    else:
        moved = len(change.after)
        told = ngettext("%(count)s item has another place.", "%(count)s items have another place.", moved)
        toast(request, told % {"count": moved}, change)
    return go(request, here)


@require_GET
def best_order(request: Request, team_key: str) -> HttpResponse:
    """Look for the best order of a long backlog, which its page does not wait for."""
    team = get_team(request, team_key)
    sheet = _sheet(request, team)
    if sheet.plan is not None and sheet.plan.bets:
        _found = sheet.plan.best
    if not is_htmx(request):
        return go(request, backlog_address(team, raw=sheet.is_raw))
    context = {"sheet": sheet, "team": team, "amount": partial(amount, currency=sheet.currency)}
    return render(request, "value/_orders.html", context)


@require_GET
def mind(request: Request, team_key: str) -> HttpResponse:
    """Say what would change our mind about the best order found."""
    team = get_team(request, team_key)
    sheet = _sheet(request, team)
    found = mind_of(sheet)
    context: dict[str, Any] = {"team": team, "sheet": sheet, "amount": partial(amount, currency=sheet.currency)}
    context |= {"found": found} | (_in_words(sheet, found) if found else {})
    return render(request, "value/_mind.html" if is_htmx(request) else "value/mind.html", context)


def _sheet(request: Request, team: Any) -> Sheet:
    return value_sheet(team, request.actor, raw=request.GET.get("raw") == "1")


def _in_words(sheet: Sheet, found: Mind) -> dict[str, Any]:
    rows = {row.number: row for row in sheet.rows}
    names = {"cd3": _("WSJF (CD3)"), "rice": _("RICE")}
    turns = nearest(found.first)
    told_of = {number for turn in turns for number in (turn.number, turn.other)}
    told_of |= {one.number for told in found.departures.values() for one in told}
    return {
        "named": [(number, rows[number].title) for number in sorted(told_of)],
        "turns": [turn_in_words(turn, rows) for turn in turns],
        "trials": found.find_out,
        "date_costs": [(f"{number} {rows[number].title}", cost) for number, cost in found.date_costs.items()],
        "departures": [
            (names[column], [departure_in_words(one, names[column]) for one in told])
            for column, told in found.departures.items()
        ],
    }
