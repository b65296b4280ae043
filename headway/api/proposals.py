"""Focus proposals: the order that a Scrum Master puts to the Product Owner, and the economic brief about it."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from ninja import Query
from pydantic import Field

from headway.lib import clock
from headway.people.models import Team
from headway.scrum import models as scrum
from headway.value import actions, brief_documents
from headway.value import brief as briefs
from headway.value import models as value
from headway.value.queries import value_sheet
from headway.value.queries.focus import Figures, since
from headway.value.queries.focus_outcome import compared

from .platform.asking import ApiRequest
from .platform.finding import found, team_of
from .platform.paging import Page, Paging, page_of
from .platform.routes import Area
from .platform.schemas import Day, Id, In, Line, Moment, Out, Text

area = Area("Focus proposals")
PROPOSE, ORDER = "write:value", "write:scrum"

Status = Literal["open", "accepted", "changed", "declined", "withdrawn"]
Numbers = Annotated[list[Id], Field(max_length=2000, description="Numbers of all items of the value sheet, in order.")]
Reason = Annotated[Text, Field(max_length=2000)]


class Flip(Out):
    """Two items change places once a belief about the first is no longer `now` but `at`."""

    item_key: str
    other_key: str
    belief: Annotated[str, Field(description="chance (0–1), size (a factor on the range) or effort (weeks of work).")]
    now: float
    at: float


class CheapestTest(Out):
    """What is worth most to find out before anything is built."""

    item_key: str
    by_item_key: Annotated[str | None, Field(description="The item of learning that is the test, where there is one.")]
    cost_weeks: float
    worth: float


class FocusFigures(Out):
    """What an order is worth beside the one that stood, on the day it was proposed. null where nothing has a price."""

    unit: Annotated[str, Field(description="A currency, or points: 100 are a Key Result's whole way.")]
    horizon_weeks: int
    present: float | None
    proposed: float | None
    gain: float | None
    gain_low: Annotated[float | None, Field(description="8 times in 10 the gain lies between low and high.")]
    gain_high: float | None
    chance_of_gain: float | None
    flips: list[Flip]
    cheapest_test: CheapestTest | None


class Measured(Out):
    """Both orders beside what was measured; `other` is the one followed, or the one that stood before."""

    until: Day
    over: bool
    delivered: int
    judged: Annotated[int, Field(description="Delivered, with a verdict that has a figure.")]
    expected: float
    measured: float
    proposed_not_built: Annotated[int, Field(description="Of its first items; what was not built was not measured.")]
    other_not_built: int
    difference: Annotated[float | None, Field(description="Owed to having it sooner; null where it cannot be told.")]


class FocusProposal(Out):
    """An order that was proposed, and what became of it."""

    id: Id
    team_key: str
    sprint: str | None
    cycle_id: Id | None
    status: Status
    order: list[str]
    before: list[str]
    followed: list[str] | None
    reason: str
    proposed_by: str
    proposed_at: Moment
    because: str
    decided_by: str
    decided_at: Moment | None
    decision_id: Id | None
    figures: FocusFigures
    changed_since: Annotated[
        str | None, Field(description="Open and the backlog changed since: send this as `seen` to accept nonetheless.")
    ]


class FocusProposalWhole(FocusProposal):
    """An order that was proposed, with what was measured since it was decided on."""

    measured: Measured | None


class NewFocusProposal(In):
    """An order for the Product Owner to decide on."""

    order: Numbers
    reason: Reason


class Acceptance(In):
    """Accept it as it is, or with another order."""

    order: Numbers | None = None
    because: Reason = ""
    seen: Annotated[Line, Field(description="`changed_since` of the proposal, where it is not null.")] = ""


class Refusal(In):
    """Why the order stays as it is."""

    because: Reason


class FocusFilters(Paging):
    status: Status | None = None


class BriefRow(Out):
    """An item of the focus, its figures written for people."""

    place: int
    was: int
    number: Id
    key: str
    title: str
    serves: str
    weeks: str
    adds: str
    later: str


class Brief(Out):
    """One page for the Product Owner, in sentences of the reader's language."""

    team: str
    on: Day
    proposal_id: Id | None
    order_from: str
    reason: str
    gain: str
    spread: str
    breaks: Annotated[list[str], Field(description="What is needed and does not come first, and days that are missed.")]
    focus: list[BriefRow]
    not_named: int
    waiting: list[str]
    minds: list[str]
    test: str
    record: list[str]
    cannot: list[str]
    markdown: str


@area.read("/teams/{team_key}/proposals")
def list_focus_proposals(request: ApiRequest, team_key: str, filters: Query[FocusFilters]) -> Page[FocusProposal]:
    """List the orders that were proposed, the newest first."""
    rows = _proposals(request, team_key)
    if filters.status is not None:
        rows = rows.filter(status=filters.status)
    return page_of(rows, filters, lambda row: FocusProposal(**_fields(request, row)), order=("-at", "-id"))


@area.read("/teams/{team_key}/proposals/{int:proposal_id}")
def get_focus_proposal(request: ApiRequest, team_key: str, proposal_id: int) -> FocusProposalWhole:
    """Read a proposal."""
    return represent(request, _proposal(request, team_key, proposal_id))


@area.create("/teams/{team_key}/proposals", scope=PROPOSE)
def propose_order(request: ApiRequest, team_key: str, body: NewFocusProposal) -> FocusProposalWhole:
    """Propose an order of the value sheet to the Product Owner; one at a time."""
    team = team_of(request, team_key)
    order = _ids(team, body.order)
    made = actions.propose_order(team, by=request.actor, order=order, reason=body.reason)
    return get_focus_proposal(request, team_key, made.pk)


@area.act("/teams/{team_key}/proposals/{int:proposal_id}/accept", scope=ORDER)
def accept_proposal(request: ApiRequest, team_key: str, proposal_id: int, body: Acceptance) -> FocusProposalWhole:
    """Order the backlog as proposed, or with changes; a decision is kept."""
    row = _proposal(request, team_key, proposal_id)
    order = None if body.order is None else _ids(row.team, body.order)
    actions.accept_proposal(row, by=request.actor, order=order, because=body.because, seen=body.seen)
    return get_focus_proposal(request, team_key, proposal_id)


@area.act("/teams/{team_key}/proposals/{int:proposal_id}/decline", scope=ORDER)
def decline_proposal(request: ApiRequest, team_key: str, proposal_id: int, body: Refusal) -> FocusProposalWhole:
    """Leave the order as it is, with the reason; a decision is kept."""
    row = _proposal(request, team_key, proposal_id)
    actions.decline_proposal(row, by=request.actor, because=body.because)
    return get_focus_proposal(request, team_key, proposal_id)


@area.act("/teams/{team_key}/proposals/{int:proposal_id}/withdraw", scope=PROPOSE)
def withdraw_proposal(request: ApiRequest, team_key: str, proposal_id: int) -> FocusProposalWhole:
    """Take a proposal back that nobody has decided on."""
    actions.withdraw_proposal(_proposal(request, team_key, proposal_id), by=request.actor)
    return get_focus_proposal(request, team_key, proposal_id)


@area.read("/teams/{team_key}/brief")
def get_brief(request: ApiRequest, team_key: str) -> Brief:
    """Read the economic brief: where to focus, what waiting costs, what would change our mind."""
    brief = briefs.economic_brief(team_of(request, team_key), request.actor)
    told = brief_documents.document(brief) | {"markdown": brief_documents.markdown(brief)}
    return Brief.model_validate(told)


def represent(request: ApiRequest, row: value.FocusProposal) -> FocusProposalWhole:
    """Return a proposal as the API shows it. Some queries; those of the value sheet too while it is open."""
    return FocusProposalWhole(**_fields(request, row), measured=_measured(row))


def _fields(request: ApiRequest, row: value.FocusProposal) -> dict[str, Any]:
    kept = Figures.read(row.facts)
    keys = {pk: item.key for pk, item in kept.items.items()} | _keys(row)
    happened = since(row, value_sheet(row.team, request.actor)) if row.is_open else None
    return {
        "id": row.pk,
        "team_key": row.team.key,
        "sprint": row.sprint.name if row.sprint else None,
        "cycle_id": row.cycle_id,
        "status": row.status,
        "order": _named(row.order, keys),
        "before": _named(row.present, keys),
        "followed": None if row.followed is None else _named(row.followed, keys),
        "reason": row.reason,
        "proposed_by": row.by.name if row.by else "",
        "proposed_at": row.at,
        "because": row.because,
        "decided_by": row.decided_by.name if row.decided_by else "",
        "decided_at": row.decided_at,
        "decision_id": row.decision_id,
        "figures": _figures(kept),
        "changed_since": happened.digest if happened and happened.is_stale else None,
    }


def _figures(kept: Figures) -> FocusFigures:
    keys = {pk: item.key for pk, item in kept.items.items()}
    test = kept.test
    return FocusFigures(
        unit=kept.currency or "points",
        horizon_weeks=kept.horizon_weeks,
        present=kept.present,
        proposed=kept.proposed,
        gain=kept.gain,
        gain_low=kept.low,
        gain_high=kept.high,
        chance_of_gain=kept.chance,
        flips=[
            Flip(item_key=keys[one.item], other_key=keys[one.other], belief=one.belief, now=one.now, at=one.at)
            for one in kept.flips
        ],
        cheapest_test=CheapestTest(
            item_key=keys[test.item],
            by_item_key=keys[test.by] if test.by else None,
            cost_weeks=test.cost_weeks,
            worth=test.worth,
        )
        if test
        else None,
    )


def _measured(row: value.FocusProposal) -> Measured | None:
    both = compared(row, today=clock.today())
    if both is None:
        return None
    return Measured(
        until=both.until,
        over=both.is_over,
        delivered=both.delivered,
        judged=both.judged,
        expected=both.expected,
        measured=both.measured,
        proposed_not_built=len(both.proposed.not_built),
        other_not_built=len(both.other.not_built),
        difference=both.difference,
    )


def _keys(row: value.FocusProposal) -> dict[int, str]:
    """Return the keys of what was decided on and not proposed: new items. A query where there are any."""
    new = set(row.followed or ()) - set(row.order)
    items = scrum.Item.objects.filter(pk__in=new).select_related("team") if new else ()
    return {item.pk: item.key for item in items}


def _named(order: Sequence[int], keys: Mapping[int, str]) -> list[str]:
    return [keys[pk] for pk in order if pk in keys]


def _ids(team: Team, numbers: Sequence[int]) -> list[int]:
    ids = dict(scrum.Item.objects.active().filter(team=team, number__in=numbers).values_list("number", "pk"))
    missing = [number for number in numbers if number not in ids]
    if missing:
        raise ValidationError({"order": _("There is no item %(number)s in this team.") % {"number": missing[0]}})
    return [ids[number] for number in numbers]


def _proposals(request: ApiRequest, team_key: str) -> "QuerySet[value.FocusProposal]":
    rows = value.FocusProposal.objects.filter(team=team_of(request, team_key))
    return rows.select_related("team__organisation", "sprint", "cycle", "by", "decided_by")


def _proposal(request: ApiRequest, team_key: str, proposal_id: int) -> value.FocusProposal:
    return found(_proposals(request, team_key), pk=proposal_id)
