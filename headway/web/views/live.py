"""The stream of an open page: who asks, and what the page wants to follow. Sending it is streams.py's."""

from dataclasses import dataclass

from django.contrib.auth.decorators import login_not_required
from django.http import HttpResponse
from django.views.decorators.http import require_GET

from headway.live.notice import digest
from headway.people.models import Membership

from ..live import Region, Viewer, regions_of, viewer_of
from . import Request

#: A page has a handful of regions; more is no page of ours.
MOST_REGIONS = 12


@dataclass(frozen=True)
class Watch:
    """What a stream is to carry: `after` is the last Change that the page knows, None where it knows none."""

    viewer: Viewer
    session: str  # digest of its key
    regions: tuple[Region, ...]
    after: int | None
    membership_id: int
    page: str  # whose readers are shown to each other


class StreamAnswer(HttpResponse):
    """The beginning of a stream. A server that cannot go on with it sends this alone, and browsers ask again later."""

    def __init__(self, watch: Watch) -> None:
        super().__init__("retry: 15000\n\n", content_type="text/event-stream")
        self.watch = watch
        self["Cache-Control"] = "no-store"
        self["X-Accel-Buffering"] = "no"


@login_not_required
@require_GET
def stream(request: Request) -> HttpResponse:
    """Answer with the stream of `page` and its regions `r`, of what came after the Change `after`; 401 to strangers."""
    if request.actor is None:
        return HttpResponse(status=401)
    after = request.headers.get("Last-Event-ID") or request.GET.get("after", "")
    names = list(dict.fromkeys(request.GET.getlist("r")))[:MOST_REGIONS]
    return StreamAnswer(
        Watch(
            viewer=viewer_of(request),
            session=digest(request.session.session_key or ""),
            regions=tuple(regions_of(names, request.actor)),
            after=int(after) if after.isdecimal() and len(after) < 19 else None,
            membership_id=_membership_of(request),
            page=request.GET.get("page", "")[:200],
        )
    )


def _membership_of(request: Request) -> int:
    rows = Membership.objects.filter(person=request.user, organisation=request.organisation)
    return rows.values_list("pk", flat=True).get()
