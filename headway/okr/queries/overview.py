"""Cycles, objectives of an organisation, and the line of sight between them."""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from django.db.models import Count, Q

from headway.lib import clock
from headway.people.actor import Actor
from headway.people.models import Organisation, Team

from ..grading import ObjectiveScore, objective_score
from ..models import Alignment, Cycle, KeyResult, KeyResultQuerySet, Objective, ObjectiveQuerySet
from .progress import KeyResultRow, Progress, progress_of, row_of, time_used


@dataclass(frozen=True)
class CycleChoice:
    """A cycle to switch to, and where today stands in it."""

    id: int
    name: str
    starts_on: dt.date
    ends_on: dt.date
    is_current: bool
    is_archived: bool
    objectives: int
    time_used: float


@dataclass(frozen=True)
class ObjectiveRow:
    """An objective with its Key Results and its score so far."""

    id: int
    title: str
    why: str
    cycle_id: int
    cycle: str
    owner: str  # the team, unit or organisation it belongs to
    team_id: int | None
    team_key: str
    unit_id: int | None
    key_results: tuple[KeyResultRow, ...]
    score: ObjectiveScore
    is_archived: bool = False


@dataclass(frozen=True)
class Group:
    """The objectives of one team, of one unit, or the organisation's own."""

    kind: str  # organisation, unit, team
    id: int
    name: str
    key: str  # of a team, else ""
    objectives: tuple[ObjectiveRow, ...]


@dataclass(frozen=True)
class CycleOverview:
    """Every objective of a cycle; the organisation's first, then units, then teams."""

    cycle: CycleChoice | None
    cycles: tuple[CycleChoice, ...]
    groups: tuple[Group, ...]
    teams_without: tuple[Team, ...]  # active teams with no objective in this cycle

    @property
    def key_results(self) -> list[KeyResultRow]:
        return [row for group in self.groups for objective in group.objectives for row in objective.key_results]


@dataclass(frozen=True)
class ObjectivePage:
    """One objective with what its Key Results contribute to, and what contributes to them."""

    row: ObjectiveRow
    uppers: dict[int, tuple[KeyResultRow, ...]]
    contributors: dict[int, tuple[KeyResultRow, ...]]
    archived_key_results: tuple[tuple[int, str], ...]


@dataclass(frozen=True)
class TeamObjective:
    """A team's objective under the one that most of its Key Results contribute to."""

    row: ObjectiveRow
    also: tuple[str, ...] = ()  # further objectives above it


@dataclass(frozen=True)
class UpperObjective:
    """An objective of the organisation or a unit, with what hangs below it."""

    row: ObjectiveRow
    teams: tuple[TeamObjective, ...]
    without_contributor: frozenset[int] = field(default_factory=frozenset)  # ids of its Key Results


@dataclass(frozen=True)
class Sightline:
    """What leads to what: objectives above, the teams' below them, and those that lead nowhere."""

    uppers: tuple[UpperObjective, ...]
    unaligned: tuple[TeamObjective, ...]
    contributes_to: dict[int, tuple[int, ...]]  # Key Result id → ids above

    @property
    def key_results(self) -> list[KeyResultRow]:
        """Every Key Result of a team, in the order of the page."""
        below = [team for upper in self.uppers for team in upper.teams] + list(self.unaligned)
        return [row for objective in below for row in objective.row.key_results]


def current_cycle(organisation: Organisation, today: dt.date) -> Cycle | None:
    """Return the cycle that runs (of several the shortest), else the last one that ended, else the next. One query."""
    cycles = list(Cycle.objects.filter(organisation=organisation).active())
    running = [cycle for cycle in cycles if cycle.starts_on <= today <= cycle.ends_on]
    if running:
        return min(running, key=lambda cycle: (cycle.ends_on - cycle.starts_on, -cycle.pk))
    ended = [cycle for cycle in cycles if cycle.ends_on < today]
    return max(ended, key=lambda cycle: cycle.ends_on) if ended else next(iter(cycles), None)


def cycle_choices(organisation: Organisation, *, today: dt.date, archived: bool = False) -> list[CycleChoice]:
    """Return the cycles, newest first. Two queries."""
    cycles = Cycle.objects.filter(organisation=organisation)
    if not archived:
        cycles = cycles.active()
    counted = cycles.annotate(count=Count("objectives", filter=Q(objectives__archived_at=None)))
    current = current_cycle(organisation, today)
    newest_first = counted.order_by("-starts_on", "-id")
    return [_choice(cycle, cycle.count, current, today) for cycle in newest_first]  # type: ignore[attr-defined]


def cycle_overview(organisation: Organisation, cycle: Cycle | None, viewer: Actor) -> CycleOverview:
    """Return every objective of a cycle that the viewer may see. Eight queries, however many there are."""
    today = clock.today()
    choices = cycle_choices(organisation, today=today)
    chosen = next((choice for choice in choices if cycle and choice.id == cycle.pk), None)
    teams = list(Team.objects.visible_to(viewer).active().filter(organisation=organisation))
    if cycle is None:
        return CycleOverview(None, tuple(choices), (), tuple(teams))
    rows = _objective_rows(Objective.objects.visible_to(viewer).active().filter(cycle=cycle), today=today)
    with_objectives = {row.team_id for row in rows}
    return CycleOverview(
        cycle=chosen or _choice(cycle, len(rows), None, today),
        cycles=tuple(choices),
        groups=tuple(_groups(organisation, rows)),
        teams_without=tuple(team for team in teams if team.pk not in with_objectives),
    )


def team_key_results(team: Team, cycle: Cycle | None, *, today: dt.date | None = None) -> list[KeyResultRow]:
    """Return the team's Key Results of a cycle in order, with where they stand. Four queries; none without a cycle."""
    if cycle is None:
        return []
    found = KeyResult.objects.active().filter(objective__team=team, objective__cycle=cycle)
    return key_result_rows(found, today=today or clock.today())


def key_result_rows(key_results: KeyResultQuerySet, *, today: dt.date) -> list[KeyResultRow]:
    """Return rows with progress for a set of Key Results. Four queries."""
    found = list(key_results.select_related("objective", "owner"))
    progress = progress_of(found, today)
    return [row_of(key_result, progress[key_result.pk]) for key_result in found]


def objective_page(objective: Objective, *, today: dt.date) -> ObjectivePage:
    """Return one objective with the alignments of its Key Results. Ten queries."""
    row = _objective_rows(Objective.objects.filter(pk=objective.pk), today=today)[0]
    ids = [key_result.id for key_result in row.key_results]
    uppers, contributors = aligned(ids, today=today)
    archived = objective.key_results.exclude(archived_at=None).values_list("pk", "title")
    return ObjectivePage(row, uppers, contributors, tuple(archived))


def aligned(
    ids: Sequence[int], *, today: dt.date
) -> tuple[dict[int, tuple[KeyResultRow, ...]], dict[int, tuple[KeyResultRow, ...]]]:
    """Return (what each contributes to, what contributes to each) by Key Result id. Five queries."""
    up = list(Alignment.objects.filter(key_result__in=ids).values_list("key_result_id", "upper_id"))
    down = list(Alignment.objects.filter(upper__in=ids).values_list("upper_id", "key_result_id"))
    others = KeyResult.objects.active().filter(pk__in={other for _, other in up + down})
    rows = {row.id: row for row in key_result_rows(others, today=today)}
    return _by_first(up, rows), _by_first(down, rows)


def sightline(organisation: Organisation, cycle: Cycle, viewer: Actor) -> Sightline:
    """Return the objectives of the teams in a cycle under those they lead to.

    Objectives above are those of units and of the organisation in this cycle, and those of a longer cycle that a
    Key Result of this one contributes to. Fifteen queries at most.
    """
    today = clock.today()
    rows = _objective_rows(Objective.objects.visible_to(viewer).active().filter(cycle=cycle), today=today)
    below = [row for row in rows if row.team_id]
    above = [row for row in rows if not row.team_id]
    links = Alignment.objects.filter(
        key_result__in=[kr.id for row in rows for kr in row.key_results], upper__archived_at=None
    )
    pairs = list(links.order_by("id").values_list("key_result_id", "upper_id", "upper__objective_id"))
    beyond = {objective_id for _, _, objective_id in pairs} - {row.id for row in rows}
    above += _objective_rows(Objective.objects.visible_to(viewer).active().filter(pk__in=beyond), today=today)
    contributes = _by_first([(low, up) for low, up, _ in pairs], None)
    return _hang(above, below, pairs, contributes)


def _hang(
    above: Sequence[ObjectiveRow],
    below: Sequence[ObjectiveRow],
    pairs: Iterable[tuple[int, int, int]],
    contributes: dict[int, tuple[int, ...]],
) -> Sightline:
    """Put each objective of a team below the one that most of its Key Results contribute to."""
    known = {row.id: row for row in above}
    home = {kr.id: row.id for row in below for kr in row.key_results}
    votes: dict[int, dict[int, int]] = {}
    for low, _, objective_id in pairs:
        if low in home and objective_id in known:
            tally = votes.setdefault(home[low], {})
            tally[objective_id] = tally.get(objective_id, 0) + 1
    hung: dict[int, list[TeamObjective]] = {row.id: [] for row in above}
    loose = []
    for row in below:
        ranked = sorted(votes.get(row.id, {}), key=lambda pk: -votes[row.id][pk])
        if ranked:
            also = tuple(known[pk].title for pk in ranked[1:])
            hung[ranked[0]].append(TeamObjective(row, also))
        else:
            loose.append(TeamObjective(row))
    reached = {up for ups in contributes.values() for up in ups}
    uppers = tuple(
        UpperObjective(row, tuple(hung[row.id]), frozenset(kr.id for kr in row.key_results if kr.id not in reached))
        for row in above
    )
    return Sightline(uppers, tuple(loose), contributes)


def _objective_rows(objectives: ObjectiveQuerySet, *, today: dt.date) -> list[ObjectiveRow]:
    """Return rows for objectives in order: of the organisation, of units, of teams. Five queries."""
    found = list(objectives.select_related("cycle", "team", "unit", "organisation"))
    key_results = KeyResult.objects.filter(objective__in=[objective.pk for objective in found], archived_at=None)
    by_objective: dict[int, list[KeyResultRow]] = {}
    for row in key_result_rows(key_results, today=today):
        by_objective.setdefault(row.objective_id, []).append(row)
    rows = [_objective_row(objective, tuple(by_objective.get(objective.pk, ()))) for objective in found]
    return sorted(rows, key=lambda row: (bool(row.team_id), bool(row.unit_id), row.owner.casefold()))


def _objective_row(objective: Objective, key_results: tuple[KeyResultRow, ...]) -> ObjectiveRow:
    owner: Any = objective.team or objective.unit or objective.organisation
    return ObjectiveRow(
        id=objective.pk,
        title=objective.title,
        why=objective.why,
        cycle_id=objective.cycle_id,
        cycle=objective.cycle.name,
        owner=owner.name,
        team_id=objective.team_id,
        team_key=objective.team.key if objective.team else "",
        unit_id=objective.unit_id,
        key_results=key_results,
        score=objective_score((row.terms, _in_cycle(row.progress)) for row in key_results),
        is_archived=objective.archived_at is not None,
    )


def _in_cycle(progress: Progress) -> float | None:
    return None if progress.is_history else progress.now


def _groups(organisation: Organisation, rows: Iterable[ObjectiveRow]) -> Iterable[Group]:
    groups: dict[tuple[str, int], Group] = {}
    for row in rows:
        kind, pk = _place(row, organisation)
        group = groups.get((kind, pk)) or Group(kind, pk, row.owner, row.team_key, ())
        groups[kind, pk] = replace(group, objectives=(*group.objectives, row))
    return groups.values()


def _place(row: ObjectiveRow, organisation: Organisation) -> tuple[str, int]:
    if row.team_id:
        return "team", row.team_id
    return ("unit", row.unit_id) if row.unit_id else ("organisation", organisation.pk)


def _choice(cycle: Cycle, objectives: int, current: Cycle | None, today: dt.date) -> CycleChoice:
    return CycleChoice(
        id=cycle.pk,
        name=cycle.name,
        starts_on=cycle.starts_on,
        ends_on=cycle.ends_on,
        is_current=current is not None and cycle.pk == current.pk,
        is_archived=cycle.archived_at is not None,
        objectives=objectives,
        time_used=time_used(cycle.starts_on, cycle.ends_on, today),
    )


def _by_first(pairs: Iterable[tuple[int, int]], rows: dict[int, Any] | None) -> dict[int, tuple[Any, ...]]:
    """Group the second of each pair by the first; through `rows` where given, leaving out what is not in it."""
    grouped: dict[int, tuple[Any, ...]] = {}
    for first, second in pairs:
        if rows is None:
            grouped[first] = (*grouped.get(first, ()), second)
        elif second in rows:
            grouped[first] = (*grouped.get(first, ()), rows[second])
    return grouped
