"""Backlog Items: read, write, move, order, plan, one by one and many at once."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal, TypedDict

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from ninja import Query
from pydantic import Field

from headway.people.models import Team
from headway.scrum import actions
from headway.scrum import models as scrum
from headway.scrum.queries import item_ahead
from headway.value.models import Serves

from .columns import column_named
from .platform.asking import ApiRequest
from .platform.finding import chosen, found, people_of, team_of
from .platform.paging import Page, Paging, page_of, slice_of
from .platform.problems import Problem, field_problem, unless_done
from .platform.routes import Area
from .platform.schemas import Day, Edit, Flag, Id, In, Line, Moment, Number, Out, QueryId, Text
from .sprints import sprint_named

area = Area("Items")
SCOPE = "write:scrum"
MOST_AT_ONCE = 500

Kind = Literal["story", "bug", "task", "epic", "subtask", "spike", "other"]
Category = Literal["todo", "doing", "done"]


class Served(Out):
    """What an item serves: a Key Result, or a kind of work with its reason."""

    id: Id
    key_result_id: Id | None
    kind: str
    reason: str


class Item(Out):
    """A Backlog Item."""

    key: Annotated[str, Field(examples=["RFL-249"])]
    number: Id
    team_key: str
    title: str
    description: str
    kind: Kind
    column_id: Id
    category: Annotated[Category, Field(description="Follows the column.")]
    size: float | None
    parent_number: Id | None
    sprint_number: Id | None
    assignee_ids: list[Id]
    due_on: Day | None
    blocked_since: Day | None
    blocked_because: str
    serves: list[Served]
    tracker_key: Annotated[str, Field(description="What another tracker calls it, or empty.")]
    created_at: Moment
    started_at: Moment | None
    done_at: Moment | None
    updated_at: Moment
    removed_at: Moment | None


class ItemOutlook(Out):
    """The chances of an item in progress; nulls for any other, and where fewer than ten were finished in a year."""

    age_days: Annotated[float | None, Field(description="Since it was started.")]
    within_days: Annotated[
        dict[str, float],
        Field(description="Chance to be done within so many more days; empty where hardly any was open for longer."),
    ]
    is_ageing: Annotated[
        bool | None, Field(description="Open longer than 85 in 100 of the team's items, or than any finished one.")
    ]
    done: Annotated[int | None, Field(description="Finished items that it rests on.")]
    still_open: Annotated[int | None, Field(description="Items in progress that it rests on.")]


class NewItem(In):
    """An item to make. Without a column it begins in the first one of "to do"."""

    title: Annotated[Line, Field(min_length=1, examples=["Order again in one tap"])]
    description: Text = ""
    kind: Kind = "story"
    size: Annotated[Number | None, Field(ge=0)] = None
    parent_number: Id | None = None
    sprint_number: Id | None = None
    column_id: Id | None = None
    assignee_ids: list[Id] = []
    due_on: Day | None = None
    at_top: Annotated[Flag, Field(description="Before all others: the Product Owner's to say.")] = False


class ItemEdit(Edit):
    """What shall be different of an item."""

    title: Annotated[Line, Field(min_length=1)] = ""
    description: Text = ""
    kind: Kind = "story"
    size: Annotated[Number | None, Field(ge=0)] = None
    parent_number: Id | None = None
    assignee_ids: list[Id] = []
    due_on: Day | None = None


class ItemMove(In):
    """The column to move to, and, if it matters, next to which item there."""

    column_id: Id
    before: Annotated[Id | None, Field(description="Number of the item that shall come next.")] = None
    after: Annotated[Id | None, Field(description="Number of the item that shall come before.")] = None


class ItemPlace(In):
    """A place in the order of the backlog: one of the three; none means the end."""

    before: Annotated[Id | None, Field(description="Number of the item that shall come next.")] = None
    after: Annotated[Id | None, Field(description="Number of the item that shall come before.")] = None
    at_top: Flag = False


class Block(In):
    """Why an item cannot go on."""

    because: Annotated[Text, Field(min_length=1, max_length=300, examples=["The contract is not signed"])]


class SprintChoice(In):
    """The Sprint to plan an item into; null takes it out."""

    sprint_number: Id | None


Numbers = Annotated[list[Id], Field(min_length=1, max_length=MOST_AT_ONCE, description="Numbers of items of the team.")]


class ItemsOrder(In):
    """Items of the team in the order wanted; all others stay where they are."""

    numbers: Numbers


class ItemsMove(In):
    """Several items, and the column to move them to."""

    numbers: Numbers
    column_id: Id


class ItemsPlace(ItemPlace):
    """Several items, in the order they shall have, and their place."""

    numbers: Numbers


class ItemsSprint(SprintChoice):
    """Several items, and the Sprint to plan them into."""

    numbers: Numbers


class ItemsRemoval(In):
    """Several items to remove."""

    numbers: Numbers


class Items(Out):
    """Items as they are now."""

    items: list[Item]


class Entered(Out):
    """An item entered a status; the name is what it was called then."""

    at: Moment
    status: str
    category: Category
    imported: bool


class ItemFilters(Paging):
    category: Category | None = None
    kind: Kind | None = None
    column_id: QueryId | None = None
    sprint_number: Annotated[QueryId | None, Field(description="In this Sprint now.")] = None
    assignee_id: QueryId | None = None
    key_result_id: Annotated[QueryId | None, Field(description="Serves this Key Result.")] = None
    blocked: bool | None = None
    removed: Annotated[bool, Field(description="Those removed, in place of the others.")] = False


@area.read("/teams/{team_key}/items")
def list_items(request: ApiRequest, team_key: str, filters: Query[ItemFilters]) -> Page[Item]:
    """List the items of a team, in the order of its backlog."""
    rows = scrum.Item.objects.filter(team=team_of(request, team_key), removed_at__isnull=not filters.removed)
    taken, cursor = slice_of(_narrowed(rows, filters), filters, order=("rank", "id"))
    return Page(items=represent_all(taken), next_cursor=cursor)


@area.read("/teams/{team_key}/items/{int:number}")
def get_item(request: ApiRequest, team_key: str, number: int) -> Item:
    """Read an item."""
    return represent_all([item_of(request, team_key, number)])[0]


@area.read("/teams/{team_key}/items/{int:number}/outlook")
def get_item_outlook(request: ApiRequest, team_key: str, number: int) -> ItemOutlook:
    """Read how likely an item in progress is done soon, by how long the team's items took within a year."""
    ahead = item_ahead(item_of(request, team_key, number))
    if ahead is None:
        return ItemOutlook(age_days=None, within_days={}, is_ageing=None, done=None, still_open=None)
    within = {str(days): chance for days, chance in ahead.chances or ()}
    return ItemOutlook(
        age_days=ahead.age_days,
        within_days=within,
        is_ageing=ahead.is_ageing,
        done=ahead.done,
        still_open=ahead.still_open,
    )


@area.read("/teams/{team_key}/items/{int:number}/statuses")
def list_item_statuses(request: ApiRequest, team_key: str, number: int, filters: Query[Paging]) -> Page[Entered]:
    """List the statuses that an item entered, the first one first."""
    rows = scrum.Transition.objects.filter(item=item_of(request, team_key, number))
    return page_of(rows, filters, _entered, order=("at", "id"))


@area.create("/teams/{team_key}/items", scope=SCOPE)
def create_item(request: ApiRequest, team_key: str, body: NewItem) -> Item:
    """Make an item at the end of the backlog, or at its top."""
    team = team_of(request, team_key)
    made = actions.create_item(
        team,
        by=request.actor,
        title=body.title,
        description=body.description,
        kind=body.kind,
        size=body.size,
        parent=_named(team, "parent_number", body.parent_number),
        due_on=body.due_on,
        assignees=_people(request, body.assignee_ids),
        column=column_named(team, body.column_id),
        sprint=sprint_named(team, body.sprint_number),
        at_top=body.at_top,
    )
    return represent_all([made])[0]


@area.change("/teams/{team_key}/items/{int:number}", scope=SCOPE)
def edit_item(request: ApiRequest, team_key: str, number: int, body: ItemEdit) -> Item:
    """Change the fields of an item."""
    row, values = item_of(request, team_key, number), body.given()
    if "parent_number" in values:
        values["parent"] = _named(row.team, "parent_number", values.pop("parent_number"))
    if "assignee_ids" in values:
        values["assignees"] = _people(request, values.pop("assignee_ids"))
    return represent_all([actions.edit_item(row, by=request.actor, **values)])[0]


@area.act("/teams/{team_key}/items/{int:number}/move", scope=SCOPE)
def move_item(request: ApiRequest, team_key: str, number: int, body: ItemMove) -> Item:
    """Move an item into a column; its category and times follow."""
    row = item_of(request, team_key, number)
    column = column_named(row.team, body.column_id)
    moved = actions.move_item(row, to=column, by=request.actor, **_beside(row.team, body))
    return represent_all([moved])[0]


@area.act("/teams/{team_key}/items/{int:number}/rank", scope=SCOPE, takes_seen=True)
def rank_item(request: ApiRequest, team_key: str, number: int, body: ItemPlace) -> Item:
    """Give an item another place in the order of the backlog."""
    row = item_of(request, team_key, number)
    with unless_done():
        beside = _beside(row.team, body)
        actions.rank_item(row, by=request.actor, at_top=body.at_top, seen=request.seen, **beside)
    return represent_all([row])[0]


@area.act("/teams/{team_key}/items/{int:number}/block", scope=SCOPE)
def block_item(request: ApiRequest, team_key: str, number: int, body: Block) -> Item:
    """Mark an item as blocked, with the reason."""
    return represent_all(
        [actions.block_item(item_of(request, team_key, number), because=body.because, by=request.actor)]
    )[0]


@area.act("/teams/{team_key}/items/{int:number}/unblock", scope=SCOPE)
def unblock_item(request: ApiRequest, team_key: str, number: int) -> Item:
    """Take the mark of being blocked away."""
    return represent_all([actions.unblock_item(item_of(request, team_key, number), by=request.actor)])[0]


@area.act("/teams/{team_key}/items/{int:number}/sprint", scope=SCOPE, takes_seen=True)
def plan_item(request: ApiRequest, team_key: str, number: int, body: SprintChoice) -> Item:
    """Plan an item into a Sprint, or take it out."""
    row = item_of(request, team_key, number)
    sprint = sprint_named(row.team, body.sprint_number)
    _plan(request, row.team, [row], sprint)
    return get_item(request, team_key, number)


@area.remove("/teams/{team_key}/items/{int:number}", scope=SCOPE)
def remove_item(request: ApiRequest, team_key: str, number: int) -> Item:
    """Take an item out of every list; its history stays, and it can be restored."""
    return represent_all([actions.remove_item(item_of(request, team_key, number), by=request.actor)])[0]


@area.act("/teams/{team_key}/items/{int:number}/restore", scope=SCOPE)
def restore_item(request: ApiRequest, team_key: str, number: int) -> Item:
    """Bring a removed item back."""
    return represent_all([actions.restore_item(item_of(request, team_key, number), by=request.actor)])[0]


@area.act("/teams/{team_key}/items/move", scope=SCOPE, takes_seen=True)
def move_items(request: ApiRequest, team_key: str, body: ItemsMove) -> Items:
    """Move several items into a column with one Change."""
    team = team_of(request, team_key)
    column = column_named(team, body.column_id)
    with unless_done():
        rows = items_of(team, body.numbers)
        actions.move_items(rows, to=column, by=request.actor, team=team, seen=request.seen)
    return items_now(team, body.numbers)


@area.act("/teams/{team_key}/items/rank", scope=SCOPE, takes_seen=True)
def rank_items(request: ApiRequest, team_key: str, body: ItemsPlace) -> Items:
    """Put several items, in the order given, at a place in the backlog with one Change."""
    team = team_of(request, team_key)
    rows = items_of(team, body.numbers)
    with unless_done():
        beside = _beside(team, body)
        actions.rank_items(rows, by=request.actor, team=team, at_top=body.at_top, seen=request.seen, **beside)
    return items_now(team, body.numbers)


@area.act("/teams/{team_key}/items/order", scope=SCOPE, takes_seen=True)
def order_items(request: ApiRequest, team_key: str, body: ItemsOrder) -> Items:
    """Put several items into the order given, in the places that they hold together, with one Change."""
    team = team_of(request, team_key)
    rows = items_of(team, body.numbers)
    with unless_done():
        actions.order_items(team, rows, by=request.actor, seen=request.seen)
    return items_now(team, body.numbers)


@area.act("/teams/{team_key}/items/sprint", scope=SCOPE, takes_seen=True)
def plan_items(request: ApiRequest, team_key: str, body: ItemsSprint) -> Items:
    """Plan several items into a Sprint, or take them out, with one Change."""
    team = team_of(request, team_key)
    _plan(request, team, items_of(team, body.numbers), sprint_named(team, body.sprint_number))
    return items_now(team, body.numbers)


@area.act("/teams/{team_key}/items/remove", scope=SCOPE)
def remove_items(request: ApiRequest, team_key: str, body: ItemsRemoval) -> Items:
    """Remove several items with one Change."""
    team = team_of(request, team_key)
    actions.remove_items(items_of(team, body.numbers), by=request.actor, team=team)
    return items_now(team, body.numbers)


def _plan(request: ApiRequest, team: Team, rows: list[scrum.Item], sprint: scrum.Sprint | None) -> None:
    with unless_done():
        if sprint is None:
            actions.take_items_out_of_sprint(rows, by=request.actor, team=team, seen=request.seen)
        else:
            actions.add_items_to_sprint(rows, sprint, by=request.actor, seen=request.seen)


def item_of(request: ApiRequest, team_key: str, number: int) -> scrum.Item:
    """Return the item of an address; 404 where the viewer has none such."""
    team = team_of(request, team_key)
    return found(scrum.Item.objects.select_related("team", "column", "sprint", "parent"), team=team, number=number)


def represent_all(rows: Sequence[scrum.Item]) -> list[Item]:
    """Return items as the API shows them. Three queries, however many there are."""
    ids = [row.pk for row in rows]
    fresh = scrum.Item.objects.select_related("team", "sprint", "parent").prefetch_related("assignees").in_bulk(ids)
    serves: dict[int, list[Served]] = {}
    for link in Serves.objects.filter(item__in=ids).order_by("pk"):
        served = Served(id=link.pk, key_result_id=link.key_result_id, kind=link.kind, reason=link.reason)
        serves.setdefault(link.item_id, []).append(served)
    return [_represent(fresh[pk], serves.get(pk, [])) for pk in ids]


def _represent(row: scrum.Item, serves: list[Served]) -> Item:
    fields: Any = {name: getattr(row, name) for name in Item.model_fields if name not in _MADE and hasattr(row, name)}
    return Item(
        **fields,
        key=row.key,
        team_key=row.team.key,
        parent_number=row.parent.number if row.parent else None,
        sprint_number=row.sprint.number if row.sprint else None,
        assignee_ids=sorted(person.pk for person in row.assignees.all()),
        serves=serves,
    )


_MADE = frozenset({"key", "team_key", "parent_number", "sprint_number", "assignee_ids", "serves"})


def _entered(row: scrum.Transition) -> Entered:
    category: Any = row.category
    return Entered(at=row.at, status=row.status, category=category, imported=row.is_imported)


def _narrowed(rows: "QuerySet[scrum.Item]", filters: ItemFilters) -> "QuerySet[scrum.Item]":
    wanted = {
        "category": filters.category,
        "kind": filters.kind,
        "column": filters.column_id,
        "sprint__number": filters.sprint_number,
        "assignees": filters.assignee_id,
        "serves__key_result": filters.key_result_id,
    }
    rows = rows.filter(**{name: value for name, value in wanted.items() if value is not None})
    return rows if filters.blocked is None else rows.filter(blocked_since__isnull=not filters.blocked)


def items_now(team: Team, numbers: Sequence[int]) -> Items:
    """Return items as they are after a write to many."""
    return Items(items=represent_all(items_of(team, numbers)))


def items_of(team: Team, numbers: Sequence[int]) -> list[scrum.Item]:
    """Return items in the order named; 422 where one is none of the team."""
    by_number = {row.number: row for row in scrum.Item.objects.filter(team=team, number__in=numbers)}
    missing = [number for number in numbers if number not in by_number]
    if missing:
        raise _no_item("numbers", missing[0])
    return [by_number[number] for number in dict.fromkeys(numbers)]


class _Beside(TypedDict):
    before: scrum.Item | None
    after: scrum.Item | None


def _beside(team: Team, place: ItemMove | ItemPlace) -> _Beside:
    return {"before": _named(team, "before", place.before), "after": _named(team, "after", place.after)}


def _named(team: Team, field: str, number: int | None) -> scrum.Item | None:
    """Return the item of the team that a field of the body names (None for null), or raise Problem 422."""
    if number is None:
        return None
    row = scrum.Item.objects.select_related("team").filter(team=team, number=number).first()
    if row is None:
        raise _no_item(field, number)
    return row


def _no_item(field: str, number: int) -> Problem:
    return field_problem(field, _("The team has no item %(number)s.") % {"number": number})


def _people(request: ApiRequest, ids: Sequence[int]) -> list[Any]:
    return [chosen(people_of(request), "assignee_ids", pk) for pk in ids]
