"""The value sheet: the order of the backlog, why an item stands where it does, and what is not now."""

from functools import partial
from typing import Any
from urllib.parse import urlencode

from django.core.exceptions import ValidationError
from django.db.models import Q
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from headway.lib.prepared import Prepared
from headway.live.known import Aspect, remembered
from headway.people.access import allows
from headway.people.models import Role, Team, TeamRole
from headway.scrum.actions import Meanwhile, rank_item
from headway.scrum.models import Category, Item
from headway.value.actions import bring_back, mark_told, shelve
from headway.value.models import NotNow
from headway.value.queries import (
    KeyResultChoice,
    Row,
    Sheet,
    SprintLine,
    item_promise,
    key_result_choices,
    rank_in_sheet,
    rest_of_backlog,
    value_sheet,
)
from headway.value.queries.mind import turn_in_words, turns_about

from ..backlog_rows import drawn_priced, drawn_rest
from ..live import GOALS, WORK, Follows, Pace, Per, live
from ..shared_renders import CSRF_SLOT, shared, with_csrf
from . import Request, add_errors, get_team, is_htmx, toast
from .changes import change_of, follow, last_to_change
from .meanwhile import refused, seen_now, seen_of, tell_meanwhile, told_meanwhile
from .proposals import bar_context
from .value_forms import NotNowForm, RankForm
from .value_parts import amount, asked_of, backlog_address, dialog, get_item, number_in, posted

ROWS_A_PAGE = 200

_PAIR = Prepared(
    lambda team, number, other: Item.objects.active().filter(Q(number=number) | Q(number=other), team=team),
    *(int, int, int),
)


@live(
    page=Follows({"role", "roles", "team"}, Per.TEAM),
    part=Follows(WORK | GOALS | {"person"}, Per.TEAM, Pace.QUICK),
)
@require_GET
def backlog(request: Request, team_key: str) -> HttpResponse:
    """Show the value sheet and a page of what has no price; over htmx without the frame around it."""
    team = get_team(request, team_key)
    verbs = ("order_backlog", "link_item", "place_bet", "propose_order")
    rights = tuple(allows(request.actor, verb, team) for verb in verbs)
    is_part, asked = is_htmx(request), asked_of(request)
    drawn = partial(_backlog_context, request, team, asked)
    template = "value/_sheet.html" if is_part else "value/_backlog.html"
    if asked["q"] or asked["order"]:  # what one person seeks or tries is not kept for others
        body = with_csrf(request, render_to_string(template, drawn() | {"csrf_input": CSRF_SLOT}))
    else:
        body = shared(request, template, drawn, team=team, for_whom=(request.get_full_path(), is_part, rights))
    if is_part:
        return HttpResponse(body)
    context = {"team": team, "body": body, "can_order": rights[0], "orders": _who_orders(team)}
    return render(request, "value/backlog.html", context)


def _backlog_context(request: Request, team: Team, asked: dict[str, Any]) -> dict[str, Any]:
    sheet, is_stale = _asked_sheet(request, team, asked)
    rows = [row for row in sheet.rows if _is_asked(row, team, asked)] if asked["show"] != "unlinked" else []
    pages = max(1, -(-len(rows) // ROWS_A_PAGE))
    page = min(number_in(request.GET.get("now"), 1), pages)
    rest = None
    if asked["show"] != "priced":
        rest = rest_of_backlog(
            team,
            sheet,
            page=number_in(request.GET.get("page"), 1),
            text=asked["q"],
            unlinked=asked["show"] == "unlinked",
            key_result_id=asked["kr"],
        )
    # Reversing an address for each of hundreds of rows costs more than the rows: one, and the number in it.
    items_at = reverse("item", kwargs={"team_key": team.key, "number": 0})[:-2]
    return (
        _sheet_context(sheet)
        | bar_context(request, team, sheet)
        | {
            "rest_row": drawn_rest(sheet, items_at),
            "priced_row": drawn_priced(sheet, items_at, asked["cols"]),
            "lines": _lines(sheet),
            "is_stale": is_stale,
            "seen": seen_now(request) if sheet.is_tried else 0,
            "try_at": _address(team, asked, "order"),
            "page_at": _address(team, asked, "now").rpartition("/")[2],
            "rows": rows[(page - 1) * ROWS_A_PAGE : page * ROWS_A_PAGE],
            "now_page": page,
            "now_pages": pages,
            "rest": rest,
            "asked": asked,
            "choices": _choices(request, team),
            "orders": _who_orders(team),
            "address": request.get_full_path(),
            "is_part": is_htmx(request),
        }
    )


def _asked_sheet(request: Request, team: Team, asked: dict[str, Any]) -> tuple[Sheet, bool]:
    """Return the sheet in the order that is tried; in the present one, and so said, where that names other items."""
    if asked["order"]:
        try:
            return value_sheet(team, request.actor, raw=asked["raw"], order=asked["order"]), False
        except ValueError:
            pass
    return value_sheet(team, request.actor, raw=asked["raw"]), bool(asked["order"])


def _lines(sheet: Sheet) -> dict[int, list[tuple[int, SprintLine]]]:
    """Return the lines of the coming Sprints by the row that they stand under; below the last row only the first."""
    found: dict[int, list[tuple[int, SprintLine]]] = {}
    for at, line in enumerate(sheet.capacity.lines if sheet.capacity else ()):
        if at == 0 or (line.rows < len(sheet.rows) and line.rows not in found):
            found.setdefault(line.rows, []).append((at, line))
    return found


def _address(team: Team, asked: dict[str, Any], ends_with: str) -> str:
    """Return the sheet's address with what is asked for, to which the value of a last field is put."""
    kept = {name: asked[name] for name in ("q", "kr", "show") if asked[name]} | {"col": asked["cols"]}
    if asked["raw"]:
        kept["raw"] = "1"
    if asked["order"] and ends_with != "order":
        kept["order"] = ".".join(map(str, asked["order"]))
    return f"{backlog_address(team)}?{urlencode(kept | {ends_with: ''}, doseq=True)}"


@require_GET
def why(request: Request, team_key: str, number: int) -> HttpResponse:
    """Say why an item has its rank: the figures behind the row, and what can be done about it."""
    team, item = get_item(request, team_key, number)
    sheet = value_sheet(team, request.actor)
    rows = {row.number: row for row in sheet.rows}
    context = _sheet_context(sheet) | {
        "item": item,
        "row": sheet.row(item.pk),
        "best_rank": _best_rank(sheet, item.number),
        "turns": [turn_in_words(turn, rows) for turn in turns_about(sheet, item.number)],
        "own": item_promise(item, request.actor),
        "shelved": next((row for row in sheet.not_now if row.item_id == item.pk), None),
        "orders": _who_orders(team),
    }
    return dialog(request, "why", context)


@require_POST
def rank(request: Request, team_key: str, number: int) -> HttpResponse:
    """Put an item before or after another one (by number): what a drag and Alt with an arrow send.

    Where somebody has given it another place meanwhile, or planned it or put it aside, it stays there.
    """
    team, side = get_team(request, team_key), "before" if "before" in request.POST else "after"
    wanted = number_in(request.POST.get(side), 0)
    found = {row.number: row for row in _PAIR.all(team.pk, number, wanted)}
    item, other = found.get(number), found.get(wanted)
    if item is None or other is None or other == item or other.category == Category.DONE:
        raise Http404
    item.team = team
    beside: Any = {side: other}
    try:
        change = change_of(request, lambda: rank_item(item, by=request.actor, seen=seen_of(request), **beside))
    except Meanwhile as error:
        tell_meanwhile(request, error, told_meanwhile(item, error), _("Put it here nonetheless"))
        return follow(request, team)
    except ValidationError as error:
        toast(request, " ".join(error.messages), tone="bad")
        return follow(request, team)
    if change:
        told = (
            _("%(item)s now stands before %(other)s.")
            if side == "before"
            else _("%(item)s now stands after %(other)s.")
        )
        toast(request, told % {"item": item.title, "other": other.title}, change)
    return follow(request, team, change=change)


def move(request: Request, team_key: str, number: int) -> HttpResponse:
    """Ask for a rank and put the item there: every drag has a key."""
    team, item = get_item(request, team_key, number)
    sheet = value_sheet(team, request.actor)
    row = sheet.row(item.pk)
    form = RankForm(posted(request), initial={"rank": row.rank if row else 1})
    can_order = allows(request.actor, "order_backlog", team)
    if request.method == "POST" and form.is_valid():
        try:
            change = change_of(request, lambda: _put_at(request, sheet, item, form.cleaned_data["rank"]))
        except Meanwhile as error:
            if refused(request, form, item, error):
                return follow(request, team)
        else:
            if change:
                _tell_rank(request, team, item, change)
            return follow(request, team, change=change)
    context = {"team": team, "item": item, "row": row, "sheet": sheet, "form": form, "can_order": can_order}
    return dialog(request, "move", context | {"orders": _who_orders(team), "seen": seen_now(request)}, form.errors)


def not_now(request: Request, team_key: str, number: int) -> HttpResponse:
    """Put an item on the shelf, with its reason."""
    team, item = get_item(request, team_key, number)
    form = NotNowForm(posted(request))
    if request.method == "POST" and form.is_valid():
        try:
            given = form.cleaned_data | {"seen": seen_of(request)}
            change = change_of(request, lambda: shelve(item, by=request.actor, **given))
        except Meanwhile as error:
            if refused(request, form, item, error):
                return follow(request, team)
        except ValidationError as error:
            add_errors(form, error)
        else:
            if change:
                toast(request, _("Not now: %(item)s.") % {"item": item.title}, change)
            return follow(request, team, change=change)
    own = item_promise(item, request.actor)
    context = {"team": team, "item": item, "own": own, "form": form, "orders": _who_orders(team)}
    context["seen"] = seen_now(request)
    return dialog(request, "not_now", context | {"amount": partial(amount, currency=own.currency)}, form.errors)


@require_POST
def back_to_now(request: Request, team_key: str, number: int) -> HttpResponse:
    """Take an item off the shelf, to the place in the order that it had."""
    team, item = get_item(request, team_key, number)
    change = change_of(request, lambda: bring_back(item, by=request.actor))
    if change:
        toast(request, _("Back in the order: %(item)s.") % {"item": item.title}, change)
    else:
        told = _("%(who)s has already brought %(item)s back.")
        toast(request, told % {"who": last_to_change(item), "item": item.key})
    return follow(request, team, change=change)


@require_POST
def told(request: Request, team_key: str, not_now_id: int) -> HttpResponse:
    """Note that whoever asked was told today."""
    team = get_team(request, team_key)
    lying = get_object_or_404(NotNow.objects.select_related("item__team"), pk=not_now_id, item__team=team)
    try:
        change = change_of(request, lambda: mark_told(lying, by=request.actor))
    except ValidationError as error:
        toast(request, " ".join(error.messages), tone="bad")
    else:
        if change:
            toast(request, _("%(name)s was told.") % {"name": lying.asked_by}, change)
    return follow(request, team)


def _choices(request: Request, team: Team) -> list[KeyResultChoice]:
    return remembered(
        ("Key Results to choose", team.pk),
        lambda: key_result_choices(team, request.actor),
        organisation_id=team.organisation_id,
        rests_on=Aspect.FRAME,
    )


def _sheet_context(sheet: Sheet) -> dict[str, Any]:
    return {"sheet": sheet, "team": sheet.team, "amount": partial(amount, currency=sheet.currency)}


def _best_rank(sheet: Sheet, number: int) -> int | None:
    """Return the rank in the best order found; None where it is not at hand, or the item not in it."""
    if sheet.plan is None or not sheet.plan.bets or not sheet.plan.is_quick or number not in sheet.plan.best.order:
        return None
    return sheet.plan.best.order.index(number) + 1


def _is_asked(row: Row, team: Team, asked: dict[str, Any]) -> bool:
    if asked["kr"] and asked["kr"] not in {bet.key_result_id for bet in row.bets}:
        return False
    text = asked["q"].casefold()
    words = text.upper().removeprefix(f"{team.key}-").removeprefix("#")
    return not text or words == str(row.number) or all(word in row.title.casefold() for word in text.split())


def _put_at(request: Request, sheet: Sheet, item: Item, rank: int) -> None:
    """Put an item where the row of that rank stands; behind the last where there are fewer."""
    rows = [row for row in sheet.rows if row.item_id != item.pk]
    put = partial(rank_item, item, by=request.actor, seen=seen_of(request))
    if not rows:
        put(at_top=True)
        return
    items = Item.objects.select_related("team")
    if rank <= len(rows):
        put(before=items.get(pk=rows[rank - 1].item_id))
    else:
        put(after=items.get(pk=rows[-1].item_id))


def _tell_rank(request: Request, team: Team, item: Item, change: Any) -> None:
    place = rank_in_sheet(team, item.pk)
    if place is not None:
        toast(request, _("%(item)s is now rank %(rank)s.") % {"item": item.title, "rank": place}, change)
    else:
        toast(request, _("%(item)s was moved.") % {"item": item.title}, change)


def _who_orders(team: Team) -> str:
    def names() -> str:
        rows = TeamRole.objects.filter(team=team, role=Role.PRODUCT_OWNER).order_by("person__name")
        return ", ".join(row.person.first_name for row in rows.select_related("person"))

    return remembered(
        ("who orders", team.pk), names, organisation_id=team.organisation_id, rests_on=Aspect.FRAME, team_id=team.pk
    )
