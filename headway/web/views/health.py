"""Does it run, can it work, what has it counted? For a supervisor, a load balancer, and Prometheus."""

import ipaddress
from collections.abc import Callable

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.urls import resolve
from django.utils.crypto import constant_time_compare

Answer = Callable[[HttpRequest], HttpResponse]

#: Asked by address rather than by name, so they are answered before the name of the host is looked at.
PATHS = frozenset({"/healthz", "/healthz/", "/readyz", "/readyz/", "/metrics", "/metrics/"})


class Probes:
    """Answer these few addresses ahead of sessions, hosts and people."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path_info not in PATHS:
            return self.get_response(request)
        request.resolver_match = resolve(request.path_info)
        try:
            answer: HttpResponse = request.resolver_match.func(request)
        except Http404:
            answer = HttpResponse(status=404)
        answer.headers["Cache-Control"] = "no-store"
        answer.__dict__["_has_been_logged"] = True  # not being ready is an answer, no error of a page
        return answer


@login_not_required
def healthz(request: HttpRequest) -> HttpResponse:
    """Answer 200: this process takes requests. Asks no database, so that a slow one gets nobody restarted."""
    return HttpResponse("ok\n", content_type="text/plain")


@login_not_required
def readyz(request: HttpRequest) -> HttpResponse:
    """Answer 200 where a request would find all it needs, else 503 with what is missing."""
    from headway.operations import readiness

    state = readiness.state()
    is_ready = set(state.values()) == {"ok"}
    return JsonResponse({"ready": is_ready, "checks": state}, status=200 if is_ready else 503)


@login_not_required
def metrics(request: HttpRequest) -> HttpResponse:
    """Answer Prometheus, with the token or from an address that the settings name; absent for everybody else."""
    if not _may_read_metrics(request):
        raise Http404
    from headway.operations import figures

    return HttpResponse(figures.exposed(), content_type="text/plain; version=0.0.4; charset=utf-8")


def _may_read_metrics(request: HttpRequest) -> bool:
    token = settings.METRICS_TOKEN
    if token and constant_time_compare(request.headers.get("Authorization", ""), f"Bearer {token}"):
        return True
    try:
        address = ipaddress.ip_address(request.META.get("REMOTE_ADDR", ""))
    except ValueError:
        return False
    return any(address in ipaddress.ip_network(network, strict=False) for network in settings.METRICS_FROM)
