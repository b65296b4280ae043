"""Search: one page for everything, with its filters, and its results as one types."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET

from headway.okr.models import Cycle
from headway.people.models import Membership, Team
from headway.search.asked import DONE, NOT_NOW, OPEN, REMOVED, STATES, Filters, since
from headway.search.hits import Hit
from headway.search.queries import Found, find, find_by_kind
from headway.search.sources import DECISION, IMPEDIMENT, ITEM, KEY_RESULT, KINDS, OBJECTIVE, PERSON, SPRINT

from . import Request, is_htmx

LONGEST = 300
FEW, MANY = 6, 30
MOST_PAGES = 50

NAMES = {
    ITEM: _("Items"),
    OBJECTIVE: _("Objectives"),
    KEY_RESULT: _("Key Results"),
    DECISION: _("Decisions"),
    IMPEDIMENT: _("Impediments"),
    SPRINT: _("Sprints"),
    PERSON: _("People"),
}
ICONS = {
    ITEM: "value",
    OBJECTIVE: "sightline",
    KEY_RESULT: "results",
    DECISION: "decision",
    IMPEDIMENT: "blocked",
    SPRINT: "clock",
    PERSON: "people",
}
STATE_NAMES = {OPEN: _("open"), DONE: _("done"), NOT_NOW: _("not now"), REMOVED: _("removed")}
PERIODS = (("7d", _("7 days")), ("30d", _("30 days")), ("90d", _("90 days")), ("1y", _("a year")))


@dataclass(frozen=True)
class Chosen:
    """The filters of the form, as they stand in the address."""

    kind: str = ""
    team: str = ""
    state: str = ""
    cycle: str = ""
    person: str = ""
    since: str = ""

    @property
    def filters(self) -> Filters:
        return Filters(
            kinds=(self.kind,) if self.kind else (),
            team=self.team,
            state=self.state,
            cycle=self.cycle,
            person=self.person,
            since=since(self.since),
        )

    @property
    def given(self) -> dict[str, str]:
        return {name: value for name, value in vars(self).items() if value}


@require_GET
def search(request: Request) -> HttpResponse:
    """Find by words and filters. With one kind its hits page by page, else the best of each. Over htmx the results."""
    text = request.GET.get("q", "").replace("\x00", " ").strip()[:LONGEST]
    chosen = _chosen(request)
    page = _page(request)
    # Among several kinds of a filter that was typed, each shows its best.
    if chosen.kind:
        found = find(text, viewer=request.actor, limit=MANY, offset=(page - 1) * MANY, filters=chosen.filters)
        groups = {chosen.kind: found} if found.hits else {}
        pages = min(MOST_PAGES, -(-found.total // MANY))
    else:
        groups = find_by_kind(text, viewer=request.actor, limit=FEW, filters=chosen.filters)
        found, pages = next(iter(groups.values()), Found((), 0)), 1
    context: dict[str, Any] = {
        "q": text,
        "chosen": chosen,
        "kind": chosen.kind,
        "groups": groups,
        "counts": found.counts,
        "corrected": found.corrected,
        "unclear": found.asked.unclear,
        "names": NAMES,
        "icons": ICONS,
        "page": page,
        "pages": pages,
        "first": (page - 1) * MANY,
        "address_of": address_of,
        "address": lambda **changed: _address(text, chosen, **changed),
    }
    if is_htmx(request):
        return render(request, "search/_results.html", context)
    return render(request, "search/search.html", context | _choices(request))


def address_of(hit: Hit) -> str:
    """Return the page of a hit, or of what it is about; "" where there is none."""
    if hit.kind == KEY_RESULT or hit.key_result_id:
        return reverse("key-result", kwargs={"key_result_id": hit.key_result_id or hit.id})
    if hit.kind == OBJECTIVE:
        return reverse("objective", kwargs={"objective_id": hit.id})
    if hit.kind == PERSON:
        return reverse("people", kwargs={"team_key": hit.team_key}) if hit.team_key else reverse("members")
    if not hit.team_key:
        return ""
    if hit.kind == SPRINT:
        return reverse("sprint", kwargs={"team_key": hit.team_key, "number": hit.number})
    if hit.number:
        return reverse("item", kwargs={"team_key": hit.team_key, "number": hit.number})
    return reverse("board", kwargs={"team_key": hit.team_key}) if hit.kind == IMPEDIMENT else ""


def _chosen(request: Request) -> Chosen:
    given = {name: request.GET.get(name, "").replace("\x00", "").strip()[:120] for name in Chosen.__annotations__}
    if given["kind"] not in KINDS:
        given["kind"] = ""
    if given["state"] not in STATES:
        given["state"] = ""
    if since(given["since"]) is None:
        given["since"] = ""
    return Chosen(**given)


def _page(request: Request) -> int:
    asked = request.GET.get("page", "")
    return min(MOST_PAGES, max(1, int(asked))) if asked.isdecimal() and len(asked) < 6 else 1


def _address(text: str, chosen: Chosen, **changed: str | int) -> str:
    given: dict[str, str | int] = {"q": text, **chosen.given, **changed}
    return f"{reverse('search')}?{urlencode({name: value for name, value in given.items() if value})}"


def _choices(request: Request) -> dict[str, Any]:
    """What the selects offer. Three queries."""
    people = Membership.objects.filter(organisation=request.organisation, deactivated_at=None)
    return {
        "kinds": [("", _("Everything")), *NAMES.items()],
        "teams": [("", _("Every team")), *Team.objects.visible_to(request.actor).active().values_list("key", "name")],
        "states": [("", _("Any state")), *STATE_NAMES.items()],
        "cycles": [
            ("", _("Any cycle")),
            *((name, name) for name in _cycles(request)),
        ],
        "people": [
            ("", _("Anybody")),
            ("me", _("Me")),
            *((name, name) for name in people.order_by("person__name").values_list("person__name", flat=True)[:500]),
        ],
        "periods": [("", _("Any time")), *PERIODS],
    }


def _cycles(request: Request) -> list[str]:
    cycles = Cycle.objects.active().filter(organisation=request.organisation).order_by("-starts_on")
    return list(cycles.values_list("name", flat=True)[:50])
