"""What the filters of a search mean for each kind: the rows that are left, as a query inside the search's own."""

from dataclasses import replace
from typing import Any

from django.db.models import Exists, OuterRef, QuerySet

from headway.agreements.models import Decision, Impediment
from headway.lib import clock
from headway.okr.models import Cycle, KeyResult, Objective
from headway.people.actor import Actor
from headway.people.models import Membership, Team
from headway.scrum.models import Category, Item, Sprint
from headway.value.models import NotNow, Serves

from .asked import DONE, NOT_NOW, OPEN, Filters
from .fulltext import Narrowed, Scope
from .sources import DECISION, IMPEDIMENT, ITEM, KEY_RESULT, OBJECTIVE, SPRINT

Rows = QuerySet[Any, Any]


def narrow(filters: Filters, scope: Scope, viewer: Actor) -> tuple[Scope, dict[str, Narrowed]]:
    """Return where to look and what is left there of each kind. One query where a team is named, else none."""
    if filters.kinds:
        scope = replace(scope, kinds=tuple(kind for kind in scope.kinds if kind in filters.kinds))
    if filters.team:
        teams = Team.objects.visible_to(viewer)
        team = teams.filter(key__iexact=filters.team).first() or teams.filter(name__iexact=filters.team).first()
        if team is None or scope.team_id not in (None, team.pk):
            return replace(scope, kinds=()), {}
        scope = replace(scope, team_id=team.pk)
    if not (filters.state or filters.cycle or filters.person or filters.since):
        return scope, {}
    makers = {
        ITEM: items,
        OBJECTIVE: _objectives,
        KEY_RESULT: _key_results,
        DECISION: _decisions,
        IMPEDIMENT: _impediments,
        SPRINT: _sprints,
    }
    found = {kind: makers[kind](filters, viewer) for kind in scope.kinds if kind in makers}
    narrowed = {kind: _sql(rows) for kind, rows in found.items() if rows is not None}
    return replace(scope, kinds=tuple(kind for kind in scope.kinds if kind in narrowed)), narrowed


def items(filters: Filters, viewer: Actor) -> Rows | None:
    """The items that pass the filters, removed ones among them."""
    rows = Item.objects.visible_to(viewer)
    shelved = Exists(NotNow.objects.filter(item=OuterRef("pk"), ended_at=None))
    if filters.state == OPEN:
        rows = rows.exclude(category=Category.DONE).exclude(shelved)
    elif filters.state == DONE:
        rows = rows.filter(category=Category.DONE)
    elif filters.state == NOT_NOW:
        rows = rows.exclude(category=Category.DONE).filter(shelved)
    if filters.person:
        rows = rows.filter(
            pk__in=Item.assignees.through.objects.filter(person__in=_people(filters, viewer)).values("item")
        )
    if filters.cycle:
        served = Serves.objects.filter(key_result__objective__cycle__in=_cycles(filters, viewer))
        rows = rows.filter(pk__in=served.values("item"))
    return rows.filter(updated_at__date__gte=filters.since) if filters.since else rows


def _objectives(filters: Filters, viewer: Actor) -> Rows | None:
    if filters.person or filters.since or filters.state not in ("", OPEN, DONE):
        return None
    return _of_cycle(Objective.objects.visible_to(viewer), "cycle", filters, viewer)


def _key_results(filters: Filters, viewer: Actor) -> Rows | None:
    if filters.since or filters.state not in ("", OPEN, DONE):
        return None
    rows = _of_cycle(KeyResult.objects.visible_to(viewer), "objective__cycle", filters, viewer)
    return rows.filter(owner__in=_people(filters, viewer)) if filters.person else rows


def _decisions(filters: Filters, viewer: Actor) -> Rows | None:
    if filters.cycle or filters.state not in ("", OPEN, DONE):
        return None
    rows = Decision.objects.filter(organisation_id=viewer.organisation_id or 0)
    if filters.state:
        rows = rows.filter(held__isnull=filters.state == OPEN)
    if filters.person:
        rows = rows.filter(by__in=_people(filters, viewer))
    return rows.filter(decided_on__gte=filters.since) if filters.since else rows


def _impediments(filters: Filters, viewer: Actor) -> Rows | None:
    if filters.cycle or filters.state not in ("", OPEN, DONE):
        return None
    rows = Impediment.objects.filter(team__organisation_id=viewer.organisation_id or 0)
    if filters.state:
        rows = rows.filter(resolved_on__isnull=filters.state == OPEN)
    if filters.person:
        rows = rows.filter(owner__in=_people(filters, viewer))
    return rows.filter(raised_on__gte=filters.since) if filters.since else rows


def _sprints(filters: Filters, viewer: Actor) -> Rows | None:
    if filters.person or filters.cycle or filters.state not in ("", OPEN, DONE):
        return None
    rows = Sprint.objects.filter(team__organisation_id=viewer.organisation_id or 0)
    if filters.state:
        rows = rows.filter(closed_at__isnull=filters.state == OPEN)
    return rows.filter(starts_on__gte=filters.since) if filters.since else rows


def _of_cycle(rows: Rows, cycle: str, filters: Filters, viewer: Actor) -> Rows:
    if filters.cycle:
        rows = rows.filter(**{f"{cycle}__in": _cycles(filters, viewer)})
    if filters.state == OPEN:
        rows = rows.filter(**{f"{cycle}__ends_on__gte": clock.today()})
    elif filters.state == DONE:
        rows = rows.filter(**{f"{cycle}__ends_on__lt": clock.today()})
    return rows


def _cycles(filters: Filters, viewer: Actor) -> Rows:
    return Cycle.objects.filter(organisation_id=viewer.organisation_id or 0, name__icontains=filters.cycle).values("pk")


def _people(filters: Filters, viewer: Actor) -> Rows | list[int]:
    if filters.person.lower() == "me":
        return [viewer.person_id or 0]
    rows = Membership.objects.filter(organisation_id=viewer.organisation_id or 0)
    for word in filters.person.split():
        rows = rows.filter(person__name__icontains=word)
    return rows.values("person")


def _sql(rows: Rows) -> Narrowed:
    sql, values = rows.order_by().values("pk").query.sql_with_params()
    return sql, values
