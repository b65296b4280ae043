"""Search: one page for everything, and its results as one types."""

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET

from headway.search.queries import find, find_by_kind
from headway.search.sources import ITEM, KEY_RESULT, KINDS, OBJECTIVE, PERSON

from . import Request, is_htmx

LONGEST = 300
FEW, MANY = 6, 60

NAMES = {ITEM: _("Items"), OBJECTIVE: _("Objectives"), KEY_RESULT: _("Key Results"), PERSON: _("People")}


@require_GET
def search(request: Request) -> HttpResponse:
    """Find by words; `kind` narrows to one kind and shows more of it. Over htmx the results alone."""
    text = request.GET.get("q", "").replace("\x00", " ").strip()[:LONGEST]
    kind = request.GET.get("kind", "")
    if kind in KINDS:
        found = find(text, viewer=request.actor, kinds=[kind], limit=MANY)
        groups = {kind: found} if found.hits else {}
    else:
        kind, groups = "", find_by_kind(text, viewer=request.actor, limit=FEW)
    context = {"q": text, "kind": kind, "groups": groups, "names": NAMES}
    return render(request, "search/_results.html" if is_htmx(request) else "search/search.html", context)
