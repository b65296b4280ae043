"""What the history says of the demonstration: the Changes that its actions would have left, from its rows."""

import datetime as dt
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from django.db import models

from headway.agreements.models import Decision, Impediment
from headway.live.models import Change
from headway.okr.models import CheckIn, Measurement
from headway.people.models import Organisation
from headway.scrum.models import Category, Column, Item
from headway.value.actions.rules import plain_verdict
from headway.value.models import MustHave, NotNow, Prerequisite, Verdict

from .calendar import at


def write_past(organisation: Organisation, acts: Iterable[tuple[dt.datetime, Callable[[], None]]] = ()) -> None:
    """Write the notable Changes in order of time; those of founding the organisation are set before them.

    `acts` are real actions of the past with their moments: each is done in its turn, since history is read by its ids.
    """
    sources = (_check_ins, _measurements, _decisions, _impediments, _verdicts, _shelved, _bound, _moves, _blocks)
    changes = sorted((change for source in sources for change in source(organisation)), key=lambda change: change.at)
    Change.objects.filter(organisation_id=organisation.pk).update(at=changes[0].at - dt.timedelta(days=1))
    for change in changes:
        change.organisation_id = organisation.pk
    written = 0
    for moment, act in sorted(acts, key=lambda one: one[0]):
        upto = bisect_right(changes, moment, key=lambda change: change.at)
        Change.objects.bulk_create(changes[written:upto])
        act()
        written = upto
    Change.objects.bulk_create(changes[written:])


def _change(
    name: str,
    subject: models.Model,
    moment: dt.datetime,
    *,
    by: int | None,
    team: int | None,
    label: str = "",
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
) -> Change:
    return Change(
        team_id=team,
        actor_id=by,
        name=name,
        subject_type=subject._meta.label_lower,
        subject_id=subject.pk,
        subject_label=(label or str(subject))[:300],
        before=before or {},
        after=after or {},
        at=moment,
    )


def _check_ins(organisation: Organisation) -> Iterator[Change]:
    rows = CheckIn.objects.filter(key_result__objective__organisation=organisation)
    for row in rows.select_related("key_result__objective", "measurement"):
        value = row.measurement.value if row.measurement else None
        yield _change(
            "key_result.checked_in",
            row,
            at(row.on, 9),
            by=row.by_id,
            team=row.key_result.objective.team_id,
            label=row.key_result.title,
            after={"confidence": row.confidence, "value": value, "key_result": row.key_result_id},
        )


def _measurements(organisation: Organisation) -> Iterator[Change]:
    rows = Measurement.objects.filter(key_result__objective__organisation=organisation)
    checked_in = CheckIn.objects.filter(measurement__isnull=False).values("measurement_id")
    for row in rows.exclude(pk__in=checked_in).select_related("key_result__objective"):
        yield _change(
            "measurement.recorded",
            row,
            row.entered_at,
            by=row.by_id,
            team=row.key_result.objective.team_id,
            label=row.key_result.title,
            after={"value": row.value, "on": row.measured_on.isoformat(), "key_result": row.key_result_id},
        )


def _decisions(organisation: Organisation) -> Iterator[Change]:
    for row in Decision.objects.filter(organisation=organisation):
        yield _change("decision.recorded", row, at(row.decided_on, 15), by=row.by_id, team=row.team_id)


def _impediments(organisation: Organisation) -> Iterator[Change]:
    for row in Impediment.objects.filter(team__organisation=organisation):
        yield _change("impediment.raised", row, at(row.raised_on, 9, 40), by=row.owner_id, team=row.team_id)


def _verdicts(organisation: Organisation) -> Iterator[Change]:
    rows = Verdict.objects.filter(bet__serves__item__team__organisation=organisation)
    for row in rows.select_related("bet__serves__item"):
        item = row.bet.serves.item
        yield _change(
            "verdict.entered",
            row,
            at(row.judged_on, 14, 30),
            by=row.by_id,
            team=item.team_id,
            label=item.title,
            after=plain_verdict(row),
        )


def _shelved(organisation: Organisation) -> Iterator[Change]:
    for row in NotNow.objects.filter(item__team__organisation=organisation).select_related("item"):
        after = {"not_now": row.pk, "reason": row.reason, "asked_by": row.asked_by}
        yield _change("item.shelved", row.item, row.at, by=row.by_id, team=row.item.team_id, after=after)


def _bound(organisation: Organisation) -> Iterator[Change]:
    needs = Prerequisite.objects.filter(item__team__organisation=organisation)
    for need in needs.select_related("item", "needs__team"):
        left = {"needs": need.needs_id, "needs_key": need.needs.key}
        yield _change("prerequisite.added", need.item, need.at, by=need.by_id, team=need.item.team_id, after=left)
    for must in MustHave.objects.filter(item__team__organisation=organisation).select_related("item"):
        by_on = must.by_on.isoformat() if must.by_on else None
        left = {"by_on": by_on, "reason": must.reason}
        yield _change("must.set", must.item, must.at, by=must.by_id, team=must.item.team_id, after=left)


def _moves(organisation: Organisation) -> Iterator[Change]:
    """Tell the last move of each item that is or was in a Sprint."""
    columns = {
        (team_id, category): pk
        for team_id, category, pk in Column.objects.filter(team__organisation=organisation).values_list(
            "team_id", "category", "pk"
        )
    }
    items = Item.objects.filter(team__organisation=organisation, sprint__isnull=False, started_at__isnull=False)
    for item in items.select_related("team").prefetch_related("transitions"):
        last = list(item.transitions.all())[-1]
        was, time = (Category.DOING, "done_at") if item.done_at else (Category.TODO, "started_at")
        left = {"column_id": item.column_id, "category": item.category, time: last.at.isoformat()}
        before = {"column_id": columns[item.team_id, was], "category": was, time: None}
        label = f"{item.key} {item.title}"
        yield _change(
            "item.moved", item, last.at, by=last.by_id, team=item.team_id, label=label, before=before, after=left
        )


def _blocks(organisation: Organisation) -> Iterator[Change]:
    for item in Item.objects.filter(team__organisation=organisation).exclude(blocked_since=None).select_related("team"):
        if item.blocked_since is None:
            continue
        yield _change(
            "item.blocked",
            item,
            at(item.blocked_since, 9, 45),
            by=None,
            team=item.team_id,
            label=f"{item.key} {item.title}",
            before={"blocked_since": None, "blocked_because": ""},
            after={"blocked_since": item.blocked_since.isoformat(), "blocked_because": item.blocked_because},
        )
