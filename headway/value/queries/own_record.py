"""What a person's own promises were worth: for that person alone, on no page and in no answer of anybody else's."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Exists, OuterRef

from headway.engine.track_record import Grade, Judged, TrackRecord, grade_of_ranges
from headway.people.actor import Actor

from ..models import Bet, Estimate
from .track_record import judged


@dataclass(frozen=True)
class OwnRecord:
    """The bets that somebody placed, beside their verdicts. `said` is the mean of the chances given, None without any.

    `could_not` counts those of which nobody could tell.
    """

    record: TrackRecord
    grade: Grade
    said: float | None
    could_not: int

    @property
    def verdicts(self) -> int:
        return self.record.verdicts


def own_record(viewer: Actor) -> OwnRecord:
    """Return the viewer's own record: nobody can ask for another's. One query.

    A bet that was made of several people's estimates is the words of none of them.
    """
    if viewer.person_id is None:
        return _of([])
    pooled = Estimate.objects.filter(
        item=OuterRef("serves__item"), key_result=OuterRef("serves__key_result"), closed_at__isnull=False
    )
    bets = Bet.objects.filter(
        by=viewer.person_id,
        serves__item__team__organisation=viewer.organisation_id,
        verdict__isnull=False,
    ).exclude(Exists(pooled))
    return _of(bets.select_related("verdict", "serves__key_result"))


def _of(bets: Iterable[Bet]) -> OwnRecord:
    told: list[Judged] = []
    could_not = 0
    for bet in bets:
        assert bet.serves.key_result is not None  # without one there is no bet
        told.append(judged(bet, bet.serves.key_result, bet.verdict))
        could_not += bet.verdict.outcome == bet.verdict.Outcome.CANNOT_TELL
    return OwnRecord(
        record=TrackRecord.of(told),
        grade=grade_of_ranges(told),
        said=sum(one.chance for one in told) / len(told) if told else None,
        could_not=could_not,
    )
