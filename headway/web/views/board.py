"""The board: lanes with cards, and what a card can do from there."""

import datetime as dt
from copy import copy
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

from django.core.exceptions import ValidationError
from django.db.models import Q
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.template.loader import render_to_string
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET
from markupsafe import Markup

from headway.agreements.queries import ImpedimentRow, open_impediments
from headway.lib import clock
from headway.lib.prepared import Prepared
from headway.live.known import Aspect, remembered
from headway.live.models import Change
from headway.okr.models import KeyResult
from headway.okr.queries import KeyResultRow, key_result_rows
from headway.people.access import allows
from headway.people.models import Team
from headway.scrum import actions, queries
from headway.scrum.actions import Meanwhile
from headway.scrum.models import Category, Column, Item, Sprint
from headway.value.queries import delivered_share, promises_for
from headway.value.queries.effort import history_of

from ..board_cards import drawn_with
from ..burn_up_chart import ahead_of, chart_of
from ..live import AGREED, GOALS, WORK, Follows, Pace, Per, live
from ..shared_renders import CSRF_SLOT, shared, with_csrf
from . import Request, back, get_team, is_htmx, own_referer, toast, trigger
from .changes import change_of, last_to_change, told_by_stream
from .meanwhile import seen_now, seen_of, tell_meanwhile, told_meanwhile

PULLED_FROM = 12


@dataclass(frozen=True)
class Aim:
    """The Key Result that the Sprint Goal names, with the shares of its pair (0–1)."""

    key_result: KeyResultRow
    delivered: float | None


@live(
    page=Follows({"sprint", "team", "column", "columns"}, Per.TEAM),
    part=Follows(WORK | {"key_result", "person"}, Per.TEAM, Pace.QUICK, verbs=("write_item", "order_backlog")),
)
@require_GET
def board(request: Request, team_key: str) -> HttpResponse:
    """Show the board of the Sprint that runs, of another one (`sprint=3`), or of everything (`sprint=all`).

    Over htmx the lanes alone.
    """
    team = get_team(request, team_key)
    sprint = _asked_sprint(request.GET.get("sprint"), team)
    lanes = _lanes(request, team, sprint)
    if is_htmx(request):
        return HttpResponse(lanes)
    aim, beside = _beside(request, team, sprint)
    context = {
        "team": team,
        "sprint": sprint,
        "scope": _scope(sprint),
        "head": queries.sprint_head(sprint, team) if sprint else None,
        "can_write": allows(request.actor, "write_item", team),
        "shown_by_choice": sprint is None and _current_sprint(team) is not None,
        "lanes_part": lanes,
        "aim_part": aim,
        "aside_part": beside,
    }
    return render(request, "board/board.html", context)


@live(part=Follows(WORK | GOALS | AGREED, Per.TEAM, verbs=()))
@require_GET
def aside(request: Request, team_key: str) -> HttpResponse:
    """Show what stands beside the lanes, and the pair of the goal, after a card has moved."""
    team = get_team(request, team_key)
    sprint = _asked_sprint(request.GET.get("sprint"), team)
    aim, beside = _beside(request, team, sprint, is_part=True)
    return HttpResponse(beside + aim)


def move(request: Request, team_key: str, number: int) -> HttpResponse:
    """Move a card: ask where to, or do it. `before`/`after` name the card next to it by number.

    `from` is the column that the card was seen in: where somebody has put it elsewhere meanwhile it stays there, and
    whoever moves it is asked.
    """
    side = "before" if request.POST.get("before") else "after"
    team = get_team(request, team_key)
    item, beside = _pair(request, team, number, whole(request.POST.get(side)))
    if request.method != "POST":
        return answer(request, "board/_move.html", _move_context(request, team, item))
    wanted = whole(request.POST.get("column"))
    column = next((column for column in queries.columns_of(team) if column.pk == wanted), None)
    if column is None:
        raise Http404
    was, change = item.column, None
    place: Any = {side: beside} if beside is not None and _may_order(request, item, column) else {}
    seen_in = whole(request.POST.get("from")) or None
    try:
        change = change_of(
            request,
            lambda: actions.move_item(
                item, to=column, by=request.actor, seen_in=seen_in, seen=seen_of(request), **place
            ),
        )
    except Meanwhile as error:
        item = item_of(request, team_key, number)[1]
        tell_meanwhile(request, error, _told_elsewhere(item, column, error), _("Move it nonetheless"))
        return show_lanes(request, team, {seen_in or was.pk, was.pk, item.column_id, column.pk})
    except ValidationError as error:
        toast(request, " ".join(error.messages), tone="bad")
    else:
        if change:
            toast(request, _told_move(request, team, item, was, column), change)
    return show_lanes(request, team, {was.pk, column.pk}, change)


def block(request: Request, team_key: str, number: int) -> HttpResponse:
    """Say what is in the way of an item, or that it is free again."""
    team, item = item_of(request, team_key, number)
    context: dict[str, Any] = {"team": team, "item": item, "reason": item.blocked_because, "error": ""}
    if request.method != "POST":
        return answer(request, "board/_block.html", context)
    was = request.POST.get("was", item.blocked_because)
    if was != item.blocked_because and request.POST.get("because", "").strip() != item.blocked_because:
        told = _("%(who)s changed this meanwhile to “%(value)s”. Save again to put yours in its place.")
        given = {"who": last_to_change(item, "blocked_because"), "value": item.blocked_because or "–"}
        context |= {"reason": request.POST.get("because", ""), "error": told % given}
        return answer(request, "board/_block.html", context, status=422)
    try:
        if "free" in request.POST:
            change = change_of(request, lambda: actions.unblock_item(item, by=request.actor))
            message = _("%(item)s is free again.")
        else:
            because = request.POST.get("because", "")
            change = change_of(request, lambda: actions.block_item(item, because=because, by=request.actor))
            message = _("%(item)s is blocked.")
    except ValidationError as error:
        context |= {"reason": request.POST.get("because", ""), "error": " ".join(error.messages)}
        return answer(request, "board/_block.html", context, status=422)
    if change:
        toast(request, message % {"item": item.key}, change)
    return show_lanes(request, team, {item.column_id}, change)


def pull(request: Request, team_key: str) -> HttpResponse:
    """Take the next items of the backlog into the Sprint."""
    team = get_team(request, team_key)
    sprint = queries.current_sprint(team)
    if sprint is None:
        raise Http404
    if request.method != "POST":
        rows = [row for row in queries.backlog_rows(team, request.actor) if row.sprint_id is None]
        rows = [row for row in rows if row.category == Category.TODO][:PULLED_FROM]
        promises = promises_for(row.id for row in rows)
        context = {"team": team, "sprint": sprint, "rows": rows, "promises": promises, "seen": seen_now(request)}
        return answer(request, "board/_pull.html", context)
    item = _item(request, team, whole(request.POST.get("item")))
    return plan_into(request, team, item, sprint)


# Shared with the pages of items


def plan_into(request: Request, team: Team, item: Item, sprint: Sprint | None) -> HttpResponse:
    """Put an item into a Sprint, or (None) back into the backlog, unless somebody did otherwise meanwhile."""
    seen, change = seen_of(request), None
    try:
        if sprint is not None:
            change = change_of(request, lambda: actions.add_to_sprint(item, sprint, by=request.actor, seen=seen))
            message = _("%(item)s is in %(sprint)s.") % {"item": item.key, "sprint": sprint.name}
        else:
            change = change_of(request, lambda: actions.take_out_of_sprint(item, by=request.actor, seen=seen))
            message = _("%(item)s is back in the backlog.") % {"item": item.key}
    except Meanwhile as error:
        tell_meanwhile(request, error, told_meanwhile(item, error), _("Do it nonetheless"))
    except ValidationError as error:
        toast(request, " ".join(error.messages), tone="bad")
    else:
        if change:
            toast(request, message, change)
    return show_lanes(request, team, {item.column_id}, change)


def item_of(request: Request, team_key: str, number: int) -> tuple[Team, Item]:
    """Return the team and its item, removed or not; absent (404) for whoever may not see them."""
    team = get_team(request, team_key)
    return team, _item(request, team, number)


def answer(request: Request, inside: str, context: dict[str, Any], status: int = 200) -> HttpResponse:
    """Answer with the inside of a dialog over htmx, else with a page around it."""
    if is_htmx(request):
        return render(request, inside, context, status=status)
    return render(request, "items/dialog.html", context | {"inside": inside}, status=status)


def show_lanes(request: Request, team: Team, columns: set[int], change: Change | None = None) -> HttpResponse:
    """Show what `change` did. A board is told by its stream; where nothing changed it gets its lanes of these columns.

    Any other page is loaded again.
    """
    if not is_htmx(request) or "/board/" not in own_referer(request):
        return back(request, "board", team_key=team.key)
    if change is not None:
        return told_by_stream(change)
    context = _lanes_context(request, team, _sprint_shown(request, team))
    context["lanes"] = [lane for lane in context["lanes"] if lane.id in columns]
    as_it_is = with_csrf(request, render_to_string("board/_changed.html", context | {"csrf_input": CSRF_SLOT}))
    return trigger(HttpResponse(as_it_is), **{"value-changed": True})


def whole(text: str | None) -> int:
    """Read a number that an address or a form names; 0 for anything else."""
    return int(text) if text and text.isdecimal() and len(text) < 10 else 0


# Below


_PAIR = Prepared(
    lambda team, number, other: Item.objects.filter(Q(number=number) | Q(number=other), team=team).select_related(
        "column", "sprint"
    ),
    *(int, int, int),
)
_NEXT = Prepared(
    lambda team: (
        Item.objects.open()
        .filter(team=team, sprint=None, category=Category.TODO)
        .in_order()
        .values_list("number", "title")[:1]
    ),
    int,
)


def _item(request: Request, team: Team, number: int) -> Item:
    """Return an item of a team that the viewer may see; else 404."""
    return _pair(request, team, number, 0)[0]


def _pair(request: Request, team: Team, number: int, other: int) -> tuple[Item, Item | None]:
    """Return an item of a team, and the one of another number that is there too; 404 without the first. One query."""
    is_visible = team.organisation_id == request.actor.organisation_id
    found = {row.number: row for row in _PAIR.all(team.pk, number, other)} if is_visible else {}
    if number not in found:
        raise Http404
    for row in found.values():
        row.team = team
    beside = found.get(other) if other != number else None
    return found[number], beside if beside and beside.removed_at is None else None


def _asked_sprint(asked: str | None, team: Team) -> Sprint | None:
    """Return the Sprint asked for by number; without an answer the one that runs; None for everything."""
    if asked == "all":
        return None
    if asked:
        return get_object_or_404(Sprint, team=team, number=whole(asked))
    return _current_sprint(team)


def _current_sprint(team: Team) -> Sprint | None:
    """Return the Sprint that runs, for reading only. One query, where it is not remembered."""
    found = remembered(
        ("current sprint", team.pk),
        lambda: queries.current_sprint(team),
        organisation_id=team.organisation_id,
        rests_on=Aspect.FRAME,
    )
    if found is not None:
        found = copy(found)
        found.team = team
    return found


def _sprint_shown(request: Request, team: Team) -> Sprint | None:
    """Return the Sprint of the board that a request came from."""
    asked = parse_qs(urlsplit(own_referer(request)).query).get("sprint")
    return _asked_sprint(asked[0] if asked else None, team)


def _scope(sprint: Sprint | None) -> str:
    return str(sprint.number) if sprint else "all"


def _lanes(request: Request, team: Team, sprint: Sprint | None) -> Markup:
    """Return the lanes as HTML, drawn once for all who may do the same."""
    return shared(
        request,
        "board/_lanes.html",
        lambda: _lanes_context(request, team, sprint),
        team=team,
        for_whom=(_scope(sprint), _rights(request, team, sprint)),
    )


def _rights(request: Request, team: Team, sprint: Sprint | None) -> tuple[bool, bool]:
    """Say whether the viewer may write items here, and order them."""
    verb = "write_item" if _runs(sprint) else "order_backlog"
    return allows(request.actor, "write_item", team), allows(request.actor, verb, team)


def _runs(sprint: Sprint | None) -> bool:
    return sprint is not None and sprint.started_at is not None and sprint.closed_at is None


def _lanes_context(request: Request, team: Team, sprint: Sprint | None) -> dict[str, Any]:
    lanes = queries.lanes_of(team, sprint, request.actor)
    ids = tuple(sorted(card.id for lane in lanes for card in lane.cards))
    promises = remembered(
        ("promises", ids),
        lambda: promises_for(ids),
        organisation_id=team.organisation_id,
        rests_on=Aspect.PROMISES,
        team_id=team.pk,
    )
    columns = tuple((column.pk, column.name) for column in queries.columns_of(team))
    can_write, can_order = _rights(request, team, sprint)
    runs = _runs(sprint)
    return {
        "team": team,
        "scope": _scope(sprint),
        "lanes": lanes,
        "card": drawn_with(promises, columns=columns, team_key=team.key, can_write=can_write),
        "can_write": can_write,
        "can_order": can_order,
        "runs": runs,
        "next_up": _next_up(team) if runs else None,
        "is_changed": False,
    }


def _beside(request: Request, team: Team, sprint: Sprint | None, *, is_part: bool = False) -> tuple[Markup, Markup]:
    """Return the pair of the Sprint Goal and what stands beside the lanes as HTML, drawn once for all.

    Neither knows anything of columns and order: most moves of a card change nothing here.
    """
    today = clock.today()
    # A Key Result may be served by the work of several teams.
    aim = shared(
        request,
        "board/_aim.html",
        lambda: {"team": team, "sprint": sprint, "is_part": is_part, "aim": _aim(team, sprint, today)},
        team=team,
        for_whom=(_scope(sprint), is_part),
        rests_on=(Aspect.STATES, Aspect.SIZES, Aspect.PROMISES),
        of_any_team=True,
    )
    # Where nothing has happened for long, the forecast rests on whether anything has.
    is_stale = sprint is not None and sprint.closed_at is None and history_of(team, today).is_stale
    beside = shared(
        request,
        "board/_aside.html",
        lambda: _aside_context(team, sprint, today),
        team=team,
        for_whom=(_scope(sprint), is_stale),
        rests_on=Aspect.WORK if is_stale else (Aspect.SCOPE, Aspect.PAST),
    )
    return aim, beside


def _aside_context(team: Team, sprint: Sprint | None, today: dt.date) -> dict[str, Any]:
    burn_up = queries.burn_up(sprint) if sprint else None
    is_current = sprint is not None and sprint.closed_at is None
    ahead = ahead_of(team, sprint, burn_up) if sprint and burn_up and is_current else None
    impediments, numbers = remembered(
        ("open impediments", team.pk),
        lambda: _impediments(team, today),
        organisation_id=team.organisation_id,
        rests_on=Aspect.FRAME,
    )
    return {
        "team": team,
        "burn_up": burn_up,
        "chart": chart_of(burn_up, ahead) if burn_up else None,
        "ahead": ahead,
        "impediments": impediments,
        "blocked_items": numbers,
    }


def _impediments(team: Team, today: dt.date) -> tuple[list[ImpedimentRow], dict[int, int]]:
    """Return what stands in the way, and the numbers of the items that it stops. Two queries."""
    rows = open_impediments(team, today=today)
    return rows, _keys_of(team, {row.item_id for row in rows if row.item_id})


def _aim(team: Team, sprint: Sprint | None, today: dt.date) -> Aim | None:
    if sprint is None:
        return None
    rows = remembered(
        ("aims of a Sprint", sprint.pk),
        lambda: key_result_rows(KeyResult.objects.filter(sprint_aims__sprint=sprint), today=today),
        organisation_id=team.organisation_id,
        rests_on=Aspect.FRAME,
    )
    if not rows:
        return None
    return Aim(rows[0], delivered_share([rows[0].id])[rows[0].id].share)


def _next_up(team: Team) -> Item | None:
    """Return number and title of what would be pulled next: the first item to do that is in no Sprint."""
    found = _NEXT.first(team.pk)
    return Item(team=team, number=found[0], title=found[1]) if found else None


def _keys_of(team: Team, item_ids: set[int]) -> dict[int, int]:
    return dict(Item.objects.filter(team=team, pk__in=item_ids).values_list("pk", "number"))


def _may_order(request: Request, item: Item, to: Column) -> bool:
    """Say whether the viewer may say where an item stands in a column, and order is what that lane shows."""
    verb = "write_item" if item.sprint is not None and _runs(item.sprint) else "order_backlog"
    return to.category != Category.DONE and allows(request.actor, verb, item)


def _told_move(request: Request, team: Team, item: Item, was: Column, to: Column) -> str:
    if was == to:
        return _("%(item)s has a new place.") % {"item": item.key}
    if to.limit:
        sprint = _sprint_shown(request, team)
        held = Item.objects.active().filter(column=to, **({"sprint": sprint} if sprint else {})).count()
        if held > to.limit:
            told = _("%(item)s is in “%(column)s”, which now holds %(count)s; its limit is %(limit)s.")
            return told % {"item": item.key, "column": to.name, "count": held, "limit": to.limit}
    return _("%(item)s is in “%(column)s”.") % {"item": item.key, "column": to.name}


def _told_elsewhere(item: Item, to: Column, error: Meanwhile) -> str:
    """Say who put a card elsewhere than where it was seen, or gave it another place."""
    if error.change is not None:
        return told_meanwhile(item, error)
    given = {"who": last_to_change(item, "column"), "item": item.key, "column": item.column.name}
    if error.is_done:
        return _("%(who)s has already put %(item)s into “%(column)s”.") % given
    return _("%(who)s put %(item)s into “%(column)s” meanwhile; it stays there.") % given


def _move_context(request: Request, team: Team, item: Item) -> dict[str, Any]:
    sprints = Sprint.objects.filter(team=team, closed_at=None)
    return {
        "team": team,
        "item": item,
        "columns": list(Column.objects.filter(team=team)),
        "sprints": [sprint for sprint in sprints if _may_fill(request, sprint)],
        "can_write": allows(request.actor, "write_item", team),
        "seen": seen_now(request),
        "may_leave": item.sprint is not None and item.sprint.closed_at is None and _may_fill(request, item.sprint),
    }


def _may_fill(request: Request, sprint: Sprint) -> bool:
    return allows(request.actor, "write_item" if sprint.started_at else "plan_sprint", sprint)
