"""What the pages of value share: their item, their dialogs, their filter, and how an amount of value is written."""

from typing import Any

from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from headway.lib.prepared import Prepared
from headway.people.models import Team
from headway.scrum.models import Item
from headway.value import telling
from headway.value.queries import Visible

from ..formats import number
from . import Request, get_team, is_htmx

SHOWS = ("all", "priced", "unlinked")
#: columns that the value sheet shows where they are asked for
COLUMNS = ("value", "pays", "cd3", "rice")
LONGEST_ORDER = 2000


_ITEM = Prepared(lambda team, number: Item.objects.active().filter(team=team, number=number), int, int)


def get_item(request: Request, team_key: str, number: int) -> tuple[Team, Item]:
    """Return the team and its item of this number; both are absent (404) for whoever may not see them."""
    team = get_team(request, team_key)
    item = _ITEM.first(team.pk, number)
    if item is None:
        raise Http404
    item.team = team
    return team, item


def posted(request: Request) -> QueryDict | None:
    """Return what a form sent, also where it sent nothing; None for a form that is only shown."""
    return request.POST if request.method == "POST" else None


def dialog(request: Request, name: str, context: dict[str, Any], errors: Any = None) -> HttpResponse:
    """Answer with a dialog's inside over htmx, else with a page around it."""
    inside = f"value/_{name}.html"
    template = inside if is_htmx(request) else "value/dialog.html"
    return render(request, template, context | {"inside": inside}, status=422 if errors else 200)


def visible_text(visible: Visible, unit: str) -> str:
    """Say how small an effect on a Key Result can be seen, or what is missing to say so."""
    if visible.smallest is None:
        missing = visible.too_little.text if visible.too_little else ""
        return _("How small an effect can be seen is not known yet. %(missing)s") % {"missing": missing}
    return _("An effect under %(smallest)s cannot be seen here: use an experiment or a nearer measure.") % {
        "smallest": effect(visible.smallest, unit)
    }


def effect(value: float, unit: str) -> str:
    """Write a movement of a Key Result to two figures, per cents as points."""
    text = number(float(f"{value:.2g}"))
    if unit == "%":
        return ngettext("%(count)s point", "%(count)s points", 2 if value != 1 else 1) % {"count": text}
    return f"{text} {unit}".strip()


def amount(value: float | None, currency: str | None, *, unit: bool = False) -> str:
    """Write a value for a column: its head names the unit, unless asked otherwise."""
    return telling.amount(value, currency, unit=unit)


def asked_of(request: Request) -> dict[str, Any]:
    show = request.GET.get("show", "all")
    return {
        "q": request.GET.get("q", "").strip()[:200],
        "kr": number_in(request.GET.get("kr"), 0) or None,
        "show": show if show in SHOWS else "all",
        "raw": request.GET.get("raw") == "1",
        "cols": tuple(name for name in COLUMNS if name in request.GET.getlist("col")),
        "order": order_in(request.GET.get("order")),
    }


def backlog_address(team: Team, *, raw: bool = False) -> str:
    return reverse("backlog", kwargs={"team_key": team.key}) + ("?raw=1" if raw else "")


def order_in(text: str | None) -> tuple[int, ...]:
    """Read an order of items by number, "12.5.7"; empty where it is none."""
    parts = (text or "").split(".")
    if len(parts) > LONGEST_ORDER or not all(part.isdecimal() and len(part) < 10 for part in parts):
        return ()
    return tuple(map(int, parts))


def number_in(text: str | None, default: int) -> int:
    return int(text) if text and text.isdecimal() and len(text) < 10 else default
