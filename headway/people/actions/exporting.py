"""Hand out what is held about a person: to the person, or to an administrator who was asked for it."""

from django.db import transaction

from headway.live.history import record

from ..access import require
from ..actor import Actor
from ..models import Membership, Organisation, Person
from ..person_data import as_zip, person_data


@transaction.atomic
def export_own_data(person: Person) -> bytes:
    """Return everything held about a person, of all organisations that they are in, as a ZIP."""
    rows = Membership.objects.filter(person=person).select_related("organisation").order_by("organisation")
    organisations = [row.organisation for row in rows]
    # Strangers share the people of the demonstration: none of them gets the others' addresses.
    is_shared = any(organisation.is_demonstration for organisation in organisations)
    document = person_data(person, organisations, with_account=not is_shared)
    for row in rows.filter(deactivated_at=None):
        record("person.exported", by=Actor(row.organisation_id, person.pk), subject=person)
    return as_zip(document)


@transaction.atomic
def export_member_data(membership: Membership, *, by: Actor) -> bytes:
    """Return what this organisation holds about a member, as a ZIP; of other organisations nothing."""
    organisation: Organisation = membership.organisation
    require(by, "manage_organisation", organisation)
    person = membership.person
    is_elsewhere = Membership.objects.filter(person=person).exclude(pk=membership.pk).exists()
    with_account = not (is_elsewhere or organisation.is_demonstration)
    document = person_data(person, [organisation], with_account=with_account)
    record("person.exported", by=by, subject=person)
    return as_zip(document)
