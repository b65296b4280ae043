"""What one verdict changes in how the next promises are read: the team's record before it and after it."""

import datetime as dt
from dataclasses import dataclass

from headway.okr.models import KeyResult

from ..models import Bet, Verdict
from .found import Found
from .track_record import TeamRecord, judged_bets, record_of

ACHIEVED = 4
"""The grade from which on a promise was kept."""


@dataclass(frozen=True)
class Learning:
    """A team's record before and after one verdict. `size`: what promises of the bet's area count, 1 as they are made.

    `now` is the record of today, with the verdicts that came since; None where there are none. `is_proposed`: nothing
    is recorded yet, and "after" is what it would be if the verdict were as the figures say.
    """

    area: str
    judged: tuple[int, int]
    achieved: tuple[int, int]
    size: tuple[float, float]
    chance: tuple[float, float]  # as which a promised chance like this bet's is read
    now: float | None
    verdicts_now: int
    is_proposed: bool


def learning_of(bet: Bet, verdict: Verdict | None, found: Found | None, *, today: dt.date) -> Learning | None:
    """Return what a verdict changed, or would change as the figures propose; None where nothing says so. One query."""
    key_result, team = bet.serves.key_result, bet.serves.item.team
    assert key_result is not None  # a bet is on a Key Result
    proposed = None if verdict or found is None else _as_proposed(found, today)
    if verdict is None and proposed is None:
        return None
    others = [one for one in judged_bets(team) if one.pk != bet.pk]
    if verdict is not None:
        place = (verdict.judged_on, bet.pk)
        before = [one for one in others if (one.verdict.judged_on, one.pk) < place]
    else:
        before = others
    this = verdict or proposed
    assert this is not None
    was, then = record_of(before), record_of(before, this=(bet, key_result, this))
    since = len(before) < len(others)
    whole = record_of(others, this=(bet, key_result, this)) if since else then
    achieved = sum((one.verdict.scale or 0) >= ACHIEVED for one in before)
    return Learning(
        area=_area_name(then, key_result),
        judged=(len(before), len(before) + 1),
        achieved=(achieved, achieved + ((this.scale or 0) >= ACHIEVED)),
        size=(was.of(key_result).size, then.of(key_result).size),
        chance=(_chance(was, key_result, bet), _chance(then, key_result, bet)),
        now=whole.of(key_result).size if since else None,
        verdicts_now=len(others) + 1,
        is_proposed=proposed is not None,
    )


def _as_proposed(found: Found, today: dt.date) -> Verdict:
    return Verdict(
        outcome=found.outcome,
        measured=found.measured,
        chance_moved=found.chance_moved,
        scale=found.scale,
        judged_on=today,
    )


def _area_name(record: TeamRecord, key_result: KeyResult) -> str:
    return key_result.get_ebm_area_display() if key_result.ebm_area else key_result.short_name


def _chance(record: TeamRecord, key_result: KeyResult, bet: Bet) -> float:
    return record.of(key_result).corrected(bet.low, bet.likely, bet.high, bet.chance).chance
