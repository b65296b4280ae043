"""Load the demonstration organisation, and delete it again."""

import datetime as dt
import json
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from headway.lib import clock
from headway.live.history import record
from headway.live.models import Change
from headway.people.access import Forbidden
from headway.people.actor import Actor, system_actor
from headway.people.models import Membership, Organisation, Person
from headway.scrum.models import Item
from headway.sync import uploads
from headway.sync.models import Import

from . import queries
from .calendar import Calendar
from .forecasts import write_forecasts
from .okrs import write_okrs
from .past import write_past
from .people import gather
from .proposals import proposals_of
from .tracker import imports_of
from .work import TeamWork


@transaction.atomic
def load(*, by: Actor) -> Organisation:
    """Load the demonstration, its days around today; the one that is there already is returned as it is.

    For the command line, the first run and administrators. Touches no other organisation.
    """
    if by.kind != "system" and not by.is_administrator:
        raise Forbidden(_("Your roles do not allow this. It is for: %(who)s.") % {"who": _("administrators")})
    if there := queries.demonstration():
        return there
    with timezone.override(ZoneInfo(settings.TIME_ZONE)):
        return _load(story())


@transaction.atomic
def delete(organisation: Organisation, *, by: Actor) -> None:
    """Delete the demonstration with its history and the people who are nowhere else. There is no way back.

    For whoever is in it: it is made to be played with. Refuses any other organisation.
    """
    organisation = Organisation.objects.select_for_update().get(pk=organisation.pk)
    if not organisation.is_demonstration:
        raise Forbidden(_("Only the demonstration can be deleted like this."))
    if by.kind != "system" and by.organisation_id != organisation.pk:
        raise Forbidden(_("Sign in to the demonstration to delete it."))
    for run in Import.objects.filter(organisation=organisation).exclude(stored_as=""):
        uploads.forget(run)
    people = list(Membership.objects.filter(organisation=organisation).values_list("person_id", flat=True))
    Item.objects.filter(team__organisation=organisation).delete()  # columns are protected by their items
    Change.objects.filter(organisation_id=organisation.pk).delete()
    organisation.delete()
    Person.objects.filter(pk__in=people, memberships=None).delete()


def _load(data: dict[str, Any]) -> Organisation:
    calendar = Calendar(written=dt.date.fromisoformat(data["today"]), today=clock.today())
    cast = gather(data)
    key_results = write_okrs(data, cast, calendar)
    for team in data["teams"]:
        TeamWork(team, cast, calendar, key_results).write()
    write_forecasts(cast.organisation, today=calendar.today)
    write_past(
        cast.organisation,
        [
            act
            for team in data["teams"]
            for source in (imports_of, proposals_of)
            for act in source(team, cast, calendar)
        ],
    )
    record(queries.LOADED, by=system_actor(cast.organisation), subject=cast.organisation)
    return cast.organisation


@cache
def story() -> dict[str, Any]:
    """Return the data of the demonstration, as its file tells it."""
    data: dict[str, Any] = json.loads((Path(__file__).parent / "wrenfield.json").read_text(encoding="utf-8"))
    return data
