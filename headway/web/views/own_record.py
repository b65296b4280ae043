"""What one's own promises were worth: seen by oneself, alone."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from headway.engine.track_record import BINS
from headway.value.queries.own_record import own_record

from ..fifths import chart_of
from . import Request


@never_cache
@require_GET
def my_promises(request: Request) -> HttpResponse:
    """Show the signed-in person's own record; there is no address for anybody else's."""
    own = own_record(request.actor)
    chart = chart_of(own.grade.bins, own.grade.told / BINS) if own.grade.told else None
    return render(request, "people/my_promises.html", {"own": own, "chart": chart})
