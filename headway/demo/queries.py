"""The demonstration: whether it is there, and who can be played in it."""

import datetime as dt
from dataclasses import dataclass

from django.utils import timezone
from django.utils.translation import gettext as _

from headway.live.models import Change
from headway.people.models import Membership, Organisation, Person, Role, Team

from .people import address

LOADED = "demonstration.loaded"


@dataclass(frozen=True)
class Part:
    """Somebody of the demonstration who can be signed in as with one click."""

    key: str
    person: Person
    role: str
    sees: str


def demonstration() -> Organisation | None:
    """Return the demonstration organisation; None where it is not loaded. One query."""
    return Organisation.objects.filter(is_demonstration=True).order_by("pk").first()


def cast(organisation: Organisation) -> tuple[Part, ...]:
    """Return the parts to choose from: one person a role, each of whom is in the demonstration and nowhere else.

    One query. Empty for any other organisation.
    """
    parts = [
        (Role.SCRUM_MASTER, "Noor Haddad", _("What needs whom, on three desks")),
        (Role.PRODUCT_OWNER, "Tomasz Wilk", _("The backlog as bets, in the order that only he changes")),
        (Role.DEVELOPER, "Ines Duarte", _("The board, and why each item is on it")),
        (Role.STAKEHOLDER, "Marta Oyelaran", _("What moved, what comes next, what not and why; she reads")),
    ]
    people = {person.email: person for person in _only_here(organisation)}
    return tuple(
        Part(role.value, people[address(name)], str(role.label), sees)
        for role, name, sees in parts
        if address(name) in people
    )


def person_for(organisation: Organisation, key: str) -> Person | None:
    """Return the person of a part; None for an unknown one."""
    return next((part.person for part in cast(organisation) if part.key == key), None)


def main_team_key(organisation: Organisation) -> str:
    """Return the key of the team that has most to show: the first of the story. One query."""
    return Team.objects.filter(organisation=organisation).order_by("pk").values_list("key", flat=True).first() or ""


@dataclass(frozen=True)
class Age:
    """When the demonstration was loaded, and whether anybody has changed something in it since."""

    loaded_on: dt.date
    is_touched: bool


def age_of(organisation: Organisation) -> Age:
    """Return how old the demonstration is. Two queries."""
    loaded = Change.objects.filter(organisation_id=organisation.pk, name=LOADED).latest("pk")
    since = Change.objects.filter(organisation_id=organisation.pk, pk__gt=loaded.pk)
    return Age(timezone.localdate(loaded.at), since.exists())


def _only_here(organisation: Organisation) -> list[Person]:
    if not organisation.is_demonstration:
        return []
    here = Membership.objects.filter(organisation=organisation, deactivated_at=None, person__is_active=True)
    elsewhere = Membership.objects.exclude(organisation=organisation)
    rows = here.exclude(person__in=elsewhere.values("person")).select_related("person")
    return [row.person for row in rows]
