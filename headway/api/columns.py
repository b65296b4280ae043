"""The columns of a team's board."""

from typing import Annotated, Any, Literal, overload

from ninja import Query
from pydantic import Field

from headway.people.models import Team
from headway.scrum import actions
from headway.scrum import models as scrum

from .platform.asking import ApiRequest
from .platform.finding import chosen, found, team_of
from .platform.paging import Page, Paging, page_of
from .platform.routes import Area
from .platform.schemas import Edit, Id, In, Line, Out

area = Area("Board")
SCOPE = "admin"

Category = Literal["todo", "doing", "done"]
Limit = Annotated[int | None, Field(strict=True, ge=1, le=1000, description="Of work in progress; null: none.")]


class Column(Out):
    """A column of the board, in one of the three categories."""

    id: Id
    name: str
    category: Category
    position: int
    limit: int | None


class NewColumn(In):
    """A column to make; it stands behind the last one of its category."""

    name: Annotated[Line, Field(min_length=1, max_length=80, examples=["In review"])]
    category: Category
    limit: Limit = None


class ColumnEdit(Edit):
    """What shall be different of a column. The items in it follow a new category."""

    name: Annotated[Line, Field(min_length=1, max_length=80)] = ""
    category: Category = "todo"
    limit: Limit = None


class ColumnOrder(In):
    """All columns of the board, in the order they shall have."""

    column_ids: Annotated[list[Id], Field(min_length=1, max_length=100)]


class ColumnRemoval(In):
    """Where the items go that are in the column; null where there are none."""

    move_to: Id | None = None


class Columns(Out):
    """The columns of the board, from left to right."""

    columns: list[Column]


@area.read("/teams/{team_key}/columns")
def list_columns(request: ApiRequest, team_key: str, filters: Query[Paging]) -> Page[Column]:
    """List the columns of a team's board, from left to right."""
    rows = scrum.Column.objects.filter(team=team_of(request, team_key))
    return page_of(rows, filters, represent, order=("position", "id"))


def _all_columns(request: ApiRequest, team_key: str) -> Page[Column]:
    return list_columns(request, team_key, Paging())


@area.read("/teams/{team_key}/columns/{int:column_id}")
def get_column(request: ApiRequest, team_key: str, column_id: int) -> Column:
    """Read a column."""
    return represent(_column(request, team_key, column_id))


@area.create("/teams/{team_key}/columns", scope=SCOPE)
def create_column(request: ApiRequest, team_key: str, body: NewColumn) -> Column:
    """Make a column."""
    team = team_of(request, team_key)
    made = actions.create_column(team, by=request.actor, name=body.name, category=body.category, limit=body.limit)
    return represent(made)


@area.change("/teams/{team_key}/columns/{int:column_id}", scope=SCOPE)
def edit_column(request: ApiRequest, team_key: str, column_id: int, body: ColumnEdit) -> Column:
    """Rename a column, limit it, or change its category."""
    return represent(actions.edit_column(_column(request, team_key, column_id), by=request.actor, **body.given()))


@area.act("/teams/{team_key}/columns/order", scope=SCOPE, of=_all_columns)
def order_columns(request: ApiRequest, team_key: str, body: ColumnOrder) -> Columns:
    """Put the columns into another order. `If-Match` takes the ETag of the list of columns."""
    team = team_of(request, team_key)
    wanted = [column_named(team, pk, "column_ids") for pk in body.column_ids]
    actions.order_columns(team, wanted, by=request.actor)
    return Columns(columns=[represent(row) for row in scrum.Column.objects.filter(team=team)])


@area.act("/teams/{team_key}/columns/{int:column_id}/delete", scope=SCOPE)
def delete_column(request: ApiRequest, team_key: str, column_id: int, body: ColumnRemoval) -> Columns:
    """Delete a column; the items in it move to another, which must be named."""
    row = _column(request, team_key, column_id)
    team = row.team
    actions.delete_column(row, by=request.actor, move_to=column_named(team, body.move_to, "move_to"))
    return Columns(columns=[represent(left) for left in scrum.Column.objects.filter(team=team)])


@overload
def column_named(team: Team, pk: int, field: str = ...) -> scrum.Column: ...
@overload
def column_named(team: Team, pk: int | None, field: str = ...) -> scrum.Column | None: ...
def column_named(team: Team, pk: int | None, field: str = "column_id") -> scrum.Column | None:
    """Return the column of the team that a field of a body names (None for null); 422 where there is none such."""
    return chosen(scrum.Column.objects.filter(team=team), field, pk)


def represent(row: scrum.Column) -> Column:
    """Return a column as the API shows it."""
    category: Any = row.category
    return Column(id=row.pk, name=row.name, category=category, position=row.position, limit=row.limit)


def _column(request: ApiRequest, team_key: str, column_id: int) -> scrum.Column:
    return found(scrum.Column.objects.select_related("team"), team=team_of(request, team_key), pk=column_id)
