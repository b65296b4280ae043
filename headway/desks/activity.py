"""Who changed what: the activity of an organisation, of a team, or of one thing with all that belongs to it."""

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.db.models import Q, QuerySet

from headway.live.history import is_undoable
from headway.live.models import Change
from headway.okr.models import CheckIn, Cycle, KeyResult, Measurement, Objective
from headway.people.access import allows
from headway.people.actor import Actor
from headway.people.models import Holiday, Membership, Organisation, Person, Retention, Team
from headway.scrum.models import Column, Item, Sprint
from headway.scrum.queries import Step
from headway.scrum.queries.item import about_item
from headway.value.models import Bet, NotNow, Verdict

from .sentences import Told, doer, sentence

PAGE = 50

#: what a reader can narrow the activity to: name → apps whose rows it is about
AREAS: dict[str, frozenset[str]] = {
    "work": frozenset({"scrum"}),
    "okrs": frozenset({"okr"}),
    "value": frozenset({"value"}),
    "agreements": frozenset({"agreements"}),
    "imports": frozenset({"sync"}),
    "people": frozenset({"people"}),
}

#: the rows that have an activity of their own
SUBJECTS: tuple[type[Any], ...] = (Item, Sprint, KeyResult, Objective, Bet, Cycle, Team, Membership, Organisation)


_MEASURED = {Measurement._meta.label_lower, CheckIn._meta.label_lower}


@dataclass(frozen=True)
class Subject:
    """Something whose activity is asked for: its row, and its name for the head of the page."""

    row: Any
    label: str


@dataclass(frozen=True)
class Said:
    """What was done, in a sentence."""

    at: dt.datetime
    text: str


@dataclass(frozen=True)
class Line(Said):
    """One Change for a reader. `is_undoable`: the viewer may try to take it back; `was_undone`: it was."""

    change_id: int
    who: str
    team: str  # its name, "" for what belongs to none
    subject_type: str  # what a reader would open for it: "scrum.item" for a bet on one
    subject_id: int
    is_undoable: bool
    was_undone: bool
    takes_back: bool


@dataclass(frozen=True)
class Activity:
    """Lines, newest first; `older` is what to ask for `before` to get those after them, None at the end."""

    lines: tuple[Line, ...]
    older: int | None


def activity(
    viewer: Actor,
    *,
    team: Team | None = None,
    area: str = "",
    subject: Subject | None = None,
    before: int | None = None,
    limit: int = PAGE,
) -> Activity:
    """Return what was done in the viewer's organisation, newest first. Nine queries at most."""
    rows = Change.objects.filter(organisation_id=viewer.organisation_id or 0)
    if team is not None:
        rows = rows.filter(team_id=team.pk)
    if area in AREAS:
        types = [model._meta.label_lower for app in AREAS[area] for model in apps.get_app_config(app).get_models()]
        rows = rows.filter(subject_type__in=types)
    if subject is not None:
        rows = rows.filter(_about(subject.row))
    if before is not None:
        rows = rows.filter(pk__lt=before)
    found = list(rows.select_related("undone_by").order_by("-pk")[: limit + 1])
    older = found[limit - 1].pk if len(found) > limit else None
    return Activity(_lines(found[:limit], viewer), older)


def subject_for(viewer: Actor, of: str) -> Subject | None:
    """Return what "scrum.item:12" names where the viewer may see it; else None. One query."""
    kind, _colon, pk = of.partition(":")
    model = next((model for model in SUBJECTS if model._meta.label_lower == kind), None)
    if model is None or not pk.isdecimal() or len(pk) > 18:
        return None
    row = _visible(model, viewer).filter(pk=int(pk)).first()
    return None if row is None else Subject(row, _label(row))


def _visible(model: type[Any], viewer: Actor) -> Any:
    within = {Sprint: "team__organisation_id", Membership: "organisation_id", Organisation: "pk"}
    if model is Bet:
        return Bet.objects.select_related("serves__item__team").filter(
            serves__item__team__organisation_id=viewer.organisation_id or 0
        )
    if model in within:
        return model.objects.filter(**{within[model]: viewer.organisation_id or 0})
    return model.objects.visible_to(viewer)


def _label(row: Any) -> str:
    if isinstance(row, Bet):
        row = row.serves.item
    if isinstance(row, Membership):
        return str(row.person.name)
    return f"{row.key} {row.title}" if isinstance(row, Item) else str(row)


def changes_of(row: Any) -> QuerySet[Change]:
    """Return the Changes about a row, with those of what hangs on it and of many rows at once."""
    return Change.objects.filter(_about(row))


def item_lines(item: Item, steps: Iterable[Step]) -> tuple[Said, ...]:
    """Say the steps of one item. Two queries."""
    names = _names({item.team_id}, ())
    return tuple(
        Said(
            step.at,
            sentence(
                Told(
                    step.name,
                    doer(step.who, step.token_name, item.team.name),
                    item.key,
                    step.before,
                    step.after,
                    names,
                )
            ),
        )
        for step in steps
    )


def sentence_of(change: Change, item: Item) -> str:
    """Say what a Change did to one item, also where it was about many. Three queries."""
    name, after = change.name, change.after
    if change.subject_type != Item._meta.label_lower:
        name, after = name.replace("items.", "item.", 1), after.get(str(item.pk), after)
    names = _names({item.team_id}, [change])
    who = doer(names["person"].get(change.actor_id or 0, ""), change.token_name, item.team.name)
    return sentence(Told(name, who, item.key, {}, after, names))


def _about(row: Any) -> Q:
    """Return which Changes belong to a row: its own, and those of what hangs on it."""
    own = _of(type(row), [row.pk])
    if isinstance(row, Item):
        bets = Bet.objects.filter(serves__item=row)
        return about_item(row) | _bets(bets) | _of(NotNow, NotNow.objects.filter(item=row).values("pk"))
    if isinstance(row, Bet):
        return _bets(Bet.objects.filter(pk=row.pk))
    if isinstance(row, Membership):
        # What was done about somebody, never what they did: nobody's days are counted here.
        person = row.person_id
        of_roles = Q(name__in=("roles.set", "role.handed_over"))
        return own | _of(Person, [person]) | of_roles & (Q(after__person=person) | Q(before__person=person))
    if isinstance(row, Team):
        # Its settings, people and board: its work has a list of its own (?team=).
        kinds = [model._meta.label_lower for model in (Team, Column, Holiday)]
        return Q(team_id=row.pk, subject_type__in=kinds) & ~Q(name__startswith="item")
    if isinstance(row, Organisation):
        return (
            own
            | _of(Holiday, Holiday.objects.filter(organisation=row, team=None).values("pk"))
            | _of(Retention, Retention.objects.filter(organisation=row).values("pk"))
        )
    if isinstance(row, Column):
        of_many = Q(name="columns.edited", team_id=row.team_id) & Q(after__has_key=str(row.pk))
        return own | of_many
    if isinstance(row, KeyResult):
        return own | _key_results(KeyResult.objects.filter(pk=row.pk))
    if isinstance(row, Objective):
        return own | _key_results(KeyResult.objects.filter(objective=row))
    return own


def _key_results(rows: Any) -> Q:
    ids = rows.values("pk")
    return (
        _of(KeyResult, ids)
        | _of(Measurement, Measurement.objects.filter(key_result__in=ids).values("pk"))
        | _of(CheckIn, CheckIn.objects.filter(key_result__in=ids).values("pk"))
        | _bets(Bet.objects.filter(serves__key_result__in=ids))
    )


def _bets(bets: Any) -> Q:
    verdicts = Verdict.objects.filter(bet__in=bets.values("pk"))
    return _of(Bet, bets.values("pk")) | _of(Verdict, verdicts.values("pk"))


def _of(model: type[Any], ids: Any) -> Q:
    return Q(subject_type=model._meta.label_lower, subject_id__in=ids)


def _lines(changes: list[Change], viewer: Actor) -> tuple[Line, ...]:
    teams = {team.pk: team for team in Team.objects.visible_to(viewer)}
    names = _names({change.team_id for change in changes if change.team_id}, changes)
    homes = _homes(changes)
    organisation = Organisation(pk=viewer.organisation_id)
    lines = []
    for change in changes:
        who = names["person"].get(change.actor_id or 0, "")
        team = teams.get(change.team_id or 0)
        by = doer(who, change.token_name, team.name if team else "")
        told = Told(change.name, by, change.subject_label, change.before, change.after, names)
        lines.append(
            Line(
                at=change.at,
                text=sentence(told),
                change_id=change.pk,
                who=who,
                team=team.name if team else "",
                subject_type=homes.get(change.pk, (change.subject_type, 0))[0],
                subject_id=homes.get(change.pk, ("", change.subject_id))[1],
                is_undoable=is_undoable(change) and _may_try(viewer, change, team or organisation),
                was_undone=hasattr(change, "undone_by"),
                takes_back=change.undoes_id is not None,
            )
        )
    return tuple(lines)


def _homes(changes: list[Change]) -> dict[int, tuple[str, int]]:
    """Return, by Change, the row with a page of its own where what it is about has none: a bet's item, say."""
    item, key_result = Item._meta.label_lower, KeyResult._meta.label_lower
    by_bet = dict(Bet.objects.filter(pk__in=_ids(changes, Bet)).values_list("pk", "serves__item"))
    by_verdict = dict(Verdict.objects.filter(pk__in=_ids(changes, Verdict)).values_list("pk", "bet__serves__item"))
    items = {Bet._meta.label_lower: by_bet, Verdict._meta.label_lower: by_verdict}
    found = {}
    for change in changes:
        if change.subject_id in items.get(change.subject_type, {}):
            found[change.pk] = (item, items[change.subject_type][change.subject_id])
        elif change.subject_type in _MEASURED and "key_result" in change.after:
            found[change.pk] = (key_result, change.after["key_result"])
    return found


def _ids(changes: list[Change], model: type[Any]) -> set[int]:
    return {change.subject_id for change in changes if change.subject_type == model._meta.label_lower}


def _may_try(viewer: Actor, change: Change, place: Team | Organisation) -> bool:
    """Say whether to offer the way back; the action itself asks for the right."""
    is_own = viewer.person_id is not None and change.actor_id == viewer.person_id
    return is_own or allows(viewer, "manage_team" if isinstance(place, Team) else "manage_organisation", place)


def _names(teams: set[int], changes: Iterable[Change]) -> Mapping[str, Mapping[Any, Any]]:
    """Return the names of what Changes know by id: people, columns, Sprints; and of an item's fields."""
    actors = {change.actor_id for change in changes if change.actor_id}
    fields = {one.attname: one.verbose_name for one in Item._meta.concrete_fields}
    return {
        "person": dict(Person.objects.filter(pk__in=actors).values_list("pk", "name")) if actors else {},
        "column": dict(Column.objects.filter(team_id__in=teams).values_list("pk", "name")),
        "sprint": dict(Sprint.objects.filter(team_id__in=teams).values_list("pk", "name")),
        "field": fields | {"assignees": Item._meta.get_field("assignees").verbose_name},
    }
