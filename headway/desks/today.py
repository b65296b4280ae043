"""Today: what waits for each of the three parties, and where the Sprint and the Key Results stand."""

import datetime as dt
from dataclasses import dataclass

from headway.okr.models import Cycle, KeyResult
from headway.okr.queries import KeyResultRow, current_cycle, team_key_results
from headway.people.models import Organisation, Team
from headway.scrum.models import Item, Sprint
from headway.scrum.queries import SprintHead, current_sprint, sprint_head
from headway.value.models import SprintAim
from headway.value.queries import TooLittle
from headway.value.queries.promises import Delivered

from .facts import facts_of, open_bets, open_decisions
from .outlook import Next, SprintForecast, coming, sprint_forecast
from .pulse import Pulse, pulse_of
from .report import delivered_by_key_result
from .signals import Signal, signals
from .work import Moment, work_of


@dataclass(frozen=True)
class Aim:
    """The Key Result that the Sprint Goal names."""

    key_result_id: int
    short_name: str
    title: str


@dataclass(frozen=True)
class TeamToday:
    """Today of one team."""

    team: Team
    sprint: SprintHead | None
    aim: Aim | None
    cycle: Cycle | None
    signals: tuple[Signal, ...]
    pulse: Pulse | None
    key_results: tuple[tuple[KeyResultRow, Delivered], ...]
    forecast: SprintForecast | TooLittle | None
    next: tuple[Next, ...]
    is_new: bool  # neither work nor a Key Result is there yet

    @property
    def aimed_at(self) -> KeyResultRow | None:
        """Where the Key Result of the Sprint Goal stands."""
        return next((row for row, _done in self.key_results if self.aim and row.id == self.aim.key_result_id), None)

    @property
    def measured_on(self) -> dt.date | None:
        days = [row.progress.measured_on for row, _done in self.key_results if row.progress.measured_on]
        return max(days, default=None)


def today_of(team: Team) -> TeamToday:
    """Return Today of a team. Some forty queries, however much work there is."""
    moment = Moment.now()
    sprint = current_sprint(team, today=moment.on)
    cycle = current_cycle(team.organisation, moment.on)
    work = work_of(team, moment, done_since=(sprint.starts_on if sprint else None) or moment.on)
    rows = team_key_results(team, cycle, today=moment.on)
    delivered = delivered_by_key_result(work)
    key_results = tuple((row, delivered.get(row.id, Delivered(0.0, 0.0, 0, 0))) for row in rows)
    aim = _aim(sprint)
    head = sprint_head(sprint, team, today=moment.on) if sprint else None
    bets, decisions = list(open_bets(work)), list(open_decisions(team))
    facts = facts_of(
        team,
        work,
        sprint=head,
        sprint_names_key_result=aim is not None,
        cycle=cycle,
        key_results=key_results,
        bets=bets,
        decisions=decisions,
    )
    return TeamToday(
        team=team,
        sprint=head,
        aim=aim,
        cycle=cycle,
        signals=tuple(signals(facts)),
        pulse=pulse_of(work, sprint, rows, limit=team.no_kr_limit) if sprint else None,
        key_results=key_results,
        forecast=sprint_forecast(team, work, sprint, aim_id=aim.key_result_id if aim else None),
        next=tuple(coming(work, team=team, sprint=sprint, cycle=cycle, bets=bets, decisions=decisions)),
        is_new=not rows and not work.items and not Item.objects.active().filter(team=team).exists(),
    )


@dataclass(frozen=True)
class FirstSteps:
    """Which of the three first steps of an organisation are done."""

    has_team: bool
    has_items: bool
    has_key_results: bool


def first_steps(organisation: Organisation) -> FirstSteps:
    """Return how far a new organisation is. Three queries."""
    return FirstSteps(
        Team.objects.active().filter(organisation=organisation).exists(),
        Item.objects.active().filter(team__organisation=organisation).exists(),
        KeyResult.objects.active().filter(objective__organisation=organisation).exists(),
    )


def _aim(sprint: Sprint | None) -> Aim | None:
    if sprint is None:
        return None
    found = SprintAim.objects.filter(sprint=sprint).select_related("key_result").first()
    return Aim(found.key_result_id, found.key_result.short_name, found.key_result.title) if found else None
