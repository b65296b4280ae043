"""What is shown of what was found: one query for the rows of all kinds, limited to what the viewer may see."""

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.db import connection
from django.db.models import (
    BigIntegerField,
    Case,
    CharField,
    F,
    IntegerField,
    OuterRef,
    QuerySet,
    Subquery,
    Value,
    When,
)
from django.db.models.expressions import RawSQL
from django.db.models.functions import Cast, Coalesce, Substr

from headway.agreements.models import Decision, Impediment
from headway.lib.prepared import Prepared
from headway.okr.models import KeyResult, Objective
from headway.people.actor import Actor
from headway.people.models import Membership, Team, TeamRole
from headway.scrum.models import Category, Item, Sprint

from .asked import DONE, OPEN
from .fulltext import Match
from .sources import DECISION, IMPEDIMENT, ITEM, KEY_RESULT, OBJECTIVE, PERSON, SPRINT
from .words import Part, excerpt, matched, parts

LONGEST_EXCERPTED = 20_000


@dataclass(frozen=True)
class Hit:
    """Something found. `id` is a row of its kind (of a person, the person's); `key` an item's.

    `category` is an item's (todo | doing | done), `state` of what else has one (open | done). `team_key` with `number`
    is the address of an item, a Sprint, or the item that a decision or an impediment is about; `key_result_id` the Key
    Result that a decision is about.
    """

    kind: str
    id: int
    title: tuple[Part, ...]
    excerpt: tuple[Part, ...]
    where: str
    key: str = ""
    team_key: str = ""
    number: int | None = None
    category: str = ""
    state: str = ""
    key_result_id: int | None = None

    @property
    def text(self) -> str:
        """The title as plain text."""
        return "".join(part.text for part in self.title)


@dataclass(frozen=True)
class Row:
    """What a hit and its place among the others are made of."""

    match: Match
    title: str
    said: str
    team_key: str
    team_name: str
    number: int
    state: str
    changed: str
    person_id: int
    key_result_id: int


def rows_of(
    matches: Iterable[Match], viewer: Actor, *, mentioned: Sequence[int] = (), most: int = 0
) -> dict[Match, Row]:
    """Read the rows behind matches; what the viewer may not see is left out. One query.

    Of the items `mentioned` (ids) only the first `most` come: open before done, then the one changed last.
    """
    ids: dict[str, list[int]] = defaultdict(list)
    for match in matches:
        ids[match.kind].append(match.id)
    parts_ = tuple(kind for kind in _SHAPES if ids[kind]) + ((_MENTIONED,) if mentioned and most else ())
    if not parts_ or viewer.organisation_id is None:
        return {}
    if parts_ not in _READERS:
        _READERS[parts_] = _reader(parts_)
    ids[_MENTIONED] = list(mentioned)
    given = [json.dumps(ids[part]) for part in parts_]
    limit = [most] if _MENTIONED in parts_ else []
    found = (
        Row(Match(kind, pk), *rest) for kind, pk, *rest in _READERS[parts_].all(viewer.organisation_id, *given, *limit)
    )
    return {row.match: row for row in found}


def hits_of(rows: Sequence[Row], sought: Sequence[str], viewer: Actor, *, with_excerpts: bool) -> list[Hit]:
    """Make hits of rows. One query where people are among them, and one for excerpts of items."""
    people = [row.person_id for row in rows if row.match.kind == PERSON]
    roles = _roles(people, viewer) if people else {}
    elsewhere = [row for row in rows if len(matched(sought, row.title)) < len(sought)] if with_excerpts else []
    said = _said_by_items([row.match.id for row in elsewhere if row.match.kind == ITEM], sought)
    said |= {row.match: excerpt(row.said, sought) for row in elsewhere if row.match.kind != ITEM}
    return [_hit(row, sought, said.get(row.match, ()), roles) for row in rows]


def _hit(row: Row, sought: Sequence[str], said: tuple[Part, ...], roles: dict[int, tuple[str, str]]) -> Hit:
    hit = Hit(
        kind=row.match.kind,
        id=row.match.id,
        title=parts(row.title, sought),
        excerpt=said,
        where=row.team_name,
        team_key=row.team_key,
        number=row.number or None,
        key_result_id=row.key_result_id or None,
    )
    if row.match.kind == ITEM:
        return replace(hit, key=f"{row.team_key}-{row.number}", category=row.state)
    if row.match.kind == PERSON:
        where, team_key = roles.get(row.person_id, ("", ""))
        return replace(hit, id=row.person_id, where=where, team_key=team_key)
    return replace(hit, state=row.state)


def _roles(people: Sequence[int], viewer: Actor) -> dict[int, tuple[str, str]]:
    """Return for each person their roles in words and the team of the first. One query."""
    held = TeamRole.objects.filter(
        person__in=people, team__organisation_id=viewer.organisation_id or 0, team__archived_at=None
    ).select_related("team")
    by_person: dict[int, list[TeamRole]] = defaultdict(list)
    for role in held.order_by("pk"):
        by_person[role.person_id].append(role)
    return {
        person: (", ".join(f"{one.get_role_display()}, {one.team.name}" for one in mine), mine[0].team.key)
        for person, mine in by_person.items()
    }


def _said_by_items(ids: Sequence[int], sought: Sequence[str]) -> dict[Match, tuple[Part, ...]]:
    """Return where items say what their titles do not: the description, the tracker's key, a kept column. One query."""
    if not ids:
        return {}
    found = {}
    for pk, description, tracker_key, extra in _SAID.all(json.dumps(ids)):
        said = excerpt(description, sought)
        if not said and matched(sought, tracker_key):
            said = parts(tracker_key, sought)
        if not said:
            told = (excerpt(f"{name}: {text}", sought) for name, text in _texts(extra))
            said = next(filter(None, told), ())
        found[Match(ITEM, pk)] = said
    return found


def _said_of(ids: str) -> QuerySet[Any, Any]:
    items = Item.objects.filter(pk__in=RawSQL(_LISTED[connection.vendor], (ids,)))
    return items.annotate(begins=Substr("description", 1, LONGEST_EXCERPTED)).values_list(
        "pk", "begins", "tracker_key", "extra"
    )


_SAID: Prepared[Any] = Prepared(_said_of, str)


def _texts(extra: object, name: str = "") -> Iterable[tuple[str, str]]:
    if isinstance(extra, dict):
        for key, value in extra.items():
            yield from _texts(value, str(key))
    elif isinstance(extra, list):
        for value in extra:
            yield from _texts(value, name)
    elif isinstance(extra, str | int | float) and not isinstance(extra, bool):
        yield name, str(extra)


# Rows of each kind in one shape

Rows = QuerySet[Any, Any]


def _shape(kind: str, title: str, **columns: Any) -> Callable[[Rows, str], Rows]:
    """Return how to read a kind as (kind, id, title, said, team key, team name, number, state, changed, person, KR)."""
    text, whole = CharField(), BigIntegerField()
    filled = {
        "said": Value("", text),
        "of_team": Value("", text),
        "of_team_name": Value("", text),
        "at_number": Value(0, whole),
        "in_state": Value("", text),
        "changed": Value("", text),
        "of_person": Value(0, whole),
        "of_key_result": Value(0, whole),
    } | columns
    names = ("of_kind", "row_id", "named", *filled)

    def read(rows: Rows, of_kind: str) -> Rows:
        shaped: Rows = rows.order_by().annotate(
            of_kind=Value(of_kind, text), row_id=Cast(F("pk"), whole), named=Cast(F(title), text), **filled
        )
        listed: Rows = shaped.values_list(*names)
        return listed

    return read


def _team(path: str) -> dict[str, Any]:
    return {
        "of_team": Coalesce(F(f"{path}__key"), Value(""), output_field=CharField()),
        "of_team_name": Coalesce(F(f"{path}__name"), Value(""), output_field=CharField()),
    }


def _open_where(**condition: Any) -> Case:
    return Case(When(**condition, then=Value(OPEN)), default=Value(DONE), output_field=CharField())


def _number_of_item(item: str) -> Any:
    numbers = Item.objects.filter(pk=OuterRef(item), removed_at=None).values("number")[:1]
    return Coalesce(Cast(Subquery(numbers, output_field=IntegerField()), BigIntegerField()), 0)


def _said(path: str) -> Any:
    return Cast(Substr(path, 1, LONGEST_EXCERPTED), CharField())


_SHAPES: dict[str, Callable[[Rows, str], Rows]] = {
    ITEM: _shape(
        ITEM,
        "title",
        **_team("team"),
        at_number=Cast(F("number"), BigIntegerField()),
        in_state=Cast(F("category"), CharField()),
        changed=Cast(F("updated_at"), CharField()),
    ),
    OBJECTIVE: _shape(OBJECTIVE, "title", said=_said("why"), **_team("team")),
    KEY_RESULT: _shape(KEY_RESULT, "title", said=_said("objective__title"), **_team("objective__team")),
    DECISION: _shape(
        DECISION,
        "title",
        said=_said("because"),
        **_team("team"),
        at_number=Case(
            When(subject_type="scrum.item", then=_number_of_item("subject_id")),
            default=0,
            output_field=BigIntegerField(),
        ),
        in_state=_open_where(held=None),
        changed=Cast(F("decided_on"), CharField()),
        of_key_result=Case(
            When(subject_type="okr.keyresult", then=Coalesce(F("subject_id"), 0)),
            default=0,
            output_field=BigIntegerField(),
        ),
    ),
    IMPEDIMENT: _shape(
        IMPEDIMENT,
        "title",
        said=_said("asked"),
        **_team("team"),
        at_number=_number_of_item("item_id"),
        in_state=_open_where(resolved_on=None),
        changed=Cast(F("raised_on"), CharField()),
    ),
    SPRINT: _shape(
        SPRINT,
        "name",
        said=_said("goal"),
        **_team("team"),
        at_number=Cast(F("number"), BigIntegerField()),
        in_state=_open_where(closed_at=None),
        changed=Coalesce(Cast(F("starts_on"), CharField()), Value(""), output_field=CharField()),
    ),
    PERSON: _shape(PERSON, "person__name", of_person=Cast(F("person_id"), BigIntegerField())),
}

#: by which door each kind comes: what the viewer may see of it
_READ: dict[str, Callable[[Actor], Rows]] = {
    # By a list of teams: asked to join them, SQLite reads all items of a team to find a few.
    ITEM: lambda viewer: Item.objects.filter(team__in=Team.objects.visible_to(viewer)),
    OBJECTIVE: lambda viewer: Objective.objects.visible_to(viewer).active(),
    KEY_RESULT: lambda viewer: KeyResult.objects.visible_to(viewer).active(),
    DECISION: lambda viewer: Decision.objects.filter(organisation_id=viewer.organisation_id or 0),
    IMPEDIMENT: lambda viewer: Impediment.objects.filter(team__organisation_id=viewer.organisation_id or 0),
    SPRINT: lambda viewer: Sprint.objects.filter(team__organisation_id=viewer.organisation_id or 0),
    PERSON: lambda viewer: Membership.objects.filter(organisation_id=viewer.organisation_id or 0, deactivated_at=None),
}

_MENTIONED = "mentioned"
#: by what is read together: statements that are put together once, as that takes longer than to answer them
_READERS: dict[tuple[str, ...], Prepared[Any]] = {}


def _reader(parts_: tuple[str, ...]) -> Prepared[Any]:
    """Return how to read these kinds at once, by organisation, a list of ids of each, and how many of those mentioned.

    What a viewer may see depends on their organisation alone.
    """

    def make(organisation_id: int, *values: Any) -> Rows:
        viewer = Actor(organisation_id)
        made = []
        for part, ids in zip(parts_, values, strict=False):
            kind = ITEM if part == _MENTIONED else part
            chosen = _FIRST_MENTIONED if part == _MENTIONED else _LISTED
            within = RawSQL(chosen[connection.vendor], (ids, values[-1]) if part == _MENTIONED else (ids,))
            made.append(_SHAPES[kind](_READ[kind](viewer).filter(pk__in=within), kind))
        return made[0].union(*made[1:], all=True) if len(made) > 1 else made[0]

    return Prepared(make, int, *(str for _part in parts_), *([int] if _MENTIONED in parts_ else []))


_LISTED = {
    "sqlite": "SELECT value FROM json_each(%s)",
    "postgresql": "SELECT value::bigint FROM json_array_elements_text(%s::json)",
}
_FIRST_MENTIONED = {
    vendor: f"SELECT id FROM scrum_item WHERE id IN ({listed})"
    f" ORDER BY category = '{Category.DONE}', updated_at DESC, id DESC LIMIT %s"
    for vendor, listed in _LISTED.items()
}


def is_done(row: Row) -> bool:
    return row.state in (Category.DONE, DONE)
