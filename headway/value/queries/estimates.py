"""Private estimates: who may see them when, and what they come to. Nothing here says whose one is."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from headway.engine.track_record import Pooled, pool
from headway.lib.formats import number
from headway.okr.models import KeyResult
from headway.people.access import allows
from headway.people.actor import Actor
from headway.scrum.models import Category, Item

from ..models import ESTIMATES_NEEDED, Estimate

AGREED, APART = 0.25, 0.75
"""How far apart likely figures are, over the pooled range: below one they agree, above the other people see
different things."""


@dataclass(frozen=True)
class Said:
    """One answer, without its name."""

    low: float
    likely: float
    high: float
    chance: float


@dataclass(frozen=True)
class Shown:
    """Answers that may be seen, sorted by what they think likely, with what they come to together."""

    answers: tuple[Said, ...]
    pooled: Pooled

    @property
    def disagreement(self) -> str:
        """Say how far apart people are."""
        first, last = self.answers[0].likely, self.answers[-1].likely
        given = {"first": number(first), "last": number(last)}
        if self.pooled.disagreement < AGREED:
            return _("Little disagreement: likely from %(first)s to %(last)s.") % given
        if self.pooled.disagreement < APART:
            return _("Some disagreement: likely from %(first)s to %(last)s.") % given
        text = _("Far apart: likely from %(first)s to %(last)s. Talk before it becomes the promise.")
        return text % given


@dataclass(frozen=True)
class EstimatesLine:
    """The estimates of an item and a Key Result as everybody may see them: `shown` once they are closed."""

    count: int
    is_closed: bool
    shown: Shown | None

    @property
    def said(self) -> str:
        """Say how many said something."""
        return ngettext("%(count)s of us has said.", "%(count)s of us have said.", self.count) % {"count": self.count}


@dataclass(frozen=True)
class Estimates:
    """The estimates of an item and a Key Result for one viewer, with the own one.

    `shown` is None while they are `hidden_because` something: fewer than three, or the own one not given yet.
    """

    item: Item
    key_result: KeyResult
    count: int
    needed: int
    is_closed: bool
    closed_because: str
    own: Said | None
    may_give: bool
    may_promise: bool
    shown: Shown | None
    hidden_because: str


def estimates_lines(item: Item) -> dict[int, EstimatesLine]:
    """Return, by Key Result, what everybody may see of the estimates of an item. One query."""
    rows: dict[int, list[Estimate]] = defaultdict(list)
    for row in Estimate.objects.filter(item=item):
        rows[row.key_result_id].append(row)
    lines = {}
    for key_result_id, found in rows.items():
        is_closed = bool(closed_because(item, found))
        shown = shown_of(found) if is_closed else None
        lines[key_result_id] = EstimatesLine(len(found), is_closed, shown)
    return lines


def estimates_of(item: Item, key_result: KeyResult, viewer: Actor) -> Estimates:
    """Return the estimates of an item and a Key Result as one viewer may see them. One query.

    Whoever is asked for one sees nobody else's before the own is given, as long as it can be given.
    """
    rows = list(Estimate.objects.filter(item=item, key_result=key_result))
    closed = closed_because(item, rows)
    is_asked = allows(viewer, "estimate_bet", item.team) and viewer.person_id is not None
    giver = Estimate.giver_of(item.pk, key_result.pk, viewer.person_id)
    own = next((row for row in rows if is_asked and row.giver == giver), None)
    hidden = ""
    if len(rows) < ESTIMATES_NEEDED:
        hidden = ngettext(
            "%(count)s of us has said. They are shown from %(needed)s on, without names.",
            "%(count)s of us have said. They are shown from %(needed)s on, without names.",
            len(rows),
        ) % {"count": len(rows), "needed": ESTIMATES_NEEDED}
    elif is_asked and own is None and not closed:
        hidden = ngettext(
            "%(count)s of us has said. You see it when you have said yours.",
            "%(count)s of us have said. You see them when you have said yours.",
            len(rows),
        ) % {"count": len(rows)}
    return Estimates(
        item=item,
        key_result=key_result,
        count=len(rows),
        needed=ESTIMATES_NEEDED,
        is_closed=bool(closed),
        closed_because=closed,
        own=_said(own) if own else None,
        may_give=is_asked and not closed,
        may_promise=allows(viewer, "promise_pooled", item.team)
        and item.category != Category.DONE
        and not (rows and all(row.closed_at for row in rows)),
        shown=None if hidden else shown_of(rows),
        hidden_because=hidden,
    )


def closed_because(item: Item, rows: Iterable[Estimate]) -> str:
    """Say why estimates can no longer change; empty while they can."""
    if item.category == Category.DONE:
        return _("It is done: its estimates are closed.")
    if item.category != Category.TODO or item.started_at is not None:
        return _("Work has started: its estimates are closed.")
    if any(row.closed_at or not row.giver for row in rows):
        return _("The promise was made of them: they are closed.")
    return ""


def shown_of(rows: Sequence[Estimate]) -> Shown | None:
    """Return what these come to together; None under three."""
    if len(rows) < ESTIMATES_NEEDED:
        return None
    answers = sorted((_said(row) for row in rows), key=lambda one: (one.likely, one.low, one.high, one.chance))
    return Shown(tuple(answers), pool([(one.low, one.likely, one.high, one.chance) for one in answers]))


def _said(row: Estimate) -> Said:
    return Said(row.low, row.likely, row.high, row.chance)
