"""The Key Results that something new may aim at."""

import datetime as dt
from dataclasses import dataclass

from django.db.models import OuterRef, Q, Subquery

from headway.lib import clock
from headway.okr.models import KeyResult, Measurement
from headway.people.actor import Actor
from headway.people.models import Team


@dataclass(frozen=True)
class KeyResultChoice:
    """A Key Result to choose. `now`: last value, else baseline; `left`: the way to its target; `group`: whose."""

    id: int
    name: str
    title: str
    unit: str
    now: float | None
    target: float | None
    left: float | None
    can_move: bool
    is_own: bool
    group: str


def key_result_choices(team: Team, viewer: Actor, *, today: dt.date | None = None) -> list[KeyResultChoice]:
    """Return the Key Results of running and coming cycles, the team's own first; of all cycles where none runs.

    One query, or two.
    """
    today = today or clock.today()
    latest = Measurement.objects.current().filter(key_result=OuterRef("pk")).order_by("-measured_on", "-id")
    found = (
        KeyResult.objects.visible_to(viewer)
        .active()
        .filter(objective__cycle__archived_at=None)
        .select_related("objective__team", "objective__organisation")
        .annotate(last=Subquery(latest.values("value")[:1]))
        .order_by("objective__position", "objective_id", "position", "pk")
    )
    key_results = list(found.filter(Q(objective__cycle__ends_on__gte=today))) or list(found)
    choices = [_choice(key_result, team) for key_result in key_results]
    return sorted(choices, key=lambda choice: (not choice.is_own, choice.group))


def _choice(key_result: KeyResult, team: Team) -> KeyResultChoice:
    owner = key_result.objective.team
    last: float | None = getattr(key_result, "last", None)
    return KeyResultChoice(
        id=key_result.pk,
        name=key_result.short_name,
        title=key_result.title,
        unit=key_result.unit,
        now=key_result.baseline if last is None else last,
        target=key_result.target,
        left=_left(key_result, last),
        can_move=key_result.direction != KeyResult.Direction.STAY_WITHIN,
        is_own=key_result.objective.team_id == team.pk,
        group=owner.name if owner else key_result.objective.organisation.name,
    )


def _left(key_result: KeyResult, last: float | None) -> float | None:
    baseline, target = key_result.baseline, key_result.target
    if baseline is None or target is None or baseline == target:
        return None
    left = target - (baseline if last is None else last)
    return max(left if target > baseline else -left, 0.0)
