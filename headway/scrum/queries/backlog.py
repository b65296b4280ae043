"""The Product Backlog in its one order."""

import datetime as dt
from dataclasses import dataclass

from django.db.models import F

from headway.people.actor import Actor
from headway.people.models import Team

from ..models import Item


@dataclass(frozen=True)
class BacklogRow:
    """An open item; `place` is its rank as people count, from 1, over all open items of the team."""

    id: int
    number: int
    key: str
    title: str
    kind: str
    category: str
    size: float | None
    place: int
    parent_id: int | None
    sprint_id: int | None
    sprint_name: str
    due_on: dt.date | None
    is_blocked: bool
    is_missing: bool
    created_at: dt.datetime
    updated_at: dt.datetime


def backlog_rows(team: Team, viewer: Actor, *, limit: int | None = None) -> tuple[BacklogRow, ...]:
    """Return the open items of a team in order. One query."""
    items = (
        Item.objects.visible_to(viewer)
        .open()
        .filter(team=team)
        .in_order()
        .values_list(
            "pk",
            "number",
            "title",
            "kind",
            "category",
            "size",
            "parent_id",
            "sprint_id",
            F("sprint__name"),
            "due_on",
            "blocked_since",
            "missing_since",
            "created_at",
            "updated_at",
        )[:limit]
    )
    return tuple(
        BacklogRow(
            id=pk,
            number=number,
            key=f"{team.key}-{number}",
            title=title,
            kind=kind,
            category=category,
            size=size,
            place=place,
            parent_id=parent_id,
            sprint_id=sprint_id,
            sprint_name=sprint_name or "",
            due_on=due_on,
            is_blocked=blocked_since is not None,
            is_missing=missing_since is not None,
            created_at=created_at,
            updated_at=updated_at,
        )
        for place, (
            pk,
            number,
            title,
            kind,
            category,
            size,
            parent_id,
            sprint_id,
            sprint_name,
            due_on,
            blocked_since,
            missing_since,
            created_at,
            updated_at,
        ) in enumerate(items, 1)
    )
