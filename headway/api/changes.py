"""Changes: everything that was done, to follow and to take back."""

from collections.abc import Sequence
from typing import Annotated

from django.utils.translation import gettext as _
from ninja import Query
from pydantic import Field

from headway.live.history import is_undoable, undo
from headway.live.models import Change as Row
from headway.people.access import Forbidden
from headway.people.models import Person, Team

from .platform.asking import ApiRequest
from .platform.finding import found
from .platform.paging import Page, Paging, slice_of
from .platform.routes import Area
from .platform.schemas import Id, Moment, Out

area = Area("Changes")

#: what a Change is about → the scope that takes it back
_UNDO_SCOPES = {
    "okr": "write:okr",
    "agreements": "write:okr",
    "scrum": "write:scrum",
    "value": "write:value",
    "sync": "import",
    "people": "admin",
}


class Change(Out):
    """What one action did. Ids grow in the order in which things happened, within an organisation."""

    id: Id
    name: Annotated[str, Field(description="noun.past_participle", examples=["item.moved"])]
    at: Moment
    actor_id: Annotated[Id | None, Field(description="Person; null for a team's token, a job or somebody unnamed.")]
    actor: str
    actor_kind: Annotated[str, Field(description="member, token or system.")]
    token_name: Annotated[str | None, Field(description="How the token was called that did it; null where none did.")]
    team_key: str | None
    subject_type: Annotated[str, Field(examples=["scrum.item"])]
    subject_id: Id
    subject_label: str
    undoes_id: Annotated[Id | None, Field(description="The Change that this one took back.")]
    undone_by_id: Annotated[Id | None, Field(description="The Change that took this one back.")]
    is_undoable: bool


class ChangeFilters(Paging):
    after: Annotated[
        int | None,
        Field(ge=0, le=2**63 - 1, description="Only Changes after this id, the oldest first: for those who follow."),
    ] = None
    team_key: str | None = None
    name: Annotated[str | None, Field(max_length=80)] = None
    subject_type: Annotated[str | None, Field(max_length=40)] = None
    subject_id: Id | None = None
    actor_id: Id | None = None


@area.read("/changes")
def list_changes(request: ApiRequest, filters: Query[ChangeFilters]) -> Page[Change]:
    """List what was done, the newest first; with `after`, what came since, the oldest first.

    To follow: keep the id of the last Change that you saw, and ask for what came `after` it.
    """
    rows = Row.objects.filter(organisation_id=request.organisation.pk)
    for name in ("name", "subject_type", "subject_id", "actor_id"):
        value = getattr(filters, name)
        if value is not None:
            rows = rows.filter(**{name: value})
    if filters.team_key is not None:
        team = Team.objects.visible_to(request.actor).filter(key=filters.team_key.upper()).first()
        rows = rows.filter(team_id=team.pk) if team else rows.none()
    if filters.after is not None:
        rows = rows.filter(pk__gt=filters.after)
    order = "-id" if filters.after is None else "id"
    taken, cursor = slice_of(rows.select_related("undone_by"), filters, order=(order,))
    return Page(items=represent(request, taken), next_cursor=cursor)


@area.read("/changes/{int:change_id}")
def get_change(request: ApiRequest, change_id: int) -> Change:
    """Read a Change."""
    return represent(request, [_change(request, change_id)])[0]


@area.act("/changes/{int:change_id}/undo", scope="read")
def undo_change(request: ApiRequest, change_id: int) -> Change:
    """Take a Change back. The answer is the Change that did it.

    It needs the scope of what is taken back, beside `read`: `write:okr` for what is about OKRs, and so on. 409 says why
    it cannot be taken back (any more).
    """
    row = _change(request, change_id)
    scope = _UNDO_SCOPES.get(row.subject_type.partition(".")[0], "admin")
    if request.actor.scopes is not None and scope not in request.actor.scopes:
        raise Forbidden(_("This token lacks the scope “%(scope)s”.") % {"scope": scope})
    return get_change(request, undo(row, by=request.actor).pk)


def represent(request: ApiRequest, rows: Sequence[Row]) -> list[Change]:
    """Return Changes as the API shows them. Two queries more, however many."""
    people = Person.objects.in_bulk({row.actor_id for row in rows if row.actor_id})
    keys = dict(Team.objects.filter(organisation=request.organisation).values_list("pk", "key"))
    return [
        Change(
            id=row.pk,
            name=row.name,
            at=row.at,
            actor_id=row.actor_id,
            actor=people[row.actor_id].name if row.actor_id in people else "",
            actor_kind=row.actor_kind,
            token_name=row.token_name,
            team_key=keys.get(row.team_id or 0),
            subject_type=row.subject_type,
            subject_id=row.subject_id,
            subject_label=row.subject_label,
            undoes_id=row.undoes_id,
            undone_by_id=row.undone_by.pk if hasattr(row, "undone_by") else None,
            is_undoable=is_undoable(row),
        )
        for row in rows
    ]


def _change(request: ApiRequest, change_id: int) -> Row:
    return found(Row.objects.filter(organisation_id=request.organisation.pk).select_related("undone_by"), pk=change_id)
