"""The palette: what it offers, kept by the browser, and what a search finds for it."""

from typing import Any

from django.http import HttpResponse, JsonResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from headway.lib.formats import number
from headway.search.queries import Found, find_by_kind
from headway.search.words import Part
from headway.web.context import Shell
from headway.web.icons import icon
from headway.web.palette import Offer

from . import Request
from .search import ICONS, LONGEST, NAMES, address_of

FEW = 5
KEPT_SECONDS = 3600


@require_GET
def offered(request: Request) -> HttpResponse:
    """Return all places and actions that the viewer may go to or do.

    The address that the page gives carries a version of who asks and what there is (`Shell.palette_version`), so that
    a browser may keep the answer.
    """
    offers = Shell(request).offers()
    names = {offer.entry.icon for offer in offers} | {*ICONS.values(), "search", "plus", "out", "arrow"}
    answer = JsonResponse(
        {"entries": [_entry(offer) for offer in offers], "icons": {name: str(icon(name)) for name in sorted(names)}}
    )
    answer["Cache-Control"] = f"private, max-age={KEPT_SECONDS}"
    return answer


@require_GET
def found(request: Request) -> HttpResponse:
    """Return the best of each kind for what was typed."""
    text = request.GET.get("q", "").replace("\x00", " ").strip()[:LONGEST]
    groups = find_by_kind(text, viewer=request.actor, limit=FEW, with_excerpts=False)
    corrected = next((group.corrected for group in groups.values()), ())
    answer = JsonResponse(
        {
            "groups": [_group(kind, group) for kind, group in groups.items()],
            "instead": " ".join(used for _typed, used in corrected),
        }
    )
    answer["Cache-Control"] = "private, no-store"
    return answer


def _entry(offer: Offer) -> dict[str, Any]:
    entry = offer.entry
    told = {
        "id": offer.id,
        "text": str(entry.text),
        "where": offer.where,
        "href": offer.href,
        "icon": entry.icon,
        "key": entry.key,
        "does": entry.does,
        "words": str(entry.words),
    }
    if entry.name == "item-new":
        told["takes"] = _("New item “%(title)s”") % {"title": "{text}"}
    return told | ({"fields": dict(offer.fields)} if offer.fields is not None else {})


def _group(kind: str, group: Found) -> dict[str, Any]:
    hits = [
        {
            "id": f"{kind}-{hit.id}",
            "title": _parts(hit.title),
            "key": hit.key,
            "where": hit.where,
            "note": STATES.get(hit.category or hit.state, lambda: "")(),
            "href": address_of(hit),
            "icon": ICONS[kind],
        }
        for hit in group.hits
    ]
    return {
        "kind": kind,
        "name": str(NAMES[kind]),
        "total": group.total,
        "note": _note(group),
        "hits": [hit for hit in hits if hit["href"]],
        "more": f"{reverse('search')}?kind={kind}",
    }


def _note(group: Found) -> str:
    """Say how many there are, where not all are shown."""
    told = {"shown": number(len(group.hits)), "total": number(group.total)}
    if group.has_more:
        return _("%(shown)s of more than %(total)s") % told
    return _("%(shown)s of %(total)s") % told if group.total > len(group.hits) else ""


STATES = {
    "todo": lambda: _("to do"),
    "doing": lambda: _("in progress"),
    "done": lambda: _("done"),
}


def _parts(parts: tuple[Part, ...]) -> list[list[Any]]:
    return [[part.text, part.is_match] for part in parts]
