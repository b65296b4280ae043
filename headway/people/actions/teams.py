"""Teams: made, changed, put away."""

from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from headway.lib import clock
from headway.live.history import inverse, record
from headway.live.models import Change

from ..access import require
from ..actor import Actor
from ..models import Organisation, Role, Team, TeamRole, Unit
from ..queries import days_off_of
from .rows import edit_row, undo_edit


@transaction.atomic
def create_team(organisation: Organisation, *, by: Actor, key: str, name: str, **fields: Any) -> Team:
    """Create a team; a person who creates it becomes its Scrum Master, so that somebody can go on."""
    require(by, "manage_organisation", organisation)
    _check_unit(organisation.pk, fields.get("unit"))
    team = Team(organisation=organisation, key=key.strip().upper(), name=name.strip(), **fields)
    team.days_off = days_off_of(organisation.pk, None)
    team.full_clean()
    team.save()
    if by.person_id is not None:
        TeamRole.objects.create(team=team, person_id=by.person_id, role=Role.SCRUM_MASTER)
    record("team.created", by=by, subject=team, team_id=team.pk)
    return team


@transaction.atomic
def edit_team(team: Team, *, by: Actor, **fields: Any) -> Team:
    require(by, "manage_team", team)
    _check_unit(team.organisation_id, fields.get("unit"))
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


def _check_unit(organisation_id: int, unit: Unit | None) -> None:
    if unit is not None and unit.organisation_id != organisation_id:
        raise ValidationError({"unit": _("Choose a unit of this organisation.")})


@inverse("team.created")
@inverse("team.restored")
def _put_away(change: Change, by: Actor) -> Change:
    return archive_team(Team.objects.get(pk=change.subject_id), by=by)


@inverse("team.archived")
def _restore_team(change: Change, by: Actor) -> Change:
    team = Team.objects.get(pk=change.subject_id)
    require(by, "manage_organisation", team)
    team.archived_at = None
    team.save(update_fields=["archived_at"])
    return record("team.restored", by=by, subject=team, team_id=team.pk, undoes=change)


inverse("team.edited")(undo_edit(Team, "manage_team"))
