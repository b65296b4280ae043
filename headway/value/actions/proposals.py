"""Propose an order of the backlog, and decide on it: the Scrum Master proposes, the Product Owner orders."""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext as _

from headway.agreements.actions import write_decision
from headway.agreements.models import Decision
from headway.lib import clock
from headway.lib.formats import day
from headway.live.history import CannotUndo, inverse, record
from headway.live.models import Change
from headway.okr.queries import current_cycle
from headway.people.access import require
from headway.people.actor import Actor
from headway.people.models import Team
from headway.scrum.actions.ranking import permute
from headway.scrum.actions.rows import changed_since, locked_team, save_items
from headway.scrum.models import Item, Sprint

from ..models import FocusProposal
from ..queries.focus import figures_of, fitted, order_of, since, with_followed
from ..queries.sheet import value_sheet
from .rules import refuse_looked_back

Status = FocusProposal.Status

NAMED = 12
"""So many items of an order are named in a Decision; who wants all opens the proposal."""
LONGEST_REASON = 2000


class Stale(ValidationError):
    """What was proposed is not what stands there now; who decides has to have seen that (`digest`)."""

    def __init__(self, digest: str) -> None:
        super().__init__(
            _("The backlog changed since this was proposed. Look at what changed, then decide again."), code="stale"
        )
        self.digest = digest


@transaction.atomic
def propose_order(team: Team, *, by: Actor, order: Sequence[int], reason: str) -> FocusProposal:
    """Put an order of all the value sheet's items (ids) to the Product Owner, with its figures of today.

    One at a time: the open one is decided or withdrawn first.
    """
    require(by, "propose_order", team)
    locked_team(team.pk)
    _check_reason(reason, "reason", _("Say why, in a sentence: the Product Owner decides by it."))
    waiting = FocusProposal.objects.open().filter(team=team).first()
    if waiting is not None:
        raise ValidationError(
            _("A proposal of %(day)s waits already: it is decided or withdrawn first.") % {"day": day(waiting.at)}
        )
    sheet = value_sheet(team, by)
    present = order_of(sheet)
    _check_order(order, present)
    if list(order) == present:
        raise ValidationError({"order": _("This is the order that stands: there is nothing to propose.")})
    today = clock.today()
    cycle = current_cycle(team.organisation, today)
    proposal = FocusProposal(
        team=team,
        sprint=_next_sprint(team, today),
        cycle=cycle if cycle and cycle.starts_on <= today <= cycle.ends_on else None,
        order=list(order),
        present=present,
        reason=reason.strip(),
        facts=figures_of(sheet, order).as_json(),
        by_id=by.person_id,
        at=clock.now(),
    )
    proposal.save()
    _record("made", proposal, by=by, after={"order": proposal.order, "reason": proposal.reason})
    return proposal


@transaction.atomic
def accept_proposal(
    proposal: FocusProposal,
    *,
    by: Actor,
    order: Sequence[int] | None = None,
    because: str = "",
    seen: str = "",
) -> FocusProposal:
    """Rank the backlog as proposed, or (with `order`, all the sheet's items by id) with changes; a Decision is kept.

    Where the backlog changed since it was proposed, `seen` has to be the digest of that change (queries.focus.since),
    else Stale: nothing is applied that nobody looked at. What is gone is left out, what is new stays where it stands.
    """
    proposal = _locked(proposal)
    require(by, "order_backlog", proposal.team)
    _refuse_decided(proposal)
    _check_reason(because, "because", "")
    sheet = value_sheet(proposal.team, by)
    present, happened = order_of(sheet), since(proposal, sheet)
    if happened.is_stale and seen != happened.digest:
        raise Stale(happened.digest)
    asked = fitted(proposal.order, present)
    if order is not None:
        _check_order(order, present)
    followed = asked if order is None else list(order)
    proposal.facts = with_followed(proposal.facts, figures_of(sheet, followed))
    was, ranks = _rank(proposal.team, followed)
    status = Status.ACCEPTED if followed == asked else Status.CHANGED
    _decide(proposal, status, by=by, because=because, followed=followed, until_then=present)
    _record(
        "accepted" if status == Status.ACCEPTED else "changed",
        proposal,
        by=by,
        before={"ranks": was},
        after={"ranks": ranks, "order": followed, "because": proposal.because, "decision": proposal.decision_id},
    )
    return proposal


@transaction.atomic
def decline_proposal(proposal: FocusProposal, *, by: Actor, because: str) -> FocusProposal:
    """Leave the order as it is, with the reason; that is a Decision too."""
    proposal = _locked(proposal)
    require(by, "order_backlog", proposal.team)
    _refuse_decided(proposal)
    _check_reason(because, "because", _("Say why, in a sentence: whoever proposed it learns from it."))
    sheet = value_sheet(proposal.team, by)
    present = order_of(sheet)
    proposal.facts = with_followed(proposal.facts, figures_of(sheet, present))
    _decide(proposal, Status.DECLINED, by=by, because=because, followed=present, until_then=present)
    _record("declined", proposal, by=by, after={"because": proposal.because, "decision": proposal.decision_id})
    return proposal


@transaction.atomic
def withdraw_proposal(proposal: FocusProposal, *, by: Actor) -> Change:
    """Take a proposal back that nobody decided on yet."""
    proposal = _locked(proposal)
    require(by, "propose_order", proposal.team)
    _refuse_decided(proposal)
    return _withdraw(proposal, by=by)


# What they share


def _locked(proposal: FocusProposal) -> FocusProposal:
    """Lock the team and read the proposal anew: two who decide at once wait for each other."""
    locked_team(proposal.team_id)
    rows = FocusProposal.objects.select_for_update(of=("self",)).select_related("team__organisation", "decided_by")
    return rows.get(pk=proposal.pk)


def _refuse_decided(proposal: FocusProposal) -> None:
    if proposal.is_open:
        return
    status = proposal.get_status_display()
    if proposal.decided_by is None or proposal.decided_at is None:
        raise ValidationError(_("This proposal is %(status)s already.") % {"status": status})
    raise ValidationError(
        _("This proposal is %(status)s already: by %(who)s on %(day)s.")
        % {"status": status, "who": proposal.decided_by.name, "day": day(proposal.decided_at)}
    )


def _check_reason(text: str, field: str, missing: str) -> None:
    if missing and not text.strip():
        raise ValidationError({field: missing})
    if len(text) > LONGEST_REASON:
        raise ValidationError({field: _("At most %(count)s letters.") % {"count": LONGEST_REASON}})


def _check_order(order: Sequence[int], present: Sequence[int]) -> None:
    if len(order) != len(present) or set(order) != set(present):
        raise ValidationError(
            {"order": _("The value sheet holds other items by now. Look at it again, then order them.")}
        )


def _next_sprint(team: Team, today: dt.date) -> Sprint | None:
    coming = Sprint.objects.filter(team=team, started_at=None, closed_at=None).exclude(ends_on__lt=today)
    return coming.order_by(F("starts_on").asc(nulls_last=True), "number").first()


def _rank(team: Team, order: Sequence[int]) -> tuple[dict[str, str], dict[str, str]]:
    """Put the items into this order, where they stand; return those whose rank changed, before and after."""
    rows = Item.objects.filter(team=team).in_bulk(order)
    items = [rows[pk] for pk in order]
    was = {str(item.pk): item.rank for item in items}
    permute(team, items)
    moved = [item for item in items if item.rank != was[str(item.pk)]]
    return {str(item.pk): was[str(item.pk)] for item in moved}, {str(item.pk): item.rank for item in moved}


def _decide(
    proposal: FocusProposal,
    status: str,
    *,
    by: Actor,
    because: str,
    followed: Sequence[int],
    until_then: Sequence[int],
) -> None:
    proposal.status, proposal.because = status, because.strip()
    proposal.followed, proposal.decided_by_id, proposal.decided_at = list(followed), by.person_id, clock.now()
    proposal.decision = _decision(proposal, until_then, by=by)
    proposal.save(update_fields=["status", "because", "followed", "facts", "decided_by", "decided_at", "decision"])


def _decision(proposal: FocusProposal, until_then: Sequence[int], *, by: Actor) -> Decision:
    titles: Mapping[str, str] = {
        Status.ACCEPTED: _("The backlog is ordered as %(who)s proposed"),
        Status.CHANGED: _("The backlog is ordered as %(who)s proposed, with changes"),
        Status.DECLINED: _("The backlog is not ordered as %(who)s proposed"),
    }
    who = proposal.by.name if proposal.by else _("a Scrum Master")
    orders = [(_("Proposed: %(items)s"), proposal.order), (_("Until then: %(items)s"), until_then)]
    if proposal.status == Status.CHANGED:
        orders.insert(1, (_("Decided: %(items)s"), proposal.followed or ()))
    keys = _keys({pk for _text, order in orders for pk in order})
    told = [text % {"items": _in_words(order, keys)} for text, order in orders]
    ends_on = proposal.cycle.ends_on if proposal.cycle else None
    return write_decision(
        proposal.team,
        by=by,
        title=titles[proposal.status] % {"who": who},
        because="\n\n".join([proposal.because or proposal.reason, *told]),
        subject=proposal,
        review_on=ends_on if ends_on and ends_on > clock.today() else None,
    )


def _keys(ids: set[int]) -> dict[int, str]:
    return {item.pk: item.key for item in Item.objects.filter(pk__in=ids).select_related("team").only("number", "team")}


def _in_words(order: Sequence[int], keys: Mapping[int, str]) -> str:
    named = [keys[pk] for pk in order if pk in keys]
    more = len(named) - NAMED
    told = ", ".join(named[:NAMED])
    return _("%(items)s and %(count)s more") % {"items": told, "count": more} if more > 0 else told


def _record(
    done: str,
    proposal: FocusProposal,
    *,
    by: Actor,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
    undoes: Change | None = None,
) -> Change:
    return record(
        f"focus_proposal.{done}",
        by=by,
        subject=proposal,
        team_id=proposal.team_id,
        label=proposal.team.name,
        before=before,
        after=after,
        undoes=undoes,
    )


def _withdraw(proposal: FocusProposal, *, by: Actor, undoes: Change | None = None) -> Change:
    proposal.status, proposal.decided_by_id, proposal.decided_at = Status.WITHDRAWN, by.person_id, clock.now()
    proposal.save(update_fields=["status", "decided_by", "decided_at"])
    return _record("withdrawn", proposal, by=by, undoes=undoes)


# The way back


@inverse("focus_proposal.made")
def _unmake(change: Change, by: Actor) -> Change:
    proposal = _of(change)
    require(by, "propose_order", proposal.team)
    if not proposal.is_open:
        raise CannotUndo(_("It was decided since: it is %(status)s.") % {"status": proposal.get_status_display()})
    return _withdraw(proposal, by=by, undoes=change)


@inverse("focus_proposal.withdrawn")
def _unwithdraw(change: Change, by: Actor) -> Change:
    proposal = _of(change)
    require(by, "propose_order", proposal.team)
    return _reopen(proposal, Status.WITHDRAWN, by=by, undoes=change)


@inverse("focus_proposal.declined")
def _undecline(change: Change, by: Actor) -> Change:
    proposal = _of(change)
    require(by, "order_backlog", proposal.team)
    refuse_looked_back(change)
    return _reopen(proposal, Status.DECLINED, by=by, undoes=change)


@inverse("focus_proposal.accepted")
@inverse("focus_proposal.changed")
def _unaccept(change: Change, by: Actor) -> Change:
    proposal = _of(change)
    require(by, "order_backlog", proposal.team)
    refuse_looked_back(change)
    _unrank(change, proposal.team)
    return _reopen(proposal, Status.ACCEPTED, Status.CHANGED, by=by, undoes=change)


def _of(change: Change) -> FocusProposal:
    proposal = FocusProposal.objects.filter(pk=change.subject_id).first()
    if proposal is None:
        raise CannotUndo(_("It is gone."))
    return _locked(proposal)


def _unrank(change: Change, team: Team) -> None:
    """Give the items the ranks that they had; where one has another by now, or is gone, nothing is taken back."""
    left = change.after["ranks"]
    items = {str(item.pk): item for item in Item.objects.filter(team=team, pk__in=[int(pk) for pk in left])}
    for pk, rank in left.items():
        if pk not in items:
            raise CannotUndo(_("Some of these items are gone."))
        if items[pk].rank != rank:
            raise CannotUndo(changed_since(change, [items[pk], team], items[pk].key))
    for pk, item in items.items():
        item.rank = change.before["ranks"][pk]
    if items:
        save_items(list(items.values()), ["rank"])


def _reopen(proposal: FocusProposal, *was: str, by: Actor, undoes: Change) -> Change:
    if proposal.status not in was:
        raise CannotUndo(_("It was opened again since."))
    if FocusProposal.objects.open().filter(team=proposal.team).exists():
        raise CannotUndo(_("Another proposal waits by now: decide or withdraw that one first."))
    proposal.status, proposal.because, proposal.followed = Status.OPEN, "", None
    proposal.decided_by, proposal.decided_at, proposal.decision = None, None, None
    proposal.facts |= {"followed": None}
    proposal.save(update_fields=["status", "because", "followed", "facts", "decided_by", "decided_at", "decision"])
    return _record("reopened", proposal, by=by, undoes=undoes)
