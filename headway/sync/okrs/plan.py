"""Compare a file's OKRs with what stands: what each would create, change or leave. Reads only.

A Key Result is known again by its text, below an objective of the same title, in the same cycle and team. Numbers that
were agreed are never overwritten: where the file differs from what was measured against or edited here, ours stays and
the line is named.
"""

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from copy import copy
from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from headway.live.models import Change
from headway.okr.actions.key_results import require_sound, tidy
from headway.okr.models import CheckIn, Cycle, KeyResult, Measurement, Objective
from headway.okr.values import write_value
from headway.people.models import Membership, Team

from ..rows import NotThisFormat, Skipped
from .periods import Period, read_period
from .rows import Document, OkrRow
from .texts import match_key, read_from_to

CREATED, CHANGED, UNCHANGED, KEPT = "created", "changed", "unchanged", "kept"


@dataclass
class PlannedKeyResult:
    """What becomes of one row. `values` are to be written to the Key Result; `score` and `current` as new records."""

    row: OkrRow
    what: str
    key_result: KeyResult
    values: dict[str, Any] = field(default_factory=dict)
    current: float | None = None
    score: str = ""
    reason: str = ""


@dataclass
class PlannedObjective:
    """An objective of the file with its Key Results; not yet saved where it is new."""

    objective: Objective
    is_new: bool
    key_results: list[PlannedKeyResult] = field(default_factory=list)


@dataclass
class Plan:
    """What an import would do."""

    team: Team
    file_name: str
    objectives: list[PlannedObjective]
    new_cycles: list[Cycle]
    skipped: list[Skipped]
    unmapped: list[str]
    missing: list[KeyResult]
    read: int

    @property
    def key_results(self) -> Iterator[PlannedKeyResult]:
        return (planned for objective in self.objectives for planned in objective.key_results)

    @property
    def counts(self) -> dict[str, int]:
        """Key Results by what becomes of them; those that stand in the file and were kept as they are here included."""
        tally = dict.fromkeys((CREATED, CHANGED, UNCHANGED), 0)
        for planned in self.key_results:
            tally[UNCHANGED if planned.what == KEPT else planned.what] += 1
        new = sum(objective.is_new for objective in self.objectives)
        return {"read": self.read, **tally, "missing": len(self.missing), "objectives": new}


def plan_okrs(document: Document, *, team: Team, file_name: str, today: dt.date, cycle: str = "") -> Plan:
    """Plan the import of a document into a team (rows that name another team of ours go there).

    `cycle`: the name or period of the cycle that every row goes to; empty: each row's own period, and without one
    the cycle that runs today. Raises NotThisFormat where no cycle can be told. A constant number of queries.
    """
    return _Planner(document, team=team, file_name=file_name, today=today, cycle=cycle).plan()


class _Planner:
    def __init__(self, document: Document, *, team: Team, file_name: str, today: dt.date, cycle: str) -> None:
        self.document, self.team, self.file_name, self.today, self.cycle = document, team, file_name, today, cycle
        organisation = team.organisation
        self.teams = list(Team.objects.filter(organisation=organisation).active())
        self.cycles = list(Cycle.objects.filter(organisation=organisation).order_by("archived_at", "id"))
        self.people = [
            membership.person
            for membership in Membership.objects.filter(organisation=organisation, deactivated_at=None).select_related(
                "person"
            )
        ]
        self.objectives: dict[tuple[Any, ...], PlannedObjective] = {}
        self.unmapped: dict[str, None] = {}
        self.new_cycles: list[Cycle] = []
        self.skipped = list(document.skipped)
        self.seen: dict[tuple[Any, ...], int] = {}

    def plan(self) -> Plan:
        placed = [(row, self._cycle(row), self._team(row)) for row in self.document.rows]
        self._load({cycle.pk for _row, cycle, _team in placed if cycle.pk}, {team.pk for _row, _cycle, team in placed})
        for row, cycle, team in placed:
            self._plan_row(row, cycle, team)
        objectives = [planned for planned in self.objectives.values() if planned.key_results]
        return Plan(
            team=self.team,
            file_name=self.file_name,
            objectives=objectives,
            new_cycles=self.new_cycles,
            skipped=sorted(self.skipped, key=lambda skipped: skipped.line),
            unmapped=list(self.unmapped),
            missing=self._missing(objectives),
            read=len(self.document.rows),
        )

    # where a row goes

    def _cycle(self, row: OkrRow) -> Cycle:
        wanted = self.cycle or row.period
        if not wanted:
            running = self._running()
            if running is None:
                raise NotThisFormat(
                    _("The file names no period, and no cycle runs today."),
                    todo=_("Say which cycle it is for, for example Q4 2026."),
                )
            return running
        period = read_period(wanted)
        named = next((cycle for cycle in self.cycles if match_key(cycle.name) == match_key(wanted)), None)
        found = named or (self._cycle_of(period) if period else None)
        if found:
            return found
        if period is None:
            known = ", ".join(cycle.name for cycle in self.cycles if cycle.archived_at is None) or _("none")
            raise NotThisFormat(
                _("There is no cycle “%(name)s”. Cycles here: %(known)s.") % {"name": wanted, "known": known},
                line=row.line if row.period else None,
                todo=_("Name one of them, or a period such as Q4 2026."),
            )
        return self._new_cycle(period, wanted)

    def _cycle_of(self, period: Period) -> Cycle | None:
        key = match_key(period.name)
        return next(
            (
                cycle
                for cycle in self.cycles
                if match_key(cycle.name) == key
                or (not period.is_fiscal and (cycle.starts_on, cycle.ends_on) == (period.starts_on, period.ends_on))
            ),
            None,
        )

    def _new_cycle(self, period: Period, written: str) -> Cycle:
        if period.is_fiscal:
            note = _(
                "%(period)s: taken as %(from)s to %(to)s; change the cycle's days if your fiscal year begins later"
            )
            self.unmapped[note % {"period": written, "from": period.starts_on, "to": period.ends_on}] = None
        cycle = Cycle(
            organisation=self.team.organisation,
            name=period.name,
            starts_on=period.starts_on,
            ends_on=period.ends_on,
        )
        self.cycles.append(cycle)
        self.new_cycles.append(cycle)
        return cycle

    def _running(self) -> Cycle | None:
        running = [
            cycle
            for cycle in self.cycles
            if cycle.archived_at is None and cycle.starts_on <= self.today <= cycle.ends_on
        ]
        return min(running, key=lambda cycle: cycle.ends_on - cycle.starts_on, default=None)

    def _team(self, row: OkrRow) -> Team:
        if not row.team:
            return self.team
        wanted = row.team.casefold()
        named = next((team for team in self.teams if wanted in (team.key.casefold(), team.name.casefold())), None)
        if named is None:
            self.unmapped[_("team “%(name)s”") % {"name": row.team}] = None
        return named or self.team

    # what stands already

    def _load(self, cycle_ids: set[int], team_ids: set[int]) -> None:
        found = Objective.objects.filter(cycle__in=cycle_ids, team__in=team_ids).order_by("archived_at", "id")
        self.standing: dict[tuple[int, int, str], list[Objective]] = {}
        for objective in found.select_related("cycle", "team"):
            key = (objective.cycle_id, objective.team_id or 0, match_key(objective.title))
            self.standing.setdefault(key, []).append(objective)
        key_results = list(
            KeyResult.objects.filter(objective__in=[o.pk for group in self.standing.values() for o in group])
            .select_related("objective__cycle", "objective__team")
            .order_by("archived_at", "id")
        )
        self.key_results: dict[tuple[int, str], KeyResult] = {}
        for key_result in key_results:
            self.key_results.setdefault((key_result.objective_id, match_key(key_result.title)), key_result)
        ids = [key_result.pk for key_result in key_results]
        self.last: dict[int, float] = dict(
            Measurement.objects.current()
            .filter(key_result__in=ids)
            .order_by("measured_on", "id")
            .values_list("key_result_id", "value")
        )
        self.said = set(CheckIn.objects.filter(key_result__in=ids).values_list("key_result_id", "text"))
        self.edited = set(
            Change.objects.filter(
                name="key_result.edited", subject_type="okr.keyresult", organisation_id=self.team.organisation_id
            ).values_list("subject_id", flat=True)
        )

    # what becomes of a row

    def _plan_row(self, row: OkrRow, cycle: Cycle, team: Team) -> None:
        label = _label(
            row, is_here=team.name.casefold() == row.team.casefold() or team.key.casefold() == row.team.casefold()
        )
        planned = self._objective(row, cycle, team, label)
        if planned is None:
            return
        key = (id(planned), match_key(row.key_result))
        if key in self.seen:
            reason = _("The same Key Result stands in line %(line)s already.") % {"line": self.seen[key]}
            self.skipped.append(Skipped(row.line, reason, row.key_result[:200]))
            return
        self.seen[key] = row.line
        found = None if planned.is_new else self.key_results.get((planned.objective.pk, key[1]))
        made = self._known(row, found) if found else self._new(row, planned)
        if made:
            planned.key_results.append(made)

    def _objective(self, row: OkrRow, cycle: Cycle, team: Team, label: str) -> PlannedObjective | None:
        key = (cycle.pk or id(cycle), team.pk, match_key(row.objective), label)
        if key in self.objectives:
            return self.objectives[key]
        if len(row.objective) > 500:
            self.skipped.append(
                Skipped(row.line, _("The objective is longer than 500 characters."), row.objective[:200])
            )
            return None
        same = self.standing.get((cycle.pk, team.pk, key[2]), []) if cycle.pk else []
        found = next((objective for objective in same if label_of(objective.source) == label), None)
        by_hand = [objective for objective in same if not objective.source]
        found = found or (by_hand[0] if len(by_hand) == 1 else None)
        new = Objective(
            cycle=cycle,
            organisation=team.organisation,
            team=team,
            title=row.objective,
            why=row.why,
            source=_source(self.file_name, row.objective_line or row.line, label),
        )
        self.objectives[key] = PlannedObjective(found or new, is_new=found is None)
        return self.objectives[key]

    def _new(self, row: OkrRow, planned: PlannedObjective) -> PlannedKeyResult | None:
        stated = read_from_to(row.key_result) if row.baseline is None and row.target is None else None
        baseline, target = (stated.baseline, stated.target) if stated else (row.baseline, row.target)
        key_result = KeyResult(
            objective=planned.objective,
            title=row.key_result,
            unit=(row.unit or (stated.unit if stated else ""))[:20],
            baseline=baseline,
            target=target,
            owner=self._person(row.owner),
            source=_source(self.file_name, row.line, row.owner),
        )
        if baseline is not None and target is not None and target < baseline:
            key_result.direction = KeyResult.Direction.DECREASE
        try:
            tidy(key_result)
            require_sound(key_result)
        except ValidationError as error:
            self.skipped.append(Skipped(row.line, " ".join(error.messages), row.key_result[:200]))
            return None
        return PlannedKeyResult(row, CREATED, key_result, current=row.current, score=row.score)

    def _known(self, row: OkrRow, found: KeyResult) -> PlannedKeyResult:
        if found.archived_at or found.objective.archived_at:
            return PlannedKeyResult(row, KEPT, found, reason=_("Archived here."))
        planned = PlannedKeyResult(row, UNCHANGED, found)
        wanted = {"baseline": row.baseline, "target": row.target, "unit": row.unit[:20]}
        differing = {
            name: value for name, value in wanted.items() if value not in (None, "") and value != getattr(found, name)
        }
        if differing and (found.pk in self.last or found.pk in self.edited):
            self._keep(planned, differing)
        elif differing:
            self._change(planned, differing)
        if row.current is not None and self.last.get(found.pk) != row.current:
            planned.what, planned.current = CHANGED, row.current
        if row.score and (found.pk, score_text(row.score)) not in self.said:
            planned.what, planned.score = CHANGED, row.score
        return planned

    def _change(self, planned: PlannedKeyResult, differing: dict[str, Any]) -> None:
        wanted = copy(planned.key_result)
        for name, value in differing.items():
            setattr(wanted, name, value)
        if wanted.baseline is not None and wanted.target is not None:
            falls = wanted.target < wanted.baseline
            differing["direction"] = KeyResult.Direction.DECREASE if falls else KeyResult.Direction.INCREASE
            wanted.direction = differing["direction"]
        try:
            require_sound(wanted)
        except ValidationError as error:
            planned.what, planned.reason = KEPT, " ".join(error.messages)
            self.skipped.append(Skipped(planned.row.line, planned.reason, planned.row.key_result[:200]))
            return
        planned.what, planned.values = CHANGED, differing

    def _keep(self, planned: PlannedKeyResult, differing: Mapping[str, Any]) -> None:
        """Leave agreed numbers as they are, and say so by line."""
        shown = ", ".join(
            write_value(value) if isinstance(value, float) else str(value) for value in differing.values()
        )
        planned.what = KEPT
        planned.reason = _(
            "The file says %(theirs)s, which differs from what was agreed here. Change it on its page, with the reason."
        ) % {"theirs": shown}
        self.skipped.append(Skipped(planned.row.line, planned.reason, planned.row.key_result[:200]))

    def _person(self, name: str) -> Any:
        wanted = name.casefold().strip(" @")
        found = [person for person in self.people if wanted in (person.name.casefold(), person.email.casefold())]
        return found[0] if len(found) == 1 else None

    def _missing(self, objectives: Iterable[PlannedObjective]) -> list[KeyResult]:
        """Return the Key Results that an earlier import of this file brought here, and that are no more in it."""
        here = {planned.key_result.pk for objective in objectives for planned in objective.key_results}
        start = _source(self.file_name, 0, "").removesuffix("0")
        return [
            key_result
            for key_result in self.key_results.values()
            if key_result.pk not in here and key_result.source.startswith(start) and key_result.archived_at is None
        ]


def score_text(score: str) -> str:
    """Return what a score of the file says as a check-in."""
    if score == "[x]":
        return _("Ticked as done in the file.")
    return _("Score as written: %(score)s") % {"score": score}


def label_of(source: str) -> str:
    """Return whose it is, as the file said, from the source of an imported row."""
    return source.partition(" · ")[2]


def _label(row: OkrRow, *, is_here: bool) -> str:
    parts = [row.label, "" if is_here else row.team]
    return " / ".join(part for part in parts if part)[:180]


def _source(file_name: str, line: int, label: str) -> str:
    where = f"{file_name.replace(' · ', ' ')[:90]}:{line}"
    return f"{where} · {label}"[:300] if label else where
