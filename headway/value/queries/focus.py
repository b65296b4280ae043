"""What an order of the backlog would bring against the present one, and what became of one that was proposed."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from django.utils.translation import gettext as _

from headway.scrum.models import Category, Item

from ..models import FocusProposal, NotNow
from .mind import find_out
from .plan import Plan, Turn
from .sheet import Sheet


@dataclass(frozen=True)
class FlipPoint:
    """Item `item` and `other` (by id) change places once `belief` of the first is no longer `now` but `at`."""

    item: int
    other: int
    belief: str
    now: float
    at: float


@dataclass(frozen=True)
class CheapTest:
    """The test that brings most per week of work: about item `item` (by id), `worth` in the sheet's unit.

    `by`: the id of the item of learning that is the test, where there is one.
    """

    item: int
    by: int | None
    cost_weeks: float
    worth: float


@dataclass(frozen=True)
class KeptBet:
    """A bet as it stood then: what it was expected to bring alone, and what one unit of its Key Result counts."""

    bet: int
    name: str
    expected: float | None
    per_unit: float | None


@dataclass(frozen=True)
class KeptItem:
    """An item as it stood then: what it adds in both orders, and what a Sprint of waiting cost it in the proposed.

    `lands_…`: weeks from then after which it was to be done, as likely as not, in that order.
    """

    key: str
    title: str
    weeks: float | None
    present: float | None
    proposed: float | None
    waiting: float | None
    lands_present: float | None = None
    lands_proposed: float | None = None
    lands_followed: float | None = None
    bets: tuple[KeptBet, ...] = ()


@dataclass(frozen=True)
class Figures:
    """What an order is worth beside the present one, in `currency` (None: points). None where nothing has a price.

    `low` to `high`: the gain in 8 of 10 of the futures that are held possible; `chance` that it is one at all.
    `too_early`: items above what they need, with that; `too_late`: those that would miss their day (by id).
    """

    currency: str | None
    horizon_weeks: int
    sprint_weeks: float
    present: float | None
    proposed: float | None
    gain: float | None
    low: float | None
    high: float | None
    chance: float | None
    flips: tuple[FlipPoint, ...]
    test: CheapTest | None
    verdicts: int
    items: Mapping[int, KeptItem]
    too_early: tuple[tuple[int, int], ...] = ()
    too_late: tuple[int, ...] = ()
    followed: float | None = None  # what the order that was decided on was worth that day

    def as_json(self) -> dict[str, Any]:
        """Return it as JSON can hold it."""
        return asdict(self) | {"items": {str(pk): asdict(item) for pk, item in self.items.items()}}

    @classmethod
    def read(cls, kept: Mapping[str, Any]) -> "Figures":
        """Return what was kept with a proposal."""
        items = {
            int(pk): KeptItem(**item | {"bets": tuple(KeptBet(**bet) for bet in item["bets"])})
            for pk, item in kept["items"].items()
        }
        flips = tuple(FlipPoint(**flip) for flip in kept["flips"])
        test = CheapTest(**kept["test"]) if kept["test"] else None
        too_early = tuple((item, needs) for item, needs in kept.get("too_early", ()))
        too_late = tuple(kept.get("too_late", ()))
        told = {"items": items, "flips": flips, "test": test, "too_early": too_early, "too_late": too_late}
        return cls(**{**kept, **told})


def order_of(sheet: Sheet) -> list[int]:
    """Return the ids of the sheet's items in their present order."""
    return [row.item_id for row in sheet.rows]


def best_order_of(sheet: Sheet) -> list[int]:
    """Return the best order found, by id; the present one where there is no plan."""
    if sheet.plan is None or not sheet.plan.bets:
        return order_of(sheet)
    by_number = {row.number: row.item_id for row in sheet.rows}
    return [by_number[number] for number in sheet.plan.best.order]


def figures_of(sheet: Sheet, order: Sequence[int]) -> Figures:
    """Return what an order of all the sheet's items would bring, by id. `sheet` shows the present order.

    Raises ValueError where `order` is none of its items.
    """
    rows = {row.item_id: row for row in sheet.rows}
    if len(order) != len(rows) or set(order) != rows.keys():
        raise ValueError("order must name the items of the sheet, each once")
    plan = sheet.plan
    is_priced = plan is not None and bool(plan.bets)
    numbers = [rows[pk].number for pk in order]
    proposed = plan.of(numbers) if plan and is_priced else None
    present = plan.now if plan and is_priced else None
    low, high, chance = plan.difference(numbers) if plan and is_priced else (None, None, None)
    ids = {row.number: row.item_id for row in sheet.rows}
    return Figures(
        currency=sheet.currency,
        horizon_weeks=sheet.horizon_weeks,
        sprint_weeks=plan.asked.portfolio.sprint_weeks if plan else 2.0,
        present=present.value if present else None,
        proposed=proposed.value if proposed else None,
        gain=proposed.value - present.value if proposed and present else None,
        low=low,
        high=high,
        chance=chance,
        flips=flips_of(plan, numbers, ids) if plan and is_priced else (),
        test=_test(sheet, plan, numbers, ids) if plan and is_priced else None,
        verdicts=0 if sheet.is_raw else sheet.record.verdicts,
        too_early=tuple((ids[one], ids[needs]) for one, needs in proposed.too_early if needs in ids)
        if proposed
        else (),
        too_late=tuple(ids[one] for one in proposed.too_late) if proposed else (),
        items={
            pk: KeptItem(
                key=row.key,
                title=row.title,
                weeks=row.weeks,
                present=present.standing[row.number].adds if present and row.bets else None,
                proposed=proposed.standing[row.number].adds if proposed and row.bets else None,
                waiting=proposed.standing[row.number].waiting if proposed and row.bets else None,
                lands_present=present.standing[row.number].lands[1] if present else None,
                lands_proposed=proposed.standing[row.number].lands[1] if proposed else None,
                bets=tuple(
                    KeptBet(
                        bet=bet.promise.id,
                        name=bet.name,
                        expected=bet.expected * bet.worth / bet.span
                        if bet.expected is not None and bet.worth is not None and bet.span
                        else None,
                        per_unit=bet.worth / bet.span if bet.worth is not None and bet.span else None,
                    )
                    for bet in row.bets
                ),
            )
            for pk, row in rows.items()
        },
    )


def with_followed(facts: Mapping[str, Any], decided: Figures) -> dict[str, Any]:
    """Return a proposal's facts with what the order that was decided on is worth on that day."""
    items = {
        pk: item | {"lands_followed": decided.items[int(pk)].lands_proposed if int(pk) in decided.items else None}
        for pk, item in facts["items"].items()
    }
    return {**facts, "items": items, "followed": decided.proposed}


def flips_of(plan: Plan, numbers: Sequence[int], ids: Mapping[int, int]) -> tuple[FlipPoint, ...]:
    """Return where the first place is lost, then where the next two are: one belief a pair, the nearest.

    Not between items of one tie: there the order means nothing, and any breath turns it.
    """
    ties = [set(group) for group in plan.of(numbers).ties]
    first = plan.first_turns(numbers)
    pairs = [first, *plan.turns(numbers)]
    nearest = [min(pair, key=_distance) for pair in pairs if pair]
    kept: dict[tuple[int, int], Turn] = {}
    for turn in nearest:
        kept.setdefault((min(turn.number, turn.other), max(turn.number, turn.other)), turn)
    return tuple(
        FlipPoint(ids[turn.number], ids[turn.other], turn.belief, turn.now, turn.at)
        for turn in kept.values()
        if turn.number in ids and turn.other in ids and not any({turn.number, turn.other} <= tie for tie in ties)
    )[:3]


def _distance(turn: Turn) -> tuple[float, int]:
    """Return how far a belief is from where it turns the order; of two that are equal the chance comes first."""
    low, high = sorted((turn.now, turn.at))
    return (high / low if low > 0 else float("inf")), ("chance", "effort", "size").index(turn.belief)


def _test(sheet: Sheet, plan: Plan, numbers: Sequence[int], ids: Mapping[int, int]) -> CheapTest | None:
    """Return the test that brings most per week of work; None where none changes what is done."""
    found = find_out(sheet, plan, numbers)
    if not found:
        return None
    first = found[0]
    return CheapTest(ids[first.number], ids[first.by] if first.by else None, first.cost_weeks, first.worth)


# What happened since a proposal was made


@dataclass(frozen=True)
class Gone:
    """An item of the proposal that is no longer among those to be ordered, and why."""

    key: str
    title: str
    why: str


@dataclass(frozen=True)
class Since:
    """What changed since an order was proposed. `digest` names this state: who accepts says that they have seen it."""

    gone: tuple[Gone, ...]
    added: tuple[tuple[str, str], ...]  # key, title
    is_reordered: bool
    digest: str

    @property
    def is_stale(self) -> bool:
        return bool(self.digest)


def since(proposal: FocusProposal, sheet: Sheet) -> Since:
    """Return what happened to the items of a proposal since it was made. A query, or two where something did."""
    now = order_of(sheet)
    if now == list(proposal.present):
        return Since((), (), False, "")
    here, then = set(now), set(proposal.order)
    rows = {row.item_id: row for row in sheet.rows}
    still = [pk for pk in proposal.present if pk in here]
    return Since(
        gone=_gone(proposal, [pk for pk in proposal.order if pk not in here]),
        added=tuple((rows[pk].key, rows[pk].title) for pk in now if pk not in then),
        is_reordered=[pk for pk in now if pk in then] != still,
        digest=hashlib.sha256(repr(now).encode()).hexdigest()[:16],
    )


def fitted(order: Iterable[int], present: Sequence[int]) -> list[int]:
    """Return an order with what is gone left out, and what is new behind what it stands behind now."""
    here = set(present)
    kept = [pk for pk in order if pk in here]
    known = set(kept)
    for place, pk in enumerate(present):
        if pk not in known:
            kept.insert(kept.index(present[place - 1]) + 1 if place else 0, pk)
            known.add(pk)
    return kept


def _gone(proposal: FocusProposal, ids: Sequence[int]) -> tuple[Gone, ...]:
    if not ids:
        return ()
    kept = proposal.facts.get("items", {})
    items = Item.objects.filter(pk__in=ids).select_related("sprint").in_bulk()
    shelved = set(NotNow.objects.filter(item__in=ids, ended_at=None).values_list("item_id", flat=True))
    found = []
    for pk in ids:
        told = kept.get(str(pk), {})
        found.append(Gone(told.get("key", ""), told.get("title", ""), _why_gone(items.get(pk), pk in shelved)))
    return tuple(found)


def _why_gone(item: Item | None, is_shelved: bool) -> str:
    if item is None or item.removed_at is not None:
        return _("removed")
    if item.category == Category.DONE:
        return _("done")
    if is_shelved:
        return _("not now")
    if item.sprint and item.sprint.started_at and not item.sprint.closed_at:
        return _("in %(sprint)s") % {"sprint": item.sprint.name}
    return _("promises nothing any more")
