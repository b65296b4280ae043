"""Actor: whoever does something, and what they may do it as."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from .models import Membership, Organisation, Person, Role, Team, TeamRole


@dataclass(frozen=True)
class Actor:
    """One viewer or doer in one organisation.

    `kind` is "member", or "system" for the command line and jobs (may do everything in its organisation).
    """

    organisation_id: int | None
    person_id: int | None = None
    kind: str = "member"
    is_administrator: bool = False
    roles: Mapping[int, frozenset[Role]] = field(default_factory=dict)

    def roles_in(self, team_id: int | None) -> frozenset[Role]:
        """Return the roles in one team, or, for what belongs to no team, those held in any."""
        if team_id is None:
            return frozenset(role for roles in self.roles.values() for role in roles)
        return self.roles.get(team_id, frozenset())


def actor_for(person: Person, organisation: Organisation) -> Actor | None:
    """Return the Actor of a person in an organisation; None where they are no (active) member. Two queries."""
    membership = Membership.objects.filter(
        person=person, organisation=organisation, deactivated_at=None, person__is_active=True
    ).first()
    if membership is None:
        return None
    roles: dict[int, set[Role]] = {}
    for row in TeamRole.objects.filter(person=person, team__organisation=organisation):
        roles.setdefault(row.team_id, set()).add(Role(row.role))
    return Actor(
        organisation_id=organisation.pk,
        person_id=person.pk,
        is_administrator=membership.is_administrator,
        roles={team_id: frozenset(held) for team_id, held in roles.items()},
    )


def system_actor(of: Organisation | Team | None) -> Actor:
    """Return the Actor of the command line and of jobs in an organisation (a team's, or none yet)."""
    organisation_id = of.organisation_id if isinstance(of, Team) else of.pk if of else None
    return Actor(organisation_id=organisation_id, kind="system", is_administrator=True)
