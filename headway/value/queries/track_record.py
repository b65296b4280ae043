"""How good a team's promises were, and what its next ones are worth: its verdicts through the engine."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from headway.engine.track_record import Corrected, Grade, Judged, TrackRecord, by_area, grade_of_ranges
from headway.live.known import Aspect, remembered
from headway.okr.models import KeyResult
from headway.people.models import Team

from ..models import Bet, Verdict

SHORTEST_WAY = 1e-9
"""From and to that are nearer than this are the same."""
SAME = 0.005
"""A factor this near to 1, or a chance moved by less than this, is shown as no change."""


@dataclass(frozen=True)
class AreaRecord:
    """The track record of one area: of a value area, or of one Key Result where it has none."""

    name: str
    record: TrackRecord
    grade: Grade
    verdicts: int


@dataclass(frozen=True)
class TeamRecord:
    """What a team's verdicts say of its promises: as a whole, and by area. No person is in it."""

    team: TrackRecord
    grade: Grade
    areas: Mapping[str, AreaRecord]

    @property
    def verdicts(self) -> int:
        return self.team.verdicts

    def of(self, key_result: KeyResult) -> TrackRecord:
        """Return what promises to a Key Result are corrected by: its area's record, else the team's."""
        area = self.areas.get(area_of(key_result))
        return area.record if area else self.team

    def corrected(self, key_result: KeyResult, bet: Bet) -> Corrected | None:
        """Return a bet as the record reads it; None before the first verdict, and where it changes nothing."""
        if not self.verdicts:
            return None
        read = self.of(key_result).corrected(bet.low, bet.likely, bet.high, bet.chance)
        is_same = abs(read.size - 1) < SAME and abs(read.width - 1) < SAME and abs(read.chance - bet.chance) < SAME
        return None if is_same else read


def track_record(team: Team) -> TeamRecord:
    """Return the track record of a team. One query, where it is not remembered."""
    return remembered(
        ("track record", team.pk),
        lambda: record_of(judged_bets(team)),
        organisation_id=team.organisation_id,
        rests_on=Aspect.PROMISES,
        team_id=team.pk,
    )


def judged_bets(team: Team) -> list[Bet]:
    """Return a team's bets with a verdict, those of items that are gone too. One query."""
    rows = Bet.objects.filter(serves__item__team=team, verdict__isnull=False)
    rows = rows.select_related("verdict", "serves__key_result").order_by("verdict__judged_on", "pk")
    return list(rows.defer("hypothesis", "verdict__facts", "verdict__learned", "verdict__experiment"))


def record_of(bets: Iterable[Bet], *, this: tuple[Bet, KeyResult, Verdict] | None = None) -> TeamRecord:
    """Return what the verdicts on these bets say, as a whole and by area; `this` is one more."""
    told: dict[str, list[Judged]] = {}
    names: dict[str, str] = {}
    everything: list[Judged] = []
    given = [(bet, bet.serves.key_result, bet.verdict) for bet in bets]
    for bet, key_result, verdict in (*given, this) if this else given:
        assert key_result is not None  # without one there is no bet
        area = area_of(key_result)
        names[area] = str(key_result.get_ebm_area_display()) if key_result.ebm_area else key_result.short_name
        everything.append(judged(bet, key_result, verdict))
        told.setdefault(area, []).append(everything[-1])
    records = by_area(told)
    return TeamRecord(
        team=TrackRecord.of(everything),
        grade=grade_of_ranges(everything),
        areas={
            area: AreaRecord(names[area], records[area], grade_of_ranges(told[area]), len(told[area]))
            for area in sorted(told)
        },
    )


def area_of(key_result: KeyResult) -> str:
    """Return what a Key Result shares its track record with: its value area, else itself alone."""
    return key_result.ebm_area or str(key_result.pk)


def judged(bet: Bet, key_result: KeyResult, verdict: Verdict) -> Judged:
    """Return a bet with a verdict as shares of the Key Result's whole way, so that those of several add up.

    Without a from and to there is no such share: then it counts in the hit rate alone.
    """
    way = 0.0
    if key_result.baseline is not None and key_result.target is not None:
        way = abs(key_result.target - key_result.baseline)
    unit = way if way >= SHORTEST_WAY else max(abs(bet.low), abs(bet.high), 1.0)
    return Judged(
        low=bet.low / unit,
        likely=bet.likely / unit,
        high=bet.high / unit,
        chance=bet.chance,
        measured=None if verdict.measured is None or way < SHORTEST_WAY else verdict.measured / unit,
        chance_moved=chance_moved(verdict, before=bet.chance),
    )


def chance_moved(verdict: Verdict, *, before: float) -> float:
    """Return how likely a bet moved its Key Result: as computed, else by people's words.

    Where people cannot tell, nothing was learned, and the chance from before stays.
    """
    if verdict.chance_moved is not None:
        return verdict.chance_moved
    said = {Verdict.Outcome.MOVED: 1.0, Verdict.Outcome.DID_NOT: 0.0}
    return said.get(Verdict.Outcome(verdict.outcome), before)
