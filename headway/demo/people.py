"""The organisation, its teams and its people, as the demonstration begins."""

import unicodedata
from dataclasses import dataclass
from typing import Any

from django.conf import settings

from headway.lib import clock
from headway.live.history import record
from headway.people import actions
from headway.people.actor import system_actor
from headway.people.models import Membership, Organisation, Person, Role, Team, TeamRole
from headway.scrum.models import Category, Column


@dataclass(frozen=True)
class Cast:
    """Who is there, by the short names of the data."""

    organisation: Organisation
    people: dict[str, Person]
    teams: dict[str, Team]
    columns: dict[str, dict[str, Column]]  # team → category → its column


def gather(data: dict[str, Any]) -> Cast:
    """Write organisation, people, teams and columns. Nobody gets a password: `queries.cast` is the only door."""
    organisation = actions.create_organisation(
        by=system_actor(None), is_demonstration=True, time_zone=settings.TIME_ZONE, **data["organisation"]
    )
    people = _people(organisation, data)
    teams: dict[str, Team] = {}
    columns: dict[str, dict[str, Column]] = {}
    for story in data["teams"]:
        team = actions.create_team(
            organisation,
            by=system_actor(organisation),
            key=_free_key(story["key"]),
            name=story["name"],
            reserve=story["reserve"],
            no_kr_limit=story["no_kr_limit"],
        )
        TeamRole.objects.bulk_create(
            TeamRole(team=team, person=people[who], role=Role(role))
            for role, whoever in story["roles"].items()
            for who in ([whoever] if isinstance(whoever, str) else whoever)
        )
        teams[story["id"]] = team
        columns[story["id"]] = _columns(team, story["columns"])
    return Cast(organisation, people, teams, columns)


def _people(organisation: Organisation, data: dict[str, Any]) -> dict[str, Person]:
    now = clock.now()
    people = {}
    for row in data["people"]:
        person = Person(email=address(row["name"]), name=row["name"], created_at=now)
        person.set_unusable_password()
        people[row["id"]] = person
    Person.objects.bulk_create(people.values())
    memberships = Membership.objects.bulk_create(
        Membership(
            organisation=organisation,
            person=person,
            is_administrator=who in data["administrators"],
            joined_at=now,
        )
        for who, person in people.items()
    )
    for membership in memberships:
        record("member.added", by=system_actor(organisation), subject=membership, label=membership.person.name)
    return people


def address(name: str) -> str:
    """Return the address of somebody of the demonstration; the domain can belong to nobody (RFC 2606)."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return ".".join(plain.split()) + "@wrenfield.example"


def _free_key(key: str) -> str:
    """Return the key, or with a number where a team of another organisation has it: keys are unique everywhere."""
    taken = set(Team.objects.filter(key__startswith=key).values_list("key", flat=True))
    return next(name for name in [key, *(f"{key}{number}" for number in range(2, 100))] if name not in taken)


def _columns(team: Team, columns: list[list[Any]]) -> dict[str, Column]:
    Column.objects.filter(team=team).delete()
    made = Column.objects.bulk_create(
        Column(team=team, name=name, category=category, limit=limit, position=position)
        for position, (name, category, limit) in enumerate(columns)
    )
    return {str(Category(column.category)): column for column in made}
