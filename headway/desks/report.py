"""The report: to do, in progress and done, by the Key Result that it serves, and what serves none in equal rank."""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from headway.lib import clock
from headway.lib.formats import number
from headway.okr.models import Cycle, KeyResult
from headway.okr.queries import KeyResultRow, current_cycle, key_result_rows
from headway.people.models import Team
from headway.scrum.models import Category, Item, Sprint
from headway.scrum.queries import current_sprint
from headway.value.queries.promises import Delivered, ServesLine, delivered_of
from headway.value.queries.promises import Work as ValueWork

from .work import Moment, Work, WorkItem, start_of, work_of

#: Without a cycle and without a Sprint, the report looks back so far [days].
LOOK_BACK_DAYS = 90


@dataclass(frozen=True)
class Scope:
    """What a report covers: a Sprint, a cycle, or days; `id` is the Sprint's number or the cycle's id."""

    kind: str  # sprint, cycle, span
    name: str
    starts_on: dt.date | None
    ends_on: dt.date | None
    id: int = 0
    sprint_id: int | None = None
    sprint_ended_at: dt.datetime | None = None

    @property
    def parameters(self) -> dict[str, str]:
        """The query string that asks for this scope."""
        if self.kind == "span":
            days = {"from": self.starts_on, "to": self.ends_on}
            return {name: day.isoformat() for name, day in days.items() if day}
        return {self.kind: str(self.id)}


@dataclass(frozen=True)
class Scopes:
    """The scope of a report, and those that the page offers beside it."""

    chosen: Scope
    sprint: Scope | None
    cycle: Scope | None


@dataclass(frozen=True)
class Line:
    """An item in a group: `serves` says what it promises to the group's Key Result, or which kind of work it is."""

    item: WorkItem
    serves: ServesLine | None


@dataclass(frozen=True)
class Group:
    """The work in scope that serves one Key Result (None: that serves none); `of` names another cycle or team."""

    key_result: KeyResultRow | None
    delivered: Delivered | None
    todo: tuple[Line, ...]
    doing: tuple[Line, ...]
    done: tuple[Line, ...]
    of: str = ""

    @property
    def lanes(self) -> tuple[tuple[str, tuple[Line, ...]], ...]:
        return (Category.TODO, self.todo), (Category.DOING, self.doing), (Category.DONE, self.done)

    @property
    def is_empty(self) -> bool:
        return not (self.todo or self.doing or self.done)


@dataclass(frozen=True)
class Unserved:
    """The share of work, by size, that serves no Key Result, 0–1, and of what it is the share."""

    share: float
    of: str


@dataclass(frozen=True)
class Report:
    """A report as it stood on the evening of `on`, or now. An item counts once, in however many groups it is.

    `undated` items ended on a day that nobody told, or without delivery: they are in no time, and only counted.
    """

    team: Team
    scope: Scope
    on: dt.date
    is_past: bool
    groups: tuple[Group, ...]
    unserved: Group
    todo: int
    doing: int
    done: int
    unserved_share: Unserved | None
    unserved_limit: float | None
    undated: int

    @property
    def is_empty(self) -> bool:
        return not (self.todo or self.doing or self.done)

    @property
    def undated_sentence(self) -> str:
        """Say what is done and left out, "" where nothing is."""
        if not self.undated:
            return ""
        return ngettext(
            "%(count)s more item ended on no known day, or without delivery: it is in no time.",
            "%(count)s more items ended on no known day, or without delivery: they are in no time.",
            self.undated,
        ) % {"count": number(self.undated)}

    @property
    def all_groups(self) -> tuple[Group, ...]:
        return (*self.groups, self.unserved)


def scopes_for(
    team: Team,
    *,
    sprint: int | None = None,
    cycle: int | None = None,
    start: dt.date | None = None,
    end: dt.date | None = None,
    on: dt.date | None = None,
) -> Scopes:
    """Return the scope that is asked for, by default the cycle of that day, and those to choose beside it.

    Raises ValidationError for a day to come, a span that ends before it begins, and what is not there. Three queries.
    """
    today = clock.today()
    if on is not None and on > today:
        raise ValidationError({"on": _("%(day)s is still to come: a report shows what was.") % {"day": on.isoformat()}})
    day = on or today
    running = current_sprint(team, today=day)
    of_day = current_cycle(team.organisation, day)
    beside_sprint = _of_sprint(running) if running else None
    beside_cycle = _of_cycle(of_day) if of_day else None
    if sprint is not None:
        chosen = _of_sprint(_sprint(team, sprint))
    elif start is not None or end is not None:
        chosen = _of_span(start, end or day)
    elif cycle is not None:
        chosen = _of_cycle(_cycle(team, cycle))
    else:
        chosen = beside_cycle or beside_sprint or _of_span(day - dt.timedelta(days=LOOK_BACK_DAYS), day)
    return Scopes(chosen, chosen if chosen.kind == "sprint" else beside_sprint, beside_cycle)


def report_for(team: Team, scope: Scope, *, on: dt.date | None = None) -> Report:
    """Return the report of a team, as it stands now or as it stood on the evening of `on`. Twelve queries.

    A Sprint or cycle that is over is shown as it ended.
    """
    moment = _moment(scope, on)
    work = work_of(team, moment, done_since=scope.starts_on)
    since = start_of(scope.starts_on) if scope.starts_on else None
    shown = [item for item in work.items if _is_in(item, scope, since, moment.at)]
    rows, others = _key_results(team, scope, moment, shown)
    delivered = delivered_by_key_result(work)
    here = _by_key_result(shown)
    groups = [
        Group(row, delivered.get(row.id), *_lanes(here.get(row.id, ())), of=others.get(row.id, "")) for row in rows
    ]
    return Report(
        team=team,
        scope=scope,
        on=moment.on,
        is_past=moment.is_past,
        groups=tuple(group for group in groups if not group.is_empty or _stands_alone(group)),
        unserved=_unserved(shown),
        todo=sum(item.category == Category.TODO for item in shown),
        doing=sum(item.category == Category.DOING for item in shown),
        done=sum(item.category == Category.DONE for item in shown),
        unserved_share=_share(work, shown, scope),
        unserved_limit=team.no_kr_limit,
        undated=0 if scope.sprint_id or since is None else _done_without_a_day(team),
    )


def delivered_by_key_result(work: Work) -> dict[int, Delivered]:
    """Return what of the work taken on for each Key Result is done at the moment of `work`. No query."""
    return {
        key_result_id: delivered_of(
            (
                ValueWork(line.item.category, line.item.size, line.item.is_in_open_sprint, line.item.is_shelved)
                for line in lines
            ),
            has_sprint=work.has_sprint,
            median_size=work.median_size,
        )
        for key_result_id, lines in _by_key_result(work.items).items()
    }


# Scopes


def _sprint(team: Team, number: int) -> Sprint:
    found = Sprint.objects.filter(team=team, number=number).first()
    if found is None:
        raise ValidationError({"sprint": _("%(team)s has no Sprint %(number)s.") % {"team": team, "number": number}})
    return found


def _cycle(team: Team, pk: int) -> Cycle:
    found = Cycle.objects.filter(organisation=team.organisation, pk=pk).first()
    if found is None:
        raise ValidationError({"cycle": _("There is no such cycle.")})
    return found


def _of_sprint(sprint: Sprint) -> Scope:
    return Scope(
        kind="sprint",
        name=sprint.name,
        starts_on=sprint.starts_on,
        ends_on=sprint.ends_on,
        id=sprint.number,
        sprint_id=sprint.pk,
        sprint_ended_at=sprint.closed_at,
    )


def _of_cycle(cycle: Cycle) -> Scope:
    return Scope("cycle", cycle.name, cycle.starts_on, cycle.ends_on, id=cycle.pk)


def _of_span(start: dt.date | None, end: dt.date) -> Scope:
    if start is not None and start > end:
        raise ValidationError({"from": _("The first day lies after the last one.")})
    return Scope("span", "", start, end)


def _moment(scope: Scope, on: dt.date | None) -> Moment:
    asked = Moment.evening_of(on) if on else Moment.now()
    if scope.sprint_ended_at and scope.sprint_ended_at < asked.at:
        return Moment.at_most(scope.sprint_ended_at)
    if scope.ends_on and scope.ends_on < asked.on and scope.kind != "sprint":
        return Moment.evening_of(scope.ends_on)
    return asked


def _is_in(item: WorkItem, scope: Scope, since: dt.datetime | None, until: dt.datetime) -> bool:
    """Say whether an item is in the report: of a Sprint all that it held, else what is open or was done in the time."""
    if scope.sprint_id is not None:
        return scope.sprint_id in item.in_sprints
    if item.category == Category.TODO:
        return not item.is_shelved
    if item.category == Category.DOING or since is None:
        return True
    return item.done_at is not None and since <= item.done_at <= until


def _done_without_a_day(team: Team) -> int:
    return Item.objects.active().filter(team=team, category=Category.DONE, done_at=None).count()


# Groups


def _key_results(
    team: Team, scope: Scope, moment: Moment, shown: Iterable[WorkItem]
) -> tuple[list[KeyResultRow], Mapping[int, str]]:
    """Return the team's Key Results of that time, then all others that its work serves, with where those are from."""
    served = {line.key_result_id for item in shown for line in item.promise.key_results}
    own = Q(objective__team=team, archived_at=None, objective__archived_at=None) & _in_time(scope, moment)
    rows = KeyResult.objects.filter(own | Q(pk__in=served)).order_by(
        "objective__cycle__starts_on", "objective__position", "objective_id", "position", "id"
    )
    own_ids = set(KeyResult.objects.filter(own).values_list("pk", flat=True))
    others = {
        pk: cycle if team_id == team.pk else (name or cycle)
        for pk, team_id, name, cycle in rows.exclude(pk__in=own_ids).values_list(
            "pk", "objective__team_id", "objective__team__name", "objective__cycle__name"
        )
    }
    found = key_result_rows(rows, today=moment.on)
    return sorted(found, key=lambda row: row.id in others), others


def _in_time(scope: Scope, moment: Moment) -> Q:
    if scope.kind == "cycle":
        return Q(objective__cycle=scope.id)
    starts_on, ends_on = scope.starts_on or moment.on, min(scope.ends_on or moment.on, moment.on)
    return Q(objective__cycle__starts_on__lte=ends_on, objective__cycle__ends_on__gte=starts_on)


def _by_key_result(items: Iterable[WorkItem]) -> Mapping[int, list[Line]]:
    found: dict[int, list[Line]] = {}
    for item in items:
        for line in item.promise.key_results:
            if line.key_result_id is not None:
                found.setdefault(line.key_result_id, []).append(Line(item, line))
    return found


def _unserved(shown: Iterable[WorkItem]) -> Group:
    todo, doing, done = _lanes([Line(item, item.promise.kind) for item in shown if not item.serves_key_result])
    return Group(None, None, todo, doing, done)


def _lanes(lines: Iterable[Line]) -> tuple[tuple[Line, ...], tuple[Line, ...], tuple[Line, ...]]:
    """Part lines by category: what is open in the team's order, Sprints first; what is done newest first."""
    known = list(lines)
    todo = [line for line in known if line.item.category == Category.TODO]
    done = [line for line in known if line.item.category == Category.DONE]
    return (
        tuple(sorted(todo, key=lambda line: not line.item.is_in_open_sprint)),
        tuple(line for line in known if line.item.category == Category.DOING),
        tuple(sorted(done, key=_done_at, reverse=True)),
    )


def _done_at(line: Line) -> float:
    return line.item.done_at.timestamp() if line.item.done_at else 0.0


def _stands_alone(group: Group) -> bool:
    """A Key Result without work is shown: that is the gap. One that only guards, or is of another time, is not."""
    return group.key_result is not None and not group.key_result.is_guardrail and not group.of


def _share(work: Work, shown: Sequence[WorkItem], scope: Scope) -> Unserved | None:
    """Return the share of the running Sprint that serves no Key Result; without one, of all that is shown."""
    running = [item for item in work.items if item.is_in_running_sprint]
    if scope.kind == "sprint" or not running:
        share, of = work.share_without_key_result(shown), scope.name or _("this work")
    else:
        share, of = work.share_without_key_result(running), running[0].sprint
    return Unserved(share, of) if share is not None else None
