"""The report by Key Result, and what needs somebody today."""

from typing import Annotated, Any

from ninja import Query
from pydantic import Field

from headway.desks.documents import json_document
from headway.desks.report import report_for, scopes_for
from headway.desks.today import today_of

from .platform.asking import ApiRequest
from .platform.finding import team_of
from .platform.routes import Area
from .platform.schemas import Day, Filters, Id, Out

area = Area("Report and Today")


class Scope(Out):
    """The time that a report covers."""

    kind: str
    name: str
    starts_on: Day | None
    ends_on: Day | None


class Counts(Out):
    """Items by category; `done_undated` are done on no known day."""

    todo: int
    doing: int
    done: int
    done_undated: int


class Unserved(Out):
    """The share of work that serves no Key Result, and what the team agreed to stay under."""

    share: float | None
    of: Annotated[str | None, Field(description="Of what it is the share.")]
    limit: float | None


class ReportLine(Out):
    """An item in a report, with its promise and what it moved."""

    key: str
    title: str
    kind: str
    size: float | None
    sprint: str | None
    tracker_key: str | None
    started_on: Day | None
    done_on: Day | None
    blocked_days: int | None
    serves: Annotated[str | None, Field(description="key_result, a kind of work, or null.")]
    reason: str | None
    low: float | None
    likely: float | None
    high: float | None
    chance: float | None
    judge_on: Day | None
    outcome: str | None
    measured: float | None
    scale: int | None


class ReportKeyResult(Out):
    """Where a Key Result stands. Work delivered and outcome moved are two figures, never one."""

    id: Id
    short_name: str
    title: str
    unit: str
    begins: Annotated[float | None, Field(alias="from")]
    target: Annotated[float | None, Field(alias="to")]
    at_least: float | None
    at_most: float | None
    now: float | None
    measured_on: Day | None
    delivered: float | None
    moved: float | None
    time_used: float | None
    of: str | None


class ReportGroup(Out):
    """The work on one Key Result, or on none (null)."""

    key_result: ReportKeyResult | None
    todo: list[ReportLine]
    doing: list[ReportLine]
    done: list[ReportLine]


class Report(Out):
    """Work to do, in progress and done, by Key Result."""

    team: str
    scope: Scope
    on: Day
    counts: Counts
    serves_no_key_result: Unserved
    groups: list[ReportGroup]


class Signal(Out):
    """What needs somebody: for whom (`desk`), why, for how long, and what to do about it."""

    kind: str
    desk: str
    what: str
    why: str
    age_days: int | None
    action: str


class Today(Out):
    """What needs the three parties that a Scrum Master serves, the most urgent first at each desk."""

    team: str
    sprint: str | None
    cycle: str | None
    signals: list[Signal]


class ReportFilters(Filters):
    sprint: Annotated[int | None, Field(ge=1, description="A Sprint's number.")] = None
    cycle: Annotated[int | None, Field(ge=1, le=2**63 - 1, description="A cycle's id.")] = None
    start: Annotated[Day | None, Field(description="First day of a span.")] = None
    end: Annotated[Day | None, Field(description="Last day of a span.")] = None
    on: Annotated[Day | None, Field(description="As it stood on the evening of this day.")] = None


@area.read("/teams/{team_key}/report")
def get_report(request: ApiRequest, team_key: str, filters: Query[ReportFilters]) -> Report:
    """Read a team's report; without a scope that of the current cycle."""
    team = team_of(request, team_key)
    asked: dict[str, Any] = filters.model_dump(exclude={"on"}, exclude_none=True)
    scope = scopes_for(team, **asked, on=filters.on).chosen
    return Report.model_validate(json_document(report_for(team, scope, on=filters.on)))


@area.read("/teams/{team_key}/today")
def get_today(request: ApiRequest, team_key: str) -> Today:
    """Read what needs somebody today."""
    today = today_of(team_of(request, team_key))
    return Today(
        team=today.team.key,
        sprint=today.sprint.name if today.sprint else None,
        cycle=today.cycle.name if today.cycle else None,
        signals=[
            Signal(kind=row.kind, desk=row.desk, what=row.what, why=row.why, age_days=row.age_days, action=row.action)
            for row in today.signals
        ],
    )
