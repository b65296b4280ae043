"""Ask for an organisation's export, delete it, switch the daily backup."""

import datetime as dt

from django.core.files.storage import default_storage
from django.db import transaction
from django.utils.translation import gettext as _

from headway.lib import clock
from headway.live.history import CannotUndo, inverse, record
from headway.live.models import Change
from headway.people.access import Forbidden, require
from headway.people.actor import Actor
from headway.people.models import Membership, Organisation

from .models import Daily, Export

KEPT_FOR = dt.timedelta(days=1)
FOLDER = "exports"  # below the stored files; no part of a backup


@transaction.atomic
def ask_for_export(organisation: Organisation, *, by: Actor) -> Export:
    """Let the worker write the organisation's export; earlier ones of the same person go."""
    require(by, "export_organisation", organisation)
    if by.person_id is None:
        raise Forbidden(_("An export made here is for one person. On the command line: headway export FILE"))
    for earlier in Export.objects.visible_to(by):
        _delete(earlier)
    made = Export.objects.create(organisation=organisation, by_id=by.person_id, created_at=clock.now())
    record("export.asked", by=by, subject=made, label=organisation.name)
    transaction.on_commit(lambda: _hand_over(made.pk))
    return made


@transaction.atomic
def delete_export(export: Export, *, by: Actor) -> Change:
    """Delete the file before its day is over. Another one can be made."""
    require(by, "export_organisation", export.organisation)
    change = record("export.deleted", by=by, subject=export, label=export.organisation.name)
    _delete(export)
    return change


@transaction.atomic
def set_daily(is_on: bool, *, by: Actor, organisation: Organisation) -> Change | None:
    """Switch the daily backup of the whole installation; for who administers every organisation of it."""
    if not is_host(by):
        raise Forbidden(_("This is for those who administer every organisation of this installation."))
    daily, _made = Daily.objects.select_for_update().get_or_create(pk=1)
    if daily.is_on == is_on:
        return None
    daily.is_on = is_on
    daily.save(update_fields=["is_on"])
    return record(
        "daily_backup.switched", by=by, subject=organisation, before={"is_on": not is_on}, after={"is_on": is_on}
    )


def is_host(actor: Actor) -> bool:
    """Say whether somebody administers every organisation of the installation. Two queries."""
    mine = Membership.objects.filter(person=actor.person_id or 0, is_administrator=True, deactivated_at=None)
    return actor.is_administrator and not Organisation.objects.exclude(pk__in=mine.values("organisation")).exists()


def forget_old() -> int:
    """Delete exports whose day is over; return how many."""
    old = list(Export.objects.filter(created_at__lt=clock.now() - KEPT_FOR))
    for export in old:
        _delete(export)
    return len(old)


def _delete(export: Export) -> None:
    if export.stored_as:
        default_storage.delete(export.stored_as)
    export.delete()


def _hand_over(export_id: int) -> None:
    from .tasks import write_export

    write_export.enqueue(export_id)


@inverse("daily_backup.switched")
def _switch_back(change: Change, by: Actor) -> Change:
    organisation = Organisation.objects.get(pk=change.subject_id)
    done = set_daily(bool(change.before["is_on"]), by=by, organisation=organisation)
    if done is None:
        raise CannotUndo(_("It was switched since."))
    return done
