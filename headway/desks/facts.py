"""Gathers what the signals of a team look at."""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from django.db.models import Count, Max, Min
from django.utils import timezone
from django.utils.text import Truncator

from headway.agreements.models import Decision
from headway.agreements.queries import open_impediments
from headway.okr.models import Cycle, KeyResult
from headway.okr.queries import KeyResultRow, key_result_rows
from headway.people.models import Team
from headway.scrum.models import Category, Column, Item, Sprint
from headway.scrum.queries import SprintHead, ageing_alarm
from headway.sync.models import Conflict
from headway.value import telling
from headway.value.models import FocusProposal
from headway.value.queries.focus import Figures
from headway.value.queries.promises import Delivered

from .signals import Conflicts, DueBet, Facts, FullColumn, OpenDecision, Target, Waiting
from .work import Work

LONGEST_QUOTE = 90


def facts_of(
    team: Team,
    work: Work,
    *,
    sprint: SprintHead | None,
    sprint_names_key_result: bool,
    cycle: Cycle | None,
    key_results: Sequence[tuple[KeyResultRow, Delivered]],
    bets: Sequence[DueBet],
    decisions: Sequence[OpenDecision],
) -> Facts:
    """Return the facts of a team today. Some ten queries; what the page has loaded for itself is handed in."""
    today = work.moment.on
    runs = cycle is not None and cycle.starts_on <= today <= cycle.ends_on
    return Facts(
        team_key=team.key,
        today=today,
        open_items=[item for item in work.items if item.category != Category.DONE and not item.is_shelved],
        alarm_days=ageing_alarm(team),
        sprint=sprint,
        sprint_names_key_result=sprint_names_key_result,
        last_sprint_ended_on=_last_sprint_ended_on(team) if sprint is None else None,
        full_columns=list(_full_columns(team)),
        impediments=open_impediments(team, today=today),
        key_results=key_results if runs else (),
        judged=_judged(work),
        upper_key_results=_upper_key_results(cycle, work) if runs else (),
        cycle_starts_on=cycle.starts_on if cycle and runs else None,
        due_bets=[one for one in bets if one.on and one.on <= today],
        conflicts=_conflicts(team),
        decisions=[one for one in decisions if one.review_on <= today],
        proposal=_waiting(team),
    )


def open_bets(work: Work) -> Iterator[DueBet]:
    """Yield the bets on done items that nobody has judged. No query."""
    for item in work.items:
        if item.category != Category.DONE:
            continue
        for line in item.promise.key_results:
            if line.bet and not line.bet.verdict:
                yield DueBet(item, line.name, line.unit, line.bet)


def open_decisions(team: Team) -> Iterator[OpenDecision]:
    """Yield the team's decisions that nobody has looked back at and that have a day for it. Two queries."""
    rows = list(Decision.objects.filter(team=team, held=None, review_on__isnull=False).order_by("review_on", "pk"))
    about = [row.subject_id or 0 for row in rows if row.subject_type == Item._meta.label_lower]
    numbers = dict(Item.objects.filter(pk__in=about).values_list("pk", "number"))
    for row in rows:
        if row.review_on:
            target = _about(row, team, numbers)
            yield OpenDecision(row.title, row.because, row.decided_on, row.review_on, target)


def _waiting(team: Team) -> Waiting | None:
    row = FocusProposal.objects.open().filter(team=team).select_related("by").first()
    if row is None:
        return None
    return Waiting(
        proposal_id=row.pk,
        by=row.by.first_name if row.by else "",
        reason=Truncator(row.reason).chars(LONGEST_QUOTE),
        gain=telling.gain(Figures.read(row.facts)),
        since=timezone.localdate(row.at),
    )


def _about(row: Decision, team: Team, numbers: Mapping[int, int]) -> Target:
    if row.subject_type == KeyResult._meta.label_lower:
        return Target("key-result", {"key_result_id": row.subject_id})
    if row.subject_type == FocusProposal._meta.label_lower:
        return Target("focus-proposal", {"team_key": team.key, "proposal_id": row.subject_id})
    number = numbers.get(row.subject_id or 0) if row.subject_type == Item._meta.label_lower else None
    if number is not None:
        return Target("item", {"team_key": team.key, "number": number})
    return Target("board", {"team_key": team.key})


def _last_sprint_ended_on(team: Team) -> dt.date | None:
    closed_at = Sprint.objects.filter(team=team).aggregate(at=Max("closed_at"))["at"]
    return timezone.localdate(closed_at) if closed_at else None


def _full_columns(team: Team) -> Iterator[FullColumn]:
    limited = Column.objects.filter(team=team, limit__gt=0).exclude(category=Category.DONE)
    here = Item.objects.active().filter(column__in=limited).order_by()
    counts = dict(here.values_list("column_id").annotate(count=Count("pk")))
    for column in limited:
        count = counts.get(column.pk, 0)
        if column.limit and count >= column.limit:
            yield FullColumn(column.name, count, column.limit)


def _judged(work: Work) -> Mapping[int, Sequence[int]]:
    found: dict[int, list[int]] = defaultdict(list)
    for item in work.items:
        for line in item.promise.key_results:
            if line.key_result_id and line.bet and line.bet.verdict and line.bet.verdict.scale:
                found[line.key_result_id].append(line.bet.verdict.scale)
    return found


def _upper_key_results(cycle: Cycle | None, work: Work) -> Sequence[KeyResultRow]:
    own = KeyResult.objects.active().filter(objective__cycle=cycle, objective__team=None, objective__unit=None)
    return key_result_rows(own, today=work.moment.on)


def _conflicts(team: Team) -> Conflicts | None:
    waiting = Conflict.objects.filter(item__team=team, decided="")
    found = waiting.aggregate(count=Count("pk"), since=Min("run__created_at"))
    return Conflicts(found["count"], timezone.localdate(found["since"])) if found["count"] else None
