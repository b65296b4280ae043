"""People of the organisation: who asks, who is here, who administers it, and who no longer signs in.

What proves who somebody is (passwords, second factors, sessions, making tokens) is done in a browser only.
"""

from collections.abc import Sequence
from typing import Annotated, Any, Literal, Self

from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _
from ninja import Query
from pydantic import Field

from headway.live.history import CannotUndo, undo
from headway.live.models import Change
from headway.people import actions, models
from headway.people.access import Forbidden
from headway.people.queries import STATES

from .platform.asking import ApiRequest
from .platform.finding import chosen, found, people_of
from .platform.paging import Page, Paging, slice_of
from .platform.routes import Area
from .platform.schemas import Edit, Flag, Id, In, Line, Moment, Out, Text, Whole

area = Area("People")
SCOPE = "admin"

Role = Literal["scrum_master", "product_owner", "developer", "stakeholder"]
State = Literal["active", "deactivated", "administrator"]


class RolesIn(Out):
    """What somebody is in a team."""

    team_key: str
    roles: list[Role]


class Person(Out):
    """Somebody of the organisation. There is no figure about a person, here or anywhere."""

    id: Id
    name: str
    email: str
    is_administrator: bool
    joined_at: Moment
    deactivated_at: Moment | None
    roles: list[RolesIn]


class Me(Out):
    """Who asks, and what they may do as."""

    kind: Annotated[str, Field(description="member (a browser) or token.")]
    person: Annotated[Person | None, Field(description="Null for the token of a team.")]
    team_key: Annotated[str | None, Field(description="Of a team's token.")]
    organisation_id: Id
    organisation: str
    token: Annotated[str | None, Field(description="The token's name.")]
    scopes: Annotated[list[str] | None, Field(description="Of the token; null: everything that the person may.")]
    expires_at: Moment | None


class MeEdit(Edit):
    """What shall be different of oneself."""

    name: Annotated[Line, Field(max_length=120)] = ""


class PersonEdit(Edit):
    """What shall be different of a member."""

    is_administrator: Flag = False


class Leaving(In):
    """What becomes of what somebody holds that is open: it goes to another, to nobody, or stays."""

    hand_over_to_id: Id | None = None
    let_go: Flag = False


class MemberTable(In):
    """A table of members as CSV: name, e-mail, team, roles, administrator, in any order."""

    table: Annotated[
        Text, Field(max_length=900_000, examples=["name,email,team,role\nPat Poe,pat@example.org,ANT,dev\n"])
    ]
    days: Annotated[Whole, Field(ge=1, le=actions.LONGEST_DAYS, description="How long the links work.")] = (
        actions.INVITATION_DAYS
    )


class InvitedPerson(Out):
    """Somebody who was invited, with the link that lets them in. It is shown this once."""

    name: str
    email: str
    link: str


class ImportedMembers(Out):
    """What a table of members did. A repeat names whom it invited, without their links."""

    invited: list[InvitedPerson]

    def to_keep(self) -> Self:
        return self.model_copy(update={"invited": [row.model_copy(update={"link": ""}) for row in self.invited]})


class PersonFilters(Paging):
    state: State | None = None
    q: Annotated[str | None, Field(max_length=120, description="Part of a name or an e-mail.")] = None
    team_key: Annotated[str | None, Field(description="With a role in this team.")] = None


@area.read("/me")
def get_me(request: ApiRequest) -> Me:
    """Read who the token is, and what it may."""
    token, person = request.token, None
    if request.actor.person_id is not None:
        row = _memberships(request).get(person=request.actor.person_id)
        (person,) = represent(request, [row])
    return Me(
        kind=request.actor.kind,
        person=person,
        team_key=token.team.key if token and token.team else None,
        organisation_id=request.organisation.pk,
        organisation=request.organisation.name,
        token=token.name if token else None,
        scopes=sorted(request.actor.scopes) if request.actor.scopes is not None else None,
        expires_at=token.expires_at if token else None,
    )


@area.change("/me", scope=SCOPE)
def edit_me(request: ApiRequest, body: MeEdit) -> Me:
    """Change one's own name."""
    person = models.Person.objects.filter(pk=request.actor.person_id or 0).first()
    if person is None:
        raise Forbidden(_("The token of a team is nobody."))
    if body.given():
        actions.edit_person(person, by=request.actor, name=body.name)
    return get_me(request)


@area.read("/people")
def list_people(request: ApiRequest, filters: Query[PersonFilters]) -> Page[Person]:
    """List the people of the organisation."""
    rows = _memberships(request)
    if filters.state:
        rows = rows.filter(STATES[filters.state])
    if filters.q:
        rows = rows.filter(Q(person__name__icontains=filters.q) | Q(person__email__icontains=filters.q))
    if filters.team_key:
        held = models.TeamRole.objects.filter(
            team__key=filters.team_key.upper(), team__organisation=request.organisation
        )
        rows = rows.filter(person__in=held.values("person"))
    taken, cursor = slice_of(rows, filters, order=("person_id",))
    return Page(items=represent(request, taken), next_cursor=cursor)


@area.read("/people/{int:person_id}")
def get_person(request: ApiRequest, person_id: int) -> Person:
    """Read a person."""
    return represent(request, [member_of(request, person_id)])[0]


@area.change("/people/{int:person_id}", scope=SCOPE)
def edit_person(request: ApiRequest, person_id: int, body: PersonEdit) -> Person:
    """Make a member an administrator, or take it away; the last one stays."""
    row = member_of(request, person_id)
    actions.set_administrator(row, body.given().get("is_administrator", row.is_administrator), by=request.actor)
    return get_person(request, person_id)


@area.act("/people/{int:person_id}/deactivate", scope=SCOPE)
def deactivate_person(request: ApiRequest, person_id: int, body: Leaving) -> Person:
    """Close the door for a member: sessions, streams and tokens end at once; history and roles stay."""
    row = member_of(request, person_id)
    heir = chosen(people_of(request), "hand_over_to_id", body.hand_over_to_id)
    actions.deactivate_member(row, by=request.actor, hand_over_to=heir, let_go=body.let_go)
    return get_person(request, person_id)


@area.act("/people/{int:person_id}/reactivate", scope=SCOPE)
def reactivate_person(request: ApiRequest, person_id: int) -> Person:
    """Open the door again, and give back what was handed over."""
    row = member_of(request, person_id)
    closed = Change.objects.filter(
        subject_type=row._meta.label_lower, subject_id=row.pk, name="member.deactivated", undone_by=None
    )
    change = closed.order_by("-pk").first()
    if row.deactivated_at is None or change is None:
        raise CannotUndo(_("%(name)s is active.") % {"name": row.person.name})
    undo(change, by=request.actor)
    return get_person(request, person_id)


@area.create("/people/import", scope=SCOPE)
def import_people(request: ApiRequest, body: MemberTable) -> ImportedMembers:
    """Invite those of a table who are new, and give roles to those who are here: all of it or nothing."""
    _change, invited = actions.import_members(request.organisation, body.table, by=request.actor, days=body.days)
    return ImportedMembers(
        invited=[
            InvitedPerson(name=row.name, email=row.email, link=invitation_link(request, row.token)) for row in invited
        ]
    )


def represent(request: ApiRequest, rows: Sequence[models.Membership]) -> list[Person]:
    """Return members as the API shows them. One query more, however many."""
    held: dict[int, dict[str, list[Any]]] = {}
    roles = models.TeamRole.objects.filter(
        team__organisation=request.organisation, team__archived_at=None, person__in=[row.person_id for row in rows]
    )
    for role in roles.select_related("team").order_by("team__key", "role"):
        held.setdefault(role.person_id, {}).setdefault(role.team.key, []).append(role.role)
    return [
        Person(
            id=row.person_id,
            name=row.person.name,
            email=row.person.email,
            is_administrator=row.is_administrator,
            joined_at=row.joined_at,
            deactivated_at=row.deactivated_at,
            roles=[RolesIn(team_key=key, roles=names) for key, names in held.get(row.person_id, {}).items()],
        )
        for row in rows
    ]


def member_of(request: ApiRequest, person_id: int) -> models.Membership:
    """Return the membership of a person that the address names; 404 where they are none here."""
    return found(_memberships(request), person=person_id)


def invitation_link(request: ApiRequest, token: str) -> str:
    """Return the whole address that lets somebody in."""
    return request.build_absolute_uri(reverse("invitation", kwargs={"token": token}))


def _memberships(request: ApiRequest) -> "QuerySet[models.Membership]":
    rows = models.Membership.objects.filter(organisation=request.organisation)
    return rows.select_related("person", "organisation")
