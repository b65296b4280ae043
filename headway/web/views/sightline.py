"""Line of sight, as a list: what leads to what, and where the gaps are."""

from dataclasses import dataclass
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render

from headway.okr import queries
from headway.okr.queries import KeyResultRow, Sightline
from headway.people.models import Team
from headway.value.queries import delivered_share
from headway.value.queries.work import Unlinked, WorkItem, work_by_key_result, work_without_key_result

from ..live import GOALS, WORK, Follows, Per, live
from . import Request
from .okr_parts import asked_cycle


@dataclass(frozen=True)
class Gaps:
    """What is missing, as counts; `share` 0–1 of the work taken on that serves a Key Result."""

    share: float | None
    key_results_without_work: int
    items_without: int
    leading_nowhere: int


@dataclass(frozen=True)
class Why:
    """The way from one item up to the organisation's objective."""

    item: WorkItem
    key_result: KeyResultRow
    upper: KeyResultRow | None


@live(page=Follows(GOALS | WORK | {"team", "unit", "organisation"}, Per.ORGANISATION))
def sightline(request: Request) -> HttpResponse:
    """From the organisation's objectives to the items that serve them."""
    cycle = asked_cycle(request)
    teams = Team.objects.visible_to(request.actor).active()
    loose = work_without_key_result(teams.values_list("pk", flat=True))
    context: dict[str, Any] = {"cycle": cycle, "found": None, "why": None, "loose": loose}
    if cycle is not None:
        found = queries.sightline(request.organisation, cycle, request.actor)
        ids = [row.id for row in found.key_results]
        work = work_by_key_result(ids)
        context |= {
            "found": found,
            "work": work,
            "delivered": delivered_share(ids),
            "gaps": _gaps(found, work, loose),
            "why": _why(found, work, request),
        }
    return render(request, "sightline/sightline.html", context)


def _gaps(found: Sightline, work: dict[int, tuple[WorkItem, ...]], loose: Unlinked) -> Gaps:
    needing = [row for row in found.key_results if not row.is_guardrail]
    return Gaps(
        share=loose.share_linked,
        key_results_without_work=sum(row.id not in work for row in needing),
        items_without=loose.total,
        leading_nowhere=len(found.unaligned) if found.uppers else 0,
    )


def _why(found: Sightline, work: dict[int, tuple[WorkItem, ...]], request: Request) -> Why | None:
    """Explain the item that is asked for (`item`), else the nearest one that has a bet."""
    above = {row.id: row for upper in found.uppers for row in upper.row.key_results}
    wanted = request.GET.get("item", "")
    candidates = [(row, item) for row in found.key_results for item in work.get(row.id, ())]
    asked = [(row, item) for row, item in candidates if item.key == wanted]
    for row, item in asked or sorted(candidates, key=lambda pair: _far(pair[1], request))[:1]:
        ids = found.contributes_to.get(row.id, ())
        return Why(item, row, next((above[pk] for pk in ids if pk in above), None))
    return None


def _far(item: WorkItem, request: Request) -> tuple[bool, bool, bool, int]:
    """Return how far an item is from the viewer: own team, with a bet, in progress first."""
    order = {"doing": 0, "todo": 1, "done": 2}
    is_current = item.team_key == request.session.get("team")
    return item.promise is None, not is_current, item.team_id not in request.actor.roles, order[item.category]
