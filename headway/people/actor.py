"""Actor: whoever does something, and what they may do it as."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from headway.live.known import Aspect, remembered

from .models import ApiToken, Membership, Organisation, Person, Role, Team, TeamRole


@dataclass(frozen=True)
class Actor:
    """One viewer or doer in one organisation.

    `kind` is "member", "token" for a program that acts as a person or for a team, or "system" for the command line
    and jobs (may do everything in its organisation). `scopes` bound what a token may use of its rights (None: all of
    them); `team_id` is the only team in which a team's token has any.
    """

    organisation_id: int | None
    person_id: int | None = None
    kind: str = "member"
    is_administrator: bool = False
    roles: Mapping[int, frozenset[Role]] = field(default_factory=dict)
    scopes: frozenset[str] | None = None
    team_id: int | None = None
    token_name: str | None = None

    def roles_in(self, team_id: int | None) -> frozenset[Role]:
        """Return the roles in one team, or, for what belongs to no team, those held in any."""
        if team_id is None:
            if self.team_id is not None:
                return frozenset()
            return frozenset(role for roles in self.roles.values() for role in roles)
        return self.roles.get(team_id, frozenset())


def actor_for(person: Person, organisation: Organisation) -> Actor | None:
    """Return the Actor of a person in an organisation; None where they are no (active) member. Two queries."""
    membership = Membership.objects.filter(
        person=person, organisation=organisation, deactivated_at=None, person__is_active=True
    ).first()
    if membership is None:
        return None
    return actor_of(membership)


def actor_of(membership: Membership) -> Actor:
    """Return the Actor of an active member. One query, where the roles are not remembered."""
    roles = remembered(
        ("roles", membership.person_id),
        lambda: _roles_of(membership),
        organisation_id=membership.organisation_id,
        rests_on=Aspect.FRAME,
    )
    return Actor(
        organisation_id=membership.organisation_id,
        person_id=membership.person_id,
        is_administrator=membership.is_administrator,
        roles=roles,
    )


def _roles_of(membership: Membership) -> dict[int, frozenset[Role]]:
    roles: dict[int, set[Role]] = {}
    held = TeamRole.objects.filter(person=membership.person_id, team__organisation=membership.organisation_id)
    for team_id, role in held.values_list("team_id", "role"):
        roles.setdefault(team_id, set()).add(Role(role))
    return {team_id: frozenset(of_team) for team_id, of_team in roles.items()}


def actor_for_token(token: ApiToken) -> Actor | None:
    """Return the Actor of a token; None where its person is no (active) member, or its team was put away.

    One query for a person's token, none for a team's (read it with `select_related("person", "team")`).
    """
    scopes = frozenset(token.scopes)
    if token.team is not None:
        if token.team.archived_at is not None:
            return None
        return Actor(
            organisation_id=token.organisation_id,
            kind="token",
            roles={token.team.pk: frozenset(Role(role) for role in token.roles)},
            scopes=scopes,
            team_id=token.team.pk,
            token_name=token.name,
        )
    assert token.person is not None
    actor = actor_for(token.person, token.organisation)
    return actor and replace(actor, kind="token", scopes=scopes, token_name=token.name)


def system_actor(of: Organisation | Team | None) -> Actor:
    """Return the Actor of the command line and of jobs in an organisation (a team's, or none yet)."""
    organisation_id = of.organisation_id if isinstance(of, Team) else of.pk if of else None
    return Actor(organisation_id=organisation_id, kind="system", is_administrator=True)
