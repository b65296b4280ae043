"""Decisions and Impediments as screens show them."""

import datetime as dt
from dataclasses import dataclass

from django.db import models

from headway.people.models import Team

from .models import Decision, Impediment


@dataclass(frozen=True)
class DecisionRow:
    """One decision in a list; `held` None while it is open."""

    id: int
    title: str
    because: str
    decided_on: dt.date
    review_on: dt.date | None
    held: bool | None
    outcome: str
    by: str


@dataclass(frozen=True)
class ImpedimentRow:
    """One open impediment with its age in days."""

    id: int
    title: str
    item_id: int | None
    owner_id: int | None
    owner: str
    asked: str
    raised_on: dt.date
    age_days: int


def decisions_on(subject: models.Model) -> list[DecisionRow]:
    """Return the decisions about one row, newest first. One query."""
    rows = Decision.objects.filter(subject_type=subject._meta.label_lower, subject_id=subject.pk)
    return [_decision(row) for row in rows.select_related("by")]


def open_impediments(team: Team, *, today: dt.date) -> list[ImpedimentRow]:
    """Return what stands in the team's way, oldest first. One query."""
    rows = Impediment.objects.filter(team=team, resolved_on=None).select_related("owner")
    return [
        ImpedimentRow(
            id=row.pk,
            title=row.title,
            item_id=row.item_id,
            owner_id=row.owner_id,
            owner=row.owner.name if row.owner else "",
            asked=row.asked,
            raised_on=row.raised_on,
            age_days=(today - row.raised_on).days,
        )
        for row in rows
    ]


def _decision(row: Decision) -> DecisionRow:
    return DecisionRow(
        id=row.pk,
        title=row.title,
        because=row.because,
        decided_on=row.decided_on,
        review_on=row.review_on,
        held=row.held,
        outcome=row.outcome,
        by=row.by.name if row.by else "",
    )
