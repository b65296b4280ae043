"""Focus proposals: the order that the Scrum Master puts to the Product Owner, and what became of it."""

from collections.abc import Sequence
from functools import partial
from typing import Any

from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from headway.lib import clock
from headway.live.known import Aspect, remembered
from headway.people.access import allows, require
from headway.people.models import Team
from headway.scrum.models import Item
from headway.value import telling
from headway.value.actions import Stale, accept_proposal, decline_proposal, propose_order, withdraw_proposal
from headway.value.models import FocusProposal
from headway.value.queries import Sheet, value_sheet
from headway.value.queries.focus import Figures, best_order_of, figures_of, fitted, order_of, since
from headway.value.queries.focus_outcome import compared

from ..live import AGREED, GOALS, WORK, Follows, Per, live
from . import Request, add_errors, get_team, toast
from .changes import change_of
from .value_forms import DeclineForm, ProposalForm
from .value_parts import number_in, order_in, posted

A_PAGE = 50


@live(page=Follows({"focus_proposal"}, Per.TEAM))
@require_GET
def proposals(request: Request, team_key: str) -> HttpResponse:
    """List what was proposed to the Product Owner, the newest first, and what became of it."""
    team = get_team(request, team_key)
    rows = FocusProposal.objects.filter(team=team).select_related("by", "decided_by", "sprint", "cycle")
    page = Paginator(rows, A_PAGE).get_page(number_in(request.GET.get("page"), 1))
    context = {
        "team": team,
        "page": page,
        "rows": [(row, Figures.read(row.facts)) for row in page],
        "waiting": next((row for row in page if row.is_open), None),
        "can_propose": allows(request.actor, "propose_order", team),
        "telling": telling,
    }
    return render(request, "proposals/proposals.html", context)


def new(request: Request, team_key: str) -> HttpResponse:
    """Put an order together and propose it: the best one found to begin with, or the one of the address."""
    team = get_team(request, team_key)
    require(request.actor, "propose_order", team)
    sheet = value_sheet(team, request.actor)
    order = _order_posted(request, sheet) or _order_asked(request, sheet) or best_order_of(sheet)
    form = ProposalForm(posted(request) if "propose" in request.POST else None, initial=request.POST.dict())
    if request.method == "POST" and form.is_valid():
        try:
            given = {"by": request.actor, "order": order, "reason": form.cleaned_data["reason"]}
            change = change_of(request, partial(propose_order, team, **given))
        except ValidationError as error:
            add_errors(form, error)
        else:
            toast(request, _("Proposed. The Product Owner decides."), change)
            return _to(FocusProposal.objects.open().get(team=team))
    waiting = FocusProposal.objects.open().filter(team=team).select_related("by").first()
    context = _order_context(sheet, order) | {"team": team, "form": form, "waiting": waiting, "of": None}
    return render(request, "proposals/order.html", context, status=422 if form.errors else 200)


@live(page=Follows(WORK | GOALS | AGREED, Per.TEAM))
@require_GET
def proposal(request: Request, team_key: str, proposal_id: int) -> HttpResponse:
    """Show one proposal: its order and figures, what happened since, the decision, and what was measured."""
    team, row = _get(request, team_key, proposal_id)
    return render(request, "proposals/proposal.html", _context(request, team, row) | {"form": DeclineForm()})


@require_POST
def accept(request: Request, team_key: str, proposal_id: int) -> HttpResponse:
    """Rank the backlog as proposed; where something changed since, only what its reader has seen of that."""
    _team, row = _get(request, team_key, proposal_id)
    seen = request.POST.get("seen", "")
    return _decided(request, row, partial(accept_proposal, row, by=request.actor, seen=seen))


def change(request: Request, team_key: str, proposal_id: int) -> HttpResponse:
    """Change the order first, then accept it."""
    team, row = _get(request, team_key, proposal_id)
    require(request.actor, "order_backlog", team)
    if not row.is_open:
        return _to(row)
    sheet = value_sheet(team, request.actor)
    happened = since(row, sheet)
    order = _order_posted(request, sheet) or _order_asked(request, sheet) or fitted(row.order, order_of(sheet))
    form = ProposalForm(posted(request) if "accept" in request.POST else None, initial=request.POST.dict())
    form.fields["reason"].required = False
    if request.method == "POST" and form.is_valid():
        given: dict[str, Any] = {"order": order, "because": form.cleaned_data["reason"]}
        given["seen"] = request.POST.get("seen", "")
        try:
            made = change_of(request, partial(accept_proposal, row, by=request.actor, **given))
        except ValidationError as error:
            add_errors(form, error)
        else:
            toast(request, _("The backlog is in this order now."), made)
            return _to(row)
    context = _order_context(sheet, order) | {"team": team, "form": form, "of": row, "since": happened}
    return render(request, "proposals/order.html", context, status=422 if form.errors else 200)


def decline(request: Request, team_key: str, proposal_id: int) -> HttpResponse:
    """Leave the order as it is, and say why."""
    team, row = _get(request, team_key, proposal_id)
    require(request.actor, "order_backlog", team)
    form = DeclineForm(posted(request))
    if request.method == "POST" and form.is_valid():
        try:
            made = change_of(request, partial(decline_proposal, row, by=request.actor, **form.cleaned_data))
        except ValidationError as error:
            add_errors(form, error)
        else:
            toast(request, _("Declined. The order stays as it is."), made)
            return _to(row)
    context = _context(request, team, row) | {"form": form}
    return render(request, "proposals/proposal.html", context, status=422 if form.errors else 200)


@require_POST
def withdraw(request: Request, team_key: str, proposal_id: int) -> HttpResponse:
    """Take a proposal back."""
    _team, row = _get(request, team_key, proposal_id)
    return _decided(request, row, partial(withdraw_proposal, row, by=request.actor))


@live(part=Follows(WORK, Per.TEAM))
@require_GET
def bar(request: Request, team_key: str) -> HttpResponse:
    """What waits for the Product Owner, over the value sheet."""
    team = get_team(request, team_key)
    return render(request, "proposals/_bar.html", bar_context(request, team, value_sheet(team, request.actor)))


def bar_context(request: Request, team: Team, sheet: Sheet) -> dict[str, Any]:
    """Return what the bar over the value sheet is drawn with. A query, where it is not remembered that none waits."""
    row = remembered(
        ("proposal that waits", team.pk),
        lambda: FocusProposal.objects.open().filter(team=team).select_related("by", "team", "sprint").first(),
        organisation_id=team.organisation_id,
        rests_on=Aspect.FRAME,
        team_id=team.pk,
    )
    return {
        "team": team,
        "waiting": row,
        "figures": Figures.read(row.facts) if row else None,
        "since": since(row, sheet) if row and not sheet.is_tried else None,
        "can_order": allows(request.actor, "order_backlog", team),
        "can_propose": allows(request.actor, "propose_order", team),
        "telling": telling,
    }


def _get(request: Request, team_key: str, proposal_id: int) -> tuple[Team, FocusProposal]:
    team = get_team(request, team_key)
    rows = FocusProposal.objects.select_related("by", "decided_by", "sprint", "cycle", "decision")
    row = get_object_or_404(rows, pk=proposal_id, team=team)
    row.team = team
    return team, row


def _to(row: FocusProposal) -> HttpResponse:
    return redirect("focus-proposal", team_key=row.team.key, proposal_id=row.pk)


def _decided(request: Request, row: FocusProposal, act: Any) -> HttpResponse:
    try:
        made = change_of(request, act)
    except Stale as error:
        toast(request, " ".join(error.messages), tone="bad")
    except ValidationError as error:
        toast(request, " ".join(error.messages), tone="bad")
    else:
        row.refresh_from_db(fields=["status"])
        told = {
            FocusProposal.Status.ACCEPTED: _("The backlog is in this order now."),
            FocusProposal.Status.WITHDRAWN: _("The proposal is withdrawn."),
        }
        toast(request, told[FocusProposal.Status(row.status)], made)
    return _to(row)


def _context(request: Request, team: Team, row: FocusProposal) -> dict[str, Any]:
    figures, today = Figures.read(row.facts), clock.today()
    sheet = value_sheet(team, request.actor) if row.is_open else None
    happened = since(row, sheet) if sheet else None
    now = figures_of(sheet, fitted(row.order, order_of(sheet))) if sheet else None
    was = {pk: place for place, pk in enumerate(row.present, start=1)}
    return {
        "team": team,
        "of": row,
        "figures": figures,
        "now": now,
        "since": happened,
        "rows": [(place, figures.items[pk], was.get(pk)) for place, pk in enumerate(row.order, start=1)],
        "followed": _keys(row) if row.status == FocusProposal.Status.CHANGED else [],
        "compared": compared(row, today=today),
        "is_open": row.is_open,
        "can_order": allows(request.actor, "order_backlog", team),
        "can_propose": allows(request.actor, "propose_order", team),
        "telling": telling,
    }


def _keys(row: FocusProposal) -> list[str]:
    keys = {item.pk: item.key for item in Item.objects.filter(pk__in=row.followed or ()).select_related("team")}
    return [keys[pk] for pk in row.followed or () if pk in keys]


def _order_context(sheet: Sheet, order: Sequence[int]) -> dict[str, Any]:
    rows = {row.item_id: row for row in sheet.rows}
    was = {row.item_id: place for place, row in enumerate(sheet.rows, start=1)}
    figures = figures_of(sheet, order)
    return {
        "sheet": sheet,
        "figures": figures,
        "rows": [(place, rows[pk], figures.items[pk], was[pk]) for place, pk in enumerate(order, start=1)],
        "best": ".".join(str(rows[pk].number) for pk in best_order_of(sheet)),
        "present": ".".join(str(row.number) for row in sheet.rows),
        "is_present": list(order) == order_of(sheet),
        "telling": telling,
    }


def _order_asked(request: Request, sheet: Sheet) -> list[int]:
    """Return the order that the address names by numbers, "12.5.7"; nothing where it names none of these items."""
    ids = {row.number: row.item_id for row in sheet.rows}
    numbers = order_in(request.GET.get("order"))
    is_one = len(numbers) == len(ids) and set(numbers) == ids.keys()
    return [ids[number] for number in numbers] if is_one else []


def _order_posted(request: Request, sheet: Sheet) -> list[int]:
    """Return the order that was typed as places; what was given another place goes before or behind who holds it.

    Places stand as they were shown: `was-12` beside `place-12`, by the item's number. What is new stands last.
    """
    if request.method != "POST":
        return []
    wanted = []
    for shown, row in enumerate(sheet.rows):
        was = number_in(request.POST.get(f"was-{row.number}"), len(sheet.rows) + shown)
        place = number_in(request.POST.get(f"place-{row.number}"), was)
        moved = (place > was) - (place < was)
        wanted.append((place, moved, was, row.item_id))
    return [item_id for *_where, item_id in sorted(wanted)]
