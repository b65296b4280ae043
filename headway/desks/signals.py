"""What waits for whom: facts in, rows of the three desks out. Each rule is a function; none reads the database.

A signal is about the work and the goal, never about what a person got done.
"""

import datetime as dt
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from headway.agreements.queries import ImpedimentRow
from headway.lib.formats import day, from_to, percent, with_unit
from headway.okr.queries import KeyResultRow
from headway.scrum.models import Category
from headway.scrum.queries import SprintHead
from headway.value.queries.promises import BetLine, Delivered

from .work import WorkItem

#: A Key Result that nobody measured for longer than this is asked for [days].
MEASURED_WITHIN_DAYS = 14
#: Work is far ahead of its outcome from this difference of shares on, where the pace says "at risk" as well.
WORK_AHEAD_BY = 0.3
#: More of a kind than this is one row with a count.
ROWS_OF_A_KIND = 3


class Desk(StrEnum):
    """Whom the Scrum Master serves, in the order of every page."""

    PRODUCT_OWNER = "product_owner"
    TEAM = "team"
    ORGANISATION = "organisation"


@dataclass(frozen=True)
class Target:
    """Where a signal's action leads: a page by its name, the parts of its address and its anchor."""

    page: str
    parts: Mapping[str, Any] = field(default_factory=dict)
    anchor: str = ""


@dataclass(frozen=True)
class Signal:
    """One row of a desk: what, why in a figure, how old [days], and what to do about it for whoever may `verb`."""

    kind: str
    desk: Desk
    what: str
    why: str
    age_days: int | None
    action: str
    verb: str
    target: Target


@dataclass(frozen=True)
class DueBet:
    """A bet on a done item whose day to be judged has come."""

    item: WorkItem
    name: str  # of the Key Result
    unit: str
    bet: BetLine

    @property
    def on(self) -> dt.date | None:
        """The day on which it is to be judged."""
        return self.bet.due_on(self.item.done_on)


@dataclass(frozen=True)
class OpenDecision:
    """A decision to look back at, and what it is about."""

    title: str
    because: str
    decided_on: dt.date
    review_on: dt.date
    target: Target


@dataclass(frozen=True)
class FullColumn:
    """A column of the board that holds as much as its limit allows, or more."""

    name: str
    count: int
    limit: int


@dataclass(frozen=True)
class Conflicts:
    """Fields that were changed here and in the tracker, and since when somebody could decide."""

    count: int
    since: dt.date


@dataclass(frozen=True)
class Waiting:
    """An order that the Scrum Master proposed and nobody has decided on."""

    proposal_id: int
    by: str
    reason: str
    gain: str  # what it brings, in a sentence
    since: dt.date


@dataclass(frozen=True)
class Facts:
    """Everything that the rules look at, of one team on one day."""

    team_key: str
    today: dt.date
    open_items: Sequence[WorkItem]  # in order, without what is on the Not now shelf
    alarm_days: int | None  # working days that hardly any of the team's items goes beyond
    sprint: SprintHead | None
    sprint_names_key_result: bool
    last_sprint_ended_on: dt.date | None
    full_columns: Sequence[FullColumn]
    impediments: Sequence[ImpedimentRow]
    key_results: Sequence[tuple[KeyResultRow, Delivered]]
    judged: Mapping[int, Sequence[int]]  # Key Result → scales of its verdicts
    upper_key_results: Sequence[KeyResultRow]  # the organisation's own
    cycle_starts_on: dt.date | None
    due_bets: Sequence[DueBet]
    conflicts: Conflicts | None
    decisions: Sequence[OpenDecision]
    proposal: Waiting | None = None


def signals(facts: Facts) -> list[Signal]:
    """Return every signal of a team, for each desk in the order of the rules below."""
    return [signal for rule in RULES for signal in rule(facts)]


# Product Owner


def work_ahead_of_outcome(facts: Facts) -> Iterator[Signal]:
    """Much is delivered and little has moved: the alarm that the two bars are there for."""
    for row, delivered in facts.key_results:
        done, moved = delivered.share, row.progress.moved
        if done is None or moved is None or row.progress.band != "at_risk" or done - moved < WORK_AHEAD_BY:
            continue
        yield Signal(
            "work_ahead",
            Desk.PRODUCT_OWNER,
            _("%(name)s: %(done)s delivered, %(moved)s moved")
            % {"name": row.short_name, "done": percent(done), "moved": percent(moved)},
            _judged(facts.judged.get(row.id, ())) or _("No bet on it was judged so far"),
            _age(row.progress.measured_on, facts.today),
            _("Look"),
            "read",
            Target("key-result", {"key_result_id": row.id}),
        )


def without_work(facts: Facts) -> Iterator[Signal]:
    """Nothing that is open or done serves a Key Result that is not reached."""
    for row, delivered in facts.key_results:
        is_served = delivered.items or any(item.serves(row.id) for item in facts.open_items)
        if is_served or row.has_limits or row.is_guardrail or row.progress.moved == 1.0:
            continue
        yield Signal(
            "without_work",
            Desk.PRODUCT_OWNER,
            _("%(name)s: no work serves it") % {"name": row.short_name},
            _so_far(row),
            _age(facts.cycle_starts_on, facts.today),
            _("Look"),
            "read",
            Target("key-result", {"key_result_id": row.id}),
        )


def without_link(facts: Facts) -> Iterator[Signal]:
    """Open work that serves neither a Key Result nor a kind."""
    loose = [item for item in facts.open_items if not item.promise.serves]
    if not loose:
        return
    yield Signal(
        "without_link",
        Desk.PRODUCT_OWNER,
        ngettext("%(count)s item has no link", "%(count)s items have no link", len(loose)) % {"count": len(loose)},
        _("%(share)s of what is open; nothing says what it is for")
        % {"share": percent(len(loose) / len(facts.open_items))},
        _age(min(item.created_on for item in loose), facts.today),
        _("Link"),
        "link_item",
        Target("link", {"team_key": facts.team_key}),
    )


def without_range(facts: Facts) -> Iterator[Signal]:
    """Open work for a Key Result that promises nothing; what is there to learn from needs no range."""
    wanted = [
        item
        for item in facts.open_items
        if item.category == Category.TODO
        and item.promise.key_results
        and not (item.promise.kind and item.promise.kind.kind == "learning")
    ]
    silent = [item for item in wanted if not item.promise.bets]
    if not silent:
        return
    yield Signal(
        "without_range",
        Desk.PRODUCT_OWNER,
        ngettext("%(count)s item has no range", "%(count)s items have no range", len(silent)) % {"count": len(silent)},
        _("Of %(count)s to do for a Key Result. No range, no promise") % {"count": len(wanted)},
        None,
        _("Estimate"),
        "place_bet",
        Target("backlog", {"team_key": facts.team_key}),
    )


# Development Team


def blocked(facts: Facts) -> Iterator[Signal]:
    """Something stands in the way of an item; the oldest first."""
    stuck = [item for item in facts.open_items if item.is_blocked]
    for item in sorted(stuck, key=lambda item: -(item.blocked_days or 0)):
        whys = [item.blocked_because, _slower(item, facts.alarm_days)]
        yield Signal(
            "blocked",
            Desk.TEAM,
            _("“%(title)s” is blocked, day %(count)s") % {"title": item.title, "count": item.day}
            if item.day
            else _("“%(title)s” is blocked") % {"title": item.title},
            ". ".join(why for why in whys if why) or _("Nobody said why"),
            item.blocked_days,
            _("Unblock"),
            "write_item",
            Target("item", {"team_key": facts.team_key, "number": item.number}),
        )


def ageing(facts: Facts) -> Iterator[Signal]:
    """An item takes longer than nearly all before it, and nobody says why."""
    for item in facts.open_items:
        why = _slower(item, facts.alarm_days)
        if why and not item.is_blocked:
            yield Signal(
                "ageing",
                Desk.TEAM,
                _("“%(title)s” is on day %(count)s") % {"title": item.title, "count": item.day},
                why,
                _age(item.started_on, facts.today),
                _("Look"),
                "read",
                Target("item", {"team_key": facts.team_key, "number": item.number}),
            )


def full_columns(facts: Facts) -> Iterator[Signal]:
    """A column is at its limit of work in progress."""
    for column in facts.full_columns:
        values = {"name": column.name, "count": column.count, "limit": column.limit}
        yield Signal(
            "full_column",
            Desk.TEAM,
            _("%(name)s is over its limit: %(count)s of %(limit)s") % values
            if column.count > column.limit
            else _("%(name)s is full: %(count)s of %(limit)s") % values,
            _("Finish one before the next begins"),
            None,
            _("Look"),
            "read",
            Target("board", {"team_key": facts.team_key}),
        )


def impediments(facts: Facts) -> Iterator[Signal]:
    """Something stands in the team's way. What a blocked item tells already is not told twice."""
    told = {item.id for item in facts.open_items if item.is_blocked}
    keys = {item.id: item.key for item in facts.open_items}
    for row in facts.impediments:
        if row.item_id in told:
            continue
        whys = [keys.get(row.item_id or 0, ""), _held(row)]
        yield Signal(
            "impediment",
            Desk.TEAM,
            row.title,
            ": ".join(why for why in whys if why),
            row.age_days,
            _("Look") if row.owner_id else _("Own"),
            "raise_impediment",
            Target("board", {"team_key": facts.team_key}, "impediments"),
        )


def sprint_without_goal(facts: Facts) -> Iterator[Signal]:
    """A Sprint runs without a goal, or its goal names no Key Result."""
    sprint = facts.sprint
    if sprint is None or (sprint.goal and facts.sprint_names_key_result):
        return
    so_far = _("Day %(day)s of %(days)s") % {"day": sprint.day, "days": sprint.days} if sprint.day else ""
    yield Signal(
        "sprint_goal",
        Desk.TEAM,
        _("%(sprint)s: the goal names no Key Result") % {"sprint": sprint.name}
        if sprint.goal
        else _("%(sprint)s has no goal") % {"sprint": sprint.name},
        ". ".join(filter(None, [so_far, _("Without one, nobody can say whether it succeeded")])),
        _age(sprint.starts_on, facts.today) if sprint.is_started else None,
        _("Name it"),
        "plan_sprint",
        Target("board", {"team_key": facts.team_key}),
    )


def no_sprint(facts: Facts) -> Iterator[Signal]:
    """The team works in Sprints, and none runs."""
    if facts.sprint is not None or facts.last_sprint_ended_on is None:
        return
    yield Signal(
        "no_sprint",
        Desk.TEAM,
        _("No Sprint runs"),
        _("The last one ended on %(day)s") % {"day": day(facts.last_sprint_ended_on)},
        _age(facts.last_sprint_ended_on, facts.today),
        _("Plan"),
        "plan_sprint",
        Target("board", {"team_key": facts.team_key}),
    )


# Organisation


def not_measured(facts: Facts) -> Iterator[Signal]:
    """Nobody knows where a Key Result stands."""
    rows = [*(row for row, _delivered in facts.key_results), *facts.upper_key_results]
    for row in rows:
        measured_on = row.progress.measured_on if not row.progress.is_history else None
        since = measured_on or facts.cycle_starts_on
        days = _age(since, facts.today)
        if days is None or days <= MEASURED_WITHIN_DAYS:
            continue
        yield Signal(
            "not_measured",
            Desk.ORGANISATION,
            _("%(name)s: last measured %(count)s days ago") % {"name": row.short_name, "count": days}
            if measured_on
            else _("%(name)s was not measured this cycle") % {"name": row.short_name},
            _("It was %(value)s on %(day)s") % {"value": with_unit(row.progress.now, row.unit), "day": day(measured_on)}
            if measured_on
            else _("The cycle began %(count)s days ago") % {"count": days},
            days,
            _("Measure"),
            "measure",
            Target("key-result", {"key_result_id": row.id}),
        )


def verdicts_due(facts: Facts) -> Iterator[Signal]:
    """Bets whose day has come; many are one row."""
    due = sorted(facts.due_bets, key=lambda due: due.on or facts.today)
    if len(due) > ROWS_OF_A_KIND:
        yield Signal(
            "verdict_due",
            Desk.ORGANISATION,
            ngettext("%(count)s verdict is due", "%(count)s verdicts are due", len(due)) % {"count": len(due)},
            _("The oldest: “%(title)s”") % {"title": due[0].item.title},
            _age(due[0].on, facts.today),
            _("Judge"),
            "judge_bet",
            Target("verdict", {"team_key": facts.team_key, "bet_id": due[0].bet.id}),
        )
        return
    for one in due:
        yield Signal(
            "verdict_due",
            Desk.ORGANISATION,
            _("Did “%(title)s” move %(name)s?") % {"title": one.item.title, "name": one.name},
            _("Promised %(range)s; to be judged on %(day)s")
            % {"range": from_to(one.bet.low, one.bet.high, one.unit), "day": day(one.on)},
            _age(one.on, facts.today),
            _("Judge"),
            "judge_bet",
            Target("verdict", {"team_key": facts.team_key, "bet_id": one.bet.id}),
        )


def conflicts(facts: Facts) -> Iterator[Signal]:
    """The tracker and this team said different things, and nobody has decided."""
    if facts.conflicts is None:
        return
    count = facts.conflicts.count
    yield Signal(
        "conflicts",
        Desk.ORGANISATION,
        ngettext("%(count)s conflict of an import waits", "%(count)s conflicts of an import wait", count)
        % {"count": count},
        _("Ours is kept until somebody decides"),
        _age(facts.conflicts.since, facts.today),
        _("Decide"),
        "import_items",
        Target("import", {"team_key": facts.team_key}),
    )


def look_back(facts: Facts) -> Iterator[Signal]:
    """A decision said when to look back at it, and that day has come."""
    for decision in sorted(facts.decisions, key=lambda decision: decision.review_on):
        if decision.review_on > facts.today:
            continue
        yield Signal(
            "look_back",
            Desk.ORGANISATION,
            _("Did it hold? “%(title)s”") % {"title": decision.title},
            _("Decided on %(day)s: %(because)s") % {"day": day(decision.decided_on), "because": decision.because},
            _age(decision.review_on, facts.today),
            _("Look back"),
            "decide",
            decision.target,
        )


def proposal_waits(facts: Facts) -> Iterator[Signal]:
    """The Scrum Master proposed an order; only the Product Owner decides."""
    waiting = facts.proposal
    if waiting is None:
        return
    yield Signal(
        "proposal_waits",
        Desk.PRODUCT_OWNER,
        _("%(who)s proposes an order: %(reason)s") % {"who": waiting.by, "reason": waiting.reason}
        if waiting.by
        else _("An order is proposed: “%(reason)s”") % {"reason": waiting.reason},
        waiting.gain,
        _age(waiting.since, facts.today),
        _("Decide"),
        "order_backlog",
        Target("focus-proposal", {"team_key": facts.team_key, "proposal_id": waiting.proposal_id}),
    )


RULES: tuple[Callable[[Facts], Iterator[Signal]], ...] = (
    proposal_waits,
    work_ahead_of_outcome,
    without_work,
    without_link,
    without_range,
    blocked,
    ageing,
    sprint_without_goal,
    no_sprint,
    full_columns,
    impediments,
    verdicts_due,
    not_measured,
    look_back,
    conflicts,
)


# Words and figures


def _slower(item: WorkItem, alarm_days: int | None) -> str:
    if alarm_days is None or item.day is None or item.day <= alarm_days:
        return ""
    return _("Longer in progress than most of our items ever were (%(count)s days)") % {"count": alarm_days}


def _held(impediment: ImpedimentRow | None) -> str:
    if impediment is None:
        return ""
    if not impediment.owner:
        asked = _("%(name)s was asked") % {"name": impediment.asked} if impediment.asked else ""
        return ", ".join(filter(None, [_("Nobody holds it"), asked]))
    if impediment.asked:
        return _("%(name)s holds it and asked %(asked)s") % {"name": impediment.owner, "asked": impediment.asked}
    return _("%(name)s holds it") % {"name": impediment.owner}


def _so_far(row: KeyResultRow) -> str:
    values = {"moved": percent(row.progress.moved), "time": percent(row.progress.time_used)}
    if row.progress.moved is None:
        return _("Not measured, %(time)s of the time used") % values
    return _("%(moved)s moved in %(time)s of the time") % values


def _judged(scales: Sequence[int]) -> str:
    if not scales:
        return ""
    return ngettext(
        "%(count)s bet judged, %(best)s of 5",
        "%(count)s bets judged, none better than %(best)s of 5",
        len(scales),
    ) % {"count": len(scales), "best": max(scales)}


def _age(since: dt.date | None, today: dt.date) -> int | None:
    return (today - since).days if since else None
