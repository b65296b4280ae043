"""Teams: made, changed, put away."""

from typing import Any

from django.db import transaction

from headway.lib import clock
from headway.live.history import inverse, record
from headway.live.models import Change

from ..access import require
from ..actor import Actor
from ..models import Organisation, Role, Team, TeamRole
from .rows import edit_row, undo_edit


@transaction.atomic
def create_team(organisation: Organisation, *, by: Actor, key: str, name: str, **fields: Any) -> Team:
    """Create a team; a person who creates it becomes its Scrum Master, so that somebody can go on."""
    require(by, "manage_organisation", organisation)
    team = Team(organisation=organisation, key=key.strip().upper(), name=name.strip(), **fields)
    team.full_clean()
    team.save()
    if by.person_id is not None:
        TeamRole.objects.create(team=team, person_id=by.person_id, role=Role.SCRUM_MASTER)
    record("team.created", by=by, subject=team, team_id=team.pk)
    return team


@transaction.atomic
def edit_team(team: Team, *, by: Actor, **fields: Any) -> Team:
    require(by, "manage_team", team)
    if "key" in fields:
        fields["key"] = fields["key"].strip().upper()
    return edit_row(team, "team.edited", fields, by=by, team_id=team.pk)


@transaction.atomic
def archive_team(team: Team, *, by: Actor) -> Change:
    """Put a team away: it keeps its history and leaves every list."""
    require(by, "manage_organisation", team)
    team.archived_at = clock.now()
    team.save(update_fields=["archived_at"])
    return record("team.archived", by=by, subject=team, team_id=team.pk)


@inverse("team.archived")
def _restore_team(change: Change, by: Actor) -> Change:
    team = Team.objects.get(pk=change.subject_id)
    require(by, "manage_organisation", team)
    team.archived_at = None
    team.save(update_fields=["archived_at"])
    return record("team.restored", by=by, subject=team, team_id=team.pk, undoes=change)


inverse("team.edited")(undo_edit(Team, "manage_team"))
