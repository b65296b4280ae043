"""The economic brief: on one page, where to focus, what that brings, what waiting costs, and what would change that."""

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from django.utils.text import Truncator
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from headway.lib import clock
from headway.lib.formats import day, number
from headway.people.actor import Actor
from headway.people.models import Team

from . import telling
from .models import FocusProposal
from .queries.focus import Figures, best_order_of, figures_of, fitted, order_of
from .queries.pricing import Row
from .queries.sheet import Sheet, value_sheet

FEWEST, MOST = 5, 8
"""So many items are the focus, whatever fits the next Sprint: one page, and something to decide on."""
LONGEST_TITLE, LONGEST_REASON = 110, 320
LEFT_OUT = 3
"""So many items of the shelf are named."""


@dataclass(frozen=True)
class FocusRow:
    """An item of the focus. `was`: its present place. `adds`: what it brings here; `later`: lost a Sprint later."""

    place: int
    was: int
    number: int
    key: str
    title: str
    serves: str
    weeks: str
    adds: str
    later: str


@dataclass(frozen=True)
class Brief:
    """What the Product Owner needs to decide on the order, in sentences. Lists may be empty."""

    team: Team
    on: dt.date
    proposal_id: int | None
    order_from: str
    reason: str
    gain: str
    spread: str
    breaks: tuple[str, ...]
    focus: tuple[FocusRow, ...]
    not_named: int
    waiting: tuple[str, ...]
    minds: tuple[str, ...]
    test: str
    record: tuple[str, ...]
    cannot: tuple[str, ...]

    @property
    def is_empty(self) -> bool:
        return not self.focus


def economic_brief(team: Team, viewer: Actor, *, today: dt.date | None = None) -> Brief:
    """Return the brief about the order that is proposed; where none is, about the best one found.

    A constant number of queries: those of the value sheet and one more.
    """
    today = today or clock.today()
    sheet = value_sheet(team, viewer, today=today)
    waiting = FocusProposal.objects.open().filter(team=team).select_related("by").first()
    present = order_of(sheet)
    order = fitted(waiting.order, present) if waiting else best_order_of(sheet)
    figures = figures_of(sheet, order)
    shown = min(max(sheet.capacity.rows if sheet.capacity else 0, FEWEST), MOST, len(order))
    return Brief(
        team=team,
        on=today,
        proposal_id=waiting.pk if waiting else None,
        order_from=_order_from(waiting, is_present=order == present),
        reason=Truncator(waiting.reason).chars(LONGEST_REASON) if waiting else "",
        gain="" if order == present else telling.gain(figures),
        spread="" if order == present else telling.spread(figures),
        breaks=tuple(telling.breaks(figures)),
        focus=tuple(_row(place, pk, sheet, figures, present) for place, pk in enumerate(order[:shown], start=1)),
        not_named=len(order) - shown,
        waiting=tuple(_waiting(sheet, figures)),
        minds=tuple(telling.flips(figures)),
        test=telling.test(figures),
        record=tuple(_record(sheet)),
        cannot=tuple(_cannot(sheet, figures)),
    )


def _order_from(waiting: FocusProposal | None, *, is_present: bool) -> str:
    if waiting and waiting.by:
        return _("The order that %(who)s proposed on %(day)s.") % {"who": waiting.by.name, "day": day(waiting.at)}
    if waiting:
        return _("The order proposed on %(day)s.") % {"day": day(waiting.at)}
    if is_present:
        return _("The order that stands: no better one was found.")
    return _("The best order found. Nobody has proposed one.")


def _row(place: int, pk: int, sheet: Sheet, figures: Figures, present: Sequence[int]) -> FocusRow:
    row = next(row for row in sheet.rows if row.item_id == pk)
    item = figures.items[pk]
    return FocusRow(
        place=place,
        was=present.index(pk) + 1,
        number=row.number,
        key=row.key,
        title=Truncator(row.title).chars(LONGEST_TITLE),
        serves=_serves(row),
        weeks=number(row.weeks, 1) if row.weeks is not None else "–",
        adds="–" if item.proposed is None else telling.amount(item.proposed, figures.currency),
        later="–" if item.waiting is None else telling.more(-item.waiting, figures.currency),
    )


def _serves(row: Row) -> str:
    names = row.serves or ((row.kind.name,) if row.kind else ())
    return Truncator(", ".join(names)).chars(40)


def _waiting(sheet: Sheet, figures: Figures) -> Iterator[str]:
    """Say what a Sprint of waiting costs: all of the order shifts alike, so its parts add up."""
    lost = [item.waiting for item in figures.items.values() if item.waiting is not None]
    if lost:
        yield _("If all of this begins one Sprint later, %(value)s is lost.") % {
            "value": telling.amount(sum(lost), figures.currency)
        }
    priced = [row for row in sheet.not_now if row.price]
    if sheet.given_up and priced:
        named = ", ".join(f"{row.key} {Truncator(row.title).chars(50)}" for row in priced[:LEFT_OUT])
        yield _("What is put aside (%(items)s) gives up %(value)s each week.") % {
            "items": named if len(priced) <= LEFT_OUT else _("%(items)s and more") % {"items": named},
            "value": telling.amount(sheet.given_up, sheet.currency),
        }


def _record(sheet: Sheet) -> Iterator[str]:
    record, grade = sheet.record.team, sheet.record.grade
    if not sheet.record.verdicts:
        yield _("No promise of this team was judged yet, so all are read as they were made.")
        return
    yield ngettext(
        "%(count)s promise was judged; %(moved)s moved what it was to move.",
        "%(count)s promises were judged; %(moved)s moved what they were to move.",
        record.verdicts,
    ) % {"count": record.verdicts, "moved": number(round(record.moved))}
    if abs(record.size - 1) >= telling.SAME:
        yield _("Those that moved brought %(more)s than promised: new promises count × %(size)s.") % {
            "more": _("less") if record.size < 1 else _("more"),
            "size": number(record.size, 2),
        }
    if grade.told:
        yield ngettext(
            "Of %(told)s range that could be checked, %(held)s held; 8 in 10 should.",
            "Of %(told)s ranges that could be checked, %(held)s held; 8 in 10 should.",
            grade.told,
        ) % {"told": grade.told, "held": grade.held}


def _cannot(sheet: Sheet, figures: Figures) -> Iterator[str]:
    if figures.gain is None:
        yield sheet.pace.missing or _("Nothing here has a price: no item promises to move a Key Result that has a way.")
    unlinked = sheet.linked.open - sheet.linked.linked
    if unlinked:
        yield ngettext(
            "%(count)s open item does not say what it serves: it is not in this.",
            "%(count)s open items do not say what they serve: they are not in this.",
            unlinked,
        ) % {"count": unlinked}
    reasons = dict.fromkeys(bet.no_price_because for row in sheet.rows for bet in row.bets if bet.no_price_because)
    yield from list(reasons)[:2]
    ties = sheet.figures.ties if sheet.figures else ()
    if ties:
        keys = {row.number: row.key for row in sheet.rows}
        yield _("%(items)s cannot be told apart: their order among each other makes no difference that we know.") % {
            "items": ", ".join(keys[one] for one in ties[0][:6])
        }
    if figures.gain is not None:
        yield _("It takes one item after the other, and believes the ranges that people gave.")
