"""Find rows through the door that knows the viewer."""

from typing import Any, TypeVar, overload

from django.db.models import Model, QuerySet
from django.http import Http404
from django.utils.translation import gettext as _

from headway.people.models import Person, Team

from .asking import ApiRequest
from .problems import field_problem

Row = TypeVar("Row", bound=Model)


def found(rows: "QuerySet[Row]", **by: Any) -> Row:
    """Return the row that the address names; 404 where the viewer has none such."""
    row = rows.filter(**by).first()
    if row is None:
        raise Http404
    return row


@overload
def chosen(rows: "QuerySet[Row]", field: str, pk: int) -> Row: ...
@overload
def chosen(rows: "QuerySet[Row]", field: str, pk: int | None) -> Row | None: ...
def chosen(rows: "QuerySet[Row]", field: str, pk: int | None) -> Row | None:
    """Return the row that a field of the body names (None for null); 422 where the viewer has none such."""
    if pk is None:
        return None
    row = rows.filter(pk=pk).first()
    if row is None:
        raise field_problem(field, _("There is none with the id %(id)s.") % {"id": pk})
    return row


@overload
def chosen_team(request: ApiRequest, field: str, key: str) -> Team: ...
@overload
def chosen_team(request: ApiRequest, field: str, key: str | None) -> Team | None: ...
def chosen_team(request: ApiRequest, field: str, key: str | None) -> Team | None:
    """Return the team whose key a field of the body names (None for null); 422 where the viewer has none such."""
    if key is None:
        return None
    team = Team.objects.visible_to(request.actor).active().filter(key=key.upper()).first()
    if team is None:
        raise field_problem(field, _("There is no team with the key %(key)s.") % {"key": key})
    return team


def people_of(request: ApiRequest) -> "QuerySet[Person]":
    """Return the active people of the organisation."""
    return Person.objects.filter(
        memberships__organisation=request.organisation, memberships__deactivated_at=None, is_active=True
    )


def team_of(request: ApiRequest, key: str) -> Team:
    """Return the team of a key in the address; 404 where the viewer sees none."""
    return found(Team.objects.visible_to(request.actor).active().select_related("organisation"), key=key.upper())
